# SPDX-License-Identifier: Apache-2.0
"""Directories that do not do as most do: large groups, referrals, silence, answers without end, entries that are not
what they seem."""

import imaplib
import threading
import time

import fakeldap
import kx
import pytest
from test_directory import rcpt


def user(uid, **more):
    return f"uid={uid},dc=odd", {"objectclass": ["inetOrgPerson"], "uid": [uid], "cn": [uid], **more}


def group(name, members=(), **more):
    return f"cn={name},dc=odd", {"objectclass": ["groupOfNames"], "cn": [name], "member": list(members), **more}


@pytest.fixture(scope="module")
def server(keryx_binary):
    with kx.running_server(keryx_binary, users=["local"], config={"log.debug": "directory-lookup"}) as running:
        yield running


@pytest.fixture
def odd(server):
    """A domain with a directory of its own."""
    with fakeldap.FakeLdap(passwords=("his own",)) as ldap:
        ldap.entries = [user("first"), user("second"), group("all", ["uid=first,dc=odd"])]
        server.cli("domain", "add", "odd.test", *fakeldap.options(ldap))
        server.cli("directory", "refresh", "odd.test")
        yield ldap
        server.cli("domain", "set", "odd.test", "--directory", "none")
        kx.wait_until(lambda: remove(server), what="the end of the domain")


def remove(server):
    """A look that was under way may still bring somebody back."""
    for one in server.cli("group", "list", "odd.test", as_json=True):
        server.run("group", "remove", one["group"])
    for one in server.cli("user", "list", "odd.test", as_json=True):
        server.run("user", "set", one["user"], "--source", "internal")
        server.run("user", "remove", one["user"])
    return server.run("domain", "remove", "odd.test").returncode == 0


def refresh(server):
    return server.run("directory", "refresh", "odd.test")


def members(server, name):
    return server.cli("group", "show", f"{name}@odd.test", as_json=True)["members"]


def sign_in(server, login, password="his own"):
    imap = imaplib.IMAP4_SSL("127.0.0.1", server.port("imaps"), ssl_context=kx.tls_context())
    try:
        imap.login(login, password)
        return True
    except imaplib.IMAP4.error as error:
        return str(error)
    finally:
        imap.shutdown()


def test_members_come_in_parts(server, odd):
    odd.most = 3
    names = ["first"] + [f"user{i}" for i in range(10)]
    odd.entries = [user(name) for name in names] + [group("all", [f"uid={name},dc=odd" for name in names])]
    assert refresh(server).returncode == 0
    assert members(server, "all") == names


def test_a_referral_is_no_empty_directory(server, odd):
    odd.code, odd.entries = fakeldap.REFERRAL, []
    assert "refers to another" in refresh(server).stderr
    odd.entries = [user("first")]
    assert "refers to another" in refresh(server).stderr
    assert server.cli("user", "show", "second@odd.test", as_json=True)["source"] == "ldap"
    odd.code = 0


def test_a_directory_that_shows_no_groups_keeps_those_it_had(server, odd):
    odd.entries = [user("first"), user("second")]
    assert refresh(server).returncode == 0
    assert members(server, "all") == ["first"]
    server.wait_log("warning", "The directory of odd.test shows no groups at all: those it had stay")


def test_an_entry_signs_in_as_the_account_that_it_is(server, odd):
    assert sign_in(server, "first@odd.test") is True
    odd.entries[0] = ("uid=third,dc=odd", {"objectclass": ["inetOrgPerson"], "uid": ["third", "first"], "cn": ["x"]})
    time.sleep(0.1)
    server.cli("user", "set", "first@odd.test", "--quota", "1000")  # what was remembered of him counts no more
    assert sign_in(server, "first@odd.test") is not True
    odd.entries[1] = user("second", keryxenabled=["FALSE"])
    assert sign_in(server, "second@odd.test") is not True
    kx.wait_until(lambda: server.cli("user", "show", "second@odd.test", as_json=True)["source"] == "gone",
                  what="the end of the account")


def test_a_group_that_is_new_is_put_off_until_its_members_are_known(server, odd):
    odd.entries.append(group("fresh", ["uid=second,dc=odd"], mail=["fresh@odd.test"]))
    odd.entries.append(group("un@usable", ["uid=second,dc=odd"], mail=["unusable@odd.test"]))
    before = odd.searches
    assert rcpt(server, "fresh@odd.test") == 451 and odd.searches - before <= 4
    kx.wait_until(lambda: rcpt(server, "fresh@odd.test") == 250, what="the group")
    assert members(server, "fresh") == ["second"]
    assert rcpt(server, "unusable@odd.test") in (451, 550)
    kx.wait_until(lambda: rcpt(server, "unusable@odd.test") == 550, what="the end of waiting")
    seen = odd.searches
    for _ in range(20):
        assert rcpt(server, "unusable@odd.test") == 550
    assert odd.searches - seen <= 4


def test_groups_need_no_addresses(server, odd):
    server.cli("domain", "set", "odd.test", "--directory-attributes", "group-addresses=")
    before = odd.searches
    assert rcpt(server, "stranger@odd.test") == 550
    assert "(|)" not in server.log("debug") and odd.searches > before


