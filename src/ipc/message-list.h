/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message between the roles: who may send it to whom, and its fields. No include guard:
 * included once per use of the table.
 *
 * KX_MESSAGE(NAME, Struct, from, to, files): `from` and `to` are sets of roles, `files` the number
 * of file descriptors that travel with it. KX_FIELDS_NAME lists the fields: F(S, U32|U64|STR|BLOB,
 * name, most bytes).
 */
/* clang-format off */

/* ---- keeper and the others ---- */

/* The role is in its sandbox and works. What the kernel granted: Landlock ABI (0: none), seccomp 0 or 1. */
#define KX_FIELDS_ROLE_READY(F, S) F(S, U32, landlock, 0) F(S, U32, seccomp, 0)
KX_MESSAGE(ROLE_READY, KxMsgRoleReady, EDGE | CORE | COURIER | CONVERT | KERBEROS, KEEPER, 0)

/* A channel to another role; replaces an earlier one to the same role and index. */
#define KX_FIELDS_PEER(F, S) F(S, U32, role, 0) F(S, U32, index, 0)
KX_MESSAGE(PEER, KxMsgPeer, KEEPER, EDGE | CORE | COURIER | CONVERT | KERBEROS, 1)

/* Secrets that outlive a crash of the role: the key that seals tickets, TLS session ticket keys. */
#define KX_FIELDS_SECRET(F, S) F(S, U32, purpose, 0) F(S, BLOB, key, 256)
KX_MESSAGE(SECRET, KxMsgSecret, KEEPER, EDGE | CORE, 0)

/* Wanted: listen for a service at address:port, from LISTEN_END on. Address "*" means all, IPv6 and IPv4. */
#define KX_FIELDS_LISTEN(F, S) F(S, U32, service, 0) F(S, STR, address, 64) F(S, U32, port, 0)
KX_MESSAGE(LISTEN, KxMsgListen, CORE, KEEPER, 0)

/* Done, or `error` says why not. */
#define KX_FIELDS_LISTENING(F, S) F(S, U32, service, 0) F(S, STR, address, 64) F(S, U32, port, 0) F(S, STR, error, 256)
KX_MESSAGE(LISTENING, KxMsgListening, KEEPER, CORE, 0)

/* Stop listening for a service. Connections stay. */
#define KX_FIELDS_UNLISTEN(F, S) F(S, U32, service, 0)
KX_MESSAGE(UNLISTEN, KxMsgUnlisten, CORE | KEEPER, KEEPER | EDGE, 0)

/* The core has said all that these services (a bit for each KxServiceId) are to listen on: sockets it did not ask for
 * are closed, then the new ones bound. After the first, which is for all services, the server is ready. */
#define KX_FIELDS_LISTEN_END(F, S) F(S, U32, services, 0)
KX_MESSAGE(LISTEN_END, KxMsgListenEnd, CORE, KEEPER, 0)

/* To a core that is started again: the services its predecessor was running (a bit for each KxServiceId), so
 * that what an administrator started or stopped stays so. `known` 0: it is the first. */
#define KX_FIELDS_SERVICES(F, S) F(S, U32, known, 0) F(S, U32, running, 0)
KX_MESSAGE(SERVICES, KxMsgServices, KEEPER, CORE, 0)

/* A bound socket to accept on. */
#define KX_FIELDS_LISTENER(F, S) F(S, U32, service, 0)
KX_MESSAGE(LISTENER, KxMsgListener, KEEPER, EDGE, 1)

/* The certificates directory changed: read it again. */
#define KX_FIELDS_CERTIFICATES_CHANGED(F, S)
KX_MESSAGE(CERTIFICATES_CHANGED, KxMsgCertificatesChanged, CORE, KEEPER, 0)

/* One certificate with chain and key (PEM), and what its authority says about it (OCSP, RFC 6960); the first of a set starts anew, `last` puts the set to use. */
#define KX_FIELDS_CERTIFICATE(F, S) F(S, U32, first, 0) F(S, U32, last, 0) F(S, U32, active, 0) F(S, STR, name, 255) F(S, BLOB, chain, 65536) F(S, BLOB, key, 16384) F(S, BLOB, ocsp, 8192)
KX_MESSAGE(CERTIFICATE, KxMsgCertificate, KEEPER, EDGE, 0)

