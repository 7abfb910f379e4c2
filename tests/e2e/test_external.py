# SPDX-License-Identifier: Apache-2.0
"""Mail programs sign in with a certificate in TLS: EXTERNAL (RFC 4422 appendix A), over IMAP, POP3 and SMTP."""

import base64
import contextlib
import socket
import ssl
import subprocess

import clientca
import kx
import messages
import pytest
from clientca import DAY, now
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from kx import run
from saslclient import GOOD, SaslClient, sasl_client
from test_oauth import PORTS, PROTOCOLS, URLS
from test_sasl import gsasl

BAD = {"imap": b"a NO [AUTHENTICATIONFAILED]", "pop3": b"-ERR [AUTH]", "smtp": b"535 5.7.8"}
METHODS = "SCRAM-SHA-256,PLAIN,EXTERNAL"


def set_text(server, name, text):
    """A value that begins with dashes."""
    return run([server.binary, "config", "set", "--data", server.data, "--", name, text], cwd="/")


@pytest.fixture(scope="module")
def authority():
    return clientca.Authority("The company")


@pytest.fixture(scope="module")
def server(keryx_binary, authority):
    with kx.running_server(keryx_binary, users=["alice", "bob", "gone", "jürgen"]) as server:
        server.cli("user", "set", server.address("gone"), "--disabled", "yes")
        server.cli("user", "set", server.address("bob"), "--addresses", "b.smith")
        server.configure({"auth.methods": METHODS})
        assert set_text(server, "tls.client-ca", authority.pem()).returncode == 0
        yield server


@pytest.fixture(scope="module")
def alice(server, authority, tmp_path_factory):
    return authority.write(tmp_path_factory.mktemp("certificate"), "alice", server.address("alice"))


class Client(SaslClient):
    """A connection in TLS, with the certificate of a file or without."""

    def __init__(self, server, protocol, file=None, start_tls=False, session=None, context=None):
        self.protocol = protocol
        self.context = context or kx.tls_context()
        if file:
            self.context.load_cert_chain(file)
        plain = socket.create_connection(("127.0.0.1", server.port(
            {"imap": "imap", "pop3": "pop3", "smtp": "submission"}[protocol] if start_tls else PORTS[protocol])), 30)
        if start_tls:
            lines = plain.makefile("rb")
            lines.readline()
            if protocol == "smtp":
                plain.sendall(b"EHLO client.test\r\n")
                while lines.readline()[3:4] == b"-":
                    pass
            plain.sendall({"imap": b"a STARTTLS\r\n", "pop3": b"STLS\r\n", "smtp": b"STARTTLS\r\n"}[protocol])
            assert lines.readline()[:4] in (b"a OK", b"+OK ", b"220 ")
        self.socket = self.context.wrap_socket(plain, session=session)
        self.file = self.socket.makefile("rb")
        if not start_tls:
            self.line()
        self.said = self.ask_all("EHLO client.test") if protocol == "smtp" else []

@contextlib.contextmanager
def connected(*arguments, **options):
    client = Client(*arguments, **options)
    try:
        yield client
    finally:
        client.close()


def try_certificate(server, file, identity="", protocol="pop3", **options):
    with connected(server, protocol, file, **options) as client:
        line = client.auth("EXTERNAL", identity.encode())
        while line.startswith(b"* "):
            line = client.line()
        return line.startswith(GOOD[protocol])


def wait_offered(server, file, offered=True):
    def check():
        with connected(server, "pop3", file) as client:
            return ("EXTERNAL" in client.offered()) == offered
    kx.wait_until(check, 10, "EXTERNAL to be offered" if offered else "EXTERNAL to be gone")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_curl(server, need, alice, authority, tmp_path, protocol):
    mail = tmp_path / "mail"
    mail.write_bytes(messages.wire(messages.plain(subject="from curl", to=server.address("bob"), sender=server.address("alice"))))
    command = [need("curl"), "-sSk", "--cert", alice, "--user", f"{server.address('alice')}:", "--login-options", "AUTH=EXTERNAL",
               URLS[protocol].format(server.port(PORTS[protocol]))]
    if protocol == "smtp":
        command += ["--mail-from", server.address("alice"), "--mail-rcpt", server.address("bob"), "-T", mail]
    done = run(command)
    assert done.returncode == 0, done.stdout
    command[command.index(alice)] = authority.write(tmp_path, "bob", server.address("bob"))
    assert run(command).returncode == 67  # CURLE_LOGIN_DENIED
    server.wait_log("warning", rf"{protocol.upper()} login of {server.address('alice')} from 127.0.0.1 failed: "
                               "the certificate is not for that account")
    server.wait_log("security", f"Failed {protocol.upper()} login from 127.0.0.1, authentication method EXTERNAL$")


