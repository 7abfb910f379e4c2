/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database seam. Everything above speaks to KxDb; that SQLite is below is known only here.
 *
 * Statements keep to the dialect SQLite and PostgreSQL share (`?` placeholders, ON CONFLICT,
 * RETURNING). A KxDb is one connection and belongs to one thread at a time (the owner brings the
 * lock); prepared statements are cached inside it by their text, so SQL strings must be static or
 * live as long as the connection. Commits are durable: write-ahead log, synchronous, fsync before
 * kx_db_commit() returns.
 *
 * Errors: GError in KX_ERROR. KX_ERR_CORRUPT means the file is damaged (the owner may rebuild),
 * KX_ERR_EXISTS a violated unique constraint, KX_ERR_IN_USE a lock that was not released in time,
 * KX_ERR_IO anything with the disk.
 */
#pragma once

#include <glib.h>

typedef struct KxDb KxDb;
typedef struct KxStmt KxStmt;

typedef enum {
    KX_DB_CREATE = 1 << 0,    /* make the file if it is not there */
    KX_DB_READ_ONLY = 1 << 1, /* refuse writes; for reader connections beside a writer */
    KX_DB_SMALL = 1 << 2,     /* small page cache: there are thousands of these */
    KX_DB_UNSYNCED =
        1 << 3, /* nothing is synced: a file being built, which the owner syncs after closing */
    KX_DB_RELAXED = 1 << 4, /* commits may be lost, but what is there stays sound: can be rebuilt */
} KxDbFlags;

KxDb *kx_db_open(const char *path, KxDbFlags flags, GError **error);
void kx_db_close(KxDb *db);

/* Runs statements without parameters (schema). */
gboolean kx_db_exec(KxDb *db, const char *sql, GError **error);

/* Schema versions: runs each script from the stored version up to n, in one transaction.
 * scripts[i] takes the database from version i to i + 1. A version beyond n is KX_ERR_INVALID
 * ("made by a newer version"). */
gboolean kx_db_migrate(KxDb *db, const char *const *scripts, guint n, GError **error);

/* Opens and migrates what can be lost: a damaged file is set aside as PATH.bad, and a new one
 * made. */
KxDb *kx_db_open_losable(const char *path, KxDbFlags flags, const char *const *scripts, guint n,
                         GError **error);

gboolean kx_db_begin(KxDb *db, GError **error);         /* takes the write lock at once */
gboolean kx_db_begin_reading(KxDb *db, GError **error); /* sees one state until rolled back */
gboolean kx_db_commit(KxDb *db, GError **error);
void kx_db_rollback(KxDb *db);
gboolean kx_db_in_transaction(KxDb *db);

/* A cached statement, reset and with its bindings cleared. NULL on error. Do not free. One use at a
 * time per SQL text: asking again for the same text while stepping resets it. */
KxStmt *kx_db_prepare(KxDb *db, const char *sql, GError **error);

/* Parameters count from 1. Blobs and texts are not copied: they must live until the last step. */
void kx_stmt_bind_int(KxStmt *stmt, int index, gint64 value);
void kx_stmt_bind_text(KxStmt *stmt, int index, const char *text); /* NULL binds NULL */
void kx_stmt_bind_blob(KxStmt *stmt, int index, const void *bytes, size_t len);
void kx_stmt_bind_bytes(KxStmt *stmt, int index, GBytes *bytes);

/* Next row: 1 a row, 0 the end, -1 error. At 0 and -1 the statement is reset. */
int kx_stmt_step(KxStmt *stmt, GError **error);

/* For statements without result rows: steps to the end. */
gboolean kx_stmt_run(KxStmt *stmt, GError **error);
void kx_stmt_reset(KxStmt *stmt); /* when a caller stops before the end */

/* Columns count from 0; pointers live until the next step or reset. */
gint64 kx_stmt_int(KxStmt *stmt, int column);
const char *kx_stmt_text(KxStmt *stmt, int column); /* NULL for NULL */
const void *kx_stmt_blob(KxStmt *stmt, int column, size_t *ret_len);

gint64 kx_db_changes(KxDb *db); /* rows touched by the last statement */
gint64 kx_db_last_insert_id(KxDb *db);

/* Structural check of the whole file (slow) or of its essentials (quick). */
gboolean kx_db_check(KxDb *db, gboolean quick, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxDb, kx_db_close)
