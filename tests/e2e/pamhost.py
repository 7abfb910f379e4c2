# SPDX-License-Identifier: Apache-2.0
"""PAM on this machine for a test: users of the system, services in /etc/pam.d and the helper, all removed in the end."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import kx

SERVICES = Path("/etc/pam.d")
UNIX = "auth required pam_unix.so\naccount required pam_unix.so\n"
PASSWORD = "the machine's secret 1"
TRIES = 50


def _change(*command, **more):
    """The password files have one lock for all."""
    for attempt in range(TRIES):
        done = subprocess.run(command, capture_output=True, text=True, **more)
        if done.returncode == 0:
            return
        if "lock" not in done.stderr or attempt == TRIES - 1:
            raise kx.ServerError(f"{command[0]}: {done.stderr}")


class Host:
    def __init__(self, base):
        self.base = base
        self.socket = base / "pam.sock"
        self.process = None
        self._users = []
        self._services = []

    def add_user(self, what, *options, password=PASSWORD):
        name = f"kxt{secrets.token_hex(3)}-{what}"
        _change("useradd", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", *options, name)
        self._users.append(name)
        _change("chpasswd", input=f"{name}:{password}\n")
        return name

    def change_user(self, *command):
        _change(*command)

    def add_service(self, text=UNIX):
        name = f"keryx-test-{secrets.token_hex(4)}"
        (SERVICES / name).write_text(text)
        self._services.append(name)
        return name

    def start(self, binary, data):
        """The helper, for the server on that data directory."""
        errors = open(self.base / "errors", "ab")
        self.process = subprocess.Popen([str(binary), "pam", "serve", "--data", str(data), "--socket", str(self.socket)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, cwd="/")
        errors.close()
        if self.process.stdout.readline() != b"ready\n":
            raise kx.ServerError(f"the helper does not start: {self.journal()}")

    def stop(self, sig=signal.SIGTERM):
        if self.process is None:
            return 0
        self.process.send_signal(sig)
        status = self.process.wait(10)
        self.process.stdout.close()
        self.process = None
        return status

    def journal(self):
        path = self.base / "errors"
        return path.read_text() if path.exists() else ""

    def clean(self):
        self.stop(signal.SIGKILL)
        for name in self._services:
            (SERVICES / name).unlink(missing_ok=True)
        for name in self._users:
            with contextlib.suppress(kx.ServerError):
                # With --force, as one may share the number of root.
                _change("userdel", "--force", name)


@contextlib.contextmanager
def new_host():
    base = Path(tempfile.mkdtemp(prefix="kx-pam-", dir="/run"))
    os.chmod(base, 0o755)  # the server's user has to come through
    host = Host(base)
    try:
        yield host
        if kx.COMPLAINT.search(host.journal()):
            raise kx.ServerError(host.journal())
    finally:
        host.clean()
        shutil.rmtree(base, ignore_errors=True)


def ids_of(name):
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid
