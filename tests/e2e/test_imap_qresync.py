# SPDX-License-Identifier: Apache-2.0
"""QRESYNC and what is left of CONDSTORE (RFC 7162): a client that comes back learns exactly what changed."""

import pytest

from rawimap import RawImap, numbers, pairs


def codes(answer):
    """{name: value} of the response codes of untagged OKs."""
    found = {}
    for values in answer.untagged:
        if values[0] == "OK" and values[1]:
            name, _, rest = values[1].partition(" ")
            found[name] = rest
    return found


def select(session, parameters="", folder="INBOX"):
    return session.ok(f"SELECT {folder}{parameters}")


def vanished(untagged, earlier):
    """The UIDs of all VANISHED responses of that kind."""
    found = []
    for values in untagged:
        if values[0] == "VANISHED" and (values[1] == ["EARLIER"]) == earlier:
            found += numbers(values[-1])
    return found


def fetched(untagged):
    return {int(values[0]): pairs(values[2]) for values in untagged if len(values) > 1 and values[1] == "FETCH"}


def state_of(answer):
    found = codes(answer)
    return int(found["UIDVALIDITY"]), int(found["HIGHESTMODSEQ"])


def remove(session, *uids):
    chosen = ",".join(map(str, uids))
    session.ok(f"UID STORE {chosen} +FLAGS.SILENT (\\Deleted)")
    return session.ok(f"UID EXPUNGE {chosen}")


# --- ENABLE

def test_capability_is_announced(connect):
    (row,) = [values for values in connect().ok("CAPABILITY").untagged if values[0] == "CAPABILITY"]
    assert {"QRESYNC", "CONDSTORE", "ENABLE"} <= set(row)


def test_enable_names_what_was_asked_for_and_implies_condstore(connect):
    session = connect()
    answer = session.ok("ENABLE QRESYNC X-UNKNOWN IMAP4rev2")
    assert sorted(answer.untagged[0]) == ["ENABLED", "IMAP4rev2", "QRESYNC"]
    session.fill(1)
    select(session)
    other = connect()
    select(other)
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    assert "MODSEQ" in fetched(session.ok("NOOP").untagged)[1]


def test_enable_in_a_selected_folder_tells_its_highestmodseq(connect):
    session = connect()
    session.fill(1)
    select(session)
    answer = session.ok("ENABLE QRESYNC")
    assert "HIGHESTMODSEQ" in codes(answer)
    assert session.ok("ENABLE QRESYNC").untagged[0] == ["ENABLED"]


@pytest.mark.parametrize("parameter", ["(QRESYNC (1 1))", "(CONDSTORE QRESYNC (1 1 1:5))"])
def test_select_parameter_without_enable_is_bad(connect, parameter):
    session = connect()
    select(session)
    assert session.command(f"SELECT INBOX {parameter}").status == "BAD"
    session.ok("CHECK")  # still selected


@pytest.mark.parametrize("parameter", [
    "(QRESYNC)", "(QRESYNC 1 1)", "(QRESYNC (1))", "(QRESYNC (0 1))", "(QRESYNC (1 0))", "(QRESYNC (1 1 *))",
    "(QRESYNC (1 1 1:*))", "(QRESYNC (1 1 $))", "(QRESYNC (1 1 1:5 (1:* 1:5)))", "(QRESYNC (1 1 1:5 (1,2 1)))",
    "(QRESYNC (1 1 1:5 (2,1 1,2)))", "(QRESYNC (1 1 1:5 (1,2 2,1)))", "(QRESYNC (1 1 1:5 (1,1 1,2)))",
    "(QRESYNC (1 1) QRESYNC (1 1))", "(QRESYNC (1 1 1:5 (1 1) 7))", "(QRESYNC (1 9223372036854775808))",
])
def test_bad_select_parameters(connect, parameter):
    assert connect("QRESYNC").command(f"SELECT INBOX {parameter}").status == "BAD"


# --- SELECT

