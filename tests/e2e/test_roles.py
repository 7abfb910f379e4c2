# SPDX-License-Identifier: Apache-2.0
"""Roles die, one by one and all at once: who notices, and how it goes on."""

import os
import signal
import socket
import subprocess
import time

import pytest

import kx

IDLE_CLIENTS = 200


class Line:
    """A connection that reads answers line by line."""

    def __init__(self, server, service):
        self.socket = server.connect(service)
        self.file = self.socket.makefile("rb")

    def read(self):
        return self.file.readline()

    def say(self, line, until=None):
        """Sends the line and reads to the line that starts with `until`; returns all of them."""
        self.socket.sendall(line.encode() + b"\r\n")
        lines = []
        while until:
            lines.append(self.read())
            assert lines[-1], f"the server closed the connection after {line!r}"
            if lines[-1].startswith(until.encode()):
                break
        return lines

    def close(self):
        self.file.close()
        self.socket.close()


def imap_line(server, user, *commands):
    line = Line(server, "imaps")
    line.read()
    line.say(f'a LOGIN {server.address(user)} "{kx.password_of(user)}"', "a OK")
    for command in commands:
        line.say(f"b {command}", "b OK")
    return line


def closed(line):
    """Waits for the end of the connection."""
    line.socket.settimeout(20)
    try:
        while line.read():
            pass
    except (ConnectionError, OSError):
        pass
    return True


# --- core

@pytest.mark.covers("INST-61")
def test_two_hundred_idle_clients_outlive_the_core(server):
    for number in range(3):
        server.deliver("alice", f"Subject: {number}\n\nbody\n")
    server.wait_messages("alice", 3)
    quarter = IDLE_CLIENTS // 4
    greeted = [Line(server, "imaps") for _ in range(quarter)]
    for client in greeted:
        client.read()
    selected = [imap_line(server, "alice", "SELECT INBOX") for _ in range(quarter)]
    idling = [imap_line(server, "alice", "SELECT INBOX") for _ in range(quarter)]
    for client in idling:
        client.say("c IDLE", "+")
    pop3 = Line(server, "pop3s")
    pop3.read()
    pop3.say(f"USER {server.address('bob')}", "+OK")
    pop3.say(f"PASS {kx.password_of('bob')}", "+OK")
    mail = []
    for _ in range(quarter):
        client = Line(server, "smtp")
        client.read()
        client.say("EHLO client.example.test", "250 ")
        client.say("MAIL FROM:<a@elsewhere.test>", "250 ")
        client.say(f"RCPT TO:<{server.address('carol')}>", "250 ")
        mail.append(client)

    gone = server.kill_role("core")
    server.wait_roles(gone=gone)

    for client in greeted:
        client.say(f'a LOGIN {server.address("alice")} "{kx.password_of("alice")}"', "a OK")
    for client in selected:
        lines = client.say("d FETCH 2 (UID)", "d OK")
        assert lines[0] == b"* 2 FETCH (UID 2)\r\n"
    assert pop3.say("STAT", "+OK") == [b"+OK 0 0\r\n"]
    for client in mail:
        client.say("DATA", "354")
        client.say("Subject: over the death of the core\r\n\r\nbody\r\n.", "250 ")
    server.wait_messages("carol", quarter)
    server.deliver("alice", "Subject: news\n\nbody\n")
    for client in idling:  # pushes go on, and numbers too
        client.socket.settimeout(20)
        while client.read() != b"* 4 EXISTS\r\n":
            pass
        client.say("DONE", "c OK")
        assert client.say("e FETCH 4 (UID)", "e OK")[0] == b"* 4 FETCH (UID 4)\r\n"
    for client in greeted + selected + idling + mail + [pop3]:
        client.close()


def test_views_continue_exactly(server, user):
    """What one client was told before the core died is what its numbers mean afterwards."""
    for number in range(6):
        server.deliver(user, f"Subject: {number}\n\nbody\n")
    server.wait_messages(user, 6)
    reader, other = imap_line(server, user, "SELECT INBOX"), imap_line(server, user, "SELECT INBOX")
    other.say("c STORE 2 +FLAGS (\\Deleted)", "c OK")
    other.say("d EXPUNGE", "d OK")
    gone = server.kill_role("core")
    server.wait_roles(gone=gone)
    lines = reader.say("e FETCH 1:6 (UID)", "e ")  # the removal may not be said in FETCH
    numbers = [line for line in lines if b"FETCH" in line]
    assert b"* 3 FETCH (UID 3)\r\n" in numbers and b"* 6 FETCH (UID 6)\r\n" in numbers
    assert b"* 2 EXPUNGE\r\n" in reader.say("f NOOP", "f OK")
    assert reader.say("g FETCH 2 (UID)", "g OK")[0] == b"* 2 FETCH (UID 3)\r\n"
    reader.close()
    other.close()


