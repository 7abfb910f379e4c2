/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as a multi-line answer (RFC 1939 section 3): lines end in CRLF whatever the file has, a
 * line that begins with a dot gets another one. Pure: the content is borrowed and not changed. The
 * closing ".\r\n" is the caller's.
 */
#pragma once

#include "ipc/message.h"

enum { KX_POP3_PIECE = 16 * 1024 }; /* most bytes handed out at a time */

typedef struct {
    const char *data;
    size_t len;
    guint64 body_lines; /* still to be sent; G_MAXUINT64: all (RETR) */
    size_t at;          /* all before is handed out */
    size_t line;        /* where the line at `at` begins */
    gboolean in_body;
    gboolean dotted; /* the line got its dot */
} KxPop3Text;

KxPop3Text kx_pop3_text(const char *data, size_t len, guint64 body_lines);

/* The next bytes to send; length 0 at the end. Valid as long as the content is. */
KxSlice kx_pop3_text_next(KxPop3Text *text);

/* Octets of the message as it is sent in full, without the dots that are added (RFC 1939 section
 * 11). */
guint64 kx_pop3_text_octets(const char *data, size_t len);
