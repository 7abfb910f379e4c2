# SPDX-License-Identifier: Apache-2.0
"""What the Received field says of those who brought the message."""

import re

import kx
import pytest


@pytest.fixture(scope="module")
def server(keryx_binary):
    with kx.running_server(keryx_binary, users=["alice"]) as running:
        running.cli("ipgroup", "set", "inside", "--entries", "127.0.0.0/8")
        running.cli("ipgroup", "set", "outside", "--entries", "192.0.2.0/24")
        yield running


def received(server, number):
    server.deliver("alice", f"Subject: number {number}\r\n\r\n".encode())
    return next(re.search(rb"^Received:(?:.*\r\n)(?:[ \t].*\r\n)*", content, re.M).group().decode()
                for content in server.eml_files("alice").values() if b"number %d\r\n" % number in content)


@pytest.mark.covers("ADV-03")
def test_who_is_inside_is_not_shown(server):
    assert "127.0.0.1" in received(server, 1)  # by itself nothing is hidden
    server.cli("config", "set", "smtp.hide-local-clients", "yes")
    assert "127.0.0.1" in received(server, 2)  # nobody is said to be inside
    server.cli("config", "set", "smtp.relay-group", "outside")
    assert "127.0.0.1" in received(server, 3)
    server.cli("config", "set", "smtp.relay-group", "inside")
    hidden = received(server, 4)
    assert "127.0.0.1" not in hidden and "from" not in hidden and re.match(r"Received: by mail\.example\.test with ", hidden)
    assert hidden.count(";") == 1 and "for <alice@example.test>" in hidden
