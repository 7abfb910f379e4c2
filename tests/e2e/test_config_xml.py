# SPDX-License-Identifier: Apache-2.0
"""The whole configuration as mailserver.cfg and users.cfg: out of one server, into another."""

import imaplib
import re
import stat

import pytest

import kx

FILES = ("mailserver.cfg", "users.cfg")


@pytest.fixture
def empty(keryx_binary):
    with kx.running_server(keryx_binary, start=False) as instance:
        yield instance


def fill(server):
    """One of everything, with what is hard to write as XML."""
    server.cli("ipgroup", "set", "Inner", "--entries", "127.0.0.0/8")
    server.cli("ipgroup", "set", "Home", "--entries", "192.0.2.0/24,group:Inner")
    server.cli("config", "set", "service.imaps.access-group", "Home", "quota.warning-threshold", "77",
               "smtp.relay-password", "a <secret> & more", "server.comment", 'Ünï "code" <&>')
    server.cli("timerange", "add", "Office", "--entries", "daily 08:00-17:00 weekdays", "--description", "Mo-Fr")
    server.cli("domain", "add", "zweite.test", "--footer", "one\n  two & <three>\n\nfour", "--user-limit", "2",
               "--aliases", "müller.test")
    server.cli("group", "add", "team@zweite.test", "--addresses", "all,everybody")
    server.cli("user", "add", "ann@zweite.test", "--password", "pass of ann", "--name", "Ann <O'Hara> & Söhne",
               "--groups", "team", "--addresses", "a.ohara", "--quota", "5M", "--forward", f"bob@{kx.DOMAIN}")
    server.cli("user", "add", f"bob@{kx.DOMAIN}", "--password", "pass of bob", "--disabled", "no")
    server.cli("user", "add", "off@zweite.test", "--disabled", "yes", "--description", "two  things <![CDATA[ ]]>")
    server.cli("alias", "add", "sales*@zweite.test", "ann", f"bob@{kx.DOMAIN}")
    server.cli("schedule", "add", "Lunch", "--at", "12:00,12:30", "--range", "Office", "--actions", "send-queue,etrn")
    server.cli("etrn", "add", "Provider", "--host", "mx.provider.test", "--domains", "zweite.test", "--user", "us",
               "--password", "pass at the provider")
    server.cli("template", "add", "Staff", "--domain", "zweite.test", "--groups", "team", "--quota", "1G")


def export(server, folder):
    server.cli("config", "export", "--xml", folder)
    return [(folder / name).read_bytes() for name in FILES]


@pytest.mark.covers("INST-44", "INST-45", "INST-46", "USR-31")
def test_a_configuration_moves_to_another_server(empty, keryx_binary, tmp_path):
    fill(empty)
    first = export(empty, tmp_path / "a")
    assert b'<variable name="QuotaWarningThreshold">77</variable>' in first[0]
    assert all(stat.S_IMODE((tmp_path / "a" / name).stat().st_mode) == 0o600 for name in FILES)
    with kx.running_server(keryx_binary, start=False) as other:
        tried = other.cli("config", "import", "--xml", tmp_path / "a", "--dry-run", as_json=True)
        assert (tried["added"], tried["ignored"], tried["dry-run"]) == (12, [], True)
        assert len(other.cli("user", "list", as_json=True)) == 1
        done = other.cli("config", "import", "--xml", tmp_path / "a", as_json=True)
        assert done == {**tried, "dry-run": False}
        assert export(other, tmp_path / "b") == first
        again = other.cli("config", "import", "--xml", tmp_path / "b", as_json=True)
        assert (again["added"], again["changed"], again["settings"]) == (0, 0, [])
        other.offset = empty.offset
        other.start()
        other.deliver("sales-north@zweite.test", "Subject: moved\n\nmail flows\n")
        with other.imap("bob@" + kx.DOMAIN, "pass of bob") as imap:
            kx.wait_until(lambda: imap.select("INBOX")[1] == [b"1"], what="the alias and the forwarding")
        with other.imap("ann@zweite.test", "pass of ann") as imap:
            assert imap.select("INBOX")[1] == [b"1"]
        with pytest.raises(imaplib.IMAP4.error):
            other.imap("off@zweite.test", "pass of ann")
        # The running server writes and reads the same; who has signed in has a password of our own now.
        after = export(other, tmp_path / "c")
        strip = re.compile(rb"Password_hash.*")
        assert [strip.sub(b"", text) for text in after] == [strip.sub(b"", text) for text in first]


