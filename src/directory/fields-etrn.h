/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of servers that are asked for mail by ETRN; see directory/object-list.h. No include
 * guard. */
/* clang-format off */
KX_FIELD(ETRN, DESCRIPTION, "description", "Description", 0, text, description, "ETRN-02",
    "Free text.")
KX_FIELD(ETRN, DISABLED, "disabled", "Enabled", KX_FIELD_INVERTED, bool, disabled, "ETRN-01",
    "yes leaves the server out.")
KX_FIELD(ETRN, HOST, "host", "Server", 0, host, host, "ETRN-02",
    "The server that holds mail: a host name or an IP address.")
KX_FIELD(ETRN, PORT, "port", "Port", 0, port, port, "ETRN-02",
    "Its port; 0: 25, or 587 with a user name.")
KX_FIELD(ETRN, TLS, "tls", "SSL_mode", 0, relay_tls, tls, "ETRN-02",
    "How the connection is protected, as in smtp.relay-tls. A password is never sent without TLS.")
KX_FIELD(ETRN, DOMAINS, "domains", "Domains", 0, domains, domains, "ETRN-02",
    "The domains whose mail is asked for, separated by commas.")
KX_FIELD(ETRN, USER, "user", "Username", 0, text, user, "ETRN-02",
    "User name to sign in with; empty means no sign-in.")
KX_FIELD(ETRN, PASSWORD, "password", "Password", KX_FIELD_HIDDEN, secret, password, "ETRN-02",
    "Password for that. It is never shown.")
KX_FIELD(ETRN, TIMEOUT, "timeout", "Timeout", 0, seconds, timeout, "ETRN-03",
    "Seconds to wait for an answer of the server; 0: 60.")
/* clang-format on */
