# SPDX-License-Identifier: Apache-2.0
"""Domains, people and groups as those meet them who send mail to them or sign in."""

import base64
import concurrent.futures
import contextlib
import http.client
import imaplib
import smtplib
import socket
import ssl
import subprocess
import threading
import uuid

import pytest

import kx
import world
from adminapi import ADMIN, Api
from rawimap import RawImap

SECRET = "a secret of mine"
ZONES = {"remote.test": "@ MX 10 mx\nmx A 127.0.10.1\n"}


@pytest.fixture(scope="module")
def port():
    return world.free_port("127.0.10.1")


@pytest.fixture(scope="module")
def server(keryx_binary, port):
    """Sends to the world of this test; its mail server is 127.0.10.1."""
    with world.name_server(ZONES) as dns:
        config = {"dns.servers": dns, "smtp.delivery-port": port, "internet.connection": "online"}
        with kx.running_server(keryx_binary, users=("alice", "bob"), config=config) as instance:
            yield instance


@pytest.fixture(scope="module")
def api(server):
    return Api(server, server.cli("token", "add", "tests", "--user", ADMIN).strip())


@pytest.fixture
def company(api):
    """A domain of the test's own with the people ann and ben."""
    name = f"c{uuid.uuid4().hex[:8]}.test"
    api.ok("POST", "domains", {"domain": name})
    for person in ("ann", "ben"):
        api.ok("POST", "users", {"user": f"{person}@{name}", "password": SECRET})
    return name


def signs_in(server, login, password=SECRET):
    client = imaplib.IMAP4_SSL("127.0.0.1", server.port("imaps"), ssl_context=kx.tls_context(), timeout=60)
    with contextlib.closing(client.socket()):
        try:
            client.login(login, password)
        except imaplib.IMAP4.error:
            return False
        return True


def refusal(server, recipient, sender="sender@elsewhere.test", options=()):
    """(code, text) of RCPT; (250, ...) if it would be taken."""
    with server.smtp() as client:
        client.command_encoding = "utf-8"
        assert client.mail(sender, options)[0] == 250
        return client.rcpt(recipient)


def send(server, *recipients, subject="hello"):
    with server.smtp() as client:
        client.sendmail("sender@elsewhere.test", recipients, f"Subject: {subject}\r\n\r\nhello\r\n".encode())


# --- accounts and their domain

@pytest.mark.covers("USR-01", "ADM-17", "WADM-15", "HOST-60")
def test_an_account_is_one_of_its_domain(server, api, company):
    """Bare names are those of the primary domain; the same name elsewhere is somebody else."""
    api.ok("POST", "users", {"user": f"alice@{company}", "password": SECRET, "web-admin": True})
    assert signs_in(server, "alice", kx.password_of("alice")) and signs_in(server, f"alice@{company}")
    wrong = [("alice", SECRET), ("ann", SECRET), (f"ann@{server.domain}", SECRET), (f"alice@{company}", kx.password_of("alice"))]
    with concurrent.futures.ThreadPoolExecutor() as pool:  # each is answered a second later
        assert not any(pool.map(lambda one: signs_in(server, *one), wrong))
    assert refusal(server, f"ann@{server.domain}")[0] == 550 and refusal(server, f"ann@{company}")[0] == 250
    send(server, f"alice@{company}")
    server.wait_messages(f"alice@{company}", 1)
    assert not server.eml_files("alice")
    assert Api(server).sign_in("admin", kx.ADMIN_PASSWORD)["user"] == ADMIN
    assert Api(server).sign_in(f"alice@{company}", SECRET)["domain"] == company
    assert Api(server).ask("POST", "session", {"user": "alice", "password": SECRET})[0] == 401


