/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every setting, one row each, sorted by area. No include guard: the file is included once per use
 * of the table. KX_SETTING(id, name, type, min, max, choices, preset, flags, spec, check, manual)
 */
/* clang-format off */
KX_SETTING(SERVER_HOSTNAME, "server.hostname", TEXT, 1, 253, NULL, "localhost", KX_SETTING_EDGE | KX_SETTING_COURIER, "DOM-03 INST-42", kx_check_hostname,
    "Internet host name of the server, used in SMTP, in greetings and in certificates.")

KX_SETTING(SERVER_HIDE_PROGRAM, "server.hide-program", BOOL, 0, 0, NULL, "no", KX_SETTING_EDGE, "ADV-02", NULL,
    "Whether greetings, and what the server writes into messages, leave out which program this is. Its version is in none of them anyway.")
KX_SETTING(SERVER_ADMIN_CONTACT, "server.admin-contact", TEXT, 0, 1000, NULL, "", 0, "", kx_check_uri_or_empty,
    "How to reach the administrator, as a URI like mailto:postmaster@company.com or tel:+49-30-123456. Mail programs may show it (IMAP /shared/admin); empty means nothing is said.")
KX_SETTING(SERVER_COMMENT, "server.comment", TEXT, 0, 1000, NULL, "", 0, "", NULL,
    "A note about the server for all users. Mail programs may show it (IMAP /shared/comment).")

KX_SETTING(SMTP_MAX_RECIPIENTS, "smtp.max-recipients", INT, 1, 100000, NULL, "100", KX_SETTING_EDGE, "SMTP-21", NULL,
    "Most recipients accepted for one message; further ones get 452.")
KX_SETTING(SMTP_MAX_SIZE, "smtp.max-size", SIZE, 0, 4294967296, NULL, "25M", KX_SETTING_EDGE, "SMTP-23", NULL,
    "Largest message accepted over SMTP; 0 means no limit.")
KX_SETTING(SMTP_MAX_HOPS, "smtp.max-hops", INT, 1, 1000, NULL, "50", 0, "SMTP-24", NULL,
    "Most Received fields a message may carry; more means a loop, and the message is refused.")
KX_SETTING(SMTP_MAX_FAILED, "smtp.max-failed-commands", INT, 1, 10000, NULL, "10", KX_SETTING_EDGE, "SMTP-22", NULL,
    "After this many rejected commands in one session the connection is closed.")
KX_SETTING(SMTP_MAX_PER_HOUR, "smtp.max-messages-per-hour", INT, 0, 1000000, NULL, "200", 0, "SMTP-16", NULL,
    "Most messages taken from one address within an hour (of IPv6: one /64 network), unless the sender has signed in; further ones get 451. 0 means no limit.")
KX_SETTING(SMTP_MAX_PER_USER, "smtp.max-messages-per-hour-and-user", INT, 0, 1000000, NULL, "500", 0, "SMTP-16", NULL,
    "Most messages taken within an hour from one user who has signed in, from wherever; further ones get 451. 0 means no limit.")
KX_SETTING(SMTP_MAX_PER_IP, "smtp.max-connections-per-address", INT, 0, 1000000, NULL, "20", 0, "SMTP-17", NULL,
    "Most SMTP connections that one address may have at the same time (of IPv6: one /64 network), on all SMTP services together; further ones get 421. 0 means no limit.")
KX_SETTING(SMTP_MAX_UNKNOWN, "smtp.max-unknown-recipients", INT, 0, 1000000, NULL, "10", 0, "SMTP-18 LOG-45", NULL,
    "After so many recipients that do not exist, within an hour, an address is blocked on the SMTP port; users who sign in are not counted. 0 means never.")
KX_SETTING(SMTP_UNKNOWN_BLOCK, "smtp.unknown-recipients-block", DURATION, 1, 2592000, NULL, "1h", 0, "SMTP-18", NULL,
    "How long it is blocked; keryx client list shows it, keryx client clear ends it.")
KX_SETTING(SMTP_LIMITS_EXEMPT, "smtp.limits-exempt-group", TEXT, 0, 100, NULL, "", KX_SETTING_IP_GROUP, "SMTP-19 DOM-40", NULL,
    "IP address group for which these limits of messages, connections and unknown recipients do not hold: the domain's other mail servers. Empty means that only 127.0.0.1 and ::1 are exempt.")
KX_SETTING(SMTP_SENDER_DOMAIN, "smtp.sender-domain-must-exist", BOOL, 0, 0, NULL, "no", 0, "SMTP-20", NULL,
    "Whether mail is refused whose sender's domain is not in DNS: it has neither MX records nor addresses. Senders who have signed in or may relay are not asked about.")
KX_SETTING(SMTP_SENDER_AUTHENTICATION, "smtp.sender-authentication", BOOL, 0, 0, NULL, "yes", 0, "", NULL,
    "Whether it is found out who mail from other servers is from (SPF, DKIM, DMARC, ARC), and said in a field Authentication-Results in front of it. Nothing is refused for that; what its author's domain disowns is in the Security log. Users who have signed in and hosts that may relay are not asked about, and nothing is asked while internet.connection is offline.")
