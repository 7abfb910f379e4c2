# SPDX-License-Identifier: Apache-2.0
"""Users sign in with tokens of a provider of OpenID Connect, Debian's Glewlwyd, over IMAP, POP3 and submission."""

import base64
import contextlib
import json
import socket
import time

import glewlwyd
import kx
import messages
import pytest
from glewlwyd import AUDIENCE, CLIENT, CLIENT_SECRET, decode, encode, now
from kx import run
from saslclient import plain, sasl_client
from test_oauth import MECHANISMS, PORTS, PROTOCOLS, URLS, message_of, wait_offered

OTHER = "other.test"


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    provider = glewlwyd.Glewlwyd(tmp_path_factory.mktemp("oidc") / "provider")
    provider.start()
    provider.set_up()
    provider.add_user("alice")
    provider.add_user("gone")
    provider.add_user("nobody")
    provider.add_user("unverified", email=f"alice@{kx.DOMAIN}", email_verified="false")
    provider.add_user("second", email=f"b.smith@{kx.DOMAIN}", employee="bob")
    provider.add_user("stranger", email=f"carol@{OTHER}")
    yield provider
    provider.stop()


def set_domain(server, *options):
    server.cli("domain", "set", server.domain, *options)


def name_provider(server, provider, **other):
    """As it is for most tests, but for some fields."""
    fields = {"issuer": provider.issuer, "audience": AUDIENCE, "ca_file": provider.certificate, "claim": "", "scopes": "",
              "client_id": "", "client_secret": "", **other}
    set_domain(server, *(word for name, value in fields.items() for word in (f"--oidc-{name.replace('_', '-')}", value)))


@pytest.fixture(scope="module")
def server(keryx_binary, provider):
    with kx.running_server(keryx_binary, users=["alice", "bob", "gone"]) as server:
        server.cli("user", "set", server.address("gone"), "--disabled", "yes")
        server.cli("user", "set", server.address("bob"), "--addresses", "b.smith")
        server.cli("domain", "add", OTHER)
        server.add_user(f"carol@{OTHER}")
        name_provider(server, provider)
        wait_offered(server, *MECHANISMS)
        yield server


@pytest.fixture(scope="module")
def token(provider):
    return provider.token("alice")


def try_token(server, token, name="", protocol="pop3", mechanism="OAUTHBEARER"):
    """Whether it opens, and what is said if not: the JSON of the failure."""
    with sasl_client(server, protocol) as client:
        line = client.auth(mechanism, message_of(mechanism, name, token), b"\1")
        said = json.loads(client.challenges[1]) if len(client.challenges) > 1 else None
        return line.startswith((b"+OK", b"a OK", b"235")), line, said


@pytest.fixture(params=MECHANISMS)
def mechanism(server, request):
    server.configure({"auth.methods": f"PLAIN,{request.param}"})  # curl takes the first whatever it is told
    wait_offered(server, request.param)
    yield request.param
    server.configure({"auth.methods": "PLAIN,OAUTHBEARER,XOAUTH2"})
    wait_offered(server, *MECHANISMS)


@pytest.mark.covers("TECH-43")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_curl(server, need, token, tmp_path, protocol, mechanism):
    mail = tmp_path / "mail"
    mail.write_bytes(messages.wire(messages.plain(subject="from curl", to=server.address("bob"), sender=server.address("alice"))))
    command = [need("curl"), "-sSk", "--user", server.address("alice"), "--oauth2-bearer", token,
               URLS[protocol].format(server.port(PORTS[protocol]))]
    if protocol == "smtp":
        command += ["--mail-from", server.address("alice"), "--mail-rcpt", server.address("bob"), "-T", mail]
    done = run(command)
    assert done.returncode == 0, done.stdout
    command[command.index(token)] = token[:-5] + ("AAAAA" if token[-5:] != "AAAAA" else "BBBBB")
    assert run(command).returncode == 67  # CURLE_LOGIN_DENIED
    server.wait_log("warning", rf"{protocol.upper()} login of {server.address('alice')} from 127.0.0.1 failed: "
                               "the signature of the token is wrong")


