# SPDX-License-Identifier: Apache-2.0
"""Hard input over IMAP: deep, wide, long and huge messages, and folder names of every kind.

rawimap.py checks the grammar of every response; here it matters that there is one, that content comes back octet by
octet, and that memory stays bounded.
"""

import contextlib
import os
import re
import unicodedata
from pathlib import Path

import pytest

import mutations
from rawimap import RawImap, pairs

PARTS = ("FLAGS UID RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1] BODY.PEEK[1.MIME] "
         "BODY.PEEK[1.1.1.1.1.1.1.1.1.1.1.1] BINARY.PEEK[1] BINARY.SIZE[1] BODY.PEEK[HEADER.FIELDS (Subject)] "
         "BODY.PEEK[4294967295.MIME] BODY.PEEK[]<0.1> BODY.PEEK[]<4294967295.1>")


@pytest.fixture
def client(server, user):
    with RawImap(server, user) as session:
        session.ok("SELECT INBOX")
        yield session


def whole(client, command):
    """The rows of a FETCH; NO is right where a part's encoding is unknown, and costs only its BINARY items."""
    answer = client.command(command)
    assert answer.status == "OK" or answer.code == "UNKNOWN-CTE", answer
    return [pairs(values[2]) for values in answer.untagged if values[1] == "FETCH"]


