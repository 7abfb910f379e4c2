# SPDX-License-Identifier: Apache-2.0
"""Signing in by lines over IMAP, POP3 and SMTP alike, which shows the exchange as it is."""

import base64
import contextlib

SERVICES = {"imap": ("imap", "imaps"), "pop3": ("pop3", "pop3s"), "smtp": ("submission", "smtps")}
BEGIN = {"imap": "a AUTHENTICATE", "pop3": "AUTH", "smtp": "AUTH"}
GOOD = {"imap": b"a OK", "pop3": b"+OK", "smtp": b"235"}


def plain(name, password):
    return f"\0{name}\0{password}".encode()


class SaslClient:
    """A connection before sign-in; with `tls` one that begins with it."""

    def __init__(self, server, protocol, tls=True, first=None):
        self.protocol = protocol
        self.entered = False
        self.socket = server.connect(SERVICES[protocol][tls])
        self.file = self.socket.makefile("rb")
        if first:
            self.say(first)
        self.greeting = self.line()
        self.said = self.ask_all("EHLO client.test") if protocol == "smtp" else []

    def close(self):
        self.file.close()
        self.socket.close()

    def line(self):
        return self.file.readline().rstrip(b"\r\n")

    def say(self, text):
        self.socket.sendall((text if isinstance(text, bytes) else text.encode()) + b"\r\n")

    def ask(self, text):
        self.say(text)
        return self.line()

    def ask_all(self, text):
        """All lines of an answer."""
        self.say(text)
        lines = [self.line()]
        while {"imap": not lines[-1].startswith(b"a "), "smtp": lines[-1][3:4] == b"-",
               "pop3": lines[0].startswith(b"+OK") and lines[-1] != b"."}[self.protocol]:
            lines.append(self.line())
        return [line.decode() for line in lines]

    def offered(self):
        if self.protocol == "pop3":
            return self.ask_all("AUTH")[1:-1]
        if self.protocol == "smtp":
            return next((line[4:].split()[1:] for line in self.said if line[4:].startswith("AUTH ")), [])
        words = self.ask_all("a CAPABILITY")[0].split()
        return [word[5:] for word in words if word.startswith("AUTH=")]

    def auth(self, mechanism, *responses):
        """The last line of an exchange; each response is bytes, or a function of the challenge."""
        self.challenges = []
        line = self.ask(f"{BEGIN[self.protocol]} {mechanism}")
        for response in responses:
            if not line.startswith((b"+ ", b"334 ")):
                break
            challenge = base64.b64decode(line.split(b" ", 1)[1])
            self.challenges.append(challenge)
            answer = response(challenge) if callable(response) else response
            line = self.ask(base64.b64encode(answer))
        return line

    def accepts(self, mechanism, *responses):
        line = self.auth(mechanism, *responses)
        while line.startswith(b"* "):
            line = self.line()
        self.entered = line.startswith(GOOD[self.protocol])
        return self.entered

    def is_closed(self):
        """Whether the server says goodbye, or has ended the connection."""
        try:
            return self.line()[:5] in (b"* BYE", b"-ERR ", b"421 4", b"")
        except ConnectionError:
            return True


@contextlib.contextmanager
def sasl_client(server, protocol, tls=True, **options):
    client = SaslClient(server, protocol, tls, **options)
    try:
        yield client
    finally:
        if client.entered and protocol == "pop3":  # of a maildrop there is one at a time
            with contextlib.suppress(OSError):
                client.ask("QUIT")
        client.close()
