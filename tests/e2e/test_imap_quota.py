# SPDX-License-Identifier: Apache-2.0
"""QUOTA (RFC 9208), and that the store keeps to it: whoever delivers, and however many at a time."""

import smtplib
import threading

import pytest

from rawimap import RawImap

KB = 1024
MESSAGE = b"From: a@example.com\r\nSubject: quota\r\n\r\n"


def message(size):
    return MESSAGE + b"x" * (size - len(MESSAGE))


@pytest.fixture
def limited(server, user):
    """
    limited(quota=..., items=...) sets the quotas of a user of the test's own and signs in. The user has been
    told about the quota today: the messages that say so would count themselves.
    """
    clients = []

    def make(quota="0", items="0"):
        server.cli("user", "set", server.address(user), "--quota", quota, "--quota-items", items)
        client = RawImap(server, user)
        client.ok("STATUS INBOX (MESSAGES)")  # which makes the account's directory
        for kind in ("quota-warning", "quota-full"):
            (server.folder(user, "") / f"#{kind}").touch()
        client.server, client.user = server, user
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


def quota(client):
    """{resource: (used, limit)} of the user's root."""
    (row,) = client.ok('GETQUOTA ""').untagged
    assert row[:2] == ["QUOTA", b""]
    values = row[2]
    return {name: (int(used), int(limit)) for name, used, limit in zip(values[::3], values[1::3], values[2::3])}


def usage(server, user):
    shown = server.cli("user", "show", server.address(user), as_json=True)
    return shown["bytes"], shown["items"]


def test_quota_is_announced(limited):
    words = set(limited().ok("CAPABILITY").untagged[0])
    assert {"QUOTA", "QUOTASET", "QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE"} <= words


@pytest.mark.covers("USR-29", "LIM-02")
def test_limits_are_fields_of_the_user(server, user):
    server.cli("user", "set", server.address(user), "--quota", "20M", "--quota-items", "100")
    shown = server.cli("user", "show", server.address(user), as_json=True)
    assert (shown["quota"], shown["quota-items"]) == (20 * KB * KB, 100)
    with pytest.raises(Exception):
        server.cli("user", "set", server.address(user), "--quota", "lots")
    server.cli("user", "set", server.address(user), "--quota", "", "--quota-items", "0")
    shown = server.cli("user", "show", server.address(user), as_json=True)
    assert (shown["quota"], shown["quota-items"]) == (0, 0)


def test_usage_and_limits_are_told(limited):
    client = limited("100K", "10")
    assert quota(client) == {"STORAGE": (0, 100), "MESSAGE": (0, 10)}
    client.append("INBOX", message(1500))
    assert quota(client) == {"STORAGE": (2, 100), "MESSAGE": (1, 10)}
    answer = client.ok("GETQUOTAROOT INBOX")
    assert answer.untagged[0] == ["QUOTAROOT", "INBOX", b""]
    assert answer.untagged[1][:2] == ["QUOTA", b""]
    assert client.command("GETQUOTAROOT Nowhere").code == "NONEXISTENT"
    assert client.command('GETQUOTA "other"').code == "NONEXISTENT"


def test_without_limits_there_is_no_root(limited):
    client = limited()
    assert client.ok("GETQUOTAROOT INBOX").untagged == [["QUOTAROOT", "INBOX"]]
    assert client.command('GETQUOTA ""').code == "NONEXISTENT"


def test_folders_of_others_have_the_root_of_their_owner(fresh_server):
    server = fresh_server(users=("alice", "bob"))
    alice, root = server.address("alice"), f"~{server.address('alice')}"
    server.cli("user", "set", alice, "--quota", "100K", "--quota-items", "10")
    with RawImap(server, "alice") as client, RawImap(server, "bob") as other:
        client.ok("CREATE Team")
        client.append("Team", message(1500))
        assert other.command(f"GETQUOTAROOT {root}/Team").code == "NONEXISTENT"
        assert other.command(f"GETQUOTA {root}").code == "NONEXISTENT"
        client.ok(f"SETACL Team {server.address('bob')} l")
        assert other.command(f"GETQUOTAROOT {root}/Team").code == "NOPERM"
        assert other.command(f"GETQUOTA {root}").code == "NONEXISTENT"
        client.ok(f"SETACL Team {server.address('bob')} lr")
        told = ["QUOTA", root.encode(), ["STORAGE", "2", "100", "MESSAGE", "1", "10"]]
        assert other.ok(f"GETQUOTAROOT {root}/Team").untagged == [
            ["QUOTAROOT", f"{root}/Team".encode(), root.encode()], told]
        assert other.ok(f"GETQUOTA {root}").untagged == [told]
        assert other.command('GETQUOTA ""').code == "NONEXISTENT"
        assert client.ok(f"GETQUOTAROOT {root}/Team").untagged[0][2] == b""
        for name in ("#public", "#archive", "~", "~nobody@example.test", root.upper(), root + "/"):
            assert other.command(f"GETQUOTA {name}").code == "NONEXISTENT"


def test_setquota_is_the_administrators(limited):
    client = limited("100K")
    assert client.command('SETQUOTA "" (STORAGE 1000000)').code == "NOPERM"
    assert client.command('SETQUOTA "" ()').code == "NOPERM"
    for bad in ('SETQUOTA ""', 'SETQUOTA "" (STORAGE)', 'SETQUOTA "" STORAGE 1', 'SETQUOTA "" (STORAGE x)'):
        assert client.command(bad).status == "BAD"
    assert quota(client) == {"STORAGE": (0, 100)}


