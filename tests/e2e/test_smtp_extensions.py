# SPDX-License-Identifier: Apache-2.0
"""When a message is sent and delivered, and how urgent it is: FUTURERELEASE (RFC 4865), DELIVERBY (RFC 2852) and
MT-PRIORITY (RFC 6710)."""

import re
import time
from datetime import datetime, timedelta, timezone

import kx
import pytest
import world
from aiosmtpd.smtp import SMTP
from rawsmtp import dialogue, setting
from test_outgoing import gone, wait_sent
from test_reports import reports, status_of

KNOWS, OTHER = "127.0.9.61", "127.0.9.62"
BODY = b"From: alice@example.test\r\nSubject: timed\r\n\r\nhello\r\n"


class Knowing(SMTP):
    """A server with DELIVERBY and MT-PRIORITY; aiosmtpd has neither."""

    async def smtp_MAIL(self, argument):
        self.event_handler.asked.append(dict(re.findall(r" (BY|MT-PRIORITY)=(\S+)", argument)))
        await super().smtp_MAIL(re.sub(r" (BY|MT-PRIORITY)=\S+", "", argument))


class Peer(world.Received):
    def __init__(self):
        super().__init__()
        self.asked = []

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [*responses[:-1], "250-DELIVERBY", "250-MT-PRIORITY", responses[-1]]


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def server(keryx_binary, port):
    records = f"knows MX 10 mx\nother MX 10 mx2\n*.other MX 10 mx2\nnobody MX 10 mx3\nmx A {KNOWS}\nmx2 A {OTHER}\nmx3 A 127.0.9.63\n"
    with world.name_server({"far.test": records}) as dns:
        config = {"dns.servers": dns, "smtp.delivery-port": port, "internet.connection": "online",
                  "queue.retry-interval": "1s", "queue.max-retry-interval": "2s"}
        with kx.running_server(keryx_binary, users=["alice", "bob"], config=config) as running:
            running.deliver("bob", "Subject: makes the mailbox\n\n")
            yield running


def send(server, *options, to=("bob@example.test",), rcpt=()):
    """The queue ID and the reply to the content."""
    with server.smtp("alice") as client:
        code, text = client.mail("alice@example.test", options)
        assert code == 250, text
        for address in to:
            assert client.rcpt(address, rcpt)[0] == 250
        code, text = client.data(BODY)
        assert code == 250, text
    return re.search(r"\w{8}-\w{8}", text.decode())[0], text.decode()


def refused(server, *options):
    with server.smtp("alice") as client:
        return client.mail("alice@example.test", options)[0]


# ---- FUTURERELEASE

def test_future_release_is_for_users(server):
    with server.smtp("alice") as client:
        most, until = client.esmtp_features["futurerelease"].split()
        assert most == str(30 * 86400)
        ahead = datetime.strptime(until, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc) - datetime.now(timezone.utc)
        assert abs(ahead - timedelta(days=30)) < timedelta(hours=1)
    with dialogue(server) as smtp:
        assert not any(line.startswith("FUTURERELEASE") for line in smtp.ehlo())
        assert smtp.ask("MAIL FROM:<a@elsewhere.test> HOLDFOR=60")[0] == 555
    with setting(server, "smtp.future-release", "0s"), server.smtp("alice") as client:
        assert "futurerelease" not in client.esmtp_features
        assert client.mail("alice@example.test", ["HOLDFOR=60"])[0] == 555


@pytest.mark.parametrize("options", [
    ["HOLDFOR=x"], ["HOLDFOR=-1"], ["HOLDFOR="], ["HOLDFOR=1234567890"], ["HOLDFOR=2592060"], ["HOLDUNTIL=tomorrow"],
    ["HOLDUNTIL=2020-01-01"], ["HOLDUNTIL=2020-01-01T00:00:00"], ["HOLDUNTIL=2190-01-01T00:00:00Z"],
    ["HOLDFOR=5", "HOLDUNTIL=2020-01-01T00:00:00Z"]])
def test_what_is_no_time_to_wait_for(server, options):
    assert refused(server, *options) == 501