def test_select_tells_what_vanished_and_what_changed(connect):
    session = connect("QRESYNC")
    uids = session.fill(10)
    uid_validity, modseq = state_of(select(session))
    session.ok("UNSELECT")
    other = connect()
    select(other)
    remove(other, uids[1], uids[2], uids[7])
    other.ok(f"UID STORE {uids[4]} +FLAGS.SILENT (\\Flagged)")
    new = other.fill(1)[0]
    answer = select(session, f" (QRESYNC ({uid_validity} {modseq} {uids[0]}:{uids[-1]}))")
    assert answer.code == "READ-WRITE"
    assert vanished(answer.untagged, True) == [uids[1], uids[2], uids[7]]
    assert vanished(answer.untagged, False) == []
    rows = fetched(answer.untagged)
    assert list(rows) == [3]
    assert rows[3]["UID"] == str(uids[4]) and rows[3]["FLAGS"] == ["\\Flagged", "\\Recent"][:len(rows[3]["FLAGS"])]
    assert int(rows[3]["MODSEQ"][0]) > modseq
    words = [values[1] if len(values) > 1 and values[1] == "FETCH" else values[0] for values in answer.untagged]
    assert words.index("VANISHED") < words.index("FETCH")
    assert all(words.index("VANISHED") > i for i, values in enumerate(answer.untagged) if values[-1] == "EXISTS")
    # Without a list of known UIDs the new message is among what changed.
    answer = select(session, f" (QRESYNC ({uid_validity} {modseq}))")
    assert "CLOSED" in codes(answer)
    assert vanished(answer.untagged, True) == [uids[1], uids[2], uids[7]]
    assert [row["UID"] for row in fetched(answer.untagged).values()] == [str(uids[4]), str(new)]


def test_only_known_uids_are_told(connect):
    session = connect("QRESYNC")
    uids = session.fill(6)
    uid_validity, modseq = state_of(select(session))
    remove(session, uids[0], uids[2], uids[4])
    session.ok(f"UID STORE {uids[1]},{uids[3]} +FLAGS (\\Seen)")
    answer = select(session, f" (QRESYNC ({uid_validity} {modseq} {uids[2]}:{uids[3]}))")
    assert vanished(answer.untagged, True) == [uids[2]]
    assert [row["UID"] for row in fetched(answer.untagged).values()] == [str(uids[3])]


def test_nothing_is_told_when_nothing_changed(connect):
    session = connect("QRESYNC")
    uids = session.fill(3)
    remove(connect_selected(connect), uids[1])
    uid_validity, modseq = state_of(select(session))
    answer = select(session, f" (QRESYNC ({uid_validity} {modseq} 1:{uids[-1]}))")
    assert vanished(answer.untagged, True) == [] and fetched(answer.untagged) == {}


def connect_selected(connect):
    session = connect()
    select(session)
    return session


def test_another_uidvalidity_is_ignored(connect):
    session = connect("QRESYNC")
    uids = session.fill(3)
    uid_validity, modseq = state_of(select(session))
    remove(session, uids[1])
    answer = select(session, f" (QRESYNC ({uid_validity + 1} {modseq} 1:{uids[-1]}))")
    assert answer.code == "READ-WRITE"
    assert vanished(answer.untagged, True) == [] and fetched(answer.untagged) == {}
    assert codes(answer)["UIDVALIDITY"] == str(uid_validity)


def test_examine_takes_the_parameter(connect):
    session = connect("QRESYNC")
    uids = session.fill(3)
    uid_validity, modseq = state_of(select(session))
    remove(session, uids[1])
    answer = session.ok(f"EXAMINE INBOX (QRESYNC ({uid_validity} {modseq} 1:3 (1 {uids[0]})))")
    assert answer.code == "READ-ONLY" and vanished(answer.untagged, True) == [uids[1]]


def test_match_data_alone(connect):
    session = connect("QRESYNC")
    uids = session.fill(4)
    uid_validity, modseq = state_of(select(session))
    remove(session, uids[3])
    answer = select(session, f" (QRESYNC ({uid_validity} {modseq} (1:4 {uids[0]}:{uids[3]})))")
    assert vanished(answer.untagged, True) == [uids[3]]


def test_failed_select_leaves_nothing_selected(connect):
    session = connect("QRESYNC")
    select(session)
    answer = session.command("SELECT nowhere (QRESYNC (1 1))")
    assert answer.status == "NO"
    assert session.command("CHECK").status == "BAD"


def test_restored_modseq_1_tells_everything(connect):
    session = connect("QRESYNC")
    uids = session.fill(5)
    uid_validity, _ = state_of(select(session))
    remove(session, uids[0], uids[4])
    answer = select(session, f" (QRESYNC ({uid_validity} 1 1:{uids[-1] + 100}))")
    assert vanished(answer.untagged, True) == [uids[0], uids[4]]
    assert [row["UID"] for row in fetched(answer.untagged).values()] == [str(uid) for uid in uids[1:4]]


