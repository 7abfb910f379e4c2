/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema of an account's index and the statements on it. Items are one short row each, so that
 * opening a large folder is one scan of few pages; what is long (envelope, structure) is in a table
 * of its own.
 */
#include "base/error.h"
#include "store/store-private.h"

/* Far above what counting or the clock in microseconds can give, far below what IMAP can say. */
#define MODSEQ_MAX (G_GUINT64_CONSTANT(1) << 62)

static const char *const SCHEMA[] = {
    "CREATE TABLE account (account INTEGER NOT NULL PRIMARY KEY, modseq INTEGER NOT NULL,"
    "  swept INTEGER NOT NULL, next_folder INTEGER NOT NULL, uid_validity INTEGER NOT NULL,"
    "  bytes INTEGER NOT NULL, items INTEGER NOT NULL);"
    "CREATE TABLE folders (account INTEGER NOT NULL, folder INTEGER NOT NULL, parent INTEGER NOT "
    "NULL,"
    "  name TEXT NOT NULL, type INTEGER NOT NULL, special_use INTEGER NOT NULL,"
    "  uid_validity INTEGER NOT NULL, uid_next INTEGER NOT NULL, uid_bound INTEGER NOT NULL,"
    "  recent_uid INTEGER NOT NULL, messages INTEGER NOT NULL, unseen INTEGER NOT NULL,"
    "  deleted INTEGER NOT NULL, tombstones INTEGER NOT NULL, size INTEGER NOT NULL,"
    "  highest_modseq INTEGER NOT NULL, floor_modseq INTEGER NOT NULL,"
    "  PRIMARY KEY (account, folder), UNIQUE (account, parent, name)) WITHOUT ROWID;"
    "CREATE TABLE items (account INTEGER NOT NULL, folder INTEGER NOT NULL, uid INTEGER NOT NULL,"
    "  modseq INTEGER NOT NULL, flags INTEGER NOT NULL, keywords BLOB, size INTEGER NOT NULL,"
    "  internal_date INTEGER NOT NULL, save_date INTEGER NOT NULL,"
    "  PRIMARY KEY (account, folder, uid)) WITHOUT ROWID;"
    /* item is folder * 2^32 + uid: a number, so that long rows lie in the leaves */
    "CREATE TABLE cache (account INTEGER NOT NULL, item INTEGER NOT NULL PRIMARY KEY,"
    "  envelope BLOB NOT NULL, structure BLOB NOT NULL);"
    "CREATE TABLE tombstones (account INTEGER NOT NULL, folder INTEGER NOT NULL, modseq INTEGER "
    "NOT NULL,"
    "  uid INTEGER NOT NULL, PRIMARY KEY (account, folder, modseq, uid)) WITHOUT ROWID;"
    "CREATE TABLE keywords (account INTEGER NOT NULL, folder INTEGER NOT NULL, number INTEGER NOT "
    "NULL,"
    "  name TEXT NOT NULL, PRIMARY KEY (account, folder, number)) WITHOUT ROWID;"
    /* the folder removed last: its directory goes after the commit */
    "CREATE TABLE removing (account INTEGER NOT NULL PRIMARY KEY, folder INTEGER NOT NULL, path "
    "TEXT NOT NULL);"
    "CREATE TABLE subscriptions (account INTEGER NOT NULL, path TEXT NOT NULL,"
    "  PRIMARY KEY (account, path)) WITHOUT ROWID;",
    /* What SORT and THREAD scan is apart from what is fetched one by one. Rows from before have
     * none of it: it is made when it is asked for. */
    "CREATE TABLE summaries (account INTEGER NOT NULL, item INTEGER NOT NULL PRIMARY KEY,"
    "  data BLOB NOT NULL);"
    "ALTER TABLE cache ADD COLUMN preview TEXT;",
    /* folder 0 is the account; owner "" is everybody */
    "CREATE TABLE metadata (number INTEGER PRIMARY KEY, account INTEGER NOT NULL,"
    "  folder INTEGER NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL,"
    "  UNIQUE (account, folder, owner, name));",
    /* who may do what, in lines like those of #folder */
    "ALTER TABLE folders ADD COLUMN acl TEXT NOT NULL DEFAULT '';",
    /* see bulk-flags-private.h */
    "CREATE TABLE bulk_flags (account INTEGER NOT NULL, folder INTEGER NOT NULL,"
    "  modseq INTEGER NOT NULL, part INTEGER NOT NULL, flags INTEGER NOT NULL, keywords BLOB,"
    "  uids BLOB NOT NULL, PRIMARY KEY (account, folder, modseq, part)) WITHOUT ROWID;",
    /* see redo-private.h; item as in cache */
    ("CREATE TABLE redo (account INTEGER NOT NULL, item INTEGER NOT NULL PRIMARY KEY,"
     "  content BLOB NOT NULL);"),
    "ALTER TABLE folders ADD COLUMN changed_modseq INTEGER NOT NULL DEFAULT 0;",
};

