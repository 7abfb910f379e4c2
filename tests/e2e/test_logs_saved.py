# SPDX-License-Identifier: Apache-2.0
"""Logs go into files as text or as a page, and highlighting rules color their lines."""

import html.parser
import os
import pty
import subprocess

import kx
import pytest
from adminapi import Api


class Page(html.parser.HTMLParser):
    """The lines of a saved page, each with its color or None."""

    def __init__(self, text):
        super().__init__()
        self.color, self.lines, self.charset, self.inside = None, [], None, False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.inside |= tag == "pre"
        self.charset = values.get("charset", self.charset)
        if tag == "span":
            self.color = values["style"].removeprefix("background-color: ")

    def handle_endtag(self, tag):
        self.inside &= tag != "pre"
        if tag == "span":
            self.color = None

    def handle_data(self, data):
        if self.inside:
            self.lines += [(line, self.color) for line in data.split("\n") if line]


@pytest.fixture(scope="module")
def server(keryx_binary):
    with kx.running_server(keryx_binary, users=["alice", "bob"]) as running:
        for name, subject in (("alice", "a"), ("bob", "<b> & ü"), ("alice", "c")):
            running.deliver(name, f"Subject: {subject}\n\nx\n")
        running.wait_messages("alice", 2)
        running.wait_messages("bob", 1)
        with pytest.raises(Exception, match="AUTHENTICATIONFAILED"):
            running.imap("alice", "wrong")
        running.cli("user", "set", "alice@example.test", "--description", "ä <script>alert(1)</script> & so on")
        running.wait_log("config", "script")
        yield running


@pytest.fixture
def rules(server):
    """Adds rules that are gone afterwards."""
    names = []

    def add(name, *options):
        names.append(name)
        server.cli("highlight", "add", name, *options)
    yield add
    for name in names:
        server.run("highlight", "remove", name)


def page(server, log, *options):
    return Page(server.cli("log", "save", log, "--format", "html", *options))


def colored(server, log):
    return {line: color for line, color in page(server, log).lines if color}


@pytest.mark.covers("LOG-06")
def test_a_log_is_saved_as_text_and_as_a_page(server, rules):
    rules("Everything of bob", "--text", "bob@", "--color", "green")
    for log in ("mail", "config", "security"):
        text = server.cli("log", "save", log)
        assert text == server.log(log) and text.count("\n") >= 1
        saved = page(server, log)
        assert saved.charset == "utf-8" and [line for line, _ in saved.lines] == text.splitlines()
    assert {color for _, color in page(server, "mail").lines} == {None, "#00c000"}
    raw = server.cli("log", "save", "config", "--format", "html")
    assert "<script>" not in raw and "ä" in raw
    assert "txt or html" in server.run("log", "save", "mail", "--format", "pdf").stderr


@pytest.mark.covers("LOG-07")
def test_a_part_of_a_log_is_saved(server):
    lines = server.log("mail").splitlines()
    assert len(lines) == 6
    found = server.cli("log", "search", "mail", "bob@", as_json=True)["lines"]
    first, last = str(found[0]["number"]), str(found[-1]["number"])
    part = server.cli("log", "save", "mail", "--from", first, "--to", last).splitlines()
    assert part == lines[int(first):int(last) + 1] and 2 <= len(part) < 6
    assert [line for line, _ in page(server, "mail", "--from", "4").lines] == lines[4:]
    assert server.cli("log", "save", "mail", "--from", "6") == server.cli("log", "save", "mail", "--since", "2999-01-01") == ""
    assert server.cli("log", "save", "mail", "--since", "2001-01-01") == server.log("mail")


def test_a_log_of_many_pieces_is_whole(fresh_server):
    server = fresh_server(start=False)
    log = server.data / "store/logs/debug.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"[01/Jan/2026 00:00:00] line {n}\n" for n in range(25000))
    log.write_text(text)
    owner = server.data.stat()
    for path in (log, log.parent, log.parent.parent):
        os.chown(path, owner.st_uid, owner.st_gid)
    assert server.cli("log", "save", "debug") == text
    assert len(page(server, "debug").lines) == 25000


@pytest.mark.covers("LOG-09", "LOG-10", "LOG-11")
def test_rules_color_whole_lines_of_all_logs(server, rules):
    rules("2 Bob", "--text", "BOB@example", "--color", "#A1b2C3")
    rules("3 Results", "--text", r"Result: (deliv|refus)ered|Failed \w+ login", "--regex", "yes", "--color", "red")
    rules("4 Not as a pattern", "--text", r"Failed \w+ login")
    mail = colored(server, "mail")
    assert {line: color for line, color in mail.items() if "bob@" in line} and len(mail) == 4
    assert all(color == ("#a1b2c3" if "bob@" in line else "#ff0000") for line, color in mail.items())
    assert list(colored(server, "security").values()) == ["#ff0000"]
    server.cli("highlight", "set", "3 Results", "--regex", "no", "--color", "")
    assert not colored(server, "security") and len(colored(server, "mail")) == 2
    server.cli("highlight", "set", "3 Results", "--text", "failed IMAP")  # the usual color, whatever the case
    assert list(colored(server, "security").values()) == ["#ffff00"]
    listed = {one["rule"]: (one["text"], one["regex"], one["color"]) for one in server.cli("highlight", "list", as_json=True)}
    assert listed["2 Bob"] == ("BOB@example", False, "#a1b2c3") and len(listed) == 3
    server.cli("highlight", "remove", "2 Bob")
    assert not colored(server, "mail")


@pytest.mark.covers("LOG-10")
def test_rules_that_make_no_sense_are_refused(server):
    for options, words in ((("--text", "(", "--regex", "yes"), "text:"), (("--color", "red"), "say what lines are to hold"),
                           (("--text", "x", "--color", "reddish"), "not a color"), (("--text", "x", "--color", "#12345g"), "not a color"),
                           (("--text", "x" * 501), "at most 500 bytes")):
        done = server.run("highlight", "add", "odd", *options)
        assert done.returncode == 1 and words in done.stderr, done.stderr
    assert server.cli("highlight", "list", as_json=True) == []


@pytest.mark.covers("LOG-11")
def test_a_terminal_and_the_api_show_the_colors(server, rules):
    rules("Bob", "--text", "bob@", "--color", "red")
    main, child = pty.openpty()
    command = [server.binary, "log", "tail", "mail", "--data", server.data]
    done = subprocess.Popen(command, stdout=child, stderr=child)
    os.close(child)
    shown = b""
    try:
        while data := os.read(main, 65536):
            shown += data
    except OSError:  # the other end is closed
        pass
    os.close(main)
    assert done.wait(30) == 0
    lines = shown.decode().splitlines()
    assert all(line.startswith("\033[30;48;2;255;0;0m[") == ("bob@" in line) for line in lines) and len(lines) == 6
    assert "\033" not in server.cli("log", "tail", "mail")
    api = Api(server)
    api.sign_in()
    answer = api.ok("GET", "logs/mail?lines=6")
    assert [color == "#ff0000" for color in answer["colors"]] == ["bob@" in line for line in answer["lines"]]
    text = api.ok("GET", "logs/mail/text?format=html&from=0&to=5")
    assert text["last"] and text["next"] == 6 and text["text"].count("<span") == sum("bob@" in line for line in lines)
