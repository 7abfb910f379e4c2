# SPDX-License-Identifier: Apache-2.0
"""CATENATE (RFC 4469) in APPEND, also with several messages, large pieces, URLs of all forms."""

import itertools

import pytest

from rawimap import RawImap

numbers = itertools.count(1)
ORIGINAL = (b"From: a@example.com\r\nTo: b@example.com\r\nSubject: original\r\nMIME-Version: 1.0\r\n"
            b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
            b"--b\r\nContent-Type: text/plain\r\n\r\nFirst part.\r\n"
            b"--b\r\nContent-Type: text/html\r\n\r\n<p>Second</p>\r\n--b--\r\n")
HEADER = b"From: a@example.com\r\nSubject: new\r\n\r\n"


@pytest.fixture
def box(server):
    """A session with the original as UID 1 of a folder of its own: (client, name, UIDVALIDITY)."""
    with RawImap(server, "alice") as client:
        name = f"Cat{next(numbers)}"
        client.ok(f"CREATE {name}")
        client.append(name, ORIGINAL)
        (row,) = client.ok(f"STATUS {name} (UIDVALIDITY)").untagged
        yield client, name, row[2][1]


def catenate(client, name, *parts):
    """Appends and returns what was stored, or the answer if it was refused."""
    words = [f"APPEND {name} (\\Seen) CATENATE ("]
    for i, part in enumerate(parts):
        words.append(" " * (i > 0) + (f'URL "{part}"' if isinstance(part, str) else "TEXT "))
        if isinstance(part, bytes):
            words.append(part)
    answer = client.command(*words, ")")
    if answer.status != "OK":
        return answer
    uid = answer.code.split()[2]
    client.ok(f"EXAMINE {name}")
    (found,) = client.fetch(f"UID FETCH {uid} (BODY.PEEK[] FLAGS)").values()
    client.ok("UNSELECT")
    assert "\\Seen" in found["FLAGS"]
    return found["BODY[]"]


def test_catenate_is_announced(box):
    assert {"CATENATE", "URL-PARTIAL"} <= set(box[0].ok("CAPABILITY").untagged[0])


def test_text_and_urls_in_any_order(box):
    client, name, validity = box
    url = f"/{name};UIDVALIDITY={validity}/;UID=1"
    assert catenate(client, name, HEADER, b"Text.\r\n") == HEADER + b"Text.\r\n"
    assert catenate(client, name, url) == ORIGINAL
    assert catenate(client, name, HEADER, url + "/;SECTION=1", b"\r\n", url + "/;section=2") == \
        HEADER + b"First part.\r\n<p>Second</p>"
    assert catenate(client, name, url + "/;SECTION=HEADER", b"Other body.\r\n") == \
        ORIGINAL[:ORIGINAL.index(b"\r\n\r\n") + 4] + b"Other body.\r\n"
    assert catenate(client, name, url + "/;SECTION=HEADER.FIELDS%20(Subject%20From)", b"x\r\n") == \
        b"From: a@example.com\r\nSubject: original\r\n\r\nx\r\n"
    assert catenate(client, name, HEADER, url + "/;SECTION=1.MIME") == \
        HEADER + b"Content-Type: text/plain\r\n\r\n"


def test_partial_urls(box):
    client, name, _ = box
    url = f"/{name}/;UID=1"
    assert catenate(client, name, HEADER, url + "/;SECTION=1/;PARTIAL=0.5") == HEADER + b"First"
    assert catenate(client, name, HEADER, url + "/;SECTION=1/;PARTIAL=6") == HEADER + b"part."
    assert catenate(client, name, HEADER, url + "/;PARTIAL=0.4") == HEADER + ORIGINAL[:4]
    assert catenate(client, name, HEADER, url + "/;PARTIAL=100000.4") == HEADER


def test_relative_to_the_selected_folder_and_absolute(server, box):
    client, name, _ = box
    client.ok(f"SELECT {name}")
    assert client.ok(f"APPEND {name} CATENATE (URL \";UID=1\")").code.startswith("APPENDUID")
    client.ok("UNSELECT")
    assert client.command(f"APPEND {name} CATENATE (URL \";UID=1\")").code == 'BADURL ";UID=1"'
    user = server.address("alice").replace("@", "%40")
    assert catenate(client, name, f"imap://{server.hostname}/{name}/;UID=1") == ORIGINAL
    assert catenate(client, name, f"imap://{user};AUTH=*@{server.hostname}:993/{name}/;UID=1") == ORIGINAL
    bob = server.address("bob").replace("@", "%40")
    for url in (f"imap://{bob}@{server.hostname}/{name}/;UID=1", f"imap://elsewhere.example/{name}/;UID=1"):
        assert catenate(client, name, url).code == f'BADURL "{url}"'


def test_names_are_percent_encoded_utf8(box):
    client, _, _ = box
    client.ok('CREATE "Entw&APw-rfe/50% &AMQ-"')
    client.append('"Entw&APw-rfe/50% &AMQ-"', ORIGINAL)
    assert catenate(client, "INBOX", "/Entw%C3%BCrfe/50%25%20%C3%84/;UID=1") == ORIGINAL
    client.ok('DELETE "Entw&APw-rfe/50% &AMQ-"')


