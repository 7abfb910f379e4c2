# SPDX-License-Identifier: Apache-2.0
"""Locked out after too many failed sign-ins, on all services alike; and the master password."""

import contextlib
import imaplib
import poplib
import smtplib

import pytest

import kx
from adminapi import Api
from scram import Scram
from test_sasl import dialogue


@pytest.fixture(scope="module")
def guarded(keryx_binary):
    settings = {"auth.lockout-failures": "3", "auth.lockout-time": "10m"}
    with kx.running_server(keryx_binary, users=("alice", "bob"), config=settings) as server:
        yield server


@pytest.fixture
def cleared(guarded):
    yield guarded
    guarded.cli("lockout", "clear")


def refused(server, protocol, user, password):
    """Whether a sign-in is refused."""
    failures = (imaplib.IMAP4.error, poplib.error_proto, smtplib.SMTPAuthenticationError)
    try:
        with contextlib.closing(getattr(server, protocol)(user, password)) if protocol != "imap" else \
                server.imap(user, password):
            return False
    except failures:
        return True


def api_refuses(server, user, password):
    status, _, _ = Api(server).ask("POST", "session", {"user": user, "password": password})
    return status == 401


def fail_on_each(server, user):
    for protocol in ("imap", "pop3", "smtp"):
        assert refused(server, protocol, user, "wrong")


@pytest.mark.covers("AUTH-11", "HOST-23")
def test_failures_on_all_services_count_together(cleared):
    server = cleared
    fail_on_each(server, "alice")
    server.wait_log("security", r"Too many failed logins: alice@example.test is locked for 127.0.0.1 for 600 seconds")
    (locked,) = server.cli("lockout", "list", as_json=True)
    assert (locked["account"], locked["address"], locked["times"]) == ("alice@example.test", "127.0.0.1", 1)
    for protocol in ("imap", "pop3", "smtp"):
        assert refused(server, protocol, "alice", kx.password_of("alice"))
    with dialogue(server) as client:
        assert client.run("SCRAM-SHA-256", Scram("alice", kx.password_of("alice"))).startswith(b"-ERR [AUTH]")
    server.wait_log("warning", "login of alice@example.test from 127.0.0.1 failed: locked out")
    assert not refused(server, "imap", "bob", kx.password_of("bob"))
    assert server.cli("lockout", "clear", "alice", as_json=True) == {"cleared": 1}
    for protocol in ("imap", "pop3", "smtp"):
        assert not refused(server, protocol, "alice", kx.password_of("alice"))
    assert server.cli("lockout", "list", as_json=True) == []


@pytest.mark.covers("USR-17")
def test_locked_is_not_disabled_and_all_are_unlocked_at_once(cleared):
    server = cleared
    for user in ("alice", "bob"):
        fail_on_each(server, user)
        assert refused(server, "imap", user, kx.password_of(user))
        assert server.cli("user", "show", server.address(user), as_json=True)["disabled"] is False
    server.cli("user", "set", server.address("bob"), "--disabled", "yes")
    assert server.cli("lockout", "clear", as_json=True) == {"cleared": 2}
    assert not refused(server, "imap", "alice", kx.password_of("alice"))
    assert refused(server, "imap", "bob", kx.password_of("bob"))
    server.cli("user", "set", server.address("bob"), "--disabled", "no")
    assert not refused(server, "imap", "bob", kx.password_of("bob"))


@pytest.mark.covers("AUTH-11")
def test_scram_and_the_administration_count_too(cleared):
    server = cleared
    for _ in range(2):
        with dialogue(server) as client:
            assert client.run("SCRAM-SHA-1", Scram("bob", "wrong", "sha1")).startswith(b"-ERR [AUTH]")
    assert api_refuses(server, "bob@example.test", "wrong")
    assert refused(server, "imap", "bob", kx.password_of("bob"))
    assert api_refuses(server, "bob@example.test", kx.password_of("bob"))
    server.cli("lockout", "clear", "127.0.0.1")
    assert not refused(server, "imap", "bob", kx.password_of("bob"))


def pop3_sign_ins(server, user):
    rows = server.cli("user", "stats", server.address(user), as_json=True)
    return [row["login-count"] for row in rows if row["service"] == "POP3"]


@pytest.fixture
def master(guarded):
    guarded.cli("ipgroup", "set", "Tools", "--entries", "127.0.0.1")
    guarded.configure({"auth.master-password": "open sesame 1234", "auth.master-group": "Tools"})
    yield guarded
    guarded.configure({"auth.master-password": "", "auth.master-group": ""})
    guarded.cli("lockout", "clear")


@pytest.mark.covers("AUTH-12")
def test_the_master_password_opens_mailboxes(master):
    server = master
    before = pop3_sign_ins(server, "alice")
    server.deliver("alice", "Subject: hers\n\nBody.\n")
    server.wait_messages("alice", 1)
    for protocol in ("imap", "pop3"):
        assert not refused(server, protocol, "alice", "open sesame 1234")
    server.wait_log("security", "127.0.0.1 opened the mailbox of alice@example.test with the master password")
    with server.imap("alice", "open sesame 1234") as imap:
        assert imap.select("INBOX")[1] == [b"1"]
    assert refused(server, "smtp", "alice", "open sesame 1234")  # not to write in her name
    assert api_refuses(server, "alice@example.test", "open sesame 1234")
    assert refused(server, "imap", "nobody", "open sesame 1234")
    server.cli("lockout", "clear")
    assert not refused(server, "imap", "alice", kx.password_of("alice"))
    assert pop3_sign_ins(server, "alice") == before


@pytest.mark.covers("AUTH-12")
def test_the_master_password_from_the_group_only(master):
    server = master
    server.cli("ipgroup", "set", "Tools", "--entries", "192.0.2.1")
    assert refused(server, "imap", "alice", "open sesame 1234")
    server.configure({"auth.master-group": ""})
    assert refused(server, "imap", "alice", "open sesame 1234")
