/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renaming a folder: its directory first, then the index. After a crash between the two the
 * directory is put back (kx_account_quick_check() makes the directories follow the index).
 */
#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/metadata.h"
#include "store/store-private.h"

typedef struct {
    const char *from, *to; /* normalised */
    guint items;           /* moved */
    GPtrArray *moved;      /* KxFolder with a reference */
} Rename;

static gboolean sync_parents(const char *a, const char *b, GError **error)
{
    g_autofree char *left = g_path_get_dirname(a);
    g_autofree char *right = g_path_get_dirname(b);
    return kx_sync_dir(left, error) && (g_str_equal(left, right) || kx_sync_dir(right, error));
}

static gboolean rename_dir(KxAccount *account, const char *from, const char *to, GError **error)
{
    if (!kx_folder_clear_way(account, to, error))
        return FALSE;
    if (rename(from, to) < 0)
        return kx_error_errno(error, "cannot rename %s", from);
    return sync_parents(from, to, error);
}

/* Every folder that moves along, the top one first. */
static void collect_moved(KxAccount *account, Rename *work)
{
    g_autofree char *below = g_strconcat(work->from, "/", NULL);
    pthread_mutex_lock(&account->state_lock);
    g_autoptr(GPtrArray) sorted = kx_tree_sorted(account);
    for (guint i = 0; i < sorted->len; i++) {
        KxFolder *folder = sorted->pdata[i];
        if (g_str_equal(folder->path, work->from) || g_str_has_prefix(folder->path, below)) {
            g_ptr_array_add(work->moved, kx_folder_ref_locked(folder));
            work->items += folder->meta.messages;
        }
    }
    pthread_mutex_unlock(&account->state_lock);
}

static gboolean check_depth(KxAccount *account, Rename *work, GError **error)
{
    g_autofree char *new_dir = kx_path_to_dir(account, work->to);
    KxFolder *top = work->moved->pdata[0];
    for (guint i = 0; i < work->moved->len; i++) {
        KxFolder *folder = work->moved->pdata[i];
        g_autofree char *path = g_strconcat(work->to, folder->path + strlen(work->from), NULL);
        g_autofree char *normal = kx_path_normalise(path, error);
        if (!normal)
            return FALSE;
        if (strlen(folder->dir) - strlen(top->dir) + strlen(new_dir) > KX_DIR_MAX)
            return kx_fail(error, KX_ERR_TOO_BIG, "the folder path is too long");
    }
    return TRUE;
}

static gboolean check(KxAccount *account, Rename *work, GError **error)
{
    g_autofree char *below = g_strconcat(work->from, "/", NULL);
    if (!kx_tree_find(account, work->from))
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", work->from);
    if (g_str_has_prefix(work->to, below))
        return kx_fail(error, KX_ERR_INVALID, "a folder cannot move below itself");
    return kx_folder_check_new(account, work->to, error);
}

static gboolean commit_rename(KxAccount *account, KxFolder *folder, KxFolder *parent,
                              const char *name, GError **error)
{
    g_auto(KxTxn) txn = {0};
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    txn.meta.modseq++;
    if (!kx_index_move_folder(txn.db, folder->id, parent ? parent->id : 0, name, error) ||
        !kx_txn_commit(&txn, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    kx_tree_move(account, folder, parent, name);
    pthread_mutex_unlock(&account->state_lock);
    return TRUE;
}

static gboolean rename_work(KxAccount *account, gpointer data, GError **error)
{
    Rename *work = data;
    g_ptr_array_set_size(work->moved, 0);
    work->items = 0;
    if (!check(account, work, error))
        return FALSE;
    collect_moved(account, work);
    if (!check_depth(account, work, error) || !kx_folder_create_parents(account, work->to, error))
        return FALSE;
    const char *slash = strrchr(work->to, '/');
    g_autofree char *parent_path = slash ? g_strndup(work->to, (gsize)(slash - work->to)) : NULL;
    KxFolder *folder = work->moved->pdata[0];
    g_autofree char *old_dir = g_strdup(folder->dir);
    g_autofree char *new_dir = kx_path_to_dir(account, work->to);
    if (!kx_account_flush(account, error) || !kx_account_mark(account, error) ||
        !rename_dir(account, old_dir, new_dir, error))
        return FALSE;
    KxFolder *parent = parent_path ? kx_tree_find(account, parent_path) : NULL;
    if (commit_rename(account, folder, parent, slash ? slash + 1 : work->to, error))
        return TRUE;
    if (rename(new_dir, old_dir) == 0)
        sync_parents(old_dir, new_dir, NULL);
    return FALSE;
}

/* INBOX itself stays; what is in it goes to a new folder (RFC 9051 section 6.3.6). */
static gboolean rename_inbox(KxAccount *account, const char *to, const KxActor *actor,
                             GError **error)
{
    g_autoptr(KxFolder) inbox = kx_folder_open(account, "INBOX", error);
    g_auto(KxCopied) copied = {0};
    if (!inbox || !kx_folder_create(account, to, KX_TYPE_MAIL, 0, error))
        return FALSE;
    g_autoptr(KxFolder) target = kx_folder_open(account, to, error);
    if (!target || !kx_metadata_copy(account, inbox->id, target->id, error) ||
        !kx_folder_copy(inbox, NULL, 0, account, to, TRUE, actor, &copied, error)) {
        kx_folder_delete(account, to, actor, NULL);
        return FALSE;
    }
    kx_watch_post_name(account, KX_WATCH_RENAMED, to, "INBOX");
    kx_oplog_move_folder(account, actor, "INBOX", to, copied.to->len);
    return TRUE;
}

gboolean kx_folder_rename(KxAccount *account, const char *from, const char *to,
                          const KxActor *actor, GError **error)
{
    g_autofree char *old = kx_path_normalise(from, NULL);
    g_autofree char *new = kx_path_normalise(to, error);
    if (!new)
        return FALSE;
    if (!old)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", from);
    if (g_str_equal(old, "INBOX"))
        return rename_inbox(account, new, actor, error);
    g_autoptr(GPtrArray) moved = g_ptr_array_new_with_free_func((GDestroyNotify)kx_folder_unref);
    Rename work = {.from = old, .to = new, .moved = moved};
    if (!kx_account_write(account, rename_work, &work, error))
        return FALSE;
    for (guint i = 0; i < moved->len; i++)
        kx_watch_signal(moved->pdata[i], 0);
    kx_watch_post_name(account, KX_WATCH_RENAMED, new, old);
    kx_oplog_move_folder(account, actor, old, new, work.items);
    kx_oplog_debug(account, old, "is renamed");
    return TRUE;
}
