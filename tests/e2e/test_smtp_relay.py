# SPDX-License-Identifier: Apache-2.0
"""Signing in, relay control, and what submission adds to a message."""

import base64
import re
import socket

import pytest

import kx
from rawsmtp import dialogue, setting


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.covers("SVC-10", "ENV-05", "ENV-06", "AUTH-07")
@pytest.mark.parametrize("service", ["submission", "smtps"])
@pytest.mark.parametrize("name", ["alice@example.test", "alice", "ALICE@Example.Test"])
def test_plain_and_login(server, service, name):
    password = kx.password_of("alice")
    for steps in ([("AUTH PLAIN " + encoded(f"\0{name}\0{password}"), 235)],
                  [("AUTH PLAIN", 334), (encoded(f"\0{name}\0{password}"), 235)],
                  [("AUTH LOGIN", 334), (encoded(name), 334), (encoded(password), 235)],
                  [("AUTH LOGIN " + encoded(name), 334), (encoded(password), 235)]):
        with dialogue(server, service) as smtp:
            if service == "submission":
                smtp.starttls()
                smtp.ehlo()
            assert smtp.ask("MAIL FROM:<a@b.test>") == (530, "5.7.0 Authentication required")
            for line, code in steps:
                assert smtp.code(line) == code
            assert not any(word.startswith("AUTH") for word in smtp.ehlo())
            assert smtp.code("AUTH PLAIN") == 503
            smtp.envelope("z@elsewhere.test", sender="alice@example.test")


@pytest.mark.covers("SVC-10")
def test_no_sign_in_outside_tls(server):
    with dialogue(server, "submission") as smtp:
        token = encoded("\0alice@example.test\0" + kx.password_of("alice"))
        assert smtp.ask(f"AUTH PLAIN {token}")[0] == 538
        assert smtp.ask("MAIL FROM:<a@b.test>") == (530, "5.7.0 Must issue a STARTTLS command first")
    with dialogue(server, "smtp") as smtp:
        smtp.starttls()
        smtp.ehlo()
        assert smtp.code(f"AUTH PLAIN {token}") == 502
        assert smtp.code("RCPT TO:<x@y.test>") == 503


@pytest.mark.covers("LOG-42", "LOG-43")
def test_failed_sign_in(server):
    with dialogue(server, "smtps") as smtp:
        assert smtp.ask("AUTH PLAIN " + encoded("\0alice@example.test\0wrong"))[0] == 535
        assert smtp.ask("AUTH PLAIN " + encoded("\0nobody@example.test\0wrong"))[0] == 535
        assert smtp.code("AUTH PLAIN " + encoded("no separators")) == 535
        assert smtp.code("AUTH PLAIN ???") == 501
        assert smtp.code("AUTH CRAM-MD5") == 504
        assert smtp.code("AUTH LOGIN") == 334
        assert smtp.code("*") == 501
        assert smtp.code("MAIL FROM:<a@b.test>") == 530
    for reason in ("authentication method PLAIN", "missing parameter in AUTHENTICATE header",
                   "authentication with method LOGIN cancelled by user"):
        server.wait_log("security", rf"\] Failed SMTP login from 127\.0\.0\.1, {reason}$")


def test_a_disabled_user_cannot_sign_in_nor_receive(server):
    server.cli("user", "set", "carol@example.test", "--disabled", "yes")
    try:
        with dialogue(server, "smtps") as smtp:
            assert smtp.code("AUTH PLAIN " + encoded("\0carol@example.test\0" + kx.password_of("carol"))) == 535
        with dialogue(server) as smtp:
            smtp.envelope()
            assert smtp.ask("RCPT TO:<carol@example.test>") == (550, "5.2.1 The mailbox is disabled")
    finally:
        server.cli("user", "set", "carol@example.test", "--disabled", "no")


@pytest.mark.covers("SMTP-07", "SMTP-08", "LOG-44", "ENV-06", "TECH-36", "OVR-28")
def test_strangers_may_not_relay(server):
    with dialogue(server) as smtp:
        smtp.envelope("alice", sender="wgiwknovry@hotmail.test")
        code, text = smtp.ask("RCPT TO:<fodder@falls.test>")
        assert (code, text.split()[0]) == (550, "5.7.1")
        for trick in ("fodder%falls.test@elsewhere.test", "fodder@[192.0.2.1]", '"fodder@falls.test"@elsewhere.test',
                      "@example.test:fodder@falls.test"):
            assert smtp.code(f"RCPT TO:<{trick}>") == 550
        assert smtp.data("Subject: to alice only\r\n\r\n.\r\n")[0] == 250
    server.wait_log("security", r"\] Relay attempt from IP address 127\.0\.0\.1, mail from "
                    r"<wgiwknovry@hotmail\.test> to <fodder@falls\.test> rejected$")
    assert server.cli("queue", "list", as_json=True) == []


@pytest.mark.covers("SMTP-09", "SMTP-12")
def test_relay_by_ip_group(server):
    server.cli("ipgroup", "set", "partners", "--entries", "127.0.0.0/8")
    with setting(server, "smtp.relay-group", "partners"):
        with dialogue(server) as smtp:
            smtp.envelope("z@elsewhere.test")
        server.cli("ipgroup", "set", "partners", "--entries", "192.0.2.0/24")
        with dialogue(server) as smtp:
            smtp.envelope()
            assert smtp.code("RCPT TO:<z@elsewhere.test>") == 550
        server.cli("ipgroup", "set", "partners", "--entries", "127.0.0.1")
        with dialogue(server, "smtps") as smtp:  # a failed sign-in is not made up for by the address
            assert smtp.code("AUTH PLAIN " + encoded("\0alice@example.test\0wrong")) == 535
            assert smtp.code("MAIL FROM:<a@b.test>") == 530


