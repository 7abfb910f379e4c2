# SPDX-License-Identifier: Apache-2.0
"""Accounts in bulk: templates, changes of several, tables in and out, limits."""

import json
import zlib

import pytest

import kx

DOMAIN = kx.DOMAIN
HASHED = "{SSHA512}J/rXSPoiCPHZVy211vXW0YlV3gVAZGshxJ2P32QMFvJMFuQBDlUV2N3+6Zpcp0tljRlFIlGAX0g02knF78ei4JSTgyM="


@pytest.fixture(scope="module")
def offline(keryx_binary):
    """A server that does not run: the command line works on its files."""
    with kx.running_server(keryx_binary, start=False) as instance:
        instance.cli("group", "add", f"all@{DOMAIN}")
        instance.cli("group", "add", f"sales@{DOMAIN}")
        yield instance


@pytest.fixture
def company(offline, request):
    """A domain of the test's own with the groups `all` and `sales`."""
    name = f"c{zlib.crc32(request.node.name.encode())}.test"
    offline.cli("domain", "add", name)
    offline.cli("group", "add", f"all@{name}")
    offline.cli("group", "add", f"sales@{name}")
    return name


def users(server, domain):
    return {row["user"].split("@")[0]: row for row in server.cli("user", "list", domain, as_json=True)}


