# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 on the administration's port: framing, limits and time, in bytes of our own."""

import contextlib
import http.client
import re
import ssl
import socket
import subprocess
import time

import pytest

import kx

GET = b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"


def answers(line):
    """All that comes until the server closes."""
    got = b""
    while True:
        try:
            piece = line.recv(65536)
        except (ConnectionResetError, ssl.SSLError):
            piece = b""
        if not piece:
            return got
        got += piece


def statuses(got):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) [A-Z]", got)]


def say(server, *pieces, close=True):
    """Sends the pieces and returns what comes until the server closes; our side is closed if `close`."""
    with server.connect("admin") as line:
        for piece in pieces:
            line.sendall(piece)
        if close:
            line.sendall(b"GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return answers(line)


def test_what_is_asked_is_answered_in_order(server):
    got = say(server, GET * 50)
    assert statuses(got) == [404] * 51
    assert b"Content-Type: application/problem+json\r\n" in got
    assert re.search(rb"\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", got)


def test_a_library_keeps_the_connection(server):
    client = http.client.HTTPSConnection("127.0.0.1", server.port("admin"), context=kx.tls_context(), timeout=30)
    client.request("GET", "/nothing")
    assert client.getresponse().read()
    before = client.sock
    client.request("HEAD", "/nothing")
    answer = client.getresponse()
    assert answer.status == 404 and int(answer.headers["Content-Length"]) > 0 and answer.read() == b""
    client.request("OPTIONS", "*")
    answer = client.getresponse()
    assert answer.status == 204 and "OPTIONS" in answer.headers["Allow"] and answer.read() == b""
    assert client.sock is before


def test_http_1_0(server):
    with server.connect("admin") as line:
        line.sendall(b"GET /nothing HTTP/1.0\r\n\r\n")
        got = answers(line)
    assert statuses(got) == [404] and b"\r\nConnection: close\r\n" in got


BAD = {
    "nonsense": (400, b"nonsense\r\n\r\n"),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "bare LF": (400, b"GET / HTTP/1.1\nHost: x\n\n"),
    "folded": (400, b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n"),
    "length and chunks": (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                               b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "two lengths": (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    "chunks": (400, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"),
    "long target": (414, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    "expectation": (417, b"GET / HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\n\r\n"),
    "long field": (431, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 50000 + b"\r\n\r\n"),
    "many fields": (431, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
    "tunnel": (501, b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"),
    "method": (501, b"BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    "coding": (501, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"),
    "version": (505, b"GET / HTTP/2.0\r\nHost: x\r\n\r\n"),
    "preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input(server, what):
    status, request = BAD[what]
    assert statuses(say(server, request, close=False)) == [status]
    assert statuses(say(server, GET)) == [404, 404]


def test_openssl_as_a_client(server):
    done = subprocess.run(["openssl", "s_client", "-quiet", "-ign_eof", "-connect",
                           f"127.0.0.1:{server.port('admin')}"],
                          input=b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30)
    assert statuses(done.stdout) == [404]


def test_there_is_nothing_without_tls(server):
    with socket.create_connection(("127.0.0.1", server.port("admin")), 30) as line:
        line.sendall(GET)
        assert statuses(answers(line)) == []


def test_a_request_that_trickles_in_is_given_up(fresh_server):
    server = fresh_server(config={"http.request-timeout": "5s"})
    got = b""
    with server.connect("admin", timeout=0.2) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        begin = time.monotonic()
        while not got and time.monotonic() < begin + 60:
            line.sendall(b"X")
            with contextlib.suppress(TimeoutError):
                got = line.recv(65536)
    assert statuses(got) == [408]


def test_an_idle_connection_is_closed_without_a_word(fresh_server):
    server = fresh_server(config={"http.idle-timeout": "1s"})
    assert statuses(say(server, GET, close=False)) == [404]


def test_a_thousand_idle_connections(server):
    edges = set(server.role_pids("edge"))
    before = sum(size for pid, size in server.memory_kb().items() if pid in edges)
    lines = [server.connect("admin") for _ in range(1000)]
    try:
        for line in lines[::100]:
            line.sendall(GET)
            assert line.recv(65536).startswith(b"HTTP/1.1 404 ")
        after = sum(size for pid, size in server.memory_kb().items() if pid in edges)
        assert (after - before) / len(lines) < 60, "KiB for an idle connection inside TLS"
    finally:
        for line in lines:
            line.close()


def test_a_request_outlives_the_core(server):
    with server.connect("admin") as line:
        line.sendall(GET)
        assert line.recv(65536).startswith(b"HTTP/1.1 404 ")
        gone = server.kill_role("core")
        server.wait_roles(gone)
        line.sendall(GET)
        assert line.recv(65536).startswith(b"HTTP/1.1 404 ")


@pytest.mark.covers("LOG-69")
def test_the_debug_log_shows_lines_but_no_secrets(server):
    server.cli("config", "set", "log.debug", "http-server")
    try:
        kx.wait_until(lambda: say(server, b"GET /shown HTTP/1.1\r\nHost: x\r\nCookie: a=hidden\r\n\r\n")
                      and "/shown" in server.log("debug"), what="a line")
    finally:
        server.cli("config", "set", "log.debug", "")
    assert re.search(r"\{http-server\} \[127\.0\.0\.1:\d+\] < GET /shown HTTP/1\.1$", server.log("debug"), re.M)
    assert re.search(r"> HTTP/1\.1 404 Not Found$", server.log("debug"), re.M)
    assert "hidden" not in server.log("debug")
