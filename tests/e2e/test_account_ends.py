# SPDX-License-Identifier: Apache-2.0
"""An account that is disabled or removed while it is signed in."""

import imaplib
import poplib

import pytest

import kx


@pytest.fixture
def signed_in(fresh_server):
    server = fresh_server(users=("alice",))
    return server, server.imap("alice"), server.pop3("alice"), server.smtp("alice")


def assert_all_end(imap, pop3, smtp):
    with pytest.raises((imaplib.IMAP4.abort, imaplib.IMAP4.error)):
        imap.noop()
        imap.noop()
    with pytest.raises(poplib.error_proto, match="AUTH"):
        pop3.noop()
    assert smtp.mail("alice@" + kx.DOMAIN)[0] == 421


@pytest.mark.covers("USR-16")
def test_disabling_ends_sessions(signed_in):
    server, *clients = signed_in
    server.cli("user", "set", server.address("alice"), "--disabled", "yes")
    assert_all_end(*clients)


def test_removing_ends_sessions(signed_in):
    server, *clients = signed_in
    server.cli("user", "remove", server.address("alice"))
    assert_all_end(*clients)