HAND_MADE = """<?xml version="1.0" encoding="ISO-8859-2"?>
<!-- as the original wrote it -->
<config>
  <variable name="TrialID">abc</variable>
  <table name="Misc">
    <variable name="QuotaWarningThreshold">85</variable>
    <variable name="IMAPFullListing">1</variable>
    <table name="StoreBackup"><variable name="IncludeMail">1</variable></table>
  </table>
  <table name="SMTP"><variable name="Max-Recipients">7</variable></table>
  <list name="Users">
    <listitem>
      <variable name="Name">tjones</variable>
      <variable name="Domain">example.test</variable>
      <variable name="FullName">Tom\u00e1\u0161 Jones</variable>
      <variable name="Account_enabled">1</variable>
      <variable name="Auth_type">0</variable>
      <variable name="Password">plain text 7</variable>
      <variable name="Rights">1</variable>
      <variable name="MailAddress">tjones, tom.jones</variable>
      <variable name="Qstorage">10485760</variable>
      <variable name="Qmessage">5000</variable>
      <list name="Groups"><listitem>staff</listitem><listitem>all</listitem></list>
    </listitem>
    <listitem>
      <variable name="Name">old</variable>
      <variable name="Password">D3S:0011223344</variable>
      <variable name="Enabled">0</variable>
    </listitem>
  </list>
  <list name="Group">
    <listitem><variable name="Name">sales</variable><variable name="Members">old</variable></listitem>
    <listitem><variable name="Name">all</variable></listitem>
    <listitem><variable name="Name">staff</variable></listitem>
  </list>
  <list name="Resource"><listitem><variable name="Name">Room</variable></listitem></list>
</config>
"""


@pytest.mark.covers("INST-44", "INST-46")
def test_a_file_in_the_shape_of_the_original(server, tmp_path):
    (tmp_path / "users.cfg").write_bytes(HAND_MADE.replace("ISO-8859-2", "UTF-8").encode("iso8859-2"))
    done = server.run("config", "import", "--xml", tmp_path)
    assert done.returncode == 1 and "not text in the encoding that it declares" in done.stderr
    (tmp_path / "users.cfg").write_bytes(HAND_MADE.encode("iso8859-2"))
    done = server.cli("config", "import", "--xml", tmp_path, as_json=True)
    assert done["added"] == 5
    assert sorted(done["settings"]) == ["imap.full-listing", "quota.warning-threshold", "smtp.max-recipients"]
    assert [row["name"] for row in done["ignored"]] == [
        "TrialID", "Misc.StoreBackup.IncludeMail", "Users.Auth_type", "Users.Password", "Resource"]
    assert done["ignored"][0] == {"file": "users.cfg", "line": 4, "name": "TrialID"}
    user = server.cli("user", "show", "tjones@example.test", as_json=True)
    assert (user["name"], user["admin"], user["quota"], user["quota-items"], user["addresses"], user["groups"]) == (
        "Tomáš Jones", "read", 10485760, 5000, ["tom.jones"], ["all", "staff"])
    old = server.cli("user", "show", "old@example.test", as_json=True)
    assert (old["disabled"], old["groups"]) == (True, ["sales"])
    with server.imap("tjones@example.test", "plain text 7") as imap:
        assert imap.select("INBOX")[0] == "OK"
    assert "Name='tjones'" in server.log("config") and "plain text 7" not in server.log("config")


WRONG = [
    ("<config><list name='User'><listitem><variable name='Name'>new</variable>\n"
     "<variable name='Qstorage'>much</variable></listitem></list></config>",
     "users.cfg line 2, variable Qstorage: 'much' is not a size"),
    ("<config><list name='User'><listitem><variable name='Name'>new</variable></listitem>\n"
     "<listitem><variable name='Name'>new2</variable><variable name='Groups'>none</variable></listitem></list></config>",
     "users.cfg line 2: User 'new2': "),
    ("<config><list name='User'><listitem>\n<variable name='Name'>new</variable></listitem>\n"
     "<listitem><variable name='Name'>NEW</variable></listitem></list></config>",
     "users.cfg line 3: 'NEW' stands in the list a second time"),
    ("<config><list name='User'>\n<listitem><variable name='Quota'>1</variable></listitem></list></config>",
     "users.cfg line 2: the variable Name is missing"),
    ("<config><list name='User'><listitem><variable name='Name'>new</variable></listitem></list>\n"
     "<table name='service.imap'><variable name='access-group'>nobody</variable></table></config>",
     "there is no IP address group 'nobody'"),
    ("<config><table name='smtp'>\n<variable name='max-recipients'>many</variable></table></config>",
     "users.cfg line 2, variable max-recipients: "),
    ("<config>\n<variable name='a'>1</config>", "users.cfg line 2: this is not XML"),
    ("<config>\n<user/></config>", "users.cfg line 2: <user> has no place here"),
    ("<config>\n<variable>1</variable></config>", "users.cfg line 2: <variable> needs a name"),
    ("<config>\ntext</config>", "text stands outside of variables"),
    ("<!DOCTYPE config [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>\n<config><variable name='x'>&a;</variable></config>",
     "users.cfg line 1: a document type is declared"),
    ("<config>" + "<table name='t'>" * 20, "nested deeper than 16"),
    ("", "this is not XML"),
]


@pytest.mark.covers("INST-46")
@pytest.mark.parametrize("text, wanted", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_named_and_nothing_is_done(server, tmp_path, text, wanted):
    before = export(server, tmp_path / "before")
    (tmp_path / "users.cfg").write_text(text)
    done = server.run("config", "import", "--xml", tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert wanted in done.stderr, done.stderr
    assert export(server, tmp_path / "after") == before


def test_there_must_be_a_file(server, tmp_path):
    done = server.run("config", "import", "--xml", tmp_path)
    assert done.returncode == 1 and "there is neither mailserver.cfg nor users.cfg" in done.stderr
    done = server.run("config", "export", "--xml", tmp_path / "no" / "such")
    assert done.returncode == 1 and "cannot make the directory" in done.stderr
