# SPDX-License-Identifier: Apache-2.0
"""Mail to other servers: where it goes, what protects it, what happens when it cannot be given away."""

import asyncio
import os
import re
import ssl

import kx
import pytest
import world

ZONES = {
    "remote.test": """
        @ MX 20 mx2
        @ MX 10 mx1
        @ MX 30 mx3
        mx1 A 127.0.9.1
        mx2 A 127.0.9.2
        mx3 A 127.0.9.3
        plain A 127.0.9.4
        breaks A 127.0.9.5
        null MX 0 .
        *.both MX 10 mx2
        *.both MX 10 mx3
        self MX 5 mail.example.test.
        dead MX 10 mx9
        mx9 A 127.0.9.9
        second MX 10 mx2
        *.second MX 10 mx2
        *.dead MX 10 mx9
        """,
}


@pytest.fixture(scope="module")
def dns():
    with world.name_server(ZONES) as address:
        yield address


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def server(keryx_binary, dns, port):
    config = {"dns.servers": dns, "smtp.delivery-port": port, "internet.connection": "online", "log.debug": "queue",
              "queue.retry-interval": "1s", "queue.max-retry-interval": "2s"}
    with kx.running_server(keryx_binary, users=["alice"], config=config) as running:
        yield running


def submit(server, *to, sender="alice@example.test", body=b"Subject: out\r\n\r\nhello\r\n", **options):
    with server.smtp("alice", service="submission") as smtp:
        assert smtp.sendmail(sender, to, body, **options) == {}
    return re.findall(r"Queue-ID: (\S+), Service: SMTP", server.log("mail"))[-1]


def wait_sent(server, queue_id, result, status):
    server.wait_log("mail", rf"Sent: Queue-ID: {queue_id}, Recipient: <[^>]*>, Result: {result}, "
                            rf"Status: {re.escape(status)}", seconds=20)


def gone(server, queue_id):
    kx.wait_until(lambda: queue_id not in server.cli("queue", "list"), what="an empty queue")


@pytest.mark.covers("SMTP-02", "SMTP-04", "SMTP-25")
def test_the_first_host_that_answers_gets_it(server, port):
    second, third = world.Received(), world.Received()
    with world.mail_server(second, "127.0.9.2", port), world.mail_server(third, "127.0.9.3", port):
        queue_id = submit(server, "bob@remote.test", "eve@remote.test",
                          body=b"Subject: dots\r\n\r\n.\r\n..two\r\n.last\r\n")
        wait_sent(server, queue_id, "delivered", "2.0.0")
        gone(server, queue_id)
    assert len(second.messages) == 1 and not third.messages  # both recipients in one transaction
    sender, to, content, _ = second.messages[0]
    assert sender == "alice@example.test" and to == ["bob@remote.test", "eve@remote.test"]
    assert content.endswith(b"Subject: dots\r\n\r\n.\r\n..two\r\n.last\r\n")
    assert b"Return-Path" not in content


@pytest.mark.covers("SMTP-03")
def test_equal_hosts_share(server, port):
    one, two = world.Received(), world.Received()
    with world.mail_server(one, "127.0.9.2", port), world.mail_server(two, "127.0.9.3", port):
        for i in range(12):
            submit(server, f"bob@d{i}.both.remote.test")
        kx.wait_until(lambda: len(one.messages) + len(two.messages) == 12, what="12 messages", seconds=20)
    assert one.messages and two.messages


def test_without_mx_the_domain_itself_is_the_host(server, port):
    host = world.Received()
    with world.mail_server(host, "127.0.9.4", port):
        queue_id = submit(server, "bob@plain.remote.test")
        wait_sent(server, queue_id, "delivered", "2.0.0")
    assert host.recipients() == ["bob@plain.remote.test"]


def test_an_address_in_brackets_is_the_host(server, port):
    host = world.Received()
    with world.mail_server(host, "127.0.9.4", port):
        queue_id = submit(server, "bob@[127.0.9.4]")
        wait_sent(server, queue_id, "delivered", "2.0.0")
    assert len(host.messages) == 1


@pytest.mark.parametrize("domain, status", [
    ("null.remote.test", "5.1.10"), ("nowhere.remote.test", "5.1.2"), ("self.remote.test", "5.4.6")])
def test_a_domain_that_takes_no_mail_is_no_use_waiting_for(server, domain, status):
    queue_id = submit(server, f"bob@{domain}")
    wait_sent(server, queue_id, "failed", status)
    gone(server, queue_id)


