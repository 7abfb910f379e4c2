/* SPDX-License-Identifier: Apache-2.0 */
/* Modified UTF-7 (RFC 3501 section 5.1.3): UTF-16 in base64 with ',' for '/', between '&' and '-'.
 */
#include "imap/utf7.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static gboolean is_direct(gunichar c)
{
    return c >= 0x20 && c <= 0x7e;
}

typedef struct {
    guint32 bits;
    guint n_bits;
} BitQueue;

static void put_unit(GString *out, BitQueue *queue, guint16 unit)
{
    queue->bits = queue->bits << 16 | unit;
    queue->n_bits += 16;
    while (queue->n_bits >= 6) {
        queue->n_bits -= 6;
        g_string_append_c(out, alphabet[queue->bits >> queue->n_bits & 0x3f]);
    }
}

static void put_char(GString *out, BitQueue *queue, gunichar c)
{
    if (c < 0x10000) {
        put_unit(out, queue, (guint16)c);
        return;
    }
    c -= 0x10000;
    put_unit(out, queue, (guint16)(0xd800 | c >> 10));
    put_unit(out, queue, (guint16)(0xdc00 | (c & 0x3ff)));
}

static void finish_shift(GString *out, BitQueue *queue)
{
    if (queue->n_bits > 0)
        g_string_append_c(out, alphabet[queue->bits << (6 - queue->n_bits) & 0x3f]);
    g_string_append_c(out, '-');
}

void kx_utf7_encode(GString *out, const char *text)
{
    while (*text != '\0') {
        gunichar c = g_utf8_get_char(text);
        if (is_direct(c)) {
            g_string_append_c(out, (char)c);
            if (c == '&')
                g_string_append_c(out, '-');
            text = g_utf8_next_char(text);
            continue;
        }
        BitQueue queue = {0};
        g_string_append_c(out, '&');
        for (; *text != '\0' && !is_direct(c = g_utf8_get_char(text));
             text = g_utf8_next_char(text))
            put_char(out, &queue, c);
        finish_shift(out, &queue);
    }
}

static int sextet_of(char c)
{
    const char *found = c != '\0' ? strchr(alphabet, c) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

/* One UTF-16 unit of a shift; `high` keeps the first half of a pair. */
static gboolean take_unit(GString *out, guint16 unit, guint16 *high)
{
    gboolean is_low = unit >= 0xdc00 && unit <= 0xdfff;
    if ((*high != 0) != is_low)
        return FALSE;
    if (is_low) {
        g_string_append_unichar(out, 0x10000 + ((gunichar)(*high & 0x3ff) << 10 | (unit & 0x3ff)));
        *high = 0;
    } else if (unit >= 0xd800 && unit <= 0xdbff) {
        *high = unit;
    } else if (unit == 0 || is_direct(unit)) {
        return FALSE;
    } else {
        g_string_append_unichar(out, unit);
    }
    return TRUE;
}

/* A shift may not end where the next begins: they are to be one. "&-" is none. */
static gboolean begins_shift(const char *text, const char *end)
{
    return end - text >= 2 && text[0] == '&' && text[1] != '-';
}

/* The base64 after '&' up to and with '-'. Returns what follows, or NULL. */
static const char *decode_shift(GString *out, const char *text, const char *end)
{
    guint32 bits = 0;
    guint n_bits = 0;
    guint16 high = 0;
    for (; text < end && *text != '-'; text++) {
        int sextet = sextet_of(*text);
        if (sextet < 0)
            return NULL;
        bits = bits << 6 | (guint32)sextet;
        n_bits += 6;
        if (n_bits < 16)
            continue;
        n_bits -= 16;
        if (!take_unit(out, (guint16)(bits >> n_bits), &high))
            return NULL;
    }
    gboolean rest = n_bits >= 6 || (bits & ((1u << n_bits) - 1)) != 0;
    if (text == end || high != 0 || rest || begins_shift(text + 1, end))
        return NULL;
    return text + 1;
}

gboolean kx_utf7_decode(GString *out, const char *text, size_t len)
{
    gsize before = out->len;
    const char *end = text + len;
    while (text < end) {
        if (!is_direct((guchar)*text)) {
            text = NULL;
        } else if (*text != '&') {
            g_string_append_c(out, *text++);
        } else if (text + 1 < end && text[1] == '-') {
            g_string_append_c(out, '&');
            text += 2;
        } else {
            text = decode_shift(out, text + 1, end);
        }
        if (!text) {
            g_string_truncate(out, before);
            return FALSE;
        }
    }
    return TRUE;
}
