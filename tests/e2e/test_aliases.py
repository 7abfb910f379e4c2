# SPDX-License-Identifier: Apache-2.0
"""Where mail goes: aliases, groups, forwarding, aliases of domains, public folders (ALIAS, GRP, DOM, USR, HOST)."""

import re
import uuid

import pytest

import kx
from rawsmtp import dialogue, setting

UNKNOWN = (550, "5.1.1 There is no such mailbox here")


def subject():
    return f"s{uuid.uuid4().hex}"


def send(server, *recipients, user=None, head=""):
    """Sends a message of its own and returns (its subject, its queue ID)."""
    mark = subject()
    with dialogue(server, user=user) as smtp:
        smtp.envelope(*recipients)
        code, text = smtp.data(f"Subject: {mark}\r\n{head}\r\nbody\r\n.\r\n")
        assert code == 250, text
    return mark, text.split()[-1]


def copies(server, user, mark, folder="INBOX"):
    """How many messages with that subject IMAP shows the user."""
    imap = server.imap(user)
    try:
        assert imap.select(f'"{folder}"', readonly=True)[0] == "OK"
        return len(imap.search(None, "SUBJECT", mark)[1][0].split())
    finally:
        imap.logout()


def holders(server, mark):
    return {user: n for user in ("alice", "bob", "carol") if (n := copies(server, user, mark))}


def answer(server, address):
    with dialogue(server) as smtp:
        smtp.envelope()
        return smtp.ask(f"RCPT TO:<{server.address(address)}>")


def queued(server, queue_id):
    return {row["address"] for row in server.cli("queue", "show", queue_id, as_json=True)["recipients"]}


@pytest.fixture
def alias(server):
    """alias('name', 'target', ...) for the time of a test."""
    made = []

    def make(name, *targets):
        name = name if "@" in name else f"{name}@{server.domain}"
        server.cli("alias", "add", name, *targets)
        made.append(name)

    yield make
    for name in set(made):
        server.run("alias", "remove", name)


@pytest.fixture(scope="module")
def public(server):
    """The public folder Info, which all may read."""
    imap = server.imap("admin", kx.ADMIN_PASSWORD)
    for name in ("Info", "Sales/Offers"):
        assert imap.create(f"#public/{name}")[0] == "OK"
    imap.logout()


@pytest.mark.covers("ALIAS-01", "ALIAS-02", "ALIAS-04", "ALIAS-05")
def test_wildcards(server, alias):
    alias("*sms*", "alice")
    alias("a*00*", "bob")
    alias("?ime", "carol")
    for address, users in {"my.SMS.box": "alice", "sms": "alice", "a100": "bob", "dime": "carol"}.items():
        assert holders(server, send(server, address)[0]) == {users: 1}, address
    assert holders(server, send(server, "asms00")[0]) == {"alice": 1, "bob": 1}
    assert answer(server, "crime") == answer(server, "ime") == UNKNOWN


@pytest.mark.covers("ALIAS-06")
def test_catch_all(server, alias):
    assert answer(server, "nobody-at-all") == UNKNOWN
    alias("*", "carol")
    assert holders(server, send(server, "nobody-at-all")[0]) == {"carol": 1}
    assert holders(server, send(server, "bob")[0]) == {"bob": 1}


@pytest.mark.covers("ALIAS-08", "ALIAS-09", "HOST-56")
def test_several_targets_and_chains(server, alias):
    alias("alice", "bob")
    alias("alice", "alice")
    assert holders(server, send(server, "alice")[0]) == {"alice": 1, "bob": 1}
    alias("one", "two")
    alias("two", "three", "carol")
    alias("three", "bob")
    alias("t*", "alice@example.test")  # matching goes on after a hit
    assert holders(server, send(server, "one")[0]) == {"alice": 1, "bob": 1, "carol": 1}


@pytest.mark.covers("ALIAS-10")
def test_loops_end_in_a_mailbox(server, alias):
    alias("start", "bob")
    alias("bob", "carol")
    alias("carol", "bob")
    assert holders(server, send(server, "start")[0]) == {"carol": 1}
    alias("x", "y")
    alias("y", "x")
    assert answer(server, "x") == UNKNOWN


