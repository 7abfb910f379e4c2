# SPDX-License-Identifier: Apache-2.0
"""Private instances of Debian's Postfix and Dovecot, on loopback ports of their own, for comparison.

Postfix accepts mail, queues it durably and hands it to Dovecot by LMTP over a Unix socket; Dovecot
stores it and serves IMAP. Both are set up to do well: no name lookups, no access maps, no limits on
clients, many recipients in one LMTP transaction, login processes that stay (Dovecot's documented
"high-performance mode"). Durability is as shipped, where a benchmark does not set `fsync`: Postfix syncs its queue
files, Dovecot its messages.
Both need root, as their master processes do.
"""

import ctypes
import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

PASSWORD = "peer"
DOMAIN = "bench.test"
START_SECONDS = 20

MAIN_CF = """compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/postfix-data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {base}/postfix.log
maillog_file_prefixes = {base}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.{domain}
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = static:all
virtual_transport = lmtp:unix:{base}/lmtp
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_recipient_limit = 10000
default_process_limit = 200
in_flow_delay = 0
message_size_limit = 104857600
smtpd_tls_security_level = {tls_level}
smtpd_tls_chain_files = {base}/tls.pem
smtpd_sasl_auth_enable = {sasl}
smtpd_sasl_type = dovecot
smtpd_sasl_path = {base}/auth
smtpd_relay_restrictions = {relay}
"""

