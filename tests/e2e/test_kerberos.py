# SPDX-License-Identifier: Apache-2.0
"""Kerberos: passwords that a KDC checks, and tickets in place of passwords, with MIT's KDC and real clients."""

import contextlib
import os
import shutil

import gssapi
import pytest

import kdc
import kx
import slapd
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
        kx.wait_until(lambda: offers(server, "GSSAPI"), what="GSSAPI is offered")
        yield server


def offers(server, mechanism):
    with sasl_client(server, "imap") as client:
        return mechanism in client.offered()


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


@pytest.mark.covers("KRB-09")
def test_one_of_several_kdcs_is_enough(keryx_binary):
    with kdc.new_realm() as own:
        own.add("wsmith", "the realm's secret")
        own.add_host(HOST)
        own.keytab(own.base / "keytab", HOST)
        text = own.config.read_text()
        own.config.write_text(text.replace("        kdc = ", f"        kdc = 127.0.0.1:{slapd.free_port()}\n        kdc = "))
        with server_in(own, keryx_binary) as server:
            assert accepts(server, "wsmith", "the realm's secret")


@pytest.mark.covers("KRB-11")
def test_a_user_is_needed_on_both_sides(joined, realm):
    """A KDC alone brings nobody here, and who is here alone has no password."""
    realm.add("stranger", "only there")
    assert not accepts(joined, "stranger", "only there")
    joined.cli("user", "add", f"lonely@{kx.DOMAIN}", "--authentication", "kerberos")
    assert not accepts(joined, "lonely", "only here")
    realm.add("lonely", "now there too")
    assert accepts(joined, "lonely", "now there too")


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


# ---- tickets in place of passwords

CURL = {
    "imaps": ["imaps://{host}:{port}/INBOX"],
    "pop3s": ["pop3s://{host}:{port}/"],
    "smtps": ["smtps://{host}:{port}/", "--mail-from", f"wsmith@{kx.DOMAIN}", "--mail-rcpt", f"wsmith@{kx.DOMAIN}",
              "--upload-file", "{message}"],
}


def curl(server, environment, service, method="GSSAPI", user="wsmith@EXAMPLE.TEST:", extra=()):
    message = server.base / "message"
    message.write_text("Subject: with a ticket\r\n\r\nHello.\r\n")
    words = {"host": kx.HOSTNAME, "port": server.port(service), "message": message}
    return kx.run(["curl", "-s", "-S", "-k", "-v", "--resolve", f"{kx.HOSTNAME}:{server.port(service)}:127.0.0.1",
                   "-u", user, "--login-options", f"AUTH={method}", *extra,
                   *(word.format(**words) for word in CURL[service])], env=environment)


@pytest.fixture(scope="module")
def ticket(realm):
    return realm.ticket("wsmith", "the realm's secret", realm.base / "cache-wsmith")


@pytest.mark.covers("KRB-01", "KRB-15", "AUTH-08")
@pytest.mark.parametrize("service", CURL)
def test_a_ticket_opens_the_mailbox(joined, ticket, service):
    done = curl(joined, ticket, service)
    assert done.returncode == 0, done.stdout.decode()
    assert b"AUTH GSSAPI" in done.stdout or b"AUTHENTICATE GSSAPI" in done.stdout


def test_gnu_sasl(joined, ticket):
    """With imap/, as libgsasl asks for it, over IMAP without TLS too: nothing secret is sent."""
    joined.cli("config", "set", "auth.policy", "secure-authentication")
    done = kx.run(["gsasl", "--imap", "--connect", f"127.0.0.1:{joined.port('imap')}", "--no-starttls", "-m", "GSSAPI",
                   "-a", "wsmith", "-z", "", "--hostname", kx.HOSTNAME, "--service", "imap"], env=ticket)
    joined.cli("config", "set", "auth.policy", "encrypted-connection")
    assert done.returncode == 0 and b"OK [CAPABILITY" in done.stdout, done.stdout.decode()


def test_cyrus_sasl(joined, ticket, tmp_path):
    """As mbsync has it, which takes the mailbox home."""
    (tmp_path / "mail").mkdir()
    config = tmp_path / "mbsyncrc"
    config.write_text(f"""
IMAPAccount here
Host {kx.HOSTNAME}
Port {joined.port("imap")}
Tunnel "openssl s_client -quiet -verify_quiet -connect 127.0.0.1:{joined.port("imaps")}"
User wsmith
AuthMechs GSSAPI

IMAPStore far
Account here

MaildirStore near
Path {tmp_path}/mail/
Inbox {tmp_path}/mail/INBOX

Channel all
Far :far:
Near :near:
Create Near
SyncState *
""")
    done = kx.run(["mbsync", "-c", config, "-V", "all"], env=ticket)
    assert done.returncode == 0 and (tmp_path / "mail/INBOX/cur").is_dir(), done.stdout.decode()


