# SPDX-License-Identifier: Apache-2.0
"""Which passwords may be set, and whether users change their own."""

import os
import time

import kx
import pytest
import slapd
from adminapi import ADMIN, Api
from slapd import person
from test_directory import options


@pytest.fixture(scope="module")
def server(keryx_binary):
    with kx.running_server(keryx_binary, users=["alice", "bob"]) as running:
        running.cli("domain", "add", "loose.test")
        yield running


def rules(server, length=1, classes=1, admin=1, without_name="no"):
    server.configure({"auth.password-length": str(length), "auth.password-classes": str(classes),
                      "auth.password-length-admin": str(admin), "auth.password-without-name": without_name})


def refused(server, user, password, *more):
    """What the command line says against a password; None: it was set."""
    done = server.run("user", "set", user, "--password", "-", *more, stdin=password)
    return done.stderr if done.returncode else None


def change(server, user, password, new, **fields):
    status, problem, _ = Api(server).ask("POST", "self/password",
                                         {"user": user, "password": password, "new-password": new}, **fields)
    return status, problem["detail"] if problem else None


@pytest.mark.covers("HOST-22")
def test_each_rule_says_that_it_is_the_one(server):
    user = f"alice@{server.domain}"
    rules(server)
    assert refused(server, user, "a") is None and "blank" in refused(server, user, "   ")
    rules(server, 8, 3, without_name="yes")
    assert "7 characters, and needs at least 8 (auth.password-length)" in refused(server, user, "Abc1234")
    assert refused(server, user, "Ünïcödé1") is None  # characters, not bytes
    assert "it has 2, and needs at least 3 (auth.password-classes)" in refused(server, user, "abcdefg1")
    assert "auth.password-without-name" in refused(server, user, "123Xx-Alice")
    assert "auth.password-without-name" in refused(server, user, "12-Wonder-", "--name", "Al Wonder")
    assert refused(server, user, "12-Good-one") is None
    with server.imap("alice", "12-Good-one") as imap:
        assert imap.noop()[0] == "OK"
    with server.imap("bob") as imap:  # what was set before stays
        assert imap.noop()[0] == "OK"
    table = "Name;Password\ncarol;short\ndave;Long-enough1\n"
    done = server.run("user", "import", server.domain, "-", stdin=table)
    assert "line 2: password: it has 5 characters" in done.stderr and "1 account added" in done.stdout


@pytest.mark.covers("HOST-22")
def test_known_passwords_are_refused(server):
    """The administrator's list, as it is at the moment; lines that are no text are passed over."""
    rules(server)
    user, path, owner = f"alice@{server.domain}", server.data / "refused-passwords.txt", server.data.stat()

    def put(content):
        path.write_bytes(content)
        os.chown(path, owner.st_uid, owner.st_gid)

    assert refused(server, user, "Passw0rd") is None
    put("123456\r\npassw0rd\n\nGeheim\u00dc\n".encode() + b"\xff\xfe\nlast of all")
    for known in ("123456", "PASSW0RD", "geheim\u00fc", "last of all"):
        assert "known (refused-passwords.txt)" in refused(server, user, known), known
    assert refused(server, user, "passw0rd1") is None
    put(b"".join(b"word%d\n" % n for n in range(700000)))
    started = time.monotonic()
    assert "known" in refused(server, user, "Word654321") and refused(server, user, "word700000") is None
    assert time.monotonic() - started < 20
    assert refused(server, user, "passw0rd") is None
    put(b"x" * (16 * 1024 * 1024 + 1))
    assert "larger than" in refused(server, user, "anything")
    path.unlink()
    assert refused(server, user, "word654321") is None


@pytest.mark.covers("HOST-22")
def test_a_domain_has_rules_of_its_own(server):
    rules(server, 8, 3)
    server.cli("domain", "set", "loose.test", "--password-length", "4", "--password-classes", "1")
    server.cli("user", "add", "eve@loose.test", "--password", "-", stdin="four")
    assert "needs at least 4 (password-length of the domain)" in refused(server, "eve@loose.test", "abc")
    server.cli("domain", "set", "loose.test", "--password-classes", "4")
    assert "needs at least 4 (password-classes of the domain)" in refused(server, "eve@loose.test", "Abcd1")
    assert "password-classes" in server.run("domain", "set", "loose.test", "--password-classes", "5").stderr
    assert "password-length" in server.run("domain", "set", "loose.test", "--password-length", "201").stderr