# --- UID FETCH (CHANGEDSINCE n VANISHED)

def test_uid_fetch_vanished(connect):
    session = connect("QRESYNC")
    uids = session.fill(8)
    _, modseq = state_of(select(session))
    remove(session, uids[1], uids[6], uids[7])
    session.ok(f"UID STORE {uids[3]} +FLAGS.SILENT (\\Draft)")
    answer = session.ok(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq} VANISHED)")
    assert vanished(answer.untagged, True) == [uids[1], uids[6], uids[7]]
    assert answer.untagged[0][0] == "VANISHED"
    assert [row["UID"] for row in fetched(answer.untagged).values()] == [str(uids[3])]
    assert all({"UID", "FLAGS", "MODSEQ"} == set(row) for row in fetched(answer.untagged).values())
    answer = session.ok(f"UID FETCH {uids[0]}:{uids[5]} (FLAGS) (VANISHED CHANGEDSINCE {modseq})")
    assert vanished(answer.untagged, True) == [uids[1]]
    answer = session.ok(f"UID FETCH {uids[2]}:{uids[4]} (FLAGS) (CHANGEDSINCE {modseq} VANISHED)")
    assert vanished(answer.untagged, True) == []


def test_message_not_yet_told_of_is_not_vanished_earlier(connect):
    session, other = connect("QRESYNC"), connect()
    uids = session.fill(4)
    _, modseq = state_of(select(session))
    select(other)
    remove(other, uids[2])
    answer = session.ok(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq} VANISHED)")
    assert vanished(answer.untagged, True) == []
    assert vanished(answer.untagged, False) == [uids[2]]


@pytest.mark.parametrize("command", [
    "UID FETCH 1:* (FLAGS) (VANISHED)", "FETCH 1 (FLAGS) (CHANGEDSINCE 1 VANISHED)",
    "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED VANISHED)", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE VANISHED)",
])
def test_bad_uses_of_vanished(connect, command):
    session = connect("QRESYNC")
    session.fill(1)
    select(session)
    assert session.command(command).status == "BAD"


def test_vanished_needs_enable(connect):
    session = connect("CONDSTORE")
    session.fill(1)
    select(session)
    assert session.command("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)").status == "BAD"


# --- VANISHED in place of EXPUNGE

def words(answer):
    return [values[1] if str(values[0]).isdigit() else values[0] for values in answer.untagged]


def test_expunge_tells_vanished_and_highestmodseq(connect):
    session = connect("QRESYNC")
    uids = session.fill(5)
    _, before = state_of(select(session))
    session.ok("STORE 1,3:4 +FLAGS.SILENT (\\Deleted)")
    answer = session.ok("EXPUNGE")
    assert vanished(answer.untagged, False) == [uids[0], uids[2], uids[3]]
    assert "EXPUNGE" not in words(answer)
    name, modseq = answer.code.split()
    assert name == "HIGHESTMODSEQ" and int(modseq) > before
    assert session.ok("EXPUNGE").code is None  # nothing was removed
    status = session.ok("STATUS INBOX (HIGHESTMODSEQ MESSAGES)").untagged[0][2]
    assert pairs(status) == {"HIGHESTMODSEQ": modseq, "MESSAGES": "2"}


def test_uid_expunge_and_move_tell_them_too(connect):
    session = connect("QRESYNC")
    uids = session.fill(5)
    session.ok("CREATE there")
    select(session)
    answer = remove(session, uids[0], uids[1])
    assert vanished(answer.untagged, False) == uids[:2] and answer.code.startswith("HIGHESTMODSEQ ")
    answer = session.ok("MOVE 1 there")
    assert vanished(answer.untagged, False) == [uids[2]] and answer.code.startswith("HIGHESTMODSEQ ")
    assert codes(answer)["COPYUID"].split()[1:] == [str(uids[2]), "1"]
    answer = session.ok(f"UID MOVE {uids[3]} there")
    assert vanished(answer.untagged, False) == [uids[3]] and answer.code.startswith("HIGHESTMODSEQ ")


def test_close_tells_nothing(connect):
    """RFC 7162 section 3.2.8: a HIGHESTMODSEQ there could make a client miss what others did."""
    session = connect("QRESYNC")
    session.fill(2)
    select(session)
    session.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    answer = session.ok("CLOSE")
    assert answer.code is None and answer.untagged == []


