/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sort-data.h"

#include "base/error.h"
#include "store/store-private.h"
#include "store/strings.h"

enum {
    SLICE = 4096,                     /* items looked up at once */
    PARSE_SLICE = 256,                /* items parsed at once, for want of a row */
    KEEP_MAX = 128 * 1024 * 1024,     /* bytes for one folder; more is not kept */
    KEEP_MAX_ALL = 512 * 1024 * 1024, /* and for all folders of the store */
};

typedef struct {
    guint32 uid;
    guint32 keys[KX_SORT_KEYS]; /* numbers of strings */
    guint32 first_reference;
    guint8 n_references;
    guint8 reply, has_date;
    gint64 sent;
    guint64 message_id;
    KxObjectId email_id, thread_id;
} Row;

struct KxSortTable {
    gint refs;
    KxStore *store;
    pthread_mutex_t lock; /* of all that follows */
    guint32 uid_validity;
    GArray *rows;       /* Row, by UID */
    GArray *references; /* guint64 */
    KxStrings *strings[KX_SORT_KEYS];
    guint32 last_uid; /* items up to here have been looked at */
    gsize counted;    /* bytes counted in store->sort_bytes */
};

struct KxSortData {
    KxFolder *folder;
    KxSortTable *table;
};

/* ---- tables ---- */

static KxSortTable *table_new(KxStore *store)
{
    KxSortTable *table = g_new0(KxSortTable, 1);
    table->refs = 1;
    table->store = store;
    pthread_mutex_init(&table->lock, NULL);
    table->rows = g_array_new(FALSE, FALSE, sizeof(Row));
    table->references = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (guint i = 0; i < KX_SORT_KEYS; i++)
        table->strings[i] = kx_strings_new();
    return table;
}

static void table_reset(KxSortTable *table, guint32 uid_validity)
{
    g_array_set_size(table->rows, 0);
    g_array_set_size(table->references, 0);
    for (guint i = 0; i < KX_SORT_KEYS; i++) {
        kx_strings_free(table->strings[i]);
        table->strings[i] = kx_strings_new();
    }
    table->last_uid = 0;
    table->uid_validity = uid_validity;
}

void kx_sort_table_unref(KxSortTable *table)
{
    if (!g_atomic_int_dec_and_test(&table->refs))
        return;
    __atomic_sub_fetch(&table->store->sort_bytes, table->counted, __ATOMIC_RELAXED);
    g_array_unref(table->rows);
    g_array_unref(table->references);
    for (guint i = 0; i < KX_SORT_KEYS; i++)
        kx_strings_free(table->strings[i]);
    pthread_mutex_destroy(&table->lock);
    g_free(table);
}

KxSortData *kx_sort_data_get(KxFolder *folder)
{
    KxSortData *data = g_new0(KxSortData, 1);
    data->folder = kx_folder_ref(folder);
    pthread_mutex_lock(&folder->account->state_lock);
    if (!folder->sort)
        folder->sort = table_new(folder->account->store);
    g_atomic_int_inc(&folder->sort->refs);
    data->table = folder->sort;
    pthread_mutex_unlock(&folder->account->state_lock);
    return data;
}

void kx_sort_data_unref(KxSortData *data)
{
    if (!data)
        return;
    kx_sort_table_unref(data->table);
    kx_folder_unref(data->folder);
    g_free(data);
}

static gsize memory_of(const KxSortTable *table)
{
    gsize bytes = table->rows->len * sizeof(Row) + table->references->len * sizeof(guint64);
    for (guint i = 0; i < KX_SORT_KEYS; i++)
        bytes += kx_strings_memory(table->strings[i]);
    return bytes;
}

/* A table that has become too large serves those who use it now, and is not kept for others. */
static void count_memory(KxSortData *data)
{
    KxSortTable *table = data->table;
    KxFolder *folder = data->folder;
    gsize bytes = memory_of(table);
    gint64 all = __atomic_add_fetch(&table->store->sort_bytes,
                                    (gint64)bytes - (gint64)table->counted, __ATOMIC_RELAXED);
    table->counted = bytes;
    if (bytes <= KEEP_MAX && all <= KEEP_MAX_ALL)
        return;
    pthread_mutex_lock(&folder->account->state_lock);
    if (folder->sort == table)
        g_clear_pointer(&folder->sort, kx_sort_table_unref);
    pthread_mutex_unlock(&folder->account->state_lock);
}

