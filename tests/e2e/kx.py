# SPDX-License-Identifier: Apache-2.0
"""A Keryx server as the tests see it: set up, started, talked to, killed, read from disk.

Nothing here knows more than an administrator does: the command line, the ports, the store's files.
"""

import atexit
import contextlib
import imaplib
import json
import os
import poplib
import random
import re
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOMAIN = "example.test"
HOSTNAME = "mail.example.test"
ADMIN_PASSWORD = "the admin's secret 1"
STANDARD_PORTS = {
    "smtp": 25, "submission": 587, "smtps": 465, "imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995,
    "nntp": 119, "nntps": 563, "ldap": 389, "ldaps": 636, "http": 80, "https": 443, "sieve": 4190,
    "admin": 4040,
}
# The offsets keep every port above 10000 and below the range that the kernel gives to clients.
OFFSETS = range(10500, 28000)
# What no run may print: reports of sanitizers, and GLib's about misuse.
COMPLAINT = re.compile(r"Sanitizer|runtime error:|-(?:CRITICAL|WARNING) \*\*")
START_SECONDS = 60
STOP_SECONDS = 30
imaplib._MAXLINE = 10_000_000  # the default refuses the long FETCH lines that some tests cause


class ServerError(Exception):
    """The server or its command line did not do what it was told."""


def password_of(user):
    return f"secret of {user.split('@')[0]}"


def tls_context():
    """Accepts the self-signed certificate of the set-up; so it does without the system's authorities, which take long."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def wait_until(check, seconds=10, what="the condition", step=0.05):
    """Calls check() until it returns something true, which is returned; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true in {seconds} seconds")
        time.sleep(step)


