# SPDX-License-Identifier: Apache-2.0
"""Messages far larger than the memory a process may take, over IMAP and SMTP: octet by octet, in bounded memory.

KERYX_HUGE_MB says how large (256); sizes to just below 4 GiB are worth a try.
"""

import os
import smtplib
import threading

import pytest

import kx
from rawimap import RawImap
from test_imap_hard import memory_mb

SIZE_MB = int(os.environ.get("KERYX_HUGE_MB", "256"))
GROWTH_MB = 64
HEAD = (b"From: a@elsewhere.test\r\nSubject: huge\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nsmall\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n")
LINE = bytes(range(47, 111)) + b"\r\n"  # no dot begins it
BLOCK = LINE * 992
TAIL = b"\r\n--b\r\nContent-Type: text/plain\r\n\r\nlast\r\n--b--\r\n"
BLOCKS = SIZE_MB * 1024 * 1024 // len(BLOCK) + 1
SIZE = len(HEAD) + BLOCKS * len(BLOCK) + len(TAIL)
SECONDS = 60 + SIZE_MB


@pytest.fixture
def client(server, user):
    server.configure({"imap.max-append-size": "4294967295"})
    with RawImap(server, user, timeout=SECONDS) as session:
        session.ok("SELECT INBOX")
        yield session


@pytest.fixture
def bounded(server):
    """No process may grow much, however short, while the test runs; called, it checks so far."""
    pids = server.pids()
    before = largest = memory_mb(pids)
    done = threading.Event()

    def watch():
        nonlocal largest
        while not done.wait(0.005):
            largest = max(largest, memory_mb(pids))

    def check():
        if not os.environ.get("KERYX_SANITIZED"):
            assert largest - before < GROWTH_MB

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield check
    done.set()
    watcher.join()
    check()


def pieces():
    yield HEAD
    for _ in range(BLOCKS):
        yield BLOCK
    yield TAIL


def append(client, folder, plus):
    client.socket.sendall(b"big APPEND %s {%d%s}\r\n" % (folder, SIZE, plus))
    if not plus:
        assert client.read_response()[0] == "+"
    for piece in pieces():
        client.socket.sendall(piece)
    client.socket.sendall(b"\r\n")
    assert client.finish("big").status == "OK"


def assert_whole(client, item, expected, size):
    """Reads one literal of a FETCH as it comes, without keeping it."""
    tag = client.send(f"FETCH * ({item})")
    line = client.file.readline()
    assert line.endswith(b"{%d}\r\n" % size), line
    for piece in expected:
        assert client.file.read(len(piece)) == piece
    assert client.file.readline() == b")\r\n"
    assert client.finish(tag).status == "OK"


