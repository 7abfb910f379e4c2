# SPDX-License-Identifier: Apache-2.0
"""The content of messages: DATA and BDAT, what ends a message, what is refused, what is stored."""

import base64
import os
import re

import pytest

from rawsmtp import dialogue, setting


def new_messages(server, user, before):
    """The contents that came since `before`, which is the keys of eml_files()."""
    return [content for uid, content in server.eml_files(user).items() if uid not in before]


def body_of(content):
    return content.split(b"\r\n\r\n", 1)[1]


@pytest.fixture
def inbox(server):
    """A function that returns what has come to bob since the test began."""
    before = set(server.eml_files("bob"))
    return lambda: new_messages(server, "bob", before)


@pytest.mark.covers("SMTP-01", "SVC-07")
def test_dots_and_eight_bits_arrive_as_sent(server, inbox):
    with dialogue(server) as smtp:
        smtp.envelope("bob")
        assert smtp.data("Subject: dots\r\n\r\n..\r\n...a\r\n.b\r\nc.\r\n\xfc\r\n.\r\n".encode("latin-1"))[0] == 250
    (content,) = inbox()
    assert body_of(content) == ".\r\n..a\r\nb\r\nc.\r\n\xfc\r\n".encode("latin-1")


@pytest.mark.parametrize("piece", [1, 2, 3, 7])
def test_content_in_small_pieces(server, inbox, piece):
    content = b"Subject: pieces\r\n\r\n..one\r\n.two\r\n" + b"x" * 50 + b"\r\n.\r\n"
    with dialogue(server) as smtp:
        smtp.envelope("bob")
        assert smtp.code("DATA") == 354
        for start in range(0, len(content), piece):
            smtp.send(content[start:start + piece])
        assert smtp.reply()[0] == 250
    assert body_of(inbox()[0]) == b".one\r\ntwo\r\n" + b"x" * 50 + b"\r\n"


@pytest.mark.parametrize("trick", ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r\r\n",
                                   "\r\n.\r", "\n\n.\r\n", "\r\r\n.\r\r\n", "\r\n\x00.\r\n"])
def test_nothing_is_smuggled(server, inbox, trick):
    with dialogue(server) as smtp:
        smtp.envelope("bob")
        code, text = smtp.data(f"Subject: one\r\n\r\nfirst{trick}MAIL FROM:<evil@b.test>\r\n"
                               "RCPT TO:<bob@example.test>\r\nDATA\r\nSubject: two\r\n\r\n.\r\n")
        assert code == 550 and text.startswith("5.6.11 ")
        assert smtp.code("NOOP") == 250  # one answer, and the session goes on
        smtp.envelope("bob")
        assert smtp.data("Subject: three\r\n\r\n.\r\n")[0] == 250
    (content,) = inbox()
    assert b"Subject: three" in content


def test_commands_with_bare_line_ends_are_refused(server):
    with dialogue(server) as smtp:
        smtp.send("NOOP\nNOOP\r\n")
        assert [smtp.reply()[0], smtp.reply()[0]] == [500, 250]
        assert smtp.code("NOOP\rNOOP") == 500


@pytest.mark.parametrize("length, code", [(998, 250), (100_000, 250), (1024 * 1024, 250), (1024 * 1024 + 1, 554)])
def test_long_lines(server, inbox, length, code):
    with dialogue(server) as smtp:
        smtp.envelope("bob")
        assert smtp.data("Subject: long\r\n\r\n" + "x" * length + "\r\n.\r\n")[0] == code
    assert [len(body_of(content)) for content in inbox()] == ([length + 2] if code == 250 else [])


def test_bdat(server, inbox):
    with dialogue(server) as smtp:
        smtp.envelope("bob")
        smtp.send(b"BDAT 15\r\nSubject: bdat\r\nBDAT 0\r\nBDAT 12 LAST\r\n\r\n.\r\nRSET\r\n.")
        assert smtp.reply() == (250, "2.0.0 15 octets received")
        assert smtp.reply() == (250, "2.0.0 0 octets received")
        assert smtp.reply()[0] == 250
        assert smtp.code("NOOP") == 250
    assert body_of(inbox()[0]) == b".\r\nRSET\r\n."


@pytest.mark.parametrize("before, code", [
    ([], 503), (["MAIL FROM:<a@b.test>"], 554),
    (["MAIL FROM:<a@b.test>", "RCPT TO:<nobody@example.test>"], 554)])
def test_refused_chunks_are_read(server, before, code):
    with dialogue(server) as smtp:
        for command in before:
            smtp.ask(command)
        smtp.send(b"BDAT 20\r\nQUIT\r\nQUIT\r\nQUIT\r\nxxBDAT 3 LAST\r\nabcNOOP\r\n")
        assert [smtp.reply()[0] for _ in range(3)] == [code, 503, 250]


