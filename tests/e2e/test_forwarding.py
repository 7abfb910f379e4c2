# SPDX-License-Identifier: Apache-2.0
"""Domains that forward what is nobody's here: two servers that share a domain, backup servers, what waits for whom."""

import contextlib
import re

import kx
import pytest
import world

FAST = {"internet.connection": "online", "queue.retry-interval": "1s", "queue.max-retry-interval": "2s",
        "log.debug": "queue,alias-expansion"}


def sent(server, address, result="delivered"):
    return server.wait_log("mail", rf"Sent: Queue-ID: (\S+), Recipient: <{re.escape(address)}>, Result: {result}", 20)


def refused(server, address, sender="stranger@elsewhere.test"):
    """The code of the answer to RCPT; 250 if it is taken."""
    with server.smtp() as smtp:
        smtp.mail(sender)
        return smtp.rcpt(address)[0]


class Knows(world.Received):
    """Takes mail for a few names, and counts the questions."""

    def __init__(self, *names):
        super().__init__()
        self.names = names
        self.asked = []

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        self.asked.append(address)
        if address.split("@")[0] not in self.names:
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def backup(keryx_binary, port):
    """A server without accounts in the domain, whose forward host is 127.0.9.21."""
    with kx.running_server(keryx_binary, config=FAST) as server:
        server.cli("domain", "add", "company.test", "--forward-host", "127.0.9.21", "--forward-port", port)
        yield server


@contextlib.contextmanager
def sites(binary):
    """Headquarters and a branch of company.test, as the manual sets them up (DOM-30, DOM-31)."""
    with kx.running_server(binary, config=FAST) as hq, kx.running_server(binary, config=FAST) as branch:
        for server in (hq, branch):
            server.cli("domain", "add", "company.test", "--primary", "yes")
        hq.add_user("chief@company.test")
        branch.add_user("bob@company.test")
        hq.cli("domain", "add", "ldn.company.test", "--forward-host", "127.0.0.1", "--forward-port", branch.port("smtp"))
        hq.cli("alias", "add", "bob@company.test", "bob@ldn.company.test")
        branch.cli("domain", "set", "company.test", "--aliases", "ldn.company.test", "--forward-host", "127.0.0.1",
                   "--forward-port", hq.port("smtp"))
        yield hq, branch


def exchange(hq, branch):
    for server, user, to in ((hq, "chief", "bob"), (branch, "bob", "chief"), (branch, "bob", "bob")):
        with server.smtp(f"{user}@company.test") as smtp:
            smtp.sendmail(f"{user}@company.test", f"{to}@company.test", f"Subject: {user} to {to}\r\n\r\n")
    hq.wait_messages("chief@company.test", 1)
    branch.wait_messages("bob@company.test", 2)
    assert "bob to bob" not in "".join(map(str, hq.eml_files("chief@company.test").values()))


def no_loop(hq, branch):
    """What is addressed to the alias of the branch's domain is not sent back to headquarters."""
    assert refused(branch, "ghost@ldn.company.test") == 550
    assert refused(branch, "ghost@company.test") == 550  # headquarters was asked
    hq.cli("alias", "add", "*@company.test", "lost@ldn.company.test")
    assert refused(hq, "ghost@company.test") == 550  # the branch was asked
    hq.cli("domain", "set", "ldn.company.test", "--forward-verify", "no")
    hq.deliver("ghost@company.test", "Subject: not round and round\n\n", sender="")
    sent(hq, "lost@ldn.company.test", "failed, Status: 5.1.1")
    check = branch.cli("address", "check", "ghost@ldn.company.test")
    assert "not forwarded" in check and "refused" in check
    branch.cli("domain", "set", "company.test", "--forward-aliases", "yes")
    assert "Mail goes to" in branch.cli("address", "check", "ghost@ldn.company.test")


@pytest.mark.covers("DOM-29", "DOM-30", "DOM-31")
def test_one_domain_on_two_servers(keryx_binary):
    with sites(keryx_binary) as (hq, branch):
        exchange(hq, branch)
        no_loop(hq, branch)


@pytest.mark.covers("DOM-34", "DOM-35", "DOM-38", "OVR-50", "SMTP-06")
def test_a_backup_takes_the_mail_while_the_primary_is_down(backup, port):
    assert refused(backup, "alice@other.test") == 550  # no open relay
    backup.deliver("alice@company.test", "Subject: kept\n\n")
    backup.deliver('"odd name"@company.test', "Subject: quoted\n\n")
    sent(backup, "alice@company.test", "delayed")
    primary = world.Received()
    with world.mail_server(primary, "127.0.9.21", port):
        sent(backup, "alice@company.test")
        kx.wait_until(lambda: len(primary.messages) == 2, what="both messages")
    assert sorted(primary.recipients()) == ['"odd name"@company.test', "alice@company.test"]
    found = backup.cli("address", "check", "alice@company.test", as_json=True)["destinations"]
    assert found[0]["kind"] == "forward" and "127.0.9.21" in found[0]["next-hop"]


@pytest.mark.covers("DOM-35")
def test_names_that_the_primary_does_not_know_are_refused(keryx_binary, port):
    primary = Knows("alice")
    config = {**FAST, "smtp.verify-keep-bad": "1s"}
    with world.mail_server(primary, "127.0.9.22", port), kx.running_server(keryx_binary, config=config) as server:
        server.cli("domain", "add", "company.test", "--forward-host", "127.0.9.22", "--forward-port", port)
        assert refused(server, "alice@company.test") == 250 and refused(server, "eve@company.test") == 550
        asked = len(primary.asked)
        assert refused(server, "alice@company.test") == 250
        assert len(primary.asked) == asked == 2  # the answer is kept
        primary.names = ("alice", "eve")
        kx.wait_until(lambda: refused(server, "eve@company.test") == 250, what="a new question")
        server.deliver("alice@company.test", "Subject: verified\n\n")
        sent(server, "alice@company.test")
        server.cli("domain", "set", "company.test", "--forward-verify", "no")
        assert refused(server, "nobody@company.test") == 250



def test_two_that_forward_to_each_other_end_it(keryx_binary):
    """A mistake of both administrators: the message comes back as undeliverable, and nothing stands still."""
    with kx.running_server(keryx_binary, config=FAST) as one, kx.running_server(keryx_binary, config=FAST) as two:
        for server, other in ((one, two), (two, one)):
            server.cli("domain", "add", "company.test", "--forward-host", "127.0.0.1",
                       "--forward-port", other.port("smtp"))
            server.cli("config", "set", "smtp.max-hops", "6")
        one.deliver("ghost@company.test", "Subject: ping pong\n\n", sender="")
        kx.wait_until(lambda: "Result: failed, Status: 5.4.6" in one.log("mail") + two.log("mail"), 20, "the end of it")


@pytest.mark.covers("DOM-34")
def test_what_waits_for_a_schedule_is_not_sent_before(backup, port):
    primary = world.Received()
    backup.cli("domain", "add", "later.test", "--forward-host", "127.0.9.23", "--forward-port", port,
               "--forward-mode", "schedule")
    with world.mail_server(primary, "127.0.9.23", port):
        backup.deliver("carol@later.test", "Subject: later\n\n")
        backup.deliver("dave@company.test", "Subject: sign of life\n\n")
        sent(backup, "dave@company.test", "delayed")  # the queue has worked meanwhile
        assert not primary.messages
        backup.cli("queue", "run")
        sent(backup, "carol@later.test")
    assert primary.recipients() == ["carol@later.test"]
