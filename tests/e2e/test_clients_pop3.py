# SPDX-License-Identifier: Apache-2.0
"""Real clients fetch over POP3: poplib, curl, fetchmail and getmail6; and what POP3 and IMAP share."""

import mailbox
import re
import subprocess

import pytest

import kx
import messages
from kx import run


def deliver(server, user, kinds=tuple(messages.ALL_KINDS)):
    """Sends one message of each kind through port 25, each when the one before is in the mailbox."""
    sent = [messages.ALL_KINDS[kind](to=server.address(user)) for kind in kinds]
    for count, message in enumerate(sent, 1):
        server.deliver(user, messages.wire(message))
        server.wait_messages(user, count)
    return sent


def retrieve(client, number):
    return b"\r\n".join(client.retr(number)[1]) + b"\r\n"


@pytest.mark.covers("SMTP-36", "SVC-12")
def test_poplib_lists_reads_and_deletes(server, user):
    sent = deliver(server, user)
    client = server.pop3(user)
    count, total = client.stat()
    assert count == len(sent)
    listed = {int(line.split()[0]): int(line.split()[1]) for line in client.list()[1]}
    identities = {line.split()[1] for line in client.uidl()[1]}
    assert len(identities) == count and sum(listed.values()) == total
    for number, message in enumerate(sent, 1):
        content = retrieve(client, number)
        assert len(content) == listed[number]
        messages.assert_exact(content, message)
    head = b"\r\n".join(client.top(1, 1)[1])
    assert sent[0]["Subject"].encode() in head and b"Its second line" not in head
    client.dele(1)
    client.rset()
    client.dele(2)
    client.quit()
    server.wait_messages(user, len(sent) - 1)
    client = server.pop3(user)
    assert {line.split()[1] for line in client.uidl()[1]} < identities
    client.quit()


@pytest.mark.covers("SMTP-36")
def test_deletions_wait_for_quit(server, user):
    deliver(server, user, ["plain", "plain"])
    client = server.pop3(user)
    client.dele(1)
    client.close()
    kx.wait_until(lambda: pop3_when_free(server, user).stat()[0] == 2, 10, "both messages still there")


def pop3_when_free(server, user):
    """The account is locked for a moment after a connection was cut."""

    def connect():
        try:
            return server.pop3(user)
        except kx.poplib.error_proto:
            return None

    return kx.wait_until(connect, 10, "the maildrop to be unlocked")


@pytest.mark.covers("SMTP-36")
def test_one_client_at_a_time(server, user):
    first = server.pop3(user)
    with pytest.raises(kx.poplib.error_proto, match=r"\[IN-USE\]"):
        server.pop3(user)
    first.quit()
    pop3_when_free(server, user).quit()


@pytest.mark.covers("SVC-12")
def test_curl_reads_over_pop3s(server, need, user):
    (message,) = deliver(server, user, ["attachments"])
    done = subprocess.run([need("curl"), "-sS", "-k", "--user", f"{user}@example.test:{kx.password_of(user)}",
                           f"pop3s://127.0.0.1:{server.port('pop3s')}/1"], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    messages.assert_exact(done.stdout, message)
    done = run([need("curl"), "-sS", "-k", "--ssl-reqd", "--user",
                f"{user}@example.test:{kx.password_of(user)}", f"pop3://127.0.0.1:{server.port('pop3')}/"])
    assert re.fullmatch(rb"1 \d+\s*", done.stdout), done.stdout


@pytest.mark.covers("SVC-12", "SMTP-36")
@pytest.mark.parametrize("protocol, service", [("POP3", "pop3s"), ("IMAP", "imaps")])
def test_fetchmail_moves_everything(server, need, user, tmp_path, protocol, service):
    sent = deliver(server, user)
    kept = tmp_path / "mbox"
    settings = tmp_path / "fetchmailrc"
    settings.write_text(
        f'poll 127.0.0.1 protocol {protocol} port {server.port(service)}\n'
        f'  user "{user}@example.test" password "{kx.password_of(user)}" is root here\n'
        f'  ssl no sslcertck nokeep fetchall no rewrite\n'
        f'  mda "(echo From test Mon May 20 10:11:12 2024; cat; echo) >>{kept}"\n')
    settings.chmod(0o600)
    done = run([need("fetchmail"), "-f", settings, "--nodetach", "--nosyslog", "-i", tmp_path / "ids",
                "--pidfile", tmp_path / "pid"], env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stdout.decode()
    check_mbox(kept, sent)
    server.wait_messages(user, 0)


def check_mbox(path, sent):
    received = {message["Message-ID"]: message.as_bytes() for message in mailbox.mbox(path, create=False)}
    assert set(received) == {message["Message-ID"] for message in sent}
    for message in sent:
        messages.assert_same(received[message["Message-ID"]], message)


@pytest.mark.covers("SVC-12", "SMTP-36")
@pytest.mark.parametrize("retriever, service", [("SimplePOP3SSLRetriever", "pop3s"),
                                                ("SimpleIMAPSSLRetriever", "imaps")])
def test_getmail_moves_everything(server, need, user, tmp_path, retriever, service):
    sent = deliver(server, user)
    kept = tmp_path / "mbox"
    (tmp_path / "rc").write_text(
        f"[retriever]\ntype = {retriever}\nserver = 127.0.0.1\nport = {server.port(service)}\n"
        f"username = {user}@example.test\npassword = {kx.password_of(user)}\n"
        f"[destination]\ntype = MDA_external\npath = /bin/sh\narguments = ('-c', '(cat; echo) >>{kept}')\n"
        "unixfrom = true\nallow_root_commands = true\n"
        "[options]\ndelete = true\nread_all = true\nverbose = 2\n"
        "delivered_to = false\nreceived = false\n")
    command = [need("getmail"), f"--getmaildir={tmp_path}", "--rcfile=rc"]
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = run(command, env=environment)
    assert done.returncode == 0, done.stdout.decode()
    check_mbox(kept, sent)
    server.wait_messages(user, 0)


@pytest.mark.covers("SVC-25", "SVC-26", "SVC-12", "ENV-04")
def test_pop3_and_imap_share_the_inbox(server, user):
    deliver(server, user, ["plain", "plain", "plain"])
    imap = server.imap(user)
    imap.create("Elsewhere")
    imap.select()
    assert imap.search(None, "ALL")[1] == [b"1 2 3"]

    # Moved out of INBOX by IMAP: POP3 no longer sees it.
    assert imap.copy("1", "Elsewhere")[0] == "OK"
    imap.store("1", "+FLAGS", "(\\Deleted)")
    imap.expunge()
    client = server.pop3(user)
    assert client.stat()[0] == 2

    # Downloaded and removed by POP3: IMAP no longer sees it.
    client.dele(1)
    client.quit()
    imap.noop()
    kx.wait_until(lambda: imap.noop() and imap.search(None, "ALL")[1] == [b"1"], 10, "one message in INBOX")
    imap.select("Elsewhere")
    assert imap.search(None, "ALL")[1] == [b"1"]
