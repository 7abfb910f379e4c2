# SPDX-License-Identifier: Apache-2.0
"""An IMAP client that hides nothing: sends what it is given and reads every response into Python values.

Atoms become str, quoted strings and literals bytes, NIL None, parenthesised lists lists. A response line is a list
of such values; of a status response (OK, NO, ...) the code and the text are kept apart. Every response passes the
checker of imap_grammar.py first: a malformed one fails the test, whatever the test is about.
"""

import collections

import imap_grammar

Answer = collections.namedtuple("Answer", "status code text untagged")


class ProtocolError(Exception):
    """The server sent what the grammar does not allow."""


class Tokens:
    """The values of one response, whose literals are given apart, in order."""

    def __init__(self, line, literals):
        self.line = line
        self.at = 0
        self.literals = list(literals)

    def fail(self, what):
        raise ProtocolError(f"{what} at {self.at} of {self.line[:400]!r}")

    def peek(self):
        return self.line[self.at:self.at + 1]

    def space(self):
        if self.peek() != b" ":
            self.fail("space expected")
        self.at += 1

    def quoted(self):
        out = bytearray()
        self.at += 1
        while self.peek() != b'"':
            if self.peek() == b"\\":
                self.at += 1
            if not self.peek():
                self.fail("unfinished string")
            out += self.peek()
            self.at += 1
        self.at += 1
        return bytes(out)

    def literal(self):
        end = self.line.index(b"}", self.at)
        self.at = end + 1
        return self.literals.pop(0)

    def list(self):
        values = []
        self.at += 1
        while self.peek() != b")":
            if values and self.line[self.at - 1:self.at + 1] != b")(":
                self.space()
            values.append(self.value())
        self.at += 1
        return values

    def atom(self):
        start = self.at
        while self.at < len(self.line) and self.line[self.at:self.at + 1] not in (b" ", b"(", b")", b'"', b"{"):
            if self.peek() == b"[":
                self.at = self.line.index(b"]", self.at)
            self.at += 1
        if self.at == start:
            self.fail("value expected")
        word = self.line[start:self.at].decode("latin-1")
        return None if word == "NIL" else word

    def value(self):
        if self.peek() == b"(":
            return self.list()
        if self.peek() == b'"':
            return self.quoted()
        if self.peek() == b"{" or self.line[self.at:self.at + 2] == b"~{":
            return self.literal()
        return self.atom()

    def all(self):
        values = [self.value()]
        while self.at < len(self.line):
            if self.line[self.at - 1:self.at + 1] != b")(":  # as between threads
                self.space()
            values.append(self.value())
        return values


def pairs(values):
    """A FETCH response's list as {item: value}; an item must not come twice."""
    if len(values) % 2:
        raise ProtocolError(f"odd list {values!r}")
    found = dict(zip(values[::2], values[1::2]))
    if len(found) != len(values) // 2:
        raise ProtocolError(f"an item twice in {values!r}")
    return found


def numbers(text):
    """A sequence set without * as a list of numbers."""
    out = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        out += range(int(first), int(last or first) + 1)
    return out


