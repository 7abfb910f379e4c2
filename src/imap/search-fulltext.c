/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/search-fulltext.h"

#include "imap/search-match.h"

enum { HINTS_MAX = 32 }; /* keys that get them: each may take 4 bytes for each message */

struct KxSearchHints {
    KxSearchReader *reader; /* the program's */
    GArray *excluded;       /* guint32 UIDs, ascending; NULL: none */
    guint at;               /* where the last answer was found */
};

void kx_search_hints_free(KxSearchHints *hints)
{
    if (!hints)
        return;
    g_clear_pointer(&hints->excluded, g_array_unref);
    g_free(hints);
}

/* ---- asking the index ---- */

static const struct {
    KxSearchMatch match;
    guint areas;
} looks[] = {
    {kx_search_test_envelope, KX_SEARCH_IN_HEADER},
    {kx_search_test_header, KX_SEARCH_IN_HEADER},
    {kx_search_test_body, KX_SEARCH_IN_BODY},
    {kx_search_test_text, KX_SEARCH_IN_HEADER | KX_SEARCH_IN_BODY},
};

static guint areas_of(const KxSearchKey *key)
{
    for (guint i = 0; i < G_N_ELEMENTS(looks); i++)
        if (key->match == looks[i].match)
            return looks[i].areas;
    return 0;
}

/* Both are used up; either may be NULL. */
static GArray *unite(GArray *a, GArray *b)
{
    if (!a || !b)
        return a ? a : b;
    GArray *all = g_array_sized_new(FALSE, FALSE, sizeof(guint32), a->len + b->len);
    for (guint i = 0, k = 0; i < a->len || k < b->len;) {
        guint32 left = i < a->len ? g_array_index(a, guint32, i) : G_MAXUINT32;
        guint32 right = k < b->len ? g_array_index(b, guint32, k) : G_MAXUINT32;
        guint32 least = MIN(left, right);
        g_array_append_val(all, least);
        i += left == least;
        k += right == least;
    }
    g_array_unref(a);
    g_array_unref(b);
    return all;
}

/* The words may be apart: one in the header, one in the body. */
static GArray *ask_for_words(const KxSearchKey *key, KxSearchReader *reader, const char *name)
{
    guint n;
    const char *const *words = kx_fuzzy_words(key->fuzzy, &n);
    GArray *all = NULL;
    for (guint i = 0; i < n; i++)
        all = unite(all, kx_search_excluded(reader, areas_of(key), name, &words[i], 1));
    return all;
}

static GArray *ask(const KxSearchKey *key, KxSearchReader *reader)
{
    size_t len;
    const char *name = key->match == kx_search_test_header ? key->word : NULL;
    const char *text = kx_needle_folded(key->needle, &len);
    if (key->fuzzy)
        return ask_for_words(key, reader, name);
    return text ? kx_search_excluded(reader, areas_of(key), name, &text, 1) : NULL;
}

static void prepare_key(KxSearchKey *key, KxSearchReader *reader, guint *n)
{
    for (guint i = 0; key->keys && i < key->keys->len; i++)
        prepare_key(g_ptr_array_index(key->keys, i), reader, n);
    g_clear_pointer(&key->hints, kx_search_hints_free);
    if (!reader || key->op != KX_SEARCH_TEST || areas_of(key) == 0 || *n == HINTS_MAX)
        return;
    key->hints = g_new0(KxSearchHints, 1);
    key->hints->reader = reader;
    key->hints->excluded = ask(key, reader);
    (*n)++;
}

static gboolean looks_for_text(const KxSearchKey *key)
{
    gboolean any = key->op == KX_SEARCH_TEST && areas_of(key) != 0;
    for (guint i = 0; !any && key->keys && i < key->keys->len; i++)
        any = looks_for_text(g_ptr_array_index(key->keys, i));
    return any;
}

void kx_search_fulltext_prepare(KxSearchProgram *program, KxSearch *search, KxFolder *folder)
{
    guint n = 0;
    KxSearchReader *before = g_steal_pointer(&program->reader);
    if (search && looks_for_text(program->root))
        program->reader = kx_search_reader(search, folder);
    prepare_key(program->root, program->reader, &n); /* lets go of the one before */
    kx_search_reader_free(before);
}

/* ---- answers ---- */

gboolean kx_search_fulltext_excludes(KxSearchHints *hints, guint32 uid)
{
    const GArray *excluded = hints->excluded;
    if (!excluded)
        return FALSE;
    guint low = 0, high = excluded->len;
    if (hints->at < high && g_array_index(excluded, guint32, hints->at) <= uid)
        low = hints->at;
    for (guint step = 1; low + step < high; step *= 2) /* it is near */
        if (g_array_index(excluded, guint32, low + step) > uid) {
            high = low + step;
            break;
        }
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(excluded, guint32, middle) < uid)
            low = middle + 1;
        else
            high = middle;
    }
    hints->at = low;
    return low < excluded->len && g_array_index(excluded, guint32, low) == uid;
}

char *kx_search_fulltext_attachments(const KxSearchKey *key, guint32 uid, size_t *ret_len)
{
    return key->hints ? kx_search_attachments(key->hints->reader, uid, ret_len) : NULL;
}
