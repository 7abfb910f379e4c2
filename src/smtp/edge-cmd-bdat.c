/* SPDX-License-Identifier: Apache-2.0 */
/* BDAT: RFC 3030 section 2. A refused chunk is read all the same, or its bytes would be taken for
 * commands. */
#include "base/text.h"
#include "smtp/edge-private.h"

/* "<size> [LAST]" */
static gboolean parse(const KxEdgeArgs *args, guint64 *ret_size, gboolean *ret_last)
{
    const char *at = args->args;
    while (at < args->end && g_ascii_isdigit(*at))
        at++;
    g_autofree char *digits = g_strndup(args->args, (size_t)(at - args->args));
    if (!kx_parse_uint(digits, G_MAXINT64, ret_size))
        return FALSE;
    *ret_last = FALSE;
    if (at == args->end)
        return TRUE;
    if (*at != ' ' && *at != '\t')
        return FALSE;
    while (at < args->end && (*at == ' ' || *at == '\t'))
        at++;
    *ret_last = kx_ascii_equal(at, (size_t)(args->end - at), "LAST");
    return *ret_last;
}

void kx_edge_cmd_bdat(KxConn *conn, const KxEdgeArgs *args)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    guint64 size;
    gboolean last;
    if (!parse(args, &size, &last)) {
        /* Nobody knows how much of what follows is content: there is no going on. */
        kx_edge_say(conn, 501, "5.5.4 Syntax: BDAT size [LAST]");
        kx_edge_close(conn);
        return;
    }
    if (!edge->mail)
        kx_edge_content_refuse(edge, 503, "5.5.1 Send MAIL first");
    else if (!edge->recipients)
        kx_edge_content_refuse(edge, 554, "5.5.1 No valid recipients");
    edge->bdat_size = edge->bdat_left = size;
    edge->bdat_last = last;
    kx_edge_content_begin(edge, KX_EDGE_BDAT);
    if (size == 0)
        kx_edge_content_chunk_end(conn);
}
