/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMTP dialogue of one connection. Private to the edge half. One thread (the loop's).
 *
 * The envelope is kept here until the message is accepted. The core is asked about a sender who has
 * signed in, but keeps nothing of that; it gets the envelope with the first recipient and answers
 * for each recipient; if it was restarted since, it does not know the transaction, says so (verdict
 * code 0), and is told again, unseen by the client. Content that was passed on cannot be repeated:
 * then the client gets 451.
 */
#pragma once

#include "net/conn.h"
#include "settings/sasl.h"
#include "smtp/content-check.h"
#include "smtp/params.h"
#include "smtp/path.h"

enum {
    KX_SMTP_COMMAND_MAX = 4096,          /* bytes of a line */
    KX_SMTP_LINE_MAX = KX_SASL_LINE_MAX, /* and of one that signs in */
    KX_SMTP_HELO_MAX = 255,
    KX_SMTP_ENVELOPE_MAX = 4 * 1024 * 1024, /* bytes of recipients kept for one transaction */
    KX_SMTP_RATE_MIN =
        64, /* content must come with so many bytes a second, after the first timeout */
};
/* Refused content is read to its end, so that the client understands the answer, but not for ever.
 */
#define KX_SMTP_SWALLOW_MAX (G_GUINT64_CONSTANT(256) * 1024 * 1024)

typedef enum {
    KX_EDGE_COMMAND,
    KX_EDGE_SKIP_LINE, /* the rest of a line that was too long */
    KX_EDGE_SASL,      /* the next line is a SASL response */
    KX_EDGE_PENALTY,   /* a sign-in failed: its answer waits, and so does input */
    KX_EDGE_DATA,
    KX_EDGE_BDAT,
    KX_EDGE_DELAY, /* before the greeting: the client has to be silent */
} KxEdgeMode;

typedef enum {
    KX_ASK_NOTHING,
    KX_ASK_SASL,
    KX_ASK_MAIL,    /* about the sender */
    KX_ASK_RCPT,    /* about `asked` */
    KX_ASK_SPOOL,   /* take `chunk` */
    KX_ASK_MESSAGE, /* take `chunk` and deliver */
    KX_ASK_BURL,    /* take `chunk` and what `url` names, and deliver if it was the last */
    KX_ASK_ETRN,    /* send what waits for `node` */
    KX_ASK_RESET,   /* then call `after_reset` */
    KX_ASK_CONNECT, /* may the client be greeted? */
} KxEdgeAsk;

typedef struct {
    char *from;
    char *envid; /* NULL if not given */
    char *ret;
    char *auth;
    guint flags; /* KxSmtpMailFlags */
    guint64 size;
    gint64 release, deliver_by; /* Unix seconds; 0: not given */
    guint priority;             /* with KX_PRIORITY_BASE; 0: not given */
} KxEdgeMail;

typedef struct {
    char *to;
    char *orcpt;
    guint notify; /* KxNotify */
} KxEdgeRcpt;

typedef struct KxSmtpEdge {
    KxEdgeMode mode;
    char *helo;        /* NULL before HELO or EHLO */
    gboolean extended; /* EHLO */
    gboolean signed_in;
    char *node;             /* of the ETRN in progress */
    char *mechanism;        /* of the SASL exchange in progress */
    gboolean sasl_lost;     /* the core was restarted during it */
    guint failed;           /* commands */
    gboolean closed;        /* said goodbye: what still comes is not for us */
    KxEdgeMode resume_mode; /* in which an over-long line began */

    KxEdgeMail *mail;      /* NULL: no transaction */
    GPtrArray *recipients; /* KxEdgeRcpt accepted so far; NULL: none */
    size_t envelope_bytes;

    /* content */
    KxContentCheck check;
    KxBuf chunk;       /* not passed on yet */
    guint64 received;  /* bytes of content */
    guint64 swallowed; /* bytes of content that was refused */
    gboolean spooled;  /* some was passed on: the core holds content */
    gboolean chunking; /* BDAT was used: only BDAT may follow */
    guint64 bdat_left;
    guint64 bdat_size;
    gboolean bdat_last;   /* of BURL too */
    char *url;            /* of the BURL in progress */
    gint64 content_since; /* monotonic microseconds */
    guint refusal;        /* code; 0: content is good so far */
    char *refusal_text;

    /* the request to the core in progress */
    KxEdgeAsk ask;
    KxEdgeRcpt *asked;    /* the recipient asked about */
    gboolean asked_again; /* of a second core, because the first died over the question */
    guint replaying; /* 0: no; else telling the envelope again, recipient replaying - 1 is asked */
    void (*after_reset)(KxConn *conn);
} KxSmtpEdge;

/* ---- edge.c ---- */

/* One reply line, "250 2.1.0 text". 5xx counts as a failed command; one too many and the connection
 * ends. */
void kx_edge_say(KxConn *conn, guint code, const char *text);
/* One of the lines of a reply, as it is; does not count. */
void kx_edge_line(KxConn *conn, const char *format, ...) G_GNUC_PRINTF(2, 3);
void kx_edge_close(KxConn *conn);
/* "421 <enhanced> <host> text", and closes. */
void kx_edge_goodbye(KxConn *conn, const char *enhanced, const char *text);
const char *kx_edge_hostname(KxConn *conn);
gboolean kx_edge_is_submission(KxConn *conn);

/* ---- edge-greet.c: the first words ---- */

void kx_edge_arrive(KxConn *conn); /* asks the core, or greets */
void kx_edge_arrived(KxConn *conn, KxSmtpEdge *edge, guint code, const char *text);
void kx_edge_delay_over(KxConn *conn);
void kx_edge_talked_early(KxConn *conn, KxSmtpEdge *edge);
void kx_edge_gave_up(KxConn *conn); /* the connection ended before the greeting */

/* ---- edge-commands.c ---- */

/* A complete line without its CRLF, NUL-terminated at line[len]; no control characters, valid
 * UTF-8. */
void kx_edge_command(KxConn *conn, const char *line, size_t len);

/* ---- edge-time.c: when to send and deliver, and how urgent that is ---- */

/* The lines of EHLO for what is offered on the connection. */
void kx_edge_time_announce(KxConn *conn);
/* What was asked for goes into `mail`; FALSE: it may not be asked for, which is answered. */
gboolean kx_edge_time_take(KxConn *conn, const KxMailParams *params, KxEdgeMail *mail);

/* ---- edge-envelope.c ---- */

void kx_edge_mail_free(KxEdgeMail *mail);
void kx_edge_rcpt_free(KxEdgeRcpt *rcpt);
/* Forgets envelope and content on this side. */
void kx_edge_forget(KxSmtpEdge *edge);
/* Calls `after`, which answers the client, and forgets the transaction; if the core holds content,
 * when it has forgotten that. */
void kx_edge_reset(KxConn *conn, void (*after)(KxConn *conn));

/* ---- edge-request.c ---- */

void kx_edge_ask(KxConn *conn, KxEdgeAsk ask);
void kx_edge_ask_sasl(KxConn *conn, const char *mechanism, gboolean initial, KxSlice data);
void kx_edge_answered(KxConn *conn, const KxMessage *message); /* reply of the protocol */
void kx_edge_unanswered(KxConn *conn);                         /* core_lost of the protocol */

/* ---- edge-content.c ---- */

/* Content begins: DATA after its 354, or a chunk of BDAT. */
void kx_edge_content_begin(KxSmtpEdge *edge, KxEdgeMode mode);
void kx_edge_content_input(KxConn *conn, const char *bytes, size_t len);
/* A chunk of BDAT is complete. */
void kx_edge_content_chunk_end(KxConn *conn);
/* A piece of content that is named. NULL: it was refused already. */
void kx_edge_content_url(KxConn *conn, const char *url, gboolean last);
/* The content will not be taken: the client is told at its end. The first reason counts. */
void kx_edge_content_refuse(KxSmtpEdge *edge, guint code, const char *text);

/* ---- the commands: args begin behind the command's name and one space ---- */

typedef struct {
    const char *args; /* not NUL-terminated */
    const char *end;
} KxEdgeArgs;

void kx_edge_cmd_helo(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_ehlo(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_starttls(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_xclient(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_auth(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_mail(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_rcpt(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_data(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_bdat(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_burl(KxConn *conn, const KxEdgeArgs *args);
gboolean kx_edge_offers_burl(KxConn *conn);
void kx_edge_cmd_rset(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_noop(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_vrfy(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_help(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_quit(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_etrn(KxConn *conn, const KxEdgeArgs *args);
void kx_edge_cmd_refused(KxConn *conn, const KxEdgeArgs *args); /* known, not implemented: 502 */
void kx_edge_cmd_foreign(KxConn *conn, const KxEdgeArgs *args); /* of another protocol */

/* ---- edge-cmd-auth.c ---- */

void kx_edge_sasl_response(KxConn *conn, const char *line, size_t len);
void kx_edge_sasl_answered(KxConn *conn, const KxMsgSaslReply *reply); /* NULL: the core was lost */
/* The answer to a failed sign-in, after the penalty. */
void kx_edge_penalty_over(KxConn *conn);
