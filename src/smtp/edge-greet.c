/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before and at the greeting (RFC 5321 section 4.3.1): the core says whether the client may come
 * in. Where a delay is wished, programs that send spam show themselves: they do not wait for the
 * greeting, or talk before it (SPAM-58 to SPAM-62).
 */
#include "smtp/edge-private.h"

static void greet(KxConn *conn)
{
    guint seconds = (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_SMTP_TIMEOUT);
    kx_conn_set_timeout(conn, seconds);
    gboolean hide = kx_settings_bool(kx_conn_settings(conn), KX_SET_SERVER_HIDE_PROGRAM);
    kx_edge_line(conn, "220 %s ESMTP%s", kx_edge_hostname(conn), hide ? "" : " Keryx");
}

static void report(KxConn *conn, const char *what)
{
    if (kx_settings_bool(kx_conn_settings(conn), KX_SET_SMTP_GREETING_LOG))
        kx_conn_log(conn, KX_EDGE_LOG_SECURITY, "Spam attack from %s: the client %s",
                    kx_conn_remote_ip(conn), what);
}

/* A relay has yet to say for whom it comes. */
void kx_edge_arrive(KxConn *conn)
{
    if (kx_conn_speaks_for_others(conn))
        greet(conn);
    else
        kx_edge_ask(conn, KX_ASK_CONNECT);
}

void kx_edge_arrived(KxConn *conn, KxSmtpEdge *edge, guint code, const char *text)
{
    guint seconds = (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_SMTP_GREETING_DELAY);
    if (code == KX_SMTP_GREET_LATER && seconds > 0) {
        edge->mode = KX_EDGE_DELAY;
        kx_conn_set_timeout(conn, seconds);
    } else if (code == KX_SMTP_GREET || code == KX_SMTP_GREET_LATER) {
        greet(conn);
    } else {
        kx_edge_line(conn, "421 %s", text);
        kx_edge_close(conn);
    }
}

void kx_edge_delay_over(KxConn *conn)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    edge->mode = KX_EDGE_COMMAND;
    greet(conn);
}

void kx_edge_talked_early(KxConn *conn, KxSmtpEdge *edge)
{
    edge->mode = KX_EDGE_COMMAND;
    report(conn, "talked before the greeting");
    kx_edge_line(conn, "554 5.5.1 %s You talked before the greeting", kx_edge_hostname(conn));
    kx_edge_close(conn);
}

void kx_edge_gave_up(KxConn *conn)
{
    report(conn, "did not wait for the greeting");
}
