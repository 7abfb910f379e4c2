/* SPDX-License-Identifier: Apache-2.0 */
/* Items by the time they came into their folder (DOM-17), without loading the folder. */
#include "base/error.h"
#include "store/aged.h"
#include "store/store-private.h"

typedef struct {
    guint32 folder;
    gint64 before;
    guint max;
    GArray *uids;
} Aged;

static gboolean read_aged(KxAccount *account G_GNUC_UNUSED, KxDb *db, gpointer data, GError **error)
{
    Aged *aged = data;
    KxStmt *stmt = kx_index_stmt(db,
                                 "SELECT uid FROM items WHERE account=? AND folder=?"
                                 " AND save_date<? ORDER BY save_date, uid LIMIT ?",
                                 error);
    int rc = -1;
    if (!stmt)
        return FALSE;
    g_array_set_size(aged->uids, 0);
    kx_stmt_bind_int(stmt, 2, aged->folder);
    kx_stmt_bind_int(stmt, 3, aged->before);
    kx_stmt_bind_int(stmt, 4, aged->max);
    while ((rc = kx_stmt_step(stmt, error)) == 1) {
        guint32 uid = (guint32)kx_stmt_int(stmt, 0);
        g_array_append_val(aged->uids, uid);
    }
    return rc == 0;
}

static int compare_uids(gconstpointer a, gconstpointer b)
{
    guint32 left = *(const guint32 *)a, right = *(const guint32 *)b;
    return left < right ? -1 : left > right;
}

GArray *kx_folder_aged(KxAccount *account, guint32 folder, gint64 before, guint max, GError **error)
{
    g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    Aged aged = {folder, before, max, uids};
    if (!kx_account_read(account, read_aged, &aged, error))
        return NULL;
    g_array_sort(uids, compare_uids);
    return g_steal_pointer(&uids);
}
