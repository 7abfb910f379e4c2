/* SPDX-License-Identifier: Apache-2.0 */
#include "http/body.h"

enum {
    DIGITS_MAX = 15,    /* of a chunk's size: it stays below 2^60 */
    SKIPPED_MAX = 8192, /* of extensions and trailers of a whole body */
};

KxHttpBody kx_http_body(gboolean chunked, guint64 length)
{
    KxHttpBodyState state = chunked      ? KX_HTTP_BODY_SIZE
                            : length > 0 ? KX_HTTP_BODY_DATA
                                         : KX_HTTP_BODY_DONE;
    return (KxHttpBody){.chunked = chunked, .state = state, .left = chunked ? 0 : length};
}

/* ---- the bytes between chunks, one at a time ---- */

static KxHttpBodyState in_size(KxHttpBody *body, char c)
{
    if (g_ascii_isxdigit(c) && body->digits < DIGITS_MAX) {
        body->left = body->left << 4 | (guint64)g_ascii_xdigit_value(c);
        body->digits++;
        return KX_HTTP_BODY_SIZE;
    }
    if (body->digits == 0)
        return KX_HTTP_BODY_BAD;
    return c == '\r' ? KX_HTTP_BODY_SIZE_LF : c == ';' ? KX_HTTP_BODY_EXTENSION : KX_HTTP_BODY_BAD;
}

/* Up to the line's end; `same` to stay. */
static KxHttpBodyState in_line(KxHttpBody *body, char c, KxHttpBodyState same, KxHttpBodyState end)
{
    if (c == '\r')
        return end;
    gboolean good = (guchar)c >= ' ' ? c != 0x7f : c == '\t';
    return good && ++body->skipped <= SKIPPED_MAX ? same : KX_HTTP_BODY_BAD;
}

static KxHttpBodyState after_size(KxHttpBody *body)
{
    body->digits = 0;
    return body->left > 0 ? KX_HTTP_BODY_DATA : KX_HTTP_BODY_TRAILER;
}

static KxHttpBodyState next(KxHttpBody *body, char c)
{
    switch (body->state) {
    case KX_HTTP_BODY_SIZE:
        return in_size(body, c);
    case KX_HTTP_BODY_EXTENSION:
        return in_line(body, c, KX_HTTP_BODY_EXTENSION, KX_HTTP_BODY_SIZE_LF);
    case KX_HTTP_BODY_SIZE_LF:
        return c == '\n' ? after_size(body) : KX_HTTP_BODY_BAD;
    case KX_HTTP_BODY_DATA_CR:
        return c == '\r' ? KX_HTTP_BODY_DATA_LF : KX_HTTP_BODY_BAD;
    case KX_HTTP_BODY_DATA_LF:
        return c == '\n' ? KX_HTTP_BODY_SIZE : KX_HTTP_BODY_BAD;
    case KX_HTTP_BODY_TRAILER:
        return in_line(body, c, KX_HTTP_BODY_TRAILER_LINE, KX_HTTP_BODY_LAST_LF);
    case KX_HTTP_BODY_TRAILER_LINE:
        return in_line(body, c, KX_HTTP_BODY_TRAILER_LINE, KX_HTTP_BODY_TRAILER_LF);
    case KX_HTTP_BODY_TRAILER_LF:
        return c == '\n' ? KX_HTTP_BODY_TRAILER : KX_HTTP_BODY_BAD;
    case KX_HTTP_BODY_LAST_LF:
        return c == '\n' ? KX_HTTP_BODY_DONE : KX_HTTP_BODY_BAD;
    default:
        g_assert_not_reached();
    }
}

/* ---- everything ---- */

static size_t take_data(KxHttpBody *body, const char *bytes, size_t len, KxBuf *out)
{
    size_t n = MIN(MIN(len, out->max - out->len), body->left);
    kx_buf_append(out, bytes, n);
    body->left -= n;
    if (body->left == 0)
        body->state = body->chunked ? KX_HTTP_BODY_DATA_CR : KX_HTTP_BODY_DONE;
    return n;
}

size_t kx_http_body_take(KxHttpBody *body, const char *bytes, size_t len, KxBuf *out)
{
    size_t used = 0;
    while (used < len && body->state < KX_HTTP_BODY_DONE) {
        if (body->state != KX_HTTP_BODY_DATA) {
            body->state = next(body, bytes[used++]);
            continue;
        }
        size_t n = take_data(body, bytes + used, len - used, out);
        if (n == 0)
            break;
        used += n;
    }
    return used;
}