KX_SETTING(SMTP_GREETING_DELAY, "smtp.greeting-delay", DURATION, 0, 240, NULL, "0", KX_SETTING_EDGE, "SPAM-58 SPAM-59 SPAM-62", NULL,
    "How long a client on the SMTP port waits for the greeting. Programs that send spam give up or begin to talk; who talks before the greeting is disconnected. 0 means no delay; 25s is a good value.")
KX_SETTING(SMTP_GREETING_EXEMPT, "smtp.greeting-delay-exempt-group", TEXT, 0, 100, NULL, "", KX_SETTING_IP_GROUP, "SPAM-60", NULL,
    "IP address group whose members are greeted at once; empty means none.")
KX_SETTING(SMTP_GREETING_LOG, "smtp.greeting-delay-log", BOOL, 0, 0, NULL, "no", KX_SETTING_EDGE, "SPAM-61", NULL,
    "Whether the Security log says who talked before the greeting or did not wait for it; off is better on busy servers.")
KX_SETTING(SMTP_RELAY_GROUP, "smtp.relay-group", TEXT, 0, 100, NULL, "", KX_SETTING_IP_GROUP, "SMTP-09 SMTP-13", NULL,
    "IP address group whose members may send to any domain without signing in; empty means none.")
KX_SETTING(SMTP_HIDE_LOCAL, "smtp.hide-local-clients", BOOL, 0, 0, NULL, "no", 0, "ADV-03", NULL,
    "Whether the Received field leaves out name and address of a client that smtp.relay-group has. No effect without such a group.")
KX_SETTING(SMTP_RELAY_AUTH, "smtp.relay-authenticated", BOOL, 0, 0, NULL, "yes", 0, "SMTP-10", NULL,
    "Whether users who have signed in over SMTP may send to any domain.")
KX_SETTING(SMTP_RELAY_POP3, "smtp.relay-after-pop3", BOOL, 0, 0, NULL, "no", 0, "SMTP-11", NULL,
    "Whether an address from which somebody signed in over POP3 may send to any domain for a while. Unsafe: behind one address there may be many hosts; prefer signing in on the submission ports.")
KX_SETTING(SMTP_RELAY_POP3_WINDOW, "smtp.relay-after-pop3-window", DURATION, 60, 86400, NULL, "30m", 0, "SMTP-11", NULL,
    "How long that permission lasts.")
KX_SETTING(SMTP_TIMEOUT, "smtp.timeout", DURATION, 10, 3600, NULL, "5m", KX_SETTING_EDGE, "", NULL,
    "How long the server waits for the next command or more data of a client.")

KX_SETTING(QUEUE_RETRY, "queue.retry-interval", DURATION, 1, 86400, NULL, "30m", 0, "SMTP-30", NULL,
    "Longest wait before a message in the queue is tried again; mailboxes here are first tried after a minute.")

KX_SETTING(INTERNET_CONNECTION, "internet.connection", CHOICE, 0, 0, "online|offline", "online", 0, "NET-01 NET-02 NET-03", NULL,
    "Whether mail to other servers is sent at once, or waits in the queue until it is told to go (keryx queue run).")
KX_SETTING(INTERNET_PRIORITY, "internet.priority-sending", CHOICE, 0, 0, "off|high|any", "off", 0, "NET-06 NET-08", NULL,
    "Which new mail to other servers has the whole queue sent at once while internet.connection is offline: high takes what says so in X-Priority, Priority or Importance, any takes all.")
KX_SETTING(INTERNET_PRIORITY_DIAL, "internet.priority-dial", BOOL, 0, 0, NULL, "no", 0, "NET-07 NET-08", NULL,
    "Whether the line is brought up for that first, and down when everything is sent, by the programs line-up and line-down in /etc/keryx/hooks.")
KX_SETTING(QUEUE_RETRY_MOST, "queue.max-retry-interval", DURATION, 1, 604800, NULL, "4h", 0, "SMTP-30", NULL,
    "Longest wait between two attempts to send a message to another server; it grows from queue.retry-interval to this.")
KX_SETTING(QUEUE_LIFETIME, "queue.lifetime", DURATION, 1, 31536000, NULL, "5d", 0, "SMTP-31", NULL,
    "After this time a message that could not be delivered goes back to its sender.")
KX_SETTING(QUEUE_WARN_AFTER, "queue.warn-after", DURATION, 0, 31536000, NULL, "4h", 0, "SMTP-33", NULL,
    "After this time the sender of a message that could not be delivered yet is told, once; 0 means never.")
KX_SETTING(REPORTS_LANGUAGE, "reports.language", TEXT, 2, 35, NULL, "en", 0, "SMTP-34", kx_check_language,
    "Language of what the server writes to users and senders, unless their domain has its own: en, de, cs, es, fr, or one of the administrator in reports/.")
KX_SETTING(DELIVERY_TASKS, "smtp.delivery-tasks", INT, 1, 500, NULL, "32", 0, "SMTP-29 STAT-06", NULL,
    "Most messages sent to other servers at the same time, not counting those that wait for a server that does not answer.")
KX_SETTING(DELIVERY_TASKS_HOST, "smtp.delivery-tasks-per-destination", INT, 1, 500, NULL, "10", 0, "SMTP-29", NULL,
    "Most of them to one destination.")
KX_SETTING(DELIVERY_PORT, "smtp.delivery-port", INT, 1, 65535, NULL, "25", 0, "", NULL,
    "Port of other servers that mail is sent to directly.")
