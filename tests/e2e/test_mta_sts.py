# SPDX-License-Identifier: Apache-2.0
"""MTA-STS for outgoing mail (RFC 8461): policies are fetched, obeyed and kept."""

import contextlib
import http.server
import threading

import kx
import pytest
import world
from test_dane import NOBODY
from test_outgoing import submit, wait_sent

MX, WEB = "127.0.9.41", "127.0.9.42"
HEAD = "version: STSv1\r\nmax_age: 86400\r\n"
ENFORCE = HEAD + "mode: enforce\r\nmx: mx.sts.test\r\n"
POLICIES = {"enforce": ENFORCE, "kept": ENFORCE, "pattern": HEAD + "mode: enforce\nmx: *.sts.test\n",
            "other": HEAD + "mode: enforce\nmx: mx.else.test\nmx: *.mx.sts.test\n",
            "testing": HEAD + "mode: testing\nmx: mx.else.test\n", "none": HEAD + "mode: none\n",
            "broken": ENFORCE.replace("max_age", "maximal_age"), "huge": ENFORCE + "x: y\n" * 20000,
            "short": ENFORCE.replace("86400", "4"), "html": ENFORCE, "moved": ENFORCE, "stranger": ENFORCE, "norecord": ENFORCE, "dane": ENFORCE,
            "useless": ENFORCE + "mx: useless.sts.test\n"}


class PolicyHost(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        name = self.headers["Host"].split(".")[1]
        self.asked.append(name)
        if self.path == "/.well-known/mta-sts.txt" and name == "moved":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if name == "html" else "text/plain; charset=utf-8")
        self.end_headers()
        with contextlib.suppress(OSError):  # of what is too long, nobody reads the end
            self.wfile.write(POLICIES[name].encode())

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def policy_host(port, trusted, stranger):
    """HTTPS with certificates of the trusted authority, but for one name."""
    context = trusted.server_tls(*(f"mta-sts.{name}.sts.test" for name in POLICIES))
    other = stranger.server_tls("mta-sts.stranger.sts.test")

    def choose(connection, name, _):
        if name.split(".")[1] == "stranger":
            connection.context = other

    context.sni_callback = choose
    PolicyHost.asked.clear()
    server = http.server.ThreadingHTTPServer((WEB, port), PolicyHost)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def web_port():
    return world.free_port(WEB)


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    return world.Authority(tmp_path_factory.mktemp("ca")), world.Authority(tmp_path_factory.mktemp("other"), "Other CA")


@pytest.fixture(scope="module")
def policies(authorities, web_port):
    with policy_host(web_port, *authorities):
        yield


@pytest.fixture(scope="module")
def server(keryx_binary, port, web_port, authorities):
    hosts = {"dane": "signed", "useless": "useless"}
    records = [f"{name} MX 10 {hosts.get(name, 'mx')}\nmta-sts.{name} A {WEB}\n" for name in POLICIES]
    records += [f'_mta-sts.{name} TXT "v=STSv1; id=1;"\n' for name in POLICIES if name != "norecord"]
    records.append(f"mx A {MX}\nsigned A {MX}\n_{port}._tcp.signed TLSA 3 1 1 {NOBODY}\n"
                   f"useless A {MX}\n_{port}._tcp.useless TLSA 1 1 1 {NOBODY}\n")
    anchors = ["sts.test"]
    with world.trust(authorities[0]), world.name_server({"sts.test": "".join(records)}, anchors) as dns:
        config = {"dns.servers": dns, "dns.trust-anchors": anchors[0], "smtp.delivery-port": port,
                  "smtp.mta-sts-port": web_port, "internet.connection": "online", "queue.retry-interval": "1s"}
        with kx.running_server(keryx_binary, users=["alice"], config=config) as running:
            yield running


def send(server, port, name, result, context=None):
    received = world.Received()
    options = {"tls_context": context} if context else {}
    with world.mail_server(received, MX, port, **options):
        queue_id = submit(server, f"bob@{name}.sts.test")
        wait_sent(server, queue_id, result, "2.0.0" if result == "delivered" else "4.7.5")
        if result != "delivered":
            server.cli("queue", "remove", queue_id)
    return received.messages


@pytest.fixture(scope="module")
def good(authorities):
    """TLS with the certificate that policies want."""
    return authorities[0].server_tls("mx.sts.test", "useless.sts.test")


@pytest.mark.covers("SMTP-28")
def test_a_policy_wants_tls_and_the_certificate_of_the_host(server, port, policies, authorities, good):
    assert not send(server, port, "enforce", "delayed")
    assert not send(server, port, "enforce", "delayed", authorities[1].server_tls("mx.sts.test"))
    assert not send(server, port, "enforce", "delayed", authorities[0].server_tls("mx.else.test"))
    assert send(server, port, "enforce", "delivered", good)[0][3] is True
    assert PolicyHost.asked.count("enforce") == 1


@pytest.mark.covers("SMTP-28")
def test_a_policy_names_hosts_by_a_pattern(server, port, policies, good):
    assert send(server, port, "pattern", "delivered", good)[0][3] is True


def test_a_policy_is_fetched_again_before_it_expires(server, port, policies, good):
    """Without any mail."""
    assert send(server, port, "short", "delivered", good)
    kx.wait_until(lambda: PolicyHost.asked.count("short") > 1, what="a second look at the policy")


def test_a_host_that_the_policy_does_not_name_gets_nothing(server, port, policies, good):
    assert not send(server, port, "other", "delayed", good)


@pytest.mark.parametrize("name", ["testing", "none", "broken", "huge", "html", "moved", "stranger", "norecord"])
def test_what_is_no_policy_to_obey_changes_nothing(server, port, policies, name):
    assert send(server, port, name, "delivered")[0][3] is False
    assert (name in PolicyHost.asked) == (name not in ("norecord", "stranger"))


def test_check_explains_the_policy(server, port, policies, good):
    with world.mail_server(world.Received(), MX, port, tls_context=good):
        said = server.cli("tls", "check", "enforce.sts.test")
        other = server.cli("tls", "check", "other.sts.test")
        broken = server.cli("tls", "check", "broken.sts.test")
    assert "policy, mode enforce: its hosts need a good certificate; hosts mx.sts.test; kept for 86400 seconds" in said
    assert "TLS with a good certificate (MTA-STS)" in said and "would get the mail, protected by TLS" in said
    assert "would not get the mail: 4.7.5 The MTA-STS policy of other.sts.test does not name" in other
    assert "a policy is announced, but it is not valid" in broken


def test_dane_comes_first(server, port, policies, good):
    assert not send(server, port, "dane", "delayed", good)


def test_records_that_are_no_use_do_not_replace_the_policy(server, port, policies, authorities, good):
    assert not send(server, port, "useless", "delayed", authorities[1].server_tls("mx.sts.test"))
    assert send(server, port, "useless", "delivered", good)


@pytest.mark.covers("SMTP-28")
def test_a_policy_is_kept_when_the_server_is_killed(server, port, policies, good):
    assert not send(server, port, "kept", "delayed")
    server.kill()
    server.start()
    assert not send(server, port, "kept", "delayed")
    assert send(server, port, "kept", "delivered", good)
    assert PolicyHost.asked.count("kept") == 1
    server.cli("config", "set", "smtp.mta-sts", "no")
    assert send(server, port, "kept", "delivered")[0][3] is False
