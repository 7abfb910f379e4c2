# SPDX-License-Identifier: Apache-2.0
"""Passwords that this machine's PAM checks, through the helper that runs as root."""

import concurrent.futures
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

import kx
import pamhost
from adminapi import Api
from saslclient import plain, sasl_client

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="changes users of the system")

PASSWORD = pamhost.PASSWORD


@contextlib.contextmanager
def server_at(host, binary, service, helper=True, users=("alice",), config=None):
    where = {"KERYX_PAM_SOCKET": str(host.socket)}
    with kx.running_server(binary, users=users, config=config, environment=where) as server:
        server.cli("domain", "set", kx.DOMAIN, "--pam-service", service)
        if helper:
            host.start(binary, server.data)
        try:
            yield server
        finally:
            host.stop()


class Running:
    """A server, the machine's PAM beside it, and users of both."""

    def __init__(self, host, server):
        self.host, self.server = host, server

    def add_user(self, what, *options):
        name = self.host.add_user(what, *options)
        self.take(name)
        return name

    def take(self, name):
        self.server.cli("user", "add", name, "--authentication", "pam")

    @contextlib.contextmanager
    def service(self, text):
        """Another service of the domain for a while."""
        before = self.server.cli("domain", "show", kx.DOMAIN, as_json=True)["pam-service"]
        name = self.host.add_service(text)
        self.server.cli("domain", "set", kx.DOMAIN, "--pam-service", name)
        yield name
        self.server.cli("domain", "set", kx.DOMAIN, "--pam-service", before)


@pytest.fixture(scope="module")
def running(keryx_binary):
    with pamhost.new_host() as host, server_at(host, keryx_binary, host.add_service()) as server:
        yield Running(host, server)


@pytest.fixture(scope="module")
def someone(running):
    return running.add_user("someone")


def accepts(server, name, password=PASSWORD, protocol="imap"):
    with sasl_client(server, protocol) as client:
        return client.accepts("PLAIN", plain(name, password))


def answer(server, name, password=PASSWORD):
    with sasl_client(server, "imap") as client:
        return client.auth("PLAIN", plain(name, password))


# ---- who gets in

@pytest.mark.covers("DOM-24", "DOM-23", "USR-14")
@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_pam_checks_the_password(running, someone, protocol):
    assert not accepts(running.server, someone, "wrong", protocol)
    assert accepts(running.server, someone, PASSWORD, protocol)
    assert accepts(running.server, f"{someone}@{kx.DOMAIN}", PASSWORD, protocol)


@pytest.mark.covers("DOM-23", "USR-14")
def test_each_user_has_his_own_way(running):
    """In one domain: a password here and one of the machine, and neither counts for the other."""
    name = running.add_user("both")
    running.server.cli("user", "set", name, "--password", "a local secret")
    assert not accepts(running.server, name, "a local secret")
    assert accepts(running.server, name)
    running.server.cli("user", "set", name, "--authentication", "password")
    assert accepts(running.server, name, "a local secret")
    assert not accepts(running.server, name)
    with running.server.imap("alice"):
        pass


def offered(server):
    with sasl_client(server, "imap") as client:
        return set(client.offered())


def test_methods_that_need_a_stored_password_are_not_offered(running, someone):
    kx.wait_until(lambda: not {"SCRAM-SHA-256", "CRAM-MD5"} & offered(running.server), what="the end of the offer")
    assert "PLAIN" in offered(running.server)


@pytest.mark.parametrize("change,reason", [
    (["usermod", "--expiredate", "1"], "the account has expired"),
    (["chage", "--lastday", "0"], "the password has expired"),
    (["usermod", "--lock"], "PAM does not take the password"),
])
def test_what_the_machine_says_of_the_account_counts(running, change, reason):
    name = running.add_user("former")
    running.host.change_user(*change, name)
    assert not accepts(running.server, name)
    running.server.wait_log("warning", rf"{name}.*{reason}|{reason}.*{name}")


def test_who_is_not_known_there(running):
    name = "kxt-is-not-there"
    running.take(name)
    assert not accepts(running.server, name)
    running.server.wait_log("warning", rf"{name}.*PAM (knows no such user|does not take)")


