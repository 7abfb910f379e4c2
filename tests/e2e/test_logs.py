# SPDX-License-Identifier: Apache-2.0
"""The eight logs as an administrator reads them: exact lines for what clients and administrators do."""

import base64
import contextlib
import http.client
import imaplib
import re
import smtplib
import socket
import time

import pytest

import kx
import world
from test_pop3 import dial  # noqa: F401 (a fixture)

STAMP = r"^\[\d\d/[A-Z][a-z][a-z]/\d{4} \d\d:\d\d:\d\d\] "
QUEUE_ID = r"[0-9a-f]{8}-[0-9a-f]{8}"
HERE = r"127\.0\.0\.1"


def content(subject="x", sender="a@elsewhere.test"):
    return f"From: {sender}\nSubject: {subject}\n\nbody\n"


def found(server, log, pattern):
    """The line that matches, from the stamp to its end."""
    return server.wait_log(log, STAMP + pattern + "$")


def mark(server, log):
    """What is in the log from here on: a function that returns it."""
    start = len(server.log(log))
    return lambda: server.log(log)[start:]


# --- Mail


@pytest.mark.covers("LOG-01", "LOG-02", "LOG-27", "LOG-28", "LOG-29", "LOG-30", "LOG-31", "LOG-32", "LOG-33")
def test_mail_received_and_delivered(server):
    started = int(time.time())
    with server.smtp() as client:
        client.sendmail("a@elsewhere.test", ["alice@example.test", "bob@example.test"], content())
    line = found(server, "mail", rf"Recv: Queue-ID: ({QUEUE_ID}), Service: SMTP, From: <a@elsewhere\.test>, "
                 rf"To: <alice@example\.test>, <bob@example\.test>, Size: (\d+), Sender-Host: {HERE}, SSL: no")
    queue_id, size = line.groups()
    assert started - 1 <= int(queue_id[:8], 16) <= int(time.time()) + 1
    stamp = time.strftime("%d/%b/%Y %H:%M:%S", time.localtime(int(queue_id[:8], 16)))
    assert abs(int(queue_id[:8], 16) - time.mktime(time.strptime(line.group(0)[1:21], "%d/%b/%Y %H:%M:%S"))) <= 1, stamp
    for name in ("alice", "bob"):
        found(server, "mail", rf"Sent: Queue-ID: {queue_id}, Recipient: <{name}@example\.test>, Result: delivered, "
              r"Status: 2\.\d\.\d")
    # Content as it was received; the mailbox has the Return-Path besides.
    assert abs(int(size) - len(server.wait_messages("bob", 1)[1])) < 60


@pytest.mark.covers("LOG-28", "LOG-29")
@pytest.mark.parametrize("service", ["submission", "smtps"])
def test_mail_submitted(server, user, service):
    with server.smtp(user, service=service) as client:
        client.sendmail(server.address(user), ["carol@example.test"], content(sender=server.address(user)))
    found(server, "mail", rf"Recv: Queue-ID: {QUEUE_ID}, Service: SMTP, From: <{user}@example\.test>, "
          rf"To: <carol@example\.test>, Size: \d+, User: {user}@example\.test, Sender-Host: {HERE}, SSL: yes")


@pytest.mark.covers("LOG-29")
def test_mail_over_starttls_on_25(server):
    with server.smtp() as client:
        client.starttls(context=kx.tls_context())
        client.sendmail("tls@elsewhere.test", ["alice@example.test"], content())
    found(server, "mail", rf"Recv: Queue-ID: {QUEUE_ID}, Service: SMTP, From: <tls@elsewhere\.test>, "
          rf"To: <alice@example\.test>, Size: \d+, Sender-Host: {HERE}, SSL: yes")


@pytest.mark.covers("LOG-28")
def test_null_sender(server):
    with server.smtp() as client:
        client.sendmail("", ["bob@example.test"], content())
    found(server, "mail", rf"Recv: Queue-ID: {QUEUE_ID}, Service: SMTP, From: <>, To: <bob@example\.test>, .*")


