/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redo-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"

/* What may wait in an account. */
enum { MANY_ITEMS = 256, MANY_BYTES = 1024 * 1024 };

typedef struct {
    guint32 folder, uid;
} Waiting;

struct KxRedo {
    GArray *items; /* Waiting */
    guint64 bytes;
    gboolean in_doubt; /* a sync has failed: the next one could succeed without having written */
};

KxRedo *kx_redo_new(void)
{
    KxRedo *redo = g_new0(KxRedo, 1);
    redo->items = g_array_new(FALSE, FALSE, sizeof(Waiting));
    return redo;
}

void kx_redo_free(KxRedo *redo)
{
    g_array_unref(redo->items);
    g_free(redo);
}

/* ---- rows ---- */

gboolean kx_redo_add(KxTxn *txn, const KxFolder *folder, guint32 uid, const KxIncoming *incoming,
                     GError **error)
{
    KxStmt *stmt =
        kx_index_stmt(txn->db, "INSERT INTO redo (account, item, content) VALUES (?, ?, ?)", error);
    if (!stmt)
        return FALSE;
    g_autoptr(GBytes) content = g_bytes_new_static(incoming->buffer, incoming->used);
    kx_stmt_bind_int(stmt, 2, kx_index_item_key(folder->id, uid));
    kx_stmt_bind_bytes(stmt, 3, content);
    return kx_stmt_run(stmt, error);
}

void kx_redo_note(KxAccount *account, const KxFolder *folder, guint32 uid, guint64 size)
{
    Waiting waiting = {folder->id, uid};
    g_array_append_val(account->redo->items, waiting);
    account->redo->bytes += size;
}

static int compare_uids(gconstpointer a, gconstpointer b)
{
    const KxEntry *left = a, *right = b;
    return left->uid < right->uid ? -1 : left->uid > right->uid;
}

gboolean kx_redo_forget(KxTxn *txn, const KxFolder *folder, GArray *entries, GError **error)
{
    const GArray *items = txn->account->redo->items;
    for (guint i = 0; i < items->len; i++) {
        const Waiting *waiting = &g_array_index(items, Waiting, i);
        KxEntry key = {.uid = waiting->uid};
        if (waiting->folder != folder->id ||
            !bsearch(&key, entries->data, entries->len, sizeof key, compare_uids))
            continue;
        KxStmt *stmt = kx_index_stmt(txn->db, "DELETE FROM redo WHERE account=? AND item=?", error);
        if (!stmt)
            return FALSE;
        kx_stmt_bind_int(stmt, 2, kx_index_item_key(folder->id, waiting->uid));
        if (!kx_stmt_run(stmt, error))
            return FALSE;
    }
    return TRUE;
}

gboolean kx_redo_drop(KxDb *db, GError **error)
{
    KxStmt *stmt = kx_index_stmt(db, "DELETE FROM redo WHERE account=?", error);
    return stmt && kx_stmt_run(stmt, error);
}

gboolean kx_redo_is_left(KxAccount *account)
{
    KxStmt *stmt = kx_index_stmt(account->db, "SELECT 1 FROM redo WHERE account=? LIMIT 1", NULL);
    gboolean left = stmt && kx_stmt_step(stmt, NULL) == 1;
    if (stmt)
        kx_stmt_reset(stmt);
    return left && account->redo->items->len == 0;
}

/* ---- files ---- */

static char *file_of(KxAccount *account, const Waiting *waiting)
{
    const KxFolder *folder = g_hash_table_lookup(account->by_id, GUINT_TO_POINTER(waiting->folder));
    return folder ? kx_message_file(folder->dir, waiting->uid) : NULL;
}

/* All are under way to the disk before the first is waited for: one commit of the file system's
 * journal serves them all. What was removed meanwhile needs nothing. */
static void start_writing(KxAccount *account)
{
    const GArray *items = account->redo->items;
    for (guint i = 0; i < items->len; i++) {
        g_autofree char *path = file_of(account, &g_array_index(items, Waiting, i));
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd < 0)
            continue;
        sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* a hint */
        close(fd);
    }
}

static gboolean sync_all(KxAccount *account, GError **error)
{
    const GArray *items = account->redo->items;
    g_autoptr(GHashTable) dirs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    start_writing(account);
    for (guint i = 0; i < items->len; i++) {
        g_autofree char *path = file_of(account, &g_array_index(items, Waiting, i));
        if (!path || access(path, F_OK) < 0)
            continue;
        if (!kx_sync_path(path, error))
            return FALSE;
        g_hash_table_add(dirs, g_path_get_dirname(path));
    }
    GHashTableIter iter;
    gpointer dir;
    g_hash_table_iter_init(&iter, dirs);
    while (g_hash_table_iter_next(&iter, &dir, NULL))
        if (!kx_sync_dir(dir, error))
            return FALSE;
    return TRUE;
}

