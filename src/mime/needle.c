/* SPDX-License-Identifier: Apache-2.0 */
/* See needle-private.h and text.h. */
#include "mime/needle-private.h"

struct KxNeedle {
    KxCollation collation;
    char *text; /* folded */
    size_t len;
};

KxNeedle *kx_needle_new(KxCollation collation, const char *text, size_t len)
{
    KxNeedle *needle = g_new(KxNeedle, 1);
    needle->collation = collation;
    needle->text = kx_fold(collation, text, len, &needle->len);
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
    g_autofree char *folded = kx_fold(needle->collation, text, len, &folded_len);
    return memmem(folded, folded_len, needle->text, needle->len) != NULL;
}

KxCollation kx_needle_collation(const KxNeedle *needle)
{
    return needle->collation;
}

const char *kx_needle_folded(const KxNeedle *needle, size_t *ret_len)
{
    if (needle->collation != KX_COLLATION_UNICODE)
        return NULL;
    *ret_len = needle->len;
    return needle->text;
}

void kx_haystack_init(KxHaystack *haystack, const KxNeedle *needle)
{
    *haystack = (KxHaystack){.needle = needle, .tail = g_string_new(NULL)};
}

void kx_haystack_clear(KxHaystack *haystack)
{
    g_string_free(g_steal_pointer(&haystack->tail), TRUE);
}

gboolean kx_haystack_take(gpointer data, const char *folded, size_t len, gboolean end)
{
    KxHaystack *haystack = data;
    const KxNeedle *needle = haystack->needle;
    GString *tail = haystack->tail;
    if (end && tail->len == 0)
        return memmem(folded, len, needle->text, needle->len) != NULL;
    g_string_append_len(tail, folded, (gssize)len);
    gboolean found = memmem(tail->str, tail->len, needle->text, needle->len) != NULL;
    if (end)
        g_string_truncate(tail, 0);
    else if (tail->len >= needle->len)
        g_string_erase(tail, 0, (gssize)(tail->len - needle->len + 1));
    return found;
}
