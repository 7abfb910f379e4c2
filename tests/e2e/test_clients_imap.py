# SPDX-License-Identifier: Apache-2.0
"""Real clients read, file and synchronise over IMAP: curl, mbsync, offlineimap, neomutt, imaplib."""

import email
import mailbox
import os
import pty
import re
import select
import subprocess
import time

import pytest

import kx
import messages
from kx import run


def append(client, message, folder="INBOX", flags=""):
    status, _ = client.append(folder, flags, None, messages.wire(message))
    assert status == "OK"


def uids(client, criterion="ALL"):
    status, found = client.uid("search", None, criterion)
    assert status == "OK"
    return [int(uid) for uid in found[0].split()]


def fetch(client, uid, item="BODY.PEEK[]"):
    status, answer = client.uid("fetch", str(uid), f"({item})")
    assert status == "OK" and answer[0], answer
    # What other clients changed meanwhile may come along, as lines without a literal.
    return next(row[1] for row in answer if isinstance(row, tuple))


def flags_of(client, uid):
    status, answer = client.uid("fetch", str(uid), "(FLAGS)")
    assert status == "OK"
    row = next(row for row in reversed(answer) if b"UID %d " % uid in row or b"UID %d)" % uid in row)
    return set(re.search(rb"FLAGS \(([^)]*)\)", row).group(1).decode().split()) - {"\\Recent"}


def subjects(path):
    """{subject: message} of a local Maildir."""
    return {message["Subject"]: message for message in mailbox.Maildir(path, create=False)}


# --- Python's own client and curl

@pytest.mark.covers("SMTP-37", "SVC-13")
@pytest.mark.parametrize("kind", list(messages.ALL_KINDS))
def test_imaplib_appends_and_reads_back(server, user, kind):
    message = messages.ALL_KINDS[kind]()
    client = server.imap(user)
    append(client, message, flags="(\\Flagged)")
    client.select()
    (uid,) = uids(client)
    assert fetch(client, uid) == messages.wire(message)
    assert flags_of(client, uid) == {"\\Flagged"}
    assert fetch(client, uid, "BODY.PEEK[HEADER.FIELDS (SUBJECT)]").strip().startswith(b"Subject:")
    assert fetch(client, uid, "BODY.PEEK[]<10.20>") == messages.wire(message)[10:30]
    client.logout()


@pytest.mark.covers("SMTP-37")
def test_imaplib_keeps_folders_on_the_server(server, user):
    client = server.imap(user)
    message = messages.plain()
    append(client, message)
    assert client.create("Projects")[0] == "OK"
    assert client.create("Projects/2024")[0] == "OK"
    client.select()
    (uid,) = uids(client)
    assert client.uid("copy", str(uid), "Projects/2024")[0] == "OK"
    assert client.rename("Projects/2024", "Projects/Past")[0] == "OK"
    client.logout()

    again = server.imap(user)
    names = [line.decode().rsplit(" ", 1)[1].strip('"') for line in again.list()[1]]
    assert "Projects/Past" in names and "Projects/2024" not in names
    again.select("Projects/Past")
    (uid,) = uids(again)
    assert fetch(again, uid) == messages.wire(message)
    again.unselect()
    assert again.delete("Projects/Past")[0] == "OK"
    assert again.select("Projects/Past")[0] == "NO"
    again.logout()


@pytest.mark.covers("SMTP-37", "SVC-13")
def test_two_clients_see_each_others_changes(server, user):
    first, second = server.imap(user), server.imap(user)
    first.select()
    second.select()
    append(first, messages.plain())
    second.noop()
    (uid,) = uids(second)
    assert second.uid("store", str(uid), "+FLAGS", "(\\Seen $Forwarded)")[0] == "OK"
    first.noop()
    assert flags_of(first, uid) == {"\\Seen", "$Forwarded"}
    first.uid("store", str(uid), "+FLAGS", "(\\Deleted)")
    first.expunge()
    second.noop()
    assert uids(second) == []
    first.logout()
    second.logout()