def test_whose_it_is(server, provider, token):
    """The token alone, the account by any of its names, and nobody else's."""
    for name in ("", "alice", server.address("alice"), server.address("ALICE")):
        assert try_token(server, token, name)[0], name
    second = provider.token("second")  # by a further address
    assert try_token(server, second)[0] and try_token(server, second, "b.smith")[0]
    with sasl_client(server, "imap") as client:
        assert client.accepts("OAUTHBEARER", message_of("OAUTHBEARER", "", second))
        assert client.ask("a GETQUOTAROOT INBOX").startswith(b"* QUOTAROOT")
    assert not try_token(server, token, "bob")[0]
    server.wait_log("warning", "POP3 login of bob from 127.0.0.1 failed: the token is another user's")
    assert not try_token(server, token, f"carol@{OTHER}")[0]  # a domain without a provider
    server.wait_log("warning", f"POP3 login of carol@{OTHER} from 127.0.0.1 failed: there is no such token")
    stats = {row["service"]: row["login-count"] for row in server.cli("user", "stats", server.address("alice"), as_json=True)}
    assert stats["POP3"] >= 4


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_long_tokens(server, provider, token, protocol):
    """Some providers write all groups of a user into his tokens."""
    assert try_token(server, provider.forge(token, groups=["a group of the company"] * 400), "alice", protocol)[0]
    assert not try_token(server, provider.forge(token, groups=["a group of the company"] * 800), "alice", protocol)[0]


def refusals(provider, token):
    """What must not open, and why not, for the log."""
    header, claims = decode(token)
    other = glewlwyd.Key()
    unsigned = f"{encode({**header, 'alg': 'none'})}.{encode(claims)}."
    return {
        "another audience": (provider.forge(token, aud="news"), "the token is for another audience"),
        "another audience, really": (provider.token("alice", "news"), "the token is for another audience"),
        "over": (provider.forge(token, exp=now() - 120), "the token is over"),
        "without an end": (provider.forge(token, exp=None), "the token does not say when it is over"),
        "not yet": (provider.forge(token, nbf=now() + 600), "the token does not hold yet"),
        "another issuer": (provider.forge(token, iss="https://elsewhere.test/api/oidc"), "the token is of another issuer"),
        "an issuer like it": (provider.forge(token, iss=provider.issuer + "/"), "the token is of another issuer"),
        "another key": (provider.forge(token, key=other), "the signature of the token is wrong"),
        "altered": (token.replace(token.split(".")[1], encode({**claims, "email": f"bob@{kx.DOMAIN}"})),
                    "the signature of the token is wrong"),
        "none": (unsigned, "the token is not signed, or in a way that does not count"),
        "none, signed": (provider.forge(token, header={"alg": "none"}), "the token is not signed, or in a way"),
        "hmac": (glewlwyd.hmac_signed(provider.key.public_pem(), header, claims), "the token is not signed, or in a way"),
        "the wrong kind of key": (provider.forge(token, header={"alg": "ES256"}), "the provider has no such key"),
        "its own key": (provider.forge(token, key=other, header={"kid": None, "jku": "https://elsewhere.test/"}),
                        "the signature of the token is wrong"),
        "unknown key": (provider.forge(token, header={"kid": "unheard-of"}), "the provider has no such key"),
        "critical": (provider.forge(token, header={"crit": ["exp"]}), "the token is of another kind than access tokens"),
        "for logging out": (provider.forge(token, header={"typ": "logout+jwt"}), "the token is of another kind"),
        "ID token": (provider.forge(token, at_hash="x"), "the token is an ID token"),
        "ID token, really": (provider.tokens("alice", "openid")["id_token"], "the token is for another audience"),
        "bound": (provider.forge(token, cnf={"jkt": "x"}), "the token is bound to a key"),
        "another domain": (provider.token("stranger"), "the token is for an account of another domain"),
        "below the domain": (provider.forge(token, email=f"alice@sub.{kx.DOMAIN}"), "the token is for an account of another"),
        "not verified": (provider.token("unverified"), "the provider has not verified the address"),
        "no address": (provider.forge(token, email=None), "the token lacks the claim of oidc-claim"),
        "disabled": (provider.token("gone"), "the account is disabled"),
        "nobody": (provider.token("nobody"), "the user does not exist"),
        "nonsense": ("nonsense", r"the provider is not asked about tokens \(oidc-client-id\)"),
        "refresh token": (provider.tokens("alice", "openid mail")["refresh_token"], "the provider is not asked about tokens"),
    }


@pytest.mark.covers("TECH-43")
def test_what_does_not_open(server, provider, token):
    assert try_token(server, provider.forge(token))[0]  # what is forged is refused for nothing else
    assert try_token(server, provider.forge(token, aud=["elsewhere", AUDIENCE], email_verified=True))[0]
    for what, (bad, why) in refusals(provider, token).items():
        good, line, said = try_token(server, bad, server.address("alice"))
        assert not good and line == b"-ERR [AUTH] Wrong name or password", (what, line)
        assert said == {"status": "invalid_token",
                        "openid-configuration": f"{provider.issuer}/.well-known/openid-configuration"}, (what, said)
        server.wait_log("warning", f"POP3 login of {server.address('alice')} from 127.0.0.1 failed: {why}")
    assert try_token(server, token)[0]