/* Run the program of that name (KxHook), if there is one. Host name and digest are for KX_HOOK_DNS_ADD and
 * KX_HOOK_DNS_REMOVE only. Answer: HOOK_ENDED, with how it ended or why it was not run. */
#define KX_FIELDS_HOOK(F, S) F(S, U32, hook, 0) F(S, STR, host, 255) F(S, STR, digest, 64)
KX_MESSAGE(HOOK, KxMsgHook, CORE, KEEPER, 0)
#define KX_FIELDS_HOOK_ENDED(F, S) F(S, U32, hook, 0) F(S, U32, good, 0) F(S, STR, text, 1024)
KX_MESSAGE(HOOK_ENDED, KxMsgHookEnded, KEEPER, CORE, 0)

/* Finish what was acknowledged and exit. */
#define KX_FIELDS_STOP(F, S)
KX_MESSAGE(STOP, KxMsgStop, KEEPER, EDGE | CORE | COURIER, 0)

/* For `keryx status`: a role started, became ready, ended. */
#define KX_FIELDS_ROLE_STATE(F, S) F(S, U32, role, 0) F(S, U32, index, 0) F(S, U32, pid, 0) F(S, U32, state, 0) F(S, U32, restarts, 0) F(S, U32, landlock, 0) F(S, U32, seccomp, 0)
KX_MESSAGE(ROLE_STATE, KxMsgRoleState, KEEPER, CORE, 0)

/* A line for one of the logs from a role that has no files. */
#define KX_FIELDS_LOG(F, S) F(S, U32, log, 0) F(S, STR, text, 8192)
KX_MESSAGE(LOG, KxMsgLog, KEEPER | EDGE | COURIER, CORE, 0)

/* Settings another role needs, packed (settings/settings.h). */
#define KX_FIELDS_SETTINGS(F, S) F(S, BLOB, values, 65536)
KX_MESSAGE(SETTINGS, KxMsgSettings, CORE, EDGE | COURIER, 0)

/* How clients may sign in: `methods` are those that are offered (settings/sasl.h), with blanks between;
 * addresses in `exempt` (ranges, comma-separated) may do so without TLS. If there are `authorities` (their names, DER, one
 * after the other), clients of mail are asked for a certificate. */
#define KX_FIELDS_SIGN_IN(F, S) F(S, STR, methods, 512) F(S, STR, exempt, 102400) F(S, BLOB, authorities, 8192)
KX_MESSAGE(SIGN_IN, KxMsgSignIn, CORE, EDGE, 0)

/* Addresses of proxies that say for whom they connect (ranges, comma-separated; empty: there are none), in the way of
 * `kind`, which is KxProxyKind. */
#define KX_FIELDS_PROXIES(F, S) F(S, U32, kind, 0) F(S, STR, networks, 102400)
KX_MESSAGE(PROXIES, KxMsgProxies, CORE, EDGE, 0)

/* A certificate, with its key, that proves to an authority that the name is ours (RFC 8737): only who asks for the
 * protocol acme-tls/1 gets it. Without a certificate the last one of that name is forgotten. */
#define KX_FIELDS_CHALLENGE(F, S) F(S, STR, host, 255) F(S, BLOB, certificate, 8192) F(S, BLOB, key, 4096)
KX_MESSAGE(CHALLENGE, KxMsgChallenge, CORE, EDGE, 0)

/* Access to services: `networks` lists address ranges, comma-separated; empty means no limit. */
#define KX_FIELDS_SERVICE_ACCESS(F, S) F(S, U32, service, 0) F(S, U32, max_connections, 0) F(S, STR, networks, 102400)
KX_MESSAGE(SERVICE_ACCESS, KxMsgServiceAccess, CORE, EDGE, 0)

/* A log line for a syslog server or journald, already rendered; the courier frames and sends it. */
#define KX_FIELDS_SYSLOG(F, S) F(S, STR, server, 255) F(S, U32, port, 0) F(S, U32, transport, 0) F(S, BLOB, payload, 16384)
KX_MESSAGE(SYSLOG, KxMsgSyslog, CORE, COURIER, 0)

/* ---- converting content to text ---- */

/* The core wants a process that converts, or says what one is doing; `action` is KxConverterAction. The keeper keeps
 * the clock: who is busy for too long is killed. */
