# SPDX-License-Identifier: Apache-2.0
"""Users and groups of a domain come from an LDAP directory: two of Debian's slapd with the same content."""

import imaplib
import smtplib

import kx
import pytest
import slapd
from rawimap import RawImap
from slapd import BASE, dn_of, person

PEOPLE = [person("wsmith", cn="Winston Smith", mail=["wsmith@example.test", "winston@example.test", "w@elsewhere.test"],
                 description="Ministry of Truth"),
          person("julia", cn="Julia"),
          person("obrien", cn="O'Brien"),
          person("local", "the directory's own word"),
          person("jürgen", cn="Jürgen", mail="juergen@example.test")]
GROUPS = f"""\
dn: cn=truth,ou=groups,{BASE}
objectClass: groupOfNames
objectClass: extensibleObject
cn: truth
mail: ministry@example.test
member: {dn_of('wsmith')}
member: uid=Julia, ou=people, {BASE}

dn: cn=love,ou=groups,{BASE}
objectClass: posixGroup
cn: love
gidNumber: 7001
memberUid: obrien

"""


@pytest.fixture(scope="module")
def directories(tmp_path_factory, keryx_binary):
    base = tmp_path_factory.mktemp("ldap")
    certificate, key = slapd.make_certificate(base, "directory")
    both = [slapd.Slapd(base / name, certificate, key) for name in ("first", "second")]
    for one in both:
        one.start()
        one.add(*PEOPLE, GROUPS)
    yield both
    for one in both:
        one.stop()


@pytest.fixture(scope="module")
def ldap(directories):
    return directories[0]


def options(hosts, certificate):
    return ("--directory", "openldap", "--directory-hosts", hosts, "--directory-ca-file", certificate,
            "--directory-user", slapd.READER, "--directory-password", slapd.READER_PASSWORD,
            "--directory-timeout", "2", "--directory-refresh", "1h", "--directory-attributes", "admin=keryxAdmin")


@pytest.fixture(scope="module")
def server(keryx_binary, directories):
    first, second = directories
    with kx.running_server(keryx_binary, users=["local"],
                           config={"log.debug": "user-authentication,directory-lookup"}) as running:
        running.cli("domain", "set", "example.test", *options(f"{first.tls},{second.tls}", first.certificate))
        refresh(running)
        yield running


def refresh(server):
    return server.cli("directory", "refresh", "example.test", as_json=True)


def show(server, user):
    return server.cli("user", "show", f"{user}@example.test", as_json=True)


def sign_in(server, user, password=None):
    imap = imaplib.IMAP4_SSL("127.0.0.1", server.port("imaps"), ssl_context=kx.tls_context())
    try:
        imap.login(f"{user}@example.test", password or kx.password_of(user))
        return True
    except imaplib.IMAP4.error as error:
        return str(error)
    finally:
        imap.shutdown()


def sign_in_plain(server, user, password):
    """The same with words beyond ASCII; the answer."""
    imap = imaplib.IMAP4_SSL("127.0.0.1", server.port("imaps"), ssl_context=kx.tls_context())
    try:
        return imap.authenticate("PLAIN", lambda _: f"\0{user}@example.test\0{password}".encode())[0]
    except imaplib.IMAP4.error as error:
        return str(error)
    finally:
        imap.shutdown()


def rcpt(server, address):
    with smtplib.SMTP("127.0.0.1", server.port("smtp")) as smtp:
        smtp.ehlo("client.test")
        smtp.mail("writer@elsewhere.test")
        return smtp.rcpt(address)[0]


@pytest.mark.covers("DIR-01", "DIR-04", "DIR-10", "DOM-41", "USR-02", "USR-03", "DIR-14", "DIR-17")
def test_users_of_a_directory_stand_beside_those_kept_here(server):
    user = show(server, "wsmith")
    assert user["source"] == "ldap" and user["name"] == "Winston Smith" and user["directory-entry"] == dn_of("wsmith")
    assert user["addresses"] == ["winston"] and user["description"] == "Ministry of Truth"
    assert server.cli("user", "list", "example.test").split("\n")[0].split()[2:4] == ["Data", "source"]
    sources = {one["user"]: one["source"] for one in server.cli("user", "list", "example.test", as_json=True)}
    assert sources["julia@example.test"] == "ldap" and sources["local@example.test"] == "internal"
    assert sign_in(server, "wsmith") is True
    assert sign_in(server, "local") is True
    assert sign_in(server, "local", "the directory's own word") is not True
    server.wait_log("warning", r'"local" \(uid=local,.*there is an account of that name here already')


