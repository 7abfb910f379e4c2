# SPDX-License-Identifier: Apache-2.0
"""The SMTP dialogue: what is announced where, the order of commands, parameters, and limits."""

import smtplib
import ssl
import time

import pytest

import kx
from rawsmtp import RawSmtp, dialogue, setting

AUTH = "AUTH SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN"
EVERYWHERE = {"DELIVERBY", "MT-PRIORITY", "PIPELINING", "8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8", "DSN", "ETRN", "HELP",
              "ENHANCEDSTATUSCODES", "SIZE 26214400", "LIMITS RCPTMAX=100"}


@pytest.mark.covers("SVC-08", "SVC-09", "SVC-10")
@pytest.mark.parametrize("service, secure, more", [
    ("smtp", False, {"STARTTLS"}),
    ("smtp", True, {"REQUIRETLS"}),
    ("submission", False, {"STARTTLS", "BURL imap"}),
    ("submission", True, {AUTH, "REQUIRETLS", "BURL imap"}),
    ("smtps", False, {AUTH, "REQUIRETLS", "BURL imap"}),
])
def test_what_ehlo_lists(server, service, secure, more):
    with dialogue(server, service) as smtp:
        if secure:
            smtp.starttls()
        listed = {line for line in smtp.ehlo() if not line.startswith("FUTURERELEASE ")}  # which holds a time
        assert listed == EVERYWHERE | more


def test_greeting_and_goodbye(server):
    with dialogue(server, ehlo=False) as smtp:
        assert smtp.greeting == (220, f"{server.hostname} ESMTP Keryx")
        assert smtp.ask("HELO client.example.test") == (250, server.hostname)
        assert smtp.ask("QUIT") == (221, "2.0.0 Bye")
        assert smtp.reply() == (0, "")


@pytest.mark.covers("SVC-11")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version, good", [
    (ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)])
def test_tls_versions(server, version, good):
    context = kx.tls_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = version
    if version >= ssl.TLSVersion.TLSv1_2:
        context.minimum_version = version
    client = smtplib.SMTP("127.0.0.1", server.port("smtp"), timeout=30)
    client.ehlo()
    if good:
        client.starttls(context=context)
        assert client.ehlo()[0] == 250
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            client.starttls(context=context)
    client.close()


def test_order_of_commands(server):
    with dialogue(server, ehlo=False) as smtp:
        assert smtp.code("MAIL FROM:<a@b.test>") == 503
        assert smtp.code("NOOP") == 250
        assert smtp.code("RSET") == 250
        smtp.ehlo()
        assert smtp.code("RCPT TO:<alice@example.test>") == 503
        assert smtp.code("DATA") == 503
        smtp.envelope()
        assert smtp.code("MAIL FROM:<a@b.test>") == 503
        assert smtp.ask("DATA") == (554, "5.5.1 No valid recipients")
        smtp.ehlo()  # begins anew
        smtp.envelope("alice")
        assert smtp.code("RSET") == 250
        assert smtp.code("DATA") == 503


@pytest.mark.parametrize("command, code", [
    ("VRFY alice", 252), ("EXPN staff", 502), ("ETRN example.test", 459), ("HELP", 214), ("HELP MAIL", 214),
    ("NOOP with words", 250), ("TURN", 502), ("WHAT", 500), ("", 500), ("HELO", 501), ("EHLO", 501),
    ("RSET now", 501), ("VRFY", 501), ("AUTH PLAIN", 502), ("noop", 250), ("NOOP   ", 250),
    ("GET / HTTP/1.1", 421), ("POST / HTTP/1.1", 421), ("BDAT", 501), ("BDAT x", 501), ("BDAT 1 FIRST", 501),
])
def test_single_commands(server, command, code):
    with dialogue(server) as smtp:
        assert smtp.code(command) == code


@pytest.mark.parametrize("argument, code", [
    ("FROM:<>", 250), ("from:<a@b.test>", 250), ("FROM: <a@b.test>", 250), ("FROM:a@b.test", 501),
    ("FROM:<a@b.test", 553), ("FROM:<a>", 553), ("FROM:<a@b..test>", 553), ("TO:<a@b.test>", 501),
    ("FROM:<a@b.test>x", 501), ("FROM:<a@b.test> SIZE=100", 250), ("FROM:<a@b.test> SIZE=x", 501),
    ("FROM:<a@b.test> SIZE=26214401", 552), ("FROM:<a@b.test> SIZE=26214400", 250),
    ("FROM:<a@b.test> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2B", 250), ("FROM:<a@b.test> BODY=9BIT", 501),
    ("FROM:<a@b.test> RET=HDRS RET=HDRS", 501), ("FROM:<a@b.test> MT-PRIORITY=3", 250),
    ("FROM:<jürgen@b.test>", 553), ("FROM:<jürgen@b.test> SMTPUTF8", 250),
    ("FROM:<@one.test,@two.test:a@b.test>", 250), ('FROM:<"a b"@b.test>', 250), ("FROM:<a@[192.0.2.1]>", 250),
    ("FROM:<a@b.test> AUTH=<>", 250),
])
def test_mail_arguments(server, argument, code):
    with dialogue(server) as smtp:
        assert smtp.code(f"MAIL {argument}") == code