# --- Security and Warning


def fail_imap(server, password="wrong", user="alice@example.test"):
    client = imaplib.IMAP4_SSL("127.0.0.1", server.port("imaps"), ssl_context=kx.tls_context())
    with pytest.raises(imaplib.IMAP4.error):
        client.login(user, password)
    client.shutdown()


@pytest.mark.covers("LOG-38", "LOG-42", "LOG-43", "LOG-51")
def test_failed_logins(server):
    security, warning = mark(server, "security"), mark(server, "warning")
    fail_imap(server)
    with pytest.raises(kx.poplib.error_proto):
        server.pop3("bob", "wrong")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        server.smtp("nobody-here", "wrong")
    kx.wait_until(lambda: security().count("\n") >= 3, 10, "three lines")
    for service in ("IMAP", "POP3", "SMTP"):
        # Which of name and password was wrong is not for whoever reads over the shoulder...
        assert re.search(STAMP + rf"Failed {service} login from {HERE}, authentication method (PLAIN|LOGIN)$",
                         security(), re.M), security()
    # ...but the administrator finds it in the Warning log.
    assert re.search(STAMP + rf"IMAP login of alice@example\.test from {HERE} failed: .*password", warning(), re.M)
    assert re.search(STAMP + rf"POP3 login of bob@example\.test from {HERE} failed: .*password", warning(), re.M)
    assert re.search(STAMP + rf"SMTP login of nobody-here@example\.test from {HERE} failed: .*user", warning(), re.M)
    assert "wrong" not in security().replace("wrong password", "") and "'wrong'" not in warning()


@pytest.mark.covers("LOG-43", "LOG-51")
def test_failed_login_of_a_disabled_account(server, user):
    server.cli("user", "set", server.address(user), "--disabled", "yes")
    warning = mark(server, "warning")
    with pytest.raises(kx.poplib.error_proto):
        server.pop3(user)
    kx.wait_until(lambda: re.search(rf"POP3 login of {user}@example\.test .*disabled", warning()), 10, "the cause")


@pytest.mark.covers("LOG-43")
def test_reasons_of_failed_exchanges(server, dial):  # noqa: F811
    security = mark(server, "security")
    client = dial()
    client.ask("AUTH KERBEROS_V4")
    client.ask("AUTH LOGIN")
    client.ask("*")
    client.ask("AUTH PLAIN " + base64.b64encode(b"no separators").decode())
    expected = [rf"Failed POP3 login from {HERE}, authentication method KERBEROS_V4 is invalid or unknown",
                rf"Failed POP3 login from {HERE}, authentication with method LOGIN cancelled by user",
                rf"Failed POP3 login from {HERE}, missing parameter in AUTHENTICATE header"]
    for line in expected:
        kx.wait_until(lambda line=line: re.search(STAMP + line + "$", security(), re.M), 10, line)


@pytest.mark.covers("LOG-43")
@pytest.mark.parametrize("service, command, greet", [("imaps", b"a AUTHENTICATE KERBEROS_V4\r\n", b""),
                                                     ("smtps", b"AUTH KERBEROS_V4\r\n", b"EHLO x\r\n")])
def test_unknown_methods(server, service, command, greet):
    security = mark(server, "security")
    with server.connect(service) as line:
        line.sendall(greet + command)
        title = service[:4].upper()
        kx.wait_until(lambda: re.search(STAMP + rf"Failed {title} login from {HERE}, authentication method KERBEROS_V4 is "
                                        "invalid or unknown$", security(), re.M), 10, "the line")


@pytest.mark.covers("LOG-43")
@pytest.mark.parametrize("service, command, greet", [("imaps", b"a AUTHENTICATE PLAIN\r\n", b""),
                                                     ("smtps", b"AUTH PLAIN\r\n", b"EHLO x\r\n")])
