# SPDX-License-Identifier: Apache-2.0
"""URLAUTH (RFC 4467), URLAUTH=BINARY (RFC 5524), URL-PARTIAL (RFC 5550): signed URLs, and who may read them."""

import itertools

import pytest

from rawimap import RawImap

numbers = itertools.count(1)
MESSAGE = (b"From: a@example.com\r\nSubject: signed\r\nMIME-Version: 1.0\r\n"
           b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
           b"--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
           b"Gr=C3=BC=C3=9Fe\r\n"
           b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n"
           b"--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: x-strange\r\n\r\n????\r\n--b--\r\n")
PART_1 = b"Gr=C3=BC=C3=9Fe"


class Owner:
    """alice with a folder that holds MESSAGE as UID 1."""

    def __init__(self, server):
        self.server = server
        self.client = RawImap(server, "alice")
        self.box = f"Url{next(numbers)}"
        self.client.ok(f"CREATE {self.box}")
        self.client.append(self.box, MESSAGE)

    def rump(self, rest="", access="anonymous", uid=1):
        user = self.server.address("alice").replace("@", "%40")
        return f"imap://{user}@{self.server.hostname}/{self.box}/;uid={uid}{rest};urlauth={access}"

    def sign(self, *args, **options):
        rump = self.rump(*args, **options)
        (row,) = self.client.ok(f'GENURLAUTH "{rump}" INTERNAL').untagged
        assert row[0] == "GENURLAUTH" and len(row) == 2
        url = row[1].decode()
        assert url.startswith(rump + ":internal:")
        return url


@pytest.fixture
def owner(server):
    instance = Owner(server)
    yield instance
    instance.client.close()


def fetch(client, url):
    (row,) = client.ok(f'URLFETCH "{url}"').untagged
    assert row[:2] == ["URLFETCH", url.encode()] and len(row) == 3
    return row[2]


def test_urlauth_is_announced(owner):
    assert {"URLAUTH", "URLAUTH=BINARY", "URL-PARTIAL"} <= set(owner.client.ok("CAPABILITY").untagged[0])


def test_signed_urls_give_what_they_name(server, owner):
    with RawImap(server, "bob") as bob:
        assert fetch(bob, owner.sign()) == MESSAGE
        assert fetch(bob, owner.sign("/;section=1")) == PART_1
        assert fetch(bob, owner.sign("/;section=HEADER.FIELDS%20(Subject)")) == b"Subject: signed\r\n\r\n"
        assert fetch(bob, owner.sign("/;section=1/;partial=0.2")) == b"Gr"
        assert fetch(bob, owner.sign("/;partial=5")) == MESSAGE[5:]
    owner.client.ok(f"SELECT {owner.box}")
    assert "\\Seen" not in owner.client.fetch("FETCH 1 FLAGS")[1]["FLAGS"]


def test_several_urls_at_once_in_their_order(owner):
    first, second = owner.rump("/;section=1"), owner.rump("/;section=2", "authuser")
    (row,) = owner.client.ok(f'GENURLAUTH "{first}" INTERNAL "{second}" internal').untagged
    urls = [url.decode() for url in row[1:]]
    assert urls[0].startswith(first) and urls[1].startswith(second)
    (row,) = owner.client.ok(f'URLFETCH "{urls[0]}" "imap://x/y" "{urls[1]}"').untagged
    assert row[1:] == [urls[0].encode(), PART_1, b"imap://x/y", None, urls[1].encode(), b"AAECAw=="]


def test_the_same_url_is_signed_the_same(owner):
    assert owner.sign() == owner.sign()


def test_who_may_read(server, owner):
    bob_name = server.address("bob").replace("@", "%40")
    with RawImap(server, "bob") as bob, RawImap(server, "carol") as carol:
        for access, readers in (("anonymous", (bob, carol)), ("authuser", (bob, carol)), (f"user+{bob_name}", (bob,)),
                                ("user+bob", (bob,)), (f"submit+{bob_name}", ()), ("user+nobody-here", ())):
            url = owner.sign(access=access)
            for reader in (bob, carol):
                assert fetch(reader, url) == (MESSAGE if reader in readers else None), access


@pytest.mark.parametrize("change", [
    lambda url: url.replace(";uid=1", ";uid=2"), lambda url: url.replace("anonymous", "authuser"),
    lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"), lambda url: url[:-2], lambda url: url + "00",
    lambda url: url.replace(":internal:", ":other:"), lambda url: url[:url.index(":internal")],
    lambda url: url.replace(";urlauth", "/;section=1;urlauth"), lambda url: url.replace("alice", "bob", 1)])
def test_changed_urls_are_worth_nothing(server, owner, change):
    url = owner.sign()
    with RawImap(server, "bob") as bob:
        assert fetch(bob, url) == MESSAGE
        assert fetch(bob, change(url)) is None


def test_expiry(owner):
    assert fetch(owner.client, owner.sign(";expire=2099-01-01T00:00:00Z")) == MESSAGE
    assert fetch(owner.client, owner.sign(";expire=2020-01-01T00:00:00Z")) is None


