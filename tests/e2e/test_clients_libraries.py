# SPDX-License-Identifier: Apache-2.0
"""Client libraries and small clients of other languages go through a session: Ruby, two of Perl, imapfilter, fetchmail."""

import subprocess

import pytest

import kx
import messages
from kx import run
from test_clients_imap import append, fetch, flags_of, uids

RUBY = r"""
require "net/imap"
host, port, user, password, certificate, folder = ARGV
imap = Net::IMAP.new(host, port: port, ssl: {ca_file: certificate})
raise "capability" unless imap.capability.include?("IMAP4REV1")
imap.authenticate("PLAIN", user, password)
imap.create(folder)
imap.subscribe(folder)
name = imap.list("", "*").map(&:name).find { |each| Net::IMAP.decode_utf7(each) == Net::IMAP.decode_utf7(folder) }
raise "list" unless name
raise "lsub" unless imap.lsub("", "*").map(&:name).include?(name)
appended = imap.append(folder, "Subject: from ruby\r\nFrom: a@example.com\r\n\r\nbody\r\n", [:Seen, "$Label1"], Time.at(1700000000))
raise "append" unless appended.data.code.name == "APPENDUID"
raise "status" unless imap.status(folder, ["MESSAGES", "UIDNEXT", "UNSEEN"])["MESSAGES"] == 1
imap.select(folder)
raise "responses" unless imap.responses["UIDVALIDITY"][-1].is_a?(Integer) && imap.responses["EXISTS"][-1] == 1
data = imap.uid_fetch(1, ["UID", "FLAGS", "ENVELOPE", "BODYSTRUCTURE", "INTERNALDATE", "RFC822.SIZE", "BODY.PEEK[TEXT]"])[0]
raise "flags" unless ([:Seen] - data.attr["FLAGS"]).empty?
raise "envelope" unless data.attr["ENVELOPE"].subject == "from ruby" && data.attr["ENVELOPE"].from[0].mailbox == "a"
raise "structure" unless data.attr["BODYSTRUCTURE"].media_type.upcase == "TEXT"
raise "text" unless data.attr["BODY[TEXT]"] == "body\r\n"
raise "search" unless imap.uid_search(["SUBJECT", "ruby", "SEEN"]) == [1]
raise "charset" unless imap.search(["TEXT", "gr\u00fc".b], "UTF-8") == []
imap.uid_store(1, "+FLAGS", [:Flagged])
imap.uid_copy(1, "INBOX")
imap.uid_move(1, "Drafts") if imap.respond_to?(:uid_move)
imap.noop
idled = false
idler = Thread.new { imap.idle(20) { |response| idled = true if response.is_a?(Net::IMAP::UntaggedResponse) && response.name == "EXISTS"; imap.idle_done if idled } }
second = Net::IMAP.new(host, port: port, ssl: {ca_file: certificate})
second.login(user, password)
second.append(folder, "Subject: while idle\r\n\r\nx\r\n")
idler.join
raise "idle" unless idled
second.logout
imap.select(folder)
imap.store(1..-1, "+FLAGS", [:Deleted])
imap.expunge
raise "expunge" unless imap.uid_search(["ALL"]) == []
imap.close
imap.unsubscribe(folder)
imap.delete(folder)
imap.logout
puts "done"
"""

