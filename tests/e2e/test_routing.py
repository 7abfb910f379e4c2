# SPDX-License-Identifier: Apache-2.0
"""Routing rules, sign-in over POP3 before mail is sent, and addresses that mail leaves from."""

import contextlib

import kx
import pytest
import world
from adminapi import Api
from test_forwarding import FAST, sent

HELPDESK, PARTNER, RELAY, DIRECT = "127.0.9.51", "127.0.9.52", "127.0.9.53", "127.0.9.54"


class Peer(world.Received):
    """Also keeps where each message comes from: connections carry several."""

    def __init__(self):
        super().__init__()
        self.peers = []

    async def handle_DATA(self, server, session, envelope):
        self.peers.append(session.peer[0])
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def hosts(port):
    """Four servers by their address."""
    with contextlib.ExitStack() as stack:
        peers = {ip: Peer() for ip in (HELPDESK, PARTNER, RELAY, DIRECT)}
        for ip, peer in peers.items():
            stack.enter_context(world.mail_server(peer, ip, port))
        yield peers


@pytest.fixture(scope="module")
def server(keryx_binary, port, hosts):
    config = {**FAST, "smtp.delivery-port": port, "smtp.relay-host": RELAY, "smtp.relay-port": port}
    with world.name_server({"far.test": f"@ MX 10 mx\nmx A {DIRECT}\n"}) as dns:
        with kx.running_server(keryx_binary, users=["alice", "carol"], config={**config, "dns.servers": dns}) as running:
            yield running


@pytest.fixture
def rules(server):
    """Adds rules, which are gone afterwards."""
    added = []

    def add(name, *options):
        added.append(name)
        server.cli("routing", "add", name, *options)

    yield add
    for name in added:
        server.cli("routing", "remove", name)


def goes(server, hosts, to, sender="alice"):
    """The address of the server that got a new message."""
    before = {ip: len(peer.messages) for ip, peer in hosts.items()}
    with server.smtp(sender) as smtp:
        smtp.sendmail(f"{sender}@example.test", to, "Subject: route\r\n\r\nwhere to?\r\n")
    return kx.wait_until(lambda: [ip for ip, peer in hosts.items() if len(peer.messages) > before[ip]], 20, "it to arrive")[0]


@pytest.mark.covers("OVR-52")
def test_rules_by_recipient_come_in_order_before_the_relay_server(server, hosts, rules):
    rules("helpdesk", "--recipients", "support@far.test", "--host", HELPDESK)
    rules("partner", "--priority", 10, "--recipients", "*@far.test,.partner.test", "--host", PARTNER)
    rules("direct", "--priority", 20, "--recipients", "FAR.test,near.far.test", "--description", "nobody gets here")
    assert goes(server, hosts, "Support@far.test") == HELPDESK
    assert goes(server, hosts, "sales@far.test") == PARTNER
    assert goes(server, hosts, "a@x.y.partner.test") == PARTNER
    assert goes(server, hosts, "a@partner.test") == RELAY
    assert goes(server, hosts, "a@elsewhere.test") == RELAY
    server.cli("routing", "set", "partner", "--disabled", "yes")
    assert goes(server, hosts, "sales@far.test") == DIRECT  # a rule without a host asks DNS
    server.cli("routing", "set", "partner", "--disabled", "no", "--priority", 30)
    assert goes(server, hosts, "sales@far.test") == DIRECT
    server.cli("routing", "rename", "direct", "zzz")
    server.cli("routing", "set", "zzz", "--priority", 30)
    assert goes(server, hosts, "sales@far.test") == PARTNER  # by name
    server.cli("routing", "rename", "zzz", "direct")


@pytest.mark.covers("OVR-53")
def test_rules_by_sender(server, hosts, rules):
    rules("carol", "--senders", "carol@example.test", "--recipients", "far.test", "--host", HELPDESK)
    rules("house", "--priority", 5, "--senders", "example.test", "--host", PARTNER)
    rules("reports", "--senders", "<>", "--host", HELPDESK)
    assert goes(server, hosts, "a@far.test", "carol") == HELPDESK
    assert goes(server, hosts, "a@elsewhere.test", "carol") == PARTNER
    assert goes(server, hosts, "a@far.test") == PARTNER
    assert "routing rule reports" in server.cli("address", "check", "a@far.test")
    assert "routing rule carol" in server.cli("address", "check", "a@far.test", "--from", "carol@example.test")


@pytest.mark.covers("OVR-52")
def test_a_rule_takes_the_mail_of_an_address_here(server, hosts, rules):
    rules("helpdesk", "--recipients", "support@example.test,carol@example.test", "--host", HELPDESK)
    rules("all", "--recipients", "example.test", "--host", PARTNER)  # does not count for a domain here
    assert goes(server, hosts, "support@example.test") == HELPDESK
    assert goes(server, hosts, "carol+tag@example.test") == HELPDESK
    explained = server.cli("address", "check", "carol@example.test")
    assert "the routing rule helpdesk is for carol@example.test" in explained
    assert f"{HELPDESK}, port" in explained and "by the routing rule helpdesk" in explained
    server.deliver("alice", "Subject: stays\n\n")
    assert "mailbox" in server.cli("address", "check", "alice@example.test")
    with server.smtp() as smtp:
        smtp.mail("stranger@elsewhere.test")
        assert smtp.rcpt("support@example.test")[0] == 250
        assert smtp.rcpt("nobody@example.test")[0] == 550