@pytest.mark.covers("DIR-07")
def test_a_name_beyond_ascii_is_left_out_and_the_log_says_so(server):
    server.wait_log("warning", r'Directory of example.test: .* names of users may have ASCII characters only')
    assert server.run("user", "show", "jürgen@example.test").returncode == 1


@pytest.mark.covers("DIR-02")
def test_who_is_new_in_the_directory_gets_mail_and_signs_in_at_once(server, ldap):
    assert rcpt(server, "parsons@example.test") == 550
    ldap.add(person("syme", mail=["syme@example.test", "newspeak@example.test"]))
    assert rcpt(server, "newspeak@example.test") == 250
    assert show(server, "syme")["addresses"] == ["newspeak"]
    ldap.add(person("ampleforth"))
    assert sign_in(server, "ampleforth", "a guess") is not True
    assert sign_in(server, "ampleforth") is True
    server.deliver("ampleforth", "Subject: verse\n\nrod\n")
    with server.imap("ampleforth") as imap:
        assert imap.select()[1] == [b"1"]


@pytest.mark.covers("DIR-03", "DIR-27", "USR-20")
def test_changes_removals_and_groups_follow(server, ldap):
    group = server.cli("group", "show", "truth@example.test", as_json=True)
    assert group["source"] == "ldap" and group["members"] == ["julia", "wsmith"] and group["addresses"] == ["ministry"]
    assert server.cli("group", "show", "love@example.test", as_json=True)["members"] == ["obrien"]
    server.deliver("ministry", "Subject: to all\n\nhello\n")
    for name in ("wsmith", "julia"):
        with server.imap(name) as imap:
            assert imap.select()[1] == [b"1"]
    server.cli("group", "add", "here@example.test", "--members", "julia")
    ldap.add(person("goldstein"))
    ldap.modify(f"dn: cn=truth,ou=groups,{BASE}\nchangetype: modify\ndelete: member\nmember: {dn_of('julia')}\n\n"
                f"dn: {dn_of('julia')}\nchangetype: modify\nreplace: mail\nmail: j@example.test\n")
    assert rcpt(server, "j@example.test") == 250 and show(server, "julia")["addresses"] == ["j"]
    report = refresh(server)
    assert show(server, "julia")["groups"] == ["here"]
    assert sign_in(server, "goldstein") is True
    server.deliver("goldstein", "Subject: the book\n\nread\n")
    idle = RawImap(server, "goldstein")
    idle.ok("SELECT INBOX")
    idle.idle()
    ldap.delete(dn_of("goldstein"))
    assert sign_in(server, "julia") is True
    refresh(server)
    kx.wait_until(lambda: idle.read_untagged()[0] == "BYE", what="the end of the session")
    idle.close()
    user = show(server, "goldstein")
    assert user["source"] == "gone" and user["disabled"] and sign_in(server, "goldstein") is not True
    assert rcpt(server, "goldstein@example.test") == 550 and (server.data / "store/mail/example.test/goldstein").is_dir()
    ldap.add(person("goldstein"))
    refresh(server)
    assert show(server, "goldstein")["source"] == "ldap" and sign_in(server, "goldstein") is True
    assert rcpt(server, "goldstein@example.test") == 250
    server.cli("user", "set", "goldstein@example.test", "--disabled", "yes")
    ldap.delete(dn_of("goldstein"))
    refresh(server)
    assert show(server, "goldstein")["source"] == "gone-disabled"
    ldap.add(person("goldstein"))
    refresh(server)
    assert show(server, "goldstein")["source"] == "ldap" and show(server, "goldstein")["disabled"]
    server.cli("user", "set", "goldstein@example.test", "--disabled", "no")
    ldap.delete(f"cn=love,ou=groups,{BASE}")
    refresh(server)
    assert server.run("group", "show", "love@example.test").returncode == 1
    assert refresh(server) == {"users": report["users"], "groups": 1, "added": 0, "changed": 0, "gone": 0,
                               "left-out": 2}


