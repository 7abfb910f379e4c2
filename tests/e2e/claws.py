# SPDX-License-Identifier: Apache-2.0
"""Claws Mail on a screen that nobody looks at, steered by its own command line.

Its folders, filters, password and the certificate that it trusts are laid out as it keeps them itself, so that it has
nothing to ask.
"""

import base64
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import kx

SALT = b"s" * 64
ROUNDS = 50000

COMMON = """[Common]
config_version=4
master_passphrase_salt={salt}
confirm_on_exit=0
warn_queued_on_exit=0
show_recv_err_dialog=0
"""
ACCOUNT = """[Account: 1]
config_version=4
account_name=test
is_default=1
name=Somebody
address={address}
protocol=1
receive_server={hostname}
user_id={address}
ssl_imap=1
set_imapport=1
imap_port={imaps}
receive_at_getall=1
filter_on_recv=1
smtp_server={hostname}
use_smtp_auth=1
smtp_user_id={address}
set_smtpport=1
smtp_port={submission}
ssl_smtp=2
"""
FOLDERS = """<?xml version="1.0" encoding="UTF-8"?>
<folderlist config_version="4">
 <folder type="mh" name="Mailbox" path="Mail">
  <folderitem type="inbox" name="inbox" path="inbox"/>
  <folderitem type="outbox" name="sent" path="sent"/>
  <folderitem type="queue" name="queue" path="queue"/>
  <folderitem type="draft" name="draft" path="draft"/>
  <folderitem type="trash" name="trash" path="trash"/>
 </folder>
 <folder type="imap" name="test" account_id="1">
  <folderitem type="inbox" name="INBOX" path="INBOX"/>
  <folderitem type="normal" name="Projects" path="Projects"/>
 </folder>
</folderlist>
"""
# What it keeps a message in that waits to be sent, and what is to become of it.
QUEUED = """AF:
NF:0
PS:10
SRH:1
SFN:
DSR:
MID:
CFG:
PT:0
S:{sender}
RQ:
SSV:{hostname}
NSV:
SSH:
R:<{recipient}>
MAID:1
SCF:#imap/test/Projects
X-Claws-End-Special-Headers: 1
"""


def encrypted(password):
    """As Claws Mail stores it without a passphrase of the user: AES in CBC mode, after a block that is thrown away."""
    key = hashlib.pbkdf2_hmac("sha1", b"passkey0", SALT, ROUNDS, 32)
    done = subprocess.run(["openssl", "enc", "-aes-256-cbc", "-nopad", "-K", key.hex(), "-iv", "0" * 32],
                          input=bytes(16) + password.encode().ljust(128, b"\0"), capture_output=True, check=True)
    return f"{{AES-256-CBC,{ROUNDS}}}{base64.b64encode(done.stdout).decode()}"


class ClawsMail:
    """A running Claws Mail with the user's account and the given filters (lines of its matcherrc)."""

    def __init__(self, program, xvfb, server, user, folder, filters):
        self.program, self.server, self.address = program, server, server.address(user)
        self.home, self.settings = folder, folder / "rc"
        self._lay_out(kx.password_of(user), filters)
        self.runtime = tempfile.TemporaryDirectory(prefix="kx-")  # its socket's name must be short
        self.screen, self.process = None, None
        self.screen, display = self._start_screen(xvfb)
        self.environment = {**server.client_environment(folder), "DISPLAY": display, "GDK_BACKEND": "x11",
                            "NO_AT_BRIDGE": "1", "XDG_RUNTIME_DIR": self.runtime.name}
        with open(folder / "output", "wb") as output:
            self.process = subprocess.Popen([*self._command(), "--debug"], env=self.environment, stdout=output, stderr=output)
        try:
            kx.wait_until(lambda: any(path.is_socket() for path in Path(self.runtime.name).rglob("*")), 150, "its socket")
        except AssertionError:
            self.stop()
            raise

    def _lay_out(self, password, filters):
        for name in ("inbox", "sent", "queue", "draft", "trash"):
            (self.home / "Mail" / name).mkdir(parents=True)
        (self.settings / "certs").mkdir(parents=True)
        server, secret = self.server, encrypted(password)
        texts = {
            "clawsrc": COMMON.format(salt=base64.b64encode(SALT).decode()),
            "accountrc": ACCOUNT.format(address=self.address, hostname=server.hostname, imaps=server.port("imaps"),
                                        submission=server.port("submission")),
            "passwordstorerc": f"[account:1]\nrecv {secret}\nsend {secret}\n",
            "folderlist.xml": FOLDERS,
            "matcherrc": "[filtering]\n" + "".join(line + "\n" for line in filters),
        }
        for name, text in texts.items():
            (self.settings / name).write_text(text)
        trusted = subprocess.run(["openssl", "x509", "-outform", "DER"], input=server.certificate().encode(),
                                 capture_output=True, check=True).stdout
        for service in ("imaps", "submission"):
            (self.settings / "certs" / f"{server.hostname}.{server.port(service)}.cert").write_bytes(trusted)

    @staticmethod
    def _start_screen(xvfb):
        reader, writer = os.pipe()
        process = subprocess.Popen([xvfb, "-displayfd", str(writer), "-screen", "0", "1200x800x24", "-nolisten", "tcp"],
                                   pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as answer:
            return process, f":{answer.readline().strip()}"

    def _command(self):
        return [self.program, "--alternate-config-dir", str(self.settings)]

    def tell(self, *arguments):
        """A command to the running program; returns what it answers."""
        done = kx.run([*self._command(), *arguments], env=self.environment)
        assert done.returncode == 0, done.stdout
        return done.stdout.decode()

    def counts(self, folder):
        """(new, unread, all) of the messages that it knows in the folder."""
        for line in self.tell("--status-full", folder).splitlines():
            if line.endswith(folder):
                return tuple(map(int, line.split()[:3]))
        return None

    def queue(self, recipient, message):
        text = QUEUED.format(sender=self.address, hostname=self.server.hostname, recipient=recipient)
        (self.home / "Mail" / "queue" / "1").write_bytes(text.encode() + message.as_bytes())

    def said(self):
        return (self.home / "output").read_text(errors="replace")

    def exit(self):
        self.tell("--exit")
        return self.process.wait(60)

    def stop(self):
        for process in (self.process, self.screen):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        self.runtime.cleanup()
