# SPDX-License-Identifier: Apache-2.0
"""SMTP in the raw: what smtplib would not send, and every line of what comes back."""

import base64
import contextlib

import kx


class RawSmtp:
    """A connection past its greeting. Replies are (code, text of all lines joined by newlines)."""

    def __init__(self, server, service="smtp", timeout=30):
        self.server = server
        self.user = None
        self.socket = server.connect(service, timeout)
        self.file = self.socket.makefile("rb")
        self.greeting = self.reply()

    def send(self, content):
        self.socket.sendall(content.encode() if isinstance(content, str) else content)

    def reply(self):
        """(0, "") when the server has closed."""
        lines = []
        while True:
            line = self.file.readline(65536).decode()
            if not line:
                return 0, "\n".join(lines)
            assert line.endswith("\r\n"), line
            lines.append(line[4:-2])
            if line[3] == " ":
                return int(line[:3]), "\n".join(lines)

    def ask(self, command):
        """Sends a command line and returns the reply."""
        self.send(command + "\r\n" if isinstance(command, str) else command + b"\r\n")
        return self.reply()

    def code(self, command):
        return self.ask(command)[0]

    def ehlo(self, name="client.example.test"):
        code, text = self.ask(f"EHLO {name}")
        assert code == 250, text
        return text.split("\n")[1:]

    def starttls(self):
        assert self.code("STARTTLS") == 220
        self.file.close()
        self.socket = kx.tls_context().wrap_socket(self.socket, server_hostname=self.server.hostname)
        self.file = self.socket.makefile("rb")

    def sign_in(self, user):
        token = f"\0{self.server.address(user)}\0{kx.password_of(user)}".encode()
        assert self.code("AUTH PLAIN " + base64.b64encode(token).decode()) == 235
        self.user = self.server.address(user)

    def envelope(self, *recipients, sender=None, parameters=""):
        """MAIL and RCPT, from the user who has signed in, or from a stranger."""
        if sender is None:
            sender = self.user or "sender@elsewhere.test"
        assert self.code(f"MAIL FROM:<{sender}>{parameters}") == 250
        for recipient in recipients:
            reply = self.ask(f"RCPT TO:<{self.server.address(recipient)}>")
            assert reply[0] == 250, reply

    def data(self, content):
        """DATA with the content exactly as it is, which must bring its own end."""
        assert self.code("DATA") == 354
        self.send(content)
        return self.reply()

    def close(self):
        self.file.close()
        self.socket.close()


@contextlib.contextmanager
def dialogue(server, service="smtp", user=None, ehlo=True):
    """A connection that has said EHLO, inside TLS and signed in when a user is given."""
    service = "submission" if user and service == "smtp" else service
    smtp = RawSmtp(server, service)
    try:
        assert smtp.greeting[0] == 220
        if ehlo:
            smtp.ehlo()
        if user and service == "submission":
            smtp.starttls()
            smtp.ehlo()
        if user:
            smtp.sign_in(user)
        yield smtp
    finally:
        smtp.close()


@contextlib.contextmanager
def setting(server, name, value):
    """A setting for the time of a test."""
    before = server.cli("config", "get", name).strip()
    server.cli("config", "set", name, value)
    try:
        yield
    finally:
        server.cli("config", "set", name, before)
