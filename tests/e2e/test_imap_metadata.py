# SPDX-License-Identifier: Apache-2.0
"""METADATA (RFC 5464), LIST-METADATA (RFC 9590), and the special use as metadata (RFC 6154 section 4)."""

import pytest

from rawimap import RawImap

MESSAGE = b"From: a@example.com\r\nSubject: metadata\r\n\r\nBody.\r\n"


@pytest.fixture
def client(server, user):
    with RawImap(server, user) as client:
        yield client


def metadata(answer, mailbox="INBOX"):
    """The entries of all METADATA responses for the mailbox as {name: value}."""
    found = {}
    for values in answer.untagged:
        if values[0] != "METADATA":
            continue
        name = values[1].decode() if isinstance(values[1], bytes) else values[1]
        assert name == mailbox
        names = [entry.decode() if isinstance(entry, bytes) else entry for entry in values[2][::2]]
        found.update(zip(names, values[2][1::2]))
    return found


def get(client, entries, mailbox="INBOX", options=""):
    return metadata(client.ok(f"GETMETADATA {options}{mailbox or chr(34) * 2} {entries}"), mailbox)


def test_it_is_offered(client):
    (answer,) = client.ok("CAPABILITY").untagged
    assert {"METADATA", "METADATA-SERVER", "LIST-METADATA"} <= set(answer)


def test_set_get_and_remove(client):
    client.ok('SETMETADATA INBOX (/private/comment "mine" /shared/comment "ours")')
    assert get(client, "(/shared/comment /private/comment)") == {"/shared/comment": b"ours", "/private/comment": b"mine"}
    client.ok("SETMETADATA INBOX (/private/comment NIL)")
    assert get(client, "/private/comment") == {"/private/comment": None}
    assert get(client, "/shared/comment /private/comment") == {"/shared/comment": b"ours", "/private/comment": None}
    client.ok('SETMETADATA INBOX (/private/comment "")')
    assert get(client, "/private/comment") == {"/private/comment": b""}


def test_values_come_back_as_they_went_in(client):
    lines = b"two\r\nlines, and \"quotes\" \\ \xc3\xa4 \xff"
    client.ok("SETMETADATA INBOX (/shared/comment ", lines, " /private/comment \"a \\\"b\\\" \\\\\")")
    assert get(client, "(/shared/comment /private/comment)") == {
        "/shared/comment": lines, "/private/comment": b'a "b" \\'}
    bare = b"a bare\nline feed"
    client.ok("SETMETADATA INBOX (/shared/comment ", bare, ")")
    assert get(client, "/shared/comment")["/shared/comment"] == bare


def test_binary_values(client):
    value = b"\0binary\0\r\n"
    client.socket.sendall(b"b SETMETADATA INBOX (/private/vendor/kx/bin ~{%d+}\r\n%s)\r\n" % (len(value), value))
    assert client.finish("b").status == "OK"
    assert get(client, "/private/vendor/kx/bin") == {"/private/vendor/kx/bin": value}
    client.socket.sendall(b"c SETMETADATA INBOX (/private/vendor/kx/bin {%d+}\r\n%s)\r\n" % (len(value), value))
    assert client.finish("c").status in ("NO", "BAD")
    assert get(client, "/private/vendor/kx/bin") == {"/private/vendor/kx/bin": value}


def test_values_up_to_the_limit(client):
    """They are longer than a literal inside a command may be otherwise."""
    large = bytes(range(1, 256)) * 257
    assert len(large) == 65535
    client.ok("SETMETADATA INBOX (/shared/vendor/kx/a ", large, " /shared/vendor/kx/b \"short\" /shared/vendor/kx/c ",
              large[::-1], ")")
    assert get(client, "/shared/vendor/kx", options="(DEPTH 1) ") == {
        "/shared/vendor/kx/a": large, "/shared/vendor/kx/b": b"short", "/shared/vendor/kx/c": large[::-1]}
    answer = client.command("SETMETADATA INBOX (/shared/vendor/kx/b NIL /shared/vendor/kx/a ", b"x" * 65537, ")")
    assert (answer.status, answer.code) == ("NO", "METADATA MAXSIZE 65536")
    assert get(client, "/shared/vendor/kx/b")["/shared/vendor/kx/b"] == b"short"
    tag = client.send("SETMETADATA INBOX (/shared/vendor/kx/a {65537}")
    answer = client.finish(tag)
    assert (answer.status, answer.code) == ("NO", "METADATA MAXSIZE 65536")


def test_maxsize(client):
    client.ok('SETMETADATA INBOX (/shared/comment "1234567890" /private/comment "123")')
    for command in ("GETMETADATA (MAXSIZE 5) INBOX (/shared/comment /private/comment)",
                    "GETMETADATA INBOX (MAXSIZE 5) (/shared/comment /private/comment)"):
        answer = client.ok(command)
        assert metadata(answer) == {"/private/comment": b"123"}
        assert answer.code == "METADATA LONGENTRIES 10"
    answer = client.ok("GETMETADATA (MAXSIZE 10) INBOX (/shared/comment /private/comment)")
    assert answer.code is None and len(metadata(answer)) == 2


