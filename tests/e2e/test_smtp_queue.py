# SPDX-License-Identifier: Apache-2.0
"""The queue and the Mail log: what is kept for other servers, what is tried again, what is written down."""

import os
import re
import time

import pytest

import kx
from rawsmtp import dialogue, setting

ID = r"[0-9a-f]{8}-[0-9a-f]{8}"


@pytest.fixture
def queued(server):
    """A message of alice in the queue: (id, content as sent); removed in the end."""
    content = "Date: today\r\nMessage-ID: <q>\r\n\r\nout\r\n"
    with dialogue(server, user="alice") as smtp:
        assert smtp.code("MAIL FROM:<alice@example.test> RET=HDRS ENVID=E1 AUTH=<>") == 250
        assert smtp.code("RCPT TO:<z@elsewhere.test> NOTIFY=DELAY ORCPT=rfc822;z+2Bz") == 250
        assert smtp.code("RCPT TO:<bob@example.test>") == 250
        code, text = smtp.data(content + ".\r\n")
        assert code == 250
    queue_id = text.split()[-1]
    yield queue_id, content
    server.run("queue", "remove", queue_id)


@pytest.mark.covers("STAT-02", "SMTP-01")
def test_mail_for_other_domains_waits_in_the_queue(server, queued):
    queue_id, content = queued
    folder = server.data / "store" / "queue"
    env = (folder / f"{queue_id}.env").read_text()
    eml = (folder / f"{queue_id}.eml").read_bytes()
    assert eml.endswith(content.encode())
    skip = int(re.search(r"^Skip: (\d+)$", env, re.M).group(1))
    assert eml[skip:].startswith(b"Received: ")
    for line in ("Sender: alice@example.test", "User: alice@example.test", "Ret: HDRS", "Envid: E1", "Auth: <>",
                 "Recipient: z@elsewhere.test", "Orcpt: rfc822;z+2Bz", "Notify: 8", f"Size: {len(eml)}", "SSL: 1"):
        assert f"\n{line}\n" in env
    assert "bob" not in env  # he has it already
    assert content.encode() in b"".join(server.eml_files("bob").values())


@pytest.mark.covers("TECH-32")
def test_administration_of_the_queue(server, queued):
    queue_id, _ = queued
    (row,) = [row for row in server.cli("queue", "list", as_json=True) if row["id"] == queue_id]
    assert (row["sender"], row["recipients"]) == ("alice@example.test", ["z@elsewhere.test"])
    shown = server.cli("queue", "show", queue_id, as_json=True)
    assert shown["recipients"][0]["address"] == "z@elsewhere.test"
    server.cli("queue", "remove", queue_id)
    assert not list((server.data / "store" / "queue").glob(f"{queue_id}.*"))
    assert server.run("queue", "show", queue_id).returncode == 1
    assert server.run("queue", "remove", queue_id).returncode == 1
    server.wait_log("config", rf"delete Queue message set ID='{queue_id}'$")


def test_the_queue_outlives_restarts_and_kills(fresh_server):
    server = fresh_server(users=("alice",))
    sent = []
    for stop in (server.restart, lambda: (server.kill(), server.start())):
        with dialogue(server, user="alice") as smtp:
            smtp.envelope("z@elsewhere.test")
            sent.append(smtp.data("Subject: kept\r\n\r\n.\r\n")[1].split()[-1])
        stop()
        assert sorted(row["id"] for row in server.cli("queue", "list", as_json=True)) == sorted(sent)
    assert len(set(sent)) == 2


def test_a_damaged_envelope_is_set_aside(fresh_server):
    server = fresh_server(users=("alice",))
    with dialogue(server, user="alice") as smtp:
        smtp.envelope("z@elsewhere.test")
        queue_id = smtp.data("Subject: hurt\r\n\r\n.\r\n")[1].split()[-1]
    server.stop()
    folder = server.data / "store" / "queue"
    (folder / f"{queue_id}.env").write_text("rubbish")
    server.start()
    assert server.cli("queue", "list", as_json=True) == []
    assert (folder / "bad" / f"{queue_id}.env").read_text() == "rubbish"
    assert b"Subject: hurt" in (folder / "bad" / f"{queue_id}.eml").read_bytes()
    server.wait_log("error", rf"queue: message {queue_id} cannot be used and is moved to store/queue/bad: ")


