# SPDX-License-Identifier: Apache-2.0
"""SORT, THREAD, OBJECTID and PREVIEW: what the index knows of messages, response by response."""

import re

import pytest

from rawimap import RawImap


def mail(subject, sender="a@example.com", to="x@example.com", date=1, extra="", body="Hello.",
         cc=None):
    lines = [f"Subject: {subject}", f"From: {sender}", f"To: {to}"]
    lines += [f"Date: {date} Jan 2024 12:00:00 +0000"] if isinstance(date, int) else [date]
    lines += [f"Cc: {cc}"] if cc else []
    lines += [extra] if extra else []
    return "\r\n".join(lines + ["", body, ""]).encode()


MAILS = [
    mail("zebra", "Carol <bob@example.com>", date=5, body="x" * 500),
    mail("Re: apple", "alice@example.com", date=3, cc="zoe@example.com"),
    mail("=?utf-8?q?=C3=84pfel?=", "Dora <carl@example.com>", date=4, body="x" * 100),
    mail("apple", "=?utf-8?q?=C3=A9mile?= <aaron@example.com>", date=1, cc="Al <al@example.com>"),
    mail("[list] Fwd: ZEBRA (fwd)", "Bob@example.com", "Yves <a@example.com>", date=2),
]


@pytest.fixture(scope="module")
def box(server):
    with RawImap(server, "carol") as client:
        client.ok("CREATE Sorted")
        for content in MAILS:
            client.append("Sorted", content)
        yield "Sorted"
        client.ok("DELETE Sorted")


@pytest.fixture
def client(server, box):
    with RawImap(server, "carol") as session:
        session.ok(f"SELECT {box}")
        yield session


def sort(client, text):
    rows = [row for row in client.ok(text).untagged if row[0] in ("SORT", "THREAD")]
    assert len(rows) == 1
    return [int(number) for number in rows[0][1:]]


def thread(client, text):
    rows = [row for row in client.ok(text).untagged if row[0] == "THREAD"]
    assert len(rows) == 1
    return as_numbers(rows[0][1:])


def as_numbers(value):
    return [as_numbers(item) for item in value] if isinstance(value, list) else int(value)


@pytest.mark.parametrize("criteria, order", [
    ("SUBJECT", [2, 4, 3, 1, 5]),
    ("REVERSE SUBJECT", [1, 5, 3, 2, 4]),
    ("SUBJECT REVERSE DATE", [2, 4, 3, 1, 5]),
    ("SUBJECT DATE", [4, 2, 3, 5, 1]),
    ("DATE", [4, 5, 2, 3, 1]),
    ("REVERSE DATE", [1, 3, 2, 5, 4]),
    ("ARRIVAL", [1, 2, 3, 4, 5]),
    ("FROM", [4, 2, 1, 5, 3]),
    ("DISPLAYFROM", [2, 5, 1, 3, 4]),
    ("TO", [5, 1, 2, 3, 4]),
    ("DISPLAYTO", [1, 2, 3, 4, 5]),
    ("CC", [1, 3, 5, 4, 2]),
    ("REVERSE SIZE", [1, 3, 4, 5, 2]),
])
def test_the_order_is_that_of_the_criteria(client, criteria, order):
    if "SIZE" in criteria:
        sizes = {int(n): int(found["RFC822.SIZE"])
                 for n, found in client.fetch("FETCH 1:* RFC822.SIZE").items()}
        order = sorted(sizes, key=lambda n: (-sizes[n], n))
    assert sort(client, f"SORT ({criteria}) UTF-8 ALL") == order


def test_only_what_matches_is_sorted(client):
    assert sort(client, "SORT (REVERSE DATE) UTF-8 SUBJECT apple") == [2, 4]
    assert sort(client, "UID SORT (DATE) US-ASCII 1,2,5") == [5, 2, 1]
    assert sort(client, 'SORT (DATE) UTF-8 SUBJECT "nothing"') == []
    assert client.command("SORT (DATE) X-NONE ALL").code.startswith("BADCHARSET")


