# SPDX-License-Identifier: Apache-2.0
"""Signing in: SCRAM with and without channel binding, which methods are offered when, and the policies."""

import base64
import contextlib
import hashlib
import smtplib
import socket
import subprocess

import pytest

import kx
from scram import Scram

SCRAM = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1"]
IMPORTED = "{SHA256}" + base64.b64encode(hashlib.sha256(b"imported secret").digest()).decode()


class Dialogue:
    """POP3 by lines, which shows the exchange as it is."""

    def __init__(self, server, service="pop3s"):
        self.socket = server.connect(service)
        self.file = self.socket.makefile("rb")
        self.line()

    def line(self):
        return self.file.readline().rstrip(b"\r\n")

    def ask(self, text):
        self.socket.sendall(text.encode() + b"\r\n")
        return self.line()

    def lines(self, text):
        assert self.ask(text).startswith(b"+OK")
        return [line.decode() for line in iter(self.line, b".")]

    def challenge(self, answer):
        assert answer.startswith(b"+ "), answer
        return base64.b64decode(answer[2:])

    def begin(self, mechanism, scram):
        answer = self.ask(f"AUTH {mechanism} {base64.b64encode(scram.first()).decode()}")
        if answer.startswith(b"+ "):
            scram.challenge(self.challenge(answer))
        return answer

    def go_on(self, content):
        return self.ask(base64.b64encode(content).decode())

    def run(self, mechanism, scram):
        answer = self.begin(mechanism, scram)
        if answer.startswith(b"+ "):
            answer = self.go_on(scram.final())
        if answer.startswith(b"+ "):
            assert scram.proves(self.challenge(answer))
            answer = self.go_on(b"")
        return answer


@contextlib.contextmanager
def dialogue(server, service="pop3s"):
    client = Dialogue(server, service)
    try:
        yield client
    finally:
        client.file.close()
        client.socket.close()


def offered(server, service="pop3s"):
    with dialogue(server, service) as client:
        return client.lines("AUTH")


def end_point(server):
    """RFC 5929: the hash of the certificate, which is signed with SHA-256."""
    with server.connect("pop3s") as tls:
        return hashlib.sha256(tls.getpeercert(True)).digest()


def gsasl(server, folder, protocol, service, mechanism, password, *options):
    command = ["gsasl", f"--{protocol}", f"--connect={server.hostname}:{server.port(service)}", f"--mechanism={mechanism}",
               f"--authentication-id={server.address('alice')}", f"--password={password}",
               f"--x509-ca-file={server.certificate_file(folder)}", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          env=server.client_environment(folder), check=False)


@pytest.mark.covers("AUTH-05", "AUTH-06", "SVC-10")
@pytest.mark.parametrize("protocol, service", [("imap", "imap"), ("smtp", "submission")])
@pytest.mark.parametrize("mechanism", SCRAM + ["PLAIN", "LOGIN"])
def test_a_client_of_others(server, tmp_path, protocol, service, mechanism):
    if protocol == "smtp":
        server.configure({"smtp.auth-channel-binding": "yes"})
    options = [] if mechanism.endswith("-PLUS") else ["--no-cb"]  # it would rather give up than not bind
    right = gsasl(server, tmp_path, protocol, service, mechanism, kx.password_of("alice"), *options)
    assert right.returncode == 0, right.stdout + right.stderr
    if protocol == "imap":  # each failure takes a second
        wrong = gsasl(server, tmp_path, protocol, service, mechanism, "wrong", *options)
        assert wrong.returncode != 0


@pytest.mark.covers("AUTH-06")
@pytest.mark.parametrize("digest", ["sha256", "sha1"])
def test_both_sides_prove_what_they_know(server, digest):
    mechanism = {"sha256": "SCRAM-SHA-256", "sha1": "SCRAM-SHA-1"}[digest]
    with dialogue(server) as client:
        scram = Scram("alice", kx.password_of("alice"), digest)
        assert client.run(mechanism, scram).startswith(b"+OK")
        assert int(scram.server["i"]) >= 4096
    with dialogue(server) as client:
        scram = Scram("alice", kx.password_of("alice"), digest, "p=tls-server-end-point", end_point(server))
        assert client.run(f"{mechanism}-PLUS", scram).startswith(b"+OK")


