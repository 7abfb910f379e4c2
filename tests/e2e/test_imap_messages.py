# SPDX-License-Identifier: Apache-2.0
"""FETCH, STORE, SEARCH, COPY, MOVE, EXPUNGE and what belongs to them, response by response."""

import base64
import itertools
import time

import pytest

from rawimap import RawImap, numbers

CONTENT = (b"Date: Wed, 15 Nov 2023 01:00:00 +1300\r\n"
           b"From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>\r\n"
           b"To: Ann <ann@example.com>, bob@example.org\r\n"
           b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= to all\r\n"
           b"Message-ID: <first@example.com>\r\n"
           b"X-Odd: one\r\n two\r\n"
           b"\r\n"
           b"The body.\r\nSecond line.\r\n")

BINARY = bytes(range(256)) * 40
NESTED = (b"From: carol@example.com\r\n"
          b"To: dave@example.com\r\n"
          b"Subject: nested\r\n"
          b"Date: Mon, 1 Jan 2024 10:00:00 +0000\r\n"
          b"MIME-Version: 1.0\r\n"
          b"Content-Type: multipart/mixed; boundary=outer\r\n"
          b"\r\n"
          b"preamble\r\n"
          b"--outer\r\n"
          b"Content-Type: text/plain; charset=utf-8\r\n"
          b"Content-Transfer-Encoding: quoted-printable\r\n"
          b"\r\n"
          b"caf=C3=A9 =\r\nand more\r\n"
          b"--outer\r\n"
          b"Content-Type: message/rfc822\r\n"
          b"\r\n"
          b"Subject: inner\r\n"
          b"From: eve@example.com\r\n"
          b"Content-Type: multipart/alternative; boundary=inner\r\n"
          b"\r\n"
          b"--inner\r\n"
          b"\r\n"
          b"inner plain\r\n"
          b"--inner\r\n"
          b"Content-Type: text/html\r\n"
          b"\r\n"
          b"<b>inner</b>\r\n"
          b"--inner--\r\n"
          b"--outer\r\n"
          b"Content-Type: application/octet-stream; name=blob\r\n"
          b"Content-Transfer-Encoding: base64\r\n"
          b"Content-Disposition: attachment; filename=blob\r\n"
          b"\r\n" + base64.encodebytes(BINARY).replace(b"\n", b"\r\n") +
          b"--outer\r\n"
          b"Content-Type: text/plain\r\n"
          b"Content-Transfer-Encoding: x-uuencode\r\n"
          b"\r\n"
          b"who knows\r\n"
          b"--outer--\r\n"
          b"epilogue\r\n")

names = itertools.count(1)


@pytest.fixture
def box(server):
    """A session with an empty folder of its own selected; `box.folder` is its name."""
    client = RawImap(server, "alice")
    client.server = server
    client.folder = f"Test{next(names)}"
    client.ok(f"CREATE {client.folder}")
    client.ok(f"SELECT {client.folder}")
    yield client
    client.close()


def second(box, command="SELECT"):
    """Another session on the same folder."""
    client = RawImap(box.server, "alice")
    client.ok(f"{command} {box.folder}")
    return client


def fill(box, count, content=CONTENT):
    """Appends messages and tells the session; returns their UIDs."""
    uids = [box.append(box.folder, content) for _ in range(count)]
    box.ok("NOOP")
    return uids


def kinds(answer, word):
    """The untagged responses "n WORD" as [n, ...]."""
    return [int(values[0]) for values in answer.untagged if len(values) > 1 and values[1] == word]


def fetches(answer):
    return [(int(values[0]), dict(zip(values[2][::2], values[2][1::2])))
            for values in answer.untagged if len(values) > 1 and values[1] == "FETCH"]


# ---- FETCH

@pytest.mark.covers("SMTP-37")
def test_fetch_of_what_the_index_knows(box):
    uid = box.append(box.folder, CONTENT, '(\\Flagged $Label) "14-Nov-2023 12:34:56 +0000"')
    box.ok("NOOP")
    found = box.fetch("FETCH 1 (UID FLAGS RFC822.SIZE INTERNALDATE ENVELOPE BODYSTRUCTURE MODSEQ SAVEDATE)")[1]
    assert found["UID"] == str(uid)
    assert set(found["FLAGS"]) - {"\\Recent"} == {"\\Flagged", "$Label"}
    assert found["RFC822.SIZE"] == str(len(CONTENT))
    assert found["INTERNALDATE"].startswith(b"14-Nov-2023 ")
    assert found["ENVELOPE"] == [
        b"Wed, 15 Nov 2023 01:00:00 +1300", b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= to all",
        [[b"=?utf-8?q?J=C3=B6rg?=", None, b"joerg", b"example.com"]],
        [[b"=?utf-8?q?J=C3=B6rg?=", None, b"joerg", b"example.com"]],
        [[b"=?utf-8?q?J=C3=B6rg?=", None, b"joerg", b"example.com"]],
        [[b"Ann", None, b"ann", b"example.com"], [None, None, b"bob", b"example.org"]],
        None, None, None, b"<first@example.com>"]
    assert found["BODYSTRUCTURE"][:2] == [b"text", b"plain"]
    assert int(found["MODSEQ"][0]) > 0
    assert b":" in found["SAVEDATE"]