def test_deleted_storage(limited):
    client = limited()
    client.append("INBOX", message(1000))
    client.append("INBOX", message(700), "(\\Deleted)")
    (row,) = client.ok("STATUS INBOX (DELETED DELETED-STORAGE)").untagged
    assert dict(zip(row[2][::2], row[2][1::2])) == {"DELETED": "1", "DELETED-STORAGE": "700"}


@pytest.mark.covers("USR-30")
def test_append_stops_at_the_last_byte(limited):
    client = limited("10K")
    client.append("INBOX", message(10 * KB - 500))
    assert client.command("APPEND INBOX ", message(501)).code == "OVERQUOTA"
    client.socket.sendall(b"w APPEND INBOX {100000}\r\n")
    assert client.finish("w").code == "OVERQUOTA", "before the client has sent it"
    client.append("INBOX", message(500))
    assert client.command("APPEND INBOX ", message(100)).code == "OVERQUOTA"
    assert usage(client.server, client.user) == (10 * KB, 2)


@pytest.mark.covers("USR-30")
def test_append_stops_at_the_last_item(limited):
    client = limited(items="3")
    client.append("INBOX", message(100))
    answer = client.command("APPEND INBOX ", message(100), " ", message(100), " ", message(100))
    assert answer.code == "OVERQUOTA"
    client.ok("APPEND Drafts ", message(100), " ", message(100))
    assert client.command("APPEND INBOX ", message(100)).code == "OVERQUOTA"
    assert usage(client.server, client.user)[1] == 3


def test_copy_counts_and_move_does_not(limited):
    client = limited("10K")
    client.append("INBOX", message(6 * KB))
    client.ok("SELECT INBOX")
    assert client.command("COPY 1 Drafts").code == "OVERQUOTA"
    client.ok("MOVE 1 Drafts")
    client.ok("SELECT Drafts")
    client.append("INBOX", message(4 * KB))
    client.ok("MOVE 1 INBOX")
    assert usage(client.server, client.user) == (10 * KB, 2)


def test_replace_counts_the_difference(limited):
    client = limited("10K", "1")
    client.append("INBOX", message(10 * KB))
    client.ok("SELECT INBOX")
    client.ok("REPLACE 1 INBOX ", message(10 * KB))
    client.ok("REPLACE 1 INBOX ", message(9 * KB))
    assert client.command("REPLACE 1 INBOX ", message(10 * KB + 1)).code == "OVERQUOTA"
    assert usage(client.server, client.user) == (9 * KB, 1)


def test_catenate_counts_what_comes_out(limited):
    client = limited("10K")
    client.append("INBOX", message(6 * KB))
    assert client.command('APPEND INBOX CATENATE (URL "/INBOX/;UID=1")').code == "OVERQUOTA"


def test_expunge_makes_room(limited):
    client = limited("10K")
    client.append("INBOX", message(10 * KB), "(\\Deleted)")
    client.ok("SELECT INBOX")
    client.ok("EXPUNGE")
    client.append("INBOX", message(10 * KB))


def test_a_limit_below_usage_keeps_what_is_there(limited):
    client = limited()
    client.append("INBOX", message(5000))
    client.server.cli("user", "set", client.server.address(client.user), "--quota", "1K")
    answer = client.ok("SELECT INBOX")
    assert ["NO", "OVERQUOTA"] in [row[:2] for row in answer.untagged]
    assert quota(client) == {"STORAGE": (5, 1)}
    client.ok("STORE 1 +FLAGS (\\Seen)")
    client.ok("MOVE 1 Drafts")
    assert client.command("APPEND INBOX ", message(100)).code == "OVERQUOTA"


@pytest.mark.covers("USR-30")
def test_bursts_do_not_get_past_it(limited):
    client = limited("100K", "0")
    server, user = client.server, client.user
    accepted, lock = [], threading.Lock()

    def appends():
        with RawImap(server, user) as other:
            for _ in range(10):
                if other.command("APPEND INBOX ", message(3 * KB)).status == "OK":
                    with lock:
                        accepted.append("IMAP")

    def deliveries():
        for _ in range(10):
            try:
                server.deliver(user, message(3 * KB))
                with lock:
                    accepted.append("SMTP")
            except smtplib.SMTPException:
                pass

    threads = [threading.Thread(target=work) for work in (appends, deliveries) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used, items = usage(server, user)
    assert used <= 100 * KB and items == len(accepted)
    assert used > 90 * KB, "and it was filled"


@pytest.mark.covers("USR-30")
def test_smtp_says_that_the_mailbox_is_full(limited):
    client = limited("10K")
    client.append("INBOX", message(10 * KB - 100))
    with pytest.raises(smtplib.SMTPException) as refused:
        client.server.deliver(client.user, message(2000))
    assert "4.2.2" in str(refused.value) and "452" in str(refused.value)
    assert usage(client.server, client.user)[1] == 1


def test_quotas_outlive_a_restart(fresh_server):
    server = fresh_server(users=("alice",))
    server.cli("user", "set", server.address("alice"), "--quota", "10K", "--quota-items", "7")
    server.restart()
    with RawImap(server, "alice") as client:
        assert quota(client) == {"STORAGE": (0, 10), "MESSAGE": (0, 7)}
