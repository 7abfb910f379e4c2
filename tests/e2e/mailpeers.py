# SPDX-License-Identifier: Apache-2.0
"""Debian's Exim and OpenSMTPD as mail servers elsewhere.

They come unpacked from tools/unpack-packages, and run in a mount namespace of their own, where they find their users
and, empty, the folders whose names are built into them. That takes root. Both give what they take for `away` to the
port of the server under test, and everything else Exim to files and OpenSMTPD to another server of the test.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import kx
import pytest

PEERS = Path(__file__).resolve().parents[2] / "build" / "peers"
USERS = {"Debian-exim": 64990, "opensmtpd": 64991, "opensmtpq": 64992}

ENTER = """set -e
mount --bind {base}/passwd /etc/passwd
mount --bind {base}/group /etc/group
for folder in /var/spool /var/lib /run; do mount -t tmpfs -o mode=755 none $folder; done
mkdir -m 755 /var/lib/opensmtpd
mkdir -m 711 /var/spool/smtpd
mkdir -m 700 /var/lib/opensmtpd/empty
exec "$@"
"""

EXIM = """exim_path = {binary}
primary_hostname = mx.exim.test
spool_directory = {base}/spool
log_file_path = {base}/spool/%slog
pid_file_path = {base}/spool/pid
local_interfaces = {address}
daemon_smtp_ports = {port}
tls_advertise_hosts = *
tls_certificate = {base}/cert.pem
tls_privatekey = {base}/key.pem
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
chunking_advertise_hosts = *
keep_environment =
acl_smtp_rcpt = recipient
acl_smtp_data = accept
begin acl
recipient:
  deny local_parts = no
       message = 5.1.1 no such user
  accept
begin routers
back:
  driver = manualroute
  domains = {away}
  route_list = * 127.0.0.1::{back}
  self = send
  transport = out
here:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  directory = {base}/spool/mail
  maildir_format
  envelope_to_add
out:
  driver = smtp
"""

SMTPD = """listen on {address} port {port} hostname mx.smtpd.test
action "back" relay host smtp://127.0.0.1:{back}
action "on" relay host smtp://{on_address}:{port}
match from any for domain "{away}" action "back"
match from any for any action "on"
"""


def program(package, path):
    if os.geteuid() != 0:
        pytest.skip("this takes root: a mount namespace and users of its own")
    binary = PEERS / package / path
    assert binary.exists(), f"{binary} is missing: run tools/unpack-packages build/peers"
    return binary


def write_users(base):
    for name, line in (("passwd", "{0}:x:{1}:{1}::/var/lib/opensmtpd/empty:/bin/false"), ("group", "{0}:x:{1}:")):
        kept = [row for row in Path(f"/etc/{name}").read_text().splitlines() if row.split(":")[0] not in USERS]
        (base / name).write_text("\n".join([*kept, *(line.format(*user) for user in USERS.items())]) + "\n")


@contextlib.contextmanager
def running(binary, config, arguments, address, port, certificate=None):
    """The server; yields its folder. `config` is filled in with {base} and {binary}."""
    base = Path(tempfile.mkdtemp(prefix="kx-peer-"))
    base.chmod(0o755)
    write_users(base)
    (base / "spool").mkdir()
    os.chown(base / "spool", USERS["Debian-exim"], USERS["Debian-exim"])
    for source, name in zip(certificate or (), ("cert.pem", "key.pem")):
        shutil.copy(source, base / name)
        os.chown(base / name, USERS["Debian-exim"], USERS["Debian-exim"])
    (base / "config").write_text(config.replace("{base}", str(base)).replace("{binary}", str(binary)))
    (base / "enter").write_text(ENTER.format(base=base))
    with open(base / "output", "wb") as output:
        process = subprocess.Popen(["unshare", "--mount", "sh", base / "enter", binary, *arguments, base / "config"],
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    try:
        kx.wait_until(lambda: listens(address, port) or process.poll() is not None, what=f"{binary.name} that listens")
        assert process.poll() is None, (base / "output").read_text()
        yield base
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
        shutil.rmtree(base, ignore_errors=True)


def listens(address, port):
    import socket
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def exim(address, port, back, away, certificate):
    binary = program("exim4-daemon-light", "usr/sbin/exim4")
    config = EXIM.replace("{address}", address).replace("{port}", str(port)).replace("{back}", str(back)).replace("{away}", away)
    return running(binary, config, ["-bdf", "-C"], address, port, certificate)


def opensmtpd(address, port, back, away, on_address):
    binary = program("opensmtpd", "usr/sbin/smtpd")
    config = SMTPD.format(address=address, port=port, back=back, away=away, on_address=on_address)
    return running(binary, config, ["-d", "-f"], address, port)
