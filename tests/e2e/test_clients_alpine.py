# SPDX-License-Identifier: Apache-2.0
"""Alpine, at its keyboard: reads, flags, saves, deletes and expunges; writes, sends and files what it sent."""

import pytest

import kx
import messages
import terminal
from rawimap import RawImap

PINERC = """
inbox-path={far}INBOX
folder-collections=Server {far}[]
default-fcc={far}Sent
postponed-folder={far}Drafts
smtp-server={hostname}:{submission}/tls/user={address}
personal-name=Somebody
customized-hdrs=From: Somebody <{address}>
feature-list=allow-changing-from,quit-without-confirm,expunge-without-confirm,enable-flag-cmd,send-without-confirm
"""
INDEX = "MESSAGE INDEX"
KEY_SEND, KEY_POSTPONE = "\x18", "\x0f"


@pytest.fixture
def client(server, user):
    with RawImap(server, user) as session:
        yield session


@pytest.fixture
def alpine(server, need, user, tmp_path):
    """An Alpine that has just been started for the first time by its user, who trusts the certificate."""
    address = server.address(user)
    (tmp_path / "pinerc").write_text(PINERC.format(
        far=f"{{{server.hostname}:{server.port('imaps')}/ssl/user={address}}}", hostname=server.hostname,
        submission=server.port("submission"), address=address))
    environment = {**server.client_environment(tmp_path), "SSL_CERT_FILE": str(server.certificate_file(tmp_path))}
    running = terminal.Terminal([need("alpine"), "-p", str(tmp_path / "pinerc"), "-i"], environment)
    yield running
    running.close()


def give_password(alpine, user, wanted):
    """At its prompt; that it is not to be kept is asked or not."""
    alpine.press(kx.password_of(user) + "\r", "Preserve password", wanted)
    if wanted not in alpine.text():
        alpine.press("n", wanted)


def open_inbox(alpine, user, wanted):
    alpine.wait("Exit this greeting")
    alpine.press("e", "ENTER PASSWORD")
    give_password(alpine, user, wanted)


def quit_alpine(alpine):
    alpine.press("q")
    assert alpine.end() == 0


def fill(client, *subjects):
    """{subject: [UID, content]}"""
    sent = {subject: messages.wire(messages.plain(subject=subject)) for subject in subjects}
    return {subject: (client.append("INBOX", content), content) for subject, content in sent.items()}


def content_of(client, folder):
    """{UID: (flags, content)}"""
    client.ok(f"SELECT {folder}")
    return {int(row["UID"]): (set(row["FLAGS"]) - {"\\Recent"}, row["BODY[]"])
            for row in client.fetch("UID FETCH 1:* (FLAGS BODY.PEEK[])").values()}


@pytest.mark.covers("SMTP-37", "SVC-13")
def test_reads_flags_saves_and_expunges(client, user, alpine):
    sent = fill(client, "read", "flagged", "saved", "deleted", "untouched")
    client.ok("CREATE Projects")
    open_inbox(alpine, user, "Message 1 of 5")
    alpine.press("\r", sent["read"][1].split(b"\r\n\r\n")[1].split(b"\r\n")[0].decode())
    alpine.press("i", INDEX)
    alpine.press("n", "Message 2 of 5")
    alpine.press("*", "Flag New, Deleted")
    alpine.press("*", "* N   2 ")
    alpine.press("n", "Message 3 of 5")
    alpine.press("s", "SAVE Msg #3 to folder")
    alpine.press("Projects\r", "D   3 ")
    alpine.press("n", "Message 4 of 5")
    alpine.press("d", "D   4 ")
    alpine.press("x", "of 3 ")
    quit_alpine(alpine)
    assert content_of(client, "INBOX") == {
        sent["read"][0]: ({"\\Seen"}, sent["read"][1]),
        sent["flagged"][0]: ({"\\Flagged"}, sent["flagged"][1]),
        sent["untouched"][0]: (set(), sent["untouched"][1])}
    (filed,) = content_of(client, "Projects").values()
    assert filed[1] == sent["saved"][1]


@pytest.mark.covers("SMTP-37", "SVC-01")
def test_writes_sends_and_postpones(client, user, server, alpine):
    fill(client, "first")
    for name in ("Sent", "Drafts"):
        client.command(f"CREATE {name}")
    open_inbox(alpine, user, "Message 1 of 1")
    alpine.press("c", "Subject :")
    alpine.press(server.address(user) + "\r\r\r", "Message Text")
    alpine.press("Written here\rSome text", "Some text")
    alpine.press(KEY_SEND, "ENTER PASSWORD")
    give_password(alpine, user, INDEX)
    alpine.press("c", "COMPOSE MESSAGE")
    alpine.press("\r\r\r", "Message Text")
    alpine.press("Not finished\rOther text", "Other text")
    alpine.press(KEY_POSTPONE, INDEX)
    quit_alpine(alpine)
    server.wait_messages(user, 2)
    for folder, number, subject, text in (("INBOX", -1, b"Written here", b"Some text"), ("Sent", 0, b"Written here", b"Some text"),
                                          ("Drafts", 0, b"Not finished", b"Other text")):
        _, content = list(content_of(client, folder).values())[number]
        assert b"Subject: " + subject + b"\r\n" in content and content.endswith(b"\r\n\r\n" + text + b"\r\n"), content
