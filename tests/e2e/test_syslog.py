# SPDX-License-Identifier: Apache-2.0
"""Logs outside: syslog over UDP, TCP and TLS in both forms, and the journal."""

import contextlib
import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

import kx

JOURNAL = Path("/run/systemd/journal/socket")
RFC5424 = re.compile(rb"<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d) (\S+) keryx (\d+) (\w+) "
                     rb"\[origin software=\"keryx\" swVersion=\"[\d.]+\"\] (.*)", re.S)
RFC3164 = re.compile(rb"<(\d+)>([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (\S+) keryx/(\w+)\[(\d+)\]: (.*)", re.S)
FACILITIES = {"mail": 2, "local3": 19}
SEVERITIES = {"err": 3, "warning": 4, "notice": 5, "info": 6}


class Receiver:
    """A syslog server that keeps what it gets."""

    def __init__(self, transport, port=0, context=None):
        self.transport, self.context = transport, context
        self.messages, self.connections, self.clients = [], 0, []
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        if transport != "udp":
            self.socket.listen()
        self.thread = threading.Thread(target=self.datagrams if transport == "udp" else self.accept, daemon=True)
        self.thread.start()

    def datagrams(self):
        with contextlib.suppress(OSError):
            while True:
                self.messages.append(self.socket.recv(65536))

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                self.connections += 1
                threading.Thread(target=self.stream, args=(client,), daemon=True).start()

    def stream(self, client):
        """RFC 6587 section 3.4.1: octet counting."""
        with contextlib.suppress(OSError):
            if self.context:
                client = self.context.wrap_socket(client, server_side=True)
            self.clients.append(client)
            stream = client.makefile("rb")
            while True:
                digits = b""
                while not digits.endswith(b" "):
                    byte = stream.read(1)
                    if not byte:
                        return
                    digits += byte
                self.messages.append(stream.read(int(digits)))

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()
        self.thread.join(5)

    def wait(self, pattern, seconds=15):
        def found():
            return next((message for message in self.messages if re.search(pattern, message)), None)

        return kx.wait_until(found, seconds, f"a message with {pattern!r} (got {self.messages[-5:]})")


