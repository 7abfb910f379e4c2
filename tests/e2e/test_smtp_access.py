# SPDX-License-Identifier: Apache-2.0
"""What holds single clients off: messages of an hour, connections, unknown recipients, senders' domains, the late greeting."""

import contextlib
import select
import smtplib
import socket
import threading

import pytest

import kx
import world
from adminapi import ADMIN, Api

ZONES = {"real.test": "@ MX 10 mx\nmx A 127.0.10.1\n", "plain.test": "@ A 127.0.10.1\n"}
DEFAULTS = {"smtp.max-messages-per-hour": "200", "smtp.max-messages-per-hour-and-user": "500", "smtp.max-connections-per-address": "20",
            "smtp.max-unknown-recipients": "10", "smtp.limits-exempt-group": "", "smtp.sender-domain-must-exist": "no",
            "smtp.greeting-delay": "0", "smtp.greeting-delay-exempt-group": "", "smtp.greeting-delay-log": "no",
            "smtp.unknown-recipients-block": "1h", "smtp.relay-group": ""}


@pytest.fixture(scope="module")
def running(keryx_binary):
    with world.name_server(ZONES) as dns:
        with kx.running_server(keryx_binary, users=("alice", "bob"), config={"dns.servers": dns}) as instance:
            yield instance


@pytest.fixture
def server(running):
    """With nothing held against anybody, and the settings as they come; the test's own are set with `limits`."""
    yield running
    for name, value in running.changed.items() if hasattr(running, "changed") else ():
        running.cli("config", "set", name, DEFAULTS[name])
    running.changed = {}
    running.cli("client", "clear")


def limits(server, **settings):
    server.changed = {"smtp." + name.replace("_", "-"): str(value) for name, value in settings.items()}
    server.configure(server.changed)


@contextlib.contextmanager
def client(server, ip, service="smtp", user=None):
    with contextlib.closing(smtplib.SMTP("127.0.0.1", server.port(service), source_address=(ip, 0), timeout=30)) as smtp:
        smtp.ehlo("client.test")
        if user:
            smtp.starttls(context=kx.tls_context())
            smtp.login(server.address(user), kx.password_of(user))
        yield smtp


def send(smtp, server, sender="someone@real.test", to="alice"):
    """The code of the first answer that is none of 2xx and 3xx, or 250."""
    for code, _ in (smtp.mail(sender), smtp.rcpt(server.address(to))):
        if code >= 300:
            smtp.rset()
            return code
    return smtp.data(b"Subject: one\r\n\r\nmore\r\n")[0]


def greeting(server, ip):
    with socket.create_connection(("127.0.0.1", server.port("smtp")), 30, (ip, 0)) as raw:
        return raw.recv(1000)


# --- messages

@pytest.mark.covers("SMTP-16", "TECH-38")
def test_messages_of_an_hour(server):
    """Counted over all connections of an address, and over all addresses of a user; more are put off."""
    limits(server, max_messages_per_hour=3, max_messages_per_hour_and_user=2)
    with client(server, "127.0.0.21") as one, client(server, "127.0.0.21") as two:
        assert [send(one, server), send(two, server), send(one, server)] == [250] * 3
        assert two.mail("someone@real.test")[0] == 250
        assert two.rcpt(server.address("alice")) == (451, b"4.7.1 Too many messages from your address, try again later")
        assert send(one, server) == 451
    assert server.log("security").count("SMTP client 127.0.0.21 has sent 3 messages") == 1
    with client(server, "127.0.0.22") as other, client(server, "127.0.0.1") as local:
        assert send(other, server) == 250
        assert [send(local, server) for _ in range(4)] == [250] * 4
    with client(server, "127.0.0.21", "submission", "bob") as one, client(server, "127.0.0.23", "submission", "bob") as two:
        assert send(one, server, server.address("bob")) == 250 and send(two, server, server.address("bob")) == 250
        assert send(one, server, server.address("bob")) == send(two, server, server.address("bob")) == 451
    with client(server, "127.0.0.21", "submission", "alice") as other:
        assert send(other, server, server.address("alice")) == 250
    assert {(row["client"], row["messages"]) for row in server.cli("client", "list", as_json=True)} >= {
        ("127.0.0.21", 3), ("127.0.0.22", 1), (server.address("bob"), 2), (server.address("alice"), 1)}
    assert server.cli("client", "clear", "127.0.0.21", as_json=True) == {"cleared": 1}
    with client(server, "127.0.0.21") as one:
        assert send(one, server) == 250


