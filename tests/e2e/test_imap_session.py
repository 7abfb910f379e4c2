# SPDX-License-Identifier: Apache-2.0
"""What surrounds the folders: greeting, sign-in, TLS, limits, IDLE, compression, and a core that comes and goes."""

import base64
import contextlib
import time
import zlib

import pytest

from kx import password_of, tls_context
from rawimap import RawImap

MESSAGE = b"From: a@example.com\r\nSubject: session\r\n\r\nBody.\r\n"


def plain(user, password=None, authorize=""):
    return base64.b64encode(f"{authorize}\0{user}\0{password or password_of(user)}".encode()).decode()


def capabilities(text):
    return set(text.removeprefix("CAPABILITY ").split())


def raw(client, data):
    client.socket.sendall(data)


def starttls(client):
    assert client.command("STARTTLS").status == "OK"
    client.socket = tls_context().wrap_socket(client.socket)
    client.file = client.socket.makefile("rb")


# ---- before sign-in

@pytest.mark.covers("SVC-13", "SMTP-37")
def test_greeting(server):
    for service in ("imap", "imaps"):
        with RawImap(server, service=service) as client:
            tag, (status, code, text) = client.greeting
            assert (tag, status) == ("*", "OK") and server.hostname in text
            assert {"IMAP4rev1", "IMAP4rev2", "LITERAL+", "SASL-IR", "ID"} <= capabilities(code)
            assert ("STARTTLS" in capabilities(code)) == (service == "imap")


def test_language_in_every_state(server):
    """RFC 5255 section 3.2."""
    with RawImap(server, service="imaps") as client:
        assert "LANGUAGE" in capabilities(client.greeting[1][1])
        assert client.ok("LANGUAGE").untagged == [["LANGUAGE", ["en", "i-default"]]]
        assert client.ok("LANGUAGE fr i-default").untagged == [["LANGUAGE", ["i-default"]]]
        assert client.command("LANGUAGE fr").status == "NO"
        assert client.command("LANGUAGE (en)").status == "BAD"
        client.ok(f'LOGIN alice "{password_of("alice")}"')
        assert client.ok("LANGUAGE en").untagged == [["LANGUAGE", ["en"]]]
        client.ok("SELECT INBOX")
        assert client.ok('LANGUAGE "*"').untagged == [["LANGUAGE", ["en"]]]


@pytest.mark.covers("SVC-13")
@pytest.mark.parametrize("service", ["imap", "imaps"])
def test_capabilities_follow_the_connection(server, service):
    with RawImap(server, service=service) as client:
        if service == "imap":
            starttls(client)
        (answer,) = client.ok("CAPABILITY").untagged
        before = set(answer[1:])
        assert {"AUTH=PLAIN", "AUTH=LOGIN"} <= before and not {"STARTTLS", "LOGINDISABLED"} & before
        answer = client.ok(f'LOGIN alice "{password_of("alice")}"')
        after = capabilities(answer.code)
        assert {"IDLE", "NAMESPACE", "SPECIAL-USE", "LIST-EXTENDED", "LIST-STATUS", "CHILDREN", "UNSELECT", "UIDPLUS",
                "MOVE", "CONDSTORE", "ESEARCH", "STATUS=SIZE", "COMPRESS=DEFLATE", "ENABLE", "MULTIAPPEND"} <= after
        assert "AUTH=PLAIN" not in after
        assert set(client.ok("CAPABILITY").untagged[0][1:]) == after


def test_no_passwords_in_the_clear(fresh_server):
    server = fresh_server(users=("alice",), config={"auth.clear-text-from-loopback": "no"})
    with RawImap(server, service="imap") as client:
        assert "LOGINDISABLED" in capabilities(client.greeting[1][1])
        assert not [word for word in capabilities(client.greeting[1][1]) if word.startswith("AUTH=")]
        for command in ('LOGIN alice "x"', "AUTHENTICATE PLAIN", "AUTHENTICATE PLAIN " + plain("alice")):
            answer = client.command(command)
            assert (answer.status, answer.code) == ("NO", "PRIVACYREQUIRED")
        starttls(client)
        client.ok("AUTHENTICATE PLAIN " + plain("alice"))


