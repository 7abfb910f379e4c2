# SPDX-License-Identifier: Apache-2.0
"""XCLIENT: relays that are trusted say for whom they speak, and nobody else can."""

import base64
import contextlib
import socket
import subprocess

import kx
import pytest
from rawsmtp import RawSmtp

RELAY, CLIENT = "127.0.0.66", "192.0.2.77"


@pytest.fixture(scope="module")
def server(keryx_binary):
    with kx.running_server(keryx_binary, users=("alice", "bob")) as running:
        running.cli("ipgroup", "set", "Relays", "--entries", RELAY)
        running.configure({"smtp.xclient-group": "Relays"})
        kx.wait_until(lambda: offers(running), what="the setting")
        yield running


class From(RawSmtp):
    """A dialogue from an address of this host."""

    def __init__(self, server, source, service="smtp"):
        self.server, self.user = server, None
        self.socket = socket.create_connection(("127.0.0.1", server.port(service)), 30, (source, 0))
        self.file = self.socket.makefile("rb")
        self.greeting = self.reply()


def offers(server, source=RELAY):
    with contextlib.closing(From(server, source)) as smtp:
        return any(line.startswith("XCLIENT ") for line in smtp.ehlo())


@pytest.fixture
def relay(server):
    with contextlib.closing(From(server, RELAY)) as smtp:
        smtp.ehlo()
        yield smtp


def test_swaks_speaks_for_a_client(server):
    done = subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(server.port("smtp")), "--local-interface", RELAY,
                           "--xclient-addr", CLIENT, "--xclient-name", "client.far.test", "--xclient-helo", "helo.far.test",
                           "--from", "a@far.test", "--to", "bob@example.test", "--header", "Subject: relayed"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    (message,) = server.wait_messages("bob", 1).values()
    assert f"[{CLIENT}]".encode() in message.split(b"\r\n\r\n")[0]
    server.wait_log("mail", f"Recv: .*Sender-Host: {CLIENT}")


def test_others_may_not(server):
    assert not offers(server, "127.0.0.67")
    with contextlib.closing(From(server, "127.0.0.67")) as smtp:
        smtp.ehlo()
        assert smtp.code(f"XCLIENT ADDR={CLIENT}") == 550


def test_the_dialogue_begins_anew_with_that_client(server, relay):
    code, text = relay.ask(f"XCLIENT ADDR={CLIENT} PORT=4711 NAME=[UNAVAILABLE] PROTO=ESMTP DESTADDR=192.0.2.1 DESTPORT=25")
    assert code == 220 and server.hostname in text
    assert relay.code("MAIL FROM:<a@far.test>") == 503  # no EHLO yet
    relay.ehlo()
    relay.envelope("bob", sender="a@far.test")


def test_a_name_may_be_known_already(server, relay):
    relay.envelope("bob", sender="a@far.test")
    assert relay.code(f"XCLIENT ADDR={CLIENT}") == 503  # not in the middle of it
    assert relay.code("RSET") == 250
    assert relay.code("XCLIENT ADDR=IPV6:2001:db8::5 HELO=next+2Efar.test") == 220
    relay.envelope(sender="b@far.test")
    assert relay.ask("RCPT TO:<x@elsewhere.test>")[0] == 550
    server.wait_log("security", r"Relay attempt from IP address 2001:db8::5,")


def test_the_client_itself_cannot_say_it(server, relay):
    """A proxy may pass on its words as they are."""
    assert relay.code(f"XCLIENT ADDR={CLIENT}") == 220
    assert not [line for line in relay.ehlo() if line.startswith("XCLIENT")]
    assert relay.code("XCLIENT ADDR=127.0.0.1") == 550


def test_a_relay_is_not_held_off_itself(server):
    server.configure({"smtp.greeting-delay": "20s", "smtp.max-connections-per-address": "1"})
    try:
        kx.wait_until(lambda: server.cli("config", "get", "smtp.greeting-delay").strip() == "20s", what="the setting")
        with contextlib.closing(From(server, RELAY)), contextlib.closing(From(server, RELAY)) as second:
            assert second.greeting[0] == 220
    finally:
        server.configure({"smtp.greeting-delay": "0", "smtp.max-connections-per-address": "20"})


@pytest.mark.parametrize("attributes", ["ADDR", "ADDR=nowhere", "ADDR=[UNAVAILABLE]", "ADDR=192.0.2.300", "ADDR=IPV6:1.2.3.4",
                                        "PORT=65536", "LOGIN=alice", "ADDR=192.0.2.1 X=1", "HELO=", "ADDR=", "HELO=a+0D+0AMAIL", "HELO=+zz",
                                        "HELO=" + "x" * 300])
def test_what_makes_no_sense_changes_nothing(relay, attributes):
    assert relay.code(f"XCLIENT {attributes}") == 501
    relay.envelope("bob", sender="a@far.test")


def test_who_had_signed_in_has_not_any_more(server):
    with contextlib.closing(From(server, RELAY, "submission")) as smtp:
        smtp.ehlo()
        smtp.starttls()
        smtp.ehlo()
        token = f"\0alice@example.test\0{kx.password_of('alice')}".encode()
        assert smtp.code("AUTH PLAIN " + base64.b64encode(token).decode()) == 235
        assert smtp.code(f"XCLIENT ADDR={CLIENT}") == 220
        smtp.ehlo()
        assert smtp.code("MAIL FROM:<alice@example.test>") == 530
        wrong = base64.b64encode(b"\0alice@example.test\0wrong").decode()
        assert smtp.code(f"AUTH PLAIN {wrong}") == 535
    server.wait_log("security", f"Failed SMTP login from {CLIENT}")


def test_rules_are_those_for_the_client(server, relay):
    server.cli("ipgroup", "set", "Inside", "--entries", f"{RELAY},192.0.2.0/25")
    server.configure({"service.smtp.access-group": "Inside"})
    try:
        kx.wait_until(lambda: not accepted(server, "192.0.2.200"), what="the setting")
        assert accepted(server, CLIENT)
        server.wait_log("security", "SMTP connection from 192.0.2.200 refused: the address is not in the group")
    finally:
        server.configure({"service.smtp.access-group": ""})


def accepted(server, client):
    with contextlib.closing(From(server, RELAY)) as smtp:
        smtp.ehlo()
        return smtp.code(f"XCLIENT ADDR={client}") == 220
