# SPDX-License-Identifier: Apache-2.0
"""Mail that waits elsewhere: ETRN as client and server, and schedules."""

import re

import kx
import pytest
import world
from test_forwarding import FAST, sent


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def backup(keryx_binary, port):
    with kx.running_server(keryx_binary, users=["etrn"], config=FAST) as server:
        server.cli("domain", "add", "held.test", "--forward-host", "127.0.9.31", "--forward-port", port,
                   "--forward-mode", "etrn")
        yield server


def etrn(server, node, **options):
    with server.smtp(**options) as smtp:
        return smtp.docmd("ETRN", node)[0]


@pytest.mark.covers("DOM-36", "DOM-37", "ETRN-01", "ETRN-02", "ETRN-04", "ETRN-06", "ETRN-07", "DEPLOY-19")
def test_a_primary_fetches_its_mail_from_the_backup(keryx_binary):
    with (kx.running_server(keryx_binary, config=FAST) as backup,
          kx.running_server(keryx_binary, users=["alice"], config=FAST) as primary):
        backup.cli("domain", "set", "example.test", "--forward-host", "127.0.0.1", "--forward-mode", "etrn",
                   "--forward-port", primary.port("smtp"))
        primary.cli("etrn", "add", "isp", "--host", "127.0.0.1", "--port", backup.port("smtp"),
                    "--domains", "example.test,other.test", "--description", "the backup", "--timeout", "20")
        answers = primary.cli("etrn", "run", as_json=True)
        assert [(a["domain"], a["code"]) for a in answers] == [("example.test", 251), ("other.test", 459)]
        primary.stop()
        backup.deliver("alice@example.test", "Subject: while you were out\n\n")
        assert backup.cli("queue", "list").count("alice@example.test") == 1
        primary.start()  # it asks by itself
        primary.wait_messages("alice", 1)
        backup.deliver("alice@example.test", "Subject: more\n\n")
        primary.cli("schedule", "add", "poll", "--every", "1s", "--actions", "etrn,send-queue")
        primary.wait_messages("alice", 2)
        assert primary.cli("etrn", "show", "isp", as_json=True)["description"] == "the backup"
        primary.cli("etrn", "set", "isp", "--disabled", "yes")
        assert primary.cli("etrn", "run", as_json=True) == []


@pytest.mark.covers("ETRN-05")
def test_who_may_ask_for_held_mail_and_what_is_said(backup, port):
    host = world.Received()
    backup.deliver("bob@held.test", "Subject: held\n\n")
    with backup.smtp() as smtp:
        assert smtp.has_extn("etrn")
        for line, code in (("ETRN", 501), ("ETRN a b", 501), ("ETRN nowhere.test", 459), ("ETRN example.test", 459),
                           ("ETRN held.test", 459), ("ETRN @test", 459), ("ETRN #queue", 459)):
            assert smtp.docmd(line)[0] == code, line
    assert etrn(backup, "held.test", user="etrn") == 459
    backup.cli("domain", "set", "held.test", "--etrn-users", "etrn@example.test")
    with world.mail_server(host, "127.0.9.31", port):
        assert etrn(backup, "HELD.test", user="etrn") == 253
        sent(backup, "bob@held.test")
    assert host.recipients() == ["bob@held.test"]
    kx.wait_until(lambda: etrn(backup, "held.test", user="etrn") == 251, what="an empty queue")
    assert etrn(backup, "held.test") == 459
    backup.cli("ipgroup", "set", "Primaries", "--entries", "127.0.0.1")
    backup.cli("domain", "set", "held.test", "--etrn-group", "Primaries")
    assert etrn(backup, "held.test") == etrn(backup, "@test") == etrn(backup, "#all") == 251
    assert backup.run("ipgroup", "remove", "Primaries").returncode == 1
    backup.cli("ipgroup", "rename", "Primaries", "First")
    assert etrn(backup, "held.test") == 251
    with backup.smtp() as smtp:
        smtp.mail("a@b.test")
        assert smtp.docmd("ETRN held.test")[0] == 503


@pytest.mark.covers("DOM-34", "DOM-36", "DOM-39")
def test_held_mail_waits_for_etrn_alone(backup, port):
    host = world.Received()
    backup.cli("schedule", "add", "send", "--every", "1s", "--actions", "send-queue")
    backup.cli("domain", "add", "timed.test", "--forward-host", "127.0.9.32", "--forward-port", port,
               "--forward-mode", "schedule")
    with world.mail_server(host, "127.0.9.31", port), world.mail_server(host, "127.0.9.32", port):
        backup.deliver("carol@held.test", "Subject: waits\n\n")
        backup.deliver("dave@timed.test", "Subject: goes\n\n")
        sent(backup, "dave@timed.test")
        assert host.recipients() == ["dave@timed.test"]
        backup.cli("queue", "run")
        sent(backup, "carol@held.test")
    backup.cli("schedule", "remove", "send")