def test_depth(client):
    client.ok('SETMETADATA INBOX (/private/vendor/kx/a "a" /private/vendor/kx/a/b "b" /private/vendor/kx/a/b/c "c"'
              ' /private/vendor/kx/a0 "no" /private/vendor/kx/a- "no")')
    top = "/private/vendor/kx/a"
    assert get(client, top) == {top: b"a"}
    assert get(client, top, options="(DEPTH 0) ") == {top: b"a"}
    assert get(client, top, options="(DEPTH 1) ") == {top: b"a", top + "/b": b"b"}
    assert get(client, top, options="(DEPTH infinity MAXSIZE 100) ") == {top: b"a", top + "/b": b"b", top + "/b/c": b"c"}
    assert len(get(client, "/private", options="(DEPTH infinity) ")) == 5
    assert get(client, "/private/vendor/other", options="(DEPTH 1) ") == {"/private/vendor/other": None}


def test_names_have_no_case(client):
    client.ok('SETMETADATA INBOX (/PRIVATE/Comment "x")')
    assert get(client, "/private/comment") == {"/private/comment": b"x"}
    assert get(client, "/Private/COMMENT") == {"/private/comment": b"x"}


@pytest.mark.parametrize("command", [
    "GETMETADATA", "GETMETADATA INBOX", "GETMETADATA INBOX /other/comment", "GETMETADATA INBOX /private/a//b",
    "GETMETADATA INBOX /private/a/", 'GETMETADATA INBOX "/private/a*"', 'GETMETADATA INBOX "/private/%"',
    "GETMETADATA INBOX comment", "GETMETADATA (DEPTH 2) INBOX /private/comment",
    "GETMETADATA (NONSENSE 1) INBOX /private/comment", "GETMETADATA INBOX ()", "SETMETADATA INBOX /private/comment x",
    "SETMETADATA INBOX ()", "SETMETADATA INBOX (/private/comment)", 'SETMETADATA INBOX (/private/a//b "x")',
    'SETMETADATA INBOX (/private "x")', 'SETMETADATA INBOX (/private/vendor/kx "x")', "SETMETADATA INBOX (/private/a atom)",
])
def test_nonsense_is_refused(client, command):
    assert client.command(command).status == "BAD"


def test_mailboxes_that_are_not_there(client):
    answer = client.command("GETMETADATA Nowhere /private/comment")
    assert (answer.status, answer.code) == ("NO", "NONEXISTENT")
    assert client.command('SETMETADATA Nowhere (/private/comment "x")').status == "NO"


def test_entries_follow_their_mailbox(client):
    client.ok("CREATE Moving")
    client.ok('SETMETADATA Moving (/private/comment "stays" /shared/comment "too")')
    client.ok("RENAME Moving Moved")
    assert get(client, "/private/comment", "Moved") == {"/private/comment": b"stays"}
    client.ok("DELETE Moved")
    client.ok("CREATE Moved")
    assert get(client, "(/private/comment /shared/comment)", "Moved") == {
        "/private/comment": None, "/shared/comment": None}
    client.ok('SETMETADATA INBOX (/private/comment "inbox")')
    client.ok("RENAME INBOX Old")
    assert get(client, "/private/comment", "Old") == {"/private/comment": b"inbox"}
    assert get(client, "/private/comment", "INBOX") == {"/private/comment": b"inbox"}


def test_too_many_entries_change_nothing(client):
    client.ok('SETMETADATA INBOX (/private/comment "first")')
    for start in range(0, 990, 90):
        pairs = " ".join(f'/private/vendor/kx/{n} "x"' for n in range(start, start + 90))
        client.ok(f"SETMETADATA INBOX ({pairs})")
    pairs = " ".join(f'/private/vendor/kx/more{n} "x"' for n in range(90))
    answer = client.command(f'SETMETADATA INBOX (/private/comment "second" {pairs})')
    assert (answer.status, answer.code) == ("NO", "METADATA TOOMANY")
    assert get(client, "/private/comment") == {"/private/comment": b"first"}
    client.ok('SETMETADATA INBOX (/shared/comment "others have room")')
    client.ok('SETMETADATA INBOX (/private/vendor/kx/1 NIL /private/comment "third")')


