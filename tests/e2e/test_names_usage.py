# SPDX-License-Identifier: Apache-2.0
"""Names that look like others, descriptions in IP address groups, where mail goes in one's own domain, numbers of mailboxes."""

import csv
import io
import sqlite3
import time
import uuid

import pytest

import kx
from adminapi import ADMIN, Api

SECRET = "a secret of mine"
COPY = "сору"  # Cyrillic throughout


@pytest.fixture(scope="module")
def server(keryx_binary):
    with kx.running_server(keryx_binary, users=("alice",)) as instance:
        yield instance


@pytest.fixture(scope="module")
def api(server):
    return Api(server, server.cli("token", "add", "tests", "--user", ADMIN).strip())


@pytest.fixture
def company(api):
    name = f"c{uuid.uuid4().hex[:8]}.test"
    api.ok("POST", "domains", {"domain": name})
    return name


def recipient(server, address):
    with server.smtp() as client:
        client.command_encoding = "utf-8"
        assert client.mail("sender@elsewhere.test", ["SMTPUTF8"])[0] == 250
        return client.rcpt(address)[0]


def refused(server, *words):
    done = server.run(*words)
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1
    return done.stderr


# --- names

@pytest.mark.parametrize("name, scripts", [("аlice", "Cyrillic and Latin"), ("pаypal.support", "Latin and Cyrillic"),
                                           ("ρaul", "Greek and Latin"), ("١1", "digits")])
def test_a_name_is_in_one_script(server, company, name, scripts):
    assert scripts in refused(server, "user", "add", f"{name}@{company}", "--password", SECRET)
    server.cli("user", "add", f"ben@{company}", "--password", SECRET)
    assert scripts in refused(server, "user", "set", f"ben@{company}", "--addresses", f"good,{name}")
    assert scripts in refused(server, "group", "add", f"all@{company}", "--addresses", name)
    for local in (name, "good", "all"):
        assert recipient(server, f"{local}@{company}") == 550


@pytest.mark.parametrize("name", ["иван", "иван.smith", "jürgen", "日本語tokyo", "αλέξης_7", "🎉"])
def test_names_that_are_written_so_are_taken(server, company, name):
    server.cli("user", "add", f"{name}@{company}", "--password", SECRET)
    assert recipient(server, f"{name}@{company}") == 250


def test_nobody_gets_the_looks_of_another(server, company):
    """Whoever came first has them, be it in ASCII or not; one's own further address may look alike."""
    for name, twin in (("copy", COPY), ("рас", "pac")):
        server.cli("user", "add", f"{name}@{company}", "--password", SECRET)
        assert f"'{name}@{company}'" in refused(server, "user", "add", f"{twin}@{company}", "--password", SECRET)
        assert "look like" in refused(server, "group", "add", f"all@{company}", "--addresses", twin)
        assert recipient(server, f"{twin}@{company}") == 550
    assert "look like" in refused(server, "alias", "add", f"pac@{company}", f"copy@{company}")
    server.cli("user", "set", f"copy@{company}", "--addresses", COPY)
    assert recipient(server, f"{COPY}@{company}") == 250
    server.cli("user", "set", f"copy@{company}", "--description", "as before")  # what he has is not asked about again
    server.cli("user", "remove", f"copy@{company}", "--delete-mail")
    server.cli("user", "add", f"{COPY}@{company}", "--password", SECRET)
    assert "look like" in refused(server, "user", "add", f"copy@{company}", "--password", SECRET)


def test_domains_look_like_themselves(server, api):
    tag = uuid.uuid4().hex[:6]
    assert "Latin and Cyrillic" in refused(server, "domain", "add", f"pаypal{tag}.test")
    server.cli("domain", "add", "ехо.test")  # Cyrillic
    for twin in ("exo.test", "EXO.test"):
        assert "would look like" in refused(server, "domain", "add", twin)
        assert "would look like" in refused(server, "domain", "set", server.domain, "--aliases", twin)
    server.cli("domain", "set", "ехо.test", "--aliases", "exo.test")  # its own
    server.cli("domain", "add", f"почта.company{tag}.test")  # each label in a script of its own
    server.cli("user", "add", f"ann@почта.company{tag}.test", "--password", SECRET)
    assert recipient(server, f"ann@почта.company{tag}.test") == 250


# --- groups of IP addresses