def test_it_is_remembered_for_a_moment_and_no_longer_than_the_account(running):
    name = running.add_user("brief")
    assert accepts(running.server, name)
    running.host.change_user("usermod", "--lock", name)
    assert accepts(running.server, name)  # within the minute
    running.server.cli("user", "set", name, "--disabled", "yes")
    assert not accepts(running.server, name)


def test_nobody_is_asked_about_the_superuser(running):
    """By whatever name, and with the right password."""
    other = running.add_user("toor", "--non-unique", "--uid", "0")
    running.take("root")
    assert not accepts(running.server, other)
    running.server.wait_log("warning", rf"{other}.*PAM is not asked")
    assert not accepts(running.server, "root", "guessed")
    done = running.server.run("pam", "test", kx.DOMAIN, other, "--password", "-", stdin=f"{PASSWORD}\n")
    assert done.returncode != 0 and "superuser" in done.stderr


def test_a_service_hears_where_a_client_is(running, someone):
    """PAM_RHOST, which pam_access and fail2ban need."""
    seen = running.host.base / "seen"
    script = running.host.base / "script"
    script.write_text(f'#!/bin/sh\necho "$PAM_USER $PAM_SERVICE $PAM_RHOST $PAM_TYPE" >> {seen}\n')
    script.chmod(0o755)
    with running.service(f"auth required pam_exec.so {script}\naccount required pam_exec.so {script}\n") as service:
        running.server.cli("user", "set", someone, "--description", "not remembered")
        assert accepts(running.server, someone, "anything")
    assert seen.read_text().splitlines() == [f"{someone} {service} 127.0.0.1 {kind}" for kind in ("auth", "account")]


def test_what_a_module_says_is_passed_on(running, someone):
    with running.service("auth optional pam_echo.so the cellar is closed\nauth required pam_deny.so\n"):
        done = running.server.run("pam", "test", kx.DOMAIN, someone, "--password", "-", stdin=f"{PASSWORD}\n")
        assert done.returncode != 0 and "the cellar is closed" in done.stderr


@pytest.mark.parametrize("name", ["../shadow", ".hidden", "a/b", "a b", "x" * 65])
def test_bad_names_of_services(running, name):
    done = running.server.run("domain", "set", kx.DOMAIN, "--pam-service", name)
    assert done.returncode != 0 and "PAM service" in done.stderr


# ---- what can be looked at

@pytest.mark.covers("DOM-24")
def test_it_can_be_tried(running, someone):
    found = running.server.cli("pam", "test", kx.DOMAIN, someone, "--password", "-", stdin=f"{PASSWORD}\n", as_json=True)
    assert found["service"].startswith("keryx-test-") and "right" in found["text"]
    done = running.server.run("pam", "test", kx.DOMAIN, someone, "--password", "-", stdin="wrong\n")
    assert done.returncode != 0 and "Authentication failure" in done.stderr


def test_a_service_that_takes_anything_is_found_out(running, someone):
    with running.service("auth sufficient pam_rootok.so\naccount required pam_permit.so\n"):
        done = running.server.run("pam", "test", kx.DOMAIN, someone, "--password", "-", stdin=f"{PASSWORD}\n")
        assert done.returncode != 0 and "any password" in done.stderr


def test_a_service_that_is_not_there(running, someone):
    """PAM itself would take that of "other"."""
    before = running.server.cli("domain", "show", kx.DOMAIN, as_json=True)["pam-service"]
    running.server.cli("user", "set", someone, "--description", "asked again")
    running.server.cli("domain", "set", kx.DOMAIN, "--pam-service", "")
    assert not os.path.exists("/etc/pam.d/keryx")
    assert b"UNAVAILABLE" in answer(running.server, someone)
    running.server.wait_log("error", r"Passwords cannot be checked with the PAM service keryx: there is no /etc/pam\.d/keryx")
    running.server.cli("domain", "set", kx.DOMAIN, "--pam-service", before)
    assert accepts(running.server, someone)


