# SPDX-License-Identifier: Apache-2.0
"""The line to the Internet is brought up and down by programs of whoever has the machine."""

import shutil
import tempfile
from pathlib import Path

import kx
import pytest
import world
from test_forwarding import FAST


class Hooks:
    """The folder of the programs, and what they noted."""

    def __init__(self, base):
        self.base = base
        self.notes = base / "notes"
        self.notes.touch()
        self.notes.chmod(0o666)

    def put(self, name, text=""):
        path = self.base / name
        path.write_text(f"#!/bin/sh\necho {name} >>{self.notes}\n{text}\n")
        path.chmod(0o755)

    def ran(self):
        return self.notes.read_text().split()


@pytest.fixture
def hooks(monkeypatch):
    base = Path(tempfile.mkdtemp(prefix="kx-hooks-"))
    base.chmod(0o755)  # the server's user runs them
    monkeypatch.setenv("KERYX_HOOKS", str(base))
    yield Hooks(base)
    shutil.rmtree(base)


@pytest.fixture
def port():
    return world.free_port()


@pytest.fixture
def server(keryx_binary, hooks, port):
    config = {**FAST, "internet.connection": "offline", "smtp.relay-host": "127.0.9.41", "smtp.relay-port": port}
    with kx.running_server(keryx_binary, users=["alice"], config=config) as running:
        running.cli("schedule", "add", "dial", "--every", "1d", "--actions", "send-queue,download", "--dial", "yes")
        yield running


def submit(server, to, *headers):
    with server.smtp("alice") as smtp:
        smtp.sendmail("alice@example.test", to, "".join(f"{line}\r\n" for line in headers) + "Subject: out\r\n\r\n")


@pytest.mark.covers("NET-05", "SCHED-08", "SCHED-11", "DEPLOY-13")
def test_the_line_is_up_for_as_long_as_mail_goes(server, hooks, port):
    host = world.Received()
    hooks.put("line-up")
    hooks.put("line-down")
    submit(server, "one@far.test")
    with world.mail_server(host, "127.0.9.41", port):
        # what has just come may still be looked at
        assert "send-queue: 1 messages" in server.cli("schedule", "run", "dial")
        assert host.recipients() == ["one@far.test"]  # it came back only when all was sent
    assert hooks.ran() == ["line-up", "line-down"]
    server.cli("schedule", "set", "dial", "--dial", "no")
    server.cli("schedule", "run", "dial")
    assert hooks.ran() == ["line-up", "line-down"]


@pytest.mark.covers("NET-05", "SCHED-08")
def test_a_line_that_does_not_come_up_sends_nothing(server, hooks, port):
    submit(server, "one@far.test")
    refused = server.run("schedule", "run", "dial")
    assert refused.returncode == 1 and "there is no" in refused.stderr and "line-up" in refused.stderr
    hooks.put("line-up", "exit 3")
    refused = server.run("schedule", "run", "dial")
    assert refused.returncode == 1 and "the line does not come up: line-up ended with status 3" in refused.stderr
    (hooks.base / "line-up").chmod(0o777)
    assert "may be changed by others" in server.run("schedule", "run", "dial").stderr
    assert hooks.ran() == ["line-up"] and "one@far.test" in server.cli("queue", "list")


@pytest.mark.covers("NET-05")
def test_a_line_that_is_up_when_the_core_dies_goes_down(server, hooks):
    hooks.put("line-up", "sleep 1")
    hooks.put("line-down")
    server.cli("schedule", "set", "dial", "--every", "1s")
    kx.wait_until(lambda: hooks.ran() == ["line-up"], what="the line to come up")
    server.wait_roles(gone=server.kill_role("core"))
    kx.wait_until(lambda: "line-down" in hooks.ran(), what="the line to go down")


URGENT = ["X-Priority: 1 (Highest)", "Priority: Urgent", "importance: HIGH", "X-MSMail-Priority: High"]
PLAIN = ["X-Priority: 3", "Priority: normal", "Importance: low", "Priority: urgently"]


@pytest.mark.covers("NET-06", "NET-08")
def test_urgent_mail_has_all_sent_while_offline(server, port):
    host = world.Received()
    server.cli("domain", "add", "held.test", "--forward-host", "127.0.9.41", "--forward-port", port, "--forward-mode", "etrn")
    server.cli("config", "set", "internet.priority-sending", "high")
    with world.mail_server(host, "127.0.9.41", port):
        for number, header in enumerate(URGENT):
            submit(server, f"plain{number}@far.test", PLAIN[number])
            submit(server, "urgent@held.test", header)  # its host asks for it
            server.add_user(f"user{number}")
            submit(server, f"user{number}@example.test", header)  # does not leave
            assert len(host.messages) == 2 * number
            submit(server, f"urgent{number}@far.test", header)
            kx.wait_until(lambda n=number: len(host.messages) == 2 * n + 2, 20, "both to go")
    assert sorted(host.recipients()) == sorted(f"{kind}{n}@far.test" for kind in ("plain", "urgent") for n in range(4))


@pytest.mark.covers("NET-06")
def test_any_mail_has_all_sent_while_offline(server, port):
    host = world.Received()
    submit(server, "one@far.test", *URGENT)  # the setting is off
    server.cli("config", "set", "internet.priority-sending", "any")
    with world.mail_server(host, "127.0.9.41", port):
        submit(server, "two@far.test", PLAIN[0])
        kx.wait_until(lambda: sorted(host.recipients()) == ["one@far.test", "two@far.test"], 20, "both to go")


@pytest.mark.covers("NET-07", "NET-08")
def test_urgent_mail_dials(server, hooks, port):
    host = world.Received()
    server.cli("config", "set", "internet.priority-sending", "high", "internet.priority-dial", "yes")
    hooks.put("line-up", "exit 1")
    submit(server, "one@far.test", URGENT[0])
    server.wait_log("warning", "does not wait for the schedule stays in the queue: the line does not come up")
    hooks.put("line-up")
    hooks.put("line-down")
    with world.mail_server(host, "127.0.9.41", port):
        submit(server, "two@far.test")
        assert host.messages == [] and "line-down" not in hooks.ran()
        submit(server, "three@far.test", URGENT[0])
        kx.wait_until(lambda: "line-down" in hooks.ran(), 20, "the line to go down")
    assert sorted(host.recipients()) == ["one@far.test", "three@far.test", "two@far.test"]
    assert hooks.ran() == ["line-up", "line-up", "line-down"]


@pytest.mark.covers("NET-06", "NET-07")
def test_urgent_mail_of_a_former_run_goes(server, hooks, port):
    host = world.Received()
    server.cli("config", "set", "internet.priority-sending", "high", "internet.priority-dial", "yes")
    submit(server, "one@far.test", URGENT[0])
    server.wait_log("warning", "does not wait for the schedule stays in the queue: the line does not come up")
    server.kill()
    hooks.put("line-up")
    hooks.put("line-down")
    with world.mail_server(host, "127.0.9.41", port):
        server.start()
        kx.wait_until(host.recipients, 20, "the message to go")
