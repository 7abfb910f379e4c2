/* SPDX-License-Identifier: Apache-2.0 */
/* RCPT: RFC 5321 section 4.1.1.3. The core decides about the recipient. */
#include "base/text.h"
#include "ipc/message.h"
#include "smtp/edge-private.h"

static gboolean parse_address(KxConn *conn, const KxEdgeArgs *args, gboolean utf8, const char **at,
                              char *to)
{
    *at = args->args;
    if (args->end - *at < 3 || !kx_ascii_equal(*at, 3, "TO:")) {
        kx_edge_say(conn, 501, "5.5.4 Syntax: RCPT TO:<address>");
        return FALSE;
    }
    *at += 3;
    KxPathResult path =
        kx_smtp_parse_path(at, args->end, KX_PATH_BARE | (utf8 ? KX_PATH_UTF8 : 0), to);
    if (path == KX_PATH_NEEDS_UTF8) {
        kx_edge_say(conn, 553, "5.6.7 A non-ASCII address needs SMTPUTF8");
    } else if (path == KX_PATH_SYNTAX ||
               (path == KX_PATH_OK && *at < args->end && **at != ' ' && **at != '\t')) {
        kx_edge_say(conn, 501, "5.1.3 Syntax: RCPT TO:<address>");
    } else if (path != KX_PATH_OK) {
        kx_edge_say(conn, 553, "5.1.3 The recipient's address is not valid");
    } else {
        return TRUE;
    }
    return FALSE;
}

static gboolean parse(KxConn *conn, const KxEdgeArgs *args, char *to, KxRcptParams *params)
{
    const KxSmtpEdge *edge = kx_conn_state(conn);
    const char *at;
    gboolean utf8 = (edge->mail->flags & KX_SMTP_UTF8) != 0;
    if (!parse_address(conn, args, utf8, &at, to))
        return FALSE;
    char name[32];
    KxParamResult result = edge->extended || at == args->end
                               ? kx_smtp_rcpt_params(at, args->end, utf8, params, name)
                               : KX_PARAM_UNKNOWN;
    if (result == KX_PARAM_OK)
        return TRUE;
    kx_edge_say(conn, result == KX_PARAM_UNKNOWN ? 555 : 501,
                result == KX_PARAM_UNKNOWN
                    ? "5.5.4 Parameter of RCPT not recognised"
                    : "5.5.4 Parameter of RCPT has a wrong value or is given twice");
    return FALSE;
}

static gboolean is_full(KxConn *conn, const KxSmtpEdge *edge)
{
    gint64 most = kx_settings_int(kx_conn_settings(conn), KX_SET_SMTP_MAX_RECIPIENTS);
    return edge->recipients &&
           (edge->recipients->len >= (guint64)most || edge->envelope_bytes >= KX_SMTP_ENVELOPE_MAX);
}

void kx_edge_cmd_rcpt(KxConn *conn, const KxEdgeArgs *args)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    char to[KX_SMTP_ADDRESS_MAX + 1];
    KxRcptParams params = {0};
    if (!edge->mail || edge->chunking) {
        kx_edge_say(conn, 503,
                    edge->mail ? "5.5.1 The message has begun: no more recipients"
                               : "5.5.1 Send MAIL first");
        return;
    }
    if (!parse(conn, args, to, &params))
        return;
    if (is_full(conn, edge)) {
        kx_edge_say(conn, 452, "4.5.3 Too many recipients");
        return;
    }
    kx_edge_rcpt_free(edge->asked);
    edge->asked = g_new0(KxEdgeRcpt, 1);
    edge->asked->to = g_strdup(to);
    edge->asked->orcpt = *params.orcpt ? g_strdup(params.orcpt) : NULL;
    edge->asked->notify = params.notify;
    kx_edge_ask(conn, KX_ASK_RCPT);
}
