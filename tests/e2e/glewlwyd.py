# SPDX-License-Identifier: Apache-2.0
"""Debian's Glewlwyd, a provider of OpenID Connect, as a plain process; and tokens that it would not make.

It is unpacked, not installed (tools/unpack-packages). Its key is ours, so that a test can sign what the provider
never would.
"""

import base64
import contextlib
import gzip
import hashlib
import hmac
import http.cookiejar
import json
import sqlite3
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import kx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from slapd import free_port, make_certificate

PACKAGE = kx.ROOT / "build/peers/glewlwyd"
CLIENT, CLIENT_SECRET = "mailer", "secret-of_the~client.1"
AUDIENCE = "mail"  # Glewlwyd writes the scopes into aud

CONFIG = """\
port={port}
bind_address="127.0.0.1"
external_url="https://127.0.0.1:{port}"
login_url="login.html"
api_prefix="api"
log_mode="console"
log_level="ERROR"
cookie_domain="127.0.0.1"
cookie_secure=1
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="{package}/usr/lib/glewlwyd/user"
client_module_path="{package}/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="{package}/usr/lib/glewlwyd/scheme"
plugin_module_path="{package}/usr/lib/glewlwyd/plugin"
use_secure_connection=true
secure_connection_key_file="{key}"
secure_connection_pem_file="{certificate}"
hash_algorithm="SHA512"
database = {{ type = "sqlite3" path = "{base}/data.db" }};
"""


def encode(part):
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(token):
    """Header and claims."""
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])


class Key:
    """An RSA key that tokens are signed with."""

    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def private_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                      serialization.NoEncryption()).decode()

    def public_pem(self):
        return self.key.public_key().public_bytes(serialization.Encoding.PEM,
                                                  serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, header, claims):
        text = f"{encode(header)}.{encode(claims)}"
        return f"{text}.{encode(self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def hmac_signed(secret, header, claims):
    text = f"{encode({**header, 'alg': 'HS256'})}.{encode(claims)}"
    return f"{text}.{encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


class Glewlwyd:
    def __init__(self, base):
        assert PACKAGE.exists(), f"{PACKAGE} is missing: run tools/unpack-packages build/peers"
        self.base, self.port, self.process = base, free_port(), None
        base.mkdir()
        self.certificate, key = make_certificate(base, "provider")
        script = gzip.decompress((PACKAGE / "usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz").read_bytes())
        with contextlib.closing(sqlite3.connect(base / "data.db")) as database:
            database.executescript(script.decode())
        self.config = base / "config"
        self.config.write_text(CONFIG.format(port=self.port, package=PACKAGE, key=key, certificate=self.certificate, base=base))
        self.context = ssl.create_default_context(cafile=str(self.certificate))
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.context),
                                                  urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.key = Key()

    @property
    def issuer(self):
        return f"https://127.0.0.1:{self.port}/api/oidc"

    # --- the process

    def start(self):
        output = open(self.base / "output", "ab")  # noqa: SIM115 (it goes to the process)
        self.process = subprocess.Popen([PACKAGE / "usr/bin/glewlwyd", f"--config-file={self.config}"],
                                        stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        output.close()
        kx.wait_until(self.answers, 20, "Glewlwyd")

    def answers(self):
        assert self.process.poll() is None, (self.base / "output").read_text()
        with contextlib.suppress(OSError):
            return self.ask("GET", "/scope")[0] in (200, 401)
        return False

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    # --- what is asked of it

    def ask(self, method, path, body=None, form=None, client=False):
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}/api{path}", method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if form is not None:
            request.data = urllib.parse.urlencode(form).encode()
        if client:
            both = f"{CLIENT}:{CLIENT_SECRET}".encode()
            request.add_header("Authorization", f"Basic {base64.b64encode(both).decode()}")
        try:
            with self.opener.open(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def must(self, *arguments, **options):
        status, text = self.ask(*arguments, **options)
        assert status == 200, (arguments, status, text)
        return json.loads(text) if text else None

    def set_up(self):
        """A scope for mail, a program that may get tokens, and the provider itself."""
        self.must("POST", "/auth", {"username": "admin", "password": "password"})
        users = self.must("GET", "/mod/user/database")
        for name in ("email_verified", "employee"):
            users["parameters"]["data-format"][name] = {"multiple": False, "read": True, "write": True,
                                                        "profile-read": True, "profile-write": False}
        self.must("PUT", "/mod/user/database", users)
        self.must("PUT", "/mod/user/database/reset")
        for name in ("mail", "news"):
            self.must("POST", "/scope", {"name": name, "display_name": name, "description": name,
                                         "password_required": False, "scheme": {}})
        self.must("POST", "/client", {
            "client_id": CLIENT, "name": CLIENT, "confidential": True, "password": CLIENT_SECRET,
            "client_secret": CLIENT_SECRET, "enabled": True, "redirect_uri": ["https://127.0.0.1/back"],
            "authorization_type": ["password", "client_credentials", "refresh_token"],
            "token_endpoint_auth_method": ["client_secret_basic"], "scope": ["mail", "news", "openid"]})
        self.must("POST", "/mod/plugin", self.plugin())

    def plugin(self):
        also = [{"user-parameter": name, "token-parameter": name} for name in ("email", "email_verified", "employee")]
        return {"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": {
            "iss": self.issuer, "jwt-type": "rsa", "jwt-key-size": "256", "key": self.key.private_pem(),
            "cert": self.key.public_pem(), "access-token-duration": 3600, "refresh-token-duration": 3600,
            "code-duration": 600, "refresh-token-rolling": False, "allow-non-oidc": True,
            "auth-type-code-enabled": True, "auth-type-token-enabled": True, "auth-type-implicit-enabled": True,
            "auth-type-password-enabled": True, "auth-type-client-enabled": True, "auth-type-refresh-enabled": True,
            "jwks-show": True, "subject-type": "public", "introspection-revocation-allowed": True,
            "introspection-revocation-allow-target-client": True, "introspection-revocation-auth-scope": [],
            "additional-parameters": also, "claims": [], "scope": []}}

    def change_key(self):
        self.key = Key()
        self.must("PUT", "/mod/plugin/oidc", self.plugin())
        self.must("PUT", "/mod/plugin/oidc/reset")

    def add_user(self, name, **fields):
        self.must("POST", "/user", {"username": name, "password": kx.password_of(name), "name": name,
                                    "email": f"{name}@{kx.DOMAIN}", "email_verified": "true", "enabled": True,
                                    "scope": ["mail", "news", "openid"], **fields})

    def tokens(self, name, scope="mail"):
        """What a program gets that knows the user's password."""
        return self.must("POST", "/oidc/token", client=True, form={
            "grant_type": "password", "username": name, "password": kx.password_of(name), "scope": scope})

    def token(self, name, scope="mail"):
        return self.tokens(name, scope)["access_token"]

    def revoke(self, token):
        self.must("POST", "/oidc/revoke", client=True, form={"token": token, "token_type_hint": "access_token"})

    # --- what it would not make

    def forge(self, token, key=None, header=None, **claims):
        """The token with other claims, None for without; signed by the provider's key, or by another."""
        old_header, old = decode(token)
        old_header.update(header or {})
        old.update(claims)
        return (key or self.key).sign({k: v for k, v in old_header.items() if v is not None},
                                      {k: v for k, v in old.items() if v is not None})


def now():
    return int(time.time())
