/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content of a message on the wire: removing the dots of DATA (RFC 5321 section 4.5.2) and
 * watching for what must not be in it. Works on pieces cut anywhere. Pure and thread-safe.
 *
 * The end of DATA is CRLF "." CRLF and nothing else. A bare LF or CR is never taken for a line
 * ending, neither here nor at the end of the content, so that no second message can be hidden in a
 * first one; content that has one is read to its true end and then refused, as is NUL.
 */
#pragma once

#include "base/buf.h"

typedef enum {
    KX_CONTENT_BARE_LF = 1 << 0,
    KX_CONTENT_BARE_CR = 1 << 1,
    KX_CONTENT_NUL = 1 << 2,
    KX_CONTENT_LONG_LINE = 1 << 3, /* over KX_SMTP_LINE_LENGTH_MAX */
} KxContentFlaws;

/* RFC 5321 allows 1000; many senders write more, and nothing is gained by breaking their lines. */
#define KX_SMTP_LINE_LENGTH_MAX (1024 * 1024)

typedef struct {
    guint flaws; /* KxContentFlaws */
    guint state;
    size_t line_length;
} KxContentCheck;

#define KX_CONTENT_CHECK_INIT ((KxContentCheck){0})

/*
 * Reads a piece of DATA and appends the content to `out`, at most `room` bytes. Returns how much of
 * the piece was consumed: all of it unless `out` got full or the end was found, which sets
 * *ret_end. A held-back CR or dot may make two bytes of content from one of input, so `room` must
 * be at least 3.
 */
size_t kx_content_unstuff(KxContentCheck *check, const char *piece, size_t len, KxBuf *out,
                          size_t room, gboolean *ret_end);

/* The same watch over content that has no dots (BDAT). */
void kx_content_watch(KxContentCheck *check, const char *piece, size_t len);

/* At the end of content without dots: a CR that is still waiting for its LF is bare. */
void kx_content_watch_end(KxContentCheck *check);
