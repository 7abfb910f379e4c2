/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BURL (RFC 4468): content that lies in a mailbox of this server is named by a signed IMAP URL
 * instead of being sent again. It is a piece of content like a chunk of BDAT, and they mix.
 */
#include "base/text.h"
#include "smtp/edge-private.h"

/* "<url> [LAST]"; the URL has no blanks. */
static gboolean parse(const KxEdgeArgs *args, char **ret_url, gboolean *ret_last)
{
    const char *end = args->args;
    while (end < args->end && *end != ' ' && *end != '\t')
        end++;
    const char *rest = end;
    while (rest < args->end && (*rest == ' ' || *rest == '\t'))
        rest++;
    *ret_last = rest < args->end;
    if (*ret_last && !kx_ascii_equal(rest, (size_t)(args->end - rest), "LAST"))
        return FALSE;
    *ret_url = g_strndup(args->args, (size_t)(end - args->args));
    return TRUE;
}

gboolean kx_edge_offers_burl(KxConn *conn)
{
    const KxSmtpEdge *edge = kx_conn_state(conn);
    return (edge->signed_in || kx_edge_is_submission(conn)) &&
           kx_settings_bool(kx_conn_settings(conn), KX_SET_SMTP_BURL);
}

void kx_edge_cmd_burl(KxConn *conn, const KxEdgeArgs *args)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    g_autofree char *url = NULL;
    gboolean last = TRUE;
    if (!kx_edge_offers_burl(conn)) {
        kx_edge_say(conn, 502, "5.5.1 Command not implemented");
        return;
    }
    if (!edge->mail)
        kx_edge_content_refuse(edge, 503, "5.5.1 Send MAIL first");
    else if (!edge->recipients)
        kx_edge_content_refuse(edge, 554, "5.5.1 No valid recipients");
    else if (!parse(args, &url, &last))
        kx_edge_content_refuse(edge, 501, "5.5.4 Syntax: BURL url [LAST]");
    kx_edge_content_url(conn, url, last);
}
