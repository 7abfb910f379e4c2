# SPDX-License-Identifier: Apache-2.0
"""Rights on folders (RFC 4314): who may do what, command by command and right by right."""

import itertools

import pytest

from rawimap import RawImap

MESSAGE = b"From: a@example.com\r\nSubject: rights\r\n\r\nBody.\r\n"
ALL = "lrswipkxtea"
ALICE, BOB, CAROL = (f"{name}@example.test" for name in ("alice", "bob", "carol"))
numbers = itertools.count(1)


@pytest.fixture
def alice(server):
    with RawImap(server, "alice") as session:
        yield session


@pytest.fixture
def bob(server):
    with RawImap(server, "bob") as session:
        yield session


@pytest.fixture
def box(alice):
    """A fresh folder of alice's with two messages."""
    name = f"Shared{next(numbers)}"
    alice.ok(f"CREATE {name}")
    alice.append(name, MESSAGE)
    alice.append(name, MESSAGE)
    return name


def seen_as(box):
    return f"~{ALICE}/{box}"


def text_of(value):
    return value.decode() if isinstance(value, bytes) else value


def acl(client, name):
    """{identifier: set of rights} of GETACL."""
    rows = [values for values in client.ok(f"GETACL {name}").untagged if values[0] == "ACL"]
    assert len(rows) == 1 and text_of(rows[0][1]) == name
    rest = [text_of(value) for value in rows[0][2:]]
    return {rest[i]: set(rest[i + 1]) for i in range(0, len(rest), 2)}


def my_rights(client, name):
    rows = [values for values in client.ok(f"MYRIGHTS {name}").untagged if values[0] == "MYRIGHTS"]
    assert len(rows) == 1 and text_of(rows[0][1]) == name
    return set(text_of(rows[0][2]))


def with_virtual(rights):
    """What the server says of these rights: with c and d of RFC 2086."""
    found = set(rights)
    return found | ({"c"} if found & set("kx") else set()) | ({"d"} if found & set("te") else set())


def refused(client, *parts):
    answer = client.command(*parts)
    assert answer.status == "NO", answer
    return answer.code


def listed(client, command):
    return {text_of(values[3]): set(values[1]) for values in client.ok(command).untagged
            if values[0] in ("LIST", "LSUB")}


# --- the commands

def test_capability(alice):
    words = [values for values in alice.ok("CAPABILITY").untagged if values[0] == "CAPABILITY"][0]
    assert {"ACL", "RIGHTS=kxte", "LIST-MYRIGHTS", "NAMESPACE"} <= set(words)


def test_owner_has_all_rights_and_cannot_lose_them(alice, box):
    assert my_rights(alice, box) == with_virtual(ALL)
    assert acl(alice, box) == {ALICE: with_virtual(ALL)}
    assert refused(alice, f"SETACL {box} {ALICE} lr") == "CANNOT"
    assert refused(alice, f"SETACL {box} owner -a") == "CANNOT"
    assert refused(alice, f"SETACL {box} -{ALICE} l") == "CANNOT"
    assert refused(alice, f"DELETEACL {box} {ALICE}") == "CANNOT"
    alice.ok(f"SETACL {box} {ALICE} {ALL}")
    alice.ok(f"SETACL {box} -anyone {ALL}")
    assert my_rights(alice, box) == with_virtual(ALL)


def test_rights_are_given_added_and_taken(alice, box):
    alice.ok(f"SETACL {box} {BOB} lr")
    assert acl(alice, box)[BOB] == set("lr")
    alice.ok(f"SETACL {box} {BOB} +i")
    alice.ok(f"SETACL {box} {BOB} -r")
    assert acl(alice, box)[BOB] == set("li")
    alice.ok(f'SETACL {box} "{BOB.upper()}" ""')
    assert BOB not in acl(alice, box)
    alice.ok(f"SETACL {box} bob lr")
    alice.ok(f"DELETEACL {box} {BOB}")
    assert acl(alice, box) == {ALICE: with_virtual(ALL)}
    alice.ok(f"DELETEACL {box} {BOB}")


