# SPDX-License-Identifier: Apache-2.0
"""NOTIFY (RFC 5465): which events are told of which mailboxes, when, and what they look like."""

import contextlib
import select

import pytest

from rawimap import RawImap, pairs

MESSAGE = b"From: a@example.com\r\nSubject: notify\r\n\r\nBody.\r\n"
ALL = "(MessageNew MessageExpunge FlagChange)"
EVENTS = {"MessageNew", "MessageExpunge", "FlagChange", "MailboxName", "SubscriptionChange", "MailboxMetadataChange",
          "ServerMetadataChange"}


@pytest.fixture
def two(server, user):
    with RawImap(server, user) as client, RawImap(server, user) as other:
        yield client, other


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def status(values):
    """(mailbox, {item: value}) of a STATUS response."""
    assert values[0] == "STATUS", values
    return text(values[1]), {name: int(number) for name, number in pairs(values[2]).items()}


def listed(values):
    """(mailbox, attributes, old name) of a LIST response."""
    assert values[0] == "LIST", values
    old = values[4] if len(values) > 4 else None
    if old:
        assert text(old[0]) == "OLDNAME"
    return text(values[3]), set(values[1]), text(old[1][0]) if old else None


def is_quiet(client, other):
    """Nothing was told to the client that a command of its own does not bring."""
    other.ok("NOOP")
    return client.ok("NOOP").untagged == []


# ---- the command

def test_it_is_offered(two):
    (answer,) = two[0].ok("CAPABILITY").untagged
    assert "NOTIFY" in answer


@pytest.mark.parametrize("command", [
    "NOTIFY", "NOTIFY NONE x", "NOTIFY SET", "NOTIFY SET STATUS", "NOTIFY SOME (personal NONE)",
    "NOTIFY SET (nowhere (MessageNew MessageExpunge))", "NOTIFY SET (personal)", "NOTIFY SET (personal ())",
    "NOTIFY SET (personal (MessageNew))", "NOTIFY SET (personal (MessageExpunge))",
    "NOTIFY SET (personal (FlagChange))", "NOTIFY SET (personal (FlagChange MessageNew))",
    "NOTIFY SET (personal (AnnotationChange))",
    "NOTIFY SET (selected (MailboxName))", "NOTIFY SET (selected-delayed (MessageNew MessageExpunge MailboxName))",
    "NOTIFY SET (selected (MessageNew MessageExpunge)) (selected-delayed (MessageNew MessageExpunge))",
    "NOTIFY SET (personal (MessageNew (UID) MessageExpunge))", "NOTIFY SET (selected (MessageNew () MessageExpunge))",
    "NOTIFY SET (selected (MessageNew (NONSENSE) MessageExpunge))", "NOTIFY SET (subtree (MessageNew MessageExpunge))",
    "NOTIFY SET (mailboxes () (MessageNew MessageExpunge))", "NOTIFY SET personal NONE",
])
def test_nonsense_is_refused(two, command):
    assert two[0].command(command).status == "BAD"


@pytest.mark.parametrize("events", [
    "(MessageNew MessageExpunge AnnotationChange)", "(MessageNew MessageExpunge FlagChange Unheard)", "(Unheard)"])
def test_unsupported_events_are_named(two, events):
    answer = two[0].command(f"NOTIFY SET (personal {events})")
    assert answer.status == "NO" and answer.code.startswith("BADEVENT (")
    assert set(answer.code.removeprefix("BADEVENT (").removesuffix(")").split()) == EVENTS


def test_case_does_not_matter(two):
    client, other = two
    client.ok("notify SET StAtUs (SELECTED (messagenew MESSAGEEXPUNGE)) (MailBoxes inbox (MailboxNAME))")
    client.ok("NOTIFY none")


