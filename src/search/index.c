/* SPDX-License-Identifier: Apache-2.0 */
#include "search/index.h"

#include <unistd.h>

#include "base/error.h"

/* posting: id is block, then key; recent: folder, area, UID; text: folder, UID. Numbers as keys
 * keep rows that are read together together, and small. */
static const char *const SCHEMA[] = {
    "CREATE TABLE folder (id INTEGER NOT NULL PRIMARY KEY, uid_validity INTEGER NOT NULL,"
    "  next_uid INTEGER NOT NULL, indexed INTEGER NOT NULL, recent INTEGER NOT NULL,"
    "  recent_keys INTEGER NOT NULL);"
    "CREATE TABLE block (id INTEGER NOT NULL PRIMARY KEY, folder INTEGER NOT NULL,"
    "  uids BLOB NOT NULL);"
    "CREATE TABLE posting (id INTEGER NOT NULL PRIMARY KEY, members BLOB NOT NULL);"
    "CREATE TABLE recent (id INTEGER NOT NULL PRIMARY KEY, keys BLOB NOT NULL);"
    "CREATE TABLE text (id INTEGER NOT NULL PRIMARY KEY, size INTEGER NOT NULL,"
    "  packed BLOB NOT NULL);",
    /* Recent messages have had one row for both areas, and checks were others: index anew. */
    "DELETE FROM folder; DELETE FROM block; DELETE FROM posting; DELETE FROM recent;"
    "DELETE FROM text;",
};

static gint64 item_id(guint32 folder, guint32 uid)
{
    return (gint64)folder << 32 | uid;
}

static gint64 recent_id(guint32 folder, KxGramArea area, guint32 uid)
{
    return (gint64)folder << 33 | (gint64)area << 32 | uid;
}

static gint64 posting_id(guint32 block, guint32 key)
{
    return (gint64)block << KX_GRAM_KEY_BITS | key;
}

/* ---- the file ---- */

KxDb *kx_search_db_open(const char *path, gboolean create, GError **error)
{
    if (!create && access(path, F_OK) < 0) {
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no %s", path);
        return NULL;
    }
    g_autoptr(KxDb) db = kx_db_open(path, KX_DB_RELAXED | (create ? KX_DB_CREATE : 0), error);
    if (!db || !kx_db_migrate(db, SCHEMA, G_N_ELEMENTS(SCHEMA), error))
        return NULL;
    return g_steal_pointer(&db);
}

void kx_search_db_remove(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *name = g_strconcat(path, suffixes[i], NULL);
        unlink(name);
    }
}

static gboolean damaged(GError **error, const char *what)
{
    return kx_fail(error, KX_ERR_CORRUPT, "the %s of the index do not make sense", what);
}

static gboolean run(KxDb *db, const char *sql, const gint64 *values, int n, GError **error)
{
    KxStmt *stmt = kx_db_prepare(db, sql, error);
    for (int i = 0; stmt && i < n; i++)
        kx_stmt_bind_int(stmt, i + 1, values[i]);
    return stmt && kx_stmt_run(stmt, error);
}

/* ---- folders ---- */

gboolean kx_search_read_folder(KxDb *db, guint32 id, KxSearchFolder *ret_folder, GError **error)
{
    KxStmt *stmt = kx_db_prepare(db,
                                 "SELECT uid_validity, next_uid, indexed, recent, recent_keys"
                                 " FROM folder WHERE id=?",
                                 error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, id);
    *ret_folder = (KxSearchFolder){.id = id};
    int rc = kx_stmt_step(stmt, error);
    if (rc == 1) {
        ret_folder->uid_validity = (guint32)kx_stmt_int(stmt, 0);
        ret_folder->next_uid = (guint32)kx_stmt_int(stmt, 1);
        ret_folder->indexed = (guint32)kx_stmt_int(stmt, 2);
        ret_folder->recent = (guint32)kx_stmt_int(stmt, 3);
        ret_folder->recent_keys = (guint64)kx_stmt_int(stmt, 4);
        kx_stmt_reset(stmt);
    }
    return rc >= 0;
}

gboolean kx_search_write_folder(KxDb *db, const KxSearchFolder *folder, GError **error)
{
    const gint64 values[] = {folder->id,      folder->uid_validity, folder->next_uid,
                             folder->indexed, folder->recent,       (gint64)folder->recent_keys};
    return run(db,
               "INSERT INTO folder (id, uid_validity, next_uid, indexed, recent, recent_keys)"
               " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
               " uid_validity=excluded.uid_validity, next_uid=excluded.next_uid,"
               " indexed=excluded.indexed, recent=excluded.recent,"
               " recent_keys=excluded.recent_keys",
               values, G_N_ELEMENTS(values), error);
}

