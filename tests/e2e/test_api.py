# SPDX-License-Identifier: Apache-2.0
"""The administration API as programs and browsers use it: curl, http.client, and its own description."""

import contextlib
import http.client
import json
import re
import subprocess
import threading
import time

import jsonschema
import pytest

import kx
import openapi31
from adminapi import ADMIN, Api


@pytest.fixture(scope="module")
def secret(server):
    return server.cli("token", "add", "tests", "--user", ADMIN).strip()


@pytest.fixture
def api(server, secret):
    return Api(server, secret)


def config_line(server, pattern):
    return server.wait_log("config", pattern)


# --- objects

def test_an_account_from_beginning_to_end(server, api):
    status, made, headers = api.ask("POST", "users", {
        "user": "wsmith", "password": "a secret of mine", "name": "Winston Smith", "addresses": ["w.smith"],
        "quota": 1000, "forward-only": False})
    assert status == 201 and headers["Location"] == f"/api/v1/users/wsmith@{server.domain}"
    assert made["addresses"] == ["w.smith"] and made["quota"] == 1000 and made["disabled"] is False
    assert "password" not in made
    status, seen, headers = api.ask("GET", f"users/wsmith%40{server.domain}")
    assert status == 200 and seen["name"] == "Winston Smith" and headers["ETag"] == f'"{seen["generation"]}"'
    changed = api.ok("PATCH", f"users/wsmith@{server.domain}",
                     {"disabled": True, "addresses": ["w.smith", "winston"], "name": None, "quota": "2M"})
    assert changed["disabled"] is True and changed["name"] == "" and changed["quota"] == 2 * 1024 * 1024
    assert server.cli("user", "show", "wsmith", as_json=True)["addresses"] == ["w.smith", "winston"]
    status, left, _ = api.ask("DELETE", f"users/wsmith@{server.domain}?delete-mail=true")
    assert status == 200 and left["complete"] and left["aliases"] == []
    status, problem, headers = api.ask("GET", f"users/wsmith@{server.domain}")
    assert status == 404 and headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == 404 and "wsmith" in problem["detail"]
    config_line(server, rf"^\[[^]]+\] {re.escape(ADMIN)} - insert User set Name='wsmith'")
    config_line(server, rf"^\[[^]]+\] {re.escape(ADMIN)} - delete User set Name='wsmith'")


def test_every_kind_of_object(server, api):
    api.ok("POST", "domains", {"domain": "other.test", "aliases": ["alias.test"]})
    assert api.ok("PATCH", "domains/other.test", {"description": "Elsewhere"})["aliases"] == ["alias.test"]
    api.ok("POST", "users", {"user": "a@other.test", "password": "a secret of mine"})
    assert api.ok("POST", "groups", {"group": "staff@other.test", "members": ["a"]})["members"] == ["a"]
    assert api.ok("POST", "groups/staff@other.test/rename", {"name": "team"}) is None
    api.ok("POST", "aliases", {"alias": "info@other.test", "targets": ["a", "b@elsewhere.test"]})
    assert api.ok("GET", "addresses/info@alias.test")["result"] == "local"
    api.ok("DELETE", "aliases/info@other.test?targets=b@elsewhere.test")
    assert api.ok("GET", "aliases/info@other.test")["targets"] == ["a"]
    assert api.ok("PUT", "ip-groups/Office", {"entries": ["192.0.2.0/24"]})["entries"] == ["192.0.2.0/24"]
    api.ok("PATCH", "domains/other.test", {"aliases": None})
    for path in ("aliases/info@other.test", "groups/team@other.test", "users/a@other.test", "domains/other.test",
                 "ip-groups/Office"):
        left = api.ok("DELETE", path)
        assert left is None or (path.startswith("users/") and left["complete"])


