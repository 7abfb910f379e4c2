# SPDX-License-Identifier: Apache-2.0
"""Many clients on two folders do as they please; each keeps its own model and holds every response against it.

A model is what a mail program would know: sequence numbers, UIDs, flags, which message is which. Each client has a
keyword nobody else touches, so that for it the truth is known at every moment; for all else the models must agree with
the truth when everybody has come to rest.

Some clients know CONDSTORE, IMAP4rev2, QRESYNC or UIDONLY. Those with QRESYNC go away now and then, without a word, and
come back with what they remember: the UIDs, their flags, and the highest modseq they may count on.

KERYX_STRESS_SECONDS (12) and KERYX_STRESS_CLIENTS (8) make it longer or wider, KERYX_STRESS_SEED repeats a choice of
commands.
"""

import collections
import os
import random
import threading
import time
import traceback

import pytest

from rawimap import ProtocolError, RawImap, numbers, pairs

SECONDS = float(os.environ.get("KERYX_STRESS_SECONDS", "12"))
CLIENTS = int(os.environ.get("KERYX_STRESS_CLIENTS", "8"))
SEED = int(os.environ.get("KERYX_STRESS_SEED", random.randrange(10 ** 9)))
FOLDERS = ("StressA", "StressB")
FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "\\Deleted", "\\Draft", "common")
ROWS_WANTED = 120
ROUND_SECONDS = 0.15


class Row:
    """A message as one client knows it; None is what it has not been told."""

    def __init__(self):
        self.uid = self.flags = self.own = None
        self.modseq = 0
        self.gone = False


class Identities:
    """Which message a UID is, known to all: it never changes, and copies are the same message."""

    def __init__(self):
        self.lock = threading.Lock()
        self.known = {}

    def learn(self, folder, uid, identity):
        with self.lock:
            before = self.known.setdefault((folder, uid), identity)
        assert before == identity, f"UID {uid} of {folder} was {before} and is now {identity}"

    def get(self, folder, uid):
        with self.lock:
            return self.known.get((folder, uid))