def test_where_to_get_one(server, provider):
    """A client without a token asks (RFC 7628 section 4.3)."""
    with sasl_client(server, "imap") as client:
        client.auth("OAUTHBEARER", f"n,a={server.address('alice')},\1auth=\1\1".encode(), b"\1")
        assert json.loads(client.challenges[1])["openid-configuration"] == f"{provider.issuer}/.well-known/openid-configuration"
    server.wait_log("warning", "IMAP login of .* from 127.0.0.1 failed: the client shows no token")


def test_other_providers_and_domains(server, provider, token):
    """A provider opens the domains that name it; whose account it is decides if there are several."""
    carol = provider.token("stranger")
    assert not try_token(server, carol)[0]
    server.cli("domain", "set", OTHER, "--oidc-issuer", provider.issuer, "--oidc-audience", AUDIENCE,
               "--oidc-ca-file", provider.certificate)
    assert try_token(server, carol)[0] and try_token(server, carol, f"carol@{OTHER}")[0]
    assert not try_token(server, carol, "alice")[0] and not try_token(server, token, f"carol@{OTHER}")[0]
    assert try_token(server, token)[0]
    server.cli("domain", "set", OTHER, "--oidc-issuer", "https://127.0.0.1:1/", "--oidc-audience", AUDIENCE)
    assert not try_token(server, carol, f"carol@{OTHER}")[0]
    server.wait_log("warning", f"POP3 login of carol@{OTHER} from 127.0.0.1 failed: the token is of another issuer")
    server.cli("domain", "set", OTHER, "--oidc-issuer", "")


def test_scopes_and_claims(server, provider):
    both = provider.token("second", "mail news")
    assert decode(both)[1]["aud"] == "mail news"
    name_provider(server, provider, scopes="mail,news")
    good, line, said = try_token(server, provider.token("second"), "bob", "imap")
    assert not good and said["status"] == "insufficient_scope" and said["scope"] == "mail news"
    assert try_token(server, provider.token("second"), "bob", "smtp", "XOAUTH2")[2] == {
        "status": "401", "schemes": "bearer", "scope": "mail news",
        "openid-configuration": f"{provider.issuer}/.well-known/openid-configuration"}
    assert try_token(server, provider.forge(both, aud=AUDIENCE), "bob")[0]
    assert try_token(server, provider.forge(both, aud=AUDIENCE, scope=None, scp=["news", "mail"]), "bob")[0]
    name_provider(server, provider, claim="employee")
    assert try_token(server, provider.token("second"), "bob")[0]  # no address there
    assert not try_token(server, provider.token("alice"), "alice")[0]
    name_provider(server, provider)


@pytest.mark.covers("TECH-43")
def test_introspection(server, provider):
    """The provider is asked about each token, as it says nothing that would be believed."""
    token, bad = provider.token("alice"), provider.forge(provider.token("alice"), key=glewlwyd.Key())
    name_provider(server, provider, audience="", client_id=CLIENT, client_secret=CLIENT_SECRET, claim="username")
    assert "secret" not in server.cli("domain", "show", server.domain) and CLIENT_SECRET not in server.log("config")
    assert try_token(server, token, "alice")[0] and try_token(server, token)[0]
    provider.revoke(token)
    assert try_token(server, token, "alice")[0]  # for a minute
    set_domain(server, "--description", "forgets it")
    for what in (token, bad, "nonsense", provider.tokens("alice", "openid mail")["refresh_token"]):
        assert not try_token(server, what, "alice")[0]
    server.wait_log("warning", "failed: the provider says that the token does not count")
    token = provider.token("alice")
    set_domain(server, "--oidc-audience", "news")
    assert not try_token(server, bad, "alice")[0]  # a JWT is looked at here
    set_domain(server, "--oidc-audience", "", "--oidc-client-secret", "wrong")
    assert try_token(server, token, "alice", "imap")[1].startswith(b"a NO [UNAVAILABLE]")
    server.wait_log("error", f"The provider of {server.domain} cannot be asked about tokens: https://.*/introspect answers 401")
    name_provider(server, provider)


def test_another_key(server, provider, token):
    """A key that is unknown is asked for, but not each time."""
    assert try_token(server, token)[0]
    provider.change_key()
    new = provider.token("alice")

    def accepted():
        return try_token(server, new)[0]
    kx.wait_until(accepted, 30, "the new key to be known", step=1)
    assert not try_token(server, token)[0]  # of the key that the provider has no more
    server.wait_log("warning", "failed: the provider has no such key")


