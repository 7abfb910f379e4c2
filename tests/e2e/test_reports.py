# SPDX-License-Identifier: Apache-2.0
"""What senders are told: failure, delay, success (RFC 3461 to 3464, RFC 6533), in whose language, and who is not."""

import email
import email.policy
import re

import kx
import pytest
import world

ZONES = {"remote.test": "@ MX 10 mx\nmx A 127.0.9.21\nknows MX 10 mx2\nmx2 A 127.0.9.22\ndead MX 10 mx3\nmx3 A 127.0.9.29\n"}


@pytest.fixture(scope="module")
def server(keryx_binary):
    port = world.free_port()
    with world.name_server(ZONES) as dns:
        config = {"dns.servers": dns, "smtp.delivery-port": port, "internet.connection": "online", "queue.retry-interval": "1s",
                  "queue.max-retry-interval": "1s"}
        with kx.running_server(keryx_binary, users=["alice", "bob", "carol"], config=config) as running:
            running.delivery_port = port
            yield running


class Picky(world.Received):
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("no"):
            return "550 5.1.1 no such user"
        return await super().handle_RCPT(server, session, envelope, address, rcpt_options)


@pytest.fixture
def remote(server):
    host = Picky()
    with world.mail_server(host, "127.0.9.21", server.delivery_port):
        yield host


def send(server, recipients, content=b"Subject: hello\r\n\r\ntext\r\n", sender="alice@example.test", mail=()):
    """recipients: address or (address, [options])."""
    with server.smtp("alice", service="submission") as smtp:
        smtp.ehlo()
        assert smtp.mail(sender, list(mail))[0] == 250
        for recipient in recipients:
            address, options = recipient if isinstance(recipient, tuple) else (recipient, [])
            code, answer = smtp.docmd(f"RCPT TO:<{address}> {' '.join(options)}".rstrip())
            assert code == 250, answer
        code, text = smtp.data(content)
        assert code == 250
    return text.decode().split()[-1]


def reports(server, user, count):
    """All reports in the mailbox, once there are so many; the mailbox is empty afterwards."""
    with server.imap(user) as imap:
        kx.wait_until(lambda: int(imap.select("INBOX")[1][0]) >= count, what=f"{count} reports")
        found = [email.message_from_bytes(row[1], policy=email.policy.default)
                 for row in imap.fetch("1:*", "(BODY[])")[1] if isinstance(row, tuple)]
        imap.store("1:*", "+FLAGS", r"\Deleted")
        imap.expunge()
    assert len(found) == count
    return found


def status_of(report):
    """Fields of the message, and those of each recipient."""
    (part,) = [part for part in report.walk() if part.get_content_type().endswith("delivery-status")]
    blocks = [email.message_from_string(str(block)) for block in part.get_payload()] if part.is_multipart() else \
        [email.message_from_string(block) for block in part.get_content().strip().split("\n\n")]
    blocks = [block for block in blocks if block.keys()]
    return blocks[0], blocks[1:]


def gone(server, queue_id):
    kx.wait_until(lambda: queue_id not in server.cli("queue", "list"), what="an empty queue")


@pytest.mark.covers("SMTP-31", "TECH-31", "LOG-35")
def test_a_failure_says_what_where_and_why(server, remote):
    queue_id = send(server, [("no@remote.test", ["ORCPT=rfc822;My+2BFriend@remote.test"]), "yes@remote.test"],
                    mail=["RET=FULL", "ENVID=one+2Btwo"])
    (report,) = reports(server, "alice", 1)
    assert report["Subject"] == "Undelivered: hello" and report["Auto-Submitted"] == "auto-replied"
    assert report["Return-Path"] == "<>" and report.get_param("report-type") == "delivery-status"
    message, (recipient,) = status_of(report)
    assert message["Original-Envelope-Id"] == "one+two" and message["Reporting-MTA"].startswith("dns; ")
    assert recipient["Original-Recipient"] == "rfc822; My+Friend@remote.test"
    assert recipient["Final-Recipient"] == "rfc822; no@remote.test" and recipient["Action"] == "failed"
    assert recipient["Status"] == "5.1.1" and recipient["Diagnostic-Code"] == "smtp; 550 5.1.1 no such user"
    assert recipient["Remote-MTA"] == "dns; mx.remote.test"
    text, _, original = report.iter_parts()
    assert "<no@remote.test>" in text.get_content() and original.get_content_type() == "message/rfc822"
    assert "text" in original.get_content().get_content()
    gone(server, queue_id)
    log = server.log("mail")
    assert re.search(r"Service: DSN, From: <>, To: <alice@example\.test>, Size: \d+, Report: failed$", log, re.M)


def test_success_is_told_where_it_is_wished(server, remote):
    send(server, [("bob@example.test", ["NOTIFY=SUCCESS"]), "carol@example.test", ("x@remote.test", ["NOTIFY=SUCCESS,DELAY"]),
                  ("y@remote.test", ["NOTIFY=NEVER"])], mail=["RET=FULL"])
    found = {status_of(report)[1][0]["Action"]: report for report in reports(server, "alice", 2)}
    assert sorted(found) == ["delivered", "relayed"]
    for action, address in (("delivered", "bob@example.test"), ("relayed", "x@remote.test")):
        _, (recipient,) = status_of(found[action])
        assert recipient["Final-Recipient"] == f"rfc822; {address}" and recipient["Status"] == "2.0.0"
        assert list(found[action].iter_parts())[2].get_content_type() == "text/rfc822-headers"


