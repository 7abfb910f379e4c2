# SPDX-License-Identifier: Apache-2.0
"""What a hostile client sends: a clear refusal, bounded memory, and nobody else harmed.

Around every test here stand the same checks (the fixture `unharmed`): the same processes still run,
none of them grew beyond GROWTH_KB, and an ordinary client was served all the time.
"""

import contextlib
import os
import select
import socket
import ssl
import threading
import time

import pytest

import kx
import messages

# For any one process, over its size before the attack; sanitizers keep what is freed for a while.
GROWTH_KB = (640 if os.environ.get("KERYX_SANITIZED") else 96) * 1024
ANSWER_SECONDS = 30
CHUNK = 64 * 1024


class Line:
    """A socket that is read by lines and written in the raw."""

    def __init__(self, server, service, timeout=ANSWER_SECONDS):
        self.socket = server.connect(service, timeout)
        self.file = self.socket.makefile("rb")

    def read(self):
        """One line without its CRLF; b"" when the server has closed."""
        try:
            return self.file.readline(65536).rstrip(b"\r\n")
        except TimeoutError:
            raise
        except OSError:  # reset, or TLS cut off
            return b""

    def send(self, content):
        """Sends all of it; what the server no longer wants is no failure. Returns whether all went out."""
        try:
            self.socket.sendall(content)
            return True
        except TimeoutError:
            raise
        except OSError:
            return False

    def ask(self, command):
        self.send(command + b"\r\n")
        return self.read()

    def rest(self):
        """Everything until the server closes."""
        lines = []
        while line := self.read():
            lines.append(line)
        return lines

    def close(self):
        self.file.close()
        self.socket.close()


@contextlib.contextmanager
def talking(server, service, timeout=ANSWER_SECONDS):
    """A connection past the greeting."""
    line = Line(server, service, timeout)
    try:
        assert line.read()
        yield line
    finally:
        line.close()


def smtp_reply(line):
    """The code and the last line of a reply, past its continuation lines."""
    while True:
        text = line.read()
        if text[3:4] != b"-":
            return text[:3], text


def smtp_ready(line):
    line.send(b"EHLO client.example.test\r\n")
    assert smtp_reply(line)[0] == b"250"


def smtp_data(line, recipient="alice@example.test"):
    """Brings a session to the point where the content goes."""
    smtp_ready(line)
    for command in (b"MAIL FROM:<sender@elsewhere.test>", b"RCPT TO:<" + recipient.encode() + b">"):
        line.send(command + b"\r\n")
        assert smtp_reply(line)[0] == b"250", command
    line.send(b"DATA\r\n")
    assert smtp_reply(line)[0] == b"354"


def imap_login(line, user):
    answer = line.ask(f'a1 LOGIN {user}@example.test "{kx.password_of(user)}"'.encode())
    while answer and not answer.startswith(b"a1 "):
        answer = line.read()
    assert answer.startswith(b"a1 OK"), answer


def imap_answer(line, tag):
    """The tagged line; b"" when the server closed first."""
    while (text := line.read()) and not text.startswith(tag + b" "):
        pass
    return text


def lasting_roles(server):
    """All but the converters, which come and go with the work."""
    return {(row["role"], row["pid"]) for row in server.roles() if row["role"] != "convert"}


@pytest.fixture
def unharmed(server):
    """Runs around the attack."""
    before = server.memory_kb()
    pids = lasting_roles(server)
    stop = threading.Event()
    slowest = [0.0]

    def ordinary_client():
        while not stop.is_set():
            started = time.monotonic()
            with server.smtp(timeout=ANSWER_SECONDS) as client:
                client.noop()
            slowest[0] = max(slowest[0], time.monotonic() - started)
            stop.wait(0.2)

    thread = threading.Thread(target=ordinary_client)
    thread.start()
    yield
    stop.set()
    thread.join(ANSWER_SECONDS + 5)
    assert not thread.is_alive() and slowest[0] < 5, f"another client waited {slowest[0]:.1f} s"
    assert lasting_roles(server) == pids, "a role was restarted"
    for pid, size in server.memory_kb().items():
        grown = size - before.get(pid, 0)
        assert grown < GROWTH_KB, f"process {pid} grew by {grown} KiB"
    client = server.imap("bob")
    assert client.select()[0] == "OK"
    client.logout()