def test_special_use(client):
    client.ok("CREATE Plain")
    client.ok("CREATE Mine (USE (\\Archive))")
    assert get(client, "/private/specialuse", "Plain") == {"/private/specialuse": None}
    assert get(client, "/private/specialuse", "Mine") == {"/private/specialuse": b"\\Archive"}
    client.ok('SETMETADATA Plain (/private/specialuse "\\\\Junk \\\\Important" /private/comment "both")')
    assert get(client, "/private/comment", "Plain") == {"/private/comment": b"both"}
    (line,) = client.ok('LIST "" Plain').untagged
    assert {"\\Junk", "\\Important"} <= set(line[1])
    assert get(client, "/shared/specialuse", "Plain") == {"/shared/specialuse": b"\\Junk \\Important"}
    for bad in ('"\\\\Nonsense"', '"\\\\Flagged"', '"Junk"'):
        answer = client.command(f'SETMETADATA Plain (/private/comment "no" /private/specialuse {bad})')
        assert (answer.status, answer.code) == ("NO", "USEATTR")
    assert get(client, "/private/comment", "Plain") == {"/private/comment": b"both"}
    client.ok("SETMETADATA Plain (/private/specialuse NIL)")
    (line,) = client.ok('LIST "" Plain').untagged
    assert not {"\\Junk", "\\Important"} & set(line[1])


def test_the_server(server, client):
    server.configure({"server.admin-contact": "mailto:postmaster@company.test", "server.comment": "Hello"})
    assert get(client, "(/shared/admin /shared/comment)", "") == {
        "/shared/admin": b"mailto:postmaster@company.test", "/shared/comment": b"Hello"}
    for entry in ("/shared/admin", "/shared/comment", "/shared/vendor/kx/a"):
        answer = client.command(f'SETMETADATA "" ({entry} "x")')
        assert (answer.status, answer.code) == ("NO", "NOPERM")
    client.ok('SETMETADATA "" (/private/vendor/kx/note "mine")')
    assert get(client, "/private/vendor/kx/note", "") == {"/private/vendor/kx/note": b"mine"}
    with RawImap(server, "alice") as other:
        assert get(other, "/private/vendor/kx/note", "") == {"/private/vendor/kx/note": None}


def test_list_returns_metadata(client):
    client.ok("CREATE Blue")
    client.ok("CREATE Parent/Child")
    client.ok('SETMETADATA Blue (/shared/vendor/kx/color "#0000ff")')
    answer = client.ok('LIST "" (Blue Parent) RETURN (METADATA (/shared/vendor/kx/color /private/comment) SUBSCRIBED)')
    lists = [values for values in answer.untagged if values[0] == "LIST"]
    found = {values[1]: dict(zip(values[2][::2], values[2][1::2]))
             for values in answer.untagged if values[0] == "METADATA"}
    found = {name.decode() if isinstance(name, bytes) else name: entries for name, entries in found.items()}
    assert len(lists) == 2
    assert found == {"Blue": {"/shared/vendor/kx/color": b"#0000ff", "/private/comment": None},
                     "Parent": {"/shared/vendor/kx/color": None, "/private/comment": None}}
    assert client.command('LIST "" * RETURN (METADATA)').status == "BAD"
    assert client.command('LIST "" * RETURN (METADATA ())').status == "BAD"
    assert client.command('LIST "" * RETURN (METADATA (color))').status == "BAD"


def test_changes_by_others_are_told_after_enable(server, user, client):
    with RawImap(server, user) as other:
        other.ok('SETMETADATA INBOX (/shared/comment "a")')
        assert not metadata_names(client.ok("NOOP"))
        client.ok("ENABLE METADATA")
        client.ok('SETMETADATA INBOX (/shared/comment "own")')
        assert not metadata_names(client.ok("NOOP"))
        other.ok('SETMETADATA INBOX (/shared/comment "b" /private/comment "c")')
        other.ok('SETMETADATA "" (/private/vendor/kx/a "b")')
        assert metadata_names(client.ok("NOOP")) == {
            "INBOX": {"/shared/comment", "/private/comment"}, "": {"/private/vendor/kx/a"}}
        assert not metadata_names(client.ok("NOOP"))
        tag = client.idle()
        other.ok('SETMETADATA INBOX (/shared/comment NIL)')
        assert client.read_untagged() == ["METADATA", "INBOX", "/shared/comment"]
        assert client.done(tag).status == "OK"


def metadata_names(answer):
    found = {}
    for values in answer.untagged:
        if values[0] == "METADATA":
            name = values[1].decode() if isinstance(values[1], bytes) else values[1]
            found[name] = {entry.decode() if isinstance(entry, bytes) else entry for entry in values[2:]}
    return found


def test_entries_survive_a_lost_index(fresh_server):
    server = fresh_server(users=["alice"])
    with RawImap(server, "alice") as client:
        client.ok("CREATE Kept")
        client.ok('SETMETADATA Kept (/shared/comment "kept" /private/specialuse "\\\\Archive")')
        client.ok('SETMETADATA "" (/private/vendor/kx/a "server")')
    server.run("reindex", server.address("alice"))
    with RawImap(server, "alice") as client:
        assert get(client, "(/shared/comment /private/specialuse)", "Kept") == {
            "/shared/comment": b"kept", "/private/specialuse": b"\\Archive"}
        assert get(client, "/private/vendor/kx/a", "") == {"/private/vendor/kx/a": b"server"}
