# SPDX-License-Identifier: Apache-2.0
"""What the server says of itself and of the envelope, loops, and when waiting mail is tried next."""

import imaplib
import poplib
import smtplib

import kx
import pytest
import world


@pytest.fixture(scope="module")
def server(keryx_binary):
    with kx.running_server(keryx_binary, users=["alice", "bob"]) as running:
        yield running


def greetings(server):
    """All that tells programs apart, over each protocol."""
    with smtplib.SMTP("127.0.0.1", server.port("smtp")) as smtp:
        said = [smtp.ehlo()[1]]
    with smtplib.SMTP() as smtp:
        said.append(smtp.connect("127.0.0.1", server.port("smtp"))[1])
    pop3 = poplib.POP3("127.0.0.1", server.port("pop3"))
    said += [pop3.welcome, str(pop3.capa()).encode()]
    pop3.quit()
    signed_in = server.pop3("alice")
    said.append(str(signed_in.capa()).encode())
    signed_in.quit()
    imap = imaplib.IMAP4("127.0.0.1", server.port("imap"))
    imaplib.Commands["ID"] = ("NONAUTH", "AUTH", "SELECTED")
    said += [imap.welcome, str(imap.xatom("ID", "NIL")).encode() + str(imap.untagged_responses.get("ID")).encode()]
    imap.logout()
    signed_in = server.imap("alice")
    signed_in.xatom("ID", "NIL")
    said.append(str(signed_in.untagged_responses.get("ID")).encode())
    signed_in.logout()
    return [b"keryx" in line.lower() for line in said]


@pytest.mark.covers("ADV-02")
def test_the_name_of_the_program_is_hidden(server):
    assert greetings(server) == [False, True, True, True, True, True, True, True]
    server.cli("config", "set", "server.hide-program", "yes")
    kx.wait_until(lambda: greetings(server) == [False] * 8, what="the name to go")
    server.cli("config", "set", "server.hide-program", "no")


@pytest.mark.covers("ADV-04")
def test_each_copy_says_by_which_address_it_came(server):
    server.cli("alias", "add", "info@example.test", "alice@example.test")
    server.deliver("alice@example.test", "Subject: none\n\n")
    server.wait_messages("alice", 1)
    server.cli("config", "set", "mail.x-envelope-to", "yes")
    with server.smtp() as smtp:
        smtp.sendmail("a@elsewhere.test", ["info@example.test", "bob@example.test"], "X-Envelope-To: <old@x.test>\r\nSubject: hidden\r\n\r\nbody\r\n")
    server.cli("config", "set", "mail.x-envelope-to", "no")
    server.wait_messages("alice", 2)
    server.wait_messages("bob", 1)
    copies = {user: list(server.eml_files(user).values()) for user in ("alice", "bob")}
    fields = {user: [line for copy in found for line in copy.split(b"\r\n") if line.startswith(b"X-Envelope-To")]
              for user, found in copies.items()}
    assert fields == {"alice": [b"X-Envelope-To: <info@example.test>", b"X-Envelope-To: <old@x.test>"],
                      "bob": [b"X-Envelope-To: <bob@example.test>", b"X-Envelope-To: <old@x.test>"]}
    assert all(copy.startswith(b"Return-Path: <a@elsewhere.test>\r\n") for found in copies.values() for copy in found[-1:])


def test_a_message_that_was_here_for_the_same_recipient_is_in_a_loop(server):
    trace = (f"Received: from x ([192.0.2.1])\r\n\tby {server.hostname} with ESMTP id 1-2\r\n\tfor <ALICE@example.test>;"
             " Sun, 22 Nov 2026 04:00:00 +0000\r\n")
    with server.smtp() as smtp:
        smtp.sendmail("a@elsewhere.test", "alice@example.test", trace * 3 + "Subject: three\r\n\r\n")
        smtp.sendmail("a@elsewhere.test", ["alice@example.test", "bob@example.test"], trace * 4 + "Subject: two\r\n\r\n")
        smtp.sendmail("a@elsewhere.test", "bob@example.test", trace * 4 + "Subject: other\r\n\r\n")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            smtp.sendmail("a@elsewhere.test", "alice@example.test", trace * 4 + "Subject: four\r\n\r\n")
    assert refused.value.smtp_code == 554 and b"5.4.6" in refused.value.smtp_error


@pytest.mark.covers("STAT-03")
def test_only_mail_that_goes_by_itself_has_a_next_try(server):
    with server.smtp("alice") as smtp:
        smtp.sendmail("alice@example.test", "a@far.test", "Subject: waits\r\n\r\n")

    def next_try():
        return [row["next-try"] for row in server.cli("queue", "list", as_json=True) if row["recipients"] == ["a@far.test"]]

    assert next_try() == [""]
    server.cli("config", "set", "smtp.relay-host", "127.0.9.62", "smtp.relay-port", world.free_port(),
               "internet.connection", "online")
    kx.wait_until(lambda: any(text not in ("", "ASAP") for text in next_try()), 30, "a time")
    server.cli("queue", "remove", "--all")
    server.cli("config", "set", "internet.connection", "offline")