KX_SETTING(DELIVERY_TLS, "smtp.delivery-tls", CHOICE, 0, 0, "never|may|must|verify", "may", 0, "SMTP-28", NULL,
    "How mail to other servers is protected: may takes TLS where it is offered, must waits for it, verify also wants a certificate that names the server.")
KX_SETTING(DNS_SERVERS, "dns.servers", LIST, 0, 16, NULL, "", KX_SETTING_COURIER, "HOST-19", kx_check_dns_server,
    "DNS servers to ask, as addresses like 192.0.2.1 or 192.0.2.1@5353; empty means those of /etc/resolv.conf.")
KX_SETTING(DNS_DNSSEC, "dns.dnssec", CHOICE, 0, 0, "auto|require|off", "auto", KX_SETTING_COURIER, "SMTP-28", NULL,
    "Whether signatures of DNS answers are checked (DNSSEC): auto does it from the moment when the DNS servers are seen to have them, require takes no answer before, off never does.")
KX_SETTING(DNS_TRUST_ANCHORS, "dns.trust-anchors", LIST, 0, 16, NULL, "", KX_SETTING_COURIER, "SMTP-28", kx_check_trust_anchor,
    "Keys that signatures of DNS are traced back to, as records like 'company.test. IN DS 4711 13 2 AB12...'; empty means those of the root in Debian's dns-root-data.")
KX_SETTING(DELIVERY_TLS_DOMAINS, "smtp.delivery-tls-domains", LIST, 0, 1000, NULL, "", 0, "SMTP-28", kx_check_domain_tls,
    "The same for mail to single domains, as company.test=verify, or .company.test=must for all domains below that one; the domain itself comes before what it is below. Mail that goes by a relay server goes as smtp.relay-tls says.")
KX_SETTING(SMTP_DANE, "smtp.dane", BOOL, 0, 0, NULL, "yes", KX_SETTING_COURIER, "SMTP-28", NULL,
    "Whether TLSA records of other servers are obeyed (DANE, RFC 7672): where there are some, mail goes by TLS and to the right certificate only. Needs dns.dnssec.")
KX_SETTING(SMTP_MTA_STS, "smtp.mta-sts", BOOL, 0, 0, NULL, "yes", KX_SETTING_COURIER, "SMTP-28", NULL,
    "Whether policies of other domains are obeyed (MTA-STS, RFC 8461): where one says enforce, mail goes by TLS, to the hosts it names and to their certificates only.")
KX_SETTING(SMTP_MTA_STS_PORT, "smtp.mta-sts-port", INT, 1, 65535, NULL, "443", KX_SETTING_COURIER, "SMTP-28", NULL,
    "Port where these policies are fetched by HTTPS.")
KX_SETTING(SMTP_TLS_REPORTS, "smtp.tls-reports", TEXT, 0, 320, NULL, "", KX_SETTING_COURIER, "SMTP-28", kx_check_address_or_empty,
    "Address in whose name domains that wish so are told daily how connections to their servers went (TLS reports, RFC 8460), and that they may write to; empty means no reports.")
KX_SETTING(SMTP_REQUIRETLS, "smtp.requiretls", BOOL, 0, 0, NULL, "yes", KX_SETTING_EDGE, "SMTP-28", NULL,
    "Whether senders may ask with REQUIRETLS (RFC 8689) that a message goes by TLS to verified servers only, all the way, or comes back.")
KX_SETTING(SMTP_FUTURE_RELEASE, "smtp.future-release", DURATION, 0, 31536000, NULL, "30d", KX_SETTING_EDGE, "", NULL,
    "How long users may have the server hold what they submit until it is sent (FUTURERELEASE, RFC 4865); 0 means that it is not offered.")
KX_SETTING(SMTP_DELIVER_BY, "smtp.deliver-by", BOOL, 0, 0, NULL, "yes", KX_SETTING_EDGE, "", NULL,
    "Whether senders may say by when a message is to be delivered, and what is to become of it else (DELIVERBY, RFC 2852).")
KX_SETTING(SMTP_BURL, "smtp.burl", BOOL, 0, 0, NULL, "yes", KX_SETTING_EDGE, "", NULL,
    "Whether users may name what lies in their mailbox when they submit a message, instead of sending it again (BURL, RFC 4468).")
KX_SETTING(SMTP_PRIORITY, "smtp.mt-priority", BOOL, 0, 0, NULL, "yes", KX_SETTING_EDGE, "", NULL,
    "Whether senders may say how urgent a message is (MT-PRIORITY, RFC 6710): what is more urgent is sent first.")
KX_SETTING(SMTP_PRIORITY_MOST, "smtp.mt-priority-most", INT, 0, 9, NULL, "4", 0, "", NULL,
    "Highest of these priorities (-9 to 9) that users who have signed in and trusted hosts may give; others may not raise it above 0.")
KX_SETTING(SMTP_TLS_REQUIRED_NO, "smtp.tls-required-no", BOOL, 0, 0, NULL, "yes", 0, "SMTP-28", NULL,
    "Whether a message with the field 'TLS-Required: No' (RFC 8689) goes to its servers whatever their domain's TLSA records and MTA-STS policy ask for; smtp.delivery-tls and smtp.relay-tls are kept in any case.")
