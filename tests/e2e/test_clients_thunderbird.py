# SPDX-License-Identifier: Apache-2.0
"""Thunderbird, without a screen, reads, files, renames, deletes, goes offline and catches up."""

import re

import pytest

import kx
import marionette
import messages
from test_clients_imap import append, fetch, flags_of, uids


@pytest.fixture
def client(server, user):
    return server.imap(user)


@pytest.fixture
def commands(server, client):
    """What the program under test has sent since the last call, from the server's own log, without tags."""
    server.configure({"log.debug": "imap-server"})
    ours = "%s:%d" % client.sock.getsockname()
    read = len(server.log("debug"))

    def since():
        nonlocal read
        log = server.log("debug")[read:]
        read += len(log)
        return [command for peer, command in re.findall(r"\{imap-server\} \[([^]]*)\] < \S+ (.*)", log) if peer != ours]

    yield since
    server.configure({"log.debug": ""})


@pytest.fixture
def thunderbird(server, need, user, tmp_path, client):
    """A Thunderbird that has not seen the account yet."""
    running = marionette.Thunderbird(need("thunderbird"), server, user, kx.password_of(user), tmp_path)
    yield running
    running.stop()
    print(running.log()[-6000:])


def fill(client, *subjects, folder="INBOX"):
    """Appends a message for each subject; returns {subject: message}."""
    sent = {subject: messages.plain(subject=subject) for subject in subjects}
    for message in sent.values():
        append(client, message, folder)
    return sent


def by_subject(client, folder):
    """{subject: UID} of what the server has."""
    client.select(folder)
    return {messages.parse(fetch(client, uid))["Subject"]: uid for uid in uids(client)}


def seen_by(thunderbird, folder):
    """{subject: [is read, is flagged, keywords]} of what Thunderbird shows, without what is marked as deleted."""
    return thunderbird.run("""
        return Object.fromEntries(headers(args[0])
            .filter(each => !(each.flags & Ci.nsMsgMessageFlags.IMAPDeleted))
            .map(each => [each.mime2DecodedSubject,
                          [each.isRead, each.isFlagged, each.getStringProperty("keywords").split(" ").filter(word => word).sort()]]));
        """, folder)


def sync_until(thunderbird, folder, expected):
    def agrees():
        thunderbird.run("await sync(args[0])", folder)
        return seen_by(thunderbird, folder) == expected
    try:
        kx.wait_until(agrees, 60, "what Thunderbird shows", step=0.3)
    except AssertionError:
        assert seen_by(thunderbird, folder) == expected


def first_look(thunderbird, client, *folders):
    """Until Thunderbird knows the folders and what is in them."""
    def knows_folders():
        return thunderbird.run("await discover(); return args.slice(0, -1).every(folderAt)", *folders)
    kx.wait_until(knows_folders, 60, "the folders in Thunderbird", step=0.3)
    for folder in folders:
        there = set(by_subject(client, folder))
        kx.wait_until(lambda: set(thunderbird.run("await sync(args[0]); return headers(args[0]).map(each => each.mime2DecodedSubject)",
                                                  folder)) == there, 60, f"{folder} in Thunderbird", step=0.3)


def wait_flags(client, folder, uid, expected):
    client.select(folder)
    kx.wait_until(lambda: client.noop() and flags_of(client, uid) - {"$MDNSent"} == expected, 60,
                  f"flags {expected} of {uid}")


@pytest.mark.covers("SMTP-37", "SVC-13")
def test_reads_every_kind_of_message(client, thunderbird):
    sent = [kind() for kind in messages.ALL_KINDS.values()]
    for message in sent:
        append(client, message)
    first_look(thunderbird, client, "INBOX")
    assert set(seen_by(thunderbird, "INBOX")) == {message["Subject"] for message in sent}
    for message in sent:
        got = thunderbird.run("return await source('INBOX', args[0])", message["Subject"])
        messages.assert_same(got.encode("latin-1"), message)
    (found,) = thunderbird.run("""
        const session = Cc["@mozilla.org/messenger/searchSession;1"].createInstance(Ci.nsIMsgSearchSession);
        session.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, folderAt("INBOX"));
        const term = session.createTerm(), value = term.value;
        term.attrib = value.attrib = Ci.nsMsgSearchAttrib.Subject;
        term.op = Ci.nsMsgSearchOp.Contains;
        value.str = args[0];
        term.value = value;
        session.appendTerm(term);
        return await new Promise(resolve => {
          const hits = [];
          session.registerListener({
            onNewSearch() {}, onSearchHit(header) { hits.push(header.mime2DecodedSubject); },
            onSearchDone() { resolve(hits); },
          });
          session.search(null);
        });
        """, sent[0]["Subject"])
    assert found == sent[0]["Subject"]


