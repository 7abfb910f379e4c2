/* SPDX-License-Identifier: Apache-2.0 */
/* What the dialogue asks the core, and what becomes of the answers. */
#include "ipc/message.h"
#include "smtp/edge-private.h"

static const char TRY_AGAIN[] = "4.3.0 The server was interrupted, try again";

/* ---- asking ---- */

/* With the first recipient, or without one: NULL. */
static void send_mail(KxConn *conn, const KxSmtpEdge *edge, const KxEdgeRcpt *rcpt)
{
    const KxEdgeMail *mail = edge->mail;
    KxMsgSmtpMail body = {
        .from = mail->from,
        .helo = edge->helo,
        .tls = kx_conn_tls(conn),
        .flags = mail->flags,
        .size = mail->size,
        .envid = mail->envid,
        .ret = mail->ret,
        .auth = mail->auth,
        .release = (guint64)mail->release,
        .deliver_by = (guint64)mail->deliver_by,
        .priority = mail->priority,
        .to = rcpt ? rcpt->to : "",
        .notify = rcpt ? rcpt->notify : 0,
        .orcpt = rcpt ? rcpt->orcpt : NULL,
    };
    kx_conn_request(conn, KX_MSG_SMTP_MAIL, &body);
}

static void send_rcpt(KxConn *conn, const KxSmtpEdge *edge, const KxEdgeRcpt *rcpt, gboolean first)
{
    if (first)
        send_mail(conn, edge, rcpt);
    else
        kx_conn_request(
            conn, KX_MSG_SMTP_RCPT,
            &(KxMsgSmtpRcpt){.to = rcpt->to, .notify = rcpt->notify, .orcpt = rcpt->orcpt});
}

static void send(KxConn *conn, KxSmtpEdge *edge)
{
    KxSlice chunk = {edge->chunk.data, edge->chunk.len};
    switch (edge->ask) {
    case KX_ASK_MAIL:
        send_mail(conn, edge, NULL);
        break;
    case KX_ASK_RCPT:
        send_rcpt(conn, edge, edge->asked, edge->recipients == NULL);
        break;
    case KX_ASK_SPOOL:
        kx_conn_request(conn, KX_MSG_SPOOL, &(KxMsgSpool){.data = chunk});
        break;
    case KX_ASK_MESSAGE:
        kx_conn_request(conn, KX_MSG_SMTP_MESSAGE, &(KxMsgSmtpMessage){.data = chunk});
        break;
    case KX_ASK_BURL:
        kx_conn_request(conn, KX_MSG_SMTP_BURL,
                        &(KxMsgSmtpBurl){.data = chunk, .url = edge->url, .last = edge->bdat_last});
        break;
    case KX_ASK_ETRN:
        kx_conn_request(conn, KX_MSG_SMTP_ETRN, &(KxMsgSmtpEtrn){.node = edge->node});
        break;
    case KX_ASK_RESET:
        kx_conn_request(conn, KX_MSG_SMTP_RESET, &(KxMsgSmtpReset){});
        break;
    case KX_ASK_CONNECT:
        kx_conn_request(conn, KX_MSG_SMTP_CONNECT, &(KxMsgSmtpConnect){});
        break;
    case KX_ASK_SASL:
    case KX_ASK_NOTHING:
        g_assert_not_reached();
    }
}

void kx_edge_ask(KxConn *conn, KxEdgeAsk ask)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    edge->ask = ask;
    edge->asked_again = FALSE;
    send(conn, edge);
}

void kx_edge_ask_sasl(KxConn *conn, const char *mechanism, gboolean initial, KxSlice data)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    edge->ask = KX_ASK_SASL;
    kx_conn_request_sasl(conn, mechanism, initial, data);
}

/* ---- answers ---- */

static void mail_answered(KxConn *conn, KxSmtpEdge *edge, guint code, const char *text)
{
    if (code < 200 || code >= 300)
        kx_edge_forget(edge);
    kx_edge_say(conn, code, text);
}

static void rcpt_answered(KxConn *conn, KxSmtpEdge *edge, guint code, const char *text)
{
    KxEdgeRcpt *rcpt = g_steal_pointer(&edge->asked);
    if (code >= 200 && code < 300) {
        if (!edge->recipients)
            edge->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)kx_edge_rcpt_free);
        edge->envelope_bytes +=
            sizeof *rcpt + strlen(rcpt->to) + (rcpt->orcpt ? strlen(rcpt->orcpt) : 0);
        g_ptr_array_add(edge->recipients, rcpt);
    } else {
        kx_edge_rcpt_free(rcpt);
    }
    kx_edge_say(conn, code, text);
}

/* The answer to SPOOL, if it is not taken. */
static void spool_refused(KxConn *conn, KxSmtpEdge *edge, guint code, const char *text)
{
    edge->spooled = FALSE; /* the core has dropped it */
    kx_edge_content_refuse(edge, code, text);
}

