# SPDX-License-Identifier: Apache-2.0
"""What a sender may: to whom, how much, in whose name (USR-34, USR-35, GRP-11, DOM-09, LIM, HOST-73)."""

import contextlib
import smtplib

import pytest

import kx
from rawsmtp import dialogue, setting

CONFINED = (550, "5.7.1 You may send mail to addresses in your own domain only")
LOCAL_ONLY = (550, "5.7.1 The recipient takes mail from senders in the own domain only")
TOO_BIG = (552, "5.3.4 The message is larger than you may send")


@contextlib.contextmanager
def changed(server, noun, name, **fields):
    """Fields of an object for the time of a test; afterwards they are empty."""
    options = [[f"--{key.replace('_', '-')}", value] for key, value in fields.items()]
    server.cli(noun, "set", name, *sum(options, []))
    try:
        yield
    finally:
        server.cli(noun, "set", name, *sum(([option, ""] for option, _ in options), []))


def ask(server, recipient, user=None, sender=None):
    with dialogue(server, user=user) as smtp:
        smtp.envelope(sender=sender)
        return smtp.ask(f"RCPT TO:<{server.address(recipient)}>")


@pytest.fixture(scope="module")
def second(server):
    server.cli("domain", "add", "second.test")
    yield server.add_user("dora@second.test")


@pytest.mark.covers("USR-34")
def test_a_local_only_user(server, second):
    server.cli("alias", "add", "way.out@example.test", "friend@else.test", "alice")
    with changed(server, "user", "bob@example.test", local_only="yes"):
        for recipient in ("friend@else.test", second, "way.out"):
            assert ask(server, recipient, user="bob") == CONFINED
        assert ask(server, "alice", user="bob")[0] == 250
        # Who says to be from the domain is not believed.
        for sender in ("x@else.test", "", "alice@example.test", "bob@example.test"):
            assert ask(server, "bob", sender=sender) == LOCAL_ONLY
        assert ask(server, "bob", user=second) == LOCAL_ONLY
        assert ask(server, "bob", user="alice")[0] == 250
        with setting(server, "smtp.relay-group", "Local clients"):  # a trusted host is
            assert ask(server, "bob", sender="alice@example.test")[0] == 250
            assert ask(server, "bob", sender="x@else.test") == LOCAL_ONLY
            assert ask(server, "friend@else.test", sender="bob@example.test") == CONFINED
        # Behind one address: who may have it gets it.
        server.cli("alias", "add", "team@example.test", "alice", "bob")
        before = {user: len(server.eml_files(user)) for user in ("alice", "bob")}
        with dialogue(server) as smtp:
            smtp.envelope("team")
            assert smtp.data("Subject: from outside\r\n\r\n.\r\n")[0] == 250
        assert len(server.eml_files("alice")) == before["alice"] + 1
        assert len(server.eml_files("bob")) == before["bob"]
        server.wait_log("warning", r"to <team@example\.test> does not reach bob@example\.test: it takes mail from its own")
        # His mail does not leave the domain by forwarding either.
        with changed(server, "user", "bob@example.test", forward="friend@else.test,carol"):
            found = server.cli("address", "check", "bob@example.test", as_json=True)
            assert {row["to"] for row in found["destinations"]} == {"bob@example.test", "carol@example.test"}
    assert ask(server, "friend@else.test", user="bob")[0] == ask(server, "bob")[0] == 250


@pytest.mark.covers("GRP-11")
def test_members_of_a_local_only_group(server):
    server.cli("group", "add", "interns@example.test", "--members", "carol", "--local-only", "yes")
    try:
        assert ask(server, "friend@else.test", user="carol") == CONFINED
        assert ask(server, "carol") == LOCAL_ONLY
        assert ask(server, "carol", user="alice")[0] == 250
    finally:
        server.cli("group", "remove", "interns@example.test")
    assert ask(server, "carol")[0] == 250