class Client:
    """One session with its model, and a list of what it may do."""

    def __init__(self, server, number, identities, *enabled):
        self.server = server
        self.number = number
        self.random = random.Random(SEED * 1000 + number)
        self.identities = identities
        self.keyword = f"client{number}"
        self.enabled = enabled
        self.rows = []
        self.folder = None
        self.expunge_allowed = True
        self.commands = 0
        self.resumed = 0
        self.remembered = {}
        self.vanished_now = set()  # UIDs, since the folder was selected
        self.recent = collections.deque(maxlen=60)
        self.uid_validity = self.modseq = 0
        self.modseqs = []  # of the command in progress: what FETCH says
        self.highest = None  # and what HIGHESTMODSEQ says, which counts more
        self.connect()
        self.select()

    def connect(self):
        self.imap = RawImap(self.server, "alice")
        self.imap.on_untagged = self.hear
        if self.enabled:
            self.imap.ok(f"ENABLE {' '.join(self.enabled)}")

    # --- what the server says

    def note_code(self, code):
        name, _, value = (code or "").partition(" ")
        if name == "HIGHESTMODSEQ":
            self.highest = int(value)
        elif name == "UIDVALIDITY":
            self.uid_validity = int(value)

    def end_command(self, code):
        """What the client may count on when it comes back: everything up to there it was told."""
        self.note_code(code)
        if self.highest is not None:
            self.modseq = self.highest
        else:
            self.modseq = max([self.modseq, *self.modseqs])
        self.highest, self.modseqs = None, []

    def hear(self, values):
        self.recent.append(repr(values)[:300])
        if values[0] == "OK":
            self.note_code(values[1])
        elif values[0] == "VANISHED":
            assert "QRESYNC" in self.enabled or "UIDONLY" in self.enabled, "VANISHED, but it was not enabled"
            earlier = values[1] == ["EARLIER"]
            assert earlier or self.expunge_allowed, "VANISHED while sequence numbers are in use"
            for uid in numbers(values[-1]):
                self.forget(uid, earlier)
        elif len(values) > 1 and str(values[0]).isdigit():
            self.hear_number(int(values[0]), values[1], values)

    def hear_number(self, number, word, values):
        if word == "EXISTS":
            assert number >= len(self.rows), f"{number} EXISTS after {len(self.rows)}"
            self.rows += [Row() for _ in range(number - len(self.rows))]
        elif word == "EXPUNGE":
            assert self.expunge_allowed, "EXPUNGE while sequence numbers are in use"
            assert not {"QRESYNC", "UIDONLY"} & set(self.enabled), "EXPUNGE although VANISHED was enabled"
            assert 1 <= number <= len(self.rows), f"{number} EXPUNGE of {len(self.rows)}"
            self.rows.pop(number - 1).gone = True
        elif word == "FETCH":
            assert 1 <= number <= len(self.rows), f"{number} FETCH of {len(self.rows)}"
            self.learn(number - 1, pairs(values[2]))
        else:
            assert word == "RECENT", values

    def forget(self, uid, earlier):
        """A UID is gone. If it was not known which message has it, it is one of those between its neighbours."""
        at = next((at for at, row in enumerate(self.rows) if row.uid == uid), None)
        if not earlier:
            self.vanished_now.add(uid)
        if earlier:
            assert at is None, f"UID {uid} vanished earlier, but it was known to be there"
            self.remembered.pop(uid, None)
            return
        if at is None:
            start = max((at + 1 for at, row in enumerate(self.rows) if row.uid and row.uid < uid), default=0)
            end = min((at for at, row in enumerate(self.rows) if row.uid and row.uid > uid), default=len(self.rows))
            assert start < end, f"UID {uid} vanished, but it was not there"
            for row in self.rows[start:end]:
                row.flags = row.own = None
                row.modseq = 0
            at = start
        self.rows.pop(at).gone = True

    def learn(self, at, found):
        self.learn_row(self.rows[at], at, found)

    def learn_row(self, row, at, found):
        if "UID" in found and at is not None:
            uid = int(found["UID"])
            assert row.uid in (None, uid), f"message {at + 1} had UID {row.uid}, has now {uid}"
            row.uid = uid
            before = next((other.uid for other in reversed(self.rows[:at]) if other.uid), 0)
            after = next((other.uid for other in self.rows[at + 1:] if other.uid), 2 ** 32)
            assert before < uid < after, f"UIDs do not ascend: {before} {uid} {after}"
        if "MODSEQ" in found:
            modseq = int(found["MODSEQ"][0])
            assert modseq >= row.modseq, f"modseq fell from {row.modseq} to {modseq}"
            row.modseq = modseq
            self.modseqs.append(modseq)
        if "FLAGS" in found:
            row.flags = set(found["FLAGS"]) - {"\\Recent"}
            has = self.keyword in row.flags
            assert row.own in (None, has), f"message at {at} (UID {row.uid}): my keyword is {has}, I left it {row.own}"
            row.own = has
        for item in ("BODY[HEADER.FIELDS (X-Id)]", "BODY[]"):
            if item in found and row.uid:
                self.identities.learn(self.folder, row.uid, identity_of(found[item]))

    # --- sending

    def command(self, *parts, expunge=True, fine=("OK",)):
        self.recent.append(f"C: {parts!r:.200}")
        self.expunge_allowed = expunge
        self.commands += 1
        answer = self.imap.command(*parts)
        self.end_command(answer.code)
        self.recent.append(f"S: {answer.status} {answer.code} {answer.text}")
        self.expunge_allowed = True
        assert answer.status in fine, f"{parts!r:.200}: {answer.status} [{answer.code}] {answer.text}"
        return answer

    def choose(self):
        """A set of the command's messages, the UID prefix, and the rows. Rows without a UID are named by number."""
        at = self.random.randrange(len(self.rows))
        picked = self.rows[at:at + self.random.choice((1, 1, 1, 2, 5, 20))]
        if self.random.random() < 0.5 and all(row.uid for row in picked):
            return ",".join(str(row.uid) for row in picked), "UID ", picked
        return f"{at + 1}:{at + len(picked)}", "", picked

    # --- what clients do

    def select(self):
        self.folder = self.random.choice(FOLDERS)
        self.rows = []
        self.modseq = 0
        self.command(f"SELECT {self.folder}")

    def remember(self):
        """{UID: flags and keyword} to come back with."""
        return {row.uid: row for row in self.rows if row.uid}

    def resync_arguments(self):
        """Sometimes with the known UIDs, sometimes with match data, which are true."""
        self.remembered = self.remember()
        uids = sorted(self.remembered)
        parts = [str(self.uid_validity), str(self.modseq)]
        if uids and self.random.random() < 0.7:
            parts.append(",".join(map(str, uids)))
        pairs_known = [(at + 1, row.uid) for at, row in enumerate(self.rows) if row.uid]
        if pairs_known and "UIDONLY" not in self.enabled and self.random.random() < 0.5:
            some = sorted(self.random.sample(pairs_known, min(len(pairs_known), 5)))
            parts.append(f"({','.join(str(seq) for seq, _ in some)} {','.join(str(uid) for _, uid in some)})")
        return " ".join(parts)

    def resume(self):
        """Away, back, and all that is remembered must be true then."""
        arguments = self.resync_arguments()
        self.imap.close()
        time.sleep(self.random.random() * 0.1)
        self.connect()
        self.resumed += 1
        remembered = self.remembered
        self.rows = []
        self.vanished_now.clear()
        self.command(f"SELECT {self.folder} (QRESYNC ({arguments}))")
        told = {row.uid: row for row in self.rows if row.uid}
        self.command("UID FETCH 1:* (UID)")
        here = {row.uid: row for row in self.rows if row.uid}
        lost = set(remembered) - set(here)
        assert lost <= self.vanished_now, f"gone, but not VANISHED: {lost - self.vanished_now}"
        for uid in set(here) & set(remembered):
            row, before = here[uid], remembered[uid]
            assert None in (row.own, before.own) or row.own == before.own, f"UID {uid}: my keyword is {row.own}"
            if uid not in told and row.flags is None:
                row.flags, row.own, row.modseq = before.flags, before.own, before.modseq
        self.remembered = {}

    def append(self):
        identity = f"{self.number}-{self.commands}-{self.random.randrange(10 ** 9)}"
        content = f"X-Id: {identity}\r\nSubject: stress\r\n\r\n{'x' * self.random.randrange(300)}\r\n".encode()
        folder = self.random.choice(FOLDERS)
        answer = self.command(f"APPEND {folder} (\\Seen) ", content)
        self.identities.learn(folder, int(answer.code.split()[2]), identity)

    def store(self):
        chosen, uid, picked = self.choose()
        sign = self.random.choice("+-")
        silent = self.random.choice(("", ".SILENT"))
        flags = self.random.sample((*FLAGS, self.keyword), self.random.choice((1, 1, 2)))
        for row in picked:
            if self.keyword in flags:
                row.own = sign == "+"
            if row.flags is not None:
                row.flags = row.flags | set(flags) if sign == "+" else row.flags - set(flags)
        self.command(f"{uid}STORE {chosen} {sign}FLAGS{silent} ({' '.join(flags)})", expunge=bool(uid))

    def store_if_unchanged(self):
        at = self.random.randrange(len(self.rows))
        row = self.rows[at]
        if not row.modseq:
            return
        row.own = None
        answer = self.command(f"STORE {at + 1} (UNCHANGEDSINCE {row.modseq}) +FLAGS ({self.keyword})", expunge=False)
        if answer.code is None:
            assert row.own in (None, True)
        else:
            assert answer.code in (f"MODIFIED {at + 1}", "EXPUNGEISSUED"), answer

    def fetch(self):
        chosen, uid, _ = self.choose()
        items = self.random.choice(("FLAGS", "(UID FLAGS)", "(UID FLAGS ENVELOPE)", "(UID FLAGS BODYSTRUCTURE)",
                                    "(UID BODY.PEEK[HEADER.FIELDS (X-Id)])", "(UID BODY[])", "(UID FLAGS MODSEQ)"))
        self.command(f"{uid}FETCH {chosen} {items}", expunge=bool(uid))

    def search(self):
        answer = self.command("SEARCH RETURN (COUNT ALL) ALL", expunge=False)
        (row,) = [values for values in answer.untagged if values[0] == "ESEARCH"]
        found = dict(zip(row[2::2], row[3::2]))
        all_found = numbers(found["ALL"]) if "ALL" in found else []
        assert len(all_found) == int(found["COUNT"])
        assert all_found == sorted(set(all_found)) and all(number <= len(self.rows) for number in all_found)

    def search_keyword(self):
        before = {row.uid for row in self.rows if row.uid and row.own}
        not_mine = {row.uid for row in self.rows if row.uid and row.own is False}
        answer = self.command(f"UID SEARCH RETURN (ALL) KEYWORD {self.keyword}")
        (row,) = [values for values in answer.untagged if values[0] == "ESEARCH"]
        row = row[3:]
        found = set(numbers(row[1])) if row else set()
        here = {row.uid for row in self.rows if row.uid}
        assert not before & here - found, f"not found although mine: {before & here - found}"
        assert not not_mine & found, f"found although not mine: {not_mine & found}"

    def search_content(self):
        """All messages that are there match; none that was expunged, even by what it does not contain."""
        key = self.random.choice(("BODY x", "NOT BODY nothing", "SUBJECT stress", "NOT SUBJECT other", "HEADER X-Id \"\""))
        answer = self.command(f"UID SEARCH RETURN (ALL) {key}")
        (row,) = [values for values in answer.untagged if values[0] == "ESEARCH"]
        found = set(numbers(row[4])) if len(row) > 3 else set()
        here = {row.uid for row in self.rows if row.uid}
        if "BODY x" not in key:
            assert not here - found, f"{key} did not find {here - found}"

    def copy(self, verb="COPY"):
        chosen, uid, picked = self.choose()
        target = self.random.choice(FOLDERS)
        known = [row.uid for row in picked]
        answer = self.command(f"{uid}{verb} {chosen} {target}", fine=("OK", "NO"))
        if answer.status == "NO":
            assert answer.code == "EXPUNGEISSUED", answer
            return
        codes = [answer.code] + [values[1] for values in answer.untagged if values[0] == "OK"]
        code = next((code for code in codes if code and code.startswith("COPYUID ")), None)
        if not code:
            return
        sources, targets = (numbers(part) for part in code.split()[2:])
        assert len(sources) == len(targets)
        assert set(known) >= set(sources) or None in known
        for source, copied in zip(sources, targets):
            identity = self.identities.get(self.folder, source)
            if identity:
                self.identities.learn(target, copied, identity)
        if verb == "MOVE":
            assert not {row.uid for row in self.rows if row.uid} & set(sources), "moved, but no EXPUNGE"

    def move(self):
        self.copy("MOVE")

    def expunge(self):
        self.command("EXPUNGE")

    def uid_expunge(self):
        known = [row.uid for row in self.rows if row.uid]
        if known:
            self.command(f"UID EXPUNGE {','.join(map(str, self.random.sample(known, min(3, len(known)))))}")

    def noop(self):
        self.command(self.random.choice(("NOOP", "CHECK")))

    def idle(self):
        self.recent.append("C: IDLE")
        tag = self.imap.idle()
        time.sleep(self.random.random() * 0.2)
        answer = self.imap.done(tag)
        self.end_command(answer.code)
        assert answer.status == "OK"

    def pick(self):
        if not self.rows:
            return self.random.choice((self.append, self.append, self.noop, self.idle, self.select))
        some = [self.store] * 8 + [self.fetch] * 8 + [self.noop] * 2 + [self.idle, self.select, self.search, self.search_content] + [
            self.search_keyword, self.append, self.copy, self.move, self.uid_expunge, self.store_if_unchanged] * 2
        some += [self.resume] * 2 if "QRESYNC" in self.enabled else []
        some += [self.expunge] * 3 if len(self.rows) > ROWS_WANTED else [self.append] * 4
        return self.random.choice(some)

    def work(self, deadline, failures):
        try:
            while time.monotonic() < deadline and not failures:
                self.pick()()
        except (AssertionError, ProtocolError, EOFError, OSError, ValueError, IndexError, KeyError):
            log = "\n".join(self.recent)
            failures.append(f"client {self.number}, seed {SEED}:\n{traceback.format_exc()}\nbefore:\n{log}")


    def check(self, truth):
        """The model against a fresh session's [(uid, flags)]."""
        where = f"seed {SEED}, client {self.number}, {self.folder}"
        assert len(self.rows) == len(truth), f"{where}: {len(self.rows)} messages, in truth {len(truth)}"
        for number, (row, (uid, flags)) in enumerate(zip(self.rows, truth), 1):
            assert row.uid in (None, uid), f"{where}: message {number} has UID {row.uid}, in truth {uid}"
            assert row.flags in (None, flags), f"{where}: UID {uid} has {row.flags}, in truth {flags}"


