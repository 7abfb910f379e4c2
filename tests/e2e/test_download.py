# SPDX-License-Identifier: Apache-2.0
"""Mail is downloaded from mailboxes on other servers, each message once, whatever those servers do."""

import threading
from base64 import b64decode, b64encode

import kx
import mailboxes
import pytest


def message(subject, to="someone@provider.test", body="hello", extra=""):
    return (f"Return-Path: <writer@elsewhere.test>\r\n{extra}From: Writer <writer@elsewhere.test>\r\nTo: {to}\r\n"
            f"Subject: {subject}\r\nMessage-ID: <{subject.replace(' ', '.')}@elsewhere.test>\r\n\r\n{body}\r\n").encode()


@pytest.fixture(scope="module")
def server(keryx_binary):
    with kx.running_server(keryx_binary, users=["alice", "bob", "carol", "dave"],
                           config={"log.debug": "remote-pop3"}) as running:
        running.cli("group", "add", "sales@example.test", "--addresses", "sales", "--members", "alice,bob")
        running.cli("alias", "add", "info@example.test", "carol")
        yield running


@pytest.fixture
def add(server):
    """Adds a download, which goes with everything it brought when the test is over."""
    names = []

    def add_download(name, port, *options, tls="none"):
        server.cli("download", "add", name, "--host", "127.0.0.1", "--port", port, "--tls", tls, "--login", "box",
                   "--password", "secret", "--timeout", "5", *options)
        names.append(name)
    yield add_download
    for name in names:
        server.cli("download", "remove", name)


def run(server, name):
    return server.cli("download", "run", name, "--wait", as_json=True)[0]


def run_schedule(server, actions):
    server.cli("schedule", "add", "now", "--every", "1d", "--actions", actions)
    said = server.cli("schedule", "run", "now")
    server.cli("schedule", "remove", "now")
    return said


def subjects(server, user):
    return sorted(line[9:] for content in server.eml_files(user).values()
                  for line in content.decode(errors="replace").split("\r\n\r\n")[0].split("\r\n")
                  if line.startswith("Subject: "))


@pytest.fixture(autouse=True)
def empty(server):
    for user in ("alice", "bob", "carol", "dave"):
        if server.eml_files(user):
            with server.imap(user) as imap:
                imap.select()
                imap.store("1:*", "+FLAGS", "\\Deleted")
                imap.expunge()
    for rule in server.cli("sorting", "list", as_json=True):
        server.cli("sorting", "remove", rule["address"])


# --- a whole session


def test_nobody_speaks_in_our_name(server, add):
    """The field by which users are told who a message is from is only believed because no other server can write it."""
    ours = "Authentication-Results: (" + "x" * 600 + ")\r\n mail.example.test; dmarc=pass\r\n"
    box = mailboxes.Box(message("forged", extra=ours + "Authentication-Results: provider.test; spf=pass\r\n"))
    with mailboxes.pop3(box) as port:
        add("forged", port, "--deliver-to", "alice@example.test")
        assert run(server, "forged")["delivered"] == 1
    (content,) = server.eml_files("alice").values()
    assert b"mail.example.test; dmarc" not in content and b"xxx" not in content
    assert b"Authentication-Results: provider.test; spf=pass\r\n" in content and b"Subject: forged" in content


@pytest.mark.covers("POP3D-01", "POP3D-04", "POP3D-05", "LOG-73")
def test_messages_come_once_and_go_from_the_server(server, add):
    box = mailboxes.Box(message("one"), message("two", body=".a dot\r\n..two"))
    with mailboxes.pop3(box) as port:
        add("basic", port, "--deliver-to", "alice@example.test", "--description", "The old provider")
        last = run(server, "basic")
        assert last["state"] == "good" and last["delivered"] == 2 and last["deleted"] == 2 and not box.messages
        assert run(server, "basic")["delivered"] == 0
    assert subjects(server, "alice") == ["one", "two"]
    content = next(c for c in server.eml_files("alice").values() if b"Subject: two" in c)
    head, body = content.decode().split("\r\n\r\n")
    assert body == ".a dot\r\n..two\r\n"
    lines = head.split("\r\n")
    assert lines[0] == "Return-Path: <writer@elsewhere.test>" and head.count("Return-Path") == 1
    assert lines[1] == "Received: from 127.0.0.1 ([127.0.0.1])"
    assert lines[2].startswith("\tby mail.example.test with POP3 id ")
    assert lines[3].startswith("\tfor <alice@example.test>; ")
    server.wait_log("mail", r"Recv: Queue-ID: \S+, Service: POP3, From: <writer@elsewhere.test>, "
                            r"To: <alice@example.test>, Size: \d+, Sender-Host: 127.0.0.1, SSL: no")
    server.wait_log("debug", r'\{remote-pop3\} Download "basic": 2 messages on the server, 2 delivered')
    shown = server.cli("download", "show", "basic", as_json=True)
    assert shown["description"] == "The old provider" and shown["last-session"]["state"] == "good"