def test_rights_of_rfc_2086_are_understood_and_told(alice, box):
    alice.ok(f"SETACL {box} {BOB} lrcd")
    assert acl(alice, box)[BOB] == set("lrkxtecd")
    alice.ok(f"SETACL {box} {BOB} -d")
    assert acl(alice, box)[BOB] == set("lrkxc")
    alice.ok(f"SETACL {box} {BOB} -k")
    assert acl(alice, box)[BOB] == set("lrxc")


def test_bad_arguments(alice, box):
    for line in (f"SETACL {box} {BOB} lrQ", f"SETACL {box} {BOB} LR", f"SETACL {box} {BOB}", f"SETACL {box}",
                 f"SETACL {box} {BOB} lr x", "GETACL", f"GETACL {box} x", f"LISTRIGHTS {box}", "MYRIGHTS",
                 f"DELETEACL {box}"):
        assert alice.command(line).status == "BAD", line
    assert refused(alice, f"SETACL {box} nobody@example.test lr") == "NONEXISTENT"
    assert refused(alice, f"SETACL {box} - lr") == "NONEXISTENT"
    assert refused(alice, f"SETACL {box} ", b"x" * 600, " lr") == "CANNOT"
    assert refused(alice, f"SETACL NoSuchFolder {BOB} lr") == "NONEXISTENT"
    assert acl(alice, box) == {ALICE: with_virtual(ALL)}


def test_listrights(alice, box):
    def rights(identifier):
        rows = [values for values in alice.ok(f"LISTRIGHTS {box} {identifier}").untagged if values[0] == "LISTRIGHTS"]
        assert len(rows) == 1
        return [text_of(value) for value in rows[0][1:]]

    name, who, always, *optional = rights(BOB)
    assert (name, who, always) == (box, BOB, "")
    assert sorted("".join(optional)) == sorted(ALL + "cd") and all(len(right) == 1 for right in optional)
    name, who, always, *optional = rights("owner")
    assert who == ALICE and set(always) == with_virtual(ALL) and not optional
    assert rights("anyone")[1:3] == ["anyone", ""]


def test_negative_rights_take_away(alice, bob, box):
    alice.ok(f"SETACL {box} anyone lrs")
    alice.ok(f"SETACL {box} -{BOB} s")
    assert my_rights(bob, seen_as(box)) == set("lr")
    alice.ok(f"SETACL {box} -{BOB} lrs")
    assert refused(bob, f"MYRIGHTS {seen_as(box)}") == "NONEXISTENT"


def test_rights_come_with_a_list(alice, bob, box):
    alice.ok(f"SETACL {box} {BOB} lrx")
    answer = bob.ok(f'LIST "" "~*" RETURN (MYRIGHTS)')
    found = {text_of(values[1]): set(text_of(values[2])) for values in answer.untagged if values[0] == "MYRIGHTS"}
    assert found[seen_as(box)] == with_virtual("lrx")
    answer = alice.ok(f'LIST "" {box} RETURN (MYRIGHTS)')
    assert [values[0] for values in answer.untagged] == ["LIST", "MYRIGHTS"]


# --- what lasts

def test_new_folder_has_the_rights_of_its_parent(alice, bob, box):
    alice.ok(f"SETACL {box} {BOB} lrik")
    alice.ok(f"CREATE {box}/Sub")
    assert my_rights(bob, seen_as(f"{box}/Sub")) == with_virtual("lrik")
    bob.ok(f"CREATE {seen_as(box)}/Mine")
    assert my_rights(bob, seen_as(f"{box}/Mine")) == with_virtual("lrik")


