/* SPDX-License-Identifier: Apache-2.0 */
/* HELO and EHLO: RFC 5321 section 4.1.1.1. EHLO lists what is in force here and now, and nothing
 * else. */
#include "smtp/edge-private.h"

/* Names are not checked beyond what keeps trace fields and logs sound: half the clients of the
 * world do not know theirs. */
static gboolean take_name(KxConn *conn, const KxEdgeArgs *args, gboolean extended)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    size_t len = (size_t)(args->end - args->args);
    if (len > KX_SMTP_HELO_MAX) {
        kx_edge_say(conn, 501, "5.5.4 The host name is too long");
        return FALSE;
    }
    g_free(edge->helo);
    edge->helo = g_strndup(args->args, len);
    edge->extended = extended;
    return TRUE;
}

static void say_helo(KxConn *conn)
{
    kx_edge_line(conn, "250 %s", kx_edge_hostname(conn));
}

void kx_edge_cmd_helo(KxConn *conn, const KxEdgeArgs *args)
{
    if (take_name(conn, args, FALSE))
        kx_edge_reset(conn, say_helo);
}

static void say_auth(KxConn *conn)
{
    g_autofree char *mechanisms = kx_conn_mechanisms(conn, kx_conn_may_sign_in(conn, FALSE), "");
    if (*mechanisms)
        kx_edge_line(conn, "250-AUTH %s", mechanisms);
}

static void say_ehlo(KxConn *conn)
{
    const KxSmtpEdge *edge = kx_conn_state(conn);
    const KxSettings *settings = kx_conn_settings(conn);
    gint64 size = kx_settings_int(settings, KX_SET_SMTP_MAX_SIZE);
    kx_edge_line(conn, "250-%s", kx_edge_hostname(conn));
    kx_edge_line(conn, "250-PIPELINING");
    if (size > 0)
        kx_edge_line(conn, "250-SIZE %" G_GINT64_FORMAT, size);
    else
        kx_edge_line(conn, "250-SIZE");
    if (!kx_conn_is_secure(conn))
        kx_edge_line(conn, "250-STARTTLS");
    if (kx_edge_is_submission(conn) && !edge->signed_in)
        say_auth(conn);
    if (kx_conn_is_secure(conn) && kx_settings_bool(settings, KX_SET_SMTP_REQUIRETLS))
        kx_edge_line(conn, "250-REQUIRETLS");
    kx_edge_time_announce(conn);
    kx_edge_line(conn, "250-LIMITS RCPTMAX=%" G_GINT64_FORMAT,
                 kx_settings_int(settings, KX_SET_SMTP_MAX_RECIPIENTS));
    kx_edge_line(conn, "250-ENHANCEDSTATUSCODES");
    kx_edge_line(conn, "250-8BITMIME");
    kx_edge_line(conn, "250-BINARYMIME");
    kx_edge_line(conn, "250-CHUNKING");
    if (kx_edge_offers_burl(conn))
        kx_edge_line(conn, "250-BURL imap");
    kx_edge_line(conn, "250-SMTPUTF8");
    if (kx_conn_speaks_for_others(conn))
        kx_edge_line(conn, "250-XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT");
    kx_edge_line(conn, "250-ETRN");
    kx_edge_line(conn, "250-DSN");
    kx_edge_line(conn, "250 HELP");
}

void kx_edge_cmd_ehlo(KxConn *conn, const KxEdgeArgs *args)
{
    if (take_name(conn, args, TRUE))
        kx_edge_reset(conn, say_ehlo);
}
