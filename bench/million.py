#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A folder of a million messages: is it opened, read, searched, copied, moved, changed and emptied, and at what cost?

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

LINKS_MAX = 20_000  # copying and moving triple it, and a file system gives a file only so many names


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

    def __init__(self, subject):
        self.subject = subject
        self.client = imap_bench.Client(subject)
        self.client.login()

    def run(self, command, says=None, lines=None, numbers=None):
        """`says`: what the end of the answer contains; `lines`: its untagged responses; `numbers`: those of a SEARCH."""
        answer = None

        def work():
            nonlocal answer
            answer = self.client.command(command)

        figure = imap_bench.measure(self.subject, work)
        print(f"{command:52} {figure.seconds:8.2f} s   processor {figure.processor:7.2f} s   "
              f"{figure.memory:6.0f} MiB   {self.client.answer_bytes / 1e6:8.1f} MB", flush=True)
        status = answer[answer.rindex(b"\r\nt ") + 2:] if b"\r\nt " in answer else answer
        wrong = (says and says.encode() not in answer,
                 lines is not None and self.client.answer_lines != lines + 1,
                 numbers is not None and self.client.answer_spaces != 1 + numbers + status.count(b" "))
        if any(wrong):
            raise SystemExit(f"{command}: {self.client.answer_lines} lines, {self.client.answer_spaces} spaces, {answer[-300:]!r}")


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
        steps = Steps(subject)
        steps.run("CREATE Copies")
        steps.run("CREATE Moved")
        steps.run("SELECT INBOX", says=f"* {count} EXISTS")
        steps.run("SELECT INBOX", says=f"* {count} EXISTS")
        steps.run("UID FETCH 1:* (FLAGS)", lines=count)
        steps.run("SEARCH UNSEEN", numbers=count)
        steps.run("SEARCH RETURN (COUNT) LARGER 100", says=f"COUNT {count}")
        steps.run("SORT RETURN (COUNT) (SUBJECT) UTF-8 ALL", says=f"COUNT {count}")
        steps.run("SORT RETURN (COUNT) (SUBJECT) UTF-8 ALL", says=f"COUNT {count}")
        steps.run("UID THREAD REFERENCES UTF-8 ALL")
        steps.run("UID FETCH 1:* (ENVELOPE)", lines=count)
        steps.run("UID COPY 1:* Copies", says="COPYUID")
        steps.run("UID MOVE 1:* Moved", lines=count + 1)
        steps.run("SELECT Moved", says=f"* {count} EXISTS")
        steps.run("STORE 1:* +FLAGS.SILENT (\\Deleted)")
        steps.run("SEARCH RETURN (COUNT) DELETED", says=f"COUNT {count}")
        steps.run("EXPUNGE", lines=count)
        steps.run("STATUS Moved (MESSAGES)", says="MESSAGES 0")
        steps.run("STATUS Copies (MESSAGES)", says=f"MESSAGES {count}")
        steps.run("DELETE Copies")
        left = sum(1 for _ in server.folder(imap_bench.BIG, "").rglob("*.eml"))
        print(f"{left} files are left")
        return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