@pytest.mark.parametrize("protocol, service", [("imap", "imap"), ("smtp", "submission")])
def test_gsasl(server, alice, protocol, service):
    done = gsasl(server, alice.parent, protocol, service, "EXTERNAL", "", "--no-cb", "--authorization-id=",
                 "--x509-cert-file", str(alice), "--x509-key-file", str(alice))
    assert done.returncode == 0 and "EXTERNAL" in done.stdout, done.stdout + done.stderr


def test_openssl(server, need, alice):
    """The names of the authorities are said, and nothing is resumed."""
    target = ["-connect", f"127.0.0.1:{server.port('imaps')}", "-cert", alice, "-key", alice, "-crlf", "-quiet", "-ign_eof"]
    for version in ("-tls1_2", "-tls1_3"):
        done = run([need("openssl"), "s_client", version, *target], input=b"a AUTHENTICATE EXTERNAL =\nb LOGOUT\n")
        assert b"a OK" in done.stdout, done.stdout.decode()
        done = run([need("openssl"), "s_client", version, "-connect", f"127.0.0.1:{server.port('imaps')}"], input=b"")
        assert b"CN = The company" in done.stdout.split(b"Acceptable client certificate CA names")[1]
        done = run([need("openssl"), "s_client", version, "-connect", f"127.0.0.1:{server.port('admin')}"], input=b"")
        assert b"No client certificate CA names sent" in done.stdout


def test_who_is_asked(server, alice):
    for protocol in PROTOCOLS:
        for start_tls in (False, True):
            with connected(server, protocol, alice, start_tls=start_tls) as client:
                assert client.offered()[0] == "EXTERNAL", (protocol, start_tls)
            with connected(server, protocol, start_tls=start_tls) as client:
                assert "EXTERNAL" not in client.offered() and "PLAIN" in client.offered()
                assert client.auth("EXTERNAL", b"").startswith((b"a NO", b"a BAD", b"-ERR", b"504"))
        assert try_certificate(server, alice, protocol=protocol, start_tls=True)
        with sasl_client(server, protocol, tls=False) as client:
            assert "EXTERNAL" not in client.offered()


def test_whose_it_is(server, authority, alice, tmp_path):
    for identity in ("", "alice", server.address("alice"), server.address("ALICE")):
        assert try_certificate(server, alice, identity), identity
    for identity in ("bob", f"alice@elsewhere.{kx.DOMAIN}", "nobody"):
        assert not try_certificate(server, alice, identity), identity
    further = authority.write(tmp_path, "further", server.address("b.smith"), "bob@elsewhere.test")
    assert try_certificate(server, further) and try_certificate(server, further, "bob")
    both = authority.write(tmp_path, "both", server.address("alice"), server.address("bob"))
    assert not try_certificate(server, both) and try_certificate(server, both, "bob")
    server.wait_log("warning", "POP3 login of nobody from 127.0.0.1 failed: the certificate is for several accounts")
    utf8 = authority.write(tmp_path, "utf8", mailboxes=[server.address("jürgen")])
    assert try_certificate(server, utf8, "jürgen")
    with connected(server, "imap", alice) as client:
        assert client.auth("EXTERNAL", b"").startswith(b"a OK")
        assert client.ask_all("a STATUS INBOX (MESSAGES)")[0].startswith("* STATUS")
        server.cli("user", "set", server.address("alice"), "--disabled", "yes")
        assert client.ask("b NOOP") == b"* BYE This sign-in is not valid any more"
        assert not try_certificate(server, alice)
        server.cli("user", "set", server.address("alice"), "--disabled", "no")
    assert try_certificate(server, alice)


def refusals(server, authority, base):
    other, one = clientca.Authority("The company"), server.address("alice")
    strangers = clientca.Authority("A signer of code", above=authority)
    return {
        "another authority of that name": (other.write(base, "a", one), "the certificate is of no authority of tls.client-ca"),
        "over": (authority.write(base, "b", one, begin=now() - 2 * DAY, end=now() - DAY), "the certificate is over"),
        "not yet": (authority.write(base, "c", one, begin=now() + DAY), "the certificate is over, or does not hold yet"),
        "of a server": (authority.write(base, "d", one, usage=ExtendedKeyUsageOID.SERVER_AUTH), "the certificate is not for clients"),
        "nobody": (authority.write(base, "e", server.address("nobody")), "the certificate has no address of an account here"),
        "nameless": (authority.write(base, "f"), "the certificate has no address of an account here"),
        "elsewhere": (authority.write(base, "g", "alice@elsewhere.test"), "the certificate has no address of an account here"),
        "a part": (authority.write(base, "h", f"{one}.elsewhere.test"), "the certificate has no address of an account here"),
        "disabled": (authority.write(base, "i", server.address("gone")), "the account is disabled"),
        "no authority": (forged(authority, base, one), "the certificate is of no authority of tls.client-ca"),
        "below": (strangers.write(base, "j", one, usage=ExtendedKeyUsageOID.CODE_SIGNING), "the certificate is not for clients"),
    }


