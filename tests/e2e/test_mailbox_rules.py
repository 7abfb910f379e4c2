# SPDX-License-Identifier: Apache-2.0
"""What the server does in mailboxes by itself: quota messages, the clean-out, and the keeping of deleted items."""

import contextlib
import email
import email.policy
import os
import re
import smtplib
import sqlite3
import time
from pathlib import Path

import pytest

import kx
from rawimap import RawImap

KB = 1024
DAY = 24 * 3600
TEXT = b"From: a@example.com\r\nSubject: "


EVENT = (b"From: a@example.com\r\nSubject: event\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar\r\n\r\n"
         b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n"
         b"DTSTART:20260101T000000Z\r\nSUMMARY:event\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


def message(subject="rules", size=300):
    text = TEXT + subject.encode() + b"\r\n\r\n"
    return text + b"x" * (size - len(text))


def send(server, user, size=300, subject="rules"):
    with smtplib.SMTP("127.0.0.1", server.port("smtp")) as client:
        client.sendmail("a@example.com", [server.address(user)], message(subject, size))


def inbox(server, user):
    """The messages of INBOX, parsed, oldest first."""
    return [email.message_from_bytes(content, policy=email.policy.default)
            for content in server.eml_files(user).values()]


def notices(server, user, word):
    return [one for one in inbox(server, user) if word in one["Subject"]]


def wait_notices(server, user, word, n):
    kx.wait_until(lambda: len(notices(server, user, word)) >= n, 30, f"{n} messages with {word!r}")
    assert len(notices(server, user, word)) == n
    return notices(server, user, word)[-1]


def set_user(server, user, *options):
    server.cli("user", "set", server.address(user), *options)


def forget_notice(server, user, name):
    """As if a day had passed."""
    mark = server.folder(user, "") / name
    old = time.time() - DAY - 10
    os.utime(mark, (old, old))


def age(server, user, folder, days, uids=None):
    """Makes items of a folder look as if they had come days ago; the server must not run."""
    path = server.folder(user, "") / "index.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        (number,) = db.execute("SELECT folder FROM folders WHERE name=?", (folder.split("/")[-1],)).fetchone()
        where = "" if uids is None else f" AND uid IN ({','.join(map(str, uids))})"
        db.execute(f"UPDATE items SET save_date=save_date-? WHERE folder=?{where}", (days * DAY, number))
        db.commit()


@pytest.fixture
def domain_rules(server):
    """domain_rules("--keep-deleted-days", 30) sets fields of the domain; they go back after the test."""
    fields = []

    def put(*options):
        fields.extend(options[::2])
        server.cli("domain", "set", server.domain, *options)

    yield put
    for field in fields:
        server.cli("domain", "set", server.domain, field, "0")


# --- quota

@pytest.mark.covers("USR-31", "HOST-48", "USR-32")
def test_a_user_is_warned_at_the_threshold_once_a_day(server, user):
    set_user(server, user, "--quota-items", "20")
    for _ in range(17):
        send(server, user)
    assert notices(server, user, "almost full") == []
    send(server, user)
    warning = wait_notices(server, user, "almost full", 1)
    assert server.address(user) in warning["To"] and warning["Auto-Submitted"] == "auto-generated"
    assert "90 %" in warning.get_content() and "18 of 20" in warning.get_content()
    client = RawImap(server, user)
    client.ok("SELECT INBOX")
    client.ok("STORE 1:5 +FLAGS (\\Deleted)")
    client.ok("EXPUNGE")
    for _ in range(4):
        send(server, user)
    server.wait_log("mail", rf"Service: Quota, From: <>, To: <{server.address(user)}>")
    assert len(notices(server, user, "almost full")) == 1, "below and above again on the same day"
    forget_notice(server, user, "#quota-warning")  # what was sent may still be looked at: there is room for that
    client.ok("STORE 1 +FLAGS (\\Deleted)")
    client.ok("EXPUNGE")
    client.append("INBOX", message())
    wait_notices(server, user, "almost full", 2)
    client.close()


@pytest.mark.covers("USR-30", "LIM-02")
def test_a_user_is_told_that_something_was_refused(server, user):
    set_user(server, user, "--quota", "10K")
    send(server, user, size=8 * KB)
    with pytest.raises(smtplib.SMTPException):
        send(server, user, size=4 * KB)
    told = wait_notices(server, user, "refused", 1)
    assert "of 10.0" in told.get_content()
    with pytest.raises(smtplib.SMTPException):
        send(server, user, size=4 * KB)
    with pytest.raises(smtplib.SMTPException):
        send(server, user, size=4 * KB)
    assert len(notices(server, user, "refused")) == 1


@pytest.mark.covers("USR-30")
def test_a_user_is_told_of_a_refused_append(server, user):
    """Also when the literal is refused before it is sent."""
    set_user(server, user, "--quota", "10K")
    with contextlib.closing(RawImap(server, user)) as client:
        assert client.finish(client.send("APPEND INBOX {20000}")).code == "OVERQUOTA"
    wait_notices(server, user, "refused", 1)


@pytest.mark.covers("USR-31", "USR-32", "USR-33")
def test_threshold_text_and_mark_outlive_a_restart(fresh_server):
    server = fresh_server(users=("alice",), config={"quota.warning-threshold": "50"})
    folder = Path(server.data) / "reports" / "en"
    folder.mkdir(parents=True)
    (folder / "quota-warning.txt").write_text("Größe: {percent} %\n\nNoch {nothing} für {user}\n")
    server.cli("config", "set", "log.debug", "quota-login")
    set_user(server, "alice", "--quota", "20K")
    send(server, "alice", size=12 * KB)
    told = wait_notices(server, "alice", "Größe", 1)
    assert re.search(r"^Größe: 6\d %$", told["Subject"])
    assert told.get_content().strip() == "Noch {nothing} für alice@example.test"
    server.wait_log("debug", r"\{quota-login\} alice@example.test holds \d+ bytes of 20480")
    server.restart()
    send(server, "alice")
    server.imap("alice").logout()
    server.wait_log("debug", r"(?s)\{quota-login\} alice@example.test holds .*begins a session")
    assert len(notices(server, "alice", "Größe")) == 1


@pytest.mark.covers("USR-37")
def test_percentage_only_with_a_quota(server, user):
    send(server, user, size=1000)
    assert "quota-percent" not in server.cli("user", "show", server.address(user), as_json=True)
    set_user(server, user, "--quota-items", "4")
    shown = server.cli("user", "show", server.address(user), as_json=True)
    assert (shown["items"], shown["quota-percent"]) == (1, 25)
    set_user(server, user, "--quota", "2K")
    percent = server.cli("user", "show", server.address(user), as_json=True)["quota-percent"]
    assert percent == shown["bytes"] * 100 // (2 * KB) > 25, "the fuller of both counts"


@pytest.mark.covers("DOM-19")
def test_a_user_sees_how_much_room_is_left(server, user):
    set_user(server, user, "--quota", "100K", "--quota-items", "50")
    client = RawImap(server, user)
    client.append("INBOX", message(size=30 * KB))
    answer = client.ok("GETQUOTAROOT INBOX")
    assert answer.untagged[1] == ["QUOTA", b"", ["STORAGE", "30", "100", "MESSAGE", "1", "50"]]
    client.close()


# --- clean-out

@pytest.mark.covers("DOM-15", "DOM-16", "DOM-17", "USR-36", "HOST-49", "LOG-55")
def test_old_items_are_cleaned_away(fresh_server):
    server = fresh_server(users=("alice", "bob"))
    for name in ("alice", "bob"):
        client = RawImap(server, name)
        client.ok('CREATE "Deleted Items/Sub"')
        client.ok('CREATE "Deleted Items/Empty/Deeper"')
        for folder in ("INBOX", '"Deleted Items"', '"Deleted Items/Sub"', '"Junk E-mail"'):
            client.append(folder, message("old"))
            client.append(folder, message("new"))
        client.close()
    assert server.cli("store", "clean", as_json=True) == {"items": 0, "folders": 0, "expired": 0}, "no rule"
    assert server.cli("domain", "set", server.domain, "--clean-trash-days", "30", "--clean-junk-days", "10") == ""
    set_user(server, "bob", "--clean-trash-days", "0", "--clean-junk-days", "50")
    server.stop()
    for name in ("alice", "bob"):
        for folder, days in (("INBOX", 99), ("Deleted Items", 31), ("Deleted Items/Sub", 31), ("Junk E-mail", 11)):
            age(server, name, folder, days, [1])
        age(server, name, "Deleted Items", 29, [2])
    server.start()
    done = server.cli("store", "clean", as_json=True)
    assert (done["items"], done["folders"]) == (3, 2)
    client = RawImap(server, "alice")
    names = {row[3] for row in client.ok('LIST "" "Deleted*"').untagged}
    assert names == {b"Deleted Items", b"Deleted Items/Sub"}
    client.close()
    assert len(server.eml_files("alice")) == 2
    assert list(server.eml_files("alice", "Deleted Items")) == [2]
    assert list(server.eml_files("alice", "Deleted Items/Sub")) == [2]
    assert list(server.eml_files("alice", "Junk E-mail")) == [2]
    assert len(server.eml_files("bob", "Junk E-mail")) == len(server.eml_files("bob", "Deleted Items")) == 2
    server.wait_log("operations", r"\{DELETE\} Protocol: SYSTEM, .*Folder: ~alice@example.test/Deleted Items/Sub, .*\"old\"")
    server.wait_log("operations", r"\{DELETE_FOLDER\} Folder: ~alice@example.test/Deleted Items/Empty deleted")
    assert "bob" not in server.log("operations")
    set_user(server, "bob", "--clean-trash-days", "")
    assert server.cli("store", "clean", server.address("bob"), as_json=True)["items"] == 2


@pytest.mark.covers("DOM-17")
def test_moving_begins_a_new_time(fresh_server):
    server = fresh_server(users=("alice",))
    client = RawImap(server, "alice")
    client.append("INBOX", message("first"))
    client.close()
    server.cli("domain", "set", server.domain, "--clean-trash-days", "5")
    server.stop()
    age(server, "alice", "INBOX", 60)
    server.start()
    client = RawImap(server, "alice")
    client.ok("SELECT INBOX")
    client.ok('MOVE 1 "Deleted Items"')
    client.close()
    assert server.cli("store", "clean", as_json=True)["items"] == 0
    assert len(server.eml_files("alice", "Deleted Items")) == 1


@pytest.mark.covers("DOM-18")
def test_at_most_a_thousand_of_a_folder_at_a_time(fresh_server):
    server = fresh_server(users=("alice",))
    client = RawImap(server, "alice")
    client.append("INBOX", message())
    client.ok("SELECT INBOX")
    for _ in range(10):
        client.ok('COPY 1:* "INBOX"')
    client.ok('COPY 1:* "Deleted Items"')
    client.append('"Deleted Items"', message())
    client.close()
    server.cli("domain", "set", server.domain, "--clean-trash-days", "5")
    server.stop()
    age(server, "alice", "Deleted Items", 6)
    server.start()
    assert [server.cli("store", "clean", as_json=True)["items"] for _ in range(3)] == [1000, 25, 0]


def test_bad_days_are_refused(server, user):
    for value in ("-1", "x", "1.5", "99999"):
        assert server.run("domain", "set", server.domain, "--clean-junk-days", value).returncode == 1
        assert server.run("user", "set", server.address(user), "--clean-junk-days", value).returncode == 1


# --- deleted items

def recover(server, user, *options):
    return server.cli("user", "recover", server.address(user), *options, as_json=True)["items"]


@pytest.mark.covers("DOM-13")
def test_days_of_keeping_have_a_limit(server, domain_rules):
    domain_rules("--keep-deleted-days", "365")
    refused = server.run("domain", "set", server.domain, "--keep-deleted-days", "366")
    assert refused.returncode == 1 and "365" in refused.stderr
    assert server.cli("domain", "show", server.domain, as_json=True)["keep-deleted-days"] == 365


@pytest.mark.covers("DOM-13", "DOM-14")
def test_deleted_items_come_back(server, user, domain_rules):
    refused = server.run("user", "recover", server.address(user))
    assert refused.returncode == 1 and "does not keep" in refused.stderr
    domain_rules("--keep-deleted-days", "30")
    set_user(server, user, "--imap-full-listing", "yes")
    client = RawImap(server, user)
    client.append("INBOX", message("one"), '(\\Flagged \\Seen $Label1 a/b) "01-Feb-2020 10:00:00 +0000"')
    client.append("Calendar", EVENT)
    client.ok("CREATE Gone")
    client.append("Gone", message("two"))
    client.ok("SELECT INBOX")
    client.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    client.ok("EXPUNGE")
    client.ok("SELECT Calendar")
    client.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    client.ok("EXPUNGE")
    client.ok("UNSELECT")
    client.ok("DELETE Gone")
    send(server, user, subject="three")
    pop = server.pop3(user)
    pop.dele(1)
    pop.quit()
    shown = server.cli("user", "show", server.address(user), as_json=True)
    assert (shown["items"], shown["bytes"], shown["kept-items"]) == (0, 0, 4) and shown["kept-bytes"] > 1000
    server.cli("reindex", server.address(user))
    assert recover(server, user, "--dry-run") == 4
    assert recover(server, user, "--since", time.strftime("%Y-%m-%d", time.localtime(time.time() + 2 * DAY))) == 0
    assert server.run("user", "recover", server.address(user), "--since", "yesterday").returncode == 1
    assert recover(server, user) == 4
    assert recover(server, user) == 0
    client.ok('SELECT "Deleted Items"')
    (row,) = client.ok("UID SEARCH SUBJECT one").untagged
    answer = client.ok(f"UID FETCH {row[1]} (FLAGS INTERNALDATE)").untagged[0]
    values = dict(zip(answer[2][::2], answer[2][1::2]))
    assert {"\\Flagged", "\\Seen", "$Label1", "a/b"} <= set(values["FLAGS"]) and "\\Deleted" not in values["FLAGS"]
    assert values["INTERNALDATE"].strip().startswith((b"01-Feb-2020", b"1-Feb-2020"))
    assert len(server.eml_files(user, "Deleted Items")) == 4
    shown = server.cli("user", "show", server.address(user), as_json=True)
    assert shown["items"] == 4 and "kept-items" not in shown
    client.close()


@pytest.mark.covers("DOM-13", "DOM-15")
def test_kept_items_go_after_their_time_and_clean_out_keeps(fresh_server):
    server = fresh_server(users=("alice",))
    server.cli("domain", "set", server.domain, "--keep-deleted-days", "10", "--clean-trash-days", "5")
    client = RawImap(server, "alice")
    for _ in range(2):
        client.append('"Deleted Items"', message())
    client.close()
    server.stop()
    age(server, "alice", "Deleted Items", 6)
    server.start()
    assert server.cli("store", "clean", as_json=True)["items"] == 2
    kept = sorted((server.folder("alice", "") / "#kept").iterdir())
    assert len(kept) == 2
    when, rest = kept[0].name.split(".", 1)
    kept[0].rename(kept[0].with_name(f"{int(when, 16) - 11 * DAY:010x}.{rest}"))
    assert server.cli("store", "clean", as_json=True)["expired"] == 1
    assert recover(server, "alice") == 1
    server.cli("domain", "set", server.domain, "--keep-deleted-days", "0")
    client = RawImap(server, "alice")
    client.ok('SELECT "Deleted Items"')
    client.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
    client.ok("EXPUNGE")
    client.close()
    assert list((server.folder("alice", "") / "#kept").iterdir()) == [], "nothing is kept any more"


@pytest.mark.covers("DOM-13")
def test_kill_while_expunging_neither_loses_nor_doubles(fresh_server):
    server = fresh_server(users=("alice",))
    server.cli("domain", "set", server.domain, "--keep-deleted-days", "10")
    client = RawImap(server, "alice")
    for number in range(150):
        client.append("INBOX", message(f"n{number}"))
    client.ok("SELECT INBOX")
    for number in range(1, 151, 3):
        client.socket.sendall(b"x%d UID STORE %d:%d +FLAGS.SILENT (\\Deleted)\r\ny%d UID EXPUNGE %d:%d\r\n"
                              % (number, number, number + 2, number, number, number + 2))
    kx.wait_until(lambda: len(list((server.folder("alice", "") / "#kept").glob("*.eml"))) > 20, 30, "some expunged")
    server.kill()
    server.start()
    left = {one["Subject"] for one in inbox(server, "alice")}
    assert len(left) < 150
    recover(server, "alice")
    back = [email.message_from_bytes(text)["Subject"] for text in server.eml_files("alice", "Deleted Items").values()]
    assert len(back) == len(set(back)) and set(back).isdisjoint(left)
    assert set(back) | left == {f"n{number}" for number in range(150)}