@pytest.mark.parametrize("argument, code", [
    ("TO:<alice@example.test>", 250), ("to: <ALICE@EXAMPLE.TEST>", 250), ('TO:<"alice"@example.test>', 250),
    ("TO:<@relay.test:alice@example.test>", 250), ("TO:<alice+tag@example.test>", 250),
    ("TO:<>", 501), ("TO:alice@example.test", 501), ("TO:<alice>", 553), ("FROM:<a@b.test>", 501),
    ("TO:<nobody@example.test>", 550), ("TO:<alice@elsewhere.test>", 550),
    ("TO:<alice@example.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x", 250),
    ("TO:<alice@example.test> NOTIFY=NEVER,DELAY", 501), ("TO:<alice@example.test> BY=3", 555),
    ("TO:<jürgen@example.test>", 553),
])
def test_rcpt_arguments(server, argument, code):
    with dialogue(server) as smtp:
        smtp.envelope()
        assert smtp.code(f"RCPT {argument}") == code


def test_parameters_need_ehlo(server):
    with dialogue(server, ehlo=False) as smtp:
        assert smtp.code("HELO x") == 250
        assert smtp.code("MAIL FROM:<a@b.test> SIZE=1") == 555
        assert smtp.code("MAIL FROM:<a@b.test>") == 250


@pytest.mark.covers("SMTP-22")
def test_failed_commands_end_the_connection(server):
    with setting(server, "smtp.max-failed-commands", "4"), dialogue(server) as smtp:
        smtp.envelope("alice")
        for command in ("WHAT", "RCPT TO:<nobody@example.test>", "MAIL FROM:<a@b.test>"):
            assert smtp.code(command) >= 500
        assert smtp.code("NOOP") == 250
        assert smtp.code("WHAT") == 500
        assert smtp.reply()[0] == 421
        assert smtp.reply() == (0, "")
    server.wait_log("security", r"SMTP client 127\.0\.0\.1 is disconnected after 4 failed commands$")


@pytest.mark.covers("SMTP-21")
def test_recipients_over_the_limit(server):
    with setting(server, "smtp.max-recipients", "3"), dialogue(server) as smtp:
        assert "LIMITS RCPTMAX=3" in smtp.ehlo()
        smtp.envelope("alice", "bob", "carol")
        for _ in range(30):
            assert smtp.ask("RCPT TO:<alice@example.test>") == (452, "4.5.3 Too many recipients")
        assert smtp.data("Subject: few\r\n\r\n.\r\n")[0] == 250


def test_pipelined_group_is_answered_in_order(server):
    with dialogue(server) as smtp:
        smtp.send("MAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<nobody@example.test>\r\n"
                  "RCPT TO:<bob@example.test>\r\nDATA\r\n")
        assert [smtp.reply()[0] for _ in range(5)] == [250, 250, 550, 250, 354]
        smtp.send("Subject: p\r\n\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nRSET\r\nQUIT\r\n")
        assert [smtp.reply()[0] for _ in range(5)] == [250, 250, 250, 250, 221]


def test_content_before_the_go_ahead_is_refused(server):
    with dialogue(server) as smtp:
        smtp.envelope("alice")
        smtp.send("DATA\r\nSubject: early\r\n\r\n.\r\n")
        assert smtp.reply()[0] == 554
        assert smtp.reply() == (0, "")


def test_starttls_forgets_everything(server):
    with dialogue(server) as smtp:
        smtp.envelope("alice")
        smtp.starttls()
        assert smtp.code("DATA") == 503
        assert smtp.code("MAIL FROM:<a@b.test>") == 503
        smtp.ehlo()
        assert smtp.code("DATA") == 503
        assert smtp.code("STARTTLS") == 503


def test_silence_ends_the_connection(fresh_server):
    server = fresh_server(users=("alice",), config={"smtp.timeout": "10"})
    with dialogue(server) as idle, dialogue(server) as talking, dialogue(server) as slow:
        slow.envelope("alice")
        assert slow.code("DATA") == 354
        end = time.monotonic() + 13
        while time.monotonic() < end:
            assert talking.code("NOOP") == 250
            time.sleep(1)
        code, text = idle.reply()
        assert (code, text.startswith("4.4.2 ")) == (421, True)
        assert idle.reply() == (0, "")
        assert slow.reply()[0] == 421


@pytest.mark.covers("SMTP-22", "SMTP-23")
def test_settings_count_at_once(server):
    with dialogue(server) as smtp:
        with setting(server, "smtp.max-size", "1M"):
            assert "SIZE 1048576" in smtp.ehlo()
        assert "SIZE 26214400" in smtp.ehlo()


def test_dialogue_in_the_debug_log_without_secrets(server):
    with setting(server, "log.debug", "smtp-server"), dialogue(server, user="alice") as smtp:
        smtp.envelope("bob")
        assert smtp.code("QUIT") == 221
    server.wait_log("debug", r"\{smtp-server\} .* < RCPT TO:<bob@example\.test>$")
    text = server.log("debug")
    assert "> 250 2.1.5 Recipient OK" in text
    assert "< AUTH PLAIN\n" in text


def test_many_connections_stay_apart(server):
    clients = [RawSmtp(server) for _ in range(100)]
    for number, client in enumerate(clients):
        client.ehlo()
        client.envelope("alice", sender=f"s{number}@elsewhere.test")
    for client in clients:
        assert client.code("DATA") == 354
    for number, client in enumerate(clients):
        client.send(f"Subject: apart {number}\r\n\r\n.\r\n")
    for client in clients:
        assert client.reply()[0] == 250
        client.close()
    found = [content for content in server.eml_files("alice").values() if b"Subject: apart " in content]
    assert len(found) == 100
    for content in found:
        number = content.split(b"Subject: apart ")[1].split(b"\r\n")[0]
        assert content.startswith(b"Return-Path: <s" + number + b"@elsewhere.test>\r\n")
