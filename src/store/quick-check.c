/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After an unclean end the index is right (SQLite has seen to that); what a crash may have left on
 * disk is brought in line with it: a folder renamed or removed halfway, files of removed items, and
 * files of deliveries that were never committed, files that were committed
 * and did not reach the disk. Only what the server itself can have left there is
 * touched.
 */
#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/kept-private.h"
#include "store/redo-private.h"

/* ---- folders ---- */

static gboolean is_at(const char *dir, guint32 id)
{
    g_auto(KxFolderFile) file = {0};
    return kx_folder_file_read(dir, &file, NULL) && file.id == id;
}

static const KxFoundFolder *find_id(GArray *found, guint32 id)
{
    for (guint i = 0; i < found->len; i++) {
        const KxFoundFolder *folder = &g_array_index(found, KxFoundFolder, i);
        if (folder->has_file && folder->file.id == id)
            return folder;
    }
    return NULL;
}

/* A rename that was not committed is undone. */
static void put_back(KxAccount *account)
{
    g_autoptr(GPtrArray) sorted = kx_tree_sorted(account);
    for (guint i = 0; i < sorted->len; i++) {
        KxFolder *folder = sorted->pdata[i];
        if (is_at(folder->dir, folder->id))
            continue;
        g_autoptr(GArray) found = kx_walk_folders(account);
        const KxFoundFolder *elsewhere = find_id(found, folder->id);
        if (!elsewhere || !kx_folder_clear_way(account, folder->dir, NULL) ||
            rename(elsewhere->dir, folder->dir) < 0)
            continue;
        g_autofree char *from = g_path_get_dirname(elsewhere->dir);
        g_autofree char *to = g_path_get_dirname(folder->dir);
        kx_sync_dir(from, NULL);
        kx_sync_dir(to, NULL);
    }
}

/* Rights that were written to #folder and not committed are taken back. */
static gboolean put_back_acl(KxFolder *folder, GError **error)
{
    g_auto(KxFolderFile) file = {0};
    if (!kx_folder_file_read(folder->dir, &file, NULL) || kx_acl_equal(file.acl, folder->acl))
        return TRUE;
    KxFolderFile right = kx_folder_file_of(folder);
    right.uid_bound = MAX(right.uid_bound, file.uid_bound);
    return kx_folder_file_write(folder->dir, &right, TRUE, error);
}

/* A removal that was committed is finished. */
static gboolean finish_removal(KxAccount *account, GError **error)
{
    guint32 id;
    g_autofree char *path = NULL;
    if (!kx_index_read_removing(account->db, &id, &path, error))
        return FALSE;
    if (!path || g_hash_table_contains(account->by_id, GUINT_TO_POINTER(id)))
        return TRUE;
    g_autofree char *dir = kx_path_to_dir(account, path);
    if (is_at(dir, id))
        kx_bury(account->store, dir);
    return TRUE;
}

/* A creation that was not committed left empty directories. */
static void drop_unfinished(KxAccount *account)
{
    g_autoptr(GArray) found = kx_walk_folders(account);
    for (guint i = found->len; i > 0; i--) {
        const KxFoundFolder *folder = &g_array_index(found, KxFoundFolder, i - 1);
        if (!kx_tree_find(account, folder->path) && folder->has_file &&
            folder->file.id >= account->meta.next_folder)
            kx_folder_clear_way(account, folder->dir, NULL);
    }
}

/* ---- messages ---- */

static gboolean finish_expunges(KxFolder *folder, GError **error)
{
    KxAccount *account = folder->account;
    KxStmt *stmt = kx_index_stmt(account->db, KX_SQL_TOMBSTONES, error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, folder->id);
    kx_stmt_bind_int(stmt, 3, (gint64)account->meta.swept);
    int rc;
    while ((rc = kx_stmt_step(stmt, error)) == 1) {
        g_autofree char *path = kx_message_file(folder->dir, (guint32)kx_stmt_int(stmt, 0));
        unlink(path);
        account->sweep_to = MAX(account->sweep_to, (guint64)kx_stmt_int(stmt, 1));
    }
    g_hash_table_add(account->unswept, g_strdup_printf("%s/#msgs", folder->dir));
    return rc == 0;
}

/* UIDs that were never committed; deliveries give them out one after the other. */
static void drop_orphans(KxFolder *folder)
{
    guint64 uid = folder->meta.uid_next;
    for (int missing = 0; missing < KX_ORPHAN_GAP && uid < KX_UID_MAX; uid++) {
        g_autofree char *path = kx_message_file(folder->dir, (guint32)uid);
        missing = unlink(path) == 0 ? 0 : missing + 1;
    }
}

gboolean kx_account_quick_check(KxAccount *account, GError **error)
{
    GHashTableIter iter;
    gpointer value;
    put_back(account);
    if (!finish_removal(account, error) || !kx_redo_replay(account, error))
        return FALSE;
    drop_unfinished(account);
    g_hash_table_iter_init(&iter, account->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (!put_back_acl(value, error) || !finish_expunges(value, error))
            return FALSE;
        drop_orphans(value);
    }
    return kx_kept_drop_live(account, error) && kx_account_mark(account, error);
}
