# SPDX-License-Identifier: Apache-2.0
"""Log files: rotation, how many are kept, the index beside each, reading and clearing them."""

import os
import re
import socket

import pytest

import kx
from test_logs import STAMP, found


@pytest.fixture
def logs(server):
    return server.data / "store" / "logs"


def fail_logins(server, count):
    """So many lines for the Security log, without the wait of a failed password."""
    with server.connect("pop3s") as line:
        for _ in range(count):
            line.sendall(b"AUTH LOGIN\r\n*\r\n")
            line.recv(4096)


def old_file(server, content):
    """A Mail log as an earlier run left it."""
    folder = server.data / "store" / "logs"
    path = folder / "mail.log"
    path.write_bytes(content)
    os.chown(path, folder.stat().st_uid, folder.stat().st_gid)
    return path


@pytest.mark.covers("LOG-03", "LOG-14", "TECH-24")
def test_files_and_their_indexes(server, logs):
    server.deliver("alice", "From: a@b.test\n\nx\n")
    found(server, "mail", "Recv: .*")
    names = {row["log"]: row["file"] for row in server.cli("log", "list", as_json=True)}
    assert names == {name: f"{name}.log" for name in ("config", "mail", "security", "warning", "operations", "error",
                                                      "spam", "debug")}
    for name in ("config", "mail", "debug"):
        assert (logs / f"{name}.log").stat().st_size > 0
        kx.wait_until(lambda name=name: (logs / f"{name}.log.idx").exists(), 10, "the index")


@pytest.mark.covers("LOG-16", "LOG-17", "TECH-24")
def test_rotation_on_size_keeps_so_many(server, logs):
    server.configure({"log.config.max-size": "4K", "log.config.keep": "3"})
    for number in range(100):
        server.configure({"smtp.max-recipients": str(200 + number)})
    files = sorted(path.name for path in logs.glob("config.log*") if not path.name.endswith(".idx"))
    assert files == ["config.log", "config.log.1", "config.log.2"]
    for name in files:
        assert (logs / name).stat().st_size <= 4096
        assert all(re.match(STAMP, line) for line in (logs / name).read_text().splitlines())
    kx.wait_until(lambda: (logs / "config.log.1.idx").exists(), 10, "the index of the older file")
    # In order over the files, and the command line reads the older ones.
    text = "".join((logs / name).read_text() for name in reversed(files))
    numbers = [int(n) for n in re.findall(r"smtp\.max-recipients\D*(\d+)", text)]
    assert numbers == list(range(299 - len(numbers) + 1, 300)), numbers
    older = server.cli("log", "tail", "config", "--generation", 1, "-n", 1)
    assert older == (logs / "config.log.1").read_text().splitlines(keepends=True)[-1]
    server.configure({"log.config.keep": "1"})
    kx.wait_until(lambda: not (logs / "config.log.1").exists(), 10, "the older files to go")
    server.configure({"log.config.keep": "10", "log.config.max-size": "10M", "smtp.max-recipients": "100"})


@pytest.mark.covers("LOG-15")
@pytest.mark.parametrize("period", ["hour", "day", "week", "month"])
def test_rotation_when_the_time_has_come(fresh_server, period):
    server = fresh_server(start=False)
    path = old_file(server, b"[01/Jan/2020 10:00:00] from long ago\n")
    server.configure({"log.mail.rotate": period})
    server.start()
    kx.wait_until(lambda: path.with_name("mail.log.1").exists(), 10, "the rotation")
    assert path.with_name("mail.log.1").read_text() == "[01/Jan/2020 10:00:00] from long ago\n"


@pytest.mark.covers("LOG-08", "LOG-20")
def test_reading_searching_and_clearing(server, logs):
    for name in ("needle", "hay", "needle"):
        with server.smtp() as client:
            client.mail(f"{name}@elsewhere.test")
            client.rcpt("x@elsewhere.test")
    kx.wait_until(lambda: server.log("security").count("needle@") == 2, 10, "the lines")
    assert server.cli("log", "tail", "security", "-n", 1).count("needle@") == 1
    hits = server.cli("log", "search", "security", "NEEDLE@", as_json=True)["lines"]
    assert len(hits) == 2 and all("needle@" in hit["line"] for hit in hits)
    assert server.cli("log", "search", "security", "NEEDLE@", "--match-case", as_json=True)["lines"] == []
    assert len(server.cli("log", "search", "security", "<(hay|needle)@", "--regex", as_json=True)["lines"]) == 3
    first_up = server.cli("log", "search", "security", "needle@", "--up", "-n", 1, as_json=True)["lines"]
    assert [hit["number"] for hit in first_up] == [hits[1]["number"]]
    server.cli("log", "clear", "security")
    assert server.log("security") == "" and server.cli("log", "tail", "security") == ""
    fail_logins(server, 1)
    found(server, "security", "Failed POP3 login from .*")