@pytest.mark.covers("ETRN-03", "ETRN-04")
def test_a_server_that_does_not_answer_is_no_error(backup, port):
    async def mute(reader, writer):
        await reader.read()
        writer.close()

    async def refuses(reader, writer):
        writer.write(b"220 old\r\n")
        while line := await reader.readline():
            writer.write(b"502 what is that\r\n" if line.startswith(b"ETRN") else b"250 old\r\n")
        writer.close()

    backup.cli("etrn", "add", "mute", "--host", "127.0.9.33", "--port", port, "--domains", "a.test", "--timeout", "1")
    backup.cli("etrn", "add", "old", "--host", "127.0.9.34", "--port", port, "--domains", "b.test", "--timeout", "5")
    with world.odd_server("127.0.9.33", port, mute), world.odd_server("127.0.9.34", port, refuses):
        answers = {a["server"]: a["code"] for a in backup.cli("etrn", "run", as_json=True)}
    assert answers == {"mute": 0, "old": 502}
    assert not re.search("ETRN", backup.log("error") + backup.log("warning"))
    for name in ("mute", "old"):
        backup.cli("etrn", "remove", name)


@pytest.mark.covers("ETRN-02")
def test_the_client_signs_in(keryx_binary, backup):
    backup.cli("domain", "set", "held.test", "--etrn-users", "etrn@example.test")
    with kx.running_server(keryx_binary, config=FAST) as client:
        def answer(*options):
            client.cli("etrn", "set", "isp", *options)
            return client.cli("etrn", "run", as_json=True)[0]["code"]

        client.cli("etrn", "add", "isp", "--host", "127.0.0.1", "--port", backup.port("submission"), "--tls", "must",
                   "--domains", "held.test")
        taken = (251, 253)
        assert answer() not in taken
        assert answer("--user", "etrn@example.test", "--password", "wrong") not in taken
        assert answer("--password", kx.password_of("etrn")) in taken


@pytest.mark.covers("ETRN-02")
def test_passwords_for_other_servers_are_never_shown(backup, port):
    backup.cli("etrn", "add", "isp", "--host", "127.0.9.35", "--port", port, "--domains", "c.test", "--user", "me",
               "--password", "held secret")
    shown = backup.cli("etrn", "show", "isp") + backup.cli("etrn", "list", "--search", "held secret", as_json=False)
    assert "held secret" not in shown + backup.log("config") and "isp" in backup.cli("etrn", "list")
    backup.cli("etrn", "remove", "isp")


@pytest.mark.covers("SCHED-01", "SCHED-02", "SCHED-03", "SCHED-04", "SCHED-06", "SCHED-07", "SCHED-08", "SCHED-10",
                    "SCHED-11", "NET-04", "OVR-43", "DEPLOY-16", "DEPLOY-20")
def test_schedules(keryx_binary, port):
    host = world.Received()
    config = {**FAST, "internet.connection": "offline", "smtp.relay-host": "127.0.9.36", "smtp.relay-port": port}
    with world.mail_server(host, "127.0.9.36", port), kx.running_server(keryx_binary, users=["alice"], config=config) as server:
        def submit(to):
            with server.smtp("alice") as smtp:
                smtp.sendmail("alice@example.test", to, "Subject: out\r\n\r\n")

        server.cli("timerange", "add", "Working hours", "--entries", "daily 08:00-17:00 weekdays")
        server.cli("timerange", "add", "Never", "--entries", "absolute 2001-01-01 00:00 - 2001-01-01 00:01")
        server.cli("schedule", "add", "work", "--every", "1h", "--range", "working hours", "--actions", "etrn,send-queue")
        server.cli("schedule", "add", "night", "--at", "20:00,0:00,5:00", "--actions", "etrn, send-queue")
        shown = {row["schedule"]: row for row in server.cli("schedule", "list", as_json=True)}
        assert shown["work"]["range"] == "Working hours" and shown["work"]["every"] == 3600
        assert shown["night"]["at"] == ["00:00", "05:00", "20:00"]
        assert server.run("timerange", "remove", "Working hours").returncode == 1
        server.cli("timerange", "rename", "Working hours", "Office")
        assert server.cli("schedule", "show", "work", as_json=True)["range"] == "Office"
        next_times = {row["schedule"]: row["next"] for row in server.cli("schedule", "next", as_json=True)}
        assert next_times["night"][-8:] in ("20:00:00", "00:00:00", "05:00:00")
        submit("one@far.test")
        assert "one@far.test" in server.cli("queue", "list") and not host.messages
        said = server.cli("schedule", "run", "night")
        assert "etrn: no server" in said and "send-queue: 1 messages" in said
        kx.wait_until(lambda: host.recipients() == ["one@far.test"], what="the message")
        submit("two@far.test")
        server.cli("schedule", "add", "closed", "--every", "1s", "--range", "Never", "--actions", "send-queue")
        server.cli("schedule", "add", "down", "--every", "1s", "--online-check", "127.0.9.37", "--online-port", port,
                   "--actions", "send-queue")
        server.wait_log("warning", "Schedule down: the line is down: 127.0.9.37")
        assert server.run("schedule", "run", "down").returncode == 1
        assert "two@far.test" in server.cli("queue", "list")
        server.cli("schedule", "set", "down", "--online-check", "127.0.9.36")
        kx.wait_until(lambda: "two@far.test" in host.recipients(), what="the next message")
        for arguments in (("--every", "1h"), ("--every", "0", "--actions", "etrn"), ("--at", "25:00", "--actions", "etrn"),
                          ("--every", "1h", "--at", "1:00", "--actions", "etrn"), ("--every", "1h", "--actions", "dial"),
                          ("--every", "1h", "--actions", "etrn", "--range", "nothing")):
            assert server.run("schedule", "add", "bad", *arguments).returncode != 0, arguments
