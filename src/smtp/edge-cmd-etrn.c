/* SPDX-License-Identifier: Apache-2.0 */
/* ETRN (RFC 1985): the core knows what waits, and who may ask for it. */
#include "smtp/edge-private.h"

enum { NODE_MAX = 300 }; /* bytes; a domain has 253 at most */

void kx_edge_cmd_etrn(KxConn *conn, const KxEdgeArgs *args)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    size_t len = (size_t)(args->end - args->args);
    if (edge->mail) {
        kx_edge_say(conn, 503, "5.5.1 ETRN is not allowed during a transaction");
        return;
    }
    if (len > NODE_MAX || memchr(args->args, ' ', len)) {
        kx_edge_say(conn, 501, "5.5.4 Syntax: ETRN domain, ETRN @domain or ETRN #queue");
        return;
    }
    g_free(edge->node);
    edge->node = g_strndup(args->args, len);
    kx_edge_ask(conn, KX_ASK_ETRN);
}
