# SPDX-License-Identifier: Apache-2.0
"""Services: started, stopped, moved, limited, while the server runs."""

import contextlib
import json
import socket
import threading

import pytest

import kx
from test_roles import Line, imap_line


def refused(server, service, port=None):
    try:
        socket.create_connection(("127.0.0.1", port or server.port(service)), 5).close()
        return False
    except ConnectionRefusedError:
        return True


def greets(server, service, port=None):
    """The server says something on this port."""
    with contextlib.suppress(ConnectionError, OSError):
        with socket.create_connection(("127.0.0.1", port or server.port(service)), 5) as client:
            client.settimeout(5)
            return len(client.recv(1)) == 1
    return False


def row(server, service):
    return next(row for row in server.cli("service", "list", as_json=True) if row["service"] == service)


@pytest.fixture
def restored(server):
    """Puts back the settings of the service that a test changes."""
    names = []

    def change(service, **settings):
        for name, value in settings.items():
            full = f"service.{service}.{name.replace('_', '-')}"
            if full not in [known for known, _ in names]:
                names.append((full, server.cli("config", "get", full).strip()))
            server.cli("config", "set", full, value)

    yield change
    for name, value in reversed(names):
        server.cli("config", "set", name, value)


# --- the table

@pytest.mark.covers("SVC-01", "SVC-06")
def test_all_services_are_listed_with_their_ports(server):
    table = {row["service"]: row for row in server.cli("service", "list", as_json=True)}
    wanted = {"smtp": 25, "smtps": 465, "submission": 587, "imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995,
              "http": 80, "https": 443, "admin": 4040}
    assert set(table) == set(wanted)
    for service, port in wanted.items():
        assert table[service]["listen"] == f"*:{port + server.offset}"
        assert kx.STANDARD_PORTS[service] == port


@pytest.mark.covers("SVC-02")
def test_table_columns(server, restored):
    restored("pop3", startup="manual", access_group="Local clients")
    columns = row(server, "pop3")
    assert columns["title"] == "POP3"
    assert columns["status"] == "running"
    assert columns["startup"] == "manual"
    assert columns["access"] == "Local clients"
    assert columns["listen"] == f"*:{server.port('pop3')}"
    assert row(server, "imap")["access"] == ""
    text = server.cli("service", "list")
    for word in ("Secure POP3", "running", "automatic", f"*:{server.port('imaps')}", "Local clients"):
        assert word in text


# --- buttons

@pytest.mark.covers("SVC-03", "SVC-06")
def test_stop_start_restart(server):
    held = imap_line(server, "alice")
    server.cli("service", "stop", "imaps")
    kx.wait_until(lambda: refused(server, "imaps"), what="imaps is closed")
    assert row(server, "imaps")["status"] == "stopped"
    assert row(server, "imap")["status"] == "running"
    assert greets(server, "imap") and greets(server, "smtp")
    held.say("n NOOP", "n OK")  # sessions that are open go on
    server.cli("service", "start", "imaps")
    kx.wait_until(lambda: row(server, "imaps")["status"] == "running", what="imaps runs")
    imap_line(server, "alice").close()
    for _ in range(10):  # the port is free again at once
        server.cli("service", "restart", "imaps")
        kx.wait_until(lambda: row(server, "imaps")["status"] == "running", what="imaps runs")
        assert row(server, "imaps")["error"] is None
    imap_line(server, "alice").close()
    held.say("n NOOP", "n OK")
    held.close()


@pytest.mark.covers("SVC-03")
def test_only_what_makes_sense(server):
    done = server.run("service", "start", "imaps")
    assert done.returncode == 1 and "running already" in done.stderr
    done = server.run("service", "start", "gopher")
    assert done.returncode == 1 and "gopher" in done.stderr
    assert server.log("error").count("cannot be started") == 0


def test_stopped_stays_stopped_when_the_core_dies(server):
    server.cli("service", "stop", "pop3")
    gone = server.kill_role("core")
    server.wait_roles(gone=gone)
    kx.wait_until(lambda: row(server, "smtp")["status"] == "running", what="services are back")
    assert row(server, "pop3")["status"] == "stopped"
    assert refused(server, "pop3")
    server.cli("service", "start", "pop3")
    kx.wait_until(lambda: greets(server, "pop3"), what="pop3 runs")


@pytest.mark.covers("SVC-20")
def test_manual_startup(fresh_server):
    server = fresh_server(config={"service.pop3.startup": "manual"})
    assert refused(server, "pop3") and greets(server, "imap")
    assert row(server, "pop3")["status"] == "stopped"
    server.cli("service", "start", "pop3")
    kx.wait_until(lambda: greets(server, "pop3"), what="pop3 runs")
    gone = server.kill_role("core")
    server.wait_roles(gone=gone)
    kx.wait_until(lambda: greets(server, "pop3"), what="pop3 runs after the death of the core")
    server.restart()
    assert refused(server, "pop3")


# --- addresses

@pytest.mark.covers("SVC-21")
def test_listen_addresses_change_live(server, restored):
    first, second = 45000 + server.offset % 1000, 46000 + server.offset % 1000
    held = imap_line(server, "alice")
    restored("imap", listen=f"127.0.0.1:{first - server.offset},[::1]:{second - server.offset}")
    kx.wait_until(lambda: greets(server, "imap", first), what="the new port answers")
    kx.wait_until(lambda: refused(server, "imap"), what="the old port is closed")
    assert f"127.0.0.1:{first}" in row(server, "imap")["listen"]
    with socket.socket(socket.AF_INET6) as client:
        client.settimeout(5)
        client.connect(("::1", second))
        assert client.recv(4) == b"* OK"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", first), 5)
    held.say("n NOOP", "n OK")
    held.close()


