/* SPDX-License-Identifier: Apache-2.0 */
#include "db/db.h"

#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "db/vfs.h"

enum { BUSY_MS = 10000, CACHE_KB = 8192, SMALL_CACHE_KB = 256 };

struct KxStmt {
    sqlite3_stmt *raw;
    KxDb *db;
};

struct KxDb {
    sqlite3 *raw;
    GHashTable *statements; /* SQL text -> KxStmt */
};

static KxErrorCode error_code(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return KX_ERR_CORRUPT;
    case SQLITE_CONSTRAINT:
        return KX_ERR_EXISTS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return KX_ERR_IN_USE;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_READONLY:
        return KX_ERR_IO;
    default:
        return KX_ERR_FAILED;
    }
}

static gboolean fail(KxDb *db, int rc, const char *doing, GError **error)
{
    return kx_fail(error, error_code(rc), "database: %s: %s", doing, sqlite3_errmsg(db->raw));
}

static void stmt_free(gpointer data)
{
    KxStmt *stmt = data;
    sqlite3_finalize(stmt->raw);
    g_free(stmt);
}

/* Of a new file. SQLite does not wait for another connection that does the same: it says at once
 * that the file is busy. */
static gboolean use_wal(KxDb *db, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + BUSY_MS * G_TIME_SPAN_MILLISECOND;
    int rc;
    while ((rc = sqlite3_exec(db->raw, "PRAGMA journal_mode=WAL", NULL, NULL, NULL) & 0xff) ==
               SQLITE_BUSY &&
           g_get_monotonic_time() < deadline)
        g_usleep(1000);
    return rc == SQLITE_OK ? TRUE : fail(db, rc, "statement failed", error);
}

KxDb *kx_db_open(const char *path, KxDbFlags flags, GError **error)
{
    KxDb *db = g_new0(KxDb, 1);
    int mode = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    mode |= flags & KX_DB_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (flags & KX_DB_CREATE)
        mode |= SQLITE_OPEN_CREATE;
    db->statements = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, stmt_free);
    int rc = sqlite3_open_v2(path, &db->raw, mode, kx_vfs_name());
    if (rc != SQLITE_OK) {
        kx_fail(error, error_code(rc), "cannot open database %s: %s", path,
                db->raw ? sqlite3_errmsg(db->raw) : sqlite3_errstr(rc));
        kx_db_close(db);
        return NULL;
    }
    sqlite3_extended_result_codes(db->raw, 1);
    sqlite3_busy_timeout(db->raw, BUSY_MS);
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    const char *sync = flags & KX_DB_UNSYNCED ? "OFF" : flags & KX_DB_RELAXED ? "NORMAL" : "FULL";
    g_autofree char *setup = g_strdup_printf("PRAGMA synchronous=%s; PRAGMA cache_size=-%d;"
                                             "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;",
                                             sync, flags & KX_DB_SMALL ? SMALL_CACHE_KB : CACHE_KB);
    if (!use_wal(db, error) || !kx_db_exec(db, setup, error)) {
        kx_db_close(db);
        return NULL;
    }
    return db;
}

void kx_db_close(KxDb *db)
{
    if (!db)
        return;
    g_hash_table_unref(db->statements);
    sqlite3_close(db->raw);
    g_free(db);
}

gboolean kx_db_exec(KxDb *db, const char *sql, GError **error)
{
    int rc = sqlite3_exec(db->raw, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? TRUE : fail(db, rc, "statement failed", error);
}

static gboolean schema_version(KxDb *db, guint *ret_version, GError **error)
{
    KxStmt *stmt = kx_db_prepare(db, "PRAGMA user_version", error);
    if (!stmt || kx_stmt_step(stmt, error) != 1)
        return FALSE;
    *ret_version = (guint)kx_stmt_int(stmt, 0);
    kx_stmt_reset(stmt);
    return TRUE;
}

/* The version is asked for again: another connection may have brought it up meanwhile. */
static gboolean run_scripts(KxDb *db, const char *const *scripts, guint n, GError **error)
{
    guint from;
    if (!schema_version(db, &from, error))
        return FALSE;
    for (guint i = from; i < n; i++)
        if (!kx_db_exec(db, scripts[i], error))
            return FALSE;
    g_autofree char *set = g_strdup_printf("PRAGMA user_version=%u", MAX(from, n));
    return kx_db_exec(db, set, error) && kx_db_commit(db, error);
}

gboolean kx_db_migrate(KxDb *db, const char *const *scripts, guint n, GError **error)
{
    guint version;
    if (!schema_version(db, &version, error))
        return FALSE;
    if (version == n)
        return TRUE;
    if (version > n)
        return kx_fail(
            error, KX_ERR_INVALID,
            "the database has schema %u, this program knows %u: it was made by a newer version",
            version, n);
    if (!kx_db_begin(db, error))
        return FALSE;
    if (run_scripts(db, scripts, n, error))
        return TRUE;
    kx_db_rollback(db);
    return FALSE;
}

static KxDb *open_migrated(const char *path, KxDbFlags flags, const char *const *scripts, guint n,
                           GError **error)
{
    g_autoptr(KxDb) db = kx_db_open(path, flags | KX_DB_CREATE, error);
    return db && kx_db_migrate(db, scripts, n, error) ? g_steal_pointer(&db) : NULL;
}

/* The log goes: it would be played into the new file. */
static void set_aside(const char *path)
{
    static const char *const parts[] = {"-wal", "-shm"};
    g_autofree char *aside = g_strconcat(path, ".bad", NULL);
    rename(path, aside);
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *part = g_strconcat(path, parts[i], NULL);
        unlink(part);
    }
}