class Refuses(world.Received):
    """Answers RCPT by what the address says."""

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("no"):
            return "550 5.1.1 no such user"
        if address.startswith("later") and not getattr(self, "seen", None):
            self.seen = True
            return "451 4.7.1 come back"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"


@pytest.mark.covers("SMTP-05", "SMTP-30", "LOG-35", "TECH-33")
def test_each_recipient_has_a_fate_of_its_own(server, port):
    host = Refuses()
    with server.imap("alice") as imap:
        imap.select("INBOX")
        before = int(imap.response("EXISTS")[1][0])
    with world.mail_server(host, "127.0.9.2", port):
        queue_id = submit(server, "yes@second.remote.test", "no@second.remote.test", "later@second.remote.test",
                          body=b"Subject: three fates\r\nX-Mark: kept\r\n\r\nsecret text\r\n")
        for address, result, status in (("yes", "delivered", "2.0.0"), ("no", "failed", "5.1.1"),
                                        ("later", "delayed", "4.7.1"), ("later", "delivered", "2.0.0")):
            server.wait_log("mail", rf"{queue_id}, Recipient: <{address}@second\.remote\.test>, Result: {result}, "
                                    rf"Status: {re.escape(status)}", seconds=20)
        gone(server, queue_id)
    assert sorted(host.recipients()) == ["later@second.remote.test", "yes@second.remote.test"]
    with server.imap("alice") as imap:
        kx.wait_until(lambda: int(imap.select("INBOX")[1][0]) == before + 1, what="one report")
        report = imap.fetch(str(before + 1), "(BODY[])")[1][0][1].decode()
    assert "report-type=delivery-status" in report and "Final-Recipient: rfc822; no@second.remote.test" in report
    assert "Status: 5.1.1" in report and "later@" not in report.split("delivery-status", 2)[2].split("rfc822-headers")[0]
    assert "X-Mark: kept" in report and "secret text" not in report
    assert re.search(r"Service: DSN, From: <>, To: <alice@example\.test>", server.log("mail"))


def test_nobody_is_told_who_does_not_want_to_be(server, port):
    host = Refuses()
    with world.mail_server(host, "127.0.9.2", port):
        with server.smtp("alice", service="submission") as smtp:
            smtp.mail("alice@example.test")
            smtp.rcpt("no@second.remote.test", ["NOTIFY=NEVER"])
            smtp.data(b"Subject: quiet\r\n\r\n")
            smtp.mail("")
            smtp.rcpt("no@second.remote.test")
            smtp.data(b"Subject: from nobody\r\n\r\n")
        ids = re.findall(r"Queue-ID: (\S+), Service: SMTP", server.log("mail"))[-2:]
        for queue_id in ids:
            wait_sent(server, queue_id, "failed", "5.1.1")
            gone(server, queue_id)
    last = server.log("mail").split(ids[1])[1]
    assert "Service: DSN" not in last


@pytest.mark.covers("SMTP-31", "TECH-33")
def test_what_waits_too_long_comes_back(keryx_binary, dns, port):
    config = {"dns.servers": dns, "smtp.delivery-port": port, "internet.connection": "online",
              "queue.retry-interval": "1s", "queue.lifetime": "3s"}
    with kx.running_server(keryx_binary, users=["alice"], config=config) as server:
        queue_id = submit(server, "bob@dead.remote.test")
        wait_sent(server, queue_id, "delayed", "4.4.1")
        wait_sent(server, queue_id, "failed", "5.4.7")
        server.wait_messages("alice", 1)
        gone(server, queue_id)


@pytest.mark.covers("NET-01", "NET-02", "NET-03", "SCHED-09", "STAT-05")
def test_offline_nothing_goes_until_it_is_told_to(keryx_binary, dns, port):
    host = world.Received()
    config = {"dns.servers": dns, "smtp.delivery-port": port, "internet.connection": "offline"}
    with world.mail_server(host, "127.0.9.2", port), kx.running_server(keryx_binary, users=["alice"], config=config) as server:
        first, second = submit(server, "one@second.remote.test"), submit(server, "two@second.remote.test")
        assert first in server.cli("queue", "list") and not host.messages
        server.cli("queue", "retry", first)
        kx.wait_until(lambda: host.recipients() == ["one@second.remote.test"], what="one message")
        server.restart()
        assert second in server.cli("queue", "list")
        server.cli("queue", "run")
        kx.wait_until(lambda: len(host.messages) == 2, what="both messages")
        third = submit(server, "three@second.remote.test")
        server.cli("config", "set", "internet.connection", "online")
        wait_sent(server, third, "delivered", "2.0.0")
        assert server.cli("schedule", "list", as_json=True) == []  # there is no need for one
        wait_sent(server, submit(server, "four@second.remote.test"), "delivered", "2.0.0")
        assert server.run("queue", "retry", "00000000-00000000").returncode == 1