def process_tree(root):
    """The process and all below it, from /proc."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found


def run(command, **options):
    """Runs a client with a time limit; returns it with what it printed, whatever its status."""
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=90, **options)


def free_offset():
    """An offset at which every port is free right now; a loser of the race tries again in start()."""
    while True:
        offset = random.choice(OFFSETS)
        with contextlib.ExitStack() as stack:
            try:
                for port in STANDARD_PORTS.values():
                    probe = stack.enter_context(socket.socket())
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("0.0.0.0", port + offset))
            except OSError:
                continue
            return offset


class Server:
    """One data directory and, while it runs, the server on it."""

    def __init__(self, binary, base, offset):
        self.binary = Path(binary)
        self.base = Path(base)
        self.data = self.base / "data"
        self.offset = offset
        self.domain = DOMAIN
        self.hostname = HOSTNAME
        self.process = None
        self.environment = {}  # of the server, beside what it inherits
        self._output = self.base / "stdout"
        self._errors = self.base / "stderr"

    # --- the command line

    def run(self, *arguments, stdin=None, timeout=60):
        """Runs `keryx ARGUMENTS --data DIR` and returns the CompletedProcess, whatever its status."""
        return subprocess.run([str(self.binary), *map(str, arguments), "--data", str(self.data)],
                              input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, cwd="/")

    def cli(self, *arguments, as_json=False, stdin=None, timeout=60):
        """The output of a command that must succeed, parsed when as_json is set."""
        if as_json:
            arguments = (*arguments, "--json")
        done = self.run(*arguments, stdin=stdin, timeout=timeout)
        if done.returncode != 0:
            raise ServerError(f"keryx {' '.join(map(str, arguments))} ended with {done.returncode}: "
                              f"{done.stderr.strip()}")
        return json.loads(done.stdout) if as_json else done.stdout

    def setup(self):
        """Sets up the server, as the tests like it."""
        self.cli("setup", "--domain", self.domain, "--hostname", self.hostname,
                 "--admin-password", ADMIN_PASSWORD, "--port-offset", self.offset)
        # Mail to others waits in the queue; tests that send it say so. Tests fail to sign in often.
        self.cli("config", "set", "internet.connection", "offline", "auth.lockout-failures", "1000")

    def make(self, users):
        """Sets up the server and adds the users."""
        self.setup()
        for user in users:
            self.add_user(user)

    def add_user(self, name, password=None, full_name=None):
        """Adds name@domain with the password that password_of() gives; returns the address."""
        address = name if "@" in name else f"{name}@{self.domain}"
        self.cli("user", "add", address, "--password", password or password_of(name),
                 "--name", full_name or name.split("@")[0].capitalize())
        return address

    def configure(self, settings):
        if settings:
            self.cli("config", "set", *(word for pair in settings.items() for word in pair))

    def address(self, user):
        return user if "@" in user else f"{user}@{self.domain}"

    def port(self, service):
        return STANDARD_PORTS[service] + self.offset

    # --- running

    def start(self):
        """Starts the server and returns when it has printed `ready`."""
        assert self.process is None, "already running"
        with open(self._output, "wb") as output, open(self._errors, "ab") as errors:
            self.process = subprocess.Popen([str(self.binary), "serve", "--data", str(self.data)],
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                                            cwd="/", start_new_session=True,
                                            env={**os.environ, **self.environment})
        deadline = time.monotonic() + START_SECONDS
        while "ready" not in self._output.read_text().split("\n"):
            if self.process.poll() is not None:
                status, self.process = self.process.returncode, None
                raise ServerError(f"keryx serve ended with {status}: {self.stderr()[-2000:]}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"not ready after {START_SECONDS} s: {self.stderr()[-2000:]}")
            time.sleep(0.02)

    def stop(self):
        """A clean stop; returns the exit status."""
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerError(f"SIGTERM did not stop the server in {STOP_SECONDS} s") from None
        self.process = None
        return status

    def restart(self):
        self.stop()
        self.start()

    def pids(self):
        """The keeper's process and all below it."""
        return process_tree(self.process.pid) if self.process is not None else []

    def kill(self):
        """What a power cut does to processes: SIGKILL to every one of them at once."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(STOP_SECONDS)
            self.process = None

    def status(self):
        return self.cli("status", as_json=True)

    def roles(self, role=None):
        """The rows of `keryx status`: {"role", "pid", "state", "restarts"}."""
        return [row for row in self.status()["roles"] if role in (None, row["role"])]

    def role_pids(self, role):
        """Never empty: a core that has just come up may not have been told of all roles yet."""
        return wait_until(lambda: [row["pid"] for row in self.roles(role) if row["pid"] > 0],
                          what=f"a process of the role {role}")

    def kill_role(self, role, sig=signal.SIGKILL):
        """Kills every process of the role and returns their pids."""
        pids = self.role_pids(role)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sig)
        return pids

    def wait_roles(self, gone=(), seconds=30):
        """Waits until every role runs again in a process that is not one of `gone`."""

        def all_running():
            try:
                rows = self.roles()
            except (ServerError, subprocess.TimeoutExpired):
                return False
            return all(row["state"] == "running" and row["pid"] not in gone for row in rows)

        wait_until(all_running, seconds, "all roles running")

    def memory_kb(self):
        """{pid: resident KiB} of every process of the server."""
        sizes = {}
        for pid in self.pids():
            with contextlib.suppress(OSError):
                found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
                sizes[pid] = int(found.group(1)) if found else 0
        return sizes

    # --- what it left on disk

    def stderr(self):
        return self._errors.read_text(errors="replace") if self._errors.exists() else ""

    def log(self, name):
        path = self.data / "store" / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_log(self, name, pattern, seconds=10):
        """Waits for a line that matches and returns the match."""
        return wait_until(lambda: re.search(pattern, self.log(name), re.M), seconds,
                          f"{pattern!r} in the {name} log")

    def folder(self, user, name="INBOX"):
        local, domain = self.address(user).split("@")
        # As the store escapes names that mean something to it or to the file system.
        levels = [re.sub(r"^[.#]|^i(?=ndex\.)|^s(?=earch\.db)|[%\x00-\x1f\x7f]",
                         lambda found: f"%{ord(found[0]):02X}", level) for level in name.split("/")]
        return self.data.joinpath("store", "mail", domain, local, *levels)

    def eml_files(self, user, folder="INBOX"):
        """{UID: bytes} of the folder, read from its plain files."""
        return {int(path.stem, 16): path.read_bytes()
                for path in sorted((self.folder(user, folder) / "#msgs").glob("*.eml"))}

    def evidence(self):
        """What a reader of a failed test wants to see."""
        parts = [f"stderr:\n{self.stderr()[-4000:]}"]
        for name in ("error", "warning", "security", "mail", "debug"):
            text = self.log(name)
            if text:
                parts.append(f"{name}.log:\n{text[-3000:]}")
        return "\n".join(parts)

    # --- clients

    def connect(self, service, timeout=30):
        """A plain socket, or one with TLS for the services that start with it."""
        raw = socket.create_connection(("127.0.0.1", self.port(service)), timeout)
        if service in ("smtps", "imaps", "pop3s", "admin"):
            return tls_context().wrap_socket(raw, server_hostname=self.hostname)
        return raw

    def certificate(self):
        """The active certificate as PEM, as a client gets it."""
        return ssl.get_server_certificate(("127.0.0.1", self.port("imaps")))

    def certificate_file(self, folder):
        """The certificate in a file, for clients that want to see it before they trust it."""
        path = Path(folder) / "server.pem"
        path.write_text(self.certificate())
        return path

    def client_environment(self, folder):
        """What a client program finds in its environment: a home, and a resolver that knows our name.

        With the certificate trusted (certificate_file) and the right host name, clients verify TLS
        as they do in the field.
        """
        hosts = Path(folder) / "hosts"
        hosts.write_text(f"127.0.0.1 {self.hostname}\n")
        return {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8",
                "LD_PRELOAD": "libnss_wrapper.so", "NSS_WRAPPER_HOSTS": str(hosts)}

    def imap(self, user, password=None, service="imaps", timeout=60):
        """A logged-in imaplib client."""
        if service == "imaps":
            client = imaplib.IMAP4_SSL("127.0.0.1", self.port(service), ssl_context=tls_context(),
                                       timeout=timeout)
        else:
            client = imaplib.IMAP4("127.0.0.1", self.port(service), timeout=timeout)
            client.starttls(tls_context())
        client.login(self.address(user), password or password_of(user))
        return client

    def pop3(self, user, password=None, service="pop3s", timeout=60):
        """A logged-in poplib client."""
        if service == "pop3s":
            client = poplib.POP3_SSL("127.0.0.1", self.port(service), context=tls_context(),
                                     timeout=timeout)
        else:
            client = poplib.POP3("127.0.0.1", self.port(service), timeout=timeout)
            client.stls(tls_context())
        client.user(self.address(user))
        client.pass_(password or password_of(user))
        return client

    def smtp(self, user=None, password=None, service=None, timeout=60):
        """An smtplib client: on port 25 as anybody, or logged in on submission."""
        service = service or ("submission" if user else "smtp")
        if service == "smtps":
            client = smtplib.SMTP_SSL("127.0.0.1", self.port(service), "client.example.test",
                                      timeout=timeout, context=tls_context())
        else:
            client = smtplib.SMTP("127.0.0.1", self.port(service), "client.example.test", timeout=timeout)
        client.ehlo()
        if user and service != "smtps":
            client.starttls(context=tls_context())
            client.ehlo()
        if user:
            client.login(self.address(user), password or password_of(user))
        return client

    def deliver(self, user, content, sender="sender@elsewhere.test"):
        """Sends the message to the user through port 25."""
        if isinstance(content, str):
            content = content.replace("\n", "\r\n").encode()
        with self.smtp() as client:
            client.sendmail(sender, [self.address(user)], content)

    def wait_messages(self, user, count, folder="INBOX", seconds=20):
        """Waits until the folder holds exactly `count` files and returns {UID: bytes}."""
        wait_until(lambda: len(self.eml_files(user, folder)) == count, seconds,
                   f"{count} messages in {folder} of {user}")
        return self.eml_files(user, folder)


_patterns = {}


def _pattern(binary, users):
    """A data directory that was set up and has the users, to copy: making one costs many times as much."""
    key = (binary, tuple(users))
    if key not in _patterns:
        base = Path(tempfile.mkdtemp(prefix="kx-pattern-"))
        atexit.register(shutil.rmtree, base, ignore_errors=True)
        instance = Server(binary, base, 0)
        instance.make(users)
        _patterns[key] = instance.data
    return _patterns[key]


@contextlib.contextmanager
def running_server(binary, users=(), config=None, start=True, parent=None, copied=True, environment=None):
    """A server that was set up, in a directory of its own; starts it, and removes all of it in the end.

    Its keys are those of every other that was copied; not copied, it makes its own.
    """
    for attempt in range(4):
        base = Path(tempfile.mkdtemp(prefix="kx-", dir=parent))
        instance = Server(binary, base, free_offset())
        instance.environment = environment or {}
        try:
            if copied:
                subprocess.run(["cp", "-a", _pattern(binary, users), instance.data], check=True)
            else:
                instance.make(users)
            instance.configure({"server.port-offset": instance.offset, **(config or {})})
            if start:
                instance.start()
            break
        except ServerError as error:
            shutil.rmtree(base, ignore_errors=True)
            # Only the race for a port is worth another try.
            if attempt == 3 or "in use" not in str(error):
                raise
    try:
        yield instance
    finally:
        try:
            instance.stop()
        finally:
            instance.kill()
            said = instance.stderr()
            shutil.rmtree(base, ignore_errors=True)
    assert not COMPLAINT.search(said), said[-8000:]