# --- connections

@pytest.mark.covers("SMTP-17", "TECH-38")
def test_connections_of_an_address(server):
    """Of all SMTP services and all processes together, whatever they do; who goes makes room."""
    limits(server, max_connections_per_address=6)
    with contextlib.ExitStack() as stack:
        for service in ("smtp", "submission") * 3:
            last = stack.enter_context(client(server, "127.0.0.31", service))
        assert greeting(server, "127.0.0.31") == b"421 4.7.0 Too many connections from your address\r\n"
        assert greeting(server, "127.0.0.32").startswith(b"220 ") and greeting(server, "127.0.0.1").startswith(b"220 ")
        assert "SMTP connection from 127.0.0.31 refused" in server.log("security")
        rows = {row["client"]: row["connections"] for row in server.cli("client", "list", as_json=True)}
        assert rows["127.0.0.31"] >= 6
        last.quit()

        def enter():
            with contextlib.suppress(smtplib.SMTPConnectError):
                return stack.enter_context(client(server, "127.0.0.31", "submission", "bob"))

        last = kx.wait_until(enter, what="room")  # TLS changes nothing
        assert greeting(server, "127.0.0.31").startswith(b"421 ")
        server.wait_roles(server.kill_role("core"))  # those that are open count again when they say something
        assert last.noop()[0] == 250


# --- unknown recipients

@pytest.mark.covers("SMTP-18", "LOG-45", "TECH-38")
def test_whoever_tries_names_is_blocked(server):
    limits(server, max_unknown_recipients=3, unknown_recipients_block="1h")
    with client(server, "127.0.0.41") as one, client(server, "127.0.0.41") as two:
        assert one.mail("someone@real.test")[0] == 250 and two.mail("someone@real.test")[0] == 250
        assert one.rcpt(server.address("a"))[0] == two.rcpt(server.address("b"))[0] == 550
        assert one.rcpt(server.address("alice"))[0] == 250
        assert one.rcpt(server.address("c"))[0] == 421
        with pytest.raises(smtplib.SMTPServerDisconnected):
            one.noop()
        two.rset()
        assert two.mail("someone@real.test")[0] == 250 and two.rcpt(server.address("alice"))[0] == 421
    assert greeting(server, "127.0.0.41").startswith(b"421 4.7.1 ")
    assert server.log("security").count("Directory harvest attack from 127.0.0.41 detected") == 1
    with client(server, "127.0.0.42") as other:
        assert send(other, server) == 250
    with client(server, "127.0.0.41", "submission", "bob") as user:  # a user is not to suffer, and may mistype
        assert user.mail(server.address("bob"))[0] == 250
        assert [user.rcpt(server.address(f"no{i}"))[0] for i in range(5)] == [550] * 5
    row, = server.cli("client", "list", "--blocked", as_json=True)
    assert row["client"] == "127.0.0.41" and row["unknown-recipients"] == 3 and 3500 < row["blocked-seconds"] <= 3600
    api = Api(server, server.cli("token", "add", "clients", "--user", ADMIN).strip())
    assert row["client"] in str(api.ok("GET", "clients"))
    api.ok("DELETE", "clients/127.0.0.41")
    assert api.ask("DELETE", "clients/127.0.0.41")[0] == 404
    assert greeting(server, "127.0.0.41").startswith(b"220 ")


def test_a_block_ends(server):
    limits(server, max_unknown_recipients=1, unknown_recipients_block="1s")
    with client(server, "127.0.0.43") as one:
        assert one.mail("someone@real.test")[0] == 250
        assert one.rcpt(server.address("nobody"))[0] == 421
    kx.wait_until(lambda: greeting(server, "127.0.0.43").startswith(b"220 "), what="the end of the block")


@pytest.mark.covers("SMTP-19", "DOM-40")
def test_other_servers_of_the_domain_are_exempt(server):
    server.cli("ipgroup", "set", "Backup servers", "--entries", "127.0.0.51 # secondary MX")
    limits(server, max_unknown_recipients=1, max_messages_per_hour=1, max_connections_per_address=1, limits_exempt_group="Backup servers")
    with client(server, "127.0.0.51") as one, client(server, "127.0.0.51") as two:
        assert [send(one, server), send(two, server), send(one, server, to="nobody"), send(two, server)] == [250, 250, 550, 250]
    with client(server, "127.0.0.52") as other:
        assert [send(other, server), send(other, server)] == [250, 451]
        assert greeting(server, "127.0.0.52").startswith(b"421 ")


# --- the sender's domain