def test_a_silent_directory_holds_nobody_up(server, odd):
    odd.silent = True
    threads = [threading.Thread(target=sign_in, args=(server, f"user{i}@odd.test")) for i in range(40)]
    threads += [threading.Thread(target=rcpt, args=(server, f"user{i}@odd.test")) for i in range(40)]
    for one in threads:
        one.start()
    time.sleep(0.3)
    begin = time.monotonic()
    assert sign_in(server, "local@example.test", kx.password_of("local")) is True
    assert rcpt(server, "local@example.test") == 250 and rcpt(server, "first@odd.test") == 250
    assert time.monotonic() - begin < 2
    for one in threads:
        one.join()
    server.wait_log("error", "The directory of odd.test cannot be used")
    begin = time.monotonic()
    assert "UNAVAILABLE" in sign_in(server, "first@odd.test") and rcpt(server, "nobody@odd.test") == 451
    assert time.monotonic() - begin < 1
    odd.silent = False
    kx.wait_until(lambda: sign_in(server, "first@odd.test") is True, what="the directory", seconds=30)


def test_an_answer_has_an_end(server, odd):
    odd.endless = True
    begin = time.monotonic()
    assert rcpt(server, "nobody@odd.test") == 451
    assert time.monotonic() - begin < 10
    server.wait_log("debug", "the answer of the directory is longer than it may be")
    odd.endless = False
    assert refresh(server).returncode == 0
    assert rcpt(server, "nobody@odd.test") in (451, 550)


def test_what_is_kept_until_it_is_asked_for_has_an_end(server, odd):
    """The rest of an answer, while the further values of one of its entries are read."""
    odd.most, odd.entries[1] = 1, user("second", mail=["a@odd.test", "b@odd.test"])
    odd.flood, odd.flooded = True, 0
    assert rcpt(server, "a@odd.test") == 451
    server.wait_log("debug", "further values could not be read: the answer of the directory is longer than it may be")
    kx.wait_until(lambda: not odd.flood, what="the end of it")
    assert odd.flooded < 12 << 20  # what is on its way counts too
    odd.flood, odd.flooded = True, 0
    assert "longer than it may be" in refresh(server).stderr
    kx.wait_until(lambda: not odd.flood, what="the end of it")
    assert odd.flooded < 280 << 20
    assert refresh(server).returncode == 0
    assert rcpt(server, "a@odd.test") == 250


def test_a_name_that_is_no_text_breaks_nothing(server, odd):
    odd.entries.append((b"uid=\xff\xfe,dc=odd", {"objectclass": ["inetOrgPerson"], "uid": ["bytes"], "cn": ["x"]}))
    assert refresh(server).returncode == 0
    assert "\ufffd" in server.cli("user", "show", "bytes@odd.test", as_json=True)["directory-entry"]


def test_a_directory_makes_administrators_only_where_the_domain_says_so(server, odd):
    odd.entries[0] = user("first", keryxadmin=["full"])
    odd.entries[2] = group("all", ["uid=first,dc=odd"], keryxadmin=["full"])
    refresh(server)
    assert server.cli("user", "show", "first@odd.test", as_json=True)["admin"] == "none"
    assert server.cli("group", "show", "all@odd.test", as_json=True)["admin"] == "none"
    server.cli("domain", "set", "odd.test", "--directory-attributes", "admin=keryxAdmin,group-admin=keryxAdmin")
    refresh(server)
    assert server.cli("user", "show", "first@odd.test", as_json=True)["admin"] == "full"
    assert server.cli("group", "show", "all@odd.test", as_json=True)["admin"] == "full"


def test_an_address_of_somebody_else_is_no_change_each_time(server, odd):
    server.cli("user", "add", "here@odd.test", "--password", "a secret of his", "--addresses", "shared")
    odd.entries[0] = user("first", mail=["shared@odd.test"])
    refresh(server)
    report = server.cli("directory", "refresh", "odd.test", as_json=True)
    assert report["changed"] == 0 and report["left-out"] == 0
    server.wait_log("warning", r'Directory of odd.test: "first" .*shared')


def test_an_account_is_given_to_a_directory_only_where_there_is_one(server, odd):
    refused = server.run("user", "set", "local@example.test", "--source", "ldap")
    assert refused.returncode == 1 and "has no directory" in refused.stderr
    server.cli("user", "add", "given@odd.test", "--password", "a secret of his")
    server.cli("user", "set", "given@odd.test", "--source", "ldap")
    assert sign_in(server, "given@odd.test", "a secret of his") is not True


def test_what_fails_each_time_is_said_once(server, odd):
    before = server.log("error").count("directory of odd.test cannot"), server.log("warning").count("used again")
    odd.group_code = fakeldap.UNWILLING
    for _ in range(3):
        assert "unwilling" in refresh(server).stderr
        assert sign_in(server, "first@odd.test") is True
    assert server.log("error").count("directory of odd.test cannot") == before[0] + 1
    assert server.log("warning").count("used again") == before[1]
    odd.group_code = 0
    assert refresh(server).returncode == 0
    assert server.log("warning").count("used again") == before[1] + 1