@pytest.mark.parametrize("url", [
    "/{box}/;UID=99", "/{box};UIDVALIDITY=1/;UID=1", "/Nowhere/;UID=1", "/{box}/;UID=1/;SECTION=7", "/{box}/;UID=0",
    "/{box}/;UID=1/;SECTION=X", "/{box}", "http://x/", "/{box}/;UID=1/;PARTIAL=1.0", "/{box}/;UID=1;junk",
    "/Calendar/;UID=1", "/%00/;UID=1", "/%zz/;UID=1"])
def test_bad_urls(box, url):
    client, name, _ = box
    url = url.format(box=name)
    before = client.ok(f"STATUS {name} (MESSAGES)").untagged
    answer = catenate(client, name, HEADER, url)
    assert (answer.status, answer.code) == ("NO", f'BADURL "{url}"')
    assert client.ok(f"STATUS {name} (MESSAGES)").untagged == before


@pytest.mark.parametrize("arguments", [
    "CATENATE ()", "CATENATE TEXT", "CATENATE (FOO x)", 'CATENATE (URL "x"', "CATENATE(URL x)", "CATENATE (TEXT x)",
    'CATENATE (URL "x"URL "y")'])
def test_syntax_errors_are_bad(box, arguments):
    client, name, _ = box
    assert client.command(f"APPEND {name} {arguments}").status == "BAD"
    client.ok("NOOP")


def test_a_missing_folder_is_told_before_bad_urls(box):
    assert box[0].command('APPEND Nowhere CATENATE (URL "/Nowhere/;UID=1")').code == "TRYCREATE"


def test_large_pieces_are_spooled_and_joined(box):
    client, name, _ = box
    large = b"".join(b"line %d of a piece\r\n" % i for i in range(4000))
    url = f"/{name}/;UID=1"
    assert catenate(client, name, HEADER, large, url, large[:-1], b"\nx\r\n", large) == \
        HEADER + large + ORIGINAL + large + b"x\r\n" + large


def test_waiting_for_each_continuation(box):
    client, name, _ = box
    large = b"y" * 70 + b"\r\n"
    large *= 1000
    client.socket.sendall(b"w APPEND %s CATENATE (TEXT {%d}\r\n" % (name.encode(), len(HEADER)))
    for content, rest in ((HEADER, b" TEXT {%d}\r\n" % len(large)), (large, b" TEXT {%d}\r\n" % len(large)),
                          (large, b")\r\n")):
        assert client.read_response()[0] == "+"
        client.socket.sendall(content + rest)
    answer = client.finish("w")
    assert answer.status == "OK"
    client.ok(f"EXAMINE {name}")
    (found,) = client.fetch(f"UID FETCH {answer.code.split()[2]} BODY.PEEK[]").values()
    assert found["BODY[]"] == HEADER + large + large


def test_several_messages_all_or_none(box):
    client, name, _ = box
    good = f'CATENATE (URL "/{name}/;UID=1")'
    answer = client.command(f"APPEND {name} {good} (\\Flagged) ", HEADER + b"plain\r\n", f" {good}")
    assert answer.status == "OK" and answer.code.split()[2] == "2:4"
    answer = client.command(f"APPEND {name} {good} ", HEADER + b"plain\r\n", f' CATENATE (URL "/{name}/;UID=77")')
    assert answer.code == f'BADURL "/{name}/;UID=77"'
    (row,) = client.ok(f"STATUS {name} (MESSAGES)").untagged
    assert row[2][1] == "4"


def test_bare_line_feeds_become_line_ends_over_pieces(box):
    client, name, _ = box
    assert catenate(client, name, b"A: b\r", b"\n\r\nx\ny\r", b"\nz") == b"A: b\r\n\r\nx\r\ny\r\nz"


def test_nothing_is_not_a_message(box):
    client, name, _ = box
    assert catenate(client, name, b"").status == "NO"


def test_too_big_is_told(fresh_server):
    server = fresh_server(users=("alice",), config={"imap.max-append-size": "10K"})
    with RawImap(server, "alice") as client:
        client.append("INBOX", HEADER + b"x" * 6000)
        url = 'URL "/INBOX/;UID=1"'
        assert client.command(f"APPEND INBOX CATENATE ({url} {url})").code == "TOOBIG"
        assert client.command(f"APPEND INBOX CATENATE ({url} TEXT ", b"x" * 11000, ")").code == "TOOBIG"
        client.ok(f"APPEND INBOX CATENATE ({url} TEXT ", b"x", ")")
        (row,) = client.ok("STATUS INBOX (MESSAGES)").untagged
        assert row[2][1] == "2"


def test_utf8_and_binary_pieces(box):
    client, name, _ = box
    header = "Subject: Gr\u00fc\u00dfe\r\n\r\n".encode()
    client.ok("ENABLE UTF8=ACCEPT")
    client.counter += 1
    tag = f"t{client.counter}"
    client.socket.sendall(b"%s APPEND %s CATENATE (UTF8 (~{%d+}\r\n%s) TEXT {3+}\r\nabc)\r\n" %
                          (tag.encode(), name.encode(), len(header), header))
    answer = client.finish(tag)
    assert answer.status == "OK"
    client.ok(f"EXAMINE {name}")
    (found,) = client.fetch(f"UID FETCH {answer.code.split()[2]} BODY.PEEK[]").values()
    assert found["BODY[]"] == header + b"abc"


def test_limits_of_pieces(box):
    client, name, _ = box
    url = f'URL "/{name}/;UID=1/;PARTIAL=0.1"'
    assert client.command(f"APPEND {name} CATENATE ({' '.join([url] * 1001)})").code == "LIMIT"
    client.ok(f"APPEND {name} CATENATE ({' '.join([url] * 1000)})")
