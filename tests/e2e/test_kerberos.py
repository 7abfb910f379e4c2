# SPDX-License-Identifier: Apache-2.0
"""Kerberos: passwords that a KDC checks, and tickets in place of passwords, with MIT's KDC and real clients."""

import base64
import contextlib

import pytest

import kdc
import kx
from saslclient import plain, sasl_client

HOST = f"host/{kx.HOSTNAME}"
SERVICES = [f"{service}/{kx.HOSTNAME}" for service in ("imap", "smtp", "pop", "HTTP")]


@pytest.fixture(scope="module")
def realm():
    with kdc.new_realm() as instance:
        instance.add("wsmith", "the realm's secret")
        instance.add("jdoe", "another secret")
        instance.add("admin", "a bad administrator")
        instance.add("wsmith/admin", "with an instance")
        instance.add_host(HOST, *SERVICES)
        instance.keytab(instance.base / "keytab", HOST, *SERVICES)
        yield instance


@contextlib.contextmanager
def server_in(realm, binary, keytab=None, config=None):
    where = {"KRB5_CONFIG": str(realm.config), "KRB5_KTNAME": f"FILE:{keytab or realm.base / 'keytab'}"}
    with kx.running_server(binary, users=("alice",), config=config, environment=where) as server:
        server.cli("domain", "set", kx.DOMAIN, "--kerberos-realm", "example.test")
        server.cli("user", "add", "wsmith", "--authentication", "kerberos")
        yield server


@pytest.fixture(scope="module")
def joined(realm, keryx_binary):
    with server_in(realm, keryx_binary) as server:
        yield server


def test_password(joined):
    with joined.imap("wsmith", "the realm's secret"):
        pass


# ---- passwords that the KDC checks

@pytest.mark.covers("KRB-01", "KRB-06", "KRB-19", "DOM-23", "DOM-25", "AUTH-16")
@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_the_kdc_checks_the_password(joined, protocol):
    with sasl_client(joined, protocol) as client:
        assert not client.accepts("PLAIN", plain("wsmith", "another secret"))
    with sasl_client(joined, protocol) as client:
        assert client.accepts("PLAIN", plain("wsmith", "the realm's secret"))
    with sasl_client(joined, protocol) as client:
        assert client.accepts("PLAIN", plain(f"wsmith@{kx.DOMAIN}", "the realm's secret"))


def test_each_user_has_his_own_way(joined):
    """In one domain: alice has a password here, and the KDC does not count for her, nor hers for wsmith."""
    with joined.imap("alice"):
        pass
    joined.cli("user", "set", f"wsmith@{kx.DOMAIN}", "--password", "a local secret")
    with sasl_client(joined, "imap") as client:
        assert not client.accepts("PLAIN", plain("wsmith", "a local secret"))
    joined.cli("user", "add", f"jdoe@{kx.DOMAIN}", "--password", "a local secret")
    with sasl_client(joined, "imap") as client:
        assert not client.accepts("PLAIN", plain("jdoe", "another secret"))
    joined.cli("user", "set", f"jdoe@{kx.DOMAIN}", "--authentication", "kerberos")
    with sasl_client(joined, "imap") as client:
        assert client.accepts("PLAIN", plain("jdoe", "another secret"))
    joined.cli("user", "set", f"jdoe@{kx.DOMAIN}", "--authentication", "password")
    with sasl_client(joined, "imap") as client:
        assert client.accepts("PLAIN", plain("jdoe", "a local secret"))


def test_methods_that_need_a_stored_password_are_not_offered(joined):
    with sasl_client(joined, "imap") as client:
        assert not {"SCRAM-SHA-256", "CRAM-MD5"} & set(client.offered())
        assert {"GSSAPI", "PLAIN"} <= set(client.offered())
    for mechanism in ("GSS-SPNEGO", "NTLM"):
        with sasl_client(joined, "imap") as client:
            assert mechanism not in client.offered()


def test_a_stored_password_is_no_way_in_by_scram(joined):
    joined.cli("user", "set", f"wsmith@{kx.DOMAIN}", "--password", "a local secret")
    done = kx.run(["gsasl", "--imap", "--connect", f"127.0.0.1:{joined.port('imap')}", "-m", "SCRAM-SHA-256", "-a",
                   "wsmith", "-p", "a local secret", "--x509-ca-file=", "--no-cb"])
    assert done.returncode != 0


def test_it_is_remembered_for_a_moment_and_no_longer_than_the_account(joined, realm):
    joined.cli("user", "add", f"brief@{kx.DOMAIN}", "--authentication", "kerberos")
    realm.add("brief", "a short secret")
    with joined.imap("brief", "a short secret"):
        pass
    realm.kadmin("delprinc -force brief")
    with joined.imap("brief", "a short secret"):  # within the minute
        pass
    joined.cli("user", "set", f"brief@{kx.DOMAIN}", "--disabled", "yes")
    with sasl_client(joined, "imap") as client:
        assert not client.accepts("PLAIN", plain("brief", "a short secret"))