@pytest.mark.covers("SMTP-20", "TECH-38")
def test_the_senders_domain_exists(server):
    """MX records or addresses do; who cannot be looked up is put off; who belongs here is not asked about."""
    with client(server, "127.0.0.61") as one:
        assert send(one, server, "x@no.such.real.test") == 250
        limits(server, sender_domain_must_exist="yes")
        assert send(one, server, "x@no.such.real.test") == 550
        assert send(one, server, "x@real.test") == send(one, server, "x@plain.test") == send(one, server, "x@mx.real.test") == 250
        assert send(one, server, "") == send(one, server, "x@[192.0.2.1]") == send(one, server, server.address("bob")) == 250
        assert one.mail("x@no.such.real.test")[0] == 250
        assert one.rcpt(server.address("alice")) == (550, b"5.1.8 The domain of the sender's address does not exist")
        one.rset()
        with broken_name_server() as dns, kept(server, "dns.servers", dns):
            assert send(one, server, "x@other.test") == 451
    server.cli("ipgroup", "set", "Partners", "--entries", "127.0.0.62")
    server.cli("config", "set", "smtp.relay-group", "Partners")
    with client(server, "127.0.0.62") as partner:
        assert send(partner, server, "x@no.such.real.test") == 250
    server.cli("config", "set", "smtp.relay-group", "")


@contextlib.contextmanager
def broken_name_server():
    """Answers SERVFAIL to everything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))

        def answer():
            with contextlib.suppress(OSError):
                while True:
                    question, who = wire.recvfrom(4096)
                    if not question:
                        return
                    wire.sendto(question[:2] + b"\x81\x82" + question[4:], who)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"127.0.0.1@{wire.getsockname()[1]}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", wire.getsockname())
        thread.join(10)


@contextlib.contextmanager
def kept(server, name, value):
    before = server.cli("config", "get", name).strip()
    server.cli("config", "set", name, value)
    try:
        yield
    finally:
        server.cli("config", "set", name, before)


# --- the late greeting

def silent(raw):
    return not select.select([raw], [], [], 0.3)[0]


def connect(server, ip, service="smtp"):
    return socket.create_connection(("127.0.0.1", server.port(service)), 30, (ip, 0))


@pytest.mark.covers("SPAM-58", "SPAM-60", "SPAM-62")
def test_the_greeting_is_late(server):
    """On the SMTP port, but not for the group, and not where TLS comes first or users send."""
    server.cli("ipgroup", "set", "Own", "--entries", "127.0.0.72")
    limits(server, greeting_delay="1s", greeting_delay_exempt_group="Own", greeting_delay_log="yes")
    with connect(server, "127.0.0.71") as raw:
        assert silent(raw)
        assert raw.recv(100).startswith(b"220 ")
        raw.sendall(b"EHLO client.test\r\n")
        assert raw.recv(100).startswith(b"250-")
    limits(server, greeting_delay="240s", greeting_delay_exempt_group="Own", greeting_delay_log="yes")
    assert greeting(server, "127.0.0.72").startswith(b"220 ")
    with connect(server, "127.0.0.71", "submission") as raw:
        assert raw.recv(100).startswith(b"220 ")
    with smtplib.SMTP_SSL("127.0.0.1", server.port("smtps"), source_address=("127.0.0.71", 0), context=kx.tls_context(), timeout=30) as smtp:
        assert smtp.noop()[0] == 250


@pytest.mark.covers("SPAM-59", "SPAM-61")
def test_who_talks_before_the_greeting_is_disconnected(server):
    limits(server, greeting_delay="240s", greeting_delay_log="no")
    with connect(server, "127.0.0.73") as raw:
        assert silent(raw)
        raw.sendall(b"EHLO client.test\r\n")
        assert raw.recv(100).startswith(b"554 5.5.1 ") and raw.recv(100) == b""
    assert "127.0.0.73" not in server.log("security")
    limits(server, greeting_delay="240s", greeting_delay_log="yes")
    with connect(server, "127.0.0.74") as raw:
        raw.sendall(b"EHLO client.test\r\n")
        assert raw.recv(100).startswith(b"554 5.5.1 ")
    server.wait_log("security", r"Spam attack from 127\.0\.0\.74: the client talked before the greeting")
    with connect(server, "127.0.0.75") as raw:
        assert silent(raw)
    server.wait_log("security", r"Spam attack from 127\.0\.0\.75: the client did not wait for the greeting")
    assert "127.0.0.74: the client did not wait" not in server.log("security")
