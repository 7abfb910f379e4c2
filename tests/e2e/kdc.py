# SPDX-License-Identifier: Apache-2.0
"""MIT's KDC as a plain process on a port of its own, with a realm made for the test."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import kx
import slapd

REALM = "EXAMPLE.TEST"

KRB5 = """\
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    kdc_timesync = 0
[realms]
    {realm} = {{
        kdc = 127.0.0.1:{port}
        admin_server = 127.0.0.1
    }}
[domain_realm]
    .{domain} = {realm}
    {domain} = {realm}
"""

KDC = """\
[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {realm} = {{
        database_name = {base}/principal
        key_stash_file = {base}/stash
        supported_enctypes = {enctypes}
        master_key_type = aes256-cts
        max_life = 10h
        default_principal_flags = +preauth
    }}
[dbmodules]
    {realm} = {{
        db_library = db2
        database_name = {base}/principal
    }}
"""

AES = "aes256-cts-hmac-sha384-192:normal aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal"


class Kdc:
    """A realm, and what its administrator does with it."""

    def __init__(self, realm=REALM, domain=kx.DOMAIN, enctypes=AES):
        self.base = Path(tempfile.mkdtemp(prefix="kx-kdc-"))  # where a server can read that is not root
        self.base.chmod(0o755)
        self.realm, self.port, self.process = realm, slapd.free_port(), None
        words = {"realm": realm, "port": self.port, "domain": domain, "base": self.base, "enctypes": enctypes}
        self.config = self.base / "krb5.conf"
        self.config.write_text(KRB5.format(**words))
        (self.base / "kdc.conf").write_text(KDC.format(**words))
        self.environment = {**os.environ, "KRB5_CONFIG": str(self.config),
                            "KRB5_KDC_PROFILE": str(self.base / "kdc.conf")}
        self._run("kdb5_util", "create", "-s", "-r", realm, "-P", "master")

    def _run(self, *command):
        path = shutil.which(command[0], path="/usr/sbin:/usr/bin:/sbin:/bin")
        done = kx.run([path, *command[1:]], env=self.environment)
        assert done.returncode == 0, done.stdout.decode()
        return done.stdout.decode()

    def kadmin(self, query):
        return self._run("kadmin.local", "-r", self.realm, "-q", query)

    def add(self, name, password):
        self.kadmin(f'addprinc -pw "{password}" {name}')

    def add_host(self, *names):
        for name in names:
            self.kadmin(f"addprinc -randkey {name}")

    def keytab(self, path, *names, enctypes=None):
        """Adds keys of the principals to the keytab, which everybody may read: a test's server is nobody."""
        for name in names:
            self.kadmin(f"ktadd -k {path} {f'-e {enctypes} ' if enctypes else ''}{name}")
        Path(path).chmod(0o644)
        return Path(path)

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/krb5kdc", "-n", "-r", self.realm], env=self.environment,
                                        stdout=(self.base / "output").open("wb"), stderr=subprocess.STDOUT)
        kx.wait_until(self._answers, what="the KDC")

    def _answers(self):
        assert self.process.poll() is None, (self.base / "output").read_text()
        done = subprocess.run(["kinit", "-c", f"FILE:{self.base}/probe", "nobody-at-all"], env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        return "not found in Kerberos database" in done.stderr

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def ticket(self, name, password, cache):
        """Signs in as kinit does; returns the environment of a client that has the ticket."""
        environment = {**self.environment, "KRB5CCNAME": f"FILE:{cache}"}
        done = subprocess.run(["kinit", name], env=environment, input=password + "\n", capture_output=True, text=True,
                              timeout=30)
        assert done.returncode == 0, done.stderr
        return environment


@contextlib.contextmanager
def new_realm(start=True, **options):
    """A realm that is there for as long as the block."""
    instance = Kdc(**options)
    try:
        if start:
            instance.start()
        yield instance
    finally:
        instance.remove()
