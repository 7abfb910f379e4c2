#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long until everybody knows: one message is stored in a folder that many sessions watch.

    fanout.py [SESSIONS] [ROUNDS]

For IDLE, and for NOTIFY of the selected and of another mailbox. Prints the milliseconds from the APPEND's last byte
to the tagged answer, to the first session that is told, to the median one and to the last, each the best of the rounds.
The reading of this program is part of it: about 20 microseconds for each session.
"""

import os
import select
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import kx  # noqa: E402
from rawimap import RawImap  # noqa: E402

MESSAGE = b"From: a@example.com\r\nSubject: fan-out\r\n\r\nBody.\r\n"
WAYS = {
    "idle": ["SELECT INBOX", "IDLE"],
    "notify selected": ["SELECT INBOX", "NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge))"],
    "notify other": ["NOTIFY SET (personal (MessageNew MessageExpunge))"],
}


def drain(poller, clients, count, deadline):
    """The times at which so many different clients had something to read."""
    told = {}
    while len(told) < count and time.monotonic() < deadline:
        for fd, _ in poller.poll(0.1):
            clients[fd].socket.recv(65536)
            told.setdefault(fd, time.monotonic())
    return sorted(told.values())


def round_of(writer, poller, clients, watchers):
    start = time.monotonic()
    writer.append("INBOX", MESSAGE)
    answered = time.monotonic()
    times = drain(poller, clients, len(watchers), start + 30)
    while poller.poll(0.2):
        drain(poller, clients, 1, time.monotonic() + 1)
    if len(times) < len(watchers):
        raise SystemExit(f"{len(watchers) - len(times)} sessions were not told")
    return [(moment - start) * 1000 for moment in (answered, times[0], times[len(times) // 2], times[-1])]


def measure(server, way, sessions, rounds):
    watchers = []
    for _ in range(sessions):
        client = RawImap(server, "alice", service="imap")
        for command in WAYS[way]:
            client.idle() if command == "IDLE" else client.ok(command)
        watchers.append(client)
    poller = select.epoll()
    clients = {client.socket.fileno(): client for client in watchers}
    for fd in clients:
        poller.register(fd, select.EPOLLIN)
    with RawImap(server, "alice", service="imap") as writer:
        best = [min(column) for column in zip(*(round_of(writer, poller, clients, watchers) for _ in range(rounds)))]
    for client in watchers:
        client.close()
    print(f"{way:16} {sessions} sessions: answer {best[0]:6.1f} ms, first {best[1]:6.1f}, median {best[2]:6.1f}, "
          f"last {best[3]:6.1f}", flush=True)


def main():
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    binary = Path(os.environ.get("KERYX", ROOT / "build" / "keryx"))
    config = {"service.imap.max-connections": "5000", "auth.clear-text-from-loopback": "yes"}
    with kx.running_server(binary, users=("alice",), config=config) as server:
        for way in WAYS:
            measure(server, way, sessions, rounds)


if __name__ == "__main__":
    main()
