# SPDX-License-Identifier: Apache-2.0
"""Certificates: made, asked for, imported, activated while clients are connected."""

import datetime
import hashlib
import http.client
import plistlib
import re
import socket
import ssl
import stat
import subprocess
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import kx

SERVICES = ("imaps", "pop3s", "smtps")


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *map(str, arguments)], cwd=cwd, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.fixture
def authority(tmp_path):
    """An authority with an intermediate: root.pem, middle.pem, and sign(csr) -> PEM of the answer."""
    extensions = tmp_path / "ca.ext"
    extensions.write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "root.key", "-out",
            "root.pem", "-subj", "/CN=Test Root", "-days", "2", cwd=tmp_path)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "middle.key", "-out",
            "middle.csr", "-subj", "/CN=Test Intermediate", cwd=tmp_path)
    openssl("x509", "-req", "-in", "middle.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile",
            extensions, "-out", "middle.pem", "-days", "2", cwd=tmp_path)

    def sign(request):
        (tmp_path / "leaf.csr").write_text(request)
        openssl("x509", "-req", "-in", "leaf.csr", "-CA", "middle.pem", "-CAkey", "middle.key", "-CAcreateserial",
                "-copy_extensions", "copy", "-out", "leaf.pem", "-days", "2", cwd=tmp_path)
        return (tmp_path / "leaf.pem").read_text()

    sign.folder = tmp_path
    sign.middle = (tmp_path / "middle.pem").read_text()
    sign.root = tmp_path / "root.pem"
    return sign


def connect(server, service):
    """A socket to a TLS port, without TLS yet."""
    return socket.create_connection(("127.0.0.1", server.port(service)), 30)


def served(server, service="imaps", name=None):
    """The fingerprint of the certificate that a client gets which asks for `name`."""
    with connect(server, service) as raw, kx.tls_context().wrap_socket(raw, server_hostname=name) as tls:
        digest = hashlib.sha256(tls.getpeercert(True)).hexdigest().upper()
    return ":".join(re.findall("..", digest))


@contextmanager
def verified(server, cafile, service="imaps", name=None):
    """A TLS connection of a client that trusts only `cafile` and checks the name."""
    context = ssl.create_default_context(cafile=str(cafile))
    with connect(server, service) as raw:
        with context.wrap_socket(raw, server_hostname=name or server.hostname) as tls:
            yield tls


def info(server, name):
    return server.cli("cert", "show", name, as_json=True)


@pytest.mark.covers("CERT-04", "AUTH-13")
def test_a_fresh_server_has_a_certificate_of_its_own(fresh_server, tmp_path):
    one, two = fresh_server(copied=False), fresh_server(copied=False, start=False)
    mine = info(one, "server")
    assert mine["self-signed"] and mine["active"] and mine["state"] == "valid"
    assert set(mine["names"]) == {one.hostname, one.domain}
    assert mine["fingerprint"] != info(two, "server")["fingerprint"]
    assert (one.data / "sslcert/server.key").read_text() != (two.data / "sslcert/server.key").read_text()
    assert stat.S_IMODE((one.data / "sslcert/server.key").stat().st_mode) == 0o600
    for service in SERVICES:
        assert served(one, service) == mine["fingerprint"]
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(one.cli("cert", "export", "server"))
    for name in (one.hostname, one.domain):
        with verified(one, trusted, name=name) as tls:
            assert tls.version() in ("TLSv1.3", "TLSv1.2")


@pytest.mark.covers("CERT-06", "CERT-10", "CERT-15")
def test_activation_reaches_all_services_and_drops_nobody(server):
    client = server.imap("alice")
    client.select()
    new = server.cli("cert", "new", "--hostname", server.hostname, "--name", "second", as_json=True)
    before = info(server, "server")["fingerprint"]
    assert served(server) == before != new["fingerprint"]
    server.cli("cert", "activate", "second")
    kx.wait_until(lambda: all(served(server, service) == new["fingerprint"] for service in SERVICES), 5, "the new one")
    assert client.noop()[0] == "OK"
    client.logout()
    rows = {row["name"]: row["active"] for row in server.cli("cert", "list", as_json=True)}
    assert rows["second"] is True and rows["server"] is False
    server.cli("cert", "activate", "server")
    kx.wait_until(lambda: served(server) == before, 5, "the old one")
    server.cli("cert", "remove", "second")
    assert re.search(r" - Certificate 'second' activated$", server.log("config"), re.M)


