# SPDX-License-Identifier: Apache-2.0
"""Many wrong sign-ins at once, KERYX_GUESSES of them: who belongs still gets in, and memory stays bounded."""

import contextlib
import os
import time

import kx

GUESSES = int(os.environ.get("KERYX_GUESSES", "150"))
MEMORY_MORE = 150_000  # KiB: each check takes 19 MiB, and there are as many at a time as processors


def core_memory(server):
    (core,) = server.role_pids("core")
    return server.memory_kb()[core]


def test_who_belongs_gets_in_while_others_guess(server):
    server.configure({"server.login-timeout": "10m"})  # a slow machine
    before = core_memory(server)
    with contextlib.ExitStack() as stack:
        guessers = [stack.enter_context(server.connect("imap", 300)) for _ in range(GUESSES)]
        for guesser in guessers:
            guesser.sendall(b"a LOGIN alice wrong\r\n")
        begun = time.monotonic()
        server.imap("bob", timeout=300).logout()
        checked = server.log("warning").count("login of alice")
        print(f"signed in and out after {time.monotonic() - begun:.1f} s beside {GUESSES} guesses")
        assert checked < GUESSES * 0.9  # he did not wait for all of them
        assert core_memory(server) < before + MEMORY_MORE
        for guesser in guessers[:3]:
            lines = stack.enter_context(guesser.makefile("rb"))
            assert lines.readline().startswith(b"* OK")
            assert lines.readline().startswith(b"a NO [AUTHENTICATIONFAILED]")
        assert core_memory(server) < before + MEMORY_MORE