static GArray *read_ids(KxDb *db, const char *sql, gint64 value, gboolean bound, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    KxStmt *stmt = kx_db_prepare(db, sql, error);
    if (!stmt)
        return NULL;
    if (bound)
        kx_stmt_bind_int(stmt, 1, value);
    int rc;
    while ((rc = kx_stmt_step(stmt, error)) == 1) {
        guint32 id = (guint32)kx_stmt_int(stmt, 0);
        g_array_append_val(ids, id);
    }
    return rc == 0 ? g_steal_pointer(&ids) : NULL;
}

GArray *kx_search_folder_ids(KxDb *db, GError **error)
{
    return read_ids(db, "SELECT id FROM folder", 0, FALSE, error);
}

static gboolean drop_recent(KxDb *db, guint32 folder, GError **error)
{
    const gint64 ends[] = {recent_id(folder, KX_GRAMS_HEADER, 0),
                           recent_id(folder, KX_GRAMS_BODY, G_MAXUINT32)};
    return run(db, "DELETE FROM recent WHERE id BETWEEN ? AND ?", ends, 2, error);
}

gboolean kx_search_drop_folder(KxDb *db, guint32 id, GError **error)
{
    const gint64 folder = id, ends[] = {item_id(id, 0), item_id(id, G_MAXUINT32)};
    g_autoptr(GArray) blocks = read_ids(db, "SELECT id FROM block WHERE folder=?", id, TRUE, error);
    if (!blocks)
        return FALSE;
    for (guint i = 0; i < blocks->len; i++) {
        guint32 block = g_array_index(blocks, guint32, i);
        const gint64 of[] = {posting_id(block, 0), posting_id(block + 1, 0) - 1};
        if (!run(db, "DELETE FROM posting WHERE id BETWEEN ? AND ?", of, 2, error))
            return FALSE;
    }
    return run(db, "DELETE FROM block WHERE folder=?", &folder, 1, error) &&
           drop_recent(db, id, error) &&
           run(db, "DELETE FROM text WHERE id BETWEEN ? AND ?", ends, 2, error) &&
           run(db, "DELETE FROM folder WHERE id=?", &folder, 1, error);
}

/* ---- recent messages ---- */

static void doc_clear(gpointer data)
{
    g_clear_pointer(&((KxSearchDoc *)data)->keys, g_array_unref);
}

GArray *kx_search_docs_new(void)
{
    GArray *docs = g_array_new(FALSE, FALSE, sizeof(KxSearchDoc));
    g_array_set_clear_func(docs, doc_clear);
    return docs;
}

static int compare_numbers(gconstpointer a, gconstpointer b)
{
    guint32 left = *(const guint32 *)a, right = *(const guint32 *)b;
    return left < right ? -1 : left > right;
}

/* Sorted keys of a message; those of an area begin behind those of the one before. */
static gboolean add_area(KxStmt *stmt, gint64 id, const guint32 *keys, guint n, GByteArray *scratch,
                         GError **error)
{
    kx_pack(scratch, (guint64)id, keys, n);
    kx_stmt_bind_int(stmt, 1, id);
    kx_stmt_bind_blob(stmt, 2, scratch->data, scratch->len);
    return kx_stmt_run(stmt, error);
}

static gboolean add_doc(KxStmt *stmt, guint32 folder, const KxSearchDoc *doc, GByteArray *scratch,
                        GError **error)
{
    g_array_sort(doc->keys, compare_numbers);
    const guint32 *keys = (const guint32 *)(void *)doc->keys->data;
    guint first = 0;
    for (guint area = KX_GRAMS_HEADER; area <= KX_GRAMS_BODY; area++) {
        guint end = first;
        while (end < doc->keys->len && keys[end] < KX_GRAM_KEY(area + 1, 0))
            end++;
        if (!add_area(stmt, recent_id(folder, area, doc->uid), keys + first, end - first, scratch,
                      error))
            return FALSE;
        first = end;
    }
    return TRUE;
}