def test_status_says_how_things_stand(two):
    client, other = two
    for name in ("A", "A/B", "C"):
        client.ok(f"CREATE {name}")
    client.append("A", MESSAGE)
    client.append("C", MESSAGE)
    client.ok("SELECT C")
    answer = client.ok(f"NOTIFY SET STATUS (selected {ALL}) (subtree A (MessageNew MessageExpunge)) (mailboxes (INBOX C"
                       f" Nowhere) {ALL}) (mailboxes Archive (MailboxName))")
    found = dict(status(values) for values in answer.untagged if values[0] == "STATUS")
    assert set(found) == {"A", "A/B", "INBOX"}
    assert found["A"]["MESSAGES"] == 1 and {"UIDNEXT", "UIDVALIDITY"} <= set(found["A"])
    assert {"UIDVALIDITY", "HIGHESTMODSEQ", "MESSAGES"} <= set(found["INBOX"])
    assert client.ok(f"NOTIFY SET (subtree A {ALL})").untagged == []


# ---- other mailboxes

def test_new_messages_elsewhere(two):
    client, other = two
    other.ok("CREATE Lists/One")
    client.ok("NOTIFY SET (subtree Lists (MessageNew MessageExpunge))")
    other.append("Lists/One", MESSAGE)
    name, items = status(client.read_untagged())
    assert name == "Lists/One" and items["MESSAGES"] == 1 and items["UIDNEXT"] == 2
    assert "HIGHESTMODSEQ" not in items
    other.append("INBOX", MESSAGE)
    assert is_quiet(client, other)
    other.ok("SELECT Lists/One")
    other.ok("STORE 1 +FLAGS (\\Deleted)")
    assert is_quiet(client, other)
    other.ok("EXPUNGE")
    name, items = status(client.read_untagged())
    assert name == "Lists/One" and items["MESSAGES"] == 0
    client.ok("ENABLE CONDSTORE")
    other.append("Lists/One", MESSAGE)
    assert "HIGHESTMODSEQ" in status(client.read_untagged())[1]


def test_deliveries_are_told(server, user, two):
    client, _ = two
    client.ok("NOTIFY SET (inboxes (MessageNew MessageExpunge))")
    server.deliver(user, MESSAGE)
    assert status(client.read_untagged())[0] == "INBOX"


def test_flags_elsewhere(two):
    client, other = two
    other.append("INBOX", MESSAGE)
    client.ok(f"NOTIFY SET (personal {ALL})")
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Seen)")
    name, items = status(client.read_untagged())
    assert name == "INBOX" and items["UNSEEN"] == 0 and "UIDVALIDITY" in items
    client.ok("ENABLE CONDSTORE")
    other.ok("STORE 1 -FLAGS (\\Seen)")
    assert {"HIGHESTMODSEQ", "UIDVALIDITY"} <= set(status(client.read_untagged())[1])


def test_what_the_client_does_itself_is_no_news(two):
    client, other = two
    client.ok(f"NOTIFY SET (personal (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange"
              f" MailboxMetadataChange ServerMetadataChange))")
    assert client.ok("CREATE Own").untagged == []
    assert client.ok("SUBSCRIBE Own").untagged == []
    assert client.ok("APPEND Own ", MESSAGE).untagged == []
    assert client.ok('SETMETADATA Own (/private/comment "x")').untagged == []
    assert client.ok("RENAME Own Mine").untagged == []
    assert client.ok("DELETE Mine").untagged == []
    assert is_quiet(client, other)


def test_subscribed_mailboxes(two):
    client, other = two
    other.ok("CREATE Sub")
    client.ok("NOTIFY SET (subscribed (MessageNew MessageExpunge))")
    other.ok("UNSUBSCRIBE Sub")
    other.append("Sub", MESSAGE)
    assert is_quiet(client, other)
    other.ok("SUBSCRIBE Sub")
    other.append("Sub", MESSAGE)
    assert status(client.read_untagged())[0] == "Sub"


def test_a_later_command_replaces_an_earlier_one(two):
    client, other = two
    client.ok("NOTIFY SET (personal (MessageNew MessageExpunge))")
    client.ok("NOTIFY SET (mailboxes Drafts (MessageNew MessageExpunge))")
    other.append("INBOX", MESSAGE)
    assert is_quiet(client, other)
    client.ok("NOTIFY NONE")
    other.append("Drafts", MESSAGE)
    assert is_quiet(client, other)


