/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading an index that may be damaged: as much of it as can be had. A table is read from both
 * ends, so that one bad page costs only what is on it.
 */
#include <unistd.h>

#include "base/error.h"
#include "store/bulk-flags-private.h"
#include "store/old-index-private.h"

KxOldIndex *kx_old_index_open(const char *path)
{
    KxOldIndex *old = g_new0(KxOldIndex, 1);
    if (access(path, F_OK) == 0)
        old->db = kx_index_open(path, 0, NULL);
    old->has_account = old->db && kx_index_read_account(old->db, &old->meta, NULL);
    return old;
}

void kx_old_index_free(KxOldIndex *old)
{
    if (!old)
        return;
    kx_db_close(old->db);
    g_free(old);
}

void kx_old_folder_clear(KxOldFolder *folder)
{
    g_clear_pointer(&folder->items, g_array_unref);
    g_clear_pointer(&folder->tombstones, g_array_unref);
    if (folder->own_keywords)
        kx_keywords_clear(folder->own_keywords);
    g_clear_pointer(&folder->own_keywords, g_free);
}

static int compare_items(gconstpointer a, gconstpointer b)
{
    const KxEntry *left = a, *right = b;
    return left->uid < right->uid ? -1 : left->uid > right->uid;
}

const KxEntry *kx_old_folder_find(const KxOldFolder *folder, guint32 uid)
{
    KxEntry key = {.uid = uid};
    return folder->items->len
               ? bsearch(&key, folder->items->data, folder->items->len, sizeof key, compare_items)
               : NULL;
}

/* ---- one folder ---- */

static gboolean read_meta(KxOldIndex *old, guint32 id, KxOldFolder *ret_folder)
{
    KxStmt *stmt =
        kx_index_stmt(old->db,
                      "SELECT uid_validity, uid_next, recent_uid, highest_modseq, floor_modseq"
                      " FROM folders WHERE account=? AND folder=?",
                      NULL);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, id);
    if (kx_stmt_step(stmt, NULL) != 1)
        return FALSE;
    ret_folder->meta = (KxFolderMeta){
        .uid_validity = (guint32)kx_stmt_int(stmt, 0),
        .uid_next = (guint32)kx_stmt_int(stmt, 1),
        .highest_modseq = (guint64)kx_stmt_int(stmt, 3),
        .floor_modseq = (guint64)kx_stmt_int(stmt, 4),
    };
    ret_folder->recent_uid = (guint32)kx_stmt_int(stmt, 2);
    kx_stmt_reset(stmt);
    return ret_folder->meta.uid_validity != 0 && ret_folder->meta.uid_next != 0;
}

static void read_keywords(KxOldIndex *old, guint32 id, KxKeywordTable *table)
{
    KxStmt *stmt = kx_index_stmt(old->db, KX_SQL_KEYWORDS, NULL);
    if (!stmt)
        return;
    kx_stmt_bind_int(stmt, 2, id);
    while (kx_stmt_step(stmt, NULL) == 1) {
        const char *name = kx_stmt_text(stmt, 1);
        if (!name || !kx_keyword_is_valid(name) || kx_stmt_int(stmt, 0) != table->names->len ||
            table->names->len >= KX_KEYWORDS_PER_FOLDER)
            break;
        g_ptr_array_add(table->names, g_strdup(name));
    }
    kx_stmt_reset(stmt);
}

/* Steps through the items; TRUE at the end, FALSE where the table cannot be read any further. */
static gboolean read_items(KxOldIndex *old, guint32 id, const char *sql, KxKeywordTable *table,
                           GHashTable *seen, GArray *items)
{
    KxStmt *stmt = kx_index_stmt(old->db, sql, NULL);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, id);
    kx_stmt_bind_int(stmt, 3, 0);
    int rc;
    while ((rc = kx_stmt_step(stmt, NULL)) == 1) {
        KxEntry entry;
        size_t len;
        kx_index_read_item(stmt, &entry);
        const void *bytes = kx_stmt_blob(stmt, 6, &len);
        int set = len ? kx_keywords_set_from_bytes(table, bytes, len) : 0;
        entry.keywords = (guint32)MAX(set, 0) & 0xffffff;
        if (entry.uid == 0 || !g_hash_table_add(seen, GUINT_TO_POINTER(entry.uid)))
            continue;
        g_array_append_val(items, entry);
    }
    return rc == 0;
}

static gboolean read_tombstones(KxOldIndex *old, guint32 id, GArray *tombstones)
{
    KxStmt *stmt = kx_index_stmt(old->db, KX_SQL_TOMBSTONES, NULL);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, id);
    kx_stmt_bind_int(stmt, 3, 0);
    int rc;
    while ((rc = kx_stmt_step(stmt, NULL)) == 1) {
        KxLogEntry entry = {(guint64)kx_stmt_int(stmt, 1), (guint32)kx_stmt_int(stmt, 0)};
        g_array_append_val(tombstones, entry);
    }
    return rc == 0;
}

