# SPDX-License-Identifier: Apache-2.0
"""Relaying for addresses that signed in over POP3 (off unless an administrator wants it)."""

import smtplib

import pytest


def rcpt_code(server):
    with smtplib.SMTP("127.0.0.1", server.port("smtp")) as smtp:
        smtp.ehlo()
        smtp.mail("someone@example.org")
        code, _ = smtp.rcpt("elsewhere@example.net")
        return code


def read_mail(server):
    server.pop3("alice").quit()


@pytest.mark.covers("SMTP-11", "OVR-30", "TECH-52")
def test_relay_after_pop3(fresh_server):
    server = fresh_server(users=("alice",))
    read_mail(server)
    assert rcpt_code(server) == 550, "it is off by default"
    server.configure({"smtp.relay-after-pop3": "yes"})
    assert rcpt_code(server) == 250
    server.restart()
    assert rcpt_code(server) == 550, "nobody has signed in since"
    read_mail(server)
    assert rcpt_code(server) == 250