@pytest.mark.covers("CERT-14")
def test_removing(server):
    done = server.run("cert", "remove", "server")
    assert done.returncode == 1 and "activate another one first" in done.stderr
    server.cli("cert", "new", "--hostname", "gone.test", "--name", "gone")
    server.cli("cert", "remove", "gone")
    assert not list((server.data / "sslcert").glob("gone.*"))
    assert server.run("cert", "remove", "gone").returncode == 1


@pytest.mark.covers("CERT-08", "CERT-09", "CERT-12", "CERT-13", "CERT-17", "HOST-17", "HOST-18", "AUTH-14")
def test_a_certificate_from_an_authority(server, authority):
    for missing in (("--hostname", server.hostname), ("--country", "DE")):
        done = server.run("cert", "request", *missing)
        assert done.returncode == 2 and "needs --" in done.stderr
    server.cli("cert", "request", "--name", "bought", "--hostname", server.hostname, "--country", "DE", "--san",
               "imap.example.test", "--organization", "Example GmbH", "--city", "Berlin")
    row = info(server, "bought")
    assert row["kind"] == "request" and row["pending-request"]
    chain = authority.folder / "chain.pem"
    chain.write_text(authority(server.cli("cert", "export", "bought", "--what", "request")) + authority.middle)
    server.cli("cert", "import", chain)
    row = info(server, "bought")
    assert row["kind"] == "certificate" and not row["pending-request"] and row["chain"] == ["CN=Test Intermediate"]
    server.cli("cert", "activate", "bought")
    kx.wait_until(lambda: served(server) == row["fingerprint"], 5, "the new certificate")
    for name in (server.hostname, "imap.example.test"):
        with verified(server, authority.root, name=name) as tls:  # knows the root only: the chain is sent
            assert tls.getpeercert()["subject"]
    assert "PRIVATE KEY" in server.cli("cert", "export", "bought", "--what", "key")
    assert re.search(r" - Private key of certificate 'bought' exported$", server.log("config"), re.M)
    server.cli("cert", "activate", "server")
    server.cli("cert", "remove", "bought")


def fetch(server, path, service="admin"):
    """A resource of one who looks at no certificate, as a browser after its warning."""
    client = http.client.HTTPSConnection("127.0.0.1", server.port(service), timeout=30, context=kx.tls_context())
    client.request("GET", path)
    answer = client.getresponse()
    body = answer.read()
    client.close()
    return answer, body