@pytest.mark.covers("DIR-20", "DIR-22", "DIR-24", "DIR-25", "DIR-26", "DIR-28", "DIR-32")
def test_the_schema_says_what_only_mail_needs(server, ldap):
    ldap.add(person("charrington", objectClass="keryxAccount", keryxAddress="shop@example.test",
                    keryxForward=["police@elsewhere.test", "wsmith@example.test"], keryxForwardOnly="TRUE",
                    keryxQuota="1000000", keryxQuotaItems="50", keryxAdmin="read"),
             person("withers", objectClass="keryxAccount", keryxEnabled="FALSE"))
    refresh(server)
    user = show(server, "charrington")
    assert user["addresses"] == ["shop"] and user["forward"] == ["police@elsewhere.test", "wsmith@example.test"]
    assert user["forward-only"] and user["quota"] == 1000000 and user["quota-items"] == 50 and user["admin"] == "read"
    assert server.run("user", "show", "withers@example.test").returncode == 1
    server.cli("user", "set", "obrien@example.test", "--quota", "2M", "--publish", "yes")
    refresh(server)
    assert show(server, "obrien")["quota"] == 2 << 20 and show(server, "obrien")["publish"]


@pytest.mark.covers("DIR-05", "WADM-05", "USR-05", "DIR-32")
def test_what_the_directory_says_is_changed_there_only(server):
    for options in (["--name", "Other"], ["--addresses", "other"], ["--password", "a new secret of his"]):
        refused = server.run("user", "set", "wsmith@example.test", *options)
        assert refused.returncode == 1 and "comes from the directory of the domain" in refused.stderr
        assert server.run("user", "set", "wsmith@example.test", "--source", "ldap", *options).returncode == 1
    for options in (["--groups", ""], ["--groups", "truth,love"], ["--source", "gone"]):
        assert server.run("user", "set", "wsmith@example.test", *options).returncode == 1
    server.cli("user", "set", "wsmith@example.test", "--groups", "truth,here", "--name", "Winston Smith")
    assert show(server, "wsmith")["groups"] == ["here", "truth"]
    assert "change the name there" in server.run("group", "rename", "truth@example.test", "lies").stderr
    assert server.run("group", "set", "truth@example.test", "--members", "obrien").returncode == 1
    assert "is disabled" in server.cli("user", "remove", "obrien@example.test")
    refresh(server)
    assert show(server, "obrien")["disabled"] and sign_in(server, "obrien") is not True
    server.cli("user", "set", "obrien@example.test", "--disabled", "no")
    assert sign_in(server, "obrien") is True


def test_scram_is_held_back_and_an_empty_password_is_nobodys(server):
    with imaplib.IMAP4_SSL("127.0.0.1", server.port("imaps"), ssl_context=kx.tls_context()) as imap:
        assert not any("SCRAM" in word for word in imap.capabilities)
        with pytest.raises(imaplib.IMAP4.error):
            imap.login("wsmith@example.test", "")
    assert sign_in(server, "nobody-at-all", "x") == sign_in(server, "julia", "x")


def test_wrong_passwords_count_for_the_lockout(server, ldap):
    ldap.add(person("rutherford"))
    server.cli("config", "set", "auth.lockout-failures", "2")
    for _ in range(2):
        assert sign_in(server, "rutherford", "wrong") is not True
    assert sign_in(server, "rutherford") is not True
    server.cli("lockout", "clear")
    assert sign_in(server, "rutherford") is True
    server.cli("config", "set", "auth.lockout-failures", "1000")


@pytest.mark.covers("DIR-08", "DIR-09")
def test_they_stand_in_the_public_contacts_unless_they_are_hidden(server):
    server.cli("user", "set", "julia@example.test", "--imap-full-listing", "yes")

    def names():
        with RawImap(server, "julia") as client:
            if client.command("SELECT #public/Contacts").status != "OK":
                return set()
            answer = client.command("UID FETCH 1:* (BINARY.PEEK[1])")
            cards = [row[2][row[2].index("BINARY[1]") + 1].decode() for row in answer.untagged if row[1:2] == ["FETCH"]]
        return {line[3:] for card in cards for line in card.split("\r\n") if line.startswith("FN:")}

    kx.wait_until(lambda: {"Winston Smith", "O'Brien"} <= names(), what="the contacts")
    server.cli("user", "set", "wsmith@example.test", "--publish", "no")
    kx.wait_until(lambda: "Winston Smith" not in names(), what="their end")
    refresh(server)
    assert not show(server, "wsmith")["publish"]


@pytest.mark.covers("DOM-28", "USR-61")
def test_the_debug_log_follows_the_questions(server, ldap):
    sign_in(server, "wsmith", "a wrong one")
    server.wait_log("debug", r"\{user-authentication\} Password of wsmith@example.test, asked of the directory at "
                             rf"127.0.0.1:{ldap.tls_port}: the directory does not take the password")
    server.wait_log("debug", r"\{directory-lookup\} Directory of example.test: \(&.*\(uid=wsmith\).* 1 found")