def test_somebody_in_between_is_noticed(server):
    password = kx.password_of("alice")
    bad = {
        "another certificate": ("SCRAM-SHA-256-PLUS", "p=tls-server-end-point", b"x" * 32),
        "no binding where one is promised": ("SCRAM-SHA-256-PLUS", "n", b""),
        "an unknown binding": ("SCRAM-SHA-256-PLUS", "p=tls-nothing", b""),
        "a client that was not told of our binding": ("SCRAM-SHA-256", "y", b""),
        "a binding without the mechanism for it": ("SCRAM-SHA-256", "p=tls-server-end-point", end_point(server)),
    }
    for what, (mechanism, flag, binding) in bad.items():
        with dialogue(server) as client:
            answer = client.run(mechanism, Scram("alice", password, "sha256", flag, binding))
            assert answer.startswith(b"-ERR [AUTH]"), what


def answer_to_first(server, first):
    """The code that a client gets who could bind, and was not offered that."""
    client = smtplib.SMTP("127.0.0.1", server.port("submission"))
    try:
        client.starttls(context=kx.tls_context())
        client.ehlo()
        return client.docmd("AUTH", f"SCRAM-SHA-256 {first}")[0]
    finally:
        client.close()


def test_it_is_noticed_after_starttls_too(server):
    first = base64.b64encode(Scram("alice", "", flag="y").first()).decode()
    for binds, code in (("yes", 535), ("no", 334)):
        server.configure({"smtp.auth-channel-binding": binds})
        assert answer_to_first(server, first) == code


def test_broken_exchanges_are_refused(server):
    password = kx.password_of("alice")
    for first in (b"", b"n,,n=alice,r=", b"n,,n=al=ice,r=x", b"n,a=bob,n=alice,r=x", b"\xff,,n=alice,r=x",
                  b"n,,n=alice,r=" + b"x" * 300):
        with dialogue(server) as client:
            answer = client.ask(f"AUTH SCRAM-SHA-256 {base64.b64encode(first).decode() or '='}")
            assert answer.startswith(b"-ERR [AUTH]"), first
    with dialogue(server) as client:
        scram = Scram("alice", password)
        client.begin("SCRAM-SHA-256", scram)
        assert client.go_on(scram.final(nonce=scram.server["r"] + "x")).startswith(b"-ERR [AUTH]")
    for final in (b"", b"c=biws,r=x,p=x"):
        with dialogue(server) as client:
            client.begin("SCRAM-SHA-256", Scram("alice", password))
            assert client.go_on(final).startswith(b"-ERR [AUTH]"), final


def test_nobody_looks_like_somebody(server):
    """Salt and iterations tell nothing about which names there are, not even over time."""
    def shown(name):
        with dialogue(server) as client:
            scram = Scram(name, "whatever")
            client.begin("SCRAM-SHA-256", scram)
            assert client.go_on(scram.final()) == b"-ERR [AUTH] Wrong name or password"
            return scram.server["s"], scram.server["i"]
    names = ("alice", "nobody", "noone")
    before = {name: shown(name) for name in names}
    assert len({salt for salt, _ in before.values()}) == 3
    assert len({(len(salt), iterations) for salt, iterations in before.values()}) == 1
    server.restart()
    assert {name: shown(name) for name in names} == before
    server.wait_log("warning", "POP3 login of nobody from 127.0.0.1 failed: the user does not exist")
    server.wait_log("warning", "POP3 login of alice from 127.0.0.1 failed: wrong password")


@pytest.mark.covers("AUTH-10")
def test_imported_passwords_hold_scram_back(server):
    assert offered(server) == SCRAM + ["PLAIN", "LOGIN"]
    server.cli("user", "add", server.address("imported"), "--password-hash", IMPORTED)
    kx.wait_until(lambda: offered(server) == ["PLAIN", "LOGIN"], 10, "SCRAM to be held back")
    with dialogue(server) as client:
        assert client.lines("CAPA")[-1] == "SASL PLAIN LOGIN"
    server.pop3("imported", "imported secret").quit()
    kx.wait_until(lambda: offered(server) == SCRAM + ["PLAIN", "LOGIN"], 10, "SCRAM to come back")
    with dialogue(server) as client:
        assert client.run("SCRAM-SHA-1", Scram("imported", "imported secret", "sha1")).startswith(b"+OK")


