#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares Keryx with Debian's Postfix handing over to Dovecot, on this machine, over loopback.

    bench.py --keryx build-release/keryx [--dir /var/tmp] [--only disk,mail,imap,memory] [--quick]

All servers store on the same file system, one runs at a time, and the load generators share the machine's
cores with them. The run ends by itself after some minutes. Needs root, as Postfix and Dovecot do.
"""

import argparse
import contextlib
import imaplib
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "tests" / "e2e"))

import kx  # noqa: E402  (needs the path above)
import messages  # noqa: E402
import peers  # noqa: E402

PASSWORD = peers.PASSWORD
PER_HOLDER = 5_000
AIMS = {"mail": 4.0, "imap": 2.0, "memory": 24.0}


@dataclass
class Plan:
    """How much of everything; --quick takes a tenth for trying the benchmark itself out."""

    messages: int = 3000
    sessions: int = 20
    boxes: int = 10
    recipients: int = 5
    mailbox_messages: int = 300
    imap_clients: int = 20
    imap_seconds: float = 10
    keryx_connections: int = 20_000
    peer_connections: int = 1_000
    hold_seconds: int = 150


QUICK = Plan(messages=300, mailbox_messages=50, imap_seconds=3, keryx_connections=500, peer_connections=100)


def say(text=""):
    print(text, flush=True)


class KeryxSubject:
    """Keryx with the accounts of the benchmark."""

    name = "Keryx"

    def __init__(self, server):
        self.server = server
        self.domain = server.domain
        self.port = server.port

    def add_users(self, names):
        for name in names:
            self.server.add_user(name, PASSWORD)

    def login(self, user):
        return f"{user}@{self.domain}"

    def root_pid(self):
        return self.server.process.pid


class PeerSubject:
    """Postfix and Dovecot, which needs no accounts to be added."""

    name = "Postfix + Dovecot"
    domain = peers.DOMAIN

    def __init__(self, instance):
        self.instance = instance

    def port(self, service):
        return self.instance.ports[service]

    def add_users(self, names):
        pass

    def login(self, user):
        return user

    def root_pid(self):
        return self.instance.dovecot.pid


def make_mailboxes(subject, names):
    """Adds the users and signs each in once: making a mailbox is not what is measured.

    (And with Dovecot, deliveries that race to make one put the mail off for minutes.)
    """
    subject.add_users(names)
    for name in names:
        with imaplib.IMAP4("127.0.0.1", subject.port("imap")) as client:
            client.login(subject.login(name), PASSWORD)
            client.select()


@contextlib.contextmanager
def keryx_subject(binary, parent):
    with kx.running_server(binary, parent=parent) as server:
        yield KeryxSubject(server)


@contextlib.contextmanager
def peer_subject(parent, smtp=True):
    base = tempfile.mkdtemp(prefix="kxb-", dir=parent)
    instance = peers.Peers(base)
    try:
        instance.start(smtp)
        yield PeerSubject(instance)
    except RuntimeError:
        say(instance.log("postfix") + instance.log("dovecot"))
        raise
    finally:
        instance.stop()
        shutil.rmtree(base, ignore_errors=True)


# --- (a) what the disk can do

def disk_limit(parent, writers, seconds=3.0):
    """4 KB files written and synced per second by so many writers, each file in a directory of its own writer."""
    base = Path(tempfile.mkdtemp(prefix="kxb-disk-", dir=parent))
    block, counts = os.urandom(4096), [0] * writers
    end = time.monotonic() + seconds

    def write(number):
        folder = base / str(number)
        folder.mkdir()
        while time.monotonic() < end:
            handle = os.open(folder / str(counts[number]), os.O_WRONLY | os.O_CREAT, 0o600)
            os.write(handle, block)
            os.fsync(handle)
            os.close(handle)
            counts[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = sum(counts) / (time.monotonic() - started)
    shutil.rmtree(base)
    return rate


# --- (b) mail in

def boxes_hold(subject, wanted, seconds=90):
    """Waits until each mailbox holds at least so many messages, asked over IMAP."""
    clients = {}
    for box in wanted:
        clients[box] = imaplib.IMAP4("127.0.0.1", subject.port("imap"))
        clients[box].login(subject.login(box), PASSWORD)
    deadline = time.monotonic() + seconds
    missing = dict(wanted)
    while missing:
        for box, count in list(missing.items()):
            # A new SELECT each time: Dovecot's STATUS of an open session lags behind.
            if int(clients[box].select(readonly=True)[1][0]) >= count:
                del missing[box]
        if time.monotonic() > deadline:
            raise RuntimeError(f"{subject.name}: still missing in {missing} after {seconds} s")
        time.sleep(0.05 if missing else 0)
    for client in clients.values():
        client.logout()


def smtp_source(subject, box, count, sessions, recipients=1):
    return subprocess.Popen(["/usr/sbin/smtp-source", "-s", str(sessions), "-l", "4096", "-m", str(count),
                             "-r", str(recipients), "-f", "sender@elsewhere.test",
                             "-t", f"{box}@{subject.domain}", f"127.0.0.1:{subject.port('smtp')}"])


def deliver(subject, plan, shape):
    """Returns messages (copies in mailboxes) per second, from the first byte to the last mailbox."""
    if shape == "one mailbox":
        wanted = {"one": plan.messages}
        loads = [("one", plan.messages, plan.sessions, 1)]
    elif shape == f"{plan.boxes} mailboxes":
        each = plan.messages // plan.boxes
        wanted = {f"w{number}": each for number in range(plan.boxes)}
        loads = [(box, each, max(1, plan.sessions // plan.boxes), 1) for box in wanted]
    else:
        count = plan.messages // plan.recipients
        wanted = {"many": count} | {f"{number}many": count for number in range(2, plan.recipients + 1)}
        loads = [("many", count, plan.sessions, plan.recipients)]
    make_mailboxes(subject, wanted)
    started = time.monotonic()
    running = [smtp_source(subject, *load) for load in loads]
    if any([process.wait() for process in running]):
        raise RuntimeError(f"{subject.name}: smtp-source failed")
    boxes_hold(subject, wanted)
    return sum(wanted.values()) / (time.monotonic() - started)


# --- (c) mail read

def fill_mailboxes(subject, plan, users):
    kinds = [messages.plain(body="A line of text that fills the page.\n" * 40), messages.eight_bit(),
             messages.with_attachments((3000,)), messages.with_attachments((20_000, 500))]
    contents = [messages.wire(message) for message in kinds]

    def fill(user):
        client = imaplib.IMAP4("127.0.0.1", subject.port("imap"))
        client.login(subject.login(user), PASSWORD)
        for number in range(plan.mailbox_messages):
            status, answer = client.append("INBOX", None, None, contents[number % len(contents)])
            if status != "OK":
                raise RuntimeError(f"{subject.name}: APPEND: {answer}")
        client.logout()

    threads = [threading.Thread(target=fill, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    boxes_hold(subject, {user: plan.mailbox_messages for user in users}, 10)


def read_load(tool, subject, plan, tls):
    """Returns IMAP commands per second."""
    service = "imaps" if tls else "imap"
    done = subprocess.run([tool, "load", str(subject.port(service)), str(int(tls)), str(plan.imap_clients),
                           str(plan.imap_seconds), subject.login("r%d"), PASSWORD, str(plan.mailbox_messages)],
                          capture_output=True, text=True, timeout=plan.imap_seconds + 120)
    found = re.match(r"commands (\d+) seconds ([\d.]+)", done.stdout)
    if done.returncode != 0 or not found:
        raise RuntimeError(f"{subject.name}: imap-load: {done.stdout}{done.stderr}")
    return int(found.group(1)) / float(found.group(2))


# --- (d) memory

def memory_kb(root):
    """Proportional set size of the process and all below it: shared pages count once."""
    total = 0
    for pid in kx.process_tree(root):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1))
    return total


def idle_connections(tool, subject, count, plan):
    """Returns (connections held, KiB for each)."""
    make_mailboxes(subject, [f"h{number}" for number in range(10)])
    time.sleep(1)
    before = memory_kb(subject.root_pid())
    with contextlib.ExitStack() as stack:
        holders = [stack.enter_context(holding(tool, subject, min(PER_HOLDER, count - first), number, plan))
                   for number, first in enumerate(range(0, count, PER_HOLDER))]
        held = sum(count_in(holder, "held") for holder in holders)
        time.sleep(5)
        after = memory_kb(subject.root_pid())
        for holder in holders:
            holder.stdin.close()
        held = min(held, sum(count_in(holder, "still held") for holder in holders))
    return held, (after - before) / max(held, 1)


@contextlib.contextmanager
def holding(tool, subject, count, number, plan):
    """One imap-load process with a source address of its own; few enough connections for its file limit."""
    process = subprocess.Popen([tool, "hold", str(subject.port("imaps")), str(count), subject.login("h%d"),
                                PASSWORD, str(plan.hold_seconds), f"127.0.1.{number + 1}"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def count_in(holder, word):
    line = holder.stdout.readline()
    return int(re.match(rf"{word} (\d+)", line).group(1))


# --- the table

class Table:
    """Rows of text under fixed columns."""

    WIDTHS = (44, 12, 18, 9, 14)

    def __init__(self):
        self.rows = [("", "Keryx", "Postfix+Dovecot", "ratio", "aim")]

    def add(self, what, ours, theirs="", ratio="", aim=""):
        self.rows.append((what, ours, theirs, ratio, aim))

    def print(self):
        for number, row in enumerate(self.rows):
            say("".join(str(cell).ljust(width) if not index else str(cell).rjust(width)
                        for index, (cell, width) in enumerate(zip(row, self.WIDTHS))))
            if number == 0:
                say("-" * sum(self.WIDTHS))


def compile_tool(folder):
    tool = Path(folder) / "imap-load"
    subprocess.run(["gcc", "-O2", "-o", str(tool), str(HERE / "imap-load.c"), "-lssl", "-lcrypto"], check=True)
    return str(tool)


def measure_subject(subject, plan, only, tool, shapes):
    """Everything about one server: {what: number}."""
    numbers = {}
    if "mail" in only:
        for shape in shapes:
            say(f"== {subject.name}: {plan.messages} messages of 4 KB into {shape}")
            numbers[shape] = deliver(subject, plan, shape)
    if "imap" in only:
        users = [f"r{number}" for number in range(10)]
        say(f"== {subject.name}: filling 10 mailboxes with {plan.mailbox_messages} messages")
        make_mailboxes(subject, users)
        fill_mailboxes(subject, plan, users)
        for tls in (True, False):
            say(f"== {subject.name}: IMAP load, {plan.imap_clients} clients, {'TLS' if tls else 'clear'}")
            numbers["tls" if tls else "clear"] = read_load(tool, subject, plan, tls)
    if "memory" in only:
        ours = isinstance(subject, KeryxSubject)
        count = plan.keryx_connections if ours else plan.peer_connections
        say(f"== {subject.name}: {count} idle TLS connections")
        numbers["held"], numbers["kib"] = idle_connections(tool, subject, count, plan)
    return numbers


def print_table(plan, only, disk, ours, theirs, shapes):
    table = Table()
    for writers, rate in disk.items():
        table.add(f"disk: synced 4 KB files/s, {writers} writer(s)", f"{rate:.0f}", f"{rate:.0f}")
    if "mail" in only:
        for shape in shapes:
            table.add(f"mail in, {shape}: messages/s", f"{ours[shape]:.0f}", f"{theirs[shape]:.0f}",
                      f"{ours[shape] / theirs[shape]:.1f}x", f">= {AIMS['mail']:.0f}x")
    if "imap" in only:
        for kind, title in (("tls", "TLS"), ("clear", "clear")):
            table.add(f"IMAP, {plan.imap_clients} clients, {title}: commands/s", f"{ours[kind]:.0f}",
                      f"{theirs[kind]:.0f}", f"{ours[kind] / theirs[kind]:.1f}x", f">= {AIMS['imap']:.0f}x")
    if "memory" in only:
        table.add("idle TLS IMAP connections held", ours["held"], theirs["held"], "", plan.keryx_connections)
        table.add("memory for each: KiB", f"{ours['kib']:.1f}", f"{theirs['kib']:.1f}",
                  f"{theirs['kib'] / ours['kib']:.0f}x less" if ours["kib"] > 0 else "",
                  f"< {AIMS['memory']:.0f} KiB")
    say()
    table.print()


def raise_file_limit():
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keryx", required=True)
    parser.add_argument("--dir", default="/var/tmp", help="where all servers store")
    parser.add_argument("--only", default="disk,mail,imap,memory")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", sys.executable, *sys.argv])
    only = set(options.only.split(","))
    plan = QUICK if options.quick else Plan()
    shapes = ("one mailbox", f"{plan.boxes} mailboxes", f"{plan.recipients} recipients each")
    raise_file_limit()
    started = time.monotonic()
    disk = {}
    if "disk" in only:
        say("== Disk")
        disk = {writers: disk_limit(options.dir, writers) for writers in (1, plan.sessions)}
    with tempfile.TemporaryDirectory() as folder:
        tool = compile_tool(folder)
        with keryx_subject(Path(options.keryx).resolve(), options.dir) as subject:
            ours = measure_subject(subject, plan, only, tool, shapes)
        with peer_subject(options.dir) as subject:
            theirs = measure_subject(subject, plan, only, tool, shapes)
    print_table(plan, only, disk, ours, theirs, shapes)
    say(f"\nTook {time.monotonic() - started:.0f} s on {os.cpu_count()} cores, which the load generators shared.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
