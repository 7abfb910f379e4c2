# SPDX-License-Identifier: Apache-2.0
"""An edge that is no longer ours (tests/hostile/): any message to the core, and what comes back."""

import contextlib
import itertools
import re
import select
import socket
import struct

import kx

MESSAGE_LIST = (kx.ROOT / "src/ipc/message-list.h").read_text()
FIELD = re.compile(r"F\(S, (U32|U64|STR|BLOB), (\w+), \d+\)")


def read_types():
    """The messages in their order, which is their number: {name: (number, [(kind, field)])}."""
    fields = {name: FIELD.findall(rest) for name, rest in
              re.findall(r"^#define KX_FIELDS_(\w+)\(F, S\)(.*)$", MESSAGE_LIST, re.M)}
    names = re.findall(r"^KX_MESSAGE\((\w+),", MESSAGE_LIST, re.M)
    return {name: (number, fields[name]) for number, name in enumerate(names)}


TYPES = read_types()
NAMES = {number: name for name, (number, _) in TYPES.items()}


def pack(name, session=0, **values):
    number, fields = TYPES[name]
    out = struct.pack("<HHI", number, 0, session)
    for kind, field in fields:
        value = values.pop(field, 0 if kind[0] == "U" else b"")
        if kind[0] == "U":
            out += struct.pack("<I" if kind == "U32" else "<Q", value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += struct.pack("<I", len(data)) + data
    assert not values, values
    return out


def unpack(packet):
    number, _, session = struct.unpack_from("<HHI", packet)
    at, said = 8, {"name": NAMES[number], "session": session}
    for kind, field in TYPES[NAMES[number]][1]:
        if kind[0] == "U":
            size = 4 if kind == "U32" else 8
            said[field] = int.from_bytes(packet[at:at + size], "little")
            at += size
        else:
            (size,) = struct.unpack_from("<I", packet, at)
            said[field] = packet[at + 4:at + 4 + size]
            at += 4 + size
    return said


class Edge:
    """One of them; when the core drops it, another takes its place."""

    def __init__(self, path):
        self.path, self.socket, self.dropped, self.numbers = path, None, False, itertools.count(100)
        self.connect()

    def connect(self):
        self.close()
        self.socket = kx.wait_until(self._try, 20, "an edge")
        self.dropped = False

    def recover(self):
        """Another edge, if the core has dropped this one."""
        self.send(pack("SESSION_CLOSE", 0xFFFFFFF0))
        self.answers(0.05)
        if self.dropped:
            self.connect()

    def _try(self):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            peer.connect(self.path)
        except OSError:
            peer.close()
            return None
        return peer

    def close(self):
        if self.socket:
            self.socket.close()
            self.socket = None

    def send(self, packet):
        with contextlib.suppress(OSError):
            self.socket.send(packet)

    def _receive(self, seconds):
        """A message; None: there is none; then `dropped` says whether there will be any."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        try:
            packet = self.socket.recv(1 << 17)
        except ConnectionError:
            packet = b""
        self.dropped = not packet
        return unpack(packet) if packet else None

    def answers(self, seconds=0.5):
        """What the core says until it is silent."""
        return list(iter(lambda: self._receive(seconds), None))

    def ask(self, packet, name, session, seconds=10):
        """The answer of that name in that session; None: we were dropped, or there is none."""
        self.send(packet)
        while answer := self._receive(seconds):
            if (answer["name"], answer["session"]) == (name, session):
                return answer
        return None

    def fresh(self):
        """The number of a session that is not there yet."""
        return next(self.numbers)

    # --- what an honest edge does too

    def open(self, session, service, ticket=b"", remote_ip="192.0.2.7"):
        return self.ask(pack("SESSION_OPEN", session, service=service, secure=1, local_ip="127.0.0.1",
                             remote_ip=remote_ip, ticket=ticket), "SESSION_READY", session)

    def sasl(self, session, mechanism, data, **more):
        return self.ask(pack("SASL", session, mechanism=mechanism, initial=1, data=data, **more), "SASL_REPLY", session)

    def command(self, session, text):
        """All output of an IMAP command."""
        self.send(pack("COMMAND", session, kind=0, data=text + b"\r\n"))
        return b"".join(said.get("data", b"") for said in self.answers())
