/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mail transaction in the core, from the first recipient to delivery. Private to the core half;
 * belongs to its session.
 */
#pragma once

#include "core/session.h"
#include "flow/queue.h"
#include "flow/recipients.h"

/* A header larger than this is refused. */
#define KX_SMTP_HEADER_MAX (1024 * 1024)

typedef struct {
    guint code;       /* 0: nothing to say yet */
    const char *text; /* static, begins with the enhanced status code */
} KxSmtpVerdict;

typedef struct {
    KxSession *session; /* borrowed */
    KxEnvelope *envelope;
    KxSender sender;
    KxRecipients recipients;
    char *helo;
    char *tls;            /* "TLSv1.3 TLS_AES_256_GCM_SHA384", "" outside TLS */
    gboolean less_urgent; /* than the client wanted (RFC 6710) */

    /* content */
    gboolean begun;   /* the envelope is complete and has its ID */
    guint64 received; /* bytes so far, as the client counts them */
    GString *head;    /* the header, until it is complete */
    gboolean head_done;
    KxIncoming *raw;       /* BINARYMIME: as it came */
    KxIncoming *incoming;  /* with trace fields, as it will be stored */
    KxSmtpVerdict refusal; /* why the content is not taken */
} KxSmtpTransaction;

KxSmtpTransaction *kx_smtp_transaction_new(KxSession *session, const KxMsgSmtpMail *mail);
void kx_smtp_transaction_free(KxSmtpTransaction *transaction);

/* sender.c: whether this client may send to any domain; whether the sender may send in that name,
 * and so many bytes (0: he did not say); FALSE: the header names an author that he is not. */
gboolean kx_smtp_may_relay(KxSession *session);
KxSmtpVerdict kx_smtp_check_sender(const KxSmtpTransaction *transaction, guint64 declared);
gboolean kx_smtp_check_author(KxSmtpTransaction *transaction, const char *header, size_t len);
/* Notes for the queue which domain's signature the message gets: the author's, where he is of the
 * sender's domain, else that of the user who signed in. Whoever else writes an address of ours into
 * From gets none. */
void kx_smtp_note_signer(KxSmtpTransaction *transaction, const char *header, size_t len);
extern const char KX_SMTP_TOO_BIG[]; /* what 552 says */

/* limits.c: whether a client with so many connections is greeted; whether the sender may send one
 * more message, which `count` says that it is; whether the client is blocked; whether it is from
 * now on, for it named one more unknown recipient; whether the sender's domain exists. */
KxSmtpVerdict kx_smtp_check_connect(KxSession *session, guint connections);
KxSmtpVerdict kx_smtp_check_rate(const KxSmtpTransaction *transaction, gboolean count);
KxSmtpVerdict kx_smtp_check_blocked(KxSession *session);
gboolean kx_smtp_note_unknown(KxSession *session);
KxSmtpVerdict kx_smtp_check_sender_domain(const KxSmtpTransaction *transaction);
/* Before and after a worker waits for DNS about what the client has sent. FALSE: it may not. */
gboolean kx_smtp_begin_dns(KxCore *core, const char *ip);
void kx_smtp_end_dns(KxCore *core, const char *ip);

/* recipient.c: a good recipient is in the envelope afterwards. */
KxSmtpVerdict kx_smtp_add_recipient(KxSmtpTransaction *transaction, const char *to, guint notify,
                                    const char *orcpt);

/* etrn.c: what ETRN is answered with, its code and a text, which is the caller's. */
guint kx_smtp_etrn(KxSession *session, const char *node, char **ret_text);

/* content.c: FALSE: transaction->refusal says why; there is no going on. */
gboolean kx_smtp_content_write(KxSmtpTransaction *transaction, KxSlice data);
/* What the URL names, of which there are so many bytes; burl.c. */
gboolean kx_smtp_content_url(KxSmtpTransaction *transaction, const char *url, guint64 *ret_octets);
gboolean kx_smtp_content_end(KxSmtpTransaction *transaction);
gboolean kx_smtp_refuse(KxSmtpTransaction *transaction, guint code, const char *text); /* FALSE */
/* Answers for an error of store or queue, which goes to the Error log. Always FALSE. */
gboolean kx_smtp_refuse_error(KxSmtpTransaction *transaction, const GError *error);

/* authenticate.c: puts Authentication-Results in front, if the message is from outside. FALSE as in
 * content.c. */
gboolean kx_smtp_authenticate(KxSmtpTransaction *transaction);

/* trace.c: Return-Path and Received (RFC 5321 section 4.4). Notes the length of Return-Path in the
 * envelope. */
char *kx_smtp_trace(const KxSmtpTransaction *transaction);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxSmtpTransaction, kx_smtp_transaction_free)
