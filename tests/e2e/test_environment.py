# SPDX-License-Identifier: Apache-2.0
"""What mail programs need of a server, and what firewalls and address translation in front of it leave working."""

import contextlib
import imaplib
import os
import poplib
import smtplib
import socket
import subprocess
import threading

import kx
import pytest
import world
from saslclient import SaslClient, plain
from adminapi import Api

FAR = "127.0.0.88"  # limits and trust do not hold for 127.0.0.1 alike


@pytest.fixture(scope="module")
def server(keryx_binary):
    with kx.running_server(keryx_binary, users=["alice", "bob"]) as running:
        yield running


@pytest.mark.covers("ENV-01", "ENV-02")
@pytest.mark.parametrize("name, options", [
    ("=?utf-8?q?J=C3=BCrgen_=28Sales=29?=", ()),  # RFC 2047
    ("\"Jürgen, der 'Große' <x@y>\"", ("SMTPUTF8", "BODY=8BITMIME")),  # RFC 6532
    ("No name of this server", ()),
])
def test_a_sender_has_the_address_of_the_account_and_any_name(server, name, options):
    server.cli("user", "set", "alice@example.test", "--name", "Alice of the Accounts", "--description", "as it is here")
    before = len(server.eml_files("bob"))
    with server.smtp("alice") as smtp:
        assert smtp.mail("someone-else@example.test")[0] in (550, 553)
        assert smtp.mail("alice@example.test", list(options))[0] == 250
        assert smtp.rcpt("bob@example.test")[0] == 250
        assert smtp.data(f"From: {name} <alice@example.test>\r\nSubject: x\r\n\r\nx\r\n".encode())[0] == 250
    content = max(server.wait_messages("bob", before + 1).items())[1]
    assert f"From: {name} <alice@example.test>".encode() in content.replace(b"\r\n", b"\n")
    assert b"Alice of the Accounts" not in content and b"as it is here" not in content


@pytest.mark.covers("ENV-07")
def test_sending_and_receiving_are_protected_whatever_way_a_program_begins(server):
    for service in ("imaps", "imap"):
        with server.imap("alice", service=service) as imap:
            assert imap.sock.version().startswith("TLS") and imap.select()[0] == "OK"
    for service in ("pop3s", "pop3"):
        with contextlib.closing(server.pop3("alice", service=service)) as maildrop:
            assert maildrop.sock.version().startswith("TLS") and maildrop.noop().startswith(b"+OK")
    for service in ("smtps", "submission"):
        with server.smtp("alice", service=service) as smtp:
            assert smtp.sock.version().startswith("TLS")
            smtp.sendmail("alice@example.test", ["alice@example.test"], b"Subject: to myself\r\n\r\nx\r\n")


@pytest.mark.covers("ENV-10")
def test_a_program_shows_the_folders_that_its_user_wants(server):
    with server.imap("alice") as imap:
        names = {line.decode().rsplit(' "/" ', 1)[-1].strip('"') for line in imap.list()[1]}
        assert {"INBOX", "Sent Items", "Drafts"} <= names
        assert imap.create("Work")[0] == imap.create('"Work/Old"')[0] == imap.subscribe("Work")[0] == "OK"
        assert imap.unsubscribe('"Sent Items"')[0] == "OK"
        assert imap.rename('"Work/Old"', '"Work/Older"')[0] == "OK"
    with server.imap("alice") as imap:  # the next program finds the same
        shown = b" ".join(imap.lsub()[1])
        assert b"Work" in shown and b"Sent Items" not in shown
        assert b"Work/Older" in b" ".join(imap.list()[1]) and b'"Work/Old"' not in b" ".join(imap.list()[1])
        assert imap.delete('"Work/Older"')[0] == "OK"
        assert imap.subscribe('"Sent Items"')[0] == "OK"


@pytest.mark.covers("ENV-16")
def test_anybody_may_bring_mail_for_here_and_nobody_for_elsewhere(server):
    with smtplib.SMTP("127.0.0.1", server.port("smtp"), "mx.elsewhere.test", source_address=(FAR, 0)) as smtp:
        smtp.ehlo()
        assert smtp.mail("writer@elsewhere.test")[0] == 250
        assert smtp.rcpt("alice@example.test")[0] == 250
        assert smtp.rcpt("somebody@third.test")[0] in (550, 551)
        assert smtp.data(b"Subject: from far\r\n\r\nx\r\n")[0] == 250