# ---- what a client may get wrong, or up to

class Gss:
    """The client's side of GSSAPI (RFC 4752), which does as it is told."""

    def __init__(self, environment, service="imap", flags=None):
        os.environ.update({key: environment[key] for key in ("KRB5_CONFIG", "KRB5CCNAME")})
        target = gssapi.Name(f"{service}@{kx.HOSTNAME}", gssapi.NameType.hostbased_service)
        self.context = gssapi.SecurityContext(name=target, usage="initiate", mech=gssapi.MechType.kerberos,
                                              flags=flags)

    def first(self):
        return self.context.step()

    def second(self, challenge):
        assert not self.context.complete or not challenge
        if not self.context.complete:
            self.context.step(challenge)
        return b""

    def choice(self, layer=1, authzid=b""):
        def respond(challenge):
            octets = self.context.unwrap(challenge).message
            assert octets == b"\x01\0\0\0"
            return self.context.wrap(bytes([layer]) + b"\0\0\0" + authzid, False).message
        return respond


@pytest.fixture
def gss(ticket):
    before = dict(os.environ)
    yield lambda environment=ticket, **options: Gss(environment, **options)
    os.environ.clear()
    os.environ.update(before)


def signs_in(server, client, **choice):
    with sasl_client(server, "imap") as session:
        return session.accepts("GSSAPI", client.first(), client.second, client.choice(**choice))


@pytest.mark.parametrize("authzid", [b"", b"wsmith", b"wsmith@example.test", b"WSmith@Example.TEST",
                                     b"wsmith@EXAMPLE.TEST"])
def test_who_the_client_may_want_to_be(joined, gss, authzid):
    assert signs_in(joined, gss(), authzid=authzid)


@pytest.mark.parametrize("authzid", [b"alice", b"jdoe", b"nobody", b"wsmith@other.test", b"ws\0mith", b"\xff", b"a" * 2000])
def test_nobody_else(joined, gss, authzid):
    assert not signs_in(joined, gss(), authzid=authzid)


def test_no_layer_but_none(joined, gss):
    for layer in (0, 2, 4, 3):
        assert not signs_in(joined, gss(), layer=layer)


@pytest.mark.parametrize("service", ["host", "smtp", "pop", "HTTP"])
def test_any_key_of_the_keytab_will_do(joined, gss, service):
    assert signs_in(joined, gss(service=service))


def test_without_proof_of_the_server(joined, gss):
    """A client that does not ask for it sends one token and no more."""
    client = gss(flags=gssapi.RequirementFlag.out_of_sequence_detection)
    with sasl_client(joined, "imap") as session:
        assert session.accepts("GSSAPI", client.first(), client.choice())


def test_what_is_no_token(joined, ticket, gss):
    good = gss().first()
    broken = [b"", b"\0", b"A" * 9000, good[:-1], good[:40], good[:60] + bytes([good[60] ^ 1]) + good[61:],
              good[:-30] + bytes([good[-30] ^ 1]) + good[-29:], b"\x60\x84\xff\xff\xff\xff"]
    for token in broken:
        with sasl_client(joined, "imap") as session:
            assert not session.accepts("GSSAPI", token, b"", b"")
    assert signs_in(joined, gss())
    assert joined.roles("kerberos")[0]["restarts"] == 0


def test_a_token_is_good_once(joined, gss):
    """Whoever has heard it cannot use it: he lacks the key, and the server knows it again."""
    token = gss().first()
    with sasl_client(joined, "imap") as session:
        assert session.auth("GSSAPI", token).startswith(b"+")
    with sasl_client(joined, "imap") as session:
        assert not session.auth("GSSAPI", token).startswith(b"+")


def test_whose_account_a_ticket_opens(joined, realm, gss):
    """Not one whose password is kept here, for a realm may have another administrator; no principal of two parts."""
    for name, password in (("admin", "a bad administrator"), ("wsmith/admin", "with an instance"),
                           ("jdoe", "another secret")):
        own = realm.ticket(name, password, realm.base / "cache-other")
        assert not signs_in(joined, gss(own))
    joined.wait_log("warning", r"IMAP login of admin@EXAMPLE\.TEST from 127\.0\.0\.1 failed: no account that takes")
    joined.cli("user", "set", f"wsmith@{kx.DOMAIN}", "--disabled", "yes")
    assert not signs_in(joined, gss())
    joined.cli("user", "set", f"wsmith@{kx.DOMAIN}", "--disabled", "no")
    assert signs_in(joined, gss())


