# SPDX-License-Identifier: Apache-2.0
"""Commands about many messages: UIDBATCHES (RFC 10022), MESSAGELIMIT and SAVELIMIT (RFC 9738), long news."""

import pytest

from rawimap import RawImap, numbers, pairs

MESSAGE = b"Subject: x\r\n\r\nx\r\n"


def capabilities(session):
    (row,) = [values for values in session.ok("CAPABILITY").untagged if values[0] == "CAPABILITY"]
    return row


def fill(session, n, folder="INBOX"):
    """n messages, a hundred in one command."""
    while n > 0:
        some = min(n, 100)
        parts = [f"APPEND {folder}"]
        for _ in range(some):
            parts += [" ", MESSAGE]
        session.ok(*parts)
        n -= some


# --- UIDBATCHES

@pytest.fixture(scope="module")
def box(server):
    """UIDs 11 to 1211 without 600 to 649: 1151 messages."""
    with RawImap(server, "bob") as session:
        fill(session, 1211)
        session.ok("SELECT INBOX")
        session.ok("UID STORE 1:10,600:649 +FLAGS.SILENT (\\Deleted)")
        session.ok("EXPUNGE")
        yield session


def batches(session, arguments):
    (row,) = [values for values in session.ok(f"UIDBATCHES {arguments}").untagged if values[0] == "UIDBATCHES"]
    assert row[1] == ["TAG", f"t{session.counter}".encode()]
    return row[2] if len(row) > 2 else None


@pytest.mark.parametrize("arguments, ranges", [
    ("500", "1211:712,711:162,161:1"), ("1000", "1211:162,161:1"), ("1151", "1211:1"), ("1150", "1211:12,11:1"), ("4000", "1211:1"),
    ("4294967295", "1211:1"), ("500 1:1", "1211:712"), ("500 2:3", "711:162,161:1"), ("500 3:9", "161:1"), ("500 4:5", None),
    ("500 1:4294967295", "1211:712,711:162,161:1"),
])
def test_uidbatches(box, arguments, ranges):
    assert batches(box, arguments) == ranges


def test_every_batch_has_its_size(box):
    ranges = [part.split(":") for part in batches(box, "500").split(",")]
    sizes = [len(box.search(f"UID SEARCH UID {low}:{high}")) for high, low in ranges]
    assert sizes == [500, 500, 151]


@pytest.mark.parametrize("arguments", ["", " ", " x", " 0", " 500 1", " 500 1:", " 500 0:1", " 500 3:2", " 500 1:2 3", " 500 1:*", " 4294967296"])
def test_bad_uidbatches(box, arguments):
    assert box.command(f"UIDBATCHES{arguments}").status == "BAD"


def test_small_batches_are_refused(box):
    answer = box.command("UIDBATCHES 499")
    assert (answer.status, answer.code) == ("NO", "TOOSMALL")


def test_uidbatches_of_an_empty_folder_and_of_none(server, user):
    with RawImap(server, user) as session:
        assert "UIDBATCHES" in capabilities(session) and "INPROGRESS" in capabilities(session)
        assert session.command("UIDBATCHES 500").status == "BAD"
        session.ok("SELECT INBOX")
        assert batches(session, "500") is None
        session.ok("ENABLE UIDONLY")
        fill(session, 1)
        session.ok("NOOP")
        assert batches(session, "500") == "1:1"


# --- MESSAGELIMIT

@pytest.fixture(scope="module")
def limited(keryx_binary):
    import kx
    with kx.running_server(keryx_binary, users=("alice", "bob"), config={"imap.message-limit": 10, "imap.save-limit": 3}) as server:
        yield server


@pytest.fixture
def session(limited):
    """25 messages with UIDs that begin anew in a folder of the test's own."""
    with RawImap(limited, "alice") as client:
        client.ok("CREATE box")
        client.ok("CREATE there")
        for _ in range(3):
            fill(client, 8, "box")
        fill(client, 1, "box")
        client.ok("SELECT box")
        yield client
        client.ok("UNSELECT")
        client.ok("DELETE box")
        client.ok("DELETE there")