def send(server, size, user=None, sender=None, **options):
    """smtplib's way: SIZE is declared if the server offers it. Returns the code."""
    sender = sender or server.address(user)
    head = f"From: {sender}\r\nSubject: big\r\n\r\n"
    text = head + "x" * 70 + "\r\n"
    text += ("0123456789" * 7 + "\r\n") * ((size - len(text)) // 72)
    with server.smtp(user, **options) as client:
        try:
            client.sendmail(sender, [server.address("alice")], text)
            return 250
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            return error.smtp_code
        except smtplib.SMTPRecipientsRefused as error:
            return list(error.recipients.values())[0][0]


@pytest.mark.covers("LIM-04", "LIM-05", "LIM-06", "USR-35", "DOM-09", "HOST-73")
def test_how_much_a_user_may_send(server):
    with changed(server, "domain", "example.test", max_message_size="100K"):
        assert send(server, 90_000, "bob") == 250
        assert send(server, 120_000, "bob") == 552
        with changed(server, "user", "bob@example.test", max_message_size="200K"):  # goes first, up
            assert send(server, 120_000, "bob") == 250
            assert send(server, 220_000, "bob", service="smtps") == 552
        with changed(server, "user", "bob@example.test", max_message_size="10K"):  # and down
            assert send(server, 20_000, "bob") == 552
            assert send(server, 20_000, "carol") == 250
        with setting(server, "smtp.relay-group", "Local clients"):
            assert send(server, 120_000, sender="bob@example.test") == 552
        assert send(server, 120_000, sender="x@else.test") == 250  # that is not sent from here
    assert send(server, 220_000, "bob") == 250


@pytest.mark.covers("LIM-04", "USR-35")
@pytest.mark.parametrize("declared", [True, False])
def test_where_a_message_that_is_too_large_is_refused(server, declared):
    with changed(server, "user", "bob@example.test", max_message_size="100K"), dialogue(server, user="bob") as smtp:
        if declared:
            assert smtp.ask("MAIL FROM:<bob@example.test> SIZE=102401") == TOO_BIG
            assert smtp.code("RCPT TO:<alice@example.test>") == 503
        before = len(server.eml_files("alice"))
        smtp.envelope("alice")
        assert smtp.data("Subject: x\r\n\r\n" + "0123456789\r\n" * 10_000 + ".\r\n") == TOO_BIG
        smtp.envelope("alice", parameters=" SIZE=102400")
        assert smtp.data("Subject: fits\r\n\r\n.\r\n")[0] == 250
    assert len(server.eml_files("alice")) == before + 1


@pytest.mark.covers("LIM-01", "LIM-03")
def test_the_limit_of_smtp_holds_for_all(server):
    with setting(server, "smtp.max-size", "64K"):
        assert send(server, 70_000, sender="x@else.test") == 552
        with changed(server, "user", "bob@example.test", max_message_size="1M"):
            assert send(server, 70_000, "bob") == 552
        with changed(server, "user", "bob@example.test", max_message_size="32K"):
            assert send(server, 40_000, "bob") == 552
            assert send(server, 40_000, "carol") == 250


def in_the_name_of(server, user, sender, author=None):
    """The codes of MAIL and, if that is good, of the message."""
    with dialogue(server, user=user) as smtp:
        code, text = smtp.ask(f"MAIL FROM:<{sender}>")
        if code != 250:
            assert text.startswith("5.7.1 ")
            return code
        assert smtp.code("RCPT TO:<alice@example.test>") == 250
        return smtp.data((f"From: {author}\r\n" if author else "") + "Subject: x\r\n\r\n.\r\n")[0]


def test_users_send_with_their_own_addresses(server, second):
    server.cli("user", "set", "bob@example.test", "--addresses", "bobby")
    server.cli("domain", "set", "example.test", "--aliases", "alias.test")
    server.cli("alias", "add", "shop@example.test", "bob", "carol")
    server.cli("group", "add", "crew@example.test", "--addresses", "crew", "--members", "bob")
    own = ("bob@example.test", "BOB@Example.Test", "bobby@example.test", "bob@alias.test", "shop@example.test",
           "crew@example.test", "bob+list@example.test")
    try:
        for address in own:
            assert in_the_name_of(server, "bob", address, f'"Bob" <{address}>') == 250, address
        assert in_the_name_of(server, "bob", "") == 250  # a receipt
        for address in ("alice@example.test", "bob@else.test", second, "nobody@example.test"):
            assert in_the_name_of(server, "bob", address) == 553, address
            assert in_the_name_of(server, "bob", "bob@example.test", address) == 550, address
        assert in_the_name_of(server, "bob", "bob@example.test", "bob@example.test, alice@example.test") == 550
        assert in_the_name_of(server, "bob", "bob@example.test",
                              "alice@example.test\r\nResent-From: bob@example.test") == 250
        assert in_the_name_of(server, "alice", "crew@example.test") == 553
        # What others forward to somebody does not become his.
        with changed(server, "user", "carol@example.test", forward="bob"):
            assert in_the_name_of(server, "bob", "carol@example.test") == 553
        with changed(server, "domain", "example.test", own_addresses_only="no"):
            assert in_the_name_of(server, "bob", "bob@else.test", "alice@example.test") == 250
    finally:
        server.cli("group", "remove", "crew@example.test")
        server.cli("domain", "set", "example.test", "--aliases", "")


def test_swaks_is_told_that_an_address_is_not_its_own(server, need):
    done = kx.run([need("swaks"), "--server", f"127.0.0.1:{server.port('smtps')}", "--tlsc", "--auth", "PLAIN",
                   "--auth-user", "bob@example.test", "--auth-password", kx.password_of("bob"),
                   "--from", "alice@example.test", "--to", "carol@example.test"])
    assert done.returncode == 23 and b"553 5.7.1" in done.stdout
