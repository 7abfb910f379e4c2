# SPDX-License-Identifier: Apache-2.0
"""SEARCH with the index of full texts: the same answers, whether it is there, lags, is new or broken."""

import re
import threading

import pytest

import kx
from rawimap import RawImap

WORDS = "oak elm ash yew fir bay box may".split()


def body(number):
    """A message whose words tell its number: word k is there if bit k is set."""
    words = " ".join(word for bit, word in enumerate(WORDS) if number >> bit & 1)
    return (f"Subject: message {number}\r\nFrom: <from{number}@example.com>\r\n"
            f"Message-ID: <id{number}@example.com>\r\n\r\n"
            f"These words are here: {words}.\r\nserial-{number:05}\r\n").encode()


def matching(count, bit):
    return [number for number in range(1, count + 1) if number >> bit & 1]


def fill(client, folder, first, last):
    for start in range(first, last + 1, 50):
        parts = [f"APPEND {folder}"]
        for number in range(start, min(start + 50, last + 1)):
            parts += [" " if number == start else " ", body(number)]
        client.ok(*parts)


def status(server, user):
    return server.cli("search", "status", server.address(user), as_json=True)


def wait_index(server, user, items):
    def ready():
        row = status(server, user)
        return row["indexed"] == row["items"] == items and row["state"] == "idle"

    kx.wait_until(ready, seconds=60, what="the index of all messages")


def check(client, count):
    """All that can be asked of the messages 1 to count."""
    for bit, word in enumerate(WORDS[:4]):
        assert client.search(f"SEARCH BODY {word}") == matching(count, bit)
    assert client.search(f"SEARCH TEXT serial-{count:05}") == [count]
    assert client.search(f"SEARCH NOT TEXT serial-{count:05}") == list(range(1, count))
    assert client.search("SEARCH OR BODY serial-00001 SUBJECT \"message 2\"")[:2] == [1, 2]
    assert client.search("SEARCH BODY nowhere") == []
    assert client.search(f"SEARCH FROM from{count}@EXAMPLE.com") == [count]
    assert client.search(f"SEARCH HEADER message-id <id{count}@") == [count]


def index_file(server, user):
    return server.folder(user).parent / "search.db"


def test_indexed_and_not_indexed_are_the_same(server, user):
    server.configure({"search.index": "off"})
    with RawImap(server, user) as client:
        fill(client, "INBOX", 1, 300)
        client.ok("SELECT INBOX")
        check(client, 300)
        assert status(server, user)["indexed"] == 0
        server.configure({"search.index": "automatic"})
        check(client, 300)  # which starts the indexing
        wait_index(server, user, 300)
        check(client, 300)
        fill(client, "INBOX", 301, 320)
        check(client, 320)
        wait_index(server, user, 320)
        check(client, 320)


def test_mail_is_indexed_without_a_search(server, user):
    with RawImap(server, user) as client:
        fill(client, "INBOX", 1, 5)
        client.ok("CREATE Other")
        client.ok("SELECT INBOX")
        client.ok("COPY 1:2 Other")
        wait_index(server, user, 7)
        client.ok("SELECT Other")
        check(client, 2)
    rows = status(server, user)["folders"]
    assert {row["folder"]: row["indexed"] for row in rows} == {"INBOX": 5, "Other": 2}
    assert server.address(user) in server.cli("search", "status")
    assert "Other" in server.cli("search", "status", server.address(user))


def test_moved_and_expunged(server, user):
    with RawImap(server, user) as client:
        fill(client, "INBOX", 1, 10)
        client.ok("CREATE Other")
        client.ok("SELECT INBOX")
        wait_index(server, user, 10)
        client.ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)")
        client.ok("EXPUNGE")
        client.ok("MOVE 8 Other")
        assert client.search("UID SEARCH BODY serial-") == [3, 4, 5, 6, 7, 8, 9]
        assert client.search("UID SEARCH BODY serial-00010") == []
        client.ok("RENAME Other New")
        client.ok("SELECT New")
        assert client.search("SEARCH BODY serial-00010") == [1]


LANGUAGES = [
    ("Grüße aus Köln, Straße", "STRASSE"), ("İstanbul'da ılık bir gün", "İSTANBUL"), ("漢字の試験です", "漢字"),
    ("漢字の試験です", "験"), ("会议记录", "会议"), ("한국어 시험", "한국"), ("Добрый ДЕНЬ", "добрый день"),
    ("שָׁלוֹם עולם", "עולם"), ("مرحبا بالعالم", "بالعالم"), ("สวัสดีชาวโลก", "ชาวโลก"), ("Ελληνικός ΛΟΓΟΣ", "λογος"),
    ("party 🎉🎈 time", "🎉🎈"), ("cafe\u0301 noir", "CAFÉ"), ("ﬁnal oﬃce", "office"), ("Ａｂｃ１２３", "abc123"),
]