@pytest.mark.covers("SVC-02")
def test_the_rest_of_the_server(server, api):
    assert api.ok("GET", "status")["hostname"] == server.hostname
    assert "admin" in [row["service"] for row in api.ok("GET", "services")["items"]]
    assert api.ask("POST", "services/pop3/stop")[0] == 204
    assert next(row for row in api.ok("GET", "services")["items"] if row["service"] == "pop3")["status"] == "stopped"
    assert api.ask("POST", "services/pop3/stop", b"")[0] == 204
    assert api.ask("POST", "services/pop3/start")[0] == 204
    assert api.ok("GET", "queue")["total"] == 0
    assert api.ok("GET", "logs/config?lines=1")["lines"][0].endswith("Service POP3 started")
    assert "-----BEGIN CERTIFICATE-----" in api.ok("GET", "certificates/server/pem")
    status, made, headers = api.ask("POST", "certificates", {"hostname": "second.test", "days": 10})
    assert status == 201 and headers["Location"] == f"/api/v1/certificates/{made['name']}"
    assert api.ask("DELETE", f"certificates/{made['name']}")[0] == 204


# --- lists

def test_pages(server, api):
    for name in ("page-c", "page-a", "page-b"):
        api.ok("POST", "users", {"user": name, "name": f"Page {name[-1].upper()}"})

    def names(query):
        page = api.ok("GET", f"users?{query}")
        return page["total"], [row["name"][-1] for row in page["items"]]

    assert names("search=page-") == (3, ["A", "B", "C"])
    assert names("search=page-&limit=2") == (3, ["A", "B"])
    assert names("search=PAGE-&limit=2&offset=2") == (3, ["C"])
    assert names("search=page-&sort=-name") == (3, ["C", "B", "A"])
    assert names("search=page-&sort=-name&limit=1&offset=1") == (3, ["B"])
    assert names(f"search=page-&domain={server.domain}") == (3, ["A", "B", "C"])
    services = api.ok("GET", "services?search=imap&sort=-service")
    assert services["total"] == 2 and [row["service"] for row in services["items"]] == ["imaps", "imap"]
    assert api.ask("GET", "users?limit=0")[0] == api.ask("GET", "users?limit=1001")[0] == 400


# --- settings

def test_settings_are_typed_and_changed_all_or_none(server, api):
    status, before, headers = api.ask("GET", "settings?all=true")
    assert before["settings"]["smtp.max-recipients"] == 100 and before["settings"]["log.debug"] == []
    assert before["settings"]["smtp.relay-authenticated"] is True
    schema = {row["name"]: row for row in api.ok("GET", "settings/schema?limit=1000")["items"]}
    assert set(schema) == set(before["settings"])
    assert schema["queue.retry-interval"]["type"] == "duration" and schema["queue.retry-interval"]["min"] == 1
    wrong = {"settings": {"smtp.max-recipients": 50, "smtp.max-hops": 0}}
    assert api.ask("PATCH", "settings", wrong)[0] == 400
    assert api.ok("GET", "settings/smtp.max-recipients")["value"] == 100
    right = {"settings": {"smtp.max-recipients": 50, "log.debug": ["queue", "tls"], "smtp.relay-authenticated": False}}
    assert len(api.ok("PATCH", "settings?dry-run=true", right)) == 3
    assert api.ok("GET", "settings/smtp.max-recipients")["value"] == 100
    assert len(api.ok("PATCH", "settings", right, If_Match=headers["ETag"])) == 3
    assert api.ask("PATCH", "settings", right, If_Match=headers["ETag"])[0] == 412
    assert api.ok("GET", "settings/log.debug")["value"] == ["queue", "tls"]
    api.ok("PATCH", "settings", {"settings": dict.fromkeys(right["settings"])})
    assert api.ok("GET", "settings?all=true") == before


# --- conditions

def test_of_two_changes_one_is_made(server, api, secret, user):
    path = f"users/{user}@{server.domain}"
    tag = api.ask("GET", path)[2]["ETag"]
    statuses = []

    def change(number):
        statuses.append(Api(server, secret).ask("PATCH", path, {"description": f"by {number}"}, If_Match=tag)[0])

    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 7
    assert api.ask("DELETE", path, If_Match=tag)[0] == 412
    assert api.ask("DELETE", path, If_Match='"x"')[0] == 412
    assert api.ask("PATCH", path, {}, If_Match="*")[0] == 200
    assert api.ask("POST", "services/imap/restart", If_Match=tag)[0] == 412  # it has no versions


