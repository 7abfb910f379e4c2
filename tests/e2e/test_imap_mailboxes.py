# SPDX-License-Identifier: Apache-2.0
"""Folders over IMAP: making, naming, listing, subscribing, selecting, counting, and storing messages into them."""

import itertools
import re
import time

import pytest

from rawimap import RawImap

MESSAGE = b"From: a@example.com\r\nSubject: folders\r\n\r\nBody.\r\n"
names = itertools.count(1)


@pytest.fixture
def client(server):
    with RawImap(server, "alice") as session:
        session.server = server
        yield session


@pytest.fixture
def folder(client):
    """A fresh folder of the client's account."""
    name = f"Box{next(names)}"
    client.ok(f"CREATE {name}")
    return name


def text_of(value):
    return value.decode() if isinstance(value, bytes) else value


def listed(answer, word="LIST"):
    """{name: (set of attributes, extended data)} of LIST or LSUB responses."""
    found = {}
    for values in answer.untagged:
        if values[0] == word:
            assert values[2] == b"/"
            name = text_of(values[3])
            assert name not in found, f"{name} is listed twice"
            found[name] = (set(values[1]), values[4] if len(values) > 4 else None)
    return found


def names_of(answer, word="LIST"):
    return list(listed(answer, word))


def statuses(answer):
    """{name: {item: number}} of STATUS responses."""
    return {text_of(values[1]): dict(zip(values[2][::2], map(int, values[2][1::2])))
            for values in answer.untagged if values[0] == "STATUS"}


def codes(answer):
    """Response codes of untagged OK: {word: rest}."""
    found = {}
    for values in answer.untagged:
        if values[0] == "OK" and values[1]:
            word, _, rest = values[1].partition(" ")
            found[word] = rest
    return found


def counts(answer):
    """{"EXISTS": n, "RECENT": n}, as far as they were sent."""
    return {values[1]: int(values[0]) for values in answer.untagged
            if len(values) == 2 and values[1] in ("EXISTS", "RECENT")}


def refused(client, *parts):
    answer = client.command(*parts)
    assert answer.status == "NO", answer
    return answer.code


def malformed(client, *parts):
    answer = client.command(*parts)
    assert answer.status == "BAD", answer


# ---- LIST

@pytest.mark.covers("SVC-13", "SMTP-37", "ENV-11")
def test_default_folders_and_special_use(server):
    with RawImap(server, "carol") as carol:
        found = listed(carol.ok('LIST "" *'))
        uses = {name: attributes & {"\\Sent", "\\Drafts", "\\Trash", "\\Junk"}
                for name, (attributes, _) in found.items()}
        assert uses == {"INBOX": set(), "Sent Items": {"\\Sent"}, "Drafts": {"\\Drafts"},
                        "Deleted Items": {"\\Trash"}, "Junk E-mail": {"\\Junk"}}
        assert list(found)[0] == "INBOX"
        assert all("\\HasNoChildren" in attributes for attributes, _ in found.values())


def test_other_kinds_of_folders_are_not_shown(client):
    for name in ("Calendar", "Contacts", "Tasks", "Notes"):
        assert name not in names_of(client.ok('LIST "" *'))
        assert name not in names_of(client.ok('LSUB "" *'), "LSUB")
        assert refused(client, f"SELECT {name}") == "NONEXISTENT"
        assert refused(client, f"DELETE {name}") == "NONEXISTENT"
        assert refused(client, f"APPEND {name} ", MESSAGE) == "TRYCREATE"


def test_the_delimiter(client):
    answer = client.ok('LIST "" ""')
    assert answer.untagged == [["LIST", ["\\Noselect"], b"/", b""]]