def test_data_and_bdat_do_not_mix(server):
    with dialogue(server) as smtp:
        smtp.envelope("bob")
        smtp.send(b"BDAT 3\r\nabc")
        assert smtp.reply()[0] == 250
        assert smtp.code("DATA") == 503
        assert smtp.code("RCPT TO:<alice@example.test>") == 503
        assert smtp.code("RSET") == 250
        smtp.envelope("bob", parameters=" BODY=BINARYMIME")
        assert smtp.code("DATA") == 503


def test_binarymime_becomes_readable(server, inbox):
    body = bytes(range(256)) + b"\r\n.\r\n\n\r"
    head = (b"MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
            b"Content-Transfer-Encoding: binary\r\n\r\n")
    with dialogue(server) as smtp:
        smtp.envelope("bob", parameters=" BODY=BINARYMIME")
        smtp.send(b"BDAT %d LAST\r\n" % len(head + body) + head + body)
        assert smtp.reply()[0] == 250
        smtp.envelope("bob", parameters=" BODY=8BITMIME")
        smtp.send(b"BDAT %d LAST\r\n" % len(head + body) + head + body)
        assert smtp.reply()[0] == 550
    (content,) = inbox()
    assert b"\r\nContent-Transfer-Encoding: base64\r\n" in content
    assert base64.b64decode(body_of(content)) == body


@pytest.mark.covers("SMTP-23")
@pytest.mark.parametrize("way", ["data", "bdat"])
def test_size_limit(server, inbox, way):
    line = b"0123456789" * 7 + b"\r\n"
    head = b"Subject: size\r\n\r\n"
    with setting(server, "smtp.max-size", "1M"), dialogue(server) as smtp:
        for extra, expected in ((-72, 250), (1, 552)):
            content = head + line * ((1024 * 1024 - len(head)) // 72)
            content += b"x" * (1024 * 1024 + extra - len(content) - 2) + b"\r\n"
            smtp.envelope("bob")
            if way == "data":
                code, text = smtp.data(content + b".\r\n")
            else:
                smtp.send(b"BDAT %d LAST\r\n" % len(content) + content)
                code, text = smtp.reply()
            assert code == expected, text
            assert code == 250 or text.startswith("5.3.4 ")
        assert smtp.code("NOOP") == 250
    assert len(inbox()) == 1


def test_size_without_limit(server, inbox):
    with setting(server, "smtp.max-size", "0"), dialogue(server) as smtp:
        assert "SIZE" in smtp.ehlo()
        smtp.envelope("bob", parameters=" SIZE=30000000")
        assert smtp.data(b"Subject: s\r\n\r\n" + (b"x" * 998 + b"\r\n") * 30000 + b".\r\n")[0] == 250
    assert len(inbox()[0]) > 30_000_000


def test_large_message_arrives_whole(server, inbox):
    body = base64.encodebytes(os.urandom(5_000_000)).replace(b"\n", b"\r\n")
    with dialogue(server) as smtp:
        smtp.envelope("bob")
        assert smtp.data(b"Subject: large\r\n\r\n" + body + b".\r\n")[0] == 250
    assert body_of(inbox()[0]) == body


@pytest.mark.covers("SMTP-24")
def test_hops(server, inbox):
    trace = "Received: from a by b; Sun, 22 Nov 2026 05:00:00 +0000\r\n"
    with setting(server, "smtp.max-hops", "5"), dialogue(server) as smtp:
        for hops, code in ((5, 250), (6, 554)):
            smtp.envelope("bob")
            reply = smtp.data(trace * hops + "Subject: hops\r\n\r\nReceived: not a hop\r\n.\r\n")
            assert reply[0] == code
        assert reply[1].startswith("5.4.6 ")
    assert len(inbox()) == 1


def test_header_bomb(server, inbox):
    with dialogue(server) as smtp:
        smtp.envelope("bob")
        code, text = smtp.data("X-Bomb: boom\r\n" * 100_000 + "\r\n.\r\n")
        assert (code, text.split()[0]) == (552, "5.3.4")
        assert smtp.code("NOOP") == 250
    assert inbox() == []


@pytest.mark.parametrize("content, stored", [
    ("no header\r\n", "\r\nno header\r\n"), ("\r\nonly a body\r\n", "\r\nonly a body\r\n"),
    ("Subject: only a header\r\n", "Subject: only a header\r\n"), ("", "\r\n")])
def test_odd_messages(server, inbox, content, stored):
    with dialogue(server) as smtp:
        smtp.envelope("bob")
        assert smtp.data(content + ".\r\n")[0] == 250
    assert re.search(rb"for <bob@example\.test>; [^\r]*\r\n(.*)$", inbox()[0], re.S).group(1) == stored.encode()
