# SPDX-License-Identifier: Apache-2.0
"""Thunderbird without a screen, driven from inside over Marionette, Mozilla's remote protocol.

A message of the protocol is its length in decimal, a colon, and JSON: [0, number, command, parameters] asks,
[1, number, error, result] answers. Scripts run with the rights of Thunderbird's own code.
"""

import json
import os
import signal
import socket
import subprocess
import time

START_SECONDS = 120
SCRIPT_SECONDS = 40

PREFERENCES = """
user_pref("marionette.port", {marionette});
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
user_pref("mail.provider.suppress_dialog_on_startup", true);
user_pref("mail.spotlight.firstRunDone", true);
user_pref("mail.rights.version", 1);
user_pref("mailnews.start_page.enabled", false);
user_pref("mail.shell.checkDefaultClient", false);
user_pref("mail.biff.on_startup", false);
user_pref("network.manage-offline-status", false);
user_pref("offline.autoDetect", false);
user_pref("offline.startup_state", 2);
user_pref("mail.accountmanager.accounts", "account1");
user_pref("mail.accountmanager.defaultaccount", "account1");
user_pref("mail.account.account1.server", "server1");
user_pref("mail.account.account1.identities", "id1");
user_pref("mail.identity.id1.useremail", "{address}");
user_pref("mail.identity.id1.fullName", "Somebody");
user_pref("mail.identity.id1.valid", true);
user_pref("mail.server.server1.type", "imap");
user_pref("mail.server.server1.hostname", "127.0.0.1");
user_pref("mail.server.server1.port", {port});
user_pref("mail.server.server1.socketType", 3);
user_pref("mail.server.server1.authMethod", 3);
user_pref("mail.server.server1.userName", "{address}");
user_pref("mail.server.server1.name", "test");
user_pref("mail.server.server1.check_new_mail", false);
user_pref("mail.server.server1.login_at_startup", false);
user_pref("mail.server.server1.offline_download", false);
user_pref("mail.server.server1.autosync_offline_stores", false);
user_pref("mail.server.server1.delete_model", 0);
user_pref("mail.server.server1.use_condstore", true);
"""

# What every script finds: the account's root folder, a folder by its path, and promises for what Thunderbird says by
# listeners. Services and ChromeUtils are there anyway.
PRELUDE = """
const {MailServices} = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const account = MailServices.accounts.accounts[0];
const server = account.incomingServer;
const root = server.rootFolder;
const window = Services.wm.getMostRecentWindow(null);
function folderAt(path) {
  let folder = root;
  for (const name of path.split("/"))
    folder = folder?.subFolders.find(each => each.name === name || (name === "INBOX" && each.name === "Inbox"));
  return folder;
}
function urlDone(start) {
  return new Promise((resolve, reject) => {
    start({
      QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
      OnStartRunningUrl() {},
      OnStopRunningUrl(url, status) {
        if (Components.isSuccessCode(status)) resolve(); else reject(new Error("status " + status.toString(16)));
      },
    });
  });
}
function copyDone(start) {
  return new Promise((resolve, reject) => {
    start({
      QueryInterface: ChromeUtils.generateQI(["nsIMsgCopyServiceListener"]),
      onStartCopy() {}, onProgress() {}, setMessageKey() {}, getMessageId() { return null; },
      onStopCopy(status) {
        if (Components.isSuccessCode(status)) resolve(); else reject(new Error("status " + status.toString(16)));
      },
    });
  });
}
// Thunderbird sometimes drops a job without a word when another touches the same folder: who calls looks and tries again.
function attempt(job) {
  return Promise.race([job, new Promise(resolve => window.setTimeout(resolve, 10000))]).catch(() => {});
}
function sync(path) {
  return attempt(urlDone(listener =>
    folderAt(path).QueryInterface(Ci.nsIMsgImapMailFolder).updateFolderWithListener(null, listener)));
}
function discover() {
  return attempt(urlDone(listener => MailServices.imap.discoverAllFolders(root, listener, null)));
}
function download(path) {
  return attempt(urlDone(listener => folderAt(path).downloadAllForOffline(listener, null)));
}
function headers(path) {
  return [...folderAt(path).messages];
}
function header(path, subject) {
  return headers(path).find(each => each.mime2DecodedSubject === subject);
}
function source(path, subject) {
  const uri = folderAt(path).getUriForMsg(header(path, subject));
  return new Promise((resolve, reject) => {
    let octets = "";
    MailServices.messageServiceFromURI(uri).streamMessage(uri, {
      QueryInterface: ChromeUtils.generateQI(["nsIStreamListener", "nsIRequestObserver"]),
      onStartRequest() {},
      onDataAvailable(request, stream, offset, count) {
        const input = Cc["@mozilla.org/binaryinputstream;1"].createInstance(Ci.nsIBinaryInputStream);
        input.setInputStream(stream);
        octets += input.readBytes(count);
      },
      onStopRequest(request, status) {
        if (Components.isSuccessCode(status)) resolve(octets); else reject(new Error("status " + status.toString(16)));
      },
    }, null, null, false, "", false);
  });
}
"""


