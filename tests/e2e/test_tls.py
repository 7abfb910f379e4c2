# SPDX-License-Identifier: Apache-2.0
"""TLS as clients meet it: versions, ciphers, certificates that change live, STARTTLS, resumption."""

import re
import socket
import ssl
import subprocess

import pytest

import kx
from test_roles import Line, imap_line

STARTTLS = {"smtp": "smtp", "submission": "smtp", "imap": "imap", "pop3": "pop3"}


def s_client(server, service, *options):
    """What openssl says about a connection, and whether the handshake succeeded."""
    start = ("-starttls", STARTTLS[service]) if service in STARTTLS else ()
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port(service)}", *start, *options],
                          input=b"", capture_output=True, timeout=30, check=False)
    text = (done.stdout + done.stderr).decode(errors="replace")
    return text, "BEGIN CERTIFICATE" in text and "Cipher is (NONE)" not in text


def common_name(server, name=None, service="imaps"):
    context = kx.tls_context()
    with socket.create_connection(("127.0.0.1", server.port(service)), 10) as raw:
        with context.wrap_socket(raw, server_hostname=name) as client:
            return client.getpeercert(binary_form=True)


def make_certificate(folder, name):
    """A self-signed pair in one PEM file."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-days", "30",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    text = (folder / "cert.pem").read_text()
    both = folder / "both.pem"
    both.write_text(text + (folder / "key.pem").read_text())
    return both, ssl.PEM_cert_to_DER_cert(text)


@pytest.mark.covers("SVC-11", "CERT-02")
@pytest.mark.parametrize("service", ["imaps", "smtps", "pop3s", "smtp", "submission", "imap", "pop3"])
def test_versions(server, service):
    for version, good in (("-tls1_3", True), ("-tls1_2", True), ("-tls1_1", False), ("-tls1", False)):
        weak = () if good else ("-cipher", "ALL:@SECLEVEL=0")
        text, connected = s_client(server, service, version, *weak)
        assert connected == good, f"{service} {version}: {text[-1500:]}"


@pytest.mark.covers("SVC-11", "CERT-02")
@pytest.mark.parametrize("cipher", ["AES256-GCM-SHA384", "AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384",
                                    "aNULL", "eNULL", "DES-CBC3-SHA", "DHE-RSA-AES128-SHA"])
def test_weak_ciphers(server, cipher):
    text, connected = s_client(server, "imaps", "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
    assert not connected, text[-1000:]


@pytest.mark.covers("CERT-02")
def test_forward_secrecy(server):
    for version in ("-tls1_2", "-tls1_3"):
        text, connected = s_client(server, "imaps", version)
        assert connected
        assert re.search(r"Server Temp Key: (X25519|ECDH)", text), text[-1500:]
        assert not re.search(r"Compression: (?!NONE)", text)


def test_renegotiation_is_refused(server):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port('imaps')}", "-tls1_2"],
                          input=b"R\n", capture_output=True, timeout=30, check=False)
    assert b"no renegotiation" in done.stdout + done.stderr


@pytest.mark.covers("SVC-11")
def test_the_profile_changes_live(server):
    held = imap_line(server, "alice")
    server.cli("config", "set", "tls.profile", "modern")
    kx.wait_until(lambda: not any(s_client(server, "imaps", "-tls1_2")[1] for _ in range(3)), what="no TLS 1.2")
    assert s_client(server, "imaps", "-tls1_3")[1]
    held.say("n NOOP", "n OK")
    held.close()
    server.cli("config", "set", "tls.profile", "intermediate")
    kx.wait_until(lambda: all(s_client(server, "imaps", "-tls1_2")[1] for _ in range(3)), what="TLS 1.2 again")


@pytest.mark.covers("CERT-02", "SVC-11")
@pytest.mark.parametrize("priority, good", [
    ("NORMAL", True), ("NORMAL:-VERS-ALL:+VERS-TLS1.2", True), ("NORMAL:-VERS-ALL:+VERS-TLS1.3", True),
    ("NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0", False), ("NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA", False),
    ("NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC", False)])
def test_gnutls(server, need, priority, good):
    done = kx.run([need("gnutls-cli"), "--insecure", "--port", server.port("imaps"), "--priority", priority, "127.0.0.1"], text=True)
    assert ("Handshake was completed" in done.stdout) == good, done.stdout[-1500:]
    assert not good or re.search(r"Description: \(TLS1\.[23].*\)-\(ECDHE-", done.stdout), done.stdout[-1500:]


# --- certificates

@pytest.mark.covers("CERT-10", "CERT-12", "CERT-15")
def test_certificates_change_live(server, tmp_path):
    """Import, choice by name and activation, while connections old and new go on."""
    original = common_name(server)
    held = imap_line(server, "alice")
    one, one_der = make_certificate(tmp_path / "one", "one.example.test")
    two, two_der = make_certificate(tmp_path / "two", "two.example.test")
    server.cli("cert", "import", one, "--name", "one")
    server.cli("cert", "import", two, "--name", "two")
    kx.wait_until(lambda: common_name(server, "one.example.test") == one_der, what="one is chosen by name")
    kx.wait_until(lambda: common_name(server, "two.example.test") == two_der, what="two is chosen by name")
    assert common_name(server, "other.example.test") == original
    assert common_name(server) == original
    server.cli("cert", "activate", "two")
    kx.wait_until(lambda: common_name(server) == two_der, what="two is the active one")
    for service in ("imaps", "smtps", "pop3s"):
        kx.wait_until(lambda service=service: {common_name(server, None, service) for _ in range(6)} == {two_der},
                      what=f"all edges use it for {service}")
    assert common_name(server, "one.example.test") == one_der
    held.say("n NOOP", "n OK")  # the connection from before
    held.close()
    pids = set(server.pids())
    gone = server.kill_role("edge")
    server.wait_roles(gone=gone)
    assert len(pids - set(server.pids())) == len(gone)
    assert common_name(server) == two_der
    server.cli("cert", "activate", "server")
    kx.wait_until(lambda: common_name(server) == original, what="the first is active again")


def test_resumption_works_on_every_edge(server):
    """A ticket of one edge is good on the others and after an edge was started again."""
    context = kx.tls_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # Python shows a session only after TLS 1.2's handshake
    raw = socket.create_connection(("127.0.0.1", server.port("imaps")), 10)
    first = context.wrap_socket(raw, server_hostname=server.hostname)
    first.recv(100)
    session = first.session
    first.close()

    def reused():
        with socket.create_connection(("127.0.0.1", server.port("imaps")), 10) as again:
            with context.wrap_socket(again, server_hostname=server.hostname, session=session) as client:
                client.recv(100)
                return client.session_reused

    assert all(reused() for _ in range(20))
    gone = server.kill_role("edge")
    server.wait_roles(gone=gone)
    assert all(reused() for _ in range(20))


def test_resumption_in_tls_1_3(server, tmp_path):
    saved = tmp_path / "session"
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port('imaps')}", "-tls1_3", "-quiet"]
    for option in ("-sess_out", "-sess_in"):
        words = [word for word in command if word != "-quiet"] if option == "-sess_in" else command
        done = subprocess.run([*words, option, saved, "-ign_eof"], input=b"a LOGOUT\r\n", capture_output=True,
                              timeout=30, check=False)
    assert b"Reused, TLSv1.3" in done.stdout


# --- STARTTLS

@pytest.mark.parametrize("service, before, begin, smuggled, after", [
    ("smtp", ["EHLO a"], "STARTTLS", "MAIL FROM:<evil@example.test>\r\n", "NOOP"),
    ("imap", [], "a STARTTLS", "b NOOP\r\n", "c NOOP"),
    ("pop3", [], "STLS", "NOOP\r\n", "CAPA"),
])
def test_nothing_is_smuggled_into_tls(server, service, before, begin, smuggled, after):
    """Commands sent in the clear behind STARTTLS are not answered inside TLS (CVE-2011-0411)."""
    client = Line(server, service)
    client.read()
    for line in before:
        client.say(line, "250 ")
    client.socket.sendall(f"{begin}\r\n{smuggled}".encode())
    answer = client.read()
    assert answer.startswith((b"220", b"a OK", b"+OK")), answer
    inside = kx.tls_context().wrap_socket(client.socket, server_hostname=server.hostname)
    inside.settimeout(10)
    inside.sendall(after.encode() + b"\r\n")
    first = inside.recv(4096)
    if service == "smtp":
        assert first.startswith(b"250 2.0.0") and b"\r\n" == first[-2:] and first.count(b"\r\n") == 1
    elif service == "imap":
        assert b"b " not in first and b"c OK" in first
    else:
        assert first.startswith(b"+OK") and first.count(b"+OK") == 1 and b"SASL" in first
    inside.close()


def test_what_was_said_before_tls_is_forgotten(server):
    client = Line(server, "smtp")
    client.read()
    client.say("EHLO a", "250 ")
    client.say("MAIL FROM:<a@elsewhere.test>", "250 ")
    client.say("STARTTLS", "220 ")
    inside = kx.tls_context().wrap_socket(client.socket, server_hostname=server.hostname)
    inside.sendall(b"RCPT TO:<alice@example.test>\r\n")
    assert inside.recv(4096).startswith(b"503 ")
    inside.close()


def test_no_tls_inside_tls(server):
    client = Line(server, "smtps")
    client.read()
    lines = client.say("EHLO a", "250 ")
    assert not any(b"STARTTLS" in line for line in lines)
    assert client.say("STARTTLS", "5")[0].startswith(b"50")
    client.close()


def test_garbage_in_the_handshake_harms_nobody(server):
    for garbage in (b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 1000, b"\0" * 70000):
        with socket.create_connection(("127.0.0.1", server.port("imaps")), 10) as client:
            client.settimeout(10)
            try:
                client.sendall(garbage)
                while client.recv(4096):
                    pass
            except OSError:
                pass
    imap_line(server, "alice").close()