class UidClient(Client):
    """One that has enabled UIDONLY: what it knows by UID, and how many there are."""

    def __init__(self, *arguments):
        self.known = {}
        self.count = 0
        super().__init__(*arguments)

    @property
    def rows(self):
        return [self.known[uid] for uid in sorted(self.known)]

    @rows.setter
    def rows(self, _):
        self.known.clear()
        self.count = 0

    def hear_number(self, number, word, values):
        if word == "EXISTS":
            assert number >= self.count, f"{number} EXISTS after {self.count}"
            self.count = number
        elif word == "UIDFETCH":
            found = pairs(values[2])
            assert int(found.get("UID", number)) == number, values
            row = self.known.setdefault(number, Row())
            row.uid = number
            self.learn_row(row, None, found)
        else:
            assert word == "RECENT", values

    def forget(self, uid, earlier):
        if earlier:
            assert uid not in self.known, f"UID {uid} vanished earlier, but it was known to be there"
            self.remembered.pop(uid, None)
            return
        assert self.count > 0
        self.count -= 1
        self.vanished_now.add(uid)
        row = self.known.pop(uid, None)
        if row:
            row.gone = True

    def choose(self):
        rows = self.rows
        at = self.random.randrange(len(rows))
        picked = rows[at:at + self.random.choice((1, 1, 1, 2, 5, 20))]
        return ",".join(str(row.uid) for row in picked), "UID ", picked

    def look(self):
        self.command("UID FETCH 1:* (FLAGS)")

    def search(self):
        before, self.vanished_now = set(self.known), set()
        answer = self.command("UID SEARCH RETURN (COUNT ALL) ALL")
        (row,) = [values for values in answer.untagged if values[0] == "ESEARCH"]
        found = dict(zip(row[3::2], row[4::2]))
        uids = numbers(found["ALL"]) if "ALL" in found else []
        assert len(uids) == int(found["COUNT"]) and uids == sorted(set(uids))
        assert not before - set(uids) - self.vanished_now, "not found, but not VANISHED"

    def store_if_unchanged(self):
        row = self.random.choice(self.rows)
        if not row.modseq:
            return
        row.own = None
        answer = self.command(f"UID STORE {row.uid} (UNCHANGEDSINCE {row.modseq}) +FLAGS ({self.keyword})")
        if answer.code is None:
            assert row.own in (None, True)
        else:
            assert answer.code in (f"MODIFIED {row.uid}", "EXPUNGEISSUED"), answer

    def pick(self):
        if not self.known and self.count:
            return self.random.choice((self.look, self.append, self.noop, self.idle, self.select))
        return super().pick()

    def check(self, truth):
        where = f"seed {SEED}, client {self.number}, {self.folder}"
        assert self.count == len(truth), f"{where}: {self.count} messages, in truth {len(truth)}"
        flags = dict(truth)
        for uid, row in self.known.items():
            assert uid in flags, f"{where}: UID {uid} is not there"
            assert row.flags in (None, flags[uid]), f"{where}: UID {uid} has {row.flags}, in truth {flags[uid]}"


