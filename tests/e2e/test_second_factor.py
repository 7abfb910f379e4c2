# SPDX-License-Identifier: Apache-2.0
"""Who administers the server shows a second factor: the codes are those of oathtool."""

import subprocess
import time
from urllib.parse import parse_qs, urlsplit

import kx
import pytest
from adminapi import ADMIN, Api


@pytest.fixture(scope="module")
def server(keryx_binary):
    with kx.running_server(keryx_binary, users=["alice", "bob"],
                           config={"admin.failed-sign-ins": "0", "auth.lockout": "no"}) as running:
        yield running


def code(secret, shift=0):
    """Of the present interval, or of one so many later."""
    command = ["oathtool", "--totp", "--base32", secret, "--now", f"@{int(time.time()) + 30 * shift}"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()


def enter(server, user=ADMIN, password=kx.ADMIN_PASSWORD, **more):
    """(status, why not)."""
    status, answer, _ = Api(server).ask("POST", "session", {"user": user, "password": password, **more})
    return status, answer.get("detail")


@pytest.fixture
def secret(server):
    made = server.cli("user", "second-factor", "new", ADMIN, as_json=True)
    yield made["secret"]
    server.cli("user", "second-factor", "remove", ADMIN)


@pytest.mark.covers("TOOL-14")
def test_a_password_alone_opens_nothing(server, secret):
    assert enter(server) == (401, 'The account has a second factor: show a "code" of it too')
    assert enter(server, password="wrong") == enter(server, password="wrong", code=code(secret)) == (401, "Wrong name or password")
    for wrong in ("000000", "", "12345", code(secret, -4), code(secret, 4)):
        assert enter(server, code=wrong) == (401, "Wrong name or password"), wrong
    now = code(secret)
    assert enter(server, code=now)[0] == 200
    assert enter(server, code=now)[0] == 401, "a code is taken once"
    assert enter(server, code=code(secret, -1))[0] == 401, "nor one before it"
    assert enter(server, code=code(secret, 1))[0] == 200, "the clock of a phone may be ahead"
    server.wait_log("warning", rf"HTTP login of {ADMIN} from 127\.0\.0\.1 failed: wrong code of the second factor")
    assert enter(server, code=5)[0] == 400


@pytest.mark.covers("TOOL-14")
def test_codes_are_not_guessed(server, secret):
    """Who has the password may try ten, wherever he comes from; a new secret begins anew."""
    for _ in range(10):
        assert enter(server, code="000000")[0] == 401
    assert enter(server, code=code(secret)) == (401, "Wrong name or password")
    fresh = server.cli("user", "second-factor", "new", ADMIN, as_json=True)["secret"]
    assert enter(server, code=code(fresh))[0] == 200


def test_it_is_made_shown_once_and_taken_away(server):
    made = server.cli("user", "second-factor", "new", f"alice@{server.domain}", as_json=True)
    uri = urlsplit(made["uri"])
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", f"/{server.hostname}:alice@{server.domain}")
    assert parse_qs(uri.query) == {"secret": [made["secret"]], "issuer": [server.hostname]}
    shown = server.cli("user", "show", f"alice@{server.domain}", as_json=True)
    assert shown["second-factor"] is True
    everything = server.cli("user", "export", server.domain) + server.log("config") + str(shown)
    assert made["secret"] not in everything and "Second_factor" in everything
    assert made["secret"] in server.cli("user", "export", server.domain, "--with-hashes")
    server.cli("user", "second-factor", "remove", f"alice@{server.domain}")
    assert server.cli("user", "show", f"alice@{server.domain}", as_json=True)["second-factor"] is False
    own = "gezd gnbv gy3t qojq"
    server.cli("user", "set", ADMIN, "--second-factor", "-", stdin=own)
    assert enter(server)[0] == 401 and enter(server, code=code(own.replace(" ", "")))[0] == 200
    server.cli("user", "set", ADMIN, "--second-factor", "")
    assert enter(server)[0] == 200
    assert "base32" in server.run("user", "set", ADMIN, "--second-factor", "no secret").stderr


def test_mail_and_tokens_need_none(server, secret):
    with server.imap("admin", kx.ADMIN_PASSWORD) as imap:
        assert imap.noop()[0] == "OK"
    token = server.cli("token", "add", "program", "--user", ADMIN).strip()
    assert Api(server, token).ask("GET", "users")[0] == 200
    assert server.cli("user", "list")


@pytest.mark.covers("TOOL-14")
def test_it_can_be_asked_of_everybody(server):
    server.configure({"admin.second-factor": "required"})
    status, why = enter(server)
    assert status == 403 and "second factor only" in why
    made = server.cli("user", "second-factor", "new", ADMIN, as_json=True)
    assert enter(server, code=code(made["secret"]))[0] == 200
    server.configure({"admin.second-factor": "optional"})
    server.cli("user", "second-factor", "remove", ADMIN)


def test_a_domain_administrator_takes_it_from_nobody_above(server, secret):
    server.cli("user", "set", f"bob@{server.domain}", "--web-admin", "yes")
    bob = Api(server)
    bob.sign_in(f"bob@{server.domain}", kx.password_of("bob"))
    assert bob.ask("DELETE", f"users/{ADMIN}/second-factor")[0] == 403
    assert bob.ask("POST", f"users/{ADMIN}/second-factor", {})[0] == 403
    mine = bob.ok("POST", f"users/bob@{server.domain}/second-factor", {})
    assert enter(server, f"bob@{server.domain}", kx.password_of("bob"), code=code(mine["secret"]))[0] == 200
    assert bob.ask("DELETE", f"users/bob@{server.domain}/second-factor")[0] == 204


def test_the_password_is_changed_with_a_code(server):
    user = f"alice@{server.domain}"
    made = server.cli("user", "second-factor", "new", user, as_json=True)
    request = {"user": user, "password": kx.password_of("alice"), "new-password": "of my own choice"}
    assert Api(server).ask("POST", "self/password", request)[0] == 401
    assert Api(server).ask("POST", "self/password", {**request, "code": code(made["secret"])})[0] == 204


def test_wrong_codes_lock_the_account_out(keryx_binary):
    with kx.running_server(keryx_binary, config={"auth.lockout-failures": "2"}) as server:
        made = server.cli("user", "second-factor", "new", ADMIN, as_json=True)
        for _ in range(2):
            assert enter(server)[0] == 401  # the password alone neither counts nor forgives
            assert enter(server, code="000000")[0] == 401
        assert enter(server, code=code(made["secret"]))[0] == 401
        assert server.cli("lockout", "list", as_json=True)
