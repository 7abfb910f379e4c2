# SPDX-License-Identifier: Apache-2.0
"""REPLACE and UID REPLACE (RFC 8508), large ones, in other folders, and through kill -9."""

import itertools
import threading

import pytest

from kx import ServerError
from rawimap import RawImap

numbers = itertools.count(1)
OLD = b"From: a@example.com\r\nSubject: old\r\n\r\nOld.\r\n"
NEW = b"From: a@example.com\r\nSubject: new\r\n\r\nNew.\r\n"


@pytest.fixture
def box(server):
    """A session with a folder of its own selected, which holds OLD three times: (client, name)."""
    with RawImap(server, "alice") as client:
        name = f"Replace{next(numbers)}"
        client.ok(f"CREATE {name}")
        for _ in range(3):
            client.append(name, OLD)
        client.ok(f"SELECT {name}")
        yield client, name


def contents(client):
    return {uid["UID"]: uid["BODY[]"] for uid in client.fetch("FETCH 1:* (UID BODY.PEEK[])").values()}


def test_replace_is_announced(box):
    assert "REPLACE" in box[0].ok("CAPABILITY").untagged[0]


@pytest.mark.parametrize("command", ["REPLACE 2", "UID REPLACE 2"])
def test_one_comes_and_one_goes(box, command):
    client, name = box
    answer = client.ok(f"{command} {name} (\\Seen $Note) \"01-Jan-2020 00:00:00 +0000\" ", NEW)
    words = [(row[0], row[1]) for row in answer.untagged]
    assert words[0] == ("OK", f"APPENDUID {words[0][1].split()[1]} 4")
    assert ("2", "EXPUNGE") in words and ("3", "EXISTS") in words
    assert contents(client) == {"1": OLD, "3": OLD, "4": NEW}
    found = client.fetch("FETCH 3 (FLAGS INTERNALDATE)")[3]
    assert {"\\Seen", "$Note"} <= set(found["FLAGS"])
    assert found["INTERNALDATE"] == b" 1-Jan-2020 00:00:00 +0000"
    (row,) = client.ok(f"STATUS {name} (MESSAGES SIZE)").untagged
    assert row[2][3] == str(2 * len(OLD) + len(NEW))


def test_what_goes_is_told_whatever_notify_says(box):
    client, name = box
    client.ok("NOTIFY SET (personal (MessageNew MessageExpunge))")
    words = [(row[0], row[1]) for row in client.ok(f"REPLACE 2 {name} ", NEW).untagged]
    assert ("2", "EXPUNGE") in words and ("3", "EXISTS") in words


def test_into_another_folder(box):
    client, name = box
    client.ok(f"CREATE {name}/sub")
    answer = client.ok(f"REPLACE * {name}/sub ", NEW)
    assert [row[1] for row in answer.untagged if row[0] == "3"] == ["EXPUNGE"]
    assert list(contents(client)) == ["1", "2"]
    client.ok(f"SELECT {name}/sub")
    assert contents(client) == {"1": NEW}


def test_large_ones_waiting_and_not(box):
    client, name = box
    large = NEW + b"x" * 78 + b"\r\n" * 40000
    client.ok(f"UID REPLACE 1 {name} ", large)
    client.socket.sendall(b"w REPLACE 1 %s {%d}\r\n" % (name.encode(), len(large)))
    assert client.read_response()[0] == "+"
    client.socket.sendall(large + b"\r\n")
    assert client.finish("w").status == "OK"
    assert contents(client) == {"3": OLD, "4": large, "5": large}


def test_catenate_of_what_is_replaced(box):
    client, name = box
    client.ok(f'REPLACE 1 {name} CATENATE (URL ";UID=1/;SECTION=HEADER" TEXT ', b"Fresh.\r\n", ")")
    assert contents(client)["4"] == OLD[:-len("Old.\r\n")] + b"Fresh.\r\n"


def test_refusals_change_nothing(box):
    client, name = box
    large = b"{%d}" % 100000
    for command, status, code in ((f"REPLACE 4 {name} ", "BAD", None), (f"UID REPLACE 9 {name} ", "NO", "NONEXISTENT"),
                                  ("REPLACE 1 Nowhere ", "NO", "TRYCREATE"), (f"REPLACE 1:2 {name} ", "BAD", None),
                                  (f"REPLACE 1,2 {name} ", "BAD", None), (f"REPLACE 0 {name} ", "BAD", None),
                                  ("REPLACE 1 Calendar ", "NO", "TRYCREATE")):
        answer = client.command(command, NEW)
        assert (answer.status, answer.code) == (status, code), command
        client.socket.sendall(b"w " + command.encode() + large + b"\r\n")
        answer = client.finish("w")
        assert (answer.status, answer.code) == (status, code), command
    assert client.command(f"REPLACE 1 {name} ", NEW, " ", NEW).status == "BAD"
    assert client.command(f"REPLACE 1 {name} ", b"").status == "NO"
    assert contents(client) == {"1": OLD, "2": OLD, "3": OLD}
    client.ok(f"EXAMINE {name}")
    assert client.command(f"REPLACE 1 {name} ", NEW).status == "NO"
    client.ok("UNSELECT")
    assert client.command(f"REPLACE 1 {name} ", NEW).status == "BAD"


def test_one_that_somebody_else_expunged(server, box):
    client, name = box
    with RawImap(server, "alice") as other:
        other.ok(f"SELECT {name}")
        other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
        other.ok("EXPUNGE")
    answer = client.command(f"REPLACE 2 {name} ", NEW)
    assert (answer.status, answer.code) == ("NO", "EXPUNGEISSUED")
    assert contents(client) == {"1": OLD, "3": OLD}


def test_two_at_once_replace_it_once(server, box):
    _, name = box
    with RawImap(server, "alice") as one, RawImap(server, "alice") as two:
        for client in (one, two):
            client.ok(f"SELECT {name}")
        answers = []
        threads = [threading.Thread(target=lambda c=c: answers.append(c.command(f"UID REPLACE 1 {name} ", NEW)))
                   for c in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status for answer in answers) == ["NO", "OK"]
        one.ok("NOOP")
        assert sorted(contents(one).values()) == sorted([OLD, OLD, NEW])


def draft(n):
    return b"Subject: draft %d\r\n\r\n%s" % (n, b"x" * 50000)


def test_kill_leaves_exactly_one(fresh_server):
    """A draft is saved over and over while the core is killed: there is always one, the last that was
    acknowledged or the one that was under way."""
    server = fresh_server(users=("alice",))
    with RawImap(server, "alice") as client:
        client.append("Drafts", draft(0))
    saved = 0
    for kill in range(6):
        stop = threading.Event()

        def strike():
            stop.wait(0.05 + 0.07 * kill)
            server.kill_role("core")

        killer = threading.Thread(target=strike)
        with RawImap(server, "alice") as client:
            client.ok("SELECT Drafts")
            killer.start()
            number = saved
            try:
                while killer.is_alive():
                    answer = client.command("REPLACE 1 Drafts (\\Draft) ", draft(number + 1))
                    number += 1
                    if answer.status != "OK":
                        break
                    saved = number
            except (EOFError, OSError, ServerError):
                pass
            killer.join()
        server.wait_roles()
        with RawImap(server, "alice") as client:
            client.ok("SELECT Drafts")
            (found,) = client.fetch("FETCH 1:* BODY.PEEK[]").values()
            assert found["BODY[]"] in (draft(saved), draft(saved + 1))
            saved += found["BODY[]"] == draft(saved + 1)
