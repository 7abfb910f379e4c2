# SPDX-License-Identifier: Apache-2.0
"""Statistics of sign-ins by user and service (USR-43 to USR-45)."""

import csv
import io
import re
import smtplib
import xml.etree.ElementTree as ElementTree

import pytest

import kx


def statistics(server, *who):
    """{service: row} of one user, as JSON tells it."""
    return {row["service"]: row for row in server.cli("user", "stats", *who, as_json=True)}


def submit_login(server, user):
    with smtplib.SMTP_SSL("127.0.0.1", server.port("smtps"), context=kx.tls_context()) as client:
        client.login(server.address(user), kx.password_of(user))


@pytest.mark.covers("USR-44")
def test_each_service_counts_for_itself(server, user):
    assert statistics(server, server.address(user)) == {}
    for _ in range(3):
        server.imap(user).logout()
    server.pop3(user).quit()
    submit_login(server, user)
    with pytest.raises(Exception):
        server.imap(user, password="wrong")
    rows = statistics(server, server.address(user))
    assert {name: row["login-count"] for name, row in rows.items()} == {"IMAP": 3, "POP3": 1, "SMTP": 1}
    for row in rows.values():
        assert row["user"] == server.address(user) and row["address"] == "127.0.0.1"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["last-login"])


@pytest.mark.covers("USR-43")
def test_statistics_survive_a_stop(fresh_server):
    server = fresh_server(users=("alice",))
    server.imap("alice").logout()
    server.restart()
    server.imap("alice").logout()
    assert statistics(server, "alice@example.test")["IMAP"]["login-count"] == 2
    server.kill()  # what somebody has looked at is stored
    server.start()
    assert statistics(server, "alice@example.test")["IMAP"]["login-count"] == 2
    server.stop()
    assert statistics(server, "alice@example.test")["IMAP"]["login-count"] == 2, "without a server"


def test_a_new_account_of_the_same_name_begins_anew(server, user):
    address = server.address(user)
    server.imap(user).logout()
    server.cli("user", "remove", address)
    server.add_user(user)
    assert statistics(server, address) == {}


@pytest.mark.covers("USR-45")
def test_export(server, user):
    server.imap(user).logout()
    rows = list(csv.DictReader(io.StringIO(server.cli("user", "stats", "--csv"))))
    (row,) = [row for row in rows if row["User"] == server.address(user)]
    assert (row["Service"], row["Login count"], row["Address"]) == ("IMAP", "1", "127.0.0.1")
    text = server.cli("user", "stats", server.domain, "--csv", "--separator", ";")
    assert text.splitlines()[0] == "User;Service;Last login;Login count;Address"
    assert server.run("user", "stats", "--csv", "--separator", "ab").returncode == 1
    tree = ElementTree.fromstring(server.cli("user", "stats", server.address(user), "--xml"))
    (entry,) = tree
    assert entry.find("service").text == "IMAP" and entry.find("login-count").text == "1"
    assert server.run("user", "stats", "nobody@example.test").returncode == 1
    assert server.run("user", "stats", "nowhere.test").returncode == 1
