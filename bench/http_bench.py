#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Requests per second of the administration API over TLS with keep-alive, as wrk counts them.

    http_bench.py [--keryx BINARY] [--seconds N] [--connections N]

One account is asked for again and again: framing, TLS, the way to the core, rights, a look at the
mailbox, JSON. Beside it what costs next to nothing in the core (a path that is not there), which is
the HTTP layer alone. Processor time is of all of the server's processes.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import kx  # noqa: E402  (needs the path above)


def processor_seconds(server):
    ticks = 0
    for pid in server.pids():
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(server, path, token, options):
    """(requests a second, microseconds of processor time for each)"""
    before = processor_seconds(server)
    done = subprocess.run(["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s",
                           "-H", f"Authorization: Bearer {token}",
                           f"https://127.0.0.1:{server.port('admin')}{path}"],
                          capture_output=True, text=True, check=True)
    spent = processor_seconds(server) - before
    count = int(re.search(r"(\d+) requests in", done.stdout).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))
    return rate, spent / count * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keryx", default=ROOT / "build-release" / "keryx")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    with kx.running_server(options.keryx, users=("alice",)) as server:
        server.deliver("alice", "Subject: x\n\nx\n")
        server.wait_messages("alice", 1)
        token = server.cli("token", "add", "bench", "--user", f"admin@{server.domain}").strip()
        print("| request | per second | processor, us each |\n|---|---|---|")
        for what, path in (("nothing there", "/nothing"), ("a user", f"/api/v1/users/alice@{server.domain}"),
                           ("a page of users", "/api/v1/users"), ("the settings", "/api/v1/settings?all=true")):
            rate, cost = measure(server, path, token, options)
            print(f"| {what} | {rate:,.0f} | {cost:.0f} |", flush=True)


if __name__ == "__main__":
    main()