@pytest.mark.covers("SMTP-28")
def test_tls_is_taken_where_it_is_offered(server, port, tmp_path):
    context = world.server_tls(*certificate(tmp_path, "mx2.remote.test"))
    host = world.Received()
    with world.mail_server(host, "127.0.9.2", port, tls_context=context):
        wait_sent(server, submit(server, "bob@tls.second.remote.test"), "delivered", "2.0.0")
    assert host.messages[0][3] is True
    plain = world.Received()
    server.cli("config", "set", "smtp.delivery-tls", "must")
    try:
        with world.mail_server(plain, "127.0.9.2", port):
            wait_sent(server, submit(server, "bob@clear.second.remote.test"), "delayed", "4.7.5")
        server.cli("config", "set", "smtp.delivery-tls", "verify")
        with world.mail_server(plain, "127.0.9.2", port, tls_context=context):
            wait_sent(server, submit(server, "eve@bad.second.remote.test"), "delayed", "4.7.5")
    finally:
        server.cli("config", "set", "smtp.delivery-tls", "may")
    assert not plain.messages


def certificate(folder, name):
    key, cert = folder / "key.pem", folder / "cert.pem"
    done = kx.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert,
                   "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"])
    assert done.returncode == 0, done.stdout
    return cert, key


@pytest.mark.covers("SMTP-26", "SMTP-27")
def test_a_relay_server_takes_everything(keryx_binary, port, tmp_path):
    from aiosmtpd.smtp import AuthResult
    logins = []

    def authenticate(server, session, envelope, mechanism, data):
        logins.append((mechanism, data.login, data.password))
        return AuthResult(success=data.password == b"relay secret")

    context = world.server_tls(*certificate(tmp_path, "localhost"))
    relay = world.Received()
    config = {"smtp.relay-host": "127.0.0.1", "smtp.relay-port": port, "smtp.relay-tls": "must",
              "smtp.relay-user": "me", "smtp.relay-password": "relay secret", "internet.connection": "online"}
    with world.mail_server(relay, "127.0.0.1", port, tls_context=context, require_starttls=True,
                           authenticator=authenticate, auth_required=True):
        with kx.running_server(keryx_binary, users=["alice"], config=config) as server:
            wait_sent(server, submit(server, "a@one.test", "b@two.test"), "delivered", "2.0.0")
            assert sorted(relay.recipients()) == ["a@one.test", "b@two.test"] and len(relay.messages) == 1
            assert logins and logins[0][1:] == (b"me", b"relay secret")
            assert "relay secret" not in server.cli("config", "get", "smtp.relay-password")


def test_a_server_that_breaks_off_gets_the_message_again_not_twice(server, port):
    """It closes the connection in the middle of the content, then takes it."""
    taken, broken = [], []

    async def talk(reader, writer):
        async def say(line):
            writer.write(line + b"\r\n")
            await writer.drain()

        await say(b"220 odd")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                await say(b"250 odd")
            elif verb == b"DATA":
                await say(b"354 go")
                if not broken:
                    broken.append(await reader.readline())
                    break
                content = b""
                while (part := await reader.readline()) != b".\r\n":
                    content += part
                taken.append(content)
                await say(b"250 2.0.0 taken")
            elif verb == b"QUIT":
                break
            else:
                await say(b"250 2.0.0 fine")
        writer.close()

    with world.odd_server("127.0.9.5", port, talk):
        queue_id = submit(server, "bob@breaks.remote.test")
        wait_sent(server, queue_id, "delayed", "4.4.2")
        wait_sent(server, queue_id, "delivered", "2.0.0")
        gone(server, queue_id)
    assert broken and len(taken) == 1


@pytest.mark.parametrize("greeting", [b"554 go away\r\n", b"nonsense\r\n", b"220-half a greeting\r\n", b""])
def test_servers_that_make_no_sense_delay_only(server, port, greeting):
    async def talk(reader, writer):
        writer.write(greeting)
        await writer.drain()
        writer.close()

    with world.odd_server("127.0.9.2", port, talk):
        queue_id = submit(server, f"bob@odd{len(greeting)}.second.remote.test")
        server.wait_log("mail", rf"{queue_id}, Recipient: <[^>]*>, Result: delayed, Status: 4\.", seconds=20)
    server.cli("queue", "remove", queue_id)


