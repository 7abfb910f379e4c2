/* SPDX-License-Identifier: Apache-2.0 */
#include "pop3/dot-text.h"

KxPop3Text kx_pop3_text(const char *data, size_t len, guint64 body_lines)
{
    return (KxPop3Text){.data = data, .len = len, .body_lines = body_lines};
}

static gboolean is_bare(const char *data, size_t feed)
{
    return feed == 0 || data[feed - 1] != '\r';
}

/* The line that ends at the line feed `feed` is handed out. */
static void end_line(KxPop3Text *text, size_t feed)
{
    size_t length = feed - text->line;
    gboolean empty = length == 0 || (length == 1 && text->data[text->line] == '\r');
    if (text->in_body && text->body_lines != G_MAXUINT64)
        text->body_lines--;
    text->in_body = text->in_body || empty;
    text->at = text->line = feed + 1;
    text->dotted = FALSE;
}

static gboolean at_end(const KxPop3Text *text)
{
    return text->at >= text->len ||
           (text->at == text->line && text->in_body && text->body_lines == 0);
}

static gboolean wants_dot(const KxPop3Text *text)
{
    return text->at == text->line && text->data[text->at] == '.' && !text->dotted;
}

/* What is missing of the line end of a last line that has none. */
static KxSlice close_last_line(KxPop3Text *text)
{
    if (text->line >= text->len || text->at < text->len)
        return KX_SLICE_STR("");
    text->line = text->len;
    return text->data[text->len - 1] == '\r' ? KX_SLICE_STR("\n") : KX_SLICE_STR("\r\n");
}

/* From `at` on, whole lines that need no change as far as they fit, or a part of a long one. */
KxSlice kx_pop3_text_next(KxPop3Text *text)
{
    if (at_end(text))
        return close_last_line(text);
    if (wants_dot(text)) {
        text->dotted = TRUE;
        return KX_SLICE_STR(".");
    }
    size_t start = text->at, room_end = start + MIN(text->len - start, (size_t)KX_POP3_PIECE);
    while (text->at < room_end && !at_end(text) && !wants_dot(text)) {
        const char *found = memchr(text->data + text->at, '\n', room_end - text->at);
        size_t feed = found ? (size_t)(found - text->data) : room_end;
        if (!found) {
            text->at = room_end;
        } else if (!is_bare(text->data, feed)) {
            end_line(text, feed);
        } else if (feed > start) { /* the line feed itself comes next */
            text->at = feed;
            return (KxSlice){text->data + start, feed - start};
        } else {
            end_line(text, feed);
            return KX_SLICE_STR("\r\n");
        }
    }
    return (KxSlice){text->data + start, text->at - start};
}

guint64 kx_pop3_text_octets(const char *data, size_t len)
{
    guint64 octets = len;
    size_t line = 0;
    const char *found;
    while (line < len && (found = memchr(data + line, '\n', len - line))) {
        size_t feed = (size_t)(found - data);
        octets += is_bare(data, feed);
        line = feed + 1;
    }
    if (line < len)
        octets += data[len - 1] == '\r' ? 1 : 2;
    return octets;
}