def test_any_language(server, user):
    def answers(client):
        found = []
        for _, needle in LANGUAGES:
            found.append(client.ok("SEARCH CHARSET UTF-8 BODY ", needle.encode()).untagged[0][1:])
        return found

    server.configure({"search.index": "off"})
    with RawImap(server, user) as client:
        for text, _ in LANGUAGES:
            client.append("INBOX", b"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n"
                          b"Content-Transfer-Encoding: 8bit\r\n\r\n" + text.encode() + b"\r\n")
        client.ok("SELECT INBOX")
        scanned = answers(client)
        for number, found in enumerate(scanned, 1):
            assert str(number) in found, LANGUAGES[number - 1]
        server.configure({"search.index": "automatic"})
        answers(client)
        wait_index(server, user, len(LANGUAGES))
        assert answers(client) == scanned


def test_attached_texts_and_messages(server, user):
    content = (b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nplain\r\n"
               b"--b\r\nContent-Type: text/csv; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n"
               b"//5jAG8AbAB1AG0AbgA=\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: enclosed thing\r\n\r\n"
               b"deeply\r\n--b--\r\n")
    with RawImap(server, user) as client:
        client.append("INBOX", content)
        client.append("INBOX", b"Subject: other\r\n\r\nother\r\n")
        wait_index(server, user, 2)
        client.ok("SELECT INBOX")
        for needle in ("plain", "column", "deeply", "\"enclosed thing\""):
            assert client.search(f"SEARCH BODY {needle}") == [1]
        assert client.search("SEARCH BODY outer") == []
        assert client.search("SEARCH TEXT outer") == [1]


def test_searching_while_it_is_indexed(fresh_server):
    server = fresh_server(users=("alice",), config={"search.index": "off"})
    with RawImap(server, "alice") as client:
        fill(client, "INBOX", 1, 1500)
        client.ok("SELECT INBOX")
        server.configure({"search.index": "automatic"})
        for _ in range(5):
            assert client.search("SEARCH BODY serial-01499") == [1499]
            assert client.search("SEARCH BODY serial-00001") == [1]
        wait_index(server, "alice", 1500)
        assert client.search("SEARCH BODY serial-01499") == [1499]


@pytest.mark.parametrize("when", ["working", "idle"])
def test_after_a_crash_of_the_core(fresh_server, when):
    server = fresh_server(users=("alice",))
    with RawImap(server, "alice") as client:
        fill(client, "INBOX", 1, 400)
        client.ok("SELECT INBOX")
        if when == "idle":
            wait_index(server, "alice", 400)
        pids = server.kill_role("core")
        server.wait_roles(gone=pids)
        check(client, 400)
        fill(client, "INBOX", 401, 410)
        check(client, 410)
        wait_index(server, "alice", 410)
        check(client, 410)
    assert server.run("reindex", server.address("alice"), "--check").returncode == 0


def test_without_its_file(server, user):
    with RawImap(server, user) as client:
        fill(client, "INBOX", 1, 50)
        client.ok("SELECT INBOX")
        wait_index(server, user, 50)
        index_file(server, user).unlink()
        check(client, 50)
        wait_index(server, user, 50)
        assert index_file(server, user).exists()
        check(client, 50)


def test_with_a_broken_file(server, user):
    with RawImap(server, user) as client:
        fill(client, "INBOX", 1, 50)
        client.ok("SELECT INBOX")
        wait_index(server, user, 50)
        index_file(server, user).write_bytes(b"this is no database at all" * 500)
        check(client, 50)
        server.wait_log("warning", f"search index of {re.escape(server.address(user))} is damaged")
        wait_index(server, user, 50)
        check(client, 50)


def test_rebuild(server, user):
    with RawImap(server, user) as client:
        fill(client, "INBOX", 1, 20)
        wait_index(server, user, 20)
        before = index_file(server, user).stat().st_ctime_ns
        assert "made anew" in server.cli("search", "rebuild", server.address(user))
        wait_index(server, user, 20)
        assert index_file(server, user).stat().st_ctime_ns != before
        client.ok("SELECT INBOX")
        check(client, 20)