@pytest.mark.parametrize("reference, pattern, expected", [
    ("", "Tree", ["Tree"]),
    ("", "Tree/*", ["Tree/A", "Tree/A/One", "Tree/A/Two", "Tree/B"]),
    ("", "Tree/%", ["Tree/A", "Tree/B"]),
    ("", "Tree/%/%", ["Tree/A/One", "Tree/A/Two"]),
    ("Tree/", "%", ["Tree/A", "Tree/B"]),
    ("Tree/", "A/*", ["Tree/A/One", "Tree/A/Two"]),
    ("", "T*o", ["Tree/A/Two"]),
    ("", "T%e*A%", ["Tree/A"]),
    ("", "tree", []),
    ("", "inBOX", ["INBOX"]),
    ("", '"Tree/A"', ["Tree/A"]),
])
def test_patterns(client, reference, pattern, expected):
    for name in ("Tree/A/One", "Tree/A/Two", "Tree/B"):
        client.command(f"CREATE {name}")
    assert names_of(client.ok(f'LIST "{reference}" {pattern}')) == expected


def test_children(client):
    client.ok("CREATE Parent/Child")
    found = listed(client.ok('LIST "" Parent*'))
    assert "\\HasChildren" in found["Parent"][0] and "\\HasNoChildren" in found["Parent/Child"][0]
    client.ok("DELETE Parent/Child")
    assert "\\HasNoChildren" in listed(client.ok('LIST "" Parent*'))["Parent"][0]


def test_several_patterns(client):
    assert names_of(client.ok('LIST "" (INBOX Drafts "Sent Items" Dr%)')) == ["INBOX", "Drafts", "Sent Items"]


def test_return_options(client, folder):
    client.ok(f"SUBSCRIBE {folder}")
    assert "\\Subscribed" in listed(client.ok(f'LIST "" {folder} RETURN (SUBSCRIBED CHILDREN SPECIAL-USE)'))[folder][0]
    client.ok(f"UNSUBSCRIBE {folder}")
    assert "\\Subscribed" not in listed(client.ok(f'LIST "" {folder} RETURN (SUBSCRIBED)'))[folder][0]
    assert names_of(client.ok(f'LIST () "" {folder} RETURN ()')) == [folder]


def test_selection_options(client, folder):
    client.ok(f"CREATE {folder}/Below")
    client.ok(f"SUBSCRIBE {folder}/Below")
    found = listed(client.ok(f'LIST (SUBSCRIBED REMOTE) "" {folder}*'))
    assert list(found) == [f"{folder}/Below"] and "\\Subscribed" in found[f"{folder}/Below"][0]
    assert listed(client.ok(f'LIST (SUBSCRIBED) "" {folder}')) == {}
    found = listed(client.ok(f'LIST (SUBSCRIBED RECURSIVEMATCH) "" {folder}'))
    assert found[folder][1] == [b"CHILDINFO", [b"SUBSCRIBED"]]
    assert "\\Subscribed" not in found[folder][0]
    assert set(listed(client.ok('LIST (SPECIAL-USE) "" *'))) == {
        "Sent Items", "Drafts", "Deleted Items", "Junk E-mail"}


def test_subscription_that_outlives_its_folder(client, folder):
    client.ok(f"CREATE {folder}/Gone")
    client.ok(f"SUBSCRIBE {folder}/Gone")
    client.ok(f"DELETE {folder}/Gone")
    assert names_of(client.ok(f'LIST "" {folder}/*')) == []
    found = listed(client.ok(f'LIST (SUBSCRIBED) "" {folder}/*'))
    assert {"\\NonExistent", "\\Subscribed"} <= found[f"{folder}/Gone"][0]
    assert names_of(client.ok(f'LSUB "" {folder}/*'), "LSUB") == [f"{folder}/Gone"]
    client.ok(f"UNSUBSCRIBE {folder}/Gone")
    assert names_of(client.ok(f'LIST (SUBSCRIBED) "" {folder}/*')) == []
    assert refused(client, f"SUBSCRIBE {folder}/Gone") == "NONEXISTENT"


def test_lsub_names_levels_above_with_percent(client, folder):
    client.ok(f"CREATE {folder}/Deep/Deeper")
    client.ok(f"SUBSCRIBE {folder}/Deep/Deeper")
    found = listed(client.ok(f'LSUB "" {folder}/%'), "LSUB")
    assert "\\Noselect" in found[f"{folder}/Deep"][0]
    assert names_of(client.ok(f'LSUB "" {folder}/*'), "LSUB") == [f"{folder}/Deep/Deeper"]