def test_other_sessions_removals_are_vanished(connect):
    session, other, old = connect("QRESYNC"), connect(), connect("CONDSTORE")
    uids = session.fill(6)
    for each in (session, other, old):
        select(each)
    remove(other, uids[0], uids[1], uids[5])
    assert vanished(session.ok("NOOP").untagged, False) == [uids[0], uids[1], uids[5]]
    assert sorted(int(v[0]) for v in old.ok("NOOP").untagged if v[1] == "EXPUNGE") == [1, 2, 6]
    assert fetched(session.ok("FETCH 1:3 (UID)").untagged)[1]["UID"] == str(uids[2])


def test_idle_pushes_vanished(connect):
    session, other = connect("QRESYNC"), connect()
    uids = session.fill(3)
    select(session)
    select(other)
    tag = session.idle()
    remove(other, uids[1])
    seen = session.read_untagged()
    while seen[0] != "VANISHED":
        seen = session.read_untagged()
    assert seen == ["VANISHED", str(uids[1])]
    session.done(tag)


def test_delayed_removal_keeps_highestmodseq_down(connect):
    """A client may not think it knows all up to a modseq of FETCH while a removal before it is not told."""
    session, other = connect("QRESYNC"), connect()
    uids = session.fill(4)
    uid_validity, _ = state_of(select(session))
    select(other)
    remove(other, uids[0])
    other.ok(f"UID STORE {uids[3]} +FLAGS (\\Flagged)")
    answer = session.ok("FETCH 2:4 (FLAGS MODSEQ)")
    assert "EXPUNGE" not in words(answer) and vanished(answer.untagged, False) == []
    known = int(codes(answer)["HIGHESTMODSEQ"])
    again = connect("QRESYNC")
    answer = select(again, f" (QRESYNC ({uid_validity} {known} {uids[0]}:{uids[3]}))")
    assert vanished(answer.untagged, True) == [uids[0]]
    assert vanished(session.ok("NOOP").untagged, False) == [uids[0]]


def test_status_and_select_agree_on_highestmodseq(connect):
    session = connect("QRESYNC")
    uids = session.fill(3)
    select(session)
    remove(session, uids[0])
    status = int(pairs(session.ok("STATUS INBOX (HIGHESTMODSEQ)").untagged[0][2])["HIGHESTMODSEQ"])
    assert state_of(select(session))[1] == status


def test_restart_of_the_core_keeps_qresync(server, connect):
    session, other = connect("QRESYNC"), connect()
    uids = session.fill(3)
    select(session)
    select(other)
    server.wait_roles(gone=server.kill_role("core"))
    remove(other, uids[1])
    assert vanished(session.ok("NOOP").untagged, False) == [uids[1]]


# --- CONDSTORE, section 3.1

@pytest.mark.parametrize("command", [
    "FETCH 1 (MODSEQ)", "FETCH 1 (FLAGS) (CHANGEDSINCE 1)", "SEARCH MODSEQ 1", "STORE 1 (UNCHANGEDSINCE 1) +FLAGS (x)",
    "STATUS INBOX (HIGHESTMODSEQ)", "ENABLE CONDSTORE",
])
def test_every_enabling_command_enables(connect, command):
    session, other = connect(), connect()
    session.fill(2)
    select(session)
    select(other)
    answer = session.ok(command)
    assert "HIGHESTMODSEQ" in codes(answer)
    other.ok("STORE 2 +FLAGS (\\Flagged)")
    assert "MODSEQ" in fetched(session.ok("NOOP").untagged)[2]


def test_select_condstore_enables(connect):
    session, other = connect(), connect()
    session.fill(1)
    select(session, " (CONDSTORE)")
    select(other)
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    assert "MODSEQ" in fetched(session.ok("NOOP").untagged)[1]


