# SPDX-License-Identifier: Apache-2.0
"""UNAUTHENTICATE (RFC 8437): nothing of the first user is left for the second."""

import base64
import zlib

import pytest

from kx import password_of
from rawimap import RawImap

MESSAGE = b"From: a@example.com\r\nSubject: secret of alice\r\n\r\nBody.\r\n"


def login(client, server, user):
    return client.ok(f'LOGIN {server.address(user)} "{password_of(user)}"')


@pytest.mark.parametrize("service", ["imap", "imaps"])
def test_back_to_before_sign_in(server, service):
    with RawImap(server, "alice", service=service) as client:
        assert "UNAUTHENTICATE" in client.ok("CAPABILITY").untagged[0]
        before = set(client.greeting[1][1].split())
        answer = client.ok("UNAUTHENTICATE")
        assert set(answer.code.split()) == before
        assert set(client.ok("CAPABILITY").untagged[0]) == before
        for command in ("SELECT INBOX", 'LIST "" *', "IDLE", "UNAUTHENTICATE", "NAMESPACE"):
            assert client.command(command).status == "BAD"
        login(client, server, "alice")
        client.ok("SELECT INBOX")


def test_the_next_user_sees_nothing_of_the_first(server):
    with RawImap(server, "alice") as client:
        client.ok("CREATE OnlyAlice")
        client.append("OnlyAlice", MESSAGE)
        client.ok("ENABLE IMAP4rev2 CONDSTORE UTF8=ACCEPT")
        client.ok("SELECT OnlyAlice")
        client.ok("SEARCH RETURN (SAVE) ALL")
        client.fetch("FETCH 1 BODY[]")
        client.ok("UNAUTHENTICATE")
        client.mode.enabled.clear()  # from here on the grammar is that of IMAP4rev1 again
        login(client, server, "bob")
        assert client.command("FETCH 1 BODY[]").status == "BAD", "nothing is selected"
        assert client.command("CLOSE").status == "BAD"
        names = [row[3] for row in client.ok('LIST "" *').untagged]
        assert "OnlyAlice" not in str(names)
        assert client.command("SELECT OnlyAlice").code == "NONEXISTENT"
        client.append("INBOX", MESSAGE.replace(b"alice", b"bob"))
        answer = client.ok("SELECT INBOX")
        assert any(row[1] == "RECENT" for row in answer.untagged), "IMAP4rev2 is not enabled any more"
        assert not any(row[0] == "LIST" for row in answer.untagged)
        found = client.fetch("FETCH 1 (BODY.PEEK[] FLAGS)")[1]
        assert b"alice" not in found["BODY[]"] and "MODSEQ" not in found
        assert client.ok("FETCH $ UID").untagged == [], "nothing is saved"
        assert client.command('CREATE "\u00fc"').status == "BAD"
        assert client.ok("ENABLE CONDSTORE").untagged[0] == ["ENABLED", "CONDSTORE"]


def test_deleted_messages_are_not_expunged(server):
    with RawImap(server, "carol") as client:
        client.append("INBOX", MESSAGE, "(\\Deleted)")
        client.ok("SELECT INBOX")
        client.ok("UNAUTHENTICATE")
        login(client, server, "carol")
        (row,) = client.ok("STATUS INBOX (MESSAGES DELETED)").untagged
        assert row[2] == ["MESSAGES", "1", "DELETED", "1"]


def test_many_times_on_one_connection(server):
    with RawImap(server) as client:
        for i in range(30):
            user = ("alice", "bob", "carol")[i % 3]
            login(client, server, user)
            client.ok("SELECT INBOX")
            client.ok("UNAUTHENTICATE")


def test_failed_sign_in_after_it(server):
    with RawImap(server, "alice") as client:
        client.ok("UNAUTHENTICATE")
        answer = client.command(f'LOGIN {server.address("bob")} "wrong"')
        assert (answer.status, answer.code) == ("NO", "AUTHENTICATIONFAILED")
        assert client.command("SELECT INBOX").status == "BAD"
        client.ok("AUTHENTICATE PLAIN " + base64.b64encode(f"\0bob\0{password_of('bob')}".encode()).decode())


def test_a_restarted_core_knows_only_the_second_user(fresh_server):
    server = fresh_server(users=("alice", "bob"))
    with RawImap(server, "alice") as client:
        client.ok("CREATE OnlyAlice")
        client.ok("SELECT OnlyAlice")
        client.ok("UNAUTHENTICATE")
        gone = server.role_pids("core")
        server.kill_role("core")
        server.wait_roles(gone=gone)
        assert client.command("SELECT OnlyAlice").status == "BAD"
        login(client, server, "bob")
        gone = server.role_pids("core")
        server.kill_role("core")
        server.wait_roles(gone=gone)
        assert client.command("CHECK").status == "BAD", "nothing is selected"
        assert client.command("SELECT OnlyAlice").code == "NONEXISTENT"


def test_compression_ends_with_the_answer(server):
    with RawImap(server, "alice") as client:
        client.ok("COMPRESS DEFLATE")
        squeeze, expand = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)

        def ask(line):
            client.socket.sendall(squeeze.compress(line) + squeeze.flush(zlib.Z_SYNC_FLUSH))
            text = b""
            while not text.endswith(b"completed\r\n"):
                piece = client.socket.recv(4096)
                assert piece
                text += expand.decompress(piece)
            return text

        assert b"z1 OK" in ask(b"z1 NOOP\r\n")
        assert b"z2 OK [CAPABILITY" in ask(b"z2 UNAUTHENTICATE\r\n")
        assert login(client, server, "bob").code, "in the clear again"
        assert "COMPRESS=DEFLATE" in client.ok("CAPABILITY").untagged[0]
        client.ok("COMPRESS DEFLATE")


def test_arguments_are_refused(server):
    with RawImap(server, "alice") as client:
        assert client.command("UNAUTHENTICATE now").status == "BAD"
        client.ok("SELECT INBOX")
