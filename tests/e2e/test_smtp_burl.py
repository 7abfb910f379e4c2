# SPDX-License-Identifier: Apache-2.0
"""BURL (RFC 4468): users submit what lies in their mailbox by naming it."""

import itertools

import pytest
from rawimap import RawImap
from rawsmtp import dialogue, setting

numbers = itertools.count(1)
ATTACHMENT = b"".join(b"line %d of what is long\r\n" % number for number in range(20_000))
DRAFT = (b"From: alice@example.test\r\nTo: bob@example.test\r\nSubject: %s\r\nMIME-Version: 1.0\r\n"
         b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
         b"--b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n"
         b"--b\r\nContent-Type: text/plain\r\n\r\n" + ATTACHMENT + b"\r\n--b--\r\n")


class Drafts:
    """A draft of alice, and URLs of it."""

    def __init__(self, server):
        self.server = server
        self.imap = RawImap(server, "alice")
        self.box = f"Drafts{next(numbers)}"
        self.imap.ok(f"CREATE {self.box}")
        self.imap.append(self.box, DRAFT % self.box.encode())

    def rump(self, section="", access="submit+alice@example.test", uid=1):
        return (f"imap://alice%40example.test@{self.server.hostname}/{self.box}/;uid={uid}{section}"
                f";urlauth={access.replace('@', '%40')}")

    def url(self, *args, **options):
        (row,) = self.imap.ok(f'GENURLAUTH "{self.rump(*args, **options)}" INTERNAL').untagged
        return row[1].decode()

    def arrived(self):
        """What bob has got under the draft's subject, without what the server put in front."""
        with RawImap(self.server, "bob") as bob:
            bob.ok("SELECT INBOX")
            (row,) = bob.ok(f"SEARCH SUBJECT {self.box}").untagged
            return [bob.fetch(f"FETCH {number} BODY.PEEK[]")[int(number)]["BODY[]"] for number in row[1:]]


@pytest.fixture
def drafts(server):
    instance = Drafts(server)
    yield instance
    instance.imap.close()


@pytest.fixture
def alice(server):
    with dialogue(server, user="alice") as smtp:
        yield smtp


def test_it_is_offered_for_submission_and_can_be_switched_off(server, alice):
    assert "BURL imap" in alice.ehlo()
    with dialogue(server) as stranger:
        assert "BURL imap" not in stranger.ehlo()
        assert stranger.code("BURL imap://x LAST") == 502
    with setting(server, "smtp.burl", "no"):
        assert "BURL imap" not in alice.ehlo()
        alice.envelope("bob")
        assert alice.code("BURL imap://x LAST") == 502


def test_a_draft_is_sent_without_being_sent_again(drafts, alice):
    alice.envelope("bob")
    code, text = alice.ask(f"BURL {drafts.url()} LAST")
    assert code == 250 and "Accepted as" in text
    (message,) = drafts.arrived()
    assert message.endswith(DRAFT % drafts.box.encode()) and message.startswith(b"Return-Path: <alice@example.test>")


