# SPDX-License-Identifier: Apache-2.0
"""The same messages to us and to Debian's Dovecot: what both say must be the same, or the difference has a reason here."""

import re
import tempfile
from pathlib import Path

import pytest

import mutations
from dovecot import Dovecot
from imap_differential import differences
from rawimap import ProtocolError, RawImap

STRUCTURE = {"BODY", "BODYSTRUCTURE"}
# {message of the corpus: (items that differ, why we stay as we are)}
REASONS = {
    "rfc2046 A complex": ({"BINARY.PEEK[5]", "BINARY.SIZE[5]"},
                          "BINARY decodes the part's own encoding (RFC 3516), not those of parts below a message/rfc822"),
    "rfc2231": (STRUCTURE, "no charset us-ascii beside charset*; \"'\" is percent-encoded when continuations become one"),
    "no boundary": (STRUCTURE, "a multipart that cannot be read is text/plain (RFC 2045 section 5.2)"),
    "empty boundary": (STRUCTURE, "the same"),
    "prefix": ({"BODY.PEEK[1]", "BODY.PEEK[2]"}, "the CRLF before a delimiter belongs to it (RFC 2046 section 5.1.1)"),
    "twice the same": ({"BODY.PEEK[1]"}, "the same"),
    "white space": (STRUCTURE, "a boundary does not end in a space (RFC 2046 section 5.1.1)"),
    "message": (STRUCTURE, "the CRLF before a delimiter belongs to it"),
    "global": (STRUCTURE, "message/global has an envelope (RFC 9051 section 9, media-message)"),
    "header only": ({"BODY.PEEK[HEADER.FIELDS (Subject TO x-none)]"}, "no blank line where the message has none"),
    "header without line end": ({"BODY.PEEK[HEADER.FIELDS (Subject TO x-none)]"}, "the same; octets as they are"),
    "folded": ({"ENVELOPE"}, "unfolding takes CRLF away and nothing else (RFC 5322 section 2.2.3)"),
    "odd addresses": ({"ENVELOPE"}, "what can be read of a broken list is told"),
    "obsolete": ({"ENVELOPE"}, "RFC 5322 section 4.4 allows spaces around the dots, and empty elements"),
    "bad encoding": (STRUCTURE | {"BINARY.PEEK[1]", "BINARY.SIZE[1]"}, "an encoding with a comment is what it is without"),
    "duplicates": ({"ENVELOPE"} | STRUCTURE, "the first of several fields counts, but addresses of all are joined"),
    "bare cr": ({"RFC822.SIZE", "ENVELOPE", "RFC822.TEXT", "BODY.PEEK[TEXT]", "BODY.PEEK[]"} | STRUCTURE,
                "content comes back octet by octet"),
    "controls": ({"RFC822.SIZE", "ENVELOPE", "RFC822.HEADER", "BODY.PEEK[HEADER]", "BODY.PEEK[]", "BODY.PEEK[1.MIME]",
                  "BODY.PEEK[HEADER.FIELDS (Subject TO x-none)]", "BODY.PEEK[HEADER.FIELDS.NOT (subject From)]"}, "the same"),
    "digest": ({f"BODY.PEEK[{part}.HEADER.FIELDS{suffix} (Subject)]" for part in (3, 4) for suffix in ("", ".NOT")},
               "no blank line where the message has none"),
    "base64": ({"BINARY.PEEK[1]", "BINARY.SIZE[1]"}, "what can be decoded of broken content is given"),
    "quoted-printable": ({"BINARY.PEEK[1]", "BINARY.SIZE[1]"}, "the same"),
    "nul": ({"APPEND"}, "a literal has no NUL (RFC 9051 section 9, CHAR8)"),
} | {f"bad type{number}": (STRUCTURE, "what is no media type is text/plain (RFC 2045 section 5.2)") for number in ("", " 2", " 3", " 4", " 5", " 6")}
# Dovecot ends the session when base64 ends early or has other octets in it.
DOVECOT_GIVES_UP = "Internal error occurred"


@pytest.fixture
def peer():
    with tempfile.TemporaryDirectory(prefix="kx-dovecot-") as base:
        running = Dovecot(Path(base))
        yield running
        running.stop()
        print(running.log()[-2000:])


class Pair:
    """Our session and Dovecot's."""

    def __init__(self, server, peer, user):
        self.peer = peer
        self.ours = RawImap(server, user)
        self.theirs = RawImap(peer, strict=False)

    def compare(self, content):
        """[(item, ours, theirs)], or None if Dovecot could not cope."""
        try:
            return list(differences(self.ours, self.theirs, content))
        except ProtocolError as error:
            if DOVECOT_GIVES_UP not in str(error):
                raise
            self.peer.stop()
            self.theirs = RawImap(self.peer, strict=False)
            return None


@pytest.fixture
def pair(server, peer, user):
    return Pair(server, peer, user)


def is_mime(content):
    return b"mime-version" in content.lower()


def test_agrees_with_dovecot_about_the_corpus(pair):
    wrong = []
    for name, content in mutations.corpus().items():
        if name not in mutations.RAW and not is_mime(content) and content not in (b"", b"\r\n", b"\r\n\r\n") and \
                re.match(rb"[A-Za-z-]+:", content):
            content = b"MIME-Version: 1.0\r\n" + content  # without, Dovecot looks at no encoding
        found = pair.compare(content)
        allowed = REASONS.get(name, (set(), ""))[0]
        wrong += [(name, item, ours, theirs) for item, ours, theirs in found or () if item not in allowed]
    assert not wrong, "\n".join(map(str, wrong))[:4000]


# Of what is broken, structures and envelopes may be read in more ways than one; content has one truth.
CONTENT = re.compile(r"RFC822\.HEADER|RFC822\.TEXT|RFC822\.SIZE|BODY\.PEEK\[(?:TEXT|HEADER|\]|[\d.]*\])")


@pytest.mark.parametrize("seed", [1, 2])
def test_agrees_with_dovecot_about_content_of_broken_messages(pair, seed):
    compared, wrong = 0, []
    for number, content in enumerate(mutations.mutations(250, seed)):
        if b"\0" in content or re.search(rb"\r(?!\n)", content):
            continue  # what Dovecot does not keep as it is
        found = pair.compare(content)
        compared += found is not None
        for item, ours, theirs in found or ():
            # A part that ends at an outer delimiter: Dovecot gives it that delimiter's CRLF.
            same = isinstance(ours, bytes) and theirs == ours + b"\r\n"
            if CONTENT.match(item) and not same:
                wrong.append((number, item, content, ours, theirs))
    assert compared > 150
    assert not wrong, "\n".join(map(str, wrong))[:4000]
