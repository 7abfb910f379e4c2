/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata in the index (store/metadata.h). */
#include "store/metadata.h"

#include "base/error.h"
#include "store/rebuild-private.h"

void kx_metadata_free(KxMetadata *entry)
{
    if (!entry)
        return;
    g_free(entry->name);
    g_clear_pointer(&entry->value, g_bytes_unref);
    g_free(entry);
}

static gboolean is_private(const char *name)
{
    return g_str_has_prefix(name, "/private/") || g_str_equal(name, "/private");
}

/* Shared entries belong to nobody. */
static const char *owner_of(const char *name, const char *user)
{
    return is_private(name) ? user : "";
}

/* ---- reading ---- */

typedef struct {
    guint32 folder;
    const char *user, *name;
    KxMetadataDepth depth;
    GPtrArray *found;
} Get;

static gboolean is_wanted(const Get *get, const char *name)
{
    size_t len = strlen(get->name);
    if (name[len] == '\0')
        return TRUE;
    return get->depth == KX_METADATA_ALL ||
           (get->depth == KX_METADATA_CHILDREN && !strchr(name + len + 1, '/'));
}

static void take_row(Get *get, KxStmt *stmt)
{
    const char *name = kx_stmt_text(stmt, 0);
    if (!name || !is_wanted(get, name))
        return;
    KxMetadata *entry = g_new0(KxMetadata, 1);
    size_t len;
    const void *value = kx_stmt_blob(stmt, 1, &len);
    entry->name = g_strdup(name);
    entry->value = g_bytes_new(value, len);
    g_ptr_array_add(get->found, entry);
}

static gboolean get_work(KxAccount *account, KxDb *db, gpointer data, GError **error)
{
    Get *get = data;
    g_ptr_array_set_size(get->found, 0);
    g_autofree char *below = g_strconcat(get->name, "/", NULL);
    g_autofree char *after = g_strconcat(get->name, "0", NULL); /* the byte after '/' */
    KxStmt *stmt =
        kx_index_stmt(db,
                      "SELECT name, value FROM metadata WHERE account=?1 AND folder=?2 AND owner=?3"
                      " AND (name=?4 OR (name>?5 AND name<?6)) ORDER BY name",
                      error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, get->folder);
    kx_stmt_bind_text(stmt, 3, owner_of(get->name, get->user));
    kx_stmt_bind_text(stmt, 4, get->name);
    kx_stmt_bind_text(stmt, 5, get->depth == KX_METADATA_SELF ? get->name : below);
    kx_stmt_bind_text(stmt, 6, get->depth == KX_METADATA_SELF ? get->name : after);
    int rc;
    while ((rc = kx_stmt_step(stmt, error)) == 1)
        take_row(get, stmt);
    return rc == 0;
}

GPtrArray *kx_metadata_get(KxAccount *account, guint32 folder, const char *user, const char *name,
                           KxMetadataDepth depth, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)kx_metadata_free);
    Get get = {folder, user, name, depth, found};
    return kx_account_read(account, get_work, &get, error) ? g_steal_pointer(&found) : NULL;
}

/* ---- writing ---- */

gboolean kx_index_set_metadata(KxDb *db, guint32 folder, const char *owner, const char *name,
                               GBytes *value, GError **error)
{
    KxStmt *stmt = kx_index_stmt(
        db,
        value ? "INSERT INTO metadata (account, folder, owner, name, value) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (account, folder, owner, name) DO UPDATE SET value=excluded.value"
              : "DELETE FROM metadata WHERE account=? AND folder=? AND owner=? AND name=?",
        error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, folder);
    kx_stmt_bind_text(stmt, 3, owner);
    kx_stmt_bind_text(stmt, 4, name);
    if (value)
        kx_stmt_bind_bytes(stmt, 5, value);
    return kx_stmt_run(stmt, error);
}

typedef struct {
    guint32 folder;
    const char *user;
    const KxMetadata *entries;
    guint n;
    const guint *special_use;
} Set;