MASTER_CF = """127.0.0.1:{port} inet n - n - - smtpd
{extra}
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""

DOVECOT_CONF = """base_dir = {base}/dovecot-run
state_dir = {base}/dovecot-state
log_path = {base}/dovecot.log
instance_name = keryx-bench
protocols = imap lmtp {protocols}
listen = 127.0.0.1
ssl = yes
ssl_cert = <{base}/tls.pem
ssl_key = <{base}/tls.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %n
default_vsz_limit = 0
default_client_limit = 100000
default_process_limit = 10000
mail_location = {location}
mail_fsync = {fsync}
mail_max_userip_connections = 0
first_valid_uid = 1
first_valid_gid = 1
lmtp_save_to_detail_mailbox = no
passdb {{
  driver = static
  args = password={secret}
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home={base}/home/%n allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  service_count = 0
  process_min_avail = 2
  client_limit = 20000
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 10000
  client_limit = 1
}}
service lmtp {{
  process_min_avail = 2
  unix_listener {base}/lmtp {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener {base}/auth {{
    mode = 0666
  }}
}}
service stats {{
  client_limit = 100000
}}
{extra}
"""

POP3_CONF = """service pop3-login {{
  service_count = 0
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
"""


class PeerError(Exception):
    """A peer did not start, or a tool of its failed."""


def argon2id(password):
    """A hash that costs as much to check as those in src/directory/credentials.c."""
    sodium, out = ctypes.CDLL("libsodium.so.23"), ctypes.create_string_buffer(128)
    text, passes, memory, algorithm = password.encode(), 2, 19456 * 1024, 2
    if sodium.crypto_pwhash_str_alg(out, text, ctypes.c_ulonglong(len(text)), ctypes.c_ulonglong(passes),
                                    ctypes.c_size_t(memory), algorithm):
        raise PeerError("libsodium makes no hash")
    return "{ARGON2ID}" + out.value.decode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, what):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise PeerError(f"{what} does not answer on port {port}")


def make_certificate(path):
    key = path.with_suffix(".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", f"/CN=mail.{DOMAIN}", "-keyout", str(key),
                    "-out", str(path)], check=True, capture_output=True)
    path.write_text(key.read_text() + path.read_text())
    key.unlink()


class Peers:
    """One Postfix and one Dovecot over the directory `base`, which the caller makes and removes.

    `ports` may name smtp, imap, imaps (and smtps, submission, pop3, pop3s); ports it does not name
    are chosen, and services beyond the first three exist only when named.
    """

    def __init__(self, base, mailbox_format="sdbox", ports=None):
        self.base = Path(base)
        self.ports = {name: free_port() for name in ("smtp", "imap", "imaps")} | (ports or {})
        self.mailbox_format = mailbox_format
        self.fsync = "optimized"  # Dovecot's default; read at each start
        self.dovecot = None
        self.postfix_running = False
        self._config = self.base / "postfix-conf"

    def start(self, smtp=True):
        self.base.chmod(0o755)
        make_certificate(self.base / "tls.pem")
        self._start_dovecot()
        if smtp:
            self._start_postfix()

    def start_sender(self, resolver, settings):
        """Postfix alone, which takes mail for everybody from this machine and sends it on; with a resolv.conf."""
        self._start_postfix(relay="permit_mynetworks, reject", resolver=resolver,
                            settings=["virtual_mailbox_domains =", "disable_dns_lookups = no", *settings])

    def restart_dovecot(self, hashed=False):
        """With the password as it is, which costs nothing to check, or as a hash as costly as Keryx's."""
        self._stop_dovecot()
        self._start_dovecot(argon2id(PASSWORD) if hashed else PASSWORD)

    def _start_dovecot(self, secret=PASSWORD):
        mail_user = pwd.getpwnam("mail")
        home = self.base / "home"
        home.mkdir(exist_ok=True)
        os.chown(home, mail_user.pw_uid, mail_user.pw_gid)
        pop3 = "pop3" in self.ports
        config = self.base / "dovecot.conf"
        config.write_text(DOVECOT_CONF.format(
            base=self.base, location=f"{self.mailbox_format}:~/mail", fsync=self.fsync, secret=secret,
            user="mail", imap=self.ports["imap"], imaps=self.ports["imaps"], protocols="pop3" if pop3 else "",
            extra=POP3_CONF.format(**self.ports) if pop3 else ""))
        self.dovecot = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(config)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        wait_for_port(self.ports["imap"], "Dovecot")

    def _start_postfix(self, relay="permit_sasl_authenticated, reject_unauth_destination", resolver=None, settings=()):
        for folder in (self._config, self.base / "queue", self.base / "postfix-data"):
            folder.mkdir(exist_ok=True)
        shutil.chown(self.base / "postfix-data", "postfix")
        extra = []
        if "submission" in self.ports:
            extra.append(f"127.0.0.1:{self.ports['submission']} inet n - n - - smtpd\n"
                         "  -o smtpd_tls_auth_only=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject")
        if "smtps" in self.ports:
            extra.append(f"127.0.0.1:{self.ports['smtps']} inet n - n - - smtpd\n"
                         "  -o smtpd_tls_wrappermode=yes")
        secure = bool(extra)
        (self._config / "main.cf").write_text(MAIN_CF.format(
            base=self.base, domain=DOMAIN, sasl="yes" if secure else "no",
            tls_level="may" if secure else "none",
            relay=relay) + "".join(f"{line}\n" for line in settings))
        (self._config / "master.cf").write_text(
            MASTER_CF.format(port=self.ports["smtp"], extra="\n".join(extra)))
        command = ["/usr/sbin/postfix", "-c", str(self._config), "start"]
        if resolver:  # for its processes only
            script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
            command = ["unshare", "--mount", "sh", "-c", script, str(resolver), *command]
        done = subprocess.run(command,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.postfix_running = True
        if done.returncode != 0:
            raise PeerError(f"Postfix did not start: {done.stderr}{self.log('postfix')}")
        wait_for_port(self.ports["smtp"], "Postfix")

    def stop(self):
        if self.postfix_running:
            subprocess.run(["/usr/sbin/postfix", "-c", str(self._config), "stop"],
                           stdin=subprocess.DEVNULL, capture_output=True)
            self.postfix_running = False
        self._stop_dovecot()

    def _stop_dovecot(self):
        if self.dovecot is None:
            return
        self.dovecot.terminate()
        try:
            self.dovecot.wait(20)
        except subprocess.TimeoutExpired:
            self.dovecot.kill()
            self.dovecot.wait()
        self.dovecot = None

    def log(self, name):
        path = self.base / f"{name}.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""
