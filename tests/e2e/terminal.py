# SPDX-License-Identifier: Apache-2.0
"""Full-screen programs on a pseudo-terminal, driven as a person would: look at the screen, then press a key."""

import os
import pty
import select
import signal
import struct
import fcntl
import subprocess
import termios
import time

import pyte

ROWS, COLUMNS = 40, 132
SECONDS = 60


class Terminal:
    """A program and the screen it draws. Nothing is pressed before what it answers to is shown, so no speed is assumed."""

    def __init__(self, command, environment):
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        try:
            self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                            env={**environment, "TERM": "linux"})
        finally:
            os.close(slave)

    def read(self, seconds):
        """Draws what the program wrote; False when it has closed its end."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            self.stream.feed(os.read(self.master, 65536))
        except OSError:
            return False
        return True

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait(self, *wanted):
        """Until one of the texts is on the screen; returns it."""
        deadline = time.monotonic() + SECONDS
        alive = True
        while True:
            text = self.text()
            for each in wanted:
                if each in text:
                    return each
            assert alive and time.monotonic() < deadline, f"{wanted} not shown, but\n{text}"
            alive = self.read(0.2)

    def press(self, keys, *wanted):
        """Sends the keys and waits as wait() does, if there is something to wait for."""
        os.write(self.master, keys.encode())
        return self.wait(*wanted) if wanted else None

    def end(self):
        """Waits for the program to end; returns its status."""
        deadline = time.monotonic() + SECONDS
        while self.read(0.2):
            assert time.monotonic() < deadline, f"it does not end:\n{self.text()}"
        return self.process.wait(SECONDS)

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(SECONDS)
        os.close(self.master)
