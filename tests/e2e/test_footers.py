# SPDX-License-Identifier: Apache-2.0
"""Footers of a domain under the mail that is sent from it (DOM-10, DOM-11, HOST-74)."""

import smtplib

import pytest

import kx
import messages
from rawsmtp import setting

FOOTER = "Company AG, Zürich\nRegister 12-34"
LINES = "Company AG, Zürich\r\nRegister 12-34"


@pytest.fixture
def footer(server, tmp_path):
    """footer(name=value, ...) for the time of a test; the text is in a file."""
    (tmp_path / "footer.txt").write_text(FOOTER + "\n\n")

    def put(*options):
        server.cli("domain", "set", "example.test", "--footer-file", tmp_path / "footer.txt", *options)

    yield put
    server.cli("domain", "set", "example.test", "--footer", "", "--footer-html", "", "--footer-external-only", "")


def send(server, message, user="alice", to=("bob@example.test",)):
    """Sends it and returns what bob gets by IMAP."""
    with server.smtp(user) as client:
        assert client.sendmail("alice@example.test" if user else message["From"], list(to), messages.wire(message)) == {}
    imap = server.imap("bob")
    imap.select()
    number = imap.search(None, "HEADER", "MESSAGE-ID", message["Message-ID"])[1][0].split()[-1]
    content = imap.fetch(number, "(BODY.PEEK[])")[1][0][1]
    imap.logout()
    return content


def text_of(content, kind="plain"):
    part = messages.parse(content).get_body((kind,))
    return part.get_content().replace("\r\n", "\n").rstrip("\n")


def letter(**fields):
    return messages.plain(sender="alice@example.test", to="bob@example.test", **fields)


@pytest.mark.covers("DOM-10", "HOST-74")
def test_plain_text(server, footer):
    footer()
    content = send(server, letter(body="Hello\n"))
    assert text_of(content) == f"Hello\n\n{FOOTER}"
    again = letter(body=f"Hello\n\n{FOOTER}\n")
    assert send(server, again).endswith(messages.wire(again).split(b"\r\n\r\n", 1)[1])  # not twice
    quoted = "> " + FOOTER.replace("\n", "\n> ")
    assert text_of(send(server, letter(body=f"{quoted}\n"))) == f"{quoted}\n\n{FOOTER}"
    shown = server.cli("domain", "show", "example.test", as_json=True)
    assert shown["footer"] == FOOTER


@pytest.mark.covers("DOM-10")
def test_html_and_attachments(server, footer):
    footer("--footer-html", "<hr>Company <b>AG</b>")
    message = letter(body="Hello\n")
    message.add_alternative("<html><body><p>Hello</p></body></html>", subtype="html")
    message.add_attachment(bytes(range(256)) * 5000, maintype="application", subtype="octet-stream", filename="a.bin")
    message.add_attachment("a text file\n", filename="notes.txt")
    content = send(server, message)
    assert text_of(content) == f"Hello\n\n{FOOTER}"
    assert "<hr>Company <b>AG</b>\n</body></html>" in text_of(content, "html")
    got, want = ([part.get_content() for part in messages.parse(raw).iter_attachments()]
                 for raw in (content, messages.wire(message)))
    assert got == want and len(got) == 2
    # Without a form of its own HTML gets the text's.
    server.cli("domain", "set", "example.test", "--footer-html", "")
    assert "<p>Company AG, Zürich<br>\nRegister 12-34</p>" in text_of(send(server, message_of_html()), "html")


def message_of_html():
    message = letter()
    message.set_content("<html><body>Hi</body></html>", subtype="html")
    return message


@pytest.mark.covers("DOM-10")
@pytest.mark.parametrize("kind", ["multipart/signed; protocol=application/pgp-signature",
                                  "multipart/encrypted; protocol=application/pgp-encrypted"])
def test_signed_and_encrypted_mail_stays_as_it_is(server, footer, kind):
    footer()
    message = letter()
    message.make_mixed()
    message.replace_header("Content-Type", f"{kind}; boundary=xyz")
    raw = messages.wire(message)
    assert send(server, message).endswith(raw.split(b"\r\n\r\n", 1)[1])


@pytest.mark.covers("DOM-10")
def test_only_mail_from_the_domain(server, footer):
    footer()
    assert "Company" not in text_of(send(server, messages.plain(to="bob@example.test"), user=None))
    forged = letter(body="I am not Alice\n")
    assert "Company" not in text_of(send(server, forged, user=None))
    with setting(server, "smtp.relay-group", "Local clients"):  # a trusted host
        with server.smtp() as client:
            client.sendmail("alice@example.test", ["bob@example.test"], messages.wire(trusted := letter()))
    content = list(server.eml_files("bob").values())[-1]
    assert trusted["Message-ID"].encode() in content and text_of(content).endswith(FOOTER)


@pytest.mark.covers("DOM-11")
def test_not_among_ourselves(server, footer):
    footer("--footer-external-only", "yes")
    assert "Company" not in text_of(send(server, letter()))
    assert text_of(send(server, letter(), to=("bob@example.test", "z@else.test"))).endswith(FOOTER)
    server.cli("alias", "add", "friends@example.test", "z@else.test")
    assert text_of(send(server, letter(), to=("bob@example.test", "friends@example.test"))).endswith(FOOTER)


def test_bad_footers(server, tmp_path):
    (tmp_path / "long").write_text("x" * 40_000)
    for options in (("--footer", "a\x01b"), ("--footer-file", tmp_path / "long"), ("--footer-file", tmp_path / "none"),
                    ("--footer", "a", "--footer-file", tmp_path / "long")):
        done = server.run("domain", "set", "example.test", *options)
        assert done.returncode != 0 and len(done.stderr.splitlines()) == 1
