# SPDX-License-Identifier: Apache-2.0
"""Every mechanism over every protocol under every policy, with and without TLS: what is offered, who is let in, and what
a failure says."""

import concurrent.futures
import hashlib
import hmac

import pytest

import kx
from saslclient import BEGIN, plain, sasl_client
from scram import Scram

SECURE = {"SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"}
CLEAR = {"PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"}
OFFERED = {"encrypted-connection": set(), "secure-authentication": SECURE, "no-restrictions": SECURE | CLEAR}
REFUSAL = {"imap": b"a NO [AUTHENTICATIONFAILED] Invalid credentials", "pop3": b"-ERR [AUTH] Wrong name or password",
           "smtp": b"535 5.7.8 Authentication credentials invalid"}
PLACES = [(protocol, tls) for protocol in BEGIN for tls in (True, False)]


@pytest.fixture(scope="module")
def all_methods(keryx_binary):
    """A server where all of them work, and tokens of its users."""
    with kx.running_server(keryx_binary, config={"auth.clear-text-from-loopback": "no"}) as server:
        server.cli("domain", "set", server.domain, "--recoverable-passwords", "yes")
        server.cli("user", "set", "admin", "--password", kx.ADMIN_PASSWORD)
        server.add_user("alice")
        server.token = server.cli("token", "add", "mail", "--user", "alice", "--scopes", "imap,pop3,smtp").strip()
        yield server


def responses(mechanism, name, password, token):
    """What a client says, in order."""
    if mechanism.startswith("SCRAM"):
        scram = Scram(name, password, {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}[mechanism])

        def final(challenge):
            scram.challenge(challenge)
            return scram.final()
        return scram.first(), final, b""
    return {
        "PLAIN": (plain(name, password),),
        "LOGIN": (name.encode(), password.encode()),
        "CRAM-MD5": (lambda challenge: f"{name} {hmac.new(password.encode(), challenge, hashlib.md5).hexdigest()}".encode(),),
        "OAUTHBEARER": (f"n,a={name},\1auth=Bearer {token}\1\1".encode(), b"\1"),
        "XOAUTH2": (f"user={name}\1auth=Bearer {token}\1\1".encode(), b""),
    }[mechanism]


def offered(server, protocol, tls):
    with sasl_client(server, protocol, tls) as client:
        return {name for name in client.offered() if not name.endswith("-PLUS")}


def at_once(function, work):
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        return list(pool.map(lambda one: function(*one), work))


def enter(server, mechanism, protocol, tls):
    with sasl_client(server, protocol, tls) as client:
        return client.accepts(mechanism, *responses(mechanism, "alice", kx.password_of("alice"), server.token))


def fail(server, mechanism, protocol, tls, name):
    with sasl_client(server, protocol, tls) as client:
        return client.auth(mechanism, *responses(mechanism, name, "wrong", "wrong"))


@pytest.mark.covers("AUTH-01", "AUTH-02", "AUTH-03", "AUTH-05", "AUTH-07", "AUTH-19")
@pytest.mark.parametrize("policy", OFFERED)
def test_who_is_right_is_let_in(all_methods, policy):
    server = all_methods
    server.configure({"auth.policy": policy})
    kx.wait_until(lambda: offered(server, "pop3", False) == OFFERED[policy], 10, "the policy")
    work = []
    for protocol, tls in PLACES:
        here = SECURE | CLEAR if tls else OFFERED[policy]
        assert offered(server, protocol, tls) == here, (protocol, tls)
        work += [(server, mechanism, protocol, tls) for mechanism in here]
        for mechanism in sorted((SECURE | CLEAR) - here):  # not even who asks for it
            with sasl_client(server, protocol, tls) as client:
                assert client.ask(f"{BEGIN[protocol]} {mechanism}")[:4] in (b"a NO", b"-ERR", b"538 ", b"504 ")
    one_by_one = [one for one in work if one[2] == "pop3"]  # of a maildrop there is one at a time
    together = [one for one in work if one[2] != "pop3"]
    for one, good in [*((one, enter(*one)) for one in one_by_one), *zip(together, at_once(enter, together), strict=True)]:
        assert good, one[1:]


def test_who_is_wrong_is_told_the_same(all_methods):
    server = all_methods
    server.configure({"auth.policy": "no-restrictions"})
    kx.wait_until(lambda: offered(server, "pop3", False) == SECURE | CLEAR, 10, "the policy")
    work = [(server, mechanism, protocol, tls, name) for mechanism in sorted(SECURE | CLEAR)
            for protocol, tls in PLACES for name in ("alice", "nobody")]
    for one, line in zip(work, at_once(fail, work), strict=True):
        assert line == REFUSAL[one[2]], one[1:]
    for mechanism in SECURE | CLEAR:
        for protocol in BEGIN:
            line = f"Failed {protocol.upper()} login from 127.0.0.1, authentication method {mechanism}"
            assert server.log("security").count(line + "\n") == 4, line
