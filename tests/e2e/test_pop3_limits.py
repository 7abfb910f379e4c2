# SPDX-License-Identifier: Apache-2.0
"""POP3 with ten thousand messages and with huge ones: quick, and in bounded memory."""

import os
import time

import pytest

import kx
from test_pop3 import dial, signed_in  # noqa: F401 (dial is a fixture)

COUNT = 10_000
HUGE = 48 * 1024 * 1024
GROWTH_KB = 24 * 1024  # of the edges together, and of the core beyond the file that it maps


def put_messages(server, user, contents):
    """Files as an administrator restores them; the index is made from them at the next access."""
    server.deliver(user, "From: a@b.test\n\nfirst\n")
    server.wait_messages(user, 1)
    server.stop()
    folder = server.folder(user) / "#msgs"
    owner = folder.stat()
    for uid, content in enumerate(contents, 2):
        path = folder / f"{uid:08x}.eml"
        path.write_bytes(content)
        os.chown(path, owner.st_uid, owner.st_gid)
    for name in ("index.db", "index.db-wal", "index.db-shm"):
        (server.folder(user).parent / name).unlink(missing_ok=True)
    server.start()


@pytest.fixture(scope="module")
def large(keryx_binary):
    with kx.running_server(keryx_binary, users=("many", "huge")) as server:
        put_messages(server, "many", (b"From: a@b.test\r\nSubject: %d\r\n\r\nbody\r\n" % n for n in range(2, COUNT + 1)))
        one_line = b"From: a@b.test\r\n\r\n" + b"." * HUGE + b"\r\n"
        lines = b"From: a@b.test\r\n\r\n" + (b".dots\r\n" * 10 + b"x" * 430 + b"\r\n") * (HUGE // 502)
        put_messages(server, "huge", [one_line, lines])
        yield server


def role_kb(server, role):
    sizes = server.memory_kb()
    return sum(sizes.get(pid, 0) for pid in server.role_pids(role))


@pytest.mark.covers("SMTP-36")
def test_ten_thousand_messages(large, dial):  # noqa: F811
    client = signed_in(dial, "many", 60, on=large)
    client.list("LIST")
    before = role_kb(large, "core"), role_kb(large, "edge")
    start = time.monotonic()
    sizes = client.list("LIST")
    identities = client.list("UIDL")
    client.ok("STAT")
    took = time.monotonic() - start
    assert len(sizes) == len(identities) == COUNT and len({line.split()[1] for line in identities}) == COUNT
    assert took < 2, took
    assert role_kb(large, "core") - before[0] < GROWTH_KB and role_kb(large, "edge") - before[1] < GROWTH_KB

    # Every one marked in a pipeline; a new core knows them all.
    start = time.monotonic()
    client.send(b"".join(b"DELE %d\r\n" % n for n in range(1, COUNT)))
    for _ in range(1, COUNT):
        assert client.line().startswith(b"+OK")
    assert time.monotonic() - start < 20
    large.wait_roles(gone=large.kill_role("core"))
    assert client.list("LIST") == [sizes[-1]]
    start = time.monotonic()
    client.quit()
    assert time.monotonic() - start < 20
    assert len(large.eml_files("many")) == 1


@pytest.mark.covers("SMTP-36")
@pytest.mark.parametrize("number", [2, 3])
def test_huge_message_and_a_slow_reader(large, dial, number):  # noqa: F811
    client = signed_in(dial, "huge", 60, on=large)
    client.socket.settimeout(60)
    before = role_kb(large, "edge")
    client.send(b"RETR %d\r\n" % number)
    announced = int(client.line().split()[1])
    time.sleep(2)  # does not read
    assert role_kb(large, "edge") - before < GROWTH_KB
    second = large.imap("huge")  # others are served meanwhile
    second.select()
    second.logout()
    received, tail, dots = 0, b"\n", 0
    while not tail.endswith(b"\r\n.\r\n"):
        piece = client.file.read1(1 << 20)
        assert piece, "the connection ended"
        received += len(piece)
        dots += piece.count(b"\n.") + (tail[-1:] == b"\n" and piece[:1] == b".")
        tail = (tail + piece)[-5:]
    assert received == announced + (dots - 1) + 3  # each line with a dot got one more; the last line is the end
    assert role_kb(large, "edge") - before < GROWTH_KB
    client.quit()


def test_a_reader_that_never_reads_harms_nobody(large, dial):  # noqa: F811
    client = signed_in(dial, "huge", 60, on=large)
    before = role_kb(large, "edge")
    client.send(b"RETR 2\r\nRETR 3\r\n" * 200)
    time.sleep(1)
    assert role_kb(large, "edge") - before < GROWTH_KB
    client.close()
    again = signed_in(dial, "huge", 60, on=large)
    again.ok("STAT")
    again.quit()
