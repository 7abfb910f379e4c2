# SPDX-License-Identifier: Apache-2.0
"""TLS for mail to single domains as the administrator wishes, and what keryx tls check says of a domain."""

import json

import kx
import pytest
import world
from test_dane import NOBODY
from test_outgoing import submit, wait_sent

MX = "127.0.9.71"
RULES = "partner.dom.test=verify,.dom.test=must,.open.dom.test=may,clear.dom.test=never"


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return world.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def good(authority):
    return authority.server_tls("mx.dom.test")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return world.Authority(tmp_path_factory.mktemp("other"), "Other CA").server_tls("mx.dom.test")


@pytest.fixture(scope="module")
def server(keryx_binary, port, authority):
    names = ["@", "partner", "some", "a.open", "clear"]
    zones = {"dom.test": "".join(f"{name} MX 10 mx\n" for name in names) + f"mx A {MX}\n",
             "dane.test": f"@ MX 10 mx\nmx A {MX}\n_{port}._tcp.mx TLSA 3 1 1 {NOBODY}\n", "null.test": "@ MX 0 .\n"}
    anchors = ["dane.test"]
    with world.trust(authority), world.name_server(zones, anchors) as dns:
        config = {"dns.servers": dns, "dns.trust-anchors": anchors[0], "smtp.delivery-port": port, "internet.connection": "online",
                  "queue.retry-interval": "1s", "smtp.delivery-tls-domains": RULES}
        with kx.running_server(keryx_binary, users=["alice"], config=config) as running:
            yield running


def send(server, port, domain, context=None, result="delivered"):
    received = world.Received()
    options = {"tls_context": context} if context else {}
    with world.mail_server(received, MX, port, **options):
        queue_id = submit(server, f"bob@{domain}")
        wait_sent(server, queue_id, result, "2.0.0" if result == "delivered" else "4.7.5")
        if result != "delivered":
            server.cli("queue", "remove", queue_id)
    return [row[3] for row in received.messages]


@pytest.mark.covers("SMTP-28")
def test_a_domain_may_need_tls_and_a_good_certificate(server, port, good, stranger):
    assert send(server, port, "partner.dom.test", None, "delayed") == []
    assert send(server, port, "partner.dom.test", stranger, "delayed") == []
    assert send(server, port, "partner.dom.test", good) == [True]


@pytest.mark.covers("SMTP-28")
def test_what_is_below_a_domain_has_its_rule(server, port, stranger):
    assert send(server, port, "some.dom.test", None, "delayed") == []
    assert send(server, port, "some.dom.test", stranger) == [True]
    assert send(server, port, "a.open.dom.test") == [False]  # the nearest counts
    assert send(server, port, "dom.test") == [False]  # is not below itself


def test_a_domain_may_go_without(server, port, good):
    assert send(server, port, "clear.dom.test", good) == [False]


@pytest.mark.parametrize("value", ["partner.test", "partner.test=", "=must", "partner.test=wrap", "a b.test=must", ".=may"])
def test_what_is_no_rule_is_refused(server, value):
    refused = server.run("config", "set", "smtp.delivery-tls-domains", value)
    assert refused.returncode == 1 and "company.test=verify" in refused.stderr


# ---- keryx tls check ----

def check(server, port, domain, context=None, listens=True):
    options = {"tls_context": context} if context else {}
    received = world.Received()
    if listens:
        with world.mail_server(received, MX, port, **options):
            found = json.loads(server.cli("tls", "check", domain, "--json"))
    else:
        found = json.loads(server.cli("tls", "check", domain, "--json"))
    assert not received.messages and found["domain"] == domain
    return found["delivers"], [(step["about"], step["text"]) for step in found["steps"]]


@pytest.mark.covers("SMTP-28")
def test_check_says_why_mail_would_go_or_wait(server, port, good, stranger):
    delivers, steps = check(server, port, "partner.dom.test", good)
    assert delivers and ("Setting", "verify") in steps and ("Needed", "TLS with a good certificate") in steps
    assert ("MTA-STS", "there is no policy") in steps and ("Host", "mx.dom.test") in steps
    assert any(about == "DNSSEC" and "not signed" in text for about, text in steps)
    assert any(about == "Certificate" and "DNS:mx.dom.test" in text and "Test CA" in text for about, text in steps)
    assert ("Certificate", "good") in steps
    assert steps[-1] == ("Result", f"mx.dom.test ({MX}) would get the mail, protected by TLS")
    delivers, steps = check(server, port, "partner.dom.test", stranger)
    assert not delivers and steps[-1][1].startswith(f"mx.dom.test ({MX}) would not: 4.7.5")
    delivers, steps = check(server, port, "a.open.dom.test")
    assert delivers and ("TLS", "the host offers none") in steps and steps[-1][1].endswith("in the clear")


def test_check_knows_dane(server, port, good):
    delivers, steps = check(server, port, "dane.test", good)
    assert not delivers and ("TLSA", f"3 1 1 {NOBODY}") in steps
    assert ("Needed", "TLS with a good certificate (DANE)") in steps
    assert any(about == "DNSSEC" and "are signed" in text for about, text in steps)


def test_check_of_what_takes_no_mail(server, port):
    assert check(server, port, "null.test", listens=False)[1][-1] == ("Result", "5.1.10 This domain takes no mail: null.test")
    delivers, steps = check(server, port, "partner.dom.test", listens=False)
    assert not delivers and "would not: 4.4.1" in steps[-1][1]
    assert server.run("tls", "check", "no domain").returncode == 1


@pytest.mark.covers("SMTP-28")
def test_check_is_for_people_too(server, port, good):
    with world.mail_server(world.Received(), MX, port, tls_context=good):
        said = server.cli("tls", "check", "partner.dom.test")
    assert "Setting      verify\n" in said and "Host         ---- mx.dom.test\n" in said