pytestmark = pytest.mark.usefixtures("unharmed")


# --- lines and literals beyond every limit

@pytest.mark.parametrize("service", ["smtp", "submission"])
def test_smtp_endless_command_line(server, service):
    with talking(server, service) as line:
        for _ in range(800):  # 50 MB without a line end
            if not line.send(b"A" * CHUNK):
                break
        line.send(b"\r\n")
        code, _ = smtp_reply(line)
        assert code in (b"500", b"421", b"")


@pytest.mark.parametrize("service", ["imap", "imaps"])
def test_imap_endless_command_line(server, service):
    with talking(server, service) as line:
        for _ in range(800):
            if not line.send(b"A" * CHUNK):
                break
        line.send(b"\r\n")
        answer = line.read()
        assert not answer or answer.startswith((b"* BYE", b"* BAD", b"A")), answer


@pytest.mark.parametrize("service", ["pop3", "pop3s"])
def test_pop3_endless_command_line(server, service):
    with talking(server, service) as line:
        for _ in range(800):
            if not line.send(b"A" * CHUNK):
                break
        line.send(b"\r\n")
        answer = line.read()
        assert not answer or answer.startswith(b"-ERR"), answer


def test_smtp_line_just_too_long_keeps_the_session(server):
    with talking(server, "smtp") as line:
        line.send(b"NOOP " + b"x" * 13_000 + b"\r\n")
        assert smtp_reply(line)[0] == b"500"
        line.send(b"NOOP\r\n")
        assert smtp_reply(line)[0] == b"250"


@pytest.mark.parametrize("literal", [b"{99999999999999999999}", b"{4294967296}", b"{-1}", b"{1+", b"{x}"])
def test_imap_impossible_literals_before_login(server, literal):
    with talking(server, "imaps") as line:
        line.send(b"a1 LOGIN " + literal + b"\r\n")
        answer = line.read()
        assert answer.startswith((b"a1 BAD", b"a1 NO", b"* BYE", b"* BAD")) or not answer, answer


def test_imap_large_synchronising_literal_before_login_is_not_invited(server):
    with talking(server, "imaps") as line:
        line.send(b"a1 LOGIN {50000000}\r\n")
        assert not line.read().startswith(b"+")