gboolean kx_search_add_recent(KxDb *db, guint32 folder, const GArray *docs, GError **error)
{
    g_autoptr(GByteArray) scratch = g_byte_array_new();
    KxStmt *stmt = kx_db_prepare(db, "INSERT INTO recent (id, keys) VALUES (?, ?)", error);
    for (guint i = 0; stmt && i < docs->len; i++)
        if (!add_doc(stmt, folder, &g_array_index(docs, KxSearchDoc, i), scratch, error))
            return FALSE;
    return stmt != NULL;
}

gboolean kx_search_each_recent(KxDb *db, guint32 folder, KxGramArea area, KxSearchLook look,
                               gpointer data, GError **error)
{
    KxStmt *stmt = kx_db_prepare(
        db, "SELECT id, keys FROM recent WHERE id BETWEEN ? AND ? ORDER BY id", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, recent_id(folder, area, 0));
    kx_stmt_bind_int(stmt, 2, recent_id(folder, area, G_MAXUINT32));
    int rc;
    while ((rc = kx_stmt_step(stmt, error)) == 1) {
        size_t len;
        gint64 id = kx_stmt_int(stmt, 0);
        const void *bytes = kx_stmt_blob(stmt, 1, &len);
        KxPacked keys;
        if (!kx_packed_begin(&keys, bytes, len, (guint64)id) || !look(data, (guint32)id, &keys)) {
            kx_stmt_reset(stmt);
            return damaged(error, "recent messages");
        }
    }
    return rc == 0;
}

typedef struct {
    GArray *docs;
    guint at;
} Reading;

static gboolean append_doc(gpointer data, guint32 uid, KxPacked *keys)
{
    KxSearchDoc doc = {uid, g_array_new(FALSE, FALSE, sizeof(guint32))};
    while (kx_packed_next(keys))
        g_array_append_val(doc.keys, keys->number);
    g_array_append_val(((Reading *)data)->docs, doc);
    return TRUE;
}

static gboolean append_keys(gpointer data, guint32 uid, KxPacked *keys)
{
    Reading *reading = data;
    if (reading->at == reading->docs->len)
        return FALSE;
    KxSearchDoc *doc = &g_array_index(reading->docs, KxSearchDoc, reading->at++);
    while (kx_packed_next(keys))
        g_array_append_val(doc->keys, keys->number);
    return doc->uid == uid;
}

gboolean kx_search_read_recent(KxDb *db, guint32 folder, GArray *docs, GError **error)
{
    Reading reading = {docs, 0};
    if (!kx_search_each_recent(db, folder, KX_GRAMS_HEADER, append_doc, &reading, error) ||
        !kx_search_each_recent(db, folder, KX_GRAMS_BODY, append_keys, &reading, error))
        return FALSE;
    return reading.at == docs->len || damaged(error, "recent messages");
}

/* ---- blocks ---- */

enum { MEMBER_BITS = 10, RADIX_BITS = 9, RADIX = 1 << RADIX_BITS, PASSES = 3 };
G_STATIC_ASSERT(1 << MEMBER_BITS == KX_BLOCK_ITEMS);
G_STATIC_ASSERT(RADIX_BITS *PASSES >= KX_GRAM_KEY_BITS);