@pytest.mark.covers("SVC-21")
def test_an_address_that_stays_is_not_interrupted(server, restored):
    """Clients connect without a pause while further addresses come and go."""
    failures, stop = [], threading.Event()

    def hammer():
        while not stop.is_set():
            if not greets(server, "imap"):
                failures.append(1)

    thread = threading.Thread(target=hammer)
    thread.start()
    for number in range(6):
        extra = f",127.0.0.1:{17000 + number}" if number % 2 == 0 else ""
        restored("imap", listen=f"*:143{extra}")
        kx.wait_until(lambda: row(server, "imap")["status"] == "running", what="imap runs")
    stop.set()
    thread.join()
    assert not failures


def test_bad_addresses_are_refused(server):
    for value in ("143", "*:0", "*:65536", "nonsense:143", "::1:143", "*:143,*:143x"):
        assert server.run("config", "set", "service.imap.listen", value).returncode == 1, value


@pytest.mark.covers("SVC-21")
def test_two_services_swap_their_ports(server, restored, tmp_path):
    restored("imap", listen="*:143")
    restored("pop3", listen="*:110")
    change = tmp_path / "change"
    change.write_text(json.dumps({"settings": {"service.imap.listen": "*:110", "service.pop3.listen": "*:143"}}))
    server.cli("config", "apply", change)
    kx.wait_until(lambda: greets(server, "imap") and greets(server, "pop3"), what="both answer")
    with server.connect("pop3") as client:
        assert client.recv(4) == b"* OK"
    assert row(server, "imap")["error"] is None and row(server, "pop3")["error"] is None


@pytest.mark.covers("SVC-22")
def test_an_address_that_is_not_there_yet(server, restored):
    restored("pop3", listen="192.0.2.77:110,127.0.0.1:110")
    kx.wait_until(lambda: greets(server, "pop3"), what="pop3 answers")
    columns = row(server, "pop3")
    assert columns["status"] == "running" and "192.0.2.77" in columns["listen"]


@pytest.mark.covers("LOG-59")
def test_a_port_conflict(fresh_server):
    """One service cannot have its port: an Error line, an error in the table, and all others run."""
    server = fresh_server(start=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", server.port("imap")))
        other.listen()
        server.start()
        columns = row(server, "imap")
        assert columns["status"] == "stopped" and "in use" in columns["error"]
        assert str(server.port("imap")) in columns["error"]
        server.wait_log("error", rf"Service IMAP cannot be started on \*:{server.port('imap')}: .*in use")
        for service in ("smtp", "submission", "pop3"):
            assert greets(server, service)
        assert row(server, "imaps")["error"] is None
    server.cli("service", "start", "imap")
    kx.wait_until(lambda: greets(server, "imap"), what="imap runs")
    assert row(server, "imap")["error"] is None


# --- access

@pytest.mark.covers("SVC-23", "SVC-05")
def test_access_groups(server, restored):
    group = "Branch offices"
    server.cli("ipgroup", "set", group, "--entries", "192.0.2.0/24,2001:db8::/32")
    held = imap_line(server, "alice")
    restored("imap", access_group=group)
    kx.wait_until(lambda: not greets(server, "imap"), what="the loopback is refused")
    assert greets(server, "pop3")
    server.wait_log("security", r"IMAP connection from 127\.0\.0\.1 refused")
    server.cli("ipgroup", "set", group, "--entries", "192.0.2.0/24,127.0.0.0/255.0.0.0")
    kx.wait_until(lambda: greets(server, "imap"), what="the group's new member is let in")
    server.cli("ipgroup", "set", group, "--entries", "127.0.0.2-127.255.255.255")
    kx.wait_until(lambda: not greets(server, "imap"), what="the range leaves 127.0.0.1 out")
    restored("imap", access_group="")
    kx.wait_until(lambda: greets(server, "imap"), what="all are let in")
    held.say("n NOOP", "n OK")
    held.close()


@pytest.mark.covers("SVC-23")
def test_a_restarted_edge_knows_the_group_before_it_accepts(fresh_server):
    server = fresh_server()
    server.cli("ipgroup", "set", "Far away", "--entries", "192.0.2.1")
    server.cli("config", "set", "service.imap.access-group", "Far away")
    kx.wait_until(lambda: not greets(server, "imap"), what="the loopback is refused")
    for _ in range(5):
        gone = server.kill_role("edge")
        assert not any(greets(server, "imap") for _ in range(20))
        server.wait_roles(gone=gone)


@pytest.mark.covers("SVC-24")
def test_connection_limits(server, restored):
    restored("pop3", max_connections=5)
    open_clients = []
    for _ in range(5):
        client = Line(server, "pop3")
        assert client.read().startswith(b"+OK")
        open_clients.append(client)
    for _ in range(10):
        assert not greets(server, "pop3")
    server.wait_log("security", r"POP3 connection from 127\.0\.0\.1 refused: too many connections")
    assert row(server, "pop3")["connections"] == 5
    assert greets(server, "imap")
    open_clients.pop().close()
    kx.wait_until(lambda: greets(server, "pop3"), what="one may come when one has gone")
    kx.wait_until(lambda: row(server, "pop3")["connections"] == 4, what="four are left")
    for client in open_clients:
        assert client.say("NOOP", "-ERR") or True
        client.close()


def test_a_flood_of_refused_clients_is_not_a_flood_of_lines(server, restored):
    server.cli("ipgroup", "set", "Far away", "--entries", "192.0.2.1")
    restored("pop3s", access_group="Far away")
    kx.wait_until(lambda: not greets(server, "pop3s"), what="refused")
    for _ in range(400):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", server.port("pop3s")), 5).close()
    assert server.log("security").count("Secure POP3 connection from") < 300