def test_what_is_still_the_same_is_not_sent_again(server, api, user):
    for path in (f"groups?domain={server.domain}", "users", "settings", "status", "openapi.json"):
        status, body, headers = api.ask("GET", path)
        tag = headers["ETag"]
        if path == "status":
            continue  # it changes by itself
        assert status == 200 and body
        for condition in (tag, f'"x", {tag}', "*", tag.removeprefix("W/")):
            status, body, headers = api.ask("GET", path, If_None_Match=condition)
            assert (status, body, headers["ETag"]) == (304, None, tag), (path, condition)
        assert api.ask("GET", path, If_None_Match='"x"')[0] == 200
    domain = f"domains/{server.domain}"
    tag = api.ask("GET", domain)[2]["ETag"]
    assert api.ask("GET", domain, If_None_Match=tag)[0] == 304
    api.ok("PATCH", domain, {"description": "another one"})
    assert api.ask("GET", domain, If_None_Match=tag)[0] == 200
    # What the mailbox of an account holds has no version.
    path = f"users/{user}@{server.domain}"
    tag = api.ask("GET", path)[2]["ETag"]
    server.deliver(user, "Subject: one\n\none\n")
    server.wait_messages(user, 1)
    status, seen, headers = api.ask("GET", path, If_None_Match=tag)
    assert (status, seen["items"], headers["ETag"]) == (200, 1, tag)


# --- what is refused

@pytest.mark.parametrize("status, method, path, body, words", [
    (400, "POST", "users", b"{", "not JSON"),
    (400, "POST", "users", b"[]", "object"),
    (400, "POST", "users", b'{"user": "a", "user": "b"}', "not JSON"),
    (400, "POST", "users", {"name": "x"}, "'user' is missing"),
    (400, "POST", "users", {"user": 5}, "'user' is a text"),
    (400, "POST", "users", {"user": "x", "nmae": "y"}, "did you mean 'name'"),
    (400, "POST", "users", {"user": "x", "disabled": 1}, "true or false"),
    (400, "POST", "users", {"user": "x", "addresses": ["a,b"]}, "without commas"),
    (400, "POST", "users?password=x", {"user": "x"}, "there is no 'password' here"),
    (400, "POST", "tokens", {"token": "x"}, "'user' is missing"),
    (400, "GET", "users?colour=red", None, "there is no 'colour'"),
    (400, "GET", "users?search=%ff", None, "malformed"),
    (400, "GET", "users/%00", None, "malformed"),
    (400, "DELETE", "users/nobody", b"{}x", "not JSON"),
    (404, "GET", "nothing", None, "no such resource"),
    (404, "GET", "users/nobody", None, "nobody"),
    (404, "GET", "users/", None, "no such resource"),
    (405, "DELETE", "users", None, "method"),
    (405, "PATCH", "session", {}, "method"),
    (409, "POST", "users", {"user": "alice"}, "already"),
    (409, "DELETE", f"domains/{kx.DOMAIN}", None, "primary"),
    (413, "POST", "users", b" " * 1100000, "too large"),
])
def test_errors(api, status, method, path, body, words):
    got, problem, headers = api.ask(method, path, body)
    assert (got, problem.get("status")) == (status, status), problem
    assert words.lower() in problem["detail"].lower()
    assert headers["Content-Type"] == "application/problem+json"
    if status == 405:
        assert headers["Allow"]


def test_only_json_is_read(api):
    status, problem, _ = api.ask("POST", "users", "user=x", Content_Type="application/x-www-form-urlencoded")
    assert status == 415 and "JSON" in problem["detail"]


# --- signing in

