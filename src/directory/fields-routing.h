/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of routing rules; see directory/object-list.h. No include guard. */
/* clang-format off */
KX_FIELD(ROUTING, DESCRIPTION, "description", "Description", 0, text, description, "OVR-52",
    "Free text.")
KX_FIELD(ROUTING, DISABLED, "disabled", "Enabled", KX_FIELD_INVERTED, bool, disabled, "OVR-52",
    "The rule is passed over.")
KX_FIELD(ROUTING, PRIORITY, "priority", "Priority", 0, count, priority, "OVR-52",
    "Rules are tried by this number, the lowest first, those with the same by name; the first that fits counts.")
KX_FIELD(ROUTING, RECIPIENTS, "recipients", "Recipients", 0, recipients, recipients, "OVR-52",
    "Whose mail it is for: name@domain, domain, or .domain for all domains below it, separated by commas. Empty: everybody's.")
KX_FIELD(ROUTING, SENDERS, "senders", "Senders", 0, senders, senders, "OVR-53",
    "By whom the mail is sent, in the same form; <> is the sender of reports. Empty: by anybody.")
KX_FIELD(ROUTING, HOST, "host", "Server", 0, host, host, "OVR-52",
    "The server that gets it: a host name or an IP address. Empty: the servers that DNS names for the recipient's domain, also where there is a relay server.")
KX_FIELD(ROUTING, PORT, "port", "Port", 0, port, port, "OVR-52",
    "Its port; 0: that of smtp.delivery-port.")
KX_FIELD(ROUTING, TLS, "tls", "SSL_mode", 0, relay_tls, tls, "OVR-52 SMTP-28",
    "How the connection is protected, as in smtp.relay-tls; without a host, may means what smtp.delivery-tls says. A password is never sent without TLS.")
KX_FIELD(ROUTING, USER, "user", "Username", 0, text, user, "OVR-52",
    "User name to sign in with; empty means no sign-in.")
KX_FIELD(ROUTING, PASSWORD, "password", "Password", KX_FIELD_HIDDEN, secret, password, "OVR-52",
    "Password for that. It is never shown.")
KX_FIELD(ROUTING, AUTH, "auth", "Authentication", 0, relay_auth, auth, "OVR-52 SMTP-27",
    "How that sign-in is done, as in smtp.relay-auth: smtp, or pop3 before the mail is sent.")
KX_FIELD(ROUTING, POP3_HOST, "pop3-host", "POP3_server", 0, host, pop3_host, "SMTP-27",
    "The POP3 server for that; empty: the host.")
KX_FIELD(ROUTING, POP3_PORT, "pop3-port", "POP3_port", 0, port, pop3_port, "SMTP-27",
    "Its port; 0: 110, or 995 where tls is wrap.")
/* clang-format on */