/* ---- writing them again ---- */

static gboolean fill_file(int fd, const void *content, size_t len, gint64 internal_date)
{
    const struct timespec times[2] = {{.tv_sec = internal_date}, {.tv_sec = internal_date}};
    return kx_write_all(fd, content, len, NULL) && futimens(fd, times) == 0 && fsync(fd) == 0;
}

static gboolean replace_file(KxStore *store, const char *path, KxStmt *row, GError **error)
{
    size_t len;
    const void *content = kx_stmt_blob(row, 1, &len);
    g_autofree char *temp = kx_temp_name(store);
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    gboolean ok = fd >= 0 && fill_file(fd, content, len, kx_stmt_int(row, 2));
    if (fd >= 0 && close(fd) < 0)
        ok = FALSE;
    if (ok && rename(temp, path) == 0)
        return TRUE;
    kx_error_errno(error, "cannot restore %s", path);
    unlink(temp);
    return FALSE;
}

static gboolean restore_row(KxStore *store, KxStmt *row, GHashTable *dirs, GHashTable *changed,
                            GError **error)
{
    guint64 item = (guint64)kx_stmt_int(row, 0);
    const char *dir = g_hash_table_lookup(dirs, GUINT_TO_POINTER((guint32)(item >> 32)));
    if (!dir)
        return TRUE;
    g_autofree char *path = kx_message_file(dir, (guint32)item);
    g_autofree char *messages = g_path_get_dirname(path);
    if (!kx_mkdir_durable(messages, error) || !replace_file(store, path, row, error))
        return FALSE;
    g_hash_table_add(changed, g_steal_pointer(&messages));
    return TRUE;
}

gboolean kx_redo_restore(KxStore *store, KxDb *db, GHashTable *dirs, GError **error)
{
    g_autoptr(GHashTable) changed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    KxStmt *row = kx_index_stmt(db,
                                "SELECT r.item, r.content, i.internal_date FROM redo r JOIN items i"
                                " ON i.account=r.account AND i.folder=r.item>>32"
                                " AND i.uid=r.item&4294967295 WHERE r.account=?",
                                error);
    if (!row)
        return FALSE;
    int rc;
    while ((rc = kx_stmt_step(row, error)) == 1)
        if (!restore_row(store, row, dirs, changed, error)) {
            kx_stmt_reset(row);
            return FALSE;
        }
    GHashTableIter iter;
    gpointer dir;
    g_hash_table_iter_init(&iter, changed);
    while (g_hash_table_iter_next(&iter, &dir, NULL))
        if (!kx_sync_dir(dir, error))
            return FALSE;
    return rc == 0;
}

static gboolean restore_all(KxAccount *account, GError **error)
{
    g_autoptr(GHashTable) dirs = g_hash_table_new(NULL, NULL);
    GHashTableIter iter;
    gpointer id, folder;
    g_hash_table_iter_init(&iter, account->by_id);
    while (g_hash_table_iter_next(&iter, &id, &folder))
        g_hash_table_insert(dirs, id, ((KxFolder *)folder)->dir);
    return kx_redo_restore(account->store, account->db, dirs, error);
}

gboolean kx_redo_replay(KxAccount *account, GError **error)
{
    return restore_all(account, error) && kx_redo_drop(account->db, error);
}

/* ---- settling ---- */

static void forget_all(KxRedo *redo)
{
    g_array_set_size(redo->items, 0);
    redo->bytes = 0;
    redo->in_doubt = FALSE;
}

gboolean kx_redo_sync(KxAccount *account, GError **error)
{
    if (account->redo->items->len > 0 && !sync_all(account, error))
        return FALSE;
    forget_all(account->redo);
    return TRUE;
}

gboolean kx_redo_settle(KxAccount *account, GError **error)
{
    KxRedo *redo = account->redo;
    if (redo->items->len == 0)
        return TRUE;
    g_autoptr(GError) problem = NULL;
    if (!redo->in_doubt && !sync_all(account, &problem)) {
        redo->in_doubt = TRUE;
        kx_log(account->store->logger, KX_LOG_ERROR, "store: %s; the files are written again",
               problem->message);
    }
    if ((redo->in_doubt && !restore_all(account, error)) || !kx_redo_drop(account->db, error))
        return FALSE;
    forget_all(redo);
    return TRUE;
}

gboolean kx_redo_settle_many(KxAccount *account, GError **error)
{
    const KxRedo *redo = account->redo;
    return (redo->items->len < MANY_ITEMS && redo->bytes < MANY_BYTES) ||
           kx_redo_settle(account, error);
}