@pytest.mark.covers("TOOL-04")
def test_each_entry_may_have_a_description(server):
    """It is kept, and the entry counts as before: here it opens and closes the door to SMTP."""
    server.cli("ipgroup", "set", "Office", "--entries", "127.0.0.1 # this host", "--description", "all offices")
    server.cli("ipgroup", "set", "All", "--entries", "10.0.0.0/8  #branch office, group:office # headquarters, 192.0.2.1 #")
    shown = server.cli("ipgroup", "show", "All", as_json=True)
    assert shown["entries"] == ["10.0.0.0/8 # branch office", "group:Office # headquarters", "192.0.2.1"]
    server.cli("config", "set", "service.smtp.access-group", "All")
    try:
        assert recipient(server, f"alice@{server.domain}") == 250
        server.cli("ipgroup", "rename", "Office", "Headquarters")
        assert "group:Headquarters # headquarters" in server.cli("ipgroup", "show", "All", as_json=True)["entries"]
        assert recipient(server, f"alice@{server.domain}") == 250
        assert "used by" in refused(server, "ipgroup", "remove", "Headquarters")
        assert "not" in refused(server, "ipgroup", "set", "Bad", "--entries", "no address # but a text")
        server.cli("ipgroup", "set", "Headquarters", "--entries", "192.0.2.2 # another")
        kx.wait_until(lambda: not greeted(server), what="the door closed")
    finally:
        server.cli("config", "set", "service.smtp.access-group", "")


def greeted(server):
    try:
        with server.connect("smtp") as client:
            return client.recv(3) == b"220"
    except OSError:
        return False


# --- where mail goes

@pytest.mark.covers("ALIAS-12", "WADM-04")
def test_a_domain_administrator_asks_about_his_domain(server, api, company):
    """Also by an alias of it; what leads elsewhere is named, and nothing is told of what is there."""
    api.ok("PATCH", f"domains/{company}", {"aliases": [f"also.{company}"]})
    api.ok("POST", "users", {"user": f"ann@{company}", "password": SECRET, "web-admin": True})
    api.ok("POST", "aliases", {"alias": f"sales@{company}", "targets": ["ann", f"alice@{server.domain}", "x@far.test"]})
    api.ok("PATCH", f"users/alice@{server.domain}", {"forward": ["secret@far.test"]})
    mine = Api(server)
    mine.sign_in(f"ann@{company}", SECRET)
    for address in (f"sales@{company}", f"sales@also.{company}"):
        found = mine.ok("GET", f"addresses/{address}")
        assert found["result"] == "local"
        assert {(one["kind"], one["to"]) for one in found["destinations"]} == {
            ("mailbox", f"ann@{company}"), ("remote", f"alice@{server.domain}"), ("remote", "x@far.test")}
        assert "secret" not in str(found) and "next-hop" not in str(found)
    assert "secret@far.test" in str(api.ok("GET", f"addresses/sales@{company}"))
    for address in (f"alice@{server.domain}", "x@far.test", f"sales@{company}@{server.domain}"):
        assert mine.ask("GET", f"addresses/{address}")[0] == 403


# --- numbers of mailboxes

@pytest.mark.covers("HOST-03")
def test_the_most_mailboxes_of_each_month(server, api, company):
    """Peaks are counted with the changes, survive them, and go out as JSON and CSV."""
    month = time.strftime("%Y-%m")
    for name in ("ann", "ben", "carl"):
        api.ok("POST", "users", {"user": f"{name}@{company}", "password": SECRET, "disabled": name == "ben", "web-admin": name == "ann"})
    for name in ("ben", "carl"):
        server.cli("user", "remove", f"{name}@{company}", "--delete-mail")
    row = {"month": month, "domain": company, "mailboxes": 3}
    assert server.cli("domain", "usage", company, as_json=True) == [row]
    assert row in api.ok("GET", "usage")["items"]
    assert api.ok("GET", f"usage?domain={company}&from={month}&to={month}")["items"] == [row]
    assert api.ok("GET", "usage?to=2020-12")["items"] == []
    assert "not a month" in refused(server, "domain", "usage", "--from", "yesterday")
    table = list(csv.reader(io.StringIO(server.cli("domain", "usage", "--csv"))))
    assert table[0] == ["Month", "Domain", "Mailboxes"] and [month, company, "3"] in table
    mine = Api(server)
    mine.sign_in(f"ann@{company}", SECRET)
    assert mine.ok("GET", f"usage?domain={company}")["items"] == [row] == mine.ok("GET", "usage")["items"]
    assert mine.ask("GET", f"usage?domain={server.domain}")[0] == 403
    # A month in which nothing changes has the number that there is; what is over stays.
    server.stop()
    with sqlite3.connect(server.data / "server.db") as database:
        database.execute("UPDATE usage SET month = '2025-01' WHERE domain = ?", (company,))
    server.start()
    then = {**row, "month": "2025-01"}
    assert server.cli("domain", "usage", company, as_json=True) == [then, {**row, "mailboxes": 1}]
    server.cli("user", "remove", f"ann@{company}", "--delete-mail")
    server.cli("domain", "remove", company)
    assert then in server.cli("domain", "usage", as_json=True)
