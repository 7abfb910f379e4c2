# SPDX-License-Identifier: Apache-2.0
"""Settings from the command line, and that changes work at once."""

import json
import smtplib

import pytest

SIZE = "smtp.max-size"


@pytest.fixture
def document(tmp_path):
    def write(settings):
        path = tmp_path / "settings.json"
        path.write_text(json.dumps({"settings": settings}))
        return path

    return write


def value(server, name):
    return server.cli("config", "get", name).strip()


def test_get_set_unset(server):
    assert value(server, SIZE) == "25M"
    server.cli("config", "set", SIZE, "1048576", "smtp.max-hops", 20)
    assert (value(server, SIZE), value(server, "smtp.max-hops")) == ("1M", "20")
    row = server.cli("config", "get", SIZE, as_json=True)
    assert row["name"] == SIZE and row["value"] == "1M" and row["default"] == "25M" and row["changed"] is True
    server.cli("config", "unset", SIZE, "smtp.max-hops")
    assert value(server, SIZE) == "25M"


def test_wrong_values_change_nothing(server):
    before = server.cli("config", "list", as_json=True)
    for arguments, text in [
        (("smtp.max-hops", "0"), "smallest allowed value, 1"),
        ((SIZE, "1M", "smtp.max-hops", "many"), "not a whole number"),
        (("smtp.max-sizes", "1M"), "did you mean smtp.max-size?"),
        ((SIZE, "1M", "smtp.max-hops"), "no value"),
        (("smtp.relay-group", "nobody"), "nobody"),
    ]:
        done = server.run("config", "set", *arguments)
        assert done.returncode == 1 and text in done.stderr, done.stderr
    assert server.cli("config", "list", as_json=True) == before


def test_a_change_works_at_once(server):
    with server.smtp() as client:
        server.cli("config", "set", SIZE, "2000")
        other = server.smtp()
        assert other.esmtp_features["size"] == "2000"
        other.quit()
        with pytest.raises(smtplib.SMTPException):
            client.sendmail("a@elsewhere.test", [server.address("alice")], "Subject: x\r\n\r\n" + "x" * 5000)
    server.cli("config", "unset", SIZE)


def test_what_waits_for_the_next_start_says_so(server):
    out = server.cli("config", "set", "service.pop3.startup", "manual")
    assert out == "service.pop3.startup takes effect when the server is started the next time.\n"
    server.cli("config", "unset", "service.pop3.startup")


def test_export_diff_apply(server, document):
    exported = json.loads(server.cli("config", "export"))
    assert exported["settings"]["server.hostname"] == server.hostname
    path = document({SIZE: "3M", "smtp.max-hops": 12, "log.journald": False})
    lines = server.cli("config", "diff", path).splitlines()
    assert lines == [f"{SIZE}: '25M' becomes '3M'", "smtp.max-hops: '50' becomes '12'"]
    assert value(server, SIZE) == "25M"
    assert server.cli("config", "apply", path, "--dry-run").splitlines() == lines
    assert value(server, SIZE) == "25M"
    assert server.cli("config", "apply", path).splitlines() == lines
    assert value(server, SIZE) == "3M"
    assert server.cli("config", "diff", path) == "No difference.\n"
    # Back to where we were: what the document does not name returns to its default.
    back = document(exported["settings"])
    assert len(server.cli("config", "apply", back, "--exact", as_json=True)) == 2
    assert json.loads(server.cli("config", "export")) == exported


def test_apply_reads_standard_input(server):
    server.cli("config", "apply", "-", stdin=json.dumps({"settings": {SIZE: "4M"}}))
    assert value(server, SIZE) == "4M"
    server.cli("config", "apply", "-", stdin=json.dumps({"settings": {SIZE: None}}))
    assert value(server, SIZE) == "25M"


def test_apply_is_one_change(server, document):
    done = server.run("config", "apply", document({SIZE: "5M", "smtp.max-hops": 0}))
    assert done.returncode == 1 and "smtp.max-hops" in done.stderr
    assert value(server, SIZE) == "25M"


@pytest.mark.parametrize("text, error", [
    ("", "not JSON"), ("[]", "no \"settings\""), ("{\"settings\": {\"x\": 1}}", "no setting 'x'"),
    ("\xff", "not a text file"), ("x" * 600_000, "larger than"),
], ids=["empty", "list", "unknown", "binary", "huge"])
def test_documents_that_are_none(server, tmp_path, text, error):
    path = tmp_path / "document"
    path.write_bytes(text.encode("latin-1"))
    done = server.run("config", "apply", path)
    assert done.returncode == 1 and error in done.stderr


def test_list(server):
    rows = server.cli("config", "list", as_json=True)
    assert len({row["name"] for row in rows}) == len(rows) > 100
    assert all(row["manual"].endswith(".") for row in rows)
    changed = {row["name"] for row in server.cli("config", "list", "--changed", as_json=True)}
    assert changed == {"server.hostname", "server.port-offset", "internet.connection", "auth.lockout-failures"}
    some = server.cli("config", "list", "service.imap.", as_json=True)
    assert all(row["name"].startswith("service.imap.") for row in some) and len(some) == 4


def test_settings_survive(fresh_server):
    server = fresh_server(config={SIZE: "7M"})
    server.cli("config", "set", "smtp.max-hops", 33)
    server.kill()
    assert (value(server, SIZE), value(server, "smtp.max-hops")) == ("7M", "33")
    server.start()
    assert (value(server, SIZE), value(server, "smtp.max-hops")) == ("7M", "33")