#define KX_FIELDS_CONVERTER(F, S) F(S, U32, index, 0) F(S, U32, action, 0)
KX_MESSAGE(CONVERTER, KxMsgConverter, CORE, KEEPER, 0)

/* The text of `size` bytes of content, which the descriptor holds; the session is the number of the request. Answer:
 * CONVERTED. */
#define KX_FIELDS_CONVERT_CONTENT(F, S) F(S, STR, type, 256) F(S, STR, file_name, 1024) F(S, U64, size, 0)
KX_MESSAGE(CONVERT_CONTENT, KxMsgConvertContent, CORE, CONVERT, 1)

/* A piece of the text, or the end; `state` is KxConvertState, the rest is set for a failure only: KxErrorCode, and a
 * line for a person. */
#define KX_FIELDS_CONVERTED(F, S) F(S, U32, state, 0) F(S, BLOB, text, 65536) F(S, U32, code, 0) F(S, STR, error, 512)
KX_MESSAGE(CONVERTED, KxMsgConverted, CONVERT, CORE, 0)

/* ---- tickets and passwords of Kerberos, and what else speaks GSS-API ---- */

/* The core wants the role that has the keys of the host; nothing happens if it is there. */
#define KX_FIELDS_KERBEROS_WANTED(F, S)
KX_MESSAGE(KERBEROS_WANTED, KxMsgKerberosWanted, CORE, KEEPER, 0)

/* An exchange of tokens begins (RFC 2743), as the acceptor; `mechanism` is KxGssMechanism. The descriptor is the channel
 * on which it goes on, until that is closed: each GSS_TOKEN is answered by a GSS_ANSWER. With `ntlm` SPNEGO may come to
 * that. */
#define KX_FIELDS_GSS_TASK(F, S) F(S, U32, mechanism, 0) F(S, U32, ntlm, 0)
KX_MESSAGE(GSS_TASK, KxMsgGssTask, CORE, KERBEROS, 1)

#define KX_FIELDS_GSS_TOKEN(F, S) F(S, BLOB, token, 65536)
KX_MESSAGE(GSS_TOKEN, KxMsgGssToken, CORE, KERBEROS, 0)

/* `state` is KxGssState, `token` for the client. When it is KX_GSS_DONE, `name` is who he is, as the mechanism writes
 * it, and `authzid` who he wants to be, if the mechanism asks that. `text` says why not. The token is passed on in a SASL_REPLY, so
 * it is no longer than there. */
#define KX_FIELDS_GSS_ANSWER(F, S) F(S, U32, state, 0) F(S, BLOB, token, 49152) F(S, STR, name, 1024) F(S, STR, authzid, 1024) F(S, STR, text, 1024)
KX_MESSAGE(GSS_ANSWER, KxMsgGssAnswer, KERBEROS, CORE, 0)

/* Is that the password of the principal (RFC 4120)? Answered on the channel that comes with it by KERBEROS_CHECKED. With
 * `examine` all that it takes is looked at before, each as a KERBEROS_FOUND; then the password may be empty. */
#define KX_FIELDS_KERBEROS_CHECK(F, S) F(S, STR, realm, 255) F(S, STR, name, 1000) F(S, STR, password, 12001) F(S, U32, examine, 0)
KX_MESSAGE(KERBEROS_CHECK, KxMsgKerberosCheck, CORE, KERBEROS, 1)

#define KX_FIELDS_KERBEROS_FOUND(F, S) F(S, STR, about, 32) F(S, U32, good, 0) F(S, STR, text, 1024)
KX_MESSAGE(KERBEROS_FOUND, KxMsgKerberosFound, KERBEROS, CORE, 0)

/* `state` is KxKerberosState, `text` says why it is not. */
#define KX_FIELDS_KERBEROS_CHECKED(F, S) F(S, U32, state, 0) F(S, STR, text, 1024)
KX_MESSAGE(KERBEROS_CHECKED, KxMsgKerberosChecked, KERBEROS, CORE, 0)

/* ---- passwords that PAM checks ---- */

/* The core wants a connection to the helper that runs PAM, which it cannot make itself. Answered on the channel that comes
 * with it, by one of these two; `text` says why there is none. */
