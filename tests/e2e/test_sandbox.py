# SPDX-License-Identifier: Apache-2.0
"""The sandboxes of the running roles, from inside: system calls are put into the live processes with ptrace."""

import errno
import os
import platform
import re
import subprocess
from pathlib import Path

import pytest

import kx

SOURCE = kx.ROOT / "tests" / "tools" / "inject.c"
KILLED = "killed 31"  # SIGSYS
EPERM, EACCES = f"errno {errno.EPERM}", f"errno {errno.EACCES}"

# What each call gives in edge, core, courier and convert. A number is its result; None: the call may work.
EXPECTED = {
    "open-passwd": (EPERM, EACCES, EPERM, EPERM),
    "open-data": (EPERM, None, EPERM, EPERM),
    "open-keys": (EPERM, None, EPERM, EPERM),
    "open-proc": (EPERM, EACCES, EPERM, EPERM),
    "create-tmp": (EPERM, EACCES, EPERM, EPERM),
    "stat-passwd": (EPERM, f"errno {errno.EFAULT}", EPERM, EPERM),
    "socket-inet": (EPERM, EPERM, None, EPERM),
    "socket-inet6": (EPERM, EPERM, None, EPERM),
    "socket-unix": (EPERM, EPERM, EPERM, EPERM),
    "connect": (EPERM, EPERM, f"errno {errno.EINVAL}", EPERM),
    "bind": (EPERM, EPERM, f"errno {errno.EINVAL}", EPERM),
    "listen": (EPERM, EPERM, EPERM, EPERM),
    "execve": (KILLED, KILLED, KILLED, KILLED),
    "fork": (KILLED, KILLED, KILLED, KILLED),
    "vfork": (KILLED, KILLED, KILLED, KILLED),
    "clone": (EPERM, EPERM, EPERM, EPERM),
    "unshare": (KILLED, KILLED, KILLED, KILLED),
    "ptrace": (KILLED, KILLED, KILLED, KILLED),
    "kill": (EPERM, EPERM, EPERM, EPERM),
    "setuid": (KILLED, KILLED, KILLED, KILLED),
    "mount": (KILLED, KILLED, KILLED, KILLED),
    "map-code": (EPERM, EPERM, EPERM, EPERM),
    "io-uring": (KILLED, KILLED, KILLED, KILLED),
    "dumpable": (EPERM, EPERM, EPERM, EPERM),
    "memory-file": (EPERM, None, EPERM, EPERM),
    "dup": (None, None, None, EPERM),
    "read-limit": (None, None, None, EPERM),
    "getpid": (None, None, None, None),
}
ROLES = ("edge", "core", "courier", "convert")


