# SPDX-License-Identifier: Apache-2.0
"""Signatures on what leaves (DKIM, RFC 6376 and 8463), checked by dkimpy with the records that keryx dkim prints."""

import stat

import dkim
import kx
import pytest
import world
from test_outgoing import submit, wait_sent
from test_seven_bit import Old

MESSAGE = (b"From: Alice <alice@example.test>\r\nTo: bob@remote.test\r\nSubject: signed\r\n  over two lines\r\n"
           b"Content-Type: text/plain; charset=utf-8\r\n\r\nHello,  \r\n\r\n\ttabs and  blanks\r\n.dot\r\n\r\n\r\n")
ZONES = {"remote.test": "@ MX 10 mx\n@ MX 20 mx2\nmx A 127.0.9.70\nmx2 A 127.0.9.71\nseven MX 10 old\nold A 127.0.9.72\n"}


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def server(keryx_binary, port):
    with world.name_server(ZONES) as dns:
        config = {"dns.servers": dns, "smtp.delivery-port": port, "internet.connection": "online",
                  "queue.retry-interval": "1s"}
        with kx.running_server(keryx_binary, users=["alice"], config=config) as running:
            running.cli("domain", "add", "second.test", "--aliases", "alias.test", "--own-addresses-only", "no")
            running.cli("user", "add", "carol@second.test", "--password", kx.password_of("carol"), "--name", "Carol")
            running.cli("alias", "add", "away@example.test", "bob@remote.test")
            running.cli("alias", "add", "refused@example.test", "nobody@remote.test")
            for options in (["--selector", "one"], ["--selector", "two", "--algorithm", "ed25519"]):
                running.cli("dkim", "create", "example.test", *options)
            running.cli("dkim", "create", "alias.test", "--selector", "a.b-c", "--bits", "1024")
            yield running


@pytest.fixture
def received(port):
    received = world.Received()
    with world.mail_server(received, "127.0.9.70", port):
        yield received


@pytest.fixture
def records(server):
    keys = server.cli("dkim", "list", as_json=True)
    return {key["name"] + ".": key["record"].encode() for key in keys}


def verdicts(message, records):
    """{domain and selector: whether dkimpy finds the signature right}."""
    found = {}
    for index in range(message.count(b"DKIM-Signature:")):
        one = dkim.DKIM(message)
        try:
            good = one.verify(idx=index, dnsfunc=lambda name, timeout=5: records.get(name.decode()))
        except dkim.ValidationError:
            good = False
        found[f"{one.domain.decode()} {one.selector.decode()}"] = good
    return found


def sent(server, received, body=MESSAGE, **options):
    queue_id = submit(server, "bob@remote.test", body=body, **options)
    wait_sent(server, queue_id, "delivered", "2.0.0")
    return received.bodies()[-1]


def test_all_keys_of_the_domain_sign(server, received, records):
    message = sent(server, received)
    assert verdicts(message, records) == {"example.test one": True, "example.test two": True}
    assert message.endswith(MESSAGE) and message.startswith(b"DKIM-Signature: v=1; a=")


@pytest.mark.parametrize("old, new", [(b"Subject: signed", b"Subject: Signed"), (b"Hello", b"hello"),
                                      (b"\r\nSubject:", b"\r\nFrom: eve@evil.test\r\nSubject:")])
def test_changes_and_a_second_author_are_noticed(server, received, records, old, new):
    message = sent(server, received)
    assert set(verdicts(message.replace(old, new, 1), records).values()) == {False}


def test_forms_that_servers_change_do_not_matter(server, received, records):
    message = sent(server, received)
    changed = message.replace(b"Subject: signed\r\n  over", b"SUBJECT:   signed over").replace(b"Hello,  ", b"Hello,")
    assert set(verdicts(changed, records).values()) == {True}


def test_what_is_converted_is_signed_as_it_goes(server, port, records):
    old = Old()
    with world.mail_server(old, "127.0.9.72", port):
        queue_id = submit(server, "bob@seven.remote.test", body=MESSAGE + "größer\r\n".encode())
        wait_sent(server, queue_id, "delivered", "2.0.0")
    message = old.bodies()[0]
    assert b"quoted-printable" in message.lower() or b"base64" in message.lower()
    assert set(verdicts(message, records).values()) == {True}


