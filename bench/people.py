#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures a directory of many people: importing, looking up, listing, starting, memory.

    people.py --keryx build-release/keryx [--dir /var/tmp] [--users 100000] [--domains 200]

Times are of the processors (user and system) unless they say otherwise, so that what else runs on the machine
does not count. Requests go through the administration's socket, so that no start of a program is in them.
"""

import argparse
import json
import os
import socket
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "e2e"))

import kx  # noqa: E402  (needs the path above)

TICK = os.sysconf("SC_CLK_TCK")
LOOKUPS = 5000
PAGES = 50
STARTS = 5


def say(text):
    print(text, flush=True)


def cpu(pids):
    """Seconds of the processors that the processes have used."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


class Control:
    """The socket of the command line; one request after the other."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(server.data / "keryx.sock"))
        self.file = self.socket.makefile("rb")

    def ask(self, *words, **options):
        request = {"words": words, "options": options}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(self.file.readline())
        assert answer["ok"], answer
        return answer["result"]


def timed(times, action):
    """Makes `action` that often; returns (median, 99th percentile) of the wall clock, in seconds."""
    seconds = []
    for number in range(times):
        start = time.perf_counter()
        action(number)
        seconds.append(time.perf_counter() - start)
    seconds.sort()
    return seconds[times // 2], seconds[times * 99 // 100]


def write_table(path, users, domains):
    with path.open("w") as out:
        out.write("Name,FullName,MailAddress,quota\n")
        for number in range(users):
            out.write(f"user{number}@d{number % domains}.test,First Last{number},first.last{number},2G\n")


def fill(server, path, users, domains):
    control = Control(server)
    for number in range(domains):
        control.ask("domain", "add", f"d{number}.test")
    write_table(path, users, domains)
    before, start = cpu(server.pids()), time.monotonic()
    done = server.run("user", "import", server.domain, path, "--json", timeout=3600)
    result = json.loads(done.stdout)
    assert result["added"] == users and not result["failed"], done.stdout[:2000]
    used = cpu(server.pids()) - before
    say(f"import: {users} users in {used:.1f} s, {time.monotonic() - start:.1f} s by the clock")
    control = Control(server)  # the first one was silent for too long
    for number in range(domains):
        for pattern in ("sales*", "*-support", "j?n*"):
            control.ask("alias", "add", f"{pattern}@d{number}.test", f"user{number}")


def measure_lookups(server, users, domains):
    control = Control(server)
    names = ["user{n}@d{d}.test", "First.Last{n}@d{d}.test", "sales-{n}@d{d}.test", "nobody{n}@d{d}.test"]

    def check(number):
        n = number * 7919 % users
        control.ask("address", "check", names[number % len(names)].format(n=n, d=n % domains))

    idle = timed(LOOKUPS, lambda _: control.ask("config", "get", "smtp.max-size"))
    median, worst = timed(LOOKUPS, check)
    say(f"lookup by the clock, explained: {median * 1e6:.0f} us, 99 % below {worst * 1e6:.0f} us; "
        f"a request that looks nothing up: {idle[0] * 1e6:.0f} and {idle[1] * 1e6:.0f} us")


def measure_pages(server):
    control = Control(server)
    core = server.role_pids("core")

    def measure(name, *words, **options):
        before = cpu(core)
        timed(PAGES, lambda number: control.ask("user", "list", *words, limit=50, offset=number, **options))
        say(f"{name}: {(cpu(core) - before) / PAGES * 1000:.1f} ms")

    measure("page of all")
    measure("page of a domain", "d7.test")
    measure("search", search="last999")
    measure("search of nobody", search="zzz")


def measure_start(server, what):
    """The median of some starts; returns what is resident then."""
    used, clock = [], []
    for _ in range(STARTS):
        server.stop()
        begin = time.perf_counter()
        server.start()
        clock.append(time.perf_counter() - begin)
        core = server.role_pids("core")
        used.append(cpu(core))
        memory = sum(server.memory_kb()[pid] for pid in core)
    say(f"start {what}: core has used {sorted(used)[STARTS // 2]:.2f} s, ready after {sorted(clock)[STARTS // 2]:.2f} s "
        f"by the clock, resident {memory / 1024:.0f} MB")
    return memory


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keryx", required=True)
    parser.add_argument("--dir", default="/var/tmp")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--domains", type=int, default=200)
    args = parser.parse_args()
    with kx.running_server(Path(args.keryx).resolve(), parent=args.dir) as server:
        for number in range(10):
            server.cli("user", "add", f"few{number}")
        empty = measure_start(server, "with 10 people")
        fill(server, server.base / "people.csv", args.users, args.domains)
        full = measure_start(server, f"with {args.users} people")
        say(f"memory: {(full - empty) * 1024 / args.users:.0f} bytes a user")
        measure_lookups(server, args.users, args.domains)
        measure_pages(server)


if __name__ == "__main__":
    main()