class MarionetteError(Exception):
    """Thunderbird refused or failed."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Thunderbird:
    """A running Thunderbird with one account of the server, its profile and home under `folder`."""

    def __init__(self, program, server, user, password, folder):
        self.folder = folder
        self.server, self.user, self.password = server, user, password
        self.program = program
        self.port = free_port()
        self.profile = folder / "profile"
        self.profile.mkdir()
        (self.profile / "user.js").write_text(PREFERENCES.format(
            marionette=self.port, port=server.port("imaps"), address=server.address(user)))
        self.process = None
        self.start_patiently()

    def start_patiently(self):
        """Now and then a Thunderbird on a busy machine takes the connection and never answers: the next one does."""
        for _ in range(3):
            try:
                self.start()
                self.trust()
                return
            except (OSError, MarionetteError) as error:
                self.stop()
                failure = error
        raise failure

    def start(self):
        environment = {"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": str(self.folder),
                       "MOZ_LOG": "timestamp,sync,IMAP:4", "MOZ_LOG_FILE": str(self.folder / "log")}
        with open(self.folder / "output", "wb") as output:
            self.process = subprocess.Popen(
                [self.program, "--headless", "--marionette", "--remote-allow-system-access", "--no-remote",
                 "--profile", str(self.profile)], env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True)
        self.socket = self._connect()
        self.file = self.socket.makefile("rb")
        self.number = 0
        self._read()
        self.call("WebDriver:NewSession")
        self.call("WebDriver:SetTimeouts", script=SCRIPT_SECONDS * 1000)
        self.call("Marionette:SetContext", value="chrome")

    def _connect(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), SCRIPT_SECONDS + 10)
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise MarionetteError((self.folder / "output").read_text()[-2000:]) from None
                time.sleep(0.1)

    def _read(self):
        size = b""
        while not size.endswith(b":"):
            octet = self.file.read(1)
            if not octet:
                raise MarionetteError("the connection ended")
            size += octet
        return json.loads(self.file.read(int(size[:-1])))

    def call(self, command, **parameters):
        self.number += 1
        text = json.dumps([0, self.number, command, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self._read()
        if error:
            raise MarionetteError(f"{error['message']}\n{error['stacktrace'][:600]}")
        return result

    def run(self, script, *arguments):
        """Runs the body of an async function; its arguments are in `args`, what it returns is returned."""
        body = (PRELUDE + "const done = arguments[arguments.length - 1], args = [...arguments];\n"
                "(async () => {" + script + "})().then(value => done({value: value ?? null}),"
                " error => done({error: String(error) + ' ' + error.stack}));")
        answer = self.call("WebDriver:ExecuteAsyncScript", script=body, args=list(arguments))["value"]
        if "error" in answer:
            raise MarionetteError(answer["error"])
        return answer["value"]

    def trust(self):
        """Gives it the password and the certificate, as a person would who is asked once."""
        pem = self.server.certificate()
        base64 = "".join(line for line in pem.splitlines() if not line.startswith("-----"))
        self.run("""
            const [user, password, base64, port] = args;
            const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
            login.init("imap://127.0.0.1", null, "imap://127.0.0.1", user, password, "", "");
            await Services.logins.addLoginAsync(login);
            const database = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
            const certificate = database.constructX509FromBase64(base64);
            Cc["@mozilla.org/security/certoverride;1"].getService(Ci.nsICertOverrideService)
              .rememberValidityOverride("127.0.0.1", port, {}, certificate, false);
            """, self.server.address(self.user), self.password, base64, self.server.port("imaps"))

    def log(self):
        """What Thunderbird and the server said to each other."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("log*.moz_log")))

    def stop(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)
        self.process = None
