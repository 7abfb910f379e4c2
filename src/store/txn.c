/* SPDX-License-Identifier: Apache-2.0 */
/* One commit to the index of an account: new values beside the published ones until it is durable.
 */
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/redo-private.h"

typedef struct {
    KxFolder *folder;
    KxFolderMeta meta;
} TxnFolder;

gboolean kx_txn_begin(KxTxn *txn, KxAccount *account, GError **error)
{
    *txn = (KxTxn){.account = account, .db = account->db, .meta = account->meta};
    txn->folders = g_ptr_array_new_with_free_func(g_free);
    if (!kx_account_mark(account, error) || !kx_db_begin(txn->db, error))
        return FALSE;
    txn->begun = TRUE;
    return TRUE;
}

KxFolderMeta *kx_txn_folder(KxTxn *txn, KxFolder *folder)
{
    for (guint i = 0; i < txn->folders->len; i++) {
        TxnFolder *entry = txn->folders->pdata[i];
        if (entry->folder == folder)
            return &entry->meta;
    }
    TxnFolder *entry = g_new0(TxnFolder, 1);
    entry->folder = folder;
    entry->meta = folder->meta;
    g_ptr_array_add(txn->folders, entry);
    return &entry->meta;
}

static gboolean write_folders(KxTxn *txn, GError **error)
{
    for (guint i = 0; i < txn->folders->len; i++) {
        TxnFolder *entry = txn->folders->pdata[i];
        pthread_mutex_lock(&txn->account->state_lock);
        guint32 recent_uid = entry->folder->recent_uid;
        pthread_mutex_unlock(&txn->account->state_lock);
        if (!kx_keywords_save(txn->db, entry->folder, error) ||
            !kx_index_write_folder(txn->db, entry->folder->id, &entry->meta, recent_uid, error))
            return FALSE;
    }
    return TRUE;
}

gboolean kx_txn_commit(KxTxn *txn, GError **error)
{
    if (!write_folders(txn, error) || !kx_index_write_account(txn->db, &txn->meta, error) ||
        !kx_db_commit(txn->db, error))
        return FALSE;
    txn->begun = FALSE;
    return TRUE;
}

void kx_txn_publish(KxTxn *txn)
{
    txn->account->meta = txn->meta;
    for (guint i = 0; i < txn->folders->len; i++) {
        TxnFolder *entry = txn->folders->pdata[i];
        entry->folder->meta = entry->meta;
        if (entry->folder->keywords.loaded)
            entry->folder->keywords.n_saved = entry->folder->keywords.names->len;
    }
}

void kx_txn_end(KxTxn *txn)
{
    if (txn->begun)
        kx_db_rollback(txn->db);
    txn->begun = FALSE;
    g_clear_pointer(&txn->folders, g_ptr_array_unref);
}

/* ---- what can wait for a quiet moment ---- */

static gboolean sync_swept(KxAccount *account, GError **error)
{
    GHashTableIter iter;
    gpointer dir;
    g_hash_table_iter_init(&iter, account->unswept);
    while (g_hash_table_iter_next(&iter, &dir, NULL))
        if (access(dir, F_OK) == 0 && !kx_sync_dir(dir, error))
            return FALSE;
    g_hash_table_remove_all(account->unswept);
    return TRUE;
}

gboolean kx_account_flush(KxAccount *account, GError **error)
{
    if (!kx_redo_settle(account, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    gboolean recent = account->recent_dirty;
    account->recent_dirty = FALSE;
    pthread_mutex_unlock(&account->state_lock);
    if (!recent && account->sweep_to <= account->meta.swept)
        return TRUE;
    if (!sync_swept(account, error))
        return FALSE;
    g_auto(KxTxn) txn = {0};
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    txn.meta.swept = MAX(txn.meta.swept, account->sweep_to);
    GHashTableIter iter;
    gpointer folder;
    g_hash_table_iter_init(&iter, account->by_id);
    while (recent && g_hash_table_iter_next(&iter, NULL, &folder))
        kx_txn_folder(&txn, folder);
    if (!kx_txn_commit(&txn, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    pthread_mutex_unlock(&account->state_lock);
    return TRUE;
}
