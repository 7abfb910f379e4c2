# SPDX-License-Identifier: Apache-2.0
"""UTF8=ACCEPT (RFC 6855) and APPENDLIMIT (RFC 7889)."""

import base64
import itertools

import pytest

from kx import password_of
from rawimap import RawImap

numbers = itertools.count(1)
HEADERS = "From: \u00e4pfel@example.com\r\nSubject: Gr\u00fc\u00dfe\r\n\r\nBody.\r\n".encode()


@pytest.fixture
def client(server):
    with RawImap(server, "alice") as session:
        yield session


def literal8(client, before, content, after=")"):
    client.counter += 1
    tag = f"t{client.counter}"
    client.socket.sendall(f"{tag} {before}~{{{len(content)}+}}\r\n".encode() + content + f"{after}\r\n".encode())
    return client.finish(tag)


def test_utf8_is_announced_and_enabled(client):
    assert "UTF8=ACCEPT" in client.ok("CAPABILITY").untagged[0]
    assert client.ok("ENABLE UTF8=ACCEPT").untagged == [["ENABLED", "UTF8=ACCEPT"]]
    assert client.ok("ENABLE utf8=accept").untagged == [["ENABLED"]]


def test_names_are_utf8_once_it_is_enabled(client):
    name = f"Gr\u00fc\u00dfe {next(numbers)}"
    assert client.command(f'CREATE "{name}"').status == "BAD", "modified UTF-7 is asked for until then"
    client.ok("ENABLE UTF8=ACCEPT")
    client.ok(f'CREATE "{name}"')
    (row,) = client.ok(f'LIST "" "{name}"').untagged
    assert row[3] == name.encode()
    (row,) = client.ok(f'STATUS "{name}" (MESSAGES)').untagged
    assert row[1] == name.encode()
    client.ok(f'SELECT "{name}"')


def test_a_client_without_it_sees_modified_utf7(server, client):
    name = f"\u65e5\u672c{next(numbers)}"
    client.ok("ENABLE UTF8=ACCEPT")
    client.ok(f'CREATE "{name}"')
    with RawImap(server, "alice") as other:
        names = [row[3] for row in other.ok('LIST "" "*"').untagged]
        text = [entry.decode() if isinstance(entry, bytes) else entry for entry in names]
        assert all(entry.isascii() for entry in text)
        assert any(entry.startswith("&ZeVnLA-") for entry in text)


def test_names_without_control_characters_only(client):
    client.ok("ENABLE UTF8=ACCEPT")
    for bad in ("\u0085", "\u2028", "\u2029", "\x7f"):
        assert client.command(f'CREATE "a{bad}b"').status == "NO"


def test_quoted_strings_must_be_utf8(client):
    client.ok("ENABLE UTF8=ACCEPT")
    client.counter += 1
    client.socket.sendall(b't%d CREATE "a\xffb"\r\n' % client.counter)
    assert client.finish(f"t{client.counter}").status == "BAD"


def test_search_takes_utf8_and_no_charset(client):
    client.ok("CREATE utf8search")
    client.append("utf8search", HEADERS)
    client.ok("ENABLE UTF8=ACCEPT")
    client.ok("SELECT utf8search")
    assert client.search('SEARCH SUBJECT "gr\u00fc\u00dfe"') == [1]
    assert client.command("SEARCH CHARSET UTF-8 ALL").status == "BAD"
    assert client.command("SEARCH CHARSET US-ASCII ALL").status == "BAD"


def test_append_takes_the_utf8_extension(client):
    client.ok("CREATE utf8append")
    client.ok("ENABLE UTF8=ACCEPT")
    answer = literal8(client, "APPEND utf8append (\\Seen) UTF8 (", HEADERS)
    assert answer.status == "OK" and answer.code.startswith("APPENDUID ")
    big = HEADERS + b"x" * 70 + b"\r\n" * 20000
    assert literal8(client, "APPEND utf8append UTF8 (", big).status == "OK"
    client.ok("SELECT utf8append")
    found = client.fetch("FETCH 1:2 (BODY.PEEK[] FLAGS)")
    assert found[1]["BODY[]"] == HEADERS and "\\Seen" in found[1]["FLAGS"]
    assert found[2]["BODY[]"] == big


def test_the_utf8_extension_wants_a_literal8(client):
    client.ok("ENABLE UTF8=ACCEPT")
    assert client.command("APPEND INBOX UTF8 (", HEADERS, ")").status == "BAD"
    assert client.command("NOOP").status == "OK"


def test_a_client_without_it_gets_headers_as_they_are(client):
    client.ok("CREATE utf8legacy")
    client.append("utf8legacy", HEADERS)
    client.ok("SELECT utf8legacy")
    found = client.fetch("FETCH 1 (ENVELOPE BODY.PEEK[HEADER])")[1]
    assert found["ENVELOPE"][1] == "Gr\u00fc\u00dfe".encode()
    assert found["BODY[HEADER]"] == HEADERS[:-len("Body.\r\n")]


def test_login_takes_utf8(server):
    server.add_user("zo\u00eb", "Pa\u00dfwort-1234")
    for how in ("LOGIN", "PLAIN"):
        with RawImap(server) as client:
            if how == "LOGIN":
                client.ok('LOGIN "zo\u00eb" "Pa\u00dfwort-1234"')
            else:
                client.ok("AUTHENTICATE PLAIN " + base64.b64encode("\0zo\u00eb\0Pa\u00dfwort-1234".encode()).decode())
            client.ok("SELECT INBOX")


# ---- APPENDLIMIT

def test_appendlimit_is_the_setting(fresh_server):
    server = fresh_server(users=("alice",), config={"imap.max-append-size": "100K"})
    with RawImap(server) as client:
        assert "APPENDLIMIT" not in client.greeting[1][1]
        answer = client.ok(f'LOGIN {server.address("alice")} "{password_of("alice")}"')
        assert "APPENDLIMIT=102400" in answer.code.split()
        (row,) = client.ok("STATUS INBOX (MESSAGES APPENDLIMIT)").untagged
        assert dict(zip(row[2][::2], row[2][1::2])) == {"MESSAGES": "0", "APPENDLIMIT": "102400"}
        assert client.command("APPEND INBOX ", HEADERS + b"x" * 102400).code == "TOOBIG"
    server.configure({"imap.max-append-size": "0"})
    with RawImap(server, "alice") as client:
        assert "APPENDLIMIT" in client.ok("CAPABILITY").untagged[0]
        (row,) = client.ok("STATUS INBOX (APPENDLIMIT)").untagged
        assert row[2] == ["APPENDLIMIT", None]
