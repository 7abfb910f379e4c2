#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares IMAP on Keryx and on Debian's Dovecot, on the same mailbox, one server at a time.

    imap_bench.py --keryx build-release/keryx [--dir /var/tmp] [--only NAMES] [--quick] [--messages N]
                  [--subject keryx|peer]

Each row is one thing a mail program asks for, timed at the client over loopback without TLS. Beside the time
stand the processor time of the server's processes and the most memory they held meanwhile (resident, summed).

What Keryx has answered is on the disk, flags as well as messages. Rows that write therefore compare with a Dovecot
that promises the same, with `mail_fsync = always`; beside it stands what it needs as shipped (`optimized`), where it
syncs messages that are appended and leaves everything else to the kernel.

"cold" means that the server was started anew and the page cache dropped, and that both check the same hash of the
password; everything else is warm, where Keryx knows that it checked the password before and Dovecot has it in plain
text: the best of several runs. Needs root, as Dovecot does.
"""

import argparse
import contextlib
import os
import random
import re
import selectors
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "tests" / "e2e"))

import bench  # noqa: E402  (needs the path above)
import kx  # noqa: E402

BIG = "big"
BATCH = 100  # messages in one APPEND
RARE, COMMON, ABSENT = "zanzibarite", "quarterly", "xylophonically"
COMMON_SHARE = 0.05


@dataclass
class Plan:
    """How much of everything; --quick takes a part for trying the benchmark itself out."""

    messages: int = 100_000
    bodies: int = 10_000
    stored: int = 10_000
    appends: int = 1_000
    watchers: int = 1_000
    runs: int = 3
    mixed_clients: int = 20
    mixed_seconds: float = 10


QUICK = Plan(messages=5_000, bodies=1_000, stored=1_000, appends=200, watchers=100, runs=2, mixed_seconds=3)

say = bench.say


class Client:
    """One connection that sends a command and throws the answer away as fast as it comes."""

    def __init__(self, subject, user=BIG):
        self.subject = subject
        self.socket = socket.create_connection(("127.0.0.1", subject.port("imap")), 600)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.buffer = bytearray(1 << 20)
        self.answer_bytes = self.answer_lines = self.answer_spaces = 0
        self.read_line()
        self.user = user

    def login(self):
        return self.command(f'LOGIN {self.subject.login(self.user)} "{bench.PASSWORD}"')

    def read_line(self):
        line = b""
        while not line.endswith(b"\r\n"):
            line += self.socket.recv(1)
        return line

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def finish(self, tag=b"t"):
        """Reads to the tagged line, which no content of the benchmark looks like; returns the end of the answer."""
        tail, wanted = b"", b"\r\n" + tag + b" "
        self.answer_bytes = self.answer_lines = self.answer_spaces = 0
        while True:
            count = self.socket.recv_into(self.buffer)
            if count == 0:
                raise RuntimeError(f"{self.subject.name} closed the connection")
            self.answer_bytes += count
            self.answer_lines += self.buffer.count(b"\n", 0, count)
            self.answer_spaces += self.buffer.count(b" ", 0, count)
            tail = (tail + bytes(self.buffer[max(0, count - 4096):count]))[-4096:]
            at = tail.rfind(wanted)
            if at < 0 and tail.startswith(wanted[2:]) and self.answer_bytes == len(tail):
                at = -2
            if tail.endswith(b"\r\n") and (at >= 0 or at == -2):
                status = tail[at + 2 + len(tag) + 1:]
                if not status.startswith(b"OK"):
                    raise RuntimeError(f"{self.subject.name}: {status[:200]!r}")
                return tail

    def command(self, text):
        self.send("t " + text + "\r\n")
        return self.finish()

    def close(self):
        self.socket.close()


# --- what the processes of a server cost

def processor_seconds(root):
    ticks = 0
    for pid in kx.process_tree(root):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += sum(map(int, fields[11:15]))  # children that have ended count with their parent
    return ticks / os.sysconf("SC_CLK_TCK")


def forget_peak(root):
    for pid in kx.process_tree(root):
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_mib(root):
    total = 0
    for pid in kx.process_tree(root):
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
            total += int(found.group(1)) if found else 0  # one that has just ended has none
    return total / 1024


@dataclass
class Figure:
    """What one thing cost: seconds at the client, processor seconds and MiB at the server."""

    seconds: float
    processor: float
    memory: float


def measure(subject, work, runs=1):
    """The run with the least time."""
    best = None
    for _ in range(runs):
        root = subject.root_pid()
        forget_peak(root)
        before, started = processor_seconds(root), time.monotonic()
        work()
        seconds = time.monotonic() - started
        figure = Figure(seconds, processor_seconds(root) - before, peak_mib(root))
        if best is None or figure.seconds < best.seconds:
            best = figure
    return best


# --- the mailbox

WORDS = ("the of and to in is that for it as was with be by on not he his but at are this have from or had an they "
         "which one you were all her she there would their we him been has when who will no more if out so up said "
         "what its about than into them can only other time new some could these two may first then do any like my "
         "now over such our man me even most made after also did many off before must well back through years much "
         "where your way down should because long each just state those people how too little good world make year "
         "still see own work men day get here between both under last never being might great since against right "
         "house school report meeting invoice contract project budget customer delivery schedule office manager").split()


def make_message(number, draw):
    words = draw.choices(WORDS, k=550)
    if draw.random() < COMMON_SHARE:
        words[draw.randrange(len(words))] = COMMON
    if number % 10_000 == 77:
        words[draw.randrange(len(words))] = RARE
    lines = [" ".join(words[first:first + 12]) for first in range(0, len(words), 12)]
    thread = number // 7
    subject = " ".join(draw.choices(WORDS[-30:], k=3)) + f" {thread}"
    reply = number % 7
    when = time.gmtime(1_600_000_000 + number * 311 + draw.randrange(100_000))
    header = [
        f"Received: from relay{number % 9}.example.net by mail.example.org; {time.strftime('%a, %d %b %Y %T +0000', when)}",
        f"From: \"Person {draw.randrange(900)}\" <p{draw.randrange(900)}@example{number % 40}.net>",
        f"To: Big Box <{BIG}@example.org>, other{number % 60}@example.org",
        f"Cc: team{number % 12}@example.org",
        f"Date: {time.strftime('%a, %d %b %Y %T +0000', when)}",
        f"Message-ID: <m{number}@example.net>",
        f"Subject: {'Re: ' if reply else ''}{subject}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
    ]
    if reply:
        refs = [f"<m{thread * 7 + earlier}@example.net>" for earlier in range(reply)]
        header += [f"In-Reply-To: {refs[-1]}", "References: " + "\r\n ".join(refs)]
    return ("\r\n".join(header) + "\r\n\r\n" + "\r\n".join(lines) + "\r\n").encode()


def fill(subject, plan):
    """The same messages into the mailbox of each server, by MULTIAPPEND."""
    draw = random.Random(42)
    client = Client(subject)
    client.login()
    for first in range(0, plan.messages, BATCH):
        command = [b"t APPEND INBOX"]
        for number in range(first, min(first + BATCH, plan.messages)):
            content = make_message(number, draw)
            command.append(b" {%d+}\r\n" % len(content) + content)
        client.send(b"".join(command) + b"\r\n")
        client.finish()
    client.close()


def drop_caches():
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")


# --- rows: name -> figures

def sign_in_and_select(subject):
    client = Client(subject)
    client.login()
    client.command("SELECT INBOX")
    client.close()


def row_select(subject, plan):
    def cold():
        sign_in_and_select(subject)
    figures = []
    for _ in range(plan.runs):
        subject.restart_cold()
        drop_caches()
        figures.append(measure(subject, cold))
    figures.sort(key=lambda figure: figure.seconds)
    yield "LOGIN + SELECT, cold", figures[len(figures) // 2]
    subject.restart()
    with contextlib.closing(Client(subject)) as holder:  # somebody else reads his mail meanwhile
        holder.login()
        holder.command("SELECT INBOX")
        yield "LOGIN + SELECT, warm", measure(subject, cold, plan.runs * 3)


def commands_row(*commands, select="SELECT INBOX", best=True):
    """A row function of one or more commands on the selected mailbox, of which the texts are functions of the plan."""
    def rows(subject, plan):
        with contextlib.closing(Client(subject)) as client:
            client.login()
            client.command(select)
            for title, text in commands:
                texts = text(plan) if callable(text) else [text]

                def work():
                    for one in texts:
                        client.command(one)
                yield title.format(plan=plan), measure(subject, work, plan.runs if best else 1)
    return rows


row_fetch = commands_row(
    ("FETCH of all flags and envelopes", "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"),
    ("FETCH of all flags", "UID FETCH 1:* (FLAGS)"),
    ("FETCH of {plan.bodies} bodies", lambda plan: [f"UID FETCH 1:{plan.bodies} (BODY.PEEK[])"]))
row_store = commands_row(
    ("STORE on {plan.stored} messages, twice",
     lambda plan: [f"STORE 1:{plan.stored} +FLAGS.SILENT (\\Flagged)", f"STORE 1:{plan.stored} -FLAGS (\\Flagged)"]))


def row_bulk(subject, plan):
    """Messages are copied, the copies moved on, and expunged where they have come to."""
    best = {}

    def timed(title, client, text):
        figure = measure(subject, lambda: client.command(text))
        if title not in best or figure.seconds < best[title].seconds:
            best[title] = figure

    with contextlib.closing(Client(subject)) as client:
        client.login()
        for _ in range(plan.runs):
            client.command("CREATE Copies")
            client.command("CREATE Moved")
            client.command("SELECT INBOX")
            timed(f"COPY of {plan.stored} messages", client, f"COPY 1:{plan.stored} Copies")
            client.command("SELECT Copies")
            timed(f"MOVE of {plan.stored} messages", client, "MOVE 1:* Moved")
            client.command("SELECT Moved")
            client.command("STORE 1:* +FLAGS.SILENT (\\Deleted)")
            timed(f"EXPUNGE of {plan.stored} messages", client, "EXPUNGE")
            client.command("CLOSE")
            client.command("DELETE Copies")
            client.command("DELETE Moved")
    yield from best.items()


row_search = commands_row(
    ("SEARCH of a subject", 'SEARCH SUBJECT "invoice contract"'),
    ("SEARCH of a date", "SEARCH SENTSINCE 1-Feb-2021"),
    ("SEARCH of a body: in 10 messages", f"SEARCH BODY {RARE}"),
    ("SEARCH of a body: in 5% of them", f"SEARCH BODY {COMMON}"),
    ("SEARCH of a body: in none", f"SEARCH BODY {ABSENT}"))
row_sort = commands_row(
    ("SORT by subject", "SORT (SUBJECT) UTF-8 ALL"),
    ("SORT by date, newest first", "SORT (REVERSE DATE) UTF-8 ALL"),
    ("THREAD by references", "THREAD REFERENCES UTF-8 ALL"))


def row_append(subject, plan):
    content = make_message(1, random.Random(7))

    def append(count):
        client = Client(subject, "appender")
        client.login()
        for _ in range(count):
            client.send(b"t APPEND INBOX {%d+}\r\n" % len(content) + content + b"\r\n")
            client.finish()
        client.close()
    yield f"APPEND of {plan.appends} messages, one after the other", measure(subject, lambda: append(plan.appends))


def row_fan_out(subject, plan):
    """From the moment an APPEND is sent until the last of many watchers has been told."""
    with contextlib.ExitStack() as stack:
        watchers = []
        for _ in range(plan.watchers):
            client = stack.enter_context(contextlib.closing(Client(subject, "watched")))
            client.login()
            client.command("SELECT INBOX")
            client.send("t IDLE\r\n")
            watchers.append(client)
        time.sleep(2)
        selector = stack.enter_context(selectors.DefaultSelector())
        for client in watchers:
            client.socket.setblocking(False)
            selector.register(client.socket, selectors.EVENT_READ)
            with contextlib.suppress(BlockingIOError):
                client.socket.recv(65536)
        sender = stack.enter_context(contextlib.closing(Client(subject, "watched")))
        sender.login()
        content = make_message(1, random.Random(7))

        def tell_all():
            waiting = {client.socket for client in watchers}
            sender.send(b"t APPEND INBOX {%d+}\r\n" % len(content) + content + b"\r\n")
            while waiting:
                for key, _ in selector.select(30):
                    if b"EXISTS" in key.fileobj.recv(65536):
                        waiting.discard(key.fileobj)
            sender.finish()
        yield f"IDLE: one delivery told to {plan.watchers} watchers", measure(subject, tell_all, plan.runs)


ROWS = {"select": row_select, "fetch": row_fetch, "store": row_store, "bulk": row_bulk, "append": row_append,
        "search": row_search, "sort": row_sort, "idle": row_fan_out}
WRITING = {"store", "bulk", "append"}
AIMS = {"LOGIN + SELECT": 3, "FETCH of all flags and envelopes": 2, "FETCH of 10000 bodies": 1.5, "STORE": 3,
        "APPEND": 2, "COPY": 2, "MOVE": 2, "EXPUNGE": 2, "SEARCH of a body": 10, "SORT": 2, "THREAD": 2, "mixed": 2}


# --- subjects that can be started anew

class KeryxSubject(bench.KeryxSubject):
    weaker = None  # there is one mode: synced

    def restart(self):
        self.server.restart()

    def restart_cold(self):
        self.restart()

    def wait_until_settled(self):
        """The index of words catches up in the background; what is measured is a mailbox at rest."""
        kx.wait_until(self._indexed, 900, "the full-text index", 1)

    def _indexed(self):
        status = self.server.cli("search", "status", f"{BIG}@{self.domain}", as_json=True)
        return status["lagging"] == 0


class PeerSubject(bench.PeerSubject):
    name = "Dovecot"
    weaker = "optimized"

    def restart(self):
        self.instance.restart_dovecot()

    def sync(self, mode):
        self.instance.fsync = mode
        self.restart()

    def restart_cold(self):
        self.instance.restart_dovecot(hashed=True)

    def wait_until_settled(self):
        pass


@contextlib.contextmanager
def keryx_subject(binary, parent):
    with kx.running_server(binary, parent=parent) as server:
        yield KeryxSubject(server)


@contextlib.contextmanager
def peer_subject(parent):
    with bench.peer_subject(parent, smtp=False) as subject:
        yield PeerSubject(subject.instance)


def measure_rows(subject, plan, name, mode=""):
    for title, figure in ROWS[name](subject, plan):
        say(f"== {subject.name}{mode}: {title}: {figure.seconds * 1000:.1f} ms, processor "
            f"{figure.processor * 1000:.0f} ms, {figure.memory:.0f} MiB")
        yield title, figure


def measure_subject(subject, plan, only, tool):
    """Figures by title, and those of the mode that promises less."""
    subject.add_users([BIG, "appender", "watched"])
    figures, weaker = {}, {}
    if only & {"select", "fetch", "store", "bulk", "search", "sort"}:
        say(f"== {subject.name}: filling a mailbox with {plan.messages} messages")
        started = time.monotonic()
        fill(subject, plan)
        say(f"   {plan.messages / (time.monotonic() - started):.0f} messages/s")
        subject.wait_until_settled()
        say(f"   settled after {time.monotonic() - started:.0f} s")
    for name in (name for name in ROWS if name in only):
        synced = bool(subject.weaker) and name in WRITING
        if synced:
            weaker |= measure_rows(subject, plan, name, f", {subject.weaker}")
            subject.sync("always")
        figures |= measure_rows(subject, plan, name)
        if synced:
            subject.sync(subject.weaker)
    if "mixed" in only:
        figures["mixed load"] = mixed(subject, plan, tool)
    return figures, weaker


def mixed(subject, plan, tool):
    """The script of imap-load.c, as seconds for 10,000 commands."""
    small = bench.Plan(imap_clients=plan.mixed_clients, imap_seconds=plan.mixed_seconds)
    users = [f"r{number}" for number in range(10)]
    bench.make_mailboxes(subject, users)
    bench.fill_mailboxes(subject, small, users)
    rates = []
    figure = measure(subject, lambda: rates.append(bench.read_load(tool, subject, small, False)))
    share = 10_000 / (rates[0] * plan.mixed_seconds)
    say(f"== {subject.name}: mixed load: {rates[0]:.0f} commands/s")
    return Figure(10_000 / rates[0], figure.processor * share, figure.memory)


def aim_of(title):
    return next((f">= {aim:g}x" for start, aim in AIMS.items() if title.startswith(start)), "")


def print_table(ours, theirs, weaker):
    widths = (52, 11, 11, 8, 9, 22, 22, 12)
    head = ("", "Keryx", "Dovecot", "ratio", "aim", "processor", "memory", "as shipped")
    for number, row in enumerate([head, *table_rows(ours, theirs, weaker)]):
        say("".join(str(cell).ljust(width) if not index else str(cell).rjust(width)
                    for index, (cell, width) in enumerate(zip(row, widths))))
        if number == 0:
            say("-" * sum(widths))
    if weaker:
        say("\nDovecot syncs what it writes (mail_fsync = always) where something is written, as Keryx does;\n"
            "'as shipped' (mail_fsync = optimized) it syncs messages that are appended and nothing else.")


def table_rows(ours, theirs, weaker):
    for title, our in ours.items():
        their = theirs.get(title)
        if their is None:
            continue
        name = "mixed load of 20 clients: 10,000 commands" if title == "mixed load" else title
        yield (name, f"{our.seconds * 1000:.1f} ms", f"{their.seconds * 1000:.1f} ms",
               f"{their.seconds / our.seconds:.1f}x", aim_of(title),
               f"{our.processor * 1000:.0f} / {their.processor * 1000:.0f} ms",
               f"{our.memory:.0f} / {their.memory:.0f} MiB",
               f"{weaker[title].seconds * 1000:.1f} ms" if title in weaker else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keryx", required=True)
    parser.add_argument("--dir", default="/var/tmp", help="where both servers store")
    parser.add_argument("--only", default=",".join([*ROWS, "mixed"]))
    parser.add_argument("--subject", choices=("both", "keryx", "peer"), default="both")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--messages", type=int, help="in the mailbox")
    options = parser.parse_args()
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", sys.executable, *sys.argv])
    plan, only = QUICK if options.quick else Plan(), set(options.only.split(","))
    plan.messages = options.messages or plan.messages
    bench.raise_file_limit()
    ours, theirs, weaker = {}, {}, {}
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tool = bench.compile_tool(folder)
        if options.subject != "peer":
            with keryx_subject(Path(options.keryx).resolve(), options.dir) as subject:
                ours, _ = measure_subject(subject, plan, only, tool)
        if options.subject != "keryx":
            with peer_subject(options.dir) as subject:
                theirs, weaker = measure_subject(subject, plan, only, tool)
    say()
    print_table(ours, theirs, weaker)
    say(f"\nTook {time.monotonic() - started:.0f} s on {os.cpu_count()} cores, which the client shared.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