def test_the_provider_is_away(server, provider):
    """Known keys go on working; without them nobody is told that his token is wrong."""
    token, answers = provider.token("alice"), {"imap": b"a NO [UNAVAILABLE]", "pop3": b"-ERR [SYS/TEMP]", "smtp": b"454 4.7.0"}
    assert try_token(server, token)[0]
    provider.stop()
    assert try_token(server, token)[0]
    set_domain(server, "--description", "forgets the keys")
    begin = time.monotonic()
    for protocol, answer in answers.items():
        good, line, _ = try_token(server, token, "alice", protocol)
        assert not good and line.startswith(answer), line
    assert time.monotonic() - begin < 10
    server.wait_log("warning", f"IMAP login of {server.address('alice')}|alice from 127.0.0.1 failed: the provider does not")
    server.wait_log("error", f"The provider of {server.domain} cannot be used: {provider.issuer}/.* cannot be asked: ")
    done = server.run("oidc", "test", server.domain)
    assert done.returncode != 0 and "provider: " in done.stderr and "cannot be asked" in done.stderr
    provider.start()
    provider.must("POST", "/auth", {"username": "admin", "password": "password"})
    kx.wait_until(lambda: try_token(server, token)[0], 30, "the provider to be asked again", step=1)
    server.wait_log("warning", f"The provider of {server.domain} can be used again")


def test_many_wait_and_others_do_not(server, provider):
    """A provider that stands still holds up nobody who has nothing to do with it."""
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        issuer = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        name_provider(server, provider, issuer=issuer)
        shown = base64.b64encode(message_of("OAUTHBEARER", "alice", provider.forge(provider.token("alice"), iss=issuer)))
        clients = [stack.enter_context(sasl_client(server, "pop3")) for _ in range(40)]
        for client in clients:
            assert client.ask("AUTH OAUTHBEARER").startswith(b"+ ")
            client.say(shown)
        begin = time.monotonic()
        server.imap("bob").logout()
        assert time.monotonic() - begin < 3
        assert all(client.line().startswith(b"-ERR [SYS/TEMP]") for client in clients)
        assert time.monotonic() - begin < 40
    name_provider(server, provider)


@pytest.mark.covers("TECH-43")
def test_the_command(server, provider):
    rows = {row["step"]: row["found"] for row in server.cli("oidc", "test", server.domain, as_json=True)}
    assert rows["provider"] == f"{provider.issuer}/.well-known/openid-configuration"
    assert "RSA RS256" in rows["keys"] and rows["introspection"] == "not set up (oidc-client-id)"
    token = provider.token("alice")
    rows = {row["step"]: row["found"] for row in server.cli("oidc", "test", server.domain, "--token", "-", stdin=token, as_json=True)}
    assert rows["account"] == server.address("alice") and rows["token"] == server.address("alice")
    for bad, said in ((provider.forge(token, aud="news"), "token: the token is for another audience"),
                      (provider.token("gone"), "account: the account is disabled")):
        done = server.run("oidc", "test", server.domain, "--token", "-", stdin=bad)
        assert done.returncode != 0 and said in done.stderr, done.stderr
    name_provider(server, provider, issuer=f"{provider.issuer}/")
    assert "provider: " in server.run("oidc", "test", server.domain).stderr
    name_provider(server, provider, ca_file=glewlwyd.make_certificate(server.base, "another")[0])
    assert "certificate" in server.run("oidc", "test", server.domain).stderr
    name_provider(server, provider)
    assert "has no provider" in server.run("oidc", "test", OTHER).stderr


def test_values_that_are_refused(server):
    for options, why in {
        ("--oidc-issuer", "http://login.example.test"): "https://",
        ("--oidc-issuer", "https://login.example.test/?a=b"): "not the URL of an issuer",
        ("--oidc-issuer", "https://a@login.example.test/"): "not the URL of an issuer",
        ("--oidc-audience", ""): "oidc-audience: say whom",
        ("--oidc-claim", "e mail"): "not the name of a claim",
        ("--oidc-scopes", 'a,b"c'): "not a scope",
    }.items():
        done = server.run("domain", "set", server.domain, *options)
        assert done.returncode != 0 and why in done.stderr, (options, done.stderr)


def test_guessed_passwords_shut_nobody_out_who_has_a_token(server, provider):
    """Also if the provider has to be asked."""
    token = provider.token("alice")
    name_provider(server, provider, audience="", client_id=CLIENT, client_secret=CLIENT_SECRET, claim="username")
    server.configure({"auth.lockout-failures": "2"})
    for _ in range(2):
        with sasl_client(server, "imap") as client:
            assert not client.accepts("PLAIN", plain("alice", "a guess"))
    with sasl_client(server, "imap") as client:
        assert not client.accepts("PLAIN", plain("alice", kx.password_of("alice")))
    assert try_token(server, token, server.address("alice"))[0]
    server.configure({"auth.lockout-failures": "1000"})
    server.cli("lockout", "clear")
    name_provider(server, provider)