def test_it_is_announced(limited, session):
    row = capabilities(session)
    assert "MESSAGELIMIT=10" in row and not [name for name in row if name.startswith("SAVELIMIT")]


def test_the_default_has_no_limit(server, user):
    with RawImap(server, user) as client:
        assert not [name for name in capabilities(client) if name.startswith(("MESSAGELIMIT", "SAVELIMIT"))]


def uids_fetched(answer):
    return [int(pairs(values[2])["UID"]) for values in answer.untagged if values[1] == "FETCH"]


@pytest.mark.parametrize("command", ["UID FETCH 1:* FLAGS", "FETCH 1:* (UID FLAGS)", "UID STORE 1:* +FLAGS (a)"])
def test_fetch_and_store_stop_at_the_limit(session, command):
    answer = session.ok(command)
    assert answer.code == "MESSAGELIMIT 10 16" and uids_fetched(answer) == list(range(16, 26))
    assert session.ok(command.replace("1:*", "1:10")).code is None


def test_store_changes_no_more(session):
    session.ok("STORE 1:* +FLAGS.SILENT (\\Flagged)")
    assert session.search("UID SEARCH UIDAFTER 15 FLAGGED") == list(range(16, 26))
    assert session.search("UID SEARCH UIDBEFORE 11 FLAGGED") == []


def test_another_code_comes_first(session):
    answer = session.ok("UID STORE 1:* (UNCHANGEDSINCE 1) +FLAGS (b)")
    assert answer.code.startswith("MODIFIED ")
    assert [values[1] for values in answer.untagged if values[0] == "NO"] == ["MESSAGELIMIT 10 16"]


def test_search_counts_what_it_looks_at(session):
    answer = session.ok("UID SEARCH ALL")
    assert answer.code == "MESSAGELIMIT 10 16"
    assert [int(number) for number in answer.untagged[0][1:]] == list(range(16, 26))
    answer = session.ok("UID SEARCH KEYWORD nothing")
    assert answer.code == "MESSAGELIMIT 10 16"
    for narrow in ("UID 1:10", "UIDBEFORE 11", "UIDAFTER 15", "UIDAFTER 3 UIDBEFORE 14", "UID 5:* UIDBEFORE 9"):
        assert session.ok(f"UID SEARCH {narrow} UNSEEN").code is None
    session.ok("UID SEARCH RETURN (SAVE) ALL")
    assert session.search("UID SEARCH $") == list(range(16, 26))


def test_bounds_of_uids(session):
    assert session.search("UID SEARCH UIDAFTER 23") == [24, 25]
    assert session.search("UID SEARCH UIDAFTER 25") == []
    assert session.search("UID SEARCH UIDAFTER 4294967295") == []
    assert session.search("UID SEARCH UIDBEFORE 1") == []
    assert session.search("UID SEARCH UIDBEFORE 3") == [1, 2]
    assert session.search("SEARCH NOT UIDBEFORE 24 UIDAFTER 20") == [24, 25]
    for bad in ("UIDAFTER", "UIDAFTER 0", "UIDAFTER *", "UIDBEFORE 1:2", "UIDBEFORE x"):
        assert session.command(f"UID SEARCH {bad}").status == "BAD"


def test_copy_is_refused_as_a_whole(session):
    answer = session.command("UID COPY 1:* there")
    assert (answer.status, answer.code) == ("NO", "MESSAGELIMIT 10 16")
    assert pairs(session.ok("STATUS there (MESSAGES)").untagged[0][2])["MESSAGES"] == "0"
    assert session.ok("UID COPY 1:10 there").code.startswith("COPYUID ")


def test_move_moves_what_it_may(session):
    answer = session.ok("UID MOVE 1:* there")
    assert answer.code == "MESSAGELIMIT 10 16"
    (code,) = [v[1] for v in answer.untagged if v[0] == "OK"]
    assert numbers(code.split()[2]) == list(range(16, 26))
    assert session.search("UID SEARCH UIDAFTER 10") == list(range(11, 16))