@pytest.mark.parametrize("arguments", [
    '', '""', '"" % x', '"" % RETURN', '"" % RETURN (NONSENSE)', '(NONSENSE) "" %', '(RECURSIVEMATCH) "" %',
    '(RECURSIVEMATCH REMOTE) "" %', '"" ()', '"" (a b', '"" % RETURN (STATUS)', '"" % RETURN (STATUS (NONSENSE))',
])
def test_malformed_list(client, arguments):
    malformed(client, f"LIST {arguments}")


def test_list_with_status(client, folder):
    client.append(folder, MESSAGE)
    answer = client.ok(f'LIST "" ({folder} INBOX) RETURN (STATUS (MESSAGES SIZE UNSEEN))')
    assert names_of(answer) == ["INBOX", folder]
    assert statuses(answer)[folder] == {"MESSAGES": 1, "SIZE": len(MESSAGE), "UNSEEN": 1}


def test_a_folder_below_one_that_is_not_shown(client):
    client.ok("CREATE Tasks/Mail")
    found = listed(client.ok('LIST "" Tasks*'))
    assert {"\\Noselect", "\\HasChildren"} <= found["Tasks"][0]
    assert "\\HasNoChildren" in found["Tasks/Mail"][0]
    client.ok("DELETE Tasks/Mail")
    assert listed(client.ok('LIST "" Tasks*')) == {}


def test_a_long_list(server):
    """Longer than what is sent to a client that does not read."""
    with RawImap(server, "carol") as carol:
        wanted = ["Long/" + f"{number:03}".ljust(190, "x") for number in range(600)]
        tags = [carol.send(f"CREATE {name}") for name in wanted]
        assert all(carol.finish(tag).status == "OK" for tag in tags)
        tag = carol.send('LIST "" Long/* RETURN (STATUS (MESSAGES UIDNEXT))')
        time.sleep(1)
        answer = carol.finish(tag)
        assert names_of(answer) == wanted
        assert list(statuses(answer)) == wanted


def test_a_pattern_that_tries_everything(client):
    """Takes no longer than any other."""
    client.ok("CREATE " + "a" * 150)
    start = time.monotonic()
    client.ok('LIST "" ' + "*a%" * 300 + "b")
    assert time.monotonic() - start < 5


def test_namespace(client):
    assert client.ok("NAMESPACE").untagged == [["NAMESPACE", [[b"", b"/"]], [[b"~", b"/"]], None]]


# ---- CREATE, DELETE, RENAME

@pytest.mark.covers("SMTP-37")
def test_create_rename_delete(client, server):
    client.ok("CREATE Life/Of/Folder")
    uid = client.append("Life/Of/Folder", MESSAGE)
    client.ok("RENAME Life/Of Death/With")
    assert names_of(client.ok('LIST "" (Life* Death*)')) == ["Life", "Death", "Death/With", "Death/With/Folder"] or \
        names_of(client.ok('LIST "" (Life* Death*)')) == ["Death", "Death/With", "Death/With/Folder", "Life"]
    client.ok("SELECT Death/With/Folder")
    assert client.fetch(f"UID FETCH {uid} BODY.PEEK[]")[1]["BODY[]"] == MESSAGE
    assert server.eml_files("alice", "Death/With/Folder")[uid] == MESSAGE
    client.ok("UNSELECT")
    assert refused(client, "DELETE Death/With") == "HASCHILDREN"
    client.ok("DELETE Death/With/Folder")
    client.ok("DELETE Death/With")
    assert refused(client, "SELECT Death/With/Folder") == "NONEXISTENT"


def test_create_with_trailing_delimiter(client):
    client.ok("CREATE Trailing/")
    assert names_of(client.ok('LIST "" Trailing*')) == ["Trailing"]


