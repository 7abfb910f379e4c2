/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/fetch-memory.h"

#include "base/lock.h"
#include "db/db.h"

enum {
    KEEP_SECONDS = 30 * 24 * 3600, /* without being listed, or a copy coming */
    COPIES_MAX = 100000,           /* of one mailbox */
};
#define PATH "store/downloads.db"

static const char *const SCHEMA[] = {
    "CREATE TABLE seen (mailbox TEXT NOT NULL, id TEXT NOT NULL, state INTEGER NOT NULL,"
    " since INTEGER NOT NULL, listed INTEGER NOT NULL, PRIMARY KEY (mailbox, id));"
    "CREATE INDEX seen_listed ON seen (listed);"
    "CREATE TABLE copies (mailbox TEXT NOT NULL, digest TEXT NOT NULL, since INTEGER NOT NULL,"
    " PRIMARY KEY (mailbox, digest));"
    "CREATE INDEX copies_since ON copies (mailbox, since)",
};

struct KxFetchMemory {
    KxMutex lock; /* of the connection */
    KxDb *db;
};

static gint64 now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

KxFetchMemory *kx_fetch_memory_open(GError **error)
{
    g_autoptr(KxDb) db = kx_db_open(PATH, KX_DB_CREATE | KX_DB_SMALL, error);
    if (!db || !kx_db_migrate(db, SCHEMA, G_N_ELEMENTS(SCHEMA), error))
        return NULL;
    KxFetchMemory *memory = g_new0(KxFetchMemory, 1);
    kx_mutex_init(&memory->lock);
    memory->db = g_steal_pointer(&db);
    return memory;
}

void kx_fetch_memory_close(KxFetchMemory *memory)
{
    if (!memory)
        return;
    kx_db_close(memory->db);
    kx_mutex_clear(&memory->lock);
    g_free(memory);
}

/* ---- one transaction each ---- */

typedef gboolean (*Work)(KxDb *db, gpointer data, GError **error);

static gboolean transact(KxFetchMemory *memory, Work work, gpointer data, GError **error)
{
    kx_mutex_lock(&memory->lock);
    gboolean ok = kx_db_begin(memory->db, error);
    if (ok && !(ok = work(memory->db, data, error) && kx_db_commit(memory->db, error)))
        kx_db_rollback(memory->db);
    kx_mutex_unlock(&memory->lock);
    return ok;
}

/* A statement without a result. `types` has a letter for each parameter that follows: s is a text,
 * i a gint64. */
static gboolean run(KxDb *db, GError **error, const char *sql, const char *types, ...)
{
    KxStmt *stmt = kx_db_prepare(db, sql, error);
    va_list args;
    if (!stmt)
        return FALSE;
    va_start(args, types);
    for (int at = 1; *types; types++, at++) {
        if (*types == 's')
            kx_stmt_bind_text(stmt, at, va_arg(args, const char *));
        else
            kx_stmt_bind_int(stmt, at, va_arg(args, gint64));
    }
    va_end(args);
    return kx_stmt_run(stmt, error);
}

/* ---- looking ---- */

typedef struct {
    const char *mailbox;
    KxFetchSeen *items;
    guint n;
} Listing;

static gboolean look_up(KxDb *db, const char *mailbox, KxFetchSeen *item, GError **error)
{
    KxStmt *stmt =
        kx_db_prepare(db, "SELECT state, since FROM seen WHERE mailbox = ? AND id = ?", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, mailbox);
    kx_stmt_bind_text(stmt, 2, item->id);
    int rc = kx_stmt_step(stmt, error);
    item->state = rc == 1 ? (KxFetchState)kx_stmt_int(stmt, 0) : KX_FETCH_NEW;
    item->since = rc == 1 ? kx_stmt_int(stmt, 1) : 0;
    kx_stmt_reset(stmt);
    if (rc != 1)
        return rc == 0;
    return run(db, error, "UPDATE seen SET listed = ? WHERE mailbox = ? AND id = ?", "iss", now(),
               mailbox, item->id);
}

static gboolean look(KxDb *db, gpointer data, GError **error)
{
    const Listing *listing = data;
    for (guint i = 0; i < listing->n; i++)
        if (!look_up(db, listing->mailbox, &listing->items[i], error))
            return FALSE;
    return TRUE;
}

gboolean kx_fetch_memory_look(KxFetchMemory *memory, const char *mailbox, KxFetchSeen *items,
                              guint n, GError **error)
{
    return transact(memory, look, &(Listing){mailbox, items, n}, error);
}

