#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills roles at random while mail goes through the queue to other servers, and then counts at those servers.

    faults_outgoing.py --keryx build/keryx [--kills 200] [--seed N]

Clients hand in messages for two servers elsewhere, some for both at once. These take their time, put off, and break
off before or after they have the message. A killer sends SIGKILL to edge, core or courier, now and then to every
process at once (and starts the server again).

In the end: what was acknowledged is at the other servers; what was never acknowledged is there at most once; and a
server has a message twice only if something was killed, or its answer was lost, between the moment it was given the
content and the moment the queue could note that. After a kill of everything the queue on disk says which messages
these can be. A single kill repeats no more than what could be on its way at once. The exit status is 1 if anything was
wrong.
"""

import argparse
import asyncio
import contextlib
import random
import re
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import kx  # noqa: E402  (needs the path above)
import world  # noqa: E402
from faults import Client, Killer, Ledger, content_of, counts  # noqa: E402

HOSTS = {"one.test": "127.0.9.21", "two.test": "127.0.9.22"}
ZONES = {domain: f"@ MX 10 mx\nmx A {address}" for domain, address in HOSTS.items()}
CLIENTS = 4
TASKS = 8  # at most on the way at once to one server
SETTLE_SECONDS = 90
IDENTITY = re.compile(rb"^Subject: fault (\S+)", re.M)


class Take:
    """A message that a server was given: since when, and whether the server broke off by itself."""

    def __init__(self, begun):
        self.begun = begun
        self.unanswered = False


class Peer(world.Received):
    """A server elsewhere, with moods."""

    def __init__(self, seed):
        super().__init__()
        self.chance = random.Random(seed)
        self.takes = defaultdict(list)  # (identity, recipient) -> Take

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        envelope.begun = time.monotonic()
        envelope.mail_from = address
        return "250 2.1.0 fine"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if self.chance.random() < 0.05:
            return "451 4.7.1 come back"
        return await super().handle_RCPT(server, session, envelope, address, rcpt_options)

    async def handle_DATA(self, server, session, envelope):
        mood = self.chance.random()
        if mood < 0.03:
            return "451 4.3.0 not now"
        identity = IDENTITY.search(envelope.content).group(1).decode()
        whole = envelope.content.endswith(content_of(identity))
        takes = [Take(envelope.begun) for _ in envelope.rcpt_tos]
        for recipient, take in zip(envelope.rcpt_tos, takes):
            self.takes[identity if whole else "damaged " + identity, recipient].append(take)
        if mood < 0.06:  # it has the message, and the answer is lost
            for take in takes:
                take.unanswered = True
            server.transport.abort()
        await asyncio.sleep(self.chance.choice((0, 0, 0.005, 0.05, 0.15)))
        return "250 2.0.0 taken"


class Sender(Client):
    """Hands in messages for one of the servers, or for both."""

    def session(self):
        with self.server.smtp(timeout=30) as client:
            for _ in range(self.chance.randint(1, 8)):
                if self.stop.is_set():
                    return
                to = self.chance.choice((("a@one.test",), ("b@two.test",), ("a@one.test", "b@two.test"),
                                         ("a@one.test", "c@one.test", "b@two.test")))
                identity = self.next_message(to)
                client.sendmail("sender@example.test", to, content_of(identity))
                self.ledger.acknowledge(identity)


class Kill:
    """Between which moments it was, and after one of everything what the queue held then."""

    def __init__(self):
        self.since, self.until, self.held = time.monotonic(), None, None


class QueueKiller(Killer):
    """Notes its kills."""

    def __init__(self, server, ledger, chance):
        super().__init__(server, ledger, chance)
        self.list = []

    def kill(self, target):
        kill = Kill()
        if target == "everything":
            self.server.kill()
            kill.until, kill.held = time.monotonic(), set(queued(self.server))
            self.server.start()
        else:
            # What goes out before the others have noticed, nobody notes.
            self.server.wait_roles(gone=[self.kill_one(target)])
            kill.until = time.monotonic()
        self.kills[target] += 1
        if target != "edge":
            self.list.append(kill)

    def kill_one(self, role):
        pid = self.chance.choice(self.server.role_pids(role))
        with contextlib.suppress(ProcessLookupError):
            kx.os.kill(pid, kx.signal.SIGKILL)
        return pid


def queued(server):
    """Identities of the messages in the queue, from the files."""
    for path in (server.data / "store" / "queue").glob("*.env"):
        with contextlib.suppress(FileNotFoundError):
            yield IDENTITY.search(path.with_suffix(".eml").read_bytes()).group(1).decode()


class Verdict:
    """Compares what was acknowledged with what the servers have."""

    def __init__(self, ledger, killer, peers):
        self.ledger, self.kills, self.problems = ledger, killer.list, []
        self.takes = {key: takes for peer in peers for key, takes in peer.takes.items()}
        self.repeats = Counter()  # by number of the kill

    def judge(self):
        for (identity, recipient), takes in self.takes.items():
            if recipient not in self.ledger.attempted.get(identity, ()):
                self.problems.append(f"{identity} for {recipient} is no message of ours, or not as it was sent")
            for take, again in zip(takes, takes[1:]):
                self.judge_repeat(identity, recipient, take, again)
        for identity in self.ledger.acknowledged:
            self.problems += [f"{identity} was acknowledged and never came to {recipient}"
                              for recipient in self.ledger.attempted[identity] if (identity, recipient) not in self.takes]
        self.problems += [f"kill {number} repeated {count} messages"
                          for number, count in self.repeats.items() if count > len(HOSTS) * TASKS * 2]

    def judge_repeat(self, identity, recipient, take, again):
        between = [number for number, kill in enumerate(self.kills)
                   if take.begun < kill.until and kill.since < again.begun]
        possible = [number for number in between
                    if self.kills[number].held is None or identity in self.kills[number].held]
        if take.unanswered:
            return
        if possible:
            self.repeats[possible[0]] += 1
        else:
            self.problems.append(f"{recipient} has {identity} again, which {len(between)} kills do not explain")


def run(binary, kills, seed):
    """Returns (problems, summary lines)."""
    ledger, stop = Ledger(), threading.Event()
    chance = random.Random(seed)
    port = world.free_port()
    peers = [Peer(chance.random()) for _ in HOSTS]
    with contextlib.ExitStack() as stack:
        config = {"dns.servers": stack.enter_context(world.name_server(ZONES)), "smtp.delivery-port": port,
                  "smtp.relay-group": "local", "queue.retry-interval": "1s", "queue.max-retry-interval": "2s",
                  "internet.connection": "online", "smtp.delivery-tasks-per-destination": TASKS}
        for peer, address in zip(peers, HOSTS.values()):
            stack.enter_context(world.mail_server(peer, address, port))
        server = stack.enter_context(kx.running_server(binary, start=False))
        server.cli("ipgroup", "set", "local", "--entries", "127.0.0.1")
        server.configure(config)
        server.start()
        clients = [Sender(f"q{seed}.{n}", server, ledger, stop) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        killer = QueueKiller(server, ledger, chance)
        try:
            killer.run(kills)
            killer.wait_for_progress()
        finally:
            stop.set()
            for client in clients:
                client.join(40)
        server.wait_roles()
        kx.wait_until(lambda: not list(queued(server)), SETTLE_SECONDS, "an empty queue")
    verdict = Verdict(ledger, killer, peers)
    verdict.judge()
    repeated = sum(len(takes) > 1 for takes in verdict.takes.values())
    return verdict.problems, [
        f"seed {seed}; kills: {counts(killer.kills)}",
        f"messages: {len(ledger.attempted)} sent, {len(ledger.acknowledged)} acknowledged; "
        f"{sum(map(len, verdict.takes.values()))} came to {len(verdict.takes)} recipients",
        f"repeated {repeated}: {sum(verdict.repeats.values())} by kills, most by one {max(verdict.repeats.values(), default=0)}; "
        f"problems {len(verdict.problems)}",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keryx", required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    print(f"== {options.kills} kills while mail goes out, seed {options.seed}", flush=True)
    problems, summary = run(Path(options.keryx).resolve(), options.kills, options.seed)
    for problem in problems[:40]:
        print(f"   {problem}")
    print("\n".join(summary))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
