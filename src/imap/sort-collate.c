/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/sort-collate.h"

#include <string.h>

#include "mime/envelope-read.h"
#include "mime/base-subject.h"
#include "store/content.h"

enum { BATCH = 32 };

static const struct {
    KxEnvelopeField field;
    gboolean display;
} SOURCES[KX_SORT_KEYS] = {
    [KX_SORT_SUBJECT] = {KX_ENVELOPE_SUBJECT, FALSE},
    [KX_SORT_FROM] = {KX_ENVELOPE_FROM, FALSE},
    [KX_SORT_TO] = {KX_ENVELOPE_TO, FALSE},
    [KX_SORT_CC] = {KX_ENVELOPE_CC, FALSE},
    [KX_SORT_DISPLAY_FROM] = {KX_ENVELOPE_FROM, TRUE},
    [KX_SORT_DISPLAY_TO] = {KX_ENVELOPE_TO, TRUE},
};

static char *key_of(const KxItemCache *cache, KxCollation collation, KxSortKey key)
{
    g_autofree char *text = NULL;
    if (cache->envelope && key == KX_SORT_SUBJECT) {
        gboolean reply;
        g_autofree char *subject =
            kx_envelope_get(cache->envelope, cache->envelope_len, KX_ENVELOPE_SUBJECT);
        text = subject ? kx_base_subject(subject, strlen(subject), &reply) : NULL;
    } else if (cache->envelope) {
        text = kx_envelope_first(cache->envelope, cache->envelope_len, SOURCES[key].field,
                                 SOURCES[key].display);
    }
    g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : g_strdup("");
    g_autoptr(GString) out = g_string_new(NULL);
    kx_casemap_append(out, collation, valid, strlen(valid));
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static gboolean read_keys(KxFolder *folder, KxCollation collation, KxSortKey key,
                          const guint32 *uids, guint n, char **ret_keys, GError **error)
{
    for (guint at = 0; at < n; at += BATCH) {
        KxItemCache caches[BATCH];
        guint count = MIN(BATCH, n - at);
        if (!kx_folder_read_cache(folder, uids + at, count, caches, error))
            return FALSE;
        for (guint i = 0; i < count; i++) {
            ret_keys[at + i] = key_of(&caches[i], collation, key);
            kx_item_cache_clear(&caches[i]);
        }
    }
    return TRUE;
}

static int compare_keys(gconstpointer left, gconstpointer right, gpointer data)
{
    char **keys = data;
    return strcmp(keys[*(const guint32 *)left], keys[*(const guint32 *)right]);
}

gboolean kx_sort_collate(KxFolder *folder, KxCollation collation, KxSortKey key,
                         const guint32 *uids, guint n, guint32 *ret_ranks, GError **error)
{
    g_auto(GStrv) keys = g_new0(char *, n + 1);
    g_autofree guint32 *order = g_new(guint32, n + 1);
    if (!read_keys(folder, collation, key, uids, n, keys, error))
        return FALSE;
    for (guint32 i = 0; i < n; i++)
        order[i] = i;
    g_qsort_with_data(order, (gint)n, sizeof *order, compare_keys, keys);
    guint32 rank = 0;
    for (guint i = 0; i < n; i++) {
        const char *text = keys[order[i]];
        if (*text && (i == 0 || strcmp(keys[order[i - 1]], text) != 0))
            rank++;
        ret_ranks[order[i]] = rank;
    }
    return TRUE;
}