def table(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    return path


def load(server, domain, path, *options):
    done = server.run("user", "import", domain, path, "--json", *options)
    return done.returncode, (json.loads(done.stdout) if done.stdout else {}), done.stderr


SEMICOLONS = """Name;Password;FullName;Description;MailAddress;Groups
jwayne;VbD66op1;John Wayne;Developer;jwayne;sales,all
wsmith;Ahdpppu4; Winston Smith;Sales;wsmith,smith;sales, all
amonroe;SpoiuS158;Ada Monroe;GM's Assistant;amonroe,ada.monroe;all
"""
COMMAS = """Name,Password,FullName,Description,MailAddress,Groups
jwayne,VbD66op1,John Wayne,Developer,jwayne,"sales, all"
wsmith, Ahdpppu4, Winston Smith,Sales,"wsmith,smith",'sales, all'
amonroe,SpoiuS158,Ada Monroe,GM's Assistant,"amonroe,ada.monroe","all"
"""
SHUFFLED = """Groups,MailAddress,Name,FullName,Description
"sales, all",jwayne,jwayne,John Wayne,Developer
'sales, all',"wsmith,smith",wsmith, Winston Smith,Sales
"all","amonroe,ada.monroe",amonroe,Ada Monroe,GM's Assistant
"""


@pytest.mark.covers("USR-51", "USR-52", "USR-53")
@pytest.mark.parametrize("text", [SEMICOLONS, COMMAS, SHUFFLED], ids=["semicolons", "commas", "shuffled"])
def test_the_tables_of_the_manual(offline, company, tmp_path, text):
    status, result, _ = load(offline, company, table(tmp_path, text.replace("\n", "\r\n")))
    assert (status, result["added"], result["failed"]) == (0, 3, [])
    found = users(offline, company)
    assert found["wsmith"]["name"] == "Winston Smith"
    assert found["wsmith"]["addresses"] == ["smith"]
    assert found["wsmith"]["groups"] == ["all", "sales"]
    assert found["amonroe"]["description"] == "GM's Assistant"
    assert found["jwayne"]["addresses"] == []


@pytest.mark.covers("USR-54")
@pytest.mark.parametrize("encoding, option", [
    ("utf-8", ()), ("utf-8-sig", ()), ("utf-16", ()), ("cp1250", ("--encoding", "windows-1250")),
    ("iso8859-2", ("--encoding", "ISO-8859-2"))])
def test_encodings(offline, company, tmp_path, encoding, option):
    status, _, errors = load(offline, company, table(tmp_path, "Name,FullName\nx,Žofie Kůň\n", encoding), *option)
    assert status == 0, errors
    assert users(offline, company)["x"]["name"] == "Žofie Kůň"


@pytest.mark.covers("USR-55")
@pytest.mark.parametrize("text, wanted", [
    (b"\x00\x01\x02\xff\xfe", "is not CSV"),
    (b"", "the header is missing or wrong: the first line is empty"),
    (b"\r\nName\r\nx\r\n", "the first line is empty"),
    (b'"Name,FullName\n', "is not CSV: a quote is not closed"),
    (b"jwayne,John Wayne\n", "the header is missing or wrong: there is no column 'jwayne'"),
    (b"name,FullName\n", "'name'"),
    (b"FullName,Description\n", "there must be a column Name"),
    (b"Name,Name\n", "twice"),
    (b"Name|FullName\nx|y\n", "the separators are wrong"),
    (b"Name\tFullName\nx\ty\n", "the separators are wrong"),
])
def test_what_is_no_table(offline, tmp_path, text, wanted):
    path = tmp_path / "table.csv"
    path.write_bytes(text)
    done = offline.run("user", "import", DOMAIN, path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    if wanted == "'name'":
        assert users(offline, DOMAIN).keys() == {"admin"}
    assert wanted in done.stderr, done.stderr


BAD = """Name,FullName,MailAddress,Groups,quota
good,Good,,,5M
bad name,x,,,
one,too,many,cells,here,really
two,Two,taken,,
three,Three,taken,,
four,Four,,nobody,
five,"Five,,,
GOOD,Again,,,
six,Six,,,many

seven,Seven,,,
"""


def test_bad_lines_are_named_and_the_others_added(offline, company, tmp_path):
    path = table(tmp_path, BAD)
    for options in (("--dry-run",), ("--all-or-none",), ()):
        status, result, _ = load(offline, company, path, *options)
        assert status == 1
        assert [row["line"] for row in result["failed"]] == [3, 4, 6, 7, 8, 9, 10], result
        assert result["added"] == 3
        assert "line 2" in result["failed"][5]["error"]
        assert set(users(offline, company)) == (set() if options else {"good", "two", "seven"})
    assert users(offline, company)["good"]["quota"] == 5 << 20


@pytest.mark.covers("USR-67", "USR-63")
def test_import_with_a_template(offline, company, tmp_path):
    offline.cli("template", "add", "Own", "--domain", company, "--quota", "1G", "--groups", "all",
                "--description", "from the template")
    offline.cli("template", "add", "Other", "--domain", DOMAIN)
    path = table(tmp_path, "Name,Description,quota\na,,\nb,own words,2G\n")
    status, result, _ = load(offline, company, path, "--template", "Other")
    assert status == 1 and "for the domain" in result["failed"][0]["error"]
    status, result, _ = load(offline, company, path, "--template", "Own")
    assert status == 0
    found = users(offline, company)
    assert (found["a"]["quota"], found["a"]["description"]) == (1 << 30, "from the template")
    assert (found["b"]["quota"], found["b"]["description"]) == (2 << 30, "own words")
    assert found["b"]["groups"] == ["all"]
    names = [row["template"] for row in offline.cli("template", "list", as_json=True)]
    assert {"Own", "Other"} <= set(names)
    offline.cli("template", "rename", "Own", "Mine")
    assert offline.cli("template", "show", "mine", as_json=True)["domain"] == company
    for name in ("Mine", "Other"):
        offline.cli("template", "remove", name)


@pytest.mark.covers("USR-51")
def test_export_imports_again(offline, company, keryx_binary, tmp_path):
    offline.cli("user", "add", f"first@{company}", "--name", 'A "quoted", O\'Name; x', "--addresses", "one,two",
                "--groups", "all,sales", "--quota", "7M", "--imap-full-listing", "no", "--password", "secret one")
    offline.cli("user", "add", f"second@{company}", "--description", "'tis", "--forward", "x@else.test,first",
                "--disabled", "yes")
    text = offline.run("user", "export", company, "--with-hashes").stdout
    assert text.startswith("Name,Password,FullName,MailAddress,Groups,Description,")
    assert "secret one" not in text and "{ARGON2ID}$argon2id$" in text
    assert "ARGON2ID" not in offline.run("user", "export", company).stdout
    before = users(offline, company)
    for name in before:
        offline.cli("user", "remove", f"{name}@{company}")
    status, result, errors = load(offline, company, table(tmp_path, text))
    assert (status, result.get("added")) == (0, 2), (result, errors)
    after = users(offline, company)
    for rows in (before, after):
        for row in rows.values():
            del row["generation"]
    assert after == before
    everything = offline.run("user", "export").stdout
    assert f"first@{company}," in everything and f"admin@{DOMAIN}," in everything


@pytest.mark.covers("USR-60", "USR-21")
def test_imported_passwords_sign_in(server, tmp_path):
    path = table(tmp_path, f"Name,Password\nplain1,{{PLAIN}}secret one\nplain2,secret two\nhashed,\"{HASHED}\"\n")
    status, result, errors = load(server, DOMAIN, path)
    assert (status, result.get("added")) == (0, 3), (result, errors)
    for _ in range(2):  # the second time by our own form of the password
        for user, password in (("plain1", "secret one"), ("plain2", "secret two"), ("hashed", "Pass wörd 1")):
            session = server.pop3(user, password)
            session.quit()
    assert "{ARGON2ID}" in [line for line in server.run("user", "export", DOMAIN, "--with-hashes").stdout.splitlines()
                            if line.startswith("hashed,")][0]


def test_a_table_of_several_pieces(server, tmp_path):
    server.cli("domain", "add", "large.test")
    lines = [f"user{n},Full Name {n},a.user{n}" for n in range(1234)]
    lines[1000] = "user7,Again,"
    status, result, _ = load(server, "large.test", table(tmp_path, "Name,FullName,MailAddress\n" + "\n".join(lines)))
    assert status == 1 and result["added"] == 1233
    assert [row["line"] for row in result["failed"]] == [1002]
    assert server.cli("address", "check", "a.user1233@large.test", as_json=True)
    assert server.cli("user", "list", "large.test", "--count", as_json=True) == 1233
    page = server.cli("user", "list", "large.test", "--search", "FULL name 12", "--limit", "3", "--offset", "1",
                      as_json=True)
    assert [row["user"] for row in page] == ["user120@large.test", "user1200@large.test", "user1201@large.test"]


@pytest.mark.covers("DOM-06", "WADM-12")
def test_import_stops_at_the_limit_of_the_domain(offline, company, tmp_path):
    offline.cli("domain", "set", company, "--user-limit", "2")
    status, result, _ = load(offline, company, table(tmp_path, "Name\na\nb\nc\n"))
    assert status == 1 and result["added"] == 2
    assert "no more users than 2" in result["failed"][0]["error"]


def test_a_change_of_many_must_change_something(offline, company):
    done = offline.run("user", "set-many", company, "--search", "a")
    assert done.returncode == 1 and "give at least one field" in done.stderr
    done = offline.run("user", "set-many", company, "--disable", "yes")
    assert done.returncode == 2 and "(did you mean --disabled?); keryx user set-many --help shows all" in done.stderr


@pytest.mark.covers("USR-38", "USR-39", "USR-40")
def test_several_are_changed_alike(offline, company):
    for name in "abc":
        offline.cli("user", "add", f"{name}@{company}", "--quota", "1M", "--description", f"of {name}")
    offline.cli("user", "set", f"a@{company}", f"b@{company}", "--quota", "20M")
    found = users(offline, company)
    assert [found[name]["quota"] >> 20 for name in "abc"] == [20, 20, 1]
    assert [found[name]["description"] for name in "abc"] == ["of a", "of b", "of c"]
    done = offline.run("user", "set", f"a@{company}", f"nobody@{company}", "--quota", "9M")
    assert done.returncode == 1 and "nobody@" in done.stderr
    assert users(offline, company)["a"]["quota"] == 20 << 20
    assert "is for one account" in offline.run("user", "set", f"a@{company}", f"b@{company}", "--password", "x").stderr
    tried = offline.cli("user", "set-many", company, "--search", "OF C", "--disabled", "yes", "--dry-run", as_json=True)
    assert [row["user"] for row in tried] == [f"c@{company}"]
    assert not users(offline, company)["c"]["disabled"]
    offline.cli("user", "set-many", company, "--disabled", "yes")
    assert all(row["disabled"] for row in users(offline, company).values())
    done = offline.run("user", "set-many", company, "--addresses", "x")
    assert done.returncode == 1 and f"b@{company}: " in done.stderr
    assert all(row["addresses"] == [] for row in users(offline, company).values())