def make_client(server, number, identities):
    """Every kind is among eight."""
    enabled = ["IMAP4rev2"] if number % 3 == 0 else []
    if number % 4 == 1:
        enabled.append("QRESYNC")
    elif number % 4 == 3:
        return UidClient(server, number, identities, "UIDONLY", "QRESYNC", *enabled)
    elif number % 8 == 4:
        enabled.append("CONDSTORE")
    return Client(server, number, identities, *enabled)


def identity_of(content):
    for line in content.split(b"\r\n"):
        if line.startswith(b"X-Id: "):
            return line[6:].decode()
    raise AssertionError(f"no X-Id in {content!r:.200}")


def check_at_rest(client, truth):
    """The model against a fresh session's {folder: [(uid, flags)]}; now and then that of a client that comes back."""
    if "QRESYNC" in client.enabled and client.random.random() < 0.2:
        client.resume()
    client.command("NOOP")
    try:
        client.check(truth[client.folder])
    except AssertionError as error:
        raise AssertionError(f"{error}\nbefore:\n" + "\n".join(client.recent)) from error


def read_truth(fresh, identities):
    """Opens the folders anew, so that nothing is known from before."""
    truth = {}
    for folder in FOLDERS:
        fresh.ok(f"EXAMINE {folder}")
        found = fresh.fetch("UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (X-Id)])")
        assert sorted(found) == list(range(1, len(found) + 1))
        truth[folder] = [(int(found[seq]["UID"]), set(found[seq]["FLAGS"]) - {"\\Recent"}) for seq in sorted(found)]
        for entry in found.values():
            identities.learn(folder, int(entry["UID"]), identity_of(entry["BODY[HEADER.FIELDS (X-Id)]"]))
    return truth


