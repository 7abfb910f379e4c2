#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what Keryx and Debian's Postfix send to other servers, on this machine, over loopback.

    outgoing.py --keryx build-release/keryx [--dir /var/tmp] [--messages 10000] [--queue 10000]

First a stream: messages come in from smtp-source and go out to one smtp-sink, first with one connection in, then with
twenty. Then a queue that has built up for 1,000 domains, 300 of which are dead: a hundred refuse connections, a
hundred take them and say nothing, a hundred do not even answer the first packet. It is let go, and the time is taken
until all the living have theirs. Last, the time that Keryx takes to start with as many messages in its queue as the
mixed one had, over that with none.

Both find the domains' hosts by MX records from the same name server. Needs root, as Postfix does.
"""

import argparse
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "tests" / "e2e"))

import kx  # noqa: E402  (needs the path above)
import peers  # noqa: E402
import world  # noqa: E402

DOMAINS, LIVING = 1000, 700
ALIVE, REFUSES, SILENT, LOST = "127.0.7.1", "127.0.7.2", "127.0.7.3", "127.0.7.4"
NAME_SERVER = "127.0.7.53"
SUBMITTERS = 20
DRAIN_SECONDS = 900
BODY = b"From: sender@%s\r\nTo: someone@elsewhere\r\nSubject: a message of the queue\r\n\r\n" + b"A line of text.\r\n" * 200


def say(text=""):
    print(text, flush=True)


def zone():
    """d0 to d999.test, each with a mail exchanger of its own name."""
    def address(number):
        if number < LIVING:
            return ALIVE
        return (REFUSES, SILENT, LOST)[number % 3]

    return "\n".join(f"d{number} MX 10 mx.d{number}\nmx.d{number} A {address(number)}" for number in range(DOMAINS))


# ---- the other servers ----

class Sink:
    """smtp-sink; counts the messages it has taken."""

    def __init__(self, port):
        self.taken = 0
        self.process = subprocess.Popen(["/usr/sbin/smtp-sink", "-c", "-u", "nobody", f"{ALIVE}:{port}", "1000"],
                                        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        rest = b""
        while piece := os.read(self.process.stdout.fileno(), 65536):
            rest = (rest + piece)[-300:]
            counts = re.findall(rb"mesg=(\d+)", rest)
            if counts:
                self.taken = max(self.taken, int(counts[-1]))

    def wait(self, count, seconds):
        """The time when it had so many."""
        deadline = time.monotonic() + seconds
        while self.taken < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"smtp-sink has only {self.taken} of {count} after {seconds} s")
            time.sleep(0.01)
        return time.monotonic()

    def stop(self):
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def the_dead(port):
    """The silent one, which takes connections, and the lost one, whose line of connections is full."""
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(socket.create_server((SILENT, port), backlog=1000))
        taken = []
        threading.Thread(target=lambda: take_all(silent, taken), daemon=True).start()
        lost = stack.enter_context(socket.create_server((LOST, port), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((LOST, port))
        yield lost
        for connection in taken:
            connection.close()


def take_all(server, taken):
    with contextlib.suppress(OSError):
        while True:
            taken.append(server.accept()[0])


def listens(address, port):
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


# ---- the subjects ----

class Keryx:
    name = "Keryx"

    def __init__(self, server):
        self.server = server
        self.port = server.port("smtp")
        self.sender = f"sender@{server.domain}"

    def hold(self):
        self.server.cli("config", "set", "internet.connection", "offline")

    def let_go(self):
        self.server.cli("config", "set", "internet.connection", "online")

    def processes(self):
        return tree(self.server.process.pid)


class Postfix:
    name = "Postfix"
    sender = "sender@example.test"

    def __init__(self, instance):
        self.config = str(instance.base / "postfix-conf")
        self.port = instance.ports["smtp"]
        self.base = instance.base

    def set(self, *settings):
        subprocess.run(["/usr/sbin/postconf", "-c", self.config, "-e", *settings], check=True)
        subprocess.run(["/usr/sbin/postfix", "-c", self.config, "reload"], check=True, capture_output=True)
        time.sleep(1)

    def hold(self):
        self.set("defer_transports=smtp")

    def let_go(self):
        self.set("defer_transports=")
        subprocess.run(["/usr/sbin/postqueue", "-c", self.config, "-f"], check=True)

    def processes(self):
        return tree(int((self.base / "queue/pid/master.pid").read_text()))


def tree(root):
    """A process and all below it."""
    children = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = entry.read_text().rsplit(")", 1)[1].split()
            children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def memory_mib(pids):
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += int(re.search(r"Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text())[1])
    return total / 1024


@contextlib.contextmanager
def keryx(binary, parent, port):
    config = {"dns.servers": f"{NAME_SERVER}@53", "smtp.delivery-port": port, "internet.connection": "online",
              "smtp.relay-group": "local", "queue.lifetime": "1d"}
    with kx.running_server(binary, parent=parent) as server:
        server.cli("ipgroup", "set", "local", "--entries", "127.0.0.1")
        server.configure(config)
        yield Keryx(server)


@contextlib.contextmanager
def postfix(parent, port):
    """In a mount namespace of its own, where the resolver asks the name server of the benchmark."""
    base = Path(tempfile.mkdtemp(prefix="kxb-", dir=parent))
    instance = peers.Peers(base)
    try:
        base.chmod(0o755)
        resolver = base / "resolv.conf"
        resolver.write_text(f"nameserver {NAME_SERVER}\n")
        instance.start_sender(resolver, [f"smtp_tcp_port = {port}", "inet_protocols = ipv4"])
        yield Postfix(instance)
    finally:
        instance.stop()
        shutil.rmtree(base, ignore_errors=True)


# ---- what is measured ----

def stream(subject, sink, count, sessions):
    """Messages per second from the first byte in to the last message out."""
    before, started = sink.taken, time.monotonic()
    subprocess.run(["/usr/sbin/smtp-source", "-s", str(sessions), "-l", "4096", "-m", str(count), "-f", subject.sender,
                    "-t", "someone@d1.test", f"127.0.0.1:{subject.port}"], check=True)
    return count / (sink.wait(before + count, 300) - started)


def submit(subject, numbers):
    """Hands in one message for each number, to the domains in turn."""
    body = BODY % subject.sender.partition("@")[2].encode() + b".\r\n"
    with socket.create_connection(("127.0.0.1", subject.port)) as client:
        lines = client.makefile("rb")

        def expect(code):
            while (line := lines.readline())[3:4] == b"-":
                pass
            if not line.startswith(code):
                raise RuntimeError(f"{subject.name}: {line}")

        expect(b"220")
        client.sendall(b"EHLO client.test\r\n")
        expect(b"250")
        for number in numbers:
            client.sendall(f"MAIL FROM:<{subject.sender}>\r\nRCPT TO:<n{number}@d{number % DOMAINS}.test>\r\nDATA\r\n".encode())
            for code in (b"250", b"250", b"354"):
                expect(code)
            client.sendall(body)
            expect(b"250")
        client.sendall(b"QUIT\r\n")


def submit_all(subject, count):
    problems = []

    def work(first):
        try:
            submit(subject, range(first, count, SUBMITTERS))
        except (OSError, RuntimeError) as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(SUBMITTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise RuntimeError(f"{subject.name}: {problems[0]}")


def drain(subject, sink, count):
    """(seconds until the living have theirs, the most memory in MiB)"""
    wanted = sum(number % DOMAINS < LIVING for number in range(count))
    subject.hold()
    started = time.monotonic()
    submit_all(subject, count)
    say(f"  {subject.name} has taken {count} messages in {time.monotonic() - started:.0f} s")
    before, most, over = sink.taken, 0, threading.Event()

    def watch():
        nonlocal most
        while not over.wait(0.5):
            most = max(most, memory_mib(subject.processes()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        started = time.monotonic()
        subject.let_go()
        return sink.wait(before + wanted, DRAIN_SECONDS) - started, most
    finally:
        over.set()
        watcher.join()


def measure(subject, options, port):
    rows = {}
    sink = Sink(port)
    try:
        kx.wait_until(lambda: listens(ALIVE, port), what="smtp-sink")
        for sessions in (1, 20):
            count = options.messages if sessions > 1 else options.messages // 5
            rows[f"stream, {sessions} in, messages/s"] = stream(subject, sink, count, sessions)
            say(f"  {subject.name}: {sessions} in: {rows[f'stream, {sessions} in, messages/s']:.0f} messages/s")
        if options.queue:
            seconds, memory = drain(subject, sink, options.queue)
            rows["mixed queue, seconds"], rows["its memory, MiB"] = seconds, memory
            say(f"  {subject.name}: {seconds:.1f} s, {memory:.0f} MiB")
    finally:
        sink.stop()
    return rows


def fill_queue(folder, count):
    """Files of messages that are not due for hours, as the server writes them."""
    now, content = int(time.time()), BODY % b"example.test"
    for number in range(count):
        queue_id = f"{now:08x}-{number + (1 << 24):08x}"
        (folder / f"{queue_id}.eml").write_bytes(content)
        (folder / f"{queue_id}.env").write_text(
            f"Keryx-Envelope: 1\nID: {queue_id}\nCreated: {now}\nNext-Try: {now + 36000}\nSize: {len(content)}\nService: SMTP\n"
            f"Sender: sender@example.test\nFlags: 8\nRecipient: n{number}@d{number % DOMAINS}.test\nEnd\n")


def starting(binary, parent, count):
    """Seconds until it is ready, and those with an empty queue; MiB of its processes."""
    times = []
    with kx.running_server(binary, parent=parent, start=False) as server:
        for messages in (0, count):
            fill_queue(server.data / "store" / "queue", messages)
            started = time.monotonic()
            server.start()
            times.append(time.monotonic() - started)
            memory = memory_mib(tree(server.process.pid))
            server.stop()
    say(f"  Keryx starts in {times[1]:.1f} s with {count} messages queued, {times[0]:.1f} s with none; {memory:.0f} MiB")


def print_table(ours, theirs):
    say(f"\n{'outgoing':<28}{'Keryx':>10}{'Postfix':>10}{'ratio':>8}  aim")
    for title, value in ours.items():
        other = theirs[title]
        ratio = value / other if "messages/s" in title else other / value
        say(f"{title:<28}{value:>10.1f}{other:>10.1f}{ratio:>8.1f}  {'2' if 'messages/s' in title else ''}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--keryx", required=True)
    parser.add_argument("--dir", default="/var/tmp")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--queue", type=int, default=10_000, help="messages of the mixed queue and of that it starts with, 0: none")
    parser.add_argument("--only", choices=("keryx", "postfix"))
    options = parser.parse_args()
    results = {}
    with world.name_server({"test": zone()}, address=NAME_SERVER, port=53):
        for name, make in (("keryx", lambda port: keryx(os.path.abspath(options.keryx), options.dir, port)),
                           ("postfix", lambda port: postfix(options.dir, port))):
            if options.only not in (None, name):
                continue
            port = world.free_port(ALIVE)
            with the_dead(port), make(port) as subject:
                results[name] = measure(subject, options, port)
    if options.queue and options.only != "postfix":
        starting(os.path.abspath(options.keryx), options.dir, options.queue)
    if len(results) == 2:
        print_table(results["keryx"], results["postfix"])


if __name__ == "__main__":
    main()
