# SPDX-License-Identifier: Apache-2.0
"""Evolution's mail engine reads, files, renames, deletes, goes offline and catches up."""

import json
import subprocess
from pathlib import Path

import pytest

import kx
import messages
from test_clients_imap import append, flags_of
from test_clients_thunderbird import by_subject, commands, fill  # noqa: F401  (commands is a fixture)


class Camel:
    """The program camel.py: each call is a command to it."""

    def __init__(self, server, user, folder):
        self.log = folder / "camel.log"
        environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "GIO_USE_VFS": "local",
                       "CAMEL_DEBUG": "imapx:io", "NO_AT_BRIDGE": "1"}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["/usr/bin/python3", str(Path(__file__).parent / "camel.py"), "127.0.0.1", str(server.port("imaps")),
                 server.address(user), kx.password_of(user), str(folder)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment)

    def __getattr__(self, command):
        def call(*arguments):
            self.process.stdin.write(json.dumps([command, *arguments]).encode() + b"\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            assert line, f"Camel ended: {self.log.read_text(errors='replace')[-2000:]}"
            answer = json.loads(line)
            assert "error" not in answer, (command, arguments, answer)
            return answer["value"]
        return call

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def client(server, user):
    return server.imap(user)


@pytest.fixture
def camel(server, user, tmp_path, client):
    running = Camel(server, user, tmp_path)
    running.online(True)
    yield running
    running.stop()
    print(running.log.read_text(errors="replace")[-4000:])


def shown(rows):
    """{subject: [seen, flagged, deleted, has $Work]}"""
    return {row[0]: row[1:] for row in rows.values()}


def uid_of(rows, subject):
    return next(uid for uid, row in rows.items() if row[0] == subject)


def refresh_until(camel, folder, expected):
    def agrees():
        return shown(camel.refresh(folder)) == expected
    try:
        kx.wait_until(agrees, 60, "what Camel shows", step=0.3)
    except AssertionError:
        assert shown(camel.refresh(folder)) == expected


def status_of(client, folder, item):
    (answer,) = client.status(folder, f"({item})")[1]
    return int(answer.decode().rstrip(")").rsplit(" ", 1)[1])


NONE = [False, False, False, False]


@pytest.mark.covers("SMTP-37")
def test_reads_every_kind_of_message(client, camel):
    sent = [kind() for kind in messages.ALL_KINDS.values()]
    for message in sent:
        append(client, message)
    rows = kx.wait_until(lambda: len(found := camel.refresh("INBOX")) == len(sent) and found, 60, "all messages")
    by_uid = dict(zip(sorted(rows, key=int), sent))
    for uid, message in by_uid.items():
        assert rows[uid][0] == message["Subject"]
        messages.assert_same(camel.source("INBOX", uid).encode("latin-1"), message)


@pytest.mark.covers("SMTP-37")
def test_flags_files_and_expunges(server, user, client, camel):
    sent = fill(client, "one", "two", "three", "four")
    camel.create("", "Projects")
    refresh_until(camel, "INBOX", dict.fromkeys(sent, NONE))
    rows = camel.look("INBOX")
    camel.flag("INBOX", uid_of(rows, "one"), "SEEN", True)
    camel.flag("INBOX", uid_of(rows, "two"), "FLAGGED", True)
    camel.keyword("INBOX", uid_of(rows, "two"), "$Work", True)
    camel.transfer("INBOX", [uid_of(rows, "three")], "Projects", True)

    def is_deleted():
        """It forgets a flag of its own when the server tells it others at that moment; its user deletes again."""
        camel.flag("INBOX", uid_of(rows, "four"), "DELETED", True)
        camel.synchronize("INBOX", True)
        return set(by_subject(client, "INBOX")) == {"one", "two"}
    kx.wait_until(is_deleted, 30, "the message is gone")
    numbers = by_subject(client, "INBOX")
    assert flags_of(client, numbers["one"]) == {"\\Seen"}
    assert flags_of(client, numbers["two"]) == {"\\Flagged", "$Work"}
    filed = by_subject(client, "Projects")
    assert set(filed) == {"three"}
    messages.assert_same(server.eml_files(user, "Projects")[filed["three"]], sent["three"])
    camel.append("Projects", messages.wire(messages.plain(subject="from here")).decode("latin-1"))
    assert set(by_subject(client, "Projects")) == {"three", "from here"}


@pytest.mark.covers("SMTP-37")
def test_makes_renames_and_deletes_folders(server, user, client, camel):
    camel.create("", "Prüfung & Ablage 😀")
    assert server.folder(user, "Prüfung & Ablage 😀").exists()
    camel.create("Prüfung & Ablage 😀", "below")
    assert server.folder(user, "Prüfung & Ablage 😀/below").exists()
    camel.rename("Prüfung & Ablage 😀", "Ende")
    assert server.folder(user, "Ende/below").exists()
    assert not server.folder(user, "Prüfung & Ablage 😀").exists()
    fill(client, "kept", folder="Ende/below")
    refresh_until(camel, "Ende/below", {"kept": NONE})
    camel.create("", "Brief")
    camel.delete("Brief")
    assert not server.folder(user, "Brief").exists()


@pytest.mark.covers("SMTP-37")
def test_goes_offline_changes_and_catches_up(client, camel):
    sent = fill(client, "read here", "flagged there", "gone there", "untouched")
    refresh_until(camel, "INBOX", dict.fromkeys(sent, NONE))
    rows = camel.look("INBOX")
    messages.assert_same(camel.source("INBOX", uid_of(rows, "untouched")).encode("latin-1"), sent["untouched"])
    camel.online(False)
    messages.assert_same(camel.source("INBOX", uid_of(rows, "untouched")).encode("latin-1"), sent["untouched"])
    camel.flag("INBOX", uid_of(rows, "read here"), "SEEN", True)

    numbers = by_subject(client, "INBOX")
    client.uid("store", str(numbers["flagged there"]), "+FLAGS", "(\\Flagged $Work)")
    client.uid("store", str(numbers["gone there"]), "+FLAGS", "(\\Deleted)")
    client.expunge()
    fill(client, "new there")

    camel.online(True)
    camel.synchronize("INBOX", False)
    client.select("INBOX")
    kx.wait_until(lambda: client.noop() and flags_of(client, numbers["read here"]) == {"\\Seen"}, 60, "the flag")
    refresh_until(camel, "INBOX", {"read here": [True, False, False, False], "flagged there": [False, True, False, True],
                                   "untouched": NONE, "new there": NONE})


@pytest.mark.covers("SMTP-37")
def test_catches_up_by_qresync_alone(client, commands, camel):  # noqa: F811
    """The flags that changed in each of two absences come with the answer to SELECT, and nothing is asked for again."""
    camel.create("", "Projects")
    sent = fill(client, "one", "two", "three", folder="Projects")
    refresh_until(camel, "Projects", dict.fromkeys(sent, NONE))
    validity = status_of(client, "Projects", "UIDVALIDITY")
    numbers = by_subject(client, "Projects")
    expected = {subject: list(NONE) for subject in sent}
    for subject, flag, place in (("two", "(\\Flagged)", 1), ("three", "($Work)", 3)):
        camel.online(False)
        before = status_of(client, "Projects", "HIGHESTMODSEQ")
        client.select("Projects")
        client.uid("store", str(numbers[subject]), "+FLAGS", flag)
        expected[subject][place] = True
        commands()
        camel.online(True)
        assert shown(camel.refresh("Projects")) == expected
        said = commands()
        assert "ENABLE CONDSTORE QRESYNC" in said
        asked = f"SELECT Projects (QRESYNC ({validity} {before} 1:3))"
        assert asked in said
        assert not any("FETCH" in command for command in said[said.index(asked):]), said


@pytest.mark.covers("SMTP-37")
def test_catches_up_with_what_is_new_too(client, commands, camel):  # noqa: F811
    camel.create("", "Projects")
    sent = fill(client, "flagged", "gone", "untouched", folder="Projects")
    refresh_until(camel, "Projects", dict.fromkeys(sent, NONE))
    camel.online(False)
    numbers = by_subject(client, "Projects")
    client.uid("store", str(numbers["flagged"]), "+FLAGS", "(\\Flagged)")
    client.uid("store", str(numbers["gone"]), "+FLAGS", "(\\Deleted)")
    client.expunge()
    new = fill(client, "new", "new too", folder="Projects")
    commands()
    camel.online(True)
    assert shown(camel.refresh("Projects")) == {"flagged": [False, True, False, False], "untouched": NONE, "new": NONE, "new too": NONE}
    said = commands()
    assert any(command.startswith("SELECT Projects (QRESYNC (") for command in said), said
    assert [command.split(" (")[0] for command in said if "RFC822.HEADER" in command and "FETCH" in command] == ["UID FETCH 4:5"]
    messages.assert_same(camel.source("Projects", "4").encode("latin-1"), new["new"])