@pytest.mark.covers("SMTP-30")
def test_a_mailbox_that_fails_gets_its_mail_later(server):
    server.deliver("alice", "Subject: first\n\n")
    folder, away = server.folder("alice") / "#msgs", server.data / "away"
    before = len(server.eml_files("alice"))
    with setting(server, "queue.retry-interval", "1s"):
        os.rename(folder, away)
        folder.touch()
        try:
            with dialogue(server) as smtp:
                smtp.envelope("alice", "bob", sender="retry@elsewhere.test")
                queue_id = smtp.data("Subject: later\r\n\r\n.\r\n")[1].split()[-1]
                smtp.envelope("alice")
                assert smtp.data("Subject: nobody has it\r\n\r\n.\r\n")[0] == 451
            server.wait_log("mail", rf"Sent: Queue-ID: {queue_id}, Recipient: <alice@example\.test>, "
                            r"Result: delayed, Status: 4\.3\.0$")
        finally:
            folder.unlink()
            os.rename(away, folder)
        server.wait_messages("alice", before + 1)
    server.wait_log("mail", rf"Sent: Queue-ID: {queue_id}, Recipient: <alice@example\.test>, "
                    r"Result: delivered, Status: 2\.0\.0$")
    kx.wait_until(lambda: server.cli("queue", "list", as_json=True) == [], what="an empty queue")
    assert sum(b"Subject: later" in content for content in server.eml_files("bob").values()) == 1


@pytest.mark.covers("LOG-27", "LOG-28", "LOG-29", "LOG-30", "LOG-31", "LOG-32", "LOG-33", "LOG-34")
def test_mail_log(server):
    stamp = r"^\[\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d\] "
    with dialogue(server) as smtp:
        smtp.envelope("alice", "BOB", sender="")
        start = int(time.time())
        queue_id = smtp.data("Subject: log\r\n\r\n.\r\n")[1].split()[-1]
    assert re.fullmatch(ID, queue_id)
    assert start <= int(queue_id[:8], 16) <= time.time()
    size = len(list(server.eml_files("alice").values())[-1])
    server.wait_log("mail", stamp + rf"Recv: Queue-ID: {queue_id}, Service: SMTP, From: <>, "
                    rf"To: <alice@example\.test>, <BOB@example\.test>, Size: {size}, Sender-Host: 127\.0\.0\.1, SSL: no$")
    for address in ("alice", "bob"):
        server.wait_log("mail", stamp + rf"Sent: Queue-ID: {queue_id}, Recipient: <{address}@example\.test>, "
                        r"Result: delivered, Status: 2\.0\.0$")
    with dialogue(server, "smtps", user="bob") as smtp:
        smtp.envelope("alice", sender="bob+me@example.test")
        queue_id = smtp.data("Subject: log\r\n\r\n.\r\n")[1].split()[-1]
    server.wait_log("mail", rf"Queue-ID: {queue_id}, Service: SMTP, From: <bob\+me@example\.test>, To: "
                    r"<alice@example\.test>, Size: \d+, User: bob@example\.test, Sender-Host: 127\.0\.0\.1, SSL: yes$")


def test_several_addresses_of_one_mailbox_get_one_copy(server):
    server.cli("user", "set", "bob@example.test", "--addresses", "info,sales")
    before = len(server.eml_files("bob"))
    with dialogue(server) as smtp:
        smtp.envelope("info", "sales", "bob", "Bob", "bob+tag", "alice")
        assert smtp.data("Subject: once\r\n\r\n.\r\n")[0] == 250
    assert len(server.eml_files("bob")) == before + 1
    paths = [max((server.folder(user) / "#msgs").glob("*.eml")) for user in ("alice", "bob")]
    assert os.path.samefile(*paths)  # and the mailboxes share it


@pytest.mark.parametrize("when", ["before DATA", "after spooling"])
def test_the_core_restarts_during_a_transaction(fresh_server, when):
    server = fresh_server(users=("alice", "bob"))
    with dialogue(server) as smtp:
        smtp.envelope("alice", "bob")
        if when == "before DATA":
            gone = server.kill_role("core")
            server.wait_roles(gone=gone)
            assert smtp.data("Subject: unseen\r\n\r\n.\r\n")[0] == 250
        else:
            assert smtp.code("DATA") == 354
            smtp.send("Subject: lost\r\n\r\n" + "0123456789\r\n" * 50_000)
            time.sleep(0.5)
            gone = server.kill_role("core")
            server.wait_roles(gone=gone)
            smtp.send("0123456789\r\n.\r\n")
            assert smtp.reply()[0] == 451
            smtp.envelope("alice", "bob")
            assert smtp.data("Subject: again\r\n\r\n.\r\n")[0] == 250
    assert len(server.eml_files("alice")) == len(server.eml_files("bob")) == 1


def test_a_restart_of_the_core_does_not_sign_anybody_out(fresh_server):
    server = fresh_server(users=("alice",))
    with dialogue(server, user="alice") as smtp:
        gone = server.kill_role("core")
        smtp.envelope("z@elsewhere.test")  # may have to wait for the new core
        server.wait_roles(gone=gone)
        assert smtp.data("Subject: still me\r\n\r\n.\r\n")[0] == 250
    (row,) = server.cli("queue", "list", as_json=True)
    assert "\nUser: alice@example.test\n" in (server.data / "store" / "queue" / f"{row['id']}.env").read_text()


def test_a_clean_stop_says_goodbye(fresh_server):
    server = fresh_server(users=("alice",))
    with dialogue(server) as smtp:
        smtp.envelope("alice")
        server.stop()
        code, text = smtp.reply()
        assert (code, text.split()[0]) == (421, "4.3.2")