@pytest.mark.covers("USR-24", "GRP-03", "GRP-05")
def test_groups_are_filled_from_either_side(server, api, company):
    api.ok("POST", "groups", {"group": f"staff@{company}"})  # no address, no member, no right
    assert refusal(server, f"staff@{company}")[0] == 550
    assert api.ask("POST", "groups", {"group": f"STAFF@{company}"})[0] == 409
    assert api.ask("PATCH", f"users/ann@{company}", {"groups": ["nobody"]})[0] in (400, 404)
    api.ok("PATCH", f"groups/staff@{company}", {"addresses": ["team"], "members": ["ann"], "description": "all of us"})
    api.ok("PATCH", f"users/ben@{company}", {"groups": ["staff"]})
    send(server, f"team@{company}", subject="both")
    for name in ("ann", "ben"):
        server.wait_messages(f"{name}@{company}", 1)
    assert api.ok("GET", f"groups/staff@{company}")["members"] == ["ann", "ben"]
    assert [row["group"] for row in api.ok("GET", "groups?search=all of us".replace(" ", "%20"))["items"]] == [f"staff@{company}"]
    api.ok("PATCH", f"users/ann@{company}", {"groups": None})
    send(server, f"team@{company}", subject="one")
    server.wait_messages(f"ben@{company}", 2)
    assert len(server.eml_files(f"ann@{company}")) == 1


@pytest.mark.covers("USR-13", "WADM-02")
def test_a_change_leaves_what_it_does_not_name(server, api, company):
    login = f"ann@{company}"
    api.ok("PATCH", f"users/{login}", {"web-admin": True, "description": "Kirchgasse 7", "addresses": ["a.b"], "forward": [f"ben@{company}"]})
    boss = Api(server)
    boss.sign_in(login, SECRET)
    assert [row["user"] for row in boss.ok("GET", "users?search=kirchgasse")["items"]] == [login]
    boss.ok("PATCH", f"users/ben@{company}", {"name": "Ben"})
    boss.ok("PATCH", f"users/{login}", {"name": "Ann"})
    seen = api.ok("GET", f"users/{login}")
    assert (seen["description"], seen["addresses"], seen["web-admin"]) == ("Kirchgasse 7", ["a.b"], True)
    send(server, f"a.b@{company}")
    for name in ("ann", "ben"):
        server.wait_messages(f"{name}@{company}", 1)


@pytest.mark.covers("HOST-61", "LIM-02")
def test_a_mailbox_holds_so_many_messages(server, api, company):
    api.ok("PATCH", f"users/ann@{company}", {"quota-items": 2})
    for number in range(2):
        send(server, f"ann@{company}", subject=str(number))
        kx.wait_until(lambda: len(server.eml_files(f"ann@{company}")) > number, what="a message below the limit")
    with pytest.raises((smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError), match="2.2"):
        send(server, f"ann@{company}")
    api.ok("PATCH", f"users/ann@{company}", {"quota-items": 0})
    send(server, f"ann@{company}", subject="more")
    kx.wait_until(lambda: any(b"Subject: more" in mail for mail in server.eml_files(f"ann@{company}").values()),
                  what="a message after the limit is gone")


# --- public folders

@pytest.mark.covers("HOST-47", "HOST-71", "USR-27", "USR-28")
def test_each_domain_has_public_folders_of_its_own(server, api, company):
    with RawImap(server, f"ann@{company}", SECRET) as ann:
        assert not ann.command("CREATE #public/News").status == "OK"
        api.ok("PATCH", f"users/ann@{company}", {"public-folders": True})
        ann.ok("CREATE #public/News")
        ann.append("#public/News", b"Subject: news\r\n\r\nnews\r\n")
    with RawImap(server, f"ben@{company}", SECRET) as ben:  # reads, by default, and no more
        assert ben.ok("SELECT #public/News").code == "READ-ONLY"
        assert not ben.command("CREATE #public/News/Mine").status == "OK"
        assert not ben.command("DELETE #public/News").status == "OK"
    with RawImap(server, "admin", kx.ADMIN_PASSWORD) as admin:  # has the right, in the primary domain
        assert not admin.command("SELECT #public/News").status == "OK"
        admin.ok("CREATE #public/Ours")
        admin.ok("DELETE #public/Ours")


# --- the server's name, and how it is reached

class Listening(world.Received):
    """Notes how clients call themselves."""

    def __init__(self):
        super().__init__()
        self.names = []

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self.names.append(hostname)
        return responses


