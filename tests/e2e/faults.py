#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills roles at random under load and then looks for every message that was acknowledged.

    faults.py --keryx build/keryx [--kills 500] [--seed N] [--keep]

Clients send over SMTP, and append, flag and delete over IMAP, all the time. A killer sends SIGKILL to edge,
core or courier, now and then to every process at once (and starts the server again). A kill waits until
the server has acknowledged something since the last one, so that each hits a working server.

In the end: an acknowledged message is there exactly once, one that was never acknowledged at most once;
acknowledged flags and deletions hold; UIDs, plain files and the index agree; a rebuilt index gives the
same view. Prints what it counted; the exit status is 1 if anything was wrong.
"""

import argparse
import contextlib
import hashlib
import random
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import kx  # noqa: E402  (needs the path above)

USERS = ("u0", "u1", "u2")
SMTP_CLIENTS = 4
IMAP_CLIENTS = 3
TARGETS = {"core": 50, "edge": 25, "courier": 10, "everything": 15}  # weights
PROGRESS_SECONDS = 90
SETTLE_SECONDS = 60
CLIENT_TIMEOUT = 30
FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "$Forwarded")


def content_of(identity):
    """The message of that name: its size and its bytes follow from the name."""
    chance = random.Random(identity)
    body = "\r\n".join(hashlib.sha256(f"{identity} {line}".encode()).hexdigest()
                       for line in range(chance.choice((1, 20, 60, 400))))
    return (f"From: <sender@elsewhere.test>\r\nTo: <somebody@example.test>\r\nSubject: fault {identity}\r\n"
            f"Message-ID: <{identity}@faults.example>\r\n\r\n{body}\r\n").encode()


class Ledger:
    """What the clients were told. One lock for all: the load is small."""

    def __init__(self):
        self.lock = threading.Lock()
        self.attempted = {}  # identity -> user
        self.acknowledged = set()
        self.flags = {}  # identity -> flags whose STORE was answered OK; None when one was not answered
        self.deleted = set()  # whose EXPUNGE was answered OK
        self.maybe_deleted = set()
        self.refusals = Counter()

    def attempt(self, identity, user):
        with self.lock:
            self.attempted[identity] = user

    def acknowledge(self, identity):
        with self.lock:
            self.acknowledged.add(identity)

    def refuse(self, what):
        with self.lock:
            self.refusals[what] += 1

    def progress(self):
        with self.lock:
            return len(self.acknowledged)


class Client(threading.Thread):
    """A client that works until it is told to stop, whatever happens to the server."""

    def __init__(self, name, server, ledger, stop):
        super().__init__(name=name, daemon=True)
        self.server, self.ledger, self.stop = server, ledger, stop
        self.chance = random.Random(name)
        self.count = 0

    def run(self):
        while not self.stop.is_set():
            try:
                self.session()
            except (OSError, EOFError, kx.smtplib.SMTPException, kx.imaplib.IMAP4.error) as error:
                self.ledger.refuse(type(error).__name__)
                self.stop.wait(0.1)

    def next_message(self, user):
        self.count += 1
        identity = f"{self.name}-{self.count}"
        self.ledger.attempt(identity, user)
        return identity


class Sender(Client):
    """SMTP on port 25: several messages a session, to one user each."""

    def session(self):
        with self.server.smtp(timeout=CLIENT_TIMEOUT) as client:
            for _ in range(self.chance.randint(1, 8)):
                if self.stop.is_set():
                    return
                user = self.chance.choice(USERS)
                identity = self.next_message(user)
                client.sendmail("sender@elsewhere.test", [self.server.address(user)], content_of(identity))
                self.ledger.acknowledge(identity)


class Filer(Client):
    """IMAP: appends, flags some of it, deletes some of that."""

    def session(self):
        user = self.chance.choice(USERS)
        client = self.server.imap(user, timeout=CLIENT_TIMEOUT)
        with contextlib.closing(client.socket()):
            if client.select()[0] != "OK":
                raise client.error("SELECT refused")
            for _ in range(self.chance.randint(1, 10)):
                if self.stop.is_set():
                    return
                self.file_one(client, user)

    def file_one(self, client, user):
        identity = self.next_message(user)
        status, answer = client.append("INBOX", None, None, content_of(identity))
        if status != "OK":
            self.ledger.refuse("APPEND " + status)
            return
        self.ledger.acknowledge(identity)
        uid = re.search(rb"APPENDUID \d+ (\d+)", answer[0]).group(1).decode()
        draw = self.chance.random()
        if draw < 0.4:
            self.flag(client, identity, uid)
        elif draw < 0.6:
            self.delete(client, identity, uid)

    def flag(self, client, identity, uid):
        flags = set(self.chance.sample(FLAGS, 2))
        self.ledger.flags[identity] = None
        status, _ = client.uid("store", uid, "FLAGS.SILENT", f"({' '.join(sorted(flags))})")
        if status == "OK":
            self.ledger.flags[identity] = flags

    def delete(self, client, identity, uid):
        self.ledger.maybe_deleted.add(identity)
        if client.uid("store", uid, "+FLAGS.SILENT", "(\\Deleted)")[0] != "OK":
            return
        if client.uid("expunge", uid)[0] == "OK":
            self.ledger.deleted.add(identity)


class Killer:
    """Sends the SIGKILLs, in the main thread."""

    def __init__(self, server, ledger, chance):
        self.server, self.ledger, self.chance = server, ledger, chance
        self.kills = Counter()

    def run(self, count):
        started = time.monotonic()
        for number in range(1, count + 1):
            self.wait_for_progress()
            time.sleep(self.chance.uniform(0, 0.3))
            target = self.chance.choices(list(TARGETS), list(TARGETS.values()))[0]
            self.kill(target)
            if number % 50 == 0 or number == count:
                print(f"   {number} kills, {self.ledger.progress()} messages acknowledged, "
                      f"{time.monotonic() - started:.0f} s", flush=True)

    def wait_for_progress(self):
        before = self.ledger.progress()
        try:
            kx.wait_until(lambda: self.ledger.progress() > before + 3, PROGRESS_SECONDS, "progress")
        except AssertionError:
            raise kx.ServerError(f"no message was acknowledged for {PROGRESS_SECONDS} s after "
                                 f"{dict(self.kills)}\n{self.server.evidence()}") from None

    def kill(self, target):
        if target == "everything":
            self.server.kill()
            self.server.start()
        else:
            try:
                pids = self.server.role_pids(target)
            except kx.ServerError:
                return  # between two lives; the next kill will hit
            with contextlib.suppress(ProcessLookupError):
                kx.os.kill(self.chance.choice(pids), kx.signal.SIGKILL)
        self.kills[target] += 1


class View:
    """A mailbox as IMAP shows it: {uid: (identity, flags)}, and the raw contents."""

    def __init__(self, server, user):
        self.rows, self.contents = {}, {}
        client = server.imap(user)
        client.select(readonly=True)
        self.validity = client.response("UIDVALIDITY")[1][0]
        status, answers = client.uid("fetch", "1:*", "(UID FLAGS BODY.PEEK[])")
        assert status == "OK"
        for answer in answers:
            if not isinstance(answer, tuple):
                continue
            uid = int(re.search(rb"UID (\d+)", answer[0]).group(1))
            flags = set(re.search(rb"FLAGS \(([^)]*)\)", answer[0]).group(1).decode().split())
            identity = re.search(rb"^Subject: fault (\S+)", answer[1], re.M)
            self.rows[uid] = (identity.group(1).decode() if identity else None,
                              frozenset(flags - {"\\Recent"}))
            self.contents[uid] = answer[1]
        client.logout()

    def identities(self):
        return Counter(identity for identity, _ in self.rows.values())


class Verdict:
    """Compares the ledger with the mailboxes; `problems` says what is wrong, in words."""

    def __init__(self, server, ledger):
        self.server, self.ledger = server, ledger
        self.problems = []
        self.found = Counter()

    def judge(self):
        self.settle()
        views = {user: View(self.server, user) for user in USERS}
        for user, view in views.items():
            self.judge_user(user, view)
        self.judge_messages()
        self.judge_logs()
        self.server.stop()
        for user in USERS:
            folder = self.server.folder(user).parent
            (folder / "index.db").rename(folder / "index.bad")
            for rest in ("index.db-wal", "index.db-shm"):
                (folder / rest).unlink(missing_ok=True)
        self.server.start()
        for user, view in views.items():
            again = View(self.server, user)
            if (again.validity, again.rows) != (view.validity, view.rows):
                self.problems.append(f"{user}: the rebuilt index gives another view")

    def settle(self):
        """Waits until what lies in the queue has been delivered: every acknowledged message is seen."""
        self.server.wait_roles()
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            counts = {user: len(self.server.eml_files(user)) for user in USERS}
            time.sleep(1.5)
            if counts == {user: len(self.server.eml_files(user)) for user in USERS}:
                return

    def judge_user(self, user, view):
        files = self.server.eml_files(user)
        if set(files) != set(view.rows):
            self.problems.append(f"{user}: files without index {sorted(set(files) - set(view.rows))[:5]}, "
                                 f"index without files {sorted(set(view.rows) - set(files))[:5]}")
        for uid, (identity, flags) in view.rows.items():
            if identity not in self.ledger.attempted:
                self.problems.append(f"{user}: UID {uid} is no message of ours")
                continue
            if not view.contents[uid].endswith(content_of(identity)) or files.get(uid) != view.contents[uid]:
                self.problems.append(f"{user}: UID {uid} ({identity}) has other bytes than were sent")
            if self.ledger.attempted[identity] != user:
                self.problems.append(f"{user}: {identity} belongs to {self.ledger.attempted[identity]}")
            wanted = self.ledger.flags.get(identity)
            if wanted is not None and flags != wanted:
                self.problems.append(f"{user}: {identity} has flags {set(flags)}, stored were {wanted}")
        self.found += view.identities()
        done = self.server.run("reindex", self.server.address(user), "--check")
        if done.returncode != 0:
            self.problems.append(f"{user}: keryx reindex --check: {done.stdout}{done.stderr}"[:500])

    def judge_messages(self):
        ledger = self.ledger
        for identity, count in self.found.items():
            if count > 1:
                self.problems.append(f"{identity} is there {count} times")
            if identity in ledger.deleted:
                self.problems.append(f"{identity} was deleted and is there")
        for identity in ledger.acknowledged - ledger.maybe_deleted - set(self.found):
            self.problems.append(f"{identity} was acknowledged and is lost")

    def judge_logs(self):
        """SIGKILL must not damage an index: a rebuild that nobody asked for is a bug of the store."""
        for line in self.server.log("error").splitlines():
            if "corrupt" in line:
                self.problems.append(line)


def counts(counter):
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


def run(binary, kills, seed, keep=False):
    """Returns (problems, summary lines)."""
    ledger, stop = Ledger(), threading.Event()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(kx.running_server(binary, users=USERS))
        clients = [Sender(f"s{seed}.{n}", server, ledger, stop) for n in range(SMTP_CLIENTS)]
        clients += [Filer(f"f{seed}.{n}", server, ledger, stop) for n in range(IMAP_CLIENTS)]
        for client in clients:
            client.start()
        killer = Killer(server, ledger, random.Random(seed))
        try:
            killer.run(kills)
            killer.wait_for_progress()
        finally:
            stop.set()
            for client in clients:
                client.join(CLIENT_TIMEOUT + 10)
        verdict = Verdict(server, ledger)
        verdict.judge()
        if verdict.problems and keep:
            kept = tempfile.mkdtemp(prefix="kx-faults-")
            server.stop()
            kx.shutil.copytree(server.base, kept, dirs_exist_ok=True)
            verdict.problems.append(f"the data directory is kept in {kept}")
    unanswered = len(ledger.attempted) - len(ledger.acknowledged)
    present = sum(identity not in ledger.acknowledged for identity in verdict.found)
    lost = len(ledger.acknowledged - ledger.maybe_deleted - set(verdict.found))
    doubled = sum(count > 1 for count in verdict.found.values())
    return verdict.problems, [
        f"seed {seed}; kills: {counts(killer.kills)}",
        f"messages: {len(ledger.attempted)} sent, {len(ledger.acknowledged)} acknowledged, "
        f"{len(ledger.deleted)} of them deleted; {unanswered} not acknowledged, of which {present} arrived",
        f"clients saw: {counts(ledger.refusals) or 'no failure'}",
        f"lost {lost}, doubled {doubled}, other problems {len(verdict.problems) - lost - doubled}",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keryx", required=True)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--keep", action="store_true", help="keep the data directory when something is wrong")
    options = parser.parse_args()
    print(f"== {options.kills} kills under load, seed {options.seed}", flush=True)
    problems, summary = run(Path(options.keryx).resolve(), options.kills, options.seed, options.keep)
    for problem in problems[:40]:
        print(f"   {problem}")
    print("\n".join(summary))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
