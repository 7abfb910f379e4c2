/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what the index keeps of contents; what it lacks is made from the content and written. */
#include "base/error.h"
#include "store/store-private.h"

typedef struct {
    KxFolder *folder;
    const guint32 *uids;
    guint n;
    guint what; /* KxFactKind */
    KxItemFacts *facts;
    gboolean *fresh; /* parsed just now: to be written */
} Read;

static gboolean read_facts(KxAccount *account, KxDb *db, gpointer data, GError **error)
{
    Read *read = data;
    for (guint i = 0; i < read->n; i++)
        if (!kx_index_read_facts(db, read->folder->id, read->uids[i], read->what, &read->facts[i],
                                 error))
            return FALSE;
    return TRUE;
}

static gboolean write_facts(KxAccount *account, gpointer data, GError **error)
{
    Read *read = data;
    g_auto(KxTxn) txn = {0};
    if (!kx_folder_load(read->folder, error) || !kx_txn_begin(&txn, account, error))
        return FALSE;
    for (guint i = 0; i < read->n; i++)
        if (read->fresh[i] && kx_items_find(read->folder, read->uids[i]) &&
            !kx_index_add_facts(txn.db, read->folder->id, read->uids[i], &read->facts[i], error))
            return FALSE;
    return kx_txn_commit(&txn, error);
}

static gboolean is_there(KxFolder *folder, guint32 uid)
{
    if (!kx_folder_lock_loaded(folder, NULL))
        return FALSE;
    gboolean there = kx_items_find(folder, uid) != NULL;
    pthread_mutex_unlock(&folder->account->state_lock);
    return there;
}

static gboolean is_complete(const Read *read, const KxItemFacts *facts)
{
    return (!(read->what & KX_FACT_CACHE) || facts->cache.envelope) &&
           (!(read->what & KX_FACT_PREVIEW) || facts->preview) &&
           (!(read->what & KX_FACT_SUMMARY) || facts->summary);
}

static gboolean parse_missing(Read *read)
{
    gboolean any = FALSE;
    for (guint i = 0; i < read->n; i++) {
        KxItemFacts *facts = &read->facts[i];
        if (is_complete(read, facts) || !is_there(read->folder, read->uids[i]))
            continue;
        g_autoptr(GBytes) content = kx_item_content(read->folder, read->uids[i], NULL);
        if (!content)
            continue;
        gsize len;
        const char *bytes = g_bytes_get_data(content, &len);
        kx_item_facts_clear(facts);
        kx_item_parse(bytes ? bytes : "", len, facts);
        any = read->fresh[i] = TRUE;
    }
    return any;
}

gboolean kx_folder_read_facts(KxFolder *folder, const guint32 *uids, guint n, guint what,
                              gboolean parse, KxItemFacts *facts, GError **error)
{
    g_autofree gboolean *fresh = g_new0(gboolean, n + 1);
    Read read = {folder, uids, n, what, facts, fresh};
    memset(facts, 0, n * sizeof *facts);
    if (!kx_account_read(folder->account, read_facts, &read, error)) {
        for (guint i = 0; i < n; i++)
            kx_item_facts_clear(&facts[i]);
        return FALSE;
    }
    /* The answer does not depend on whether the rows can be written. */
    if (parse && parse_missing(&read))
        kx_account_write(folder->account, write_facts, &read, NULL);
    return TRUE;
}

gboolean kx_folder_read_cache(KxFolder *folder, const guint32 *uids, guint n, KxItemCache *caches,
                              GError **error)
{
    g_autofree KxItemFacts *facts = g_new(KxItemFacts, n + 1);
    memset(caches, 0, n * sizeof *caches);
    if (!kx_folder_read_facts(folder, uids, n, KX_FACT_CACHE, TRUE, facts, error))
        return FALSE;
    for (guint i = 0; i < n; i++) {
        caches[i] = facts[i].cache;
        facts[i].cache = (KxItemCache){0};
        kx_item_facts_clear(&facts[i]);
    }
    return TRUE;
}

gboolean kx_folder_read_previews(KxFolder *folder, const guint32 *uids, guint n, gboolean lazy,
                                 char **previews, GError **error)
{
    g_autofree KxItemFacts *facts = g_new(KxItemFacts, n + 1);
    memset(previews, 0, n * sizeof *previews);
    if (!kx_folder_read_facts(folder, uids, n, KX_FACT_PREVIEW, !lazy, facts, error))
        return FALSE;
    for (guint i = 0; i < n; i++) {
        previews[i] = g_steal_pointer(&facts[i].preview);
        kx_item_facts_clear(&facts[i]);
    }
    return TRUE;
}

gboolean kx_folder_read_ids(KxFolder *folder, const guint32 *uids, guint n, KxItemIds *ids,
                            GError **error)
{
    g_autofree KxItemFacts *facts = g_new(KxItemFacts, n + 1);
    memset(ids, 0, n * sizeof *ids);
    if (!kx_folder_read_facts(folder, uids, n, KX_FACT_SUMMARY, TRUE, facts, error))
        return FALSE;
    for (guint i = 0; i < n; i++) {
        g_auto(KxSummary) summary = {0};
        size_t len = 0;
        const void *bytes = facts[i].summary ? g_bytes_get_data(facts[i].summary, &len) : NULL;
        ids[i].known = bytes && kx_summary_unpack(bytes, len, &summary);
        if (ids[i].known) {
            ids[i].email_id = summary.email_id;
            ids[i].thread_id = summary.thread_id;
        }
        kx_item_facts_clear(&facts[i]);
    }
    return TRUE;
}
