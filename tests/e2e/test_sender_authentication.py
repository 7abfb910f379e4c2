# SPDX-License-Identifier: Apache-2.0
"""Who mail from outside is from (SPF, DKIM, DMARC, ARC, RFC 8601), and passing that on (RFC 8617).

dkimpy, opendkim-testmsg and pyspf are the other side: they sign what comes in, check what goes out, and say what SPF means.
"""

import email
import re
import smtplib
import socket
import subprocess
import threading
import time

import dkim
import kx
import mailboxes
import pytest
import spf
import world

CLIENT = "127.0.0.1"
SPF = {
    "good": "v=spf1 ip4:127.0.0.0/8 -all", "bad": "v=spf1 ip4:192.0.2.0/24 -all", "soft": "v=spf1 ip4:192.0.2.1 ~all",
    "open": "v=spf1 ?all", "empty": "v=spf1", "a": "v=spf1 a:host.auth.test -all", "wide": "v=spf1 a:near.auth.test/24//64 -all",
    "mx": "v=spf1 mx -all", "includes": "v=spf1 include:bad.auth.test include:good.auth.test -all",
    "redirects": "v=spf1 redirect=good.auth.test", "lost": "v=spf1 redirect=nowhere.auth.test",
    "loop": "v=spf1 include:loop.auth.test -all", "macro": "v=spf1 exists:%{ir}.%{l1r-}.%{v}.list.auth.test -all",
    "macro2": "v=spf1 exists:%{d2}.%{o1r}.list.auth.test -all", "broken": "v=spf1 ip4:300.1.1.1 -all", "odd": "v=spf1 foo -all",
    "mod": "v=spf1 unknown=x%{d} ip4:127.0.0.1 -all", "twice": "v=spf1 redirect=a.test redirect=b.test",
    "voids": "v=spf1 a:n1.auth.test a:n2.auth.test a:n3.auth.test ip4:127.0.0.1 -all",
    "upper": "V=SPF1 IP4:127.0.0.1 -ALL", "six": "v=spf1 ip6:::1 -all",
    "many": "v=spf1 " + " ".join(f"a:x{n}.many.auth.test" for n in range(11)) + " -all",
}
TOP_OF = re.compile(rb"\AReturn-Path: [^\r]*\r\nAuthentication-Results: mail\.example\.test;((?:\r\n\t[^\r]*)+)\r\nReceived: ")
MESSAGE = (b"From: Ann <ann@%s.auth.test>\r\nTo: alice@example.test\r\nSubject: hi\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\n"
           b"Message-ID: <1@auth.test>\r\n\r\nHello,\r\n\r\n  some text  \r\n.\r\n\r\n")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """{selector: (private PEM, record)} as opendkim-genkey and dkimpy's dknewkey make them."""
    folder = tmp_path_factory.mktemp("keys")
    keys = {}
    for selector, bits in (("rsa", "2048"), ("short", "512")):
        done = kx.run(["openssl", "genrsa", "-traditional", "-out", folder / selector, bits])
        assert done.returncode == 0, done.stdout
        public = subprocess.run(["openssl", "rsa", "-in", folder / selector, "-pubout", "-outform", "DER"], check=True,
                                capture_output=True).stdout
        keys[selector] = ((folder / selector).read_bytes(), "v=DKIM1; k=rsa; p=" + encode(public))
    import nacl.signing
    key = nacl.signing.SigningKey.generate()
    keys["ed"] = (encode(bytes(key)).encode(), "v=DKIM1; k=ed25519; p=" + encode(bytes(key.verify_key)))
    keys["gone"] = (keys["rsa"][0], "v=DKIM1; p=")
    keys["sha1only"] = (keys["rsa"][0], keys["rsa"][1].replace("k=rsa", "h=sha1"))
    keys["file"] = (folder / "rsa", "")
    return keys


def encode(data):
    import base64
    return base64.b64encode(data).decode()


def txt(text):
    return " ".join(f'"{text[at:at + 200]}"' for at in range(0, len(text), 200))