#define KX_FIELDS_PAM_WANTED(F, S)
KX_MESSAGE(PAM_WANTED, KxMsgPamWanted, CORE, KEEPER, 1)
#define KX_FIELDS_PAM_CONNECTED(F, S)
KX_MESSAGE(PAM_CONNECTED, KxMsgPamConnected, KEEPER, CORE, 1)
#define KX_FIELDS_PAM_ABSENT(F, S) F(S, STR, text, 512)
KX_MESSAGE(PAM_ABSENT, KxMsgPamAbsent, KEEPER, CORE, 0)

/* What does the service say to the password, and to the account? One for each connection, answered by PAM_CHECKED.
 * `remote_ip` is the client's, or empty. */
#define KX_FIELDS_PAM_CHECK(F, S) F(S, STR, service, 64) F(S, STR, name, 256) F(S, STR, password, 512) F(S, STR, remote_ip, 64)
KX_MESSAGE(PAM_CHECK, KxMsgPamCheck, CORE, PAM, 0)

/* `state` is KxPamState, `text` says more. */
#define KX_FIELDS_PAM_CHECKED(F, S) F(S, U32, state, 0) F(S, STR, text, 1024)
KX_MESSAGE(PAM_CHECKED, KxMsgPamChecked, PAM, CORE, 0)

/* ---- sessions: one message outstanding for each session, from edge to core ---- */

/* First for each session, and again after the core restarted, with the last ticket. Answer: SESSION_READY. */
#define KX_FIELDS_SESSION_OPEN(F, S) F(S, U32, service, 0) F(S, U32, secure, 0) F(S, STR, local_ip, 64) F(S, STR, remote_ip, 64) F(S, BLOB, ticket, 4096)
KX_MESSAGE(SESSION_OPEN, KxMsgSessionOpen, EDGE, CORE, 0)

/* `state` is KxSessionStart. */
#define KX_FIELDS_SESSION_READY(F, S) F(S, U32, state, 0)
KX_MESSAGE(SESSION_READY, KxMsgSessionReady, CORE, EDGE, 0)

/* A step of a SASL exchange; the first names the mechanism, later ones leave it empty. `initial` tells
 * whether data holds an initial response (it may be present and empty). The first has what binds to the TLS channel,
 * as far as there is any; and with EXTERNAL the certificate that the client has shown (DER), and those it sent along, one after
 * the other. Answer: SASL_REPLY. */
#define KX_FIELDS_SASL(F, S) F(S, STR, mechanism, 32) F(S, U32, initial, 0) F(S, BLOB, data, 49152) F(S, BLOB, exporter, 64) F(S, BLOB, end_point, 64) F(S, BLOB, unique, 64) F(S, BLOB, certificate, 8192) F(S, BLOB, chain, 24576)
KX_MESSAGE(SASL, KxMsgSasl, EDGE, CORE, 0)

/* `status` is KxSaslStatus; `user` and `ticket` are set on success. */
#define KX_FIELDS_SASL_REPLY(F, S) F(S, U32, status, 0) F(S, BLOB, data, 49152) F(S, STR, user, 400) F(S, BLOB, ticket, 4096)
KX_MESSAGE(SASL_REPLY, KxMsgSaslReply, CORE, EDGE, 0)

/* A framed piece of the client's input for a signed-in session; `kind` is the protocol's. Answer: REPLY. */
#define KX_FIELDS_COMMAND(F, S) F(S, U32, kind, 0) F(S, BLOB, data, 98304)
KX_MESSAGE(COMMAND, KxMsgCommand, EDGE, CORE, 0)

/* More bytes for the content that is being received. Answer: REPLY. */
#define KX_FIELDS_SPOOL(F, S) F(S, BLOB, data, 98304)
KX_MESSAGE(SPOOL, KxMsgSpool, EDGE, CORE, 0)

/* The client has read enough: go on with the answer. Answer: REPLY. */
#define KX_FIELDS_MORE(F, S)
KX_MESSAGE(MORE, KxMsgMore, EDGE, CORE, 0)

/* The client is gone. No answer. */
#define KX_FIELDS_SESSION_CLOSE(F, S)
KX_MESSAGE(SESSION_CLOSE, KxMsgSessionClose, EDGE, CORE, 0)

/* Output for the client and how the request stands; `flags` is KxReplyFlags, `code` the protocol's. An
 * empty ticket means the last one stays good. */
#define KX_FIELDS_REPLY(F, S) F(S, U32, flags, 0) F(S, U32, code, 0) F(S, BLOB, data, 98304) F(S, BLOB, ticket, 4096)
KX_MESSAGE(REPLY, KxMsgReply, CORE, EDGE, 0)