def test_what_came_before_tls_does_not_count(server):
    with RawImap(server, service="imap") as client:
        raw(client, b"t1 STARTTLS\r\nt2 NOOP\r\n")
        client.counter = 1
        assert client.finish("t1").status == "OK"
        client.socket = tls_context().wrap_socket(client.socket)
        client.file = client.socket.makefile("rb")
        client.counter = 10
        client.ok("NOOP")
        assert client.command("STARTTLS").status == "BAD"


@pytest.mark.parametrize("command", [
    "LOGIN {user} {quoted}", "AUTHENTICATE PLAIN {plain}", "AUTHENTICATE plain {plain}", "AUTHENTICATE PLAIN {self}",
])
def test_ways_to_sign_in(server, command):
    user = server.address("bob")
    with RawImap(server) as client:
        client.ok(command.format(user=user, quoted=f'"{password_of("bob")}"', plain=plain(user),
                                 self=plain(user, authorize=user)))
        client.ok("SELECT INBOX")


def test_sign_in_with_literals(server):
    for plus in (b"+", b""):
        with RawImap(server) as client:
            user, password = server.address("bob").encode(), password_of("bob").encode()
            raw(client, b"a LOGIN {%d%s}\r\n" % (len(user), plus))
            if not plus:
                assert client.read_response()[0] == "+"
            raw(client, user + b" {%d%s}\r\n" % (len(password), plus))
            if not plus:
                assert client.read_response()[0] == "+"
            raw(client, password + b"\r\n")
            assert client.finish("a").status == "OK"


def challenge(client):
    tag, values = client.read_response()
    assert tag == "+"
    return base64.b64decode(values[0].split(b" ")[-1] if values[0] != b"+" else b"")


def test_sasl_dialogues(server):
    with RawImap(server) as client:
        tag = client.send("AUTHENTICATE PLAIN")
        assert challenge(client) == b""
        raw(client, plain("bob").encode() + b"\r\n")
        assert client.finish(tag).status == "OK"
    with RawImap(server) as client:
        tag = client.send("AUTHENTICATE LOGIN")
        assert challenge(client) == b"Username:"
        raw(client, base64.b64encode(b"bob") + b"\r\n")
        assert challenge(client) == b"Password:"
        raw(client, base64.b64encode(password_of("bob").encode()) + b"\r\n")
        assert client.finish(tag).status == "OK"


def test_sasl_cancelled_or_broken(server):
    with RawImap(server) as client:
        for line in (b"*", b"not base64!", b"AAAA=", b"x" * 65_000):
            tag = client.send("AUTHENTICATE PLAIN")
            assert challenge(client) == b""
            raw(client, line + b"\r\n")
            assert client.finish(tag).status == "BAD"
        assert client.command("AUTHENTICATE PLAIN x").status == "BAD"
        assert client.command("AUTHENTICATE PLAIN ").status == "BAD"
        answer = client.command("AUTHENTICATE NONSENSE")
        assert (answer.status, answer.code) == ("NO", "CANNOT")
        client.ok("AUTHENTICATE PLAIN " + plain("bob"))


@pytest.mark.covers("LOG-42")
def test_failed_sign_in(server):
    with RawImap(server) as client:
        start = time.monotonic()
        for command in ('LOGIN alice "wrong"', 'LOGIN nobody "wrong"', "AUTHENTICATE PLAIN " + plain("alice", "wrong"),
                        "AUTHENTICATE PLAIN ="):
            answer = client.command(command)
            assert (answer.status, answer.code) == ("NO", "AUTHENTICATIONFAILED"), command
        assert time.monotonic() - start > 3, "guessing must take time"
        tag = client.send('LOGIN bob@elsewhere.test "x"')
        assert client.read_response()[0] == tag
        assert client.read_response()[1][0] == "BYE"
    server.wait_log("security", "Failed IMAP login from 127.0.0.1")


def test_pipelined_behind_a_failure(server):
    with RawImap(server) as client:
        first = client.send('LOGIN alice "wrong"')
        second = client.send(f'LOGIN alice "{password_of("alice")}"')
        third = client.send("NOOP")
        assert client.finish(first).status == "NO"
        assert client.finish(second).status == "OK"
        assert client.finish(third).status == "OK"


