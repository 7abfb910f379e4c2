# SPDX-License-Identifier: Apache-2.0
"""Accounts made once of the entries of an LDAP directory: Debian's slapd, with what of other makers' schemas is asked for."""

import json

import pytest
import kx
import slapd
from adminapi import Api
from slapd import BASE, person
from test_directory import rcpt, show

PEOPLE = [person("winston", cn="Winston Smith", description="Ministry of Truth",
                 mail=["winston@example.test", "w.smith@example.test"]),
          person("julia", cn="Julia"),
          person("taken"),
          person("same", mail=["same@example.test", "taken.too@example.test"]),
          person("jürgen", cn="Jürgen", mail="juergen@example.test")]


def active(uid, control=512, **more):
    """A user as an Active Directory has them."""
    lines = [f"dn: cn={uid},ou=people,{BASE}", "objectClass: user", f"cn: {uid}", f"sn: {uid}",
             f"sAMAccountName: {uid}", f"userAccountControl: {control}", "objectCategory: person"]
    return "\n".join(lines + [f"{name}: {value}" for name, value in more.items()]) + "\n\n"


def novell(uid, disabled="FALSE"):
    """One as an eDirectory has them."""
    return f"dn: cn={uid},ou=people,{BASE}\nobjectClass: inetOrgPerson\nobjectClass: ndsPerson\ncn: {uid}\nsn: {uid}\n" \
        f"fullName: {uid.capitalize()} of Provo\nloginDisabled: {disabled}\nmail: {uid}.n@example.test\n\n"


@pytest.fixture(scope="module")
def ldap(tmp_path_factory, keryx_binary):
    base = tmp_path_factory.mktemp("ldap")
    one = slapd.Slapd(base / "one", *slapd.make_certificate(base, "directory"),
                      schema=slapd.ACTIVE_DIRECTORY + slapd.EDIRECTORY)
    one.start()
    one.add(*PEOPLE)
    one.add(active("dc.user", displayName="Of the Domain", proxyAddresses="SMTP:first@example.test"),
            active("locked.out", control=514), active("krbtgt", isCriticalSystemObject="TRUE"))
    one.add(novell("nds"), novell("barred", "TRUE"))
    yield one
    one.stop()


@pytest.fixture
def server(keryx_binary):
    with kx.running_server(keryx_binary, users=["local"]) as running:
        running.add_user("taken")
        yield running


def way(ldap, kind="openldap", tls=True, ca=None):
    return ("--type", kind, "--server", ldap.tls if tls else ldap.plain, "--ca-file", ca or ldap.certificate, "--user",
            slapd.READER, "--password", "-", "--base", BASE)


def read(server, ldap, *arguments, kind="openldap", password=slapd.READER_PASSWORD, tls=True, ca=None):
    """(status, what was written on stderr, the answer)."""
    done = server.run("--json", "user", "import-directory", "example.test", *arguments, *way(ldap, kind, tls, ca),
                      stdin=password)
    return done.returncode, done.stderr, json.loads(done.stdout) if done.stdout else None


def states(answer):
    return {one["user"]: one["state"] for one in answer["users"]}


def names(server):
    return {one["user"].split("@")[0] for one in server.cli("user", "list", "example.test", as_json=True)}


@pytest.mark.covers("USR-51", "USR-56", "USR-59")
def test_accounts_are_made_once_and_who_cannot_be_is_told(server, ldap, tmp_path):
    before = names(server)
    server.cli("template", "add", "staff", "--quota", "5M")
    status, _, tried = read(server, ldap, "--dry-run")
    assert status == 1 and names(server) == before and tried["dry-run"]
    assert states(tried)["winston"] == "can be added" and "ASCII" in states(tried)["jürgen"]
    assert "there is" in states(tried)["taken"]
    status, _, all_or_none = read(server, ldap, "--all-or-none")
    assert status == 1 and all_or_none["added"] == 0 and names(server) == before
    status, _, some = read(server, ldap, "winston", "JULIA@example.test", "julia", "--template", "staff", "--all-or-none")
    assert status == 0 and states(some) == {"winston": "added", "julia": "added"} and some["added"] == 2
    user = show(server, "winston")
    assert user["source"] == "internal" and user["name"] == "Winston Smith" and user["quota"] == 5 << 20
    assert user["addresses"] == ["w.smith"] and user["description"] == "Ministry of Truth"
    assert rcpt(server, "w.smith@example.test") == 250
    server.cli("user", "set", "winston@example.test", "--password", "-", stdin="his own, of here")
    server.imap("winston", "his own, of here").logout()
    ldap.modify(f"dn: {slapd.dn_of('winston')}\nchangetype: modify\nreplace: description\ndescription: unperson\n")
    server.cli("alias", "add", "taken.too@example.test", "local")
    status, _, rest = read(server, ldap, "same", "nobody")
    assert status == 1 and rest["added"] == 0 and "not among the users" in states(rest)["nobody"]
    assert "taken.too" in states(rest)["same"] and "same" not in names(server)
    server.cli("alias", "remove", "taken.too@example.test")
    status, _, rest = read(server, ldap)
    assert states(rest)["same"] == "added" and "already" in states(rest)["winston"]
    assert show(server, "winston")["description"] == "Ministry of Truth"