# ---- names, subscriptions, metadata

def test_names(two):
    client, other = two
    client.ok("NOTIFY SET (personal (MailboxName))")
    other.ok("CREATE Tree")
    name, attributes, _ = listed(client.read_untagged())
    assert name == "Tree" and "\\HasNoChildren" in attributes and "\\NonExistent" not in attributes
    other.ok("CREATE Tree/Leaf")
    found = dict(listed(client.read_untagged())[:2] for _ in range(2))
    assert "\\HasChildren" in found["Tree"] and "\\HasNoChildren" in found["Tree/Leaf"]
    other.ok("RENAME Tree Wood")
    name, attributes, old = listed(client.read_untagged())
    assert (name, old) == ("Wood", "Tree") and "\\NonExistent" not in attributes
    other.ok("DELETE Wood/Leaf")
    found = dict(listed(client.read_untagged())[:2] for _ in range(2))
    assert "\\NonExistent" in found["Wood/Leaf"] and "\\HasNoChildren" in found["Wood"]
    assert is_quiet(client, other)


def test_names_in_the_client_s_encoding(two):
    client, other = two
    client.ok("NOTIFY SET (subtree &AMQ- (MailboxName))")
    other.ok("CREATE &AMQ-/B")
    assert {listed(client.read_untagged())[0] for _ in range(2)} == {"&AMQ-", "&AMQ-/B"}


def test_subscriptions(two):
    client, other = two
    other.ok("CREATE Here")
    other.ok("UNSUBSCRIBE Here")
    client.ok("NOTIFY SET (personal (SubscriptionChange))")
    other.ok("SUBSCRIBE Here")
    name, attributes, _ = listed(client.read_untagged())
    assert name == "Here" and "\\Subscribed" in attributes
    other.ok("UNSUBSCRIBE Here")
    name, attributes, _ = listed(client.read_untagged())
    assert name == "Here" and "\\Subscribed" not in attributes
    assert is_quiet(client, other)


def test_metadata(server, user, two):
    client, other = two
    client.ok("NOTIFY SET (mailboxes INBOX (MailboxMetadataChange)) (personal (ServerMetadataChange))")
    other.ok('SETMETADATA INBOX (/shared/comment "x")')
    assert client.read_untagged() == ["METADATA", "INBOX", "/shared/comment"]
    other.ok('SETMETADATA "" (/private/vendor/kx/a "x")')
    assert client.read_untagged() == ["METADATA", b"", "/private/vendor/kx/a"]
    other.ok('SETMETADATA INBOX (/shared/comment NIL)')
    assert client.read_untagged() == ["METADATA", "INBOX", "/shared/comment"]
    server.configure({"server.comment": user})
    assert client.read_untagged()[:2] == ["METADATA", b""]


# ---- the selected mailbox

def test_selected_is_told_at_once(two):
    client, other = two
    client.ok("SELECT INBOX")
    client.ok(f"NOTIFY SET (selected {ALL})")
    other.append("INBOX", MESSAGE)
    assert client.read_untagged() == ["1", "EXISTS"]
    assert client.read_untagged() == ["1", "RECENT"]
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Seen)")
    number, word, items = client.read_untagged()
    assert (number, word) == ("1", "FETCH") and "\\Seen" in pairs(items)["FLAGS"] and pairs(items)["UID"] == "1"
    other.ok("STORE 1 +FLAGS (\\Deleted)")
    assert client.read_untagged()[1] == "FETCH"
    other.ok("EXPUNGE")
    assert client.read_untagged() == ["1", "EXPUNGE"]


