/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/search-charset.h"

#include <unicode/ucnv.h>

enum { NAME_MAX_LEN = 64 };

static UConverter *open_charset(KxSlice charset)
{
    if (charset.len == 0 || charset.len > NAME_MAX_LEN)
        return NULL;
    g_autofree char *name = g_strndup(charset.data, charset.len);
    UErrorCode status = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(name, &status);
    return U_SUCCESS(status) ? converter : NULL;
}

gboolean kx_search_charset_known(KxSlice charset)
{
    UConverter *converter = open_charset(charset);
    if (!converter)
        return FALSE;
    ucnv_close(converter);
    return TRUE;
}

char *kx_search_charset_convert(KxSlice charset, KxSlice text)
{
    UConverter *converter = open_charset(charset);
    if (!converter)
        return g_utf8_make_valid(text.data, (gssize)text.len);
    UErrorCode status = U_ZERO_ERROR;
    /* A UTF-16 unit takes at most three bytes of UTF-8, and a byte gives at most a few units. */
    int32_t units = ucnv_toUChars(converter, NULL, 0, text.data, (int32_t)text.len, &status);
    g_autofree UChar *wide = g_new(UChar, (gsize)units + 1);
    status = U_ZERO_ERROR;
    units = ucnv_toUChars(converter, wide, units + 1, text.data, (int32_t)text.len, &status);
    ucnv_close(converter);
    g_autofree char *utf8 = g_utf16_to_utf8(wide, units, NULL, NULL, NULL);
    return utf8 ? g_steal_pointer(&utf8) : g_strdup("");
}