KxDb *kx_db_open_losable(const char *path, KxDbFlags flags, const char *const *scripts, guint n,
                         GError **error)
{
    g_autoptr(GError) problem = NULL;
    KxDb *db = open_migrated(path, flags, scripts, n, &problem);
    if (db)
        return db;
    if (!g_error_matches(problem, KX_ERROR, KX_ERR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    set_aside(path);
    return open_migrated(path, flags, scripts, n, error);
}

static gboolean run_static(KxDb *db, const char *sql, GError **error)
{
    KxStmt *stmt = kx_db_prepare(db, sql, error);
    return stmt && kx_stmt_run(stmt, error);
}

gboolean kx_db_begin(KxDb *db, GError **error)
{
    return run_static(db, "BEGIN IMMEDIATE", error);
}

gboolean kx_db_begin_reading(KxDb *db, GError **error)
{
    return run_static(db, "BEGIN", error);
}

gboolean kx_db_commit(KxDb *db, GError **error)
{
    return run_static(db, "COMMIT", error);
}

void kx_db_rollback(KxDb *db)
{
    if (kx_db_in_transaction(db))
        run_static(db, "ROLLBACK", NULL);
}

gboolean kx_db_in_transaction(KxDb *db)
{
    return !sqlite3_get_autocommit(db->raw);
}

KxStmt *kx_db_prepare(KxDb *db, const char *sql, GError **error)
{
    KxStmt *stmt = g_hash_table_lookup(db->statements, sql);
    if (stmt) {
        sqlite3_reset(stmt->raw);
        sqlite3_clear_bindings(stmt->raw);
        return stmt;
    }
    sqlite3_stmt *raw = NULL;
    int rc = sqlite3_prepare_v3(db->raw, sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, NULL);
    if (rc != SQLITE_OK) {
        fail(db, rc, sql, error);
        return NULL;
    }
    stmt = g_new0(KxStmt, 1);
    stmt->raw = raw;
    stmt->db = db;
    g_hash_table_insert(db->statements, (gpointer)sql, stmt);
    return stmt;
}

void kx_stmt_bind_int(KxStmt *stmt, int index, gint64 value)
{
    sqlite3_bind_int64(stmt->raw, index, value);
}

void kx_stmt_bind_text(KxStmt *stmt, int index, const char *text)
{
    sqlite3_bind_text(stmt->raw, index, text, -1, SQLITE_STATIC);
}

void kx_stmt_bind_blob(KxStmt *stmt, int index, const void *bytes, size_t len)
{
    if (len == 0)
        sqlite3_bind_zeroblob(stmt->raw, index, 0);
    else
        sqlite3_bind_blob64(stmt->raw, index, bytes, len, SQLITE_STATIC);
}

void kx_stmt_bind_bytes(KxStmt *stmt, int index, GBytes *bytes)
{
    size_t len = 0;
    const void *data = bytes ? g_bytes_get_data(bytes, &len) : NULL;
    if (bytes)
        kx_stmt_bind_blob(stmt, index, data, len);
}

int kx_stmt_step(KxStmt *stmt, GError **error)
{
    int rc = sqlite3_step(stmt->raw);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE) {
        sqlite3_reset(stmt->raw);
        return 0;
    }
    fail(stmt->db, rc, sqlite3_sql(stmt->raw), error);
    sqlite3_reset(stmt->raw);
    return -1;
}

gboolean kx_stmt_run(KxStmt *stmt, GError **error)
{
    int rc;
    do
        rc = kx_stmt_step(stmt, error);
    while (rc == 1);
    return rc == 0;
}

void kx_stmt_reset(KxStmt *stmt)
{
    sqlite3_reset(stmt->raw);
}

gint64 kx_stmt_int(KxStmt *stmt, int column)
{
    return sqlite3_column_int64(stmt->raw, column);
}

const char *kx_stmt_text(KxStmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt->raw, column);
}

const void *kx_stmt_blob(KxStmt *stmt, int column, size_t *ret_len)
{
    const void *bytes = sqlite3_column_blob(stmt->raw, column);
    *ret_len = (size_t)sqlite3_column_bytes(stmt->raw, column);
    return bytes;
}

gint64 kx_db_changes(KxDb *db)
{
    return sqlite3_changes64(db->raw);
}

gint64 kx_db_last_insert_id(KxDb *db)
{
    return sqlite3_last_insert_rowid(db->raw);
}

gboolean kx_db_check(KxDb *db, gboolean quick, GError **error)
{
    KxStmt *stmt =
        kx_db_prepare(db, quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)", error);
    if (!stmt)
        return FALSE;
    int rc = kx_stmt_step(stmt, error);
    if (rc < 0)
        return FALSE;
    g_autofree char *verdict = g_strdup(rc == 1 ? kx_stmt_text(stmt, 0) : "no answer");
    kx_stmt_reset(stmt);
    return g_strcmp0(verdict, "ok") == 0
               ? TRUE
               : kx_fail(error, KX_ERR_CORRUPT, "database check: %s", verdict);
}