def test_requests_wait_for_the_next_core(server, user):
    """A command that comes while there is no core is answered by the next."""
    client = imap_line(server, user, "SELECT INBOX")
    for _ in range(5):
        pid = server.role_pids("core")[0]
        os.kill(pid, signal.SIGKILL)
        client.say("x NOOP", "x ")  # at once: the answer may come from either
        server.wait_roles(gone=[pid])
        client.say("y NOOP", "y OK")
    client.close()


def test_restarts_are_counted_and_logged(fresh_server):
    server = fresh_server()
    for role in ("courier", "core", "edge"):
        gone = server.kill_role(role)
        server.wait_roles(gone=gone)
        assert [row["restarts"] for row in server.roles(role)] == [1] * len(gone)
        for pid in gone:
            server.wait_log("error", rf"{role} \d+ \(process {pid}\) was killed by signal 9 and is started again")


# --- edge and courier

def test_an_edge_takes_its_own_clients_only(server):
    edges = server.roles("edge")
    if len(edges) < 2:
        pytest.skip("one processor has one edge")
    clients = [imap_line(server, "alice") for _ in range(60)]
    victim = edges[0]["pid"]
    os.kill(victim, signal.SIGKILL)
    server.wait_roles(gone=[victim])
    alive = 0
    for client in clients:
        try:
            client.say("n NOOP", "n OK")
            alive += 1
        except (AssertionError, OSError):
            pass
        client.close()
    assert 0 < alive < 60
    for _ in range(10):
        imap_line(server, "alice").close()


def test_the_courier_is_nobodys_business(server, user):
    client = imap_line(server, user, "SELECT INBOX")
    gone = server.kill_role("courier")
    client.say("n NOOP", "n OK")
    server.wait_roles(gone=gone)
    client.close()


@pytest.mark.timeout(120)
def test_a_role_that_keeps_dying_is_started_more_slowly(fresh_server):
    server = fresh_server()
    pauses = []
    for _ in range(6):
        pid = server.role_pids("courier")[0]
        os.kill(pid, signal.SIGKILL)
        begin = time.monotonic()
        kx.wait_until(lambda pid=pid: [row["pid"] for row in server.roles("courier") if row["state"] == "running"]
                      not in ([], [pid]), 15, "the courier runs again")
        pauses.append(time.monotonic() - begin)
    assert pauses[-1] > 1.0, pauses  # 50, 100, 200, 400, 800, 1600 ms
    assert pauses[-1] > pauses[0]


# --- everything

def test_without_its_keeper_nothing_stays(fresh_server):
    server = fresh_server(users=("alice",))
    client = imap_line(server, "alice")
    pids = server.pids()
    server.process.kill()
    server.process.wait(10)
    server.process = None

    def all_gone():
        return not any(os.path.exists(f"/proc/{pid}") and
                       " Z " not in open(f"/proc/{pid}/stat", encoding="ascii").read() for pid in pids)

    server.start()  # at once, beside what may still be dying
    kx.wait_until(all_gone, 10, "the roles are gone")
    assert closed(client)
    server.deliver("alice", "Subject: again\n\nbody\n")
    server.wait_messages("alice", 1)


def test_one_server_for_a_data_directory(server):
    done = server.run("serve")
    assert done.returncode == 1
    assert "running" in done.stderr and done.stderr.count("\n") == 1
    assert server.status()["running"] is True


def test_a_server_that_cannot_start_says_so_and_ends(fresh_server):
    server = fresh_server(start=False)
    (server.data / "server.db").write_bytes(b"this is no database, but long enough to look at" * 100)
    begin = time.monotonic()
    done = server.run("serve", timeout=60)
    assert done.returncode == 1
    assert "cannot start" in done.stderr
    assert time.monotonic() - begin < 30


def test_no_data_directory(keryx_binary, tmp_path):
    done = subprocess.run([keryx_binary, "serve", "--data", tmp_path / "none"], capture_output=True, text=True,
                          check=False, timeout=20)
    assert done.returncode == 1 and "keryx setup" in done.stderr


def test_many_descriptors_do_not_stop_accepting(server):
    """Clients that come and go without a word leave nothing behind."""
    before = server.status()
    for _ in range(300):
        socket.create_connection(("127.0.0.1", server.port("imaps"))).close()

    def settled():
        return [row["connections"] for row in server.status()["services"]] == \
               [row["connections"] for row in before["services"]]

    kx.wait_until(settled, 20, "all connections are gone again")