@pytest.fixture(scope="module")
def port():
    return world.free_port()


@pytest.fixture(scope="module")
def dns(keys):
    lines = [f"{name} TXT {txt(text)}\n" for name, text in SPF.items()]
    lines += [f"{selector}._domainkey.{domain} TXT {txt(record)}\n" for domain in ("good", "bad", "strict.good") for selector, (_, record)
              in keys.items() if record]
    lines.append("host A 127.0.0.1\nnear A 127.0.0.77\nmx MX 10 host\n1.0.0.127.ann.in-addr.list A 127.0.0.2\n"
                 "auth.test.test.list A 127.0.0.2\nboth TXT \"v=spf1 -all\"\nboth TXT \"v=spf1 +all\"\n"
                 "other TXT \"something else\"\nforward MX 10 out\nout A 127.0.9.73\n"
                 "_dmarc.good TXT \"v=DMARC1; p=reject\"\n_dmarc.strict.good TXT \"v=DMARC1; p=quarantine; adkim=s; aspf=s\"\n"
                 "_dmarc TXT \"v=DMARC1; p=none; sp=quarantine\"\nstrict.good TXT \"v=spf1 -all\"\n"
                 + "".join(f"x{n}.many A 192.0.2.1\n" for n in range(11)))
    lines.append("ptr TXT \"v=spf1 ptr -all\"\nclient.ptr A 10.1.2.3\nptrm TXT \"v=spf1 exists:%{p}.list.auth.test -all\"\n"
                 "client.ptr.auth.test.list A 127.0.0.2\n")
    reverse = "3 PTR nobody.test.\n3 PTR client.ptr.auth.test.\n4 PTR client.ptr.auth.test.\n"
    with world.name_server({"auth.test": "".join(lines), "2.1.10.in-addr.arpa": reverse}) as address:
        yield address