def test_attributes_of_new_messages(two):
    client, other = two
    client.append("INBOX", MESSAGE)
    client.ok("NOTIFY SET (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)] FLAGS) MessageExpunge))")
    client.ok("SELECT INBOX")
    other.append("INBOX", MESSAGE, "(\\Flagged)")
    assert client.read_untagged() == ["2", "EXISTS"]
    assert client.read_untagged()[1] == "RECENT"
    number, word, items = client.read_untagged()
    items = pairs(items)
    assert (number, word) == ("2", "FETCH") and items["UID"] == "2" and "\\Flagged" in items["FLAGS"]
    assert items["BODY[HEADER.FIELDS (SUBJECT)]"] == b"Subject: notify\r\n\r\n"
    # its own are no news, but for their number
    untagged = client.ok("APPEND INBOX ", MESSAGE).untagged
    assert ["3", "EXISTS"] in untagged and not [values for values in untagged if values[1] == "FETCH"]
    # without FlagChange flags are not told
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Seen)")
    assert is_quiet(client, other)


def test_selected_delayed_keeps_numbers(two):
    client, other = two
    for _ in range(3):
        client.append("INBOX", MESSAGE)
    client.ok("SELECT INBOX")
    client.ok("NOTIFY SET (selected-delayed (MessageNew MessageExpunge))")
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    other.ok("EXPUNGE")
    other.append("INBOX", MESSAGE)
    assert client.read_untagged() == ["4", "EXISTS"]
    assert client.read_untagged()[1] == "RECENT"
    answer = client.ok("FETCH 2 UID")
    assert [values for values in answer.untagged if values[1] == "EXPUNGE"] == []
    assert pairs(answer.untagged[0][2])["UID"] == "2"
    assert client.ok("NOOP").untagged[0] == ["1", "EXPUNGE"]


def test_folders_of_others(fresh_server):
    """Of a folder that is shared all is told, and of those beside it nothing."""
    server = fresh_server(users=("alice", "bob"))
    place = f"~{server.address('alice')}"
    with RawImap(server, "alice") as alice, RawImap(server, "bob") as bob:
        for name in ("Team", "Mine"):
            alice.ok(f"CREATE {name}")
        alice.ok(f"SETACL Team {server.address('bob')} lr")
        bob.ok(f"NOTIFY SET (mailboxes ({place}/Team {place}/Mine) {ALL})")
        alice.append("Mine", MESSAGE)
        alice.append("Team", MESSAGE)
        name, told = status(bob.read_untagged())
        assert name == f"{place}/Team" and told["MESSAGES"] == 1
        bob.ok(f"NOTIFY SET (subtree {place} {ALL})")
        alice.append("Mine", MESSAGE)
        alice.append("Team", MESSAGE)
        name, told = status(bob.read_untagged())
        assert name == f"{place}/Team" and told["MESSAGES"] == 2
        alice.ok(f"DELETEACL Team {server.address('bob')}")
        alice.append("Team", MESSAGE)
        assert not [row for row in bob.ok("NOOP").untagged if row[0] == "STATUS"]


def test_nothing_of_the_selected_mailbox_unless_asked_for(two):
    client, other = two
    client.append("INBOX", MESSAGE)
    client.ok("SELECT INBOX")
    client.ok("NOTIFY SET (personal (MessageNew MessageExpunge))")
    other.append("INBOX", MESSAGE)
    assert is_quiet(client, other)
    client.ok("UNSELECT")
    other.append("INBOX", MESSAGE)
    assert status(client.read_untagged())[1]["MESSAGES"] == 3
    # what it removes itself is told all the same
    client.ok("SELECT INBOX")
    client.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    assert ["1", "EXPUNGE"] in client.ok("EXPUNGE").untagged


def test_notify_set_brings_up_to_date(two):
    client, other = two
    client.ok("SELECT INBOX")
    client.ok("NOTIFY NONE")
    other.append("INBOX", MESSAGE)
    assert is_quiet(client, other)
    assert ["1", "EXISTS"] in client.ok("NOTIFY SET (selected (MessageNew MessageExpunge))").untagged


def test_idle_tells_the_same(two):
    client, other = two
    client.ok("SELECT INBOX")
    client.ok("NOTIFY SET (selected (MessageNew (UID) MessageExpunge)) (mailboxes Drafts (MessageNew MessageExpunge))")
    tag = client.idle()
    other.append("Drafts", MESSAGE)
    assert status(client.read_untagged())[0] == "Drafts"
    other.append("INBOX", MESSAGE)
    assert client.read_untagged() == ["1", "EXISTS"]
    assert client.read_untagged()[1] == "RECENT"
    assert client.read_untagged() == ["1", "FETCH", ["UID", "1"]]
    assert client.done(tag).status == "OK"


