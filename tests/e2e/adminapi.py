# SPDX-License-Identifier: Apache-2.0
"""A client of the administration API."""

import http.client
import json

import kx

ADMIN = f"admin@{kx.DOMAIN}"


class Api:
    """One connection, with a token or a session."""

    def __init__(self, server, token=None):
        self.server = server
        self.fields = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = http.client.HTTPSConnection("127.0.0.1", server.port("admin"), timeout=60,
                                                  context=kx.tls_context())

    def ask(self, method, path, body=None, **fields):
        """(status, parsed body or None, header fields); names of fields with _ for -."""
        headers = {**self.fields, **{name.replace("_", "-"): value for name, value in fields.items()}}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        self.client.request(method, f"/api/v1/{path}", body, headers)
        answer = self.client.getresponse()
        data = answer.read()
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.status, json.loads(data) if is_json else data.decode() or None, answer.headers

    def ok(self, method, path, body=None, **fields):
        status, data, _ = self.ask(method, path, body, **fields)
        assert 200 <= status < 300, data
        return data

    def sign_in(self, user=ADMIN, password=kx.ADMIN_PASSWORD):
        status, data, headers = self.ask("POST", "session", {"user": user, "password": password})
        assert status == 200, data
        self.cookie = headers["Set-Cookie"]
        self.fields = {"Cookie": self.cookie.split(";")[0], "X-CSRF-Token": data["csrf"]}
        return data
