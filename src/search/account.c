/* SPDX-License-Identifier: Apache-2.0 */
/* Indexing an account: folder by folder, in batches that are a transaction each. */
#include "base/error.h"
#include "search/search-private.h"
#include "store/content.h"

typedef struct {
    KxSearch *search;
    KxAccount *account;
    KxDb *db;
    gint64 end; /* of the turn, monotonic microseconds */
    guint n;    /* messages */
} Turn;

typedef struct {
    guint32 uid;
    GString *text;
} Attached;

/* What is read before it is written. */
typedef struct {
    GArray *docs;  /* KxSearchDoc */
    GArray *texts; /* Attached */
    guint64 keys;
} Batch;

static gboolean must_stop(const Turn *turn)
{
    return __atomic_load_n(&turn->search->hurry, __ATOMIC_RELAXED) != 0;
}

static void attached_clear(gpointer data)
{
    g_string_free(((Attached *)data)->text, TRUE);
}

static void batch_clear(Batch *batch)
{
    g_array_unref(batch->docs);
    g_array_unref(batch->texts);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Batch, batch_clear)

static void add_doc(Turn *turn, guint32 uid, Batch *batch)
{
    const GArray *keys = kx_grams_keys(turn->search->grams);
    KxSearchDoc doc = {uid, g_array_sized_new(FALSE, FALSE, sizeof(guint32), keys->len)};
    g_array_append_vals(doc.keys, keys->data, keys->len);
    g_array_append_val(batch->docs, doc);
    batch->keys += keys->len;
    turn->n++;
}

/* A message whose file cannot be read may be anything: who searches will look, and say so. FALSE:
 * not now. */
