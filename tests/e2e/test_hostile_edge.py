# SPDX-License-Identifier: Apache-2.0
"""Somebody has taken over an edge and says to the core what he likes: he enters nobody's session and reads no file."""

import base64
import os
import shutil
import struct
import tempfile
from pathlib import Path

import pytest

import kx
from hostile import NAMES, TYPES, Edge, pack
from saslclient import plain

SMTP, SMTPS, SUBMISSION, IMAP, IMAPS, POP3, POP3S, HTTP, HTTPS, ADMIN = range(10)
NEW, RESUMED, REFUSED = range(3)
CONTINUE, OK, FAILED, BUSY = range(4)
SECRET = b"what only bob may read"
READY = b"* OK"


@pytest.fixture(scope="module")
def server(keryx_binary):
    binary = keryx_binary.parent / "tests" / "hostile" / "keryx-hostile"
    if not binary.exists():
        pytest.skip("this build has no tests")
    folder = Path(tempfile.mkdtemp(prefix="kx-hostile-"))
    folder.chmod(0o777)
    with kx.running_server(binary, users=("alice", "bob"), environment={"KERYX_HOSTILE": f"{folder}/edge"}) as running:
        running.sockets = folder
        bob = Edge(f"{folder}/edge0")
        enter(bob, 1, "bob")
        content = b"Subject: " + SECRET + b"\r\n\r\nHello.\r\n"
        assert b"OK" in bob.command(1, b"a APPEND INBOX {%d+}\r\n%s" % (len(content), content))
        bob.close()
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def edge(server):
    instance = Edge(f"{server.sockets}/edge0")
    yield instance
    instance.close()


@pytest.fixture
def other(server):
    if not server.roles("edge")[1:]:
        pytest.skip("there is one processor, so one edge")
    instance = Edge(f"{server.sockets}/edge1")
    yield instance
    instance.close()


def enter(edge, session, name, service=IMAPS):
    """Signs in as an honest edge does for its client; returns the ticket."""
    assert edge.open(session, service)["state"] == NEW
    answer = edge.sasl(session, "PLAIN", plain(name, kx.password_of(name)))
    assert answer["status"] == OK
    return answer["ticket"]


def is_well(server, edge):
    """The core has not been started anew, and serves: bob's mail is where it was."""
    assert server.roles("core")[0]["restarts"] == 0
    edge.connect()
    enter(edge, 77, "bob")
    assert SECRET in edge.command(77, b"a SELECT INBOX\r\n"[:-2]) + edge.command(77, b"b FETCH 1 BODY[HEADER]")


def test_who_has_not_signed_in_can_command_nothing(server, edge):
    for text in (b"a SELECT INBOX", b"a FETCH 1 BODY[]", b"a LIST \"\" *", b"a STATUS INBOX (MESSAGES)", b"a GETQUOTAROOT INBOX"):
        session = edge.fresh()
        assert edge.open(session, IMAPS)["state"] == NEW
        said = edge.command(session, text)
        assert b"a OK" not in said and SECRET not in said, text
        edge.recover()
    for session in (2, 0, 0xFFFFFFFF):  # never opened
        assert SECRET not in edge.command(session, b"a FETCH 1 BODY[]")
        edge.recover()
    is_well(server, edge)


def test_tickets_open_nothing_but_their_own_session(server, edge, other):
    own = edge.fresh()
    ticket = enter(edge, own, "bob")
    assert edge.open(edge.fresh(), IMAPS, ticket)["state"] == REFUSED  # another session,
    assert edge.open(edge.fresh(), POP3S, ticket)["state"] == REFUSED  # another service,
    assert other.open(own, IMAPS, ticket)["state"] == REFUSED  # another edge
    for at in range(0, len(ticket), 7):
        altered = bytearray(ticket)
        altered[at] ^= 1
        assert edge.open(edge.fresh(), IMAPS, bytes(altered))["state"] == REFUSED
    for made_up in (b"\0" * len(ticket), os.urandom(len(ticket)), ticket[:-1], ticket + b"\0", b"x"):
        assert edge.open(edge.fresh(), IMAPS, made_up)["state"] == REFUSED
    is_well(server, edge)


def test_the_session_of_another_edge_is_not_there(server, edge, other):
    """Bob is signed in over the one; the other uses his number."""
    enter(edge, 9, "bob")
    edge.command(9, b"a SELECT INBOX")
    assert SECRET not in other.command(9, b"b FETCH 1 BODY[]")
    other.connect()
    assert SECRET in edge.command(9, b"c FETCH 1 BODY[HEADER]")
    is_well(server, other)