@pytest.mark.covers("OVR-52")
def test_a_rule_signs_in(server, hosts, rules, port):
    from aiosmtpd.smtp import AuthResult
    logins, peer = [], world.Received()

    def authenticate(server, session, envelope, mechanism, data):
        logins.append((data.login, data.password))
        return AuthResult(success=True)

    with world.mail_server(peer, "127.0.9.55", port, authenticator=authenticate, auth_require_tls=False, auth_required=True):
        rules("signed", "--recipients", "signed.test", "--host", "127.0.9.55", "--port", port, "--user", "me",
              "--password", "rule secret")
        with server.smtp("alice") as smtp:
            smtp.sendmail("alice@example.test", "a@signed.test", "Subject: signed\r\n\r\n")
        kx.wait_until(lambda: peer.messages, 20, "it to arrive")
    assert logins == [(b"me", b"rule secret")]
    assert "rule secret" not in server.cli("routing", "show", "signed") + server.cli("config", "export")


@pytest.mark.covers("OVR-52")
def test_the_administration_of_rules(server, rules):
    for bad, why in ((("--host", "a.test"), "recipients or senders"), (("--recipients", "a..b"), "a..b"),
                     (("--recipients", "<>"), "<>"), (("--recipients", "a.test", "--user", "me"), "host"),
                     (("--recipients", "a.test", "--host", "b.test", "--auth", "pop3"), "needs a user"),
                     (("--recipients", "a.test", "--tls", "perhaps"), "may")):
        refused = server.run("routing", "add", "bad", *bad)
        assert refused.returncode == 1 and why in refused.stderr, (bad, refused.stderr)
    rules("one", "--recipients", "*@A.test,*.b.test", "--host", "relay.test", "--port", 2525, "--tls", "verify")
    shown = server.cli("routing", "show", "one", as_json=True)
    assert shown["recipients"] == ["a.test", ".b.test"] and shown["port"] == 2525 and shown["tls"] == "verify"
    token = server.cli("token", "add", "rules", "--user", "admin@example.test").strip()
    api = Api(server, token)
    assert [rule["rule"] for rule in api.ok("GET", "routing-rules")["items"]] == ["one"]
    api.ok("PATCH", "routing-rules/one", {"priority": 7})
    answer = api.ok("GET", "addresses/x@a.test?from=alice@example.test")
    assert "routing rule one" in answer["destinations"][0]["next-hop"]
    assert "Routing_rule" in server.log("config")


@pytest.mark.covers("OVR-51")
def test_mail_of_a_domain_leaves_from_its_address(server, hosts):
    refused = server.run("domain", "set", "example.test", "--source-ips", "127.0.9.60,127.0.9.61")
    assert refused.returncode == 1 and "at most one" in refused.stderr
    server.cli("domain", "set", "example.test", "--source-ips", "127.0.9.60,::1")
    assert goes(server, hosts, "a@elsewhere.test") == RELAY
    assert hosts[RELAY].peers[-1] == "127.0.9.60"
    assert "from 127.0.9.60" in server.cli("address", "check", "a@elsewhere.test", "--from", "alice@example.test")
    server.cli("domain", "set", "example.test", "--source-ips", "192.0.2.77")
    with server.smtp("alice") as smtp:
        smtp.sendmail("alice@example.test", "late@elsewhere.test", "Subject: waits\r\n\r\n")
    sent(server, "late@elsewhere.test", "delayed")
    assert "cannot send from the address 192.0.2.77" in server.cli("queue", "list", "--recipient", "late@elsewhere.test", "--json")
    server.cli("domain", "set", "example.test", "--source-ips", "")
    sent(server, "late@elsewhere.test")
    assert hosts[RELAY].peers[-1] != "127.0.9.60"


@pytest.mark.covers("SMTP-27")
def test_sign_in_over_pop3_before_mail_is_sent(keryx_binary):
    """To a server that takes mail for others from addresses that have just read their mail, and from no others."""
    parent_config = {"smtp.relay-after-pop3": "yes", "internet.connection": "offline"}
    with kx.running_server(keryx_binary, users=["site"], config=parent_config) as parent:
        config = {**FAST, "smtp.relay-host": "127.0.0.1", "smtp.relay-port": parent.port("smtp"),
                  "smtp.relay-pop3-port": parent.port("pop3"), "smtp.relay-auth": "pop3",
                  "smtp.relay-user": "site@example.test", "smtp.relay-password": "wrong"}
        with kx.running_server(keryx_binary, users=["alice"], config=config) as server:
            with server.smtp("alice") as smtp:
                smtp.sendmail("alice@example.test", ["a@far.test"], "Subject: through\r\n\r\n")
            sent(server, "a@far.test", "delayed")
            assert "over POP3" in server.cli("queue", "list", "--json") and "far.test" not in parent.cli("queue", "list")
            server.cli("config", "set", "smtp.relay-password", kx.password_of("site"))
            sent(server, "a@far.test")
            assert "a@far.test" in parent.cli("queue", "list")
