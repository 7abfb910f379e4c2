# SPDX-License-Identifier: Apache-2.0
"""Servers that take no 8-bit content, or no internationalized mail, get what they can take."""

import email
import email.policy

import kx
import pytest
import world
from test_forwarding import FAST, sent

OLD = "127.0.9.61"


class Old(world.Received):
    """A server of another age."""
    lacks = ("8BITMIME", "SMTPUTF8")

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [line for line in responses if not line.endswith(self.lacks)]


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def old(port):
    peer = Old()
    with world.mail_server(peer, OLD, port):
        yield peer


@pytest.fixture(scope="module")
def server(keryx_binary, port, old):
    config = {**FAST, "smtp.relay-host": OLD, "smtp.relay-port": port}
    with kx.running_server(keryx_binary, users=["alice"], config=config) as running:
        yield running


def passes(server, old, content, options=("BODY=8BITMIME",), to="a@far.test"):
    """The content as the server got it."""
    before = len(old.messages)
    with server.smtp("alice") as smtp:
        smtp.sendmail("alice@example.test", [to], content, mail_options=options)
    kx.wait_until(lambda: len(old.messages) > before, 20, "it to arrive")
    return old.messages[-1][2]


def parts(content):
    """(type, decoded body) of all leaves, in order."""
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    return [(part.get_content_type(), part.get_payload(decode=True)) for part in message.walk() if not part.is_multipart()]


def encodings(content):
    message = email.message_from_bytes(content)
    return [(part.get_content_type(), part.get("Content-Transfer-Encoding")) for part in message.walk()]


INNER = ("From: <b@far.test>\r\nSubject: inner\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
         "Content-Transfer-Encoding: 8bit\r\n\r\nGrüße aus dem Inneren\r\n")
MIXED = ("From: <alice@example.test>\r\nSubject: mixed\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n"
         "Content-Transfer-Encoding: 8bit\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n"
         "Content-Transfer-Encoding: 8bit\r\n\r\nFrom čtvrtek \r\n.dot = ž\r\n" + "ü" * 400 + "\r\n\r\n"
         "--b1\r\nContent-Type: text/plain\r\n\r\nplain stays = as it is\r\n"
         "--b1\r\nContent-Type: application/x-thing\r\nContent-Transfer-Encoding: 8bit\r\n\r\nöö\r\nää\r\n"
         "--b1\r\nContent-Type: application/x-other\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n"
         "--b1\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + INNER +
         "--b1--\r\n").encode()


def test_parts_are_converted_for_a_server_without_8bitmime(server, old):
    got = passes(server, old, MIXED)
    assert got.isascii() and all(len(line) <= 998 for line in got.split(b"\r\n"))
    assert parts(got) == parts(MIXED)
    assert encodings(got) == [
        ("multipart/mixed", "7bit"), ("text/plain", "quoted-printable"), ("text/plain", None),
        ("application/x-thing", "base64"), ("application/x-other", "base64"), ("message/rfc822", "7bit"),
        ("text/plain", "quoted-printable")]
    assert b"BODY=8BITMIME" not in b" ".join(str(option).encode() for option in old.options[-1][0])


def test_text_without_mime_fields_gets_some(server, old):
    got = passes(server, old, b"Subject: bare\r\n\r\nna\xefve\r\n", ())
    message = email.message_from_bytes(got)
    assert got.isascii() and message.get_payload(decode=True) == b"na\xefve\r\n"
    assert message["MIME-Version"] == "1.0" and message.get_content_charset() == "unknown-8bit"
    seven = passes(server, old, b"Subject: plain\r\n\r\nnaive = so\r\n")
    assert b"MIME-Version" not in seven and b"naive = so" in seven


def test_what_is_signed_is_not_changed(server, old):
    signed = ("Subject: signed\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=s; protocol=\"application/x\"\r\n\r\n"
              "--s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nunterschriebenes ß\r\n"
              "--s\r\nContent-Type: application/x\r\n\r\nsignature\r\n--s--\r\n").encode()
    assert signed.split(b"\r\n\r\n", 1)[1] in passes(server, old, signed)


def test_smtputf8_counts_where_something_needs_it(server, old):
    got = passes(server, old, b"Subject: ascii\r\n\r\nnothing to see\r\n", ("SMTPUTF8",))
    assert b"nothing to see" in got and not any("SMTPUTF8" in option for option in old.options[-1][0])
    with server.smtp("alice") as smtp:
        smtp.sendmail("alice@example.test", ["utf@far.test"], "Subject: žluť\r\n\r\n".encode(), mail_options=["SMTPUTF8"])
    sent(server, "utf@far.test", "failed")