@pytest.mark.covers("SMTP-10")
def test_relay_by_sign_in(server):
    with dialogue(server, user="alice") as smtp:
        smtp.envelope("z@elsewhere.test")
        assert smtp.code("RSET") == 250
        with setting(server, "smtp.relay-authenticated", "no"):
            smtp.envelope("bob")
            assert smtp.code("RCPT TO:<z@elsewhere.test>") == 550


def newest(server, user):
    return list(server.eml_files(user).values())[-1]


ID = rb"[0-9a-f]{8}-[0-9a-f]{8}"
DATE = rb"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [-+]\d{4}"


def test_trace_of_a_stranger(server):
    with dialogue(server) as smtp:
        smtp.envelope("alice")
        assert smtp.data("Subject: plain\r\n\r\n.\r\n")[0] == 250
    assert re.fullmatch(rb"Return-Path: <sender@elsewhere\.test>\r\n"
                        rb"Received: from client\.example\.test \(\[127\.0\.0\.1\]\)\r\n"
                        rb"\tby mail\.example\.test with ESMTP id " + ID + rb"\r\n"
                        rb"\tfor <alice@example\.test>; " + DATE + rb"\r\n"
                        rb"Subject: plain\r\n\r\n", newest(server, "alice"))


@pytest.mark.parametrize("service, word", [("smtp", b"ESMTPS"), ("smtps", b"ESMTPSA")])
def test_trace_inside_tls(server, service, word):
    with dialogue(server, service, user="bob" if service == "smtps" else None) as smtp:
        if service == "smtp":
            smtp.envelope("alice")  # also when something was said before TLS
            smtp.starttls()
            smtp.ehlo("evil(\"name\\")
        smtp.envelope("alice", "bob")
        assert smtp.data("Subject: secure\r\nDate: today\r\n\r\n.\r\n")[0] == 250
    content = newest(server, "alice")
    assert re.search(rb"\r\n\t\(using TLSv1\.3 with cipher TLS_\w+\)\r\n", content)
    assert b" with " + word + b" id " in content
    assert (b"(authenticated as bob@example.test)" in content) == (service == "smtps")
    assert b"for <" not in content  # it would tell alice about bob
    if service == "smtp":
        assert b"from evil??name? ([127.0.0.1])" in content


def test_trace_after_helo(server):
    with dialogue(server, ehlo=False) as smtp:
        assert smtp.code("HELO [127.0.0.1]") == 250
        smtp.envelope("alice", sender="")
        assert smtp.data("Subject: old\r\n\r\n.\r\n")[0] == 250
    content = newest(server, "alice")
    assert content.startswith(b"Return-Path: <>\r\nReceived: from [127.0.0.1] ([127.0.0.1])\r\n")
    assert b" with SMTP id " in content


def test_trace_over_ipv6(server):
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        raw = socket.create_connection(("::1", server.port("smtp")), 10)
    except OSError:
        pytest.skip("no IPv6 on this host")
    with raw, raw.makefile("rwb") as file:
        file.write(b"EHLO six\r\n")
        file.flush()
        assert file.readline().startswith(b"220 ")
        while not file.readline().startswith(b"250 "):
            pass
        for line in (b"MAIL FROM:<a@b.test>", b"RCPT TO:<alice@example.test>", b"DATA"):
            file.write(line + b"\r\n")
            file.flush()
            assert file.readline()[:1] in b"23"
        file.write(b"Subject: six\r\n\r\n.\r\n")
        file.flush()
        assert file.readline().startswith(b"250 ")
    assert b"Received: from six ([IPv6:::1])\r\n" in newest(server, "alice")


def test_submission_completes_the_header(server):
    with dialogue(server, user="alice") as smtp:
        smtp.envelope("bob")
        assert smtp.data("Subject: bare\r\n\r\n.\r\n")[0] == 250
    content = newest(server, "bob")
    assert re.search(rb"\r\nDate: " + DATE + rb"\r\nMessage-ID: <" + ID + rb"@mail\.example\.test>\r\n"
                     rb"Subject: bare\r\n\r\n$", content)
    with dialogue(server, user="alice") as smtp:
        smtp.envelope("bob")
        assert smtp.data("Message-Id: <mine>\r\ndate: mine\r\n\r\n.\r\n")[0] == 250
    content = newest(server, "bob")
    assert content.lower().count(b"message-id:") == 1 and content.lower().count(b"\r\ndate:") == 1


def test_utf8_addresses(server):
    server.cli("user", "add", "jürgen@example.test", "--password", "geheim 1 2 3")
    with dialogue(server) as smtp:
        assert smtp.code("MAIL FROM:<łukasz@пример.test> SMTPUTF8") == 250
        assert smtp.code("RCPT TO:<jürgen@example.test>") == 250
        assert smtp.code("RCPT TO:<JÜRGEN@example.test> ORCPT=utf-8;jürgen@example.test") == 250
        assert smtp.data("Subject: ü\r\n\r\n.\r\n")[0] == 250
    contents = list(server.eml_files("jürgen@example.test").values())
    assert len(contents) == 1
    assert contents[0].startswith("Return-Path: <łukasz@пример.test>\r\n".encode())
    assert b" with UTF8SMTP id " in contents[0]