def test_fetch_macros(box):
    fill(box, 1)
    assert set(box.fetch("FETCH 1 FAST")[1]) == {"FLAGS", "INTERNALDATE", "RFC822.SIZE"}
    assert set(box.fetch("FETCH 1 ALL")[1]) == {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"}
    assert set(box.fetch("FETCH 1 FULL")[1]) == {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"}


def test_internal_date_is_the_moment_given(box):
    for date in ("14-Nov-2023 12:34:56 +0000", " 1-Jul-2021 00:00:00 -0730", "29-Feb-2000 23:59:59 +1400"):
        box.append(box.folder, CONTENT, f'"{date}"')
        box.ok("NOOP")
        shown = box.fetch("FETCH * INTERNALDATE")
        (found,) = shown.values()
        parse = "%d-%b-%Y %H:%M:%S %z"
        given = time.strptime(date.strip(), parse)
        got = time.strptime(found["INTERNALDATE"].decode().strip(), parse)
        assert time.mktime(given) - given.tm_gmtoff == time.mktime(got) - got.tm_gmtoff


def test_fetch_sections_of_a_plain_message(box):
    fill(box, 1)
    header, body = CONTENT.split(b"\r\n\r\n", 1)
    header += b"\r\n\r\n"
    found = box.fetch("FETCH 1 (BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1] BODY.PEEK[1.MIME] "
                      "BODY.PEEK[2] RFC822.HEADER BODY.PEEK[HEADER.FIELDS (subject X-ODD)] "
                      "BODY.PEEK[HEADER.FIELDS.NOT (From To Date Subject Message-Id)] BODY.PEEK[1.HEADER])")[1]
    assert found["BODY[]"] == CONTENT
    assert found["BODY[HEADER]"] == header
    assert found["RFC822.HEADER"] == header
    assert found["BODY[TEXT]"] == body
    assert found["BODY[1]"] == body
    assert found["BODY[2]"] is None
    assert found["BODY[1.HEADER]"] is None
    assert found["BODY[HEADER.FIELDS (subject X-ODD)]"] == (
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= to all\r\nX-Odd: one\r\n two\r\n\r\n")
    assert found["BODY[HEADER.FIELDS.NOT (From To Date Subject Message-Id)]"] == b"X-Odd: one\r\n two\r\n\r\n"
    assert "\\Seen" not in box.fetch("FETCH 1 FLAGS")[1]["FLAGS"]


def test_fetch_sections_of_nested_parts(box):
    fill(box, 1, NESTED)
    found = box.fetch("FETCH 1 (BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[2.HEADER] BODY.PEEK[2.TEXT] BODY.PEEK[2.1] "
                      "BODY.PEEK[2.2] BODY.PEEK[2.2.MIME] BODY.PEEK[3.MIME] BODY.PEEK[5] BODY.PEEK[1.1] "
                      "BODY.PEEK[2.HEADER.FIELDS (Subject)] BODY.PEEK[2])")[1]
    assert found["BODY[1]"] == b"caf=C3=A9 =\r\nand more"
    assert found["BODY[1.MIME]"] == (b"Content-Type: text/plain; charset=utf-8\r\n"
                                     b"Content-Transfer-Encoding: quoted-printable\r\n\r\n")
    assert found["BODY[2.HEADER]"].startswith(b"Subject: inner\r\n")
    assert found["BODY[2.HEADER]"].endswith(b"boundary=inner\r\n\r\n")
    assert found["BODY[2.TEXT]"].startswith(b"--inner\r\n")
    assert found["BODY[2]"] == found["BODY[2.HEADER]"] + found["BODY[2.TEXT]"]
    assert found["BODY[2.1]"] == b"inner plain"
    assert found["BODY[2.2]"] == b"<b>inner</b>"
    assert found["BODY[2.2.MIME]"] == b"Content-Type: text/html\r\n\r\n"
    assert b"filename=blob" in found["BODY[3.MIME]"]
    assert found["BODY[5]"] is None
    assert found["BODY[1.1]"] is None
    assert found["BODY[2.HEADER.FIELDS (Subject)]"] == b"Subject: inner\r\n\r\n"


def test_fetch_binary(box):
    fill(box, 1, NESTED)
    found = box.fetch("FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1] BINARY.PEEK[3] BINARY.SIZE[3] BINARY.PEEK[9] "
                      "BINARY.PEEK[3]<250.20> BINARY.PEEK[] BINARY.SIZE[])")[1]
    assert found["BINARY[1]"] == "café and more".encode()
    assert found["BINARY.SIZE[1]"] == str(len("café and more".encode()))
    assert found["BINARY[3]"] == BINARY
    assert found["BINARY.SIZE[3]"] == str(len(BINARY))
    assert found["BINARY[3]<250>"] == BINARY[250:270]
    assert found["BINARY[9]"] is None
    assert found["BINARY[]"] == NESTED
    assert found["BINARY.SIZE[]"] == str(len(NESTED))
    answer = box.command("FETCH 1 BINARY.PEEK[4]")
    assert (answer.status, answer.code) == ("NO", "UNKNOWN-CTE")
    assert not fetches(answer)
    answer = box.command("FETCH 1 (UID BINARY.SIZE[4])")
    assert (answer.status, answer.code) == ("NO", "UNKNOWN-CTE")


def test_fetch_binary_in_pieces(box):
    fill(box, 1, NESTED)
    whole = b""
    while True:
        piece = box.fetch(f"FETCH 1 BINARY.PEEK[3]<{len(whole)}.777>")[1][f"BINARY[3]<{len(whole)}>"]
        if not piece:
            break
        whole += piece
    assert whole == BINARY
    assert box.fetch("FETCH 1 BINARY.PEEK[3]<5.10>")[1]["BINARY[3]<5>"] == BINARY[5:15]


@pytest.mark.parametrize("offset, count", [(0, 1), (0, 10), (5, 100000), (len(CONTENT) - 1, 5), (len(CONTENT), 5),
                                           (10 ** 12, 10 ** 12)])
def test_partial(box, offset, count):
    fill(box, 1)
    found = box.fetch(f"FETCH 1 BODY.PEEK[]<{offset}.{count}>")[1]
    assert found == {f"BODY[]<{offset}>": CONTENT[offset:offset + count]}


def test_nul_is_shown_as_0x80(box):
    fill(box, 1)
    path = box.server.folder("alice", box.folder) / "#msgs" / "00000001.eml"
    text = CONTENT.replace(b"body", b"bo\0y")
    path.chmod(0o600)
    path.write_bytes(text)
    with second(box) as other:
        assert other.fetch("FETCH 1 BODY.PEEK[]")[1]["BODY[]"] == text.replace(b"\0", b"\x80")


def test_big_message_streams_whole(box):
    line = b"0123456789" * 7 + b"\r\n"
    content = b"Subject: big\r\n\r\n" + line * 500_000
    box.socket.settimeout(120)
    fill(box, 1, content)
    assert box.fetch("FETCH 1 BODY.PEEK[]")[1]["BODY[]"] == content
    assert box.fetch("FETCH 1 BODY.PEEK[TEXT]<30000000.100000>")[1]["BODY[TEXT]<30000000>"] == (
        line * 500_000)[30_000_000:30_100_000]
    assert max(box.server.memory_kb().values()) < 400_000


@pytest.mark.parametrize("item", ["BODY[]", "BODY[TEXT]", "BODY[HEADER]", "RFC822", "RFC822.TEXT", "BINARY[1]"])
def test_reading_sets_seen_and_says_so(box, item):
    fill(box, 3)
    answer = box.ok(f"FETCH 1:2 ({item})")
    assert [(seq, "\\Seen" in found["FLAGS"]) for seq, found in fetches(answer)] == [(1, True), (2, True)]
    again = box.ok(f"FETCH 1:2 ({item})")
    assert all("FLAGS" not in found for _, found in fetches(again))
    flags = box.fetch("FETCH 1:3 FLAGS")
    assert ["\\Seen" in flags[seq]["FLAGS"] for seq in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize("item", ["BODY.PEEK[]", "RFC822.HEADER", "BINARY.PEEK[1]", "BINARY.SIZE[1]", "ENVELOPE",
                                  "BODY", "BODYSTRUCTURE", "RFC822.SIZE"])
def test_looking_does_not_set_seen(box, item):
    fill(box, 1)
    box.ok(f"FETCH 1 ({item})")
    assert "\\Seen" not in box.fetch("FETCH 1 FLAGS")[1]["FLAGS"]


def test_examine_changes_nothing(box):
    fill(box, 1)
    with second(box, "EXAMINE") as other:
        assert "FLAGS" not in other.fetch("FETCH 1 BODY[]")[1]
        for command in ("STORE 1 +FLAGS (\\Seen)", "EXPUNGE", "MOVE 1 INBOX", "UID EXPUNGE 1"):
            assert other.command(command).status == "NO"
        other.ok("COPY 1 INBOX")
    assert "\\Seen" not in box.fetch("FETCH 1 FLAGS")[1]["FLAGS"]


def test_seen_set_by_reading_reaches_others(box):
    fill(box, 1)
    with second(box) as other:
        box.ok("FETCH 1 BODY[]")
        (told,) = fetches(other.ok("NOOP"))
        assert "\\Seen" in told[1]["FLAGS"]


def test_uid_fetch(box):
    uids = fill(box, 5)
    box.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    box.ok("EXPUNGE")
    assert [found["UID"] for _, found in sorted(box.fetch("UID FETCH 1:* FLAGS").items())] == [
        str(uid) for uid in uids if uid != uids[1]]
    assert box.fetch(f"UID FETCH {uids[1]} FLAGS") == {}
    assert list(box.fetch(f"UID FETCH {uids[4] + 100}:* FLAGS")) == [4]
    assert box.fetch(f"UID FETCH {uids[4] + 100}:4294967295 FLAGS") == {}
    assert list(box.fetch("UID FETCH * FLAGS")) == [4]
    assert list(box.fetch(f"UID FETCH {uids[4]}:{uids[2]},{uids[3]} UID")) == [2, 3, 4]
    assert box.ok(f"UID FETCH {uids[0]} (FLAGS UID)").untagged[0][2].count("UID") == 1


@pytest.mark.parametrize("command", [
    "FETCH 0 FLAGS", "FETCH 4 FLAGS", "FETCH 1:4 FLAGS", "FETCH 1 XYZZY", "FETCH 1", "FETCH", "FETCH 1 ()",
    "FETCH 1 (ALL)", "FETCH 1 FLAGS UID", "FETCH 1,,2 FLAGS", "FETCH a FLAGS", "UID FETCH 0 FLAGS",
    "FETCH 1 BODY[MIME]", "FETCH 1 BODY[0]", "FETCH 1 BODY[]<1.0>", "STORE 1 FLAGS", "STORE 1 XFLAGS (a)",
    "STORE 1 FLAGS (\\Recent)", "STORE 4 FLAGS ()", "COPY 4 INBOX", "COPY 1", "MOVE 9 INBOX", "SEARCH", "SEARCH XYZZY",
    "SEARCH (", "SEARCH 0", "EXPUNGE 1", "UID EXPUNGE", "UID EXPUNGE x", "UID CHECK",
    "SEARCH RETURN (MIN MAX ALL)", "SEARCH RETURN (XYZZY) ALL", "FETCH 1 FLAGS (VANISHED)"])
def test_bad_arguments_are_bad_and_do_nothing(box, command):
    fill(box, 3)
    answer = box.command(command)
    assert answer.status == "BAD", answer
    assert not answer.untagged


def test_sets_in_an_empty_folder(box):
    assert box.command("FETCH * FLAGS").status == "BAD"
    assert box.command("FETCH 1:* FLAGS").status == "BAD"
    assert box.fetch("UID FETCH 1:* FLAGS") == {}
    assert box.fetch("UID FETCH * FLAGS") == {}
    assert box.search("SEARCH 1:*") == []
    assert box.search("UID SEARCH UID 1:*") == []
    box.ok("UID STORE 1:* +FLAGS (\\Seen)")
    assert box.ok("UID COPY 1:* INBOX").code is None


# ---- STORE

@pytest.mark.covers("SMTP-37")
def test_store(box):
    fill(box, 2)

    def flags(answer):
        return [set(found["FLAGS"]) - {"\\Recent"} for _, found in fetches(answer)]

    assert flags(box.ok("STORE 1 FLAGS (\\Seen \\Draft one)")) == [{"\\Seen", "\\Draft", "one"}]
    assert flags(box.ok("STORE 1 +FLAGS \\Flagged two")) == [{"\\Seen", "\\Draft", "\\Flagged", "one", "two"}]
    assert flags(box.ok("STORE 1:2 -FLAGS (\\Seen one)")) == [{"\\Draft", "\\Flagged", "two"}, set()]
    assert flags(box.ok("STORE 1 FLAGS ()")) == [set()]
    assert not fetches(box.ok("STORE 1:2 +FLAGS.SILENT (\\Answered)"))
    assert set(box.fetch("FETCH 2 FLAGS")[2]["FLAGS"]) - {"\\Recent"} == {"\\Answered"}
    found = box.fetch("UID STORE 1 FLAGS (ONE)")
    assert found[1]["UID"] == "1"
    assert {word.lower() for word in found[1]["FLAGS"]} - {"\\recent"} == {"one"}


def test_new_keywords_are_announced(box):
    fill(box, 1)
    with second(box) as other:
        answer = box.ok("STORE 1 +FLAGS (brandnew)")
        assert answer.untagged[0][0] == "FLAGS" and "brandnew" in answer.untagged[0][1]
        assert not any(values[0] == "FLAGS" for values in box.ok("STORE 1 -FLAGS (brandnew)").untagged)
        words = [values[0] if values[0] == "FLAGS" else values[1] for values in other.ok("NOOP").untagged]
        assert words.index("FLAGS") < words.index("FETCH")


def test_store_reaches_other_sessions(box):
    fill(box, 2)
    with second(box) as other:
        box.ok("STORE 2 +FLAGS.SILENT (\\Flagged kw)")
        ((seq, found),) = fetches(other.ok("NOOP"))
        assert seq == 2
        assert {"\\Flagged", "kw"} <= set(found["FLAGS"])
        assert not fetches(other.ok("NOOP"))
        assert not fetches(box.ok("NOOP"))


def test_silent_store_tells_what_the_client_cannot_know(box):
    """Another session's change must not hide behind the client's own silent one."""
    fill(box, 2)
    with second(box) as other:
        other.ok("STORE 1 +FLAGS.SILENT (\\Flagged)")
        ((seq, found),) = fetches(box.ok("STORE 1:2 +FLAGS.SILENT (\\Seen)"))
        assert seq == 1
        assert set(found["FLAGS"]) - {"\\Recent"} == {"\\Flagged", "\\Seen"}


# ---- CONDSTORE

def modseqs(client, items="1:*"):
    return {seq: int(found["MODSEQ"][0]) for seq, found in client.fetch(f"FETCH {items} (MODSEQ)").items()}


def test_condstore_is_switched_on_by_use(box):
    fill(box, 2)
    answer = box.ok("FETCH 1 (MODSEQ)")
    assert any(values[0] == "OK" and values[1].startswith("HIGHESTMODSEQ ") for values in answer.untagged)
    assert not any(values[0] == "OK" for values in box.ok("FETCH 1 (MODSEQ)").untagged)
    with second(box) as other:
        other.ok("STORE 1 +FLAGS (\\Seen)")
        ((_, found),) = fetches(box.ok("NOOP"))
        assert "MODSEQ" in found and "FLAGS" in found


def test_changed_since(box):
    fill(box, 3)
    before = modseqs(box)
    highest = max(before.values())
    box.ok("STORE 2 +FLAGS (\\Seen)")
    changed = box.fetch(f"FETCH 1:* (FLAGS) (CHANGEDSINCE {highest})")
    assert list(changed) == [2]
    assert int(changed[2]["MODSEQ"][0]) > highest
    assert box.fetch(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {10 ** 15})") == {}
    assert set(box.fetch("FETCH 1:* (FLAGS) (CHANGEDSINCE 0)")) == {1, 2, 3}


def test_unchanged_since(box):
    fill(box, 4)
    highest = max(modseqs(box).values())
    with second(box) as other:
        other.ok("STORE 2,3 +FLAGS (\\Flagged)")
    answer = box.ok(f"STORE 1:4 (UNCHANGEDSINCE {highest}) +FLAGS.SILENT (\\Deleted)")
    assert answer.code == "MODIFIED 2:3"
    new = {seq: found for seq, found in fetches(answer)}
    assert set(new) >= {1, 4}
    assert all(int(new[seq]["MODSEQ"][0]) > highest for seq in (1, 4))
    flags = box.fetch("FETCH 1:4 FLAGS")
    assert ["\\Deleted" in flags[seq]["FLAGS"] for seq in (1, 2, 3, 4)] == [True, False, False, True]
    answer = box.ok(f"UID STORE 2 (UNCHANGEDSINCE {highest}) FLAGS ()")
    assert answer.code == "MODIFIED 2"
    highest = max(modseqs(box).values())
    assert box.ok(f"UID STORE 2 (UNCHANGEDSINCE {highest}) FLAGS ()").code is None
    assert box.ok("STORE 1 (UNCHANGEDSINCE 0) +FLAGS (\\Seen)").code == "MODIFIED 1"


def test_silent_store_tells_modseqs(box):
    fill(box, 3)
    box.ok("ENABLE CONDSTORE")
    answer = box.ok("UID STORE 1:2 +FLAGS.SILENT (\\Seen)")
    told = fetches(answer)
    assert [(seq, sorted(found)) for seq, found in told] == [(1, ["MODSEQ", "UID"]), (2, ["MODSEQ", "UID"])]
    assert {seq: int(found["MODSEQ"][0]) for seq, found in told} == {
        seq: modseq for seq, modseq in modseqs(box).items() if seq < 3}
    assert not fetches(box.ok("STORE 1:2 +FLAGS.SILENT (\\Seen)")), "nothing changed"


def test_search_modseq(box):
    fill(box, 3)
    highest = max(modseqs(box).values())
    box.ok("STORE 2 +FLAGS (\\Seen)")
    newest = modseqs(box)[2]
    (row,) = [values for values in box.ok(f"SEARCH MODSEQ {highest + 1}").untagged if values[0] == "SEARCH"]
    assert row == ["SEARCH", "2", ["MODSEQ", str(newest)]]
    (row,) = [values for values in box.ok(f"SEARCH MODSEQ {newest + 1}").untagged if values[0] == "SEARCH"]
    assert row == ["SEARCH"]
    assert box.esearch(f'SEARCH RETURN (ALL) MODSEQ "/flags/\\\\seen" all {newest}') == {
        "UID": False, "ALL": "2", "MODSEQ": str(newest)}
    assert box.esearch("SEARCH RETURN (MIN) MODSEQ 1")["MODSEQ"] == str(modseqs(box)[1])


# ---- SEARCH

@pytest.fixture(scope="module")
def library(server):
    """A folder of varied messages, read by many; sequence numbers are the keys below."""
    client = RawImap(server, "bob")
    client.ok("CREATE Library")
    client.append("Library", CONTENT, '(\\Seen $Kw) "14-Nov-2023 12:00:00 +0000"')
    client.append("Library", NESTED, '(\\Flagged \\Answered) "20-Dec-2023 12:00:00 +0000"')
    client.append("Library", b"Subject: empty\r\nDate: 1 Feb 2020 00:00:00 -0500\r\n\r\n", "(\\Deleted \\Draft)")
    client.append("Library", b"From: x@example.net\r\nSubject: =?iso-8859-1?b?4A==?= la carte\r\n"
                  b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                  b"voil\xe0 tout\r\n")
    client.ok("EXAMINE Library")
    yield client
    client.close()


@pytest.mark.parametrize("key, want", [
    ("ALL", [1, 2, 3, 4]), ("SEEN", [1]), ("UNSEEN", [2, 3, 4]), ("FLAGGED", [2]), ("ANSWERED UNSEEN", [2]),
    ("DELETED", [3]), ("DRAFT", [3]), ("UNDELETED", [1, 2, 4]), ("KEYWORD $kw", [1]), ("UNKEYWORD $Kw", [2, 3, 4]),
    ("NOT SEEN", [2, 3, 4]), ("OR SEEN FLAGGED", [1, 2]), ("NOT (OR SEEN FLAGGED)", [3, 4]),
    ("OR (SEEN) (NOT UNFLAGGED)", [1, 2]), ("1:2", [1, 2]), ("2:* 1:3", [2, 3]), ("NOT 2", [1, 3, 4]),
    ("UID 1:2,4", [1, 2, 4]), ("UID *", [4]), ("9:10", []), ("OR 1 UID 3", [1, 3]),
    ("FROM joerg", [1]), ("FROM \"Jörg\"", [1]), ("FROM \"JÖRG\"", [1]), ("FROM example", [1, 2, 4]),
    ("TO ann@example.com", [1]), ("CC x", []), ("BCC x", []),
    ("SUBJECT \"grüße\"", [1]), ("SUBJECT nested", [2]), ("SUBJECT \"à la\"", [4]), ("NOT SUBJECT nested", [1, 3, 4]),
    ("HEADER Message-ID first@", [1]), ("HEADER x-odd \"one two\"", [1]), ("HEADER X-Odd \"\"", [1]),
    ("HEADER Subject \"\"", [1, 2, 3, 4]), ("HEADER No-Such \"\"", []),
    ("BODY \"second LINE\"", [1]), ("BODY \"café\"", [2]), ("BODY \"inner plain\"", [2]), ("BODY \"voilà\"", [4]),
    ("BODY \"grüße\"", []), ("TEXT \"grüße\"", [1]), ("TEXT nested", [2]), ("BODY \"<b>\"", [2]), ("TEXT zzzz", []),
    ("SENTON 15-Nov-2023", [1]), ("SENTBEFORE 1-Jan-2021", [3]), ("SENTSINCE 1-Jan-2024", [2]),
    ("ON 14-Nov-2023", [1]), ("BEFORE 1-Dec-2023", [1]), ("SINCE 1-Dec-2023 BEFORE 1-Jan-2024", [2]),
    ("SINCE 1-Jan-2024", [3, 4]), ("SAVEDSINCE 1-Jan-2024", [1, 2, 3, 4]), ("SAVEDBEFORE 1-Jan-2024", []),
    ("SAVEDATESUPPORTED", [1, 2, 3, 4]), ("LARGER 5000", [2]), ("SMALLER 100", [3]), ("YOUNGER 3600", [3, 4]),
    ("OLDER 3600", [1, 2]), ("CHARSET UTF-8 SUBJECT \"grüße\"", [1]), ("CHARSET US-ASCII SEEN", [1]),
    ("LARGER 0 TEXT inner FLAGGED", [2]), ("OR BODY \"café\" SUBJECT empty", [2, 3])])
def test_search(library, key, want):
    assert library.search(f"SEARCH {key}") == want
    assert library.search(f"UID SEARCH {key}") == want


def test_the_day_a_message_was_sent_is_the_senders(box):
    for date in ("Mon, 1 Jan 2024 23:30:00 -1200", "Tue, 2 Jan 2024 00:30:00 +1400", "Wed, 10 Jun 2020 12:00:00 +0000",
                 "no date at all", "Sat, 10 Jun 2028 12:00:00 +0000"):
        box.append(box.folder, f"Date: {date}\r\nSubject: x\r\n\r\nx\r\n".encode())
    box.ok("NOOP")
    for key, want in (("SENTON 1-Jan-2024", [1]), ("SENTON 2-Jan-2024", [2]), ("SENTBEFORE 2-Jan-2024", [1, 3]),
                      ("SENTBEFORE 1-Jan-2024", [3]), ("SENTSINCE 2-Jan-2024", [2, 5]), ("SENTON 10-Jun-2020", [3]),
                      ("NOT SENTSINCE 1-Jan-2024", [3, 4]), ("OR SENTSINCE 1-Jan-2028 SENTON 1-Jan-2024", [1, 5])):
        assert box.search(f"SEARCH {key}") == want, key


def test_search_literals_and_character_sets(library):
    assert library.ok("SEARCH CHARSET iso-8859-1 SUBJECT ", "grüße".encode("latin-1")).untagged[0] == ["SEARCH", "1"]
    assert library.ok("SEARCH CHARSET UTF-8 BODY ", "voilà".encode()).untagged[0] == ["SEARCH", "4"]
    answer = library.command("SEARCH CHARSET x-unknown TEXT a")
    assert (answer.status, answer.code) == ("NO", "BADCHARSET (US-ASCII UTF-8)")


def test_esearch(library):
    assert library.esearch("SEARCH RETURN (MIN MAX COUNT ALL) ALL") == {
        "UID": False, "MIN": "1", "MAX": "4", "COUNT": "4", "ALL": "1:4"}
    assert library.esearch("UID SEARCH RETURN () OR SEEN DRAFT") == {"UID": True, "ALL": "1,3"}
    assert library.esearch("SEARCH RETURN (COUNT) KEYWORD none") == {"UID": False, "COUNT": "0"}
    assert library.esearch("SEARCH RETURN (MIN MAX ALL) KEYWORD none") == {"UID": False}


def test_rev2_always_answers_esearch(library, server):
    with RawImap(server, "bob") as client:
        client.ok("ENABLE IMAP4rev2")
        client.ok("EXAMINE Library")
        assert client.esearch("UID SEARCH UNSEEN") == {"UID": True, "ALL": "2:4"}
        assert client.esearch("SEARCH KEYWORD none") == {"UID": False}


def test_saved_result(library):
    answer = library.ok("SEARCH RETURN (SAVE) UNSEEN")
    assert not answer.untagged
    assert list(library.fetch("FETCH $ FLAGS")) == [2, 3, 4]
    assert list(library.fetch("UID FETCH $ FLAGS")) == [2, 3, 4]
    assert library.search("SEARCH $ FLAGGED") == [2]
    assert library.search("UID SEARCH NOT $") == [1]
    assert library.esearch("SEARCH RETURN (SAVE MIN) $ UNFLAGGED")["MIN"] == "3"
    assert list(library.fetch("FETCH $ UID")) == [3]
    library.command("SEARCH RETURN (SAVE) CHARSET x-unknown ALL")
    assert library.fetch("FETCH $ UID") == {}
    library.ok("SEARCH RETURN (SAVE) ALL")
    assert library.command("SEARCH RETURN (SAVE) XYZZY").status == "BAD"
    assert len(library.fetch("FETCH $ UID")) == 4
    library.ok("EXAMINE Library")
    assert library.fetch("FETCH $ UID") == {}


def test_saved_result_forgets_what_is_expunged(box):
    fill(box, 4)
    box.ok("SEARCH RETURN (SAVE) 2:3")
    box.ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)")
    box.ok("EXPUNGE")
    assert [found["UID"] for found in box.fetch("FETCH $ UID").values()] == ["3"]


def test_search_finds_only_what_the_client_knows(box):
    fill(box, 2)
    with second(box) as other:
        other.append(box.folder, CONTENT)
        assert box.search("SEARCH ALL") == [1, 2]
        assert box.search("SEARCH ALL") == [1, 2, 3]


# ---- COPY, MOVE, EXPUNGE

@pytest.mark.covers("SMTP-37")
def test_copy(box):
    uids = fill(box, 3)
    box.ok("STORE 2 FLAGS (\\Seen kw)")
    date = box.fetch("FETCH 2 INTERNALDATE")[2]["INTERNALDATE"]
    box.ok(f"CREATE {box.folder}-to")
    code = box.ok(f"COPY 2:3 {box.folder}-to").code.split()
    assert code[0] == "COPYUID"
    assert numbers(code[2]) == uids[1:]
    with RawImap(box.server, "alice") as other:
        other.ok(f"SELECT {box.folder}-to")
        found = other.fetch("FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])")
        assert [int(found[seq]["UID"]) for seq in (1, 2)] == numbers(code[3])
        assert set(found[1]["FLAGS"]) - {"\\Recent"} == {"\\Seen", "kw"}
        assert found[1]["INTERNALDATE"] == date
        assert found[2]["BODY[]"] == CONTENT
    assert kinds(box.ok("NOOP"), "EXPUNGE") == []


def test_copy_to_the_same_folder(box):
    uids = fill(box, 2)
    code = box.ok(f"COPY 1:2 {box.folder}").code.split()
    assert numbers(code[2]) == uids
    assert all(uid > uids[-1] for uid in numbers(code[3]))
    assert len(box.fetch("FETCH 1:* UID")) == 4


@pytest.mark.parametrize("command", ["COPY 1 Nowhere", "MOVE 1 Nowhere", "UID COPY 1 Nowhere"])
def test_missing_target(box, command):
    fill(box, 1)
    answer = box.command(command)
    assert (answer.status, answer.code) == ("NO", "TRYCREATE")
    assert list(box.fetch("FETCH 1:* UID")) == [1]


def test_move(box):
    uids = fill(box, 4)
    box.ok(f"CREATE {box.folder}-to")
    answer = box.ok(f"MOVE 1,3 {box.folder}-to")
    assert answer.untagged[0][0] == "OK"
    code = answer.untagged[0][1].split()
    assert code[0] == "COPYUID" and numbers(code[2]) == [uids[0], uids[2]]
    assert sorted(kinds(answer, "EXPUNGE")) in ([1, 2], [1, 3])
    assert [found["UID"] for found in box.fetch("FETCH 1:* UID").values()] == [str(uids[1]), str(uids[3])]
    answer = box.ok(f"UID MOVE {uids[3]} {box.folder}-to")
    assert kinds(answer, "EXPUNGE") == [2]
    box.ok(f"SELECT {box.folder}-to")
    assert len(box.fetch("FETCH 1:* UID")) == 3


def test_expunge(box):
    fill(box, 5)
    box.ok("STORE 1,3,5 +FLAGS.SILENT (\\Deleted)")
    left = [1, 2, 3, 4, 5]
    for number in kinds(box.ok("EXPUNGE"), "EXPUNGE"):
        del left[number - 1]
    assert left == [2, 4]
    assert [found["UID"] for found in box.fetch("FETCH 1:* UID").values()] == ["2", "4"]
    assert not kinds(box.ok("EXPUNGE"), "EXPUNGE")


def test_uid_expunge(box):
    fill(box, 4)
    box.ok("STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    assert kinds(box.ok("UID EXPUNGE 2,4,100"), "EXPUNGE") == [2]
    assert [found["UID"] for found in box.fetch("FETCH 1:* UID").values()] == ["1", "3", "4"]


def test_no_expunge_while_sequence_numbers_are_in_use(box):
    fill(box, 4)
    with second(box) as other:
        other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
        other.ok("EXPUNGE")
        for command in ("FETCH 3 (UID)", "STORE 3 +FLAGS (\\Seen)", "SEARCH ALL"):
            answer = box.ok(command)
            assert not kinds(answer, "EXPUNGE")
            if command == "FETCH 3 (UID)":
                assert fetches(answer)[0] == (3, {"UID": "3"})
        assert box.ok("SEARCH ALL").code == "EXPUNGEISSUED"
        answer = box.ok("FETCH 1:4 (UID)")
        assert answer.code == "EXPUNGEISSUED"
        assert [seq for seq, _ in fetches(answer)] == [1, 3, 4]
        assert box.ok("STORE 1:2 +FLAGS (\\Seen)").code == "EXPUNGEISSUED"
        answer = box.command("COPY 1:2 INBOX")
        assert (answer.status, answer.code) == ("NO", "EXPUNGEISSUED")
        assert kinds(answer, "EXPUNGE") == [2]


def test_expunge_of_others_is_told_once(box):
    fill(box, 4)
    with second(box) as other:
        other.ok("STORE 2,3 +FLAGS.SILENT (\\Deleted)")
        other.ok("EXPUNGE")
        left = [1, 2, 3, 4]
        for number in kinds(box.ok("NOOP"), "EXPUNGE"):
            del left[number - 1]
        assert left == [1, 4]
        assert not box.ok("NOOP").untagged


def test_message_file_removed_by_hand(box):
    fill(box, 3)
    path = box.server.folder("alice", box.folder) / "#msgs" / "00000002.eml"
    path.unlink()
    answer = box.command("FETCH 1:3 (UID BODY.PEEK[])")
    assert (answer.status, answer.code) == ("NO", "SERVERBUG")
    assert [seq for seq, _ in fetches(answer)] == [1, 3]
    for key in ("BODY body", "NOT BODY nothing"):
        answer = box.command(f"SEARCH {key}")
        assert (answer.status, answer.code) == ("NO", "SERVERBUG")
        assert answer.untagged[0] == ["SEARCH", "1", "3"]
    box.server.wait_log("error", r"IMAP: 1 messages of ~alice@example.test/Test\d+ cannot be read, the first is UID 2")


# ---- many

def test_many_messages(box):
    """Responses for thousands of messages come in one piece each and in order."""
    fill(box, 1)
    count = 1
    while count < 4096:
        box.ok(f"COPY 1:* {box.folder}")
        count *= 2
    box.ok("NOOP")
    found = box.ok("UID FETCH 1:* (FLAGS ENVELOPE RFC822.SIZE)")
    assert [seq for seq, _ in fetches(found)] == list(range(1, count + 1))
    assert {entry["RFC822.SIZE"] for _, entry in fetches(found)} == {str(len(CONTENT))}
    answer = box.ok("STORE 1:* +FLAGS (\\Seen)")
    assert len(fetches(answer)) == count
    assert box.esearch("SEARCH RETURN (COUNT ALL) SEEN") == {"UID": False, "COUNT": str(count), "ALL": f"1:{count}"}
    wanted = ",".join(str(number) for number in range(1, count, 2))
    assert len(box.fetch(f"FETCH {wanted} UID")) == count // 2
    box.ok(f"STORE {wanted} +FLAGS.SILENT (\\Deleted)")
    assert len(kinds(box.ok("EXPUNGE"), "EXPUNGE")) == count // 2
    assert box.search("SEARCH DELETED") == []
