# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end tests; what they hand out is described in tests/e2e/kx.py."""

import os
import shutil
import sys
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "e2e"))

import kx  # noqa: E402  (needs the path above)
from rawimap import RawImap  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what its servers said."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for value in list(item.funcargs.values()):
            if isinstance(value, kx.Server):
                report.sections.append((f"server in {value.data}", value.evidence()))


@pytest.fixture(scope="session")
def keryx_binary():
    path = Path(os.environ.get("KERYX", kx.ROOT / "build" / "keryx")).resolve()
    if not path.exists():
        pytest.fail(f"{path} is not there: run make build")
    return path


@pytest.fixture(scope="module")
def server(keryx_binary):
    """A running server, one for each test module, with the users alice, bob and carol."""
    with kx.running_server(keryx_binary, users=("alice", "bob", "carol")) as instance:
        yield instance


@pytest.fixture
def user(server):
    """The name of an account of the test's own."""
    name = f"u{uuid.uuid4().hex[:10]}"
    server.add_user(name)
    return name


@pytest.fixture
def connect(server, user):
    """A factory of IMAP sessions of the test's own account: connect("QRESYNC") enables that."""
    sessions = []

    def make(*enable):
        session = RawImap(server, user)
        sessions.append(session)
        if enable:
            session.ok(f"ENABLE {' '.join(enable)}")
        return session

    yield make
    for session in sessions:
        session.close()


@pytest.fixture
def fresh_server(keryx_binary):
    """A factory of servers of the test's own: fresh_server(users=(), config={}, start=True)."""
    opened = []

    def make(**options):
        context = kx.running_server(keryx_binary, **options)
        instance = context.__enter__()
        opened.append(context)
        return instance

    yield make
    for context in reversed(opened):
        context.__exit__(None, None, None)


@pytest.fixture
def need():
    """need('swaks') returns the path of a program, or fails: every client is installed by make test."""

    def find(program):
        path = shutil.which(program)
        if not path:
            pytest.fail(f"{program} is not installed: run tools/install-packages test")
        return path

    return find
