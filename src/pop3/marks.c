/* SPDX-License-Identifier: Apache-2.0 */
#include "pop3/marks.h"

#include <string.h>

/* A short form begins with its length (2 bytes, little-endian, without these 3) and its kind. */
enum { HEAD = 3, RUNS = 0, BITS = 1, LENGTH_MAX = 0xffff };

GByteArray *kx_pop3_marks_new(guint32 count)
{
    GByteArray *marks = g_byte_array_sized_new(count);
    g_byte_array_set_size(marks, count);
    if (count > 0)
        memset(marks->data, 0, count);
    return marks;
}

/* Length of the run of `value` from `at` on. */
static guint32 run_length(const GByteArray *marks, guint32 at, guint8 value)
{
    if (at >= marks->len)
        return 0;
    const guint8 *end = memchr(marks->data + at, !value, marks->len - at);
    return end ? (guint32)(end - marks->data) - at : marks->len - at;
}

/* Seven bits a byte, lowest first; the high bit says that more follow. */
static gboolean put_number(guint8 *out, size_t room, size_t *len, guint32 number)
{
    do {
        if (*len == room)
            return FALSE;
        out[(*len)++] = (guint8)((number & 0x7f) | (number > 0x7f ? 0x80 : 0));
        number >>= 7;
    } while (number > 0);
    return TRUE;
}

static gboolean take_number(const guint8 **in, const guint8 *end, guint32 *ret)
{
    guint64 number = 0;
    for (guint shift = 0; shift < 35; shift += 7) {
        if (*in == end)
            return FALSE;
        guint8 byte = *(*in)++;
        number |= (guint64)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        *ret = (guint32)MIN(number, G_MAXUINT32);
        return TRUE;
    }
    return FALSE;
}

static gboolean pack_runs(const GByteArray *marks, guint8 *out, size_t room, size_t *ret_len)
{
    size_t len = 0;
    guint32 at = 0;
    while (at < marks->len) {
        guint32 clear = run_length(marks, at, 0);
        guint32 marked = run_length(marks, at + clear, 1);
        if (marked == 0)
            break;
        if (!put_number(out, room, &len, clear) || !put_number(out, room, &len, marked))
            return FALSE;
        at += clear + marked;
    }
    *ret_len = len;
    return TRUE;
}

static gboolean pack_bits(const GByteArray *marks, guint8 *out, size_t room, size_t *ret_len)
{
    size_t len = (marks->len + 7) / 8;
    if (len > room)
        return FALSE;
    memset(out, 0, len);
    for (guint32 i = 0; i < marks->len; i++)
        out[i / 8] = (guint8)(out[i / 8] | marks->data[i] << i % 8);
    *ret_len = len;
    return TRUE;
}

gboolean kx_pop3_marks_pack(const GByteArray *marks, guint8 *out, size_t room, size_t *ret_len)
{
    if (room < HEAD)
        return FALSE;
    size_t bits = (marks->len + 7) / 8, space = MIN(room - HEAD, (size_t)LENGTH_MAX), len;
    guint8 kind = RUNS;
    if (!pack_runs(marks, out + HEAD, MIN(space, bits), &len)) {
        kind = BITS;
        if (!pack_bits(marks, out + HEAD, space, &len))
            return FALSE;
    }
    out[0] = (guint8)(len & 0xff);
    out[1] = (guint8)(len >> 8);
    out[2] = kind;
    *ret_len = HEAD + len;
    return TRUE;
}

static gboolean unpack_runs(GByteArray *marks, const guint8 *in, const guint8 *end)
{
    guint64 at = 0;
    while (in < end) {
        guint32 clear, marked;
        if (!take_number(&in, end, &clear) || !take_number(&in, end, &marked))
            return FALSE;
        at += clear;
        if (at < marks->len)
            memset(marks->data + at, 1, MIN(marked, marks->len - at));
        at += marked;
    }
    return TRUE;
}

static void unpack_bits(GByteArray *marks, const guint8 *in, size_t len)
{
    for (guint32 i = 0; i < marks->len && i / 8 < len; i++)
        marks->data[i] = in[i / 8] >> i % 8 & 1;
}

size_t kx_pop3_marks_unpack(GByteArray *marks, const guint8 *in, size_t len)
{
    if (len < HEAD)
        return 0;
    size_t body = (size_t)in[0] | (size_t)in[1] << 8;
    if (body > len - HEAD || in[2] > BITS)
        return 0;
    if (in[2] == BITS)
        unpack_bits(marks, in + HEAD, body);
    else if (!unpack_runs(marks, in + HEAD, in + HEAD + body))
        return 0;
    return HEAD + body;
}
