# SPDX-License-Identifier: Apache-2.0
"""Certificates from an authority by ACME (RFC 8555): Pebble is the authority, and looks at what it is shown."""

import contextlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import kx
import pytest
import world
from test_cert import info, served, verified

CA = "ca.acme.test"
SERVICES = ("smtps", "imaps", "pop3s", "admin", "https")


@contextlib.contextmanager
def program(*command, **environment):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


class World:
    """Ports, files and programs around the server."""

    def __init__(self, folder):
        self.dns, self.names, self.ca, self.manage = (world.free_port() for _ in range(4))
        self.hooks = Path(tempfile.mkdtemp(prefix="kx-hooks-"))
        self.hooks.chmod(0o755)  # the server's user runs them
        self.authority = world.Authority(folder)
        self.folder = folder

    def name_server(self):
        return program("pebble-challtestsrv", "-dns01", f"127.0.0.1:{self.dns}", "-management", f"127.0.0.1:{self.names}",
                       "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "")

    def pebble(self, server, **more):
        certificate, key = self.authority.issue(CA)
        config = self.folder / "pebble.json"
        config.write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.ca}", "managementListenAddress": f"127.0.0.1:{self.manage}",
            "certificate": str(certificate), "privateKey": str(key), "httpPort": server.port("http"),
            "tlsPort": server.port("https"), "domainBlocklist": ["blocked.test"], **more}}))
        return program("pebble", "-config", str(config), "-dnsserver", f"127.0.0.1:{self.dns}", PEBBLE_VA_NOSLEEP="1",
                       PEBBLE_WFE_NONCEREJECT="15", PEBBLE_AUTHZREUSE="0")

    def root(self):
        """The file with the root certificate that Pebble made for itself."""
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        context.check_hostname = False
        with urllib.request.urlopen(f"https://127.0.0.1:{self.manage}/roots/0", context=context) as answer:
            path = self.folder / "root.pem"
            path.write_bytes(answer.read())
            return path

    def put_hook(self, name, call, *fields):
        body = ",".join(f'\\"{field}\\":\\"{value}\\"' for field, value in fields)
        path = self.hooks / name
        path.write_text(f'#!/bin/sh\nexec /usr/bin/curl -sf -d "{{{body}}}" http://127.0.0.1:{self.names}/{call}\n')
        path.chmod(0o755)


@pytest.fixture(scope="module")
def around(tmp_path_factory):
    around = World(tmp_path_factory.mktemp("acme"))
    with around.name_server():
        yield around
    shutil.rmtree(around.hooks)