def memory_mb(pids):
    """The most that one process has of its own; pages of mapped files are the kernel's to take back."""
    sizes = []
    for pid in pids:
        with contextlib.suppress(OSError):
            found = re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
            sizes.append(int(found.group(1)) // 1024 if found else 0)
    return max(sizes)


@pytest.mark.parametrize("enabled", ["", "IMAP4rev2"])
def test_tells_of_every_hard_message_by_the_grammar(client, enabled):
    if enabled:
        client.ok(f"ENABLE {enabled}")
        client.ok("SELECT INBOX")
    for name, content in mutations.corpus().items():
        if b"\0" in content or not content:
            assert client.command("APPEND INBOX () ", content).status != "OK"
            continue
        uid = client.append("INBOX", content)
        client.ok("NOOP")
        row = whole(client, f"UID FETCH {uid} ({PARTS} BODY.PEEK[])")[0]
        assert int(row["RFC822.SIZE"]) == len(row["BODY[]"]), name
        assert row["BODY[HEADER]"] + row["BODY[TEXT]"] == row["BODY[]"], name
        if name not in mutations.RAW:
            assert row["BODY[]"] == content, name
    client.ok('SEARCH OR TEXT "body" OR FROM "joe" SUBJECT "a"')


@pytest.mark.parametrize("seed", [11, 12])
def test_tells_of_random_mutations_by_the_grammar(client, seed):
    sent = {}
    for content in mutations.mutations(250, seed):
        if b"\0" not in content and content:
            sent[client.append("INBOX", content)] = content
    client.ok("NOOP")
    rows = whole(client, f"FETCH 1:* ({PARTS} BODY.PEEK[] BODY.PEEK[1.2.HEADER.FIELDS.NOT (To)] BODY.PEEK[2.TEXT])")
    assert len(rows) == len(sent)
    for row in rows:
        content = sent[int(row["UID"])]
        if b"\n" not in content.replace(b"\r\n", b""):
            assert row["BODY[]"] == content
        assert row["BODY[HEADER]"] + row["BODY[TEXT]"] == row["BODY[]"]


@pytest.mark.parametrize("content", [
    pytest.param(mutations.deep(10000), id="10,000 multiparts in each other"),
    pytest.param(mutations.deep(10000, "message"), id="10,000 messages in each other"),
    pytest.param(mutations.wide(100000), id="100,000 parts"),
    pytest.param(b"Subject: " + b"a" * 8_000_000 + b"\r\n\r\nx\r\n", id="a field of 8 MB"),
    pytest.param(b"".join(b"X-%d: y\r\n" % n for n in range(300_000)) + b"\r\nx\r\n", id="300,000 fields"),
    pytest.param(b"To: " + b", ".join(b"a%d@example.com" % n for n in range(200_000)) + b"\r\n\r\nx\r\n", id="200,000 addresses"),
    pytest.param(b"To: " + b"(" * 500_000 + b")" * 500_000 + b"\r\n\r\nx\r\n", id="comments in comments"),
    pytest.param(b"To: " + b"a:" * 200_000 + b"\r\n\r\nx\r\n", id="groups in groups"),
    pytest.param(b"Content-Type: text/plain" + b"; a*1=b" * 100_000 + b"\r\n\r\nx\r\n", id="100,000 parameters"),
    pytest.param(b"Subject: " + b"=?utf-8?q?=C3=BC?= " * 200_000 + b"\r\n\r\nx\r\n", id="200,000 encoded words"),
    pytest.param(b"Subject: s\r\n\r\n" + b"x" * 16_000_000, id="a line of 16 MB"),
    pytest.param(b"Subject: s\r\n\r\n" + b"\r\n" * 4_000_000, id="4,000,000 empty lines"),
])
def test_reads_extreme_messages(server, client, content):
    uid = client.append("INBOX", content)
    (row,) = client.fetch(f"UID FETCH {uid} ({PARTS})").values()
    assert int(row["RFC822.SIZE"]) == len(content)
    (row,) = client.fetch(f"UID FETCH {uid} (BODY.PEEK[])").values()
    assert row["BODY[]"] == content
    client.ok('SEARCH SUBJECT "nothing" TEXT "nothing"')
    if not os.environ.get("KERYX_SANITIZED"):
        assert memory_mb(server.pids()) < 400


def utf7(name):
    """Modified UTF-7, written for this test from RFC 3501 section 5.1.3."""
    import base64
    out, run = "", ""
    for char in name + "\0":
        if " " <= char <= "~" or char == "\0":
            if run:
                out += "&" + base64.b64encode(run.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
                run = ""
            out += {"&": "&-", "\0": ""}.get(char, char)
        else:
            run += char
    return out


NAMES = [
    "Grüße", "Входящие", "收件箱", "受信トレイ", "받은편지함", "دریافتی", "קבצים", "อีเมล", "ðŸ", "😀 smile 😀", "a&b&&c", "&", "quote \" in",
    "back\\slash", "(parens)", "{5}", "{5+}", "[brackets]", "a]b", "NIL", "nil", "inbox copy", "INBOXES", "a~home", "a#news.comp", "a#",
    " leading", "trailing ", "two  spaces", "a.b", ".dot", "-", "+", "=", "'", "`", "$", ";", ",", "\u00a0", "\u200b", "\u202e", "ﬁ", "İ",
    "x" * 200, "ü" * 100, "😀" * 50, "CON", "a:b", "<>", "|", "!", "^",
]


def quoted(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize("mode", ["rev1", "rev2"])
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_keeps_folder_names(server, client, name, mode):
    if mode == "rev2":
        client.ok("ENABLE IMAP4rev2")
    spelled = name if mode == "rev2" else utf7(name)
    answer = client.command(f"CREATE {quoted(spelled)}")
    if name[0] in "~#":  # these are namespaces
        assert (answer.status, answer.code) == ("NO", "CANNOT"), answer
        return
    assert answer.status == "OK", answer
    listed = [values for values in client.ok(f"LIST \"\" {quoted(spelled)}").untagged if values[0] == "LIST"]
    wanted = unicodedata.normalize("NFC", name)
    assert [value[3] if isinstance(value[3], bytes) else value[3].encode() for value in listed] == \
        [(wanted if mode == "rev2" else utf7(wanted)).encode()]
    client.append(quoted(spelled), b"Subject: s\r\n\r\nx\r\n")
    client.ok(f"STATUS {quoted(spelled)} (MESSAGES)")
    client.ok(f"SELECT {quoted(spelled)}")
    client.ok(f"RENAME {quoted(spelled)} Plain")
    client.ok(f"RENAME Plain {quoted(spelled)}")
    client.ok(f"SUBSCRIBE {quoted(spelled)}")
    client.ok("LIST (SUBSCRIBED) \"\" \"*\" RETURN (STATUS (MESSAGES))")
    client.ok("UNSELECT")
    client.ok(f"DELETE {quoted(spelled)}")


def test_composed_and_decomposed_names_are_one_folder(client):
    client.ok("ENABLE IMAP4rev2")
    client.ok('CREATE "Caf\u00e9"')
    assert client.command('CREATE "Cafe\u0301"').code == "ALREADYEXISTS"
    client.ok('SELECT "Cafe\u0301"')


def test_nests_folders_a_hundred_deep(server, client):
    """As deep as the store allows: where it ends it says so, and what was made works."""
    path, depth = "d0", 0
    client.ok("CREATE d0")
    while depth < 100:
        answer = client.command(f"CREATE {path}/d")
        if answer.status != "OK":
            assert answer.status == "NO" and answer.code in ("CANNOT", "LIMIT"), answer
            break
        path, depth = f"{path}/d", depth + 1
    assert depth >= 15
    client.append(path, b"Subject: deep\r\n\r\nx\r\n")
    rows = [values for values in client.ok('LIST "" "d0*"').untagged if values[0] == "LIST"]
    assert len(rows) == depth + 1
    client.ok("RENAME d0 e0")
    client.ok(f"SELECT e0{path[2:]}")
    assert client.search("SEARCH ALL") == [1]


@pytest.mark.parametrize("name", ["&AGE-", "&2D0-", "&AGEA", "a&", "&APw-&APw-", "&", "&*-", "caf\u00e9"])
def test_refuses_names_that_are_no_modified_utf7(client, name):
    answer = client.command(f'CREATE "{name}"')
    assert answer.status in ("BAD", "NO"), answer
