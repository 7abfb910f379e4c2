# SPDX-License-Identifier: Apache-2.0
"""Real clients send: swaks, curl, neomutt and Python's smtplib, on all three ports."""

import smtplib

import pytest

import kx
import messages
from kx import run


def new_message(server, user, before):
    """The one message that came since the files `before`."""
    kx.wait_until(lambda: len(server.eml_files(user)) == len(before) + 1, 20, "one more message")
    after = server.eml_files(user)
    (uid,) = set(after) - set(before)
    return after[uid]


@pytest.fixture
def letter(tmp_path):
    """A message of the kind the test asks for, and the file it lies in."""

    def make(kind="plain", **fields):
        message = messages.ALL_KINDS[kind](**fields)
        path = tmp_path / "message.eml"
        path.write_bytes(messages.wire(message))
        return message, path

    return make


@pytest.mark.covers("SMTP-01", "SMTP-07", "SVC-07")
def test_swaks_delivers_to_a_local_user_unauthenticated(server, need, letter):
    before = server.eml_files("alice")
    message, path = letter("eight_bit")
    done = run([need("swaks"), "--server", f"127.0.0.1:{server.port('smtp')}", "--from",
                "sender@elsewhere.test", "--to", "alice@example.test", "--data", f"@{path}"])
    assert done.returncode == 0, done.stdout.decode()
    messages.assert_same(new_message(server, "alice", before), message)


@pytest.mark.covers("SVC-08")
def test_swaks_upgrades_port_25_to_tls(server, need, letter):
    before = server.eml_files("alice")
    message, path = letter()
    done = run([need("swaks"), "--server", f"127.0.0.1:{server.port('smtp')}", "-tls", "--from",
                "sender@elsewhere.test", "--to", "alice@example.test", "--data", f"@{path}"])
    assert done.returncode == 0, done.stdout.decode()
    assert b"TLS started with cipher TLSv1.3" in done.stdout
    received = new_message(server, "alice", before)
    messages.assert_same(received, message)
    assert b"ESMTPS" in received.split(b"\r\n\r\n")[0]


@pytest.mark.covers("SMTP-07")
def test_swaks_is_refused_relay_without_authentication(server, need):
    done = run([need("swaks"), "--server", f"127.0.0.1:{server.port('smtp')}", "--from",
                "sender@elsewhere.test", "--to", "somebody@far-away.test"])
    assert done.returncode != 0
    assert b"<** 550 5.7.1" in done.stdout, done.stdout.decode()


@pytest.mark.covers("SVC-10", "SMTP-10")
@pytest.mark.parametrize("service, tls, mechanism", [
    ("submission", "-tls", "PLAIN"), ("submission", "-tls", "LOGIN"), ("smtps", "-tlsc", "PLAIN")])
def test_swaks_submits_with_authentication(server, need, letter, service, tls, mechanism):
    before = server.eml_files("bob")
    message, path = letter(to="bob@example.test", sender="alice@example.test")
    done = run([need("swaks"), "--server", f"127.0.0.1:{server.port(service)}", tls, "--auth", mechanism,
                "--auth-user", "alice", "--auth-password", kx.password_of("alice"),
                "--from", "alice@example.test", "--to", "bob@example.test", "--data", f"@{path}"])
    assert done.returncode == 0, done.stdout.decode()
    messages.assert_same(new_message(server, "bob", before), message)


@pytest.mark.covers("SMTP-10", "TECH-36")
def test_an_authenticated_user_may_send_to_other_domains(server):
    with server.smtp("alice") as client:
        refused = client.sendmail("alice@example.test", ["somebody@far-away.test"],
                                  messages.wire(messages.plain(to="somebody@far-away.test", sender="alice@example.test")))
    assert refused == {}


@pytest.mark.covers("SVC-10")
@pytest.mark.parametrize("service", ["smtp", "submission"])
def test_no_authentication_is_offered_in_clear(server, service):
    with smtplib.SMTP("127.0.0.1", server.port(service)) as client:
        client.ehlo()
        assert not client.has_extn("auth")
        code, _ = client.docmd("AUTH", "PLAIN AGFsaWNlAHNlY3JldA==")
        assert code >= 500


def test_a_wrong_password_is_refused(server):
    with pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
        server.smtp("alice", "not her password")
    assert refusal.value.smtp_code == 535


@pytest.mark.covers("SVC-09")
@pytest.mark.parametrize("kind", list(messages.ALL_KINDS))
def test_curl_sends_over_smtps(server, need, letter, kind):
    before = server.eml_files("bob")
    message, path = letter(kind, to="bob@example.test", sender="alice@example.test")
    done = run([need("curl"), "-sS", "-k", f"smtps://127.0.0.1:{server.port('smtps')}/client.example.test",
                "--user", f"alice@example.test:{kx.password_of('alice')}", "--mail-from",
                "alice@example.test", "--mail-rcpt", "bob@example.test", "-T", path])
    assert done.returncode == 0, done.stdout.decode()
    messages.assert_exact(new_message(server, "bob", before), message)


@pytest.mark.parametrize("kind", list(messages.ALL_KINDS))
def test_smtplib_sends_to_several_recipients(server, kind):
    before = {user: server.eml_files(user) for user in ("alice", "bob", "carol")}
    message = messages.ALL_KINDS[kind]()
    with server.smtp() as client:
        refused = client.sendmail("sender@elsewhere.test", [server.address(user) for user in before],
                                  messages.wire(message), mail_options=["BODY=8BITMIME"])
    assert refused == {}
    for user, files in before.items():
        messages.assert_exact(new_message(server, user, files), message)


def test_smtplib_reports_the_one_unknown_recipient(server):
    before = server.eml_files("carol")
    with server.smtp() as client:
        refused = client.sendmail("sender@elsewhere.test",
                                  ["carol@example.test", "nobody-here@example.test"],
                                  messages.wire(messages.plain()))
    assert refused["nobody-here@example.test"][0] == 550
    assert refused["nobody-here@example.test"][1].startswith(b"5.1.1")
    new_message(server, "carol", before)


def test_neomutt_sends_in_batch(server, need, tmp_path):
    before = server.eml_files("bob")
    attachment = tmp_path / "attached file.bin"
    attachment.write_bytes(bytes(range(256)) * 40)
    settings = tmp_path / "muttrc"
    settings.write_text(
        f'set smtp_url="smtps://alice%40example.test@127.0.0.1:{server.port("smtps")}/"\n'
        f'set smtp_pass="{kx.password_of("alice")}"\n'
        'set from="alice@example.test" realname="Alice" use_envelope_from=yes copy=no\n'
        f'set ssl_verify_host=no ssl_verify_dates=no certificate_file="{server.certificate_file(tmp_path)}"\n'
        'set send_charset="utf-8"\n')
    done = run([need("neomutt"), "-n", "-F", settings, "-s", "Grüße per neomutt", "-a", attachment, "--",
                "bob@example.test"], input=messages.EIGHT_BIT_TEXT.encode(),
               env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
    assert done.returncode == 0, done.stdout.decode()
    received = messages.parse(new_message(server, "bob", before))
    assert received["Subject"] == "Grüße per neomutt"
    assert received.get_body().get_content().replace("\r\n", "\n") == messages.EIGHT_BIT_TEXT
    (part,) = received.iter_attachments()
    assert part.get_content() == attachment.read_bytes()