PERL_IMAPCLIENT = r"""
use strict; use warnings;
use Mail::IMAPClient;
my ($host, $port, $user, $password, $certificate) = @ARGV;
my $imap = Mail::IMAPClient->new(Server => $host, Port => $port, User => $user, Password => $password, Uid => 1, Peek => 1,
    Ssl => [SSL_ca_file => $certificate, SSL_verifycn_scheme => "none"]) or die "connect: $@";
sub ok { my ($what, $good) = @_; die "$what: " . ($imap->LastError // "") . "\n" unless $good; }
ok("authenticated", $imap->IsAuthenticated);
ok("create", $imap->create("Perl"));
ok("exists", $imap->exists("Perl"));
my $uid = $imap->append_string("Perl", "Subject: from perl\nFrom: a\@example.com\n\nbody\n", "\\Seen", "14-Nov-2023 22:13:20 +0000");
ok("append", $uid && $uid == 1);
ok("select", $imap->select("Perl"));
ok("folders", grep { $_ eq "Perl" } $imap->folders);
ok("count", $imap->message_count == 1);
ok("subject", $imap->subject(1) eq "from perl");
ok("headers", $imap->parse_headers(1, "Subject")->{Subject}[0] eq "from perl");
ok("string", $imap->message_string(1) =~ /body/);
ok("flags", grep { $_ eq "\\Seen" } $imap->flags(1));
ok("structure", $imap->get_bodystructure(1)->bodytype =~ /TEXT/i);
ok("envelope", $imap->get_envelope(1)->subject eq "from perl");
ok("size", $imap->size(1) > 40);
ok("date", $imap->internaldate(1) eq "14-Nov-2023 22:13:20 +0000");
ok("search", ($imap->search("SUBJECT", \"perl"))[0] == 1);
ok("mark", $imap->mark(1) && grep { $_ eq "\\Flagged" } $imap->flags(1));
ok("copy", $imap->copy("INBOX", 1));
ok("move", $imap->move("Drafts", 1));
ok("expunge", $imap->expunge);
ok("gone", $imap->message_count == 0);
ok("status", $imap->status("INBOX", "MESSAGES"));
ok("uidvalidity", $imap->uidvalidity("INBOX"));
my $tag = $imap->idle; ok("idle", $tag); ok("done", $imap->done($tag));
ok("namespace", $imap->namespace);
ok("rename", $imap->select("INBOX") && $imap->rename("Perl", "Perl two"));
ok("delete", $imap->delete("Perl two"));
ok("logout", $imap->logout);
print "done\n";
"""

PERL_IMAPTALK = r"""
use strict; use warnings;
use IO::Socket::SSL; use Mail::IMAPTalk;
my ($host, $port, $user, $password, $certificate) = @ARGV;
my $socket = IO::Socket::SSL->new(PeerAddr => $host, PeerPort => $port, SSL_ca_file => $certificate, SSL_verifycn_scheme => "none") or die;
my $imap = Mail::IMAPTalk->new(Socket => $socket, Username => $user, Password => $password, Uid => 1) or die "connect: $@";
sub ok { my ($what, $good) = @_; die "$what: " . ($imap->get_last_error // "") . "\n" unless $good; }
ok("capability", $imap->capability->{idle});
ok("namespace", $imap->namespace);
ok("create", $imap->create("Talk"));
ok("append", $imap->append("Talk", "(\\Seen)", {Literal => "Subject: =?utf-8?q?f=C3=BCr?= talk\r\nFrom: Me <a\@example.com>\r\n" .
    "Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nplain\r\n--x\r\nContent-Type: text/html\r\n\r\n<b>html</b>\r\n--x--\r\n"}));
ok("select", $imap->select("Talk"));
my $row = $imap->fetch(1, "(FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE)")->{1};
ok("envelope", $row->{envelope}{Subject} =~ /talk/);
ok("structure", $row->{bodystructure}{"MIME-Subtype"} =~ /alternative/i && @{$row->{bodystructure}{"MIME-Subparts"}} == 2);
my $bodies = Mail::IMAPTalk::find_message($row->{bodystructure});
ok("part", $imap->fetch(1, "BODY.PEEK[$bodies->{html}{'IMAP-Partnum'}]")->{1}{body} eq "<b>html</b>");
ok("search", $imap->search("UNKEYWORD", "x", "SEEN")->[0] == 1);
ok("store", $imap->store(1, "+flags.silent", "(\\Flagged)"));
ok("copy", $imap->copy(1, "INBOX"));
ok("list", grep { $_->[2] eq "Talk" } @{$imap->list("", "*")});
ok("status", $imap->status("Talk", "(MESSAGES UIDNEXT)")->{messages} == 1);
ok("unselect", $imap->unselect);
ok("delete", $imap->delete("Talk"));
$imap->logout;
print "done\n";
"""


