# SPDX-License-Identifier: Apache-2.0
"""What an authority says about the server's certificate (OCSP) is shown with it, with OpenSSL's responder."""

import subprocess

import pytest

import kx
import slapd

CONFIG = """\
[leaf]
subjectAltName = DNS:{host}
authorityInfoAccess = OCSP;URI:http://127.0.0.1:{port}/
[middle]
basicConstraints = critical,CA:TRUE
[plain]
subjectAltName = DNS:{host}
[long]
subjectAltName = DNS:{host}
authorityInfoAccess = OCSP;URI:http://127.0.0.1:{port}/{path}
[responder]
extendedKeyUsage = OCSPSigning
"""


class Authority:
    """A root, and below it an authority that has issued a certificate for the server and answers about it."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, slapd.free_port(), None
        (folder / "own.cnf").write_text(CONFIG.format(host=kx.HOSTNAME, port=self.port, path="x" * 2000))
        self.openssl("req", "-x509", *self.new_key("root"), "-subj", "/CN=Root", "-days", "30", "-out", "root.pem")
        self.openssl("req", "-x509", *self.new_key("stranger"), "-subj", "/CN=Middle", "-days", "30", "-out",
                     "stranger.pem")
        self.issue("middle", "2", "middle", "root")
        for name, serial, section in (("own", "4660", "leaf"), ("plain", "4661", "plain"), ("long", "4663", "long"),
                                      ("responder", "4662", "responder")):
            self.issue(name, serial, section, "middle")
            chain = (folder / f"{name}.pem").read_text() + (folder / "middle.pem").read_text()
            (folder / f"{name}-chain.pem").write_text(chain)
        self.say("V")

    def issue(self, name, serial, section, issuer):
        self.openssl("req", *self.new_key(name), "-subj", f"/CN={name.capitalize()}", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key",
                     "-set_serial", serial, "-days", "20", "-extfile", "own.cnf", "-extensions", section, "-out",
                     f"{name}.pem")

    @staticmethod
    def new_key(name):
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, stdin=subprocess.DEVNULL,
                       capture_output=True)

    def say(self, state):
        """V: it is good; R: it is revoked."""
        revoked = "250101000000Z" if state == "R" else ""
        (self.folder / "index").write_text(f"{state}\t400101000000Z\t{revoked}\t1234\tunknown\t/CN=own\n")

    def start(self, signer="middle", days=4):
        self.stop()
        self.process = subprocess.Popen(
            ["openssl", "ocsp", "-port", str(self.port), "-index", "index", "-CA", "middle.pem", "-rsigner",
             f"{signer}.pem", "-rkey", f"{signer}.key", "-ndays", str(days), "-ignore_err"], cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        # It says when it listens; a connection to find out would be served, and it serves one at a time.
        assert any(b"ACCEPT" in line or b"waiting" in line for line in self.process.stderr)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def authority(tmp_path):
    instance = Authority(tmp_path)
    yield instance
    instance.stop()


def bring(server, authority, name):
    """Imports the certificate and puts it into use."""
    done = server.cli("cert", "import", authority.folder / f"{name}-chain.pem", "--key", authority.folder / f"{name}.key",
                      "--name", name, as_json=True)
    server.cli("cert", "activate", done["name"])


def shown(server, service="imaps"):
    """What OpenSSL's client sees with the certificate."""
    done = kx.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port(service)}", "-status", "-servername",
                   kx.HOSTNAME], input=b"")
    return done.stdout.decode()


def is_good(text):
    return "OCSP Response Status: successful" in text and "Cert Status: good" in text


@pytest.mark.covers("CERT-02")
@pytest.mark.parametrize("signer", ["middle", "responder"])
def test_the_authority_s_word_comes_with_the_certificate(fresh_server, authority, signer):
    """Signed by itself, or by whom it has named."""
    server = fresh_server()
    authority.start(signer)
    bring(server, authority, "own")
    kx.wait_until(lambda: is_good(shown(server)), 20, "the answer is shown")
    for service in ("pop3s", "smtps", "admin"):
        assert is_good(shown(server, service)), service
    assert server.cli("cert", "show", "own", as_json=True)["ocsp-until"].startswith("20")
    done = kx.run(["gnutls-cli", "--x509cafile", authority.folder / "root.pem", "-p", server.port("imaps"),
                   "--verify-hostname", kx.HOSTNAME, "--sni-hostname", kx.HOSTNAME, "127.0.0.1"], input=b"")
    assert b"- Status: The certificate is trusted." in done.stdout, done.stdout.decode()
    authority.stop()
    server.restart()  # what is kept is shown without asking
    assert is_good(shown(server))


def test_nothing_is_shown_that_proves_nothing(fresh_server, authority):
    server = fresh_server()
    authority.start("stranger")
    bring(server, authority, "own")
    server.wait_log("warning", r"Certificate 'own'.*signature is not the authority's", 20)
    assert "OCSP response: no response sent" in shown(server)
    assert server.cli("cert", "show", "own", as_json=True)["ocsp-until"] == "none"


def test_an_authority_that_does_not_answer(fresh_server, authority):
    server = fresh_server()
    bring(server, authority, "own")
    server.wait_log("warning", r"Certificate 'own'.*could not be had: ", 20)
    assert "OCSP response: no response sent" in shown(server)


def test_an_authority_whose_address_is_too_long_is_not_asked(fresh_server, authority):
    server = fresh_server()
    bring(server, authority, "long")
    assert "ocsp-until" not in server.cli("cert", "show", "long", as_json=True)


def test_a_certificate_that_was_revoked(fresh_server, authority):
    server = fresh_server()
    authority.say("R")
    authority.start()
    bring(server, authority, "own")
    server.wait_log("error", r"Certificate 'own'.*it has revoked the certificate", 20)
    assert "OCSP response: no response sent" in shown(server)


def test_who_names_nobody_is_not_asked_about(fresh_server, authority):
    server = fresh_server()
    bring(server, authority, "plain")
    assert "OCSP response: no response sent" in shown(server)
    assert "ocsp-until" not in server.cli("cert", "show", "plain", as_json=True)


def test_an_answer_belongs_to_one_certificate(fresh_server, authority):
    """Under the same name comes another: the word about the old one is not shown with it."""
    server = fresh_server()
    authority.start()
    bring(server, authority, "own")
    kx.wait_until(lambda: is_good(shown(server)), 20, "the answer is shown")
    authority.stop()
    for part in ("crt", "key"):
        source = authority.folder / ("plain-chain.pem" if part == "crt" else "plain.key")
        (server.data / "sslcert" / f"own.{part}").write_bytes(source.read_bytes())
    server.restart()
    assert "OCSP response: no response sent" in shown(server)


def test_switched_off(fresh_server, authority):
    server = fresh_server(config={"tls.ocsp-stapling": "no"})
    authority.start()
    bring(server, authority, "own")
    server.configure({"tls.ocsp-stapling": "yes"})
    kx.wait_until(lambda: is_good(shown(server)), 20, "it is looked at when it is switched on")
