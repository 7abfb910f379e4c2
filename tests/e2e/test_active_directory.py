# SPDX-License-Identifier: Apache-2.0
"""An Active Directory as Samba is one: its users mapped, their passwords, tickets and NTLM, in one domain."""

import json
import os

import pytest

import addc
import kx
from saslclient import plain, sasl_client
from test_kerberos import curl, offers

SERVICES = [f"{service}/{kx.HOSTNAME}" for service in ("host", "imap", "smtp", "pop", "HTTP")]
SECRET = "A-secret-of-AD-7"


@pytest.fixture(scope="module")
def directory():
    with addc.controller() as instance:
        instance.start()
        instance.add("wsmith", SECRET, "--given-name=Wendy", "--surname=Smith", "--mail-address=wsmith@company.test")
        instance.add("jdoe", SECRET, "--given-name=John", "--surname=Doe")
        instance.add("reader", SECRET)
        instance.tool("group", "add", "Sales")
        instance.tool("group", "addmembers", "Sales", "wsmith,jdoe")
        instance.add_host(instance.base / "keytab", *SERVICES)
        yield instance


@pytest.fixture(scope="module")
def joined(directory, keryx_binary):
    where = {"KRB5_CONFIG": str(directory.config), "KRB5_KTNAME": f"FILE:{directory.base / 'keytab'}"}
    methods = "GSSAPI,GSS-SPNEGO,NTLM,PLAIN"
    with kx.running_server(keryx_binary, environment=where, config={"auth.methods": methods}) as server:
        server.cli("domain", "add", addc.DOMAIN, "--directory", "active-directory", "--directory-hosts",
                   addc.ADDRESS, "--directory-ca-file", directory.base / "dc.crt", "--directory-user",
                   f"reader@{addc.DOMAIN}", "--directory-password", SECRET, "--kerberos-realm", addc.REALM,
                   "--nt-domain", addc.SHORT)
        kx.wait_until(lambda: offers(server, "NTLM"), what="NTLM is offered")
        yield server


def accepts(server, name, password):
    with sasl_client(server, "imap") as client:
        return client.accepts("PLAIN", plain(name, password))


@pytest.mark.covers("DIR-10", "DIR-30", "KRB-08")
def test_all_that_it_takes(joined):
    (row,) = joined.cli("directory", "test", addc.DOMAIN, as_json=True)
    assert row["state"] == "good" and row["users"] >= 3
    found = joined.cli("kerberos", "test", addc.DOMAIN, "--user", "wsmith", "--password", "-", as_json=True,
                       stdin=SECRET + "\n")
    assert all(row["state"] == "good" for row in found)


def test_users_and_groups(joined):
    joined.cli("directory", "refresh", addc.DOMAIN)
    shown = joined.cli("user", "show", f"wsmith@{addc.DOMAIN}", as_json=True)
    assert shown["name"] == "Wendy Smith" and shown["source"] == "ldap"
    kx.wait_until(lambda: "Sales" in joined.cli("user", "show", f"wsmith@{addc.DOMAIN}", as_json=True)["groups"],
                  what="the group")


@pytest.mark.covers("DIR-31", "KRB-01", "KRB-21")
def test_passwords_by_ldap_and_by_kerberos(joined):
    assert accepts(joined, f"wsmith@{addc.DOMAIN}", SECRET)
    assert not accepts(joined, f"wsmith@{addc.DOMAIN}", "wrong")
    joined.cli("user", "set", f"wsmith@{addc.DOMAIN}", "--authentication", "kerberos")
    assert accepts(joined, f"wsmith@{addc.DOMAIN}", SECRET)
    assert not accepts(joined, f"wsmith@{addc.DOMAIN}", "wrong")
    joined.cli("user", "set", f"wsmith@{addc.DOMAIN}", "--authentication", "password")


@pytest.mark.parametrize("service", ["imaps", "pop3s"])
def test_tickets(joined, directory, service):
    """jdoe has never been here: his first ticket makes the account."""
    ticket = directory.ticket("jdoe", SECRET, directory.base / "tickets")
    done = curl(joined, ticket, service, user=f"jdoe@{addc.REALM}:")
    assert done.returncode == 0, done.stdout.decode()
    done = curl(joined, ticket, service, method="NTLM", user=f"{addc.SHORT}\\jdoe:wrong")
    assert done.returncode != 0