def test_commands_that_need_sign_in(server):
    with RawImap(server) as client:
        for command in ("SELECT INBOX", 'LIST "" *', "IDLE", "FETCH 1 FLAGS", "NONSENSE", "ENABLE CONDSTORE", "LOGIN",
                        "LOGIN x", "STARTTLS x", "NOOP x"):
            assert client.command(command).status == "BAD", command
        client.ok("NOOP")
        client.ok("ID NIL")


def test_garbage_ends_the_connection(server):
    with RawImap(server) as client:
        raw(client, b"\r\n" * 30)
        answers = []
        with contextlib.suppress(EOFError):
            while True:
                answers.append(client.read_response())
        assert answers[0][1][0] == "BAD" and answers[-1][1][0] == "BYE"
        assert len(answers) == 21


def test_commands_of_the_other_state(server):
    with RawImap(server, "alice") as client:
        for command in ('LOGIN alice "x"', "AUTHENTICATE PLAIN", "STARTTLS"):
            assert client.command(command).status == "BAD"


def test_logout(server):
    for user in (None, "alice"):
        client = RawImap(server, user)
        client.leaving = True
        answer = client.ok("LOGOUT")
        assert answer.untagged[0][0] == "BYE"
        assert client.file.read() == b""
        client.close()


@pytest.mark.parametrize("user", [None, "alice"])
def test_id(server, user):
    with RawImap(server, user) as client:
        for arguments in ("NIL", "()", '("name" "test" "version" NIL)'):
            assert client.ok(f"ID {arguments}").untagged == [["ID", [b"name", b"Keryx"]]]
        for arguments in ("", "x", '("name")', "(name x)"):
            assert client.command(f"ID {arguments}").status == "BAD"


def test_sign_in_takes_too_long(fresh_server):
    server = fresh_server(users=("alice",), config={"server.login-timeout": "10s"})
    with RawImap(server) as client:
        start = time.monotonic()
        with RawImap(server) as silent, contextlib.suppress(OSError, EOFError):
            while time.monotonic() - start < 30:
                raw(client, b"x")
                time.sleep(0.5)
            assert silent.read_response()[1][0] == "BYE"
        assert time.monotonic() - start < 20


# ---- after it

def test_enable(server):
    with RawImap(server, "alice") as client:
        assert client.ok("ENABLE CONDSTORE NONSENSE").untagged == [["ENABLED", "CONDSTORE"]]
        assert client.ok("ENABLE IMAP4rev2").untagged == [["ENABLED", "IMAP4rev2"]]
        assert client.ok("ENABLE NONSENSE").untagged == [["ENABLED"]]
        assert client.command("ENABLE").status == "BAD"


@pytest.mark.parametrize("line", [b"", b" ", b"a", b"a ", b"* NOOP", b"+ NOOP", b"a1 NOOP ", b"a1 NOOP\0", b"a1  NOOP",
                                  b"a1 UID NOOP", b"a1 UID", b"(a1) NOOP", b"\xff\xfe\xfd", b"a1 \xc3\xbc"])
def test_garbage_after_sign_in(server, line):
    with RawImap(server, "alice") as client:
        raw(client, line + b"\r\n")
        assert client.read_response()[1][0] == "BAD"
        client.ok("NOOP")


def test_tags(server):
    with RawImap(server, "alice") as client:
        for tag in ("1", "a.b-c]", "x" * 100, "NOOP", "{", ):
            raw(client, f"{tag} NOOP\r\n".encode())
            got, values = client.read_response()
            assert (got, values[0]) == ((tag, "OK") if tag != "{" else ("*", "BAD"))
        raw(client, b"x" * 200 + b" NOOP\r\n")
        assert client.read_response()[1][0] == "BAD"


def test_command_too_long(server):
    with RawImap(server, "alice") as client:
        client.ok("SELECT INBOX")
        for command in ("FETCH " + "1," * 40_000 + "1 FLAGS", "SEARCH TEXT {100000}", "NOOP " + "x" * 1_000_000):
            answer = client.command(command)
            assert (answer.status, answer.code) == ("BAD", "TOOBIG")
            client.ok("NOOP")


