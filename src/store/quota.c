/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What accounts may hold (USR-29, USR-30). Usage is counted in the index with each commit, so the
 * check in the same transaction is exact, whoever else delivers at the time.
 */
#include "base/error.h"
#include "store/store-private.h"

void kx_store_set_limits(KxStore *store, KxLimitsFunc func, gpointer data)
{
    store->limits = func;
    store->limits_data = data;
}

KxLimits kx_account_limits(KxAccount *account)
{
    const KxStore *store = account->store;
    return store->limits ? store->limits(store->limits_data, account->name) : (KxLimits){0};
}

static gboolean fits(guint64 used, gint64 more, guint64 limit)
{
    return limit == 0 || more <= 0 || used + (guint64)more <= limit;
}

gboolean kx_txn_admit(const KxTxn *txn, gint64 bytes, gint64 items, GError **error)
{
    KxLimits limits = kx_account_limits(txn->account);
    gboolean small = fits(txn->meta.bytes, bytes, limits.bytes);
    if (small && fits(txn->meta.items, items, limits.items))
        return TRUE;
    kx_store_refused(txn->account);
    return small ? kx_fail(error, KX_ERR_OVERQUOTA, "the mailbox %s holds as many items as it may",
                           txn->account->name)
                 : kx_fail(error, KX_ERR_OVERQUOTA, "the mailbox %s is full", txn->account->name);
}

/* ---- \Deleted ---- */

typedef struct {
    guint32 folder;
    guint64 bytes;
} DeletedBytes;

static gboolean sum_deleted(KxAccount *account, KxDb *db, gpointer data, GError **error)
{
    DeletedBytes *sum = data;
    KxStmt *stmt = kx_index_stmt(db,
                                 "SELECT COALESCE(SUM(size), 0) FROM items"
                                 " WHERE account=? AND folder=? AND flags & ?",
                                 error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, sum->folder);
    kx_stmt_bind_int(stmt, 3, KX_FLAG_DELETED);
    if (kx_stmt_step(stmt, error) < 0)
        return FALSE;
    sum->bytes = (guint64)kx_stmt_int(stmt, 0);
    kx_stmt_reset(stmt);
    return TRUE;
}

gboolean kx_folder_deleted_bytes(KxAccount *account, const KxFolderInfo *info, guint64 *ret_bytes,
                                 GError **error)
{
    DeletedBytes sum = {.folder = info->id};
    if (info->deleted > 0 && !kx_account_read(account, sum_deleted, &sum, error))
        return FALSE;
    *ret_bytes = sum.bytes;
    return TRUE;
}