# ---- what becomes of the helper

def test_it_is_not_there(keryx_binary):
    """That is nobody's fault, and no hindrance for those whose password is kept here."""
    with pamhost.new_host() as host:
        name = host.add_user("early")
        with server_at(host, keryx_binary, host.add_service(), helper=False, config={"auth.lockout-failures": "3"}) as server:
            server.cli("user", "add", name, "--authentication", "pam")
            for _ in range(4):
                assert b"UNAVAILABLE" in answer(server, name)
            server.wait_log("error", r"nobody listens at .*pam\.sock: start the helper \(systemctl enable --now keryx-pam\.socket")
            assert len(re.findall("cannot be checked", server.log("error"))) == 1
            with server.imap("alice"):
                pass
            host.start(keryx_binary, server.data)
            assert accepts(server, name)
            assert host.stop() == 0
            server.cli("user", "set", name, "--description", "not remembered")
            assert b"UNAVAILABLE" in answer(server, name)


def test_it_is_killed_while_it_is_asked(keryx_binary):
    with pamhost.new_host() as host:
        name = host.add_user("late")
        slow = host.add_service("auth required pam_exec.so /bin/sleep 20\n" + pamhost.UNIX)
        with server_at(host, keryx_binary, slow) as server, concurrent.futures.ThreadPoolExecutor() as pool:
            server.cli("user", "add", name, "--authentication", "pam")
            waiting = pool.submit(answer, server, name)
            kx.wait_until(lambda: len(kx.process_tree(host.process.pid)) > 2, what="a module at work")
            with server.imap("alice"):
                pass
            host.stop(signal.SIGKILL)
            assert b"UNAVAILABLE" in waiting.result(10)
            server.cli("domain", "set", kx.DOMAIN, "--pam-service", host.add_service())
            host.start(keryx_binary, server.data)  # what is left over of the first is in no way
            assert accepts(server, name)


def test_over_https_few_wait_and_keep_nobody_from_working(keryx_binary):
    """16 workers serve an edge; the modules take longer than anybody's patience."""
    with pamhost.new_host() as host:
        slow = host.add_service("auth required pam_exec.so /bin/sleep 5\nauth required pam_deny.so\n")
        with server_at(host, keryx_binary, slow) as server, concurrent.futures.ThreadPoolExecutor(40) as pool:
            server.cli("user", "add", "late", "--authentication", "pam")
            guess = {"user": f"late@{kx.DOMAIN}", "password": "a guess"}
            waiting = [pool.submit(Api(server).ask, "POST", "session", guess) for _ in range(40)]
            kx.wait_until(lambda: sum(one.done() for one in waiting) >= 36, 4, "most are put off")
            before = time.monotonic()
            with server.imap("alice"):
                pass
            assert time.monotonic() - before < 3
            assert sorted(one.result(30)[0] for one in waiting)[:4] == [401] * 4
            assert {one.result()[0] for one in waiting} == {401, 503}


def test_the_server_stops_while_it_is_asked(keryx_binary):
    with pamhost.new_host() as host:
        slow = host.add_service("auth required pam_exec.so /bin/sleep 20\n")
        with server_at(host, keryx_binary, slow) as server, concurrent.futures.ThreadPoolExecutor() as pool:
            server.cli("user", "add", "late", "--authentication", "pam")
            waiting = pool.submit(answer, server, "late")
            kx.wait_until(lambda: len(kx.process_tree(host.process.pid)) > 2, what="a module at work")
            before = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - before < 15
            waiting.result(10)


@pytest.mark.covers("DOM-24")
def test_hundreds_at_once(keryx_binary):
    names = [f"u{n}" for n in range(200)]
    with pamhost.new_host() as host:
        permit = host.add_service("auth required pam_permit.so\naccount required pam_permit.so\n")
        with server_at(host, keryx_binary, permit) as server, concurrent.futures.ThreadPoolExecutor(100) as pool:
            for name in names:
                server.cli("user", "add", name, "--authentication", "pam")
            for protocol in ("imap", "pop3"):
                assert all(pool.map(lambda name: accepts(server, name, f"{protocol} {name}", protocol), names))
            assert kx.process_tree(host.process.pid) == [host.process.pid]


