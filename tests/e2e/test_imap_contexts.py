# SPDX-License-Identifier: Apache-2.0
"""Searches that go on: CONTEXT=SEARCH and CONTEXT=SORT (RFC 5267); searches elsewhere: MULTISEARCH (RFC 7377);
and the comparator and language they are done in (RFC 5255)."""

import pytest

from rawimap import RawImap, numbers


def mail(subject, date=1, body="Hello."):
    return (f"Subject: {subject}\r\nFrom: a@example.com\r\nDate: {date} Jan 2024 12:00:00 +0000\r\n\r\n"
            f"{body}\r\n").encode()


@pytest.fixture
def client(server):
    with RawImap(server, "carol") as session:
        session.ok("CREATE Ctx")
        for number in range(1, 6):
            session.append("Ctx", mail(f"mail {number}", 10 - number))
        session.ok("SELECT Ctx")
        yield session
        session.command("UNSELECT")
        session.ok("DELETE Ctx")


def updates(answer, tag):
    """[(item, list)] of the ESEARCH responses of that context, in order."""
    found = []
    for row in answer.untagged:
        if row[0] == "ESEARCH" and row[1] == ["TAG", tag.encode()]:
            rest = [value for value in row[2:] if value != "UID"]
            found += [(item, value) for item, value in zip(rest[::2], rest[1::2])
                      if item in ("ADDTO", "REMOVEFROM")]
    return found


def start(client, text):
    answer = client.ok(text)
    return f"t{client.counter}", answer


def test_a_search_goes_on(server, client):
    tag, answer = start(client, "UID SEARCH RETURN (UPDATE COUNT) UNFLAGGED")
    assert ["ESEARCH", ["TAG", tag.encode()], "UID", "COUNT", "5"] in answer.untagged
    # the session's own change
    assert updates(client.ok("STORE 2:3 +FLAGS (\\Flagged)"), tag) == [("REMOVEFROM", ["0", "2:3"])]
    assert updates(client.ok("STORE 3 -FLAGS (\\Flagged)"), tag) == [("ADDTO", ["0", "3"])]
    assert updates(client.ok("STORE 3 +FLAGS (\\Seen)"), tag) == []
    with RawImap(server, "carol") as other:
        uid = other.append("Ctx", mail("new"))
        other.append("Ctx", mail("flagged"), "(\\Flagged)")
        other.ok("SELECT Ctx")
        other.ok("STORE 1 +FLAGS (\\Deleted)")
        other.ok("EXPUNGE")
    answer = client.ok("NOOP")
    assert updates(answer, tag) == [("REMOVEFROM", ["0", "1"]), ("ADDTO", ["0", str(uid)])]
    words = [row[1] if row[0] != "ESEARCH" else row[3] for row in answer.untagged]
    assert words.index("REMOVEFROM") < words.index("EXPUNGE") < words.index("EXISTS") < words.index("ADDTO")
    client.ok(f'CANCELUPDATE "{tag}"')
    assert updates(client.ok("STORE 2 +FLAGS (\\Flagged)"), tag) == []
    assert client.command(f'CANCELUPDATE "{tag}"').status == "BAD"


def test_results_may_be_sequence_numbers(client):
    tag, _ = start(client, "SEARCH RETURN (UPDATE) NOT DELETED")
    client.ok("UID STORE 1 +FLAGS (\\Deleted)")
    answer = client.ok("UID STORE 4 +FLAGS (\\Deleted)")
    assert updates(answer, tag) == [("REMOVEFROM", ["0", "4"])]
    client.ok("EXPUNGE")
    assert updates(client.ok("UID STORE 5 +FLAGS (\\Deleted)"), tag) == [("REMOVEFROM", ["0", "3"])]


def test_numbers_in_the_program_are_those_of_the_moment(client):
    tag, _ = start(client, "UID SEARCH RETURN (UPDATE ALL) 3:5 UNFLAGGED")
    client.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    client.ok("EXPUNGE")
    assert updates(client.ok("STORE 2 +FLAGS (\\Flagged)"), tag) == [("REMOVEFROM", ["0", "3"])]
    assert updates(client.ok("STORE 1 +FLAGS (\\Flagged)"), tag) == []


def test_what_is_read_is_matched_too(server, client):
    tag, _ = start(client, 'UID SEARCH RETURN (UPDATE COUNT) BODY "needle" SUBJECT "new"')
    with RawImap(server, "carol") as other:
        other.append("Ctx", mail("new hay", body="hay"))
        uid = other.append("Ctx", mail("new one", body="a needle"))
    assert updates(client.ok("NOOP"), tag) == [("ADDTO", ["0", str(uid)])]
    assert client.esearch('UID SEARCH RETURN (ALL) BODY "needle"')["ALL"] == str(uid)


