# SPDX-License-Identifier: Apache-2.0
"""Reports of TLS to other domains (RFC 8460): what is noted, kept, and sent by mail and HTTPS."""

import gzip
import http.server
import json
import threading

import kx
import pytest
import world
from test_dane import NOBODY
from test_dkim import verdicts
from test_outgoing import submit, wait_sent
from test_reports import reports

MX, WEB = "127.0.9.61", "127.0.9.62"
TESTING = "version: STSv1\nmode: testing\nmax_age: 86400\nmx: mx.rpt.test\n"
POLICIES = {"testing": TESTING, "other": TESTING.replace("mx.rpt", "mx.else"), "broken": "version: STSv1\n"}
DOMAINS = [*POLICIES, "plain", "dane", "double", "lost", "quiet", "mailed"]
HOSTS = {"dane": "signed", "double": "two"}


class Web(http.server.BaseHTTPRequestHandler):
    posted = []

    def answer(self, code, body=b""):
        self.send_response(code)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, POLICIES[self.headers["Host"].split(".")[1]].encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posted.append((self.path, self.headers["Content-Type"], body))
        self.answer(500 if self.path == "/refuses" else 201)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return world.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def web_port(authority):
    names = [f"mta-sts.{name}.rpt.test" for name in POLICIES]
    web = http.server.ThreadingHTTPServer((WEB, 0), Web)
    context = authority.server_tls("rua.rpt.test", *names)
    web.socket = context.wrap_socket(web.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield web.server_address[1]
    web.shutdown()
    web.server_close()
    thread.join()


@pytest.fixture(scope="module")
def server(keryx_binary, port, web_port, authority):
    rua = {"testing": f"mailto:alice@example.test,https://rua.rpt.test:{web_port}/v1",
           "mailed": "mailto:tls@mailed.rpt.test", "lost": f"https://rua.rpt.test:{web_port}/refuses"}
    records = [f"{name} MX 10 {HOSTS.get(name, 'mx')}\nmta-sts.{name} A {WEB}\n" for name in DOMAINS]
    records += [f'_mta-sts.{name} TXT "v=STSv1; id=1;"\n' for name in POLICIES]
    records += [f'_smtp._tls.{name} TXT "v=TLSRPTv1; rua={rua.get(name, "mailto:alice@example.test")}"\n'
                for name in DOMAINS if name != "quiet"]
    records.append(f"mx A {MX}\nsigned A {MX}\n_{port}._tcp.signed TLSA 3 1 1 {NOBODY}\nrua A {WEB}\n"
                   f"two A {MX}\ntwo A 127.0.9.69\n_{port}._tcp.two TLSA 3 1 1 {NOBODY}\n")
    anchors = ["rpt.test"]
    with world.trust(authority), world.name_server({"rpt.test": "".join(records)}, anchors) as dns:
        config = {"dns.servers": dns, "dns.trust-anchors": anchors[0], "smtp.delivery-port": port, "smtp.mta-sts-port": web_port,
                  "internet.connection": "online", "queue.retry-interval": "1s", "smtp.tls-reports": "postmaster@example.test"}
        with kx.running_server(keryx_binary, users=["alice"], config=config) as running:
            yield running


def send(server, port, name, context=None, result="delivered"):
    options = {"tls_context": context} if context else {}
    with world.mail_server(world.Received(), MX, port, **options):
        queue_id = submit(server, f"bob@{name}.rpt.test")
        wait_sent(server, queue_id, result, "2.0.0" if result == "delivered" else "4.")
        if result != "delivered":
            server.cli("queue", "remove", queue_id)


def noted(server):
    return {row["domain"].split(".")[0]: (row["successful"], row["failed"])
            for row in json.loads(server.cli("tls", "report", "list", "--json"))}


def read(data):
    return json.loads(gzip.decompress(data))


def failures(policy):
    return {(row["result-type"], row["failed-session-count"]) for row in policy["failure-details"]}


@pytest.mark.covers("SMTP-28")
def test_domains_hear_of_the_connections_to_their_servers(server, port, authority, tmp_path):
    stranger = world.Authority(tmp_path, "Other CA")
    good = authority.server_tls("mx.rpt.test")
    for context in (good, None, stranger.server_tls("mx.rpt.test"), authority.server_tls("mx.else.test")):
        send(server, port, "testing", context)  # what is only tested stops nothing
    for name in ("other", "broken", "plain", "quiet"):
        send(server, port, name, good)
    send(server, port, "lost")
    send(server, port, "dane", good, "delayed")
    send(server, port, "double", good, "delayed")  # of an address that cannot be reached nothing is known
    expected = {"testing": (1, 3), "other": (0, 1), "broken": (0, 1), "plain": (1, 0), "dane": (0, 1), "double": (0, 1), "lost": (0, 1)}
    kx.wait_until(lambda: noted(server) == expected, what="all notes")
    server.kill()
    server.start()
    assert noted(server) == expected

    said = server.cli("tls", "report", "send")
    assert "testing.rpt.test, to mailto:alice@example.test: sent" in said
    assert f"testing.rpt.test, to https://rua.rpt.test" in said and "/refuses: the server answered 500" in said
    assert noted(server) == {"lost": (0, 1)}  # is tried again

    mails = {mail["TLS-Report-Domain"]: mail for mail in reports(server, "alice", 6)}
    mail = mails["testing.rpt.test"]
    assert mail.get_param("report-type") == "tlsrpt" and mail["TLS-Report-Submitter"] == server.hostname
    assert mail["TLS-Required"] == "No" and mail["From"] == "postmaster@example.test"
    assert mail["Subject"].startswith("Report Domain: testing.rpt.test Submitter: ")
    attached = {domain.split(".")[0]: part for domain, mail in mails.items() for part in mail.iter_attachments()
                if part.get_content_type() == "application/tlsrpt+gzip"}
    assert attached["testing"].get_filename().startswith(f"{server.hostname}!testing.rpt.test!")

    path, content_type, body = next(row for row in Web.posted if row[0] == "/v1")
    report = read(body)
    assert content_type == "application/tlsrpt+gzip" and report == read(attached["testing"].get_content())
    assert report["organization-name"] == server.hostname and report["contact-info"] == "postmaster@example.test"
    (policy,) = report["policies"]
    assert policy["policy"] == {"policy-type": "sts", "policy-domain": "testing.rpt.test", "mx-host": ["mx.rpt.test"],
                                "policy-string": ["version: STSv1", "mode: testing", "max_age: 86400", "mx: mx.rpt.test"]}
    assert policy["summary"] == {"total-successful-session-count": 1, "total-failure-session-count": 3}
    assert failures(policy) == {("starttls-not-supported", 1), ("certificate-not-trusted", 1), ("certificate-host-mismatch", 1)}
    detail = policy["failure-details"][0]
    assert detail["receiving-mx-hostname"] == "mx.rpt.test" and detail["receiving-ip"] == MX and detail["sending-mta-ip"]

    found = {name: read(part.get_content())["policies"][0] for name, part in attached.items()}
    assert failures(found["other"]) == {("validation-failure", 1)} and failures(found["broken"]) == {("sts-policy-invalid", 1)}
    assert found["plain"]["policy"] == {"policy-type": "no-policy-found", "policy-domain": "plain.rpt.test"}
    assert found["dane"]["policy"]["policy-string"] == [f"3 1 1 {NOBODY}"] and failures(found["dane"]) == {("validation-failure", 1)}


def test_reports_by_mail_are_signed(server, port):
    """RFC 8460 section 3 asks for DKIM."""
    server.cli("dkim", "create", "example.test", "--selector", "rpt")
    (key,) = server.cli("dkim", "list", as_json=True)
    send(server, port, "mailed")
    kx.wait_until(lambda: "mailed" in noted(server), what="the note")
    received = world.Received()
    with world.mail_server(received, MX, port):
        server.cli("tls", "report", "send")
        kx.wait_until(lambda: received.messages, 20, "the report")
    (report,) = received.bodies()
    assert b"TLS-Report-Domain: mailed.rpt.test" in report
    assert verdicts(report, {key["name"] + ".": key["record"].encode()}) == {"example.test rpt": True}


def test_without_a_name_nothing_is_noted_or_sent(server, port):
    server.cli("config", "set", "smtp.tls-reports", "")
    before = noted(server)
    send(server, port, "plain")
    assert noted(server) == before
    refused = server.run("tls", "report", "send")
    assert refused.returncode == 1 and "smtp.tls-reports" in refused.stderr
    assert server.run("config", "set", "smtp.tls-reports", "nobody").returncode == 1