def test_administrators_have_a_minimum_of_their_own(server):
    rules(server, admin=14)
    server.cli("group", "add", f"chiefs@{server.domain}", "--web-admin", "yes")
    assert refused(server, f"bob@{server.domain}", "b") is None
    words = "needs at least 14 (auth.password-length-admin)"
    assert words in refused(server, ADMIN, "thirteen long")
    assert words in refused(server, f"bob@{server.domain}", "b", "--admin", "read")
    assert words in refused(server, f"bob@{server.domain}", "b", "--groups", "chiefs")
    assert refused(server, f"bob@{server.domain}", "fourteen chars", "--groups", "chiefs") is None


@pytest.mark.covers("USR-14")
def test_users_change_their_own_passwords(server):
    rules(server, 8)
    user = f"frank@{server.domain}"
    server.cli("user", "add", user, "--password", "-", stdin="the first one")
    assert change(server, user, "the first one", "short") == \
        (400, "password: it has 5 characters, and needs at least 8 (auth.password-length)")
    assert change(server, user, "the first one", "the first one")[0] == 400
    assert change(server, user, "a guess", "of my own choice") == (401, "Wrong name or password")
    assert change(server, user, "the first one", "of my own choice", Origin="https://evil.test")[0] == 403
    assert change(server, user, "the first one", "of my own choice") == (204, None)
    assert change(server, user, "the first one", "and once more")[0] == 401
    with server.imap("frank", "of my own choice") as imap:
        assert imap.noop()[0] == "OK"
    server.wait_log("config", rf"{user} - .*Password")
    assert "of my own choice" not in server.log("config")
    server.cli("user", "set", user, "--disabled", "yes")
    assert change(server, user, "of my own choice", "another of mine")[0] == 401


def test_who_is_authenticated_elsewhere_has_no_password_here(server):
    """He gets in nowhere with one that is kept here, so there is none to change."""
    rules(server)
    user = f"heidi@{server.domain}"
    server.cli("user", "add", user, "--password", "-", "--authentication", "kerberos", stdin="of no use")
    assert change(server, user, "of no use", "of my own choice")[0] in (401, 503)


@pytest.mark.covers("HOST-24")
def test_a_domain_forbids_it(server):
    user = "grace@loose.test"
    rules(server)
    server.cli("domain", "set", "loose.test", "--password-change", "no", "--password-length", "0",
               "--password-classes", "0")
    server.cli("user", "add", user, "--password", "-", stdin="given by others")
    assert change(server, user, "given by others", "chosen by me") == \
        (403, "Users of the domain cannot change their passwords themselves")
    assert change(server, user, "wrong", "chosen by me")[0] == 401  # it tells nobody whether there is such a user
    assert refused(server, user, "given once more") is None
    server.cli("domain", "set", "loose.test", "--password-change", "yes")
    assert change(server, user, "given once more", "chosen by me")[0] == 204


def test_guesses_lock_the_account_out(keryx_binary):
    with kx.running_server(keryx_binary, users=["alice"], config={"auth.lockout-failures": "2"}) as server:
        user = f"alice@{server.domain}"
        assert [change(server, user, "wrong", "new")[0] for _ in range(2)] == [401, 401]
        assert change(server, user, kx.password_of("alice"), "new")[0] == 401
        assert server.cli("lockout", "list", as_json=True)


def test_an_imported_hash_is_renewed_whatever_is_asked_for(keryx_binary):
    with kx.running_server(keryx_binary, config={"auth.password-length": "30"}) as server:
        user = f"old@{server.domain}"
        server.cli("user", "add", user, "--password-hash", "-", stdin="{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=")  # password
        assert "{SHA}" in server.cli("user", "export", server.domain, "--with-hashes")
        with server.imap("old", "password") as imap:
            assert imap.noop()[0] == "OK"
        assert "{SHA}" not in server.cli("user", "export", server.domain, "--with-hashes")


@pytest.mark.covers("HOST-25")
def test_passwords_of_a_directory_are_its_own_matter(keryx_binary, tmp_path):
    ldap = slapd.Slapd(tmp_path / "ldap", *slapd.make_certificate(tmp_path, "directory"))
    ldap.start()
    try:
        with kx.running_server(keryx_binary, config={"auth.password-length": "30"}) as server:
            ldap.add(person("julia", "short"))
            server.cli("domain", "set", server.domain, *options(ldap.tls, ldap.certificate))
            with server.imap("julia", "short") as imap:
                assert imap.noop()[0] == "OK"
            assert change(server, f"julia@{server.domain}", "short", "x" * 40) == \
                (403, "The password is in the directory of the domain: change it there")
            assert "change password there" in refused(server, f"julia@{server.domain}", "short too")
    finally:
        ldap.stop()
