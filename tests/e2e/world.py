# SPDX-License-Identifier: Apache-2.0
"""The rest of the world as an outgoing server meets it: name servers with zones of the test, and mail servers.

Zones are served by NSD, signed by ldns-signzone where a test wants that; mail servers are aiosmtpd with handlers of the test, each on its own loopback address, so that
MX records can tell them apart.
"""

import asyncio
import contextlib
import hashlib
import os
import socket
import ssl
import subprocess
import tempfile
import textwrap
from pathlib import Path

import kx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


def free_port(address="127.0.0.1", kind=socket.SOCK_STREAM):
    with socket.socket(type=kind) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def free_name_port(address):
    """Free for both ways of asking."""
    while True:
        port = free_port(address, socket.SOCK_DGRAM)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((address, port))
            return port


@contextlib.contextmanager
def name_server(zones, signed=None, spoil=None, address="127.0.0.1", port=None):
    """NSD with zones {"remote.test": "lines of records"}; yields "ADDRESS@PORT".

    Names of zones in the list `signed` are replaced by their trust anchors. `spoil` replaces text in signed zones, so that
    signatures are wrong.
    """
    base = Path(tempfile.mkdtemp(prefix="kx-nsd-"))
    port = port or free_name_port(address)
    config = [f"server:\n  ip-address: {address}@{port}\n  username: \"\"\n  chroot: \"\"\n  server-count: 1\n"
              f"  zonesdir: \"{base}\"\n  pidfile: \"{base}/pid\"\n  database: \"\"\n  zonelistfile: \"{base}/list\"\n"
              f"  xfrdfile: \"{base}/xfrd\"\n  logfile: \"{base}/log\"\nremote-control:\n  control-enable: no\n"]
    for zone, records in zones.items():
        (base / zone).write_text(
            f"$ORIGIN {zone}.\n$TTL 60\n@ SOA ns.{zone}. admin.{zone}. 1 3600 600 86400 60\n@ NS ns.{zone}.\n"
            f"ns A 127.0.0.1\n" + textwrap.dedent(records).strip() + "\n")
        if signed and zone in signed:
            signed[signed.index(zone)] = sign_zone(base, zone, spoil or {})
        config.append(f"zone:\n  name: {zone}\n  zonefile: {zone}\n")
    (base / "conf").write_text("".join(config))
    server = subprocess.Popen(["/usr/sbin/nsd", "-d", "-c", base / "conf"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        kx.wait_until(lambda: answers(address, port), what="an answer of NSD")
        yield f"{address}@{port}"
    finally:
        server.terminate()
        server.wait()
        subprocess.run(["rm", "-rf", base], check=True)


def sign_zone(base, zone, spoil):
    """Signs the zone's file with a new key; the DS record."""
    key = subprocess.run(["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone], cwd=base, check=True, capture_output=True,
                         text=True).stdout.strip()
    subprocess.run(["ldns-signzone", "-f", zone, zone, key], cwd=base, check=True, capture_output=True)
    text = (base / zone).read_text()
    for old, new in spoil.items():
        assert old in text, old
        text = text.replace(old, new)
    (base / zone).write_text(text)
    return " ".join((base / f"{key}.ds").read_text().split())


class Authority:
    """A certificate authority of the test, in a folder."""

    def __init__(self, folder, name="Test CA"):
        self.folder, self.serial = folder, 0
        self.certificate = folder / "ca.pem"
        self.openssl("req", "-x509", *self.new_key("ca.key"), "-out", self.certificate, "-days", "2",
                     "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE")

    def openssl(self, *arguments):
        done = kx.run(["openssl", *arguments])
        assert done.returncode == 0, done.stdout
        return done.stdout

    def new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self.folder / name]

    def issue(self, name, *more):
        """(certificate with chain, key) for host names."""
        self.serial += 1
        stem = self.folder / str(self.serial)
        request, extension, cert = stem.with_suffix(".csr"), stem.with_suffix(".ext"), stem.with_suffix(".pem")
        self.openssl("req", *self.new_key(f"{self.serial}.key"), "-out", request, "-subj", f"/CN={name}")
        extension.write_text(f"subjectAltName={','.join(f'DNS:{one}' for one in (name, *more))}\n")
        self.openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.folder / "ca.key",
                     "-set_serial", str(self.serial), "-days", "2", "-extfile", extension, "-out", cert)
        cert.write_text(cert.read_text() + self.certificate.read_text())
        return cert, stem.with_suffix(".key")

    def server_tls(self, *names):
        return server_tls(*self.issue(*names))


@contextlib.contextmanager
def trust(authority):
    """Servers started meanwhile trust that authority, and no other."""
    with pytest.MonkeyPatch.context() as patch, tempfile.NamedTemporaryFile() as copy:
        copy.write(authority.certificate.read_bytes())  # where the roles' user can read it
        copy.flush()
        os.chmod(copy.name, 0o644)
        patch.setenv("SSL_CERT_FILE", copy.name)
        yield


def certificate_digest(path):
    """SHA-256 of the first certificate of a file: what a TLSA record "2 0 1" or "3 0 1" holds."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(Path(path).read_text().split("-----END")[0] +
                                                   "-----END CERTIFICATE-----\n")).hexdigest()


def key_digest(path):
    """SHA-256 of the public key of a private one: what a TLSA record "3 1 1" holds."""
    done = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True)
    return hashlib.sha256(done.stdout).hexdigest()


def answers(address, port):
    """Whether anybody answers a question for the root there."""
    question = b"\0\1\1\0\0\1\0\0\0\0\0\0" + b"\0" + b"\0\2\0\1"
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.5)
        with contextlib.suppress(OSError):
            probe.connect((address, port))
            probe.send(question)
            return bool(probe.recv(512))
    return False


class Received:
    """Keeps what it gets; subclasses refuse or misbehave."""

    def __init__(self):
        self.messages = []
        self.options = []

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server, session, envelope):
        self.options.append((list(envelope.mail_options), list(envelope.rcpt_options)))
        self.messages.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content, session.ssl is not None))
        return "250 2.0.0 taken"

    def bodies(self):
        return [content for _, _, content, _ in self.messages]

    def recipients(self):
        return [address for _, to, _, _ in self.messages for address in to]


class Host(Controller):
    """A mail server on an address of its own and a given port."""

    def __init__(self, handler, address, port, protocol=SMTP, **options):
        self.protocol, self.smtp_options = protocol, options
        super().__init__(handler, hostname=address, port=port)

    def factory(self):
        return self.protocol(self.handler, enable_SMTPUTF8=True, **self.smtp_options)


@contextlib.contextmanager
def mail_server(handler, address, port, **options):
    host = Host(handler, address, port, **options)
    host.start()
    try:
        yield host
    finally:
        host.stop()


@contextlib.contextmanager
def odd_server(address, port, talk):
    """A server whose every connection is `await talk(reader, writer)`."""
    loop_ready = {}

    async def serve():
        loop_ready["server"] = await asyncio.start_server(talk, address, port)
        loop_ready["loop"] = asyncio.get_running_loop()
        loop_ready["stop"] = asyncio.Event()
        await loop_ready["stop"].wait()
        loop_ready["server"].close()

    import threading
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    kx.wait_until(lambda: "stop" in loop_ready, what="a server that listens")
    try:
        yield
    finally:
        loop_ready["loop"].call_soon_threadsafe(loop_ready["stop"].set)
        thread.join(5)


def server_tls(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