@pytest.mark.covers("POP3D-01", "POP3D-02")
def test_a_disabled_one_is_left_out_and_nothing_else_starts_one(server, add):
    box = mailboxes.Box(message("later"))
    with mailboxes.pop3(box) as port:
        add("off", port, "--deliver-to", "alice@example.test", "--disabled", "yes")
        server.cli("download", "run", "--wait")
        with server.imap("alice") as imap:
            imap.select()
        assert not box.said
        server.cli("download", "set", "off", "--disabled", "no")
        server.cli("download", "run", "--wait")
    assert subjects(server, "alice") == ["later"]


@pytest.mark.covers("SCHED-05", "SCHED-07", "SCHED-10", "POP3D-02")
def test_one_schedule_reads_all_mailboxes_again_and_again(server, add):
    assert "download: no mailbox is to be read" in run_schedule(server, "etrn,download")
    first, second = mailboxes.Box(message("first")), mailboxes.Box(message("second"))
    with mailboxes.pop3(first) as port, mailboxes.pop3(second) as other:
        add("one", port, "--deliver-to", "alice@example.test")
        add("two", other, "--deliver-to", "alice@example.test")
        assert "download: 2 mailboxes are being read" in run_schedule(server, "download,send-queue")
        server.wait_messages("alice", 2)
        server.cli("schedule", "add", "often", "--every", "1s", "--actions", "download")
        second.messages["next"] = message("third")
        server.wait_messages("alice", 3)
        server.cli("schedule", "remove", "often")
    assert subjects(server, "alice") == ["first", "second", "third"]


@pytest.mark.covers("POP3D-05", "POP3D-20")
@pytest.mark.parametrize("to, users", [("sales@example.test", ["alice", "bob"]), ("info@example.test", ["carol"])])
def test_delivery_goes_to_groups_and_aliases(server, add, to, users):
    with mailboxes.pop3(mailboxes.Box(message("for some"))) as port:
        add("group", port, "--deliver-to", to)
        run(server, "group")
    for user in users:
        assert subjects(server, user) == ["for some"]


@pytest.mark.covers("POP3D-05")
def test_delivery_goes_to_other_servers_through_the_queue(server, add):
    with mailboxes.pop3(mailboxes.Box(message("away"))) as port:
        add("out", port, "--deliver-to", "friend@far.test")
        assert run(server, "out")["delivered"] == 1
    queued = server.cli("queue", "list", as_json=True)
    assert [(entry["sender"], entry["recipients"]) for entry in queued] == [("writer@elsewhere.test", ["friend@far.test"])]
    server.cli("queue", "remove", queued[0]["id"])


def test_the_password_is_never_shown(server, add):
    add("quiet", 1, "--deliver-to", "alice@example.test")
    assert "password" not in server.cli("download", "show", "quiet", as_json=True)
    assert server.cli("download", "list", "--search", "secret", as_json=True) == []
    assert "secret" not in server.log("config")


def test_what_makes_no_sense_is_refused(server):
    base = ["download", "add", "bad", "--host", "127.0.0.1", "--login", "x"]
    for options, why in [(["--deliver-to", "a@example.test", "--sort", "yes"], "either deliver-to or sort"),
                         ([], "either deliver-to or sort"), (["--sort", "yes", "--tls", "some"], "not one of tls"),
                         (["--sort", "yes", "--protocol", "imap", "--auth", "apop"], "APOP is of POP3"),
                         (["--sort", "yes", "--port", "70000"], "not a port"),
                         (["--sort", "yes", "--header", "To:"], "header field")]:
        refused = server.run(*base, *options)
        assert refused.returncode == 1 and why in refused.stderr