/* Output nobody asked for (IDLE). */
#define KX_FIELDS_PUSH(F, S) F(S, U32, flags, 0) F(S, BLOB, data, 98304) F(S, BLOB, ticket, 4096)
KX_MESSAGE(PUSH, KxMsgPush, CORE, EDGE, 0)

/* The client has read what was pushed, up to a PUSH that asked. No answer. */
#define KX_FIELDS_DRAINED(F, S)
KX_MESSAGE(DRAINED, KxMsgDrained, EDGE, CORE, 0)

/* ---- SMTP: answers are SMTP_VERDICT ---- */

/* May the client be greeted? KX_SMTP_GREET, KX_SMTP_GREET_LATER, or what it is told instead. */
#define KX_FIELDS_SMTP_CONNECT(F, S)
KX_MESSAGE(SMTP_CONNECT, KxMsgSmtpConnect, EDGE, CORE, 0)

/* Starts a transaction, forgetting any before, and asks about its first recipient; `flags` is KxSmtpMailFlags,
 * `size` 0 means not declared, `tls` is empty outside TLS. The transaction exists if the verdict is 2xx. With an empty
 * `to` it asks about the sender, and no transaction is there afterwards. `release` and `deliver_by` are Unix seconds, 0 if
 * not given, `priority` has KX_PRIORITY_BASE added. */
#define KX_FIELDS_SMTP_MAIL(F, S) F(S, STR, from, 1024) F(S, STR, helo, 512) F(S, STR, tls, 128) F(S, U32, flags, 0) F(S, U64, size, 0) F(S, STR, envid, 128) F(S, STR, ret, 8) F(S, STR, auth, 1024) F(S, STR, to, 1024) F(S, U32, notify, 0) F(S, STR, orcpt, 1024) F(S, U64, release, 0) F(S, U64, deliver_by, 0) F(S, U32, priority, 0)
KX_MESSAGE(SMTP_MAIL, KxMsgSmtpMail, EDGE, CORE, 0)

/* A further recipient. This and what follows gets the verdict code 0 from a core that does not know the
 * transaction, because it was restarted: tell it again. */
#define KX_FIELDS_SMTP_RCPT(F, S) F(S, STR, to, 1024) F(S, U32, notify, 0) F(S, STR, orcpt, 1024)
KX_MESSAGE(SMTP_RCPT, KxMsgSmtpRcpt, EDGE, CORE, 0)

/* The end of the content (after any SPOOL): deliver, then answer. */
#define KX_FIELDS_SMTP_MESSAGE(F, S) F(S, BLOB, data, 98304)
KX_MESSAGE(SMTP_MESSAGE, KxMsgSmtpMessage, EDGE, CORE, 0)

/* More content: `data`, and what the signed IMAP URL names (RFC 4468). With `last` as SMTP_MESSAGE. */
#define KX_FIELDS_SMTP_BURL(F, S) F(S, BLOB, data, 98304) F(S, STR, url, 4096) F(S, U32, last, 0)
KX_MESSAGE(SMTP_BURL, KxMsgSmtpBurl, EDGE, CORE, 0)

/* ETRN: send what waits for the domain "company.test", for "@company.test" and all below it, or "#queue" for all that
 * the client may ask for (RFC 1985). */
#define KX_FIELDS_SMTP_ETRN(F, S) F(S, STR, node, 1024)
KX_MESSAGE(SMTP_ETRN, KxMsgSmtpEtrn, EDGE, CORE, 0)

/* Forget the transaction. */
#define KX_FIELDS_SMTP_RESET(F, S)
KX_MESSAGE(SMTP_RESET, KxMsgSmtpReset, EDGE, CORE, 0)

/* `text` begins with the enhanced status code: "2.1.5 Recipient OK". */
#define KX_FIELDS_SMTP_VERDICT(F, S) F(S, U32, code, 0) F(S, STR, text, 512)
KX_MESSAGE(SMTP_VERDICT, KxMsgSmtpVerdict, CORE, EDGE, 0)

/* ---- mail to other servers: a task from the core to the courier, one MAIL_END back ---- */

