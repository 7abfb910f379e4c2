# SPDX-License-Identifier: Apache-2.0
"""NTLM and SPNEGO, which are off: what happens when an administrator names them, with real clients."""

import os

import gssapi
import pytest

import kdc
import kx
from saslclient import sasl_client
from test_kerberos import HOST, SERVICES, curl, offers

METHODS = "SCRAM-SHA-256,GSSAPI,GSS-SPNEGO,NTLM,PLAIN"
SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")


@pytest.fixture(scope="module")
def realm():
    with kdc.new_realm() as instance:
        instance.add("wsmith", "the realm's secret")
        instance.add_host(HOST, *SERVICES)
        instance.keytab(instance.base / "keytab", HOST, *SERVICES)
        users = instance.base / "ntlm-users"
        users.write_text("EXAMPLE:wsmith:the-domain-secret\nEXAMPLE:alice:a-domain-secret\nOTHER:wsmith:foreign\n")
        users.chmod(0o644)
        yield instance


@pytest.fixture(scope="module")
def joined(realm, keryx_binary):
    where = {"KRB5_CONFIG": str(realm.config), "KRB5_KTNAME": f"FILE:{realm.base / 'keytab'}",
             "NTLM_USER_FILE": str(realm.base / "ntlm-users")}
    with kx.running_server(keryx_binary, users=("alice",), environment=where,
                           config={"auth.methods": METHODS}) as server:
        server.cli("domain", "set", kx.DOMAIN, "--kerberos-realm", "EXAMPLE.TEST", "--nt-domain", "example")
        server.cli("user", "add", "wsmith", "--authentication", "kerberos")
        kx.wait_until(lambda: offers(server, "NTLM"), what="NTLM is offered")
        yield server


def ntlm(server, service, user, password):
    return curl(server, dict(os.environ), service, method="NTLM", user=f"{user}:{password}")


@pytest.mark.covers("NTLM-01", "NTLM-02", "NTLM-03", "NTLM-04", "DOM-26", "AUTH-17")
@pytest.mark.parametrize("service", ["imaps", "pop3s", "smtps"])
def test_ntlm(joined, service):

    done = ntlm(joined, service, "EXAMPLE\\wsmith", "the-domain-secret")
    assert done.returncode == 0, done.stdout.decode()
    assert ntlm(joined, service, "EXAMPLE\\wsmith", "wrong").returncode != 0


def test_whose_account_it_opens(joined):
    """alice has a password here; wsmith of another Windows domain is somebody else."""
    assert ntlm(joined, "imaps", "EXAMPLE\\alice", "a-domain-secret").returncode != 0
    assert ntlm(joined, "imaps", "OTHER\\wsmith", "foreign").returncode != 0
    joined.cli("domain", "set", kx.DOMAIN, "--nt-domain", "")
    assert ntlm(joined, "imaps", "EXAMPLE\\wsmith", "the-domain-secret").returncode != 0
    joined.cli("domain", "set", kx.DOMAIN, "--nt-domain", "EXAMPLE")
    kx.wait_until(lambda: offers(joined, "NTLM"), what="NTLM is offered")
    assert ntlm(joined, "imaps", "EXAMPLE\\wsmith", "the-domain-secret").returncode == 0


def test_passwords_are_guessed_so_failures_count(joined):
    joined.cli("config", "set", "auth.lockout-failures", "3")
    for _ in range(4):
        ntlm(joined, "imaps", "EXAMPLE\\wsmith", "wrong")
    assert ntlm(joined, "imaps", "EXAMPLE\\wsmith", "the-domain-secret").returncode != 0
    joined.cli("lockout", "clear")
    joined.cli("config", "set", "auth.lockout-failures", "1000")
    assert ntlm(joined, "imaps", "EXAMPLE\\wsmith", "the-domain-secret").returncode == 0


def test_what_is_no_message(joined):
    first = b"NTLMSSP\0\1\0\0\0\6\x82\x08\0" + bytes(16)
    third = b"NTLMSSP\0\3\0\0\0" + b"\xff\xff\xff\xff\x40\0\0\0" * 6 + bytes(4)
    for messages in ([b"", b""], [b"NTLMSSP\0"], [first, b""], [first, third], [first, third + b"x" * 500],
                     [third], [first, first], [first + b"x" * 9000]):
        with sasl_client(joined, "imap") as session:
            assert not session.accepts("NTLM", *messages)
    assert ntlm(joined, "imaps", "EXAMPLE\\wsmith", "the-domain-secret").returncode == 0


# ---- SPNEGO (RFC 4178)

@pytest.fixture
def spnego(realm):
    before = dict(os.environ)
    environment = realm.ticket("wsmith", "the realm's secret", realm.base / "cache")
    os.environ.update({key: environment[key] for key in ("KRB5_CONFIG", "KRB5CCNAME")})
    target = gssapi.Name(f"imap@{kx.HOSTNAME}", gssapi.NameType.hostbased_service)
    yield gssapi.SecurityContext(name=target, usage="initiate", mech=SPNEGO)
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.covers("AUTH-08")
@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_spnego(joined, spnego, protocol):
    with sasl_client(joined, protocol) as session:
        def answer(challenge):
            return b"" if spnego.complete else spnego.step(challenge) or b""
        assert session.accepts("GSS-SPNEGO", spnego.step(), answer)
    assert spnego.complete


def test_a_mechanism_of_no_use(joined):
    """SPNEGO that offers a mechanism that the server has not: refused, and nothing is broken."""
    for token in (b"", b"\x60\x06\x06\x04\x2b\x06\x01\x05", b"NTLMSSP\0\1\0\0\0"):
        with sasl_client(joined, "imap") as session:
            assert not session.accepts("GSS-SPNEGO", token, b"")