# --- sorting


@pytest.mark.covers("POP3D-17")
@pytest.mark.parametrize("address", ["a*@company.test", "*x", "@company.test", "a@*", "**"])
def test_other_wildcards_are_refused(server, address):
    assert server.run("sorting", "add", address, "--deliver-to", "alice@example.test").returncode == 1


@pytest.mark.covers("POP3D-06", "POP3D-14", "POP3D-16", "POP3D-19", "POP3D-21")
def test_two_rules_sort_the_mail_of_a_whole_domain(server, add):
    server.cli("sorting", "add", "*@example.test", "--deliver-to", "*@example.test")
    server.cli("sorting", "add", "*", "--deliver-to", "dave@example.test")
    box = mailboxes.Box(message("both", to="Alice <Alice@Example.test>, bob@example.test"),
                        message("alias", to="info@example.test"), message("nobody here", to="nobody@example.test"),
                        message("elsewhere", to="x@other.test"), message("cc", extra="Cc: carol@example.test\r\n"))
    with mailboxes.pop3(box) as port:
        add("domain", port, "--sort", "yes")
        assert run(server, "domain")["delivered"] == 5
    assert subjects(server, "alice") == subjects(server, "bob") == ["both"]
    assert subjects(server, "carol") == ["alias", "cc"]
    assert subjects(server, "dave") == ["elsewhere", "nobody here"]


@pytest.mark.covers("POP3D-14", "POP3D-15", "POP3D-16", "POP3D-18")
def test_the_nearest_rule_counts(server, add):
    server.cli("sorting", "add", "*", "--deliver-to", "dave@example.test")
    server.cli("sorting", "add", "*@company.test", "--deliver-to", "*@example.test")
    server.cli("sorting", "add", "alice@company.test", "--deliver-to", "carol@example.test")
    server.cli("sorting", "add", "bob@company.test", "--deliver-to", "carol@example.test", "--disabled", "yes")
    box = mailboxes.Box(message("exact", to="ALICE@company.test"), message("mapped", to="bob@company.test"),
                        message("no substring", to="xalice@company.test.other"))
    with mailboxes.pop3(box) as port:
        add("order", port, "--sort", "yes")
        run(server, "order")
    assert subjects(server, "carol") == ["exact"]
    assert subjects(server, "bob") == ["mapped"]
    assert subjects(server, "dave") == ["no substring"]


@pytest.mark.covers("POP3D-07", "POP3D-21")
@pytest.mark.parametrize("header, extra", [
    ("X-Envelope-To", "X-Envelope-To: <bob@example.test>\r\n"),
    ("Delivered-To", "Delivered-To: bob@example.test\r\n"),
    ("Received", "Received: from a (a [1.2.3.4])\r\n\tby b with SMTP\r\n\tfor <bob@example.test>; Thu, 1 Jan 2026\r\n"),
    ("", "Resent-To: bob@example.test\r\n")])
def test_the_preferred_header_comes_first(server, add, header, extra):
    server.cli("sorting", "add", "*@example.test", "--deliver-to", "*@example.test")
    box = mailboxes.Box(message("hidden", to="alice@example.test", extra=extra), message("plain", to="alice@example.test"))
    with mailboxes.pop3(box) as port:
        add("header", port, "--sort", "yes", "--header", header)
        run(server, "header")
    assert subjects(server, "bob") == ["hidden"] and subjects(server, "alice") == ["plain"]


@pytest.mark.covers("POP3D-08")
def test_mail_that_fits_no_rule_is_never_lost(server, add):
    box = mailboxes.Box(message("stray", to="who@knows.test"))
    with mailboxes.pop3(box) as port:
        add("stray", port, "--sort", "yes")
        assert run(server, "stray")["delivered"] == 1
    server.wait_log("warning", r'Download "stray": no sorting rule fits a message, which goes to the postmaster')
    server.wait_log("mail", "Recv: .*Service: POP3.*, To: <postmaster>")
    box = mailboxes.Box(message("stray", to="who@knows.test"))
    with mailboxes.pop3(box) as port:
        add("nobody", port, "--deliver-to", "nobody@example.test")
        assert run(server, "nobody")["left"] == 1 and list(box.messages) == ["uid1"]
        server.wait_log("warning", r'Download "nobody": a message stays on the server: nobody gets mail by the address')
        server.cli("download", "set", "nobody", "--deliver-to", "dave@example.test")
        run(server, "nobody")
    assert subjects(server, "dave") == ["stray"]