def replay(result, changes):
    for item, value in changes:
        for position, uids in zip(value[::2], value[1::2]):
            at = int(position) - 1
            if item == "ADDTO":
                result[at:at] = numbers(uids)
            else:
                assert result[at:at + len(numbers(uids))] == numbers(uids)
                del result[at:at + len(numbers(uids))]
    return result


def test_a_sorted_result_goes_on(server, client):
    tag, answer = start(client, "UID SORT RETURN (UPDATE ALL) (DATE) UTF-8 UNFLAGGED")
    result = numbers([row for row in answer.untagged if row[0] == "ESEARCH"][0][-1])
    assert result == [5, 4, 3, 2, 1]

    def step(text):
        nonlocal result
        result = replay(result, updates(client.ok(text), tag))
        assert result == numbers(client.esearch("UID SORT RETURN () (DATE) UTF-8 UNFLAGGED")["ALL"])

    step("STORE 2,4 +FLAGS (\\Flagged)")
    step("STORE 2:4 -FLAGS (\\Flagged)")
    with RawImap(server, "carol") as other:
        for date in (1, 7, 28):
            other.append("Ctx", mail("new", date))
    step("NOOP")
    step("STORE 1:2,7 +FLAGS (\\Deleted)")
    step("EXPUNGE")


def test_limits_and_tags(client):
    tags = [start(client, "SEARCH RETURN (UPDATE COUNT) SEEN")[0] for _ in range(10)]
    tag, answer = start(client, "SEARCH RETURN (UPDATE COUNT) SEEN")
    assert ["NO", f'NOUPDATE "{tag}"', "Too many contexts"] in answer.untagged
    assert any(row[0] == "ESEARCH" for row in answer.untagged)
    client.ok("CANCELUPDATE " + " ".join(f'"{tag}"' for tag in tags[:2]))
    client.counter = int(tags[5][1:]) - 1
    assert client.command("SEARCH RETURN (UPDATE) SEEN").status == "BAD"
    client.counter = 1000
    assert client.command("CANCELUPDATE").status == "BAD"
    client.ok("SELECT Ctx")
    assert client.command(f'CANCELUPDATE "{tags[5]}"').status == "BAD"


def test_updates_while_idling(server, client):
    tag, _ = start(client, "UID SEARCH RETURN (UPDATE) UNSEEN")
    idle = client.idle()
    with RawImap(server, "carol") as other:
        other.ok("SELECT Ctx")
        other.ok("STORE 3 +FLAGS (\\Seen)")
    while True:
        values = client.read_untagged()
        if values[0] == "ESEARCH":
            break
    assert values[1:] == [["TAG", tag.encode()], "UID", "REMOVEFROM", ["0", "3"]]
    client.done(idle)


def test_a_restart_of_the_core_ends_updates_and_says_so(server, client):
    tag, _ = start(client, "UID SEARCH RETURN (UPDATE) UNSEEN")
    client.ok("COMPARATOR i;octet")
    server.wait_roles(gone=server.kill_role("core"))
    answer = client.ok("NOOP")
    assert [row[1] for row in answer.untagged if row[0] == "NO"] == [f'NOUPDATE "{tag}"']
    assert not [row for row in client.ok("NOOP").untagged if row[0] == "NO"]
    assert ["COMPARATOR", "i;octet"] in client.ok("COMPARATOR").untagged


# ---- RFC 7377

def found_in(answer, tag):
    """{mailbox: (UIDVALIDITY, {item: value})}"""
    found = {}
    for row in answer.untagged:
        if row[0] == "ESEARCH":
            correlators = dict(zip(row[1][::2], row[1][1::2]))
            assert correlators["TAG"] == tag.encode() and row[2] == "UID"
            name = correlators["MAILBOX"]
            name = name.decode() if isinstance(name, bytes) else name
            assert name not in found
            found[name] = int(correlators["UIDVALIDITY"]), dict(zip(row[3::2], row[4::2]))
    return found


def esearch(client, text):
    answer = client.ok(text)
    return found_in(answer, f"t{client.counter}")


@pytest.fixture
def tree(server):
    with RawImap(server, "alice") as session:
        for name in ("Top", "Top/A", "Top/A/Deep", "Top/B", "Else"):
            session.ok(f"CREATE {name}")
            session.append(name, mail(f"needle {name}"))
            session.append(name, mail("hay"))
        yield session
        session.command("UNSELECT")
        for name in ("Top/A/Deep", "Top/A", "Top/B", "Top", "Else"):
            session.ok(f"DELETE {name}")