@pytest.mark.parametrize("text", [
    "SORT DATE UTF-8 ALL", "SORT () UTF-8 ALL", "SORT (NONE) UTF-8 ALL", "SORT (DATE) UTF-8",
    "SORT (REVERSE) UTF-8 ALL", "SORT RETURN (NONE) (DATE) UTF-8 ALL", "THREAD NONE UTF-8 ALL",
    "THREAD REFERENCES ALL", "THREAD REFERENCES UTF-8",
])
def test_bad_arguments(client, text):
    assert client.command(text).status == "BAD"


def test_a_sorted_result_can_be_narrowed(client):
    found = client.esearch("SORT RETURN (MIN MAX COUNT) (REVERSE DATE) UTF-8 ALL")
    assert (found["MIN"], found["MAX"], found["COUNT"]) == ("1", "4", "5")
    assert client.esearch("UID SORT RETURN () (DATE) UTF-8 ALL")["ALL"] == "4:5,2:3,1"
    assert client.esearch("SORT RETURN (PARTIAL 2:3) (DATE) UTF-8 ALL")["PARTIAL"] == [
        "2:3", "5,2"]
    answer = client.ok("SORT RETURN (SAVE) (DATE) UTF-8 SUBJECT apple")
    assert not [row for row in answer.untagged if row[0] == "ESEARCH"]
    assert sorted(client.fetch("FETCH $ UID")) == [2, 4]
    client.ok("SORT RETURN (SAVE MIN) (REVERSE DATE) UTF-8 ALL")
    assert sorted(client.fetch("FETCH $ UID")) == [1]


def test_a_message_without_a_date_is_sorted_by_its_arrival(client):
    client.ok('APPEND Sorted "01-Jan-2024 13:00:00 +0100" ', mail("undated", date="X-No: date"))
    client.ok("NOOP")
    try:
        assert sort(client, "SORT (DATE) UTF-8 ALL") == [4, 6, 5, 2, 3, 1]
    finally:
        client.ok("STORE 6 +FLAGS.SILENT (\\Deleted)")
        client.ok("EXPUNGE")


def test_new_messages_are_sorted_in(client):
    sort(client, "SORT (SUBJECT) UTF-8 ALL")
    uid = client.append("Sorted", mail("aardvark"))
    client.ok("NOOP")
    assert sort(client, "SORT (SUBJECT) UTF-8 ALL") == [6, 2, 4, 3, 1, 5]
    client.ok(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)")
    client.ok("EXPUNGE")
    assert sort(client, "SORT (SUBJECT) UTF-8 ALL") == [2, 4, 3, 1, 5]


# ---- threads

THREADS = [
    mail("hello", date=1, extra="Message-ID: <1@x>"),
    mail("Re: hello", date=2, extra="Message-ID: <2@x>\r\nIn-Reply-To: <1@x> (your message)"),
    mail("Re: hello", date=4, extra='Message-ID: <3@x>\r\nReferences: <"1"@x>\r\n <2@x>'),
    mail("Re: hello", date=3, extra="Message-ID: <4@x>\r\nReferences: <1@x> <2@x>"),
    mail("other", date=5, extra="Message-ID: <5@x>"),
    mail("Re: hello", date=6),
]


@pytest.fixture
def threads(server):
    with RawImap(server, "carol") as session:
        session.ok("CREATE Threads")
        for content in THREADS:
            session.append("Threads", content)
        session.ok("SELECT Threads")
        yield session
        session.ok("UNSELECT")
        session.ok("DELETE Threads")


def test_threads_by_references_and_subject(threads):
    assert thread(threads, "THREAD REFERENCES UTF-8 ALL") == [[1, [2, [4], [3]], [6]], [5]]
    assert thread(threads, "THREAD REFS UTF-8 ALL") == [[1, 2, [4], [3]], [5], [6]]
    assert thread(threads, "THREAD ORDEREDSUBJECT UTF-8 ALL") == [[1, [2], [4], [3], [6]], [5]]
    assert thread(threads, "UID THREAD REFERENCES UTF-8 SUBJECT other") == [[5]]
    assert thread(threads, "THREAD REFERENCES UTF-8 SUBJECT none") == []


