# SPDX-License-Identifier: Apache-2.0
"""A small LDAP server (RFC 4511) that does what slapd does not: ranges of values as an Active Directory has them,
referrals, silence, answers without end."""

import socketserver
import threading
import time

EVERYTHING_RIGHT, REFERRAL, WRONG_PASSWORD, UNWILLING = 0, 10, 49, 53


def ber(tag, *parts):
    body = b"".join(parts)
    length = bytes([len(body)]) if len(body) < 128 else b"\x84" + len(body).to_bytes(4, "big")
    return bytes([tag]) + length + body


def text(value, tag=4):
    return ber(tag, value if isinstance(value, bytes) else value.encode())


def number(value, tag=2):
    return ber(tag, value.to_bytes(4, "big"))


def parse(data):
    """All elements of some bytes: [(tag, content)]."""
    found, at = [], 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 128:
            more = length & 127
            length, at = int.from_bytes(data[at:at + more], "big"), at + more
        found.append((tag, data[at:at + length]))
        at += length
    return found


def fits(tag, content, attributes):
    if tag in (0xA0, 0xA1):
        return (all if tag == 0xA0 else any)(fits(*one, attributes) for one in parse(content))
    if tag == 0xA2:
        return not fits(*parse(content)[0], attributes)
    if tag == 0xA3:
        name, value = (one[1].decode().lower() for one in parse(content))
        return value in [one.lower() for one in attributes.get(name, [])]
    return tag == 0x87 and (content.lower() == b"objectclass" or content.decode().lower() in attributes)


class Handler(socketserver.StreamRequestHandler):
    def read(self):
        head = self.rfile.read(2)
        if len(head) < 2:
            return None
        length = head[1]
        if length & 128:
            length = int.from_bytes(self.rfile.read(length & 127), "big")
        return parse(self.rfile.read(length))

    def handle(self):
        while message := self.read():
            if self.server.silent:
                time.sleep(60)
            (_, number_of), (tag, body), *_ = message
            if tag == 0x60:
                password = parse(body)[2][1].decode()
                wrong = password != self.server.password and password not in self.server.passwords
                self.answer(number_of, 0x61, WRONG_PASSWORD if wrong else EVERYTHING_RIGHT)
            elif tag == 0x63:
                self.search(number_of, parse(body))
            else:
                return

    def answer(self, number_of, tag, code):
        self.wfile.write(ber(0x30, ber(2, number_of), ber(tag, number(code, 0x0A), text(""), text(""))))

    def search(self, number_of, fields):
        base, scope, condition = fields[0][1].decode().lower(), fields[1][1], fields[6]
        wanted = [one[1].decode() for one in parse(fields[7][1])]
        self.server.searches += 1
        if self.server.flood and wanted and ";range=" in wanted[0]:
            self.flood(self.search_of_all)
        self.search_of_all = number_of
        for dn, attributes in self.server.entries:
            key = dn.decode(errors="replace").lower() if isinstance(dn, bytes) else dn.lower()
            if (key == base if scope == b"\0" else True) and fits(*condition, attributes):
                self.wfile.write(self.entry(number_of, dn, attributes, wanted))
        more = self.entry(number_of, "cn=x", {"description": ["x" * 8000] * 100}, wanted)
        while self.server.endless:
            self.wfile.write(more)
        about_groups = b"groupOfNames" in condition[1]
        self.answer(number_of, 0x65, self.server.group_code if about_groups else self.server.code)

    def flood(self, number_of):
        """What is to be read at some later time only, while something else is waited for."""
        piece = self.entry(number_of, "cn=x", {"description": ["x" * 8000] * 100}, ["description"])
        try:
            while self.server.flood:
                self.wfile.write(piece)
                self.server.flooded += len(piece)
        finally:
            self.server.flood = False

    def entry(self, number_of, dn, attributes, wanted):
        shown = []
        for name in wanted:
            plain, _, options = name.lower().partition(";range=")
            values = attributes.get(plain, [])
            begin = int(options.split("-")[0]) if options else 0
            part = values[begin:begin + self.server.most]
            if options or len(values) > self.server.most:
                end = "*" if begin + len(part) == len(values) else begin + len(part) - 1
                shown.append((f"{plain};range={begin}-{end}", part))
                shown.append((plain, []))
            elif values:
                shown.append((plain, values))
        lists = [ber(0x30, text(name), ber(0x31, *map(text, values))) for name, values in shown]
        return ber(0x30, ber(2, number_of), ber(0x64, text(dn), ber(0x30, *lists)))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # who does not want the rest of an answer closes the connection


class FakeLdap:
    """`entries` are (dn, {attribute in small letters: [value]}); `most` values of an attribute are shown at once."""

    def __init__(self, entries=(), password="reads", passwords=()):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.entries, self.server.password, self.server.passwords = list(entries), password, passwords
        self.server.most, self.server.code, self.server.silent, self.server.endless = 1 << 30, 0, False, False
        self.server.searches = self.server.group_code = self.server.flooded = 0
        self.server.flood = False

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.server

    def __exit__(self, *_):
        self.server.endless = False
        self.server.shutdown()
        self.server.server_close()


def options(server, **more):
    """Of keryx domain add, for a domain with this directory."""
    values = {"directory": "openldap", "directory-hosts": "127.0.0.1:%d" % server.server_address[1],
              "directory-tls": "none", "directory-user": "cn=reader", "directory-password": server.password,
              "directory-timeout": "2", "directory-refresh": "1h", **more}
    return [word for name, value in values.items() for word in (f"--{name}", value)]
