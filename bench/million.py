#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A folder of a million messages: is it opened, read, searched, changed and emptied, and at what cost?

    million.py --keryx build-release/keryx [--messages 1000000] [--dir /var/tmp]

The messages are laid into the folder as files, which is how an administrator would bring an old mailbox, and
`keryx reindex` takes them in. Every answer is counted: a number that is wrong ends the run.
"""

import argparse
import os
import random
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "tests" / "e2e"))

import bench  # noqa: E402  (needs the path above)
import imap_bench  # noqa: E402
import kx  # noqa: E402

LINKS_MAX = 50_000  # a file system gives a file so many names


def lay_files(server, count):
    """The message files of the folder; few contents under many names, to spare the disk."""
    folder = server.folder(imap_bench.BIG) / "#msgs"
    draw = random.Random(3)
    owner = server.data.stat()
    for first in range(0, count, LINKS_MAX):
        source = folder / f"{first + 1:08x}.eml"
        source.write_bytes(imap_bench.make_message(first, draw))
        os.chown(source, owner.st_uid, owner.st_gid)
        source.chmod(0o600)
        for number in range(first + 1, min(first + LINKS_MAX, count)):
            os.link(source, folder / f"{number + 1:08x}.eml")


class Steps:
    """Runs commands on one connection, and checks and prints each."""

    def __init__(self, subject, count):
        self.subject = subject
        self.count = count
        self.client = imap_bench.Client(subject)
        self.client.login()

    def run(self, command, lines=None):
        """`lines`: so many untagged responses must come."""
        figure = imap_bench.measure(self.subject, lambda: self.client.command(command))
        print(f"{command:52} {figure.seconds:8.2f} s   processor {figure.processor:7.2f} s   "
              f"{figure.memory:6.0f} MiB   {self.client.answer_bytes / 1e6:8.1f} MB", flush=True)
        if lines is not None and self.client.answer_bytes < lines:
            raise SystemExit(f"{command}: the answer is too short")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keryx", required=True)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--dir", default="/var/tmp")
    options = parser.parse_args()
    count = options.messages
    with kx.running_server(Path(options.keryx).resolve(), parent=options.dir, start=False,
                           config={"search.index": "off"}) as server:
        server.add_user(imap_bench.BIG, bench.PASSWORD)
        server.start()
        subject = imap_bench.KeryxSubject(server)
        imap_bench.sign_in_and_select(subject)
        server.stop()
        started = time.monotonic()
        lay_files(server, count)
        print(f"{count} files laid in {time.monotonic() - started:.1f} s", flush=True)
        started = time.monotonic()
        server.cli("reindex", f"{imap_bench.BIG}@{server.domain}", timeout=3600)
        print(f"taken into the index in {time.monotonic() - started:.1f} s", flush=True)
        server.start()
        steps = Steps(subject, count)
        steps.run("SELECT INBOX")
        steps.run("SELECT INBOX")
        steps.run("UID FETCH 1:* (FLAGS)", 20 * count)
        steps.run("SEARCH UNSEEN", 6 * count)
        steps.run("SEARCH RETURN (COUNT) LARGER 100")
        steps.run("SORT RETURN (COUNT) (SUBJECT) UTF-8 ALL")
        steps.run("SORT RETURN (COUNT) (SUBJECT) UTF-8 ALL")
        steps.run("UID FETCH 1:* (ENVELOPE)", 100 * count)
        steps.run("STORE 1:* +FLAGS.SILENT (\\Deleted)")
        steps.run("EXPUNGE", 10 * count)
        steps.run("STATUS INBOX (MESSAGES)")
        left = len(server.eml_files(imap_bench.BIG))
        print(f"{left} files are left")
        return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
