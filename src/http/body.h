/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request, by length or in chunks (RFC 9112 sections 6 and 7.1). Chunk extensions and
 * trailers are read over. One thread. */
#pragma once

#include "base/buf.h"

typedef enum {
    KX_HTTP_BODY_SIZE, /* the states of a chunked body: in the size of a chunk */
    KX_HTTP_BODY_EXTENSION,
    KX_HTTP_BODY_SIZE_LF,
    KX_HTTP_BODY_DATA, /* the only state of one with a length */
    KX_HTTP_BODY_DATA_CR,
    KX_HTTP_BODY_DATA_LF,
    KX_HTTP_BODY_TRAILER, /* at the beginning of a line */
    KX_HTTP_BODY_TRAILER_LINE,
    KX_HTTP_BODY_TRAILER_LF,
    KX_HTTP_BODY_LAST_LF,
    KX_HTTP_BODY_DONE,
    KX_HTTP_BODY_BAD,
} KxHttpBodyState;

typedef struct {
    gboolean chunked;
    KxHttpBodyState state;
    guint64 left;  /* of the chunk, or of the body */
    guint digits;  /* of the size */
    guint skipped; /* bytes of extensions and trailers */
} KxHttpBody;

KxHttpBody kx_http_body(gboolean chunked, guint64 length);

/* Reads the body's bytes to `out` until that is full, the body is over (DONE), malformed (BAD), or
 * the input used up. Returns how much of the input was used. */
size_t kx_http_body_take(KxHttpBody *body, const char *bytes, size_t len, KxBuf *out);