@pytest.fixture
def receiver():
    """A factory of receivers."""
    made = []

    def make(*arguments, **options):
        made.append(Receiver(*arguments, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def send_to(server, log, receiver, **more):
    settings = {"syslog-server": "127.0.0.1", "syslog-port": receiver.port, "syslog-transport": receiver.transport,
                **{name.replace("_", "-"): value for name, value in more.items()}, "syslog": "yes"}
    for name, value in settings.items():
        server.cli("config", "set", f"log.{log}.{name}", value)


def cause_config_line(server, text):
    server.cli("ipgroup", "set", text, "--entries", "192.0.2.1")


@pytest.fixture(autouse=True)
def silence(server):
    """After each test no log goes out."""
    yield
    for row in ("config", "mail", "security", "warning", "debug"):
        server.cli("config", "set", f"log.{row}.syslog", "no")


@pytest.mark.covers("LOG-18", "LOG-19")
@pytest.mark.parametrize("form", ["rfc5424", "rfc3164"])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_forms_and_transports(server, receiver, form, transport):
    sink = receiver(transport)
    send_to(server, "config", sink, syslog_format=form, syslog_facility="local3", syslog_severity="notice")
    marker = f"group-{form}-{transport}"
    cause_config_line(server, marker)
    message = sink.wait(marker.encode())
    match = (RFC5424 if form == "rfc5424" else RFC3164).fullmatch(message)
    assert match, message
    assert int(match.group(1)) == FACILITIES["local3"] * 8 + SEVERITIES["notice"]
    host = match.group(3).decode()
    assert host == (server.hostname if form == "rfc5424" else server.hostname.split(".")[0])
    log, pid = (match.group(5), match.group(4)) if form == "rfc5424" else (match.group(4), match.group(5))
    assert log == b"config" and int(pid) == server.role_pids("core")[0]
    line = next(line for line in server.log("config").splitlines() if marker in line)
    assert line.endswith(match.group(6).decode())  # both outputs, the same text


@pytest.mark.covers("LOG-18")
def test_logs_are_sent_separately(server, receiver):
    """Each log has its own server, facility and severity."""
    config, security = receiver("udp"), receiver("tcp")
    send_to(server, "config", config)
    send_to(server, "security", security, syslog_facility="mail", syslog_severity="warning")
    cause_config_line(server, "separate")
    config.wait(b"separate")
    client = server.connect("imaps")
    client.recv(1000)
    client.sendall(b"a LOGIN nobody@example.test wrong\r\n")
    message = security.wait(rb" security \[")
    assert message.startswith(b"<%d>1 " % (FACILITIES["mail"] * 8 + SEVERITIES["warning"]))
    assert not any(b" security " in text for text in config.messages)
    assert not any(b" config " in text for text in security.messages)
    client.close()


@pytest.mark.covers("LOG-19")
def test_syslog_without_a_file(server, receiver):
    sink = receiver("udp")
    send_to(server, "config", sink, file="no")
    try:
        cause_config_line(server, "only-outside")
        sink.wait(b"only-outside")
        assert "only-outside" not in server.log("config")
    finally:
        server.cli("config", "set", "log.config.file", "yes")


def test_reconnects(server, receiver):
    """A syslog server that goes away and comes back gets what is logged then, and the Warning log tells."""
    first = receiver("tcp")
    send_to(server, "config", first)
    cause_config_line(server, "before")
    first.wait(b"before")
    port = first.port
    first.close()
    server.wait_log("warning", rf"syslog server 127\.0\.0\.1:{port} \(tcp\) cannot be reached")
    cause_config_line(server, "meanwhile")
    again = receiver("tcp", port=port)
    again.wait(b"meanwhile", 30)
    cause_config_line(server, "after")
    again.wait(b"after")
    server.wait_log("warning", rf"syslog server 127\.0\.0\.1:{port} \(tcp\) is reached again")


def test_the_death_of_the_courier_costs_lines_at_most(server, receiver):
    sink = receiver("tcp")
    send_to(server, "config", sink)
    cause_config_line(server, "one")
    sink.wait(b"one")
    gone = server.kill_role("courier")
    server.wait_roles(gone=gone)
    cause_config_line(server, "two")
    sink.wait(b"two")
    gone = server.kill_role("core")
    server.wait_roles(gone=gone)

    def arrives():
        cause_config_line(server, "three")
        return any(b"three" in text for text in sink.messages)

    kx.wait_until(arrives, 20, "lines of the new core")


def test_a_stuck_server_does_not_hold_up_mail(server, receiver):
    """A receiver that accepts and reads nothing: lines are dropped, the server goes on."""
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.bind(("127.0.0.1", 0))
    stuck.listen()
    for name, value in {"syslog-server": "127.0.0.1", "syslog-port": stuck.getsockname()[1], "syslog-transport": "tcp",
                        "syslog": "yes"}.items():
        server.cli("config", "set", f"log.mail.{name}", value)
    before = server.memory_kb()[server.role_pids("courier")[0]]
    for number in range(30):
        server.deliver("alice", f"Subject: {number}\n\nbody\n")
    server.wait_messages("alice", 30)
    assert server.memory_kb()[server.role_pids("courier")[0]] < before + 10000
    stuck.close()


@pytest.mark.covers("LOG-18")
def test_tls(fresh_server, receiver, tmp_path, monkeypatch):
    """RFC 5425. The receiver's certificate must be trusted and name the server."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=syslog.test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
                    "-keyout", tmp_path / "key", "-out", tmp_path / "cert"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    server = fresh_server()  # does not trust it
    sink = receiver("tls", context=context)
    send_to(server, "config", sink)
    cause_config_line(server, "untrusted")
    server.wait_log("warning", rf"syslog server 127\.0\.0\.1:{sink.port} \(tls\) cannot be reached: .*verif")
    assert not sink.messages
    with tempfile.NamedTemporaryFile() as trusted:  # where the roles' user can read it
        trusted.write((tmp_path / "cert").read_bytes())
        trusted.flush()
        os.chmod(trusted.name, 0o644)
        monkeypatch.setenv("SSL_CERT_FILE", trusted.name)
        server.restart()
    cause_config_line(server, "from now on")
    assert RFC5424.fullmatch(sink.wait(b"from now on"))


@pytest.mark.covers("LOG-18")
def test_journal(fresh_server):
    """The journal's own protocol, on its socket."""
    if JOURNAL.exists():
        pytest.skip("this host has a journal of its own")
    if os.geteuid() != 0:
        pytest.skip("only root may stand in for the journal")
    JOURNAL.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(JOURNAL))
        os.chmod(JOURNAL, 0o666)
        journal.settimeout(10)
        try:
            server = fresh_server(config={"log.journald": "yes"})
            cause_config_line(server, "for the journal")
            while b"for the journal" not in (message := journal.recv(65536)):
                pass
        finally:
            JOURNAL.unlink()
    fields = dict(line.split(b"=", 1) for line in message.splitlines())
    assert fields[b"PRIORITY"] == b"6"
    assert fields[b"SYSLOG_IDENTIFIER"] == b"keryx"
    assert fields[b"KERYX_LOG"] == b"config"
    assert b"for the journal" in fields[b"MESSAGE"]
