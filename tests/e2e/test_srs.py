# SPDX-License-Identifier: Apache-2.0
"""Forwarded mail: it leaves with a sender of this server, and what comes back to that goes to the first sender."""

import contextlib
import re

import kx
import pytest
import world

ZONES = {name: f"@ MX 10 mx\nmx A {address}\n" for name, address in
         (("far.test", "127.0.9.31"), ("origin.test", "127.0.9.32"), ("hop.test", "127.0.9.33"))}


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def server(keryx_binary, port):
    with world.name_server(ZONES) as dns:
        config = {"dns.servers": dns, "smtp.delivery-port": port, "internet.connection": "online"}
        with kx.running_server(keryx_binary, users=["alice", "bob"], config=config) as running:
            running.cli("user", "set", "alice", "--forward", "alice@far.test", "--forward-only", "yes")
            running.cli("alias", "add", "both", "bob", "both@far.test")
            yield running


@contextlib.contextmanager
def hosts(port):
    far, origin, hop = world.Received(), world.Received(), world.Received()
    with world.mail_server(far, "127.0.9.31", port), world.mail_server(origin, "127.0.9.32", port), \
            world.mail_server(hop, "127.0.9.33", port):
        yield far, origin, hop


def sent_on(server, host, to, sender):
    """The sender that the other server sees."""
    before = len(host.messages)
    server.deliver(to, "Subject: on\n\ncontent\n", sender=sender)
    kx.wait_until(lambda: len(host.messages) > before, what="the forwarded message")
    return host.messages[-1][0].replace("<>", "")


def come_back(server, host, address):
    before = len(host.messages)
    server.deliver(address, "Subject: it came back\n\n", sender="")
    kx.wait_until(lambda: len(host.messages) > before, what="the report")
    return host.messages[-1][:2]  # aiosmtpd calls nobody "<>"


def answer_to(server, address):
    with server.smtp() as smtp:
        smtp.mail("")
        return smtp.rcpt(address)


@pytest.mark.covers("USR-23")
def test_the_sender_is_rewritten_and_reports_find_the_way_back(server, port):
    with hosts(port) as (far, origin, _):
        sender = sent_on(server, far, "alice", "Eve@origin.test")
        assert re.fullmatch(r"SRS0=\w{8}=\w\w=origin\.test=Eve@example\.test", sender)
        assert come_back(server, origin, sender) == ("<>", ["Eve@origin.test"])
        server.restart()  # the key stays
        assert come_back(server, origin, sender.upper().replace("EVE", "Eve")) == ("<>", ["Eve@ORIGIN.TEST"])
        check = server.cli("address", "check", sender)
        assert "made here for mail from Eve@origin.test" in check


@pytest.mark.covers("USR-23")
def test_of_a_local_copy_the_sender_stays(server, port):
    with hosts(port) as (far, _, _):
        assert sent_on(server, far, "both", "eve@origin.test").startswith("SRS0=")
    server.wait_messages("bob", 1)
    assert "Return-Path: <eve@origin.test>" in "".join(map(str, server.eml_files("bob").values()))


def test_who_is_of_this_server_and_who_is_nobody_stays(server, port):
    with hosts(port) as (far, _, _):
        assert sent_on(server, far, "alice", "bob@example.test") == "bob@example.test"
        assert sent_on(server, far, "alice", "") == ""
        server.cli("config", "set", "mail.srs", "no")
        try:
            assert sent_on(server, far, "alice", "eve@origin.test") == "eve@origin.test"
        finally:
            server.cli("config", "set", "mail.srs", "yes")


def test_mail_that_was_forwarded_before_goes_back_past_this_server(server, port):
    with hosts(port) as (far, _, hop):
        first = "SRS0=aBcDeFgH=xy=origin.test=eve@hop.test"
        sender = sent_on(server, far, "alice", first)
        assert re.fullmatch(r"SRS1=\w{8}=hop\.test==aBcDeFgH=xy=origin\.test=eve@example\.test", sender)
        assert come_back(server, hop, sender) == ("<>", [first])


def test_nobody_can_make_such_an_address(server, port):
    with hosts(port) as (far, _, _):
        good = sent_on(server, far, "alice", "eve@origin.test")
    for bad in (good.replace("eve", "mallory"), good.replace("origin", "victim"),
                "SRS0=aaaaaaaa=aa=victim.test=eve@example.test", "SRS0=@example.test", "SRS1=a=b@example.test"):
        assert answer_to(server, bad)[0] == 550, bad
    assert answer_to(server, good)[0] == 250


def test_one_message_with_two_senders_goes_in_two_transactions(server, port):
    server.cli("config", "set", "smtp.relay-group", "Local clients")
    with hosts(port) as (far, _, _):
        with server.smtp() as smtp:
            smtp.sendmail("eve@origin.test", ["alice@example.test", "direct@far.test"], "Subject: two\r\n\r\n")
        kx.wait_until(lambda: len(far.recipients()) == 2, what="both")
        by_recipient = {to: message[0] for message in far.messages for to in message[1]}
    assert by_recipient["direct@far.test"] == "eve@origin.test"
    assert by_recipient["alice@far.test"].startswith("SRS0=")