def test_rights_survive_a_restart_and_a_lost_index(fresh_server):
    server = fresh_server(users=("alice", "bob"))
    with RawImap(server, "alice") as alice:
        alice.ok("CREATE Kept")
        alice.ok(f"SETACL Kept {BOB} lrs")
    server.kill()
    server.start()
    with RawImap(server, "bob") as bob:
        assert my_rights(bob, seen_as("Kept")) == set("lrs")
    server.stop()
    for path in server.folder("alice", "").glob("index.db*"):
        path.unlink()
    server.start()
    with RawImap(server, "bob") as bob:
        assert my_rights(bob, seen_as("Kept")) == set("lrs")


def test_a_user_who_is_removed_leaves_no_rights(fresh_server):
    server = fresh_server(users=("alice", "bob"))
    with RawImap(server, "alice") as alice:
        alice.ok("CREATE Left")
        alice.ok(f"SETACL Left {BOB} lrs")
        server.cli("user", "remove", BOB, "--delete-mail")
        assert acl(alice, "Left") == {ALICE: with_virtual(ALL)}
        server.add_user("bob")
        with RawImap(server, "bob") as bob:
            assert not listed(bob, 'LIST "" "~*"')
            assert refused(bob, f"SELECT {seen_as('Left')}") == "NONEXISTENT"


@pytest.mark.parametrize("identifier", [BOB, "anyone"])
def test_a_user_who_is_removed_leaves_no_metadata(fresh_server, identifier):
    server = fresh_server(users=("alice", "bob"))
    place = seen_as("Left")
    with RawImap(server, "alice") as alice:
        alice.ok("CREATE Left")
        alice.ok('SETMETADATA Left (/private/comment "hers")')
        alice.ok(f"SETACL Left {identifier} lrw")
        with RawImap(server, "bob") as bob:
            bob.ok(f'SETMETADATA {place} (/private/comment "his")')
        server.restart()
    server.cli("user", "remove", BOB)
    server.add_user("bob")
    with RawImap(server, "alice") as alice, RawImap(server, "bob") as bob:
        alice.ok(f"SETACL Left {BOB} lrw")
        values = [row for row in bob.ok(f"GETMETADATA {place} /private/comment").untagged if row[0] == "METADATA"]
        assert not any(b"his" in row[2] for row in values)
        values = [row for row in alice.ok("GETMETADATA Left /private/comment").untagged if row[0] == "METADATA"]
        assert values[0][2] == ["/private/comment", b"hers"]


def test_a_special_use_leaves_the_rights(fresh_server):
    server = fresh_server(users=("alice", "bob"))
    with RawImap(server, "alice") as alice:
        alice.ok("CREATE Old")
        alice.ok(f"SETACL Old {BOB} lr")
        alice.ok('SETMETADATA Old (/private/specialuse "\\\\Archive")')
    server.stop()
    assert server.run("reindex", ALICE, "--check").stdout == ""


def test_an_old_directory_learns_who_shares_what(fresh_server):
    """server.db comes from a backup that is older than the sharing."""
    server = fresh_server(users=("alice", "bob"))
    server.stop()
    old = (server.data / "server.db").read_bytes()
    server.start()
    with RawImap(server, "alice") as alice:
        for name, identifier in (("One", BOB), ("All", "anyone")):
            alice.ok(f"CREATE {name}")
            alice.ok(f"SETACL {name} {identifier} lr")
    server.stop()
    for name in ("server.db-wal", "server.db-shm"):
        (server.data / name).unlink(missing_ok=True)
    (server.data / "server.db").write_bytes(old)
    server.start()
    with RawImap(server, "bob") as bob:
        assert not listed(bob, 'LIST "" "~*"')
        done = server.run("store", "check")
        assert done.returncode == 1 and BOB in done.stdout and "@example.test\n" in done.stdout
        server.cli("reindex", ALICE)
        assert server.run("store", "check").returncode == 0
        assert set(listed(bob, 'LIST "" "~*"')) == {f"~{ALICE}", seen_as("One"), seen_as("All")}