/* A message for one next hop; the session is the task's number, the descriptor the file, of which `skip` bytes at
 * the start are not sent, but `head` before the rest. `route` names the hop: the domain whose MX records count, or with `mx` 0 the host. `tls`
 * is KxMailTls. With `pop3_host` the sign-in is one to a mailbox there, before (SMTP-27). `source` are addresses to
 * connect from, separated by a comma. What the sender asked for stands as in SMTP_MAIL. Recipients follow, then MAIL_GO. */
#define KX_FIELDS_MAIL_TASK(F, S) F(S, STR, id, 32) F(S, STR, route, 255) F(S, U32, mx, 0) F(S, U32, port, 0) F(S, U32, tls, 0) F(S, STR, user, 400) F(S, STR, password, 1024) F(S, STR, pop3_host, 255) F(S, U32, pop3_port, 0) F(S, STR, source, 128) F(S, STR, from, 1024) F(S, U32, flags, 0) F(S, U64, size, 0) F(S, U64, skip, 0) F(S, STR, envid, 128) F(S, STR, ret, 8) F(S, U64, deliver_by, 0) F(S, U32, priority, 0) F(S, BLOB, head, 16384)
KX_MESSAGE(MAIL_TASK, KxMsgMailTask, CORE, COURIER, 1)

#define KX_FIELDS_MAIL_RECIPIENT(F, S) F(S, STR, to, 1024) F(S, U32, notify, 0) F(S, STR, orcpt, 1024)
KX_MESSAGE(MAIL_RECIPIENT, KxMsgMailRecipient, CORE, COURIER, 0)

#define KX_FIELDS_MAIL_GO(F, S)
KX_MESSAGE(MAIL_GO, KxMsgMailGo, CORE, COURIER, 0)

/* How far a task has come, when that has changed: `phase` is KxMailPhase, `percent` that of the content. */
#define KX_FIELDS_MAIL_PROGRESS(F, S) F(S, U32, phase, 0) F(S, U32, percent, 0) F(S, STR, host, 255)
KX_MESSAGE(MAIL_PROGRESS, KxMsgMailProgress, COURIER, CORE, 0)

/* What became of the recipient with that index: `text` is the status code and why, "5.1.1 no such user"; empty with a
 * code of 2xx. `peer` is KxPeerFlags. */
#define KX_FIELDS_MAIL_RESULT(F, S) F(S, U32, index, 0) F(S, U32, code, 0) F(S, STR, text, 1024) F(S, U32, peer, 0)
KX_MESSAGE(MAIL_RESULT, KxMsgMailResult, COURIER, CORE, 0)

/* The task is over; recipients without a result have this one. `reached` says whether any server answered; `host`
 * and `ip` are those of the last, `tls` what protected the connection. With `needs_7bit` nothing was sent, as the
 * server takes no 8-bit content (RFC 6152): it is to be converted. */
#define KX_FIELDS_MAIL_END(F, S) F(S, U32, code, 0) F(S, STR, text, 1024) F(S, U32, reached, 0) F(S, STR, host, 255) F(S, STR, ip, 64) F(S, STR, tls, 128) F(S, U32, needs_7bit, 0)
KX_MESSAGE(MAIL_END, KxMsgMailEnd, COURIER, CORE, 0)

/* A question for a mail server instead of a message; `kind` is KxMailAskKind, the session a number that no task has.
 * MAIL_RECIPIENT names what is asked about: addresses, domains. No wait takes longer than `seconds`. Results and the end
 * come as for a task; there `text` is what the server said. */
#define KX_FIELDS_MAIL_ASK(F, S) F(S, U32, kind, 0) F(S, STR, host, 255) F(S, U32, mx, 0) F(S, U32, port, 0) F(S, U32, tls, 0) F(S, STR, user, 400) F(S, STR, password, 1024) F(S, STR, source, 64) F(S, U32, seconds, 0)
KX_MESSAGE(MAIL_ASK, KxMsgMailAsk, CORE, COURIER, 0)

/* A line of an explanation: what it is about, and what was found. */
#define KX_FIELDS_MAIL_LINE(F, S) F(S, STR, about, 32) F(S, STR, text, 1024)
KX_MESSAGE(MAIL_LINE, KxMsgMailLine, COURIER, CORE, 0)

/* More of such a task, before MAIL_GO: what is posted, and its media type. Back, before MAIL_END: what a web server
 * answered. */