def test_cancelled_exchanges(server, service, command, greet):
    security = mark(server, "security")
    with server.connect(service) as line:
        line.sendall(greet + command)
        time.sleep(0.5)
        line.sendall(b"*\r\n")
        title = service[:4].upper()
        kx.wait_until(lambda: re.search(STAMP + rf"Failed {title} login from {HERE}, authentication with method PLAIN "
                                        "cancelled by user$", security(), re.M), 10, "the line")


@pytest.mark.covers("LOG-44")
def test_relay_attempt(server):
    with server.smtp() as client:
        client.mail("wgiwknovry@elsewhere.test")
        assert client.rcpt("fodder@falls.test")[0] == 550
    found(server, "security", rf"Relay attempt from IP address {HERE}, mail from <wgiwknovry@elsewhere\.test> to "
          r"<fodder@falls\.test> rejected")


# --- Config


@pytest.mark.covers("LOG-22", "LOG-24", "LOG-25")
def test_changes_by_administrators(server, user):
    who = r"(root|uid \d+) \(local\)"
    server.cli("user", "set", server.address(user), "--password", "a new secret", "--name", "Thomas 'T' Jones")
    found(server, "config", rf"{who} - insert User set Name='{user}', Domain='example\.test', Password=xxxxxx, .*")
    changed = found(server, "config", rf"{who} - update User set Name='{user}'.*Password=xxxxxx.*").group(0)
    assert "a new secret" not in server.log("config") and kx.password_of(user) not in server.log("config")
    assert re.search(r"Full_name='Thomas \S*T\S* Jones'", changed), changed
    server.cli("user", "remove", server.address(user))
    found(server, "config", rf"{who} - delete User set Name='{user}', Domain='example\.test'.*")
    server.configure({"smtp.max-recipients": "99"})
    found(server, "config", rf"{who} - update \S+ set .*smtp\.max-recipients.*99.*")
    server.configure({"smtp.max-recipients": "100"})


# --- Operations


def fill(server, user, subjects):
    for subject in subjects:
        server.deliver(user, content(subject))
    return server.wait_messages(user, len(subjects))


@pytest.mark.covers("LOG-52", "LOG-53", "LOG-54", "LOG-55", "LOG-56", "LOG-57", "LOG-58")
def test_operations_over_imap(server, user):
    stored = fill(server, user, ["Vacations", "Moved", "Kept"])
    imap = server.imap(user)
    imap.create("Work&A00-")
    imap.select()
    imap.store("1", "+FLAGS", "(\\Deleted)")
    imap.expunge()
    who = rf"Protocol: IMAP, User: {user}@example\.test, IP: {HERE}, "
    when = r"Delivered: \d\d/[A-Z][a-z][a-z]/\d{4} \d\d:\d\d:\d\d"
    found(server, "operations", rf"{{DELETE}} {who}Folder: ~{user}@example\.test/INBOX, From: <a@elsewhere\.test>, "
          rf'Subject: "Vacations", {when}, Size: {len(stored[1])}')
    imap._simple_command("MOVE", "1", "Work&A00-")
    found(server, "operations", rf"{{MOVE}} {who}Folder: ~{user}@example\.test/INBOX, From: <a@elsewhere\.test>, "
          rf'Subject: "Moved", {when}, Size: {len(stored[2])}, '
          rf"New location: ~{user}@example\.test/Work&A00-")
    imap.rename("Work&A00-", '"Deleted Items/Work"')
    found(server, "operations", rf"{{MOVE_FOLDER}} {who}Old location: ~{user}@example\.test/Work&A00-, "
          rf"New location: ~{user}@example\.test/Deleted Items/Work, Items count: 1")
    imap.delete('"Deleted Items/Work"')
    found(server, "operations", rf"{{DELETE_FOLDER}} Folder: ~{user}@example\.test/Deleted Items/Work deleted")
    imap.logout()