def test_the_parent_may_be_elsewhere(threads):
    assert thread(threads, "THREAD REFS UTF-8 3:4") == [[[4], [3]]]


# ---- RFC 8474

def ids(found):
    return found["EMAILID"][0], found["THREADID"][0]


def test_object_ids(server, threads):
    found = threads.fetch("FETCH 1:* (EMAILID THREADID)")
    assert len({ids(found[n])[0] for n in found}) == 6
    assert all(re.fullmatch("[A-Za-z0-9_-]{1,255}", text) for n in found for text in ids(found[n]))
    assert len({ids(found[n])[1] for n in (1, 2, 3, 4)}) == 1
    assert ids(found[5])[1] != ids(found[1])[1]
    email, one = ids(found[3])
    assert threads.search(f"SEARCH EMAILID {email}") == [3]
    assert threads.search(f"SEARCH THREADID {one}") == [1, 2, 3, 4]
    assert threads.search("SEARCH EMAILID none") == []
    assert threads.command("SEARCH EMAILID (x)").status == "BAD"
    # a copy has the same
    threads.ok("CREATE Copies")
    threads.ok("COPY 3 Copies")
    with RawImap(server, "carol") as other:
        other.ok("SELECT Copies")
        assert ids(other.fetch("FETCH 1 (EMAILID THREADID)")[1]) == (email, one)
    threads.ok("DELETE Copies")


def test_the_mailbox_id_stays(server):
    with RawImap(server, "carol") as client:
        created = re.fullmatch(r"MAILBOXID \((\S+)\)", client.ok("CREATE Ided").code)[1]
        assert f"MAILBOXID ({created})" in [row[1] for row in client.ok("SELECT Ided").untagged
                                            if row[0] == "OK"]
        client.ok("UNSELECT")
        client.ok("RENAME Ided Renamed")
        status = client.ok("STATUS Renamed (MAILBOXID MESSAGES)").untagged[0]
        assert status == ["STATUS", b"Renamed", ["MESSAGES", "0", "MAILBOXID", [created]]]
        listed = client.ok('LIST "" Renamed RETURN (STATUS (MAILBOXID))').untagged
        assert ["STATUS", b"Renamed", ["MAILBOXID", [created]]] in listed
        client.ok("DELETE Renamed")
        again = re.fullmatch(r"MAILBOXID \((\S+)\)", client.ok("CREATE Renamed").code)[1]
        assert again != created
        client.ok("DELETE Renamed")


# ---- RFC 8970

def test_previews(server):
    with RawImap(server, "carol") as client:
        client.ok("CREATE Previews")
        client.append("Previews", mail("x", body="Dear Joe,\r\n\r\nhow are you?\r\n-- \r\nAnn"))
        client.append("Previews", mail(
            "x", extra="MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8",
            body="<style>b{}</style><p>Gr\u00fc\u00dfe &amp; <b>more</b></p>"))
        client.append("Previews", mail("x", extra="Content-Type: image/png", body="AAAA"))
        client.ok("SELECT Previews")
        found = client.fetch("FETCH 1:* (PREVIEW UID)")
        texts = [found[n]["PREVIEW"] for n in (1, 2, 3)]
        assert [text.decode() for text in texts] == [
            "Dear Joe, how are you?", "Gr\u00fc\u00dfe & more", ""]
        assert client.fetch("FETCH 1 (PREVIEW (LAZY) UID)")[1]["PREVIEW"] == texts[0]
        assert client.fetch("FETCH 1 PREVIEW (LAZY)")[1]["PREVIEW"] == texts[0]
        assert not client.fetch("FETCH 1 PREVIEW (CHANGEDSINCE 1000000000000)")
        assert client.command("FETCH 1 PREVIEW (EAGER)").status == "BAD"
        client.ok("UNSELECT")
        client.ok("DELETE Previews")