KX_SETTING(RELAY_HOST, "smtp.relay-host", TEXT, 0, 253, NULL, "", 0, "SMTP-26", kx_check_host_or_empty,
    "Server that takes all outgoing mail; empty means that mail is sent directly.")
KX_SETTING(RELAY_PORT, "smtp.relay-port", INT, 1, 65535, NULL, "25", 0, "SMTP-26", NULL,
    "Port of that server.")
KX_SETTING(RELAY_TLS, "smtp.relay-tls", CHOICE, 0, 0, "never|may|must|verify|wrap", "may", 0, "SMTP-27 SMTP-28", NULL,
    "How the connection to that server is protected; wrap begins with TLS, as on port 465. A password is never sent without TLS.")
KX_SETTING(RELAY_USER, "smtp.relay-user", TEXT, 0, 400, NULL, "", 0, "SMTP-27", NULL,
    "User name to sign in there; empty means no sign-in.")
KX_SETTING(RELAY_PASSWORD, "smtp.relay-password", TEXT, 0, 1000, NULL, "", KX_SETTING_SECRET, "SMTP-27", NULL,
    "Password for that.")
KX_SETTING(RELAY_AUTH, "smtp.relay-auth", CHOICE, 0, 0, "smtp|pop3", "smtp", 0, "SMTP-27", NULL,
    "How that sign-in is done: smtp by the SMTP command AUTH; pop3 for servers that take mail from an address that has just signed in to a mailbox over POP3, of which no messages are read.")
KX_SETTING(RELAY_POP3_HOST, "smtp.relay-pop3-host", TEXT, 0, 253, NULL, "", 0, "SMTP-27", kx_check_host_or_empty,
    "The POP3 server for that; empty means the relay server itself.")
KX_SETTING(RELAY_POP3_PORT, "smtp.relay-pop3-port", INT, 0, 65535, NULL, "0", 0, "SMTP-27", NULL,
    "Its port; 0 means 110, or 995 where smtp.relay-tls is wrap.")

KX_SETTING(VERIFY_KEEP_GOOD, "smtp.verify-keep-good", DURATION, 1, 2592000, NULL, "1d", 0, "DOM-35", NULL,
    "How long it is remembered that the forward host of a domain takes mail for a name.")
KX_SETTING(VERIFY_KEEP_BAD, "smtp.verify-keep-bad", DURATION, 1, 2592000, NULL, "15m", 0, "DOM-35", NULL,
    "How long it is remembered that it takes none.")

KX_SETTING(QUOTA_WARNING, "quota.warning-threshold", INT, 1, 100, NULL, "90", 0, "USR-31 HOST-48", NULL,
    "Share of a quota, in percent, from which a user is told that the mailbox is almost full; at most once in 24 hours.")

KX_SETTING(SEARCH_INDEX, "search.index", CHOICE, 0, 0, "automatic|off", "automatic", 0, "", NULL,
    "Whether the texts of messages that come in are indexed in the background, so that searching is fast. What was indexed before is used either way, and answers are the same.")

KX_SETTING(IMAP_IDLE_TIMEOUT, "imap.idle-timeout", DURATION, 60, 86400, NULL, "30m", KX_SETTING_EDGE, "", NULL,
    "How long a signed-in client may be silent (RFC 9051 section 5.4 asks for at least 30 minutes).")
KX_SETTING(IMAP_MAX_APPEND, "imap.max-append-size", SIZE, 0, 4294967296, NULL, "1G", KX_SETTING_EDGE, "", NULL,
    "Largest message a client may store with APPEND; 0 means no limit.")
KX_SETTING(IMAP_MESSAGE_LIMIT, "imap.message-limit", INT, 0, 4294967295, NULL, "0", KX_SETTING_EDGE, "", NULL,
    "Most messages one IMAP command works on (MESSAGELIMIT, RFC 9738, which asks for at least 1000); 0 means no limit.")
KX_SETTING(IMAP_SAVE_LIMIT, "imap.save-limit", INT, 0, 4294967295, NULL, "0", KX_SETTING_EDGE, "", NULL,
    "Most messages one COPY, MOVE or APPEND adds to a mailbox, for IMAP without imap.message-limit (SAVELIMIT, RFC 9738); 0 means no limit.")
KX_SETTING(IMAP_FULL_LISTING, "imap.full-listing", BOOL, 0, 0, NULL, "no", 0, "AMAIL-02 AMAIL-03 PUB-19", NULL,
    "Whether IMAP shows calendars, contacts, tasks and notes as folders of messages with .ics and .vcf attachments. Weigh it: all clients of all users see them; keryx user set --imap-full-listing decides for one user.")
KX_SETTING(POP3_IDLE_TIMEOUT, "pop3.idle-timeout", DURATION, 600, 86400, NULL, "10m", KX_SETTING_EDGE, "SMTP-36", NULL,
    "How long a client may be silent (RFC 1939 section 3 asks for at least 10 minutes).")
KX_SETTING(PUBLIC_FOLDERS_SCOPE, "public-folders.scope", CHOICE, 0, 0, "domain|server", "domain", 0, "PUB-05 PUB-10 PUB-11 DOM-04", NULL,
    "Whether each domain has public folders of its own, or all users of the server have the same. A change hides those of the other kind; they are kept and come back when the setting goes back.")