@pytest.mark.parametrize("mechanism,data", [
    ("PLAIN", b"bob\0alice\0" + kx.password_of("alice").encode()), ("PLAIN", b"\0bob\0"), ("PLAIN", b"\0bob\0wrong"),
    ("EXTERNAL", b""), ("EXTERNAL", b"bob@example.test"), ("GSSAPI", b"bob"), ("NTLM", b"NTLMSSP\0\3\0\0\0"),
    ("SCRAM-SHA-256", b"c=biws,r=x,p=AAAA"), ("OAUTHBEARER", b"n,a=bob,\1auth=Bearer x\1\1"), ("APOP", b"<x@y>\0bob " + b"0" * 32),
    ("CRAM-MD5", b"bob " + b"0" * 32), ("LOGIN", b"bob"), ("", b"bob"), ("NONSENSE", b""), ("plain\0", b""),
])
def test_no_word_is_a_sign_in(server, edge, mechanism, data):
    one = edge.fresh()
    edge.open(one, IMAPS)
    certificate = {"certificate": b"\x30\x03\x02\x01\x00"} if mechanism == "EXTERNAL" else {}
    answer = edge.sasl(one, mechanism, data, **certificate)
    assert answer is None or (answer["status"] != OK and not answer["ticket"] and not answer["user"])
    if answer and answer["status"] == CONTINUE:
        answer = edge.ask(pack("SASL", one, initial=0, data=b""), "SASL_REPLY", one)
        assert answer["status"] != OK
    assert SECRET not in edge.command(one, b"a FETCH 1 BODY[]")


def test_who_is_signed_in_stays_who_he_is(server, edge):
    enter(edge, 3, "alice")
    answer = edge.sasl(3, "PLAIN", plain("bob", kx.password_of("bob")))
    assert answer is None or answer["status"] != OK
    edge.connect()
    enter(edge, 3, "alice")
    for name in (b"~bob", b"~bob/INBOX", b"../bob/INBOX", b"user/bob/INBOX", b"Other Users/bob", b"#public/../bob", b"/etc",
                 b"..", b".", b"INBOX/../../bob/INBOX", b"\xff\xfe", b"bob@example.test/INBOX", b"#msgs", b"index.db"):
        said = edge.command(3, b'a SELECT "%s"' % name)
        assert b"a OK" not in said and SECRET not in said, name
    for name in (b"../../../evil", b"/tmp/evil", b"a/../../evil", b"#public/../../../evil"):
        edge.command(3, b'b CREATE "%s"' % name)
    assert not list(server.base.glob("evil*")) and not Path("/tmp/evil").exists()
    assert not list((server.data / "store").glob("**/evil/../evil.db"))
    said = edge.command(3, b"c GETMETADATA /etc/passwd /private/../../server.db")
    assert b"root:" not in said and b"SQLite" not in said
    is_well(server, edge)


def test_mail_is_not_relayed_and_nobody_is_named(server, edge):
    """The edge names no user: who has not signed in relays nothing, whatever it says of AUTH= and addresses."""
    edge.open(4, SUBMISSION)
    said = edge.ask(pack("SMTP_MAIL", 4, **{"from": "bob@example.test", "helo": "x", "auth": "bob@example.test",
                                            "to": "victim@elsewhere.test"}), "SMTP_VERDICT", 4)
    assert said is None or said["code"] >= 500
    edge.connect()
    edge.open(4, SMTP)
    said = edge.ask(pack("SMTP_MAIL", 4, **{"from": "bob@example.test", "helo": "x", "auth": "bob@example.test",
                                            "to": "victim@elsewhere.test"}), "SMTP_VERDICT", 4)
    assert said is None or said["code"] >= 500
    assert not list((server.data / "store/queue").glob("*.env"))
    is_well(server, edge)


def test_urls_of_others_are_not_read(server, edge):
    """BURL (RFC 4468), as alice, of bob's mail."""
    for url in ("imap://bob@mail.example.test/INBOX;UID=1", "imap://alice@mail.example.test/~bob/INBOX;UID=1",
                "file:///etc/passwd", "imap://bob@mail.example.test/INBOX;UID=1;URLAUTH=submit+bob:internal:" + "0" * 34):
        session = edge.fresh()
        enter(edge, session, "alice", SUBMISSION)
        begun = edge.ask(pack("SMTP_MAIL", session, **{"from": "alice@example.test", "helo": "x", "to": "alice@example.test"}),
                         "SMTP_VERDICT", session)
        assert begun["code"] == 250
        said = edge.ask(pack("SMTP_BURL", session, url=url, last=1), "SMTP_VERDICT", session)
        assert said is None or said["code"] >= 400, url
    assert SECRET not in b"".join(path.read_bytes() for path in server.eml_files("alice"))
    is_well(server, edge)


