/* SPDX-License-Identifier: Apache-2.0 */
/* See needle-private.h and text.h. */
#include "mime/needle-private.h"

struct KxNeedle {
    KxCollation collation;
    char *text; /* folded */
    size_t len;
};

/* Text is folded in pieces of about this many bytes. */
#define PIECE_SIZE 32768

static gboolean is_ascii(const char *text, size_t len)
{
    guchar all = 0;
    for (size_t i = 0; i < len; i++)
        all |= (guchar)text[i];
    return all < 0x80;
}

/* Appends `text` (valid UTF-8 without NUL) folded: case first, then NFKD, then case again for what
 * the decomposition brought out (a full-width or superscript capital). */
static void append_folded(GString *out, KxCollation collation, const char *text, size_t len)
{
    if (collation != KX_COLLATION_UNICODE) {
        kx_casemap_append(out, collation, text, len);
        return;
    }
    if (is_ascii(text, len)) {
        size_t start = out->len;
        g_string_append_len(out, text, (gssize)len);
        for (char *c = out->str + start; *c; c++)
            *c = g_ascii_tolower(*c);
        return;
    }
    g_autofree char *folded = g_utf8_casefold(text, (gssize)len);
    g_autofree char *decomposed = g_utf8_normalize(folded, -1, G_NORMALIZE_ALL);
    g_autofree char *again = g_utf8_casefold(decomposed, -1);
    g_string_append(out, again);
}

static char *fold(KxCollation collation, const char *text, size_t len, size_t *ret_len)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)len);
    GString *out = g_string_new(NULL);
    append_folded(out, collation, valid, strlen(valid));
    *ret_len = out->len;
    return g_string_free(out, FALSE);
}

KxNeedle *kx_needle_new(KxCollation collation, const char *text, size_t len)
{
    KxNeedle *needle = g_new(KxNeedle, 1);
    needle->collation = collation;
    needle->text = fold(collation, text, len, &needle->len);
    return needle;
}

void kx_needle_free(KxNeedle *needle)
{
    if (!needle)
        return;
    g_free(needle->text);
    g_free(needle);
}

gboolean kx_needle_is_empty(const KxNeedle *needle)
{
    return needle->len == 0;
}

gboolean kx_needle_in_text(const KxNeedle *needle, const char *text, size_t len)
{
    if (needle->len == 0)
        return TRUE;
    size_t folded_len;
    g_autofree char *folded = fold(needle->collation, text, len, &folded_len);
    return memmem(folded, folded_len, needle->text, needle->len) != NULL;
}

void kx_haystack_init(KxHaystack *haystack, const KxNeedle *needle)
{
    *haystack = (KxHaystack){
        .needle = needle,
        .raw = g_string_new(NULL),
        .folded = g_string_new(NULL),
        .found = needle->len == 0,
    };
}

void kx_haystack_clear(KxHaystack *haystack)
{
    g_string_free(g_steal_pointer(&haystack->raw), TRUE);
    g_string_free(g_steal_pointer(&haystack->folded), TRUE);
}

GString *kx_haystack_buffer(KxHaystack *haystack)
{
    return haystack->raw;
}

/* Where to cut so that no sequence of combining marks is torn: before the last ASCII character,
 * which never combines with what is before it; in a long text without any, between two characters.
 */
static size_t cut_at(const GString *raw)
{
    size_t cut = raw->len;
    while (cut > 0 && (guchar)raw->str[cut - 1] >= 0x80)
        cut--;
    if (cut > 1)
        return cut - 1;
    if (raw->len < PIECE_SIZE)
        return 0;
    return (size_t)(g_utf8_find_prev_char(raw->str, raw->str + raw->len) - raw->str);
}

gboolean kx_haystack_search(KxHaystack *haystack, gboolean last)
{
    GString *raw = haystack->raw, *folded = haystack->folded;
    const KxNeedle *needle = haystack->needle;
    size_t cut = last ? raw->len : cut_at(raw);
    if (!haystack->found && cut > 0) {
        append_folded(folded, needle->collation, raw->str, cut);
        haystack->found = memmem(folded->str, folded->len, needle->text, needle->len) != NULL;
        if (folded->len >= needle->len)
            g_string_erase(folded, 0, (gssize)(folded->len - needle->len + 1));
    }
    g_string_erase(raw, 0, (gssize)cut);
    if (last)
        g_string_truncate(folded, 0);
    return haystack->found;
}