def test_another_folder_is_selected(two):
    client, other = two
    client.ok("NOTIFY SET (selected (MessageNew MessageExpunge)) (personal (MessageNew MessageExpunge))")
    client.ok("SELECT INBOX")
    client.ok("SELECT Drafts")
    other.append("INBOX", MESSAGE)
    assert status(client.read_untagged())[0] == "INBOX"
    other.append("Drafts", MESSAGE)
    assert client.read_untagged() == ["1", "EXISTS"]


# ---- restarts, overflow, crowds

def restart_core(server):
    server.wait_roles(gone=server.kill_role("core"))


def test_it_goes_on_after_a_restart(server, user, two):
    client, other = two
    client.ok("SELECT INBOX")
    client.ok("NOTIFY SET (selected (MessageNew (UID) MessageExpunge)) (mailboxes Drafts (MessageNew MessageExpunge))")
    restart_core(server)
    other.append("INBOX", MESSAGE)
    assert client.read_untagged() == ["1", "EXISTS"]
    assert client.read_untagged()[1] == "RECENT"
    assert client.read_untagged() == ["1", "FETCH", ["UID", "1"]]
    other.append("Drafts", MESSAGE)
    assert status(client.read_untagged())[0] == "Drafts"


def test_what_cannot_be_known_after_a_restart_is_an_overflow(server, user, two):
    client, other = two
    names = " ".join(f"Mailbox-with-a-long-name-{n:04}" for n in range(100))
    client.ok(f"NOTIFY SET (mailboxes ({names}) (MessageNew MessageExpunge))")
    restart_core(server)
    values = client.read_untagged()
    assert values[0] == "OK" and values[1] == "NOTIFICATIONOVERFLOW"
    other.append("INBOX", MESSAGE)
    assert is_quiet(client, other)


def test_messages_too_large_to_push_are_an_overflow(two):
    client, other = two
    client.ok("SELECT INBOX")
    client.ok("NOTIFY SET (selected (MessageNew (BODY.PEEK[]) MessageExpunge))")
    other.append("INBOX", MESSAGE + b"x" * 70 * 30000)
    assert client.read_untagged() == ["1", "EXISTS"]
    assert client.read_untagged()[1] == "RECENT"
    assert client.read_untagged()[1] == "NOTIFICATIONOVERFLOW"
    client.ok("NOOP")


def test_one_who_does_not_read_is_told_less(two):
    """Each message is pushed with its body; after a megabyte that nobody reads it ends."""
    client, other = two
    client.ok("SELECT INBOX")
    client.ok("NOTIFY SET (selected (MessageNew (BODY.PEEK[]) MessageExpunge))")
    body = MESSAGE + b"y" * 70 * 6000
    for _ in range(40):
        other.append("INBOX", body)
    codes = []
    while "NOTIFICATIONOVERFLOW" not in codes:
        values = client.read_untagged()
        codes.append(values[1])
    client.ok("NOOP")


def test_a_crowd(server, user):
    """Every one of many sessions is told of every change, with nothing lost in the end."""
    with contextlib.ExitStack() as stack:
        watchers = [stack.enter_context(RawImap(server, user)) for _ in range(40)]
        other = stack.enter_context(RawImap(server, user))
        for watcher in watchers:
            watcher.ok("NOTIFY SET (personal (MessageNew MessageExpunge))")
        for _ in range(30):
            other.append("INBOX", MESSAGE)
        for watcher in watchers:
            messages = 0
            while messages < 30:
                name, items = status(watcher.read_untagged())
                assert name == "INBOX" and items["MESSAGES"] > messages
                messages = items["MESSAGES"]
        assert not select.select([watcher.socket for watcher in watchers], [], [], 0)[0]