/* By key; those of one key stay in their order. */
static void sort_pass(const guint64 *from, guint64 *to, size_t n, guint shift)
{
    size_t starts[RADIX] = {0}, sum = 0;
    for (size_t i = 0; i < n; i++)
        starts[from[i] >> shift & (RADIX - 1)]++;
    for (guint i = 0; i < RADIX; i++) {
        size_t count = starts[i];
        starts[i] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        to[starts[from[i] >> shift & (RADIX - 1)]++] = from[i];
}

/* Pairs of key and member, sorted. */
static guint64 *sorted_pairs(const GArray *docs, size_t *ret_n)
{
    size_t n = 0, at = 0;
    for (guint i = 0; i < docs->len; i++)
        n += g_array_index(docs, KxSearchDoc, i).keys->len;
    guint64 *pairs = g_new(guint64, n + 1);
    g_autofree guint64 *other = g_new(guint64, n + 1);
    for (guint i = 0; i < docs->len; i++) {
        const GArray *keys = g_array_index(docs, KxSearchDoc, i).keys;
        for (guint k = 0; k < keys->len; k++)
            pairs[at++] = (guint64)g_array_index(keys, guint32, k) << MEMBER_BITS | i;
    }
    for (guint pass = 0; pass < PASSES; pass++) {
        sort_pass(pairs, other, n, MEMBER_BITS + pass * RADIX_BITS);
        guint64 *swap = pairs;
        pairs = other;
        other = swap;
    }
    *ret_n = n;
    return pairs;
}

static gboolean add_postings(KxDb *db, guint32 block, const guint64 *pairs, size_t n,
                             GError **error)
{
    guint32 members[KX_BLOCK_ITEMS];
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    KxStmt *stmt = kx_db_prepare(db, "INSERT INTO posting (id, members) VALUES (?, ?)", error);
    for (size_t i = 0; stmt && i < n;) {
        guint64 key = pairs[i] >> MEMBER_BITS;
        guint count = 0;
        for (; i < n && pairs[i] >> MEMBER_BITS == key; i++)
            members[count++] = pairs[i] & (KX_BLOCK_ITEMS - 1);
        gint64 id = posting_id(block, (guint32)key);
        kx_pack_members(bytes, (guint64)id, members, count);
        kx_stmt_bind_int(stmt, 1, id);
        kx_stmt_bind_blob(stmt, 2, bytes->data, bytes->len);
        if (!kx_stmt_run(stmt, error))
            return FALSE;
    }
    return stmt != NULL;
}

gboolean kx_search_add_block(KxDb *db, guint32 folder, const GArray *docs, GError **error)
{
    g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GArray) last =
        read_ids(db, "SELECT COALESCE(MAX(id), 0) FROM block", 0, FALSE, error);
    if (!last || !drop_recent(db, folder, error))
        return FALSE;
    guint32 block = g_array_index(last, guint32, 0) + 1;
    for (guint i = 0; i < docs->len; i++)
        g_array_append_val(uids, g_array_index(docs, KxSearchDoc, i).uid);
    kx_pack(bytes, block, (const guint32 *)(void *)uids->data, uids->len);
    KxStmt *stmt =
        kx_db_prepare(db, "INSERT INTO block (id, folder, uids) VALUES (?, ?, ?)", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, block);
    kx_stmt_bind_int(stmt, 2, folder);
    kx_stmt_bind_blob(stmt, 3, bytes->data, bytes->len);
    if (!kx_stmt_run(stmt, error))
        return FALSE;
    size_t n;
    g_autofree guint64 *pairs = sorted_pairs(docs, &n);
    return add_postings(db, block, pairs, n, error);
}

static void block_clear(gpointer data)
{
    g_clear_pointer(&((KxSearchBlock *)data)->uids, g_array_unref);
}

GArray *kx_search_read_blocks(KxDb *db, guint32 folder, GError **error)
{
    g_autoptr(GArray) blocks = g_array_new(FALSE, FALSE, sizeof(KxSearchBlock));
    g_array_set_clear_func(blocks, block_clear);
    KxStmt *stmt =
        kx_db_prepare(db, "SELECT id, uids FROM block WHERE folder=? ORDER BY id", error);
    if (!stmt)
        return NULL;
    kx_stmt_bind_int(stmt, 1, folder);
    int rc;
    while ((rc = kx_stmt_step(stmt, error)) == 1) {
        size_t len;
        const void *bytes = kx_stmt_blob(stmt, 1, &len);
        KxSearchBlock block = {(guint32)kx_stmt_int(stmt, 0),
                               g_array_new(FALSE, FALSE, sizeof(guint32))};
        g_array_append_val(blocks, block);
        if (!kx_unpack(bytes, len, block.id, block.uids) || block.uids->len > KX_BLOCK_ITEMS) {
            kx_stmt_reset(stmt);
            damaged(error, "blocks");
            return NULL;
        }
    }
    return rc == 0 ? g_steal_pointer(&blocks) : NULL;
}

gboolean kx_search_read_members(KxDb *db, guint32 block, guint32 key, guint64 bits[KX_BLOCK_WORDS],
                                GError **error)
{
    KxStmt *stmt = kx_db_prepare(db, "SELECT members FROM posting WHERE id=?", error);
    if (!stmt)
        return FALSE;
    gint64 id = posting_id(block, key);
    kx_stmt_bind_int(stmt, 1, id);
    int rc = kx_stmt_step(stmt, error);
    if (rc != 1) {
        memset(bits, 0, KX_BLOCK_WORDS * sizeof *bits);
        return rc == 0;
    }
    size_t len;
    const void *bytes = kx_stmt_blob(stmt, 0, &len);
    gboolean sound = kx_unpack_members(bytes, len, (guint64)id, bits);
    kx_stmt_reset(stmt);
    return sound ? TRUE : damaged(error, "postings");
}