#define KX_FIELDS_MAIL_BODY(F, S) F(S, STR, type, 64) F(S, BLOB, data, 65536)
KX_MESSAGE(MAIL_BODY, KxMsgMailBody, CORE | COURIER, CORE | COURIER, 0)

/* The same: certificates (PEM) of the authorities that vouch for the web server, in place of those the system trusts. */
#define KX_FIELDS_MAIL_TRUST(F, S) F(S, STR, ca, 32768)
KX_MESSAGE(MAIL_TRUST, KxMsgMailTrust, CORE, COURIER, 0)

/* A connection to a host of a domain that wants to hear of it at `rua` (courier/tls-note.h); `type` is KxTlsPolicyType,
 * `result` KxTlsResult. */
#define KX_FIELDS_TLS_NOTE(F, S) F(S, STR, domain, 255) F(S, STR, rua, 2048) F(S, U32, type, 0) F(S, STR, policy, 8192) F(S, U32, result, 0) F(S, STR, mx, 255) F(S, STR, ip, 64) F(S, STR, source, 64) F(S, STR, reason, 255)
KX_MESSAGE(TLS_NOTE, KxMsgTlsNote, COURIER, CORE, 0)

/* An MTA-STS policy (courier/sts-policy.h): from the core those it keeps, when the courier comes; from the courier each
 * that it fetched. `expires` is in Unix seconds. */
#define KX_FIELDS_STS_POLICY(F, S) F(S, STR, domain, 255) F(S, STR, id, 32) F(S, U64, fetched, 0) F(S, U64, expires, 0) F(S, STR, text, 32768)
KX_MESSAGE(STS_POLICY, KxMsgStsPolicy, CORE | COURIER, CORE | COURIER, 0)

/* ---- mailboxes on other servers: a session has a channel of its own ---- */

/* Reads a mailbox. The descriptor is the session's channel, on which all that follows travels, ended by FETCH_END.
 * `protocol`, `tls` and `auth` are KxFetchProtocol, KxFetchTls, KxFetchAuth; `timeout` and `seconds` are what one
 * answer and the whole may take; `size` is what a message may have without being announced. With `test` it is only
 * signed in and counted. */
#define KX_FIELDS_FETCH_TASK(F, S) F(S, U32, protocol, 0) F(S, STR, host, 255) F(S, U32, port, 0) F(S, U32, tls, 0) F(S, U32, any_certificate, 0) F(S, U32, auth, 0) F(S, STR, login, 1000) F(S, STR, password, 8000) F(S, STR, folder, 1000) F(S, U32, timeout, 0) F(S, U32, seconds, 0) F(S, U64, size, 0) F(S, U32, test, 0)
KX_MESSAGE(FETCH_TASK, KxMsgFetchTask, CORE, COURIER, 1)

/* Signed in at that address, inside that TLS or none. */
#define KX_FIELDS_FETCH_READY(F, S) F(S, STR, ip, 64) F(S, STR, tls, 128)
KX_MESSAGE(FETCH_READY, KxMsgFetchReady, COURIER, CORE, 0)

/* Some of what is in the mailbox, in its order: KX_FETCH_ITEM bytes for each. Answer: FETCH_CHOICE. */
#define KX_FIELDS_FETCH_LIST(F, S) F(S, BLOB, items, 65536)
KX_MESSAGE(FETCH_LIST, KxMsgFetchList, COURIER, CORE, 0)

/* A byte for each of them: KxFetchChoice. */
#define KX_FIELDS_FETCH_CHOICE(F, S) F(S, BLOB, choices, 8192)
KX_MESSAGE(FETCH_CHOICE, KxMsgFetchChoice, CORE, COURIER, 0)

/* A message begins; its content follows in any number of FETCH_DATA, then FETCH_COMPLETE. */
#define KX_FIELDS_FETCH_MESSAGE(F, S) F(S, BLOB, item, 64)
KX_MESSAGE(FETCH_MESSAGE, KxMsgFetchMessage, COURIER, CORE, 0)

#define KX_FIELDS_FETCH_DATA(F, S) F(S, BLOB, data, 65536)
KX_MESSAGE(FETCH_DATA, KxMsgFetchData, COURIER, CORE, 0)

/* `state` is KxFetchContent, `text` says why it is not whole. Answer: FETCH_TAKEN. */
#define KX_FIELDS_FETCH_COMPLETE(F, S) F(S, U32, state, 0) F(S, STR, text, 1024)
KX_MESSAGE(FETCH_COMPLETE, KxMsgFetchComplete, COURIER, CORE, 0)