def test_ten_thousand_commands_in_one_go(server):
    with RawImap(server, "alice") as client:
        tags = [client.send("NOOP") for _ in range(10_000)]
        assert all(client.finish(tag).status == "OK" for tag in tags)


@pytest.mark.covers("LOG-67")
def test_dialogue_in_the_debug_log(server):
    server.configure({"log.debug": "imap-server"})
    with RawImap(server) as client:
        client.ok(f'LOGIN {server.address("alice")} "{password_of("alice")}"')
        client.ok("STATUS INBOX (MESSAGES)")
        server.wait_log("debug", "STATUS completed")
    with RawImap(server) as client:
        client.ok("AUTHENTICATE PLAIN " + plain("alice"))
        server.wait_log("debug", "AUTHENTICATE")
    server.configure({"log.debug": ""})
    text = server.log("debug")
    assert "{imap-server}" in text and "STATUS INBOX (MESSAGES)" in text and "LOGIN ***" in text
    assert password_of("alice") not in text and plain("alice") not in text


# ---- IDLE

def idle_until(client, wanted, seconds=10):
    """Reads while idling until a response `wanted` likes has come; returns it."""
    client.socket.settimeout(seconds)
    while True:
        tag, values = client.read_response()
        assert tag == "*", (tag, values)
        if wanted(values):
            return values


def start_idle(client):
    tag = client.send("IDLE")
    got, _ = client.read_response()
    assert got == "+"
    return tag


def test_idle(server):
    with RawImap(server, "alice") as client, RawImap(server, "alice") as other:
        client.ok("CREATE Idle")
        client.ok("SELECT Idle")
        tag = start_idle(client)
        other.append("Idle", MESSAGE)
        idle_until(client, lambda values: values == ["1", "EXISTS"])
        other.ok("SELECT Idle")
        other.ok("STORE 1 +FLAGS (\\Flagged)")
        idle_until(client, lambda values: values[1] == "FETCH" and "\\Flagged" in values[2][values[2].index("FLAGS") + 1])
        other.ok("STORE 1 +FLAGS (\\Deleted)")
        other.ok("EXPUNGE")
        idle_until(client, lambda values: values == ["1", "EXPUNGE"])
        raw(client, b"done\r\n")
        assert client.finish(tag).status == "OK"
        client.ok("NOOP")


@pytest.mark.covers("ENV-12")
def test_idle_hears_of_deliveries(server):
    with RawImap(server, "bob") as client:
        client.ok("SELECT INBOX")
        tag = start_idle(client)
        server.deliver("bob", "Subject: wake up\n\nNow.\n")
        idle_until(client, lambda values: values[1] == "EXISTS")
        raw(client, b"DONE\r\n")
        client.finish(tag)


def test_idle_without_a_folder(server):
    with RawImap(server, "alice") as client:
        tag = start_idle(client)
        raw(client, b"DONE\r\nnext NOOP\r\n")
        assert client.finish(tag).status == "OK"
        assert client.finish("next").status == "OK"


def test_idle_ends_only_with_done(server):
    with RawImap(server, "alice") as client:
        start_idle(client)
        raw(client, b"a NOOP\r\n")
        assert client.read_response()[1][0] == "BYE"
        assert client.file.read() == b""


def test_done_in_one_go(server):
    with RawImap(server, "alice") as client:
        client.ok("SELECT INBOX")
        raw(client, b"x IDLE\r\nDONE\r\n" * 50)
        for _ in range(50):
            client.on_untagged = None
            while client.read_response()[0] != "+":
                pass
            assert client.finish("x").status == "OK"


# ---- COMPRESS

