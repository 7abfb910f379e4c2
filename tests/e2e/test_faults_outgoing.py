# SPDX-License-Identifier: Apache-2.0
"""Mail to other servers survives kills; the short form of the harness, which make faults runs longer."""

import asyncio
import random

import faults_outgoing
import kx
import pytest
import world

KILLS = 8


@pytest.mark.timeout(300)
def test_what_was_acknowledged_goes_out_once_but_for_the_window(keryx_binary):
    seed = random.SystemRandom().randrange(10**6)
    problems, summary = faults_outgoing.run(keryx_binary, KILLS, seed)
    print("\n".join(summary))
    assert not problems, "\n".join([*summary, *problems[:40]])


def test_who_has_it_does_not_get_it_again_because_another_server_is_slow(keryx_binary):
    """One server takes the message at once, the other keeps the queue waiting, and everything dies."""
    first, second = world.Received(), world.Received()
    waiting = []

    async def stand_still(reader, writer):
        waiting.append(writer)
        await asyncio.sleep(60)

    port = world.free_port()
    fast, slow = faults_outgoing.HOSTS.values()
    with world.name_server(faults_outgoing.ZONES) as dns, world.mail_server(first, fast, port):
        config = {"dns.servers": dns, "smtp.delivery-port": port, "internet.connection": "online"}
        with kx.running_server(keryx_binary, users=["alice"], config=config) as server:
            with world.odd_server(slow, port, stand_still), server.smtp("alice") as smtp:
                smtp.sendmail("alice@example.test", ["a@one.test", "b@two.test"], b"Subject: two ways\r\n\r\n")
                server.wait_log("mail", r"Sent: .*Recipient: <a@one\.test>, Result: delivered")
                kx.wait_until(lambda: waiting, what="a connection to the slow one")
                server.cli("status")  # what the core does after the log line is done
                server.kill()
            with world.mail_server(second, slow, port):
                server.start()
                server.cli("queue", "run")
                server.wait_log("mail", r"Sent: .*Recipient: <b@two\.test>, Result: delivered", seconds=20)
                kx.wait_until(lambda: server.cli("queue", "list", as_json=True) == [], what="an empty queue")
    assert first.recipients() == ["a@one.test"] and second.recipients() == ["b@two.test"]