@pytest.mark.covers("AUTH-05", "AUTH-07", "LOG-43")
def test_each_method_can_be_switched_off(server):
    server.configure({"auth.methods": "SCRAM-SHA-256"})
    try:
        kx.wait_until(lambda: offered(server) == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"], 10, "the setting")
        with dialogue(server) as client:
            assert not {"USER", "SASL PLAIN"} & set(client.lines("CAPA"))
            assert client.ask("USER alice").startswith(b"-ERR [AUTH]")
            assert client.ask("AUTH PLAIN AGFsaWNlAHg=").startswith(b"-ERR [AUTH]")
            assert client.run("SCRAM-SHA-256", Scram("alice", kx.password_of("alice"))).startswith(b"+OK")
        with server.smtp(service="submission") as smtp:
            smtp.starttls(context=kx.tls_context())
            smtp.ehlo()
            assert "SCRAM-SHA-256" in smtp.esmtp_features["auth"].split()
            assert smtp.docmd("AUTH", "PLAIN AGFsaWNlAHg=")[0] == 504
        for service in ("POP3", "SMTP"):
            server.wait_log("security", f"Failed {service} login from 127.0.0.1, authentication method PLAIN is disabled")
    finally:
        server.configure({"auth.methods": "SCRAM-SHA-256,SCRAM-SHA-1,PLAIN,LOGIN"})
    assert server.run("config", "set", "auth.methods=CRAM").returncode != 0


@pytest.fixture
def far_client(server):
    """Clients on this host are as strange as others."""
    server.configure({"auth.clear-text-from-loopback": "no"})
    yield server
    server.configure({"auth.clear-text-from-loopback": "yes", "auth.policy": "encrypted-connection",
                      "auth.policy-exempt-group": ""})


def greeting(server):
    with socket.create_connection(("127.0.0.1", server.port("imap")), 30) as client:
        return set(client.makefile("rb").readline().split(b"]")[0].decode().split()[3:])


@pytest.mark.covers("AUTH-02")
def test_policy_secure_authentication(far_client, tmp_path):
    server = far_client
    server.configure({"auth.policy": "secure-authentication"})
    kx.wait_until(lambda: {"AUTH=SCRAM-SHA-256", "LOGINDISABLED"} <= greeting(server), 10, "the policy")
    assert not {"AUTH=PLAIN", "AUTH=SCRAM-SHA-256-PLUS"} & greeting(server)
    for protocol, service in (("imap", "imap"), ("smtp", "submission")):
        for mechanism, code in (("SCRAM-SHA-256", 0), ("PLAIN", 1)):
            done = gsasl(server, tmp_path, protocol, service, mechanism, kx.password_of("alice"), "--no-starttls")
            assert done.returncode == code, done.stdout + done.stderr
    assert offered(server, "pop3") == ["SCRAM-SHA-256", "SCRAM-SHA-1"]
    assert offered(server, "pop3s") == SCRAM + ["PLAIN", "LOGIN"]


@pytest.mark.covers("AUTH-03")
def test_policy_encrypted_connection(far_client):
    server = far_client
    kx.wait_until(lambda: "LOGINDISABLED" in greeting(server), 10, "the setting")
    assert not any(word.startswith("AUTH=") for word in greeting(server))
    assert offered(server, "pop3") == []
    with server.smtp(service="submission") as smtp:
        assert smtp.docmd("AUTH", "PLAIN AGFsaWNlAHg=")[0] == 538
        assert smtp.docmd("MAIL", "FROM:<>")[0] == 530
    with server.smtp() as smtp:  # other servers need no TLS
        assert smtp.docmd("MAIL", "FROM:<>")[0] == 250


@pytest.mark.covers("AUTH-02", "AUTH-03")
def test_a_group_of_addresses_is_exempt(far_client):
    server = far_client
    server.cli("ipgroup", "set", "Old devices", "--entries", "192.0.2.1")
    server.configure({"auth.policy-exempt-group": "Old devices"})
    assert offered(server, "pop3") == []
    server.cli("ipgroup", "set", "Old devices", "--entries", "127.0.0.1")
    kx.wait_until(lambda: "PLAIN" in offered(server, "pop3"), 10, "the group")
    with dialogue(server, "pop3") as client:
        client.ask("USER alice")
        assert client.ask(f"PASS {kx.password_of('alice')}").startswith(b"+OK")


@pytest.mark.covers("AUTH-01")
def test_policy_no_restrictions(far_client):
    server = far_client
    server.configure({"auth.policy": "no-restrictions"})
    kx.wait_until(lambda: "PLAIN" in offered(server, "pop3"), 10, "the policy")
    with server.smtp(service="submission") as smtp:
        smtp.login(server.address("alice"), kx.password_of("alice"))
        assert smtp.docmd("MAIL", f"FROM:<{server.address('alice')}>")[0] == 250