@pytest.mark.covers("LOG-53", "LOG-55")
def test_operations_over_pop3(server, dial, user):  # noqa: F811
    stored = fill(server, user, ["One", "Two"])
    client = dial().login(user)
    client.ok("DELE 1")
    operations = mark(server, "operations")
    client.quit()
    found(server, "operations", rf"{{DELETE}} Protocol: POP3, User: {user}@example\.test, IP: {HERE}, "
          rf'Folder: ~{user}@example\.test/INBOX, From: <a@elsewhere\.test>, Subject: "One", Delivered: .*, '
          rf"Size: {len(stored[1])}")
    assert operations().count("\n") == 1


# --- what attackers write


@pytest.mark.covers("LOG-01", "LOG-13")
def test_one_event_is_one_line(server, user, dial):  # noqa: F811
    """Line ends, quotes and bytes that are no text, in names, addresses and subjects."""
    logs = {name: mark(server, name) for name in ("mail", "security", "warning", "operations", "debug")}
    server.configure({"log.debug": "pop3-server,user-authentication,directory-lookup"})
    evil = "[01/Jan/2030 00:00:00] Recv: forged"
    fake = base64.b64encode(f"\0alice\r\n{evil}\0wrong".encode()).decode()
    client = dial()
    client.ask(f"AUTH PLAIN {fake}")
    client.ask(f"USER bob\r{evil}")
    client.ask("PASS x")
    client.ask(b"\xff\xfe\x1b[31mred")
    message = (f"From: \"=?utf-8?q?quo=22te=0D=0A{evil.replace(' ', '_')}?=\" <a@elsewhere.test>\n"
               f"Subject: =?utf-8?q?a=0D=0Ab=22c=1B=FF?= \u00e9\n\nbody\n")
    server.deliver(user, message)
    server.wait_messages(user, 1)
    client = dial().login(user)
    client.ok("DELE 1")
    client.quit()
    found(server, "operations", rf"{{DELETE}} Protocol: POP3, User: {user}@example\.test.*")
    server.configure({"log.debug": ""})
    for name, new in logs.items():
        for line in new().splitlines():
            assert re.match(STAMP, line), (name, line)
            assert "2030" not in line[:12] and "\x1b" not in line and "\r" not in line, (name, line)
        (server.data / "store" / "logs" / f"{name}.log").read_bytes().decode("utf-8")  # valid, whatever came


# --- Debug


@pytest.mark.covers("LOG-64")
def test_default_content_of_the_debug_log(fresh_server):
    server = fresh_server()
    port = server.port("imaps")
    found(server, "debug", r"Server started, version \S+.*")
    found(server, "debug", rf"Service Secure IMAP listens on \S*:{port}")
    server.stop()
    found(server, "debug", "Server stopped")
    assert "{" not in server.log("debug")  # nothing but that unless it is asked for


@pytest.fixture
def debug(server):
    """Switches topics on for the test: debug("tls", ...) returns what is written from then on."""

    def switch(*topics):
        server.configure({"log.debug": ",".join(topics)})
        return mark(server, "debug")

    yield switch
    server.configure({"log.debug": ""})


@pytest.mark.covers("LOG-65", "LOG-66", "LOG-67", "LOG-68")
def test_dialogues_without_secrets(server, user, dial, debug):  # noqa: F811
    new = debug("smtp-server", "imap-server", "pop3-server")
    secret, encoded = kx.password_of(user), base64.b64encode(kx.password_of(user).encode()).decode()
    with server.smtp(user) as client:
        client.sendmail(server.address(user), [server.address(user)], content("private subject", sender=server.address(user)))
    server.wait_messages(user, 1)
    imap = server.imap(user)
    imap.select()
    imap.fetch("1", "(BODY[])")
    imap.logout()
    client = dial().login(user)
    client.bytes("RETR 1")
    client.quit()
    for service, said in (("smtp", r"< (?i:mail) FROM:<"), ("smtp", r"> 250"), ("imap", r"< \S+ SELECT"),
                          ("imap", r"> \S+ OK"), ("pop3", r"< RETR 1"), ("pop3", r"> \+OK \d+ octets"),
                          ("pop3", r"< PASS \*\*\*$"), ("pop3", r"< QUIT"), ("pop3", r"> \+OK Goodbye")):
        pattern = STAMP + rf"\{{{service}-server\}} \[{HERE}:\d+\] {said}"
        kx.wait_until(lambda pattern=pattern: re.search(pattern, new(), re.M), 10, pattern)
    for word in (secret, encoded, base64.b64encode(f"\0{user}@example.test\0{secret}".encode()).decode(),
                 "private subject"):
        assert word not in new()
    debug()
    quiet = mark(server, "debug")
    dial().login(user).quit()
    server.imap(user).logout()
    assert quiet() == ""