@pytest.mark.covers("SVC-13")
def test_curl_reads_over_imaps(server, need, user):
    message = messages.with_attachments()
    append(server.imap(user), message)
    url = f"imaps://127.0.0.1:{server.port('imaps')}/INBOX"
    account = f"{user}@example.test:{kx.password_of(user)}"
    done = subprocess.run([need("curl"), "-sS", "-k", "--user", account, f"{url};MAILINDEX=1"],
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == messages.wire(message)
    done = run([need("curl"), "-sS", "-k", "--user", account, f"{url}?SUBJECT%20{message['Subject'][-10:]}"])
    assert done.stdout.strip() == b"* SEARCH 1"


def test_curl_reads_over_starttls(server, need, user):
    append(server.imap(user), messages.plain(subject="over starttls"))
    done = run([need("curl"), "-sS", "-k", "--ssl-reqd", "--user",
                f"{user}@example.test:{kx.password_of(user)}",
                f"imap://127.0.0.1:{server.port('imap')}/INBOX;MAILINDEX=1"])
    assert done.returncode == 0 and b"Subject: over starttls" in done.stdout


# --- clients that synchronise both ways

class MBSync:
    """isync's mbsync with one local Maildir per folder."""

    def __init__(self, server, user, folder, program):
        self.root = folder / "mbsync"
        (self.root / "mail").mkdir(parents=True)
        self.command = [program, "-c", str(self.root / "rc"), "-a"]
        self.environment = server.client_environment(self.root)
        (self.root / "rc").write_text(f"""
IMAPAccount server
Host {server.hostname}
Port {server.port('imaps')}
User {user}@example.test
Pass "{kx.password_of(user)}"
SSLType IMAPS
CertificateFile {server.certificate_file(self.root)}

IMAPStore far
Account server

MaildirStore near
Path {self.root}/mail/
Inbox {self.root}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX Projects
Create Both
Expunge Both
Sync All
SyncState {self.root}/state-
""")

    def sync(self):
        done = run(self.command, env=self.environment)
        assert done.returncode == 0, done.stdout.decode()

    def folder(self, name):
        return self.root / "mail" / name


class OfflineIMAP:
    """offlineimap with one local Maildir per folder."""

    def __init__(self, server, user, folder, program):
        self.root = folder / "offlineimap"
        self.root.mkdir()
        self.command = [program, "-c", str(self.root / "rc"), "-o", "-u", "basic"]
        self.environment = server.client_environment(self.root)
        (self.root / "rc").write_text(f"""
[general]
accounts = test
metadata = {self.root}/state
[Account test]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = {self.root}/mail
[Repository far]
type = IMAP
remotehost = {server.hostname}
remoteport = {server.port('imaps')}
remoteuser = {user}@example.test
remotepass = {kx.password_of(user)}
ssl = yes
sslcacertfile = {server.certificate_file(self.root)}
folderfilter = lambda name: name in ("INBOX", "Projects")
expunge = yes
""")

    def sync(self):
        done = run(self.command, env=self.environment)
        assert done.returncode == 0 and b"ERROR" not in done.stdout, done.stdout.decode()

    def folder(self, name):
        return self.root / "mail" / name


@pytest.fixture(params=[("mbsync", MBSync), ("offlineimap", OfflineIMAP)], ids=lambda pair: pair[0])
def synchroniser(request, server, need, user, tmp_path):
    name, kind = request.param
    return kind(server, user, tmp_path, need(name))


@pytest.mark.covers("SMTP-37")
def test_synchronises_down(server, user, synchroniser):
    client = server.imap(user)
    client.create("Projects")
    sent = [kind() for kind in messages.ALL_KINDS.values()]
    for message in sent:
        append(client, message)
    append(client, sent[0], "Projects", "(\\Seen)")
    synchroniser.sync()
    local = subjects(synchroniser.folder("INBOX"))
    assert set(local) == {message["Subject"] for message in sent}
    for message in sent:
        messages.assert_same(local[message["Subject"]].as_bytes(), message)
    (filed,) = mailbox.Maildir(synchroniser.folder("Projects"), create=False)
    assert filed.get_flags() == "S"


@pytest.mark.covers("SMTP-37")
def test_synchronises_up(server, user, synchroniser):
    synchroniser.sync()
    local = mailbox.Maildir(synchroniser.folder("INBOX"), create=False)
    sent = [kind() for kind in messages.ALL_KINDS.values()]
    for number, message in enumerate(sent):
        entry = mailbox.MaildirMessage(email.message_from_bytes(message.as_bytes()))
        entry.set_subdir("cur")
        entry.set_flags("S" if number % 2 else "F")
        local.add(entry)
    synchroniser.sync()
    client = server.imap(user)
    client.select()
    found = {messages.parse(fetch(client, uid))["Subject"]: uid for uid in uids(client)}
    assert set(found) == {message["Subject"] for message in sent}
    for number, message in enumerate(sent):
        uid = found[message["Subject"]]
        messages.assert_same(fetch(client, uid), message)
        assert flags_of(client, uid) == {"\\Seen" if number % 2 else "\\Flagged"}


@pytest.mark.covers("SMTP-37")
def test_synchronises_flags_and_deletions_both_ways(server, user, synchroniser):
    client = server.imap(user)
    sent = {name: messages.plain(subject=name) for name in ("one", "two", "three", "four")}
    for message in sent.values():
        append(client, message)
    synchroniser.sync()

    client.select()
    numbers = dict(zip(sent, uids(client)))
    client.uid("store", str(numbers["one"]), "+FLAGS", "(\\Flagged)")
    client.uid("store", str(numbers["two"]), "+FLAGS", "(\\Deleted)")
    client.expunge()
    local = mailbox.Maildir(synchroniser.folder("INBOX"), create=False)
    for key, message in local.items():
        if message["Subject"] == "three":
            message.set_subdir("cur")
            message.add_flag("S")
            local[key] = message
        elif message["Subject"] == "four":
            if isinstance(synchroniser, MBSync):
                message.set_subdir("cur")
                message.add_flag("T")
                local[key] = message
            else:
                local.remove(key)
    synchroniser.sync()
    near = subjects(synchroniser.folder("INBOX"))
    assert set(near) == {"one", "three"}
    assert "F" in near["one"].get_flags() and "S" in near["three"].get_flags()
    client.select()
    assert uids(client) == [numbers["one"], numbers["three"]]
    assert flags_of(client, numbers["one"]) == {"\\Flagged"}
    assert flags_of(client, numbers["three"]) == {"\\Seen"}


# --- neomutt, a program for a terminal

def run_in_terminal(command, environment, seconds=60):
    """Runs a full-screen program in a pseudo-terminal until it ends; returns (status, screen)."""
    master, slave = pty.openpty()
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment,
                               start_new_session=True)
    os.close(slave)
    screen, deadline = b"", time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    screen += os.read(master, 65536)
                except OSError:  # the program closed its end
                    break
            elif process.poll() is not None:
                break
        else:
            process.kill()
        return process.wait(10), screen
    finally:
        os.close(master)


