# SPDX-License-Identifier: Apache-2.0
"""A domain controller of an Active Directory: Debian's Samba as a plain process on a loopback address of its own."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

import kx

REALM, DOMAIN, SHORT = "COMPANY.TEST", "company.test", "COMPANY"
ADDRESS = "127.0.0.77"
ADMIN_PASSWORD = "Adm1n-pass-9"
BASE_DN = "DC=company,DC=test"
# Where the library of winbind looks for it, whatever smb.conf says.
SOCKETS = Path("/run/samba/winbindd")

SMB = """\
[global]
    server role = active directory domain controller
    workgroup = {short}
    realm = {realm}
    netbios name = DC1
    interfaces = {address}/8
    bind interfaces only = yes
    server services = ldap, kdc, winbindd, rpc, cldap
    private dir = {base}/private
    state directory = {base}/state
    cache directory = {base}/cache
    lock directory = {base}/lock
    pid directory = {base}/pid
    ncalrpc dir = {base}/ncalrpc
    binddns dir = {base}/bind
    log file = {base}/log
    dns update command = /bin/true
    nsupdate command = /bin/true
    tls certfile = {base}/dc.crt
    tls keyfile = {base}/dc.key
    tls cafile = {base}/dc.crt
[sysvol]
    path = {base}/state/sysvol
    read only = no
[netlogon]
    path = {base}/state/sysvol/{domain}/scripts
    read only = no
"""

KRB5 = """\
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    {realm} = {{
        kdc = {address}
    }}
[domain_realm]
    .example.test = {realm}
"""


class Controller:
    """The directory, its KDC and its winbind, and what an administrator does with them."""

    def __init__(self):
        self.base = Path(tempfile.mkdtemp(prefix="kx-ad-"))
        self.base.chmod(0o755)
        self.process, self.address = None, ADDRESS
        words = {"base": self.base, "realm": REALM, "short": SHORT, "address": ADDRESS, "domain": DOMAIN}
        for folder in ("private", "state", "cache", "lock", "pid", "ncalrpc", "bind"):
            (self.base / folder).mkdir(mode=0o755)
        self.smb = self.base / "smb.conf"
        self.smb.write_text(SMB.format(**words))
        self.config = self.base / "krb5.conf"
        self.config.write_text(KRB5.format(**words))
        self._make_certificate()
        self.tool("domain", "provision", f"--realm={REALM}", f"--domain={SHORT}", "--server-role=dc",
                  "--dns-backend=NONE", f"--adminpass={ADMIN_PASSWORD}", "--host-name=dc1", f"--host-ip={ADDRESS}")

    def _make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        f"/CN=dc1.{DOMAIN}", "-addext", f"subjectAltName=IP:{ADDRESS},DNS:dc1.{DOMAIN}", "-keyout",
                        self.base / "dc.key", "-out", self.base / "dc.crt"], check=True, capture_output=True)
        (self.base / "dc.key").chmod(0o600)

    def tool(self, *words):
        environment = {**os.environ, "KRB5_CONFIG": str(self.config)}
        done = kx.run(["/usr/bin/samba-tool", *words, f"--configfile={self.smb}"], env=environment)
        assert done.returncode == 0, done.stdout.decode()
        return done.stdout.decode()

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/samba", "-s", self.smb, "-F", "--no-process-group"],
                                        stdin=subprocess.DEVNULL, stdout=(self.base / "output").open("wb"),
                                        stderr=subprocess.STDOUT, start_new_session=True)
        for port in (88, 636):
            kx.wait_until(lambda: self._listens(port), 60, f"port {port} of the controller")

    def _listens(self, port):
        assert self.process.poll() is None, (self.base / "output").read_text()
        with contextlib.suppress(OSError), socket.create_connection((ADDRESS, port), 1):
            return True
        return False

    def add(self, name, password, *more):
        self.tool("user", "create", name, password, *more)

    def add_host(self, path, *services):
        """An account for the server's services, AES alone, with a keytab of its keys that everybody may read."""
        self.tool("user", "create", "mailserver", "--random-password")
        self.modify(f"dn: CN=mailserver,CN=Users,{BASE_DN}\nchangetype: modify\n"
                    "replace: msDS-SupportedEncryptionTypes\nmsDS-SupportedEncryptionTypes: 24\n")
        for service in services:
            self.tool("spn", "add", service, "mailserver")
            self.tool("domain", "exportkeytab", str(path), f"--principal={service}")
        Path(path).chmod(0o644)

    def modify(self, ldif):
        done = kx.run(["ldapmodify", "-x", "-H", f"ldaps://{ADDRESS}", "-D", f"administrator@{DOMAIN}", "-w",
                       ADMIN_PASSWORD], input=ldif.encode(),
                      env={**os.environ, "LDAPTLS_CACERT": str(self.base / "dc.crt")})
        assert done.returncode == 0, done.stdout.decode()

    def ticket(self, name, password, cache):
        environment = {**os.environ, "KRB5_CONFIG": str(self.config), "KRB5CCNAME": f"FILE:{cache}"}
        done = subprocess.run(["kinit", name], env=environment, input=password + "\n", capture_output=True, text=True,
                              timeout=30)
        assert done.returncode == 0, done.stderr
        return environment

    def remove(self):
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        shutil.rmtree(self.base, ignore_errors=True)


def _is_free():
    """Nobody on this machine uses its ports, or has a winbind of his own."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(SOCKETS / "pipe"))
        return False
    with contextlib.ExitStack() as stack:
        for port in (88, 389, 636):
            probe = stack.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what lingers is in nobody's way
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                return False
    return True


@contextlib.contextmanager
def controller():
    if os.geteuid() != 0 or not _is_free():
        pytest.skip("needs root, free ports and no other winbind")
    shutil.rmtree(SOCKETS, ignore_errors=True)
    instance = Controller()
    try:
        yield instance
    finally:
        instance.remove()
        shutil.rmtree(SOCKETS, ignore_errors=True)
