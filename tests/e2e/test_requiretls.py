# SPDX-License-Identifier: Apache-2.0
"""What senders ask of TLS (RFC 8689): REQUIRETLS from sender to recipient, and "TLS-Required: No"."""

import kx
import pytest
import world
from aiosmtpd.smtp import SMTP
from rawsmtp import dialogue, setting
from test_dane import NOBODY
from test_outgoing import gone, submit, wait_sent
from test_reports import reports, status_of

GOOD, OTHER = "127.0.9.51", "127.0.9.52"


class Promising(SMTP):
    """A server with REQUIRETLS; aiosmtpd has none."""

    async def smtp_MAIL(self, argument):
        self.event_handler.required.append(" REQUIRETLS" in argument)
        await super().smtp_MAIL(argument.replace(" REQUIRETLS", ""))


class Keeper(world.Received):
    def __init__(self):
        super().__init__()
        self.required = []

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [*responses[:-1], *(["250-REQUIRETLS"] if session.ssl else []), responses[-1]]


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return world.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def good(authority):
    return authority.server_tls("mx.tls.test")


@pytest.fixture(scope="module")
def server(keryx_binary, port, authority):
    records = (f"mx A {GOOD}\nmx2 A {OTHER}\ngood MX 10 mx\nboth MX 10 mx2\nboth MX 20 mx\nonly MX 10 mx2\n"
               f"late MX 10 mx\nlate MX 20 nowhere\nnowhere A 127.0.9.59\nwrong MX 10 mx\n_{port}._tcp.mx TLSA 3 1 1 {NOBODY}\n")
    signed = {"tls.test": records.replace(f"_{port}._tcp.mx TLSA 3 1 1 {NOBODY}\n", ""), "dane.test": records}
    anchors = ["dane.test"]
    with world.trust(authority), world.name_server(signed, anchors) as dns:
        config = {"dns.servers": dns, "dns.trust-anchors": anchors[0], "smtp.delivery-port": port,
                  "internet.connection": "online", "queue.retry-interval": "1s", "queue.max-retry-interval": "2s"}
        with kx.running_server(keryx_binary, users=["alice"], config=config) as running:
            yield running


def require(server, *to, mail=(), **options):
    return submit(server, *to, mail_options=["REQUIRETLS", *mail], **options)


# ---- from clients ----

@pytest.mark.covers("SMTP-28")
def test_it_is_for_connections_with_tls(server):
    command = "MAIL FROM:<a@b.test> REQUIRETLS"
    with dialogue(server) as smtp:
        assert "REQUIRETLS" not in smtp.ehlo()
        assert smtp.ask(command) == (530, "5.7.10 REQUIRETLS needs TLS: use STARTTLS first")
        smtp.starttls()
        assert "REQUIRETLS" in smtp.ehlo()
        assert smtp.code(f"{command}=yes") == 501
        assert smtp.code(command) == 250


def test_it_can_be_turned_off(server):
    with setting(server, "smtp.requiretls", "no"), dialogue(server) as smtp:
        smtp.starttls()
        assert "REQUIRETLS" not in smtp.ehlo()
        assert smtp.code("MAIL FROM:<a@b.test> REQUIRETLS") == 555


# ---- to other servers ----

@pytest.mark.covers("SMTP-28")
def test_the_next_server_gets_it_with_the_demand(server, port, good):
    keeper = Keeper()
    with world.mail_server(keeper, GOOD, port, protocol=Promising, tls_context=good):
        wait_sent(server, require(server, "bob@good.tls.test"), "delivered", "2.0.0")
        wait_sent(server, submit(server, "bob@good.tls.test"), "delivered", "2.0.0")
    assert keeper.required == [True, False] and all(row[3] for row in keeper.messages)


def fails(server, status, to, **options):
    wait_sent(server, require(server, to, **options), "failed", status)
    (report,) = reports(server, "alice", 1)
    assert status_of(report)[1][0]["Status"] == status
    return report


