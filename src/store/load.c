/* SPDX-License-Identifier: Apache-2.0 */
/* The folders of an account from the index into memory. */
#include "base/error.h"
#include "store/store-private.h"

typedef struct {
    guint32 id, parent;
    char *name;
    KxFolderType type;
    guint special_use;
    KxFolderMeta meta;
    guint32 recent_uid, recent;
    KxAcl *acl;
} FolderRow;

static void clear_row(gpointer data)
{
    FolderRow *row = data;
    g_free(row->name);
    kx_acl_unref(row->acl);
}

static FolderRow read_row(KxStmt *stmt)
{
    return (FolderRow){
        .id = (guint32)kx_stmt_int(stmt, 0),
        .parent = (guint32)kx_stmt_int(stmt, 1),
        .name = g_strdup(kx_stmt_text(stmt, 2)),
        .type = (KxFolderType)kx_stmt_int(stmt, 3),
        .special_use = (guint)kx_stmt_int(stmt, 4),
        .meta = {.uid_validity = (guint32)kx_stmt_int(stmt, 5),
                 .uid_next = (guint32)kx_stmt_int(stmt, 6),
                 .uid_bound = (guint32)kx_stmt_int(stmt, 7),
                 .messages = (guint32)kx_stmt_int(stmt, 9),
                 .unseen = (guint32)kx_stmt_int(stmt, 10),
                 .deleted = (guint32)kx_stmt_int(stmt, 11),
                 .tombstones = (guint32)kx_stmt_int(stmt, 12),
                 .size = (guint64)kx_stmt_int(stmt, 13),
                 .highest_modseq = (guint64)kx_stmt_int(stmt, 14),
                 .floor_modseq = (guint64)kx_stmt_int(stmt, 15),
                 .changed_modseq = (guint64)kx_stmt_int(stmt, 18)},
        .recent_uid = (guint32)kx_stmt_int(stmt, 8),
        .recent = (guint32)kx_stmt_int(stmt, 16),
        .acl = kx_acl_parse(kx_stmt_text(stmt, 17) ? kx_stmt_text(stmt, 17) : ""),
    };
}

static gboolean row_makes_sense(const FolderRow *row)
{
    if (row->id == 0 || !row->name || row->type > KX_TYPE_NOTES || row->meta.uid_next == 0 ||
        row->meta.uid_validity == 0)
        return FALSE;
    g_autofree char *normal = kx_path_normalise(row->name, NULL);
    return normal && g_str_equal(normal, row->name) && !strchr(normal, '/');
}

static GArray *read_rows(KxDb *db, GError **error)
{
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(FolderRow));
    g_array_set_clear_func(rows, clear_row);
    KxStmt *stmt = kx_index_stmt(db, KX_SQL_FOLDERS, error);
    int rc = stmt ? 0 : -1;
    while (stmt && (rc = kx_stmt_step(stmt, error)) == 1) {
        FolderRow row = read_row(stmt);
        g_array_append_val(rows, row);
        if (!row_makes_sense(&row)) {
            kx_stmt_reset(stmt);
            kx_fail(error, KX_ERR_CORRUPT, "the index holds a folder that does not make sense");
            return NULL;
        }
    }
    return rc == 0 ? g_steal_pointer(&rows) : NULL;
}

/* A folder object that is there already (after a rebuild) is brought in line, else one is made. */
static void put_row(KxAccount *account, const FolderRow *row, KxFolder *parent)
{
    KxFolder *folder = g_hash_table_lookup(account->by_id, GUINT_TO_POINTER(row->id));
    if (!folder)
        folder = kx_tree_add(account, row->id, parent, row->name);
    else if (folder->parent != parent || !g_str_equal(folder->name, row->name))
        kx_tree_move(account, folder, parent, row->name);
    folder->type = row->type;
    folder->special_use = row->special_use;
    kx_tree_set_acl(folder, row->acl);
    folder->meta = row->meta;
    folder->recent_uid = row->recent_uid;
    folder->recent = row->recent;
    if (folder->keywords.loaded)
        folder->keywords.n_saved =
            folder->keywords.names->len; /* a rebuild has written all of them */
}

/* Parents before children: rounds until nothing is left or nothing moves. */
static gboolean put_rows(KxAccount *account, GArray *rows)
{
    g_autofree gboolean *done = g_new0(gboolean, rows->len + 1);
    g_autoptr(GHashTable) placed = g_hash_table_new(NULL, NULL);
    guint left = rows->len;
    for (guint before = left + 1; left > 0 && left < before;) {
        before = left;
        for (guint i = 0; i < rows->len; i++) {
            const FolderRow *row = &g_array_index(rows, FolderRow, i);
            if (done[i] ||
                (row->parent && !g_hash_table_contains(placed, GUINT_TO_POINTER(row->parent))))
                continue;
            put_row(account, row,
                    g_hash_table_lookup(account->by_id, GUINT_TO_POINTER(row->parent)));
            g_hash_table_add(placed, GUINT_TO_POINTER(row->id));
            done[i] = TRUE;
            left--;
        }
    }
    return left == 0;
}

static void remove_missing(KxAccount *account, GArray *rows)
{
    g_autoptr(GHashTable) ids = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < rows->len; i++)
        g_hash_table_add(ids, GUINT_TO_POINTER(g_array_index(rows, FolderRow, i).id));
    g_autoptr(GPtrArray) sorted = kx_tree_sorted(account);
    for (guint i = sorted->len; i > 0; i--) {
        KxFolder *folder = sorted->pdata[i - 1];
        if (!g_hash_table_contains(ids, GUINT_TO_POINTER(folder->id)))
            kx_tree_remove(account, folder);
    }
}

/* After folders changed places all at once, one may have taken the path of another. */
static void index_paths(KxAccount *account)
{
    GHashTableIter iter;
    gpointer folder;
    g_hash_table_remove_all(account->by_path);
    g_hash_table_iter_init(&iter, account->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &folder))
        g_hash_table_replace(account->by_path, ((KxFolder *)folder)->path, folder);
}

static gboolean read_subscriptions(KxDb *db, GHashTable *paths, GError **error)
{
    KxStmt *stmt = kx_index_stmt(db, KX_SQL_SUBSCRIPTIONS, error);
    int rc = stmt ? 0 : -1;
    while (stmt && (rc = kx_stmt_step(stmt, error)) == 1)
        g_hash_table_add(paths, g_strdup(kx_stmt_text(stmt, 0)));
    return rc == 0;
}

gboolean kx_account_load(KxAccount *account, GError **error)
{
    KxAccountMeta meta;
    if (!kx_index_read_account(account->db, &meta, error))
        return FALSE;
    g_autoptr(GArray) rows = read_rows(account->db, error);
    g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!rows || !read_subscriptions(account->db, paths, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    account->meta = meta;
    gboolean ok = put_rows(account, rows);
    remove_missing(account, rows);
    index_paths(account);
    g_hash_table_unref(account->subscriptions);
    account->subscriptions = g_steal_pointer(&paths);
    pthread_mutex_unlock(&account->state_lock);
    return ok ? TRUE : kx_fail(error, KX_ERR_CORRUPT, "the index holds folders without a parent");
}