static void message_answered(KxConn *conn, KxSmtpEdge *edge, guint code, const char *text)
{
    kx_edge_forget(edge);
    kx_edge_say(conn, code, text);
}

static void burl_answered(KxConn *conn, KxSmtpEdge *edge, guint code, const char *text)
{
    g_clear_pointer(&edge->url, g_free);
    if (edge->bdat_last || code < 200 || code >= 300) {
        message_answered(conn, edge, code, text);
        return;
    }
    edge->spooled = TRUE;
    kx_buf_reset(&edge->chunk);
    kx_edge_say(conn, code, text);
}

static void etrn_answered(KxConn *conn, KxSmtpEdge *edge, guint code, const char *text)
{
    g_clear_pointer(&edge->node, g_free);
    kx_edge_say(conn, code, text);
}

static void reset_done(KxConn *conn, KxSmtpEdge *edge, guint code, const char *text)
{
    edge->after_reset(conn);
    kx_edge_forget(edge);
}

static void (*const ANSWERED[])(KxConn *, KxSmtpEdge *, guint, const char *) = {
    [KX_ASK_MAIL] = mail_answered,      [KX_ASK_RCPT] = rcpt_answered,
    [KX_ASK_SPOOL] = spool_refused,     [KX_ASK_MESSAGE] = message_answered,
    [KX_ASK_ETRN] = etrn_answered,      [KX_ASK_RESET] = reset_done,
    [KX_ASK_CONNECT] = kx_edge_arrived, [KX_ASK_BURL] = burl_answered,
};

static void finish(KxConn *conn, KxSmtpEdge *edge, guint code, const char *text)
{
    KxEdgeAsk ask = edge->ask;
    edge->ask = KX_ASK_NOTHING;
    edge->replaying = 0;
    ANSWERED[ask](conn, edge, code, text);
    if (code == 421) /* who is held off is not to go on */
        kx_edge_close(conn);
}

/* ---- telling the envelope again ---- */

/* The core knows all recipients before number `replaying`; goes on with that, or with the request
 * itself. */
static void replay(KxConn *conn, KxSmtpEdge *edge)
{
    guint next = edge->replaying - 1;
    if (next < edge->recipients->len) {
        send_rcpt(conn, edge, edge->recipients->pdata[next], next == 0);
        return;
    }
    edge->replaying = 0;
    send(conn, edge);
}

static void replay_answered(KxConn *conn, KxSmtpEdge *edge, guint code)
{
    if (code < 200 || code >= 300) { /* it was good before: something changed under the client */
        finish(conn, edge, 451, TRY_AGAIN);
        return;
    }
    edge->replaying++;
    replay(conn, edge);
}

/* ---- from the connection ---- */

void kx_edge_answered(KxConn *conn, const KxMessage *message)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    if (message->type == KX_MSG_SASL_REPLY && edge->ask == KX_ASK_SASL) {
        edge->ask = KX_ASK_NOTHING;
        kx_edge_sasl_answered(conn, &message->SASL_REPLY);
    } else if (message->type == KX_MSG_REPLY && edge->ask == KX_ASK_SPOOL) {
        edge->ask = KX_ASK_NOTHING;
        edge->spooled = TRUE;
        kx_buf_reset(&edge->chunk);
    } else if (message->type != KX_MSG_SMTP_VERDICT || edge->ask == KX_ASK_NOTHING ||
               edge->ask == KX_ASK_SASL) {
        kx_edge_goodbye(conn, "4.3.0", "Internal error");
    } else if (edge->replaying) {
        replay_answered(conn, edge, message->SMTP_VERDICT.code);
    } else if (message->SMTP_VERDICT.code != 0) {
        finish(conn, edge, message->SMTP_VERDICT.code, message->SMTP_VERDICT.text);
    } else if (edge->spooled || !edge->recipients) {
        finish(conn, edge, 451, TRY_AGAIN);
    } else {
        edge->replaying = 1;
        replay(conn, edge);
    }
}

void kx_edge_unanswered(KxConn *conn)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    if (edge->ask == KX_ASK_SASL) {
        edge->ask = KX_ASK_NOTHING;
        kx_edge_sasl_answered(conn, NULL);
    } else if ((edge->ask == KX_ASK_MAIL || edge->ask == KX_ASK_RCPT ||
                edge->ask == KX_ASK_CONNECT) &&
               !edge->asked_again) {
        edge->asked_again =
            TRUE; /* a question does no harm; but it must not kill core after core */
        edge->replaying = edge->recipients ? 1 : 0;
        if (edge->replaying)
            replay(conn, edge);
        else
            send(conn, edge);
    } else if (edge->ask != KX_ASK_NOTHING) {
        finish(conn, edge, 451, TRY_AGAIN);
    }
}