@pytest.mark.covers("DOM-03", "HOST-20")
def test_the_server_says_who_it_is(server, port):
    for name in ("mail.one.test", "mail.two.test"):
        box = Listening()
        with world.mail_server(box, "127.0.10.1", port):
            server.configure({"server.hostname": name})
            with server.smtp() as client:
                assert client.ehlo_resp.startswith(name.encode())
            with server.smtp("alice") as client:
                client.sendmail(server.address("alice"), ["x@remote.test"], b"Subject: out\r\n\r\nhello\r\n")
            kx.wait_until(lambda: name in box.names, what="a greeting with the new name")
    server.configure({"server.hostname": kx.HOSTNAME})


@pytest.mark.covers("HOST-13")
def test_submission_is_for_those_who_sign_in(server):
    with server.smtp(service="submission") as client:
        client.starttls(context=kx.tls_context())
        client.ehlo()
        assert client.mail(server.address("alice"))[0] == 530
        client.login(server.address("alice"), kx.password_of("alice"))
        assert client.mail(server.address("alice"))[0] == 250


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.covers("HOST-64", "WADM-07", "WADM-14", "ADM-01", "ADM-03")
def test_every_service_is_there_over_tls(server):
    for service in ("imap", "imaps"):
        server.imap("alice", service=service).logout()
    for service in ("pop3", "pop3s"):
        server.pop3("alice", service=service).quit()
    for service in ("submission", "smtps"):
        with server.smtp("alice", service=service) as client:
            assert client.noop()[0] == 250
    # The administration is there over TLS alone, and of a version that still is good.
    with contextlib.closing(server.connect("admin")) as tls:
        assert tls.version() in ("TLSv1.2", "TLSv1.3")
    old = kx.tls_context()
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    for service in ("admin", "imaps", "pop3s", "smtps"):
        with contextlib.suppress(ssl.SSLError, OSError):
            with socket.create_connection(("127.0.0.1", server.port(service)), 30) as raw:
                old.wrap_socket(raw, server_hostname=server.hostname)
            pytest.fail(f"{service} takes TLS 1.1")
    with contextlib.suppress(OSError):
        with socket.create_connection(("127.0.0.1", server.port("admin")), 30) as raw:
            raw.sendall(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200" not in raw.recv(1000)


@pytest.mark.covers("TOOL-15", "WADM-11")
def test_domains_are_administered_from_some_places_only(server, api, company):
    """Switched off, or from a group, whoever administers the server goes on."""
    api.ok("PATCH", f"users/ann@{company}", {"web-admin": True})
    api.ok("PUT", "ip-groups/Branch", {"entries": ["127.0.2.0/24"]})
    outside = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()[:1]

    def from_address(source, fields, host="127.0.0.1"):
        client = Api(server)
        client.fields = fields
        client.client = http.client.HTTPSConnection(host, server.port("admin"), timeout=30, context=kx.tls_context(),
                                                    source_address=(source, 0))
        return client

    boss = Api(server)
    boss.sign_in(f"ann@{company}", SECRET)
    api.ok("PATCH", "settings", {"settings": {"admin.domain-access-group": "Branch"}})
    try:
        assert boss.ask("GET", "users")[0] == 403  # at once
        assert Api(server).ask("POST", "session", {"user": f"ann@{company}", "password": SECRET})[0] == 403
        assert from_address("127.0.2.9", boss.fields).ask("GET", "users")[0] == 200
        assert api.ask("GET", "users")[0] == 200
        assert api.ask("DELETE", "ip-groups/Branch")[0] == 409
        api.ok("PATCH", "settings", {"settings": {"admin.domain-access-group": None, "admin.domain-remote": False}})
        assert boss.ask("GET", "users")[0] == 200
        for address in outside:
            assert from_address(address, boss.fields, address).ask("GET", "users")[0] == 403
            assert from_address(address, api.fields, address).ask("GET", "users")[0] == 200
    finally:
        api.ok("PATCH", "settings", {"settings": {"admin.domain-access-group": None, "admin.domain-remote": None}})
    api.ok("DELETE", "ip-groups/Branch")


@pytest.mark.covers("ADM-14", "DOM-13")
def test_a_value_that_makes_no_sense_is_not_saved(api, company):
    path = f"domains/{company}"
    status, problem, _ = api.ask("PATCH", path, {"keep-deleted-days": 366, "description": "not saved either"})
    assert status == 400 and "365" in problem["detail"]
    assert api.ok("GET", path)["description"] == ""
    assert api.ok("PATCH", path, {"keep-deleted-days": 365})["keep-deleted-days"] == 365


# --- names

@pytest.mark.parametrize("name", ["a b", "a/b", "#public", "~bob", "a@b@c", ".a", "a..b", "a" * 65, "\u200bann", "a\u202enna",
                                  "a\uff0fb", "50%", "", "a\nb", "a*"])
def test_names_that_nobody_can_have(server, api, company, name):
    status, problem, _ = api.ask("POST", "users", {"user": f"{name}@{company}"})
    assert status == 400 and problem["detail"], problem
    assert api.ok("GET", f"users?domain={company}")["total"] == 2


@pytest.mark.covers("USR-11")
def test_names_in_other_scripts(server, api):
    """IDN domains, and local parts beyond ASCII, which SMTPUTF8 carries (RFC 6531)."""
    domain, ascii_domain = f"bücher{uuid.uuid4().hex[:6]}.test", None
    ascii_domain = api.ok("POST", "domains", {"domain": domain})["domain"]
    assert ascii_domain.startswith("xn--bcher")
    login = f"jürgen@{ascii_domain}"
    assert api.ok("POST", "users", {"user": f"jürgen@{domain}", "password": SECRET})["user"] == login
    assert api.ask("POST", "users", {"user": f"JU\u0308RGEN@{domain.upper()}"})[0] == 409  # the same, written otherwise
    for form in (f"jürgen@{domain}", f"JÜRGEN@{ascii_domain}", f"ju\u0308rgen@{domain}"):
        assert refusal(server, form, options=["SMTPUTF8"])[0] == 250
    with server.smtp() as client:
        client.command_encoding = "utf-8"
        assert client.mail("sender@elsewhere.test", ["SMTPUTF8"])[0] == 250
        assert client.rcpt(f"jürgen@{domain}")[0] == 250
        assert client.data("Subject: grüße\r\n\r\nhallo\r\n".encode())[0] == 250
    server.wait_messages(login, 1)
    plain = base64.b64encode(f"\0JÜRGEN@{domain}\0{SECRET}".encode()).decode()
    with contextlib.closing(RawImap(server)) as client:
        assert client.command(f"AUTHENTICATE PLAIN {plain}").status == "OK"


# --- at the same time

def test_two_make_the_same_name_and_one_has_it(server, company):
    """Users, groups and further addresses share one space; whoever comes second is told so."""
    token = server.cli("token", "add", f"race-{company}", "--user", ADMIN).strip()
    wishes = [("users", {"user": f"same@{company}"}), ("groups", {"group": f"other@{company}", "addresses": ["same"]}),
              ("users", {"user": f"third@{company}", "addresses": ["same"]})] * 4
    statuses = []

    def wish(path, body):
        statuses.append(Api(server, token).ask("POST", path, body)[0])

    threads = [threading.Thread(target=wish, args=one) for one in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [409] * (len(wishes) - 1)
    assert refusal(server, f"same@{company}")[0] in (250, 550)


def test_whoever_goes_while_mail_is_coming(server, api, company):
    """Between RCPT and the end of DATA the recipient is removed: either it is kept or the sender hears of it."""
    with server.smtp() as client:
        client.mail("sender@remote.test")
        assert client.rcpt(f"ann@{company}")[0] == 250 and client.rcpt(f"ben@{company}")[0] == 250
        assert client.docmd("DATA")[0] == 354
        client.send(b"Subject: first half\r\n\r\n")
        api.ok("DELETE", f"users/ann@{company}?delete-mail=true")
        client.send(b"second half\r\n.\r\n")
        assert client.getreply()[0] == 250
    server.wait_messages(f"ben@{company}", 1)
    server.wait_log("mail", rf"Sent: .*Recipient: <ann@{company}>, Result: failed, Status: 5\.1\.1")
    assert not server.folder(f"ann@{company}").exists()
    assert api.ask("GET", f"users/ann@{company}")[0] == 404
    # Another of that name begins with nothing.
    api.ok("POST", "users", {"user": f"ann@{company}", "password": SECRET})
    client = server.imap(f"ann@{company}", SECRET)
    assert client.select()[1] == [b"0"]
    client.logout()


def test_a_domain_goes_only_when_it_is_empty(server, api, company):
    for path, word in ((f"users/ann@{company}", "user"), (f"users/ben@{company}", "user")):
        status, problem, _ = api.ask("DELETE", f"domains/{company}")
        assert status == 409 and word in problem["detail"]
        api.ok("DELETE", path)
    api.ok("DELETE", f"domains/{company}")
    assert refusal(server, f"ann@{company}")[0] in (550, 553, 554)


# --- IP address groups

def greets(server, service, source):
    try:
        with socket.create_connection(("127.0.0.1", server.port(service)), 10, (source, 0)) as raw:
            return bool(raw.recv(1))
    except OSError:
        return False


@pytest.mark.covers("TOOL-01", "TOOL-03", "TOOL-05")
def test_groups_in_groups_decide_who_gets_in(server, api):
    """Hosts, ranges, networks with masks and groups; who is in none of them is turned away."""
    api.ok("PUT", "ip-groups/Inner", {"entries": ["127.0.2.1", "127.0.3.1-127.0.3.5"]})
    api.ok("PUT", "ip-groups/Middle", {"entries": ["group:Inner", "127.0.4.0/255.255.255.0"]})
    api.ok("PUT", "ip-groups/Outer", {"entries": ["group:Middle", "2001:db8::/32"]})
    status, problem, _ = api.ask("PUT", "ip-groups/Inner", {"entries": ["group:Outer"]})
    assert status == 400 and "Outer" in problem["detail"]
    api.ok("PATCH", "settings", {"settings": {"service.pop3.access-group": "Outer"}})
    try:
        kx.wait_until(lambda: not greets(server, "pop3", "127.0.0.1"), what="a client that is turned away")
        seen = {last: greets(server, "pop3", f"127.0.{last}") for last in ("2.1", "2.2", "3.3", "3.6", "4.200", "5.1")}
        assert seen == {"2.1": True, "2.2": False, "3.3": True, "3.6": False, "4.200": True, "5.1": False}
        # What is used stays, and says by whom; a new name is followed.
        for group, user in (("Inner", "Middle"), ("Outer", "service.pop3.access-group")):
            status, problem, _ = api.ask("DELETE", f"ip-groups/{group}")
            assert status == 409 and user in problem["detail"]
        api.ok("POST", "ip-groups/Outer/rename", {"name": "Everybody"})
        api.ok("POST", "ip-groups/Inner/rename", {"name": "Core"})
        assert api.ok("GET", "settings/service.pop3.access-group")["value"] == "Everybody"
        api.ok("PUT", "ip-groups/Core", {"entries": ["127.0.5.1"]})
        kx.wait_until(lambda: greets(server, "pop3", "127.0.5.1"), what="a new member two groups below")
        assert not greets(server, "pop3", "127.0.2.1") and greets(server, "pop3", "127.0.4.7")
    finally:
        api.ok("PATCH", "settings", {"settings": {"service.pop3.access-group": None}})
    for group in ("Everybody", "Middle", "Core"):
        api.ok("DELETE", f"ip-groups/{group}")


# --- the global address list

def contacts(client):
    """{UID of the vCard: its lines} of the public folder; empty without it, and while it is being written."""
    if client.command("SELECT #public/Contacts").status != "OK":
        return {}
    found = {}
    answer = client.command("UID FETCH 1:* (BINARY.PEEK[1])")
    for row in answer.untagged if answer.status == "OK" else ():
        if row[1:2] == ["FETCH"]:
            lines = row[2][row[2].index("BINARY[1]") + 1].decode().replace("\r\n ", "").split("\r\n")
            found[next(line[4:] for line in lines if line.startswith("UID:"))] = lines
    return found


@pytest.mark.covers("GRP-04", "USR-12", "USR-19")
def test_people_are_published_in_the_public_contacts(server, api, company):
    ann, ben = f"ann@{company}", f"ben@{company}"
    api.ok("PATCH", f"users/{ben}", {"imap-full-listing": "yes", "public-folders": True})
    api.ok("PATCH", f"users/{ann}", {"publish": True})  # nobody sees her, for she has no name

    def reader():
        return RawImap(server, ben, SECRET)

    def seen(check, what):
        def look():
            with reader() as client:
                rows = contacts(client)
                return check(rows) and (rows or True)
        return kx.wait_until(look, what=what)

    api.ok("POST", "groups", {"group": f"staff@{company}", "publish": True, "addresses": ["all", "team"]})
    rows = seen(lambda rows: f"staff@{company}" in rows, "a group among the contacts")
    assert list(rows) == [f"staff@{company}"]
    assert {"KIND:group", "FN:staff", f"EMAIL:all@{company}", f"EMAIL:team@{company}"} <= set(rows[f"staff@{company}"])
    name = "Zoë Ånn, " + "Müller-" * 15 + "Lüdenscheidt; jr"
    api.ok("PATCH", f"users/{ann}", {"name": name, "addresses": ["a.m"]})
    rows = seen(lambda rows: ann in rows, "a person with a name")
    assert f"FN:{name}".replace(",", "\\,").replace(";", "\\;") in rows[ann]
    assert [line for line in rows[ann] if line.startswith("EMAIL")] == [f"EMAIL:{ann}", f"EMAIL:a.m@{company}"]
    # Each is there once, in the newest form; what people put there stays.
    with reader() as client:
        client.append("#public/Contacts", b"Subject: own\r\nContent-Type: text/vcard\r\n\r\n"
                                          b"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:own\r\nFN:Own\r\nEND:VCARD\r\n")
    api.ok("PATCH", f"users/{ann}", {"name": "Ann"})
    rows = seen(lambda rows: "FN:Ann" in rows.get(ann, ()), "the new name")
    assert sorted(rows) == sorted([ann, f"staff@{company}", "own"])
    api.ok("PATCH", f"groups/staff@{company}", {"publish": False})
    api.ok("DELETE", f"users/{ann}")
    assert list(seen(lambda rows: len(rows) == 1, "only what people put there")) == ["own"]
    with RawImap(server, "alice") as other:  # of another domain
        assert not contacts(other)


def test_published_people_outlive_a_core_that_died(server, api, company):
    """Whatever the core had written when it was killed: in the end each stands there once."""
    ben = f"ben@{company}"
    api.ok("PATCH", f"users/{ben}", {"imap-full-listing": "yes"})
    for number in range(30):
        api.ok("POST", "users", {"user": f"p{number}@{company}", "name": f"Person {number}", "publish": True})
    gone = server.kill_role("core")
    server.wait_roles(gone)
    api.client.close()
    api.ok("POST", "users", {"user": f"last@{company}", "name": "Last", "publish": True})
    state = server.data / "store" / "mail" / company / "#public" / "#published"

    def look():
        with RawImap(server, ben, SECRET) as client:
            rows = contacts(client)
            return len(rows) == 31 and client.ok("SELECT #public/Contacts") and \
                len(client.fetch("FETCH 1:* (UID)")) == 31

    kx.wait_until(look, what="31 people, each once")
    kx.wait_until(lambda: len(state.read_text().splitlines()) == 31, what="a note of each")
    state.unlink()  # what is lost is written anew
    api.ok("PATCH", f"users/last@{company}", {"name": "The last"})
    kx.wait_until(look, what="31 people, each once again")


@pytest.mark.covers("USR-19")
def test_published_people_go_where_the_public_folders_are(server, api, company):
    ben, everybody = f"ben@{company}", server.address("alice")
    api.ok("PATCH", f"users/{ben}", {"name": "Ben", "publish": True})
    api.ok("PATCH", f"users/{everybody}", {"imap-full-listing": "yes"})

    def seen():
        with RawImap(server, "alice") as client:  # of another domain
            return ben in contacts(client)

    assert not seen()
    server.cli("config", "set", "public-folders.scope", "server")
    try:
        kx.wait_until(seen, what="a person of another domain")
    finally:
        server.cli("config", "set", "public-folders.scope", "domain")
    assert not seen()