/* Sessions may go on using the numbers in memory, so they stay. */
static void copy_keywords(const KxKeywordTable *from, KxKeywordTable *to)
{
    for (guint i = 0; i < from->names->len; i++)
        g_ptr_array_add(to->names, g_strdup(from->names->pdata[i]));
}

static void read_from_index(KxOldIndex *old, guint32 id, KxFolder *in_memory, KxOldFolder *folder)
{
    static const char BACKWARDS[] =
        "SELECT uid, modseq, flags, size, internal_date, save_date, keywords FROM items"
        " WHERE account=? AND folder=? AND uid>=? ORDER BY uid DESC";
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    folder->own_keywords = g_new0(KxKeywordTable, 1);
    kx_keywords_init(folder->own_keywords);
    folder->keywords = folder->own_keywords;
    folder->known = read_meta(old, id, folder);
    if (in_memory && in_memory->keywords.loaded)
        copy_keywords(&in_memory->keywords, folder->own_keywords);
    else
        read_keywords(old, id, folder->own_keywords);
    folder->complete = read_items(old, id, KX_SQL_ITEMS, folder->own_keywords, seen, folder->items);
    if (!folder->complete)
        read_items(old, id, BACKWARDS, folder->own_keywords, seen, folder->items);
    g_array_sort(folder->items, compare_items);
    if (!kx_bulk_flags_read(old->db, id, folder->own_keywords,
                            (KxEntry *)(void *)folder->items->data, folder->items->len, NULL))
        folder->complete = FALSE;
}

void kx_old_folder_read(KxOldIndex *old, guint32 id, KxFolder *in_memory, KxOldFolder *ret_folder)
{
    *ret_folder = (KxOldFolder){.items = g_array_new(FALSE, FALSE, sizeof(KxEntry)),
                                .tombstones = g_array_new(FALSE, FALSE, sizeof(KxLogEntry))};
    if (in_memory && in_memory->loaded) {
        g_array_append_vals(ret_folder->items, in_memory->entries, in_memory->n);
        ret_folder->keywords = &in_memory->keywords;
        ret_folder->complete = TRUE;
    } else if (old->db) {
        read_from_index(old, id, in_memory, ret_folder);
    }
    if (in_memory) {
        ret_folder->meta = in_memory->meta;
        ret_folder->recent_uid = in_memory->recent_uid;
        ret_folder->known = TRUE;
    }
    ret_folder->has_tombstones = old->db && read_tombstones(old, id, ret_folder->tombstones);
}

/* ---- the account ---- */

guint32 kx_old_folder_id(KxOldIndex *old, guint32 parent, const char *name)
{
    KxStmt *stmt = old->db ? kx_index_stmt(old->db,
                                           "SELECT folder FROM folders WHERE account=? AND parent=?"
                                           " AND name=?",
                                           NULL)
                           : NULL;
    if (!stmt)
        return 0;
    kx_stmt_bind_int(stmt, 2, parent);
    kx_stmt_bind_text(stmt, 3, name);
    guint32 id = kx_stmt_step(stmt, NULL) == 1 ? (guint32)kx_stmt_int(stmt, 0) : 0;
    kx_stmt_reset(stmt);
    return id;
}

KxAcl *kx_old_folder_acl(KxOldIndex *old, guint32 id)
{
    KxStmt *stmt =
        kx_index_stmt(old->db, "SELECT acl FROM folders WHERE account=? AND folder=?", NULL);
    if (!stmt)
        return NULL;
    kx_stmt_bind_int(stmt, 2, id);
    KxAcl *acl = kx_stmt_step(stmt, NULL) == 1 && kx_stmt_text(stmt, 0)
                     ? kx_acl_parse(kx_stmt_text(stmt, 0))
                     : NULL;
    kx_stmt_reset(stmt);
    return acl;
}

GPtrArray *kx_old_subscriptions(KxOldIndex *old)
{
    KxStmt *stmt = old->db ? kx_index_stmt(old->db, KX_SQL_SUBSCRIPTIONS, NULL) : NULL;
    if (!stmt)
        return NULL;
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    int rc;
    while ((rc = kx_stmt_step(stmt, NULL)) == 1) {
        g_autofree char *path =
            kx_path_normalise(kx_stmt_text(stmt, 0) ? kx_stmt_text(stmt, 0) : "", NULL);
        if (path && paths->len < KX_FOLDERS_PER_ACCOUNT)
            g_ptr_array_add(paths, g_steal_pointer(&path));
    }
    return rc == 0 || paths->len > 0 ? g_steal_pointer(&paths) : NULL;
}