def test_several_mailboxes(tree):
    everywhere = {"Top", "Top/A", "Top/A/Deep", "Top/B", "Else"}
    assert set(esearch(tree, "ESEARCH IN (personal) SUBJECT needle")) == everywhere
    assert set(esearch(tree, "ESEARCH IN (subtree Top) SUBJECT needle")) == everywhere - {"Else"}
    assert set(esearch(tree, "ESEARCH IN (subtree-one Top) SUBJECT needle")) == {"Top", "Top/A", "Top/B"}
    found = esearch(tree, "ESEARCH IN (mailboxes (Else Top/B Nowhere Else)) RETURN (COUNT MIN) ALL")
    assert {name: items for name, (_, items) in found.items()} == {
        name: {"COUNT": "2", "MIN": "1"} for name in ("Else", "Top/B")}
    validity = [row[2][1] for row in tree.ok("STATUS Else (UIDVALIDITY)").untagged][0]
    assert found["Else"][0] == int(validity)
    tree.ok("SUBSCRIBE Top/A")
    assert set(esearch(tree, "ESEARCH IN (subscribed) SUBJECT needle")) == {"Top/A"}
    tree.ok("UNSUBSCRIBE Top/A")
    assert esearch(tree, "ESEARCH IN (inboxes personal) RETURN (COUNT) SUBJECT nothing") == {}


def test_the_selected_mailbox(tree):
    assert tree.command("ESEARCH ALL").status == "BAD"
    assert tree.command("ESEARCH IN (selected) ALL").status == "BAD"
    tree.ok("SELECT Else")
    assert esearch(tree, "ESEARCH SUBJECT needle")["Else"][1] == {"ALL": "1"}
    assert set(esearch(tree, "ESEARCH IN (selected subtree Top) RETURN (ALL) 1")) == {
        "Else", "Top", "Top/A", "Top/A/Deep", "Top/B"}
    tree.ok("ESEARCH IN (selected) RETURN (SAVE) 2")
    assert list(tree.fetch("FETCH $ UID")) == [2]
    for text in ("IN (personal) RETURN (SAVE) ALL", "IN (personal) RETURN (UPDATE) ALL", "IN () ALL",
                 "IN (selected-delayed) ALL", "IN (nonsense) ALL", "IN (mailboxes) ALL"):
        assert tree.command(f"ESEARCH {text}").status == "BAD", text
    # nothing of this has changed what is selected
    assert list(tree.fetch("FETCH 1:* UID")) == [1, 2]
    answer = tree.ok("ESEARCH RETURN (UPDATE COUNT) UNSEEN")
    tag = f"t{tree.counter}"
    assert found_in(answer, tag)["Else"][1] == {"COUNT": "2"}
    assert updates(tree.ok("STORE 1 +FLAGS (\\Seen)"), tag) == [("REMOVEFROM", ["0", "1"])]


# ---- RFC 5255

def test_comparators(server):
    with RawImap(server, "alice") as client:
        client.ok("CREATE Words")
        for subject in ("b", "A", "=?utf-8?q?=C3=A4?=", "a", "B"):
            client.append("Words", mail(subject))
        client.ok("SELECT Words")

        def order():
            return [row[1:] for row in client.ok("SORT (SUBJECT) UTF-8 ALL").untagged if row[0] == "SORT"][0]

        assert ["COMPARATOR", "i;unicode-casemap"] in client.ok("COMPARATOR").untagged
        assert order() == ["2", "4", "3", "1", "5"]
        assert client.search("SEARCH SUBJECT A") == [2, 3, 4]
        assert ["COMPARATOR", "i;octet"] in client.ok('COMPARATOR "cz;*" i;octet').untagged
        assert order() == ["2", "5", "4", "1", "3"]
        assert client.search("SEARCH SUBJECT A") == [2]
        assert client.search("SEARCH SUBJECT a") == [4]
        client.ok("COMPARATOR i;ascii-casemap")
        assert order() == ["2", "4", "1", "5", "3"]
        assert client.search("SEARCH SUBJECT a") == [2, 4]
        answer = client.command("COMPARATOR i;none")
        assert (answer.status, answer.code) == ("NO", "BADCOMPARATOR")
        several = client.ok("COMPARATOR \"i;*\"").untagged[0]
        assert several == ["COMPARATOR", "i;unicode-casemap",
                           ["i;unicode-casemap", "i;ascii-casemap", "i;octet"]]
        client.ok("COMPARATOR i;octet")
        assert ["COMPARATOR", "i;unicode-casemap"] in client.ok("COMPARATOR default").untagged
        client.ok("UNSELECT")
        client.ok("DELETE Words")


def test_languages(server):
    with RawImap(server, "alice") as client:
        capabilities = client.ok("CAPABILITY").untagged[0]
        assert {"LANGUAGE", "I18NLEVEL=1", "I18NLEVEL=2"} <= set(capabilities)
        assert client.ok("LANGUAGE").untagged[0] == ["LANGUAGE", ["en", "i-default"]]
        assert client.ok("LANGUAGE fr en-GB").untagged[0] == ["LANGUAGE", ["en"]]
        assert client.ok("LANGUAGE default").untagged[0] == ["LANGUAGE", ["i-default"]]
        assert client.command("LANGUAGE fr de").status == "NO"
        assert client.command("LANGUAGE ()").status == "BAD"
