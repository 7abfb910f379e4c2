/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/casemap.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>

enum { DECOMPOSED_MAX = 32 }; /* UTF-16 units; the longest decomposition in Unicode has 18 */

/* Hangul syllables have no decomposition in UnicodeData.txt, which is what RFC 5051 goes by. */
static gboolean is_hangul_syllable(UChar32 c)
{
    return c >= 0xac00 && c <= 0xd7a3;
}

static void append_character(GString *out, const UNormalizer2 *normalizer, UChar32 c)
{
    UChar units[DECOMPOSED_MAX];
    UErrorCode status = U_ZERO_ERROR;
    UChar32 title = u_totitle(c);
    int32_t n = -1;
    if (normalizer && !is_hangul_syllable(title))
        n = unorm2_getDecomposition(normalizer, title, units, DECOMPOSED_MAX, &status);
    if (n < 0 || U_FAILURE(status)) {
        g_string_append_unichar(out, (gunichar)title);
        return;
    }
    for (int32_t i = 0; i < n;) {
        UChar32 part;
        U16_NEXT(units, i, n, part);
        g_string_append_unichar(out, (gunichar)part);
    }
}

static void append_unicode(GString *out, const char *text, size_t len)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *normalizer = NULL;
    const char *end = text + len;
    while (text < end) {
        if ((guchar)*text < 0x80) {
            g_string_append_c(out, g_ascii_toupper(*text++));
            continue;
        }
        if (!normalizer)
            normalizer = unorm2_getNFKDInstance(&status);
        append_character(out, normalizer, (UChar32)g_utf8_get_char(text));
        text = g_utf8_next_char(text);
    }
}

void kx_casemap_append(GString *out, KxCollation collation, const char *text, size_t len)
{
    if (collation == KX_COLLATION_UNICODE) {
        append_unicode(out, text, len);
        return;
    }
    size_t start = out->len;
    g_string_append_len(out, text, (gssize)len);
    for (char *c = out->str + start; collation == KX_COLLATION_ASCII && *c; c++)
        *c = g_ascii_toupper(*c);
}