def test_another_realm_of_the_same_name(joined, gss):
    with kdc.new_realm() as other:
        other.add("wsmith", "made up")
        other.add_host(HOST, *SERVICES)
        assert not signs_in(joined, gss(other.ticket("wsmith", "made up", other.base / "cache")))


def test_bad_tickets_lock_nobody_out(joined, gss):
    joined.cli("config", "set", "auth.lockout-failures", "3")
    for _ in range(5):
        with sasl_client(joined, "imap") as session:
            assert not session.accepts("GSSAPI", b"no token", b"")
    assert signs_in(joined, gss())
    joined.cli("config", "set", "auth.lockout-failures", "1000")


def test_many_at_once(joined, gss):
    clients = [gss() for _ in range(60)]
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(sasl_client(joined, "imap")) for _ in clients]
        for session, client in zip(sessions, clients):
            assert session.auth("GSSAPI", client.first()).startswith(b"+")
    assert signs_in(joined, gss())  # those that went away have left nothing behind


def test_without_a_keytab_it_is_nobody_s_fault(realm, keryx_binary, gss):
    with server_in(realm, keryx_binary, keytab=realm.base / "missing") as server:
        with sasl_client(server, "imap") as session:
            assert b"UNAVAILABLE" in session.auth("GSSAPI", gss().first())


def test_not_where_it_is_not_allowed(joined, gss):
    joined.cli("config", "set", "auth.methods", "PLAIN")
    with sasl_client(joined, "imap") as session:
        assert "GSSAPI" not in session.offered()
    assert not signs_in(joined, gss())
    joined.cli("config", "unset", "auth.methods")
    kx.wait_until(lambda: offers(joined, "GSSAPI"), what="GSSAPI is offered")
    assert signs_in(joined, gss())


# ---- the administration

def negotiate(server, environment, *options):
    url = f"https://{kx.HOSTNAME}:{server.port('admin')}/api/v1/session"
    return kx.run(["curl", "-s", "-S", "-k", "-i", "--resolve", f"{kx.HOSTNAME}:{server.port('admin')}:127.0.0.1",
                   *options, "-X", "POST", url], env=environment).stdout.decode()


@pytest.mark.covers("KRB-15")
def test_a_ticket_opens_a_session_of_the_administration(joined, ticket):
    shown = negotiate(joined, ticket)
    assert " 401 " in shown and "\r\nwww-authenticate: negotiate\r\n" in shown.lower()
    refused = negotiate(joined, ticket, "--negotiate", "-u", ":")
    assert " 403 " in refused and "no rights" in refused  # he is who he says, and may not
    joined.cli("user", "set", f"wsmith@{kx.DOMAIN}", "--admin", "full")
    good = negotiate(joined, ticket, "--negotiate", "-u", ":")
    assert " 200 " in good and f'"user":"wsmith@{kx.DOMAIN}"' in good
    assert "\r\nwww-authenticate: negotiate " in good.lower() and "__Host-keryx-admin=" in good
    other = negotiate(joined, ticket, "--negotiate", "-u", ":", "-H", "Origin: https://evil.test")
    assert " 403 " in other and "another web site" in other
    joined.cli("user", "set", f"wsmith@{kx.DOMAIN}", "--admin", "none")


@pytest.mark.covers("TOOL-14")
def test_a_ticket_is_no_second_factor(joined, ticket):
    user = f"wsmith@{kx.DOMAIN}"
    joined.cli("user", "set", user, "--admin", "full")
    joined.cli("user", "second-factor", "new", user)
    refused = negotiate(joined, ticket, "--negotiate", "-u", ":")
    assert " 401 " in refused and "has a second factor" in refused and "__Host-keryx-admin=" not in refused
    joined.cli("user", "second-factor", "remove", user)
    assert " 200 " in negotiate(joined, ticket, "--negotiate", "-u", ":")
    joined.cli("user", "set", user, "--admin", "none")


