# SPDX-License-Identifier: Apache-2.0
"""UIDONLY (RFC 9586): after it is enabled there are no sequence numbers, neither asked nor told."""

import pytest

from rawimap import pairs


def uidfetch(untagged):
    """{UID: items}; no response may name a sequence number."""
    found = {}
    for values in untagged:
        if str(values[0]).isdigit():
            assert values[1] in ("UIDFETCH", "EXISTS", "RECENT"), values
        if len(values) > 1 and values[1] == "UIDFETCH":
            found.setdefault(int(values[0]), {}).update(pairs(values[2]))
    return found


def test_capability_and_enable(connect):
    session = connect()
    (row,) = [values for values in session.ok("CAPABILITY").untagged if values[0] == "CAPABILITY"]
    assert "UIDONLY" in row
    assert session.ok("ENABLE UIDONLY").untagged == [["ENABLED", "UIDONLY"]]


@pytest.mark.parametrize("command", [
    "FETCH 1 (FLAGS)", "FETCH 1:* FLAGS", "STORE 1 +FLAGS (\\Seen)", "SEARCH ALL", "SEARCH RETURN (COUNT) UNSEEN", "COPY 1 INBOX",
    "MOVE 1 INBOX", "UID SEARCH 1", "UID SEARCH 1:*", "UID SEARCH NOT 1", "UID SEARCH OR (SEEN 1:5) DRAFT",
    "UID SEARCH RETURN (ALL) UNSEEN *", "SORT (DATE) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL", "UID SORT (DATE) UTF-8 1:*",
    "UID THREAD REFERENCES UTF-8 NOT 1",
])
def test_sequence_numbers_are_refused(connect, command):
    session = connect("UIDONLY")
    session.fill(2)
    session.ok("SELECT INBOX")
    answer = session.command(command)
    assert (answer.status, answer.code) == ("BAD", "UIDREQUIRED")
    assert uidfetch(session.ok("UID FETCH 1:* FLAGS").untagged)


def test_before_enable_they_are_not(connect):
    session = connect()
    session.fill(1)
    session.ok("SELECT INBOX")
    session.ok("FETCH 1 FLAGS")
    session.ok("UID SEARCH 1")


def test_uidfetch(connect):
    session = connect("UIDONLY")
    uids = session.fill(3)
    answer = session.ok("SELECT INBOX")
    assert not [v for v in answer.untagged if v[0] == "OK" and (v[1] or "").startswith("UNSEEN")]
    rows = uidfetch(session.ok("UID FETCH 1:* FLAGS").untagged)
    assert list(rows) == uids and all(set(row) == {"FLAGS"} for row in rows.values())
    rows = uidfetch(session.ok("UID FETCH 1:* (UID ENVELOPE)").untagged)
    assert all(set(row) == {"UID", "ENVELOPE"} and row["UID"] == str(uid) for uid, row in rows.items())
    rows = uidfetch(session.ok(f"UID FETCH {uids[1]} BODY[]").untagged)
    assert set(rows[uids[1]]) == {"BODY[]", "FLAGS"} and "\\Seen" in rows[uids[1]]["FLAGS"]


def test_store_search_and_saved_results(connect):
    session = connect("UIDONLY")
    uids = session.fill(4)
    session.ok("SELECT INBOX")
    rows = uidfetch(session.ok(f"UID STORE {uids[0]},{uids[2]} +FLAGS (\\Flagged)").untagged)
    assert list(rows) == [uids[0], uids[2]] and all("\\Flagged" in row["FLAGS"] for row in rows.values())
    assert session.ok(f"UID STORE {uids[0]} -FLAGS.SILENT (\\Flagged)").untagged == []
    assert session.search("UID SEARCH FLAGGED") == [uids[2]]
    assert session.search(f"UID SEARCH UID {uids[1]}:*") == uids[1:]
    session.ok("UID SEARCH RETURN (SAVE) FLAGGED")
    assert session.search("UID SEARCH $") == [uids[2]]
    assert list(uidfetch(session.ok("UID FETCH $ FLAGS").untagged)) == [uids[2]]


def test_modified_names_uids(connect):
    session, other = connect("UIDONLY"), connect()
    uids = session.fill(2)
    session.ok("SELECT INBOX (CONDSTORE)")
    rows = uidfetch(session.ok("UID FETCH 1:* (MODSEQ)").untagged)
    other.ok("SELECT INBOX")
    other.ok("STORE 2 +FLAGS (x)")
    answer = session.ok(f"UID STORE 1:* (UNCHANGEDSINCE {rows[uids[1]]['MODSEQ'][0]}) +FLAGS (y)")
    assert answer.code == f"MODIFIED {uids[1]}"
    assert "y" in uidfetch(answer.untagged)[uids[0]]["FLAGS"]


def test_removals_are_vanished(connect):
    session, other = connect("UIDONLY"), connect()
    uids = session.fill(5)
    session.ok("SELECT INBOX")
    other.ok("SELECT INBOX")
    other.ok("STORE 2:3 +FLAGS.SILENT (\\Deleted)")
    other.ok("EXPUNGE")
    answer = session.ok("NOOP")
    assert ["VANISHED", f"{uids[1]}:{uids[2]}"] in answer.untagged
    session.ok(f"UID STORE {uids[0]} +FLAGS.SILENT (\\Deleted)")
    assert ["VANISHED", str(uids[0])] in session.ok("EXPUNGE").untagged
    answer = session.ok(f"UID MOVE {uids[3]} INBOX")
    assert ["VANISHED", str(uids[3])] in answer.untagged
    uidfetch(answer.untagged)


def test_unasked_changes_and_new_messages(connect):
    session, other = connect("UIDONLY", "CONDSTORE"), connect()
    uids = session.fill(2)
    session.ok("SELECT INBOX")
    other.ok("SELECT INBOX")
    other.ok("STORE 2 +FLAGS (\\Answered)")
    other.fill(1)
    answer = session.ok("NOOP")
    rows = uidfetch(answer.untagged)
    assert list(rows) == [uids[1]] and set(rows[uids[1]]) == {"FLAGS", "MODSEQ"}
    assert ["3", "EXISTS"] in answer.untagged


def test_with_qresync(connect):
    session = connect("UIDONLY", "QRESYNC")
    uids = session.fill(5)
    found = {v[1].split()[0]: v[1].split()[-1] for v in session.ok("SELECT INBOX").untagged if v[0] == "OK" and v[1]}
    session.ok(f"UID STORE {uids[1]} +FLAGS.SILENT (\\Deleted)")
    session.ok("EXPUNGE")
    session.ok(f"UID STORE {uids[3]} +FLAGS.SILENT (\\Seen)")
    start = f"SELECT INBOX (QRESYNC ({found['UIDVALIDITY']} {found['HIGHESTMODSEQ']} 1:{uids[-1]}"
    answer = session.ok(f"{start}))")
    assert ["VANISHED", ["EARLIER"], str(uids[1])] in answer.untagged
    assert list(uidfetch(answer.untagged)) == [uids[3]]
    refused = session.command(f"{start} (1 1)))")
    assert (refused.status, refused.code) == ("BAD", "UIDREQUIRED")


def test_core_restart_keeps_it(server, connect):
    session = connect("UIDONLY")
    uids = session.fill(1)
    session.ok("SELECT INBOX")
    server.wait_roles(gone=server.kill_role("core"))
    assert session.command("FETCH 1 FLAGS").code == "UIDREQUIRED"
    assert list(uidfetch(session.ok("UID FETCH 1:* FLAGS").untagged)) == uids