static gboolean read_item(Turn *turn, KxFolder *folder, guint32 uid, Batch *batch)
{
    g_autoptr(GBytes) content = kx_item_content(folder, uid, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    size_t len = 0;
    const char *data = content ? g_bytes_get_data(content, &len) : NULL;
    if (!content) {
        kx_grams_begin(turn->search->grams);
        kx_grams_anything(turn->search->grams);
    } else if (!kx_search_read_message(turn->search, data ? data : "", len, text)) {
        return FALSE;
    }
    add_doc(turn, uid, batch);
    if (text->len > 0) {
        Attached attached = {uid, g_steal_pointer(&text)};
        g_array_append_val(batch->texts, attached);
    }
    return TRUE;
}

static gboolean write_docs(Turn *turn, KxSearchFolder *state, Batch *batch, GError **error)
{
    guint32 all = state->recent + batch->docs->len;
    state->indexed += batch->docs->len;
    state->next_uid = g_array_index(batch->docs, KxSearchDoc, batch->docs->len - 1).uid + 1;
    if (all < KX_BLOCK_ITEMS && state->recent_keys + batch->keys < KX_BLOCK_KEYS) {
        state->recent = all;
        state->recent_keys += batch->keys;
        return kx_search_add_recent(turn->db, state->id, batch->docs, error);
    }
    g_autoptr(GArray) docs = kx_search_docs_new();
    if (!kx_search_read_recent(turn->db, state->id, docs, error))
        return FALSE;
    g_array_append_vals(docs, batch->docs->data, batch->docs->len);
    g_array_set_clear_func(batch->docs, NULL); /* their keys have moved */
    state->recent = 0;
    state->recent_keys = 0;
    return kx_search_add_block(turn->db, state->id, docs, error);
}

static gboolean write_batch(Turn *turn, KxSearchFolder *state, Batch *batch, GError **error)
{
    gboolean ok = kx_db_begin(turn->db, error);
    for (guint i = 0; ok && i < batch->texts->len; i++) {
        const Attached *attached = &g_array_index(batch->texts, Attached, i);
        ok = kx_search_add_text(turn->db, state->id, attached->uid, attached->text->str,
                                attached->text->len, error);
    }
    ok = ok && write_docs(turn, state, batch, error) &&
         kx_search_write_folder(turn->db, state, error) && kx_db_commit(turn->db, error);
    if (!ok)
        kx_db_rollback(turn->db);
    return ok;
}

static gboolean may_go_on(const Turn *turn, const KxSearchFolder *state, const Batch *batch,
                          guint n)
{
    return state->recent_keys + batch->keys < KX_BLOCK_KEYS && !must_stop(turn) &&
           (n == 0 || g_get_monotonic_time() < turn->end);
}

/* TRUE with *ret_done FALSE: there are more. */
static gboolean index_batch(Turn *turn, KxFolder *folder, KxSearchFolder *state, gboolean *ret_done,
                            GError **error)
{
    g_autoptr(GArray) uids =
        kx_folder_uids(folder, state->next_uid, KX_BLOCK_ITEMS - state->recent, error);
    g_auto(Batch) batch = {.docs = kx_search_docs_new(),
                           .texts = g_array_new(FALSE, FALSE, sizeof(Attached))};
    g_array_set_clear_func(batch.texts, attached_clear);
    guint i = 0;
    gboolean ready = TRUE;
    if (!uids)
        return FALSE;
    while (i < uids->len && ready && may_go_on(turn, state, &batch, i)) {
        ready = read_item(turn, folder, g_array_index(uids, guint32, i), &batch);
        i += ready;
    }
    *ret_done = uids->len == 0;
    if (i > 0 && !write_batch(turn, state, &batch, error))
        return FALSE;
    return ready || kx_fail(error, KX_ERR_BUSY, "attachments cannot be read now");
}

static gboolean drop_folder(Turn *turn, guint32 id, GError **error)
{
    if (!kx_db_begin(turn->db, error))
        return FALSE;
    if (kx_search_drop_folder(turn->db, id, error) && kx_db_commit(turn->db, error))
        return TRUE;
    kx_db_rollback(turn->db);
    return FALSE;
}

static gboolean is_over(const Turn *turn)
{
    return must_stop(turn) || g_get_monotonic_time() >= turn->end;
}

static gboolean index_folder(Turn *turn, const KxFolderInfo *info, gboolean *ret_done,
                             GError **error)
{
    KxSearchFolder state;
    if (!kx_search_read_folder(turn->db, info->id, &state, error))
        return FALSE;
    gboolean fits = state.uid_validity == info->uid_validity &&
                    state.indexed / 2 <= info->messages + KX_SEARCH_GARBAGE;
    if (state.next_uid > 0 && !fits && !drop_folder(turn, info->id, error))
        return FALSE;
    if (!fits)
        state = (KxSearchFolder){.id = info->id, .uid_validity = info->uid_validity};
    *ret_done = state.next_uid >= info->uid_next || info->uid_next <= 1;
    if (*ret_done)
        return TRUE;
    g_autoptr(KxFolder) folder = kx_folder_open(turn->account, info->path, NULL);
    *ret_done = folder == NULL || kx_folder_id(folder) != info->id; /* renamed or removed */
    while (!*ret_done && !is_over(turn))
        if (!index_batch(turn, folder, &state, ret_done, error))
            return FALSE;
    return TRUE;
}

static gboolean has_folder(const GPtrArray *folders, guint32 id)
{
    for (guint i = 0; i < folders->len; i++)
        if (((const KxFolderInfo *)folders->pdata[i])->id == id)
            return TRUE;
    return FALSE;
}

static gboolean drop_gone(Turn *turn, const GPtrArray *folders, GError **error)
{
    g_autoptr(GArray) ids = kx_search_folder_ids(turn->db, error);
    for (guint i = 0; ids && i < ids->len; i++) {
        guint32 id = g_array_index(ids, guint32, i);
        if (!has_folder(folders, id) && !drop_folder(turn, id, error))
            return FALSE;
    }
    return ids != NULL;
}

/* TRUE with *ret_done FALSE: the turn is over before the work. */
static gboolean index_folders(Turn *turn, gboolean *ret_done, GError **error)
{
    g_autoptr(GPtrArray) folders = kx_folder_list(turn->account, TRUE, error);
    *ret_done = TRUE;
    if (!folders || !drop_gone(turn, folders, error))
        return FALSE;
    for (guint i = 0; i < folders->len; i++) {
        gboolean done = FALSE;
        if (is_over(turn) || !index_folder(turn, folders->pdata[i], &done, error))
            return *ret_done = FALSE, is_over(turn);
        *ret_done = *ret_done && done;
    }
    return TRUE;
}

static gboolean use_file(Turn *turn, const char *path, gboolean *ret_done, GError **error)
{
    turn->db = kx_search_db_open(path, TRUE, error);
    return turn->db && index_folders(turn, ret_done, error);
}

gboolean kx_search_index_account(KxSearch *search, const KxSearchEntry *entry, GError **error)
{
    gint64 start = g_get_monotonic_time();
    Turn turn = {.search = search, .end = start + KX_SEARCH_TURN_SECONDS * G_USEC_PER_SEC};
    g_autoptr(KxAccount) account = kx_store_existing_account(search->store, entry->name, error);
    g_autoptr(GError) problem = NULL;
    gboolean done = FALSE;
    if (!account)
        return FALSE;
    turn.account = account;
    g_autofree char *path = kx_account_file(account, KX_SEARCH_FILE);
    if (entry->anew || entry->broken)
        kx_search_db_remove(path);
    gboolean ok = use_file(&turn, path, &done, &problem);
    g_clear_pointer(&turn.db, kx_db_close);
    gboolean useless = !ok && kx_search_is_damage(problem);
    if (useless)
        kx_search_db_remove(path);
    kx_debug(search->logger, KX_DEBUG_SEARCH_SORT,
             "indexed %u messages of %s in %" G_GINT64_FORMAT " ms", turn.n, entry->name,
             (g_get_monotonic_time() - start) / 1000);
    if (problem)
        g_propagate_error(error, g_steal_pointer(&problem));
    return ok && done;
}