def test_uid_expunge_is_limited_and_expunge_is_not(session):
    session.ok("UID STORE 1:10 +FLAGS.SILENT (\\Deleted)")
    session.ok("UID STORE 14:20 +FLAGS.SILENT (\\Deleted)")
    answer = session.ok("UID EXPUNGE 1:*")
    assert answer.code == "MESSAGELIMIT 10 8"
    session.ok("UID STORE 1:10 +FLAGS.SILENT (\\Deleted)")
    session.ok("UID STORE 11:20 +FLAGS.SILENT (\\Deleted)")
    answer = session.ok("EXPUNGE")
    assert answer.code is None and len([v for v in answer.untagged if v[1] == "EXPUNGE"]) == 10
    assert session.search("UID SEARCH ALL") == [21, 22, 23, 24, 25]


def test_append_of_too_many_is_refused(session):
    parts = ["APPEND there"]
    for _ in range(11):
        parts += [" ", MESSAGE]
    answer = session.command(*parts)
    assert (answer.status, answer.code) == ("NO", "MESSAGELIMIT 10")
    session.ok(*parts[:21])


@pytest.mark.parametrize("command", ["UID SORT (ARRIVAL) UTF-8 {}", "UID THREAD ORDEREDSUBJECT UTF-8 {}"])
def test_sort_and_thread_are_refused_as_a_whole(session, command):
    answer = session.command(command.format("ALL"))
    assert (answer.status, answer.code) == ("NO", "MESSAGELIMIT 10")
    assert session.ok(command.format("UIDAFTER 15")).code is None


def test_window_of_fetch(session):
    answer = session.command("UID FETCH 1:* FLAGS (PARTIAL 1:11)")
    assert (answer.status, answer.code) == ("NO", "MESSAGELIMIT 10")
    answer = session.ok("UID FETCH 1:* FLAGS (PARTIAL 1:10)")
    assert answer.code is None and uids_fetched(answer) == list(range(1, 11))


def test_savelimit(fresh_server):
    server = fresh_server(users=("alice",), config={"imap.save-limit": 5})
    with RawImap(server, "alice") as session:
        assert "SAVELIMIT=5" in capabilities(session)
        for _ in range(3):
            fill(session, 4)
        session.ok("CREATE there")
        session.ok("SELECT INBOX")
        assert session.ok("UID FETCH 1:* FLAGS").code is None
        assert session.command("COPY 1:6 there").code == "MESSAGELIMIT 5 2"
        assert session.ok("COPY 1:5 there").code.startswith("COPYUID ")
        assert session.ok("UID SEARCH ALL").code is None


# --- news of many messages

def test_many_changes_end_no_session(server, user):
    """More than the session's window at once: told by NOOP, and pushed while idling."""
    many = 6000
    with RawImap(server, user) as session, RawImap(server, user) as other, RawImap(server, user) as idle:
        fill(session, many)
        for each in (session, other, idle):
            each.ok("SELECT INBOX")
        tag = idle.idle()
        other.ok("STORE 1:* +FLAGS.SILENT (\\Seen some-keyword-that-makes-the-line-longer)")
        seen = set()
        idle.on_untagged = lambda values: seen.add(int(values[0])) if values[1] == "FETCH" else None
        while len(seen) < many:
            idle.read_untagged()
        idle.on_untagged = None
        assert idle.done(tag).status == "OK"
        rows = [values for values in session.ok("NOOP").untagged if values[1] == "FETCH"]
        assert [int(values[0]) for values in rows] == list(range(1, many + 1))
        assert session.ok("NOOP").untagged == []
        other.ok("STORE 2:* +FLAGS.SILENT (\\Deleted)")
        session.ok("NOOP")
        other.ok("EXPUNGE")
        gone = [values for values in session.ok("NOOP").untagged if values[1] == "EXPUNGE"]
        assert len(gone) == many - 1
        assert session.search("UID SEARCH ALL") == [1]