@pytest.mark.covers("SMTP-37", "SVC-13")
def test_neomutt_reads_flags_and_files(server, need, user, tmp_path):
    client = server.imap(user)
    client.create("Projects")
    message = messages.eight_bit(subject="Grüße zum Lesen")
    append(client, message)
    saved = tmp_path / "saved"
    settings = tmp_path / "muttrc"
    settings.write_text(
        f'set folder="imaps://127.0.0.1:{server.port("imaps")}/" spoolfile="+INBOX"\n'
        f'set imap_user="{user}@example.test" imap_pass="{kx.password_of(user)}"\n'
        f'set ssl_verify_host=no ssl_verify_dates=no certificate_file="{server.certificate_file(tmp_path)}"\n'
        'set wait_key=no delete=yes confirmappend=no confirmcreate=no quit=yes mail_check=1 pipe_decode=no\n')
    keys = (f"<pipe-message>cat >{saved}<enter><flag-message><copy-message>=Projects<enter>"
            "<delete-message><sync-mailbox><quit>")
    status, screen = run_in_terminal(
        [need("neomutt"), "-n", "-F", str(settings), "-e", f'push "{keys}"'],
        {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm"})
    assert status == 0, screen[-2000:]
    messages.assert_same(saved.read_bytes(), message)
    client.select()
    assert uids(client) == []
    client.select("Projects")
    (uid,) = uids(client)
    assert "\\Flagged" in flags_of(client, uid)
    messages.assert_same(fetch(client, uid), message)
