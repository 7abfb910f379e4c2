# SPDX-License-Identifier: Apache-2.0
"""Accounts of one domain whose passwords are kept here, in a directory (slapd), by a realm (MIT's KDC) and by PAM, over
every protocol under every policy: who is right is let in, who is wrong is told the same whoever was asked."""

import os

import gssapi
import pytest

import kdc
import kx
import pamhost
import slapd
from saslclient import BEGIN, plain, sasl_client
from test_sign_in_matrix import REFUSAL, at_once, offered

# Of who is of the directory and authenticated by the realm, the directory has another password.
BACK_ENDS = {"here": "alice", "directory": "larry", "realm": "karen", "directory and realm": "both"}
POLICIES = {"encrypted-connection": set(), "secure-authentication": {"GSSAPI"},
            "no-restrictions": {"GSSAPI", "PLAIN", "LOGIN"}}
METHODS = {"GSSAPI", "PLAIN", "LOGIN"}
SERVICES = [f"{service}/{kx.HOSTNAME}" for service in ("host", "imap", "smtp", "pop")]
PLACES = [(protocol, tls) for protocol in BEGIN for tls in (True, False)]


@pytest.fixture(scope="module")
def realm():
    with kdc.new_realm() as instance:
        instance.add("karen", kx.password_of("karen"))
        instance.add("alice", "not hers here")
        instance.add("both", kx.password_of("both"))
        instance.add_host(*SERVICES)
        instance.keytab(instance.base / "keytab", *SERVICES)
        own = instance.ticket("karen", kx.password_of("karen"), instance.base / "cache")
        with pytest.MonkeyPatch.context() as patch:  # of the client that has the ticket
            for key in ("KRB5_CONFIG", "KRB5CCNAME"):
                patch.setenv(key, own[key])
            yield instance


@pytest.fixture(scope="module")
def ldap(tmp_path_factory):
    base = tmp_path_factory.mktemp("directory")
    instance = slapd.Slapd(base / "slapd", *slapd.make_certificate(base, "directory"))
    instance.start()
    instance.add(slapd.person("larry"), slapd.person("both", "the directory's own"))
    yield instance
    instance.stop()


@pytest.fixture(scope="module")
def machine():
    """This machine's PAM, or nothing where its users cannot be changed."""
    if os.geteuid() != 0:
        yield None
        return
    with pamhost.new_host() as host:
        yield host


@pytest.fixture(scope="module")
def server(keryx_binary, realm, ldap, machine):
    where = {"KRB5_CONFIG": str(realm.config), "KRB5_KTNAME": f"FILE:{realm.base / 'keytab'}"}
    if machine:
        where["KERYX_PAM_SOCKET"] = str(machine.socket)
    with kx.running_server(keryx_binary, users=("alice",), environment=where,
                           config={"auth.clear-text-from-loopback": "no"}) as running:
        running.cli("domain", "set", kx.DOMAIN, "--directory", "openldap", "--directory-hosts", ldap.tls,
                    "--directory-ca-file", ldap.certificate, "--directory-user", slapd.READER, "--directory-password",
                    slapd.READER_PASSWORD, "--kerberos-realm", realm.realm)
        running.cli("directory", "refresh", kx.DOMAIN)
        running.cli("user", "add", f"karen@{kx.DOMAIN}", "--authentication", "kerberos")
        running.cli("user", "set", f"both@{kx.DOMAIN}", "--authentication", "kerberos")
        running.people = {name: kx.password_of(name) for name in BACK_ENDS.values()}
        if machine:
            add_machine(running, machine, keryx_binary)
        yield running


def add_machine(running, machine, binary):
    running.cli("domain", "set", kx.DOMAIN, "--pam-service", machine.add_service())
    machine.start(binary, running.data)
    name = machine.add_user("paula")
    running.cli("user", "add", f"{name}@{kx.DOMAIN}", "--authentication", "pam")
    running.people[name] = pamhost.PASSWORD


def steps(mechanism, name, password):
    return {"PLAIN": (plain(name, password),), "LOGIN": (name.encode(), password.encode())}[mechanism]


def tickets(service):
    """What a client with a ticket says."""
    target = gssapi.Name(f"{service}@{kx.HOSTNAME}", gssapi.NameType.hostbased_service)
    context = gssapi.SecurityContext(name=target, usage="initiate", mech=gssapi.MechType.kerberos)

    def second(challenge):
        return context.step(challenge) or b""

    def layer(challenge):
        context.unwrap(challenge)
        return context.wrap(b"\1\0\0\0", False).message
    return context.step(), second, layer


def enter(server, protocol, tls, mechanism, responses):
    with sasl_client(server, protocol, tls) as client:
        return client.accepts(mechanism, *responses)


@pytest.mark.covers("AUTH-16", "DOM-23", "KRB-10", "KRB-17")
@pytest.mark.parametrize("policy", POLICIES)
def test_who_is_right_is_let_in(server, policy):
    server.configure({"auth.policy": policy})
    kx.wait_until(lambda: offered(server, "pop3", False) == POLICIES[policy], 10, "the policy")
    for protocol, tls in PLACES:
        here = METHODS if tls else POLICIES[policy]
        assert offered(server, protocol, tls) - {"OAUTHBEARER", "XOAUTH2"} == here, (protocol, tls)
        for mechanism in here - {"GSSAPI"}:
            for name, password in server.people.items():
                assert enter(server, protocol, tls, mechanism, steps(mechanism, name, password)), (
                    protocol, tls, mechanism, name)
        if "GSSAPI" in here:
            service = {"imap": "imap", "pop3": "pop", "smtp": "smtp"}[protocol]
            assert enter(server, protocol, tls, "GSSAPI", tickets(service)), (protocol, tls)


def fail(server, protocol, mechanism, name):
    with sasl_client(server, protocol) as client:
        return client.auth(mechanism, *steps(mechanism, name, "wrong"))


def test_who_is_wrong_is_told_the_same(server):
    names = [*server.people, "nobody"]
    work = [(server, protocol, mechanism, name) for protocol in BEGIN for mechanism in ("PLAIN", "LOGIN")
            for name in names]
    for one, line in zip(work, at_once(fail, work), strict=True):
        assert line == REFUSAL[one[1]], one[1:]
    for protocol in BEGIN:
        for mechanism in ("PLAIN", "LOGIN"):
            line = f"Failed {protocol.upper()} login from 127.0.0.1, authentication method {mechanism}"
            assert server.log("security").count(line + "\n") == len(names), line


def test_each_keeps_to_its_own(server):
    """alice's password of the realm opens nothing, nor does that of the directory for who is of the realm."""
    for name, password in (("alice", "not hers here"), ("both", "the directory's own")):
        assert not enter(server, "imap", True, "PLAIN", (plain(name, password),))


def test_a_back_end_that_is_down_is_no_wrong_password(server, realm, ldap):
    """It comes last: the others go on."""
    realm.stop()
    ldap.stop()
    for name in ("larry", "karen", "both"):
        server.cli("user", "set", f"{name}@{kx.DOMAIN}", "--description", "not remembered any more")
        with sasl_client(server, "imap") as client:
            assert b"UNAVAILABLE" in client.auth("PLAIN", plain(name, kx.password_of(name)))
    assert enter(server, "imap", True, "PLAIN", (plain("alice", kx.password_of("alice")),))