class Listener:
    """Passes questions on to the name server; of names with "silent" in them it says nothing. What was asked is in `names`."""

    def __init__(self, address):
        host, port = address.split("@")
        self.behind = (host, int(port))
        self.names = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1@{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            question, client = self.socket.recvfrom(4096)
            labels, at = [], 12
            while question[at]:
                labels.append(question[at + 1:at + 1 + question[at]].decode(errors="replace").lower())
                at += question[at] + 1
            self.names.append(".".join(labels))
            if "silent" not in labels:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as behind:
                    behind.settimeout(5)
                    behind.sendto(question, self.behind)
                    self.socket.sendto(behind.recv(65535), client)


@pytest.fixture(scope="module")
def listener(dns):
    return Listener(dns)


@pytest.fixture(scope="module")
def server(keryx_binary, listener, port):
    config = {"dns.servers": listener.address, "smtp.delivery-port": port, "internet.connection": "online", "queue.retry-interval": "1s",
              "log.debug": "spf-record-lookup", "dns.dnssec": "off"}
    with kx.running_server(keryx_binary, users=["alice", "carol"], config=config) as running:
        running.cli("alias", "add", "away@example.test", "bob@forward.auth.test")
        running.cli("dkim", "create", "example.test", "--selector", "seal")
        running.cli("ipgroup", "set", "Proxies", "--entries", "127.0.0.66")
        running.configure({"server.proxy-group": "Proxies"})
        yield running


def ask(dns):
    """A function that dkimpy asks for TXT records."""
    import dns.resolver as resolver
    address, port = dns.split("@")
    asker = resolver.Resolver(configure=False)
    asker.nameservers, asker.port = [address], int(port)

    def find(name, timeout=5):
        try:
            return b"".join(asker.resolve(name.decode(), "TXT")[0].strings)
        except resolver.NXDOMAIN:
            return None
    return find


def receive(server, message, sender="ann@good.auth.test", to="alice@example.test"):
    """Comes in from outside; (results by method, the whole message)."""
    before = set(server.eml_files("alice"))
    with server.smtp() as smtp:
        smtp.sendmail(sender, [to], message)
    files = server.eml_files("alice")
    (uid,) = set(files) - before
    return results(files[uid]), files[uid]


def results(content):
    top = TOP_OF.match(content)
    assert top, content[:600]
    return [tuple(re.match(r"(\w+)=(\w+)", part.strip()).groups()) + (part,)
            for part in top[1].decode().split(";") if part.strip()]


def result(found, method):
    return [(word, text) for name, word, text in found if name == method]


def signed(keys, selector="rsa", domain="good", message=None, **options):
    message = MESSAGE % domain.encode() if message is None else message
    algorithm = b"ed25519-sha256" if selector == "ed" else options.pop("algorithm", b"rsa-sha256")
    return dkim.sign(message, selector.encode(), f"{domain}.auth.test".encode(), keys[selector][0],
                     signature_algorithm=algorithm, **options) + message


# --- SPF

def test_spf_says_what_pyspf_says(server, dns, monkeypatch):
    """All records at once: one message for each, without a body that matters."""
    address, number = dns.split("@")
    import dns.resolver as resolver
    asker = resolver.Resolver(configure=False)
    asker.nameservers, asker.port, asker.lifetime = [address], int(number), 5

    def look_up(name, kind, *rest, **more):
        try:
            answer = asker.resolve(name, kind)
        except (resolver.NXDOMAIN, resolver.NoAnswer, resolver.NoNameservers):
            return []
        values = {"TXT": lambda r: tuple(r.strings), "A": lambda r: r.address, "AAAA": lambda r: r.address,
                  "MX": lambda r: (r.preference, str(r.exchange).rstrip(".")), "PTR": lambda r: str(r.target).rstrip(".")}
        return [((name, kind), values[kind](record)) for record in answer]

    monkeypatch.setattr(spf, "DNSLookup", look_up)
    names = [*SPF, "both", "other", "nowhere"]
    before = set(server.eml_files("alice"))
    with server.smtp() as smtp:
        for name in names:
            smtp.sendmail(f"ann-x@{name}.auth.test", ["alice@example.test"], f"Subject: {name}\r\n\r\n.\r\n".encode())
    files = server.eml_files("alice")
    found = {email.message_from_bytes(files[uid])["Subject"]: result(results(files[uid]), "spf")[0][0] for uid in set(files) - before}
    wanted = {name: spf.check2(CLIENT, f"ann-x@{name}.auth.test", "client.example.test", timeout=20)[0] for name in names}
    assert found == wanted
    assert {"pass", "fail", "softfail", "neutral", "none", "permerror"} <= set(found.values())


@pytest.mark.parametrize("client, sender, wanted", [
    ("10.1.2.3", "ptr", "pass"), ("10.1.2.4", "ptr", "fail"), ("10.1.2.5", "ptr", "fail"), ("10.1.2.3", "ptrm", "pass")])
def test_names_of_the_client_must_lead_back_to_it(server, client, sender, wanted):
    before = set(server.eml_files("alice"))
    with socket.create_connection(("127.0.0.1", server.port("smtp")), 30, ("127.0.0.66", 0)) as proxy:
        lines = [f"PROXY TCP4 {client} 127.0.0.1 1000 25", "HELO client.test", f"MAIL FROM:<a@{sender}.auth.test>",
                 "RCPT TO:<alice@example.test>", "DATA"]
        stream = proxy.makefile("rwb")
        for line in lines:
            stream.write(line.encode() + b"\r\n")
            stream.flush()
            if not line.startswith("PROXY"):
                assert stream.readline()[:1] in b"23"
            else:
                assert stream.readline().startswith(b"220")
        stream.write(b"Subject: names\r\n\r\n.\r\n")
        stream.flush()
        assert stream.readline().startswith(b"250")
    (uid,) = set(server.eml_files("alice")) - before
    assert result(results(server.eml_files("alice")[uid]), "spf")[0][0] == wanted


def test_without_a_sender_the_client_itself_is_asked_about(server):
    with server.smtp() as smtp:
        smtp.ehlo("good.auth.test")
        before = set(server.eml_files("alice"))
        smtp.sendmail("", ["alice@example.test"], MESSAGE % b"good")
    (uid,) = set(server.eml_files("alice")) - before
    word, text = result(results(server.eml_files("alice")[uid]), "spf")[0]
    assert word == "pass" and "smtp.helo=good.auth.test" in text and "ip4:127.0.0.0/8 in good.auth.test" in text


# --- DKIM

@pytest.mark.parametrize("selector, options, wanted, why", [
    ("rsa", {}, "pass", None), ("ed", {}, "pass", None), ("rsa", {"canonicalize": (b"simple", b"simple")}, "pass", None),
    ("rsa", {"canonicalize": (b"relaxed", b"simple")}, "pass", None),
    ("short", {}, "policy", "too short"), ("gone", {}, "permerror", "revoked"), ("sha1only", {}, "permerror", "not for SHA-256"),
    ("rsa", {"length": True}, "pass", None)])
def test_signatures_of_dkimpy(server, keys, selector, options, wanted, why):
    found, _ = receive(server, signed(keys, selector, **options))
    word, text = result(found, "dkim")[0]
    assert word == wanted and (not why or why in text), text
    assert "header.d=good.auth.test" in text and f"header.s={selector}" in text


@pytest.mark.parametrize("change, wanted, why", [
    (lambda m: m.replace(b"Hello", b"hello"), "fail", "body was changed"),
    (lambda m: m.replace(b"Subject: hi", b"Subject: ho"), "fail", "signature is wrong"),
    (lambda m: m.replace(b"Subject: hi", b"SUBJECT:  hi").replace(b"  some text  ", b" some   text"), "pass", None),
    (lambda m: m.replace(b"s=rsa;", b"s=none;"), "permerror", "no key"),
    (lambda m: m.replace(b"d=good.auth.test;", b"d=good.auth.test; x=1;"), "policy", "expired"),
    (lambda m: re.sub(rb" h=[^;]*;", b" h=subject;", m, count=1), "permerror", "From is not signed")])
def test_what_is_wrong_with_a_signature_is_said(server, keys, change, wanted, why):
    found, _ = receive(server, change(signed(keys, canonicalize=(b"relaxed", b"relaxed"))))
    word, text = result(found, "dkim")[0]
    assert word == wanted and (not why or why in text), text


def test_more_body_than_was_signed_does_not_count(server, keys):
    found, _ = receive(server, signed(keys, length=True) + b"and this\r\n")
    assert result(found, "dkim")[0][0] == "policy"


def test_sha_1_of_opendkim_does_not_count(server, keys):
    done = subprocess.run(["/usr/sbin/opendkim-testmsg", "-C", "-d", "good.auth.test", "-s", "rsa", "-k", keys["file"][0]],
                          input=MESSAGE % b"good", capture_output=True)
    assert done.returncode == 0, done.stderr
    found, _ = receive(server, done.stdout.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    word, text = result(found, "dkim")[0]
    assert word == "policy" and "SHA-1" in text  # all that this tool makes


# --- DMARC, and what is done with it

@pytest.mark.parametrize("sender, author, wanted, policy", [
    ("ann@good.auth.test", b"good", "pass", "reject"), ("ann@bad.auth.test", b"good", "pass", "reject"),
    ("ann@bad.auth.test", b"sub.bad", "pass", "quarantine"), ("eve@nowhere.auth.test", b"good", "fail", "reject"),
    ("ann@good.auth.test", b"strict.good", "fail", "quarantine")])
def test_dmarc_asks_whether_it_is_about_the_author(server, sender, author, wanted, policy):
    """auth.test is the registered domain of all of them, so relaxed alignment is what SPF passes for any."""
    if sender.startswith("ann@bad"):
        sender = "ann@includes.auth.test"
    found, _ = receive(server, MESSAGE % author, sender)
    word, text = result(found, "dmarc")[0]
    assert word == wanted and f"(p={policy})" in text and f"header.from={author.decode()}.auth.test" in text


def test_a_signature_of_the_author_makes_up_for_the_client(server, keys):
    found, _ = receive(server, signed(keys), "eve@bad.auth.test")
    assert [result(found, method)[0][0] for method in ("spf", "dkim", "dmarc")] == ["fail", "pass", "pass"]


@pytest.mark.parametrize("signer, wanted", [("good", "fail"), ("strict.good", "pass")])
def test_strict_alignment_of_signatures(server, keys, signer, wanted):
    message = signed(keys, domain=signer, message=MESSAGE % b"strict.good")
    found, _ = receive(server, message, "eve@bad.auth.test")
    assert result(found, "dkim")[0][0] == "pass" and result(found, "dmarc")[0][0] == wanted


def test_several_authors(server):
    """One of them is not enough, and nobody can say who wrote a message with two From."""
    two = b"From: ann@good.auth.test\r\n"
    word, text = result(receive(server, two + MESSAGE % b"good")[0], "dmarc")[0]
    assert word == "permerror" and "(several fields From)" in text
    server.wait_log("security", r"from <ann@good.auth.test>, sent by 127.0.0.1, .*dmarc=permerror")
    both = (MESSAGE % b"good").replace(b"Ann <ann@good.auth.test>", b"ann@good.auth.test, ann@strict.good.auth.test")
    word, text = result(receive(server, both)[0], "dmarc")[0]
    assert word == "fail" and "(p=quarantine)" in text and "header.from=strict.good.auth.test" in text


def test_too_many_fields(server):
    found, _ = receive(server, b"X: y\r\n" * 1001 + MESSAGE % b"good")
    assert result(found, "dmarc")[0][0] == "permerror" and result(found, "dkim")[0][0] == "permerror"
    assert result(found, "spf")[0][0] == "pass"


def test_a_slow_name_takes_nothing_else_away(server, keys):
    """The name server of one of the signers is silent: what else is known is said."""
    other = (b"DKIM-Signature: v=1; a=rsa-sha256; d=silent.auth.test; s=x; h=From; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; "
             b"b=AAAA\r\n")
    begin = time.monotonic()
    found, _ = receive(server, other + signed(keys), "eve@bad.auth.test")
    assert time.monotonic() - begin < 30
    assert [word for word, _ in result(found, "dkim")] == ["temperror", "pass"]
    assert result(found, "spf")[0][0] == "fail" and result(found, "dmarc")[0][0] == "pass"


def test_a_sender_with_a_slow_name(server, keys):
    found, _ = receive(server, signed(keys), "eve@silent.auth.test")
    assert result(found, "spf")[0][0] == "temperror"
    assert result(found, "dkim")[0][0] == "pass" and result(found, "dmarc")[0][0] == "pass"


def test_what_the_author_disowns_is_in_the_security_log_and_comes_all_the_same(server):
    found, _ = receive(server, MESSAGE % b"good", "eve@nowhere.auth.test")
    assert result(found, "dmarc")[0][0] == "fail"
    server.wait_log("security", r"from <eve@nowhere.auth.test>, sent by 127.0.0.1, is not what its author's domain good.auth.test "
                                r"sends: spf=none dkim=none dmarc=fail arc=none")
    server.wait_log("debug", r"from <eve@nowhere.auth.test>, 127.0.0.1: spf=none")


def test_what_others_say_in_our_name_is_taken_away(server):
    forged = (b"Authentication-Results: mail.example.test; dmarc=pass header.from=bank.test\r\n"
              b"AUTHENTICATION-RESULTS: (c (n))\r\n \"MAIL.example.test\" 1; spf=pass\r\n"
              b"Authentication-Results: mx.elsewhere.test; spf=pass\r\n")
    found, content = receive(server, forged + MESSAGE % b"bad", "eve@bad.auth.test")
    assert result(found, "spf")[0][0] == "fail"
    assert b"bank.test" not in content and b"MAIL.example" not in content and b"mx.elsewhere.test; spf=pass" in content
    assert content.lower().count(b"authentication-results") == 2


@pytest.mark.covers("NET-09", "NET-03")
def test_without_a_connection_nothing_is_asked(server, listener):
    server.cli("config", "set", "internet.connection", "offline")
    try:
        before = set(server.eml_files("alice"))
        asked = len(listener.names)
        with server.smtp() as smtp:
            smtp.sendmail("eve@bad.auth.test", ["alice@example.test"], MESSAGE % b"good")
        (uid,) = set(server.eml_files("alice")) - before
        assert b"Authentication-Results" not in server.eml_files("alice")[uid]
        assert len(listener.names) == asked
    finally:
        server.cli("config", "set", "internet.connection", "online")
    assert result(receive(server, MESSAGE % b"good", "ann@n9.auth.test")[0], "spf")[0][0] == "none"
    assert "n9.auth.test" in listener.names[asked:]


def test_who_may_relay_is_not_asked_about(server, listener):
    server.cli("ipgroup", "set", "Own", "--entries", "127.0.0.1")
    server.configure({"smtp.relay-group": "Own"})
    try:
        asked, before = len(listener.names), set(server.eml_files("alice"))
        with server.smtp() as smtp:
            smtp.sendmail("eve@n8.auth.test", ["alice@example.test"], MESSAGE % b"good")
        (uid,) = set(server.eml_files("alice")) - before
        assert b"Authentication-Results" not in server.eml_files("alice")[uid] and len(listener.names) == asked
    finally:
        server.configure({"smtp.relay-group": ""})


def test_users_are_not_asked_about(server):
    before = set(server.eml_files("alice"))
    with server.smtp("alice") as smtp:
        smtp.sendmail("alice@example.test", ["alice@example.test"], b"Subject: own\r\n\r\n.\r\n")
    (uid,) = set(server.eml_files("alice")) - before
    assert b"Authentication-Results" not in server.eml_files("alice")[uid]


@pytest.mark.covers("POP3D-03")
def test_who_it_was_downloaded_from_is_not_asked_about(server, listener):
    asked = len(listener.names)
    box = mailboxes.Box(b"Return-Path: <eve@bad.auth.test>\r\n" + MESSAGE % b"good")
    with mailboxes.pop3(box) as provider:
        server.cli("download", "add", "provider", "--host", "127.0.0.1", "--port", provider, "--tls", "none", "--login", "box",
                   "--password", "secret", "--deliver-to", "carol@example.test")
        server.cli("download", "run", "provider", "--wait")
        server.cli("download", "remove", "provider")
    (content,) = server.wait_messages("carol", 1).values()
    assert b"Authentication-Results" not in content and not [n for n in listener.names[asked:] if n.endswith("auth.test")]


# --- ARC

@pytest.fixture
def away(port):
    received = world.Received()
    with world.mail_server(received, "127.0.9.73", port):
        yield received


@pytest.fixture(scope="module")
def find(server, dns):
    own = {key["name"]: key["record"].encode() for key in server.cli("dkim", "list", as_json=True)}
    outside = ask(dns)
    return lambda name, timeout=5: own.get(name.decode().rstrip(".")) or outside(name)


def forward(server, away, message, sender="ann@good.auth.test"):
    with server.smtp() as smtp:
        smtp.sendmail(sender, ["away@example.test"], message)
    kx.wait_until(lambda: away.messages, 20, "it to arrive")
    return away.messages[0]


def test_what_is_sent_on_is_sealed(server, away, keys, find):
    original = signed(keys)
    sender, _, content, _ = forward(server, away, original)
    assert sender.startswith("SRS0=") and content.endswith(original)
    cv, sets, why = dkim.arc_verify(content, dnsfunc=find)
    assert cv == b"pass", why
    assert len(sets) == 1 and sets[0]["as-domain"] == b"example.test" and sets[0]["cv"] == b"none"
    assert dkim.verify(content, dnsfunc=find)
    found = email.message_from_bytes(content)["ARC-Authentication-Results"]
    assert re.match(r"i=1; mail\.example\.test;\s+spf=pass .*dkim=pass.*dmarc=pass.*arc=none", found, re.S), found


def test_a_chain_goes_on(server, away, keys, find):
    first = signed(keys)
    first = b"Authentication-Results: lists.auth.test; spf=pass\r\n" + first
    sealed = b"".join(dkim.arc_sign(first, b"rsa", b"good.auth.test", keys["rsa"][0], b"lists.auth.test")) + first
    _, _, content, _ = forward(server, away, sealed)
    cv, sets, why = dkim.arc_verify(content, dnsfunc=find)
    assert cv == b"pass" and len(sets) == 2, why
    assert "arc=pass" in email.message_from_bytes(content)["ARC-Authentication-Results"]


def test_what_could_not_be_checked_is_not_sealed(server, away, keys, listener):
    """One client has two places for checks; what finds none goes on at once, and nobody vouches for it."""
    def send(sender):
        with server.smtp() as smtp:
            smtp.sendmail(sender, ["alice@example.test"], MESSAGE % b"good")

    senders = [f"silent.n{n}.auth.test" for n in range(2)]
    threads = [threading.Thread(target=send, args=(f"eve@{sender}",)) for sender in senders]
    for thread in threads:
        thread.start()
    kx.wait_until(lambda: set(senders) <= set(listener.names), 10, "the two checks")
    begin = time.monotonic()
    _, _, content, _ = forward(server, away, signed(keys))
    took = time.monotonic() - begin
    busy = [thread.is_alive() for thread in threads]
    for thread in threads:
        thread.join()
    assert all(busy) and took < 10
    found = email.message_from_bytes(content)
    assert "spf=temperror" in found["Authentication-Results"] and "ARC-Seal" not in found


def test_slow_domains_of_one_client_hold_up_no_other(server, listener):
    """The workers that may wait for DNS are not all its."""
    def mail(ip, sender):
        with smtplib.SMTP("127.0.0.1", server.port("smtp"), source_address=(ip, 0), timeout=30) as smtp:
            smtp.ehlo("client.test")
            smtp.mail(sender)
            return smtp.rcpt("alice@example.test")[0]

    def asked():
        return sum("silent.m" in name for name in listener.names)

    server.configure({"smtp.sender-domain-must-exist": "yes"})
    threads = [threading.Thread(target=mail, args=("127.0.0.81", f"eve@silent.m{n}.auth.test")) for n in range(8)]
    for thread in threads:
        thread.start()
    kx.wait_until(lambda: asked() >= 2, 10, "the two questions")
    time.sleep(0.5)
    code, busy = mail("127.0.0.82", "bob@forward.auth.test"), sum(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.join()
    server.configure({"smtp.sender-domain-must-exist": "no"})
    assert code == 250 and busy == 2


def test_a_broken_chain_is_sealed_as_broken(server, away, keys, find):
    first = b"Authentication-Results: lists.auth.test; spf=pass\r\n" + signed(keys)
    sealed = b"".join(dkim.arc_sign(first, b"rsa", b"good.auth.test", keys["rsa"][0], b"lists.auth.test")) + first
    _, _, content, _ = forward(server, away, sealed.replace(b"Hello", b"hello"))
    cv, _, why = dkim.arc_verify(content, dnsfunc=find)
    assert cv is None and "reported failure, the chain is terminated" in why
    seals = email.message_from_bytes(content).get_all("ARC-Seal")
    assert "cv=fail" in seals[0] and "i=2" in seals[0]
    assert "arc=fail" in email.message_from_bytes(content)["ARC-Authentication-Results"]


def test_a_chain_that_comes_in_is_checked(server, keys):
    first = b"Authentication-Results: lists.auth.test; spf=pass\r\n" + signed(keys)
    sealed = b"".join(dkim.arc_sign(first, b"rsa", b"good.auth.test", keys["rsa"][0], b"lists.auth.test")) + first
    assert result(receive(server, sealed)[0], "arc")[0][0] == "pass"
    for old, new in ((b"ARC-Seal: i=1", b"ARC-Seal: i=2"), (b"cv=none", b"cv=pass"), (b"Subject: hi", b"Subject: ho")):
        assert old in sealed
        assert result(receive(server, sealed.replace(old, new))[0], "arc")[0][0] == "fail"