@pytest.mark.covers("SMTP-28")
def test_a_server_without_tls_gets_nothing(server, port):
    keeper = Keeper()
    with world.mail_server(keeper, OTHER, port, protocol=Promising):
        fails(server, "5.7.10", "bob@only.tls.test")
    assert not keeper.required


def test_a_server_with_the_certificate_of_another_gets_nothing(server, port, good):
    keeper = Keeper()
    with world.mail_server(keeper, OTHER, port, protocol=Promising, tls_context=good):
        fails(server, "5.7.10", "bob@only.tls.test")
    assert not keeper.required


@pytest.mark.covers("SMTP-28")
def test_a_server_that_does_not_promise_gets_nothing(server, port, good):
    """Not even over a connection that it was given other mail by; of what comes back, only the header."""
    received = world.Received()
    with world.mail_server(received, GOOD, port, tls_context=good):
        wait_sent(server, submit(server, "bob@good.tls.test"), "delivered", "2.0.0")
        report = fails(server, "5.7.30", "bob@good.tls.test", mail=["RET=FULL"])
    assert len(received.messages) == 1
    assert [part.get_content_type() for part in report.iter_parts()][-1] == "text/rfc822-headers"


def test_another_server_of_the_domain_is_tried(server, port, good):
    other, keeper = world.Received(), Keeper()
    with world.mail_server(other, OTHER, port), \
            world.mail_server(keeper, GOOD, port, protocol=Promising, tls_context=good):
        wait_sent(server, require(server, "bob@both.tls.test"), "delivered", "2.0.0")
    assert keeper.required == [True] and not other.messages


def test_while_some_server_cannot_be_reached_it_waits(server, port, good):
    with world.mail_server(world.Received(), GOOD, port, tls_context=good):
        queue_id = require(server, "bob@late.tls.test")
        wait_sent(server, queue_id, "delayed", "4.")
        server.cli("queue", "remove", queue_id)
        gone(server, queue_id)


@pytest.mark.covers("SMTP-28")
def test_reports_are_protected_like_what_they_are_about(server, port, good):
    server.cli("domain", "set", "example.test", "--own-addresses-only", "no")
    keeper = Keeper()
    with world.mail_server(keeper, GOOD, port, protocol=Promising, tls_context=good), \
            world.mail_server(world.Received(), OTHER, port):
        wait_sent(server, require(server, "bob@only.tls.test", sender="eve@good.tls.test"), "failed", "5.7.10")
        server.wait_log("mail", r"Service: DSN, From: <>, To: <eve@good\.tls\.test>")
        server.wait_log("mail", r"Recipient: <eve@good\.tls\.test>, Result: delivered")
    assert keeper.required == [True] and keeper.messages[0][0] == "<>"


# ---- TLS-Required: No ----

NO = b"Subject: x\r\nTLS-Required: no\r\n\r\nhello\r\n"


@pytest.mark.covers("SMTP-28")
def test_who_needs_no_tls_reaches_servers_whose_records_are_wrong(server, port, good):
    received = world.Received()
    with world.mail_server(received, GOOD, port, tls_context=good):
        wait_sent(server, submit(server, "bob@wrong.dane.test", body=NO), "delivered", "2.0.0")
    with world.mail_server(received, GOOD, port):
        wait_sent(server, submit(server, "bob@wrong.dane.test", body=NO), "delivered", "2.0.0")
    assert [row[3] for row in received.messages] == [True, False]


@pytest.mark.parametrize("name, value", [("smtp.tls-required-no", "no"), ("smtp.delivery-tls", "must")])
def test_administrators_may_need_it_nevertheless(server, port, name, value):
    received = world.Received()
    with setting(server, name, value), world.mail_server(received, GOOD, port):
        queue_id = submit(server, "bob@wrong.dane.test", body=NO)
        wait_sent(server, queue_id, "delayed", "4.7.5")
        server.cli("queue", "remove", queue_id)
    assert not received.messages


def test_the_demand_comes_before_the_field(server, port):
    with world.mail_server(world.Received(), OTHER, port):
        fails(server, "5.7.10", "bob@only.tls.test", body=NO)