def test_a_message_is_held_for_so_long(server):
    """Also to mailboxes here, over a crash, and whatever is told to the queue as a whole."""
    before = len(server.eml_files("bob"))
    soon, _ = send(server, "HOLDFOR=4")
    later, _ = send(server, "HOLDFOR=86400")
    server.kill_role("core")
    server.wait_roles()
    server.cli("queue", "run")
    assert {soon, later} <= {row["id"] for row in server.cli("queue", "list", as_json=True)}
    wait_sent(server, soon, "delivered", "2.0.0")
    gone(server, soon)
    assert len(server.eml_files("bob")) == before + 1
    assert later in server.cli("queue", "list")
    server.cli("queue", "retry", later)  # but one that is named is let go
    wait_sent(server, later, "delivered", "2.0.0")


def test_a_message_is_held_until_then(server, port):
    until = datetime.now(timezone.utc) + timedelta(seconds=3)
    host = world.Received()
    with world.mail_server(host, OTHER, port):
        queue_id, _ = send(server, f"HOLDUNTIL={until:%Y-%m-%dT%H:%M:%SZ}", to=["b@other.far.test"])
        wait_sent(server, queue_id, "delivered", "2.0.0")
        assert time.time() >= int(until.timestamp()) and len(host.messages) == 1
        past, _ = send(server, "HOLDUNTIL=2020-01-01T00:00:00+02:00", to=["b@other.far.test"])
        wait_sent(server, past, "delivered", "2.0.0")


# ---- DELIVERBY

@pytest.mark.parametrize("value", ["x;R", "10", "10;", "10;X", "0;R", "-5;R", "10;RTT", "1234567890;N", ";N"])
def test_what_is_no_time_to_deliver_by(server, value):
    assert refused(server, f"BY={value}") == 501


def test_deliver_by_can_be_refused(server):
    with dialogue(server) as smtp:
        assert "DELIVERBY" in smtp.ehlo()
    with setting(server, "smtp.deliver-by", "no"), server.smtp("alice") as client:
        assert "deliverby" not in client.esmtp_features
        assert client.mail("alice@example.test", ["BY=60;N"])[0] == 555


def test_the_time_that_is_left_is_passed_on(server, port):
    peer = Peer()
    with world.mail_server(peer, KNOWS, port, protocol=Knowing):
        queue_id, _ = send(server, "BY=1000;R", to=["b@knows.far.test"])
        wait_sent(server, queue_id, "delivered", "2.0.0")
        queue_id, _ = send(server, "BY=-20;N", to=["b@knows.far.test"])
        wait_sent(server, queue_id, "delivered", "2.0.0")
        queue_id, _ = send(server, to=["b@knows.far.test"])
        wait_sent(server, queue_id, "delivered", "2.0.0")
    left = re.fullmatch(r"(\d+);R", peer.asked[0]["BY"])
    assert 900 < int(left[1]) <= 1000
    assert re.fullmatch(r"-[2-9]\d;N", peer.asked[1]["BY"])
    assert "BY" not in peer.asked[2]


def test_what_is_late_comes_back(server):
    queue_id, _ = send(server, "BY=2;R", to=["b@nobody.far.test"])
    wait_sent(server, queue_id, "failed", "5.4.7")
    gone(server, queue_id)
    message, (recipient,) = status_of(*reports(server, "alice", 1))
    assert message["Deliver-By-Date"]
    assert recipient["Action"] == "failed" and recipient["Status"] == "5.4.7"


def test_who_is_told_that_it_is_late_keeps_it_in_the_queue(server):
    queue_id, _ = send(server, "BY=2;N", to=["b@nobody.far.test"])
    _, (recipient,) = status_of(*reports(server, "alice", 1))
    assert recipient["Action"] == "delayed" and recipient["Status"].startswith("4.")
    assert queue_id in server.cli("queue", "list")
    kx.wait_until(lambda: server.run("queue", "remove", queue_id).returncode == 0, 30, "its removal")
    assert not server.eml_files("alice")