@pytest.mark.covers("ALIAS-11", "LOG-30", "LOG-32")
def test_targets_elsewhere_wait_in_the_queue(server, alias):
    alias("partners", "one@else.test", "Two@Else.test", "bob")
    mark, queue_id = send(server, "partners", "bob")
    assert holders(server, mark) == {"bob": 1}
    assert queued(server, queue_id) == {"one@else.test", "Two@else.test"}
    shown = server.cli("queue", "show", queue_id, as_json=True)
    assert {row["original"] for row in shown["recipients"]} == {"partners@example.test"}
    server.wait_log("mail", rf"Recv: Queue-ID: {queue_id}, .*To: <partners@example\.test>, <bob@example\.test>, Size")
    server.wait_log("mail", rf"Sent: Queue-ID: {queue_id}, Recipient: <bob@example\.test>, Result: delivered")
    assert len(re.findall(rf"Sent: Queue-ID: {queue_id}", server.log("mail"))) == 1  # the others are on their way


@pytest.mark.covers("ALIAS-07")
def test_public_folders_are_looked_for_without_a_server(keryx_binary):
    with kx.running_server(keryx_binary, users=("alice",)) as own:
        imap = own.imap("admin", kx.ADMIN_PASSWORD)
        assert imap.create("#public/Info")[0] == "OK"
        imap.logout()
        own.stop()
        refused = own.run("alias", "add", "info", "#public/Infos")
        assert refused.returncode == 1 and "no public folder 'Infos'" in refused.stderr
        refused = own.run("user", "set", "alice", "--forward", "#public/Nothing")
        assert refused.returncode == 1 and "no public folder 'Nothing'" in refused.stderr
        own.cli("alias", "add", "info", "#public/Info")
        own.start()
        mark, _ = send(own, "info")
        imap = own.imap("admin", kx.ADMIN_PASSWORD)
        assert imap.select('"#public/Info"', readonly=True)[1] == [b"1"], mark
        imap.logout()


@pytest.mark.covers("ALIAS-07", "DOM-04")
def test_public_folders(server, alias, public):
    alias("info", "#public/Info")
    alias("offers", "#public/Sales/Offers", "bob")
    assert copies(server, "carol", send(server, "info")[0], "#public/Info") == 1
    mark, queue_id = send(server, "offers", "offers")
    assert copies(server, "carol", mark, "#public/Sales/Offers") == copies(server, "bob", mark) == 1
    server.wait_log("mail", rf"Sent: Queue-ID: {queue_id}, Recipient: <#public/Sales/Offers@example\.test>, Result: del")


@pytest.mark.covers("ALIAS-07")
def test_public_folders_that_are_not_there(server, alias, public):
    done = server.run("alias", "add", "gone@example.test", "#public/Nowhere")
    assert done.returncode == 1 and "there is no public folder 'Nowhere'" in done.stderr
    assert server.run("user", "set", "bob@example.test", "--forward", "#public/Nowhere").returncode == 1
    imap = server.imap("admin", kx.ADMIN_PASSWORD)
    imap.create("#public/Passing")
    alias("passing", "#public/Passing")
    alias("both", "#public/Passing", "bob")
    imap.delete("#public/Passing")
    assert answer(server, "passing") == UNKNOWN
    assert holders(server, send(server, "both")[0]) == {"bob": 1}
    server.wait_log("warning", r"to <both@example\.test> does not reach #public/Passing@example\.test: there is no")
    # Gone after the mail was taken: it waits for the folder.
    with setting(server, "queue.retry-interval", "1s"):
        imap.create("#public/Passing")
        with dialogue(server) as smtp:
            smtp.envelope("both")
            imap.delete("#public/Passing")
            mark = subject()
            code, text = smtp.data(f"Subject: {mark}\r\n\r\n.\r\n")
            assert code == 250
        assert queued(server, text.split()[-1]) == {"#public/Passing@example.test"}
        imap.create("#public/Passing")
        imap.logout()
        kx.wait_until(lambda: copies(server, "carol", mark, "#public/Passing") == 1, 30, "mail in the folder")