KX_SETTING(LOGIN_TIMEOUT, "server.login-timeout", DURATION, 10, 3600, NULL, "1m", KX_SETTING_EDGE, "", NULL,
    "How long an IMAP or POP3 client may take to sign in.")
KX_SETTING(AUTH_METHODS, "auth.methods", LIST, 1, 16, NULL, "SCRAM-SHA-256,SCRAM-SHA-1,GSSAPI,CRAM-MD5,PLAIN,LOGIN,OAUTHBEARER,XOAUTH2", 0, "AUTH-05 AUTH-06 AUTH-07 AUTH-08 AUTH-09 AUTH-10 NTLM-03", kx_check_sasl_method,
    "How clients may sign in over IMAP, POP3 and SMTP (SASL). SCRAM includes its form that is bound to the TLS connection (-PLUS), over SMTP only with smtp.auth-channel-binding. PLAIN is also needed for LOGIN of IMAP and USER of POP3. SCRAM is offered only while no account has a password that was imported as a hash of another server: such an account has to sign in once with PLAIN or LOGIN, or get a new password; and while no account has an application password (keryx user app-password). CRAM-MD5, and with it APOP of POP3, is offered only while every password is one that a domain keeps for it (recoverable-passwords of keryx domain set); so is DIGEST-MD5, if it is named here. OAUTHBEARER and XOAUTH2 take tokens in place of passwords, and are offered while there are some for mail (keryx token), or a domain has a provider of tokens (oidc-issuer of keryx domain set). GSSAPI takes tickets of Kerberos, and is offered when a domain has a realm (kerberos-realm of keryx domain set). GSS-SPNEGO, the form of it that Microsoft's programs know, and NTLM are off unless they are named here; NTLM, version 2 alone, is for domains with nt-domain: it is weak, and what goes over an open network with it can be used to guess passwords. EXTERNAL, certificates of clients, is off unless it is named here and tls.client-ca is set.")
KX_SETTING(SMTP_AUTH_BINDING, "smtp.auth-channel-binding", BOOL, 0, 0, NULL, "no", KX_SETTING_EDGE, "AUTH-06", NULL,
    "Whether SCRAM bound to the TLS connection (-PLUS) is offered over SMTP too, not only over IMAP and POP3. Programs built on GNU SASL that cannot bind, like NeoMutt of Debian 12, choose it all the same and then cannot send.")
KX_SETTING(AUTH_POLICY, "auth.policy", CHOICE, 0, 0, "encrypted-connection|secure-authentication|no-restrictions", "encrypted-connection", KX_SETTING_EDGE, "AUTH-01 AUTH-02 AUTH-03", NULL,
    "How clients of IMAP, POP3 and mail submission may sign in without TLS: not at all; only with a method that does not send the password (SCRAM, CRAM-MD5); or with any. Over TLS they always may.")
KX_SETTING(AUTH_POLICY_EXEMPT, "auth.policy-exempt-group", TEXT, 0, 100, NULL, "", KX_SETTING_IP_GROUP, "AUTH-02 AUTH-03", NULL,
    "IP address group whose members may sign in without TLS with any method, whatever auth.policy says; empty means none.")
KX_SETTING(LOCKOUT, "auth.lockout", BOOL, 0, 0, NULL, "yes", 0, "AUTH-11 HOST-23", NULL,
    "Whether sign-ins are refused for a while after too many have failed (keryx lockout).")
KX_SETTING(LOCKOUT_FAILURES, "auth.lockout-failures", INT, 1, 10000, NULL, "10", 0, "AUTH-11 HOST-23", NULL,
    "How many sign-ins of an account may fail from one address (of IPv6: one /64 network) before it is locked for that address. Five times as many with whatever accounts lock the address, twenty times as many from whatever addresses lock the account for addresses it has not signed in from before.")
KX_SETTING(LOCKOUT_WINDOW, "auth.lockout-window", DURATION, 1, 86400, NULL, "10m", 0, "AUTH-11", NULL,
    "The time in which they count together.")
KX_SETTING(LOCKOUT_TIME, "auth.lockout-time", DURATION, 1, 86400, NULL, "10m", 0, "AUTH-11", NULL,
    "How long a lock lasts; each further one within a day twice as long as the one before, a day at most.")
KX_SETTING(LOCKOUT_EXEMPT, "auth.lockout-exempt-group", TEXT, 0, 100, NULL, "", KX_SETTING_IP_GROUP, "AUTH-11", NULL,
    "IP address group whose members are not locked out and lock nothing; empty means none.")
KX_SETTING(MASTER_PASSWORD, "auth.master-password", TEXT, 0, 1000, NULL, "", KX_SETTING_SECRET, "AUTH-12", NULL,
    "A password that opens any mailbox over IMAP and POP3, with PLAIN or LOGIN, for programs that move or read mail for all; not the administration, and nobody can send mail with it. Empty means none. Needs auth.master-group.")
KX_SETTING(MASTER_GROUP, "auth.master-group", TEXT, 0, 100, NULL, "", KX_SETTING_IP_GROUP, "AUTH-12", NULL,
    "The IP address group from which the master password is taken; empty means from nowhere.")