def test_what_is_to_come_back_is_not_given_to_who_cannot_return_it(server, port):
    host = world.Received()
    with world.mail_server(host, OTHER, port):
        queue_id, _ = send(server, "BY=600;R", to=["b@other.far.test"])
        wait_sent(server, queue_id, "failed", "5.3.3")
    assert not host.messages and len(reports(server, "alice", 1)) == 1


def test_the_sender_hears_where_it_went(server, port):
    """Of each server with a trace, and of one that cannot tell whether it is late."""
    host, peer = world.Received(), Peer()
    with world.mail_server(host, OTHER, port), world.mail_server(peer, KNOWS, port, protocol=Knowing):
        for options, to, rcpt in ((["BY=600;N"], "b@other.far.test", []), (["BY=600;NT"], "b@knows.far.test", []),
                                  (["BY=600;N"], "b@knows.far.test", []), (["BY=600;N"], "b@other.far.test", ["NOTIFY=NEVER"])):
            queue_id, _ = send(server, *options, to=[to], rcpt=rcpt)
            wait_sent(server, queue_id, "delivered", "2.0.0")
            gone(server, queue_id)
    told = [status_of(report)[1][0] for report in reports(server, "alice", 2)]
    assert [(one["Action"], one["Final-Recipient"]) for one in told] == [
        ("relayed", "rfc822; b@other.far.test"), ("relayed", "rfc822; b@knows.far.test")]


# ---- MT-PRIORITY

@pytest.mark.parametrize("value", ["x", "10", "-10", "+1", "", "1.5"])
def test_what_is_no_priority(server, value):
    assert refused(server, f"MT-PRIORITY={value}") == 501


def test_priorities_are_limited_and_passed_on(server, port):
    peer = Peer()
    with world.mail_server(peer, KNOWS, port, protocol=Knowing):
        for wish, granted in (("3", "3"), ("9", "4"), ("-9", "-9"), (None, None)):
            queue_id, text = send(server, *([f"MT-PRIORITY={wish}"] if wish else []), to=["b@knows.far.test"])
            assert text.startswith("2.3.6 4 " if wish == "9" else "2.0.0 ")
            wait_sent(server, queue_id, "delivered", "2.0.0")
            assert peer.asked[-1].get("MT-PRIORITY") == granted
            trace = re.search(rb"^Received:.*?(?=^\S)", peer.bodies()[-1], re.M | re.S)[0].decode()
            assert (f"PRIORITY {granted};" in trace) if wish else "PRIORITY" not in trace
    with setting(server, "smtp.mt-priority", "no"), server.smtp("alice") as client:
        assert "mt-priority" not in client.esmtp_features
        assert client.mail("alice@example.test", ["MT-PRIORITY=1"])[0] == 555


def test_strangers_are_not_urgent(server):
    with server.smtp() as client:
        assert "mt-priority" in client.esmtp_features
        assert client.mail("a@elsewhere.test", ["MT-PRIORITY=3"])[0] == 250
        client.rcpt("bob@example.test")
        assert client.data(BODY)[1].startswith(b"2.3.6 0 ")


def test_what_is_urgent_goes_first(server, port):
    """It waits for a server that is away; when that is back, the order of priorities is that of sending."""
    host = world.Received()
    server.cli("config", "set", "smtp.delivery-tasks-per-destination", "1")
    server.cli("config", "set", "internet.connection", "offline")
    try:
        for number, priority in enumerate((0, -3, 4, 2, 0, 3)):
            send(server, f"MT-PRIORITY={priority}", to=[f"p{priority}n{number}@sub.other.far.test"])
        kx.wait_until(lambda: len(server.cli("queue", "list", as_json=True)) == 6, what="all in the queue")
        with world.mail_server(host, OTHER, port):
            server.cli("config", "set", "internet.connection", "online")
            kx.wait_until(lambda: len(host.messages) == 6, what="six messages", seconds=20)
    finally:
        server.cli("config", "set", "internet.connection", "online")
        server.cli("config", "set", "smtp.delivery-tasks-per-destination", "10")
    order = [int(re.match(r"p(-?\d+)n", address)[1]) for address in host.recipients()]
    assert order[-1] == -3 and order.index(4) < order.index(0), order
