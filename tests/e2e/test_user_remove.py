# SPDX-License-Identifier: Apache-2.0
"""Removing a user, and what becomes of the mailbox (USR-41, USR-42)."""

import smtplib
import threading

import pytest

import kx
from rawimap import RawImap

EVENT = (b"From: a@example.com\r\nSubject: event\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar\r\n\r\n"
         b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n"
         b"DTSTART:20260101T000000Z\r\nSUMMARY:event\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
TEXT = b"From: a@example.com\r\nSubject: %s\r\n\r\nbody"


def send(server, user, subject=b"sent"):
    with smtplib.SMTP("127.0.0.1", server.port("smtp")) as client:
        client.sendmail("a@example.com", [server.address(user)], TEXT % subject)


def remove(server, user, *options):
    return server.cli("user", "remove", server.address(user), *options, as_json=True)


def folders(client, pattern="*"):
    return {row[3].decode() if isinstance(row[3], bytes) else row[3]
            for row in client.ok(f'LIST "" "{pattern}"').untagged}


@pytest.fixture
def target(server):
    """Another user of the test's own."""
    import uuid
    name = f"t{uuid.uuid4().hex[:10]}"
    server.add_user(name)
    return name


def fill(server, user):
    server.cli("user", "set", server.address(user), "--imap-full-listing", "yes")
    client = RawImap(server, user)
    client.append("INBOX", TEXT % b"kept", '(\\Flagged \\Seen $Label1) "01-Feb-2020 10:00:00 +0000"')
    client.append("INBOX", TEXT % b"plain")
    client.ok("CREATE Work/Deep")
    client.append("Work/Deep", TEXT % b"deep")
    client.append("Calendar", EVENT)
    return client


@pytest.mark.covers("USR-41")
def test_a_mailbox_moves_to_another_user(server, user, target):
    fill(server, user).close()
    result = remove(server, user, "--move-mail-to", server.address(target))
    top = f"Deleted mailbox - {server.address(user)}"
    assert (result["mail"], result["folder"], result["complete"]) == ("moved", top, True)
    assert server.run("user", "show", server.address(user)).returncode == 1
    assert not server.folder(user, "").exists()
    server.cli("user", "set", server.address(target), "--imap-full-listing", "yes")
    client = RawImap(server, target)
    names = folders(client, f"{top}/*")
    assert {f"{top}/INBOX", f"{top}/Work/Deep", f"{top}/Deleted Items"} <= names
    assert not [name for name in folders(client) if "incomplete" in name]
    subscribed = {bytes(row[3]).decode() for row in client.ok(f'LSUB "" "{top}*"').untagged}
    assert {top, f"{top}/INBOX"} <= subscribed and f"{top}/Work/Deep" not in subscribed  # as it was in the source
    client.ok(f'SELECT "{top}/INBOX"')
    rows = client.ok("FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])").untagged
    values = [dict(zip(row[2][::2], row[2][1::2])) for row in rows if row[1:2] == ["FETCH"]]
    assert len(values) == 2
    assert {"\\Flagged", "\\Seen", "$Label1"} <= set(values[0]["FLAGS"])
    assert values[0]["INTERNALDATE"].strip().startswith((b"01-Feb-2020", b"1-Feb-2020"))
    assert len(server.eml_files(target, f"{top}/Work/Deep")) == len(server.eml_files(target, f"{top}/Calendar")) == 1
    client.close()
    assert server.cli("user", "show", server.address(target), as_json=True)["items"] == 4
    assert server.run("reindex", server.address(target), "--check").returncode == 0
    server.wait_log("config", f"Mailbox of {server.address(user)} moved to '{top}', 4 items")


@pytest.mark.covers("USR-41")
def test_what_cannot_be_moved_is_left_alone(server, user, target):
    fill(server, user).close()
    server.cli("user", "set", server.address(target), "--quota-items", "2")
    for to in (server.address(target), server.address(user), "nobody@example.test"):
        assert server.run("user", "remove", server.address(user), "--move-mail-to", to).returncode == 1
    assert server.run("user", "remove", server.address(user), "--delete-mail", "--move-mail-to", "alice").returncode == 1
    server.wait_log("warning", f"Removing the user {server.address(user)}: .*quota of {server.address(target)}")
    assert server.cli("user", "show", server.address(user), as_json=True)["items"] == 4
    client = RawImap(server, target)
    assert not folders(client, "Deleted mailbox*")
    client.close()


@pytest.mark.covers("USR-41")
def test_an_interrupted_move_is_begun_anew(server, user, target):
    fill(server, user).close()
    top = f"Deleted mailbox - {server.address(user)}"
    client = RawImap(server, target)
    client.ok(f'CREATE "{top} (incomplete)/INBOX"')
    client.append(f'"{top} (incomplete)/INBOX"', TEXT % b"half")
    client.ok(f'CREATE "{top}"')
    assert remove(server, user, "--move-mail-to", server.address(target))["folder"] == f"{top} (2)"
    assert len(server.eml_files(target, f"{top} (2)/INBOX")) == 2
    assert not [name for name in folders(client) if "incomplete" in name]
    assert not [row for row in client.ok('LSUB "" "*"').untagged if "incomplete" in str(row[3])]
    client.close()


@pytest.mark.covers("USR-42")
def test_a_mailbox_is_kept_or_deleted(server, user, target):
    send(server, user)
    send(server, target)
    assert remove(server, user)["mail"] == "kept"
    assert len(server.eml_files(user)) == 1
    client = RawImap(server, target)  # a session does not hinder it
    assert remove(server, target, "--delete-mail")["complete"]
    assert not server.folder(target, "").exists()
    with pytest.raises((ConnectionError, EOFError, Exception)):
        for _ in range(3):
            client.ok("NOOP")
    server.add_user(target)
    assert server.cli("user", "show", server.address(target), as_json=True)["items"] == 0


def test_every_session_ends(server, user):
    imap = RawImap(server, user)
    imap.ok("SELECT INBOX")
    pop = server.pop3(user)
    remove(server, user, "--delete-mail")
    imap.socket.settimeout(20)
    text = b""
    while piece := imap.socket.recv(4096):
        text += piece
    assert b"* BYE" in text
    pop.sock.settimeout(20)
    while pop.sock.recv(4096):
        pass


def test_mail_on_its_way_is_refused_or_moved(server, user, target):
    """While the user is removed others keep sending: each message is refused or in the target."""
    sent, refused, stop = [], [], threading.Event()

    def sender(number):
        for count in range(200):
            if stop.is_set() and refused:
                return
            subject = b"m%d-%d" % (number, count)
            try:
                send(server, user, subject)
                sent.append(subject)
            except smtplib.SMTPException:
                refused.append(subject)

    threads = [threading.Thread(target=sender, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    kx.wait_until(lambda: len(sent) > 5, 60, "some are sent")
    result = remove(server, user, "--move-mail-to", server.address(target))
    stop.set()
    for thread in threads:
        thread.join()
    moved = server.eml_files(target, f"{result['folder']}/INBOX").values()
    assert result["complete"] and not server.folder(user, "").exists()
    found = {line.split(b": ")[1] for text in moved for line in text.split(b"\r\n") if line.startswith(b"Subject")}
    assert found == set(sent) and len(moved) == len(sent)


def test_others_forget_him(server, user, target):
    client = RawImap(server, target)
    client.ok(f"SETACL INBOX {server.address(user)} lrs")
    server.cli("group", "add", f"g{user}@example.test")
    server.cli("user", "set", server.address(user), "--groups", f"g{user}")
    server.cli("alias", "add", f"a{user}@example.test", user)
    server.cli("alias", "add", f"b{user}@example.test", "alice", server.address(user))
    guest = RawImap(server, user)
    shared = f"~{server.address(target)}/INBOX"
    guest.ok(f'SETMETADATA "{shared}" (/private/comment "mine")')
    guest.close()
    result = remove(server, user)
    assert sorted(result["aliases"]) == [f"a{user}@example.test", f"b{user}@example.test"]
    (row,) = client.ok("GETACL INBOX").untagged
    assert not any(user.encode() in (word if isinstance(word, bytes) else word.encode()) for word in row)
    assert server.cli("group", "show", f"g{user}@example.test", as_json=True)["members"] == []
    server.add_user(user)
    client.ok(f"SETACL INBOX {server.address(user)} lrs")
    again = RawImap(server, user)
    answer = again.ok(f'GETMETADATA "{shared}" /private/comment')
    assert "mine" not in str(answer.untagged)
    again.close()
    client.close()