@pytest.mark.covers("SMTP-33", "TECH-33")
def test_a_delay_is_told_once(server):
    server.cli("config", "set", "queue.warn-after", "1s")
    try:
        queue_id = send(server, ["a@dead.remote.test", ("b@dead.remote.test", ["NOTIFY=FAILURE"])])
        automatic = send(server, ["c@dead.remote.test"], b"Subject: cron\r\nAuto-Submitted: auto-generated\r\n\r\n")
        (report,) = reports(server, "alice", 1)
        kx.wait_until(lambda: server.cli("queue", "show", queue_id, as_json=True)["attempts"] >= 3, what="more attempts")
        envelope = server.data / "store" / "queue" / f"{automatic}.env"
        kx.wait_until(lambda: "\nWarned: 1\n" in envelope.read_text(), what="that the other would have been told, too")
    finally:
        server.cli("config", "set", "queue.warn-after", "4h")
    assert report["Subject"] == "Delayed: hello"
    _, (recipient,) = status_of(report)
    assert recipient["Action"] == "delayed" and recipient["Final-Recipient"] == "rfc822; a@dead.remote.test"
    assert recipient["Status"].startswith("4.4.") and recipient["Will-Retry-Until"]
    assert not server.eml_files("alice")
    server.cli("queue", "remove", queue_id, automatic)


def test_answers_by_programs_get_no_answer(server, remote):
    first = send(server, ["no@remote.test"], b"Subject: away\r\nAuto-Submitted: auto-replied (vacation)\r\n\r\n")
    gone(server, first)
    second = send(server, ["no@remote.test"], b"Subject: cron\r\nAuto-Submitted: auto-generated\r\n\r\n")
    gone(server, second)
    assert [report["Subject"] for report in reports(server, "alice", 1)] == ["Undelivered: cron"]


def test_of_a_group_the_sender_hears_only_that_it_was_reached(server):
    server.cli("alias", "add", "team@example.test", "bob", "carol")
    send(server, [("team@example.test", ["NOTIFY=SUCCESS,FAILURE"])])
    (report,) = reports(server, "alice", 1)
    _, (recipient,) = status_of(report)
    assert recipient["Action"] == "expanded" and recipient["Final-Recipient"] == "rfc822; team@example.test"
    assert "bob" not in report.as_string()


def test_a_server_that_reports_by_itself_gets_what_it_needs(server):
    said = []

    async def talk(reader, writer):
        writer.write(b"220 knows\r\n")
        while line := await reader.readline():
            said.append(line.decode().strip())
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go\r\n")
                while await reader.readline() != b".\r\n":
                    pass
            writer.write(b"250-knows\r\n250 DSN\r\n" if verb == b"EHLO" else b"250 2.0.0 fine\r\n")
        writer.close()

    server.cli("alias", "add", "out@example.test", "z@knows.remote.test")
    with world.odd_server("127.0.9.22", server.delivery_port, talk):
        queue_id = send(server, [("x@knows.remote.test", ["NOTIFY=SUCCESS", "ORCPT=rfc822;a+2Bb@c"]), "out@example.test"],
                        mail=["RET=HDRS", "ENVID=e1"])
        gone(server, queue_id)
    assert any("RET=HDRS ENVID=e1" in line for line in said)
    assert "RCPT TO:<x@knows.remote.test> NOTIFY=SUCCESS ORCPT=rfc822;a+2Bb@c" in said
    assert "RCPT TO:<z@knows.remote.test> ORCPT=rfc822;out@example.test" in said
    assert not server.eml_files("alice")


def test_internationalized_mail_has_internationalized_reports(server, remote):
    with server.smtp("alice", service="submission") as smtp:
        smtp.ehlo()
        smtp.mail("alice@example.test", ["SMTPUTF8", "BODY=8BITMIME"])
        smtp.command_encoding = "utf-8"
        assert smtp.docmd("RCPT", "TO:<nobödy@remote.test>")[0] == 250
        assert smtp.data("Subject: größe\r\n\r\n".encode())[0] == 250
    (report,) = reports(server, "alice", 1)
    assert report["Subject"] == "Undelivered: größe"
    types = [part.get_content_type() for part in report.iter_parts()]
    assert types == ["text/plain", "message/global-delivery-status", "message/global-headers"]
    assert "Final-Recipient: utf-8; nobödy@remote.test" in report.as_bytes().decode()


@pytest.mark.covers("SMTP-34")
@pytest.mark.parametrize("language, subject", [
    ("de", "Unzustellbar: hello"), ("cs", "Nedoručeno: hello"), ("es", "No entregado: hello"), ("fr", "Non remis : hello")])
def test_reports_speak_the_language_of_the_domain(server, remote, language, subject):
    server.cli("domain", "set", "example.test", "--report-language", language)
    try:
        send(server, ["no@remote.test"])
        (report,) = reports(server, "alice", 1)
    finally:
        server.cli("domain", "set", "example.test", "--report-language", "")
    assert report["Subject"] == subject
    assert "<no@remote.test>" in next(report.iter_parts()).get_content()


@pytest.mark.covers("SMTP-34")
def test_the_administrator_writes_texts_and_adds_languages(server, remote):
    folder = server.data / "reports" / "pt-br"
    folder.mkdir(parents=True)
    (folder / "failed.txt").write_text("Não entregue: {subject}\n\n{recipients}\n\nAdeus de {server}. {unknown}\n")
    assert server.run("config", "set", "reports.language", "../etc").returncode != 0
    server.cli("config", "set", "reports.language", "pt-br")
    try:
        send(server, ["no@remote.test"])
        (report,) = reports(server, "alice", 1)
    finally:
        server.cli("config", "set", "reports.language", "en")
    assert report["Subject"] == "Não entregue: hello"
    assert "{unknown}" in next(report.iter_parts()).get_content()
