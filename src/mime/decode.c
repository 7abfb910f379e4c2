/* SPDX-License-Identifier: Apache-2.0 */
/* See decode.h. */
#include "mime/decode.h"

void kx_mime_decoder_init(KxMimeDecoder *decoder, KxMimeEncoding encoding, const char *data,
                          size_t len)
{
    *decoder =
        (KxMimeDecoder){.encoding = encoding, .pos = data, .end = data + len, .blank_end = data};
}

/* Value of a base64 digit plus one; 0: no digit. */
static const guint8 base64_digits[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

static guint32 digit(char c)
{
    return base64_digits[(guchar)c];
}

/* Whole groups of four digits without anything between them: the common case. */
static char *read_base64_groups(KxMimeDecoder *decoder, char *out, const char *out_end)
{
    const char *pos = decoder->pos;
    while (decoder->end - pos >= 4 && out_end - out >= 3) {
        guint32 a = digit(pos[0]), b = digit(pos[1]), c = digit(pos[2]), d = digit(pos[3]);
        if (!a || !b || !c || !d)
            break;
        guint32 bits = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
        *out++ = (char)(bits >> 16);
        *out++ = (char)(bits >> 8);
        *out++ = (char)bits;
        pos += 4;
    }
    decoder->pos = pos;
    return out;
}

/* Padding ends a group, so that encoded texts set one after the other all decode. */
static void read_base64_other(KxMimeDecoder *decoder, char c)
{
    if (c == '=') {
        decoder->damaged |= decoder->n_bits >= 6;
        decoder->n_bits = 0;
    } else if (!g_ascii_isspace(c)) {
        decoder->damaged = TRUE;
    }
}

static size_t read_base64(KxMimeDecoder *decoder, char *start, size_t room)
{
    char *out = start;
    const char *out_end = start + room;
    while (decoder->pos < decoder->end && out < out_end) {
        if (decoder->n_bits == 0) {
            const char *before = decoder->pos;
            out = read_base64_groups(decoder, out, out_end);
            if (decoder->pos > before)
                continue;
        }
        char c = *decoder->pos++;
        guint32 value = digit(c);
        if (value == 0) {
            read_base64_other(decoder, c);
            continue;
        }
        decoder->bits = decoder->bits << 6 | (value - 1);
        decoder->n_bits += 6;
        if (decoder->n_bits >= 8) {
            decoder->n_bits -= 8;
            *out++ = (char)(decoder->bits >> decoder->n_bits);
        }
    }
    if (decoder->pos == decoder->end && decoder->n_bits >= 6)
        decoder->damaged = TRUE;
    return (size_t)(out - start);
}

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Length of the line ending at `pos`, 0 if there is none. */
static size_t newline_at(const char *pos, const char *end)
{
    if (pos < end && *pos == '\n')
        return 1;
    return end - pos > 1 && pos[0] == '\r' && pos[1] == '\n' ? 2 : 0;
}

/* White space before a line ending was added in transport and goes (RFC 2045 section 6.7 rule 3).
 */
static void pass_blanks(KxMimeDecoder *decoder)
{
    const char *stop = decoder->pos;
    while (stop < decoder->end && is_blank(*stop))
        stop++;
    if (stop == decoder->end || newline_at(stop, decoder->end) > 0)
        decoder->pos = stop;
    else
        decoder->blank_end = stop;
}

/* At an equals sign: a soft line break, an encoded byte, or damage that is kept as it is. Returns
 * the new end of the output. */
static char *read_qp_escape(KxMimeDecoder *decoder, char *out)
{
    const char *pos = decoder->pos + 1, *end = decoder->end;
    if (end - pos >= 2 && g_ascii_isxdigit(pos[0]) && g_ascii_isxdigit(pos[1])) {
        *out++ = (char)(g_ascii_xdigit_value(pos[0]) * 16 + g_ascii_xdigit_value(pos[1]));
        decoder->pos = pos + 2;
        return out;
    }
    const char *stop = pos;
    while (stop < end && is_blank(*stop))
        stop++;
    size_t newline = newline_at(stop, end);
    if (newline > 0 || stop == end) {
        decoder->pos = stop + newline;
        return out;
    }
    decoder->damaged = TRUE;
    decoder->pos = pos;
    decoder->blank_end = stop;
    *out++ = '=';
    return out;
}

static size_t read_qp(KxMimeDecoder *decoder, char *start, size_t room)
{
    char *out = start;
    const char *out_end = start + room;
    while (decoder->pos < decoder->end && out < out_end) {
        char c = *decoder->pos;
        if (c == '=') {
            out = read_qp_escape(decoder, out);
        } else if (is_blank(c) && decoder->pos >= decoder->blank_end) {
            pass_blanks(decoder);
        } else {
            *out++ = c;
            decoder->pos++;
        }
    }
    return (size_t)(out - start);
}

static size_t read_identity(KxMimeDecoder *decoder, char *out, size_t room)
{
    size_t n = MIN(room, (size_t)(decoder->end - decoder->pos));
    if (n > 0)
        memcpy(out, decoder->pos, n);
    decoder->pos += n;
    return n;
}

size_t kx_mime_decoder_read(KxMimeDecoder *decoder, char *out, size_t room)
{
    if (decoder->encoding == KX_MIME_ENC_BASE64)
        return read_base64(decoder, out, room);
    if (decoder->encoding == KX_MIME_ENC_QUOTED_PRINTABLE)
        return read_qp(decoder, out, room);
    return read_identity(decoder, out, room);
}
