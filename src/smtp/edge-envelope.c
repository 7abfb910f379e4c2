/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope as the edge keeps it, and the end of a transaction (RFC 5321 section 4.1.1.5). */
#include "smtp/edge-private.h"

void kx_edge_mail_free(KxEdgeMail *mail)
{
    if (!mail)
        return;
    g_free(mail->from);
    g_free(mail->envid);
    g_free(mail->ret);
    g_free(mail->auth);
    g_free(mail);
}

void kx_edge_rcpt_free(KxEdgeRcpt *rcpt)
{
    if (!rcpt)
        return;
    g_free(rcpt->to);
    g_free(rcpt->orcpt);
    g_free(rcpt);
}

void kx_edge_forget(KxSmtpEdge *edge)
{
    g_clear_pointer(&edge->mail, kx_edge_mail_free);
    g_clear_pointer(&edge->recipients, g_ptr_array_unref);
    edge->envelope_bytes = 0;
    edge->check = KX_CONTENT_CHECK_INIT;
    kx_buf_free(&edge->chunk);
    edge->received = 0;
    edge->swallowed = 0;
    edge->spooled = FALSE;
    edge->chunking = FALSE;
    g_clear_pointer(&edge->url, g_free);
    edge->refusal = 0;
    g_clear_pointer(&edge->refusal_text, g_free);
}

void kx_edge_reset(KxConn *conn, void (*after)(KxConn *conn))
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    if (edge->spooled) {
        edge->after_reset = after;
        kx_edge_ask(conn, KX_ASK_RESET);
        return;
    }
    after(conn);
    kx_edge_forget(edge);
}