@pytest.mark.covers("LOG-13")
def test_reading_survives_bytes_that_are_no_text(fresh_server):
    server = fresh_server(start=False)
    old_file(server, "[01/Jan/2020 10:00:00] žluťoučký\n".encode("iso-8859-2")
                     + b"[01/Jan/2020 10:00:01] \xff\xfe\x00nul\n" + "[01/Jan/2020 10:00:02] kůň\n".encode())
    server.start()
    lines = server.cli("log", "tail", "mail", as_json=True)["lines"]
    assert len(lines) == 3 and lines[2].endswith("kůň") and lines[0].startswith("[01/Jan/2020 10:00:00] ")
    assert len(server.cli("log", "search", "mail", "kůň", as_json=True)["lines"]) == 1


@pytest.mark.covers("LOG-14")
def test_file_name_and_switch_live(server, logs):
    server.configure({"log.security.file-name": "guard.log"})
    fail_logins(server, 1)
    kx.wait_until(lambda: (logs / "guard.log").exists() and "cancelled" in (logs / "guard.log").read_text(), 10,
                  "the other file")
    before = (logs / "guard.log").read_text()
    server.configure({"log.security.file": "no"})
    fail_logins(server, 1)
    server.configure({"log.security.file": "yes", "log.security.file-name": "security.log"})
    assert (logs / "guard.log").read_text() == before
    done = server.run("config", "set", "log.security.file-name", "../outside.log")
    assert done.returncode == 1 and not (logs.parent / "outside.log").exists()


@pytest.mark.covers("LOG-59")
def test_error_log(fresh_server):
    """A port that is taken and an index that is damaged."""
    server = fresh_server(users=("gina",))
    server.configure({"service.pop3.listen": f"*:{110},127.0.0.1:{993}"})
    found(server, "error", rf"Service POP3 cannot be started on 127\.0\.0\.1:{server.port('imaps')}: .*")
    server.configure({"service.pop3.listen": "*:110"})
    server.deliver("gina", "From: a@b.test\n\nx\n")
    server.wait_messages("gina", 1)
    server.stop()
    (server.folder("gina").parent / "index.db").write_bytes(b"damaged" * 1000)
    server.start()
    imap = server.imap("gina")
    assert imap.select()[1] == [b"1"]
    imap.logout()
    found(server, "error", r"store\.c: Folder ~gina@example\.test/INBOX has corrupted status and index files, going to "
          r"restore them\. Some flag information may be lost")


@pytest.mark.covers("LOG-18", "LOG-19")
@pytest.mark.parametrize("form, first", [("rfc3164", rb"<134>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d mail keryx/mail\[\d+\]: "),
                                         ("rfc5424", rb"<134>1 \d{4}-\d\d-\d\dT\S+ mail\.example\.test ")])
def test_syslog_beside_the_file(server, form, first):
    """Facility local0 and severity info make 134; the file goes on. RFC 3164 has no domain in host names."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.bind(("127.0.0.1", 0))
        collector.settimeout(10)
        server.configure({"log.mail.syslog-server": "127.0.0.1", "log.mail.syslog-port": collector.getsockname()[1],
                          "log.mail.syslog-format": form, "log.mail.syslog-facility": "local0",
                          "log.mail.syslog-severity": "info", "log.mail.syslog": "yes"})
        sender = f"{form}@elsewhere.test"
        server.deliver("bob", "From: a@b.test\n\nx\n", sender=sender)
        line = collector.recv(8192)
        assert re.match(first, line), line
        assert f"From: <{sender}>, To: <bob@example.test>".encode() in line
        found(server, "mail", rf"Recv: .*From: <{sender}>, .*")
        server.configure({"log.mail.syslog": "no"})
        server.deliver("bob", "From: a@b.test\n\nx\n", sender="quiet@elsewhere.test")
        found(server, "mail", r"Recv: .*From: <quiet@elsewhere\.test>, .*")
        collector.settimeout(0.5)
        with pytest.raises(TimeoutError):
            while b"quiet@" not in collector.recv(8192):
                pass