def test_what_opens_no_session(joined, realm):
    bad = negotiate(joined, realm.environment, "-H", "Authorization: Negotiate AAAA")
    assert " 401 " in bad and "opens no session" in bad
    assert " 401 " in negotiate(joined, realm.environment, "-H", "Authorization: Negotiate !!")
    assert " 401 " in negotiate(joined, realm.environment, "-H", "Authorization: Negotiate " + "A" * 30000)
    own = realm.ticket("admin", "a bad administrator", realm.base / "cache-other")
    assert " 401 " in negotiate(joined, own, "--negotiate", "-u", ":")  # admin has a password here


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_tickets_may_be_as_large_as_active_directory_makes_them(joined, protocol):
    """MaxTokenSize is 48,000: they are read, and looked at. What is larger still breaks nothing."""
    for size in (20000, 48000):
        with sasl_client(joined, protocol) as session:
            line = session.auth("GSSAPI", b"\x60" + b"A" * size, b"")
            assert b"TOO" not in line and not line.startswith(b"500"), line
    joined.wait_log("security", rf"Failed {protocol.upper()} login from 127\.0\.0\.1, authentication method GSSAPI")
    with contextlib.suppress(OSError), sasl_client(joined, protocol) as session:
        assert not session.accepts("GSSAPI", b"\x60" + b"A" * 200_000)
    with sasl_client(joined, protocol) as session:
        assert session.accepts("PLAIN", plain("wsmith", "the realm's secret"))


def test_names_and_passwords_may_not(joined):
    with sasl_client(joined, "imap") as session:
        assert session.ask(f"a LOGIN {'x' * 30000} {'y' * 30000}").startswith(b"a NO")
    with sasl_client(joined, "pop3") as session:
        session.ask("USER " + "x" * 30000)
        assert session.ask("PASS " + "y" * 30000).startswith(b"-ERR")
    assert joined.roles("edge")[0]["restarts"] == 0


# ---- who is no friend

def der(tag, *parts):
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 128 else b"\x82" + len(content).to_bytes(2, "big")
    return bytes([tag]) + length + content


def number(value):
    return der(0x02, bytes([value]))


def sealed():
    """Something that nobody has encrypted (RFC 4120 section 5.2.9)."""
    return der(0x30, der(0xa0, number(18)), der(0xa1, number(1)), der(0xa2, der(0x04, bytes(64))))


def request_for(host):
    """An AP-REQ with a ticket for some service that nobody has made (RFC 4120 section 5.5.1), as the first token."""
    name = der(0x30, der(0xa0, number(1)), der(0xa1, der(0x30, der(0x1b, b"imap"), der(0x1b, host))))
    ticket = der(0x61, der(0x30, der(0xa0, number(5)), der(0xa1, der(0x1b, b"EXAMPLE.TEST")), der(0xa2, name),
                           der(0xa3, sealed())))
    request = der(0x6e, der(0x30, der(0xa0, number(5)), der(0xa1, number(14)), der(0xa2, der(0x03, bytes(5))),
                            der(0xa3, ticket), der(0xa4, sealed())))
    return der(0x60, bytes.fromhex("06092a864886f712010202" "0100"), request)


def role_of(server):
    return [role["pid"] for role in server.cli("status", as_json=True)["roles"] if role["role"] == "kerberos"]


def test_a_ticket_with_a_monstrous_name_ends_nothing(joined):
    """It is in what the library says about it, byte by byte."""
    with sasl_client(joined, "imap") as client:
        assert not client.accepts("GSSAPI", request_for(b"nobody.test"))
    joined.wait_log("warning", "nobody.test")
    before = role_of(joined)
    with sasl_client(joined, "imap") as client:
        assert not client.accepts("GSSAPI", request_for(b"\xff" * 2000))
    assert before and role_of(joined) == before


def test_a_keytab_in_the_data_directory_opens_nothing_else_there(realm, keryx_binary, gss):
    """Elsewhere its folder may be read, for it may be replaced; there it is the file alone, as it was at the start."""
    with server_in(realm, keryx_binary) as server:
        keytab = server.data / "krb5.keytab"
        server.base.chmod(0o711)
        server.environment["KRB5_KTNAME"] = f"FILE:{keytab}"
        shutil.copy(realm.base / "keytab", keytab)
        server.restart()
        assert signs_in(server, gss())
        shutil.copy(realm.base / "keytab", server.data / "next")
        (server.data / "next").rename(keytab)
        with sasl_client(server, "imap") as session:
            assert b"UNAVAILABLE" in session.auth("GSSAPI", gss().first())
        server.kill_role("kerberos")
        kx.wait_until(lambda: signs_in(server, gss()), what="it is read again")