@pytest.fixture(scope="module")
def inject(tmp_path_factory):
    """inject(pid, call) returns what the call gave in that process."""
    if platform.machine() != "x86_64":
        pytest.skip("system calls are put into processes on x86-64 only")
    if os.geteuid() != 0:
        pytest.skip("only root may trace the roles")
    program = tmp_path_factory.mktemp("inject") / "inject"
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-O1", "-Wall", "-o", program, SOURCE], check=True)
    sleeper = subprocess.Popen(["sleep", "60"])
    probe = subprocess.run([program, str(sleeper.pid), "getpid"], capture_output=True, text=True, check=False)
    sleeper.kill()
    sleeper.wait()
    if probe.stdout.strip() != str(sleeper.pid):
        pytest.skip(f"this host does not let root trace: {probe.stderr.strip()}")

    def run(pid, call):
        done = subprocess.run([program, str(pid), call], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def wake_converter(server, tmp_path):
    """A process of the convert role lives for as long as there is something to do: gives it something."""
    path = tmp_path / "words.txt"
    path.write_text("words")

    def running():
        server.cli("search", "text", path)
        return [row for row in server.roles("convert") if row["state"] == "running"]

    return kx.wait_until(running, 30, "a process that converts")[0]


def into_converter(server, inject, tmp_path, call):
    """It ends when it is idle: perhaps just now."""

    def once():
        pid = wake_converter(server, tmp_path)["pid"]
        try:
            got = inject(pid, call)
        except AssertionError:
            return None
        return None if got == "killed 9" else (pid, got)

    return kx.wait_until(once, 60, f"a process for {call}")


def sandboxed(server):
    rows = {row["role"]: row for row in server.roles() if row["role"] != "keeper"}
    if not rows["edge"]["sandbox"]["seccomp"]:
        pytest.skip("a build with a sanitizer has no system call filter")
    return rows


@pytest.mark.covers("INST-60")
@pytest.mark.parametrize("call", EXPECTED)
@pytest.mark.parametrize("role", ROLES)
def test_calls_from_inside(server, inject, tmp_path, role, call):
    row = wake_converter(server, tmp_path) if role == "convert" else sandboxed(server)[role]
    if not row["sandbox"]["seccomp"]:
        pytest.skip("a build with a sanitizer has no system call filter")
    wanted = EXPECTED[call][ROLES.index(role)]
    if wanted == EACCES and not row["sandbox"]["landlock"]:
        pytest.skip("this kernel has no Landlock")
    if role == "convert":
        pid, got = into_converter(server, inject, tmp_path, call)
    else:
        pid = server.role_pids(role)[0]
        got = inject(pid, call)
    if wanted is None:
        assert not got.startswith(("errno", "killed")), got
    else:
        assert got == wanted
    server.wait_roles(gone=[pid] if wanted == KILLED else [])
    assert wanted == KILLED or role == "convert" or server.role_pids(role)[0] == pid


def test_an_outsider_may_do_all_that(inject):
    """The calls that fail above are good ones."""
    for call in ("open-passwd", "socket-inet", "socket-unix", "map-code", "dumpable", "clone"):
        with subprocess.Popen(["sleep", "60"], cwd="/") as sleeper:
            got = inject(sleeper.pid, call)
            sleeper.kill()
        assert not got.startswith(("errno", "killed")), f"{call}: {got}"


@pytest.mark.covers("INST-34")
def test_what_the_kernel_says_of_the_roles(server, tmp_path):
    wake_converter(server, tmp_path)
    rows = sandboxed(server)
    for role in ROLES:
        for pid in server.role_pids(role):
            status = dict(re.findall(r"^(\w+):\s*(.*)$", Path(f"/proc/{pid}/status").read_text(), re.M))
            assert status["NoNewPrivs"] == "1"
            assert status["Seccomp"] == "2"
            assert int(status["CapEff"], 16) == 0 and int(status["CapPrm"], 16) == 0
            assert "0" not in status["Uid"].split()
            assert status["Name"] == role
            if os.geteuid() == 0:  # what cannot be dumped belongs to root in /proc
                assert os.stat(f"/proc/{pid}/mem").st_uid == 0
        sandbox = rows[role]["sandbox"]
        assert sandbox["no-new-privileges"] is True and sandbox["seccomp"] is True


@pytest.mark.covers("INST-34")
def test_the_keeper_keeps_low_ports_only(server):
    status = Path(f"/proc/{server.role_pids('keeper')[0]}/status").read_text()
    capabilities = int(re.search(r"CapEff:\s*(\w+)", status).group(1), 16)
    assert capabilities in (0, 1 << 10)  # CAP_NET_BIND_SERVICE
    assert int(re.search(r"Uid:\s*(\d+)", status).group(1)) != 0
    assert re.search(r"NoNewPrivs:\s*1", status)


def test_roles_hold_nothing_they_should_not(server):
    """No descriptor of edge or courier is a file of the data directory."""
    if os.geteuid() != 0:
        pytest.skip("only root may look at the roles' descriptors")
    for role in ("edge", "courier"):
        for pid in server.role_pids(role):
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                target = os.readlink(entry)
                assert not target.startswith(str(server.base / "data")), f"{role}: {target}"
                assert os.path.realpath(f"/proc/{pid}/cwd") == "/"


def test_landlock_is_reported(server):
    status = server.status()
    levels = {row["sandbox"]["landlock"] for row in status["roles"] if row["role"] != "keeper"}
    assert len(levels) == 1
    assert status["landlock"] is (levels.pop() > 0)
    if not status["landlock"]:
        assert "no Landlock" in status["note"]
        assert "no Landlock" in (server.base / "stdout").read_text()