def test_removing_an_account_takes_the_index_along(server, user):
    with RawImap(server, user) as client:
        fill(client, "INBOX", 1, 3)
        wait_index(server, user, 3)
    folder = index_file(server, user).parent
    assert index_file(server, user).exists()

    def removed():
        return server.run("user", "remove", server.address(user), "--delete-mail").returncode == 0

    kx.wait_until(removed, what="nobody uses the account")
    assert not folder.exists()


def test_many_search_while_mail_arrives(fresh_server):
    server = fresh_server(users=("alice",))
    last, problems = 400, []

    def search(stop):
        try:
            with RawImap(server, "alice") as client:
                client.ok("SELECT INBOX")
                while not stop.is_set():
                    client.ok("NOOP")
                    known = client.search("SEARCH ALL")
                    found = [n for n in client.search("SEARCH BODY oak") if n <= known[-1]]
                    assert found == [n for n in known if n & 1]
        except Exception as error:  # pylint: disable=broad-except
            problems.append(error)

    stop = threading.Event()
    threads = [threading.Thread(target=search, args=(stop,)) for _ in range(6)]
    with RawImap(server, "alice") as client:
        client.append("INBOX", body(1))
        for thread in threads:
            thread.start()
        for number in range(2, last + 1):
            client.append("INBOX", body(number))
        stop.set()
        for thread in threads:
            thread.join()
        assert not problems
        client.ok("SELECT INBOX")
        check(client, last)


# ---- SEARCH=FUZZY

@pytest.fixture(scope="module", params=["automatic", "off"])
def shelf(server, request):
    server.configure({"search.index": request.param})
    user = f"fuzzy{request.param}"
    server.add_user(user)
    client = RawImap(server, user)
    client.append("INBOX", b"Subject: IMAP is broken\r\n\r\nthe quick brown fox\r\n")
    client.append("INBOX", "Subject: broken IMAP\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
                  "Un café très brûlant\r\n".encode())
    client.append("INBOX", b"Subject: nothing of interest\r\n\r\nfox brownish quicker\r\n")
    client.append("INBOX", b"Subject: imap break\r\n\r\nimap break\r\n")
    client.ok("SELECT INBOX")
    if request.param == "automatic":
        wait_index(server, user, 4)
    yield client
    client.close()
    server.configure({"search.index": "automatic"})


@pytest.mark.parametrize("key, want", [
    ('FUZZY SUBJECT "imap bro"', [1, 2]), ('FUZZY SUBJECT "broken imap"', [1, 2]), ('SUBJECT "broken imap"', [2]),
    ('FUZZY BODY cafe', [2]), ('FUZZY BODY "brulant tres"', [2]), ('FUZZY TEXT "fox quick"', [1, 3]),
    ('FUZZY TEXT "broken fox"', [1]), ('FUZZY (TEXT fox NOT BODY brownish)', [1]), ('NOT FUZZY BODY fox', [2, 4]),
    ('FUZZY HEADER subject "of interest nothing"', [3]), ('FUZZY BODY zebra', []), ('FUZZY FUZZY SEEN', []),
    ('FUZZY ALL', [1, 2, 3, 4]), ('FUZZY BODY ""', [1, 2, 3, 4]), ('OR FUZZY SUBJECT interest BODY brown', [1, 3]),
])
def test_fuzzy(shelf, key, want):
    assert shelf.search(f"SEARCH {key}") == want


def test_relevancy(shelf):
    found = shelf.esearch('SEARCH RETURN (RELEVANCY ALL) FUZZY BODY "quick brown"')
    assert found["ALL"] == "1,3"
    first, second = map(int, found["RELEVANCY"])
    assert 1 <= second < first <= 100
    found = shelf.esearch('SEARCH RETURN (RELEVANCY) FUZZY SUBJECT imap')
    assert len(found["RELEVANCY"]) == 3 and "ALL" not in found
    assert "RELEVANCY" not in shelf.esearch("SEARCH RETURN (RELEVANCY ALL) FUZZY BODY zebra")


def test_relevancy_needs_fuzzy(shelf):
    assert shelf.command("SEARCH RETURN (RELEVANCY) BODY fox").status == "BAD"
    assert shelf.command("SEARCH FUZZY").status == "BAD"
    assert shelf.command("SEARCH FUZZY (").status == "BAD"


def test_fuzzy_is_announced(shelf):
    assert "SEARCH=FUZZY" in shelf.ok("CAPABILITY").untagged[0]
