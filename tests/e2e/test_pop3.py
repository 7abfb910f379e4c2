# SPDX-License-Identifier: Apache-2.0
"""POP3 to the letter: every state and answer, octet counts, marks, and what happens when things break."""

import base64
import contextlib
import re
import socket
import time

import pytest

import kx

FIXED = [b"TOP", b"UIDL", b"RESP-CODES", b"AUTH-RESP-CODE", b"PIPELINING", b"EXPIRE NEVER",
         b"IMPLEMENTATION Keryx"]
MECHANISMS = [b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-1-PLUS", b"SCRAM-SHA-256", b"SCRAM-SHA-1", b"PLAIN", b"LOGIN"]
SIGN_IN = [b"USER", b"SASL " + b" ".join(MECHANISMS)]
CLEAR_SIGN_IN = [b"USER", b"SASL " + b" ".join(name for name in MECHANISMS if not name.endswith(b"-PLUS"))]


class Pop3:
    """A raw POP3 client."""

    def __init__(self, server, service="pop3s", timeout=30, greet=True):
        self.server = server
        self.socket = server.connect(service, timeout)
        self.file = self.socket.makefile("rb")
        self.greeting = self.line() if greet else b""

    def send(self, content):
        self.socket.sendall(content)

    def line(self):
        """A line without its end; b"" at the end."""
        line = self.file.readline()
        assert not line or line.endswith(b"\r\n"), line
        return line[:-2]

    def ask(self, command):
        self.send(command.encode() if isinstance(command, str) else command)
        self.send(b"\r\n")
        return self.line()

    def ok(self, command):
        answer = self.ask(command)
        assert answer.startswith(b"+OK"), (command, answer)
        return answer

    def err(self, command):
        answer = self.ask(command)
        assert answer.startswith(b"-ERR"), (command, answer)
        return answer

    def lines(self):
        """The rest of a multi-line answer, lines as they came."""
        lines = []
        while (line := self.line()) != b".":
            assert line or not self.ended(), "the connection ended"
            lines.append(line)
        return lines

    def list(self, command):
        self.ok(command)
        return self.lines()

    def bytes(self, command):
        """The announcement and the octets of a RETR or TOP."""
        answer = self.ok(command)
        return answer, b"".join((line[1:] if line[:1] == b"." else line) + b"\r\n" for line in self.lines())

    def ended(self):
        with contextlib.suppress(OSError):
            return self.file.peek(1) == b""
        return True

    def stls(self):
        self.ok("STLS")
        self.socket = kx.tls_context().wrap_socket(self.socket, server_hostname=self.server.hostname)
        self.file = self.socket.makefile("rb")

    def login(self, user):
        self.ok(f"USER {self.server.address(user)}")
        self.ok(f"PASS {kx.password_of(user)}")
        return self

    def close(self):
        """Cuts the connection without QUIT."""
        self.file.close()
        self.socket.close()

    def quit(self):
        answer = self.ok("QUIT")
        assert self.ended()
        self.close()
        return answer


@pytest.fixture
def dial(server):
    """dial(service) opens raw clients that are closed in the end."""
    opened = []

    def make(service="pop3s", **options):
        opened.append(Pop3(options.pop("on", server), service, **options))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


def signed_in(dial, user, seconds=10, **options):
    """A session, as soon as a cut one has let go of the maildrop."""
    client = None

    def attempt():
        nonlocal client
        client = dial(**options)
        client.ok(f"USER {client.server.address(user)}")
        answer = client.ask(f"PASS {kx.password_of(user)}")
        assert answer.startswith(b"+OK") or b"[IN-USE]" in answer, answer
        return answer.startswith(b"+OK")

    kx.wait_until(attempt, seconds, "the maildrop to be unlocked")
    return client


def fill(server, user, contents):
    for content in contents:
        server.deliver(user, content)
    server.wait_messages(user, len(contents))


def simple(number):
    return f"From: a@elsewhere.test\nSubject: number {number}\n\nbody {number}\n"


def credentials(server, user, password=None):
    plain = f"\0{server.address(user)}\0{password or kx.password_of(user)}"
    return base64.b64encode(plain.encode()).decode()


# --- AUTHORIZATION


@pytest.mark.covers("SMTP-36", "SVC-12")
def test_capabilities_in_every_state(server, dial, user):
    client = dial("pop3")
    assert client.greeting.startswith(b"+OK ") and b"<" not in client.greeting  # a time stamp would offer APOP
    assert client.list("CAPA") == FIXED + CLEAR_SIGN_IN + [b"STLS"]
    client.stls()
    assert client.list("CAPA") == FIXED + SIGN_IN
    client.login(user)
    assert client.list("capa") == FIXED + SIGN_IN
    client.quit()
    assert dial("pop3s").list("CAPA") == FIXED + SIGN_IN


@pytest.mark.covers("AUTH-01")
def test_clear_text_only_from_here_and_if_allowed(server, dial, user):
    client = dial("pop3")
    client.login(user)
    client.quit()
    server.configure({"auth.clear-text-from-loopback": "no"})
    try:
        kx.wait_until(lambda: b"USER" not in dial("pop3").list("CAPA"), 5, "the setting")
        client = dial("pop3")
        assert client.list("CAPA") == FIXED + [b"STLS"]
        assert b"STLS" in client.err(f"USER {server.address(user)}")
        client.err(f"AUTH PLAIN {credentials(server, user)}")
        client.err("PASS x")
        client.stls()
        client.login(user).quit()
    finally:
        server.configure({"auth.clear-text-from-loopback": "yes"})


@pytest.mark.covers("SMTP-36")
def test_stls_throws_away_what_came_before_and_behind(server, dial, user):
    client = dial("pop3")
    client.ok(f"USER {server.address(user)}")
    client.send(f"STLS\r\nPASS {kx.password_of(user)}\r\n".encode())
    assert client.line().startswith(b"+OK")
    client.socket = kx.tls_context().wrap_socket(client.socket, server_hostname=server.hostname)
    client.file = client.socket.makefile("rb")
    assert client.list("CAPA") == FIXED + SIGN_IN  # the next answer belongs to this
    assert b"USER first" in client.err(f"PASS {kx.password_of(user)}")
    client.err("STLS")
    client.login(user).quit()


@pytest.mark.covers("SMTP-36")
def test_sasl_dialogues(server, dial, user):
    client = dial()
    assert client.list("AUTH") == MECHANISMS
    client.ok(f"AUTH PLAIN {credentials(server, user)}")
    client.quit()

    client = dial()
    assert client.ask("auth plain") == b"+ "
    client.ok(credentials(server, user))
    client.quit()

    client = dial()
    assert client.ask("AUTH LOGIN") == b"+ " + base64.b64encode(b"Username:")
    assert client.ask(base64.b64encode(server.address(user).encode())) == b"+ " + base64.b64encode(b"Password:")
    client.ok(base64.b64encode(kx.password_of(user).encode()))
    client.quit()

    client = dial()
    client.ask("AUTH PLAIN")
    client.err("*")
    client.ask("AUTH LOGIN")
    client.err("not base64!")
    client.err("AUTH PLAIN AAAA=")
    assert b"[AUTH]" in client.err("AUTH CRAM-MD5")
    client.err("APOP me c4c9334bac560ecc979e58001b3e22fb")
    client.login(user).quit()


@pytest.mark.covers("SMTP-36")
def test_a_failed_sign_in_is_slow_and_five_are_enough(server, dial, user):
    client = dial()
    for attempt in range(5):
        start = time.monotonic()
        client.ok(f"USER {server.address(user)}")
        assert client.ask("PASS wrong") == b"-ERR [AUTH] Wrong name or password"
        assert 0.9 < time.monotonic() - start < 8
    assert client.ended()
    client = dial()
    client.ok("USER nobody@example.test")
    assert client.ask("PASS wrong") == b"-ERR [AUTH] Wrong name or password"  # nothing tells them apart
    client.login(user).quit()


@pytest.mark.parametrize("form", ["{0}@example.test", "{0}", "{0}@EXAMPLE.test"])
@pytest.mark.covers("SMTP-36")
def test_names_of_the_account(server, dial, user, form):
    client = dial()
    client.ok("USER " + form.format(user))
    client.ok(f"PASS {kx.password_of(user)}")
    other = dial()
    other.ok(f"USER {server.address(user)}")
    assert other.ask(f"PASS {kx.password_of(user)}").startswith(b"-ERR [IN-USE]")  # one account, whatever the name
    client.quit()


# --- TRANSACTION


@pytest.mark.covers("SMTP-36", "SVC-12")
def test_commands_and_their_arguments(server, dial, user):
    fill(server, user, [simple(n) for n in range(1, 4)])
    client = dial().login(user)
    sizes = [int(line.split()[1]) for line in client.list("LIST")]
    assert client.ok("STAT") == b"+OK 3 %d" % sum(sizes)
    assert client.ok("stat ") == b"+OK 3 %d" % sum(sizes)
    assert client.ok("list 2") == b"+OK 2 %d" % sizes[1]
    assert client.ok("LiSt    2   ") == b"+OK 2 %d" % sizes[1]
    assert client.ok("UIDL 2") == b"+OK " + client.list("UIDL")[1]
    for command in ("LIST 0", "LIST 4", "LIST 99999999999", "LIST 99999999999999999999999999", "RETR 0", "DELE 4",
                    "UIDL 4", "TOP 4 1"):
        assert client.ask(command) == b"-ERR No such message", command
    for command in ("LIST x", "LIST -1", "LIST 1x", "LIST 1 2", "RETR", "RETR  ", "DELE", "DELE 1 2", "RETR 1 2",
                    "TOP", "TOP 1", "TOP 1 x", "TOP 1 -1", "TOP 1 2 3", "UIDL 1 1", "STAT 1", "NOOP x", "QUIT now",
                    "RSET 1", "LIST \u0661", "PASS x", "AUTH PLAIN", "", "LISTEN", "\u00fc", "USER x", "STLS"):
        client.err(command)
    client.err(b"NOOP \xff\xfe")
    client.ok("NOOP")
    client.quit()
    assert len(server.eml_files(user)) == 3


@pytest.mark.covers("SMTP-36")
def test_marks_and_rset(server, dial, user):
    fill(server, user, [simple(n) for n in range(1, 5)])
    client = dial().login(user)
    client.ok("DELE 2")
    for command in ("DELE 2", "RETR 2", "LIST 2", "UIDL 2", "TOP 2 0"):
        assert client.ask(command) == b"-ERR No such message"
    assert [line.split()[0] for line in client.list("LIST")] == [b"1", b"3", b"4"]
    assert [line.split()[0] for line in client.list("UIDL")] == [b"1", b"3", b"4"]
    assert client.ok("STAT").startswith(b"+OK 3 ")
    client.ok("RSET")
    assert client.ok("STAT").startswith(b"+OK 4 ")
    client.ok("DELE 3")
    client.quit()
    left = server.wait_messages(user, 3)
    assert sorted(left) == [1, 2, 4]


@pytest.mark.covers("SMTP-36")
def test_octets_and_dots(server, dial, user):
    texts = ["From: a@b.test\n\n.\n..\n.x\nend\n", "From: a@b.test\nSubject: no body\n\n", "From: a@b.test\n\n\n\n.\n",
             "From: a@b.test\n\n" + "long " * 190 + "\n"]
    fill(server, user, texts)
    client = dial().login(user)
    stored = server.eml_files(user)
    for number, uid in enumerate(sorted(stored), 1):
        answer, content = client.bytes(f"RETR {number}")
        assert content == stored[uid]
        size = int(client.ok(f"LIST {number}").split()[2])
        assert size == len(content) and answer == b"+OK %d octets" % size
    head, _, body = stored[1].partition(b"\r\n\r\n")
    assert client.bytes("TOP 1 0")[1] == head + b"\r\n\r\n"
    assert client.bytes("TOP 1 1")[1] == head + b"\r\n\r\n.\r\n"
    assert client.bytes("TOP 1 3")[1] == head + b"\r\n\r\n.\r\n..\r\n.x\r\n"
    assert client.bytes("TOP 1 99999999999")[1] == head + b"\r\n\r\n" + body
    client.quit()


@pytest.mark.covers("SMTP-36")
def test_files_with_bare_line_feeds(server, dial, user):
    """A file that an administrator edited is sent as lines all the same."""
    fill(server, user, [simple(1)])
    (path,) = (server.folder(user) / "#msgs").glob("*.eml")
    path.write_bytes(b"From: a@b.test\nSubject: edited\n\n.one\ntwo\r\n\nlast")
    client = dial().login(user)
    answer, content = client.bytes("RETR 1")
    assert content == b"From: a@b.test\r\nSubject: edited\r\n\r\n.one\r\ntwo\r\n\r\nlast\r\n"
    assert answer == b"+OK %d octets" % len(content)
    assert client.bytes("TOP 1 1")[1].endswith(b"\r\n\r\n.one\r\n")
    path.unlink()
    assert b"[SYS/PERM]" in client.err("RETR 1")
    client.quit()


@pytest.mark.covers("SMTP-36")
def test_a_hundred_commands_at_once(server, dial, user):
    fill(server, user, [simple(n) for n in range(1, 4)])
    client = dial()
    commands = [f"USER {server.address(user)}", f"PASS {kx.password_of(user)}", "STAT"]
    commands += ["RETR 1", "LIST 2", "NOOP", "TOP 3 1"] * 24 + ["DELE 2", "QUIT"]
    assert len(commands) > 100
    client.send("".join(command + "\r\n" for command in commands).encode())
    for command in commands:
        assert client.line().startswith(b"+OK"), command
        if command.startswith(("RETR", "TOP")):
            assert client.lines()
    assert client.ended()
    server.wait_messages(user, 2)


def test_junk_after_sign_in_ends(server, dial, user):
    client = dial().login(user)
    client.send(b"junk\r\n" * 100)
    answers = []
    while line := client.line():
        answers.append(line)
    assert len(answers) == 20 and answers[-1].endswith(b"goodbye")
    client = dial().login(user) if client.ended() else None
    client.send(b"x" * 600)
    assert b"too long" in client.line() and client.ended()


# --- UPDATE


@pytest.mark.covers("SMTP-36")
@pytest.mark.parametrize("leave", ["cut", "half-close", "rset"])
def test_nothing_is_deleted_without_quit(server, dial, user, leave):
    fill(server, user, [simple(1), simple(2)])
    client = dial("pop3").login(user)
    client.ok("DELE 1")
    client.ok("DELE 2")
    if leave == "cut":
        client.close()
    elif leave == "half-close":
        client.socket.shutdown(socket.SHUT_WR)
        assert client.ended()
    else:
        client.ok("RSET")
        client.quit()
    again = signed_in(dial, user)
    assert again.ok("STAT").startswith(b"+OK 2 ")
    again.quit()
    assert len(server.eml_files(user)) == 2


@pytest.mark.covers("SMTP-36")
def test_one_client_at_a_time(server, dial, user):
    first = dial().login(user)
    second = dial()
    second.ok(f"USER {server.address(user)}")
    assert second.ask(f"PASS {kx.password_of(user)}").startswith(b"-ERR [IN-USE]")
    third = dial()
    assert third.ask(f"AUTH PLAIN {credentials(server, user)}").startswith(b"-ERR [IN-USE]")
    imap = server.imap(user)  # IMAP at the same time does no harm
    assert imap.select()[0] == "OK"
    first.ok("NOOP")
    first.close()
    signed_in(dial, user).quit()
    imap.logout()


# --- with others


@pytest.mark.covers("SVC-25", "SVC-26")
def test_removed_by_imap_meanwhile(server, dial, user):
    fill(server, user, [simple(n) for n in range(1, 6)])
    client = dial().login(user)
    identities = client.list("UIDL")
    imap = server.imap(user)
    imap.select()
    imap.store("2:3", "+FLAGS", "(\\Deleted)")
    imap.expunge()
    server.deliver(user, simple(6))
    server.wait_messages(user, 4)
    # Numbers stay, also where messages are gone, and what is new is not seen.
    assert client.list("UIDL") == [identities[0], identities[3], identities[4]]
    assert b"removed by another program" in client.err("RETR 2")
    assert b"body 4" in client.bytes("RETR 4")[1]
    client.ok("DELE 4")
    client.err("DELE 3")
    assert client.ok("STAT").startswith(b"+OK 2 ")
    client.quit()
    assert sorted(server.wait_messages(user, 3)) == [1, 5, 6]
    again = dial().login(user)
    assert [line.split()[1] for line in again.list("UIDL")][:2] == [identities[0].split()[1], identities[4].split()[1]]
    again.quit()
    imap.logout()


@pytest.mark.covers("SMTP-36")
def test_identities_survive_reindex_and_a_lost_index(fresh_server, dial):
    server = fresh_server(users=("dora",))
    fill(server, "dora", [simple(n) for n in range(1, 6)])
    client = dial(on=server).login("dora")
    client.ok("DELE 2")
    client.quit()
    client = dial(on=server).login("dora")
    identities = client.list("UIDL")
    assert len({line.split()[1] for line in identities}) == 4
    assert all(re.fullmatch(rb"\d+ [!-~]{1,70}", line) for line in identities)
    client.quit()
    server.stop()
    index = server.folder("dora").parent / "index.db"
    index.rename(index.with_suffix(".bad"))
    for suffix in ("-wal", "-shm"):
        index.with_name("index.db" + suffix).unlink(missing_ok=True)
    server.start()
    client = dial(on=server).login("dora")
    assert client.list("UIDL") == identities
    client.quit()


@pytest.mark.covers("SVC-26")
def test_other_folders_are_not_seen(server, dial, user):
    fill(server, user, [simple(1), simple(2)])
    imap = server.imap(user)
    imap.create("Elsewhere")
    imap.select()
    imap.copy("1", "Elsewhere")
    imap.store("1", "+FLAGS", "(\\Deleted)")
    imap.expunge()
    client = dial().login(user)
    assert client.ok("STAT").startswith(b"+OK 1 ")
    client.bytes("RETR 1")
    client.quit()
    imap.noop()
    assert b"\\Seen" in imap.fetch("1", "(FLAGS)")[1][0]  # read here, seen there
    imap.logout()


# --- the core goes and comes


@pytest.mark.covers("SMTP-36")
def test_a_new_core_keeps_session_marks_and_lock(fresh_server, dial):
    server = fresh_server(users=("emil",))
    fill(server, "emil", [simple(n) for n in range(1, 8)])
    client = dial(on=server).login("emil")
    identities = client.list("UIDL")
    client.ok("DELE 2")
    client.ok("DELE 5")
    client.bytes("RETR 1")
    server.deliver("emil", simple(8))
    server.wait_messages("emil", 8)
    for _ in range(2):
        server.wait_roles(gone=server.kill_role("core"))
    second = dial(on=server)
    second.ok(f"USER {server.address('emil')}")
    assert second.ask(f"PASS {kx.password_of('emil')}").startswith(b"-ERR [IN-USE]")  # held without a word said
    assert client.list("UIDL") == [identities[n] for n in (0, 2, 3, 5, 6)]
    assert client.ask("RETR 5") == b"-ERR No such message"
    client.ok("DELE 7")
    client.quit()
    assert sorted(server.wait_messages("emil", 5)) == [1, 3, 4, 6, 8]
    imap = server.imap("emil")
    imap.select()
    assert b"\\Seen" in imap.fetch("1", "(FLAGS)")[1][0]  # so is what was read
    imap.logout()


@pytest.mark.covers("SMTP-36")
def test_an_edge_killed_deletes_nothing(fresh_server, dial):
    server = fresh_server(users=("frida",))
    fill(server, "frida", [simple(1), simple(2)])
    client = dial(on=server).login("frida")
    client.ok("DELE 1")
    server.wait_roles(gone=server.kill_role("edge"))
    assert client.ended()
    again = signed_in(dial, "frida", on=server)
    assert again.ok("STAT").startswith(b"+OK 2 ")
    again.quit()
