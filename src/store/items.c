/* SPDX-License-Identifier: Apache-2.0 */
/* The items of an open folder in memory, and the logs from which views catch up. */
#include "base/error.h"
#include "store/bulk-flags-private.h"
#include "store/snapshot-private.h"

enum { REMOVED_MAX = 4096, CHANGED_MAX = 2048, CHANGED_MANY = 256, ROOM_AT_FIRST = 1 << 20 };

/* ---- loading ---- */

gboolean kx_folder_load_keywords(KxFolder *folder, GError **error)
{
    KxKeywordTable *table = &folder->keywords;
    if (table->loaded)
        return TRUE;
    KxStmt *stmt = kx_index_stmt(folder->account->db, KX_SQL_KEYWORDS, error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, folder->id);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    int rc;
    while ((rc = kx_stmt_step(stmt, error)) == 1) {
        const char *name = kx_stmt_text(stmt, 1);
        if (!name || kx_stmt_int(stmt, 0) != names->len || names->len >= KX_KEYWORDS_PER_FOLDER) {
            kx_stmt_reset(stmt);
            return kx_fail(error, KX_ERR_CORRUPT, "the keywords of %s do not make sense",
                           folder->path);
        }
        g_ptr_array_add(names, g_strdup(name));
    }
    if (rc < 0)
        return FALSE;
    pthread_mutex_lock(&folder->account->state_lock);
    kx_keywords_init(table);
    g_ptr_array_extend_and_steal(table->names, g_steal_pointer(&names));
    table->n_saved = table->names->len;
    table->loaded = TRUE;
    pthread_mutex_unlock(&folder->account->state_lock);
    return TRUE;
}

static gboolean scan_row(KxFolder *folder, KxItemScan *scan, KxStmt *stmt)
{
    if (scan->n == scan->room) {
        scan->room = scan->room * 2 + 64;
        scan->entries = g_renew(KxEntry, scan->entries, scan->room);
    }
    KxEntry *entry = &scan->entries[scan->n];
    kx_index_read_item(stmt, entry);
    size_t len;
    const void *keywords = kx_stmt_blob(stmt, 6, &len);
    int set = len == 0 ? 0 : kx_keywords_set_from_bytes(&folder->keywords, keywords, len);
    if (set < 0 || entry->uid == 0 || entry->uid >= folder->meta.uid_next ||
        (scan->n > 0 && entry->uid <= scan->entries[scan->n - 1].uid))
        return FALSE;
    entry->keywords = (guint32)set & 0xffffff;
    scan->n++;
    return TRUE;
}

static gboolean counts_match(const KxFolderMeta *meta, const KxItemScan *scan)
{
    guint32 unseen = 0, deleted = 0;
    guint64 size = 0;
    for (guint i = 0; i < scan->n; i++) {
        const KxEntry *entry = &scan->entries[i];
        unseen += !(entry->flags & KX_FLAG_SEEN);
        deleted += (entry->flags & KX_FLAG_DELETED) != 0;
        size += entry->size;
    }
    return scan->n == meta->messages && unseen == meta->unseen && deleted == meta->deleted &&
           size == meta->size;
}

/* Those from this UID on, behind the ones that are there. */
static gboolean scan_items(KxFolder *folder, KxItemScan *scan, guint32 from, GError **error)
{
    KxStmt *stmt = kx_index_stmt(folder->account->db, KX_SQL_ITEMS, error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, folder->id);
    kx_stmt_bind_int(stmt, 3, from);
    int rc;
    while ((rc = kx_stmt_step(stmt, error)) == 1)
        if (!scan_row(folder, scan, stmt)) {
            kx_stmt_reset(stmt);
            return kx_fail(error, KX_ERR_CORRUPT, "the items of %s do not make sense",
                           folder->path);
        }
    return rc == 0;
}

/* Nothing in a snapshot has changed since, so what changes say about many items is in it. */
static gboolean scan_since_snapshot(KxFolder *folder, KxItemScan *scan)
{
    guint32 from = kx_snapshot_read(folder, scan);
    if (from > 0 && scan_items(folder, scan, from, NULL) && counts_match(&folder->meta, scan))
        return TRUE;
    folder->snapshot_items = 0; /* a new one is due */
    return FALSE;
}

gboolean kx_items_scan(KxFolder *folder, KxItemScan *scan, GError **error)
{
    scan->n = 0;
    if (!scan_items(folder, scan, 0, error) ||
        !kx_bulk_flags_read(folder->account->db, folder->id, &folder->keywords, scan->entries,
                            scan->n, error))
        return FALSE;
    return counts_match(&folder->meta, scan) ||
           kx_fail(error, KX_ERR_CORRUPT, "the counts of %s do not match its items", folder->path);
}

