# SPDX-License-Identifier: Apache-2.0
"""A domain takes chosen users of its directory only: Debian's slapd."""

import kx
import pytest
import slapd
from adminapi import Api
from rawimap import RawImap
from slapd import BASE, dn_of, person
from test_directory import options, rcpt, refresh, show, sign_in

PEOPLE = [person(name) for name in ("alice", "bob", "carol", "dave", "local")] + \
    [person("jürgen", cn="Jürgen", mail="juergen@example.test")]
GROUP = f"dn: cn=all,ou=groups,{BASE}\nobjectClass: groupOfNames\nobjectClass: extensibleObject\ncn: all\n" \
    f"mail: everybody@example.test\n" + "".join(f"member: {dn_of(name)}\n" for name in ("alice", "bob", "carol")) + "\n"


@pytest.fixture(scope="module")
def ldap(tmp_path_factory, keryx_binary):
    base = tmp_path_factory.mktemp("ldap")
    one = slapd.Slapd(base / "one", *slapd.make_certificate(base, "directory"))
    one.start()
    one.add(*PEOPLE, GROUP)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def server(keryx_binary, ldap):
    with kx.running_server(keryx_binary, users=["local"]) as running:
        running.cli("domain", "set", "example.test", *options(ldap.tls, ldap.certificate), "--directory-activate",
                    "chosen")
        refresh(running)
        yield running


def states(server):
    return {one["name"]: one["state"] for one in server.cli("directory", "list", "example.test", as_json=True)}


def activate(server, *names):
    return server.cli("directory", "activate", "example.test", *names, as_json=True)


@pytest.mark.covers("USR-06")
def test_only_the_chosen_are_users_and_at_once(server):
    assert states(server)["alice"] == states(server)["bob"] == "not active"
    assert sign_in(server, "alice") is not True and rcpt(server, "alice@example.test") == 550
    assert server.run("user", "show", "alice@example.test").returncode == 1
    assert [(one["name"], one["state"]) for one in activate(server, "ALICE")] == [("alice", "active")]
    assert rcpt(server, "alice@example.test") == 250 and sign_in(server, "alice") is True
    assert sign_in(server, "bob") is not True and rcpt(server, "bob@example.test") == 550
    assert states(server)["alice"] == "active" and states(server)["bob"] == "not active"
    assert server.cli("group", "show", "all@example.test", as_json=True)["members"] == ["alice"]
    refresh(server)
    assert show(server, "alice")["source"] == "ldap" and server.run("user", "show", "bob@example.test").returncode == 1


@pytest.mark.covers("USR-06")
def test_of_those_named_all_are_taken_or_none(server):
    wrong = server.run("directory", "activate", "example.test", "bob", "nobody", "jürgen", "local@other.test")
    assert wrong.returncode == 1 and "nobody: not among the users" in wrong.stderr
    assert "jürgen: names of users may have ASCII" in wrong.stderr and "local@other.test: not among" in wrong.stderr
    assert "there is an account of that name here" in server.run("directory", "activate", "example.test", "bob", "local").stderr
    assert states(server)["bob"] == "not active"
    assert "name users, or say --all" in server.run("directory", "activate", "example.test").stderr
    assert "kept here" in server.run("directory", "deactivate", "example.test", "alice", "local").stderr
    assert states(server)["alice"] == "active" and sign_in(server, "local") is True


@pytest.mark.covers("USR-06")
def test_who_is_taken_out_is_shut_out_and_finds_the_mail_again(server):
    activate(server, "carol@example.test")
    server.deliver("carol", "Subject: kept\n\nhere\n")
    idle = RawImap(server, "carol")
    idle.ok("SELECT INBOX")
    idle.idle()
    server.cli("directory", "deactivate", "example.test", "carol")
    kx.wait_until(lambda: idle.read_untagged()[0] == "BYE", what="the end of the session")
    idle.close()
    refresh(server)
    assert sign_in(server, "carol") is not True and rcpt(server, "carol@example.test") == 550
    assert states(server)["carol"] == "not active" and show(server, "carol")["source"] == "inactive"
    assert "is not active" in server.run("user", "set", "carol@example.test", "--disabled", "no").stderr
    server.cli("user", "set", "carol@example.test", "--description", "not here for now")
    activate(server, "carol")
    with server.imap("carol") as imap:
        assert imap.select()[1] == [b"1"]
    server.cli("directory", "deactivate", "example.test", "carol")


@pytest.mark.covers("USR-06")
def test_the_api_takes_all_and_what_is_gone_stays_gone(server, ldap):
    api = Api(server)
    api.sign_in()
    taken = {one["name"] for one in api.ok("POST", "domains/example.test/directory-activate", {"all": True})["items"]}
    assert taken == {"alice", "bob", "carol", "dave"}
    assert states(server)["local"] == "there is an account of that name here" and sign_in(server, "dave") is True
    ldap.add(person("erin"))
    refresh(server)
    assert states(server)["erin"] == "not active" and sign_in(server, "erin") is not True
    api.ok("POST", "domains/example.test/directory-deactivate", {"users": ["bob", "dave"]})
    ldap.delete(dn_of("dave"))
    ldap.delete(dn_of("carol"))
    refresh(server)
    assert show(server, "dave")["source"] == "inactive" and show(server, "carol")["source"] == "gone"
    server.cli("domain", "set", "example.test", "--directory-activate", "all")
    refresh(server)
    assert sign_in(server, "erin") is True and sign_in(server, "bob") is True
    assert "takes all users" in server.run("directory", "deactivate", "example.test", "bob").stderr