@pytest.mark.covers("AUTH-18")
@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_plain_names_two_and_the_others_one(server, protocol):
    """PLAIN says who signs in and for whom, who must be the same; the password of LOGIN and PLAIN is handed over to be checked,
    SCRAM and CRAM-MD5 (test_recoverable.py) prove it with what is stored."""
    def enters(mechanism, *responses):
        client = SaslClient(server, protocol)
        with contextlib.closing(client):
            return client.accepts(mechanism, *responses)

    word = kx.password_of("alice")
    assert enters("PLAIN", plain("alice", word))
    assert enters("PLAIN", b"alice" + plain("alice", word))
    assert not enters("PLAIN", b"bob" + plain("alice", word))
    assert not enters("PLAIN", b"alice" + plain("bob", word))
    assert enters("LOGIN", b"alice", word.encode()) and not enters("LOGIN", b"bob", word.encode())


class Translator:
    """What a router does: the server knows neither the address that clients connect to, nor theirs."""

    def __init__(self, inside):
        self.inside, self.listener = inside, socket.create_server((FAR, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.create_connection(self.inside, 30, ("127.0.0.99", 0))
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self.copy, args=(one, other), daemon=True).start()

    @staticmethod
    def copy(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def close(self):
        self.listener.close()


@pytest.mark.covers("HOST-08")
def test_behind_an_address_that_is_not_its_own(server, keryx_binary):
    """The server sits on a private address, and clients come through a translated one."""
    with contextlib.ExitStack() as stack:
        ports = {service: stack.enter_context(contextlib.closing(Translator(("127.0.0.1", server.port(service))))).port
                 for service in ("smtp", "submission", "imaps", "pop3s", "admin")}
        with smtplib.SMTP(FAR, ports["smtp"]) as smtp:
            code, greeting = smtp.ehlo()
            assert code == 250 and greeting.split()[0].decode() == server.hostname
            before = len(server.eml_files("bob"))
            smtp.sendmail("writer@elsewhere.test", ["bob@example.test"], b"Subject: through a router\r\n\r\nx\r\n")
        server.wait_messages("bob", before + 1)
        with smtplib.SMTP(FAR, ports["submission"]) as smtp:
            smtp.starttls(context=kx.tls_context())
            smtp.login("bob@example.test", kx.password_of("bob"))
            smtp.sendmail("bob@example.test", ["bob@example.test"], b"Subject: again\r\n\r\nx\r\n")
        with imaplib.IMAP4_SSL(FAR, ports["imaps"], ssl_context=kx.tls_context()) as imap:
            imap.login("bob@example.test", kx.password_of("bob"))
            kx.wait_until(lambda: imap.select()[1] == [str(before + 2).encode()], what="both messages")
        maildrop = poplib.POP3_SSL(FAR, ports["pop3s"], context=kx.tls_context())
        maildrop.user("bob@example.test")
        maildrop.pass_(kx.password_of("bob"))
        assert maildrop.stat()[0] == before + 2
        maildrop.quit()
        api = Api(server)
        api.client.host, api.client.port = FAR, ports["admin"]
        api.sign_in()
        assert api.ok("GET", "users")["total"] == 3


@pytest.fixture
def own_resolv_conf(keryx_binary, tmp_path):
    """The program, with another /etc/resolv.conf than the rest of this host; and the name server that it names."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
        pytest.skip("only root has a file system of its own, and port 53")
    conf, program = tmp_path / "resolv.conf", tmp_path / "keryx"
    with world.name_server({"remote.test": "@ MX 10 mx\nmx A 127.0.9.61"}, address="127.0.0.53", port=53) as address:
        conf.write_text(f"nameserver {address.split('@')[0]}\n")
        program.write_text("#!/bin/sh\nexec unshare -m sh -c 'mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"' "
                           f"{conf} {keryx_binary} \"$@\"\n")
        program.chmod(0o755)
        tmp_path.chmod(0o755)
        yield program


@pytest.mark.covers("HOST-19")
def test_the_resolver_of_the_host_is_enough(own_resolv_conf):
    """No name server of its own, and none that it was told."""
    port = world.free_port()
    with kx.running_server(own_resolv_conf, users=["alice"], copied=False,
                           config={"smtp.delivery-port": port, "internet.connection": "online"}) as server:
        assert server.cli("config", "get", "dns.servers").strip() in ("", "dns.servers =")
        host = world.Received()
        with world.mail_server(host, "127.0.9.61", port), server.smtp("alice") as smtp:
            smtp.sendmail("alice@example.test", ["bob@remote.test"], b"Subject: out\r\n\r\nx\r\n")
            kx.wait_until(lambda: host.recipients() == ["bob@remote.test"], what="the message", seconds=20)