# --- the matrix of RFC 4314 section 4: with all rights but one, and with that one alone

@pytest.fixture
def given(alice, bob, box):
    """given(rights) gives bob these on the folder, and its name as he sees it."""

    def give(rights):
        alice.ok(f'SETACL {box} {BOB} "{rights}"')
        return seen_as(box)

    return give


def without(right):
    return "".join(letter for letter in ALL if letter not in right)


def answer_to(client, line, *more):
    answer = client.command(line, *more)
    return answer.status if answer.status == "OK" else f"{answer.status} {answer.code}"


# command: (with which rights it must work at least, what is done with the name)
PLAIN = {
    "SELECT": ("r", "SELECT {}"),
    "EXAMINE": ("r", "EXAMINE {}"),
    "STATUS": ("r", "STATUS {} (MESSAGES)"),
    "CREATE": ("k", "CREATE {}/New"),
    "SUBSCRIBE": ("l", "SUBSCRIBE {}"),
    "GETACL": ("a", "GETACL {}"),
    "SETACL": ("a", "SETACL {} " + CAROL + " l"),
    "DELETEACL": ("a", "DELETEACL {} " + CAROL),
    "LISTRIGHTS": ("a", "LISTRIGHTS {} " + CAROL),
}


@pytest.mark.parametrize("command", PLAIN)
def test_one_right_is_needed_and_enough(given, bob, command):
    needed, line = PLAIN[command]
    for right in ALL:
        name = given(without(right))
        expected = "OK" if right != needed else "NO NONEXISTENT" if right == "l" else "NO NOPERM"
        assert answer_to(bob, line.format(name) + (right if command == "CREATE" else "")) == expected, right
        if command in ("SELECT", "EXAMINE") and right != needed:
            bob.ok("UNSELECT")
    assert answer_to(bob, line.format(given(needed))) == "OK"


@pytest.mark.parametrize("right", ALL)
def test_append_needs_insert(given, bob, right):
    name = given(without(right))
    expected = "NO NOPERM" if right == "i" else "OK"
    assert answer_to(bob, f"APPEND {name} ", MESSAGE) == expected


def test_uids_of_a_folder_one_may_not_read_stay_unknown(given, bob):
    """RFC 9051 section 7.1, COPYUID and APPENDUID."""
    bob.append("INBOX", MESSAGE)
    bob.append("INBOX", MESSAGE)
    bob.ok("SELECT INBOX")
    for rights, known in (("lri", True), ("li", False)):
        place = given(rights)
        codes = [bob.ok(f"APPEND {place} ", MESSAGE).code, bob.ok(f"COPY 1 {place}").code]
        moved = [row[1] for row in bob.ok(f"MOVE 1 {place}").untagged if row[0] == "OK"]
        bob.append("INBOX", MESSAGE)
        replaced = [row[1] for row in bob.ok(f"REPLACE 1 {place} ", MESSAGE).untagged if row[0] == "OK"]
        assert all(codes) == any(codes) == known
        assert any("COPYUID" in code for code in moved) == any("APPENDUID" in code for code in replaced) == known


@pytest.mark.parametrize("right", ALL)
def test_copy_needs_insert(given, bob, right):
    bob.append("INBOX", MESSAGE)
    bob.ok("SELECT INBOX")
    name = given(without(right))
    expected = "NO NOPERM" if right == "i" else "OK"
    assert answer_to(bob, f"COPY 1 {name}") == expected
    assert answer_to(bob, f"MOVE 1 {name}") == expected


@pytest.mark.parametrize("right", ALL)
def test_delete_needs_its_right(given, bob, right):
    name = given(without(right))
    assert answer_to(bob, f"DELETE {name}") == ("NO NOPERM" if right == "x" else "OK")


