# SPDX-License-Identifier: Apache-2.0
"""Namespaces (RFC 2342): folders of other users, public folders, and the archive."""

import pytest

import kx
from rawimap import RawImap

MESSAGE = b"From: a@example.com\r\nSubject: shared\r\n\r\nBody.\r\n"
ALICE, BOB = "alice@example.test", "bob@example.test"


def text_of(value):
    return value.decode() if isinstance(value, bytes) else value


def listed(client, command):
    return {text_of(values[3]): set(values[1]) for values in client.ok(command).untagged
            if values[0] in ("LIST", "LSUB")}


def refused(client, *parts):
    answer = client.command(*parts)
    assert answer.status == "NO", answer
    return answer.code


def spaces(client):
    return [values[1:] for values in client.ok("NAMESPACE").untagged if values[0] == "NAMESPACE"][0]


def admin_of(server):
    return RawImap(server, "admin", kx.ADMIN_PASSWORD)


@pytest.fixture
def place(fresh_server):
    """A server with a public folder that the administrator has made and a folder that alice shares with bob."""
    server = fresh_server(users=("alice", "bob"))
    with admin_of(server) as admin:
        admin.ok("CREATE #public/News")
        admin.append("#public/News", MESSAGE)
    with RawImap(server, "alice") as alice:
        alice.ok("CREATE Team")
        alice.append("Team", MESSAGE)
        alice.ok(f"SETACL Team {BOB} lrswite")
    return server


@pytest.mark.covers("PUB-04", "PUB-06", "PUB-09", "PUB-13", "ARC-20")
def test_namespaces_and_what_is_in_them(place):
    with RawImap(place, "bob") as bob, admin_of(place) as admin:
        assert spaces(bob) == [[[b"", b"/"]], [[b"~", b"/"]], [[b"#public/", b"/"]]]
        assert spaces(admin)[2] == [[b"#public/", b"/"], [b"#archive/", b"/"]]
        assert listed(bob, 'LIST "" "#public/*"') == {"#public/News": {"\\HasNoChildren"}}
        assert refused(bob, "CREATE #public/Mine") == "NOPERM"
        assert bob.ok("SELECT #public/News").code == "READ-ONLY"
        assert refused(bob, "APPEND #public/News ", MESSAGE) == "NOPERM"


def test_wildcards_stay_in_the_users_own_tree(place):
    with RawImap(place, "bob") as bob:
        for pattern in ("*", "%", "%/%"):
            assert not any(name[0] in "~#" for name in listed(bob, f'LIST "" "{pattern}"'))
        assert listed(bob, 'LIST "" "~%"') == {f"~{ALICE}": {"\\Noselect", "\\HasChildren"}}
        assert listed(bob, 'LIST "" "~*"').keys() == {f"~{ALICE}", f"~{ALICE}/Team"}
        assert listed(bob, f'LIST "~{ALICE}/" "%"').keys() == {f"~{ALICE}/Team"}
        assert listed(bob, 'LIST "" "#%"') == {"#public": {"\\Noselect", "\\HasChildren"}}
        assert listed(bob, 'LIST "#public/" "%"').keys() == {"#public/News"}
        assert listed(bob, 'LIST "#public/" ""') == {"#public/": {"\\Noselect"}}


def test_subscriptions_reach_other_namespaces(place):
    with RawImap(place, "bob") as bob:
        bob.ok(f"SUBSCRIBE ~{ALICE}/Team")
        bob.ok("SUBSCRIBE #public/News")
        names = listed(bob, 'LSUB "" "*"').keys()
        assert {f"~{ALICE}/Team", "#public/News"} <= names
        assert "\\Subscribed" in listed(bob, 'LIST (SUBSCRIBED) "" "*"')["#public/News"]
        bob.ok("UNSUBSCRIBE #public/News")
        assert "#public/News" not in listed(bob, 'LSUB "" "*"')


