# SPDX-License-Identifier: Apache-2.0
"""The three deployments of the manual (DEPLOY), each set up by the command line from nothing and then used."""

import csv
import http.client

import kx
import mailboxes
import pytest
import world
from aiosmtpd.smtp import AuthResult
from test_download import message

STAFF = ("jwayne", "wsmith", "amonroe")


@pytest.fixture(scope="module")
def port():
    return world.free_port()


def make_company(server, domain, tmp_path, groups=None):
    """The primary domain with its people, from a table."""
    server.cli("domain", "add", domain, "--primary", "yes")
    for group in groups or {}:
        server.cli("group", "add", f"{group}@{domain}")
    path = tmp_path / "people.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file, delimiter=";")
        table.writerow(["Name", "Password", "FullName", "Groups"])
        for user in STAFF:
            table.writerow([user, kx.password_of(user), user.title(),
                            ",".join(group for group, members in (groups or {}).items() if user in members)])
    server.cli("user", "import", domain, path)


def sign_in(server, user, domain):
    with server.imap(f"{user}@{domain}", kx.password_of(user)) as imap:
        return imap.select()[0]


def subjects(server, user, domain):
    with server.imap(f"{user}@{domain}", kx.password_of(user)) as imap:
        imap.select()
        numbers = imap.search(None, "ALL")[1][0].split()
        fields = [imap.fetch(number, "(BODY[HEADER.FIELDS (SUBJECT)])")[1][0][1] for number in numbers]
    return sorted(field.decode().strip().removeprefix("Subject: ") for field in fields)


def submit(server, user, domain, to, subject):
    with server.smtp(f"{user}@{domain}", kx.password_of(user)) as smtp:
        smtp.sendmail(f"{user}@{domain}", to, f"Subject: {subject}\r\n\r\n")


# --- A: a permanent line


@pytest.mark.covers("DEPLOY-02", "DEPLOY-03", "DEPLOY-04", "DEPLOY-05", "DEPLOY-06", "DEPLOY-07", "DEPLOY-08", "TECH-30")
def test_a_permanent_line(keryx_binary, port, tmp_path):
    exchanger = world.Received()
    box = mailboxes.Box(message("from the old provider"))
    config = {"server.hostname": "mail.company.test", "internet.connection": "online", "smtp.delivery-port": port}
    with (world.name_server({"far.test": "@ MX 10 mx\nmx A 127.0.9.81\n"}) as dns,
          world.mail_server(exchanger, "127.0.9.81", port), mailboxes.pop3(box) as provider,
          kx.running_server(keryx_binary, config={**config, "dns.servers": dns}) as server):
        make_company(server, "company.test", tmp_path, {"production": ("jwayne", "wsmith"), "sales": ("amonroe",)})
        server.cli("alias", "add", "orders@company.test", "production@company.test")
        server.cli("group", "set", "sales@company.test", "--addresses", "sales")
        server.cli("group", "set", "production@company.test", "--addresses", "production")
        server.cli("download", "add", "old", "--host", "127.0.0.1", "--port", provider, "--tls", "none", "--login", "box",
                   "--password", "secret", "--deliver-to", "amonroe@company.test")
        server.cli("schedule", "add", "fetch", "--every", "10m", "--actions", "download")
        assert server.cli("schedule", "show", "fetch", as_json=True)["actions"] == ["download"]

        server.deliver("production@company.test", "Subject: to production\n\n")
        server.deliver("orders@company.test", "Subject: to its alias\n\n")
        server.deliver("sales@company.test", "Subject: to sales\n\n")
        kx.wait_until(lambda: subjects(server, "jwayne", "company.test") == ["to its alias", "to production"],
                      what="mail of the group")
        assert subjects(server, "wsmith", "company.test") == ["to its alias", "to production"]
        server.cli("schedule", "run", "fetch")
        kx.wait_until(lambda: subjects(server, "amonroe", "company.test") == ["from the old provider", "to sales"],
                      what="what lay at the provider")
        submit(server, "jwayne", "company.test", "friend@far.test", "at once")  # no schedule sends it
        kx.wait_until(lambda: exchanger.recipients() == ["friend@far.test"], what="the message at its exchanger")


def answers(server, source):
    """Does the web administration talk to this address?"""
    connection = http.client.HTTPSConnection("127.0.0.1", server.port("admin"), timeout=10, context=kx.tls_context(),
                                             source_address=(source, 0))
    try:
        connection.request("GET", "/api/v1/openapi.json")
        connection.getresponse().read()
        return True
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@pytest.mark.covers("DEPLOY-10")
def test_administration_from_one_host_only(keryx_binary):
    with kx.running_server(keryx_binary) as server:
        server.cli("ipgroup", "set", "Remote administration", "--entries", "127.0.0.22")
        server.cli("config", "set", "service.admin.access-group", "Remote administration")
        kx.wait_until(lambda: not answers(server, "127.0.0.1"), what="others are refused")
        assert answers(server, "127.0.0.22") and server.cli("status")


# --- B: a line that is up at times, and one mailbox at the provider for all


