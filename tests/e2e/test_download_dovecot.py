# SPDX-License-Identifier: Apache-2.0
"""Mail is downloaded from Dovecot, over POP3 and IMAP, with its ways to protect the connection and to sign in."""

import imaplib
import os
import tempfile

import kx
import mailboxes
import pytest


def message(subject, body="hello"):
    return f"From: writer@elsewhere.test\nTo: x@provider.test\nSubject: {subject}\n\n{body}\n".encode()


def subjects(server, user):
    return sorted(line[9:] for content in server.eml_files(user).values()
                  for line in content.decode(errors="replace").split("\r\n\r\n")[0].split("\r\n")
                  if line.startswith("Subject: "))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    key, cert = folder / "key.pem", folder / "cert.pem"
    done = kx.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                   "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
    assert done.returncode == 0, done.stdout
    return cert, key


@pytest.fixture(scope="module")
def dovecot(certificate):
    with mailboxes.dovecot(*certificate) as running:
        yield running


@pytest.fixture(scope="module")
def server(keryx_binary, certificate):
    with pytest.MonkeyPatch.context() as patch, tempfile.NamedTemporaryFile() as trusted:
        trusted.write(certificate[0].read_bytes())
        trusted.flush()
        os.chmod(trusted.name, 0o644)  # the roles' user reads it
        patch.setenv("SSL_CERT_FILE", trusted.name)
        with kx.running_server(keryx_binary, users=["alice"], config={"log.debug": "remote-pop3"}) as running:
            yield running


@pytest.fixture
def add(server, dovecot):
    names = []

    def add_download(name, service, tls, *options, login="box"):
        server.cli("download", "add", name, "--host", "127.0.0.1", "--protocol", service[:4].rstrip("s"),
                   "--port", dovecot.ports[service], "--tls", tls, "--login", login, "--password", "secret",
                   "--deliver-to", "alice@example.test", "--timeout", "10", *options)
        names.append(name)
    yield add_download
    for name in names:
        server.cli("download", "remove", name)


def run(server, name):
    return server.cli("download", "run", name, "--wait", as_json=True)[0]


@pytest.mark.covers("POP3D-10", "POP3D-11")
@pytest.mark.parametrize("service, tls, auth", [
    ("pop3s", "tls", "auto"), ("pop3", "starttls", "user"), ("pop3", "none", "apop"), ("pop3", "none", "auto"),
    ("pop3s", "tls", "login"), ("pop3", "none", "scram-sha-1"), ("imaps", "tls", "scram-sha-256"), ("imaps", "tls", "auto"), ("imap", "starttls", "login"), ("imap", "none", "cram-md5"),
    ("imap", "none", "user")])
def test_every_way_to_protect_and_to_sign_in(server, dovecot, add, service, tls, auth):
    subject = f"{service} {tls} {auth}"
    dovecot.put("box", message(subject, body=".dot\n\n..dots\n" + "long " * 5000))
    add("way", service, tls, "--auth", auth)
    last = run(server, "way")
    assert last["error"] == "" and last["delivered"] == last["deleted"] == 1
    assert not dovecot.messages("box")
    content = next(c for c in server.eml_files("alice").values() if f"Subject: {subject}\r\n".encode() in c)
    assert content.endswith(b"\r\n\r\n.dot\r\n\r\n..dots\r\n" + b"long " * 5000 + b"\r\n")
    protected = b"(using TLSv1.3 with cipher" in content.split(b"\r\n\r\n")[0]
    assert protected == (tls != "none")


@pytest.mark.covers("POP3D-11")
def test_a_certificate_of_nobody_known_is_refused(keryx_binary, dovecot, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    dovecot.put("other", message("careful"))
    with kx.running_server(keryx_binary, users=["alice"]) as server:
        for number, (service, tls) in enumerate([("pop3s", "tls"), ("imap", "starttls")]):
            server.cli("download", "add", f"strict{number}", "--host", "127.0.0.1", "--protocol", service[:4],
                       "--port", dovecot.ports[service], "--tls", tls, "--login", "other", "--password", "secret",
                       "--deliver-to", "alice@example.test")
            assert "TLS failed" in run(server, f"strict{number}")["error"]
        assert len(dovecot.messages("other")) == 1
        server.cli("download", "set", "strict0", "--any-certificate", "yes")
        assert run(server, "strict0")["delivered"] == 1


@pytest.mark.covers("POP3D-13")
@pytest.mark.parametrize("service", ["pop3s", "imaps"])
def test_kept_messages_come_once(server, dovecot, add, service):
    dovecot.put("other", message(f"{service} kept one"), message(f"{service} kept two"))
    before = len(server.eml_files("alice"))
    add("kept", service, "tls", "--keep", "yes", login="other")
    assert run(server, "kept")["delivered"] == len(dovecot.messages("other"))
    assert run(server, "kept")["delivered"] == 0
    if service == "imaps":
        with imaplib.IMAP4("127.0.0.1", dovecot.ports["imap"]) as imap:
            imap.login("other", "secret")
            imap.select("INBOX", readonly=True)
            assert imap.search(None, "UNSEEN")[1] == [b""]
    server.cli("download", "set", "kept", "--keep", "no")
    last = run(server, "kept")  # they are here already
    assert last["delivered"] == 0 and last["deleted"] == 2 and not dovecot.messages("other")
    assert len(server.eml_files("alice")) == before + 2


def test_an_imap_folder_is_read_and_what_is_marked_deleted_is_not(server, dovecot, add):
    dovecot.put("box", message("in the folder"), message("marked"), folder="Orders")
    dovecot.put("box", message("in the inbox"))
    with imaplib.IMAP4("127.0.0.1", dovecot.ports["imap"]) as imap:
        imap.login("box", "secret")
        imap.select("Orders")
        imap.store("2", "+FLAGS", "\\Deleted")
    add("folder", "imaps", "tls", "--folder", "Orders")
    assert run(server, "folder")["delivered"] == 1
    assert "in the folder" in subjects(server, "alice") and "in the inbox" not in subjects(server, "alice")
    assert len(dovecot.messages("box", folder="Orders")) == 1  # what others marked is theirs to expunge
    add("inbox", "imaps", "tls")
    assert run(server, "inbox")["delivered"] == 1
    add("nowhere", "imaps", "tls", "--folder", "Nowhere")
    assert "refuses the folder" in run(server, "nowhere")["error"]
