/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the Mail log (LOG-27 to LOG-37): one Recv for each message, one Sent for each recipient,
 * all with the message's queue ID. Strings are borrowed for the call. Values may come from a peer:
 * angle brackets inside addresses are written as \x3C and \x3E, lengths are capped.
 */
#pragma once

#include <glib.h>

#include "log/log.h"

typedef struct KxLogMailRecv {
    const char *queue_id;
    const char *service;     /* by which it came: SMTP */
    const char *from;        /* envelope sender without brackets; NULL or "": the null sender */
    const char *const *to;   /* envelope recipients, NULL-terminated */
    guint64 size;            /* bytes */
    const char *user;        /* who submitted it; NULL leaves the key out, and so below */
    const char *sender_host; /* IP address */
    gboolean secure;         /* came inside TLS */
    const char *report; /* a report of the server: what it tells, in place of where it came from */
} KxLogMailRecv;

typedef struct KxLogMailSent {
    const char *queue_id;
    const char *recipient;
    const char *result; /* "delivered", "failed", "delayed", ... */
    const char *status; /* enhanced status code, RFC 3463 */
} KxLogMailSent;

/* Several recipients are listed as "To: <a>, <b>". Past 4 KiB of list the rest is counted, as in
 * "<a>, <b> and 37 more", so that the fields behind it stay on the line; their Sent lines name
 * them. */
void kx_log_mail_recv(KxLogger *logger, const KxLogMailRecv *recv);
void kx_log_mail_sent(KxLogger *logger, const KxLogMailSent *sent);
