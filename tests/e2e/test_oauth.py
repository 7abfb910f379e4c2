# SPDX-License-Identifier: Apache-2.0
"""Tokens of the server in place of passwords: OAUTHBEARER (RFC 7628) and XOAUTH2, over IMAP, POP3 and submission."""

import json

import pytest

import kx
import messages
from kx import run
from saslclient import sasl_client

PROTOCOLS = ("imap", "pop3", "smtp")
MECHANISMS = ("OAUTHBEARER", "XOAUTH2")
URLS = {"imap": "imaps://127.0.0.1:{}/INBOX", "pop3": "pop3s://127.0.0.1:{}/", "smtp": "smtps://127.0.0.1:{}/"}
PORTS = {"imap": "imaps", "pop3": "pop3s", "smtp": "smtps"}


def make(server, user, *options, scopes="imap,pop3,smtp"):
    return server.cli("token", "add", f"t-{user}", "--user", server.address(user), "--scopes", scopes, *options).strip()


def message_of(mechanism, name, token):
    if mechanism == "XOAUTH2":
        return f"user={name}\1auth=Bearer {token}\1\1".encode()
    name = f"a={name}" if name else ""
    return f"n,{name},\1host=127.0.0.1\1port=993\1auth=Bearer {token}\1\1".encode()


@pytest.fixture(scope="module")
def token(server):
    """One of alice for mail, known to the edges."""
    secret = make(server, "alice")
    wait_offered(server, *MECHANISMS)
    return secret


def wait_offered(server, *mechanisms):
    def offered():
        with sasl_client(server, "pop3") as client:
            return {"OAUTHBEARER", "XOAUTH2"} & set(client.offered()) == set(mechanisms)
    kx.wait_until(offered, 10, f"{mechanisms} to be offered")


@pytest.fixture(params=MECHANISMS)
def mechanism(server, token, request):
    """The only one of the two that is offered: curl takes the first whatever it is told."""
    server.configure({"auth.methods": f"PLAIN,{request.param}"})
    wait_offered(server, request.param)
    yield request.param
    server.configure({"auth.methods": "SCRAM-SHA-256,SCRAM-SHA-1,CRAM-MD5,PLAIN,LOGIN,OAUTHBEARER,XOAUTH2"})
    wait_offered(server, *MECHANISMS)


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
    command[command.index(token)] = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert run(command).returncode == 67  # CURLE_LOGIN_DENIED
    server.wait_log("security", f"Failed {protocol.upper()} login from 127.0.0.1, authentication method {mechanism}$")


def test_getmail(server, need, token, tmp_path):
    server.deliver("alice", "Subject: for getmail\n\nHello\n")
    server.wait_messages("alice", 1)
    kept = tmp_path / "mbox"
    kept.touch()
    (tmp_path / "rc").write_text(
        f"[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = 127.0.0.1\nport = {server.port('imaps')}\n"
        f"username = {server.address('alice')}\npassword_command = ('/bin/echo', '{token}')\nuse_xoauth2 = true\n"
        f"[destination]\ntype = MDA_external\npath = /bin/sh\narguments = ('-c', 'cat >>{kept}')\n"
        "allow_root_commands = true\n[options]\ndelete = true\n")
    done = run([need("getmail"), f"--getmaildir={tmp_path}", "--rcfile=rc"],
               env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0 and b"for getmail" in kept.read_bytes(), done.stdout.decode()


def test_a_failure_is_told_in_json(server, token):
    bad = {"imap": b"a NO [AUTHENTICATIONFAILED] Invalid credentials", "pop3": b"-ERR [AUTH] Wrong name or password",
           "smtp": b"535 5.7.8 Authentication credentials invalid"}
    for protocol in PROTOCOLS:
        with sasl_client(server, protocol) as client:
            assert client.auth("OAUTHBEARER", message_of("OAUTHBEARER", "alice", "nonsense"), b"\1") == bad[protocol]
            assert json.loads(client.challenges[1]) == {"status": "invalid_token", "scope": protocol}
            assert client.auth("XOAUTH2", message_of("XOAUTH2", "alice", "nonsense"), b"") == bad[protocol]
            assert json.loads(client.challenges[1])["status"] == "401"
            assert client.accepts("OAUTHBEARER", message_of("OAUTHBEARER", "", token))  # whose it is needs no name
    server.wait_log("security", r"Failed IMAP login from 127.0.0.1, authentication method OAUTHBEARER$")
    server.wait_log("warning", "POP3 login of alice from 127.0.0.1 failed: there is no such token")


def test_what_a_token_does_not_open(server, token, user):
    reader = make(server, user, scopes="imap")
    tries = {
        "another user's": ("imap", "alice", reader, "the token is another user's"),
        "another service": ("pop3", user, reader, "the token is not for this service"),
    }
    for protocol, name, secret, why in tries.values():
        with sasl_client(server, protocol) as client:
            assert not client.accepts("OAUTHBEARER", message_of("OAUTHBEARER", name, secret), b"\1")
        server.wait_log("warning", f"{protocol.upper()} login of {name} from 127.0.0.1 failed: {why}")
    with sasl_client(server, "imap") as client:
        assert client.accepts("XOAUTH2", message_of("XOAUTH2", server.address(user), reader))
        row = next(row for row in server.cli("token", "list", as_json=True) if row["token"] == f"t-{user}")
        assert (row["scopes"], row["used-for"], row["used-from"]) == (["imap"], "IMAP", "127.0.0.1")
        assert client.ask("a IDLE").startswith(b"+")
        server.cli("token", "remove", f"t-{user}")
        assert client.line() == b"* BYE This sign-in is not valid any more"


def test_broken_messages(server, token):
    for text in (b"", b"n,,", b"n,,\1auth=Bearer \1\1", b"n,,\1auth=Basic x\1\1", b"p=tls-exporter,,\1auth=Bearer x\1\1",
                 b"n,a=al=ice,\1auth=Bearer x\1\1", b"n,,\1auth=Bearer x\1", b"n,,\1host=x\1\1", b"\xff,,\1auth=Bearer x\1\1"):
        with sasl_client(server, "pop3") as client:
            assert client.auth("OAUTHBEARER", text, b"\1").startswith(b"-ERR [AUTH]"), text


def test_they_lock_nobody_out(fresh_server):
    """A program whose token is over goes on asking; its owner's own sign-ins are not to suffer."""
    server = fresh_server(users=("alice",), config={"auth.lockout-failures": "2"})
    make(server, "alice")
    wait_offered(server, *MECHANISMS)
    with sasl_client(server, "imap") as client:
        for _ in range(3):
            assert not client.accepts("OAUTHBEARER", message_of("OAUTHBEARER", "alice", "over"), b"\1")
    server.imap("alice").logout()
    server.cli("token", "remove", "t-alice")

    def offered():
        with sasl_client(server, "pop3") as client:
            return client.offered()
    kx.wait_until(lambda: not set(MECHANISMS) & set(offered()), 10, "them to be offered no more")
    with sasl_client(server, "smtp", tls=False) as client:  # a secret in clear
        assert client.auth("XOAUTH2", b"").startswith(b"538")