@pytest.mark.parametrize("right", ALL)
def test_rename_needs_delete_there_and_create_here(given, alice, bob, box, right):
    alice.ok(f"CREATE {box}/Old")
    alice.ok(f'SETACL {box}/Old {BOB} "{without(right) if right != "k" else ALL}"')
    name = given(without(right) if right == "k" else ALL)
    assert answer_to(bob, f"RENAME {name}/Old {name}/New") == ("NO NOPERM" if right in "xk" else "OK")


@pytest.mark.parametrize("right", ALL)
def test_expunge_needs_its_right(given, alice, bob, right):
    name = given(ALL)
    bob.ok(f"SELECT {name}")
    bob.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    given(without(right) if right != "r" else ALL)
    assert answer_to(bob, "EXPUNGE") == ("NO NOPERM" if right == "e" else "OK")


@pytest.mark.parametrize("right", ALL)
def test_move_out_needs_delete_and_expunge(given, bob, right):
    name = given(without(right) if right != "r" else ALL)
    bob.ok(f"SELECT {name}")
    assert answer_to(bob, "MOVE 1 INBOX") == ("NO NOPERM" if right in "te" else "OK")


def test_close_without_the_right_expunges_nothing(given, alice, bob, box):
    name = given(ALL)
    bob.ok(f"SELECT {name}")
    bob.ok("STORE 1 +FLAGS (\\Deleted)")
    given(without("e"))
    bob.ok("CLOSE")
    alice.ok(f"SELECT {box}")
    assert alice.search("SEARCH DELETED") == [1]


FLAGS = {"s": "\\Seen", "t": "\\Deleted", "w": "\\Flagged"}


@pytest.mark.parametrize("right", FLAGS)
def test_each_flag_needs_its_right(given, bob, right):
    name = given(without(right))
    answer = bob.ok(f"SELECT {name}")
    assert answer.code == "READ-WRITE"
    permanent = [values[1] for values in answer.untagged if values[0] == "OK" and "PERMANENTFLAGS" in (values[1] or "")][0]
    assert (FLAGS[right] in permanent) is False
    assert ("\\*" in permanent) is (right != "w")
    assert answer_to(bob, f"STORE 1 +FLAGS ({FLAGS[right]})") == "NO NOPERM"
    others = " ".join(flag for key, flag in FLAGS.items() if key != right)
    found = bob.fetch(f"STORE 1 +FLAGS.SILENT ({FLAGS[right]} {others})")
    assert set(found[1]["FLAGS"]) - {"\\Recent"} == set(others.split())
    found = bob.fetch(f"STORE 1 FLAGS ({others})")
    assert set(found[1]["FLAGS"]) - {"\\Recent"} == set(others.split())


def test_replacing_flags_leaves_what_may_not_be_changed(given, alice, bob, box):
    alice.ok(f"SELECT {box}")
    alice.ok("STORE 1 FLAGS (\\Flagged \\Seen $Label)")
    name = given("lrs")
    bob.ok(f"SELECT {name}")
    bob.ok("STORE 1 FLAGS (\\Seen)")
    bob.ok("STORE 1 FLAGS ()")
    found = bob.fetch("FETCH 1 FLAGS")
    assert set(found[1]["FLAGS"]) - {"\\Recent"} == {"\\Flagged", "$Label"}
    assert answer_to(bob, "STORE 1 +FLAGS ($Other)") == "NO NOPERM"


def test_flags_of_append_and_copy_need_their_rights(given, alice, bob, box):
    name = given("lri")
    bob.append(name, MESSAGE, "(\\Seen \\Deleted \\Flagged $Label)")
    bob.append("INBOX", MESSAGE, "(\\Seen \\Flagged $Label)")
    count = len(bob.fetch("SELECT INBOX")) or int(
        [values for values in bob.ok("SELECT INBOX").untagged if values[1:] == ["EXISTS"]][0][0])
    bob.ok(f"COPY {count} {name}")
    alice.ok(f"SELECT {box}")
    for values in alice.fetch("FETCH 3:4 FLAGS").values():
        assert set(values["FLAGS"]) <= {"\\Recent"}


