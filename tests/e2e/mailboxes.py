# SPDX-License-Identifier: Apache-2.0
"""Mailboxes on other servers: Debian's Dovecot with POP3 and IMAP, and a small POP3 server of the test that can be odd."""

import contextlib
import os
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
from base64 import b64decode, b64encode
from hashlib import md5
from pathlib import Path

import kx
import world

DOVECOT = """base_dir = {base}/run
state_dir = {base}/state
protocols = pop3 imap
listen = 127.0.0.1
log_path = {base}/log
mail_location = maildir:{base}/mail/%u
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
mail_fsync = never
default_vsz_limit = 0
ssl = yes
ssl_cert = <{base}/cert.pem
ssl_key = <{base}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 apop scram-sha-1 scram-sha-256
pop3_uidl_format = %08Xu%08Xv
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {base}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={base}/mail/%u
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
"""


class Dovecot:
    """The whole server, with users whose password is "secret"."""

    def __init__(self, base, certificate, key):
        self.base = base
        self.ports = {name: world.free_port() for name in ("pop3", "pop3s", "imap", "imaps")}
        base.chmod(0o755)
        for name in ("run", "state", "mail"):
            (base / name).mkdir()
        shutil.chown(base / "mail", "mail", "mail")
        shutil.copy(certificate, base / "cert.pem")
        shutil.copy(key, base / "key.pem")
        (base / "users").write_text("box:{PLAIN}secret\nother:{PLAIN}secret\n")
        (base / "conf").write_text(DOVECOT.format(base=base, **self.ports))
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", base / "conf"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for port in self.ports.values():
            kx.wait_until(lambda: self._listens(port), what=f"Dovecot on port {port}: {self.log()}")

    @staticmethod
    def _listens(port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    def log(self):
        path = self.base / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def put(self, user, *messages, folder=None):
        """Messages into the user's Maildir, from nowhere."""
        inbox = self.base / "mail" / user
        where = inbox / f".{folder}" if folder else inbox
        for directory in (inbox, where, *(where / name for name in ("new", "cur", "tmp"))):
            directory.mkdir(parents=True, exist_ok=True)
            shutil.chown(directory, "mail", "mail")
        for message in messages:
            path = where / "new" / f"{len(os.listdir(where / 'new')) + 1:06d}.{os.urandom(4).hex()}.host"
            path.write_bytes(message)
            shutil.chown(path, "mail", "mail")

    def messages(self, user, folder=None):
        """The names of the files there."""
        where = self.base / "mail" / user / f".{folder}" if folder else self.base / "mail" / user
        return [path.name for part in ("new", "cur") for path in (where / part).glob("*")]

    def stop(self):
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def dovecot(certificate, key):
    base = Path(tempfile.mkdtemp(prefix="kx-dovecot-"))
    server = Dovecot(base, certificate, key)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(base, ignore_errors=True)


class Box:
    """What the small server has: messages by their unique names; what clients said; switches for oddities."""

    def __init__(self, *messages, **odd):
        self.messages = {f"uid{number}": message for number, message in enumerate(messages, 1)}
        self.said = []
        self.signed_in = 0
        self.odd = odd  # uidl, top, capa: False; die_in_retr, die_at_quit, ...: see Session
        self.lock = threading.Lock()

    def count(self, word):
        return sum(line.split()[0].upper() == word for line in self.said)


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def lines(self, lines):
        self.wfile.write(b"".join(line.encode() + b"\r\n" for line in lines) + b".\r\n")

    def handle(self):
        self.box = self.server.box
        self.names = list(self.box.messages)
        self.dead = set()
        with contextlib.suppress(OSError):
            self.say(self.box.odd.get("greeting", "+OK here"))
            for raw in self.rfile:
                line = raw.decode().strip()
                self.box.said.append(line)
                word, *rest = line.split(" ")
                command = getattr(self, "do_" + word.lower(), None)
                if not command:
                    self.say("-ERR what?")
                elif command(*rest) == "end":
                    return

    def do_capa(self):
        if self.box.odd.get("capa", True):
            self.say("+OK")
            self.lines(["UIDL", "TOP", "USER", *self.box.odd.get("capabilities", [])])
        else:
            self.say("-ERR what?")

    def do_user(self, _name):
        self.say("+OK")

    def do_pass(self, *words):
        good = " ".join(words) == "secret"
        self.box.signed_in += good
        self.say("+OK" if good else "-ERR [AUTH] wrong")

    def do_apop(self, _name, digest):
        stamp = self.box.odd["greeting"].split(" ")[-1]
        good = digest == md5((stamp + "secret").encode()).hexdigest()
        self.box.signed_in += good
        self.say("+OK" if good else "-ERR wrong")

    def do_auth(self, mechanism):
        """The test says what is asked, and whether an answer will do."""
        for challenge, is_good in self.box.odd["auth"][mechanism]:
            self.say("+ " + b64encode(challenge.encode()).decode())
            if not is_good(b64decode(self.rfile.readline()).decode()):
                self.say("-ERR [AUTH] no")
                return
        self.box.signed_in += 1
        self.say("+OK")

    def do_stat(self):
        self.say(f"+OK {len(self.names)} {sum(map(len, self.box.messages.values()))}")

    def do_uidl(self):
        if not self.box.odd.get("uidl", True):
            self.say("-ERR what?")
            return
        self.say("+OK")
        self.lines(f"{number} {self.box.odd.get('uid_prefix', '')}{name}" for number, name in enumerate(self.names, 1))

    def do_list(self):
        self.say("+OK")
        factor = self.box.odd.get("size_factor", 1)
        self.lines(f"{number} {int(len(self.box.messages[name]) * factor)}"
                   for number, name in enumerate(self.names, 1))

    def content(self, number):
        return self.box.messages[self.names[int(number) - 1]]

    def do_top(self, number, _lines):
        if not self.box.odd.get("top", True):
            self.say("-ERR what?")
            return
        self.say("+OK")
        head = self.content(number).split(b"\r\n\r\n")[0]
        self.wfile.write(head.replace(b"\r\n.", b"\r\n..") + b"\r\n\r\n.\r\n")

    def do_retr(self, number):
        content = self.content(number)
        odd = self.box.odd
        if odd.get("refuse_retr") == int(number):
            self.say("-ERR it is locked")
            return None
        self.say("+OK")
        if odd.get("die_in_retr") == int(number):
            self.wfile.write(content[:len(content) // 2])
            odd.pop("die_in_retr")
            return "end"
        if odd.get("stall_in_retr") == int(number):
            self.wfile.write(content[:len(content) // 2])
            self.rfile.read(1)  # until the client goes
            return "end"
        if odd.get("endless") == int(number):
            while True:  # until the client goes
                self.wfile.write(b"x" * 65536)
        text = content if content.endswith(b"\r\n") else content + b"\r\n"
        if text.startswith(b"."):
            text = b"." + text
        self.wfile.write(text.replace(b"\n.", b"\n..") + b".\r\n")
        hold = odd.get("hold_after_retr")
        if hold and hold[0] == int(number):
            hold[1].set()
            hold[2].wait(20)
        return None

    def do_dele(self, number):
        self.dead.add(self.names[int(number) - 1])
        self.say("+OK")

    def do_quit(self):
        if self.box.odd.get("die_at_quit"):
            return "end"
        with self.box.lock:
            for name in self.dead:
                self.box.messages.pop(name, None)
        self.say("+OK")
        return "end"


class Threaded(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that goes away


@contextlib.contextmanager
def pop3(box, session=Session):
    """Serves the box; yields the port."""
    with Threaded(("127.0.0.1", 0), session) as server:
        server.box = box
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
