# SPDX-License-Identifier: Apache-2.0
"""Debian's Dovecot as one IMAP process on a pipe, signed in already: no port, no master process, no root."""

import grp
import os
import pwd
import subprocess

CONF = """base_dir = {base}/run
state_dir = {base}/state
mail_location = sdbox:{base}/mail
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
log_path = /dev/stderr
mail_fsync = never
stats_writer_socket_path =
default_vsz_limit = 0
namespace inbox {{
  inbox = yes
  separator = /
}}
"""


class Pipe:
    """As much of a socket as RawImap uses. (On a real one, Dovecot takes itself to be run by inetd, and refuses.)"""

    def __init__(self, process):
        self.process = process

    def sendall(self, octets):
        self.process.stdin.write(octets)
        self.process.stdin.flush()

    def makefile(self, _):
        return self.process.stdout

    def close(self):
        self.process.stdin.close()


class Dovecot:
    """Looks like kx.Server to RawImap: connect() starts a process and returns the pipes to it."""

    def __init__(self, base):
        self.base = base
        # As root it must become somebody else; otherwise it is whoever runs the tests.
        self.user = "mail" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        group = "mail" if os.getuid() == 0 else grp.getgrgid(os.getgid()).gr_name
        for name in ("run", "state", "mail"):
            (base / name).mkdir()
        if os.getuid() == 0:
            found = pwd.getpwnam("mail")
            base.chmod(0o755)
            for path in (base, *base.iterdir()):
                os.chown(path, found.pw_uid, found.pw_gid)
        (base / "conf").write_text(CONF.format(base=base, user=self.user, group=group))
        self.processes = []

    def connect(self, _service, _timeout):
        with open(self.base / "log", "ab") as log:
            process = subprocess.Popen(
                ["/usr/lib/dovecot/imap", "-c", str(self.base / "conf")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, cwd="/", env={"USER": self.user, "HOME": str(self.base), "PATH": "/usr/bin:/bin"})
        self.processes.append(process)
        return Pipe(process)

    def log(self):
        return (self.base / "log").read_text(errors="replace")

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes.clear()
