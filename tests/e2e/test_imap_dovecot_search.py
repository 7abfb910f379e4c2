# SPDX-License-Identifier: Apache-2.0
"""SEARCH, ESEARCH, SORT and THREAD of the same mailbox by us and by Debian's Dovecot: the answers must be the same."""

import random

import pytest

import imap_corpus
from rawimap import RawImap
from test_imap_dovecot import peer  # noqa: F401  (a fixture)

COUNT, QUESTIONS = 60, 200


@pytest.fixture(params=[1, 2])
def pair(request, server, user, peer):  # noqa: F811
    """(random numbers, our session, Dovecot's), both with the same messages in INBOX."""
    draw = random.Random(request.param)
    sessions = [RawImap(server, user), RawImap(peer, strict=False)]
    for how, content in imap_corpus.messages(draw, COUNT):
        for session in sessions:
            session.ok(f"APPEND INBOX {how} ", content)
    for session in sessions:
        session.ok("SELECT INBOX")
    return draw, *sessions


def answer(session, command):
    """The untagged response that answers, as it came, without the tag in it."""
    octets = [command] if command.isascii() else literals(command)
    done = session.command(*octets)
    if done.status != "OK":
        return done.status
    return [row[2 if row[0] == "ESEARCH" else 1:] for row in done.untagged if row[0] in ("SEARCH", "ESEARCH", "SORT", "THREAD")]


def literals(command):
    """The quoted strings of a command that are not ASCII, as literals."""
    parts = command.split('"')
    return [part.encode() if index % 2 else part for index, part in enumerate(parts)] if any(parts[::2]) else [command]


def assert_same(_draw, ours, theirs, questions, normal=lambda rows: rows):
    wrong = []
    for question in questions:
        mine, other = (normal(answer(session, question)) for session in (ours, theirs))
        if mine != other:
            wrong.append((question, mine, other))
    assert not wrong, f"{len(wrong)} differ\n" + "\n".join(map(str, wrong[:12]))


def test_finds_the_same(pair):
    draw = pair[0]
    assert_same(*pair, [f"{draw.choice(['', 'UID '])}SEARCH CHARSET UTF-8 {imap_corpus.key(draw, COUNT)}" for _ in range(QUESTIONS)])


def test_summarises_the_same(pair):
    draw = pair[0]
    options = ["MIN", "MAX", "ALL", "COUNT", "MIN MAX", "MIN COUNT", "MIN MAX ALL COUNT", ""]
    assert_same(*pair, [f"{draw.choice(['', 'UID '])}SEARCH RETURN ({draw.choice(options)}) CHARSET UTF-8 {imap_corpus.key(draw, COUNT)}"
                        for _ in range(QUESTIONS // 2)], normal=lambda rows: [set(row) for row in rows])  # the order is free


def test_sorts_the_same(pair):
    draw = pair[0]
    assert_same(*pair, [f"{draw.choice(['', 'UID '])}SORT ({imap_corpus.order(draw)}) UTF-8 {imap_corpus.key(draw, COUNT, 1)}"
                        for _ in range(QUESTIONS // 2)])


@pytest.mark.parametrize("algorithm", ["REFERENCES", "REFS", "ORDEREDSUBJECT"])
def test_threads_the_same(pair, algorithm):
    draw = pair[0]
    keys = ["ALL", *(imap_corpus.key(draw, COUNT, 1) for _ in range(30))]
    # In which order the threads come, Dovecot and we read the draft of REFS differently; the threads are the same.
    normal = (lambda rows: [sorted(row, key=str) for row in rows]) if algorithm == "REFS" else (lambda rows: rows)
    assert_same(*pair, [f"UID THREAD {algorithm} UTF-8 {key}" for key in keys], normal)
