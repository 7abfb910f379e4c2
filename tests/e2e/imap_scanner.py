# SPDX-License-Identifier: Apache-2.0
"""The lexical half of the grammar of IMAP responses (RFC 9051 section 9): atoms, strings, numbers, sets, names.

A Scanner reads the octets of one response, literals included, and raises GrammarError at the first that the formal
syntax does not allow. Every method consumes what its rule names and returns its value.
"""

import re

ATOM_CHAR = rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]"
ASTRING_CHAR = rb"[^\x00-\x20\x7f-\xff(){%*\"\\]"
DATE_TIME = re.compile(rb'"([ 1-3]\d)-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-(\d{4})'
                       rb' ([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60) [+-]\d{4}"')
# RFC 3501 section 5.1.3: only printable ASCII stands for itself, "&" begins base64 of UTF-16 without padding.
UTF7 = re.compile(rb"(?:[\x20-\x25\x27-\x7e]|&(?:[A-Za-z0-9+,]+)?-)*\Z")
MAX_63 = 2**63 - 1


class GrammarError(Exception):
    """The server sent what the formal syntax does not allow."""


def check_utf7(name):
    """Modified UTF-7 has one form for each name, and hides no printable ASCII in base64."""
    import base64
    if not UTF7.match(name):
        raise GrammarError(f"no modified UTF-7: {name!r}")
    for run in re.findall(rb"&([A-Za-z0-9+,]+)-", name):
        padded = run.replace(b",", b"/") + b"=" * (-len(run) % 4)
        try:
            text = base64.b64decode(padded, validate=True).decode("utf-16-be")
        except ValueError as error:
            raise GrammarError(f"no modified UTF-7: {name!r}: {error}") from None
        again = base64.b64encode(text.encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
        if again != run or any(" " <= char <= "~" for char in text):
            raise GrammarError(f"not the one form of modified UTF-7: {name!r}")
    if re.search(rb"&[A-Za-z0-9+,]+-&[A-Za-z0-9+,]", name):
        raise GrammarError(f"superfluous shift in {name!r}")


class Scanner:
    """`utf8`: quoted strings and texts may be UTF-8; mailbox names are then UTF-8 and else modified UTF-7."""

    def __init__(self, octets, utf8=False):
        self.octets = octets
        self.at = 0
        self.utf8 = utf8

    def fail(self, what):
        before = self.octets[max(0, self.at - 200):self.at]
        raise GrammarError(f"{what} expected after {before!r}, got {self.octets[self.at:self.at + 80]!r}")

    def match(self, pattern, what):
        found = re.compile(pattern).match(self.octets, self.at)
        if not found:
            self.fail(what)
        self.at = found.end()
        return found.group()

    def peek(self, text):
        return self.octets[self.at:self.at + len(text)].upper() == text

    def accept(self, text):
        """Consumes `text`, given in capitals, if it is next, in any case."""
        if not self.peek(text):
            return False
        self.at += len(text)
        return True

    def expect(self, text):
        if not self.accept(text):
            self.fail(repr(text))

    def space(self):
        self.expect(b" ")

    def end(self):
        if self.at != len(self.octets):
            self.fail("the end")

    def at_end(self):
        return self.at == len(self.octets)

    # --- words and numbers

    def atom(self):
        return self.match(ATOM_CHAR + rb"+", "atom")

    def word(self):
        return self.atom().upper()

    def number(self, least=0, most=2**32 - 1):
        value = int(self.match(rb"0|[1-9]\d*", "number"))
        if not least <= value <= most:
            self.fail(f"number from {least} to {most} before this")
        return value

    def nz_number(self):
        return self.number(1)

    def number64(self):
        return self.number(0, MAX_63)

    def modseq(self):
        return self.number(1, MAX_63)

    def known_set(self):
        """A sequence set of a response: no "*"; returns how many numbers it means."""
        count = 0
        while True:
            first = self.nz_number()
            last = self.nz_number() if self.accept(b":") else first
            count += abs(last - first) + 1
            if not self.accept(b","):
                return count

    # --- strings

    def quoted(self):
        eight_bit = rb"\x80-\xff" if self.utf8 else b""
        text = self.match(rb'"(?:[\x01-\x09\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f' + eight_bit + rb']|\\["\\])*"',
                          "quoted string")
        value = re.sub(rb"\\(.)", rb"\1", text[1:-1])
        if self.utf8:
            try:
                value.decode()
            except UnicodeDecodeError:
                self.fail("UTF-8 in the quoted string before this")
        return value

    def literal(self, binary=False):
        if binary:
            self.expect(b"~")
        header = self.match(rb"\{(?:0|[1-9]\d*)\}\r\n", "literal")
        size = int(header[1:-3])
        value = self.octets[self.at:self.at + size]
        if len(value) != size:
            self.fail("literal's content")
        if not binary and b"\0" in value:
            self.fail("literal without NUL before this")
        self.at += size
        return value

    def string(self):
        return self.quoted() if self.peek(b'"') else self.literal()

    def nil(self):
        """True if NIL was next; consumes it."""
        found = re.compile(rb"NIL(?![^ )\]\r])", re.I).match(self.octets, self.at)
        if found:
            self.at = found.end()
        return bool(found)

    def nstring(self):
        return None if self.nil() else self.string()

    def astring(self):
        if self.peek(b'"') or self.peek(b"{"):
            return self.string()
        return self.match(ASTRING_CHAR + rb"+", "astring")

    def mailbox(self):
        name = self.astring()
        if self.utf8:
            try:
                name.decode()
            except UnicodeDecodeError:
                self.fail(f"mailbox name in UTF-8 before this, not {name!r},")
        else:
            check_utf7(name)
        return name

    def date_time(self):
        text = self.match(DATE_TIME.pattern, "date-time")
        if not 1 <= int(text[1:3]) <= 31:
            self.fail("a day before this")

    def objectid(self):
        """RFC 8474 section 7."""
        self.expect(b"(")
        self.match(rb"[A-Za-z0-9_-]{1,255}", "objectid")
        self.expect(b")")

    def list_of(self, rule, least=1):
        """"(" rule *(SP rule) ")"; returns the values."""
        self.expect(b"(")
        values = []
        while not self.accept(b")"):
            if values:
                self.space()
            values.append(rule())
        if len(values) < least:
            self.fail(f"list of at least {least} before this")
        return values

    def spaced(self, rule):
        """*(SP rule) up to the end of the line."""
        values = []
        while not self.at_end():
            self.space()
            values.append(rule())
        return values

    def flag(self):
        return self.match(rb"\\?" + ATOM_CHAR + rb"+", "flag")

    def unique(self, values, what):
        low = [value.lower() for value in values]
        if len(set(low)) != len(low):
            self.fail(f"each {what} once before this, not {values!r},")
        return values
