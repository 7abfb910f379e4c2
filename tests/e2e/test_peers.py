# SPDX-License-Identifier: Apache-2.0
"""Mail to and from Debian's Exim and OpenSMTPD."""

import re
import smtplib

import kx
import mailpeers
import pytest
import world
from test_outgoing import certificate, gone, wait_sent

EXIM, SMTPD, SINK = "127.0.9.71", "127.0.9.72", "127.0.9.73"
ZONES = {"exim.test": f"@ MX 10 mx\nmx A {EXIM}\n", "smtpd.test": f"@ MX 10 mx\nmx A {SMTPD}\n"}
CONTENT = ("From: alice@example.test\r\nTo: you\r\nSubject: gr=?utf-8?q?=C3=BC?=n\r\nMIME-Version: 1.0\r\n"
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
           "größe\r\n.\r\n..two\r\n.last\r\n\r\n" + "x" * 900 + "\r\n").encode()
BODY = CONTENT[CONTENT.index(b"\r\n\r\n"):]


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def server(keryx_binary, port):
    with world.name_server(ZONES) as dns:
        config = {"dns.servers": dns, "smtp.delivery-port": port, "internet.connection": "online", "queue.retry-interval": "1s",
                  "queue.max-retry-interval": "2s"}
        with kx.running_server(keryx_binary, users=["alice", "bob"], config=config) as running:
            yield running


@pytest.fixture(scope="module")
def exim(server, port, tmp_path_factory):
    pair = certificate(tmp_path_factory.mktemp("tls"), "mx.exim.test")
    with mailpeers.exim(EXIM, port, server.port("smtp"), server.domain, pair) as base:
        yield base


@pytest.fixture(scope="module")
def smtpd(server, port):
    with mailpeers.opensmtpd(SMTPD, port, server.port("smtp"), server.domain, SINK) as base:
        yield base


def submit(server, *to, content=CONTENT, options=("BODY=8BITMIME",)):
    with server.smtp("alice") as client:
        client.sendmail("alice@example.test", to, content, options)
    return re.findall(r"Queue-ID: (\S+), Service: SMTP", server.log("mail"))[-1]


def files(base):
    return [path.read_bytes().replace(b"\r\n", b"\n") for path in (base / "spool" / "mail" / "new").glob("*")]


def test_exim_takes_all_bytes_inside_tls(server, exim):
    queue_id = submit(server, "one@exim.test", "two@exim.test")
    wait_sent(server, queue_id, "delivered", "2.0.0")
    gone(server, queue_id)
    kx.wait_until(lambda: len(files(exim)) == 2, what="a file of Exim for each")
    assert all(message.endswith(BODY.replace(b"\r\n", b"\n")) for message in files(exim))
    arrived = re.findall(r"<= alice@example\.test .*", (exim / "spool" / "mainlog").read_text())
    assert len(arrived) == 1 and "P=esmtps X=TLS1.3" in arrived[0]  # both in one transaction


def test_exim_refuses_one_of_two(server, exim):
    before = len(files(exim))
    queue_id = submit(server, "good@exim.test", "no@exim.test")
    server.wait_log("mail", rf"{queue_id}, Recipient: <no@exim\.test>, Result: failed, Status: 5\.1\.1")
    server.wait_log("mail", rf"{queue_id}, Recipient: <good@exim\.test>, Result: delivered")
    server.wait_messages("alice", 1)
    kx.wait_until(lambda: len(files(exim)) == before + 1, what="a file of Exim")
    (report,) = server.eml_files("alice").values()
    assert b"Final-Recipient: rfc822; no@exim.test" in report and b"Remote-MTA: dns; mx.exim.test" in report


def test_exim_takes_internationalized_mail_and_opensmtpd_does_not(server, exim, smtpd):
    before = len(files(exim))
    options = ("SMTPUTF8", "BODY=8BITMIME")
    content = CONTENT.replace(b"To: you", "To: jürgen".encode())
    queue_id = submit(server, "jürgen@exim.test", content=content, options=options)
    wait_sent(server, queue_id, "delivered", "2.0.0")
    kx.wait_until(lambda: len(files(exim)) == before + 1, what="a file of Exim")
    queue_id = submit(server, "jürgen@smtpd.test", content=content, options=options)
    wait_sent(server, queue_id, "failed", "5.6.7")


def test_opensmtpd_passes_all_bytes_on(server, port, smtpd):
    sink = world.Received()
    with world.mail_server(sink, SINK, port):
        queue_id = submit(server, "one@smtpd.test", "two@smtpd.test")
        wait_sent(server, queue_id, "delivered", "2.0.0")
        gone(server, queue_id)
        kx.wait_until(lambda: len(sink.recipients()) == 2, what="what OpenSMTPD passed on")
    assert all(content.endswith(BODY) for content in sink.bodies())
    assert sorted(sink.recipients()) == ["one@smtpd.test", "two@smtpd.test"]


@pytest.mark.parametrize("peer, address", [("exim", EXIM), ("smtpd", SMTPD)])
def test_both_send_to_us(server, port, peer, address, request):
    request.getfixturevalue(peer)
    before = len(server.eml_files("bob"))
    with smtplib.SMTP(address, port, "client.example.test", timeout=30) as client:
        client.sendmail("far@elsewhere.test", ["bob@example.test"], CONTENT, ["BODY=8BITMIME"])
    message = max(server.wait_messages("bob", before + 1).items())[1]
    assert message.endswith(BODY) and b"Return-Path: <far@elsewhere.test>" in message