@pytest.mark.covers("SMTP-37")
@pytest.mark.parametrize("folder", ["Ruby", "&AMQ-rger &- &2D3eAA-"])
def test_ruby_net_imap(server, need, user, tmp_path, folder):
    done = run([need("ruby"), "-e", RUBY, server.hostname, server.port("imaps"), server.address(user), kx.password_of(user),
                server.certificate_file(tmp_path), folder], env=server.client_environment(tmp_path))
    assert done.stdout.decode().endswith("done\n") and done.returncode == 0, done.stdout.decode()
    client = server.imap(user)
    client.select()
    (uid,) = uids(client)
    assert flags_of(client, uid) >= {"\\Seen", "\\Flagged", "$Label1"}


@pytest.mark.covers("SMTP-37")
@pytest.mark.parametrize("script", [PERL_IMAPCLIENT, PERL_IMAPTALK], ids=["Mail::IMAPClient", "Mail::IMAPTalk"])
def test_perl(server, need, user, tmp_path, script):
    done = run([need("perl"), "-e", script, "127.0.0.1", server.port("imaps"), server.address(user), kx.password_of(user),
                server.certificate_file(tmp_path)])
    assert done.stdout.decode().endswith("done\n") and done.returncode == 0, done.stdout.decode()
    client = server.imap(user)
    client.select()
    (uid,) = uids(client)
    assert flags_of(client, uid) == {"\\Seen", "\\Flagged"}


@pytest.mark.covers("SMTP-37")
def test_imapfilter_sorts(server, need, user, tmp_path):
    client = server.imap(user)
    sent = {subject: messages.plain(subject=subject) for subject in ("keep this", "file this", "junk this", "flag this")}
    for message in sent.values():
        append(client, message)
    settings = tmp_path / "config.lua"
    settings.write_text(f"""
options.info = false
account = IMAP {{ server = "{server.hostname}", port = {server.port("imaps")}, username = "{server.address(user)}",
                 password = "{kx.password_of(user)}", ssl = "auto" }}
account:create_mailbox("Filed/Here")
account.INBOX:contain_subject("file"):move_messages(account["Filed/Here"])
account.INBOX:contain_subject("junk"):delete_messages()
account.INBOX:contain_subject("flag"):mark_flagged()
rest = account.INBOX:is_unseen() * account.INBOX:contain_field("Subject", "keep")
assert(#rest == 1)
rest:add_flags({{ "$Kept" }})
""")
    done = run([need("imapfilter"), "-c", settings, "-t", server.certificate_file(tmp_path)],
               env=server.client_environment(tmp_path))
    assert done.returncode == 0, done.stdout.decode()
    client.select()
    found = {messages.parse(fetch(client, uid))["Subject"]: flags_of(client, uid) for uid in uids(client)}
    assert found == {"keep this": {"$Kept"}, "flag this": {"\\Flagged"}}
    client.select("Filed/Here")
    (uid,) = uids(client)
    messages.assert_same(fetch(client, uid), sent["file this"])


@pytest.mark.covers("SMTP-37")
def test_fetchmail_idles(server, need, user, tmp_path):
    """It gets what is there, waits in IDLE, and gets what comes then."""
    client = server.imap(user)
    append(client, messages.plain(subject="there before"))
    got = tmp_path / "got"
    settings = tmp_path / "fetchmailrc"
    settings.write_text(f"""
poll 127.0.0.1 service {server.port("imaps")} protocol imap
    user "{server.address(user)}" password "{kx.password_of(user)}" ssl sslproto TLS1.2+ no sslcertck
    idle nokeep fetchall mda "cat >>{got}"
""")
    settings.chmod(0o600)
    environment = {"HOME": str(tmp_path), "FETCHMAILHOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    with open(tmp_path / "output", "wb") as output:
        process = subprocess.Popen([need("fetchmail"), "-v", "-f", str(settings)], env=environment, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=output)
    try:
        said = lambda: (tmp_path / "output").read_text(errors="replace")  # noqa: E731
        kx.wait_until(lambda: got.exists() and "there before" in got.read_text(), 60, "the first message")
        kx.wait_until(lambda: " IDLE" in said(), 60, "IDLE")
        append(client, messages.plain(subject="came while idle"))
        kx.wait_until(lambda: "came while idle" in got.read_text(), 60, "the second message")
        client.select()
        kx.wait_until(lambda: client.noop() and uids(client) == [], 60, "what was fetched is gone")
    finally:
        process.terminate()
        process.wait(30)