@pytest.fixture(scope="module")
def server(keryx_binary, around):
    config = {"dns.servers": f"127.0.0.1@{around.dns}", "dns.dnssec": "off",
              "service.http.startup": "automatic", "service.https.startup": "automatic"}
    with pytest.MonkeyPatch.context() as patch, world.trust(around.authority):
        patch.setenv("KERYX_HOOKS", str(around.hooks))
        with kx.running_server(keryx_binary, users=["alice"], config=config) as running, around.pebble(running):
            kx.wait_until(lambda: answers(around.manage), what="Pebble")
            yield running


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def first_certificate(pem):
    return ssl.PEM_cert_to_DER_cert(pem.partition("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")


def ask_for(server, around, names, challenge="http-01", agree="yes"):
    server.cli("config", "set", "acme.certificates", names, "acme.challenge", challenge, "acme.agree-to-terms", agree,
               "acme.contact", "postmaster@example.test", "acme.directory", f"https://{CA}:{around.ca}/dir")


def row(server, name):
    rows = server.cli("cert", "acme", "status", as_json=True)["certificates"]
    return next(one for one in rows if one["name"] == name)


def wait_for(server, name):
    return kx.wait_until(lambda: (one := row(server, name))["state"] == "valid" and one, 60, f"the certificate {name}")


def wait_error(server, name):
    return kx.wait_until(lambda: row(server, name).get("error"), 60, f"an error about {name}")


@pytest.mark.covers("CERT-01", "CERT-04")
def test_all_services_get_a_certificate_by_http(server, around):
    held = server.imap("alice")
    ask_for(server, around, f"{server.hostname} imap.example.test", agree="no")
    assert "agree to its terms of service" in wait_error(server, f"acme-{server.hostname}")
    assert server.cli("cert", "acme", "status", as_json=True)["terms"].startswith("data:")
    server.cli("config", "set", "acme.agree-to-terms", "yes")
    wait_for(server, f"acme-{server.hostname}")
    new = kx.wait_until(lambda: (one := info(server, f"acme-{server.hostname}"))["active"] and one, what="its activation")
    assert set(new["names"]) == {server.hostname, "imap.example.test"} and "Pebble" in new["issuer"]
    root = around.root()
    for service in SERVICES:
        kx.wait_until(lambda service=service: served(server, service) == new["fingerprint"], 5, f"the new one at {service}")
        with verified(server, root, service):  # knows the root only: the chain is sent
            pass
    with server.smtp() as smtp:
        smtp.starttls(context=kx.tls_context())
        assert smtp.sock.getpeercert(True) == first_certificate(server.cli("cert", "export", new["name"]))
    assert held.noop()[0] == "OK"
    held.logout()
    assert re.search(r" server - Certificate 'acme-\S+' from the authority, valid until \d{4}-\d\d-\d\d, activated$",
                     server.log("config"), re.M), server.log("config")[-500:]


@pytest.mark.covers("HOST-16", "CERT-01")
def test_each_domain_has_its_own_and_clients_get_it_by_name(server, around):
    """TLS-ALPN-01 for another domain, while the first stays the active one."""
    ask_for(server, around, f"{server.hostname} imap.example.test,mail.other.test", "tls-alpn-01")
    wait_for(server, "acme-mail.other.test")
    other, active = info(server, "acme-mail.other.test"), info(server, f"acme-{server.hostname}")
    for service in SERVICES:
        kx.wait_until(lambda service=service: served(server, service, "mail.other.test") == other["fingerprint"], 5, service)
        assert served(server, service, server.hostname) == served(server, service) == active["fingerprint"]
    assert active["active"] and not other["active"]
    with verified(server, around.root(), name="mail.other.test"):
        pass


@pytest.mark.covers("HOST-16")
def test_a_wildcard_by_dns(server, around):
    around.put_hook("dns-add", "set-txt", ("host", "$1."), ("value", "$2"))
    around.put_hook("dns-remove", "clear-txt", ("host", "$1."))
    ask_for(server, around, "*.wild.test wild.test", "dns-01")
    wait_for(server, "acme-_.wild.test")
    wild = info(server, "acme-_.wild.test")["fingerprint"]
    for name in ("x.wild.test", "wild.test"):
        kx.wait_until(lambda name=name: served(server, name=name) == wild, 5, name)
    (around.hooks / "dns-add").write_text("#!/bin/sh\nexit 3\n")
    ask_for(server, around, "fails.wild.test", "dns-01")
    assert "dns-add ended with status 3" in wait_error(server, "acme-fails.wild.test")


def test_renewal_makes_a_new_certificate_for_the_same_key(server, around):
    ask_for(server, around, "again.test")
    wait_for(server, "acme-again.test")
    old, key = info(server, "acme-again.test"), server.cli("cert", "export", "acme-again.test", "--what", "key")
    done = server.cli("cert", "acme", "renew", "again.test", as_json=True)
    assert done[0]["state"] == "valid" and done[0]["renewal"] > 0
    assert info(server, "acme-again.test")["serial"] != old["serial"]
    assert server.cli("cert", "export", "acme-again.test", "--what", "key") == key
    assert served(server, name="again.test") != old["fingerprint"]
    assert server.run("cert", "acme", "renew", "nobody.test").returncode == 1


def test_what_goes_wrong_is_said(server, around):
    ask_for(server, around, "blocked.test,fine.test")
    why = wait_error(server, "acme-blocked.test")
    assert why.startswith("the authority answers 40") and "rejectedIdentifier" in why
    wait_for(server, "acme-fine.test")  # one does not hold up the others
    server.wait_log("warning", r"Certificate 'acme-blocked\.test' cannot be had from the authority: .*; tried again in 10 minutes$")
    shown = server.cli("cert", "acme", "status")
    assert "failed: the authority answers" in shown and "tried again at" in shown
    server.cli("service", "stop", "http")
    ask_for(server, around, "closed.test")
    assert "the service http, which the authority connects to, does not run" in wait_error(server, "acme-closed.test")
    server.cli("service", "start", "http")
    done = server.run("cert", "acme", "renew", "closed.test")
    assert done.returncode == 0, done.stderr
    server.cli("config", "set", "acme.directory", f"https://{CA}:{around.manage}/roots/0")
    done = server.run("cert", "acme", "renew")
    assert done.returncode == 1 and "not with a directory of ACME" in done.stderr
    for bad in ("a b..c", "*.*.test", "mail_x.test"):
        assert server.run("config", "set", "acme.certificates", bad).returncode == 1
    assert server.run("config", "set", "acme.directory", "http://ca.test/").returncode == 1
    server.cli("config", "set", "acme.certificates", "")


def test_its_commands_are_among_those_for_certificates(server):
    listed = server.run("cert", "--help").stdout
    assert "keryx cert acme status" in listed and "keryx cert list" in listed and "keryx user" not in listed


def test_nothing_else_is_at_the_port_of_http(server):
    with server.connect("http") as plain:
        plain.sendall(b"GET /.well-known/acme-challenge/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"
                      b"GET /api/v1/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := plain.recv(4096):
            answer += piece
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"404", b"404"]


def test_it_is_renewed_by_itself(keryx_binary, tmp_path):
    """Certificates of this authority live for 45 seconds: the one that is old enough when the server starts is replaced."""
    around = World(tmp_path)
    config = {"dns.servers": f"127.0.0.1@{around.dns}", "dns.dnssec": "off",
              "service.http.startup": "automatic", "service.https.startup": "automatic"}
    with around.name_server(), world.trust(around.authority), kx.running_server(keryx_binary, config=config) as server, \
            around.pebble(server, certificateValidityPeriod=45):
        kx.wait_until(lambda: answers(around.manage), what="Pebble")
        ask_for(server, around, "brief.test")
        due = wait_for(server, "acme-brief.test")["renewal"]
        old = info(server, "acme-brief.test")
        assert due - time.time() > 10
        server.restart()
        time.sleep(7)  # it has looked: 5 seconds after its start
        assert info(server, "acme-brief.test")["serial"] == old["serial"]
        time.sleep(max(due + 1 - time.time(), 0))
        server.restart()
        new = kx.wait_until(lambda: (one := info(server, "acme-brief.test"))["serial"] != old["serial"] and one, 30, "a new one")
        assert new["until"] > old["until"]
        kx.wait_until(lambda: served(server, name="brief.test") == new["fingerprint"], 5, "the new one to be served")
    shutil.rmtree(around.hooks)
