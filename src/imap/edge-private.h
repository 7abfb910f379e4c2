/* SPDX-License-Identifier: Apache-2.0 */
/* The edge half of one IMAP connection, shared by its files. One thread (the loop's). */
#pragma once

#include "imap/framing.h"
#include "net/conn.h"

typedef enum {
    KX_PHASE_EARLY,   /* not signed in */
    KX_PHASE_SASL,    /* the next line answers a SASL challenge */
    KX_PHASE_PENALTY, /* a sign-in failed: the answer is held back for a moment */
    KX_PHASE_SIGNED_IN,
    KX_PHASE_IDLE, /* the next line is DONE */
    KX_PHASE_GONE, /* said goodbye */
} KxImapPhase;

/* The request that is outstanding. */
typedef enum {
    KX_ASKED_NOTHING,
    KX_ASKED_SASL,
    KX_ASKED_COMMAND,
    KX_ASKED_LITERAL,
    KX_ASKED_SPOOL,
    KX_ASKED_ABORT,
    KX_ASKED_DONE,
    KX_ASKED_RESUME_IDLE,
    KX_ASKED_RESUME,
} KxImapAsked;

typedef struct {
    KxFramer framer;
    KxImapPhase phase;
    KxImapAsked asked;
    const char *mechanism; /* of the SASL exchange; static */
    gint64 deadline;       /* monotonic: sign-in must have happened by then */
    guint bad_in_row;      /* before sign-in */
    guint failures;        /* of sign-in */
    gboolean notifying;    /* the core may push at any time, and must be asked to after a restart */
    gboolean repeated;     /* the request was repeated after the core was lost */
} KxImapEdge;

/* A line, to the client and to the Debug log; CRLF is added. */
void kx_imap_edge_say(KxConn *conn, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* "tag BAD text"; too many before sign-in end the connection. */
void kx_imap_edge_bad(KxConn *conn, const char *text);
void kx_imap_edge_tagged(KxConn *conn, const char *rest); /* "tag " rest CRLF */
void kx_imap_edge_bye(KxConn *conn, const char *text);    /* "* BYE text", and closes */
void kx_imap_edge_ask(KxConn *conn, KxImapAsked asked, KxMessageType type, const void *body);
char *kx_imap_edge_capabilities(KxConn *conn);
gboolean kx_imap_edge_may_login(KxConn *conn); /* LOGIN may be used on this connection */

/* edge-early.c: a complete command of a client that has not signed in. */
void kx_imap_edge_early(KxConn *conn, const char *text, size_t len);

/* edge-auth.c: AUTHENTICATE and LOGIN. Arguments start after the command's name. */
void kx_imap_edge_authenticate(KxConn *conn, KxImapParser *args);
void kx_imap_edge_login(KxConn *conn, KxImapParser *args);
void kx_imap_edge_sasl_line(KxConn *conn, const char *text, size_t len);
void kx_imap_edge_sasl_reply(KxConn *conn, const KxMsgSaslReply *reply);
void kx_imap_edge_penalty_over(KxConn *conn);
