/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the edge half. */
#pragma once

#include "pop3/edge.h"

typedef enum {
    KX_POP3_READY,         /* AUTHORIZATION: a command is next */
    KX_POP3_SASL_RESPONSE, /* the client's next line belongs to the exchange */
    KX_POP3_SASL_WAIT,     /* the core has it */
    KX_POP3_PENALTY,       /* a sign-in failed: the answer is held back for a moment */
    KX_POP3_OPENING,       /* the core opens the maildrop */
    KX_POP3_SIGNED_IN,
} KxPop3Stage;

typedef struct {
    KxPop3Stage stage;
    gboolean keeping; /* KX_POP3_KEEP is on its way, of which the client knows nothing */
    char *user;       /* of USER */
    char *timestamp;  /* of the greeting, for APOP; NULL: it had none */
    char *mechanism;  /* of the exchange, as it is written in logs */
    guint mistakes;
    guint failures;
    gint64 deadline; /* of signing in; monotonic microseconds */
} KxPop3Edge;

/* A client's command before sign-in; `args` is what follows the name and the spaces. */
typedef void (*KxPop3EdgeCommand)(KxConn *conn, KxPop3Edge *edge, const char *args);

/* edge.c */
void kx_pop3_edge_say(KxConn *conn, const char *format, ...)
    G_GNUC_PRINTF(2, 3); /* a line without its end */
void kx_pop3_edge_bye(KxConn *conn, const char *reason);
void kx_pop3_edge_wrong(KxConn *conn, KxPop3Edge *edge,
                        const char *text); /* -ERR, and too many end the connection */

/* edge-auth.c: RFC 1939 section 7 and RFC 5034 */
void kx_pop3_edge_cmd_user(KxConn *conn, KxPop3Edge *edge, const char *args);
void kx_pop3_edge_cmd_pass(KxConn *conn, KxPop3Edge *edge, const char *args);
/* A timestamp for the greeting, if APOP can be used on the connection; else NULL. */
char *kx_pop3_edge_timestamp(KxConn *conn);
void kx_pop3_edge_cmd_apop(KxConn *conn, KxPop3Edge *edge, const char *args);
void kx_pop3_edge_cmd_auth(KxConn *conn, KxPop3Edge *edge, const char *args);
void kx_pop3_edge_sasl_line(KxConn *conn, KxPop3Edge *edge, const char *line);
void kx_pop3_edge_sasl_reply(KxConn *conn, KxPop3Edge *edge, const KxMsgSaslReply *reply);
void kx_pop3_edge_penalty_over(KxConn *conn, KxPop3Edge *edge);
