# SPDX-License-Identifier: Apache-2.0
"""The command line: setting up, running, stopping, and every topic, with and without a running server."""

import contextlib
import json
import os
import pty
import re
import select
import socket
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

import kx
from rawimap import RawImap

PASSWORD = "a long enough secret"


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="kx-cli-") as path:
        yield Path(path)


def keryx(binary, *arguments, stdin=None, env=None, timeout=60):
    return subprocess.run([str(binary), *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL if stdin is None else None, timeout=timeout, cwd="/",
                          env={**os.environ, **(env or {})})


def setup_arguments(data):
    return ("setup", "--data", data, "--domain", "company.test", "--hostname", "mail.company.test",
            "--admin-password", PASSWORD, "--port-offset", "20000")


# --- setting up


@pytest.mark.covers("INST-38", "CERT-04")
def test_setup_without_questions(keryx_binary, folder):
    data = folder / "data"
    done = keryx(keryx_binary, *setup_arguments(data))
    assert done.returncode == 0, done.stderr
    assert str(data) in done.stdout
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    owner = data.stat().st_uid
    assert owner != 0
    for path in data.rglob("*"):
        assert path.stat().st_uid == owner, path
        assert path.stat().st_mode & 0o077 == 0, path
    users = json.loads(keryx(keryx_binary, "user", "list", "--data", data, "--json").stdout)
    assert [(user["user"], user["addresses"]) for user in users] == [("admin@company.test", ["postmaster"])]
    again = keryx(keryx_binary, *setup_arguments(data))
    assert again.returncode == 1
    assert re.fullmatch(r"keryx: .* holds a server already; --replace .*\n", again.stderr)


def test_setup_needs_its_options_without_a_terminal(keryx_binary, folder):
    done = keryx(keryx_binary, "setup", "--data", folder / "data", "--domain", "company.test")
    assert done.returncode == 2
    assert "--hostname" in done.stderr and done.stderr.count("\n") == 1
    assert not (folder / "data").exists()
    empty = keryx(keryx_binary, *setup_arguments(folder / "data"), "--replace", "--admin-name", "a b")
    assert empty.returncode == 1
    assert not (folder / "data" / "server.db").exists()


def test_setup_refuses_an_empty_password_and_warns_of_a_weak_one(keryx_binary, folder):
    arguments = [PASSWORD if word == PASSWORD else word for word in setup_arguments(folder / "data")]
    place = arguments.index(PASSWORD)
    arguments[place] = ""
    done = keryx(keryx_binary, *arguments)
    assert done.returncode == 1 and "password" in done.stderr
    arguments[place] = "short"
    done = keryx(keryx_binary, *arguments)
    assert done.returncode == 0 and "warning: the password is shorter" in done.stderr


def talk(binary, arguments, answers):
    """Runs the command on a terminal; answers is a list of (what it asks, what we type)."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(str(binary), [str(binary), *map(str, arguments)])
    screen = b""
    for question, answer in answers:
        deadline = time.monotonic() + 20
        while question.encode() not in screen.split(b"\x00")[-1]:
            assert time.monotonic() < deadline, screen
            screen += os.read(terminal, 4096)
        screen += b"\x00"
        os.write(terminal, answer.encode() + b"\n")
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 4096):
            screen += chunk
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen.decode()


@pytest.mark.covers("INST-40", "INST-41", "INST-42", "INST-43")
def test_setup_asks_on_a_terminal(keryx_binary, folder):
    data = folder / "data"
    status, screen = talk(keryx_binary, ["setup", "--port-offset", "20000"], [
        ("Mail domain", "not a domain"), ("Mail domain", "Company.test"),
        ("host name of this server [mail.Company.test]", ""),
        ("Login name of the administrator [admin]", "boss"),
        ("Password", ""), ("Password", "short"), ("Password", PASSWORD), ("The same again", "something else"),
        ("Password", PASSWORD), ("The same again", PASSWORD),
        ("Directory for messages and configuration [/var/lib/keryx]", "relative"),
        ("Directory for messages and configuration", str(data)),
    ])
    assert status == 0, screen
    assert PASSWORD not in screen
    assert "may not be empty" in screen and "shorter than 12" in screen and "The two are different" in screen
    user = json.loads(keryx(keryx_binary, "user", "show", "boss", "--data", data, "--json").stdout)
    assert user["user"] == "boss@company.test"
    hostname = keryx(keryx_binary, "config", "get", "server.hostname", "--data", data).stdout
    assert hostname.strip().lower() == "mail.company.test"


def test_setup_gives_up_when_the_terminal_ends(keryx_binary, folder):
    status, screen = talk(keryx_binary, ["setup", "--data", folder / "data"], [("Mail domain", "\x04")])
    assert status == 1 and "nothing was set up" in screen


@pytest.mark.covers("INST-38")
def test_serve_says_when_it_was_never_set_up(keryx_binary, folder):
    for data in (folder, folder / "nothing"):
        done = keryx(keryx_binary, "serve", "--data", data)
        assert done.returncode == 1
        assert "keryx setup" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.covers("INST-39")
def test_setup_refuses_while_the_server_runs(server):
    done = server.run("setup", "--domain", "x.test", "--hostname", "x.test", "--admin-password", PASSWORD, "--replace")
    assert done.returncode == 1
    assert "stop it first" in done.stderr
    assert server.cli("domain", "show", server.domain)


@pytest.mark.covers("INST-39")
def test_setup_sets_the_old_configuration_aside(fresh_server):
    server = fresh_server(users=("alice",), start=False)
    server.cli("setup", "--domain", "new.test", "--hostname", "mail.new.test", "--admin-password", PASSWORD, "--replace",
               "--port-offset", server.offset)
    assert [row["domain"] for row in server.cli("domain", "list", as_json=True)] == ["new.test"]
    backup, = server.data.glob("backup-*")
    assert (backup / "server.db").exists() and (backup / "sslcert" / "server.key").exists()


# --- running


@pytest.mark.covers("SVC-02")
def test_status_shows_what_runs(server):
    status = server.status()
    assert status["running"] and status["hostname"] == server.hostname
    assert [row["role"] for row in status["roles"]][:3] == ["keeper", "core", "courier"]
    assert status["roles"][0]["pid"] == server.process.pid
    assert all(row["state"] == "running" for row in status["roles"])
    rows = {row["service"]: row for row in status["services"]}
    for name in ("smtp", "smtps", "submission", "imap", "imaps", "pop3", "pop3s", "admin"):
        assert rows[name]["status"] == "running"
        assert rows[name]["startup"] == "automatic" and rows[name]["access"] == ""
        assert rows[name]["listen"] == f"*:{server.port(name)}"
    text = server.cli("status")
    assert "Secure IMAP" in text and "keeper" in text


def test_status_and_stop_of_a_stopped_server(fresh_server):
    server = fresh_server(start=False)
    done = server.run("status", "--json")
    assert done.returncode == 1 and json.loads(done.stdout) == {"running": False}
    assert "keryx serve" in done.stderr
    done = server.run("stop")
    assert done.returncode == 1 and "no server is running" in done.stderr


def test_stop_ends_the_server(fresh_server):
    server = fresh_server()
    pids = server.pids()
    out = server.cli("stop")
    assert out.startswith(f"Stopping the server (process {server.process.pid})") and out.endswith("Stopped.\n")
    assert server.process.wait(10) == 0
    server.process = None
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert server.run("status").returncode == 1


def test_a_second_server_is_refused(server):
    done = keryx(server.binary, "serve", "--data", server.data)
    assert done.returncode == 1
    assert "running" in done.stderr


def test_commands_and_a_start_do_not_get_in_each_others_way(fresh_server):
    server = fresh_server(start=False)
    for _ in range(5):
        command = [server.binary, "user", "list", "--data", server.data]
        others = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(6)]
        server.start()
        assert [process.wait(30) for process in others] == [0] * 6
        server.stop()


# --- commands, live and at rest


@pytest.mark.parametrize("live", [True, False], ids=["running", "stopped"])
def test_commands_do_the_same_with_and_without_a_server(fresh_server, live):
    server = fresh_server(start=live)
    server.cli("domain", "add", "other.test", "--description", "Zweite Domäne", "--aliases", "alias.test")
    server.cli("user", "add", "wsmith@other.test", "--password", PASSWORD, "--name", "Winston Smith")
    server.cli("user", "set", "wsmith@other.test", "--addresses", "w.smith,info")
    wanted = {"user": "wsmith@other.test", "name": "Winston Smith", "disabled": False,
              "addresses": ["info", "w.smith"], "description": "", "public-folders": False, "archive-folders": False,
              "imap-full-listing": "", "quota": 0, "quota-items": 0}
    users = server.cli("user", "list", "other.test", as_json=True)
    assert len(users) == 1 and wanted.items() <= users[0].items()
    assert "Zweite Domäne" in server.cli("domain", "list")
    server.cli("ipgroup", "set", "local", "--entries", "127.0.0.1,10.0.0.0/8")
    assert server.cli("ipgroup", "show", "local", as_json=True)["entries"] == ["127.0.0.1", "10.0.0.0/8"]
    server.cli("config", "set", "smtp.max-recipients", 7)
    assert server.cli("config", "get", "smtp.max-recipients") == "7\n"
    done = server.run("domain", "remove", "other.test")
    assert done.returncode == 1 and done.stderr.startswith("keryx: ") and done.stderr.count("\n") == 1
    server.cli("user", "remove", "wsmith@other.test")
    server.cli("domain", "set", "other.test", "--aliases", "")
    server.cli("domain", "remove", "other.test")
    lines = server.log("config").splitlines()
    who = r"(root \(local\)|uid \d+ \(local\))"
    assert re.search(rf"\] {who} - insert User set Name='wsmith', Domain='other\.test', Password=xxxxxx, "
                     r"Full_name='Winston Smith'", "\n".join(lines))
    assert PASSWORD not in server.log("config")
    owner = server.data.stat().st_uid
    assert all(path.stat().st_uid == owner for path in server.data.rglob("*"))


def test_passwords_from_elsewhere(server, folder):
    secret = folder / "secret"
    secret.write_text(PASSWORD + "\nsecond line\n")
    server.cli("user", "add", "filed", "--password-file", secret)
    server.cli("user", "add", "piped", "--password", "-", stdin=PASSWORD + "\n")
    for name in ("filed", "piped"):
        server.imap(name, PASSWORD).logout()
    done = server.run("user", "add", "both", "--password", "x", "--password-file", secret)
    assert done.returncode == 1 and "either" in done.stderr
    done = server.run("user", "add", "gone", "--password-file", folder / "nothing")
    assert done.returncode == 1 and "No such file" in done.stderr


def test_the_data_directory_from_the_environment(server):
    done = keryx(server.binary, "domain", "list", "--json", env={"KERYX_DATA": str(server.data)})
    assert json.loads(done.stdout)[0]["domain"] == server.domain
    done = keryx(server.binary, "domain", "list", env={"KERYX_DATA": "/nowhere"})
    assert done.returncode == 1 and "/nowhere" in done.stderr


def test_a_long_path_to_the_data(fresh_server):
    server = fresh_server(start=False)
    deep = server.base / ("d" * 120)
    deep.mkdir()
    deep.chmod(0o755)
    server.data = server.data.rename(deep / "data")
    server.start()
    assert server.status()["running"]


@pytest.mark.parametrize("arguments, text", [
    ((), "say which command"),
    (("user",), "say which command"),
    (("usr", "list"), "did you mean keryx user?"),
    (("user", "lsit"), "did you mean keryx user list?"),
    (("user", "list", "--jason"), "did you mean --json?"),
    (("user", "add"), "too few words: keryx user add USER@DOMAIN"),
    (("user", "add", "x", "--nmae", "y"), "did you mean --name?"),
    (("log", "tail", "mail", "-n", "x"), "not a whole number"),
])
def test_usage_errors(keryx_binary, arguments, text):
    done = keryx(keryx_binary, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("keryx: ") and text in done.stderr and done.stderr.count("\n") == 1


def test_help_at_each_level(keryx_binary):
    top = keryx(keryx_binary, "--help")
    assert top.returncode == 0 and "keryx user add USER@DOMAIN" in top.stdout and top.stderr == ""
    topic = keryx(keryx_binary, "user", "--help")
    assert "keryx user list [DOMAIN]" in topic.stdout and "keryx domain" not in topic.stdout
    command = keryx(keryx_binary, "user", "add", "--help")
    assert "--password SECRET" in command.stdout and "--password-file FILE" in command.stdout
    assert keryx(keryx_binary, "help").stdout == top.stdout
    assert keryx(keryx_binary, "version").stdout.startswith("keryx ")
    assert keryx(keryx_binary, "--version").stdout.startswith("keryx ")


# --- services


@pytest.mark.covers("SVC-03", "SVC-06")
def test_a_service_stops_and_starts_by_itself(server):
    with server.connect("imaps") as open_one:
        assert open_one.recv(1000).startswith(b"* OK")
        server.cli("service", "stop", "imaps")
        kx.wait_until(lambda: refused(server, "imaps"), 5, "imaps refusing")
        open_one.sendall(b"a NOOP\r\n")
        assert open_one.recv(1000).startswith(b"a OK")
        with server.connect("imap") as other:
            assert other.recv(1000).startswith(b"* OK")
    rows = {row["service"]: row["status"] for row in server.cli("service", "list", as_json=True)}
    assert rows["imaps"] == "stopped" and rows["imap"] == "running"
    server.cli("service", "start", "imaps")
    kx.wait_until(lambda: not refused(server, "imaps"), 5, "imaps answering")
    server.cli("service", "restart", "imaps")
    kx.wait_until(lambda: not refused(server, "imaps"), 5, "imaps answering")
    assert server.run("service", "start", "imaps").returncode == 1
    assert re.search(r" - Service Secure IMAP stopped$", server.log("config"), re.M)


def refused(server, service):
    try:
        server.connect(service, timeout=5).close()
        return False
    except ConnectionRefusedError:
        return True


@pytest.mark.covers("SVC-20")
def test_a_manual_service_waits_for_the_administrator(fresh_server):
    server = fresh_server(config={"service.pop3.startup": "manual"})
    assert refused(server, "pop3") and not refused(server, "pop3s")
    server.cli("service", "start", "pop3")
    kx.wait_until(lambda: not refused(server, "pop3"), 5, "pop3 answering")
    server.restart()
    assert refused(server, "pop3")


@pytest.mark.covers("SVC-21")
def test_a_service_listens_where_it_is_told(server):
    extra = kx.STANDARD_PORTS["nntp"]
    server.cli("config", "set", "service.pop3.listen", f"127.0.0.1:110,[::1]:{extra}")
    kx.wait_until(lambda: not refused(server, "nntp") or has_port(server, "::1", extra), 5, "the second port")
    row = {row["service"]: row for row in server.cli("service", "list", as_json=True)}["pop3"]
    assert row["listen"] == f"127.0.0.1:{110 + server.offset}, ::1:{extra + server.offset}"
    server.cli("config", "unset", "service.pop3.listen")
    kx.wait_until(lambda: not has_port(server, "::1", extra), 5, "the second port closed")
    kx.wait_until(lambda: not refused(server, "pop3"), 5, "pop3 answering")


def has_port(server, address, port):
    try:
        socket.create_connection((address, port + server.offset), 5).close()
        return True
    except OSError:
        return False


@pytest.mark.covers("SVC-23")
def test_a_service_for_one_group_only(server):
    server.cli("ipgroup", "set", "elsewhere", "--entries", "192.0.2.0/24")
    server.cli("config", "set", "service.pop3.access-group", "elsewhere")
    kx.wait_until(lambda: greeting(server, "pop3") == b"", 5, "pop3 shut")
    server.cli("ipgroup", "set", "elsewhere", "--entries", "192.0.2.0/24,127.0.0.0/8")
    kx.wait_until(lambda: greeting(server, "pop3").startswith(b"+OK"), 5, "pop3 open")
    server.cli("config", "unset", "service.pop3.access-group")
    assert server.run("config", "set", "service.pop3.access-group", "nobody").returncode == 1


@pytest.mark.covers("SVC-24")
def test_a_service_has_so_many_connections(fresh_server):
    server = fresh_server(config={"service.imap.max-connections": 3})
    kept = [server.connect("imap") for _ in range(3)]
    assert all(one.recv(1000).startswith(b"* OK") for one in kept)
    assert not greeting(server, "imap").startswith(b"* OK")
    kept.pop().close()
    kx.wait_until(lambda: greeting(server, "imap").startswith(b"* OK"), 5, "a free place")
    for one in kept:
        one.close()


def greeting(server, service):
    """The first bytes of a new connection; empty when it is closed at once."""
    try:
        with server.connect(service, timeout=5) as one:
            return one.recv(200)
    except ConnectionResetError:
        return b""


# --- mailboxes


def test_what_a_mailbox_holds(server):
    server.cli("user", "add", "holder", "--password", "a secret of mine")
    before = server.cli("user", "show", "holder", as_json=True)
    assert (before["items"], before["bytes"]) == (0, 0)
    assert not server.folder("holder").exists(), "looking made a mailbox"
    server.deliver("holder", "Subject: x\n\nx\n")
    server.wait_messages("holder", 1)
    size = sum(len(content) for content in server.eml_files("holder").values())
    after = server.cli("user", "show", "holder", as_json=True)
    assert (after["items"], after["bytes"]) == (1, size)
    shown = server.cli("user", "show", "holder")
    assert re.search(rf"^Bytes: +{size}$", shown, re.M) and re.search(r"^Items: +1$", shown, re.M)


# --- logs


@pytest.mark.covers("LOG-20")
def test_logs(server):
    server.deliver("alice", "Subject: x\n\nx\n")
    server.wait_log("mail", "Recipient-Report|Recv|Delivered|alice")
    tail = server.cli("log", "tail", "mail", "-n", 1, as_json=True)
    assert len(tail["lines"]) == 1
    assert "alice" in server.cli("log", "search", "mail", "ALICE")
    assert server.cli("log", "search", "mail", "ALICE", "--match-case") == ""
    assert "alice" in server.cli("log", "tail", "mail", "--since", time.strftime("%Y-%m-%d"))
    assert server.cli("log", "tail", "mail", "--since", "2999-12-31 23:59") == ""
    server.cli("log", "clear", "mail")
    assert server.log("mail") == ""
    assert re.search(r" - Mail log cleared$", server.log("config"), re.M)
    assert server.cli("log", "tail", "mail") == ""
    titles = [row["title"] for row in server.cli("log", "list", as_json=True)]
    assert titles == ["Config", "Mail", "Security", "Warning", "Operations", "Error", "Spam", "Debug"]


def test_following_a_log(server):
    command = [server.binary, "log", "tail", "mail", "-n", "0", "--follow", "--data", server.data]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:

        def followed():
            """Mail comes until the follower, which takes its time to start, has something to show."""
            server.deliver("bob", "Subject: followed\n\nx\n")
            return select.select([process.stdout], [], [], 1)[0]

        try:
            kx.wait_until(followed, 60, "a followed line")
            line = process.stdout.readline()
            assert "bob" in line or "Recv" in line
        finally:
            process.terminate()


@pytest.mark.covers("LOG-65")
def test_debug_topics_switch_live(server):
    assert server.cli("log", "debug", "list", as_json=True)[0]["on"] is False
    server.cli("log", "debug", "on", "pop3-server")
    server.pop3("alice").quit()
    server.wait_log("debug", r"\{pop3-server\}")
    server.cli("log", "debug", "off", "all")
    before = server.log("debug").count("{pop3-server}")
    server.pop3("alice").quit()
    time.sleep(0.5)
    assert server.log("debug").count("{pop3-server}") == before
    done = server.run("log", "debug", "on", "nonsense")
    assert done.returncode == 1 and "log debug list" in done.stderr


# --- queue and store


@pytest.mark.covers("SMTP-35")
def test_the_queue(server):
    with server.smtp("alice") as client:
        client.sendmail(server.address("alice"), ["friend@elsewhere.test"], b"Subject: away\r\n\r\nx\r\n")
    row, = server.cli("queue", "list", as_json=True)
    assert row["sender"] == server.address("alice") and row["recipients"] == ["friend@elsewhere.test"]
    shown = server.cli("queue", "show", row["id"], as_json=True)
    assert shown["recipients"][0]["address"] == "friend@elsewhere.test" and shown["tls"] is True
    assert "friend@elsewhere.test" in server.cli("queue", "list")
    server.cli("queue", "remove", row["id"])
    assert server.cli("queue", "list", as_json=True) == []
    done = server.run("queue", "show", row["id"])
    assert done.returncode == 1 and row["id"] in done.stderr


@pytest.mark.parametrize("live", [True, False], ids=["running", "stopped"])
def test_reindex_and_check(fresh_server, live):
    server = fresh_server(users=("alice",))
    for i in range(3):
        server.deliver("alice", f"Subject: {i}\n\nx\n")
    server.wait_messages("alice", 3)
    if not live:
        server.stop()
    alice = server.address("alice")
    assert server.cli("reindex", alice, "--check") == ""
    (server.folder("alice") / "#msgs" / "00000002.eml").unlink()
    done = server.run("reindex", alice, "--check")
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 1 and alice in done.stdout
    done = server.run("store", "check", "--json")
    assert done.returncode == 1
    assert [row["user"] for row in json.loads(done.stdout)] == [alice]
    assert "2 items" in server.cli("reindex", alice)
    assert server.run("reindex", alice, "--check").returncode == 0
    assert "0 with differences" in server.cli("store", "check")
    done = server.run("reindex", "nobody@nowhere.test")
    assert done.returncode == 1


@pytest.mark.parametrize("live", [True, False], ids=["running", "stopped"])
def test_reindex_reaches_every_kind_of_account(fresh_server, live):
    server = fresh_server(users=("index.html",))
    odd, public = server.address("index.html"), f"#public@{kx.DOMAIN}"
    with RawImap(server, "index.html") as user:
        user.append("INBOX", b"Subject: x\r\n\r\nx\r\n")
    with RawImap(server, "admin", kx.ADMIN_PASSWORD) as admin:
        for place in ("#public/News", "#archive/2026"):
            admin.ok(f"CREATE {place}")
            admin.append(place, b"Subject: x\r\n\r\nx\r\n")
    if not live:
        server.stop()
    assert "0 with differences" in server.cli("store", "check")
    mail = server.data / "store" / "mail" / kx.DOMAIN
    (mail / "#public" / "News" / "#msgs" / "00000001.eml").unlink()
    (server.data / "store" / "archive" / "2026" / "#msgs" / "00000001.eml").unlink()
    (mail / "%69ndex.html" / "INBOX" / "#msgs" / "00000001.eml").unlink()
    done = server.run("store", "check", "--json")
    assert done.returncode == 1
    assert [row["user"] for row in json.loads(done.stdout)] == ["#archive", public, odd]
    for name in ("#archive", public, odd):
        assert "0 items" in server.cli("reindex", name)
    assert "0 with differences" in server.cli("store", "check")
    for name in ("#public@nowhere.test", "#public", "#nothing", "#"):
        assert server.run("reindex", name).returncode == 1


def test_search_status_knows_every_account_with_an_index(fresh_server):
    server = fresh_server(users=("index.html",))
    with RawImap(server, "admin", kx.ADMIN_PASSWORD) as admin:
        admin.ok("CREATE #public/News")
        admin.append("#public/News", b"Subject: x\r\n\r\nx\r\n")
    server.deliver("index.html", "Subject: x\n\nx\n")
    names = {server.address("index.html"), f"#public@{kx.DOMAIN}"}

    def indexed():
        return {row["user"]: row["indexed"] for row in server.cli("search", "status", as_json=True)
                if row["user"] in names}

    kx.wait_until(lambda: indexed() == dict.fromkeys(names, 1), what="both to be indexed")
    for name in names:
        assert server.cli("search", "status", name, as_json=True)["items"] == 1


@pytest.mark.covers("USR-42")
def test_removing_a_user_keeps_or_deletes_the_mail(fresh_server):
    server = fresh_server(users=("kept", "lost"))
    for name in ("kept", "lost"):
        server.deliver(name, "Subject: x\n\nx\n")
        server.wait_messages(name, 1)
    server.restart()
    server.cli("user", "remove", server.address("kept"))
    server.cli("user", "remove", server.address("lost"), "--delete-mail")
    assert len(server.eml_files("kept")) == 1
    assert not server.folder("lost").parent.exists()


# --- a core that is restarted


def test_commands_wait_for_a_core_that_is_restarted(fresh_server):
    server = fresh_server(users=("alice",))
    for _ in range(3):
        server.kill_role("core")
        assert len(server.cli("user", "list", as_json=True)) == 2
    server.wait_roles()
