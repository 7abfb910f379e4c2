# SPDX-License-Identifier: Apache-2.0
"""DIGEST-MD5 (RFC 2831), which is historic: where it is named, and passwords are kept so that the server can read them."""

import hashlib
import re

import pytest

import kx
from saslclient import sasl_client
from test_sasl import gsasl

PASSWORD = "päss wörd of carol"  # noqa: S105


def offers(server):
    with sasl_client(server, "imap") as client:
        return "DIGEST-MD5" in client.offered()


@pytest.fixture(scope="module")
def historic(keryx_binary):
    with kx.running_server(keryx_binary) as server:
        server.cli("domain", "set", server.domain, "--recoverable-passwords", "yes")
        server.cli("user", "set", "admin", "--password", kx.ADMIN_PASSWORD)
        server.cli("user", "add", server.address("alice"), "--password", kx.password_of("alice"))
        server.cli("user", "add", server.address("carol"), "--password", PASSWORD)
        server.cli("user", "add", server.address("without"))
        kx.wait_until(lambda: cram_is_offered(server), 10, "CRAM-MD5")
        assert not offers(server)  # nobody has named it
        server.configure({"auth.methods": "CRAM-MD5,DIGEST-MD5,PLAIN"})
        kx.wait_until(lambda: offers(server), 10, "DIGEST-MD5")
        yield server


def cram_is_offered(server):
    with sasl_client(server, "imap") as client:
        return "CRAM-MD5" in client.offered()


def curl(server, service, user, password):
    message = server.base / "message"
    message.write_text("Subject: hello\r\n\r\nHello.\r\n")
    more = {"imaps": ["/INBOX"], "pop3s": ["/"], "smtps": ["/", "--mail-from", f"alice@{kx.DOMAIN}", "--mail-rcpt",
                                                          f"alice@{kx.DOMAIN}", "--upload-file", message]}[service]
    return kx.run(["curl", "-s", "-S", "-k", "-v", "-u", f"{user}:{password}", "--login-options", "AUTH=DIGEST-MD5",
                   f"{service}://127.0.0.1:{server.port(service)}{more[0]}", *more[1:]])


@pytest.mark.covers("AUTH-06", "AUTH-09")
@pytest.mark.parametrize("service", ["imaps", "pop3s", "smtps"])
def test_digest_md5(historic, service):
    right = curl(historic, service, "alice", kx.password_of("alice"))
    assert right.returncode == 0 and b"DIGEST-MD5" in right.stdout, right.stdout.decode()
    assert curl(historic, service, "alice", "wrong").returncode != 0


def test_digest_md5_with_gnu_sasl_proves_both_sides(historic, tmp_path):
    assert gsasl(historic, tmp_path, "imap", "imap", "DIGEST-MD5", kx.password_of("alice"), "--realm",
                 kx.HOSTNAME, "--quality-of-protection", "qop-auth").returncode == 0
    assert gsasl(historic, tmp_path, "imap", "imap", "DIGEST-MD5", "wrong", "--realm", kx.HOSTNAME,
                 "--quality-of-protection", "qop-auth").returncode != 0


def digest(challenge, name, password, **changed):
    """A response as RFC 2831 section 2.1.2 says; `changed` directives are not as they should be."""
    said = dict(re.findall(r'(\w[\w-]*)="?([^",]*)"?', challenge.decode()))
    words = {"username": name, "realm": said["realm"], "nonce": said["nonce"], "cnonce": "abc", "nc": "00000001",
             "qop": "auth", "digest-uri": "imap/x", **changed}

    def md5(data):
        return hashlib.md5(data)
    try:
        secret = md5(f"{name}:{words['realm']}:{password}".encode("latin-1")).digest()
    except UnicodeEncodeError:
        secret = md5(f"{name}:{words['realm']}:{password}".encode()).digest()
    a1 = md5(secret + f":{words['nonce']}:{words['cnonce']}".encode()).hexdigest()
    a2 = md5(f"AUTHENTICATE:{words['digest-uri']}".encode()).hexdigest()
    words["response"] = md5(f"{a1}:{words['nonce']}:{words['nc']}:{words['cnonce']}:auth:{a2}".encode()).hexdigest()
    bare = {"nc", "qop", "response"}
    return ",".join(f"{key}={value}" if key in bare else f'{key}="{value}"' for key, value in words.items()).encode()


def test_digest_md5_by_hand(historic):
    def enters(name, password, **changed):
        with sasl_client(historic, "imap") as client:
            return client.accepts("DIGEST-MD5", lambda challenge: digest(challenge, name, password, **changed), b"")
    right = kx.password_of("alice")
    assert enters("alice", right) and enters("carol", PASSWORD)
    assert enters("alice", right, realm="")
    for changed in ({"nc": "00000002"}, {"nonce": "other"}, {"realm": "elsewhere"}, {"qop": "auth-int"},
                    {"authzid": "carol"}):
        assert not enters("alice", right, **changed), changed
    for name, password in (("alice", "wrong"), ("nobody", right), ("without", right)):
        assert not enters(name, password)
    for text in (b"", b"username", b'username="alice"', b"x" * 5000, b"\xff", b'username="alice' + b"," * 500):
        with sasl_client(historic, "imap") as client:
            assert not client.accepts("DIGEST-MD5", text, b"")