/* ---- filling ---- */

typedef struct {
    KxSortData *data;
    guint32 *uids;
    guint n;
    KxSummary *summaries;
    gboolean *there;
} Slice;

static void slice_clear(Slice *slice)
{
    for (guint i = 0; i < slice->n; i++)
        if (slice->there[i])
            kx_summary_clear(&slice->summaries[i]);
    g_free(slice->uids);
    g_free(slice->summaries);
    g_free(slice->there);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Slice, slice_clear)

/* The next items that have not been looked at. */
static gboolean choose_items(Slice *slice, GError **error)
{
    KxFolder *folder = slice->data->folder;
    KxSortTable *table = slice->data->table;
    if (!kx_folder_lock_loaded(folder, error))
        return FALSE;
    /* Rows of removed messages pile up, until starting anew is worth it. */
    gboolean stale = table->rows->len > 2 * folder->n + SLICE;
    if (table->uid_validity != folder->meta.uid_validity || stale)
        table_reset(table, folder->meta.uid_validity);
    guint at = kx_items_lower(folder, table->last_uid + 1);
    slice->n = MIN(folder->n - at, SLICE);
    slice->uids = g_new(guint32, slice->n + 1);
    for (guint i = 0; i < slice->n; i++)
        slice->uids[i] = folder->entries[at + i].uid;
    pthread_mutex_unlock(&folder->account->state_lock);
    slice->summaries = g_new0(KxSummary, slice->n + 1);
    slice->there = g_new0(gboolean, slice->n + 1);
    return TRUE;
}

static void take_row(Slice *slice, guint i, const void *bytes, size_t len)
{
    if (!slice->there[i])
        slice->there[i] = kx_summary_unpack(bytes, len, &slice->summaries[i]);
}

static gboolean read_rows(KxAccount *account, KxDb *db, gpointer data, GError **error)
{
    Slice *slice = data;
    guint32 folder = slice->data->folder->id;
    KxStmt *stmt = kx_index_stmt(db,
                                 "SELECT item, data FROM summaries"
                                 " WHERE account=? AND item>=? AND item<=? ORDER BY item",
                                 error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, kx_index_item_key(folder, slice->uids[0]));
    kx_stmt_bind_int(stmt, 3, kx_index_item_key(folder, slice->uids[slice->n - 1]));
    guint i = 0;
    int rc;
    while ((rc = kx_stmt_step(stmt, error)) == 1) {
        guint32 uid = (guint32)kx_stmt_int(stmt, 0);
        size_t len;
        const void *bytes = kx_stmt_blob(stmt, 1, &len);
        while (i < slice->n && slice->uids[i] < uid)
            i++;
        if (i < slice->n && slice->uids[i] == uid)
            take_row(slice, i, bytes, len);
    }
    return rc == 0;
}

/* Rows that the index lacks, at most so many: the slice ends before the next. */
static gboolean make_missing(Slice *slice, GError **error)
{
    guint32 uids[PARSE_SLICE];
    guint at[PARSE_SLICE], n = 0;
    g_autofree KxItemFacts *facts = g_new0(KxItemFacts, PARSE_SLICE);
    for (guint i = 0; i < slice->n; i++) {
        if (slice->there[i])
            continue;
        if (n == PARSE_SLICE) {
            for (guint k = i; k < slice->n; k++)
                if (slice->there[k])
                    kx_summary_clear(&slice->summaries[k]);
            slice->n = i;
            break;
        }
        at[n] = i;
        uids[n++] = slice->uids[i];
    }
    if (n > 0 &&
        !kx_folder_read_facts(slice->data->folder, uids, n, KX_FACT_SUMMARY, TRUE, facts, error))
        return FALSE;
    for (guint i = 0; i < n; i++) {
        size_t len;
        if (facts[i].summary)
            take_row(slice, at[i], g_bytes_get_data(facts[i].summary, &len),
                     g_bytes_get_size(facts[i].summary));
        kx_item_facts_clear(&facts[i]);
    }
    return TRUE;
}