@pytest.mark.parametrize("command, code", [
    ("CREATE INBOX", "ALREADYEXISTS"),
    ("CREATE inbox", "ALREADYEXISTS"),
    ("CREATE Drafts", "ALREADYEXISTS"),
    ("CREATE Calendar", "ALREADYEXISTS"),
    ('CREATE ""', "CANNOT"),
    ("CREATE /", "CANNOT"),
    ("CREATE //", "CANNOT"),
    ("CREATE a//b", "CANNOT"),
    ("CREATE /a", "CANNOT"),
    ("DELETE INBOX", "CANNOT"),
    ("DELETE nowhere", "NONEXISTENT"),
    ("RENAME nowhere somewhere", "NONEXISTENT"),
    ("RENAME Drafts INBOX", "ALREADYEXISTS"),
    ("RENAME Drafts Drafts/Below", "CANNOT"),
    ("RENAME Drafts a//b", "CANNOT"),
    ("SELECT nowhere", "NONEXISTENT"),
    ('SELECT ""', "NONEXISTENT"),
    ("EXAMINE nowhere", "NONEXISTENT"),
    ("STATUS nowhere (MESSAGES)", "NONEXISTENT"),
    ("SUBSCRIBE nowhere", "NONEXISTENT"),
])
def test_refusals(client, command, code):
    answer = client.command(command)
    assert (answer.status, answer.code) == ("NO", code), answer


@pytest.mark.parametrize("levels, length", [(1, 5000), (200, 1)])
def test_names_too_large(client, levels, length):
    answer = client.command("CREATE " + "/".join(["x" * length] * levels))
    assert answer.status == "NO"
    client.ok("NOOP")


@pytest.mark.parametrize("name", ["&", "&AOQ", "&AGE-", "a&b"])
def test_bad_modified_utf7(client, name):
    malformed(client, f"CREATE {name}")


@pytest.mark.parametrize("name", [
    "with space", "quo\"te", "back\\slash", "per%cent", "st*ar", ".hidden", "a.b", "per%2Fcent",
    "Entw&APw-rfe", "&U,BTFw-/&ZeVnLIqe-", "&2D3c5w-", "a&-b", "(brackets)", "[x]", "NIL", "{5}", "x" * 200, "CON",
])
def test_names_of_all_kinds(client, name):
    """Whatever a client may write becomes a folder of exactly that name, with a directory of its own."""
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    client.ok(f"CREATE {quoted}")
    assert name in names_of(client.ok('LIST "" *'))
    uid = client.append(quoted, MESSAGE)
    client.ok(f"SELECT {quoted}")
    assert client.fetch(f"UID FETCH {uid} BODY.PEEK[]")[1]["BODY[]"] == MESSAGE
    client.ok("UNSELECT")
    client.ok(f"DELETE {quoted}")
    assert name not in names_of(client.ok('LIST "" *'))


def test_names_in_utf8_with_rev2(client, server):
    client.ok("CREATE Sch&APY-n")
    with RawImap(server, "alice") as second:
        second.ok("ENABLE IMAP4rev2")
        assert "Schön" in names_of(second.ok('LIST "" *'))
        answer = second.ok('SELECT "Schön"')
        assert listed(answer).keys() == {"Schön"}
        answer = second.ok('CREATE "A&B"')
        assert listed(answer).keys() == {"A&B"}
        answer = second.ok('CREATE "Cafe\u0301"')
        assert listed(answer)["Café"][1] == [b"OLDNAME", ["Cafe\u0301".encode()]]
    assert {"A&-B", "Caf&AOk-"} <= set(names_of(client.ok('LIST "" *')))


def test_create_with_special_use(client):
    client.ok("CREATE Archive (USE (\\Archive))")
    assert "\\Archive" in listed(client.ok('LIST "" Archive'))["Archive"][0]
    assert refused(client, "CREATE Other (USE (\\All))") == "USEATTR"
    assert names_of(client.ok('LIST "" Other')) == []
    malformed(client, "CREATE Other (USE \\Archive)")


def test_rename_inbox_moves_its_messages(server):
    with RawImap(server, "bob") as bob:
        uid = bob.append("INBOX", MESSAGE)
        assert uid
        bob.ok("RENAME INBOX Old/Inbox")
        assert statuses(bob.ok("STATUS INBOX (MESSAGES)")) == {"INBOX": {"MESSAGES": 0}}
        assert statuses(bob.ok("STATUS Old/Inbox (MESSAGES)")) == {"Old/Inbox": {"MESSAGES": 1}}


def test_delete_of_the_selected_folder(client, folder, server):
    client.ok(f"SELECT {folder}")
    with RawImap(server, "alice") as other:
        other.ok(f"SELECT {folder}")
        answer = client.ok(f"DELETE {folder}")
        assert "CLOSED" in codes(answer)
        malformed(client, "FETCH 1 FLAGS")
        client.ok("NOOP")
        other.send("NOOP")
        tag, values = other.read_response()
        assert (tag, values[0]) == ("*", "BYE")