const char KX_SQL_ITEMS[] =
    "SELECT uid, modseq, flags, size, internal_date, save_date, keywords FROM items"
    " WHERE account=? AND folder=? AND uid>=? ORDER BY uid";
const char KX_SQL_FOLDERS[] =
    "SELECT folder, parent, name, type, special_use, uid_validity, uid_next, uid_bound, recent_uid,"
    " messages, unseen, deleted, tombstones, size, highest_modseq, floor_modseq,"
    " (SELECT COUNT(*) FROM items i WHERE i.account=f.account AND i.folder=f.folder AND "
    "i.uid>=f.recent_uid), acl, changed_modseq"
    " FROM folders f WHERE account=? ORDER BY folder";
const char KX_SQL_KEYWORDS[] =
    "SELECT number, name FROM keywords WHERE account=? AND folder=? ORDER BY number";
const char KX_SQL_TOMBSTONES[] =
    "SELECT uid, modseq FROM tombstones WHERE account=? AND folder=? AND modseq>? ORDER BY uid";
const char KX_SQL_SUBSCRIPTIONS[] = "SELECT path FROM subscriptions WHERE account=?";

KxDb *kx_index_open(const char *path, KxDbFlags flags, GError **error)
{
    g_autoptr(KxDb) db = kx_db_open(path, flags | KX_DB_SMALL, error);
    if (!db)
        return NULL;
    if (!(flags & KX_DB_READ_ONLY) && !kx_db_migrate(db, SCHEMA, G_N_ELEMENTS(SCHEMA), error))
        return NULL;
    return g_steal_pointer(&db);
}

KxStmt *kx_index_stmt(KxDb *db, const char *sql, GError **error)
{
    KxStmt *stmt = kx_db_prepare(db, sql, error);
    if (stmt)
        kx_stmt_bind_int(stmt, 1, KX_ACCOUNT_ID);
    return stmt;
}

gint64 kx_index_item_key(guint32 folder, guint32 uid)
{
    return (gint64)((guint64)folder << 32 | uid);
}

gboolean kx_index_read_account(KxDb *db, KxAccountMeta *ret_meta, GError **error)
{
    KxStmt *stmt = kx_index_stmt(db,
                                 "SELECT modseq, swept, next_folder, uid_validity, bytes, items"
                                 " FROM account WHERE account=?",
                                 error);
    int rc = stmt ? kx_stmt_step(stmt, error) : -1;
    if (rc == 0)
        return kx_fail(error, KX_ERR_CORRUPT, "the index has lost its account row");
    if (rc < 0)
        return FALSE;
    *ret_meta = (KxAccountMeta){
        .modseq = (guint64)kx_stmt_int(stmt, 0),
        .swept = (guint64)kx_stmt_int(stmt, 1),
        .next_folder = (guint32)kx_stmt_int(stmt, 2),
        .uid_validity = (guint32)kx_stmt_int(stmt, 3),
        .bytes = (guint64)kx_stmt_int(stmt, 4),
        .items = (guint64)kx_stmt_int(stmt, 5),
    };
    kx_stmt_reset(stmt);
    return ret_meta->modseq <= MODSEQ_MAX
               ? TRUE
               : kx_fail(error, KX_ERR_CORRUPT, "the modseq of the index does not make sense");
}

/* Binds the numbers from parameter `first` on and runs the statement. */
static gboolean run(KxStmt *stmt, int first, const gint64 *values, int n, GError **error)
{
    for (int i = 0; i < n; i++)
        kx_stmt_bind_int(stmt, first + i, values[i]);
    return kx_stmt_run(stmt, error);
}

