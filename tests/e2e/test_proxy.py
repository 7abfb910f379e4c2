# SPDX-License-Identifier: Apache-2.0
"""Behind HAProxy: the client's address is known, and nobody else can claim one."""

import contextlib
import socket
import subprocess

import pytest

import kx

CLIENT = "127.0.0.77"
CONFIG = """
global
  maxconn 100
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
{listeners}
"""
LISTENER = """
listen {name}
  bind 127.0.0.1:{port}
  server keryx 127.0.0.1:{target} {version} source 127.0.0.66
"""


@pytest.fixture(scope="module")
def proxied(keryx_binary, tmp_path_factory):
    """A server whose proxies come from 127.0.0.66, and the ports of one that speaks each version."""
    folder = tmp_path_factory.mktemp("haproxy")
    with kx.running_server(keryx_binary, users=("alice",)) as server:
        server.cli("ipgroup", "set", "Proxies", "--entries", "127.0.0.66")
        server.configure({"server.proxy-group": "Proxies"})
        ports, listeners = {}, ""
        for service in ("imap", "imaps", "smtp", "pop3"):
            for version in ("send-proxy", "send-proxy-v2"):
                with socket.create_server(("127.0.0.1", 0)) as free:
                    ports[service, version] = free.getsockname()[1]
                listeners += LISTENER.format(name=f"{service}-{version}", port=ports[service, version],
                                             target=server.port(service), version=version)
        (folder / "haproxy.cfg").write_text(CONFIG.format(listeners=listeners))
        proxy = subprocess.Popen(["/usr/sbin/haproxy", "-db", "-f", str(folder / "haproxy.cfg")])
        try:
            for port in ports.values():
                kx.wait_until(lambda port=port: not closed(port), 10, "haproxy")
            yield server, ports
        finally:
            proxy.terminate()
            proxy.wait(10)


def closed(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def talk(port, lines, source=CLIENT, secure=False):
    """What a server answers to each line."""
    raw = socket.create_connection(("127.0.0.1", port), 30, (source, 0))
    with contextlib.closing(kx.tls_context().wrap_socket(raw) if secure else raw) as client:
        file = client.makefile("rb")
        answers = [file.readline()]
        for line in lines:
            client.sendall(line.encode() + b"\r\n")
            answers.append(file.readline())
        return answers


@pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2"])
def test_the_address_of_the_client_counts(proxied, version):
    server, ports = proxied
    answers = talk(ports["imap", version], ["a LOGIN alice wrong"])
    assert answers[0].startswith(b"* OK") and answers[1].startswith(b"a NO")
    server.wait_log("security", f"Failed IMAP login from {CLIENT},")
    secure = talk(ports["imaps", version], [f"a LOGIN alice \"{kx.password_of('alice')}\""], "127.0.0.78", True)
    assert secure[1].startswith(b"a OK")
    kx.wait_until(lambda: server.cli("user", "stats", server.address("alice"), as_json=True)[0]["address"] ==
                  "127.0.0.78", 10, "the sign-in")
    talk(ports["smtp", version], ["HELO x", "MAIL FROM:<a@elsewhere.test>", "RCPT TO:<b@elsewhere.test>"])
    server.wait_log("security", f"Relay attempt from IP address {CLIENT},")


def test_access_is_by_the_address_of_the_client(proxied):
    server, ports = proxied
    server.cli("ipgroup", "set", "Inside", "--entries", "127.0.0.78")
    server.configure({"service.pop3.access-group": "Inside"})
    try:
        kx.wait_until(lambda: talk(ports["pop3", "send-proxy"], []) == [b""], 10, "the setting")
        assert talk(ports["pop3", "send-proxy-v2"], [], "127.0.0.78")[0].startswith(b"+OK")
        server.wait_log("security", f"POP3 connection from {CLIENT} refused: the address is not in the group")
    finally:
        server.configure({"service.pop3.access-group": ""})


def test_a_proxy_must_say_so_and_nobody_else_may(proxied):
    server, _ = proxied
    port = server.port("imap")
    with socket.create_connection(("127.0.0.1", port), 30, ("127.0.0.66", 0)) as proxy:
        proxy.sendall(b"a CAPABILITY\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert proxy.recv(100) == b""
    server.wait_log("security", "IMAP connection from 127.0.0.66 ended: the proxy does not say for whom it connects")
    answers = talk(port, ["PROXY TCP4 192.0.2.1 192.0.2.2 1 2"], "127.0.0.79")
    assert answers[0].startswith(b"* OK") and b"BAD" in answers[1]


def test_the_header_may_come_in_pieces_with_tls_behind_it(proxied):
    server, _ = proxied
    with socket.create_connection(("127.0.0.1", server.port("imaps")), 30, ("127.0.0.66", 0)) as proxy:
        for byte in b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 993\r":
            proxy.sendall(bytes([byte]))
        proxy.sendall(b"\n")
        with kx.tls_context().wrap_socket(proxy) as client:
            assert client.makefile("rb").readline().startswith(b"* OK")
            client.sendall(b"a LOGIN alice wrong\r\n")
            server.wait_log("security", "Failed IMAP login from 192.0.2.1,")
