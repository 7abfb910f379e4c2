/* SPDX-License-Identifier: Apache-2.0 */
/* MAIL: RFC 5321 section 4.1.1.2. The core is asked what a sender who has signed in may do; of
 * others it hears with the first recipient, so that strangers cost it nothing before. */
#include "base/text.h"
#include "ipc/message.h"
#include "smtp/edge-private.h"

static const char NOT_RECOGNISED[] = "5.5.4 Parameter of MAIL not recognised";

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

/* Syntax of the argument; an error is answered. */
static gboolean parse(KxConn *conn, const KxEdgeArgs *args, char *from, KxMailParams *params)
{
    const KxSmtpEdge *edge = kx_conn_state(conn);
    const char *at = args->args;
    if (args->end - at < 5 || !kx_ascii_equal(at, 5, "FROM:")) {
        kx_edge_say(conn, 501, "5.5.4 Syntax: MAIL FROM:<address>");
        return FALSE;
    }
    at += 5;
    KxPathResult path = kx_smtp_parse_path(&at, args->end, KX_PATH_NULL | KX_PATH_UTF8, from);
    if (path != KX_PATH_OK || (at < args->end && *at != ' ' && *at != '\t')) {
        gboolean syntax = path == KX_PATH_OK || path == KX_PATH_SYNTAX;
        kx_edge_say(conn, syntax ? 501 : 553,
                    syntax ? "5.1.7 Syntax: MAIL FROM:<address>"
                           : "5.1.7 The sender's address is not valid");
        return FALSE;
    }
    char name[32];
    KxParamResult result = edge->extended || at == args->end
                               ? kx_smtp_mail_params(at, args->end, params, name)
                               : KX_PARAM_UNKNOWN;
    if (result == KX_PARAM_OK)
        return TRUE;
    kx_edge_say(conn, result == KX_PARAM_UNKNOWN ? 555 : 501,
                result == KX_PARAM_UNKNOWN
                    ? NOT_RECOGNISED
                    : "5.5.4 Parameter of MAIL has a wrong value or is given twice");
    return FALSE;
}

/* RFC 8689 section 2: what is to be protected all the way must have been so far. */
static gboolean may_require_tls(KxConn *conn)
{
    gboolean known = kx_settings_bool(kx_conn_settings(conn), KX_SET_SMTP_REQUIRETLS);
    if (known && kx_conn_is_secure(conn))
        return TRUE;
    kx_edge_say(conn, known ? 530 : 555,
                known ? "5.7.10 REQUIRETLS needs TLS: use STARTTLS first" : NOT_RECOGNISED);
    return FALSE;
}

void kx_edge_cmd_mail(KxConn *conn, const KxEdgeArgs *args)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    char from[KX_SMTP_ADDRESS_MAX + 1];
    KxMailParams params = {0};
    if (edge->mail) {
        kx_edge_say(conn, 503, "5.5.1 There is a transaction already: use RSET");
        return;
    }
    if (!parse(conn, args, from, &params))
        return;
    if (!(params.flags & KX_SMTP_UTF8) && !g_str_is_ascii(from)) {
        kx_edge_say(conn, 553, "5.6.7 A non-ASCII address needs SMTPUTF8");
        return;
    }
    if ((params.flags & KX_SMTP_REQUIRETLS) && !may_require_tls(conn))
        return;
    gint64 most = kx_settings_int(kx_conn_settings(conn), KX_SET_SMTP_MAX_SIZE);
    if (most > 0 && params.size > (guint64)most) {
        kx_edge_say(conn, 552, "5.3.4 Message size exceeds the limit");
        return;
    }
    KxEdgeMail times = {0};
    if (!kx_edge_time_take(conn, &params, &times))
        return;
    edge->mail = g_memdup2(&times, sizeof times);
    edge->mail->from = g_strdup(from);
    edge->mail->envid = g_strdup(or_null(params.envid));
    edge->mail->ret = g_strdup(or_null(params.ret));
    edge->mail->auth = g_strdup(or_null(params.auth));
    edge->mail->flags = params.flags | (edge->extended ? KX_SMTP_EXTENDED : 0);
    edge->mail->size = params.size;
    if (edge->signed_in)
        kx_edge_ask(conn, KX_ASK_MAIL);
    else
        kx_edge_say(conn, 250, "2.1.0 Sender OK");
}