def test_an_author_of_an_alias_domain_has_its_key(server, received, records):
    with server.smtp("carol@second.test", service="submission") as smtp:
        for author in ("carol@alias.test", "carol@second.test", "alice@example.test"):
            smtp.sendmail("carol@second.test", ["bob@remote.test"],
                          f"From: {author}\r\nSubject: by {author}\r\n\r\n.\r\n".encode())
    kx.wait_until(lambda: len(received.messages) == 3, what="three messages")
    found = {body.split(b"by ")[-1].split(b"\r")[0]: verdicts(body, records) for body in received.bodies()}
    # In second.test nobody signs, and nobody there signs for another domain.
    assert found == {b"carol@alias.test": {"alias.test a.b-c": True}, b"carol@second.test": {}, b"alice@example.test": {}}


def test_a_stranger_who_writes_our_name_gets_no_signature(server, received):
    with server.smtp() as smtp:
        smtp.sendmail("eve@elsewhere.test", ["away@example.test"], MESSAGE)
    kx.wait_until(lambda: received.messages, what="the message")
    assert b"DKIM-Signature" not in received.bodies()[0]


def test_reports_of_the_server_are_signed(server, port, records):
    class Refuses(world.Received):
        async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
            if address.startswith("nobody@"):
                return "550 5.1.1 nobody"
            return await super().handle_RCPT(server, session, envelope, address, rcpt_options)

    received = Refuses()
    with world.mail_server(received, "127.0.9.70", port), server.smtp() as smtp:
        smtp.sendmail("eve@remote.test", ["refused@example.test"], b"Subject: back\r\n\r\n.\r\n")
        kx.wait_until(lambda: received.messages, what="the report")
    report = received.bodies()[0]
    assert b"From: Mail Delivery System <MAILER-DAEMON@mail.example.test>" in report
    assert verdicts(report, records) == {"example.test one": True, "example.test two": True}


def test_a_domain_can_leave_it(server, received, records):
    server.cli("domain", "set", "example.test", "--dkim-sign", "no")
    try:
        assert b"DKIM-Signature" not in sent(server, received)
    finally:
        server.cli("domain", "set", "example.test", "--dkim-sign", "")
    assert b"DKIM-Signature" in sent(server, received)


def test_keys_come_and_go(server, received):
    line = server.cli("dkim", "create", "second.test", "--selector", "s1")
    assert line.startswith('s1._domainkey.second.test. IN TXT ( "v=DKIM1; k=rsa; p=') and '" "' in line
    assert all(len(part) <= 255 for part in line.split('"')[1::2])
    assert server.cli("dkim", "show", "second.test", "--selector", "s1") == line
    path = server.data / "dkim" / "second.test" / "s1.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    server.cli("dkim", "remove", "second.test", "--selector", "s1")
    assert server.cli("dkim", "show", "second.test") == "" and not path.exists()
    for arguments, why in [(["create", "elsewhere.test"], "no domain here"), (["create", "example.test", "--selector", "one"], "already"),
                           (["create", "example.test", "--selector", "../x"], "no selector"),
                           (["create", "example.test", "--algorithm", "dsa"], "rsa or ed25519"),
                           (["create", "example.test", "--bits", "512"], "1024 to 4096"),
                           (["remove", "example.test", "--selector", "none"], "no key"), (["remove", "example.test"], "--selector")]:
        done = server.run("dkim", *arguments)
        assert done.returncode != 0 and why in done.stderr, arguments
    assert "DKIM key 's1' of second.test made" in server.log("config")


def test_a_key_that_is_none_does_not_stop_mail(server, received):
    path = server.data / "dkim" / "example.test" / "zz.key"
    path.write_text("no key\n")
    try:
        message = sent(server, received)
    finally:
        path.unlink()
    assert b"DKIM-Signature" not in message
    server.wait_log("error", r"cannot be signed: dkim/example.test/zz.key: not a private")


def test_a_key_that_cannot_be_read_hides_no_others(server):
    server.cli("dkim", "create", "second.test", "--selector", "good")
    folder = server.data / "dkim"
    (folder / "second.test" / "bad.key").write_text("no key")
    (folder / "zz-lost").mkdir()
    try:
        listed = server.cli("dkim", "list", as_json=True)
        assert {"example.test", "alias.test"} <= {key["domain"] for key in listed if "name" in key}
        (bad,) = [key for key in listed if "problem" in key]
        assert bad["domain"] == "second.test" and "bad.key" in bad["problem"]
        assert "bad.key" in server.cli("dkim", "list")
        # What was made is in the log, also where it cannot be shown.
        with pytest.raises(kx.ServerError):
            server.cli("dkim", "create", "second.test", "--selector", "more")
        assert (folder / "second.test" / "more.key").exists()
        server.wait_log("config", r"DKIM key 'more' of second.test made")
    finally:
        (folder / "second.test" / "bad.key").unlink()
        (folder / "zz-lost").rmdir()
        for selector in ("good", "more"):
            server.cli("dkim", "remove", "second.test", "--selector", selector)