@pytest.mark.covers("USR-57", "USR-58")
def test_an_active_directory(server, ldap):
    status, _, answer = read(server, ldap, kind="active-directory")
    assert status == 0 and states(answer) == {"dc.user": "added"}
    user = show(server, "dc.user")
    assert user["name"] == "Of the Domain" and user["addresses"] == ["first"] and user["source"] == "internal"
    status, _, answer = read(server, ldap, "--filter", "(&(objectClass=user)(sAMAccountName=locked.out))",
                             kind="active-directory")
    assert status == 0 and states(answer) == {"locked.out": "added"}


@pytest.mark.covers("USR-60")
def test_who_comes_from_an_active_directory_is_authenticated_by_its_realm(server, ldap):
    server.cli("template", "add", "plain", "--authentication", "password")
    server.cli("domain", "set", "example.test", "--kerberos-realm", "EXAMPLE.TEST")
    for options, how in (((), "kerberos"), (("--template", "plain"), "password"),
                         (("--authentication", "password"), "password"), (("--template", "plain", "--authentication", "kerberos"), "kerberos")):
        assert read(server, ldap, *options, kind="active-directory")[0] == 0
        assert show(server, "dc.user")["authentication"] == how
        server.cli("user", "remove", "dc.user@example.test")
    assert read(server, ldap, "julia")[0] == 0 and show(server, "julia")["authentication"] == "password"


@pytest.mark.covers("USR-59")
def test_an_edirectory(server, ldap):
    status, _, answer = read(server, ldap, "nds", "barred", kind="edirectory")
    assert status == 1 and states(answer) == {"nds": "added", "barred": "not among the users of the directory"}
    assert show(server, "nds")["name"] == "Nds of Provo" and show(server, "nds")["addresses"] == ["nds.n"]
    bare = server.run("user", "import-directory", "example.test", "--type", "edirectory", "--server", ldap.tls)
    assert "directory-base" in bare.stderr


@pytest.mark.covers("USR-58", "USR-59")
def test_the_way_is_safe_unless_that_is_given_up(server, ldap, tmp_path):
    before = names(server)
    other, _key = slapd.make_certificate(tmp_path, "other")
    assert "TLS failed" in read(server, ldap, ca=other)[1]
    assert read(server, ldap, tls=False)[0] == 1
    assert "Invalid credentials" in read(server, ldap, password="wrong")[1]
    assert names(server) == before
    assert read(server, ldap, "julia", "--tls", "starttls", tls=False)[0] == 0
    assert read(server, ldap, "winston", "--tls", "none", tls=False)[0] == 0
    assert names(server) == before | {"julia", "winston"}


@pytest.mark.covers("USR-56")
def test_the_api_does_it_too_with_attributes_of_ones_own(server, ldap):
    api = Api(server)
    api.sign_in()
    request = {"type": "openldap", "server": [ldap.tls], "ca": ldap.certificate.read_text(), "user": slapd.READER,
               "password": slapd.READER_PASSWORD, "base": BASE, "attributes": ["full-name=sn", "name=cn"],
               "users": ["Julia"], "filter": "(uid=julia)"}
    answer = api.ok("POST", "domains/example.test/directory-import", {**request, "dry-run": True})
    assert answer["added"] == 1 and states(answer) == {"Julia": "can be added"}
    assert "julia" not in names(server)
    assert api.ok("POST", "domains/example.test/directory-import", request)["added"] == 1
    assert show(server, "julia")["name"] == "Julia"
    assert slapd.READER_PASSWORD not in server.log("config")