def test_what_is_too_long_for_a_question_is_nobodys(server):
    ligatures = "\ufdfa" * 122  # SASLprep makes 33 bytes of each
    assert "AUTHENTICATIONFAILED" in sign_in_plain(server, "julia", ligatures)
    assert "AUTHENTICATIONFAILED" in sign_in_plain(server, "*" * 400, "x")
    assert rcpt(server, "*" * 240 + "@example.test") == 550
    assert rcpt(server, "a" * 240 + "@example.test") == 550
    assert sign_in(server, "julia") is True
    for field, entry in (("hosts", "directory{}.example.test"), ("attributes", "quota=attribute{}")):
        many = ",".join(entry.format(i) for i in range(200))
        refused = server.run("domain", "set", "example.test", f"--directory-{field}", many)
        assert refused.returncode == 1 and f"directory-{field}: all of it together" in refused.stderr


@pytest.mark.covers("DIR-11", "DIR-12", "DIR-13", "DIR-18")
def test_what_is_wrong_with_a_directory_is_said(server, directories, tmp_path):
    first, second = directories
    good, other = server.cli("directory", "test", "example.test", as_json=True)
    assert good["state"] == other["state"] == "good" and good["users"] > 4 and other["groups"] == 2
    assert good["server"] == first.tls and good["tls"].startswith("TLS") and good["address"] == "127.0.0.1"
    own, _key = slapd.make_certificate(tmp_path, "other")

    def test(*options):
        server.cli("domain", "set", "second.test", *options)
        return server.run("directory", "test", "second.test").stderr

    server.cli("domain", "add", "second.test", *options(first.tls, first.certificate))
    assert 'there is no entry "dc=second,dc=test"' in test()
    assert test("--directory-name", "example.test") == ""
    assert "signing in failed: Invalid credentials" in test("--directory-password", "wrong")
    assert "TLS failed" in test("--directory-password", slapd.READER_PASSWORD, "--directory-ca-file", own)
    assert "TLS failed" in test("--directory-ca", "")
    assert "cannot connect" in test("--directory-hosts", f"127.0.0.1:{slapd.free_port()}")
    assert test("--directory-ca-file", first.certificate, "--directory-hosts", first.plain, "--directory-tls",
                "starttls") == ""
    assert test("--directory-tls", "none") == ""
    assert slapd.READER_PASSWORD not in server.cli("domain", "show", "second.test")
    assert "directory-hosts" in server.run("domain", "set", "second.test", "--directory-hosts", "").stderr
    assert "not an LDAP filter" in server.run("domain", "set", "second.test", "--directory-users", "(a=b)(c=d)").stderr
    assert "WHAT=ATTRIBUTE" in server.run("domain", "set", "second.test", "--directory-attributes", "x=y").stderr
    server.cli("domain", "set", "second.test", "--directory-attributes", "name=cn,full-name=sn", "--directory-users",
               "(sn=Obrien)")
    found = server.cli("directory", "list", "second.test", as_json=True)
    assert [(one["name"], one["full-name"], one["entry"]) for one in found] == [("O'Brien", "Obrien", dn_of("obrien"))]
    server.cli("domain", "set", "second.test", "--directory", "none")


@pytest.mark.covers("DIR-06", "DIR-15")
def test_a_backup_server_answers_and_an_outage_is_no_wrong_password(server, directories):
    first, second = directories
    first.stop()
    assert sign_in(server, "obrien") is True and sign_in(server, "obrien", "wrong") is not True
    second.stop()
    wrong = sign_in(server, "wsmith", "another wrong one")
    assert "UNAVAILABLE" in wrong or "try again" in wrong.lower()
    assert sign_in(server, "local") is True
    assert rcpt(server, "wsmith@example.test") == 250 and rcpt(server, "unknown-so-far@example.test") == 451
    server.wait_log("error", r"The directory of example.test cannot be used: .*cannot connect")
    first.start()
    kx.wait_until(lambda: server.run("directory", "refresh", "example.test").returncode == 0, what="the directory")
    assert sign_in(server, "charrington") is True
    server.wait_log("warning", "The directory of example.test can be used again")
    second.start()


@pytest.mark.covers("USR-20")
def test_after_a_start_the_directory_is_looked_at(server, ldap):
    ldap.add(person("tillotson"))
    server.restart()
    kx.wait_until(lambda: server.run("user", "show", "tillotson@example.test").returncode == 0, what="the look")