def test_a_realm_that_nobody_has_named(joined, directory):
    """DOM-25: it is that of the directory."""
    joined.cli("domain", "set", addc.DOMAIN, "--kerberos-realm", "")
    joined.cli("domain", "set", kx.DOMAIN, "--kerberos-realm", "OTHER.TEST")
    ticket = directory.ticket("jdoe", SECRET, directory.base / "tickets")
    kx.wait_until(lambda: offers(joined, "GSSAPI"), what="GSSAPI is offered")
    assert curl(joined, ticket, "imaps", user=f"jdoe@{addc.REALM}:").returncode == 0
    joined.cli("domain", "set", kx.DOMAIN, "--kerberos-realm", "")
    joined.cli("domain", "set", addc.DOMAIN, "--kerberos-realm", addc.REALM)


@pytest.fixture
def winbind(directory, joined):
    """The controller's winbind, which lets the server ask it about answers of NTLM, as the group winbindd_priv does."""
    private = directory.base / "state" / "winbindd_privileged"
    os.chown(private, 0, joined.data.stat().st_gid)


@pytest.mark.covers("NTLM-01", "NTLM-03", "ENV-08")
def test_ntlm_by_winbind(joined, winbind):
    done = curl(joined, dict(os.environ), "imaps", method="NTLM", user=f"{addc.SHORT}\\wsmith:{SECRET}")
    assert done.returncode == 0, done.stdout.decode()
    assert curl(joined, dict(os.environ), "imaps", method="NTLM", user=f"{addc.SHORT}\\wsmith:wrong").returncode != 0


@pytest.mark.covers("USR-58", "USR-60", "USR-57", "TECH-28")
def test_accounts_are_made_once_and_their_realm_knows_the_passwords(directory, keryx_binary):
    """A server that the directory is no part of afterwards, but for its KDC."""
    where = {"KRB5_CONFIG": str(directory.config), "KRB5_KTNAME": f"FILE:{directory.base / 'keytab'}"}
    with kx.running_server(keryx_binary, environment=where) as server:
        server.cli("domain", "add", addc.DOMAIN, "--kerberos-realm", addc.REALM)
        words = ("user", "import-directory", addc.DOMAIN, "--type", "active-directory", "--server", addc.ADDRESS,
                 "--ca-file", directory.base / "dc.crt", "--user", f"reader@{addc.DOMAIN}", "--password", "-")
        tried = json.loads(server.run("--json", *words, "--dry-run", stdin=SECRET).stdout)
        states = {one["user"]: one["state"] for one in tried["users"]}
        assert {"wsmith", "jdoe", "reader"} <= states.keys() and not {"krbtgt", "Guest", "DC1$"} & states.keys()
        assert server.cli("user", "list", addc.DOMAIN, as_json=True) == []
        assert "Invalid credentials" in server.run(*words, stdin="wrong").stderr
        assert "TLS failed" in server.run(*(word for word in words if word not in ("--ca-file", directory.base / "dc.crt")),
                                          stdin=SECRET).stderr
        assert server.run(*words[:3], "wsmith", *words[3:], stdin=SECRET).returncode == 0
        user = server.cli("user", "show", f"wsmith@{addc.DOMAIN}", as_json=True)
        assert (user["name"], user["source"], user["authentication"]) == ("Wendy Smith", "internal", "kerberos")
        assert accepts(server, f"wsmith@{addc.DOMAIN}", SECRET)
        assert not accepts(server, f"wsmith@{addc.DOMAIN}", "wrong") and not accepts(server, f"jdoe@{addc.DOMAIN}", SECRET)


@pytest.mark.covers("USR-06")
def test_chosen_users_only(joined, directory):
    """Neither a password nor a ticket opens what is not active; who was never here is not made by one."""
    directory.add("newcomer", SECRET)
    joined.cli("domain", "set", addc.DOMAIN, "--directory-activate", "chosen")
    joined.cli("directory", "activate", addc.DOMAIN, "jdoe", "wsmith")
    joined.cli("directory", "deactivate", addc.DOMAIN, "jdoe")
    assert not accepts(joined, f"jdoe@{addc.DOMAIN}", SECRET) and accepts(joined, f"wsmith@{addc.DOMAIN}", SECRET)
    for name in ("jdoe", "newcomer"):
        ticket = directory.ticket(name, SECRET, directory.base / f"tickets-of-{name}")
        assert curl(joined, ticket, "imaps", user=f"{name}@{addc.REALM}:").returncode != 0
    assert joined.run("user", "show", f"newcomer@{addc.DOMAIN}").returncode == 1
    joined.cli("directory", "activate", addc.DOMAIN, "jdoe", "newcomer")
    for name in ("jdoe", "newcomer"):
        ticket = directory.ticket(name, SECRET, directory.base / f"tickets-of-{name}")
        assert curl(joined, ticket, "imaps", user=f"{name}@{addc.REALM}:").returncode == 0
    assert accepts(joined, f"jdoe@{addc.DOMAIN}", SECRET)
    joined.cli("domain", "set", addc.DOMAIN, "--directory-activate", "all")
