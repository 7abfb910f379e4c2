# SPDX-License-Identifier: Apache-2.0
"""What administrators see of the queue and do with it."""

import asyncio
import re

import kx
import pytest
import world
from test_api import ADMIN, Api

ZONES = {"remote.test": "@ MX 10 mx\nmx A 127.0.9.31\nslow MX 10 mx2\nmx2 A 127.0.9.32\n"}


@pytest.fixture(scope="module")
def server(keryx_binary):
    port = world.free_port()
    with world.name_server(ZONES) as dns:
        config = {"dns.servers": dns, "smtp.delivery-port": port, "internet.connection": "offline",
                  "queue.retry-interval": "1s", "queue.max-retry-interval": "1s"}
        with kx.running_server(keryx_binary, users=["alice", "bob"], config=config) as running:
            running.delivery_port = port
            yield running


@pytest.fixture
def online(server):
    server.cli("config", "set", "internet.connection", "online")
    yield
    server.cli("config", "set", "internet.connection", "offline")


def send(server, *to, subject="hello", sender="alice", body=""):
    with server.smtp(sender, service="submission") as smtp:
        smtp.ehlo()
        smtp.mail(f"{sender}@example.test")
        for address in to:
            smtp.rcpt(address)
        code, text = smtp.data(f"Subject: {subject}\r\n\r\n{body}".encode())
        assert code == 250
    return text.decode().split()[-1]


def found(server, *options):
    return [row["id"] for row in server.cli("queue", "list", *options, as_json=True)]


def row_of(server, queue_id):
    return next((row for row in server.cli("queue", "list", as_json=True) if row["id"] == queue_id), None)


@pytest.fixture
def three(server):
    ids = [send(server, "x@one.test", subject="Größe des Hauses"), send(server, "y@two.test", "x@sub.one.test", sender="bob"),
           send(server, "z@three.test", body="x" * 3000)]
    yield ids
    server.cli("queue", "remove", "--all")
    assert not server.cli("queue", "list", as_json=True)


@pytest.mark.covers("STAT-04", "SMTP-35")
def test_what_is_in_it_is_shown_and_found(server, three):
    one, two, large = three
    row = row_of(server, one)
    assert (row["sender"], row["recipients"], row["state"]) == ("alice@example.test", ["x@one.test"], "waiting")
    text = server.cli("queue", "list")
    assert re.search(r"^3 messages, [\d.]+\sKiB$", text, re.M) and "Next try" in text and "Size" in text
    assert server.cli("queue", "show", one, as_json=True)["subject"] == "Größe des Hauses"
    for options, ids in ((["--sender", "BOB@*"], [two]), (["--recipient", "x@*"], [one, two]), (["--domain", "*one.test"], [one, two]),
                         (["--domain", "one.test"], [one]), (["--subject", "größe"], [one]), (["--larger-than", "2K"], [large]),
                         (["--older-than", "1h"], []), (["--state", "held"], []), (["--state", "Waiting", "--sender", "alice@*"], [one, large])):
        assert found(server, *options) == ids, options
    for bad in (["--state", "lost"], ["--older-than", "soon"], ["--larger-than", "-1"]):
        assert server.run("queue", "list", *bad).returncode != 0


@pytest.mark.covers("STAT-05", "TECH-32")
def test_removing_takes_what_is_meant(server, three):
    one, two, large = three
    assert server.run("queue", "remove").returncode != 0  # nothing was said
    assert server.run("queue", "remove", one, "--all").returncode != 0
    assert server.cli("queue", "remove", "--subject", "größe", as_json=True)["messages"] == 1
    assert found(server) == [two, large]
    before = len(server.eml_files("bob"))
    server.cli("queue", "remove", two, "--bounce")
    assert found(server) == [large]
    server.wait_messages("bob", before + 1)
    report = max(server.eml_files("bob").items())[1].decode()
    assert "Status: 5.7.1" in report and "Diagnostic-Code: X-Keryx; 5.7.1 An administrator stopped the message" in report
    server.wait_log("config", rf"delete Queue message set ID='{two}', Bounced='yes'")


def test_what_is_held_stays(server, three):
    one, two, large = three
    server.cli("queue", "hold", "--domain", "one.test")
    server.restart()
    assert found(server, "--state", "held") == [one]
    assert server.run("queue", "retry", one).returncode != 0
    assert server.cli("queue", "run", as_json=True)["messages"] == 2
    kx.wait_until(lambda: row_of(server, two) is None or row_of(server, two)["status"] or row_of(server, large) is None, what="an attempt")
    assert row_of(server, one)["attempts"] == 0 and row_of(server, one)["state"] == "held"
    server.cli("queue", "release", one)
    assert row_of(server, one)["state"] != "held"
    server.wait_log("config", rf"update Queue message set ID='{one}', Held='no'")


@pytest.mark.covers("STAT-07", "STAT-08")
def test_a_delivery_is_seen_while_it_goes_on_and_stopped_after_it(server, online):
    go_on, size = asyncio.Event(), []
    loops = []

    async def slow(reader, writer):
        loops.append(asyncio.get_running_loop())
        writer.write(b"220 slow\r\n")
        while line := await reader.readline():
            if line[:4].upper() == b"DATA":
                writer.write(b"354 go\r\n")
                await reader.readline()
                await go_on.wait()
                while await reader.readline() != b".\r\n":
                    pass
                writer.write(b"451 4.3.0 not now\r\n")
            else:
                writer.write(b"250 2.0.0 fine\r\n")
        writer.close()

    with world.odd_server("127.0.9.32", server.delivery_port, slow):
        queue_id = send(server, "bob@slow.remote.test", body=("x" * 70 + "\r\n") * 200000)

        def delivery():
            rows = [row for row in server.cli("queue", "deliveries", as_json=True) if row["id"] == queue_id]
            return rows[0] if rows and rows[0]["percent"] > 0 else None

        row = kx.wait_until(delivery, what="a delivery on its way", seconds=20)
        assert (row["state"], row["server"], row["sender"]) == ("SMTP delivery", "mx2.remote.test", "alice@example.test")
        assert row["recipients"] == "bob@slow.remote.test" and 0 < row["percent"] <= 100 and row["size"] > 10_000_000
        listed = row_of(server, queue_id)
        assert (listed["state"], listed["server"]) == ("SMTP delivery", "mx2.remote.test") and listed["percent"] > 0
        assert server.cli("queue", "remove", queue_id, as_json=True) == {"messages": 0, "later": 1}
        assert row_of(server, queue_id)
        loops[0].call_soon_threadsafe(go_on.set)
        kx.wait_until(lambda: row_of(server, queue_id) is None, what="that it is removed")
    assert not server.cli("queue", "deliveries", as_json=True)


def test_programs_steer_it_too(server, three):
    one, two, _ = three
    api = Api(server, server.cli("token", "add", "steering", "--user", ADMIN).strip())
    api.ok("POST", f"queue/{one}/hold", {})
    assert [row["id"] for row in api.ok("GET", "queue?state=held")["items"]] == [one]
    api.ok("POST", f"queue/{one}/release", {})
    assert api.ok("GET", "queue?state=held")["total"] == 0
    api.ok("DELETE", f"queue/{two}")
    assert two not in found(server) and api.ask("GET", f"queue/{two}")[0] == 404
