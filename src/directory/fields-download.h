/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of mailboxes on other servers; see directory/object-list.h. No include guard. */
/* clang-format off */
KX_FIELD(DOWNLOAD, DESCRIPTION, "description", "Description", 0, text, description, "POP3D-04",
    "Free text.")
KX_FIELD(DOWNLOAD, DISABLED, "disabled", "Enabled", KX_FIELD_INVERTED, bool, disabled, "POP3D-01",
    "Is left out when mail is downloaded.")
KX_FIELD(DOWNLOAD, PROTOCOL, "protocol", "Protocol", 0, fetch_protocol, protocol, "POP3D-04",
    "How the mailbox is read. Default: pop3.")
KX_FIELD(DOWNLOAD, HOST, "host", "Server", 0, host, host, "POP3D-04",
    "The server: a name, or an IP address.")
KX_FIELD(DOWNLOAD, PORT, "port", "Port", 0, port, port, "POP3D-10",
    "Its port. 0: the usual one, 995 and 110 for POP3, 993 and 143 for IMAP.")
KX_FIELD(DOWNLOAD, TLS, "tls", "SSL_mode", 0, fetch_tls, tls, "POP3D-10",
    "How the connection is protected: tls from the first byte (default), starttls by the command STLS or STARTTLS, or none.")
KX_FIELD(DOWNLOAD, ANY_CERTIFICATE, "any-certificate", "Any_certificate", 0, bool, any_certificate, "POP3D-11",
    "Takes any certificate. Without it, the server's must be good and name the host.")
KX_FIELD(DOWNLOAD, LOGIN, "login", "Username", 0, text, login, "POP3D-04",
    "The name to sign in with.")
KX_FIELD(DOWNLOAD, PASSWORD, "password", "Password", KX_FIELD_HIDDEN, secret, password, "POP3D-04 POP3D-11",
    "The password, or the access token for xoauth2 and oauthbearer. It is never shown.")
KX_FIELD(DOWNLOAD, AUTH, "auth", "Authentication", 0, fetch_auth, auth, "POP3D-11",
    "How to sign in. auto (default) takes what the server offers, without TLS first what hides the password (SCRAM, CRAM-MD5, APOP); user is USER and PASS, in IMAP LOGIN.")
KX_FIELD(DOWNLOAD, FOLDER, "folder", "Folder", 0, text, folder, "POP3D-04",
    "The folder to read, in IMAP. Default: INBOX.")
KX_FIELD(DOWNLOAD, DELIVER_TO, "deliver-to", "Deliver_to", 0, address, deliver_to, "POP3D-05",
    "The address that gets all messages: of a user, a group or an alias, or elsewhere.")
KX_FIELD(DOWNLOAD, SORT, "sort", "Use_sorting_rules", 0, bool, sort, "POP3D-06",
    "Messages are sorted by the sorting rules instead.")
KX_FIELD(DOWNLOAD, HEADER, "header", "Preferred_header", 0, header_name, header, "POP3D-07",
    "The header field in which addresses are looked for first, such as X-Envelope-To, Delivered-To or Received. Afterwards it is Resent-To and Resent-Cc, then To and Cc.")
KX_FIELD(DOWNLOAD, DROP_DUPLICATES, "drop-duplicates", "Drop_duplicates", 0, bool, drop_duplicates, "POP3D-09",
    "Of messages that are the same but for trace fields, and go to the same recipients, one is delivered.")
KX_FIELD(DOWNLOAD, KEEP, "keep", "Leave_on_server", 0, bool, keep, "POP3D-13",
    "Messages stay on the server. Without it they are deleted there when they are delivered.")
KX_FIELD(DOWNLOAD, KEEP_DAYS, "keep-days", "Leave_days", 0, days, keep_days, "POP3D-13",
    "With keep: they are deleted so many days after they were downloaded. 0: never.")
KX_FIELD(DOWNLOAD, MESSAGE_SIZE, "message-size", "Max_message_size", 0, size, message_size, "POP3D-12",
    "Larger messages are left on the server. 0: no limit.")
KX_FIELD(DOWNLOAD, SESSION_SIZE, "session-size", "Total_message_size", 0, size, session_size, "POP3D-12",
    "Most bytes downloaded in one session; the rest comes in the next. 0: no limit.")
KX_FIELD(DOWNLOAD, SESSION_COUNT, "session-count", "Max_message_count", 0, count, session_count, "POP3D-12",
    "Most messages downloaded in one session; the rest comes in the next. 0: no limit.")
KX_FIELD(DOWNLOAD, SESSION_MINUTES, "session-minutes", "Max_session_time", 0, minutes, session_minutes, "POP3D-12",
    "Most minutes a session takes. 0: 60.")
KX_FIELD(DOWNLOAD, TIMEOUT, "timeout", "Timeout", 0, seconds, timeout, "POP3D-13",
    "Seconds to wait for the server before the session counts as broken. 0: 60.")
/* clang-format on */
