/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/sts-store.h"

#include "base/error.h"
#include "courier/sts-policy.h"
#include "db/db.h"

static const char FILE_NAME[] = "store/sts.db";
enum { ROWS_MAX = 10000 };

struct KxStsStore {
    KxDb *db;
};

static const char *const scripts[] = {
    "CREATE TABLE policy (domain TEXT PRIMARY KEY, id TEXT NOT NULL, fetched BIGINT NOT NULL, "
    "expires BIGINT NOT NULL, text TEXT NOT NULL); CREATE INDEX policy_expires ON policy (expires)",
};

KxStsStore *kx_sts_store_open(GError **error)
{
    KxDb *db = kx_db_open_losable(FILE_NAME, KX_DB_SMALL, scripts, G_N_ELEMENTS(scripts), error);
    if (!db)
        return NULL;
    KxStsStore *store = g_new(KxStsStore, 1);
    store->db = db;
    return store;
}

void kx_sts_store_close(KxStsStore *store)
{
    if (!store)
        return;
    kx_db_close(store->db);
    g_free(store);
}

static gboolean insert(KxStsStore *store, const KxMsgStsPolicy *policy, GError **error)
{
    KxStmt *stmt = kx_db_prepare(
        store->db,
        "INSERT INTO policy (domain, id, fetched, expires, text) VALUES (?, ?, ?, ?, ?) ON "
        "CONFLICT (domain) DO UPDATE SET id = excluded.id, fetched = excluded.fetched, expires = "
        "excluded.expires, text = excluded.text",
        error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, policy->domain);
    kx_stmt_bind_text(stmt, 2, policy->id);
    kx_stmt_bind_int(stmt, 3, (gint64)policy->fetched);
    kx_stmt_bind_int(stmt, 4, (gint64)MIN(policy->expires, policy->fetched + KX_STS_AGE_MAX));
    kx_stmt_bind_text(stmt, 5, policy->text);
    return kx_stmt_run(stmt, error);
}

/* What has expired goes, and beyond the most what expires first. */
static gboolean sweep(KxStsStore *store, GError **error)
{
    KxStmt *old = kx_db_prepare(store->db, "DELETE FROM policy WHERE expires <= ?", error);
    if (!old)
        return FALSE;
    kx_stmt_bind_int(old, 1, g_get_real_time() / G_USEC_PER_SEC);
    if (!kx_stmt_run(old, error))
        return FALSE;
    KxStmt *more = kx_db_prepare(store->db,
                                 "DELETE FROM policy WHERE domain IN (SELECT domain FROM policy "
                                 "ORDER BY expires DESC LIMIT 1000 OFFSET ?)",
                                 error);
    if (!more)
        return FALSE;
    kx_stmt_bind_int(more, 1, ROWS_MAX);
    return kx_stmt_run(more, error);
}

gboolean kx_sts_store_put(KxStsStore *store, const KxMsgStsPolicy *policy, GError **error)
{
    if (!kx_db_begin(store->db, error))
        return FALSE;
    if (insert(store, policy, error) && sweep(store, error) && kx_db_commit(store->db, error))
        return TRUE;
    kx_db_rollback(store->db);
    return FALSE;
}

gboolean kx_sts_store_send(KxStsStore *store, const KxQueueCourier *courier, GError **error)
{
    int row = 0;
    KxStmt *stmt = kx_db_prepare(
        store->db, "SELECT domain, id, fetched, expires, text FROM policy WHERE expires > ?",
        error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, g_get_real_time() / G_USEC_PER_SEC);
    while ((row = kx_stmt_step(stmt, error)) > 0) {
        KxMsgStsPolicy policy = {kx_stmt_text(stmt, 0), kx_stmt_text(stmt, 1),
                                 (guint64)kx_stmt_int(stmt, 2), (guint64)kx_stmt_int(stmt, 3),
                                 kx_stmt_text(stmt, 4)};
        if (!courier->send(courier->data, KX_MSG_STS_POLICY, 0, &policy, -1))
            break;
    }
    kx_stmt_reset(stmt);
    return row >= 0;
}
