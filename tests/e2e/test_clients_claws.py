# SPDX-License-Identifier: Apache-2.0
"""Claws Mail receives, filters, searches, sends and files what it sent."""

import pytest

import claws
import kx
import messages
from rawimap import RawImap

pytestmark = pytest.mark.timeout(900)  # patience on a busy machine
INBOX, PROJECTS = "#imap/test/INBOX", "#imap/test/Projects"
FILTERS = [
    f'enabled rulename "files" subject matchcase "invoice" move "{PROJECTS}"',
    'enabled rulename "flags" subject matchcase "urgent" mark',
    'enabled rulename "reads" body_part matchcase "nothing new" mark_as_read',
    'enabled rulename "removes" subject matchcase "rubbish" delete',
]


@pytest.fixture
def client(server, user):
    with RawImap(server, user) as session:
        session.ok("CREATE Projects")
        yield session


@pytest.fixture
def start(server, need, user, tmp_path, client):
    """Starts a Claws Mail once the mailbox is as the test wants it."""
    running = []

    def run():
        running.append(claws.ClawsMail(need("claws-mail"), need("Xvfb"), server, user, tmp_path, FILTERS))
        return running[-1]

    yield run
    for each in running:
        print(each.said()[-6000:])
        each.stop()


def fill(client, *subjects, text="hello"):
    """{subject: content}"""
    sent = {subject: messages.wire(messages.plain(subject=subject)) + text.encode() + b"\r\n" for subject in subjects}
    for content in sent.values():
        client.append("INBOX", content)
    return sent


def state(client, folder):
    """{content: flags} of the folder"""
    client.ok(f"SELECT {folder}")
    return {row["BODY[]"]: set(row["FLAGS"]) - {"\\Recent"}
            for row in client.fetch("UID FETCH 1:* (FLAGS BODY.PEEK[])").values()}


def wait_state(client, folder, expected):
    try:
        kx.wait_until(lambda: state(client, folder) == expected, 150, f"what is in {folder}", step=0.2)
    except AssertionError:
        assert state(client, folder) == expected


@pytest.mark.covers("SMTP-37")
def test_filters_what_it_receives(client, start):
    sent = fill(client, "an invoice", "very urgent", "rubbish", "rest")
    sent |= fill(client, "letter", text="nothing new here")
    program = start()
    for later in ((), ("invoice again", "urgent too")):
        sent |= fill(client, *later)
        program.tell("--receive-all")
        wait_state(client, "Projects", {content: set() for subject, content in sent.items() if "invoice" in subject})
        wait_state(client, "INBOX", {
            **{content: {"\\Flagged"} for subject, content in sent.items() if "urgent" in subject},
            sent["rest"]: set(), sent["letter"]: {"\\Seen"}})
    kx.wait_until(lambda: program.counts(INBOX)[1:] == (3, 4), 150, "what it shows of INBOX", step=0.2)
    found = program.tell("--search", INBOX, "e", 'body_part matchcase "nothing new"', "0")
    assert len(found.split()) == 1 and "INBOX" in found, found
    assert program.exit() == 0


@pytest.mark.covers("SMTP-37", "SVC-01")
def test_sends_and_files_what_it_sent(server, client, start):
    server_side = f"other{id(client)}"
    recipient = server.add_user(server_side)
    program = start()
    message = messages.plain(subject="sent by claws", sender=program.address)
    program.queue(recipient, message)
    program.tell("--send")
    (received,) = server.wait_messages(server_side, 1, seconds=150).values()
    messages.assert_same(received, message)
    kx.wait_until(lambda: len(state(client, "Projects")) == 1, 150, "the copy", step=0.2)
    ((copy, flags),) = state(client, "Projects").items()
    messages.assert_same(copy, message)
    assert "\\Seen" in flags
    assert program.exit() == 0