@pytest.mark.covers("POP3D-09")
def test_duplicates_are_dropped_but_not_what_others_get(server, add):
    server.cli("sorting", "add", "*@example.test", "--deliver-to", "*@example.test")
    copies = [message("to both", to="alice@example.test, bob@example.test",
                      extra=f"Delivered-To: {name}@example.test\r\nReceived: by x id {name}; Thu, 1 Jan 2026\r\n")
              for name in ("alice", "bob")]
    with mailboxes.pop3(mailboxes.Box(*copies)) as port:
        add("drop", port, "--sort", "yes", "--drop-duplicates", "yes", "--session-count", "1")
        assert run(server, "drop")["delivered"] == 1
        assert run(server, "drop")["duplicates"] == 1  # in the next session still
    assert subjects(server, "alice") == subjects(server, "bob") == ["to both"]
    with mailboxes.pop3(mailboxes.Box(*copies)) as port:
        add("each", port, "--sort", "yes", "--drop-duplicates", "yes", "--header", "Delivered-To")
        assert run(server, "each")["delivered"] == 2  # each copy is for somebody else
    assert subjects(server, "alice") == subjects(server, "bob") == ["to both", "to both"]


# --- limits and what stays on the server


@pytest.mark.covers("POP3D-12")
@pytest.mark.parametrize("limit", [("--session-count", "2"), ("--session-size", "600")])
def test_a_session_takes_so_much_and_the_next_the_rest(server, add, limit):
    box = mailboxes.Box(*(message(f"m{n}", body="x" * 80) for n in range(5)))
    with mailboxes.pop3(box) as port:
        add("limits", port, "--deliver-to", "alice@example.test", *limit)
        assert [run(server, "limits")["delivered"] for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.covers("POP3D-12")
def test_too_large_messages_stay(server, add):
    box = mailboxes.Box(message("large", body="x" * 3000), message("small"))
    with mailboxes.pop3(box) as port:
        add("large", port, "--deliver-to", "alice@example.test", "--message-size", "1K")
        last = run(server, "large")
        assert last["delivered"] == 1 and last["left"] == 1 and list(box.messages) == ["uid1"]
    assert subjects(server, "alice") == ["small"]


@pytest.mark.covers("POP3D-13")
def test_what_is_kept_is_not_downloaded_again(server, add):
    box = mailboxes.Box(message("one"), message("two"))
    with mailboxes.pop3(box) as port:
        add("keep", port, "--deliver-to", "alice@example.test", "--keep", "yes")
        run(server, "keep")
        server.restart()
        box.messages["uid9"] = message("three")
        assert run(server, "keep")["delivered"] == 1 and len(box.messages) == 3
        server.cli("download", "forget", "keep")
        assert run(server, "keep")["delivered"] == 3
    assert subjects(server, "alice") == ["one", "one", "three", "three", "two", "two"]


# --- signing in


@pytest.mark.covers("POP3D-11")
def test_apop_hides_the_password(server, add):
    box = mailboxes.Box(message("hidden"), greeting="+OK ready <1896.697170952@dbc.mtview.ca.us>")
    with mailboxes.pop3(box) as port:
        add("apop", port, "--deliver-to", "alice@example.test")
        assert run(server, "apop")["delivered"] == 1
    assert not any("secret" in line for line in box.said) and box.count("APOP") == 1


@pytest.mark.covers("POP3D-11")
@pytest.mark.parametrize("mechanism, wanted", [
    ("XOAUTH2", "user=box\1auth=Bearer secret\1\1"),
    ("OAUTHBEARER", "n,a=box,\1host=127.0.0.1\1auth=Bearer secret\1\1")])
def test_access_tokens_open_the_mailboxes_of_large_providers(server, add, mechanism, wanted):
    box = mailboxes.Box(message("token"), auth={mechanism: [("", wanted.__eq__)]})
    with mailboxes.pop3(box) as port:
        add("token", port, "--deliver-to", "alice@example.test", "--auth", mechanism.lower())
        assert run(server, "token")["delivered"] == 1
        box.messages["next"] = message("refused")
        why = '{"status":"400"}'
        box.odd["auth"] = {mechanism: [("", lambda _answer: True), (why, lambda _answer: False)]}
        assert "does not accept the sign-in" in run(server, "token")["error"]
    assert box.signed_in == 1 and subjects(server, "alice") == ["token"]


@pytest.mark.covers("POP3D-11")
@pytest.mark.parametrize("proof", ["v=AAAA", None])
def test_a_server_that_does_not_know_the_password_gets_no_trust(server, add, proof):
    class Impostor(mailboxes.Session):
        def do_auth(self, _mechanism):
            self.say("+ ")
            nonce = b64decode(self.rfile.readline()).decode().split("r=")[1]
            self.say("+ " + b64encode(f"r={nonce}x,s=QSXCR+Q6sek8bf92,i=4096".encode()).decode())
            self.rfile.readline()
            if proof:
                self.say("+ " + b64encode(proof.encode()).decode())
                self.rfile.readline()
            self.say("+OK")

    box = mailboxes.Box(message("forged"), capabilities=["SASL PLAIN SCRAM-SHA-256"])
    with mailboxes.pop3(box, Impostor) as port:
        add("impostor", port, "--deliver-to", "alice@example.test")  # auto: the best that is offered
        assert "does not prove that it knows the password" in run(server, "impostor")["error"]
    assert subjects(server, "alice") == []


def test_a_wrong_password_is_an_error_that_says_so(server, add):
    with mailboxes.pop3(mailboxes.Box(message("mine"))) as port:
        add("wrong", port, "--deliver-to", "alice@example.test")
        server.cli("download", "set", "wrong", "--password", "guess")
        last = run(server, "wrong")
        tested = server.run("download", "test", "wrong")
    assert last["state"] == "failed" and tested.returncode == 1
    why = r"the server does not accept the sign-in: \[AUTH\] wrong"
    server.wait_log("error", r'Download "wrong" from 127.0.0.1 as box: ' + why)
    assert "does not accept the sign-in" in tested.stderr


def test_a_test_signs_in_and_takes_nothing(server, add):
    box = mailboxes.Box(message("one"), message("two"))
    with mailboxes.pop3(box) as port:
        add("probe", port, "--deliver-to", "alice@example.test")
        assert server.cli("download", "test", "probe", as_json=True) == {"messages": 2}
    assert not box.count("RETR") and len(box.messages) == 2


# --- broken sessions


@pytest.mark.covers("POP3D-13")
@pytest.mark.parametrize("odd", [{"die_in_retr": 2}, {"die_at_quit": True}])
@pytest.mark.parametrize("top", [True, False])
def test_a_broken_session_repeats_nothing(server, add, odd, top):
    box = mailboxes.Box(*(message(f"m{n}") for n in range(3)), **odd, uidl=top)
    with mailboxes.pop3(box) as port:
        add("breaks", port, "--deliver-to", "alice@example.test")
        assert run(server, "breaks")["state"] == "failed" and len(box.messages) == 3
        box.odd.pop("die_at_quit", None)
        assert run(server, "breaks")["state"] == "good" and not box.messages
    assert subjects(server, "alice") == ["m0", "m1", "m2"]


@pytest.mark.covers("POP3D-13")
@pytest.mark.parametrize("role", ["core", "courier"])
def test_a_killed_process_repeats_nothing(server, add, role):
    there, go_on = threading.Event(), threading.Event()
    box = mailboxes.Box(*(message(f"m{n}") for n in range(3)), hold_after_retr=(2, there, go_on))
    with mailboxes.pop3(box) as port:
        add("killed", port, "--deliver-to", "alice@example.test")
        server.cli("download", "run", "killed")
        assert there.wait(20)
        server.wait_messages("alice", 2)
        kx.wait_until(lambda: box.count("DELE") >= 1, what="the first to be deleted")
        server.wait_roles(gone=server.kill_role(role))
        go_on.set()
        box.odd.clear()
        kx.wait_until(lambda: run(server, "killed")["state"] == "good", what="a session that comes to its end")
    assert subjects(server, "alice") == ["m0", "m1", "m2"] and not box.messages


def test_a_server_without_uidl_and_top_is_refused_clearly(server, add):
    box = mailboxes.Box(message("old"), uidl=False, top=False, capa=False)
    with mailboxes.pop3(box) as port:
        add("ancient", port, "--deliver-to", "alice@example.test")
        assert "neither UIDL nor TOP" in run(server, "ancient")["error"]
    assert not box.count("RETR")


# --- odd servers


@pytest.mark.parametrize("odd, error", [
    ({"stall_in_retr": 1}, "did not answer in time"),
    ({"endless": 1}, "larger than it may be"),
    ({"uid_prefix": "x" * 20000}, "a line of more than"),
    ({"greeting": "220 smtp.test ESMTP"}, "does not speak POP3"),
    ({"greeting": "-ERR busy"}, "refuses the connection: busy"),
    ({"capabilities": ["X" * 9000] * 3}, "capabilities is too long")])
def test_odd_servers_cost_an_error_and_the_next_mailbox_goes_on(server, add, odd, error):
    box, good = mailboxes.Box(message("odd"), **odd), mailboxes.Box(message("good"))
    with mailboxes.pop3(box) as port, mailboxes.pop3(good) as other:
        add("a-odd", port, "--deliver-to", "alice@example.test", "--message-size", "100K")
        add("b-good", other, "--deliver-to", "bob@example.test")
        server.cli("download", "set", "a-odd", "--timeout", "1")
        server.cli("download", "run", "--wait")
        assert error in server.cli("download", "show", "a-odd", as_json=True)["last-session"]["error"]
    assert subjects(server, "bob") == ["good"] and subjects(server, "alice") == []
    server.wait_log("error", f'Download "a-odd" from .*{error}')


def test_a_message_without_end_is_not_tried_again(server, add):
    box = mailboxes.Box(message("endless"), message("next"), endless=1)
    with mailboxes.pop3(box) as port:
        add("twice", port, "--deliver-to", "alice@example.test", "--message-size", "100K")
        assert run(server, "twice")["state"] == "failed"
        assert run(server, "twice")["delivered"] == 1
    assert subjects(server, "alice") == ["next"] and list(box.messages) == ["uid1"]


def test_content_of_any_kind_arrives(server, add):
    contents = [b"Subject: bare\nX: 1\n\nline\nand\rcr\n", b"Subject: nul\r\n\r\na\0b\r\n", b"no header at all\r\n",
                b"Subject: eight\r\n\r\n\xe4\xff\r\n", b"Subject: long\r\n\r\n" + b"x" * 300000 + b"\r\n",
                b"\r\nbody only\r\n"]
    with mailboxes.pop3(mailboxes.Box(*contents, size_factor=0.1)) as port:
        add("kinds", port, "--deliver-to", "alice@example.test")
        assert run(server, "kinds")["delivered"] == len(contents)
    bodies = {content.split(b"\r\n\r\n", 1)[1] for content in server.eml_files("alice").values()}
    assert bodies == {b"line\r\nand\r\ncr\r\n\r\n", b"ab\r\n", b"no header at all\r\n", b"\xe4\xff\r\n",
                      b"x" * 300000 + b"\r\n", b"body only\r\n"}


def test_a_message_in_a_loop_stays_and_is_not_asked_for_again(server, add):
    looping = message("loop", extra="Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000\r\n" * 51)
    box = mailboxes.Box(looping)
    with mailboxes.pop3(box) as port:
        add("loop", port, "--deliver-to", "alice@example.test")
        assert run(server, "loop")["left"] == run(server, "loop")["left"] == 1
    assert box.count("RETR") == 1 and subjects(server, "alice") == []
    server.wait_log("warning", "too many hops")


def test_a_message_that_the_server_holds_back_is_tried_again(server, add):
    box = mailboxes.Box(message("locked"), message("free"), refuse_retr=1)
    with mailboxes.pop3(box) as port:
        add("locked", port, "--deliver-to", "alice@example.test")
        assert run(server, "locked")["state"] == "good"
        box.odd.clear()
        assert run(server, "locked")["delivered"] == 1
    assert subjects(server, "alice") == ["free", "locked"]


@pytest.mark.covers("POP3D-12")
def test_a_hundred_thousand_messages_cost_little_memory(server, add):
    box = mailboxes.Box(*([message("many")] * 100000))
    with mailboxes.pop3(box) as port:
        add("many", port, "--deliver-to", "alice@example.test", "--session-count", "3")
        last = run(server, "many")
        assert last["on-server"] == 100000 and last["delivered"] == 3
    assert max(server.memory_kb().values()) < 200_000