@pytest.mark.covers("DEPLOY-11", "DEPLOY-12", "DEPLOY-14", "DEPLOY-15", "DEPLOY-17")
def test_a_line_at_times_and_one_mailbox_for_all(keryx_binary, port, tmp_path):
    logins = []

    def authenticate(server, session, envelope, mechanism, data):
        logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"relay secret")

    authority = world.Authority(tmp_path)
    relay = world.Received()
    received = "Received: from a.test by pop3.isp.test\r\n\tfor <{}@othercompany.test>; Thu, 1 Jan 2026 00:00:00 +0000\r\n"
    box = mailboxes.Box(message("for one", extra=received.format("jwayne")),
                        message("for the other", extra=received.format("w.smith")))
    config = {"server.hostname": "mail.othercompany.test", "internet.connection": "offline", "smtp.relay-host": "localhost",
              "smtp.relay-port": port, "smtp.relay-tls": "verify", "smtp.relay-user": "othercompany",
              "smtp.relay-password": "relay secret"}
    with (world.trust(authority), mailboxes.pop3(box) as provider,
          world.mail_server(relay, "127.0.0.1", port, tls_context=authority.server_tls("localhost"), require_starttls=True,
                            authenticator=authenticate, auth_required=True),
          kx.running_server(keryx_binary, config=config) as server):
        domain = "othercompany.test"
        make_company(server, domain, tmp_path)
        server.cli("download", "add", "isp", "--host", "127.0.0.1", "--port", provider, "--tls", "none", "--login", "box",
                   "--password", "secret", "--sort", "yes", "--header", "Received")
        server.cli("sorting", "add", f"jwayne@{domain}", "--deliver-to", f"jwayne@{domain}")
        server.cli("sorting", "add", f"w.smith@{domain}", "--deliver-to", f"wsmith@{domain}")
        server.cli("timerange", "add", "Working hours", "--entries", "daily 08:00-17:00 weekdays")
        actions = ("--actions", "download,send-queue")
        server.cli("schedule", "add", "hourly", "--every", "1h", "--range", "Working hours", *actions)
        for time in ("20:00", "0:00", "5:00"):
            server.cli("schedule", "add", f"at {time}", "--at", time, *actions)
        rows = {row["schedule"]: row for row in server.cli("schedule", "list", as_json=True)}
        assert [rows[f"at {time}"]["range"] for time in ("20:00", "0:00", "5:00")] == ["", "", ""]

        submit(server, "jwayne", domain, f"wsmith@{domain}", "to the next room")
        kx.wait_until(lambda: subjects(server, "wsmith", domain) == ["to the next room"], what="local mail")
        submit(server, "jwayne", domain, "friend@far.test", "into the world")
        assert "friend@far.test" in server.cli("queue", "list") and not relay.messages and not box.said
        server.cli("schedule", "run", "at 20:00")
        kx.wait_until(lambda: relay.recipients() == ["friend@far.test"], what="the message at the relay")
        assert logins == [(b"othercompany", b"relay secret")]
        kx.wait_until(lambda: subjects(server, "jwayne", domain) == ["for one"], what="the provider's mail")
        kx.wait_until(lambda: subjects(server, "wsmith", domain) == ["for the other", "to the next room"],
                      what="that of the other")
        assert not box.messages


# --- C: a line at times, and a provider that keeps the mail until it is asked for


@pytest.mark.covers("DEPLOY-18")
def test_a_line_at_times_and_a_backup_that_is_asked(keryx_binary, tmp_path):
    domain = "thirdcompany.test"
    quick = {"queue.retry-interval": "1s", "queue.max-retry-interval": "2s"}
    with (kx.running_server(keryx_binary, users=["etrn"], config=quick) as backup,
          kx.running_server(keryx_binary, config={"internet.connection": "offline"}) as primary):
        make_company(primary, domain, tmp_path)
        backup.cli("domain", "add", domain, "--forward-host", "127.0.0.1", "--forward-port", primary.port("smtp"),
                   "--forward-mode", "etrn", "--etrn-users", "etrn@example.test")
        primary.cli("etrn", "add", "isp", "--host", "127.0.0.1", "--port", backup.port("submission"), "--domains", domain,
                    "--user", "etrn@example.test", "--password", kx.password_of("etrn"))
        primary.cli("timerange", "add", "Working hours", "--entries", "daily 08:00-17:00 weekdays")
        primary.cli("schedule", "add", "hourly", "--every", "1h", "--range", "Working hours", "--actions", "etrn,send-queue")
        primary.cli("schedule", "add", "night", "--at", "20:00,0:00,5:00", "--actions", "etrn,send-queue")

        with backup.smtp() as smtp:  # the world, while the line is down
            smtp.sendmail("sender@elsewhere.test", [f"jwayne@{domain}"], "Subject: held\r\n\r\n")
        assert f"jwayne@{domain}" in backup.cli("queue", "list") and subjects(primary, "jwayne", domain) == []
        primary.cli("schedule", "run", "night")
        kx.wait_until(lambda: subjects(primary, "jwayne", domain) == ["held"], what="what was held")
        with primary.smtp() as smtp:  # and while it is up
            smtp.sendmail("sender@elsewhere.test", [f"jwayne@{domain}"], "Subject: directly\r\n\r\n")
        kx.wait_until(lambda: subjects(primary, "jwayne", domain) == ["directly", "held"], what="what came by itself")
