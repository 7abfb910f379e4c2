# SPDX-License-Identifier: Apache-2.0
"""PARTIAL (RFC 9394): a window of what SEARCH finds and of what FETCH shows."""

import pytest

from rawimap import RawImap, numbers

MESSAGES = 12


@pytest.fixture
def session(server, user):
    with RawImap(server, user) as client:
        for i in range(MESSAGES):
            client.append("INBOX", b"Subject: %d\r\n\r\nx\r\n" % i, "(\\Flagged)" if i % 2 else "()")
        client.ok("SELECT INBOX")
        client.ok("STORE 1,2 +FLAGS.SILENT (\\Deleted)")
        client.ok("EXPUNGE")  # UIDs 3 to 12, of which the even ones are flagged
        yield client


def window(found):
    given, result = found["PARTIAL"]
    return given, numbers(result) if result else None


def test_capability(session):
    (row,) = [values for values in session.ok("CAPABILITY").untagged if values[0] == "CAPABILITY"]
    assert "PARTIAL" in row


@pytest.mark.parametrize("given, uids", [
    ("1:2", [4, 6]), ("2:1", [4, 6]), ("4:10", [10, 12]), ("5:5", [12]), ("6:9", None), ("-1:-1", [12]), ("-2:-1", [10, 12]),
    ("-4:-3", [6, 8]), ("-5:-100", [4]), ("-6:-7", None), ("1:4294967295", [4, 6, 8, 10, 12]),
])
def test_search(session, given, uids):
    assert window(session.esearch(f"UID SEARCH RETURN (PARTIAL {given}) FLAGGED")) == (given, uids)
    seqs = [uid - 2 for uid in uids] if uids else None
    assert window(session.esearch(f"SEARCH RETURN (PARTIAL {given}) FLAGGED")) == (given, seqs)


def test_nothing_found(session):
    assert window(session.esearch("UID SEARCH RETURN (PARTIAL 1:10) KEYWORD none")) == ("1:10", None)


def test_with_other_options(session):
    found = session.esearch("UID SEARCH RETURN (MIN PARTIAL -1:-2 MAX COUNT) ALL")
    assert window(found) == ("-1:-2", [11, 12])
    assert (found["MIN"], found["MAX"], found["COUNT"], found.get("ALL")) == ("3", "12", "10", None)


@pytest.mark.parametrize("options", [
    "PARTIAL", "PARTIAL 1", "PARTIAL 0:1", "PARTIAL 1:-1", "PARTIAL -1:1", "PARTIAL 1:2 PARTIAL 3:4", "PARTIAL 1:2 ALL",
    "ALL PARTIAL 1:2", "PARTIAL 1:*", "PARTIAL (1:2)", "PARTIAL 1:4294967296",
])
def test_bad_options(session, options):
    assert session.command(f"UID SEARCH RETURN ({options}) ALL").status == "BAD"
    session.ok("NOOP")


@pytest.mark.parametrize("options, saved", [
    ("SAVE PARTIAL 2:3", [6, 8]), ("SAVE PARTIAL -1:-2", [10, 12]), ("SAVE PARTIAL 2:3 MIN", [4, 6, 8]),
    ("SAVE PARTIAL 2:3 MAX", [6, 8, 12]), ("SAVE PARTIAL 1:1 MIN MAX", [4, 12]), ("SAVE PARTIAL 2:3 COUNT", [4, 6, 8, 10, 12]),
    ("SAVE PARTIAL 9:10", []), ("SAVE MIN", [4]),
])
def test_what_is_saved(session, options, saved):
    session.ok(f"UID SEARCH RETURN ({options}) FLAGGED")
    assert session.search("UID SEARCH $") == saved


def test_modseq_is_of_the_window(session):
    session.ok("UID STORE 12 +FLAGS.SILENT (late)")
    rows = session.fetch("UID FETCH 1:* (MODSEQ)")
    modseqs = {int(row["UID"]): int(row["MODSEQ"][0]) for row in rows.values()}
    found = session.esearch("UID SEARCH RETURN (PARTIAL 1:2) FLAGGED MODSEQ 1")
    assert int(found["MODSEQ"]) == max(modseqs[4], modseqs[6])
    found = session.esearch("UID SEARCH RETURN (PARTIAL 1:2 COUNT) FLAGGED MODSEQ 1")
    assert int(found["MODSEQ"]) == modseqs[12]
    assert "MODSEQ" not in session.esearch("UID SEARCH RETURN (PARTIAL 8:9) FLAGGED MODSEQ 1")


def uids_of(answer):
    return [int(row["UID"]) for row in answer.values()]


@pytest.mark.parametrize("chosen, given, uids", [
    ("1:*", "1:3", [3, 4, 5]), ("1:*", "-1:-3", [10, 11, 12]), ("5,7,9,11", "2:3", [7, 9]), ("5:8,11", "-2:-3", [7, 8]),
    ("1:*", "11:20", []), ("1:2", "1:5", []),
])
def test_fetch(session, chosen, given, uids):
    assert uids_of(session.fetch(f"UID FETCH {chosen} (FLAGS) (PARTIAL {given})")) == uids


def test_fetch_window_before_changedsince(session):
    modseq = int(session.fetch("UID FETCH 12 (MODSEQ)")[10]["MODSEQ"][0])
    session.ok("UID STORE 4,11 +FLAGS.SILENT (new)")
    assert uids_of(session.fetch(f"UID FETCH 1:* (FLAGS) (PARTIAL -1:-3 CHANGEDSINCE {modseq})")) == [11]
    assert uids_of(session.fetch(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq} PARTIAL 1:3)")) == [4]


@pytest.mark.parametrize("modifiers", ["PARTIAL", "PARTIAL 0:1", "PARTIAL 1:2 PARTIAL 1:2", "PARTIAL 1:-2", "PARTIALS 1:2"])
def test_bad_fetch_modifiers(session, modifiers):
    assert session.command(f"UID FETCH 1:* (FLAGS) ({modifiers})").status == "BAD"