@pytest.mark.covers("SMTP-37")
def test_flags_files_deletes_and_compacts(server, user, client, thunderbird):
    sent = fill(client, "one", "two", "three", "four")
    client.create("Projects")
    client.subscribe("Projects")
    first_look(thunderbird, client, "INBOX", "Projects")
    thunderbird.run("""
        const inbox = folderAt("INBOX");
        inbox.markMessagesRead([header("INBOX", "one")], true);
        inbox.markMessagesFlagged([header("INBOX", "two")], true);
        inbox.addKeywordsToMessages([header("INBOX", "two")], "$label1");
        await copyDone(listener => MailServices.copy.copyMessages(inbox, [header("INBOX", "three")],
            folderAt("Projects"), true, listener, null, false));
        await copyDone(listener => inbox.deleteMessages([header("INBOX", "four")], null, false, false, listener, false));
        """)
    numbers = by_subject(client, "INBOX")
    wait_flags(client, "INBOX", numbers["one"], {"\\Seen"})
    wait_flags(client, "INBOX", numbers["two"], {"\\Flagged", "$label1"})
    thunderbird.run("await attempt(urlDone(listener => folderAt('INBOX').compact(listener, null)))")
    client.select("INBOX")
    kx.wait_until(lambda: client.noop() and uids(client) == [numbers["one"], numbers["two"]], 60,
                  "what was deleted is gone")
    filed = by_subject(client, "Projects")
    assert set(filed) == {"three"}
    messages.assert_same(server.eml_files(user, "Projects")[filed["three"]], sent["three"])
    sync_until(thunderbird, "Projects", {"three": [False, False, []]})
    sync_until(thunderbird, "INBOX", {"one": [True, False, []], "two": [False, True, ["$label1"]]})

    client.select("INBOX")
    client.uid("store", str(numbers["one"]), "-FLAGS", "(\\Seen)")
    client.uid("store", str(numbers["two"]), "+FLAGS", "(\\Deleted)")
    client.expunge()
    fill(client, "five")
    sync_until(thunderbird, "INBOX", {"one": [False, False, []], "five": [False, False, []]})


@pytest.mark.covers("SMTP-37")
def test_makes_renames_and_deletes_folders(server, user, client, thunderbird):
    first_look(thunderbird, client, "INBOX")
    thunderbird.run("root.createSubfolder(args[0], null)", "Prüfung & Ablage 😀")
    kx.wait_until(lambda: server.folder(user, "Prüfung & Ablage 😀").exists(), 60, "the folder")
    kx.wait_until(lambda: thunderbird.run("return !!folderAt(args[0])", "Prüfung & Ablage 😀"), 60, "it shown")
    thunderbird.run("folderAt(args[0]).createSubfolder('below', null)", "Prüfung & Ablage 😀")
    kx.wait_until(lambda: server.folder(user, "Prüfung & Ablage 😀/below").exists(), 60, "the folder below")
    kx.wait_until(lambda: thunderbird.run("return !!folderAt(args[0])", "Prüfung & Ablage 😀/below"), 60, "it shown")
    thunderbird.run("folderAt(args[0]).rename('Ende', null)", "Prüfung & Ablage 😀")
    kx.wait_until(lambda: server.folder(user, "Ende/below").exists(), 60, "the new name")
    assert not server.folder(user, "Prüfung & Ablage 😀").exists()
    kx.wait_until(lambda: thunderbird.run("await discover(); return !!folderAt('Ende/below')"), 60, "it shown")
    fill(client, "kept", folder="Ende/below")
    sync_until(thunderbird, "Ende/below", {"kept": [False, False, []]})