@pytest.mark.covers("CERT-19", "AUTH-04")
def test_clients_save_the_certificate_and_trust_it(server, tmp_path):
    server.cli("service", "start", "https")
    kx.wait_until(lambda: not connect(server, "https").close(), what="the service")
    answer, body = fetch(server, "/certificate.pem", "https")
    assert fetch(server, "/certificate.pem")[1] == body and b"PRIVATE" not in body
    assert answer.status == 200 and answer.getheader("Content-Type") == "application/pem-certificate-chain"
    assert 'filename="certificate.pem"' in answer.getheader("Content-Disposition")
    answer, der = fetch(server, "/certificate.crt")
    assert answer.getheader("Content-Type") == "application/x-x509-ca-cert"
    assert ssl.DER_cert_to_PEM_cert(der).split() == body.decode().split()
    assert {fetch(server, path)[0].status for path in ("/certificate.key", "/certificate.", "/certificate.pem/")} == {404}
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(body)
    with verified(server, trusted, "https"):
        pass
    with connect(server, "imaps") as raw, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(raw, server_hostname=server.hostname)
    with verified(server, trusted) as tls:
        tls.sendall(b'a LOGIN alice "%s"\r\n' % kx.password_of("alice").encode())
        while not (line := tls.recv(4096)).startswith(b"a "):
            assert line
        assert line.startswith(b"a OK")
    server.cli("service", "stop", "https")
    with connect(server, "admin") as raw, suppress(ConnectionResetError):  # not in the clear
        raw.sendall(b"GET /certificate.pem HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"BEGIN" not in raw.recv(4096)


@pytest.mark.covers("CERT-21")
def test_the_system_s_store_takes_it(server, tmp_path):
    """Debian's, in folders of its own; curl then knows the server without being told of it."""
    for folder in ("local", "etc", "none"):
        (tmp_path / folder).mkdir()
    (tmp_path / "conf").write_text("")
    (tmp_path / "local/mail.crt").write_bytes(fetch(server, "/certificate.pem")[1])
    subprocess.run(["update-ca-certificates", "--certsconf", tmp_path / "conf", "--certsdir", tmp_path / "none",
                    "--localcertsdir", tmp_path / "local", "--etccertsdir", tmp_path / "etc", "--hooksdir",
                    tmp_path / "none"], check=True, capture_output=True)

    def curl(store):
        where = f"{server.hostname}:{server.port('admin')}"
        return subprocess.run(["curl", "-s", "--capath", store, "--cacert", store / "ca-certificates.crt", "--resolve",
                               f"{where}:127.0.0.1", f"https://{where}/certificate.pem"], capture_output=True, check=False)

    assert curl(tmp_path / "etc").stdout == fetch(server, "/certificate.pem")[1]
    assert curl(Path("/etc/ssl/certs")).returncode == 60


@pytest.mark.covers("CERT-22", "CERT-23")
def test_devices_of_apple_take_a_profile(server):
    answer, body = fetch(server, "/certificate.mobileconfig")
    assert answer.getheader("Content-Type") == "application/x-apple-aspen-config"
    profile = plistlib.loads(body)
    (payload,) = profile["PayloadContent"]
    assert profile["PayloadType"] == "Configuration" and payload["PayloadType"] == "com.apple.security.root"
    assert payload["PayloadContent"] == fetch(server, "/certificate.crt")[1]
    for one in (profile, payload):
        assert one["PayloadVersion"] == 1 and one["PayloadDisplayName"] and one["PayloadIdentifier"]
        assert str(uuid.UUID(one["PayloadUUID"])) == one["PayloadUUID"] and uuid.UUID(one["PayloadUUID"]).version == 8
    assert profile["PayloadUUID"] != payload["PayloadUUID"]
    assert fetch(server, "/certificate.mobileconfig")[1] == body  # taken again it is the same one


@pytest.mark.covers("CERT-05")
def test_clients_warn_of_three_things_and_of_nothing_else(server, tmp_path):
    """OpenSSL's own client: issuer, name, time."""
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(fetch(server, "/certificate.pem")[1])

    def warning(cafile=trusted, name=server.hostname, years=0):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port('imaps')}", "-servername", name,
                               "-verify_hostname", name, "-CAfile", str(cafile), "-verify_return_error", "-attime",
                               str(int(time.time() + years * 366 * 86400))],
                              input="", capture_output=True, text=True, timeout=30, check=False)
        found = re.search(r"verify error:num=\d+:(.*)", done.stdout + done.stderr)
        return found[1] if found else None if done.returncode == 0 else done.stderr

    assert warning() is None and warning(years=0.5) is None
    assert "self-signed" in warning(cafile="/etc/ssl/certs/ca-certificates.crt")
    assert "hostname mismatch" in warning(name="another.test").lower()
    assert "expired" in warning(years=100) and "not yet valid" in warning(years=-1)


@pytest.mark.covers("CERT-20")
def test_clients_that_know_the_authority_have_nothing_to_do(fresh_server, authority):
    """The authority of an organisation is known to its clients; the certificate may be any of its own."""
    server = fresh_server()
    server.cli("service", "start", "https")
    for name in ("first", "second"):
        server.cli("cert", "request", "--name", name, "--hostname", server.hostname, "--country", "DE")
        chain = authority.folder / "chain.pem"
        chain.write_text(authority(server.cli("cert", "export", name, "--what", "request")) + authority.middle)
        server.cli("cert", "import", chain)
        server.cli("cert", "activate", name)
        kx.wait_until(lambda: served(server) == info(server, name)["fingerprint"], 5, "it")  # noqa: B023 (at once)
        for service in (*SERVICES, "https", "admin"):
            with verified(server, authority.root, service) as tls:
                assert tls.getpeercert()["issuer"]
        assert fetch(server, "/certificate.pem")[1].decode().split() == chain.read_text().split()
        assert ssl.DER_cert_to_PEM_cert(fetch(server, "/certificate.crt")[1]).split() == authority.middle.split()


