# SPDX-License-Identifier: Apache-2.0
"""Calendars, contacts, tasks and notes over IMAP: hidden, or shown as messages with attachments."""

import pytest

from rawimap import RawImap

TYPES = {"Calendar", "Contacts", "Tasks", "Notes"}
MAIL = b"From: a@example.com\r\nSubject: mail\r\n\r\nBody.\r\n"
EVENT = (b"From: a@example.com\r\nSubject: Meeting\r\nContent-Type: text/calendar; name=event.ics\r\n\r\n"
         b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
ICS = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:R\u00e9union\\, weekly\nEND:VEVENT\nEND:VCALENDAR\n".encode()
VCF = b"BEGIN:VCARD\nVERSION:4.0\nFN:Winston Smith\nEND:VCARD\n"


def names(client, pattern="*"):
    return {value[3].decode() if isinstance(value[3], bytes) else value[3]
            for value in client.ok(f'LIST "" "{pattern}"').untagged if value[0] == "LIST"}


@pytest.mark.covers("AMAIL-02", "AMAIL-03", "PUB-19")
def test_listing_is_a_setting_and_a_matter_of_the_user(fresh_server):
    server = fresh_server(users=("alice",))
    with RawImap(server, "alice") as alice:
        assert not names(alice) & TYPES
        assert alice.command("SELECT Calendar").code == "NONEXISTENT"
        server.cli("config", "set", "imap.full-listing", "yes")
        assert TYPES <= names(alice)
        alice.ok("SELECT Calendar")
        server.cli("user", "set", "alice@example.test", "--imap-full-listing", "no")
        assert not names(alice) & TYPES
        server.cli("config", "set", "imap.full-listing", "no")
        server.cli("user", "set", "alice@example.test", "--imap-full-listing", "yes")
        assert TYPES <= names(alice)


@pytest.mark.covers("AMAIL-04")
def test_items_are_messages_with_an_attachment(fresh_server):
    server = fresh_server(users=("alice",), config={"imap.full-listing": "yes"})
    with RawImap(server, "alice") as alice:
        alice.ok("NOOP")
    for folder, name, content in (("Calendar", "meeting.ics", ICS), ("Contacts", "winston.vcf", VCF)):
        (server.folder("alice", folder) / "#msgs" / name).write_bytes(content)
    server.cli("reindex", "alice@example.test")
    with RawImap(server, "alice") as alice:
        for folder, suffix, kind, content in (("Calendar", b".ics", b"calendar", ICS),
                                              ("Contacts", b".vcf", b"vcard", VCF)):
            alice.ok(f"SELECT {folder}")
            found = alice.fetch("FETCH 1 (BODYSTRUCTURE BINARY.PEEK[1] ENVELOPE)")[1]
            assert found["BINARY[1]"] == content
            structure = found["BODYSTRUCTURE"]
            assert [structure[0].lower(), structure[1].lower()] == [b"text", kind]
            assert any(isinstance(part, list) and part and part[0] in (b"attachment", b"ATTACHMENT")
                       and part[1][1].endswith(suffix) for part in structure)
        assert found["ENVELOPE"][1] == b"Winston Smith"
    assert server.run("reindex", "alice@example.test", "--check").returncode == 0


def test_only_items_of_the_kind_go_in(fresh_server):
    server = fresh_server(users=("alice",), config={"imap.full-listing": "yes"})
    with RawImap(server, "alice") as alice:
        assert alice.command("APPEND Calendar ", MAIL).code == "CANNOT"
        alice.append("Calendar", EVENT)
        alice.append("Tasks", EVENT)
        alice.append("Notes", MAIL)
        assert alice.command("APPEND Contacts ", EVENT).code == "CANNOT"
        alice.append("INBOX", MAIL)
        alice.append("INBOX", EVENT)
        alice.ok("SELECT INBOX")
        assert alice.command("COPY 1:2 Calendar").code == "CANNOT"
        alice.ok("COPY 2 Calendar")
