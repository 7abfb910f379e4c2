/* SPDX-License-Identifier: Apache-2.0 */
#include "smtp/content-check.h"

enum {
    AT_LINE_START, /* after CRLF, or at the very beginning */
    AT_DOT,        /* after a dot at the start of a line */
    AT_DOT_CR,     /* after that dot and CR */
    IN_LINE,
    AT_CR, /* after a CR in a line; it has been written */
};

/* Counts and looks at `len` bytes within a line, none of them CR or LF. */
static void see_text(KxContentCheck *check, const char *text, size_t len)
{
    if (memchr(text, '\0', len))
        check->flaws |= KX_CONTENT_NUL;
    check->line_length += len;
    if (check->line_length > KX_SMTP_LINE_LENGTH_MAX)
        check->flaws |= KX_CONTENT_LONG_LINE;
}

/* The bytes at `at` before the next CR or LF. */
static size_t text_length(const char *at, size_t len)
{
    const char *lf = memchr(at, '\n', len);
    size_t until = lf ? (size_t)(lf - at) : len;
    const char *cr = memchr(at, '\r', until);
    return cr ? (size_t)(cr - at) : until;
}

/* One CR or LF at the given place; the new place. */
static guint see_line_end(KxContentCheck *check, guint state, char c)
{
    if (c == '\r') {
        if (state == AT_CR)
            check->flaws |= KX_CONTENT_BARE_CR;
        return AT_CR;
    }
    if (state == AT_CR) {
        check->line_length = 0;
        return AT_LINE_START;
    }
    check->flaws |= KX_CONTENT_BARE_LF;
    return IN_LINE;
}

/* What a byte after a dot at the start of a line means. TRUE if it was used up. */
static gboolean after_dot(KxContentCheck *check, char c, KxBuf *out, gboolean *ret_end)
{
    if (check->state == AT_DOT) {
        /* Unless this is the end, the dot was put there by the sender and goes; a second one is
         * text. */
        check->state = c == '\r' ? AT_DOT_CR : IN_LINE;
        return c == '\r';
    }
    if (c == '\n') {
        *ret_end = TRUE;
        return TRUE;
    }
    kx_buf_append_c(out, '\r');
    check->state = AT_CR;
    return FALSE;
}

size_t kx_content_unstuff(KxContentCheck *check, const char *piece, size_t len, KxBuf *out,
                          size_t room, gboolean *ret_end)
{
    size_t start = out->len, i = 0;
    *ret_end = FALSE;
    while (i < len && out->len - start + 2 <= room) {
        char c = piece[i];
        if (check->state == AT_DOT || check->state == AT_DOT_CR) {
            if (after_dot(check, c, out, ret_end))
                i++;
            if (*ret_end)
                break;
            continue;
        }
        if (check->state == AT_LINE_START && c == '.') {
            check->state = AT_DOT;
            i++;
            continue;
        }
        if (c == '\r' || c == '\n') {
            check->state = see_line_end(check, check->state, c);
            kx_buf_append_c(out, c);
            i++;
            continue;
        }
        if (check->state == AT_CR)
            check->flaws |= KX_CONTENT_BARE_CR;
        size_t text = text_length(piece + i, MIN(len - i, room - (out->len - start)));
        see_text(check, piece + i, text);
        kx_buf_append(out, piece + i, text);
        check->state = IN_LINE;
        i += text;
    }
    return i;
}

void kx_content_watch(KxContentCheck *check, const char *piece, size_t len)
{
    size_t i = 0;
    while (i < len) {
        if (piece[i] == '\r' || piece[i] == '\n') {
            check->state = see_line_end(check, check->state, piece[i++]);
            continue;
        }
        if (check->state == AT_CR)
            check->flaws |= KX_CONTENT_BARE_CR;
        size_t text = text_length(piece + i, len - i);
        see_text(check, piece + i, text);
        check->state = IN_LINE;
        i += text;
    }
}

void kx_content_watch_end(KxContentCheck *check)
{
    if (check->state == AT_CR)
        check->flaws |= KX_CONTENT_BARE_CR;
}
