/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the index. All it reads is one state of the file: a block is never seen without its rows.
 */
#include "base/error.h"
#include "search/search-private.h"
#include "store/content.h"

struct KxSearchReader {
    KxSearch *search;
    KxAccount *account;
    guint32 folder;
    KxDb *db;       /* NULL: nothing of the folder is indexed */
    GArray *blocks; /* KxSearchBlock */
    gboolean has_texts;
};

/* A file that cannot be used is not the searcher's problem. */
static void give_up(KxSearchReader *reader, const GError *error)
{
    g_clear_pointer(&reader->blocks, g_array_unref);
    g_clear_pointer(&reader->db, kx_db_close);
    if (kx_search_is_damage(error) && __atomic_load_n(&reader->search->automatic, __ATOMIC_RELAXED))
        kx_search_enqueue(reader->search, kx_account_name(reader->account), KX_SEARCH_BROKEN);
}

static gboolean has_texts(KxDb *db, gboolean *ret_any, GError **error)
{
    KxStmt *stmt = kx_db_prepare(db, "SELECT 1 FROM text LIMIT 1", error);
    int rc = stmt ? kx_stmt_step(stmt, error) : -1;
    *ret_any = rc == 1;
    if (rc == 1)
        kx_stmt_reset(stmt);
    return rc >= 0;
}

/* What the index has of the folder, if it is this folder's. */
static gboolean read_folder(KxSearchReader *reader, KxFolder *folder, KxSearchFolder *state,
                            GError **error)
{
    if (!kx_db_begin_reading(reader->db, error) ||
        !kx_search_read_folder(reader->db, reader->folder, state, error))
        return FALSE;
    if (state->uid_validity != kx_folder_uid_validity(folder)) {
        *state = (KxSearchFolder){0};
        give_up(reader, NULL);
        return TRUE;
    }
    reader->blocks = kx_search_read_blocks(reader->db, reader->folder, error);
    return reader->blocks && has_texts(reader->db, &reader->has_texts, error);
}

KxSearchReader *kx_search_reader(KxSearch *search, KxFolder *folder)
{
    KxAccount *account = kx_folder_account(folder);
    KxSearchReader *reader = g_new0(KxSearchReader, 1);
    g_autofree char *path = kx_account_file(account, KX_SEARCH_FILE);
    g_autoptr(GError) error = NULL;
    KxSearchFolder state = {0};
    reader->search = search;
    reader->account = kx_account_ref(account);
    reader->folder = kx_folder_id(folder);
    reader->db = kx_search_db_open(path, FALSE, &error);
    if (!reader->db || !read_folder(reader, folder, &state, &error))
        give_up(reader, error);
    g_autoptr(GArray) missing = kx_folder_uids(folder, state.next_uid, 1, NULL);
    if (missing && missing->len > 0)
        kx_search_wish(search, account, FALSE);
    return reader;
}

void kx_search_reader_free(KxSearchReader *reader)
{
    if (!reader)
        return;
    give_up(reader, NULL);
    kx_account_unref(reader->account);
    g_free(reader);
}

/* ---- what cannot be ---- */

static gboolean intersect(KxSearchReader *reader, const KxSearchBlock *block, KxGramArea area,
                          const GArray *grams, guint64 bits[KX_BLOCK_WORDS], GError **error)
{
    guint64 one[KX_BLOCK_WORDS];
    guint64 any = 1;
    memset(bits, 0xff, KX_BLOCK_WORDS * sizeof *bits);
    for (guint i = 0; i < grams->len && any != 0; i++) {
        guint32 key = KX_GRAM_KEY(area, g_array_index(grams, guint32, i));
        if (!kx_search_read_members(reader->db, block->id, key, one, error))
            return FALSE;
        any = 0;
        for (guint k = 0; k < KX_BLOCK_WORDS; k++)
            any |= bits[k] &= one[k];
    }
    if (!kx_search_read_members(reader->db, block->id, KX_GRAM_KEY(area, KX_GRAM_ANYTHING), one,
                                error))
        return FALSE;
    for (guint k = 0; k < KX_BLOCK_WORDS; k++)
        bits[k] |= one[k];
    return TRUE;
}