def test_what_cannot_be_signed(server, owner):
    client = owner.client
    bob = server.address("bob").replace("@", "%40")
    for url in (owner.rump(uid=99), owner.rump("/;section=9"), owner.rump().replace(owner.box, "Nowhere"),
                owner.rump().replace(";urlauth=anonymous", ""), owner.rump(access="whoever"),
                owner.rump().replace(server.hostname, "elsewhere.example"),
                f"imap://{bob}@{server.hostname}/INBOX/;uid=1;urlauth=anonymous",
                f"/{owner.box}/;uid=1;urlauth=anonymous", "nonsense", owner.sign()):
        assert client.command(f'GENURLAUTH "{url}" INTERNAL').status == "BAD", url
    assert client.command(f'GENURLAUTH "{owner.rump()}" OTHER').status == "BAD"
    assert client.command(f'GENURLAUTH "{owner.rump()}"').status == "BAD"
    assert client.command("GENURLAUTH").status == "BAD"
    assert client.command("URLFETCH").status == "BAD"


def test_resetkey_takes_urls_back(owner):
    client = owner.client
    mine, other = owner.sign(), None
    client.append("INBOX", MESSAGE)
    (row,) = client.ok("STATUS INBOX (UIDNEXT)").untagged
    user = owner.server.address("alice").replace("@", "%40")
    rump = f"imap://{user}@{owner.server.hostname}/INBOX/;uid={int(row[2][1]) - 1};urlauth=anonymous"
    other = client.ok(f'GENURLAUTH "{rump}" INTERNAL').untagged[0][1].decode()
    assert client.ok(f"RESETKEY {owner.box}").code == "URLMECH INTERNAL"
    assert fetch(client, mine) is None and fetch(client, other) == MESSAGE
    mine = owner.sign()
    assert fetch(client, mine) == MESSAGE
    client.ok("RESETKEY")
    assert fetch(client, mine) is None and fetch(client, other) is None
    assert client.ok(f"RESETKEY {owner.box} INTERNAL").status == "OK"
    assert client.command(f"RESETKEY {owner.box} OTHER").status == "BAD"
    assert client.command("RESETKEY Nowhere").code == "NONEXISTENT"


def test_the_owner_leaves(server, owner):
    url = owner.sign()
    owner.client.ok(f"DELETE {owner.box}")
    assert fetch(owner.client, url) is None
    owner.client.ok(f"CREATE {owner.box}")
    owner.client.append(owner.box, MESSAGE)
    assert fetch(owner.client, url) is None, "the key went with the folder"


def test_keys_outlive_a_restart(fresh_server):
    server = fresh_server(users=("alice", "bob"))
    owner = Owner(server)
    url = owner.sign()
    owner.client.close()
    server.restart()
    with RawImap(server, "bob") as bob:
        assert fetch(bob, url) == MESSAGE


def test_large_messages_come_whole(server, owner):
    large = MESSAGE + b"z" * 78 + b"\r\n" * 500000
    uid = owner.client.append(owner.box, large)
    url = owner.sign(uid=uid)
    with RawImap(server, "bob") as bob:
        (row,) = bob.ok(f'URLFETCH "{url}" "{url}"').untagged
        assert row[2] == large and row[4] == large


# ---- URLAUTH=BINARY

def extended(client, url, wants):
    (row,) = client.ok(f'URLFETCH ("{url}" {wants})').untagged
    assert row[:2] == ["URLFETCH", url.encode()]
    return {item[0]: item[1] for item in row[2:]} if row[2] is not None else None


def test_extended_fetch(owner):
    url = owner.sign("/;section=1")
    found = extended(owner.client, url, "BODYPARTSTRUCTURE BINARY")
    assert found["BINARY"] == "Gr\u00fc\u00dfe".encode()
    assert found["BODYPARTSTRUCTURE"][:2] == [b"text", b"plain"]
    assert found["BODYPARTSTRUCTURE"][5] == b"quoted-printable"
    assert extended(owner.client, owner.sign("/;section=2"), "BINARY") == {"BINARY": b"\0\1\2\3"}
    assert extended(owner.client, owner.sign("/;section=3"), "BINARY") == {"BINARY": None}
    whole = extended(owner.client, owner.sign(), "BODYPARTSTRUCTURE BODY")
    assert whole["BODY"] == MESSAGE and len(whole["BODYPARTSTRUCTURE"]) > 4
    assert extended(owner.client, url[:-1], "BODY") is None
    for parameters in ("ENVELOPE", "BINARY BODY", "BODY BODY", "BODYPARTSTRUCTURE BODY BODYPARTSTRUCTURE"):
        assert owner.client.command(f'URLFETCH ("{url}" {parameters})').status == "BAD"


def test_parentheses_alone_are_not_the_extended_form(owner):
    """RFC 5524 section 3."""
    url = owner.sign("/;section=1")
    (row,) = owner.client.ok(f'URLFETCH ("{url}") "{url}" ("{url[:-1]}")').untagged
    assert row == ["URLFETCH", url.encode(), PART_1, url.encode(), PART_1, url[:-1].encode(), None]


def test_catenate_takes_signed_urls(server, owner):
    url = owner.sign("/;section=1")
    with RawImap(server, "bob") as bob:
        code = bob.ok("APPEND INBOX CATENATE (TEXT ", b"A: b\r\n\r\n", f' URL "{url}")').code
        bob.ok("EXAMINE INBOX")
        (found,) = bob.fetch(f"UID FETCH {code.split()[2]} BODY.PEEK[]").values()
        assert found["BODY[]"] == b"A: b\r\n\r\n" + PART_1
        assert bob.command(f'APPEND INBOX CATENATE (URL "{url[:-1]}")').code == f'BADURL "{url[:-1]}"'