@pytest.mark.covers("KRB-07", "KRB-03")
def test_without_the_host_s_key_nobody_is_believed(realm, keryx_binary):
    """KRB-07: not a member of the realm. A KDC that anybody could be is asked nothing."""
    with server_in(realm, keryx_binary, keytab=realm.base / "missing") as server:
        with sasl_client(server, "imap") as client:
            assert b"UNAVAILABLE" in client.auth("PLAIN", plain("wsmith", "the realm's secret"))
        server.wait_log("error", r"Passwords cannot be checked with EXAMPLE\.TEST: .*missing")
        server.cli("user", "set", f"wsmith@{kx.DOMAIN}", "--authentication", "password", "--password", "for now")
        with server.imap("wsmith", "for now"):
            pass


def test_another_kdc_in_its_place_is_found_out(realm, keryx_binary):
    """It knows the password that the thief has made up, but not the host's key."""
    with kdc.new_realm() as false:
        false.add("wsmith", "made up")
        false.add_host(HOST)
        with server_in(false, keryx_binary, keytab=realm.base / "keytab") as server:
            with sasl_client(server, "imap") as client:
                assert b"UNAVAILABLE" in client.auth("PLAIN", plain("wsmith", "made up"))
            server.wait_log("error", "the KDC does not have the key of this host")


def test_a_kdc_that_is_down(keryx_binary):
    """It is nobody's fault, and no hindrance for those whose password is kept here."""
    with kdc.new_realm(start=False) as own:
        own.add("wsmith", "the realm's secret")
        own.add_host(HOST)
        own.keytab(own.base / "keytab", HOST)
        with server_in(own, keryx_binary, config={"auth.lockout-failures": "3"}) as server:
            for _ in range(4):
                with sasl_client(server, "imap") as client:
                    assert b"UNAVAILABLE" in client.auth("PLAIN", plain("wsmith", "the realm's secret"))
            with server.imap("alice"):
                pass
            own.start()
            kx.wait_until(lambda: accepts(server, "wsmith", "the realm's secret"), 30, "the KDC is asked again")


def accepts(server, name, password):
    with sasl_client(server, "imap") as client:
        return client.accepts("PLAIN", plain(name, password))


def test_old_encryption_is_of_no_use(realm, keryx_binary):
    """RC4 alone in the keytab: said, and not used."""
    realm.add_host("host/old.example.test")
    keytab = realm.keytab(realm.base / "rc4", "host/old.example.test", enctypes="arcfour-hmac:normal")
    with server_in(realm, keryx_binary, keytab=keytab) as server:
        done = server.run("kerberos", "test", kx.DOMAIN)
        assert done.returncode != 0 and "RC4 or DES only" in done.stderr


# ---- what can be looked at

@pytest.mark.covers("KRB-08", "KRB-12", "KRB-13", "KRB-15", "KRB-18")
def test_what_it_takes_is_looked_at(joined, realm, keryx_binary):
    found = joined.cli("kerberos", "test", kx.DOMAIN, as_json=True)
    assert [(row["about"], row["state"]) for row in found] == [
        ("configuration", "good"), ("keytab", "good"), ("KDC", "good")]
    assert f"{HOST}@{realm.realm}" in found[1]["text"]
    found = joined.cli("kerberos", "test", kx.DOMAIN, "--user", "wsmith", "--password", "-", as_json=True,
                       stdin="the realm's secret\n")
    assert found[3]["about"] == "password" and "wsmith@EXAMPLE.TEST" in found[3]["text"]
    done = joined.run("kerberos", "test", kx.DOMAIN, "--user", "wsmith", "--password", "-", stdin="wrong\n")
    assert done.returncode != 0 and "password:" in done.stderr


def test_what_is_missing_is_named(realm, keryx_binary, joined):
    with server_in(realm, keryx_binary, keytab=realm.base / "missing") as server:
        done = server.run("kerberos", "test", kx.DOMAIN)
        assert "missing" in done.stderr and "keytab" in done.stderr
        server.cli("domain", "set", kx.DOMAIN, "--kerberos-realm", "OTHER.TEST")
        assert "not OTHER.TEST" in server.run("kerberos", "test", kx.DOMAIN).stderr
        server.cli("domain", "set", kx.DOMAIN, "--kerberos-realm", "")
        assert "set kerberos-realm" in server.run("kerberos", "test", kx.DOMAIN).stderr
    joined.cli("domain", "add", "other.test", "--kerberos-realm", "OTHER.TEST")
    assert "no key of OTHER.TEST, only host/" in joined.run("kerberos", "test", "other.test").stderr
    joined.cli("domain", "remove", "other.test")


def test_bad_realms(joined):
    for name in ("not a realm", "a/b", "x" * 300, "REALM@OTHER"):
        done = joined.run("domain", "set", kx.DOMAIN, "--kerberos-realm", name)
        assert done.returncode != 0 and "realm" in done.stderr
    assert joined.cli("domain", "show", kx.DOMAIN, as_json=True)["kerberos-realm"] == "EXAMPLE.TEST"


def test_the_process_is_there_only_when_it_is_wanted(keryx_binary, realm):
    with server_in(realm, keryx_binary) as server:
        assert not server.roles("kerberos")
        assert accepts(server, "wsmith", "the realm's secret")
        (role,) = server.roles("kerberos")
        server.kill_role("kerberos")
        kx.wait_until(lambda: not server.roles("kerberos"), what="its end")
        server.cli("user", "set", f"wsmith@{kx.DOMAIN}", "--description", "not remembered any more")
        assert accepts(server, "wsmith", "the realm's secret")
        assert server.roles("kerberos")[0]["pid"] != role["pid"]