def test_pieces_of_both_kinds_make_one_message(drafts, alice):
    head = (f"From: alice@example.test\r\nSubject: Fwd {drafts.box}\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\nas agreed\r\n--x\r\n\r\n').encode()
    tail = b"\r\n--x--\r\n"
    alice.envelope("bob")
    alice.send(b"BDAT %d\r\n" % len(head) + head)
    assert alice.reply()[0] == 250
    code, text = alice.ask(f"BURL {drafts.url('/;section=2')}")
    assert (code, text.split(" ")[:2]) == (250, ["2.5.0", str(len(ATTACHMENT))])
    alice.send(b"BDAT %d LAST\r\n" % len(tail) + tail)
    assert alice.reply()[0] == 250
    (message,) = drafts.arrived()
    assert message.endswith(head + ATTACHMENT + tail)


def test_pipelined(drafts, alice):
    url = drafts.url()
    alice.send(f"MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nBURL {url} LAST\r\n"
               f"MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nBURL {url} LAST\r\n")
    assert [alice.reply()[0] for _ in range(6)] == [250] * 6
    assert len(drafts.arrived()) == 2


def refused(drafts, url, user="alice"):
    """The answer, after which there is no transaction and nothing was sent."""
    with dialogue(drafts.server, user=user) as smtp:
        smtp.envelope("bob")
        answer = smtp.ask(f"BURL {url} LAST")
        assert smtp.code("BURL imap://x LAST") == 503
    assert drafts.arrived() == []
    return answer[0], answer[1].split(" ")[0]


def test_a_url_must_be_signed_and_be_for_the_sender(server, drafts):
    good = drafts.url()
    assert refused(drafts, drafts.rump().split(";urlauth")[0]) == (554, "5.7.14")
    assert refused(drafts, drafts.rump()) == (554, "5.7.14")
    assert refused(drafts, good[:-1] + ("0" if good[-1] != "0" else "1")) == (554, "5.6.6")
    assert refused(drafts, good.replace("uid=1", "uid=2")) == (554, "5.6.6")
    assert refused(drafts, good.replace(server.hostname, "elsewhere.test")) == (554, "5.6.6")
    assert refused(drafts, drafts.url(access="submit+bob@example.test")) == (554, "5.6.6")
    assert refused(drafts, "http://elsewhere.test/") == (554, "5.6.6")
    assert refused(drafts, good, "carol") == (554, "5.6.6")
    drafts.imap.ok("RESETKEY")
    assert refused(drafts, good) == (554, "5.6.6")


def test_what_is_gone_is_not_sent(drafts):
    url = drafts.url()
    drafts.imap.ok(f"SELECT {drafts.box}")
    drafts.imap.ok("STORE 1 +FLAGS (\\Deleted)")
    drafts.imap.ok("EXPUNGE")
    assert refused(drafts, url) == (554, "5.6.6")


def test_out_of_order_and_malformed(drafts, alice):
    assert alice.ask(f"BURL {drafts.url()} LAST")[0] == 503
    assert alice.code("MAIL FROM:<alice@example.test>") == 250
    assert alice.ask(f"BURL {drafts.url()} LAST")[0] == 554
    assert alice.code("BURL") == 501
    alice.envelope("bob")
    assert alice.code(f"BURL {drafts.url()} FIRST") == 501
    assert alice.code("DATA") == 503  # the transaction is over
    alice.envelope("bob")
    assert alice.code(f"BURL {drafts.url('/;section=1')}") == 250
    assert alice.code("DATA") == 503  # what has begun in pieces goes on in pieces
    assert alice.code("RCPT TO:<carol@example.test>") == 503
    assert alice.code("RSET") == 250
    assert drafts.arrived() == []


def test_a_refused_piece_spoils_the_message(drafts, alice):
    alice.envelope("bob")
    alice.send(f"BDAT 20\r\nSubject: {'x' * 9}\r\nBURL imap://x/y\r\nBDAT 3 LAST\r\nx\r\n")
    assert [alice.reply()[0] for _ in range(3)] == [250, 554, 503]
    assert alice.code("NOOP") == 250


def test_a_piece_must_be_whole_lines(drafts, alice):
    alice.envelope("bob")
    alice.send("BDAT 3\r\nA:\r")
    assert alice.reply()[0] == 250
    assert alice.ask(f"BURL {drafts.url()} LAST")[0] == 550


def test_the_header_may_not_be_longer_than_others(drafts, alice):
    drafts.imap.append(drafts.box, b"Subject: long\r\n" + b"".join(b"X-More: %s\r\n" % (b"y" * 900) for _ in range(2400)) + b"\r\nbody\r\n")
    alice.envelope("bob")
    assert alice.ask(f"BURL {drafts.url(uid=2)} LAST")[0] == 552


def test_the_size_limit_counts_what_is_named(server, drafts, alice):
    with setting(server, "smtp.max-size", str(len(ATTACHMENT) // 1024 * 2) + "k"):
        alice.envelope("bob")
        assert alice.code(f"BURL {drafts.url()}") == 250
        assert alice.code(f"BURL {drafts.url()}") == 552 or alice.code(f"BURL {drafts.url()} LAST") == 552
        assert drafts.arrived() == []