@pytest.mark.covers("SMTP-29", "STAT-06", "TECH-33")
def test_one_that_stands_still_holds_up_nobody(server, port):
    waiting = []

    async def stand_still(reader, writer):
        waiting.append(writer)
        await asyncio.sleep(60)

    host = world.Received()
    with world.odd_server("127.0.9.9", port, stand_still), world.mail_server(host, "127.0.9.2", port):
        stuck = [submit(server, f"u{i}@dead.remote.test") for i in range(20)]
        kx.wait_until(lambda: waiting, what="a connection")
        for i in range(5):
            wait_sent(server, submit(server, f"v{i}@second.remote.test"), "delivered", "2.0.0")
        assert len(waiting) <= 2  # not yet known to be alive: two at a time
        assert all(queue_id in server.cli("queue", "list") for queue_id in stuck)
        server.kill_role("courier")
        server.wait_roles()
        wait_sent(server, submit(server, "w@second.remote.test"), "delivered", "2.0.0")


@pytest.mark.covers("SMTP-29", "STAT-06")
def test_many_that_stand_still_hold_up_nobody(server, port):
    """More destinations than smtp.delivery-tasks, none of which is known to be dead before a long time is over."""
    waiting = []

    async def stand_still(reader, writer):
        waiting.append(writer)
        await asyncio.sleep(60)

    host = world.Received()
    with world.odd_server("127.0.9.9", port, stand_still), world.mail_server(host, "127.0.9.2", port):
        for number in range(40):
            submit(server, f"u@d{number}.dead.remote.test")
        wait_sent(server, submit(server, "v@new.second.remote.test"), "delivered", "2.0.0")
        kx.wait_until(lambda: len(waiting) >= 40, what="attempts at all of the dead")
    server.cli("queue", "run")


def test_who_has_it_here_does_not_get_it_again_while_others_wait(server, port):
    """And the sender is told so, although the rest of it takes long."""
    server.add_user("late")
    server.deliver("late", "Subject: makes the mailbox\n\n")
    folder, away = server.folder("late") / "#msgs", server.data / "away"

    async def stand_still(reader, writer):
        await asyncio.sleep(60)

    with world.odd_server("127.0.9.9", port, stand_still):
        os.rename(folder, away)
        folder.touch()
        try:
            queue_id = submit(server, "late@example.test", "u@local.dead.remote.test",
                              rcpt_options=["NOTIFY=SUCCESS"])
            wait_sent(server, queue_id, "delayed", "4.3.0")
            reports = len(server.eml_files("alice"))
        finally:
            folder.unlink()
            os.rename(away, folder)
        server.cli("queue", "retry", queue_id)
        server.wait_messages("late", 2)
        server.wait_messages("alice", reports + 1)
        server.kill_role("core")
        server.wait_roles()
        server.cli("queue", "retry", queue_id)
        kx.wait_until(lambda: waits_for(server, queue_id) == ["u@local.dead.remote.test"], what="one recipient")
    server.kill_role("courier")
    server.wait_roles()
    kx.wait_until(lambda: server.run("queue", "remove", queue_id).returncode == 0, 30, "its removal")
    assert len(server.eml_files("late")) == 2
    assert len(server.eml_files("alice")) == reports + 1


def waits_for(server, queue_id):
    return [row["address"] for row in server.cli("queue", "show", queue_id, as_json=True)["recipients"]]


def test_a_core_that_dies_sends_what_it_had_accepted(server, port):
    host = world.Received()
    queue_id = submit(server, "bob@second.remote.test")
    server.kill_role("core")
    server.wait_roles()
    with world.mail_server(host, "127.0.9.2", port):
        server.cli("queue", "run")
        wait_sent(server, queue_id, "delivered", "2.0.0")
        gone(server, queue_id)
    assert host.recipients() == ["bob@second.remote.test"]


def test_internationalized_mail_is_not_sent_to_who_cannot_read_it(server, port):
    async def talk(reader, writer):
        writer.write(b"220 old\r\n")
        while line := await reader.readline():
            writer.write(b"250 old\r\n" if line[:4].upper() in (b"EHLO", b"QUIT", b"RSET") else b"500 what\r\n")
        writer.close()

    with world.odd_server("127.0.9.2", port, talk):
        with server.smtp("alice", service="submission") as smtp:
            smtp.ehlo()
            smtp.mail("alice@example.test", ["SMTPUTF8", "BODY=8BITMIME"])
            smtp.rcpt("bob@second.remote.test")
            assert smtp.data("Subject: größe\r\n\r\n".encode())[0] == 250
        queue_id = re.findall(r"Queue-ID: (\S+), Service: SMTP", server.log("mail"))[-1]
        wait_sent(server, queue_id, "failed", "5.6.7")
