# SPDX-License-Identifier: Apache-2.0
"""A clean stop finishes what was begun and says goodbye; a start repairs what lies open."""

import os
import signal
import stat
import threading
import time

import pytest

import kx
from test_roles import Line, imap_line

BIG = b"x" * 70 + b"\r\n"


def stop_in_background(server):
    """SIGTERM now; returns a function that waits for the exit status."""
    server.process.terminate()

    def wait():
        status = server.process.wait(30)
        server.process = None
        return status

    return wait


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_the_server(fresh_server, number):
    server = fresh_server()
    begin = time.monotonic()
    server.process.send_signal(number)
    assert server.process.wait(20) == 0
    server.process = None
    assert time.monotonic() - begin < 8
    assert not (server.data / "keryx.sock").exists()


def test_clients_are_told(fresh_server):
    server = fresh_server(users=("alice",))
    imap, idle = imap_line(server, "alice", "SELECT INBOX"), imap_line(server, "alice", "SELECT INBOX")
    idle.say("c IDLE", "+")
    smtp, pop3 = Line(server, "smtp"), Line(server, "pop3")
    smtp.read()
    pop3.read()
    wait = stop_in_background(server)
    assert imap.read().startswith(b"* BYE ")
    assert idle.read().startswith(b"* BYE ")
    assert smtp.read().startswith(b"421 ")
    for client in (imap, idle, smtp, pop3):
        client.close()
    assert wait() == 0


def test_a_message_on_its_way_arrives(fresh_server):
    """Content that a client has begun to send is taken and acknowledged, then the goodbye follows."""
    server = fresh_server(users=("alice",))
    smtp = Line(server, "smtp")
    smtp.read()
    smtp.say("EHLO client.example.test", "250 ")
    smtp.say("MAIL FROM:<a@elsewhere.test>", "250 ")
    smtp.say(f"RCPT TO:<{server.address('alice')}>", "250 ")
    smtp.say("DATA", "354 ")
    smtp.socket.sendall(b"Subject: on its way\r\n\r\n" + BIG * 3000)
    imap = imap_line(server, "alice", "SELECT INBOX")
    imap.socket.sendall(b"b APPEND INBOX {200000}\r\n")
    assert imap.read().startswith(b"+")
    imap.socket.sendall(b"Subject: appended\r\n\r\n")
    time.sleep(0.2)
    wait = stop_in_background(server)
    time.sleep(0.5)
    smtp.socket.sendall(BIG * 3000 + b".\r\n")
    assert smtp.read().startswith(b"250 ")
    assert smtp.read().startswith(b"421 ")
    imap.socket.sendall(b"y" * (200000 - 21) + b"\r\n")
    lines = []
    while not lines or not lines[-1].startswith(b"b "):
        lines.append(imap.read())
        assert lines[-1]
    assert lines[-1].startswith(b"b OK")
    smtp.close()
    imap.close()
    assert wait() == 0
    messages = server.eml_files("alice")
    assert len(messages) == 2
    assert sorted(len(text) > 200000 - 100 for text in messages.values()) == [True, True]


def test_who_never_finishes_does_not_hold_the_server(fresh_server):
    server = fresh_server(users=("alice",))
    smtp = Line(server, "smtp")
    smtp.read()
    smtp.say("EHLO client.example.test", "250 ")
    smtp.say("MAIL FROM:<a@elsewhere.test>", "250 ")
    smtp.say(f"RCPT TO:<{server.address('alice')}>", "250 ")
    smtp.say("DATA", "354 ")
    begin = time.monotonic()
    assert stop_in_background(server)() == 0
    assert time.monotonic() - begin < 15
    assert server.eml_files("alice") == {}


def test_acknowledged_during_the_stop_is_kept(fresh_server):
    """Clients send as fast as they can while the server stops: each 250 is a file, each file a 250."""
    server = fresh_server(users=("alice",))
    acknowledged = []

    def send(number):
        try:
            client = Line(server, "smtp")
            client.read()
            client.say("EHLO client.example.test", "250 ")
            for count in range(10000):
                subject = f"m-{number}-{count}-"
                client.say("MAIL FROM:<a@elsewhere.test>", "250 ")
                client.say(f"RCPT TO:<{server.address('alice')}>", "250 ")
                client.say("DATA", "354 ")
                client.say(f"Subject: {subject}\r\n\r\nbody\r\n.", "250 ")
                acknowledged.append(subject)
        except (AssertionError, OSError):
            pass

    server.configure({"smtp.max-messages-per-hour": "0"} if "smtp.max-messages-per-hour" in
                     server.cli("config", "list") else {})
    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    kx.wait_until(lambda: len(acknowledged) > 30, 20, "some messages")
    assert stop_in_background(server)() == 0
    for thread in threads:
        thread.join(20)
    stored = [text.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for text in server.eml_files("alice").values()]
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored)


# --- starting

@pytest.mark.covers("INST-28")
def test_modes_are_repaired_and_reported(fresh_server):
    server = fresh_server(start=False)
    wide = {"": 0o755, "server.db": 0o644, "sslcert": 0o755, "store": 0o750, "sslcert/server.key": 0o644}
    for name, mode in wide.items():
        os.chmod(server.data / name, mode)
    server.start()
    for name in wide:
        mode = stat.S_IMODE(os.stat(server.data / name).st_mode)
        assert mode in (0o600, 0o700), f"{name}: {mode:o}"
        shown = name or "The data directory"
        server.wait_log("warning", rf"{shown} was open to other users \(mode {wide[name]:04o}\)")
    server.restart()
    assert server.log("warning").count("was open to other users") == len(wide)


def test_everything_made_is_private(server, user):
    server.deliver(user, "Subject: x\n\nbody\n")
    server.wait_messages(user, 1)
    for root, folders, files in os.walk(server.data):
        for name in folders + files:
            mode = stat.S_IMODE(os.lstat(os.path.join(root, name)).st_mode)
            assert mode & 0o077 == 0, f"{root}/{name}: {mode:o}"


@pytest.mark.covers("LOG-64")
def test_the_debug_log_tells_starts_stops_and_services(fresh_server):
    server = fresh_server()
    server.wait_log("debug", r"Server started, version ")
    # The keeper is ready when its sockets listen; the core writes down what it has been told a moment later.
    for title, service in (("SMTP", "smtp"), ("Secure IMAP", "imaps"), ("Secure POP3", "pop3s")):
        server.wait_log("debug", rf"Service {title} listens on \*:{server.port(service)}$")
    assert server.stop() == 0
    assert server.log("debug").rstrip().endswith("Server stopped")


def test_start_after_kill_everything(fresh_server):
    server = fresh_server(users=("alice",))
    server.deliver("alice", "Subject: kept\n\nbody\n")
    server.wait_messages("alice", 1)
    server.kill()
    server.start()
    client = server.imap("alice")
    assert client.select()[1] == [b"1"]
    client.logout()