def test_rename_of_the_selected_folder(client, folder):
    client.ok(f"SELECT {folder}")
    uid = client.append(folder, MESSAGE)
    client.ok(f"RENAME {folder} {folder}-new")
    assert client.fetch(f"UID FETCH {uid} FLAGS")[1]["UID"] == str(uid)
    client.append(f"{folder}-new", MESSAGE)
    assert counts(client.ok("NOOP")).get("EXISTS", 2) == 2
    assert len(client.fetch("FETCH 1:* UID")) == 2


# ---- SELECT, EXAMINE, CLOSE, UNSELECT

def test_select(client, folder):
    for flags in ("(\\Seen)", "()", "($Label)"):
        client.append(folder, MESSAGE, flags)
    answer = client.ok(f"SELECT {folder}")
    found = codes(answer)
    assert answer.code == "READ-WRITE"
    assert counts(answer) == {"EXISTS": 3, "RECENT": 3}
    assert found["UNSEEN"] == "2" and found["UIDNEXT"] == "4"
    assert int(found["UIDVALIDITY"]) > 0 and int(found["HIGHESTMODSEQ"]) > 0
    flags = next(values[1] for values in answer.untagged if values[0] == "FLAGS")
    assert {"\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$Label"} == set(flags)
    assert "\\*" in found["PERMANENTFLAGS"] and "$Label" in found["PERMANENTFLAGS"]


def test_recent_is_told_once(client, folder, server):
    client.append(folder, MESSAGE)
    assert counts(client.ok(f"EXAMINE {folder}"))["RECENT"] == 1
    assert counts(client.ok(f"SELECT {folder}"))["RECENT"] == 1
    assert "\\Recent" in client.fetch("FETCH 1 FLAGS")[1]["FLAGS"]
    with RawImap(server, "alice") as other:
        assert counts(other.ok(f"SELECT {folder}"))["RECENT"] == 0
    assert counts(client.ok(f"SELECT {folder}"))["RECENT"] == 0


def test_select_for_rev2(server, client, folder):
    client.append(folder, MESSAGE)
    with RawImap(server, "alice") as second:
        second.ok("ENABLE IMAP4rev2")
        answer = second.ok(f"SELECT {folder}")
        assert counts(answer) == {"EXISTS": 1}
        assert "UNSEEN" not in codes(answer)
        assert listed(answer).keys() == {folder}
        assert "\\Recent" not in second.fetch("FETCH 1 FLAGS")[1]["FLAGS"]


def test_examine_changes_nothing(client, folder):
    client.append(folder, MESSAGE)
    answer = client.ok(f"EXAMINE {folder}")
    assert answer.code == "READ-ONLY"
    assert codes(answer)["PERMANENTFLAGS"] == "()"
    for command in ("STORE 1 FLAGS (\\Seen)", "EXPUNGE", "UID EXPUNGE 1", "MOVE 1 INBOX"):
        assert client.command(command).status == "NO"
    client.fetch("FETCH 1 BODY[]")
    assert "\\Seen" not in client.fetch("FETCH 1 FLAGS")[1]["FLAGS"]
    client.ok("CLOSE")
    assert statuses(client.ok(f"STATUS {folder} (MESSAGES)"))[folder] == {"MESSAGES": 1}


def test_select_of_another_says_closed(client, folder):
    assert "CLOSED" not in codes(client.ok(f"SELECT {folder}"))
    assert "CLOSED" in codes(client.ok("SELECT INBOX"))


def test_failed_select_leaves_nothing_selected(client, folder):
    client.ok(f"SELECT {folder}")
    assert refused(client, "SELECT nowhere") == "NONEXISTENT"
    malformed(client, "FETCH 1 FLAGS")
    client.ok(f"SELECT {folder}")
    malformed(client, "SELECT nowhere (NONSENSE)")
    client.ok("CHECK")