@pytest.mark.covers("SMTP-37")
def test_goes_offline_changes_and_catches_up(client, thunderbird):
    sent = fill(client, "read here", "flagged there", "deleted here", "gone there", "untouched")
    first_look(thunderbird, client, "INBOX")
    thunderbird.run("folderAt('INBOX').setFlag(Ci.nsMsgFolderFlags.Offline)")
    kx.wait_until(lambda: thunderbird.run("""
        await download("INBOX");
        return headers("INBOX").every(each => each.flags & Ci.nsMsgMessageFlags.Offline);
        """), 60, "the messages in Thunderbird", step=0.3)
    thunderbird.run("Services.io.offline = true; server.closeCachedConnections()")
    numbers = by_subject(client, "INBOX")
    got = thunderbird.run("return await source('INBOX', 'untouched')")
    messages.assert_same(got.encode("latin-1"), sent["untouched"])
    thunderbird.run("""
        const inbox = folderAt("INBOX");
        inbox.markMessagesRead([header("INBOX", "read here")], true);
        inbox.deleteMessages([header("INBOX", "deleted here")], null, false, false, null, false);
        """)
    client.select("INBOX")
    client.uid("store", str(numbers["flagged there"]), "+FLAGS", "(\\Flagged)")
    client.uid("store", str(numbers["gone there"]), "+FLAGS", "(\\Deleted)")
    client.expunge()
    fill(client, "new there")

    thunderbird.run("""
        const manager = Cc["@mozilla.org/messenger/offline-manager;1"].getService(Ci.nsIMsgOfflineManager);
        manager.goOnline(false, true, Cc["@mozilla.org/messenger/msgwindow;1"].createInstance(Ci.nsIMsgWindow));
        """)
    wait_flags(client, "INBOX", numbers["deleted here"], {"\\Deleted", "\\Seen"})
    wait_flags(client, "INBOX", numbers["read here"], {"\\Seen"})
    sync_until(thunderbird, "INBOX", {
        "read here": [True, False, []], "flagged there": [False, True, []], "untouched": [False, False, []],
        "new there": [False, False, []]})


@pytest.mark.covers("SMTP-37")
def test_asks_after_offline_only_for_what_has_changed(client, commands, thunderbird):
    """It selects with CONDSTORE whenever a connection has told it of modseqs, and compares HIGHESTMODSEQ with its own."""
    thunderbird.run("Services.prefs.setIntPref('mail.server.server1.max_cached_connections', 1)")
    client.create("Projects")
    client.subscribe("Projects")
    fill(client, "here", "too")
    sent = fill(client, "read there", "gone there", "untouched", folder="Projects")
    first_look(thunderbird, client, "INBOX", "Projects")
    for folder in ("INBOX", "Projects", "INBOX", "Projects"):  # with each of them its modseq is remembered
        thunderbird.run("await sync(args[0])", folder)
    sync_until(thunderbird, "Projects", dict.fromkeys(sent, [False, False, []]))
    thunderbird.run("Services.io.offline = true; server.closeCachedConnections()")
    numbers = by_subject(client, "Projects")
    client.uid("store", str(numbers["read there"]), "+FLAGS", "(\\Seen $label1)")
    client.uid("store", str(numbers["gone there"]), "+FLAGS", "(\\Deleted)")
    client.expunge()
    fill(client, "new there", folder="Projects")

    commands()
    thunderbird.run("Services.io.offline = false")
    sync_until(thunderbird, "INBOX", {"here": [False, False, []], "too": [False, False, []]})
    said = commands()
    assert 'select "INBOX"' in said
    assert "UID fetch 3:* (FLAGS)" in said and "UID fetch 1:* (FLAGS)" not in said  # the modseq is what it knows
    sync_until(thunderbird, "Projects", {"read there": [True, False, ["$label1"]], "untouched": [False, False, []],
                                         "new there": [False, False, []]})
    said = commands()
    assert 'select "Projects" (CONDSTORE)' in said
    assert "UID fetch 1:* (FLAGS)" in said  # the modseq is another
    assert [command for command in said if "RFC822.SIZE" in command][0].startswith("UID fetch 4 ")
    assert not any(command.startswith(("UID fetch 1:3 ", "UID fetch 1:4 ")) for command in said)
