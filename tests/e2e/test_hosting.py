# SPDX-License-Identifier: Apache-2.0
"""A server for other people's companies: what listens, what need not, limits from the start, mail as plain files."""

import contextlib
import http.client
import os
import re
import smtplib
import socket
from pathlib import Path

import kx
import pytest

FRIEND = "127.0.0.77"  # limits do not hold for 127.0.0.1


@pytest.fixture(scope="module")
def server(keryx_binary):
    with kx.running_server(keryx_binary, users=["alice", "bob"]) as running:
        yield running


def listening_ports(server):
    """Ports of all TCP sockets that listen and belong to a process of the server, as the kernel has them."""
    inodes = set()
    for pid in server.pids():
        with contextlib.suppress(OSError):
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(entry)))
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {int(row[1].rsplit(":", 1)[1], 16) for row in rows if row[3] == "0A" and row[9] in inodes}


def refuses(server, service):
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", server.port(service)), 5):
        return False
    return True


@pytest.mark.covers("HOST-06")
def test_nothing_listens_that_is_not_in_the_list(server):
    rows = server.cli("service", "list", as_json=True)
    listed = {int(address.rsplit(":", 1)[1]) for row in rows if row["status"] == "running" for address in row["listen"].split(", ")}
    assert listening_ports(server) == listed and len(listed) == 8


@pytest.mark.covers("HOST-02")
def test_mailboxes_are_counted_and_nobody_sells_them(server):
    """The number is there to be seen; there is nothing that more of them would take."""
    def counted():
        status = server.cli("status", as_json=True)
        assert f"Users: {status['users']}, domains: {status['domains']}\n" in server.cli("status")
        return status["users"], status["domains"]

    users, domains = counted()
    assert (users, domains) == (len(server.cli("user", "list", as_json=True)), 1)
    server.cli("domain", "add", "many.test")
    table = "Name\n" + "".join(f"u{n}\n" for n in range(1200))
    assert "1200 accounts added" in server.cli("user", "import", "many.test", "-", stdin=table)
    assert counted() == (users + 1200, 2)
    with server.imap("alice") as imap:
        assert imap.noop()[0] == "OK"
    for command in ("license", "register", "activate"):
        assert server.run(command).returncode == 2


@pytest.mark.covers("CERT-03")
def test_what_is_not_protected_need_not_run(server):
    """Without the clear services all works; one that is needed nevertheless can have a port of its own."""
    for service in ("imap", "pop3"):
        server.cli("service", "stop", service)
    kx.wait_until(lambda: refuses(server, "imap") and refuses(server, "pop3"), what="the clear services are gone")
    with server.smtp("alice") as smtp:
        smtp.sendmail("alice@example.test", "bob@example.test", "Subject: inside\r\n\r\nTLS\r\n")
    client = server.imap("bob")
    kx.wait_until(lambda: client.select()[1] == [b"1"], what="the message")
    client.logout()
    with contextlib.closing(server.pop3("bob")) as maildrop:
        assert maildrop.stat()[0] == 1
    server.cli("config", "set", "service.imap.listen", "127.0.0.1:24")
    server.cli("service", "start", "imap")
    kx.wait_until(lambda: 24 + server.offset in listening_ports(server), what="the other port")
    assert refuses(server, "imap")
    server.cli("config", "set", "service.imap.listen", "*:143")


@pytest.mark.covers("CERT-02")
def test_browsers_are_told_to_come_over_tls(server):
    """RFC 6797: inside TLS, and not in the clear, where anybody could say it."""
    server.cli("service", "start", "http")
    kx.wait_until(lambda: not refuses(server, "http"), what="the service")
    secure = http.client.HTTPSConnection("127.0.0.1", server.port("admin"), context=kx.tls_context())
    clear = http.client.HTTPConnection("127.0.0.1", server.port("http"))
    told = []
    for connection in (secure, clear):
        connection.request("GET", "/")
        told.append(connection.getresponse().getheader("Strict-Transport-Security"))
        connection.close()
    assert told == ["max-age=31536000", None]
    server.cli("service", "stop", "http")


@pytest.mark.covers("HOST-15")
def test_limits_hold_without_being_set(server):
    """From another address: size, recipients, connections and messages an hour; nobody had to switch them on."""
    with smtplib.SMTP("127.0.0.1", server.port("smtp"), "client.test", source_address=(FRIEND, 0)) as smtp:
        smtp.ehlo()
        assert smtp.esmtp_features["size"] == str(25 * 1024 * 1024)
        assert smtp.docmd("MAIL", f"FROM:<x@remote.test> SIZE={30 * 1024 * 1024}")[0] == 552
        assert smtp.rcpt("alice@example.test")[0] == 503
        codes = set()
        for sent in range(1, 202):
            assert smtp.mail("x@remote.test")[0] == 250
            code = smtp.rcpt("alice@example.test")[0]
            codes.add(code)
            if code != 250:
                break
            assert smtp.data(f"Subject: {sent}\r\n\r\nx\r\n")[0] == 250
        assert (codes, sent) == ({250, 451}, 201)
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port("smtp")), 30, (FRIEND, 0)))
                 for _ in range(21)]
        assert sorted(line.recv(4) for line in lines) == [b"220 "] * 20 + [b"421 "]


@pytest.mark.covers("HOST-26")
def test_mail_is_in_plain_files(server):
    """A file for each message, as it was received; the index beside it can be lost."""
    with server.smtp("alice") as smtp:
        smtp.sendmail("alice@example.test", "bob@example.test", "Subject: as a file\r\n\r\nplain text\r\n")
    name, content = kx.wait_until(lambda: next(((uid, text) for uid, text in server.eml_files("bob").items()
                                                if b"as a file" in text), None), what="the file")
    assert content.endswith(b"\r\n\r\nplain text\r\n")
    server.stop()
    (server.folder("bob").parent / "index.db").unlink()
    server.start()
    client = server.imap("bob")
    client.select()
    assert client.uid("FETCH", str(name), "BODY.PEEK[]")[1][0][1] == content
    client.logout()
