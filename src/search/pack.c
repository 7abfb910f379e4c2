/* SPDX-License-Identifier: Apache-2.0 */
#include "search/pack.h"

#include <string.h>

enum { CHECK_BYTES = 2, AS_NUMBERS = 0, AS_BITS = 1, BITMAP_BYTES = KX_BLOCK_ITEMS / 8 };

static guint16 check_of(const guint8 *bytes, size_t len, guint64 place)
{
    guint64 sum = place * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) + len;
    for (size_t i = 0; i < len; i += sizeof(guint64)) {
        guint64 word = 0;
        memcpy(&word, bytes + i, MIN(len - i, sizeof word));
        sum = (sum ^ GUINT64_FROM_LE(word)) * G_GUINT64_CONSTANT(0xd6e8feb86659fd93);
        sum ^= sum >> 32;
    }
    return (guint16)(sum >> 48 ^ sum >> 32 ^ sum >> 16);
}

static void append_check(GByteArray *out, guint64 place)
{
    guint16 check = check_of(out->data, out->len, place);
    g_byte_array_append(out, (const guint8[]){(guint8)(check >> 8), (guint8)check}, CHECK_BYTES);
}

static gboolean check(const guint8 *bytes, size_t *len, guint64 place)
{
    if (*len < CHECK_BYTES)
        return FALSE;
    *len -= CHECK_BYTES;
    return check_of(bytes, *len, place) == (bytes[*len] << 8 | bytes[*len + 1]);
}

static void append_numbers(GByteArray *out, const guint32 *numbers, guint n)
{
    guint32 before = 0;
    for (guint i = 0; i < n; i++) {
        guint8 buffer[5];
        guint used = 0;
        guint32 step = numbers[i] - before;
        for (; step >= 0x80; step >>= 7)
            buffer[used++] = (guint8)(step | 0x80);
        buffer[used++] = (guint8)step;
        g_byte_array_append(out, buffer, used);
        before = numbers[i];
    }
}

static gboolean next_number(const guint8 **at, const guint8 *end, guint32 *number)
{
    guint32 step = 0;
    for (guint shift = 0; *at < end && shift < 32; shift += 7) {
        guint8 byte = *(*at)++;
        step |= (guint32)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *number += step;
            return TRUE;
        }
    }
    return FALSE;
}

void kx_pack(GByteArray *out, guint64 place, const guint32 *numbers, guint n)
{
    g_byte_array_set_size(out, 0);
    append_numbers(out, numbers, n);
    append_check(out, place);
}

gboolean kx_packed_begin(KxPacked *packed, const guint8 *bytes, size_t len, guint64 place)
{
    gboolean sound = check(bytes, &len, place);
    *packed = (KxPacked){.at = bytes, .end = bytes + len};
    return sound;
}

gboolean kx_packed_next(KxPacked *packed)
{
    packed->begun = next_number(&packed->at, packed->end, &packed->number);
    return packed->begun;
}

gboolean kx_packed_seek(KxPacked *packed, guint32 number)
{
    while (!packed->begun || packed->number < number)
        if (!kx_packed_next(packed))
            return FALSE;
    return packed->number == number;
}

gboolean kx_unpack(const guint8 *bytes, size_t len, guint64 place, GArray *numbers)
{
    KxPacked packed;
    if (!kx_packed_begin(&packed, bytes, len, place))
        return FALSE;
    while (packed.at < packed.end) {
        if (!kx_packed_next(&packed))
            return FALSE;
        g_array_append_val(numbers, packed.number);
    }
    return TRUE;
}

void kx_pack_members(GByteArray *out, guint64 place, const guint32 *numbers, guint n)
{
    guint8 form = AS_NUMBERS;
    g_byte_array_set_size(out, 0);
    g_byte_array_append(out, &form, 1);
    append_numbers(out, numbers, n);
    guint bitmap = n > 0 ? numbers[n - 1] / 8 + 1 : 0;
    if (bitmap < out->len - 1) {
        g_byte_array_set_size(out, bitmap + 1);
        memset(out->data, 0, out->len);
        out->data[0] = AS_BITS;
        for (guint i = 0; i < n; i++)
            out->data[1 + numbers[i] / 8] |= (guint8)(1 << numbers[i] % 8);
    }
    append_check(out, place);
}

gboolean kx_unpack_members(const guint8 *bytes, size_t len, guint64 place,
                           guint64 bits[KX_BLOCK_WORDS])
{
    memset(bits, 0, KX_BLOCK_WORDS * sizeof *bits);
    if (!check(bytes, &len, place) || len == 0)
        return FALSE;
    const guint8 *end = bytes + len;
    guint8 form = *bytes++;
    if (form == AS_BITS) {
        for (guint i = 0; bytes < end; i++, bytes++) {
            if (i == BITMAP_BYTES)
                return FALSE;
            bits[i / 8] |= (guint64)*bytes << i % 8 * 8;
        }
        return TRUE;
    }
    guint32 number = 0;
    while (bytes < end) {
        if (!next_number(&bytes, end, &number) || number >= KX_BLOCK_ITEMS)
            return FALSE;
        bits[number / 64] |= G_GUINT64_CONSTANT(1) << number % 64;
    }
    return TRUE;
}