def test_close_removes_silently_and_unselect_does_not(client, folder):
    client.append(folder, MESSAGE, "(\\Deleted)")
    client.append(folder, MESSAGE)
    client.ok(f"SELECT {folder}")
    client.ok("UNSELECT")
    assert statuses(client.ok(f"STATUS {folder} (MESSAGES)"))[folder] == {"MESSAGES": 2}
    client.ok(f"SELECT {folder}")
    assert client.ok("CLOSE").untagged == []
    assert statuses(client.ok(f"STATUS {folder} (MESSAGES)"))[folder] == {"MESSAGES": 1}
    for command in ("CLOSE", "UNSELECT", "CHECK", "EXPUNGE", "FETCH 1 FLAGS"):
        malformed(client, command)


def test_select_with_condstore(client, folder):
    client.append(folder, MESSAGE)
    client.ok(f"SELECT {folder} (CONDSTORE)")
    answer = client.ok("STORE 1 +FLAGS (\\Flagged)")
    assert any(values[1] == "FETCH" and "MODSEQ" in values[2] for values in answer.untagged)


# ---- STATUS

def test_status(client, folder):
    for flags in ("(\\Seen)", "(\\Deleted)", "()"):
        client.append(folder, MESSAGE, flags)
    items = "MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ"
    found = statuses(client.ok(f"STATUS {folder} ({items})"))[folder]
    assert list(found) == items.split()
    assert found["MESSAGES"] == 3 and found["UNSEEN"] == 2 and found["DELETED"] == 1
    assert found["SIZE"] == 3 * len(MESSAGE) and found["UIDNEXT"] == 4 and found["RECENT"] == 3
    before = found["HIGHESTMODSEQ"]
    client.append(folder, MESSAGE)
    assert statuses(client.ok(f"STATUS {folder} (HIGHESTMODSEQ)"))[folder]["HIGHESTMODSEQ"] > before


@pytest.mark.parametrize("arguments", ["INBOX", "INBOX ()", "INBOX (NONSENSE)", "INBOX MESSAGES", "(MESSAGES)", ""])
def test_malformed_status(client, arguments):
    malformed(client, f"STATUS {arguments}")


# ---- APPEND

def test_append_uid_and_flags(client, folder):
    answer = client.ok(f'APPEND {folder} (\\Flagged $One) "01-Feb-2003 04:05:06 +0000" ', MESSAGE)
    word, validity, uid = answer.code.split()
    assert word == "APPENDUID" and codes(client.ok(f"SELECT {folder}"))["UIDVALIDITY"] == validity
    found = client.fetch(f"UID FETCH {uid} (FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")[1]
    assert {"\\Flagged", "$One"} <= set(found["FLAGS"]) and found["RFC822.SIZE"] == str(len(MESSAGE))
    assert found["BODY[]"] == MESSAGE


def synchronising(client, command, content):
    """A command that ends in a literal the client waits with."""
    client.counter += 1
    tag = f"t{client.counter}"
    client.socket.sendall(f"{tag} {command} {{{len(content)}}}\r\n".encode())
    got, values = client.read_response()
    if got != "+":
        return values
    client.socket.sendall(content + b"\r\n")
    return client.finish(tag)


