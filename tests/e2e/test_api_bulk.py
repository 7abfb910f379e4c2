# SPDX-License-Identifier: Apache-2.0
"""Many accounts at once over the administration API: tables in and out, changes of several, what follows for mailboxes."""

import csv
import io
import uuid
import xml.etree.ElementTree as ElementTree

import pytest

import kx
from adminapi import ADMIN, Api

TABLE = """Name;Password;FullName;MailAddress;Groups
jwayne;VbD66op1;John Wayne;jwayne,john;all
wsmith;Ahdpppu4;Zoë Smith;smith;all
"""


@pytest.fixture(scope="module")
def api(server):
    return Api(server, server.cli("token", "add", "tests", "--user", ADMIN).strip())


@pytest.fixture
def company(api):
    """A domain of the test's own with a group and an administrator; (its name, him)."""
    name = f"c{uuid.uuid4().hex[:8]}.test"
    api.ok("POST", "domains", {"domain": name})
    api.ok("POST", "groups", {"group": f"all@{name}"})
    api.ok("POST", "users", {"user": f"boss@{name}", "password": "a secret of mine", "web-admin": True})
    boss = Api(api.server)
    boss.sign_in(f"boss@{name}", "a secret of mine")
    return name, boss


def load(api, domain, text, query="", charset="utf-8"):
    kind = "text/csv" if charset == "utf-8" else f"text/csv; charset={charset}"
    return api.ask("POST", f"domains/{domain}/users.csv{query}", text.encode(charset), Content_Type=kind)[:2]


def names(api, domain):
    return sorted(row["user"].split("@")[0] for row in api.ok("GET", f"users?domain={domain}")["items"])


# --- tables

def test_a_table_comes_in_and_goes_out(server, api, company):
    domain, boss = company
    assert load(boss, domain, TABLE, "?dry-run=true") == (200, {"added": 2, "dry-run": True, "failed": []})
    assert names(api, domain) == ["boss"]
    assert load(boss, domain, TABLE, charset="windows-1252")[1]["added"] == 2
    assert names(api, domain) == ["boss", "jwayne", "wsmith"]
    server.imap(f"wsmith@{domain}", "Ahdpppu4").logout()
    status, text, headers = boss.ask("GET", f"domains/{domain}/users.csv")
    assert status == 200 and headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = {row["Name"]: row for row in csv.DictReader(io.StringIO(text))}
    assert rows["wsmith"]["FullName"] == "Zoë Smith" and rows["jwayne"]["MailAddress"] == "john"
    assert boss.ok("GET", "users.csv") is not None and "Password" not in rows["wsmith"]
    assert boss.ask("GET", f"domains/{domain}/users.csv?with-hashes=true")[0] == 403
    everybody = api.ok("GET", "users.csv?with-hashes=true")
    assert f"jwayne@{domain}" in everybody and "alice@" in everybody and "$argon2id$" in everybody
    # What went out comes in again.
    api.ok("POST", "domains", {"domain": f"copy.{domain}"})
    api.ok("POST", "groups", {"group": f"all@copy.{domain}"})
    hashed = api.ok("GET", f"domains/{domain}/users.csv?with-hashes=true")
    assert load(api, f"copy.{domain}", hashed) == (200, {"added": 3, "dry-run": False, "failed": []})
    server.imap(f"jwayne@copy.{domain}", "VbD66op1").logout()


def test_every_bad_line_is_named(api, company):
    domain, boss = company
    text = "Name,Groups\ngood,all\n,all\nodd,nogroup\nboss,\ngood,\nlate,\na,b,c\n"
    status, result = load(boss, domain, text, "?all-or-none=true")
    assert status == 200 and result["added"] == 0
    assert [row["line"] for row in result["failed"]] == [3, 4, 5, 6, 8]
    assert "nogroup" in result["failed"][1]["error"] and "line 2" in result["failed"][3]["error"]
    assert names(api, domain) == ["boss"]
    status, result = load(boss, domain, text)
    assert [row["line"] for row in result["failed"]] == [3, 4, 5, 6, 8] and result["added"] == 2
    assert names(api, domain) == ["boss", "good", "late"]
    many = "Name\n" + "".join(f"many{number}\n" for number in range(1100)) + "many7\n"
    status, result = load(boss, domain, many, "?all-or-none=true")
    assert result["added"] == 0 and [row["line"] for row in result["failed"]] == [1102]
    assert load(boss, domain, many)[1]["added"] == 1100
    page = boss.ok("GET", "users?search=many&limit=2&offset=1098&sort=user")
    assert page["total"] == 1100 and [row["user"] for row in page["items"]] == [f"many9{digit}@{domain}" for digit in ("9", "")]