static void append_row(KxSortTable *table, guint32 uid, const KxSummary *summary)
{
    Row row = {
        .uid = uid,
        .first_reference = table->references->len,
        .n_references = (guint8)summary->references->len,
        .reply = summary->reply != 0,
        .has_date = summary->has_date != 0,
        .sent = summary->sent,
        .message_id = summary->message_id,
        .email_id = summary->email_id,
        .thread_id = summary->thread_id,
    };
    g_array_append_vals(table->references, summary->references->data, summary->references->len);
    for (guint i = 0; i < KX_SORT_KEYS; i++) {
        guint32 number = kx_strings_add(table->strings[i], summary->keys[i]);
        row.keys[i] = number == KX_STRINGS_FULL ? 0 : number;
    }
    g_array_append_val(table->rows, row);
}

static gboolean fill_slice(KxSortData *data, gboolean *ret_done, GError **error)
{
    KxSortTable *table = data->table;
    g_auto(Slice) slice = {.data = data};
    if (!choose_items(&slice, error))
        return FALSE;
    *ret_done = slice.n == 0;
    if (slice.n == 0)
        return TRUE;
    if (!kx_account_read(data->folder->account, read_rows, &slice, error) ||
        !make_missing(&slice, error))
        return FALSE;
    for (guint i = 0; i < slice.n; i++)
        if (slice.there[i])
            append_row(table, slice.uids[i], &slice.summaries[i]);
    if (slice.n > 0)
        table->last_uid = slice.uids[slice.n - 1];
    count_memory(data);
    return TRUE;
}

gboolean kx_sort_data_fill(KxSortData *data, gboolean *ret_done, GError **error)
{
    pthread_mutex_lock(&data->table->lock);
    gboolean ok = fill_slice(data, ret_done, error);
    pthread_mutex_unlock(&data->table->lock);
    return ok;
}

/* ---- reading ---- */

/* The row of a UID; `at` is where the last one was found, for those who ask in ascending order. */
static const Row *find_row(const KxSortTable *table, guint32 uid, guint *at)
{
    const Row *rows = (const Row *)(const void *)table->rows->data;
    guint low = 0, high = table->rows->len;
    if (*at + 1 < high && rows[*at + 1].uid == uid)
        return &rows[++*at];
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (rows[middle].uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == table->rows->len || rows[low].uid != uid)
        return NULL;
    *at = low;
    return &rows[low];
}

void kx_sort_data_ranks(KxSortData *data, KxSortKey key, const guint32 *uids, guint n,
                        guint32 *ret_ranks)
{
    KxSortTable *table = data->table;
    guint at = 0;
    pthread_mutex_lock(&table->lock);
    const guint32 *ranks = kx_strings_ranks(table->strings[key]);
    for (guint i = 0; i < n; i++) {
        const Row *row = find_row(table, uids[i], &at);
        ret_ranks[i] = row ? ranks[row->keys[key]] : 0;
    }
    pthread_mutex_unlock(&table->lock);
}

void kx_sort_data_dates(KxSortData *data, const guint32 *uids, guint n, gint64 *ret_dates)
{
    KxSortTable *table = data->table;
    guint at = 0;
    pthread_mutex_lock(&table->lock);
    for (guint i = 0; i < n; i++) {
        const Row *row = find_row(table, uids[i], &at);
        if (row && row->has_date)
            ret_dates[i] = row->sent;
    }
    pthread_mutex_unlock(&table->lock);
}

void kx_sort_data_links(KxSortData *data, const guint32 *uids, guint n, KxSortLinks *ret_links,
                        GArray *references)
{
    KxSortTable *table = data->table;
    guint at = 0;
    pthread_mutex_lock(&table->lock);
    for (guint i = 0; i < n; i++) {
        const Row *row = find_row(table, uids[i], &at);
        ret_links[i] = (KxSortLinks){.first = references->len};
        if (!row)
            continue;
        ret_links[i].message_id = row->message_id;
        ret_links[i].n = row->n_references;
        ret_links[i].reply = row->reply;
        g_array_append_vals(references,
                            &g_array_index(table->references, guint64, row->first_reference),
                            row->n_references);
    }
    pthread_mutex_unlock(&table->lock);
}

gboolean kx_sort_data_ids(KxSortData *data, guint32 uid, KxObjectId *ret_email,
                          KxObjectId *ret_thread)
{
    KxSortTable *table = data->table;
    guint at = 0;
    pthread_mutex_lock(&table->lock);
    const Row *row = find_row(table, uid, &at);
    if (row) {
        *ret_email = row->email_id;
        *ret_thread = row->thread_id;
    }
    pthread_mutex_unlock(&table->lock);
    return row != NULL;
}
