# SPDX-License-Identifier: Apache-2.0
"""The short form of the fault harness; make faults runs the long one."""

import random

import pytest

import faults

KILLS = 20


@pytest.mark.timeout(600)
def test_acknowledged_messages_survive_random_kills(keryx_binary):
    seed = random.SystemRandom().randrange(10**6)
    problems, summary = faults.run(keryx_binary, KILLS, seed)
    print("\n".join(summary))
    assert not problems, "\n".join(problems[:40])


def test_idle_clients_outlive_the_core(server):
    """Killing core disconnects nobody: the next command of each client works."""
    server.deliver("alice", "Subject: before\n\nbody\n")
    server.wait_messages("alice", 1)
    idle = [server.imap("alice") for _ in range(20)]
    selected = server.imap("alice")
    assert selected.select()[1] == [b"1"]
    pop3 = server.pop3("alice")
    smtp = server.smtp("bob")
    gone = server.kill_role("core")
    assert gone
    server.wait_roles(gone=gone)
    for client in idle:
        assert client.select()[1] == [b"1"]
    assert selected.fetch("1", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0][1].startswith(b"Subject: before")
    assert pop3.stat()[0] == 1
    assert smtp.sendmail("bob@example.test", ["alice@example.test"], b"Subject: after\r\n\r\nbody\r\n") == {}
    assert [row["restarts"] for row in server.roles("core")] == [1]
    server.wait_messages("alice", 2)
    pop3.quit()
    for client in [*idle, selected]:
        client.logout()


@pytest.mark.parametrize("role", ["edge", "core", "courier"])
def test_a_killed_role_comes_back(server, role):
    gone = server.kill_role(role)
    assert gone
    server.wait_roles(gone=gone)
    client = server.imap("carol")
    assert client.select()[0] == "OK"
    client.logout()


def test_the_roles_do_not_outlive_their_keeper(fresh_server):
    server = fresh_server(users=("alice",))
    pids = server.pids()
    assert len(pids) >= 4
    server.process.kill()
    server.process.wait(10)
    server.process = None
    faults.kx.wait_until(lambda: not any(faults.Path(f"/proc/{pid}").exists() for pid in pids), 15,
                         "the end of every role")
    server.start()
    assert server.imap("alice").select()[0] == "OK"


def test_a_clean_stop_finishes_what_was_acknowledged(fresh_server):
    server = fresh_server(users=("alice",))
    for number in range(20):
        server.deliver("alice", f"Subject: {number}\n\nbody\n")
    assert server.stop() == 0
    server.start()
    server.wait_messages("alice", 20)
