# SPDX-License-Identifier: Apache-2.0
"""CRAM-MD5 and APOP, for domains that keep passwords so that the server can read them."""

import imaplib
import poplib
import stat

import pytest

import kx
from saslclient import sasl_client
from test_sasl import gsasl

PASSWORD = "päss wörd of carol"  # noqa: S105


def offered(server):
    """Both or neither; the edge may learn of a change between the greeting and the list."""
    with sasl_client(server, "pop3") as client:
        apop, cram = b"@" in client.greeting, "CRAM-MD5" in client.offered()
    return cram if apop == cram else offered(server)


@pytest.fixture(scope="module")
def digesting(keryx_binary):
    """A server where every password was set since the domain keeps them."""
    with kx.running_server(keryx_binary, users=("alice",)) as server:
        server.cli("domain", "set", server.domain, "--recoverable-passwords", "yes")
        server.cli("user", "set", "admin", "--password", kx.ADMIN_PASSWORD)
        assert not offered(server)  # that of alice is an older one
        server.cli("user", "set", "alice", "--password", kx.password_of("alice"))
        server.cli("user", "add", server.address("carol"), "--password", PASSWORD)
        server.cli("user", "add", server.address("without"))  # can sign in with nothing
        kx.wait_until(lambda: offered(server), 10, "CRAM-MD5")
        yield server


@pytest.mark.covers("AUTH-06", "AUTH-09")
def test_clients_of_others(digesting, tmp_path):
    server = digesting
    imap = imaplib.IMAP4_SSL("127.0.0.1", server.port("imaps"), ssl_context=kx.tls_context())
    assert "AUTH=CRAM-MD5" in imap.capabilities
    assert imap.login_cram_md5(server.address("alice"), kx.password_of("alice"))[0] == "OK"
    imap.logout()
    pop3 = poplib.POP3_SSL("127.0.0.1", server.port("pop3s"), context=kx.tls_context())
    pop3.apop("alice", kx.password_of("alice"))
    pop3.quit()
    smtp = server.smtp(service="smtps")
    smtp.user, smtp.password = "alice", kx.password_of("alice")
    assert smtp.auth("CRAM-MD5", smtp.auth_cram_md5, initial_response_ok=False)[0] == 235
    smtp.quit()
    assert gsasl(server, tmp_path, "imap", "imap", "CRAM-MD5", kx.password_of("alice")).returncode == 0
    server.pop3("carol", PASSWORD).quit()


@pytest.mark.covers("AUTH-02", "AUTH-06", "AUTH-09")
def test_the_password_is_not_sent(digesting):
    """So they are secure authentication, which needs no TLS where the policy says that."""
    server = digesting
    server.configure({"auth.policy": "secure-authentication", "auth.clear-text-from-loopback": "no"})

    def policy():
        with sasl_client(server, "pop3", tls=False) as client:
            return "CRAM-MD5" in client.offered() and "PLAIN" not in client.offered()
    try:
        kx.wait_until(policy, 10, "the policy")
        pop3 = poplib.POP3("127.0.0.1", server.port("pop3"))
        pop3.apop(server.address("alice"), kx.password_of("alice"))
        pop3.quit()
    finally:
        server.configure({"auth.policy": "encrypted-connection", "auth.clear-text-from-loopback": "yes"})


def test_who_is_wrong_learns_nothing(digesting):
    server = digesting
    refusals = set()
    for name in ("alice", "nobody", "without"):
        pop3 = poplib.POP3_SSL("127.0.0.1", server.port("pop3s"), context=kx.tls_context())
        with pytest.raises(poplib.error_proto) as refusal:
            pop3.apop(name, "wrong")
        refusals.add(str(refusal.value))
    assert len(refusals) == 1
    for name, why in (("alice", "wrong password"), ("nobody", "the user does not exist"),
                      ("without", "the account has no recoverable password")):
        server.wait_log("warning", f"POP3 login of {name} from 127.0.0.1 failed: {why}")
    server.wait_log("security", "Failed POP3 login from 127.0.0.1, authentication method APOP$")
    for answer in (b"", b"alice", b"alice " + b"0" * 31, b" " + b"0" * 32, b"\xff " + b"0" * 32):
        with sasl_client(server, "imap") as client:
            assert client.auth("CRAM-MD5", answer).startswith(b"a NO"), answer
    with sasl_client(server, "imap") as client:
        assert client.ask("a AUTHENTICATE APOP").startswith(b"a NO [CANNOT]")
        assert client.ask("a AUTHENTICATE CRAM-MD5 YWxpY2UgMDAw").startswith(b"a NO")  # before the challenge


def test_what_is_kept(digesting):
    server = digesting
    key = server.data / "passwords.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    stored = b"".join(path.read_bytes() for path in server.data.glob("server.db*"))
    assert PASSWORD.encode() not in stored and kx.password_of("alice").encode() not in stored
    server.restart()
    assert offered(server)


def test_the_log_says_once_that_the_key_is_lost(digesting):
    server = digesting
    key = server.data / "passwords.key"
    good = key.read_bytes()
    key.write_bytes(b"x" * len(good))
    for _ in range(2):
        pop3 = poplib.POP3_SSL("127.0.0.1", server.port("pop3s"), context=kx.tls_context())
        with pytest.raises(poplib.error_proto):
            pop3.apop("alice", kx.password_of("alice"))
    server.wait_log("error", "kept of alice@.* cannot be had back.*passwords.key is not the key")
    assert server.log("error").count("cannot be had back") == 1
    key.write_bytes(good)


@pytest.mark.covers("AUTH-10")
def test_they_are_offered_while_they_work_for_all(digesting):
    server = digesting
    server.cli("domain", "add", "other.test")
    server.add_user("dora@other.test")
    kx.wait_until(lambda: not offered(server), 10, "CRAM-MD5 to be held back")
    server.cli("user", "remove", "dora@other.test")
    kx.wait_until(lambda: offered(server), 10, "CRAM-MD5 to come back")
    server.cli("domain", "set", server.domain, "--recoverable-passwords", "no")
    kx.wait_until(lambda: not offered(server), 10, "its end")
    server.cli("domain", "set", server.domain, "--recoverable-passwords", "yes")
    server.restart()
    assert not offered(server)  # they were deleted