gboolean kx_index_write_account(KxDb *db, const KxAccountMeta *meta, GError **error)
{
    KxStmt *stmt =
        kx_index_stmt(db,
                      "INSERT INTO account (account, modseq, swept, next_folder, uid_validity,"
                      " bytes, items) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account)"
                      " DO UPDATE SET modseq=excluded.modseq, swept=excluded.swept,"
                      " next_folder=excluded.next_folder, uid_validity=excluded.uid_validity,"
                      " bytes=excluded.bytes, items=excluded.items",
                      error);
    const gint64 values[] = {(gint64)meta->modseq, (gint64)meta->swept, meta->next_folder,
                             meta->uid_validity,   (gint64)meta->bytes, (gint64)meta->items};
    return stmt && run(stmt, 2, values, G_N_ELEMENTS(values), error);
}

gboolean kx_index_add_folder(KxDb *db, const KxFolderFile *file, guint32 parent, const char *name,
                             const KxFolderMeta *meta, guint32 recent_uid, GError **error)
{
    KxStmt *stmt =
        kx_index_stmt(db,
                      "INSERT INTO folders (account, name, acl, folder, parent, type, special_use,"
                      " uid_validity, uid_next, uid_bound, recent_uid, messages, unseen, deleted,"
                      " tombstones, size, highest_modseq, floor_modseq, changed_modseq)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      error);
    if (!stmt)
        return FALSE;
    g_autofree char *acl = kx_acl_format(file->acl);
    kx_stmt_bind_text(stmt, 2, name);
    kx_stmt_bind_text(stmt, 3, acl);
    const gint64 values[] = {file->id,
                             parent,
                             file->type,
                             file->special_use,
                             meta->uid_validity,
                             meta->uid_next,
                             meta->uid_bound,
                             recent_uid,
                             meta->messages,
                             meta->unseen,
                             meta->deleted,
                             meta->tombstones,
                             (gint64)meta->size,
                             (gint64)meta->highest_modseq,
                             (gint64)meta->floor_modseq,
                             (gint64)meta->changed_modseq};
    return run(stmt, 4, values, G_N_ELEMENTS(values), error);
}

gboolean kx_index_write_acl(KxDb *db, guint32 id, const KxAcl *acl, GError **error)
{
    g_autofree char *text = kx_acl_format(acl);
    KxStmt *stmt =
        kx_index_stmt(db, "UPDATE folders SET acl=?3 WHERE account=?1 AND folder=?2", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_text(stmt, 3, text);
    return run(stmt, 2, (const gint64[]){id}, 1, error);
}

gboolean kx_index_write_folder(KxDb *db, guint32 id, const KxFolderMeta *meta, guint32 recent_uid,
                               GError **error)
{
    KxStmt *stmt =
        kx_index_stmt(db,
                      "UPDATE folders SET uid_next=?3, uid_bound=?4, recent_uid=?5, messages=?6,"
                      " unseen=?7, deleted=?8, tombstones=?9, size=?10, highest_modseq=?11,"
                      " floor_modseq=?12, changed_modseq=?13 WHERE account=?1 AND folder=?2",
                      error);
    const gint64 values[] = {id,
                             meta->uid_next,
                             meta->uid_bound,
                             recent_uid,
                             meta->messages,
                             meta->unseen,
                             meta->deleted,
                             meta->tombstones,
                             (gint64)meta->size,
                             (gint64)meta->highest_modseq,
                             (gint64)meta->floor_modseq,
                             (gint64)meta->changed_modseq};
    return stmt && run(stmt, 2, values, G_N_ELEMENTS(values), error);
}

gboolean kx_index_move_folder(KxDb *db, guint32 id, guint32 parent, const char *name,
                              GError **error)
{
    KxStmt *stmt = kx_index_stmt(
        db, "UPDATE folders SET parent=?3, name=?4 WHERE account=?1 AND folder=?2", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_text(stmt, 4, name);
    const gint64 values[] = {id, parent};
    return run(stmt, 2, values, G_N_ELEMENTS(values), error);
}

gboolean kx_index_remove_folder(KxDb *db, guint32 id, GError **error)
{
    static const char *const STATEMENTS[] = {
        "DELETE FROM items WHERE account=? AND folder=?",
        "DELETE FROM bulk_flags WHERE account=? AND folder=?",
        "DELETE FROM tombstones WHERE account=? AND folder=?",
        "DELETE FROM keywords WHERE account=? AND folder=?",
        "DELETE FROM metadata WHERE account=? AND folder=?",
        "DELETE FROM folders WHERE account=? AND folder=?",
    };
    for (guint i = 0; i < G_N_ELEMENTS(STATEMENTS); i++) {
        KxStmt *stmt = kx_index_stmt(db, STATEMENTS[i], error);
        if (!stmt || !run(stmt, 2, (const gint64[]){id}, 1, error))
            return FALSE;
    }
    static const char *const OF_ITEMS[] = {
        "DELETE FROM redo WHERE account=? AND item>=? AND item<?",
        "DELETE FROM cache WHERE account=? AND item>=? AND item<?",
        "DELETE FROM summaries WHERE account=? AND item>=? AND item<?",
    };
    const gint64 values[] = {kx_index_item_key(id, 0), kx_index_item_key(id + 1, 0)};
    for (guint i = 0; i < G_N_ELEMENTS(OF_ITEMS); i++) {
        KxStmt *stmt = kx_index_stmt(db, OF_ITEMS[i], error);
        if (!stmt || !run(stmt, 2, values, 2, error))
            return FALSE;
    }
    return TRUE;
}

gboolean kx_index_set_removing(KxDb *db, guint32 id, const char *path, GError **error)
{
    KxStmt *stmt = kx_index_stmt(db,
                                 "INSERT INTO removing (account, folder, path) VALUES (?, ?, ?)"
                                 " ON CONFLICT (account) DO UPDATE SET folder=excluded.folder,"
                                 " path=excluded.path",
                                 error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, id);
    kx_stmt_bind_text(stmt, 3, path);
    return kx_stmt_run(stmt, error);
}

gboolean kx_index_read_removing(KxDb *db, guint32 *ret_id, char **ret_path, GError **error)
{
    KxStmt *stmt = kx_index_stmt(db, "SELECT folder, path FROM removing WHERE account=?", error);
    int rc = stmt ? kx_stmt_step(stmt, error) : -1;
    *ret_id = rc == 1 ? (guint32)kx_stmt_int(stmt, 0) : 0;
    *ret_path = rc == 1 ? g_strdup(kx_stmt_text(stmt, 1)) : NULL;
    if (rc == 1)
        kx_stmt_reset(stmt);
    return rc >= 0;
}

gboolean kx_index_add_item(KxDb *db, guint32 folder, const KxEntry *entry, GBytes *keywords,
                           GError **error)
{
    KxStmt *stmt =
        kx_index_stmt(db,
                      "INSERT INTO items (account, keywords, folder, uid, modseq, flags, size,"
                      " internal_date, save_date) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_bytes(stmt, 2, keywords);
    const gint64 values[] = {folder,          entry->uid,          (gint64)entry->modseq,
                             entry->flags,    (gint64)entry->size, entry->internal_date,
                             entry->save_date};
    GError *problem = NULL;
    if (run(stmt, 3, values, G_N_ELEMENTS(values), &problem))
        return TRUE;
    if (g_error_matches(problem, KX_ERROR, KX_ERR_EXISTS))
        problem->code = KX_ERR_CORRUPT; /* a UID that was not given out yet is there already */
    g_propagate_error(error, problem);
    return FALSE;
}

gboolean kx_index_write_flags(KxDb *db, guint32 folder, const KxEntry *entry, GBytes *keywords,
                              GError **error)
{
    KxStmt *stmt = kx_index_stmt(db,
                                 "UPDATE items SET modseq=?4, flags=?5, keywords=?6"
                                 " WHERE account=?1 AND folder=?2 AND uid=?3",
                                 error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_bytes(stmt, 6, keywords);
    const gint64 values[] = {folder, entry->uid, (gint64)entry->modseq, entry->flags};
    if (!run(stmt, 2, values, G_N_ELEMENTS(values), error))
        return FALSE;
    return kx_db_changes(db) == 1 ? TRUE
                                  : kx_fail(error, KX_ERR_CORRUPT, "the index has lost an item");
}

gboolean kx_index_add_tombstone(KxDb *db, guint32 folder, guint32 uid, guint64 modseq,
                                GError **error)
{
    KxStmt *stmt = kx_index_stmt(db,
                                 "INSERT INTO tombstones (account, folder, modseq, uid)"
                                 " VALUES (?, ?, ?, ?)",
                                 error);
    const gint64 values[] = {folder, (gint64)modseq, uid};
    return stmt && run(stmt, 2, values, G_N_ELEMENTS(values), error);
}

/* The rows of the contents of items. */
static gboolean remove_facts(KxDb *db, gint64 from, gint64 to, GError **error)
{
    static const char *const STATEMENTS[] = {
        "DELETE FROM cache WHERE account=? AND item BETWEEN ? AND ?",
        "DELETE FROM summaries WHERE account=? AND item BETWEEN ? AND ?",
    };
    for (guint i = 0; i < G_N_ELEMENTS(STATEMENTS); i++) {
        KxStmt *stmt = kx_index_stmt(db, STATEMENTS[i], error);
        if (!stmt || !run(stmt, 2, (const gint64[]){from, to}, 2, error))
            return FALSE;
    }
    return TRUE;
}

gboolean kx_index_remove_items(KxDb *db, guint32 folder, guint32 from, guint32 to, guint n,
                               guint64 modseq, GError **error)
{
    const gint64 values[] = {folder, from, to, (gint64)modseq};
    KxStmt *stmt = kx_index_stmt(db,
                                 "INSERT INTO tombstones (account, folder, modseq, uid)"
                                 " SELECT account, folder, ?5, uid FROM items"
                                 " WHERE account=?1 AND folder=?2 AND uid BETWEEN ?3 AND ?4",
                                 error);
    if (!stmt || !run(stmt, 2, values, 4, error))
        return FALSE;
    stmt = kx_index_stmt(
        db, "DELETE FROM items WHERE account=? AND folder=? AND uid BETWEEN ? AND ?", error);
    if (!stmt || !run(stmt, 2, values, 3, error))
        return FALSE;
    if (kx_db_changes(db) != n)
        return kx_fail(error, KX_ERR_CORRUPT, "the index has lost an item");
    return remove_facts(db, kx_index_item_key(folder, from), kx_index_item_key(folder, to), error);
}

gboolean kx_index_read_uids(KxDb *db, guint32 folder, guint32 from, guint max, GArray *uids,
                            GError **error)
{
    KxStmt *stmt = kx_index_stmt(
        db, "SELECT uid FROM items WHERE account=? AND folder=? AND uid>=? ORDER BY uid LIMIT ?",
        error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, folder);
    kx_stmt_bind_int(stmt, 3, from);
    kx_stmt_bind_int(stmt, 4, max);
    int rc;
    while ((rc = kx_stmt_step(stmt, error)) == 1) {
        guint32 uid = (guint32)kx_stmt_int(stmt, 0);
        g_array_append_val(uids, uid);
    }
    return rc == 0;
}

gboolean kx_index_add_keyword(KxDb *db, guint32 folder, guint number, const char *name,
                              GError **error)
{
    KxStmt *stmt = kx_index_stmt(db,
                                 "INSERT INTO keywords (account, folder, number, name)"
                                 " VALUES (?, ?, ?, ?)",
                                 error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_text(stmt, 4, name);
    return run(stmt, 2, (const gint64[]){folder, number}, 2, error);
}

gboolean kx_index_subscribe(KxDb *db, const char *path, gboolean on, GError **error)
{
    KxStmt *stmt = kx_index_stmt(
        db,
        on ? "INSERT INTO subscriptions (account, path) VALUES (?, ?) ON CONFLICT DO NOTHING"
           : "DELETE FROM subscriptions WHERE account=? AND path=?",
        error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_text(stmt, 2, path);
    return kx_stmt_run(stmt, error);
}

void kx_index_read_item(KxStmt *stmt, KxEntry *ret_entry)
{
    *ret_entry = (KxEntry){
        .uid = (guint32)kx_stmt_int(stmt, 0),
        .modseq = (guint64)kx_stmt_int(stmt, 1),
        .flags = (guint32)kx_stmt_int(stmt, 2) & KX_FLAG_ALL,
        .size = (guint64)kx_stmt_int(stmt, 3),
        .internal_date = kx_stmt_int(stmt, 4),
        .save_date = kx_stmt_int(stmt, 5),
    };
}