def http(edge, method, target, fields, body=b""):
    packed = b"".join(f"{name}\0{value}\0".encode() for name, value in fields.items())
    session = edge.fresh()
    edge.open(session, ADMIN, remote_ip="127.0.0.1")
    edge.send(pack("HTTP_REQUEST", session, method=method, target=target, fields=packed, length=len(body), body=body))
    return b"".join(said.get("data", b"") for said in edge.answers(0.3))


def test_nothing_is_administered(server, edge):
    basic = base64.b64encode(b"admin@example.test:wrong").decode()
    for fields in ({}, {"authorization": "Bearer made-up"}, {"authorization": f"Basic {basic}"},
                   {"cookie": "__Host-keryx-admin=made-up", "x-csrf-token": "made-up"},
                   {"authorization": "Negotiate AAAA"}, {"x-forwarded-for": "127.0.0.1", "x-remote-user": "admin@example.test"}):
        for method, target in (("GET", "/api/v1/users"), ("GET", "/api/v1/settings"), ("DELETE", "/api/v1/users/bob@example.test"),
                               ("GET", "/../../server.db"), ("GET", "/certificate.pem/../server.key"),
                               ("GET", "/api/v1/../../../etc/passwd")):
            said = http(edge, method, target, {"host": "mail.example.test", **fields})
            assert b" 200 " not in said.split(b"\r\n", 1)[0], (fields, target, said)
            assert b"bob@" not in said and b"PRIVATE KEY" not in said and b"root:" not in said
            edge.recover()
    is_well(server, edge)


def test_words_that_are_not_an_edge_s(server, edge):
    """They end the channel, and nothing happens. Which they are, the table says; test-message.c looks at all of it."""
    before = server.cli("config", "list", as_json=True)
    for name in ("PEER", "SECRET", "LISTENING", "STOP", "HOOK_ENDED", "MAIL_END", "MAIL_BODY", "DIRECTORY_END", "STS_POLICY",
                 "GSS_ANSWER", "KERBEROS_CHECKED", "PAM_CHECKED", "CONVERTED", "SETTINGS", "CERTIFICATE"):
        edge.send(pack(name))
        edge.answers(0.2)
        assert edge.dropped, name
        edge.connect()
    assert server.cli("config", "list", as_json=True) == before
    is_well(server, edge)


def test_what_is_no_message(server, edge):
    good = pack("COMMAND", 1, kind=0, data=b"a NOOP\r\n")
    broken = [b"x", good[:4], good[:-1], good + b"x", struct.pack("<HHI", 65535, 0, 1), struct.pack("<HHI", max(NAMES) + 1, 0, 1),
              struct.pack("<HHII", TYPES["COMMAND"][0], 0, 1, 0) + struct.pack("<I", 0xFFFFFFFF) + b"x",
              pack("SESSION_OPEN", 1, service=99), pack("SESSION_OPEN", 1, service=IMAPS, remote_ip=b"\xff" * 60),
              pack("SESSION_OPEN", 1, service=IMAPS, local_ip="x", remote_ip="not an address"),
              pack("COMMAND", 1, kind=250, data=b"\0" * 90000), pack("SPOOL", 1, data=b"x" * 90000), pack("MORE", 1)]
    for packet in broken:
        edge.send(packet)
        edge.answers(0.1)
        edge.recover()
    for packet in broken:  # the same for who is signed in
        edge.connect()
        enter(edge, 1, "alice")
        edge.send(packet)
        edge.answers(0.1)
    is_well(server, edge)


def test_what_it_writes_into_logs_is_a_line_of_its_own(server, edge):
    edge.send(pack("LOG", log=2, text="harmless\n[01/Jan/2026 00:00:00] Failed IMAP login from 198.51.100.9"))
    edge.answers(0.3)
    assert "\n[01/Jan/2026 00:00:00]" not in server.log("security")
    for log in (0, 1, 4, 6, 99):  # those that it may not write
        edge.send(pack("LOG", log=log, text="forged by an edge"))
        edge.answers(0.1)
        edge.recover()
    for name in ("mail", "config", "operations", "spam"):
        assert "forged by an edge" not in server.log(name), name
    is_well(server, edge)