def test_imap_large_non_synchronising_literal_before_login_is_not_kept(server):
    with talking(server, "imaps") as line:
        line.send(b"a1 LOGIN {50000000+}\r\n")
        for _ in range(50_000_000 // CHUNK):
            if not line.send(b"A" * CHUNK):
                break
        line.send(b"\r\n")
        answer = line.read()
        assert not answer or answer.startswith((b"a1 ", b"* BYE")) and b" OK" not in answer


@pytest.mark.parametrize("command", [b"SEARCH SUBJECT ", b"CREATE ", b"LIST \"\" ", b"APPEND "])
def test_imap_large_literal_where_an_argument_goes(server, command):
    with talking(server, "imaps") as line:
        imap_login(line, "alice")
        line.send(b"a2 " + command + b"{100000000}\r\n")
        answer = line.read()
        assert answer.startswith((b"a2 NO", b"a2 BAD", b"* BYE")), answer


def test_imap_append_over_the_limit_is_refused_before_the_bytes(server):
    with talking(server, "imaps") as line:
        imap_login(line, "alice")
        line.send(b"a2 APPEND INBOX {99000000000}\r\n")
        answer = line.read()
        assert answer.startswith(b"a2 NO") and b"TOOBIG" in answer, answer
        assert line.ask(b"a3 NOOP").startswith(b"a3 OK")


@pytest.mark.covers("SMTP-23")
def test_smtp_message_over_the_limit(server):
    with talking(server, "smtp") as line:
        smtp_ready(line)
        line.send(b"MAIL FROM:<sender@elsewhere.test> SIZE=99000000000\r\n")
        assert smtp_reply(line)[0] == b"552"
        line.send(b"RSET\r\n")
        assert smtp_reply(line)[0] == b"250"
        smtp_data(line)
        line.send(b"Subject: too big\r\n\r\n")
        block = (b"x" * 998 + b"\r\n") * 64
        for _ in range(30_000_000 // len(block)):  # the preset is 25 MB
            if not line.send(block):
                break
        line.send(b".\r\n")
        assert smtp_reply(line)[0] in (b"552", b"")


# --- noise

@pytest.mark.parametrize("service", ["smtp", "submission", "smtps", "imap", "imaps", "pop3", "pop3s"])
def test_binary_junk(server, service):
    with talking(server, service, 15) as line:
        noise = bytes(range(256)) * 4096
        line.send(noise)
        with contextlib.suppress(OSError):
            line.socket.shutdown(socket.SHUT_WR)
        for answer in line.rest():
            assert not answer.startswith((b"250", b"+OK")) and b" OK" not in answer[:12], answer


@pytest.mark.parametrize("service", ["smtps", "imaps", "pop3s"])
def test_no_tls_where_tls_is_due(server, service):
    with socket.create_connection(("127.0.0.1", server.port(service)), ANSWER_SECONDS) as raw:
        raw.sendall(b"EHLO client\r\n" * 20000)
        with contextlib.suppress(OSError):
            while raw.recv(65536):
                pass


@pytest.mark.parametrize("service, command", [
    ("smtp", b"MAIL FROM:<a\0b@elsewhere.test>"), ("smtp", b"EHLO cli\0ent"), ("smtp", b"\0\0\0\0"),
    ("imap", b"a1 LOGIN alice\0@example.test secret"), ("imap", b"a1 \0"), ("pop3", b"USER ali\0ce")])
def test_nul_in_a_command(server, service, command):
    with talking(server, service) as line:
        answer = line.ask(command)
        refusals = (b"5", b"421", b"a1 BAD", b"* BAD", b"a1 NO", b"* BYE", b"-ERR")
        assert answer.startswith(refusals) or not answer, answer


def test_nul_in_a_message_is_refused_or_kept(server, user):
    with talking(server, "smtp") as line:
        smtp_data(line, f"{user}@example.test")
        line.send(b"Subject: nul\r\n\r\nbefore\0after\r\n.\r\n")
        code, _ = smtp_reply(line)
    if code == b"250":
        (content,) = server.wait_messages(user, 1).values()
        assert b"before\0after" in content
    else:
        assert code[:1] == b"5" and server.eml_files(user) == {}


# --- connections that hang half way

@pytest.mark.parametrize("service", ["smtp", "imap", "imaps", "pop3", "pop3s"])
def test_half_closed_sockets_are_let_go(server, service):
    held = []
    try:
        for _ in range(15):
            line = Line(server, service)
            line.read()
            line.send(b"NOO")
            line.socket.shutdown(socket.SHUT_WR)
            held.append(line)
        for line in held:
            assert len(line.rest()) < 5  # the server closes its side too, soon
    finally:
        for line in held:
            line.close()


def test_slow_loris_does_not_starve_others(server):
    """Many clients that send one byte now and then, in the middle of everything."""
    held = []
    try:
        for number in range(300):
            service = ("imap", "pop3", "imaps")[number % 3]
            held.append(server.connect(service))
        for letter in b"a1 LOGIN alice":
            for raw in held:
                with contextlib.suppress(OSError):
                    raw.send(bytes([letter]))
            time.sleep(0.05)
        client = server.imap("bob")
        assert client.noop()[0] == "OK"
        client.logout()
    finally:
        for raw in held:
            raw.close()


def test_a_client_that_never_reads(server, user):
    """Output for it is bounded; the worker that made it is free for others."""
    client = server.imap(user)
    content = messages.wire(messages.large(1_000_000))
    for _ in range(10):
        client.append("INBOX", None, None, content)
    client.logout()
    with talking(server, "imap") as line:
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        imap_login(line, user)
        line.ask(b"a2 SELECT INBOX")
        line.send(b"".join(b"b%d FETCH 1:* BODY.PEEK[]\r\n" % number for number in range(50)))
        time.sleep(3)
        other = server.imap(user)
        other.select()
        assert other.fetch("1:*", "(FLAGS)")[0] == "OK"
        other.logout()


# --- floods

def flood(line, command, count, expected):
    """Sends `count` commands without waiting and reads the answers meanwhile, in one thread: TLS wants that.

    Returns the number of expected answers, and the last line of all.
    """
    busy = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
    left, answers, rest, last = memoryview(command * count), 0, b"", b""
    line.socket.setblocking(False)
    until = time.monotonic() + 120
    while answers < count and time.monotonic() < until:
        moved = 0
        try:
            with contextlib.suppress(*busy):
                moved = line.socket.send(left[:65536]) if left else 0
                left = left[moved:]
            piece = line.socket.recv(65536)
        except busy:
            if not moved:
                select.select([line.socket], [line.socket] if left else [], [], 1)
            continue
        except OSError:
            break
        if not piece:
            break
        *lines, rest = (rest + piece).split(b"\r\n")
        answers += sum(expected in text for text in lines)
        last = lines[-1] if lines else last
    return answers, last


@pytest.mark.parametrize("service, command, expected", [
    ("smtp", b"NOOP\r\n", b"250"), ("imap", b"a NOOP\r\n", b"a OK"),
    ("imaps", b"a CAPABILITY\r\n", b"a OK")])
def test_thousands_of_pipelined_commands(server, service, command, expected):
    with talking(server, service) as line:
        if service == "smtp":
            smtp_ready(line)
        else:
            imap_login(line, "alice")
        count, last = flood(line, command, 10_000, expected)
        assert count == 10_000 or last.startswith((b"421", b"* BYE")), (count, last)


def test_pipelined_commands_to_a_client_that_reads_nothing(server):
    with talking(server, "imap", 5) as line:
        imap_login(line, "alice")
        line.socket.settimeout(2)
        with contextlib.suppress(TimeoutError):
            for _ in range(2000):
                if not line.send(b"a CAPABILITY\r\n" * 1000):
                    break


@pytest.mark.covers("SMTP-22")
def test_failed_commands_end_the_session(server):
    with talking(server, "smtp") as line:
        line.send(b"NONSENSE\r\n" * 200)
        answers = line.rest()
        assert 5 <= len(answers) <= 30
        assert answers[-1].startswith(b"421")


@pytest.mark.covers("SMTP-21")
def test_too_many_recipients(server):
    with talking(server, "smtp") as line:
        smtp_ready(line)
        line.send(b"MAIL FROM:<sender@elsewhere.test>\r\n")
        smtp_reply(line)
        line.send(b"RCPT TO:<alice@example.test>\r\n" * 150)
        codes = [smtp_reply(line)[0] for _ in range(150)]
        assert codes == [b"250"] * 100 + [b"452"] * 50


# --- messages made to hurt parsers

def deep_mime(depth):
    head = b"Subject: deep\r\nFrom: a@elsewhere.test\r\nMIME-Version: 1.0\r\n"
    parts = [b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
             for level in range(depth)]
    return head + b"".join(parts) + b"Content-Type: text/plain\r\n\r\ndeep inside\r\n"


def deep_message_rfc822(depth):
    return b"Content-Type: message/rfc822\r\n\r\n" * depth + b"Subject: inside\r\n\r\ntext\r\n"


BOMBS = {
    "mime nested 10,000 deep": deep_mime(10_000),
    "message/rfc822 nested 10,000 deep": deep_message_rfc822(10_000),
    "100,000 parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                     + b"--b\r\n\r\nx\r\n" * 100_000 + b"--b--\r\n",
    "100,000 header fields": b"X-Field: value\r\n" * 100_000 + b"\r\nbody\r\n",
    "one field of 10 MB, folded": b"Subject: x" + (b"\r\n " + b"y" * 31) * 300_000 + b"\r\n\r\nbody\r\n",
    "100,000 addresses": b"To: " + b",\r\n ".join(b"<u%d@elsewhere.test>" % number
                                                  for number in range(100_000)) + b"\r\n\r\nbody\r\n",
    "nested comments": b"To: " + b"(" * 900 + b"\r\n " + b"(" * 900 + b"\r\n\r\nbody\r\n",
    "100,000 parameters": b"Content-Type: text/plain" + b";\r\n a*0*=utf-8''x" * 100_000
                          + b"\r\n\r\nbody\r\n",
    "no header at all": b"\r\njust a body\r\n",
    "boundary of every line": b"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n" + b"--\r\n" * 100_000,
}
ITEMS = ("(ENVELOPE BODYSTRUCTURE RFC822.SIZE)", "(BODY.PEEK[HEADER.FIELDS (SUBJECT TO)])",
         "(BODY.PEEK[1.1.1.1.1.1.1.1.1.1])", "(BODY.PEEK[1.MIME])")


@pytest.mark.parametrize("name", list(BOMBS))
@pytest.mark.parametrize("way", ["smtp", "append"])
def test_a_bomb_is_refused_or_can_be_read(server, user, name, way):
    content = BOMBS[name]
    if way == "smtp":
        with talking(server, "smtp", 60) as line:
            smtp_data(line, f"{user}@example.test")
            line.send(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            code, text = smtp_reply(line)
        assert code == b"250" or code[:1] == b"5", text
        accepted = code == b"250"
    client = server.imap(user)
    if way == "append":
        accepted = client.append("INBOX", None, None, content)[0] == "OK"
    if accepted:
        kx.wait_until(lambda: client.select()[1] == [b"1"], 20, "the message in INBOX")
        for item in ITEMS:
            status, _ = client.fetch("1", item)
            assert status in ("OK", "NO")
        assert client.search(None, "TEXT", '"deep inside"')[0] in ("OK", "NO")
        assert client.fetch("1", "(BODY.PEEK[])")[1][0][1].endswith(content)
    client.logout()


# --- smuggling: only CRLF . CRLF ends a message

SMUGGLED = b"MAIL FROM:<smuggler@elsewhere.test>"
ENDINGS = {
    "LF.LF": b"\n.\n", "LF.CRLF": b"\n.\r\n", "CRLF.LF": b"\r\n.\n", "CR.CR": b"\r.\r", "CR.CRLF": b"\r.\r\n",
    "CRLF.CR": b"\r\n.\r", "LF.CR": b"\n.\r", "CRLF NUL.CRLF": b"\r\n\0.\r\n",
    "CRLF.NUL CRLF": b"\r\n.\0\r\n",
    "CRLF.CRCRLF": b"\r\n.\r\r\n", "CRLF. CRLF": b"\r\n. \r\n",
}


@pytest.mark.parametrize("ending", list(ENDINGS))
def test_no_message_is_smuggled_in(server, user, ending):
    address = f"{user}@example.test".encode()
    inner = (SMUGGLED + b"\r\nRCPT TO:<" + address + b">\r\nDATA\r\n"
             b"Subject: smuggled\r\n\r\nsmuggled body\r\n.\r\n")
    with talking(server, "smtp") as line:
        smtp_data(line, address.decode())
        line.send(b"Subject: outer\r\n\r\nouter body" + ENDINGS[ending] + inner + b"QUIT\r\n")
        answers = line.rest()
    finals = [answer for answer in answers if answer[3:4] == b" "]
    # One answer to the message (accepted or refused) and at most what follows a real end of data.
    assert len([answer for answer in finals if answer.startswith((b"250", b"354"))]) <= 1, answers
    time.sleep(0.3)
    files = server.eml_files(user)
    assert len(files) <= 1
    for content in files.values():
        assert b"smuggler@elsewhere.test" not in content.split(b"\r\n\r\n")[0]


@pytest.mark.parametrize("breaker", [b"\n", b"\r"], ids=["bare LF", "bare CR"])
def test_bare_line_breaks_do_not_end_a_command(server, breaker):
    with talking(server, "smtp") as line:
        line.send(b"EHLO client.example.test" + breaker + b"NOOP" + breaker + b"NOOP\r\n")
        code, _ = smtp_reply(line)
        assert code[:1] == b"5" or code == b"421"


def test_starttls_drops_what_was_pipelined_in_clear(server):
    """CVE-2011-0411: commands sent in clear behind STARTTLS must not run inside TLS."""
    with talking(server, "smtp") as line:
        smtp_ready(line)
        line.send(b"STARTTLS\r\nMAIL FROM:<injected@elsewhere.test>\r\n")
        code, _ = smtp_reply(line)
        if code != b"220":
            return
        line.socket.settimeout(10)
        try:
            secured = kx.tls_context().wrap_socket(line.socket, server_hostname=server.hostname)
        except OSError:
            return  # cut off: as good
        with secured:
            secured.sendall(b"EHLO client.example.test\r\nRCPT TO:<alice@example.test>\r\nQUIT\r\n")
            text = b""
            with contextlib.suppress(OSError):
                while block := secured.recv(65536):
                    text += block
        assert b"503" in text, text
