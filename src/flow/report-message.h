/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A delivery status notification as a message (RFC 3462, RFC 3464; with UTF-8 in addresses or
 * header fields RFC 6533). Pure.
 */
#pragma once

#include "flow/envelope.h"
#include "flow/notice-text.h"

typedef struct {
    KxNoticeId notice;  /* the text for people */
    const char *action; /* RFC 3464 section 2.3.3 */
    const char *id;     /* of the report */
    const char *hostname, *to, *language;
    gint64 now, retry_until;    /* 0: it is not tried again */
    const KxEnvelope *envelope; /* of the message it is about */
    GPtrArray *recipients;      /* of KxEnvelopeRcpt: those it is about */
    const char *original;       /* the message, or its beginning with the whole header */
    size_t original_len;
    gboolean full;         /* it is all of it, and goes along */
    gboolean hide_program; /* which one this is, is not said */
} KxReportMessage;

/* Lines end in CRLF. */
GString *kx_report_message(const KxReportMessage *report);

/* The text of xtext (RFC 3461 section 4); what may not stand in a field becomes "?". */
char *kx_xtext_decode(const char *xtext);
/* The other way round: UTF-8 bytes are escaped like the rest. */
char *kx_xtext_encode(const char *text);