gboolean kx_folder_load(KxFolder *folder, GError **error)
{
    if (folder->loaded)
        return TRUE;
    if (!kx_folder_load_keywords(folder, error))
        return FALSE;
    KxItemScan scan = {.room = MIN(folder->meta.messages, ROOM_AT_FIRST) + 16};
    scan.entries = g_new(KxEntry, scan.room);
    if (!scan_since_snapshot(folder, &scan) && !kx_items_scan(folder, &scan, error)) {
        g_free(scan.entries);
        return FALSE;
    }
    pthread_mutex_lock(&folder->account->state_lock);
    folder->entries = scan.entries;
    folder->n = scan.n;
    folder->room = scan.room;
    folder->removed = g_array_new(FALSE, FALSE, sizeof(KxLogEntry));
    folder->changed = g_array_new(FALSE, FALSE, sizeof(KxLogEntry));
    folder->changed_floor = folder->meta.highest_modseq;
    folder->loaded = TRUE;
    __atomic_add_fetch(&folder->account->n_loaded, 1, __ATOMIC_RELAXED);
    folder->used = g_get_monotonic_time();
    pthread_mutex_unlock(&folder->account->state_lock);
    return TRUE;
}

/* Every view takes over the removals. */
static void drop_log(KxFolder *folder)
{
    for (KxView *view = folder->views; view; view = view->next)
        kx_view_take_removed(view);
    g_array_set_size(folder->removed, 0);
}

void kx_folder_unload(KxFolder *folder)
{
    g_clear_pointer(&folder->sort, kx_sort_table_unref);
    if (folder->loaded) {
        drop_log(folder);
        g_clear_pointer(&folder->removed, g_array_unref);
        g_clear_pointer(&folder->changed, g_array_unref);
        g_clear_pointer(&folder->entries, g_free);
        folder->n = folder->room = 0;
        folder->loaded = FALSE;
        __atomic_sub_fetch(&folder->account->n_loaded, 1, __ATOMIC_RELAXED);
    }
    if (folder->refs == 0) /* else somebody may hold pointers to keyword sets */
        kx_keywords_clear(&folder->keywords);
}

static gboolean load_work(KxAccount *account, gpointer data, GError **error)
{
    KxFolder *folder = data;
    if (folder->gone)
        return kx_fail(error, KX_ERR_NOT_FOUND, "the folder %s has been removed", folder->path);
    return kx_folder_load(folder, error);
}

gboolean kx_folder_lock_loaded(KxFolder *folder, GError **error)
{
    KxAccount *account = folder->account;
    for (;;) {
        pthread_mutex_lock(&account->state_lock);
        if (folder->loaded) {
            folder->used = g_get_monotonic_time();
            return TRUE;
        }
        pthread_mutex_unlock(&account->state_lock);
        if (!kx_account_write(account, load_work, folder, error))
            return FALSE;
    }
}

/* ---- items ---- */

guint kx_items_lower(KxFolder *folder, guint32 uid)
{
    guint low = 0, high = folder->n;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (folder->entries[middle].uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

KxEntry *kx_items_find(KxFolder *folder, guint32 uid)
{
    guint at = kx_items_lower(folder, uid);
    return at < folder->n && folder->entries[at].uid == uid ? &folder->entries[at] : NULL;
}

void kx_items_append(KxFolder *folder, const KxEntry *entry)
{
    if (!folder->loaded)
        return;
    if (folder->n == folder->room) {
        folder->room = folder->room + folder->room / 2 + 64;
        folder->entries = g_renew(KxEntry, folder->entries, folder->room);
    }
    folder->entries[folder->n++] = *entry;
}

void kx_items_remove(KxFolder *folder, const guint32 *uids, guint n, guint64 modseq)
{
    guint next = 0, kept = n > 0 ? kx_items_lower(folder, uids[0]) : folder->n;
    for (guint at = kept; at < folder->n; at++) {
        while (next < n && uids[next] < folder->entries[at].uid)
            next++;
        if (next == n || uids[next] != folder->entries[at].uid)
            folder->entries[kept++] = folder->entries[at];
    }
    folder->n = kept;
    for (guint i = 0; i < n && folder->views; i++) {
        KxLogEntry gone = {modseq, uids[i]};
        g_array_append_val(folder->removed, gone);
    }
    if (folder->removed->len > REMOVED_MAX)
        drop_log(folder);
}

static void note_change(KxFolder *folder, guint32 uid, guint64 modseq)
{
    if (folder->changed->len >= CHANGED_MAX) {
        guint drop = CHANGED_MAX / 2;
        folder->changed_floor = g_array_index(folder->changed, KxLogEntry, drop - 1).modseq;
        g_array_remove_range(folder->changed, 0, drop);
    }
    KxLogEntry change = {modseq, uid};
    g_array_append_val(folder->changed, change);
}

void kx_items_change(KxFolder *folder, GArray *results, guint64 modseq)
{
    gboolean many = results->len > CHANGED_MANY;
    for (guint i = 0; i < results->len; i++) {
        const KxFlagsResult *result = &g_array_index(results, KxFlagsResult, i);
        KxEntry *entry = &folder->entries[result->at];
        entry->modseq = modseq;
        entry->flags = result->flags;
        entry->keywords = result->keywords;
        if (!many)
            note_change(folder, entry->uid, modseq);
    }
    if (many)
        note_change(folder, KX_CHANGED_MANY, modseq);
}

void kx_item_from_entry(KxFolder *folder, const KxEntry *entry, KxItem *ret_item)
{
    *ret_item = (KxItem){
        .uid = entry->uid,
        .flags = entry->flags,
        .keywords = kx_keywords_names(&folder->keywords, entry->keywords),
        .modseq = entry->modseq,
        .size = entry->size,
        .internal_date = entry->internal_date,
        .save_date = entry->save_date,
    };
}