KX_SETTING(PASSWORD_LENGTH, "auth.password-length", INT, 1, 200, NULL, "1", 0, "HOST-22", NULL,
    "Fewest characters that a password may have when it is set; a domain can have its own (password-length). Passwords that are set already stay.")
KX_SETTING(PASSWORD_LENGTH_ADMIN, "auth.password-length-admin", INT, 1, 200, NULL, "1", 0, "TOOL-14 HOST-22", NULL,
    "The same of accounts with rights to administer the server or their domain, if that is more.")
KX_SETTING(PASSWORD_CLASSES, "auth.password-classes", INT, 1, 4, NULL, "1", 0, "HOST-22", NULL,
    "Of how many of four kinds of characters a password must have some when it is set: small letters, capitals, digits, others. A domain can have its own (password-classes). A longer password is better than one of more kinds.")
KX_SETTING(PASSWORD_WITHOUT_NAME, "auth.password-without-name", BOOL, 0, 0, NULL, "no", 0, "HOST-22", NULL,
    "Whether a password is refused in which the name of the account is, or a word of its owner's name of at least four letters.")
KX_SETTING(AUTH_CLEAR_LOOPBACK, "auth.clear-text-from-loopback", BOOL, 0, 0, NULL, "yes", KX_SETTING_EDGE, "AUTH-01", NULL,
    "Whether IMAP and POP3 clients on this host may sign in without TLS, whatever auth.policy says.")
KX_SETTING(HTTP_REQUEST_TIMEOUT, "http.request-timeout", DURATION, 5, 3600, NULL, "30s", KX_SETTING_EDGE, "", NULL,
    "How long an HTTP client may take to send the head of a request, and each further 64 KB of it.")
KX_SETTING(HTTP_IDLE_TIMEOUT, "http.idle-timeout", DURATION, 1, 86400, NULL, "2m", KX_SETTING_EDGE, "", NULL,
    "How long an HTTP connection without a request stays open.")
KX_SETTING(ADMIN_REMOTE, "admin.remote", BOOL, 0, 0, NULL, "yes", KX_SETTING_EDGE, "TOOL-11", NULL,
    "Whether the administration over HTTPS can be reached from other hosts. No: only from the server itself. service.admin.access-group limits it to an IP address group.")
KX_SETTING(ADMIN_DOMAIN_REMOTE, "admin.domain-remote", BOOL, 0, 0, NULL, "yes", 0, "TOOL-15 WADM-11", NULL,
    "Whether those who administer a domain only (web-admin) may do so from other hosts. No: only from the server itself.")
KX_SETTING(ADMIN_DOMAIN_ACCESS_GROUP, "admin.domain-access-group", TEXT, 0, 100, NULL, "", KX_SETTING_IP_GROUP, "TOOL-15 WADM-11", NULL,
    "The IP address group from which those who administer a domain only may do so; empty: from everywhere. service.admin.access-group holds for them too.")
KX_SETTING(ADMIN_SECOND_FACTOR, "admin.second-factor", CHOICE, 0, 0, "optional|required", "optional", 0, "TOOL-14", NULL,
    "Whether whoever signs in to the administration over HTTPS must have a second factor (keryx user second-factor). Tokens and the command line on the server need none.")
KX_SETTING(ADMIN_SESSION_IDLE, "admin.session-idle", DURATION, 1, 2592000, NULL, "2h", 0, "", NULL,
    "How long a session of the administration stays open without a request.")
KX_SETTING(ADMIN_SESSION_LIFETIME, "admin.session-lifetime", DURATION, 1, 2592000, NULL, "1d", 0, "", NULL,
    "How long a session of the administration lasts at most.")
KX_SETTING(ADMIN_FAILED_SIGN_INS, "admin.failed-sign-ins", INT, 0, 10000, NULL, "10", 0, "", NULL,
    "How many sign-ins to the administration may fail in a minute from one address (of IPv6: one /64 network); then the next are refused until the minute is over. 0: any number. Programs with a token go on.")
KX_SETTING(SERVER_PROXY_GROUP, "server.proxy-group", TEXT, 0, 100, NULL, "", KX_SETTING_IP_GROUP, "", NULL,
    "IP address group of proxies and load balancers in front of the server that say with the PROXY protocol (version 1 or 2) for whom they connect; that address then counts everywhere. Each of their connections must begin so. Empty means none.")
KX_SETTING(SMTP_XCLIENT, "smtp.xclient-group", TEXT, 0, 100, NULL, "", KX_SETTING_IP_GROUP, "", NULL,
    "IP address group of mail relays and proxies that may say with the command XCLIENT for whom they speak; the address they name then counts everywhere. Empty means none.")
KX_SETTING(SERVER_PORT_OFFSET, "server.port-offset", INT, 0, 60000, NULL, "0", KX_SETTING_RESTART, "SVC-21", NULL,
    "Added to the port of every listener, so that a second server, or one without root, can run on high ports.")