@pytest.mark.parametrize("status, query, text, charset, words", [
    (400, "", "Nmae\nx\n", "utf-8", "there is no column"),
    (400, "", "Name\nx\n", "no-such-charset", "encoding"),
    (400, "?first-line=3", "Name\nx\n", "utf-8", "there is no 'first-line'"),
    (400, "?encoding=latin1", "Name\nx\n", "utf-8", "there is no 'encoding'"),
    (200, "?template=none", "Name\nx\n", "utf-8", "template"),
    (413, "", "Name\n" + "x\n" * 600000, "utf-8", "too large"),
])
def test_tables_that_are_refused(api, company, status, query, text, charset, words):
    kind = f"text/csv; charset={charset}"
    got, answer, _ = api.ask("POST", f"domains/{company[0]}/users.csv{query}", text, Content_Type=kind)
    assert got == status and words in str(answer), answer
    assert names(api, company[0]) == ["boss"]


def test_a_table_must_be_one(api, company):
    assert api.ask("POST", f"domains/{company[0]}/users.csv", {"table": "Name\nx\n"})[0] == 415
    assert load(api, "nowhere.test", "Name\nx\n")[1]["failed"][0]["line"] == 2
    assert load(company[1], "example.test", "Name\nx\n")[0] == 403


# --- several at once

@pytest.mark.covers("USR-38", "USR-39", "USR-40")
def test_several_accounts_are_changed_alike(server, api, company):
    domain, boss = company
    load(api, domain, "Name,Password,disabled\na,a secret of mine,yes\nb,a secret of mine,no\nc,a secret of mine,no\n")
    tried = boss.ok("PATCH", "users", {"search": "a secret", "dry-run": True, "disabled": True})
    assert tried["total"] == 0
    # Nothing about `disabled` is said, so each stays as it was.
    page = boss.ok("PATCH", "users?limit=1", {"users": ["a", f"b@{domain}"], "description": "changed", "quota": "1M"})
    assert page["total"] == 2 and [row["user"] for row in page["items"]] == [f"a@{domain}"]
    seen = {row["user"].split("@")[0]: row for row in api.ok("GET", f"users?domain={domain}")["items"]}
    assert [(seen[name]["description"], seen[name]["quota"], seen[name]["disabled"]) for name in "abc"] == [
        ("changed", 1048576, True), ("changed", 1048576, False), ("", 0, False)]
    # All or none, and nobody of another domain.
    assert boss.ask("PATCH", "users", {"users": ["a", "nobody"], "description": "x"})[0] == 404
    assert boss.ask("PATCH", "users", {"users": ["a", ADMIN], "description": "x"})[0] == 400
    assert boss.ask("PATCH", "users", {"domain": server.domain, "disabled": True})[0] == 403
    assert boss.ask("PATCH", "users", {"users": ["a", "b"], "password": "the same for both"})[0] == 400
    assert boss.ask("PATCH", "users", {"users": ["a"], "admin": "full"})[0] == 403
    assert api.ask("PATCH", "users", {"users": [], "disabled": True})[0] == 400
    assert api.ask("PATCH", "users", {"users": ["a"], "search": "a", "disabled": True})[0] == 400
    assert api.ok("GET", f"users/a@{domain}")["description"] == "changed"
    boss.ok("PATCH", "users", {"users": ["a", "b", "c"], "disabled": True})
    with pytest.raises(Exception, match="(?i)auth"):
        server.imap(f"b@{domain}", "a secret of mine")
    boss.ok("PATCH", "users", {"search": "changed", "disabled": False})
    for name in "ab":
        server.imap(f"{name}@{domain}", "a secret of mine").logout()
    # The last one with all rights over the server cannot be shut out so either.
    assert api.ask("PATCH", "users", {"disabled": True})[0] == 409


# --- mailboxes