def forged(authority, base, address):
    """Signed by a client's key, as if that were an authority."""
    certificate, key = authority.issue(address)
    false = clientca.Authority("client")
    false.key, false.certificate, false.above = key, certificate, authority
    return false.write(base, "forged", address)


def test_what_does_not_open(server, authority, tmp_path):
    for what, (file, why) in refusals(server, authority, tmp_path).items():
        for protocol in PROTOCOLS:
            with connected(server, protocol, file) as client:
                assert client.auth("EXTERNAL", b"").startswith(BAD[protocol]), (what, protocol)
        server.wait_log("warning", f"POP3 login of nobody from 127.0.0.1 failed: {why}")


def test_between_authorities(server, authority, tmp_path):
    """Certificates that the client sends along lead to the authority."""
    between = clientca.Authority("The department", above=authority)
    assert try_certificate(server, between.write(tmp_path, "alice", server.address("alice")))
    below = clientca.Authority("The office", above=between)
    assert try_certificate(server, below.write(tmp_path, "bob", server.address("bob")))


def test_revoked(server, authority, tmp_path):
    files = [authority.write(tmp_path, name, server.address(name)) for name in ("alice", "bob")]
    revoked = x509.load_pem_x509_certificate(files[0].read_bytes())
    set_text(server, "tls.client-crl", authority.revoke(revoked))
    assert not try_certificate(server, files[0]) and try_certificate(server, files[1])
    server.wait_log("warning", "failed: the certificate was revoked")
    set_text(server, "tls.client-crl", authority.revoke(end=now() - DAY))
    assert not try_certificate(server, files[1])
    server.wait_log("warning", "failed: tls.client-crl has no list of the certificate's authority that holds now")
    server.cli("config", "set", "tls.client-crl", "")
    assert try_certificate(server, files[0])


@pytest.mark.parametrize("version", (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
def test_resumption(server, alice, version):
    """A resumed session neither keeps nor gets a certificate: none is resumed where one is asked for."""
    context = kx.tls_context()
    context.minimum_version = context.maximum_version = version

    def connect(service, session=None):
        plain = socket.create_connection(("127.0.0.1", server.port(service)), 30)
        return context.wrap_socket(plain, session=session)

    with connect("admin") as first:  # where it is as ever
        first.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        while first.recv(1000):
            pass
        session = first.session
        with connect("admin", session) as second:
            assert second.session_reused
        with connect("imaps", session) as other:
            assert not other.session_reused
    context.load_cert_chain(alice)
    with connected(server, "imap", context=context) as client:
        assert client.auth("EXTERNAL", b"").startswith(b"a OK")
        kept = client.socket.session
    bare = kx.tls_context()
    bare.minimum_version = bare.maximum_version = version
    with contextlib.suppress(ValueError), connected(server, "imap", session=kept, context=bare) as client:
        assert "EXTERNAL" not in client.offered()
    with connected(server, "imap", session=kept, context=context) as client:
        assert not client.socket.session_reused and client.auth("EXTERNAL", b"").startswith(b"a OK")


def test_off(server, authority, alice):
    """Both settings are needed; without, no certificate is asked for."""
    for settings in ({"auth.methods": "SCRAM-SHA-256,PLAIN"}, {"auth.methods": METHODS, "tls.client-ca": ""}):
        server.configure(settings)
        wait_offered(server, alice, offered=False)
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port('imaps')}"], input=b"",
                              capture_output=True, timeout=30)
        assert b"No client certificate CA names sent" in done.stdout
        with connected(server, "pop3", alice) as client:
            assert client.ask(f"AUTH EXTERNAL {base64.b64encode(b'alice').decode()}").startswith(b"-ERR")
    set_text(server, "tls.client-ca", authority.pem())
    wait_offered(server, alice)
    assert try_certificate(server, alice)


def test_values_that_are_refused(server):
    for name, value in (("tls.client-ca", "nonsense"), ("tls.client-crl", "nonsense"),
                        ("tls.client-ca", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")):
        done = set_text(server, name, value)
        assert done.returncode != 0 and b"as text" in done.stdout, done.stdout
    assert "BEGIN CERTIFICATE" in server.cli("config", "get", "tls.client-ca")
    assert server.cli("config", "export").count("BEGIN CERTIFICATE") == 1
    assert all(line.startswith("[") for line in server.log("config").splitlines())  # a line for a change, whatever is in it
