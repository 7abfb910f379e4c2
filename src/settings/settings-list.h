/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every setting, one row each, sorted by area. No include guard: the file is included once per use of the
 * table. KX_SETTING(id, name, type, min, max, choices, preset, flags, spec, check, manual)
 */
/* clang-format off */
KX_SETTING(SERVER_HOSTNAME, "server.hostname", TEXT, 1, 253, NULL, "localhost", KX_SETTING_EDGE | KX_SETTING_COURIER, "DOM-03 INST-42", kx_check_hostname,
    "Internet host name of the server, used in SMTP, in greetings and in certificates.")

KX_SETTING(SMTP_MAX_RECIPIENTS, "smtp.max-recipients", INT, 1, 100000, NULL, "100", KX_SETTING_EDGE, "SMTP-21", NULL,
    "Most recipients accepted for one message; further ones get 452.")
KX_SETTING(SMTP_MAX_SIZE, "smtp.max-size", SIZE, 0, 4294967296, NULL, "25M", KX_SETTING_EDGE, "SMTP-23", NULL,
    "Largest message accepted over SMTP; 0 means no limit.")
KX_SETTING(SMTP_MAX_HOPS, "smtp.max-hops", INT, 1, 1000, NULL, "50", 0, "SMTP-24", NULL,
    "Most Received fields a message may carry; more means a loop, and the message is refused.")
KX_SETTING(SMTP_MAX_FAILED, "smtp.max-failed-commands", INT, 1, 10000, NULL, "10", KX_SETTING_EDGE, "SMTP-22", NULL,
    "After this many rejected commands in one session the connection is closed.")
KX_SETTING(SMTP_RELAY_GROUP, "smtp.relay-group", TEXT, 0, 100, NULL, "", 0, "SMTP-09 SMTP-13", NULL,
    "IP address group whose members may send to any domain without signing in; empty means none.")
KX_SETTING(SMTP_RELAY_AUTH, "smtp.relay-authenticated", BOOL, 0, 0, NULL, "yes", 0, "SMTP-10", NULL,
    "Whether users who have signed in over SMTP may send to any domain.")
KX_SETTING(SMTP_TIMEOUT, "smtp.timeout", DURATION, 10, 3600, NULL, "5m", KX_SETTING_EDGE, "", NULL,
    "How long the server waits for the next command or more data of a client.")

KX_SETTING(IMAP_IDLE_TIMEOUT, "imap.idle-timeout", DURATION, 60, 86400, NULL, "30m", KX_SETTING_EDGE, "", NULL,
    "How long a signed-in client may be silent (RFC 9051 section 5.4 asks for at least 30 minutes).")
KX_SETTING(IMAP_MAX_APPEND, "imap.max-append-size", SIZE, 0, 4294967296, NULL, "1G", KX_SETTING_EDGE, "", NULL,
    "Largest message a client may store with APPEND; 0 means no limit.")
KX_SETTING(POP3_IDLE_TIMEOUT, "pop3.idle-timeout", DURATION, 600, 86400, NULL, "10m", KX_SETTING_EDGE, "SMTP-36", NULL,
    "How long a client may be silent (RFC 1939 section 3 asks for at least 10 minutes).")
KX_SETTING(LOGIN_TIMEOUT, "server.login-timeout", DURATION, 10, 3600, NULL, "1m", KX_SETTING_EDGE, "", NULL,
    "How long an IMAP or POP3 client may take to sign in.")
KX_SETTING(AUTH_CLEAR_LOOPBACK, "auth.clear-text-from-loopback", BOOL, 0, 0, NULL, "yes", KX_SETTING_EDGE, "AUTH-01", NULL,
    "Whether IMAP and POP3 clients on this host may sign in without TLS; all others never may.")
/* clang-format on */