def test_statistics(server, api, company):
    domain, boss = company
    server.imap(f"boss@{domain}", "a secret of mine").logout()
    rows = {row["service"]: row for row in boss.ok("GET", "statistics")["items"]}
    assert rows["IMAP"]["user"] == f"boss@{domain}" and rows["IMAP"]["login-count"] == 1
    assert boss.ok("GET", f"users/boss@{domain}/statistics")["items"] == list(rows.values())
    assert boss.ask("GET", f"users/{ADMIN}/statistics")[0] == boss.ask("GET", "statistics?domain=example.test")[0] == 403
    assert api.ok("GET", "statistics")["total"] >= len(rows)
    status, text, headers = boss.ask("GET", "statistics?search=imap", Accept="text/csv")
    assert status == 200 and headers["Content-Type"] == "text/csv; charset=utf-8" and headers["Vary"] == "Accept"
    assert next(csv.DictReader(io.StringIO(text)))["User"] == f"boss@{domain}"
    text = boss.ask("GET", "statistics", Accept="application/xml")[1]
    assert ElementTree.fromstring(text).find("entry/user").text == f"boss@{domain}"


def test_any_list_as_csv(api, company):
    domain, boss = company
    boss.ok("POST", "aliases", {"alias": f"info@{domain}", "targets": ["boss", "x@elsewhere.test"]})
    text = boss.ask("GET", "aliases", Accept="text/csv")[1]
    assert text == f'Alias,Deliver to,Description\r\ninfo@{domain},"boss,x@elsewhere.test",\r\n'


@pytest.mark.covers("DOM-14")
def test_deleted_items_are_cleaned_and_recovered(server, api, company):
    domain, boss = company
    login = f"boss@{domain}"
    assert boss.ask("POST", f"users/{login}/recover")[0] == 400  # the domain does not keep them
    api.ok("PATCH", f"domains/{domain}", {"keep-deleted-days": 10})
    server.deliver(login, "Subject: gone\n\ngone\n")
    server.wait_messages(login, 1)
    client = server.imap(login, "a secret of mine")
    client.select()
    client.store("1", "+FLAGS", "\\Deleted")
    client.expunge()
    assert boss.ok("POST", f"users/{login}/recover", {"dry-run": True})["items"] == 1
    assert boss.ok("POST", f"users/{login}/recover", {"since": "2999-01-01"})["items"] == 0
    assert boss.ok("POST", f"users/{login}/recover", {})["recovered"] is True
    assert client.select('"Deleted Items"')[1] == [b"1"]
    client.logout()
    assert boss.ok("POST", f"users/{login}/clean-out") == {"items": 0, "folders": 0, "expired": 0}
    assert boss.ok("POST", "clean-out")["items"] == 0
    assert boss.ask("POST", f"users/{ADMIN}/clean-out")[0] == 403
    assert boss.ask("POST", f"users/{ADMIN}/recover")[0] == 403
    assert api.ok("POST", "clean-out", {"domain": domain})["expired"] == 0
    assert login in api.ok("GET", "indexes") and boss.ask("GET", "indexes")[0] == 403


# --- rights

@pytest.mark.covers("WADM-09")
def test_the_right_may_come_from_a_group(server, api, company):
    domain, _ = company
    api.ok("POST", "users", {"user": f"clerk@{domain}", "password": "a secret of mine"})
    clerk = Api(server)
    assert clerk.ask("POST", "session", {"user": f"clerk@{domain}", "password": "a secret of mine"})[0] == 403
    api.ok("PATCH", f"groups/all@{domain}", {"members": ["clerk"], "web-admin": True})
    assert clerk.sign_in(f"clerk@{domain}", "a secret of mine")["domain"] == domain
    clerk.ok("POST", "users", {"user": f"new@{domain}"})
    assert clerk.ask("PATCH", f"groups/all@{domain}", {"members": ["clerk", "new"]})[0] == 403  # it gives a right
    api.ok("PATCH", f"groups/all@{domain}", {"members": []})
    assert clerk.ask("GET", "users")[0] == 403


def test_whoever_administers_a_domain_sees_no_other(server, api, company):
    domain, boss = company
    document = api.ok("GET", "openapi.json")
    allowed = {"/users", "/groups", "/aliases", "/users.csv", "/statistics", "/usage", "/templates", "/session"}
    for path, item in document["paths"].items():
        if "get" in item and "{" not in path:
            status, data, _ = boss.ask("GET", path[1:])
            assert (status == 200) if path in allowed - {"/templates"} else status == 403 or path in allowed, path
            assert server.domain not in str(data), path
    for path in ("users/alice", "groups/none", "users/alice/statistics", f"domains/{server.domain}/users.csv"):
        assert boss.ask("GET", f"{path.replace('alice', 'alice@' + server.domain)}")[0] == 403


def test_etrn_requests(api):
    assert api.ok("POST", "etrn-requests")["items"] == []
    assert api.ask("POST", "etrn-servers/none/run")[0] == 404