def test_conditional_store_per_message(connect):
    session, other = connect(), connect()
    session.fill(4)
    select(session, " (CONDSTORE)")
    select(other)
    modseqs = {seq: int(row["MODSEQ"][0]) for seq, row in session.fetch("FETCH 1:4 (MODSEQ)").items()}
    other.ok("STORE 2,4 +FLAGS (theirs)")
    answer = session.command(f"STORE 1:4 (UNCHANGEDSINCE {max(modseqs.values())}) +FLAGS.SILENT (\\Seen)")
    assert answer.status == "OK" and answer.code == "MODIFIED 2,4"
    rows = fetched(answer.untagged)
    for seq in (1, 3):
        assert int(rows[seq]["MODSEQ"][0]) > max(modseqs.values())
    flags = {seq: set(row["FLAGS"]) - {"\\Recent"} for seq, row in session.fetch("FETCH 1:4 (FLAGS)").items()}
    assert flags == {1: {"\\Seen"}, 2: {"theirs"}, 3: {"\\Seen"}, 4: {"theirs"}}
    assert session.command("STORE 1 (UNCHANGEDSINCE 0) +FLAGS (\\Draft)").code == "MODIFIED 1"


def test_search_modseq(connect):
    session = connect()
    uids = session.fill(3)
    select(session)
    session.ok("STORE 2 +FLAGS (\\Flagged)")
    modseq = int(session.fetch("FETCH 2 (MODSEQ)")[2]["MODSEQ"][0])
    (row,) = [v for v in session.ok(f"UID SEARCH MODSEQ {modseq}").untagged if v[0] == "SEARCH"]
    assert row == ["SEARCH", str(uids[1]), ["MODSEQ", str(modseq)]]
    (row,) = [v for v in session.ok(f"SEARCH MODSEQ {modseq + 1}").untagged if v[0] == "SEARCH"]
    assert row == ["SEARCH"]
    found = session.esearch(f"SEARCH RETURN (ALL COUNT) MODSEQ \"/flags/\\\\flagged\" all {modseq}")
    assert found["MODSEQ"] == str(modseq) and found["COUNT"] == "1"


# --- when the folder no longer knows what was removed

@pytest.fixture
def forgetful(fresh_server):
    """A server whose index is lost between two visits: (server, uids, uid_validity, modseq) of alice's INBOX."""
    server = fresh_server(users=("alice",))
    with RawImap(server, "alice") as session:
        session.ok("ENABLE QRESYNC")
        uids = session.fill(10)
        uid_validity, modseq = state_of(select(session))
        remove(session, uids[1], uids[5], uids[6], uids[9])
    server.stop()
    (index,) = (server.data / "store").rglob("index.db")
    for path in index.parent.glob("index.db*"):
        path.unlink()
    server.start()
    return server, uids, uid_validity, modseq


def test_all_known_uids_that_are_not_there_have_vanished(forgetful):
    server, uids, uid_validity, modseq = forgetful
    with RawImap(server, "alice") as session:
        session.ok("ENABLE QRESYNC")
        gone = [uids[1], uids[5], uids[6], uids[9]]
        answer = select(session, f" (QRESYNC ({uid_validity} {modseq} {uids[0]}:{uids[9]}))")
        assert codes(answer)["UIDVALIDITY"] == str(uid_validity)
        assert vanished(answer.untagged, True) == gone
        answer = select(session, f" (QRESYNC ({uid_validity} {modseq} {uids[2]}:{uids[5]},{uids[8]}))")
        assert vanished(answer.untagged, True) == [uids[5]]
        answer = select(session, f" (QRESYNC ({uid_validity} {modseq}))")
        assert set(vanished(answer.untagged, True)) >= set(gone)
        assert not set(vanished(answer.untagged, True)) & set(uids) - set(gone)
        answer = session.ok(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq} VANISHED)")
        assert set(vanished(answer.untagged, True)) >= set(gone)
        answer = session.ok(f"UID FETCH {uids[4]}:{uids[6]} (FLAGS) (CHANGEDSINCE {modseq} VANISHED)")
        assert vanished(answer.untagged, True) == [uids[5], uids[6]]


def test_match_data_saves_telling(forgetful):
    server, uids, uid_validity, modseq = forgetful
    with RawImap(server, "alice") as session:
        session.ok("ENABLE QRESYNC")
        # The client was told of the removal of the second message, so its fifth still has the same number.
        for match, gone in ((f"(1,4 {uids[0]},{uids[4]})", [uids[5], uids[6], uids[9]]),
                            (f"(1,7 {uids[0]},{uids[7]})", [uids[1], uids[5], uids[6], uids[9]]),
                            (f"(1:3 {uids[0]},{uids[2]}:{uids[3]})", [uids[5], uids[6], uids[9]])):
            answer = select(session, f" (QRESYNC ({uid_validity} {modseq} {uids[0]}:{uids[9]} {match}))")
            assert vanished(answer.untagged, True) == gone
