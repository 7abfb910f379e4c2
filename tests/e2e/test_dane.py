# SPDX-License-Identifier: Apache-2.0
"""DANE for outgoing mail (RFC 7672): what TLSA records ask for, and who is believed about them."""

import re
import ssl

import kx
import pytest
import world
from test_outgoing import gone, submit, wait_sent

NOBODY = "00" * 32
FORGED, SIGNED = "f0" * 32, "5e" * 32


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return world.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def any_certificate(authority):
    """Of a name that no host here has: what a TLSA record names needs none."""
    return authority.issue("somebody.else.test")


@pytest.fixture(scope="module")
def server(keryx_binary, port, authority, any_certificate):
    key = world.key_digest(any_certificate[1])
    issuer = world.certificate_digest(authority.certificate)
    hosts = {"exact": f"3 1 1 {key}", "wrong": f"3 1 1 {NOBODY}", "useless": f"1 1 1 {NOBODY}", "issued": f"2 0 1 {issuer}",
             "forged": f"3 1 1 {SIGNED}", "one": f"3 1 1 {NOBODY}"}
    records = [f"_{port}._tcp.{host} TLSA {tlsa}\n{host} A 127.0.9.{20 + n}\n{host}.to MX 10 {host}\n"
               for n, (host, tlsa) in enumerate(hosts.items())]
    records.append(f"_{port}._tcp.one TLSA 3 1 1 {key}\nalias CNAME exact\nalias.to MX 10 alias\nnone A 127.0.9.30\n"
                   "none.to MX 10 none\n")
    zones = {"signed.test": "".join(records), "open.test": "wrong MX 10 wrong.signed.test.\n"}
    anchors = ["signed.test"]
    with world.name_server(zones, anchors, {SIGNED: FORGED}) as dns:
        config = {"dns.servers": dns, "dns.trust-anchors": anchors[0], "smtp.delivery-port": port,
                  "internet.connection": "online", "queue.retry-interval": "1s", "queue.max-retry-interval": "2s"}
        with kx.running_server(keryx_binary, users=["alice"], config=config) as running:
            yield running


def send(server, port, host, number, result, status, context=None, domain="to.signed.test"):
    """Sends to a host that offers that TLS; the Received."""
    received = world.Received()
    options = {"tls_context": context} if context else {}
    with world.mail_server(received, f"127.0.9.{number}", port, **options):
        queue_id = submit(server, f"bob@{host}.{domain}")
        wait_sent(server, queue_id, result, status)
        if result != "delivered":
            server.cli("queue", "remove", queue_id)
        gone(server, queue_id)
    return received


@pytest.mark.covers("SMTP-28")
@pytest.mark.parametrize("host, number", [("exact", 20), ("alias", 20), ("useless", 22), ("one", 25), ("none", 30)])
def test_the_certificate_named_is_good_whatever_its_name(server, port, any_certificate, host, number):
    """An alias has the records of what it stands for; one of several is enough; useless records want TLS only."""
    received = send(server, port, host, number, "delivered", "2.0.0", world.server_tls(*any_certificate))
    assert received.messages[0][3] is True


@pytest.mark.covers("SMTP-28")
@pytest.mark.parametrize("host, number", [("exact", 20), ("useless", 22)])
def test_a_server_that_hides_its_tls_gets_nothing(server, port, host, number):
    assert not send(server, port, host, number, "delayed", "4.7.5").messages


def test_where_no_record_is_mail_goes_in_the_clear(server, port):
    assert send(server, port, "none", 30, "delivered", "2.0.0").messages[0][3] is False


@pytest.mark.covers("SMTP-28")
def test_another_certificate_is_refused(server, port, any_certificate):
    context = world.server_tls(*any_certificate)
    assert not send(server, port, "wrong", 21, "delayed", "4.7.5", context).messages


def test_an_authority_vouches_for_its_names_only(server, port, authority, any_certificate):
    context = world.server_tls(*any_certificate)
    assert not send(server, port, "issued", 23, "delayed", "4.7.5", context).messages
    right = authority.server_tls("issued.signed.test")
    assert send(server, port, "issued", 23, "delivered", "2.0.0", right).messages[0][3] is True


def test_the_name_of_the_domain_is_one_too(server, port, authority):
    context = authority.server_tls("issued.to.signed.test")
    assert send(server, port, "issued", 23, "delivered", "2.0.0", context).messages


def test_a_forged_record_stops_the_mail(server, port, any_certificate):
    """It is not taken for a record, and not for none either."""
    context = world.server_tls(*any_certificate)
    assert not send(server, port, "forged", 24, "delayed", "4.7.5", context).messages


def test_mx_records_without_signature_vouch_for_nobody(server, port, any_certificate):
    context = world.server_tls(*any_certificate)
    assert send(server, port, "wrong", 21, "delivered", "2.0.0", context, domain="open.test").messages


def test_it_can_be_turned_off(server, port):
    server.cli("config", "set", "smtp.dane", "no")
    try:
        assert send(server, port, "exact", 20, "delivered", "2.0.0").messages
    finally:
        server.cli("config", "set", "smtp.dane", "yes")
    bad = server.run("config", "set", "dns.trust-anchors", "signed.test")
    assert bad.returncode == 1 and re.search("not a DS or DNSKEY record", bad.stderr)


def test_servers_without_signatures_are_no_use_when_they_are_required(keryx_binary, port):
    """Nor are they believed to have none for a zone that must have some."""
    anchor = "signed.test. IN DS 4711 13 2 " + NOBODY
    with world.name_server({"signed.test": "to MX 10 mx\nmx A 127.0.9.21\n"}) as dns:
        config = {"dns.servers": dns, "dns.trust-anchors": anchor, "dns.dnssec": "require", "smtp.delivery-port": port,
                  "internet.connection": "online", "queue.retry-interval": "1s"}
        with kx.running_server(keryx_binary, users=["alice"], config=config) as server:
            assert not send(server, port, "to", 21, "delayed", "4.4.3", domain="signed.test").messages
            server.cli("config", "set", "dns.dnssec", "auto")
            assert send(server, port, "to", 21, "delivered", "2.0.0", domain="signed.test").messages


def test_broken_tls_that_nobody_requires_is_done_without(server, port, any_certificate):
    context = world.server_tls(*any_certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.minimum_version = ssl.TLSVersion.TLSv1
    assert send(server, port, "none", 30, "delivered", "2.0.0", context).messages[0][3] is False
    assert not send(server, port, "exact", 20, "delayed", "4.7.5", context).messages
