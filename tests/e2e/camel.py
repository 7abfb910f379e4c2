#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Evolution's mail engine, Camel, as a program: reads commands as lines of JSON, answers each with a line of JSON.

    camel.py HOST PORT USER PASSWORD FOLDER

It runs in a process of its own because it must be able to be killed, and brings threads and a main loop along.
"""

import json
import os
import sys
import threading

import gi

gi.require_version("Camel", "1.2")
from gi.repository import Camel, Gio, GLib  # noqa: E402  (needs the version)


class Session(Camel.Session):
    password = None

    def do_get_password(self, *_):
        return self.password

    def do_trust_prompt(self, *_):
        return Camel.CertTrust.TEMPORARY

    def do_authenticate_sync(self, service, mechanism, cancellable):
        service.set_password(self.password)
        return service.authenticate_sync(mechanism, cancellable) == Camel.AuthenticationResult.ACCEPTED


class Client:
    """One IMAP account in Camel; each public method is a command."""

    def __init__(self, host, port, user, password, folder):
        Camel.init(folder, False)
        Camel.provider_init()
        self.session = Session(user_data_dir=f"{folder}/data", user_cache_dir=f"{folder}/cache")
        self.session.password = password
        self.session.set_online(True)
        self.store = self.session.add_service("test", "imapx", Camel.ProviderType.STORE)
        settings = self.store.ref_settings()
        for name, value in (("host", host), ("port", int(port)), ("user", user), ("auth-mechanism", "PLAIN"),
                            ("security-method", Camel.NetworkSecurityMethod.SSL_ON_ALTERNATE_PORT),
                            ("use-subscriptions", False), ("use-qresync", True), ("use-idle", True)):
            settings.set_property(name, value)
        threading.Thread(target=GLib.MainLoop().run, daemon=True).start()

    def folder(self, name):
        return self.store.get_folder_sync(name, 0, None)

    def online(self, wanted):
        self.store.set_online_sync(wanted, None)

    def refresh(self, name):
        """{UID: [subject, seen, flagged, deleted, keywords]}"""
        folder = self.folder(name)
        folder.refresh_info_sync(None)
        return self.look(name)

    def look(self, name):
        folder = self.folder(name)
        found = {}
        for uid in folder.get_uids():
            info = folder.get_message_info(uid)
            flags = info.get_flags()
            found[uid] = [info.get_subject(), bool(flags & Camel.MessageFlags.SEEN), bool(flags & Camel.MessageFlags.FLAGGED),
                          bool(flags & Camel.MessageFlags.DELETED), info.get_user_flag("$Work")]
        return found

    def source(self, name, uid):
        message = self.folder(name).get_message_sync(uid, None)
        stream = Gio.MemoryOutputStream.new_resizable()
        message.write_to_output_stream_sync(stream, None)
        stream.close(None)
        return stream.steal_as_bytes().get_data().decode("latin-1")

    def flag(self, name, uid, flag, on):
        mask = getattr(Camel.MessageFlags, flag)
        self.folder(name).set_message_flags(uid, mask, mask if on else 0)

    def keyword(self, name, uid, keyword, on):
        self.folder(name).set_message_user_flag(uid, keyword, on)

    def synchronize(self, name, expunge):
        self.folder(name).synchronize_sync(expunge, None)

    def transfer(self, name, uids, target, move):
        self.folder(name).transfer_messages_to_sync(uids, self.folder(target), move, None)

    def append(self, name, source):
        message = Camel.MimeMessage.new()
        message.construct_from_stream_sync(Camel.StreamMem.new_with_buffer(source.encode("latin-1")), None)
        self.folder(name).append_message_sync(message, Camel.MessageInfo.new(None), None)

    def create(self, parent, name):
        return self.store.create_folder_sync(parent or None, name, None).full_name

    def rename(self, old, new):
        self.store.rename_folder_sync(old, new, None)

    def delete(self, name):
        self.store.delete_folder_sync(name, None)


def main():
    # Camel's threads write what they do to the standard output: answers need one of their own.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    client = Client(*sys.argv[1:])
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        try:
            answer = {"value": getattr(client, command)(*arguments)}
        except Exception as error:  # whatever it is, the test is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


main()
