/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/tls-store.h"

#include "base/error.h"
#include "base/lock.h"
#include "db/db.h"

static const char FILE_NAME[] = "store/tls-reports.db";
enum {
    ROWS_MAX = 50000,      /* in all */
    DETAILS_MAX = 100,     /* rows of a domain's day; beyond, hosts and reasons are left out */
    DOMAIN_ROWS_MAX = 150, /* beyond, nothing is counted */
    SPREAD = 4 * 3600,     /* seconds over which reports go out (section 4.1) */
};

struct KxTlsStore {
    KxMutex lock;
    KxDb *db;
};

static const char *const scripts[] = {
    "CREATE TABLE day (day BIGINT NOT NULL, domain TEXT NOT NULL, rua TEXT NOT NULL, due BIGINT "
    "NOT NULL, tries BIGINT NOT NULL, PRIMARY KEY (day, domain));"
    "CREATE INDEX day_due ON day (due);"
    "CREATE TABLE session (day BIGINT NOT NULL, domain TEXT NOT NULL, type BIGINT NOT NULL, policy "
    "TEXT NOT NULL, result BIGINT NOT NULL, mx TEXT NOT NULL, ip TEXT NOT NULL, source TEXT NOT "
    "NULL, reason TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (day, domain, type, policy, "
    "result, mx, ip, source, reason))",
};

/* ---- life ---- */

KxTlsStore *kx_tls_store_open(GError **error)
{
    KxDb *db = kx_db_open_losable(FILE_NAME, KX_DB_SMALL | KX_DB_RELAXED, scripts,
                                  G_N_ELEMENTS(scripts), error);
    if (!db)
        return NULL;
    KxTlsStore *store = g_new0(KxTlsStore, 1);
    kx_mutex_init(&store->lock);
    store->db = db;
    return store;
}

void kx_tls_store_close(KxTlsStore *store)
{
    if (!store)
        return;
    kx_db_close(store->db);
    kx_mutex_clear(&store->lock);
    g_free(store);
}

/* ---- counting, with the lock held ---- */

static gint64 count(KxTlsStore *store, const char *sql, gint64 day, const char *domain)
{
    KxStmt *stmt = kx_db_prepare(store->db, sql, NULL);
    gint64 n = G_MAXINT64;
    if (!stmt)
        return n;
    if (domain) {
        kx_stmt_bind_int(stmt, 1, day);
        kx_stmt_bind_text(stmt, 2, domain);
    }
    if (kx_stmt_step(stmt, NULL) > 0)
        n = kx_stmt_int(stmt, 0);
    kx_stmt_reset(stmt);
    return n;
}

static gboolean put_day(KxTlsStore *store, const KxMsgTlsNote *note, gint64 day, GError **error)
{
    KxStmt *stmt = kx_db_prepare(store->db,
                                 "INSERT INTO day (day, domain, rua, due, tries) VALUES (?, ?, ?, "
                                 "?, 0) ON CONFLICT (day, domain) DO UPDATE SET rua = excluded.rua",
                                 error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, day);
    kx_stmt_bind_text(stmt, 2, note->domain);
    kx_stmt_bind_text(stmt, 3, note->rua);
    kx_stmt_bind_int(stmt, 4, (day + 1) * KX_TLS_DAY + g_str_hash(note->domain) % SPREAD);
    return kx_stmt_run(stmt, error);
}

/* What went well needs no details. */
static gboolean put_session(KxTlsStore *store, const KxMsgTlsNote *note, gint64 day,
                            gboolean details, GError **error)
{
    KxStmt *stmt = kx_db_prepare(
        store->db,
        "INSERT INTO session (day, domain, type, policy, result, mx, ip, source, reason, n) VALUES "
        "(?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (day, domain, type, policy, result, mx, ip, "
        "source, reason) DO UPDATE SET n = session.n + 1",
        error);
    if (!stmt)
        return FALSE;
    details = details && note->result != KX_TLS_GOOD;
    kx_stmt_bind_int(stmt, 1, day);
    kx_stmt_bind_text(stmt, 2, note->domain);
    kx_stmt_bind_int(stmt, 3, note->type);
    kx_stmt_bind_text(stmt, 4, note->policy);
    kx_stmt_bind_int(stmt, 5, note->result);
    kx_stmt_bind_text(stmt, 6, details ? note->mx : "");
    kx_stmt_bind_text(stmt, 7, details ? note->ip : "");
    kx_stmt_bind_text(stmt, 8, details ? note->source : "");
    kx_stmt_bind_text(stmt, 9, details ? note->reason : "");
    return kx_stmt_run(stmt, error);
}

gboolean kx_tls_store_put(KxTlsStore *store, const KxMsgTlsNote *note, gint64 now, GError **error)
{
    gint64 day = now / KX_TLS_DAY;
    if (note->type >= KX_TLS_POLICIES || note->result >= KX_TLS_RESULTS)
        return kx_fail(error, KX_ERR_INVALID, "a note of TLS that makes no sense");
    kx_mutex_lock(&store->lock);
    gint64 rows = count(store, "SELECT COUNT(*) FROM session WHERE day = ? AND domain = ?", day,
                        note->domain);
    gboolean room = rows < DOMAIN_ROWS_MAX &&
                    (rows > 0 || count(store, "SELECT COUNT(*) FROM session", 0, NULL) < ROWS_MAX);
    gboolean ok = !room || kx_db_begin(store->db, error);
    if (ok && room) {
        ok = put_day(store, note, day, error) &&
             put_session(store, note, day, rows < DETAILS_MAX, error) &&
             kx_db_commit(store->db, error);
        if (!ok)
            kx_db_rollback(store->db);
    }
    kx_mutex_unlock(&store->lock);
    return ok;
}