def assert_readable(client, bounded):
    (row,) = client.fetch("FETCH * (UID RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[1] BODY.PEEK[3] BODY.PEEK[2.MIME])").values()
    assert int(row["RFC822.SIZE"]) == SIZE
    assert (row["BODY[1]"], row["BODY[3]"]) == (b"small", b"last")
    assert row["BODYSTRUCTURE"][1][6] == str(BLOCKS * len(BLOCK))
    for offset in {0, SIZE // 2, SIZE - 7, SIZE, SIZE + 1}:
        (piece,) = client.fetch(f"FETCH * (BODY.PEEK[]<{offset}.1000>)").values()
        assert len(piece[f"BODY[]<{offset}>"]) == max(0, min(1000, SIZE - offset))
    (piece,) = client.fetch(f"FETCH * (BODY.PEEK[2]<{len(BLOCK) * (BLOCKS - 1)}.{len(BLOCK)}>)").values()
    assert list(piece.values())[0] == BLOCK
    bounded()
    assert_whole(client, "BODY.PEEK[2]", [BLOCK] * BLOCKS, len(BLOCK) * BLOCKS)
    assert_whole(client, "BINARY.PEEK[2]", [BLOCK] * BLOCKS, len(BLOCK) * BLOCKS)
    bounded()


@pytest.mark.timeout(20 * SECONDS)
@pytest.mark.parametrize("plus", [b"+", b""], ids=["literal+", "literal"])
def test_takes_gives_and_copies_over_imap(client, bounded, plus):
    append(client, b"INBOX", plus)
    bounded()
    assert_readable(client, bounded)
    assert client.search(f'SEARCH SUBJECT "huge" LARGER {SIZE - 1}') == [1]
    assert client.search("SEARCH BODY last") == [1]
    assert client.search("SEARCH BODY xylophonically") == []
    bounded()
    client.ok("CREATE Copies")
    client.ok("COPY * Copies")
    client.ok("MOVE * Copies")
    client.ok("SELECT Copies")
    assert_whole(client, "BODY.PEEK[]", pieces(), SIZE)
    bounded()
    client.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
    client.ok("EXPUNGE")


@pytest.mark.timeout(20 * SECONDS)
def test_takes_what_is_put_together(client, bounded):
    """CATENATE of a part of a huge message, and of a huge text."""
    append(client, b"INBOX", b"+")
    client.ok("NOOP")
    client.socket.sendall(b"cat APPEND INBOX CATENATE (TEXT {18+}\r\nSubject: twice\r\n\r\n URL \"/INBOX/;UID=1/;SECTION=2\" TEXT {%d+}\r\n"
                          % (BLOCKS * len(BLOCK)))
    for _ in range(BLOCKS):
        client.socket.sendall(BLOCK)
    client.socket.sendall(b")\r\n")
    assert client.finish("cat").status == "OK"
    bounded()
    assert_whole(client, "BODY.PEEK[TEXT]", [BLOCK] * (2 * BLOCKS), 2 * BLOCKS * len(BLOCK))


@pytest.mark.timeout(20 * SECONDS)
def test_takes_and_gives_over_smtp_and_pop3(server, user, client, bounded):
    server.configure({"smtp.max-size": "4294967295"})
    with server.smtp(timeout=SECONDS) as smtp:
        assert smtp.mail("a@elsewhere.test", [f"SIZE={SIZE}"])[0] == 250
        assert smtp.rcpt(server.address(user))[0] == 250
        assert smtp.docmd("DATA")[0] == 354
        for piece in pieces():
            smtp.sock.sendall(piece)
        smtp.sock.sendall(b".\r\n")
        assert smtp.getreply()[0] == 250
        bounded()
    kx.wait_until(lambda: client.ok("NOOP") and client.search("SEARCH ALL"), SECONDS, "the message")
    (row,) = client.fetch("FETCH * (RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT)] BODY.PEEK[2]<0.66> BODY.PEEK[3])").values()
    assert int(row["RFC822.SIZE"]) > SIZE  # with the fields of the way
    assert (row["BODY[2]<0>"], row["BODY[3]"]) == (LINE, b"last")
    pop3 = server.pop3(user, timeout=SECONDS)
    assert pop3.stat() == (1, int(row["RFC822.SIZE"]))
    assert pop3._shortcmd("RETR 1").startswith(b"+OK")
    got, line = 0, pop3.file.readline()
    while line != b".\r\n":
        got += len(line)
        line = pop3.file.readline()
    assert got == int(row["RFC822.SIZE"])
    pop3.quit()


def test_refuses_what_is_too_large_without_reading_it(server, user, client):
    server.configure({"smtp.max-size": "1000000"})
    with server.smtp() as smtp:
        assert smtp.mail("a@elsewhere.test", [f"SIZE={SIZE}"])[0] == 552
        with pytest.raises(smtplib.SMTPResponseException):
            smtp.sendmail("a@elsewhere.test", [server.address(user)], HEAD + LINE * 20000 + TAIL)
    server.configure({"imap.max-append-size": "1000000"})
    client.socket.sendall(b"big APPEND INBOX {%d}\r\n" % SIZE)
    answer = client.finish("big")
    assert (answer.status, answer.code) == ("NO", "TOOBIG"), answer