class RawImap:
    """`on_untagged`, if set, is called with every untagged response as it comes; `strict` is off for other servers."""

    def __init__(self, server, user=None, password=None, service="imaps", timeout=60, strict=True):
        self.socket = server.connect(service, timeout)
        self.file = self.socket.makefile("rb")
        self.counter = 0
        self.on_untagged = None
        self.mode = imap_grammar.Mode() if strict else None
        self.greeting = self.read_response()
        if user:
            from kx import password_of
            self.ok(f'LOGIN {server.address(user)} "{password or password_of(user)}"')

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- reading

    def read_line(self):
        """One response: its line with literals left out, and the literals."""
        line, literals, octets = b"", [], []
        while True:
            part = self.file.readline()
            octets.append(part)
            if not part.endswith(b"\r\n"):
                raise EOFError(f"connection closed after {line + part!r}")
            line += part[:-2]
            tail = part[:-2]  # not of the line so far: a literal may be the last thing in it
            size = tail[tail.rindex(b"{") + 1:-1] if tail.endswith(b"}") and b"{" in tail else b""
            if not size.isdigit():
                if self.mode:
                    imap_grammar.check(b"".join(octets), self.mode)
                return line, literals
            content = self.file.read(int(size))
            if len(content) != int(size):
                raise EOFError("connection closed in a literal")
            literals.append(content)
            octets.append(content)

    def read_response(self):
        """(tag, values): for status responses the values are [status, code, text]."""
        line, literals = self.read_line()
        tag, _, rest = line.partition(b" ")
        word = rest.split(b" ", 1)[0].upper()
        if tag == b"+":
            return "+", [rest]
        if word in (b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"):
            text = rest[len(word) + 1:].decode()
            code = None
            if text.startswith("["):
                code, _, text = text[1:].partition("]")
            return tag.decode(), [word.decode(), code, text.strip()]
        if not self.mode:
            rest = rest.rstrip(b" ")  # Dovecot has one in an empty THREAD
        return tag.decode(), Tokens(rest, literals).all()

    def read_untagged(self):
        tag, values = self.read_response()
        if tag != "*":
            raise ProtocolError(f"{tag} {values!r} although no command is in progress")
        if self.on_untagged:
            self.on_untagged(values)
        return values

    # --- commands

    def send(self, *parts):
        """Sends a command: str parts as they are, bytes parts as literals; returns the tag."""
        self.counter += 1
        tag = f"t{self.counter}"
        out = bytearray(f"{tag} ".encode())
        for part in parts:
            if isinstance(part, bytes):
                out += b"{%d+}\r\n" % len(part) + part
            else:
                out += part.encode()
        self.socket.sendall(out + b"\r\n")
        return tag

    def finish(self, tag):
        """Reads up to the tagged response."""
        untagged = []
        while True:
            got, values = self.read_response()
            if got == tag:
                return Answer(*values, untagged)
            if got != "*":
                raise ProtocolError(f"unexpected {got} {values!r}")
            if values[0] == "BYE" and self.counter and not getattr(self, "leaving", False):
                raise ProtocolError(f"BYE {values!r}")
            untagged.append(values)
            if self.on_untagged:
                self.on_untagged(values)

    def command(self, *parts):
        return self.finish(self.send(*parts))

    def ok(self, *parts):
        answer = self.command(*parts)
        assert answer.status == "OK", f"{parts!r:.200}: {answer}"
        return answer

    def fetch(self, *parts):
        """{sequence number: {item: value}} of a FETCH-like command that must succeed."""
        found = {}
        for values in self.ok(*parts).untagged:
            if len(values) > 1 and values[1] == "FETCH":
                found.setdefault(int(values[0]), {}).update(pairs(values[2]))
        return found

    def search(self, text):
        """The numbers of the SEARCH response."""
        rows = [values[1:] for values in self.ok(text).untagged if values[0] == "SEARCH"]
        assert len(rows) == 1
        return [int(number) for number in rows[0] if isinstance(number, str)]

    def esearch(self, text):
        """The ESEARCH response as {name: value}."""
        rows = [values for values in self.ok(text).untagged if values[0] == "ESEARCH"]
        assert len(rows) == 1
        row = rows[0]
        assert row[1] == ["TAG", f"t{self.counter}".encode()]
        rest = row[2:]
        uid = bool(rest) and rest[0] == "UID"
        found = dict(zip(rest[uid::2], rest[uid + 1::2]))
        return {**found, "UID": uid}

    def append(self, folder, content, flags="()"):
        """Returns the new UID."""
        code = self.ok(f"APPEND {folder} {flags} ", content).code
        assert code and code.startswith("APPENDUID ")
        return int(code.split()[2])

    def fill(self, n, folder="INBOX"):
        """Appends n small messages; returns their answers."""
        return [self.append(folder, b"Subject: %d\r\n\r\nx\r\n" % i) for i in range(n)]

    def idle(self):
        tag = self.send("IDLE")
        got, values = self.read_response()
        while got == "*":
            if self.on_untagged:
                self.on_untagged(values)
            got, values = self.read_response()
        assert got == "+", values
        return tag

    def done(self, tag):
        self.socket.sendall(b"DONE\r\n")
        return self.finish(tag)