def test_reading_marks_as_seen_only_with_the_right(given, bob):
    name = given("lrw")
    bob.ok(f"SELECT {name}")
    bob.ok("FETCH 1 BODY[]")
    assert "\\Seen" not in bob.fetch("FETCH 1 FLAGS")[1]["FLAGS"]
    given("lrs")
    bob.ok("FETCH 1 BODY[]")
    assert "\\Seen" in bob.fetch("FETCH 1 FLAGS")[1]["FLAGS"]


def test_without_rights_to_change_it_is_read_only(given, bob):
    for rights in ("lr", "lrp", "lrkxa"):
        answer = bob.ok(f"SELECT {given(rights)}")
        assert answer.code == "READ-ONLY"
        assert answer_to(bob, "STORE 1 +FLAGS (\\Seen)") == "NO NOPERM"
        assert answer_to(bob, "EXPUNGE") == "NO NOPERM"
        bob.ok("UNSELECT")
    for right in "swite":
        assert bob.ok(f"SELECT {given('lr' + right)}").code == "READ-WRITE"
        bob.ok("UNSELECT")


# --- what may not be known

def test_without_lookup_a_folder_is_not_there(given, bob, box):
    name = given("")
    missing = seen_as("NotThere")
    for line in ("SELECT {}", "STATUS {} (MESSAGES)", "DELETE {}", "SUBSCRIBE {}", "GETACL {}", "MYRIGHTS {}",
                 "RENAME {} Elsewhere", "LISTRIGHTS {} anyone", "SETACL {} anyone l"):
        found, other = bob.command(line.format(name)), bob.command(line.format(missing))
        assert (found.status, found.code) == (other.status, other.code) == ("NO", "NONEXISTENT"), line
        assert found.text.replace(name, "") == other.text.replace(missing, "")
    found, other = bob.command(f"APPEND {name} ", MESSAGE), bob.command(f"APPEND {missing} ", MESSAGE)
    assert found.code == other.code == "TRYCREATE"
    given("ri")
    assert name not in listed(bob, 'LIST "" "~*"')
    bob.ok(f"SELECT {name}")


def test_a_parent_without_lookup_is_as_if_not_there(alice, bob, box):
    alice.ok(f"CREATE {box}/Sub")
    alice.ok(f"SETACL {box}/Sub {BOB} lr")
    found = listed(bob, 'LIST "" "~*"')
    assert found[seen_as(f"{box}/Sub")] == {"\\HasNoChildren"}
    assert "\\NonExistent" in found[seen_as(box)]


# --- changes while it is selected

def test_rights_that_change_are_told(given, bob):
    bob.ok(f"SELECT {given('lrsw')}")
    given("lr")
    answer = bob.ok("NOOP")
    assert "READ-ONLY" in [values[1] for values in answer.untagged if values[0] == "OK"]
    assert answer_to(bob, "STORE 1 +FLAGS (\\Seen)") == "NO NOPERM"
    given("lrs")
    answer = bob.ok("NOOP")
    assert "READ-WRITE" in [values[1] for values in answer.untagged if values[0] == "OK"]
    bob.ok("STORE 1 +FLAGS (\\Seen)")


def test_a_folder_that_may_not_be_read_any_more_ends_the_session(given, server):
    with RawImap(server, "bob") as bob:
        bob.leaving = True
        bob.ok(f"SELECT {given('lr')}")
        given("l")
        answer = bob.command("FETCH 1 BODY[]")
        assert answer.status == "NO" and answer.untagged[0][0] == "BYE"
        assert not any(values[1:2] == ["FETCH"] for values in answer.untagged)


def test_an_idling_session_is_told_too(given, server):
    with RawImap(server, "bob") as bob:
        bob.leaving = True
        bob.ok(f"SELECT {given('lr')}")
        bob.idle()
        given("l")
        tag, values = bob.read_response()
        assert (tag, values[0]) == ("*", "BYE")