/* ---- noting ---- */

typedef struct {
    const char *mailbox, *id;
    gint64 number;
} Note;

static gboolean note(KxDb *db, gpointer data, GError **error)
{
    const Note *what = data;
    gint64 time = now();
    return run(db, error,
               "INSERT INTO seen (mailbox, id, state, since, listed) VALUES (?, ?, ?, ?, ?)"
               " ON CONFLICT (mailbox, id) DO UPDATE SET state = excluded.state",
               "ssiii", what->mailbox, what->id, what->number, time, time);
}

gboolean kx_fetch_memory_note(KxFetchMemory *memory, const char *mailbox, const char *id,
                              KxFetchState state, GError **error)
{
    return transact(memory, note, &(Note){mailbox, id, state}, error);
}

static gboolean note_doomed(KxDb *db, gpointer data, GError **error)
{
    const Listing *listing = data;
    for (guint i = 0; i < listing->n; i++) {
        const KxFetchSeen *item = &listing->items[i];
        if (item->state == KX_FETCH_DOOMED &&
            !note(db, &(Note){listing->mailbox, item->id, KX_FETCH_DOOMED}, error))
            return FALSE;
    }
    return TRUE;
}

gboolean kx_fetch_memory_note_doomed(KxFetchMemory *memory, const char *mailbox,
                                     const KxFetchSeen *items, guint n, GError **error)
{
    return transact(memory, note_doomed, &(Listing){mailbox, (KxFetchSeen *)items, n}, error);
}

static gboolean settle(KxDb *db, gpointer data, GError **error)
{
    const Note *what = data;
    const char *mailbox = what->mailbox;
    gint64 old = now() - KEEP_SECONDS;
    if (what->number && !run(db, error, "DELETE FROM seen WHERE mailbox = ? AND state = ?", "si",
                             mailbox, (gint64)KX_FETCH_DOOMED))
        return FALSE;
    return run(db, error, "DELETE FROM seen WHERE listed < ?", "i", old) &&
           run(db, error, "DELETE FROM copies WHERE since < ?", "i", old) &&
           run(db, error,
               "DELETE FROM copies WHERE mailbox = ? AND since < (SELECT since FROM copies"
               " WHERE mailbox = ? ORDER BY since DESC LIMIT 1 OFFSET ?)",
               "ssi", mailbox, mailbox, (gint64)COPIES_MAX);
}

gboolean kx_fetch_memory_settle(KxFetchMemory *memory, const char *mailbox, gboolean committed,
                                GError **error)
{
    return transact(memory, settle, &(Note){mailbox, NULL, committed}, error);
}

static gboolean forget(KxDb *db, gpointer data, GError **error)
{
    const char *mailbox = ((const Note *)data)->mailbox;
    return run(db, error, "DELETE FROM seen WHERE mailbox = ?", "s", mailbox) &&
           run(db, error, "DELETE FROM copies WHERE mailbox = ?", "s", mailbox);
}

gboolean kx_fetch_memory_forget(KxFetchMemory *memory, const char *mailbox, GError **error)
{
    return transact(memory, forget, &(Note){mailbox, NULL, 0}, error);
}

/* ---- copies ---- */

gboolean kx_fetch_memory_is_copy(KxFetchMemory *memory, const char *mailbox, const char *digest,
                                 gboolean *ret_is, GError **error)
{
    kx_mutex_lock(&memory->lock);
    KxStmt *stmt =
        kx_db_prepare(memory->db, "SELECT 1 FROM copies WHERE mailbox = ? AND digest = ?", error);
    int rc = -1;
    if (stmt) {
        kx_stmt_bind_text(stmt, 1, mailbox);
        kx_stmt_bind_text(stmt, 2, digest);
        rc = kx_stmt_step(stmt, error);
        kx_stmt_reset(stmt);
    }
    kx_mutex_unlock(&memory->lock);
    *ret_is = rc == 1;
    return rc >= 0;
}

static gboolean note_copy(KxDb *db, gpointer data, GError **error)
{
    const Note *what = data;
    return run(db, error,
               "INSERT INTO copies (mailbox, digest, since) VALUES (?, ?, ?)"
               " ON CONFLICT (mailbox, digest) DO NOTHING",
               "ssi", what->mailbox, what->id, now());
}

gboolean kx_fetch_memory_note_copy(KxFetchMemory *memory, const char *mailbox, const char *digest,
                                   GError **error)
{
    return transact(memory, note_copy, &(Note){mailbox, digest, 0}, error);
}