@pytest.mark.covers("GRP-01", "GRP-06", "GRP-07", "HOST-55", "USR-22")
def test_groups_and_further_addresses(server, alias):
    server.cli("group", "add", "office@example.test", "--addresses", "office,desk", "--members", "alice,bob")
    server.cli("user", "set", "carol@example.test", "--addresses", "caro", "--groups", "office")
    try:
        alias("reception", "office", "caro")
        for address in ("office", "Desk", "reception"):
            assert holders(server, send(server, address)[0]) == {"alice": 1, "bob": 1, "carol": 1}
        assert holders(server, send(server, "caro")[0]) == {"carol": 1}
        assert holders(server, send(server, "office", "alice", "CARO", "bob+x")[0]) == {
            "alice": 1, "bob": 1, "carol": 1}
    finally:
        server.cli("group", "remove", "office@example.test")
        server.cli("user", "set", "carol@example.test", "--addresses", "")


@pytest.mark.covers("USR-23")
def test_forwarding(server):
    server.cli("user", "set", "bob@example.test", "--forward", "carol,me@else.test")
    try:
        mark, queue_id = send(server, "bob")
        assert holders(server, mark) == {"bob": 1, "carol": 1}
        assert queued(server, queue_id) == {"me@else.test"}
        server.cli("user", "set", "bob@example.test", "--forward-only", "yes")
        assert holders(server, send(server, "bob")[0]) == {"carol": 1}
        server.cli("user", "set", "bob@example.test", "--forward", "bob@example.test,carol")
        assert holders(server, send(server, "bob")[0]) == {"bob": 1, "carol": 1}
    finally:
        server.cli("user", "set", "bob@example.test", "--forward", "", "--forward-only", "no")


@pytest.mark.covers("ALIAS-12", "LOG-65")
def test_check_address_says_what_happens(server, alias):
    alias("deep", "deeper")
    alias("deeper", "alice", "far@else.test")
    found = server.cli("address", "check", "deep@example.test", as_json=True)
    assert {(row["kind"], row["to"]) for row in found["destinations"]} == {
        ("mailbox", "alice@example.test"), ("remote", "far@else.test")}
    with setting(server, "log.debug", "alias-expansion"):
        mark, queue_id = send(server, "deep")
    assert holders(server, mark) == {"alice": 1} and queued(server, queue_id) == {"far@else.test"}
    for step in found["steps"]:
        server.wait_log("debug", re.escape(f"<deep@example.test> {step}") + "$")
    assert server.cli("address", "check", "no-one@example.test", as_json=True)["result"] == "unknown"


@pytest.mark.covers("DOM-20", "DOM-21", "DOM-22", "DOM-02", "HOST-60")
def test_domains_and_their_aliases(server, alias):
    server.cli("domain", "add", "second.test", "--aliases", "zweite.test")
    second = server.add_user("alice@second.test")
    try:
        alias("help@second.test", "alice")
        first, other = send(server, "alice")[0], send(server, "alice@zweite.test", "help@zweite.test")[0]
        assert (copies(server, "alice", first), copies(server, second, first)) == (1, 0)
        assert (copies(server, "alice", other), copies(server, second, other)) == (0, 1)
        assert answer(server, "help@example.test") == UNKNOWN == answer(server, "bob@zweite.test")
        with pytest.raises(Exception):  # an alias of a domain is for mail alone
            server.imap("alice@zweite.test", kx.password_of("alice"))
    finally:
        server.run("alias", "remove", "help@second.test")
        server.cli("user", "remove", second)
        server.cli("domain", "set", "second.test", "--aliases", "")
        server.cli("domain", "remove", "second.test")


@pytest.mark.covers("DOM-27", "DOM-08")
def test_a_domain_bound_to_an_address(server):
    server.cli("domain", "add", "bound.test", "--bound-ip", "127.0.0.2")
    bound = server.add_user("smith@bound.test")
    try:
        import imaplib
        for host, login, good in (("127.0.0.2", "smith", True), ("127.0.0.1", "smith", False),
                                  ("127.0.0.1", bound, True), ("127.0.0.2", "alice@example.test", True),
                                  ("127.0.0.2", "alice", False), ("127.0.0.1", "alice", True)):
            client = imaplib.IMAP4_SSL(host, server.port("imaps"), ssl_context=kx.tls_context())
            if good:
                client.login(login, kx.password_of(login))
            else:
                with pytest.raises(imaplib.IMAP4.error):
                    client.login(login, kx.password_of(login))
            client.shutdown()
    finally:
        server.cli("user", "remove", bound)
        server.cli("domain", "remove", "bound.test")
