# SPDX-License-Identifier: Apache-2.0
"""Messages that the client tests move, and how to tell that they arrived whole."""

import email
import email.policy
import random
import uuid
from email.message import EmailMessage

EIGHT_BIT_TEXT = "Grüße aus Łódź, от Наташи, 日本語 and an emoji 🎉\n"


def plain(subject=None, body=None, to="alice@example.test", sender="sender@elsewhere.test"):
    """A short message with a subject and Message-ID that occur nowhere else."""
    message = EmailMessage()
    token = uuid.uuid4().hex
    message["From"] = f"Some Sender <{sender}>"
    message["To"] = to
    message["Subject"] = subject or f"test {token}"
    message["Message-ID"] = f"<{token}@tests.example>"
    message["Date"] = "Mon, 20 May 2024 10:11:12 +0200"
    message.set_content(body or f"The body of {token}.\nIts second line.\n")
    return message


def eight_bit(**fields):
    """UTF-8 sent as it is (Content-Transfer-Encoding: 8bit)."""
    message = plain(**fields)
    message.set_content(EIGHT_BIT_TEXT, cte="8bit")
    return message


def with_attachments(sizes=(10, 70_000), **fields):
    """Attachments of the given sizes whose bytes do not compress and hold every value."""
    message = plain(**fields)
    for number, size in enumerate(sizes):
        message.add_attachment(random.Random(size).randbytes(size), maintype="application",
                               subtype="octet-stream", filename=f"part {number} ü.bin")
    return message


def large(size=5_000_000, **fields):
    """One attachment such that the message is a little more than `size` bytes on the wire."""
    return with_attachments((size * 54 // 74,), **fields)


ALL_KINDS = {"plain": plain, "eight_bit": eight_bit, "attachments": with_attachments, "large": large}


def wire(message):
    """The bytes as SMTP and IMAP carry them."""
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n", cte_type="8bit"))


def parse(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def _content(part):
    content = part.get_payload(decode=True)
    if part.get_content_maintype() != "text":
        return content
    return content.replace(b"\r\n", b"\n").rstrip(b"\n")  # some clients add an empty line at the end


def _parts(message):
    return [(part.get_content_type(), part.get_filename(), _content(part))
            for part in message.walk() if not part.is_multipart()]


def assert_same(received, sent):
    """The received bytes are the sent message: headers that users see, and every part's content.

    Servers and clients prepend trace fields and turn line endings, so the rest is not compared.
    """
    got, want = parse(received), parse(wire(sent))
    for name in ("From", "To", "Subject", "Message-ID"):
        assert got[name] == want[name], name
    assert _parts(got) == _parts(want)


def assert_exact(received, sent):
    """The received bytes end with exactly the bytes sent: only trace fields may stand before them."""
    assert received.endswith(wire(sent)), (received[:600], wire(sent)[:600])
