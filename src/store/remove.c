/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items leave a folder: rows and tombstones first, the files after the commit. A file that a crash
 * leaves behind has a tombstone, and its modseq is above the account's `swept` mark:
 * kx_account_quick_check() removes it.
 */
#include <unistd.h>

#include "base/error.h"
#include "store/kept-private.h"
#include "store/redo-private.h"
#include "store/remove-private.h"

static gboolean prune_tombstones(KxTxn *txn, KxFolder *folder, KxFolderMeta *meta, GError **error)
{
    KxStmt *stmt = kx_index_stmt(txn->db,
                                 "SELECT modseq FROM tombstones WHERE account=? AND folder=?"
                                 " ORDER BY modseq DESC LIMIT 1 OFFSET ?",
                                 error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, folder->id);
    kx_stmt_bind_int(stmt, 3, KX_TOMBSTONES);
    int rc = kx_stmt_step(stmt, error);
    if (rc <= 0)
        return rc == 0;
    guint64 floor = MIN((guint64)kx_stmt_int(stmt, 0), txn->meta.swept);
    kx_stmt_reset(stmt);
    stmt = kx_index_stmt(
        txn->db, "DELETE FROM tombstones WHERE account=? AND folder=? AND modseq<=?", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, folder->id);
    kx_stmt_bind_int(stmt, 3, (gint64)floor);
    if (!kx_stmt_run(stmt, error))
        return FALSE;
    meta->tombstones -= (guint32)kx_db_changes(txn->db);
    meta->floor_modseq = MAX(meta->floor_modseq, floor);
    return TRUE;
}

/* How many entries from the first on follow each other in the folder, with nothing between that
 * stays. */
static guint run_length(KxFolder *folder, const KxEntry *entries, guint n)
{
    guint at = kx_items_lower(folder, entries->uid), length = 1;
    while (length < n && at + length < folder->n &&
           folder->entries[at + length].uid == entries[length].uid)
        length++;
    return length;
}

static gboolean remove_runs(KxTxn *txn, KxFolder *folder, GArray *entries, guint64 modseq,
                            GError **error)
{
    for (guint i = 0, n; i < entries->len; i += n) {
        const KxEntry *first = &g_array_index(entries, KxEntry, i);
        n = run_length(folder, first, entries->len - i);
        if (!kx_index_remove_items(txn->db, folder->id, first->uid, first[n - 1].uid, n, modseq,
                                   error))
            return FALSE;
    }
    return TRUE;
}

gboolean kx_remove_rows(KxTxn *txn, KxFolder *folder, GArray *entries, guint64 modseq,
                        GError **error)
{
    KxFolderMeta *meta = kx_txn_folder(txn, folder);
    if (!remove_runs(txn, folder, entries, modseq, error) ||
        !kx_redo_forget(txn, folder, entries, error))
        return FALSE;
    for (guint i = 0; i < entries->len; i++) {
        const KxEntry *entry = &g_array_index(entries, KxEntry, i);
        meta->messages--;
        meta->unseen -= !(entry->flags & KX_FLAG_SEEN);
        meta->deleted -= (entry->flags & KX_FLAG_DELETED) != 0;
        meta->size -= entry->size;
        txn->meta.items--;
        txn->meta.bytes -= entry->size;
    }
    meta->highest_modseq = meta->changed_modseq = modseq;
    meta->tombstones += entries->len;
    return meta->tombstones <= KX_TOMBSTONES + KX_TOMBSTONES / 5 ||
           prune_tombstones(txn, folder, meta, error);
}

void kx_remove_publish(KxFolder *folder, GArray *entries, guint64 modseq)
{
    g_autoptr(GArray) uids = kx_entry_uids(entries);
    for (guint i = 0; i < uids->len; i++)
        if (g_array_index(uids, guint32, i) >= folder->recent_uid)
            folder->recent--;
    kx_items_remove(folder, (const guint32 *)(void *)uids->data, uids->len, modseq);
}

void kx_remove_files(KxFolder *folder, GArray *entries, guint64 modseq)
{
    KxAccount *account = folder->account;
    for (guint i = 0; i < entries->len; i++) {
        g_autofree char *path =
            kx_message_file(folder->dir, g_array_index(entries, KxEntry, i).uid);
        unlink(path);
    }
    g_hash_table_add(account->unswept, g_strdup_printf("%s/#msgs", folder->dir));
    account->sweep_to = MAX(account->sweep_to, modseq);
}

