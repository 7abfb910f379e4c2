/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope of a message on its way: who sent it, to whom it still has to go, and what is known
 * about that. In the queue it is a text file beside the message, store/queue/<id>.env: one "Name:
 * value" a line, then for each recipient a "Recipient: address" and the lines that belong to it,
 * last the line "End". Backslash, control characters and bytes that are not UTF-8 are written as
 * \xHH. Lines "Done: 0 7" may follow: these recipients of it, counted from 0, have it by now. They
 * are appended while the rest is on its way, so that noting one costs the same however many there
 * are. A whole envelope may follow, in the place of the one before: what waits is noted so. What is
 * cut short counts for nothing.
 *
 * Times are Unix seconds. Pure and thread-safe.
 */
#pragma once

#include <glib.h>

enum {
    KX_QUEUE_ID_SIZE = 18,           /* "438dd9ea-00000000" and NUL (LOG-33) */
    KX_ENVELOPE_RECIPIENTS = 100000, /* most of one message */
    KX_ENVELOPE_VALUE_MAX = 4096,    /* bytes of a value as written */
};
#define KX_ENVELOPE_PUBLIC   "#public@" /* before the domain whose public folders are meant */
#define KX_ENVELOPE_FILE_MAX (64 * 1024 * 1024)

typedef enum {
    KX_DUTY_QUEUED, /* waits in the queue; only these are written to the file */
    KX_DUTY_NOW,    /* being delivered for the first time */
    KX_DUTY_DONE,
} KxDuty;

typedef struct {
    char *address;  /* where the mail goes in the end, without brackets */
    char *original; /* as the sender gave it; NULL: the same */
    char *account; /* "user@domain" of an account here, "#public@domain"; NULL: on another server */
    char *folder;  /* of that account; NULL: INBOX */
    char *sender;  /* for this one, who is elsewhere (directory/srs.h); NULL: the envelope's */
    char *orcpt;   /* RFC 3461: as given, or NULL */
    guint notify;  /* KxNotify of ipc/message.h */
    char *status;  /* why it was not delivered: "4.3.0 text", 5 for good; or NULL */
    char *remote;  /* the server that was talked to last, or NULL */
    guint reply;   /* that server's code with the status; 0: the status is ours */
    KxDuty duty;
    /* of this round; not written */
    gboolean tried;
    gboolean told;   /* the sender has heard of the end */
    gboolean passed; /* the next server reports success */
    gboolean traced; /* the sender wants to hear that it went on (RFC 2852) */
    guint place;     /* in the file it was read from */
} KxEnvelopeRcpt;

typedef struct {
    char id[KX_QUEUE_ID_SIZE];
    gint64 created;
    gint64 next_try; /* 0: as soon as possible */
    guint64 attempts;
    guint warned;  /* the sender knows that it takes long */
    guint held;    /* an administrator wants it to stay as it is */
    guint urgent;  /* for it the queue is sent although there is no connection (NET-06) */
    gint64 begins; /* from when the times of the queue count; 0: created */
    guint64 size;
    guint64
        skip; /* bytes at the start of the message that are for mailboxes here only (Return-Path) */
    char *service;         /* by which it came: "SMTP" */
    char *sender;          /* "": the null sender */
    char *user;            /* who submitted it, or NULL */
    char *remote_ip;       /* from where, or NULL */
    gboolean secure;       /* came inside TLS */
    gint64 release;        /* not sent before (RFC 4865); 0: at once */
    gint64 deliver_by;     /* by when the sender wants it delivered (RFC 2852); 0: not said */
    guint late_told;       /* that it was not is told */
    guint priority;        /* with KX_PRIORITY_BASE of ipc/message.h (RFC 6710); 0: not said */
    guint64 flags;         /* KxSmtpMailFlags of ipc/message.h */
    char *ret;             /* RFC 3461: "FULL", "HDRS" or NULL */
    char *envid;           /* xtext or NULL */
    char *auth;            /* RFC 4954 section 5: xtext, "<>" or NULL */
    gboolean torn;         /* something behind it was cut short; not written */
    GPtrArray *given;      /* of char *: as the sender gave them, for the log; not written */
    char *signer;          /* of whose domain it is: signed with that on its way out; or NULL */
    guint checked;         /* who it is from was looked at when it came from another server */
    char *report;          /* of a report: what it tells ("failed"), for the log; or NULL */
    GPtrArray *recipients; /* of KxEnvelopeRcpt */
    GPtrArray *expanded;   /* of KxEnvelopeRcpt: addresses of several, of which the sender wants to
                              hear that they were reached (RFC 3461 section 5.2.7); not written */
} KxEnvelope;

/* Eight lower-case hex digits, "-", eight more. */
gboolean kx_queue_id_valid(const char *id);

KxEnvelope *kx_envelope_new(void);
void kx_envelope_free(KxEnvelope *envelope);

/* The duty is KX_DUTY_NOW for an account here, else KX_DUTY_QUEUED. The recipient belongs to the
 * envelope. */
KxEnvelopeRcpt *kx_envelope_add(KxEnvelope *envelope, const char *address, const char *account);

/* An address as the sender gave it. */
void kx_envelope_give(KxEnvelope *envelope, const char *address);

/* An account here to which delivery has not failed for good. */
gboolean kx_envelope_rcpt_is_due(const KxEnvelopeRcpt *rcpt);
/* The same of another server. */
gboolean kx_envelope_rcpt_is_remote_due(const KxEnvelopeRcpt *rcpt);

/* By whom it is sent to this recipient. */
const char *kx_envelope_sender_for(const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt);

/* From when its time in the queue counts. */
gint64 kx_envelope_begin(const KxEnvelope *envelope);

/* -9 to 9. */
int kx_envelope_priority(const KxEnvelope *envelope);

/* It is to go back rather than to be delivered now. */
gboolean kx_envelope_is_too_late(const KxEnvelope *envelope, gint64 now);

/* How many recipients have this duty. */
guint kx_envelope_count(const KxEnvelope *envelope, KxDuty duty);

char *kx_envelope_format(const KxEnvelope *envelope);

/* A line to append to the file: the recipients at those places (guint) are done. */
char *kx_envelope_done_line(const GArray *places);

/* Recipients that are done are left out, even if none is left then. KX_ERR_CORRUPT: not an
 * envelope, or cut short; the error names the line. */
KxEnvelope *kx_envelope_parse(const char *text, size_t len, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxEnvelope, kx_envelope_free)