def work_together(clients, failures):
    deadline = time.monotonic() + ROUND_SECONDS
    threads = [threading.Thread(target=client.work, args=(deadline, failures), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
        assert not thread.is_alive(), f"seed {SEED}: a client hangs; failures so far: {failures}"
    assert not failures, "\n".join(failures)


@pytest.mark.timeout(SECONDS * 3 + 160)
@pytest.mark.covers("SMTP-37")
def test_clients_never_disagree(fresh_server):
    """In rounds: after each everybody rests, and the models are held against the truth before errors can heal."""
    print(f"seed {SEED}, {CLIENTS} clients, {SECONDS} seconds")
    server = fresh_server(users=("alice",))
    fresh = RawImap(server, "alice")
    for folder in FOLDERS:
        fresh.ok(f"CREATE {folder}")
    identities = Identities()
    clients = [make_client(server, number, identities) for number in range(CLIENTS)]
    failures = []
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        work_together(clients, failures)
        truth = read_truth(fresh, identities)
        for client in clients:
            check_at_rest(client, truth)
    print(f"{sum(client.commands for client in clients)} commands, {sum(client.resumed for client in clients)} times back")
    for session in (fresh, *(client.imap for client in clients)):
        session.close()
    for folder in FOLDERS:
        files = server.eml_files("alice", folder)
        assert sorted(files) == [uid for uid, _ in truth[folder]]
        for uid, content in files.items():
            identities.learn(folder, uid, identity_of(content))
    assert server.run("reindex", server.address("alice"), "--check").returncode == 0