def test_messages_go_between_accounts(place):
    with RawImap(place, "bob") as bob, RawImap(place, "alice") as alice:
        bob.ok(f"SELECT ~{ALICE}/Team")
        assert bob.ok("COPY 1 INBOX").code.startswith("COPYUID")
        bob.ok("MOVE 1 INBOX")
        bob.ok("SELECT INBOX")
        assert len(bob.search("SEARCH ALL")) == 2
        bob.ok(f"COPY 1 ~{ALICE}/Team")
        alice.ok("SELECT Team")
        assert len(alice.search("SEARCH ALL")) == 1
        assert refused(bob, f"RENAME Drafts ~{ALICE}/Team/Drafts") == "CANNOT"
    assert f"{{MOVE}} Protocol: IMAP, User: {BOB}" in place.log("operations")


def test_names_of_namespaces_are_refused_elsewhere(place):
    with RawImap(place, "bob") as bob:
        for name in ("~x", "#x", "~nobody@example.test/x", "#public", "#archive/x/", "~alice@example.test"):
            assert refused(bob, f"CREATE {name}") in ("CANNOT", "NOPERM"), name
        assert refused(bob, "RENAME Drafts #Drafts") == "CANNOT"
        assert refused(bob, f"SELECT ~{ALICE}/INBOX") == "NONEXISTENT"
    with admin_of(place) as admin:
        assert refused(admin, "CREATE #public/INBOX") == "CANNOT"


def test_selected_public_folder_outlives_the_core(place):
    with RawImap(place, "bob") as bob, admin_of(place) as admin:
        bob.ok("SELECT #public/News")
        gone = place.kill_role("core")
        place.wait_roles(gone)
        with admin_of(place) as again:
            again.append("#public/News", MESSAGE)
        kx.wait_until(lambda: ["2", "EXISTS"] in [values[:2] for values in bob.command("NOOP").untagged],
                      what="the new message")
        assert list(bob.fetch("FETCH 1:2 UID")) == [1, 2]
        assert refused(bob, "STORE 1 +FLAGS (\\Seen)") == "NOPERM"
        admin.leaving = True


@pytest.mark.covers("PUB-14")
def test_the_right_to_public_folders_is_given_and_taken(place):
    with RawImap(place, "bob") as bob:
        place.cli("user", "set", BOB, "--public-folders", "yes")
        bob.ok("CREATE #public/Bobs")
        bob.ok(f"SETACL #public/Bobs {ALICE} lrswi")
        place.cli("user", "set", BOB, "--public-folders", "no")
        assert refused(bob, "DELETE #public/Bobs") == "NOPERM"
    with RawImap(place, "alice") as alice:
        alice.append("#public/Bobs", MESSAGE)


@pytest.mark.covers("PUB-05", "PUB-10", "PUB-11")
def test_scope_hides_and_brings_back(place):
    place.cli("domain", "add", "other.test")
    place.add_user("dora@other.test")
    with RawImap(place, "dora@other.test") as dora, admin_of(place) as admin:
        assert not listed(dora, 'LIST "" "#public/*"')
        place.cli("config", "set", "public-folders.scope", "server")
        assert not listed(admin, 'LIST "" "#public/*"')
        admin.ok("CREATE #public/Everybody")
        assert listed(dora, 'LIST "" "#public/*"').keys() == {"#public/Everybody"}
        place.cli("config", "set", "public-folders.scope", "domain")
        assert listed(admin, 'LIST "" "#public/*"').keys() == {"#public/News"}
        assert not listed(dora, 'LIST "" "#public/*"')


@pytest.mark.covers("ARC-04", "ARC-20", "ARC-21", "ARC-22")
def test_archive_is_for_whom_it_is_given_to(place):
    with admin_of(place) as admin, RawImap(place, "bob") as bob:
        admin.ok("CREATE #archive/2005-Jan")
        admin.append("#archive/2005-Jan", MESSAGE)
        assert (place.data / "store" / "archive" / "2005-Jan" / "#msgs").is_dir()
        assert not listed(bob, 'LIST "" "#archive/*"')
        assert refused(bob, "SELECT #archive/2005-Jan") == "NONEXISTENT"
        admin.ok(f"SETACL #archive/2005-Jan {BOB} lr")
        assert listed(bob, 'LIST "" "#archive/*"').keys() == {"#archive/2005-Jan"}
        assert len(bob.fetch("FETCH 1 BODY.PEEK[]") if bob.ok("SELECT #archive/2005-Jan") else {}) == 1
        assert spaces(bob)[2] == [[b"#public/", b"/"], [b"#archive/", b"/"]]