static gint64 number(KxStmt *stmt, GError **error)
{
    gint64 value = kx_stmt_step(stmt, error) == 1 ? kx_stmt_int(stmt, 0) : -1;
    kx_stmt_reset(stmt);
    return value;
}

static gboolean fits(KxDb *db, const Set *set, const char *owner, GError **error)
{
    KxStmt *count = kx_index_stmt(
        db, "SELECT COUNT(*) FROM metadata WHERE account=? AND folder=? AND owner=?", error);
    if (!count)
        return FALSE;
    kx_stmt_bind_int(count, 2, set->folder);
    kx_stmt_bind_text(count, 3, owner);
    gint64 n = number(count, error);
    if (n > KX_METADATA_ENTRIES)
        return kx_fail(error, KX_ERR_TOO_BIG, "there are too many entries");
    return n >= 0;
}

static gboolean fits_account(KxDb *db, GError **error)
{
    KxStmt *sum = kx_index_stmt(
        db, "SELECT SUM(LENGTH(name)+LENGTH(value)) FROM metadata WHERE account=?", error);
    gint64 bytes = sum ? number(sum, error) : -1;
    if (bytes > KX_METADATA_TOTAL)
        return kx_fail(error, KX_ERR_TOO_BIG, "the mailbox has too much metadata");
    return bytes >= 0;
}

static gboolean write_entries(KxDb *db, const Set *set, GError **error)
{
    gboolean grows = FALSE;
    for (guint i = 0; i < set->n; i++) {
        const KxMetadata *entry = &set->entries[i];
        grows |= entry->value != NULL;
        if (!kx_index_set_metadata(db, set->folder, owner_of(entry->name, set->user), entry->name,
                                   entry->value, error))
            return FALSE;
    }
    return !grows ||
           (fits(db, set, "", error) && fits(db, set, set->user, error) && fits_account(db, error));
}

static gboolean write_use_file(KxFolder *folder, guint special_use, GError **error)
{
    KxFolderFile file = kx_folder_file_of(folder);
    file.special_use = special_use;
    return kx_folder_file_write(folder->dir, &file, TRUE, error);
}

static gboolean write_use(KxDb *db, KxFolder *folder, guint special_use, GError **error)
{
    KxStmt *stmt = kx_index_stmt(
        db, "UPDATE folders SET special_use=?3 WHERE account=?1 AND folder=?2", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, folder->id);
    kx_stmt_bind_int(stmt, 3, special_use);
    return kx_stmt_run(stmt, error) && write_use_file(folder, special_use, error);
}

static gboolean set_work(KxAccount *account, gpointer data, GError **error)
{
    const Set *set = data;
    KxFolder *folder = g_hash_table_lookup(account->by_id, GUINT_TO_POINTER(set->folder));
    if (!folder && set->folder != 0)
        return kx_fail(error, KX_ERR_NOT_FOUND, "the folder has been removed");
    const guint *use = folder ? set->special_use : NULL;
    g_auto(KxTxn) txn = {0};
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    txn.meta.modseq++;
    if (!write_entries(txn.db, set, error) || (use && !write_use(txn.db, folder, *use, error)) ||
        !kx_txn_commit(&txn, error)) {
        if (use)
            write_use_file(folder, folder->special_use, NULL);
        return FALSE;
    }
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    if (use)
        folder->special_use = *use;
    pthread_mutex_unlock(&account->state_lock);
    return TRUE;
}

static void tell(KxAccount *account, const Set *set)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    gboolean private = FALSE;
    for (guint i = 0; i < set->n; i++) {
        g_ptr_array_add(names, set->entries[i].name);
        private |= is_private(set->entries[i].name);
    }
    if (set->special_use) {
        g_ptr_array_add(names, "/shared/specialuse");
        g_ptr_array_add(names, "/private/specialuse");
        private = TRUE;
    }
    KxWatchEvent event = {.kinds = KX_WATCH_METADATA,
                          .folder = set->folder,
                          .entries = names,
                          .user = private ? (char *)set->user : NULL};
    kx_watch_post(account, &event, kx_watch_actor(account->store));
}

