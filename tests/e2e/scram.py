# SPDX-License-Identifier: Apache-2.0
"""SCRAM as its client (RFC 5802), with every step open to be done wrongly."""

import base64
import hashlib
import hmac
import os


class Scram:
    def __init__(self, user, password, digest="sha256", flag="n", binding=b""):
        self.password, self.digest, self.binding = password.encode(), digest, binding
        self.header = f"{flag},,"
        self.bare = f"n={user},r={base64.b64encode(os.urandom(18)).decode()}"
        self.server = {}

    def first(self):
        return (self.header + self.bare).encode()

    def sign(self, key, text):
        return hmac.new(key, text, self.digest).digest()

    def challenge(self, text):
        """Takes the server's first message."""
        self.server_first = text.decode()
        self.server = dict(part.split("=", 1) for part in self.server_first.split(","))
        return self.server

    def final(self, nonce=None):
        channel = base64.b64encode(self.header.encode() + self.binding).decode()
        bare = f"c={channel},r={nonce or self.server['r']}"
        self.all = f"{self.bare},{self.server_first},{bare}".encode()
        self.salted = hashlib.pbkdf2_hmac(self.digest, self.password, base64.b64decode(self.server["s"]),
                                          int(self.server["i"]))
        key = self.sign(self.salted, b"Client Key")
        signature = self.sign(hashlib.new(self.digest, key).digest(), self.all)
        proof = bytes(one ^ other for one, other in zip(key, signature))
        return f"{bare},p={base64.b64encode(proof).decode()}".encode()

    def proves(self, text):
        """Whether the server's final message shows that it knows the password."""
        signature = self.sign(self.sign(self.salted, b"Server Key"), self.all)
        return text == b"v=" + base64.b64encode(signature)