/* What becomes of it on the server: KxFetchChoice without KX_FETCH_TAKE. */
#define KX_FIELDS_FETCH_TAKEN(F, S) F(S, U32, choice, 0)
KX_MESSAGE(FETCH_TAKEN, KxMsgFetchTaken, CORE, COURIER, 0)

/* The session is over; `text` says why if it is not `good`. `committed`: the server has confirmed all `deleted`. */
#define KX_FIELDS_FETCH_END(F, S) F(S, U32, good, 0) F(S, U32, committed, 0) F(S, U32, listed, 0) F(S, U32, deleted, 0) F(S, STR, text, 1024)
KX_MESSAGE(FETCH_END, KxMsgFetchEnd, COURIER, CORE, 0)

/* ---- directories elsewhere: a question has a channel of its own ---- */

/* A question for an LDAP server. The descriptor is the channel on which the answer travels: entries, then DIRECTORY_END.
 * `hosts` ("host" or "host:port", blanks between) are tried in turn; `tls` is KxDirectoryTls, `ca` has the authorities
 * (PEM) that vouch for them instead of the system's. Signed in as `user`, or nobody if that is empty, entries below
 * `base` that fit `filter` are read, as far as they are those `attributes` (blanks between); more than `most` are an
 * error. With `check` the one that was found is signed in as, with `secret`, and if there is none, nobody is.
 * `timeout` and `seconds` are what one answer and the whole may take, `bytes` what a server may send. */
#define KX_FIELDS_DIRECTORY_TASK(F, S) F(S, STR, hosts, 2048) F(S, U32, tls, 0) F(S, STR, ca, 32768) F(S, STR, user, 1000) F(S, STR, password, 8000) F(S, STR, base, 1000) F(S, STR, filter, 32768) F(S, STR, attributes, 4000) F(S, U32, most, 0) F(S, U32, check, 0) F(S, STR, secret, 12001) F(S, U32, timeout, 0) F(S, U32, seconds, 0) F(S, U32, bytes, 0)
KX_MESSAGE(DIRECTORY_TASK, KxMsgDirectoryTask, CORE, COURIER, 1)

/* An entry; its values follow. */
#define KX_FIELDS_DIRECTORY_ENTRY(F, S) F(S, STR, dn, 4096)
KX_MESSAGE(DIRECTORY_ENTRY, KxMsgDirectoryEntry, COURIER, CORE, 0)

/* A value of the attribute with that place in the task's. */
#define KX_FIELDS_DIRECTORY_VALUE(F, S) F(S, U32, attribute, 0) F(S, BLOB, value, 8192)
KX_MESSAGE(DIRECTORY_VALUE, KxMsgDirectoryValue, COURIER, CORE, 0)

/* The end: `state` is KxDirectoryState, and `text` says why it is not good; `right` is what the check found. `host`, `ip`
 * and `tls` are of the server that was asked. */
#define KX_FIELDS_DIRECTORY_END(F, S) F(S, U32, state, 0) F(S, U32, right, 0) F(S, STR, text, 1024) F(S, STR, host, 300) F(S, STR, ip, 64) F(S, STR, tls, 128)
KX_MESSAGE(DIRECTORY_END, KxMsgDirectoryEnd, COURIER, CORE, 0)

/* ---- HTTP: answers are REPLY ---- */

/* A request, or its beginning when more of the body follows; `flags` is KxHttpRequestFlags, `fields` holds "name" NUL
 * "value" NUL for each header field, `length` the size of the whole body, all ones if that is not known. */
#define KX_FIELDS_HTTP_REQUEST(F, S) F(S, STR, method, 32) F(S, STR, target, 8000) F(S, U32, flags, 0) F(S, BLOB, fields, 40000) F(S, U64, length, 0) F(S, BLOB, body, 65536)
KX_MESSAGE(HTTP_REQUEST, KxMsgHttpRequest, EDGE, CORE, 0)

/* More of the body. */
#define KX_FIELDS_HTTP_BODY(F, S) F(S, U32, last, 0) F(S, BLOB, body, 65536)
KX_MESSAGE(HTTP_BODY, KxMsgHttpBody, EDGE, CORE, 0)
/* clang-format on */