gboolean kx_metadata_set(KxAccount *account, guint32 folder, const char *user,
                         const KxMetadata *entries, guint n, const guint *special_use,
                         GError **error)
{
    Set set = {folder, user, entries, n, special_use};
    if (!kx_account_write(account, set_work, &set, error))
        return FALSE;
    if (kx_account_is_watched(account))
        tell(account, &set);
    return TRUE;
}

/* ---- a user who is no more ---- */

static gboolean forget_work(KxAccount *account, gpointer data, GError **error)
{
    g_auto(KxTxn) txn = {0};
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    KxStmt *stmt =
        kx_index_stmt(txn.db, "DELETE FROM metadata WHERE account=?1 AND owner=?2", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_text(stmt, 2, data);
    if (!kx_stmt_run(stmt, error) || !kx_txn_commit(&txn, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    pthread_mutex_unlock(&account->state_lock);
    return TRUE;
}

gboolean kx_metadata_forget_user(KxAccount *account, const char *user, GError **error)
{
    return kx_account_write(account, forget_work, (gpointer)user, error);
}

/* ---- copying ---- */

typedef struct {
    guint32 from, to;
} Copy;

static gboolean copy_work(KxAccount *account, gpointer data, GError **error)
{
    const Copy *copy = data;
    g_auto(KxTxn) txn = {0};
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    KxStmt *stmt = kx_index_stmt(txn.db,
                                 "INSERT INTO metadata (account, folder, owner, name, value)"
                                 " SELECT account, ?3, owner, name, value FROM metadata"
                                 " WHERE account=?1 AND folder=?2",
                                 error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, copy->from);
    kx_stmt_bind_int(stmt, 3, copy->to);
    if (!kx_stmt_run(stmt, error) || !kx_txn_commit(&txn, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    pthread_mutex_unlock(&account->state_lock);
    return TRUE;
}

gboolean kx_metadata_copy(KxAccount *account, guint32 from, guint32 to, GError **error)
{
    Copy copy = {from, to};
    return kx_account_write(account, copy_work, &copy, error);
}

/* ---- taking over ---- */

typedef struct {
    KxRebuild *rebuild;
    GHashTable *ids; /* of the folders there are */
} TakeOver;

static gboolean take_over(const TakeOver *take, const char *sql, GError **error)
{
    KxStmt *stmt = kx_index_stmt(take->rebuild->old->db, sql, NULL);
    if (!stmt)
        return TRUE;
    while (kx_stmt_step(stmt, NULL) == 1) {
        guint32 folder = (guint32)kx_stmt_int(stmt, 0);
        const char *owner = kx_stmt_text(stmt, 1);
        const char *name = kx_stmt_text(stmt, 2);
        size_t len;
        const void *bytes = kx_stmt_blob(stmt, 3, &len);
        if (!owner || !name ||
            (folder != 0 && !g_hash_table_contains(take->ids, GUINT_TO_POINTER(folder))))
            continue;
        g_autoptr(GBytes) value = g_bytes_new(bytes, len);
        if (!kx_index_set_metadata(take->rebuild->db, folder, owner, name, value, error)) {
            kx_stmt_reset(stmt);
            return FALSE;
        }
    }
    kx_stmt_reset(stmt);
    return TRUE;
}

gboolean kx_rebuild_metadata(KxRebuild *rebuild, GError **error)
{
    g_autoptr(GHashTable) ids = g_hash_table_new(NULL, NULL);
    TakeOver take = {rebuild, ids};
    if (!rebuild->old->db)
        return TRUE;
    for (guint i = 0; i < rebuild->found->len; i++)
        g_hash_table_add(ids,
                         GUINT_TO_POINTER(g_array_index(rebuild->found, KxFoundFolder, i).file.id));
    return take_over(&take,
                     "SELECT folder, owner, name, value FROM metadata WHERE account=?"
                     " ORDER BY number DESC",
                     error) &&
           take_over(&take,
                     "SELECT folder, owner, name, value FROM metadata WHERE account=?"
                     " ORDER BY number",
                     error);
}