class Compressed:
    """A socket and a file in one, with deflate on both ways."""

    def __init__(self, socket):
        self.socket = socket
        self.out = zlib.compressobj(wbits=-15)
        self.back = zlib.decompressobj(wbits=-15)
        self.buffer = b""

    def sendall(self, data):
        self.socket.sendall(self.out.compress(bytes(data)) + self.out.flush(zlib.Z_SYNC_FLUSH))

    def _fill(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.buffer += self.back.decompress(data)

    def readline(self):
        while b"\n" not in self.buffer:
            self._fill()
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line + b"\n"

    def read(self, size):
        while len(self.buffer) < size:
            self._fill()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def close(self):
        self.socket.close()


def test_compress(server):
    with RawImap(server, "alice") as client:
        client.ok("CREATE Compress")
        content = b"Subject: big\r\n\r\n" + b"all the same, all the same\r\n" * 40_000
        assert client.command("COMPRESS ZSTD").status == "NO"
        client.ok("COMPRESS DEFLATE")
        client.socket = client.file = Compressed(client.socket)
        uid = client.append("Compress", content)
        client.ok("SELECT Compress")
        assert client.fetch(f"UID FETCH {uid} BODY.PEEK[]")[1]["BODY[]"] == content
        answer = client.command("COMPRESS DEFLATE")
        assert (answer.status, answer.code) == ("NO", "COMPRESSIONACTIVE")
        assert "COMPRESS=DEFLATE" not in client.ok("CAPABILITY").untagged[0]


# ---- a core that comes and goes

def restart_core(server):
    server.wait_roles(gone=server.kill_role("core"))


def test_the_session_survives_the_core(server):
    with RawImap(server, "carol") as client, RawImap(server, "carol") as other:
        client.ok("CREATE Survivor")
        for _ in range(5):
            client.append("Survivor", MESSAGE)
        client.ok("ENABLE CONDSTORE")
        client.ok("SELECT Survivor")
        other.ok("SELECT Survivor")
        other.ok("UID STORE 2 +FLAGS (\\Deleted)")
        other.ok("EXPUNGE")
        restart_core(server)
        # Sequence numbers are as they were: message 3 is still the third.
        assert client.fetch("FETCH 3 UID")[3]["UID"] == "3"
        answer = client.ok("NOOP")
        assert ["2", "EXPUNGE"] in answer.untagged
        found = client.fetch("FETCH 2 (UID FLAGS)")[2]
        assert found["UID"] == "3"
        answer = client.ok("STORE 2 +FLAGS (\\Seen)")
        assert any("MODSEQ" in values[2] for values in answer.untagged if values[1] == "FETCH")


def test_idling_through_a_restart(server):
    with RawImap(server, "carol") as client, RawImap(server, "carol") as other:
        client.ok("CREATE Dozing")
        client.ok("SELECT Dozing")
        tag = start_idle(client)
        restart_core(server)
        other.append("Dozing", MESSAGE)
        idle_until(client, lambda values: values == ["1", "EXISTS"])
        raw(client, b"DONE\r\n")
        assert client.finish(tag).status == "OK"


def test_read_only_stays_so(server):
    with RawImap(server, "carol") as client:
        client.append("INBOX", MESSAGE)
        client.ok("EXAMINE INBOX")
        restart_core(server)
        assert client.command("EXPUNGE").status == "NO"
        client.ok("FETCH 1 BODY[]")
        assert "\\Seen" not in client.fetch("FETCH 1 FLAGS")[1]["FLAGS"]


def test_a_message_half_sent_is_refused(server):
    with RawImap(server, "carol") as client:
        content = b"Subject: half\r\n\r\n" + b"x" * 200_000
        raw(client, b"a APPEND INBOX {%d}\r\n" % len(content))
        assert client.read_response()[0] == "+"
        raw(client, content[:100_000])
        time.sleep(0.3)
        restart_core(server)
        raw(client, content[100_000:] + b"\r\n")
        answer = client.finish("a")
        assert (answer.status, answer.code) == ("NO", "UNAVAILABLE")
        client.ok("NOOP")
        assert client.append("INBOX", content)


def test_a_deleted_folder_does_not_come_back(server):
    with RawImap(server, "carol") as client, RawImap(server, "carol") as other:
        client.ok("CREATE Doomed")
        client.ok("SELECT Doomed")
        restart_core(server)
        other.ok("DELETE Doomed")
        client.send("NOOP")
        with contextlib.suppress(EOFError):
            while client.read_response()[1][0] in ("BYE", "NO"):
                pass