@pytest.mark.parametrize("size", [10, 16384, 16385, 65536, 65537, 3_000_000])
def test_append_of_every_size(client, folder, size):
    """Small literals stay in the command, large ones go through a file; both must end up the same."""
    head = b"Subject: big\r\n\r\n"
    line = b"0123456789 {5}\r\n"
    content = (head + line * (size // len(line) + 1))[:size]
    content = content[:-2] + b"\r\n"
    first = synchronising(client, f"APPEND {folder}", content)
    second = client.ok(f"APPEND {folder} (\\Seen) ", content)
    assert first.status == "OK" and second.status == "OK"
    client.ok(f"SELECT {folder}")
    for found in client.fetch("FETCH 1:2 (RFC822.SIZE BODY.PEEK[])").values():
        assert found["RFC822.SIZE"] == str(size)
        assert found["BODY[]"] == content


def test_append_of_unix_line_endings(client, folder):
    for size in (1, 3000):
        lines = b"Subject: x\n\n" + b"one line\n" * size
        uid = int(client.ok(f"APPEND {folder} ", lines).code.split()[2])
        client.ok(f"SELECT {folder}")
        assert client.fetch(f"UID FETCH {uid} BODY.PEEK[]").popitem()[1]["BODY[]"] == lines.replace(b"\n", b"\r\n")


def test_append_to_a_missing_folder(client):
    assert refused(client, "APPEND nowhere ", MESSAGE) == "TRYCREATE"
    assert refused(client, "APPEND nowhere ", b"x" * 100_000) == "TRYCREATE"
    values = synchronising(client, "APPEND nowhere", b"x" * 100_000)
    assert values[:2] == ["NO", "TRYCREATE"], "a large literal must be refused before it is sent"
    client.ok("NOOP")


@pytest.mark.parametrize("arguments", [
    "INBOX (\\Recent) ", "INBOX (\\Nonsense) ", "INBOX \\Seen ", 'INBOX "yesterday" ',
    'INBOX "31-Feb-2020 00:00:00 +0000" ', "INBOX  ",
])
def test_malformed_append(client, arguments):
    malformed(client, f"APPEND {arguments}", MESSAGE)
    malformed(client, f"APPEND {arguments}", b"x" * 20_000)
    client.ok("NOOP")


def test_append_of_nothing(client, folder):
    assert client.command(f"APPEND {folder} ", b"").status == "NO"


def test_append_over_the_limit(fresh_server):
    server = fresh_server(users=("alice",), config={"imap.max-append-size": "100K"})
    with RawImap(server, "alice") as client:
        client.ok("APPEND INBOX ", b"S: x\r\n\r\n" + b"x" * 100_000)
        assert refused(client, "APPEND INBOX ", b"x" * 110_000) == "TOOBIG"
        assert synchronising(client, "APPEND INBOX", b"x" * 110_000)[:2] == ["NO", "TOOBIG"]
        assert statuses(client.ok("STATUS INBOX (MESSAGES)"))["INBOX"] == {"MESSAGES": 1}


@pytest.mark.parametrize("size", [100, 100_000])
def test_append_with_nul(client, folder, size):
    content = b"Subject: nul\r\n\r\n" + b"a" * size + b"\0" + b"b" * size
    assert client.command(f"APPEND {folder} ", content).status == "NO"
    assert statuses(client.ok(f"STATUS {folder} (MESSAGES)"))[folder] == {"MESSAGES": 0}


@pytest.mark.parametrize("size", [100, 100_000])
def test_append_of_a_binary_message(client, folder, size):
    """A literal8 (RFC 3516): what is binary becomes base64, and BINARY gives it back as it was."""
    body = bytes(range(256)) * (size // 256 + 1)
    content = (b"Subject: binary\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
               b"Content-Transfer-Encoding: binary\r\n\r\n" + body)
    client.counter += 1
    client.socket.sendall(b"t%d APPEND %s ~{%d+}\r\n%s\r\n" % (client.counter, folder.encode(), len(content), content))
    assert client.finish(f"t{client.counter}").status == "OK"
    client.ok(f"SELECT {folder}")
    found = client.fetch("FETCH 1 (BINARY.PEEK[1] BODY.PEEK[])")[1]
    assert found["BINARY[1]"] == body
    assert b"\0" not in found["BODY[]"]


def test_many_appends_at_once(client, folder):
    """Pipelined with literals the client does not wait with."""
    tags = [client.send(f"APPEND {folder} ", MESSAGE) for _ in range(200)]
    uids = [int(client.finish(tag).code.split()[2]) for tag in tags]
    assert uids == list(range(1, 201))


# ---- APPEND of several messages (RFC 3502)

def messages_of(sizes):
    for number, size in enumerate(sizes):
        head = b"Subject: message %d\r\n\r\n" % number
        yield head + b"x" * (size - len(head) - 2) + b"\r\n"


def multiappend(client, folder, parts, wait=False):
    """One APPEND of all (arguments, content) pairs; with `wait` for a continuation before each content."""
    client.counter += 1
    tag = f"t{client.counter}"
    client.socket.sendall(f"{tag} APPEND {folder}".encode())
    for arguments, content in parts:
        client.socket.sendall(f" {arguments}{{{len(content)}{'' if wait else '+'}}}\r\n".encode())
        if wait:
            got, values = client.read_response()
            if got != "+":
                return values
        client.socket.sendall(content)
    client.socket.sendall(b"\r\n")
    return client.finish(tag)


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("sizes", [
    (100,), (100, 200, 300), (20_000, 100, 16_384, 16_385, 30), (100, 300_000, 100), (12_000,) * 20, (16_000,) * 100,
], ids=lambda sizes: f"{len(sizes)}-of-{max(sizes)}")
def test_append_of_several(client, folder, sizes, wait):
    contents = list(messages_of(sizes))
    done = multiappend(client, folder, [("", content) for content in contents], wait)
    assert done.status == "OK"
    uids = f"1:{len(sizes)}" if len(sizes) > 1 else "1"
    assert re.fullmatch(rf"APPENDUID \d+ {uids}", done.code)
    client.ok(f"SELECT {folder}")
    found = client.fetch("FETCH 1:* BODY.PEEK[]")
    assert [found[i + 1]["BODY[]"] for i in range(len(found))] == contents


def test_append_of_several_with_flags_and_dates(client, folder):
    parts = [('(\\Seen $One) "01-Feb-2003 04:05:06 +0000" ', b"Subject: a\r\n\r\n"), ("(\\Flagged) ", b"x" * 50_000),
             ('"02-Feb-2003 04:05:06 +0000" ', b"Subject: c\r\n\r\n")]
    assert multiappend(client, folder, parts).status == "OK"
    client.ok(f"SELECT {folder}")
    found = client.fetch("FETCH 1:3 (FLAGS INTERNALDATE)")
    assert {"\\Seen", "$One"} <= set(found[1]["FLAGS"]) and b"1-Feb-2003" in found[1]["INTERNALDATE"]
    assert set(found[2]["FLAGS"]) - {"\\Recent"} == {"\\Flagged"}
    assert set(found[3]["FLAGS"]) <= {"\\Recent"} and b"2-Feb-2003" in found[3]["INTERNALDATE"]


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("bad", [b"", b"a\0b", b"a\0b" + b"x" * 50_000], ids=("empty", "nul", "large-nul"))
@pytest.mark.parametrize("good", [100, 50_000])
def test_append_of_several_is_all_or_nothing(client, folder, good, bad, wait):
    first, last = messages_of((good, good))
    values = multiappend(client, folder, [("", first), ("", bad), ("", last)], wait)
    assert (values.status if hasattr(values, "status") else values[0]) == "NO"
    assert statuses(client.ok(f"STATUS {folder} (MESSAGES)"))[folder] == {"MESSAGES": 0}
    assert client.ok(f"APPEND {folder} ", first).code.endswith(" 1"), "a UID was used"


@pytest.mark.parametrize("size", [50, 20_000])
def test_append_of_too_many(client, folder, size):
    parts = [("", content) for content in messages_of((size,) * 101)]
    assert multiappend(client, folder, parts)[:2] == ("NO", "LIMIT")
    assert statuses(client.ok(f"STATUS {folder} (MESSAGES)"))[folder] == {"MESSAGES": 0}
    client.ok("NOOP")


# ---- what others do

def test_a_second_session_is_told(client, folder, server):
    client.append(folder, MESSAGE)
    client.ok(f"SELECT {folder}")
    with RawImap(server, "alice") as other:
        other.ok(f"SELECT {folder}")
        uid = other.append(folder, MESSAGE)
        assert counts(client.ok("NOOP"))["EXISTS"] == 2
        other.ok("STORE 1 +FLAGS (\\Answered $Fresh)")
        answer = client.ok("NOOP")
        assert "$Fresh" in next(values[1] for values in answer.untagged if values[0] == "FLAGS")
        (seq, word, data), = [values for values in answer.untagged if values[1] == "FETCH"]
        assert seq == "1" and {"\\Answered", "$Fresh"} <= set(data[data.index("FLAGS") + 1])
        other.ok(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)")
        other.ok("EXPUNGE")
        answer = client.ok("FETCH 1 FLAGS")
        assert not [values for values in answer.untagged if values[1] == "EXPUNGE"]
        assert ["2", "EXPUNGE"] in client.ok("NOOP").untagged