@pytest.mark.covers("LOG-65", "LOG-72", "LOG-76", "LOG-82", "LOG-83", "LOG-84", "LOG-93", "LOG-94", "LOG-96", "LOG-98",
                    "LOG-99", "LOG-101")
def test_every_topic_has_an_effect(server, user, debug):
    topics = [row["topic"] for row in server.cli("log", "debug", "list", as_json=True)]
    assert len(topics) == 17
    topics.remove("spf-record-lookup")  # test_sender_authentication.py, where there is a DNS
    new = debug(*topics)
    server.deliver(user, content())
    with server.smtp(user) as client:  # to a domain elsewhere: it waits in the queue
        client.sendmail(server.address(user), ["somebody@elsewhere.test"], content(sender=server.address(user)))
    server.wait_messages(user, 1)
    imap = server.imap(user)
    imap.create("Debugged")
    imap.select()
    imap.search(None, "SUBJECT", "x")
    imap.logout()
    server.pop3(user).quit()
    server.cli("service", "restart", "pop3")
    server.cli("download", "add", "nowhere", "--host", "127.0.0.1", "--port", world.free_port(), "--login", "x",
               "--password", "x", "--deliver-to", server.address(user))
    server.cli("download", "run", "nowhere", "--wait")
    server.cli("download", "remove", "nowhere")
    web = http.client.HTTPSConnection("127.0.0.1", server.port("admin"), context=kx.tls_context())
    web.request("GET", "/api/v1/status")
    web.getresponse().read()
    web.close()
    with socket.create_connection(("127.0.0.1", server.port("imaps"))) as broken:
        broken.sendall(b"this is not TLS\r\n")
        with contextlib.suppress(ConnectionError):
            broken.recv(100)

    def missing():
        return [topic for topic in topics if not re.search(STAMP + rf"\{{{topic}\}} \S", new(), re.M)]

    kx.wait_until(lambda: not missing(), 10, f"lines of {missing()}")
    address = rf"{user}@example\.test"
    for line in (rf"\{{folder-operations\}} ~{address}/INBOX has got a message",
                 rf"\{{folder-operations\}} ~{address}/Debugged is created",
                 rf"\{{search-sort\}} {address} searched INBOX: 1 of 1 messages in \d+ ms",
                 rf"\{{quota-login\}} {address} begins a session over IMAP from {HERE}",
                 rf"\{{quota-login\}} {address} ends a session over POP3 from {HERE} after \d+ s",
                 rf"\{{user-authentication\}} {address} signed in over IMAP from {HERE} with PLAIN",
                 rf"\{{tls\}} \[{HERE}:\d+\] Secure IMAP: TLSv1\.3 TLS_\S+",
                 rf"\{{tls\}} \[{HERE}:\d+\] Secure IMAP: (http request|wrong version number|.*)",
                 rf"\{{directory-lookup\}} Login {address} at \S+ is {address}",
                 rf"\{{alias-expansion\}} <{address}> +mailbox {address}",
                 r"\{alias-expansion\} <somebody@elsewhere\.test> .* is in no domain of this server",
                 r"\{administration\} \S+.* \(local\): service restart: done",
                 r"\{service-manager\} Service POP3: restart",
                 r"\{thread-pool\} A worker of edge \d+ served IMAP for " + HERE + r" in \d+ us"):
        kx.wait_until(lambda line=line: re.search(STAMP + line + "$", new(), re.M), 10, line)