/* ---- looking ---- */

static void free_day(gpointer data)
{
    KxTlsDay *day = data;
    g_free(day->domain);
    g_free(day->rua);
    g_free(day);
}

static KxTlsDay *read_day(KxStmt *stmt)
{
    KxTlsDay *day = g_new(KxTlsDay, 1);
    *day = (KxTlsDay){kx_stmt_int(stmt, 0),
                      g_strdup(kx_stmt_text(stmt, 1)),
                      g_strdup(kx_stmt_text(stmt, 2)),
                      kx_stmt_int(stmt, 3),
                      kx_stmt_int(stmt, 4),
                      kx_stmt_int(stmt, 5)};
    return day;
}

static void free_row(gpointer data)
{
    KxTlsRow *row = data;
    g_free(row->policy);
    g_free(row->mx);
    g_free(row->ip);
    g_free(row->source);
    g_free(row->reason);
    g_free(row);
}

static KxTlsRow *read_row(KxStmt *stmt)
{
    KxTlsRow *row = g_new(KxTlsRow, 1);
    *row = (KxTlsRow){(KxTlsPolicyType)CLAMP(kx_stmt_int(stmt, 0), 0, KX_TLS_POLICIES - 1),
                      g_strdup(kx_stmt_text(stmt, 1)),
                      (KxTlsResult)CLAMP(kx_stmt_int(stmt, 2), 0, KX_TLS_RESULTS - 1),
                      g_strdup(kx_stmt_text(stmt, 3)),
                      g_strdup(kx_stmt_text(stmt, 4)),
                      g_strdup(kx_stmt_text(stmt, 5)),
                      g_strdup(kx_stmt_text(stmt, 6)),
                      kx_stmt_int(stmt, 7)};
    return row;
}

GPtrArray *kx_tls_store_days(KxTlsStore *store, gint64 until, GError **error)
{
    g_autoptr(GPtrArray) days = g_ptr_array_new_with_free_func(free_day);
    int more = -1;
    kx_mutex_lock(&store->lock);
    KxStmt *stmt = kx_db_prepare(
        store->db,
        "SELECT day.day, day.domain, day.rua, day.tries, SUM(CASE WHEN session.result = 0 THEN "
        "session.n ELSE 0 END), SUM(CASE WHEN session.result = 0 THEN 0 ELSE session.n END) FROM "
        "day JOIN session ON session.day = day.day AND session.domain = day.domain WHERE day.due "
        "<= ? GROUP BY day.day, day.domain, day.rua, day.tries ORDER BY day.day, day.domain",
        error);
    if (stmt) {
        kx_stmt_bind_int(stmt, 1, until);
        while ((more = kx_stmt_step(stmt, error)) > 0)
            g_ptr_array_add(days, read_day(stmt));
    }
    kx_mutex_unlock(&store->lock);
    return more == 0 ? g_steal_pointer(&days) : NULL;
}

GPtrArray *kx_tls_store_rows(KxTlsStore *store, const KxTlsDay *day, GError **error)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(free_row);
    int more = -1;
    kx_mutex_lock(&store->lock);
    KxStmt *stmt = kx_db_prepare(store->db,
                                 "SELECT type, policy, result, mx, ip, source, reason, n FROM "
                                 "session WHERE day = ? AND domain = ? ORDER BY type, policy, "
                                 "result, mx, ip, source, reason",
                                 error);
    if (stmt) {
        kx_stmt_bind_int(stmt, 1, day->day);
        kx_stmt_bind_text(stmt, 2, day->domain);
        while ((more = kx_stmt_step(stmt, error)) > 0)
            g_ptr_array_add(rows, read_row(stmt));
    }
    kx_mutex_unlock(&store->lock);
    return more == 0 ? g_steal_pointer(&rows) : NULL;
}

/* ---- afterwards ---- */

static gboolean run_for(KxTlsStore *store, const char *sql, const KxTlsDay *day, GError **error)
{
    KxStmt *stmt = kx_db_prepare(store->db, sql, error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, day->day);
    kx_stmt_bind_text(stmt, 2, day->domain);
    return kx_stmt_run(stmt, error);
}

gboolean kx_tls_store_remove(KxTlsStore *store, const KxTlsDay *day, GError **error)
{
    kx_mutex_lock(&store->lock);
    gboolean ok = kx_db_begin(store->db, error);
    if (ok) {
        ok = run_for(store, "DELETE FROM session WHERE day = ? AND domain = ?", day, error) &&
             run_for(store, "DELETE FROM day WHERE day = ? AND domain = ?", day, error) &&
             kx_db_commit(store->db, error);
        if (!ok)
            kx_db_rollback(store->db);
    }
    kx_mutex_unlock(&store->lock);
    return ok;
}

gboolean kx_tls_store_put_off(KxTlsStore *store, const KxTlsDay *day, gint64 due, GError **error)
{
    kx_mutex_lock(&store->lock);
    KxStmt *stmt = kx_db_prepare(
        store->db, "UPDATE day SET due = ?, tries = tries + 1 WHERE day = ? AND domain = ?", error);
    if (stmt) {
        kx_stmt_bind_int(stmt, 1, due);
        kx_stmt_bind_int(stmt, 2, day->day);
        kx_stmt_bind_text(stmt, 3, day->domain);
    }
    gboolean ok = stmt && kx_stmt_run(stmt, error);
    kx_mutex_unlock(&store->lock);
    return ok;
}