def test_systemd_passes_the_socket(keryx_binary):
    with pamhost.new_host() as host:
        name = host.add_user("unit")
        with server_at(host, keryx_binary, host.add_service(), helper=False) as server:
            server.cli("user", "add", name, "--authentication", "pam")
            activate = ["systemd-socket-activate", "--seqpacket", f"--listen={host.socket}", str(keryx_binary), "pam",
                        "serve", "--data", str(server.data)]
            host.process = subprocess.Popen(activate, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=subprocess.DEVNULL, cwd="/")
            kx.wait_until(host.socket.exists, what="the socket")
            host.socket.chmod(0o666)
            kx.wait_until(lambda: accepts(server, name), 20, "the helper is started")
            assert host.stop() == 0


# ---- who may ask, and who is told

CONNECT = """
import os, socket, sys
path, uid, gid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.setgroups([]); os.setresgid(gid, gid, gid); os.setresuid(uid, uid, uid)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(3)
try:
    s.connect(path)
    print("closed" if s.recv(10) == b"" else "answered")
except TimeoutError:
    print("waits")
except PermissionError:
    print("denied")
"""


def connect_as(path, uid, gid):
    done = subprocess.run([sys.executable, "-c", CONNECT, str(path), str(uid), str(gid)], capture_output=True, text=True, timeout=20)
    return done.stdout.strip()


def test_others_may_not_ask(running):
    uid, gid = pamhost.ids_of("nobody")
    owner = running.server.data.stat()
    path = running.host.socket
    assert path.stat().st_mode & 0o777 == 0o660 and (path.stat().st_uid, path.stat().st_gid) == (0, owner.st_gid)
    assert connect_as(path, uid, gid) == "denied"
    path.chmod(0o666)
    try:
        assert connect_as(path, uid, gid) == "closed"
        assert connect_as(path, owner.st_uid, gid) == "waits"  # for the question
        assert connect_as(path, uid, owner.st_gid) == "waits"
    finally:
        path.chmod(0o660)
    assert f"user {uid} may not ask" in running.host.journal()


LISTEN = """
import os, socket, sys
uid = int(sys.argv[2])
os.setgroups([]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o777); s.listen()
print("ready", flush=True)
connection, _ = s.accept()
print(connection.recv(10000), flush=True)
"""


def test_who_is_not_root_gets_no_password(keryx_binary):
    """Somebody has put himself in the helper's place."""
    uid, _ = pamhost.ids_of("nobody")
    with pamhost.new_host() as host:
        host.base.chmod(0o777)
        with server_at(host, keryx_binary, host.add_service(), helper=False) as server:
            server.cli("user", "add", "victim", "--authentication", "pam")
            thief = subprocess.Popen([sys.executable, "-c", LISTEN, str(host.socket), str(uid)], stdout=subprocess.PIPE, text=True)
            assert thief.stdout.readline() == "ready\n"
            assert b"UNAVAILABLE" in answer(server, "victim", "a secret")
            server.wait_log("error", "is not root, and is told no password")
            assert thief.communicate(timeout=10)[0] == "b''\n"


def test_two_helpers_and_bad_groups(running, keryx_binary):
    command = [str(keryx_binary), "pam", "serve", "--data", str(running.server.data)]
    second = subprocess.run([*command, "--socket", str(running.host.socket)], capture_output=True, text=True, timeout=20)
    assert second.returncode != 0 and "in use" in second.stderr
    group = subprocess.run([*command, "--socket", f"{running.host.socket}2", "--group", "no-such-group"],
                           capture_output=True, text=True, timeout=20)
    assert group.returncode != 0 and "no group" in group.stderr


def test_rubbish_is_no_question(running, someone):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        client.connect(str(running.host.socket))
        client.send(os.urandom(1000))
        client.settimeout(10)
        assert client.recv(10) == b""
    running.server.cli("user", "set", someone, "--description", "asked once more")
    assert accepts(running.server, someone)
