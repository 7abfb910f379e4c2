/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of attachments in search.db. */
#include <zlib.h>

#include "base/error.h"
#include "search/index.h"
#include "search/search.h"

enum { LEVEL = 6 };

static gint64 item_id(guint32 folder, guint32 uid)
{
    return (gint64)folder << 32 | uid;
}

gboolean kx_search_add_text(KxDb *db, guint32 folder, guint32 uid, const char *text, size_t len,
                            GError **error)
{
    uLongf packed_len = compressBound(len);
    g_autofree Bytef *packed = g_malloc(packed_len);
    KxStmt *stmt =
        kx_db_prepare(db, "INSERT OR REPLACE INTO text (id, size, packed) VALUES (?, ?, ?)", error);
    if (!stmt)
        return FALSE;
    if (compress2(packed, &packed_len, (const Bytef *)text, len, LEVEL) != Z_OK)
        return kx_fail(error, KX_ERR_FAILED, "cannot compress a text");
    kx_stmt_bind_int(stmt, 1, item_id(folder, uid));
    kx_stmt_bind_int(stmt, 2, (gint64)len);
    kx_stmt_bind_blob(stmt, 3, packed, packed_len);
    return kx_stmt_run(stmt, error);
}

static char *unpack(const void *packed, size_t packed_len, gint64 size, size_t *ret_len)
{
    if (size < 0 || size > KX_SEARCH_TEXT_MAX)
        return NULL;
    uLongf len = (uLongf)size;
    g_autofree char *text = g_malloc((gsize)size + 1);
    if (uncompress((Bytef *)text, &len, packed, packed_len) != Z_OK)
        return NULL;
    text[len] = '\0';
    *ret_len = len;
    return g_steal_pointer(&text);
}

char *kx_search_read_text(KxDb *db, guint32 folder, guint32 uid, size_t *ret_len)
{
    KxStmt *stmt = kx_db_prepare(db, "SELECT size, packed FROM text WHERE id=?", NULL);
    if (!stmt)
        return NULL;
    kx_stmt_bind_int(stmt, 1, item_id(folder, uid));
    char *text = NULL;
    if (kx_stmt_step(stmt, NULL) == 1) {
        size_t len;
        const void *packed = kx_stmt_blob(stmt, 1, &len);
        text = unpack(packed, len, kx_stmt_int(stmt, 0), ret_len);
        kx_stmt_reset(stmt);
    }
    return text;
}
