# SPDX-License-Identifier: Apache-2.0
"""Application passwords: one for each device, made by the server, which end by themselves or when they are removed."""

import imaplib
import json

import pytest

import kx
from adminapi import ADMIN, Api
from saslclient import plain, sasl_client
from scram import Scram

PROTOCOLS = ("imap", "pop3", "smtp")


def make(server, user, name, *options):
    return server.cli("user", "app-password", "add", server.address(user), name, *options).strip()


def listed(server, user, name):
    rows = server.cli("user", "app-password", "list", server.address(user), as_json=True)
    return next(row for row in rows if row["app-password"] == name)


def accepts(server, protocol, user, password):
    with sasl_client(server, protocol) as client:
        return client.accepts("PLAIN", plain(user, password))


def test_a_device_signs_in_with_its_own_password(server, user):
    secret = make(server, user, "Anna's phone")
    server.imap(user, secret).logout()
    server.pop3(user, secret).quit()
    server.smtp(user, secret).quit()
    with sasl_client(server, "smtp") as client:
        assert client.accepts("LOGIN", user.encode(), secret.encode())
    server.imap(user, secret.upper().replace("-", " ")).logout()  # as it is read from a sheet of paper
    row = listed(server, user, "Anna's phone")
    assert (row["used-for"], row["used-from"], row["expires"]) == ("IMAP", "127.0.0.1", None)
    assert row["used"] and row["scopes"] == ["imap", "pop3", "smtp"]
    server.imap(user).logout()  # the account's own password holds as well
    stored = b"".join(path.read_bytes() for path in server.data.glob("server.db*"))
    assert secret not in json.dumps(row)
    assert secret.encode() not in stored and secret.replace("-", "").encode() not in stored


def test_it_opens_nothing_else(server, user):
    server.cli("user", "set", user, "--admin", "full")
    secret = make(server, user, "reader", "--scopes", "imap")
    other = f"{user}x"
    server.add_user(other)
    assert accepts(server, "imap", user, secret)
    assert [accepts(server, protocol, user, secret) for protocol in ("pop3", "smtp")] == [False, False]
    assert not accepts(server, "imap", other, secret)
    server.wait_log("warning", f"POP3 login of {user} from 127.0.0.1 failed: the application password is not for this")
    server.wait_log("warning", f"IMAP login of {other} from 127.0.0.1 failed: the application password is another user's")
    api = Api(server)
    assert api.ask("POST", "session", {"user": server.address(user), "password": secret})[0] == 401
    server.cli("user", "set", user, "--disabled", "yes")
    assert not accepts(server, "imap", user, secret)


def test_removal_ends_its_sessions_and_no_others(server, user):
    lost, kept = make(server, user, "lost phone"), make(server, user, "tablet")
    clients = {name: [server.imap(user, secret)] for name, secret in (("lost", lost), ("kept", kept))}
    gone = server.kill_role("core")  # the sessions go on, and with them what they were opened with
    server.wait_roles(gone)
    for client, in clients.values():
        assert client.noop()[0] == "OK"
    server.cli("user", "app-password", "remove", server.address(user), "lost phone")
    with pytest.raises(imaplib.IMAP4.abort):
        clients["lost"][0].noop()
    assert clients["kept"][0].noop()[0] == "OK"
    clients["kept"][0].logout()
    assert not accepts(server, "imap", user, lost) and accepts(server, "imap", user, kept)


def test_an_idle_session_ends_at_once(server, user):
    secret = make(server, user, "phone")
    with sasl_client(server, "imap") as client:
        assert client.accepts("PLAIN", plain(user, secret))
        assert client.ask("a IDLE").startswith(b"+")
        server.cli("user", "app-password", "remove", server.address(user), "phone")
        assert client.line() == b"* BYE This sign-in is not valid any more"


def test_times_and_names(server, user):
    address = server.address(user)
    make(server, user, "phone", "--expires", "1")
    assert listed(server, user, "phone")["expires"]
    for arguments, why in ((("add", address, "phone"), "there is an application password 'phone' already"),
                           (("add", address, "a/b"), "without '/'"), (("add", address, ""), "1 to 100 bytes"),
                           (("add", address, "x", "--scopes", "imap,admin"), "scopes are imap, pop3, smtp"),
                           (("add", "nobody@example.test", "x"), "there is no user"),
                           (("remove", address, "tablet"), "there is no application password 'tablet'")):
        done = server.run("user", "app-password", *arguments)
        assert done.returncode != 0 and why in done.stderr, done.stderr
    server.cli("user", "remove", user)
    server.add_user(user)
    assert server.cli("user", "app-password", "list", address, as_json=True) == []


def test_users_or_domains_that_need_them(server, user):
    own, address = kx.password_of(user), server.address(user)
    server.cli("user", "set", user, "--admin", "read")
    server.cli("domain", "set", server.domain, "--app-passwords-only", "yes")
    try:
        secret = make(server, user, "phone")
        for protocol in PROTOCOLS:
            assert accepts(server, protocol, user, secret)
        assert not accepts(server, "imap", user, own)
        server.wait_log("warning", f"IMAP login of {user} from 127.0.0.1 failed: mail programs of the account need an app")
        Api(server).sign_in(address, own)
        server.cli("user", "set", user, "--app-passwords-only", "no")
        assert accepts(server, "imap", user, own)
    finally:
        server.cli("domain", "set", server.domain, "--app-passwords-only", "no")
    server.cli("user", "set", user, "--app-passwords-only", "yes")
    server.cli("user", "app-password", "remove", address, "phone")
    assert not accepts(server, "pop3", user, own)


def test_scram_waits_while_there_are_some(fresh_server):
    """A client that may choose SCRAM could not sign in with an application password."""
    server = fresh_server(users=("alice",))

    def offered():
        with sasl_client(server, "pop3") as client:
            return set(client.offered())
    assert "SCRAM-SHA-256" in offered()
    server.cli("user", "set", "alice", "--app-passwords-only", "yes")
    with sasl_client(server, "pop3") as client:
        scram = Scram("alice", kx.password_of("alice"))

        def final(challenge):
            scram.challenge(challenge)
            return scram.final()
        assert not client.accepts("SCRAM-SHA-256", scram.first(), final, b"")
    make(server, "alice", "phone")
    kx.wait_until(lambda: offered() == {"PLAIN", "LOGIN"}, 10, "SCRAM to be held back")
    server.cli("user", "app-password", "remove", server.address("alice"), "phone")
    kx.wait_until(lambda: "SCRAM-SHA-256" in offered(), 10, "SCRAM to come back")


def test_administrators_of_a_domain_make_them_over_the_api(server, user):
    server.cli("user", "set", user, "--web-admin", "yes")
    api = Api(server, server.cli("token", "add", f"w-{user}", "--user", server.address(user)).strip())
    path = f"users/{server.address('carol')}/app-passwords"
    made = api.ok("POST", path, {"app-password": "tablet", "scopes": ["imap"], "expires": 30})
    assert accepts(server, "imap", "carol", made["secret"])
    (row,) = api.ok("GET", path)["items"]
    assert row["app-password"] == "tablet" and row["used-for"] == "IMAP" and "secret" not in row
    assert api.ask("DELETE", f"{path}/tablet")[0] in (200, 204)
    assert not accepts(server, "imap", "carol", made["secret"])
    # A password of who has more rights would be a way to these.
    assert api.ask("POST", f"users/{ADMIN}/app-passwords", {"app-password": "x"})[0] == 403
