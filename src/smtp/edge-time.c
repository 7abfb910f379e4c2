/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FUTURERELEASE (RFC 4865), for submission only; DELIVERBY (RFC 2852) and MT-PRIORITY (RFC 6710),
 * which other servers may use too. Times that clients give are made absolute here, when they are
 * said.
 */
#include "base/text.h"
#include "ipc/message.h"
#include "smtp/edge-private.h"

static const char NOT_OFFERED[] = "5.5.4 Parameter of MAIL not recognised";

static gint64 now_seconds(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* Seconds; 0: it is not offered here. */
static gint64 longest_hold(KxConn *conn)
{
    return kx_edge_is_submission(conn)
               ? kx_settings_int(kx_conn_settings(conn), KX_SET_SMTP_FUTURE_RELEASE)
               : 0;
}

void kx_edge_time_announce(KxConn *conn)
{
    const KxSettings *settings = kx_conn_settings(conn);
    gint64 most = longest_hold(conn);
    if (most > 0) {
        g_autoptr(GDateTime) until = g_date_time_new_from_unix_utc(now_seconds() + most);
        g_autofree char *text = g_date_time_format(until, "%Y-%m-%dT%H:%M:%SZ");
        kx_edge_line(conn, "250-FUTURERELEASE %" G_GINT64_FORMAT " %s", most, text);
    }
    if (kx_settings_bool(settings, KX_SET_SMTP_DELIVER_BY))
        kx_edge_line(conn, "250-DELIVERBY");
    if (kx_settings_bool(settings, KX_SET_SMTP_PRIORITY))
        kx_edge_line(conn, "250-MT-PRIORITY");
}

static gboolean take_release(KxConn *conn, const KxMailParams *params, KxEdgeMail *mail)
{
    gint64 now = now_seconds(), most = longest_hold(conn);
    if (params->holds == 0)
        return TRUE;
    gint64 release = params->hold_until > 0 ? params->hold_until : now + params->hold_for;
    if (most == 0)
        kx_edge_say(conn, 555, NOT_OFFERED);
    else if (params->holds > 1)
        kx_edge_say(conn, 501, "5.5.4 HOLDFOR and HOLDUNTIL do not go together");
    else if (release > now + most)
        kx_edge_say(conn, 501, "5.5.4 Messages are not held for so long here");
    else
        mail->release = release > now ? release : 0;
    return most > 0 && params->holds == 1 && release <= now + most;
}

/* The time to deliver it begins when it is released. */
static gboolean take_deadline(KxConn *conn, const KxMailParams *params, KxEdgeMail *mail)
{
    if (!(params->flags & (KX_SMTP_BY_RETURN | KX_SMTP_BY_NOTIFY)))
        return TRUE;
    if (!kx_settings_bool(kx_conn_settings(conn), KX_SET_SMTP_DELIVER_BY)) {
        kx_edge_say(conn, 555, NOT_OFFERED);
        return FALSE;
    }
    gint64 begins = mail->release > 0 ? mail->release : now_seconds();
    mail->deliver_by = MAX(begins + params->by, 1);
    return TRUE;
}

gboolean kx_edge_time_take(KxConn *conn, const KxMailParams *params, KxEdgeMail *mail)
{
    if (!take_release(conn, params, mail) || !take_deadline(conn, params, mail))
        return FALSE;
    if (params->priority > 0 && !kx_settings_bool(kx_conn_settings(conn), KX_SET_SMTP_PRIORITY)) {
        kx_edge_say(conn, 555, NOT_OFFERED);
        return FALSE;
    }
    mail->priority = params->priority;
    return TRUE;
}