@pytest.mark.covers("CERT-16")
def test_intermediates_from_a_folder(fresh_server, authority):
    server = fresh_server(start=False)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "own.key", "-out", "own.csr", "-subj", f"/CN={server.hostname}",
            "-addext", f"subjectAltName=DNS:{server.hostname}", cwd=authority.folder)
    (authority.folder / "own.pem").write_text(authority((authority.folder / "own.csr").read_text()))
    server.cli("cert", "import", authority.folder / "own.pem", "--key", authority.folder / "own.key", "--name", "own")
    server.cli("cert", "activate", "own")
    server.start()
    with pytest.raises(ssl.SSLCertVerificationError), verified(server, authority.root):
        pass
    middle = server.data / "sslca" / "middle.pem"
    middle.write_text(authority.middle)
    middle.chmod(0o644)
    server.restart()
    with verified(server, authority.root):
        pass


@pytest.mark.covers("CERT-12", "CERT-17", "CERT-18")
def test_imports_that_are_refused(server, authority):
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "own.key", "-out", "own.csr", "-subj", "/CN=x.test",
            cwd=authority.folder)
    openssl("genrsa", "-out", "other.key", "2048", cwd=authority.folder)
    openssl("pkey", "-in", "own.key", "-aes128", "-passout", "pass:secret", "-out", "locked.key", cwd=authority.folder)
    leaf = authority((authority.folder / "own.csr").read_text())
    file = authority.folder / "file.pem"
    for content, key, text in [
        (leaf, None, "private key is neither"),
        (leaf, "other.key", "does not belong"),
        (leaf, "locked.key", "has a password"),
        (authority.middle + leaf, "own.key", "the server's own comes first"),
        ("hello", "own.key", "no certificate in PEM form"),
        (leaf[:300], "own.key", "damaged"),
    ]:
        file.write_text(content)
        done = server.run("cert", "import", file, *(("--key", authority.folder / key) if key else ()))
        assert done.returncode == 1 and text in done.stderr, done.stderr
    assert [row["name"] for row in server.cli("cert", "list", as_json=True)] == ["server"]


def test_clients_get_the_certificate_of_the_name_they_ask_for(server):
    second = server.cli("cert", "new", "--hostname", "mail.second.test", "--san", "*.wild.test", "--name", "sni", as_json=True)
    main = info(server, "server")["fingerprint"]
    kx.wait_until(lambda: served(server, name="mail.second.test") == second["fingerprint"], 5, "the second certificate")
    assert served(server, name="imap.wild.test") == second["fingerprint"]
    assert served(server, name=server.hostname) == main
    assert served(server, name="unknown.test") == main
    server.cli("cert", "remove", "sni")
    kx.wait_until(lambda: served(server, name="mail.second.test") == main, 5, "the removal")


def test_expiry_is_told_before_it_comes(fresh_server, tmp_path):
    """In the list, in the status and in the Warning log; a certificate from long ago, with ten days left, and one that is over."""
    server = fresh_server(start=False)
    (tmp_path / "index").touch()
    (tmp_path / "ca.conf").write_text("[ca]\ndefault_ca=x\n[x]\ndatabase=index\nrand_serial=yes\nnew_certs_dir=.\n"
                                      "default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n")
    now = datetime.datetime.now(datetime.timezone.utc)
    for name, days in (("soon", 10.5), ("over", -1)):
        end = (now + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "own.key", "-out", "own.csr", "-subj",
                f"/CN={name}.test", cwd=tmp_path)
        openssl("ca", "-batch", "-selfsign", "-notext", "-config", "ca.conf", "-keyfile", "own.key", "-in", "own.csr",
                "-startdate", "20250101000000Z", "-enddate", end, "-out", "own.pem", cwd=tmp_path)
        server.cli("cert", "import", tmp_path / "own.pem", "--key", tmp_path / "own.key", "--name", name)
    server.cli("cert", "activate", "soon")
    states = {row["name"]: row["state"] for row in server.cli("cert", "list", as_json=True)}
    assert states == {"server": "valid", "soon": "expires soon", "over": "expired"}
    server.start()
    server.wait_log("warning", r"The active certificate 'soon' expires on \d{4}-\d\d-\d\d \d\d:\d\d UTC, in 10 days$")
    server.wait_log("warning", r"Certificate 'over' expired on ")
    assert "'server'" not in server.log("warning")
    assert {row["name"]: row["active"] for row in server.status()["certificates"]} == {"soon": True, "over": False}
    assert "expires soon: certificate 'soon', the active one, " in server.cli("status")