/* Four rows for each service, in the order of KxServiceRow. */
#define KX_SERVICE_SETTINGS(id, service, startup, port, connections) \
    KX_SETTING(SERVICE_##id##_STARTUP, "service." service ".startup", CHOICE, 0, 0, "automatic|manual", startup, KX_SETTING_RESTART, "SVC-20", NULL, \
        "Whether the service runs when the server starts, or is stopped until an administrator starts it.") \
    KX_SETTING(SERVICE_##id##_LISTEN, "service." service ".listen", LIST, 1, 100, NULL, "*:" #port, 0, "SVC-21", kx_check_listen, \
        "Addresses and ports of the service, like 192.0.2.1:" #port ", [2001:db8::1]:" #port " or *:" #port " for all addresses.") \
    KX_SETTING(SERVICE_##id##_ACCESS_GROUP, "service." service ".access-group", TEXT, 0, 100, NULL, "", KX_SETTING_EDGE | KX_SETTING_IP_GROUP, "SVC-23", NULL, \
        "IP address group whose members alone may use the service; empty means everybody.") \
    KX_SETTING(SERVICE_##id##_MAX_CONNECTIONS, "service." service ".max-connections", INT, 1, 1000000, NULL, #connections, KX_SETTING_EDGE, "SVC-24", NULL, \
        "Most connections open at the same time; further ones are refused.")
KX_SERVICE_SETTINGS(SMTP, "smtp", "automatic", 25, 1000)
KX_SERVICE_SETTINGS(SMTPS, "smtps", "automatic", 465, 1000)
KX_SERVICE_SETTINGS(SUBMISSION, "submission", "automatic", 587, 1000)
KX_SERVICE_SETTINGS(IMAP, "imap", "automatic", 143, 20000)
KX_SERVICE_SETTINGS(IMAPS, "imaps", "automatic", 993, 20000)
KX_SERVICE_SETTINGS(POP3, "pop3", "automatic", 110, 5000)
KX_SERVICE_SETTINGS(POP3S, "pop3s", "automatic", 995, 5000)
KX_SERVICE_SETTINGS(HTTP, "http", "manual", 80, 2000)
KX_SERVICE_SETTINGS(HTTPS, "https", "manual", 443, 2000)
KX_SERVICE_SETTINGS(ADMIN, "admin", "automatic", 4040, 2000)
#undef KX_SERVICE_SETTINGS

KX_SETTING(OCSP_STAPLING, "tls.ocsp-stapling", BOOL, 0, 0, NULL, "yes", 0, "CERT-02", NULL,
    "Whether authorities that certificates name for that (OCSP) are asked if they are still good, by HTTP, and what they say is shown with the certificate, so that clients need not ask themselves.")
KX_SETTING(TLS_CLIENT_CA, "tls.client-ca", TEXT, 0, 32768, NULL, "", KX_SETTING_LINES, "", kx_check_certificates_or_empty,
    "Certificates (PEM) of the authorities whose certificates mail programs may sign in with in place of a password, if auth.methods names EXTERNAL. Such a certificate names an address of its owner's account in its subjectAltName. With both set, clients of IMAP, POP3 and SMTP are asked for a certificate in TLS, and need not have one. Who takes over an edge process can then sign in to the mail of everybody with such an address. Empty: nobody is asked.")
KX_SETTING(TLS_CLIENT_CRL, "tls.client-crl", TEXT, 0, 65536, NULL, "", KX_SETTING_LINES, "", kx_check_revocations_or_empty,
    "Lists of revoked certificates (CRL, PEM) of those authorities, to be set anew before they are over: with a list, certificates of an authority that has none, or one that is too old, do not count. Empty: it is not looked at who was revoked.")
KX_SETTING(TLS_PROFILE, "tls.profile", CHOICE, 0, 0, "modern|intermediate", "intermediate", KX_SETTING_EDGE, "SVC-11 CERT-02", NULL,
    "Which TLS clients may use: intermediate takes TLS 1.2 and 1.3, modern 1.3 only. Both have forward secrecy and authenticated encryption only. With modern, other servers that know no TLS 1.3 may bring their mail in the clear.")
KX_SETTING(ACME_CERTIFICATES, "acme.certificates", LIST, 0, 100, NULL, "", 0, "CERT-04 HOST-16", kx_check_certificate_names,
    "Certificates that the server gets from an authority by ACME (RFC 8555) and renews, each given by its host names with blanks between them, like 'mail.company.com imap.company.com, mail.other.com'. Names that begin with *. need acme.challenge dns-01.")
KX_SETTING(ACME_DIRECTORY, "acme.directory", TEXT, 1, 1000, NULL, "https://acme-v02.api.letsencrypt.org/directory", 0, "CERT-04", kx_check_https_url,
    "Where the authority's directory is.")
KX_SETTING(ACME_CONTACT, "acme.contact", TEXT, 0, 320, NULL, "", 0, "CERT-04", kx_check_address_or_empty,
    "Address of mail for the authority's notices. It may be empty if the authority does not insist.")
KX_SETTING(ACME_AGREE, "acme.agree-to-terms", BOOL, 0, 0, NULL, "no", 0, "CERT-04", NULL,
    "Whether you agree to the authority's terms of service. Without that most authorities give no certificate; keryx cert acme status says where they are.")
KX_SETTING(ACME_CHALLENGE, "acme.challenge", CHOICE, 0, 0, "http-01|tls-alpn-01|dns-01", "http-01", 0, "CERT-04", NULL,
    "How it is proved that the names are ours: http-01 by the service http on port 80, tls-alpn-01 by the service https on port 443, dns-01 by the programs dns-add and dns-remove in /etc/keryx/hooks.")

/* Rows for each log, in the order of KxLogRow and of log/log-list.h. */
#define KX_LOG_SETTINGS(id, log, severity) \
    KX_SETTING(LOG_##id##_FILE, "log." log ".file", BOOL, 0, 0, NULL, "yes", 0, "LOG-14", NULL, \
        "Whether the log is written to a file.") \
    KX_SETTING(LOG_##id##_FILE_NAME, "log." log ".file-name", TEXT, 1, 200, NULL, log ".log", 0, "LOG-14", kx_check_log_file, \
        "File of the log, below store/logs in the data directory.") \
    KX_SETTING(LOG_##id##_ROTATE, "log." log ".rotate", CHOICE, 0, 0, "never|hour|day|week|month", "never", 0, "LOG-15", NULL, \
        "How often a new file is started.") \
    KX_SETTING(LOG_##id##_MAX_SIZE, "log." log ".max-size", SIZE, 0, 1099511627776, NULL, "10M", 0, "LOG-16", NULL, \
        "A new file is started before the file grows beyond this size; 0 means no limit.") \
    KX_SETTING(LOG_##id##_KEEP, "log." log ".keep", INT, 1, 999, NULL, "10", 0, "LOG-17", NULL, \
        "Most files kept, the current one included; the oldest is deleted when a new one is started.") \
    KX_SETTING(LOG_##id##_SYSLOG, "log." log ".syslog", BOOL, 0, 0, NULL, "no", 0, "LOG-18 LOG-19", NULL, \
        "Whether the log is sent to a syslog server.") \
    KX_SETTING(LOG_##id##_SYSLOG_SERVER, "log." log ".syslog-server", TEXT, 0, 253, NULL, "", 0, "LOG-18", kx_check_host_or_empty, \
        "Host name or IP address of the syslog server.") \
    KX_SETTING(LOG_##id##_SYSLOG_PORT, "log." log ".syslog-port", INT, 1, 65535, NULL, "514", 0, "LOG-18", NULL, \
        "Port of the syslog server (usually 514, and 6514 for tls).") \
    KX_SETTING(LOG_##id##_SYSLOG_TRANSPORT, "log." log ".syslog-transport", CHOICE, 0, 0, "udp|tcp|tls", "udp", 0, "LOG-18", NULL, \
        "How lines travel to the syslog server.") \
    KX_SETTING(LOG_##id##_SYSLOG_FORMAT, "log." log ".syslog-format", CHOICE, 0, 0, "rfc3164|rfc5424", "rfc5424", 0, "LOG-18", NULL, \
        "Form of the lines the syslog server receives.") \
    KX_SETTING(LOG_##id##_SYSLOG_FACILITY, "log." log ".syslog-facility", CHOICE, 0, 0, \
        "kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|ntp|audit|alert|clock|local0|local1|local2|local3|local4|local5|local6|local7", \
        "mail", 0, "LOG-18", NULL, "Facility that identifies the server's lines on the syslog server.") \
    KX_SETTING(LOG_##id##_SYSLOG_SEVERITY, "log." log ".syslog-severity", CHOICE, 0, 0, "emerg|alert|crit|err|warning|notice|info|debug", severity, 0, "LOG-18", NULL, \
        "Severity of the log's lines, in syslog and in the journal.")
KX_LOG_SETTINGS(CONFIG, "config", "info")
KX_LOG_SETTINGS(MAIL, "mail", "info")
KX_LOG_SETTINGS(SECURITY, "security", "notice")
KX_LOG_SETTINGS(WARNING, "warning", "warning")
KX_LOG_SETTINGS(OPERATIONS, "operations", "info")
KX_LOG_SETTINGS(ERROR, "error", "err")
KX_LOG_SETTINGS(SPAM, "spam", "info")
KX_LOG_SETTINGS(DEBUG, "debug", "debug")
#undef KX_LOG_SETTINGS

KX_SETTING(LOG_JOURNALD, "log.journald", BOOL, 0, 0, NULL, "no", 0, "LOG-18", NULL,
    "Whether all logs are also written to the journal of systemd on this host.")
KX_SETTING(LOG_DEBUG_TOPICS, "log.debug", LIST, 0, 64,
    "smtp-server|imap-server|pop3-server|http-server|queue|remote-pop3|alias-expansion|spf-record-lookup|folder-operations|search-sort|quota-login|"
    "user-authentication|tls|directory-lookup|thread-pool|administration|service-manager",
    "", KX_SETTING_EDGE, "LOG-65", NULL,
    "What the Debug log records besides starts and stops; each topic costs speed while it is on.")

KX_SETTING(MAIL_SUBADDRESS, "mail.subaddress-separator", TEXT, 0, 1, NULL, "+", 0, "", kx_check_separator,
    "Mail to user+anything goes to user, with this character in the place of +; empty turns that off.")

KX_SETTING(MAIL_ENVELOPE_TO, "mail.x-envelope-to", BOOL, 0, 0, NULL, "no", 0, "ADV-04", NULL,
    "Whether a field X-Envelope-To in messages for mailboxes here says by which address they came there: in each copy that of its mailbox alone.")

KX_SETTING(MAIL_SRS, "mail.srs", BOOL, 0, 0, NULL, "yes", 0, "USR-23", NULL,
    "Whether mail that an address here forwards to another server leaves with a sender of this server (SRS), so that it passes SPF there.")
/* clang-format on */