GArray *kx_entry_uids(GArray *entries)
{
    GArray *uids = g_array_sized_new(FALSE, FALSE, sizeof(guint32), entries->len);
    for (guint i = 0; i < entries->len; i++)
        g_array_append_val(uids, g_array_index(entries, KxEntry, i).uid);
    return uids;
}

gboolean kx_remove_prepare(KxFolder *folder, GArray *entries, GPtrArray *items, GError **error)
{
    /* Old tombstones can go only when the files they stand for are durably gone. */
    if (folder->meta.tombstones + entries->len > KX_TOMBSTONES &&
        !kx_account_flush(folder->account, error))
        return FALSE;
    return kx_oplog_collect(folder, entries, items, error);
}

/* ---- expunge ---- */

typedef struct {
    KxFolder *folder;
    const guint32 *uids;
    guint n;
    gboolean force;
    gboolean moved;   /* they are somewhere else now */
    GArray *entries;  /* KxEntry removed */
    GPtrArray *items; /* for the Operations log */
} Expunge;

static void choose(Expunge *expunge)
{
    KxFolder *folder = expunge->folder;
    g_array_set_size(expunge->entries, 0);
    guint n = expunge->uids ? expunge->n : folder->n;
    for (guint i = 0; i < n; i++) {
        KxEntry *entry =
            expunge->uids ? kx_items_find(folder, expunge->uids[i]) : &folder->entries[i];
        if (entry && (expunge->force || (entry->flags & KX_FLAG_DELETED)))
            g_array_append_val(expunge->entries, *entry);
    }
}

static gboolean expunge_work(KxAccount *account, gpointer data, GError **error)
{
    Expunge *expunge = data;
    KxFolder *folder = expunge->folder;
    if (folder->gone)
        return kx_fail(error, KX_ERR_NOT_FOUND, "the folder has been removed");
    if (!kx_folder_load(folder, error))
        return FALSE;
    choose(expunge);
    if (expunge->entries->len == 0)
        return TRUE;
    if (!kx_remove_prepare(folder, expunge->entries, expunge->items, error))
        return FALSE;
    g_auto(KxKeeping) keeping = {0};
    if (!expunge->moved && !kx_keep(&keeping, folder, expunge->entries, error))
        return FALSE;
    g_auto(KxTxn) txn = {0};
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    guint64 modseq = ++txn.meta.modseq;
    if (!kx_remove_rows(&txn, folder, expunge->entries, modseq, error) ||
        !kx_txn_commit(&txn, error))
        return FALSE;
    keeping.done = TRUE;
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    kx_remove_publish(folder, expunge->entries, modseq);
    pthread_mutex_unlock(&account->state_lock);
    kx_remove_files(folder, expunge->entries, modseq);
    return TRUE;
}

static gboolean run_expunge(Expunge *expunge, const char *target, const KxActor *actor,
                            GError **error)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(kx_op_item_free);
    expunge->items = items;
    if (!kx_account_write(expunge->folder->account, expunge_work, expunge, error))
        return FALSE;
    if (expunge->entries->len > 0)
        kx_watch_signal(expunge->folder, KX_WATCH_EXPUNGE);
    kx_oplog_items(expunge->folder, actor, target, items);
    return TRUE;
}

gboolean kx_folder_remove(KxFolder *folder, const guint32 *uids, guint n, const char *target,
                          const KxActor *actor, GError **error)
{
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(KxEntry));
    Expunge expunge = {.folder = folder,
                       .uids = uids,
                       .n = n,
                       .force = TRUE,
                       .moved = target != NULL,
                       .entries = entries};
    return run_expunge(&expunge, target, actor, error);
}

gboolean kx_folder_expunge(KxFolder *folder, const guint32 *uids, guint n, gboolean force,
                           const KxActor *actor, GArray **ret_uids, GError **error)
{
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(KxEntry));
    Expunge expunge = {.folder = folder, .uids = uids, .n = n, .force = force, .entries = entries};
    if (!run_expunge(&expunge, NULL, actor, error))
        return FALSE;
    if (ret_uids)
        *ret_uids = kx_entry_uids(entries);
    return TRUE;
}