static gboolean exclude_in_block(KxSearchReader *reader, const KxSearchBlock *block, guint areas,
                                 const GArray *grams, GArray *excluded, GError **error)
{
    guint64 may[KX_BLOCK_WORDS] = {0}, bits[KX_BLOCK_WORDS];
    for (guint area = KX_GRAMS_HEADER; area <= KX_GRAMS_BODY; area++) {
        if (!(areas >> area & 1))
            continue;
        if (!intersect(reader, block, area, grams, bits, error))
            return FALSE;
        for (guint k = 0; k < KX_BLOCK_WORDS; k++)
            may[k] |= bits[k];
    }
    for (guint i = 0; i < block->uids->len; i++)
        if (!(may[i / 64] >> i % 64 & 1))
            g_array_append_val(excluded, g_array_index(block->uids, guint32, i));
    return TRUE;
}

typedef struct {
    KxGramArea area;
    const GArray *grams; /* ascending */
    GArray *excluded;    /* UIDs of messages that lack one of them there */
} Look;

/* Stops at the first that is missing, which is soon. */
static gboolean look_at_recent(gpointer data, guint32 uid, KxPacked *keys)
{
    const Look *look = data;
    gboolean may = TRUE;
    if (kx_packed_seek(keys, KX_GRAM_KEY(look->area, KX_GRAM_ANYTHING)))
        return TRUE;
    for (guint i = 0; may && i < look->grams->len; i++)
        may = kx_packed_seek(keys, KX_GRAM_KEY(look->area, g_array_index(look->grams, guint32, i)));
    if (!may)
        g_array_append_val(look->excluded, uid);
    return TRUE;
}

/* What both ascending arrays hold; the first is used up, or NULL for everything. */
static GArray *in_both(GArray *a, const GArray *b)
{
    GArray *both = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint i = 0, k = 0; k < b->len; k++) {
        guint32 uid = g_array_index(b, guint32, k);
        while (a && i < a->len && g_array_index(a, guint32, i) < uid)
            i++;
        if (!a || (i < a->len && g_array_index(a, guint32, i) == uid))
            g_array_append_val(both, uid);
    }
    g_clear_pointer(&a, g_array_unref);
    return both;
}

static gboolean exclude_recent(KxSearchReader *reader, guint areas, const GArray *grams,
                               GArray *excluded, GError **error)
{
    g_autoptr(GArray) all = NULL;
    for (guint area = KX_GRAMS_HEADER; area <= KX_GRAMS_BODY; area++) {
        if (!(areas >> area & 1))
            continue;
        g_autoptr(GArray) here = g_array_new(FALSE, FALSE, sizeof(guint32));
        Look look = {area, grams, here};
        if (!kx_search_each_recent(reader->db, reader->folder, area, look_at_recent, &look, error))
            return FALSE;
        all = in_both(all, here);
    }
    if (all)
        g_array_append_vals(excluded, all->data, all->len);
    return TRUE;
}

static int compare_grams(gconstpointer a, gconstpointer b)
{
    guint32 left = *(const guint32 *)a, right = *(const guint32 *)b;
    return left < right ? -1 : left > right;
}

static GArray *grams_of(const char *name, const char *const *folded, guint n)
{
    GArray *grams = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint i = 0; i < n; i++)
        kx_grams_of_needle(folded[i], strlen(folded[i]), grams);
    if (name) {
        g_autofree char *start = g_strconcat(name, ":", NULL);
        size_t len;
        g_autofree char *label = kx_fold(KX_COLLATION_UNICODE, start, strlen(start), &len);
        kx_grams_of_needle(label, len, grams);
    }
    g_array_sort(grams, compare_grams);
    return grams;
}

GArray *kx_search_excluded(KxSearchReader *reader, guint areas, const char *name,
                           const char *const *folded, guint n)
{
    g_autoptr(GArray) grams = grams_of(name, folded, n);
    g_autoptr(GArray) excluded = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autoptr(GError) error = NULL;
    if (!reader->db || grams->len == 0)
        return NULL;
    gboolean ok = TRUE;
    for (guint i = 0; ok && i < reader->blocks->len; i++)
        ok = exclude_in_block(reader, &g_array_index(reader->blocks, KxSearchBlock, i), areas,
                              grams, excluded, &error);
    if (ok && exclude_recent(reader, areas, grams, excluded, &error))
        return g_steal_pointer(&excluded);
    give_up(reader, error);
    return NULL;
}

char *kx_search_attachments(KxSearchReader *reader, guint32 uid, size_t *ret_len)
{
    if (!reader->db || !reader->has_texts)
        return NULL;
    return kx_search_read_text(reader->db, reader->folder, uid, ret_len);
}
