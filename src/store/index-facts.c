/* SPDX-License-Identifier: Apache-2.0 */
/* The statements on what the index keeps of the contents of items. */
#include "base/error.h"
#include "store/store-private.h"

static gboolean add_cache(KxDb *db, gint64 item, const KxItemFacts *facts, GError **error)
{
    KxStmt *stmt = kx_index_stmt(db,
                                 "INSERT INTO cache (account, item, envelope, structure, preview)"
                                 " VALUES (?, ?, ?, ?, ?) ON CONFLICT (item) DO UPDATE SET"
                                 " envelope=excluded.envelope, structure=excluded.structure,"
                                 " preview=excluded.preview",
                                 error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, item);
    kx_stmt_bind_blob(stmt, 3, facts->cache.envelope, facts->cache.envelope_len);
    kx_stmt_bind_blob(stmt, 4, facts->cache.structure, facts->cache.structure_len);
    kx_stmt_bind_text(stmt, 5, facts->preview);
    return kx_stmt_run(stmt, error);
}

static gboolean add_summary(KxDb *db, gint64 item, GBytes *summary, GError **error)
{
    KxStmt *stmt = kx_index_stmt(db,
                                 "INSERT INTO summaries (account, item, data) VALUES (?, ?, ?)"
                                 " ON CONFLICT (item) DO UPDATE SET data=excluded.data",
                                 error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, item);
    kx_stmt_bind_bytes(stmt, 3, summary);
    return kx_stmt_run(stmt, error);
}

gboolean kx_index_add_facts(KxDb *db, guint32 folder, guint32 uid, const KxItemFacts *facts,
                            GError **error)
{
    gint64 item = kx_index_item_key(folder, uid);
    return (!facts->cache.envelope || add_cache(db, item, facts, error)) &&
           (!facts->summary || add_summary(db, item, facts->summary, error));
}

static char *copy_blob(KxStmt *stmt, int column, size_t *ret_len)
{
    const void *bytes = kx_stmt_blob(stmt, column, ret_len);
    char *copy = g_malloc(*ret_len + 1);
    if (*ret_len > 0)
        memcpy(copy, bytes, *ret_len);
    copy[*ret_len] = '\0';
    return copy;
}

static gboolean read_cache(KxDb *db, gint64 item, KxItemCache *ret_cache, GError **error)
{
    KxStmt *stmt = kx_index_stmt(
        db, "SELECT envelope, structure FROM cache WHERE account=? AND item=?", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, item);
    int rc = kx_stmt_step(stmt, error);
    if (rc == 1) {
        ret_cache->envelope = copy_blob(stmt, 0, &ret_cache->envelope_len);
        ret_cache->structure = copy_blob(stmt, 1, &ret_cache->structure_len);
        kx_stmt_reset(stmt);
    }
    return rc >= 0;
}

static gboolean read_preview(KxDb *db, gint64 item, char **ret_preview, GError **error)
{
    KxStmt *stmt = kx_index_stmt(db, "SELECT preview FROM cache WHERE account=? AND item=?", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, item);
    int rc = kx_stmt_step(stmt, error);
    if (rc == 1) {
        *ret_preview = g_strdup(kx_stmt_text(stmt, 0));
        kx_stmt_reset(stmt);
    }
    return rc >= 0;
}

static gboolean read_summary(KxDb *db, gint64 item, GBytes **ret_summary, GError **error)
{
    KxStmt *stmt =
        kx_index_stmt(db, "SELECT data FROM summaries WHERE account=? AND item=?", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, item);
    int rc = kx_stmt_step(stmt, error);
    if (rc == 1) {
        size_t len;
        const void *bytes = kx_stmt_blob(stmt, 0, &len);
        *ret_summary = g_bytes_new(bytes, len);
        kx_stmt_reset(stmt);
    }
    return rc >= 0;
}

gboolean kx_index_read_facts(KxDb *db, guint32 folder, guint32 uid, guint what,
                             KxItemFacts *ret_facts, GError **error)
{
    gint64 item = kx_index_item_key(folder, uid);
    if ((what & KX_FACT_CACHE) && !ret_facts->cache.envelope &&
        !read_cache(db, item, &ret_facts->cache, error))
        return FALSE;
    if ((what & KX_FACT_PREVIEW) && !ret_facts->preview &&
        !read_preview(db, item, &ret_facts->preview, error))
        return FALSE;
    return !(what & KX_FACT_SUMMARY) || ret_facts->summary ||
           read_summary(db, item, &ret_facts->summary, error);
}

gboolean kx_index_copy_facts(KxDb *db, guint32 folder, guint32 uid, guint n, guint32 to_folder,
                             guint32 to_uid, GError **error)
{
    static const char *const STATEMENTS[] = {
        "INSERT INTO cache (account, item, envelope, structure, preview)"
        " SELECT account, item + ?4, envelope, structure, preview FROM cache"
        " WHERE account=?1 AND item BETWEEN ?2 AND ?3",
        "INSERT INTO summaries (account, item, data)"
        " SELECT account, item + ?4, data FROM summaries"
        " WHERE account=?1 AND item BETWEEN ?2 AND ?3",
    };
    gint64 first = kx_index_item_key(folder, uid);
    for (guint i = 0; i < G_N_ELEMENTS(STATEMENTS); i++) {
        KxStmt *stmt = kx_index_stmt(db, STATEMENTS[i], error);
        if (!stmt)
            return FALSE;
        kx_stmt_bind_int(stmt, 2, first);
        kx_stmt_bind_int(stmt, 3, first + n - 1);
        kx_stmt_bind_int(stmt, 4, kx_index_item_key(to_folder, to_uid) - first);
        if (!kx_stmt_run(stmt, error))
            return FALSE;
    }
    return TRUE;
}