def test_a_session(server):
    browser = Api(server)
    assert browser.ask("GET", "users")[0] == 401
    data = browser.sign_in()
    assert data["user"] == ADMIN and data["admin"] == "full"
    for word in ("__Host-", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"):
        assert word in browser.cookie
    assert browser.ok("GET", "session")["csrf"] == data["csrf"]
    assert browser.ok("GET", "users")["total"] > 0
    config_line(server, rf"^\[[^]]+\] {re.escape(ADMIN)} - session opened for host 127\.0\.0\.1$")


@pytest.mark.covers("LOG-23")
def test_the_config_log_shows_who_came(server):
    Api(server).sign_in()
    config_line(server, rf"^\[[^]]+\] {re.escape(ADMIN)} - session opened for host 127\.0\.0\.1$")


@pytest.mark.covers("WADM-16")
def test_signing_out_ends_the_session_on_the_server(server):
    browser = Api(server)
    browser.sign_in()
    status, _, headers = browser.ask("DELETE", "session")
    assert status == 204 and "Max-Age=0" in headers["Set-Cookie"]
    assert browser.ask("GET", "users")[0] == 401


def test_other_web_sites_cannot_use_a_session(server, user):
    browser = Api(server)
    browser.sign_in()
    path = f"users/{user}@{server.domain}"
    host = f"127.0.0.1:{server.port('admin')}"
    csrf = browser.fields.pop("X-CSRF-Token")
    assert browser.ask("PATCH", path, {"name": "x"})[0] == 403
    assert browser.ask("PATCH", path, {"name": "x"}, X_CSRF_Token="guessed")[0] == 403
    assert browser.ask("PATCH", path, {"name": "x"}, X_CSRF_Token=csrf, Origin="https://evil.test")[0] == 403
    assert browser.ask("PATCH", path, {"name": "x"}, X_CSRF_Token=csrf, Origin=f"https://{host}")[0] == 200
    assert Api(server).ask("POST", "session", {"user": ADMIN, "password": kx.ADMIN_PASSWORD},
                           Origin="https://evil.test")[0] == 403


def test_a_new_password_ends_the_sessions(server, user):
    server.cli("user", "set", user, "--admin", "full")
    browser = Api(server)
    browser.sign_in(server.address(user), kx.password_of(user))
    server.cli("user", "set", user, "--description", "something else")
    assert browser.ask("GET", "users")[0] == 200
    server.cli("user", "set", user, "--password", "quite another secret")
    assert browser.ask("GET", "users")[0] == 401


def test_who_fails_is_told_nothing_and_written_down(server):
    answers = []
    for name, password in ((ADMIN, "wrong"), (f"nobody@{server.domain}", "wrong")):
        status, problem, headers = Api(server).ask("POST", "session", {"user": name, "password": password})
        answers.append((status, problem, headers["WWW-Authenticate"]))
    assert answers[0] == answers[1] and answers[0][0] == 401
    server.wait_log("security", r"Failed HTTP login from 127\.0\.0\.1, authentication method PLAIN$")
    server.wait_log("warning", r"HTTP login of nobody@\S+ from 127\.0\.0\.1 failed: the user does not exist")


def test_who_guesses_has_to_wait(fresh_server):
    server = fresh_server(config={"admin.failed-sign-ins": "2"})
    token = Api(server, server.cli("token", "add", "t", "--user", ADMIN).strip())
    guess, known = ({"user": ADMIN, "password": password} for password in ("wrong", kx.ADMIN_PASSWORD))
    assert [Api(server).ask("POST", "session", guess)[0] for _ in range(2)] == [401, 401]
    status, problem, headers = Api(server).ask("POST", "session", known)
    assert status == problem["status"] == 429 and 0 < int(headers["Retry-After"]) <= 60
    assert token.ask("PATCH", "settings", {"settings": {"admin.failed-sign-ins": 0}})[0] == 200
    assert Api(server).ask("POST", "session", known)[0] == 200


def test_times_of_sessions(fresh_server):
    server = fresh_server(config={"admin.session-idle": "1s"})
    browser = Api(server)
    browser.sign_in()
    assert browser.ask("GET", "status")[0] == 200
    time.sleep(1.1)
    assert browser.ask("GET", "status")[0] == 401
    server.configure({"admin.session-idle": "1h", "admin.session-lifetime": "1s"})
    browser.sign_in()
    kx.wait_until(lambda: browser.ask("GET", "status")[0] == 401, what="the end of a session in use")
    server.configure({"admin.session-lifetime": "1h"})
    browser.sign_in()
    assert browser.ask("GET", "status")[0] == 200
    gone = server.kill_role("core")
    server.wait_roles(gone)
    browser.client.close()
    assert browser.ask("GET", "status")[0] == 401  # sessions are in memory


# --- tokens

def test_tokens(server, user):
    login = server.address(user)
    server.cli("user", "set", user, "--admin", "full")
    secret = server.cli("token", "add", f"t-{user}", "--user", login, "--read-only", "--expires", "1").strip()
    program = Api(server, secret)
    assert program.ok("GET", "users")["total"] > 0
    assert program.ask("PATCH", f"users/{login}", {"name": "x"})[0] == 403
    assert program.ask("GET", "certificates/server/pem?what=key")[0] == 403
    row = next(row for row in server.cli("token", "list", as_json=True) if row["token"] == f"t-{user}")
    assert row["user"] == login and row["read-only"] and row["used"] and row["expires"]
    assert secret not in json.dumps(row)
    assert secret.encode() not in (server.data / "server.db").read_bytes()
    gone = server.kill_role("core")
    server.wait_roles(gone)
    program.client.close()
    assert program.ask("GET", "users")[0] == 200  # unlike sessions
    server.cli("token", "remove", f"t-{user}")
    assert program.ask("GET", "users")[0] == 401
    assert Api(server, "kx_nonsense").ask("GET", "users")[0] == 401


def test_a_token_ends_with_its_user(server, user):
    server.cli("user", "set", user, "--admin", "full")
    secret = server.cli("token", "add", f"t-{user}", "--user", server.address(user)).strip()
    assert Api(server, secret).ask("GET", "status")[0] == 200
    server.cli("user", "remove", user)
    server.add_user(user)
    server.cli("user", "set", user, "--admin", "full")
    assert Api(server, secret).ask("GET", "status")[0] == 401
    assert f"t-{user}" not in server.cli("token", "list")


# --- rights

def test_accounts_without_rights_stay_out(server, user):
    status, problem, headers = Api(server).ask(
        "POST", "session", {"user": server.address(user), "password": kx.password_of(user)})
    assert status == 403 and "Set-Cookie" not in headers and "no rights" in problem["detail"]


@pytest.mark.covers("USR-25")
def test_who_may_read_reads(server, user):
    server.cli("user", "set", user, "--admin", "read")
    reader = Api(server)
    reader.sign_in(server.address(user), kx.password_of(user))
    assert reader.ok("GET", "users")["total"] > 0 and reader.ok("GET", "settings")["settings"]
    assert reader.ask("PATCH", f"users/{user}@{server.domain}", {"admin": "full"})[0] == 403
    assert reader.ask("PATCH", "settings", {"settings": {"smtp.max-hops": 10}})[0] == 403
    assert reader.ask("GET", "certificates/server/pem?what=key")[0] == 403
    assert reader.ask("POST", "tokens", {"token": "x", "user": ADMIN})[0] == 403
    server.cli("user", "set", user, "--admin", "none")
    assert reader.ask("GET", "users")[0] == 403  # at once


@pytest.mark.covers("WADM-04", "WADM-08", "HOST-62")
def test_a_domain_administrator_keeps_to_the_domain(server, api, user):
    api.ok("POST", "domains", {"domain": f"{user}.test"})
    api.ok("POST", "users", {"user": f"boss@{user}.test", "password": "a secret of mine", "web-admin": True})
    boss = Api(server)
    assert boss.sign_in(f"boss@{user}.test", "a secret of mine")["domain"] == f"{user}.test"
    boss.ok("POST", "users", {"user": f"clerk@{user}.test", "password": "another secret"})
    assert {row["user"] for row in boss.ok("GET", "users")["items"]} == {f"boss@{user}.test", f"clerk@{user}.test"}
    boss.ok("POST", "groups", {"group": f"all@{user}.test", "members": ["clerk"]})
    assert boss.ask("PATCH", f"users/clerk@{user}.test", {"admin": "full"})[0] == 403
    assert boss.ask("GET", f"users?domain={server.domain}")[0] == 403
    assert boss.ask("PATCH", f"users/{ADMIN}", {"password": "mine now"})[0] == 403
    assert boss.ask("GET", "settings")[0] == 403 and boss.ask("GET", "status")[0] == 403
    config_line(server, rf"^\[[^]]+\] boss@{user}\.test - insert User set Name='clerk'")


@pytest.mark.covers("TOOL-11", "TOOL-12")
def test_administration_from_this_host_only(server, api):
    """Over the loopback device the addresses of the host are no other hosts; what the edge is told is what counts."""
    server.cli("config", "set", "admin.remote", "no")
    try:
        assert Api(server, api.fields["Authorization"].split()[1]).ask("GET", "status")[0] == 200
        address = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
        if address:
            with pytest.raises((ConnectionError, OSError, http.client.HTTPException)):
                other = http.client.HTTPSConnection(address[0], server.port("admin"), timeout=10,
                                                    context=kx.tls_context())
                other.request("GET", "/api/v1/openapi.json")
                other.getresponse()
            server.wait_log("security", r"Administration connection from \S+ refused")
    finally:
        server.cli("config", "set", "admin.remote", "yes")


@pytest.mark.covers("TOOL-13")
def test_administration_from_a_group_only(server, api):
    server.cli("ipgroup", "set", "Elsewhere", "--entries", "198.51.100.0/24")
    server.cli("config", "set", "service.admin.access-group", "Elsewhere")
    try:
        def refused():
            with contextlib.suppress(OSError, http.client.HTTPException):
                Api(server).ask("GET", "openapi.json")
                return False
            return True
        kx.wait_until(refused, what="a connection that is refused")
    finally:
        server.cli("config", "set", "service.admin.access-group", "")


# --- curl

def curl(server, *words, data=None):
    done = subprocess.run(["curl", "-sS", "-k", "-i", *words], input=data, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_curl_in_chunks_and_after_100_continue(server, secret, user):
    url = f"https://127.0.0.1:{server.port('admin')}/api/v1/users/{user}@{server.domain}"
    common = ["-H", f"Authorization: Bearer {secret}", "-H", "Content-Type: application/json", "-X", "PATCH"]
    body = json.dumps({"description": "d" * 900}).encode()
    assert "HTTP/1.1 200 OK" in curl(server, *common, "-H", "Transfer-Encoding: chunked", "-d", "@-", url, data=body)
    text = curl(server, *common, "-H", "Expect: 100-continue", "-d", "@-", url, data=body)
    assert text.startswith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    large = b" " * 300000 + body
    assert "HTTP/1.1 200 OK" in curl(server, *common, "-H", "Transfer-Encoding: chunked", "--data-binary", "@-", url,
                                     data=large)
    text = curl(server, *common, "-H", "Expect: 100-continue", "--data-binary", "@-", url, data=b" " * 2000000)
    assert text.startswith("HTTP/1.1 413 ") and "100 Continue" not in text
    text = curl(server, "-H", f"Authorization: Bearer {secret}", url, url, "-w", "%{num_connects} ")
    assert re.findall(r"([01]) ", text.split("\r\n\r\n", 1)[1])[:1] == ["1"]
    assert "HTTP/1.1 411 " in curl(server, "-H", f"Authorization: Bearer {secret}", "-X", "PATCH", url)


# --- the description

def refs(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def test_the_description_is_openapi_and_tells_the_truth(server, api):
    document = Api(server).ok("GET", "openapi.json")
    jsonschema.Draft202012Validator(openapi31.DOCUMENT).validate(document)
    for target in set(refs(document)):
        node = document
        for part in target[2:].split("/"):
            node = node[part]
    seen = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["operationId"] not in seen and operation["summary"]
            seen.add(operation["operationId"])
            parameters = operation.get("parameters", [])
            inside = {row["name"] for row in parameters if row["in"] == "path"}
            assert inside == set(re.findall(r"\{([^}]+)\}", path))
            names = [(row["in"], row["name"]) for row in parameters]
            assert len(names) == len(set(names)), (path, names)
    users = api.ok("GET", "users")
    schema = document["paths"]["/users"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    resolver = jsonschema.RefResolver("", document)
    jsonschema.validate(users, schema, resolver=resolver)
    jsonschema.validate(api.ask("GET", "nothing")[1], document["components"]["schemas"]["problem"])


def test_lists_named_in_the_description_answer(api):
    document = api.ok("GET", "openapi.json")
    for path, item in document["paths"].items():
        if "{" not in path and "get" in item and path not in ("/session",):
            status, data, headers = api.ask("GET", path[1:])
            assert status == 200, (path, data)
            assert headers["Content-Type"].split(";")[0] in item["get"]["responses"]["200"]["content"], path
