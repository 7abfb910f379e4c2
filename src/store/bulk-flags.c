/* SPDX-License-Identifier: Apache-2.0 */
#include "store/bulk-flags-private.h"

#include "base/error.h"

/* ---- sets of UIDs: for each run of them the gap before it and its length less one, seven bits a
 * byte, the lowest first. A run may pass over UIDs that are not there: they never will be. ---- */

static void put_number(GByteArray *out, guint32 number)
{
    while (number >= 0x80) {
        guint8 byte = (guint8)(number | 0x80);
        g_byte_array_append(out, &byte, 1);
        number >>= 7;
    }
    guint8 byte = (guint8)number;
    g_byte_array_append(out, &byte, 1);
}

static gboolean take_number(const guint8 **at, const guint8 *end, guint64 *ret_number)
{
    guint64 number = 0;
    for (guint shift = 0; *at < end && shift < 35; shift += 7) {
        guint8 byte = *(*at)++;
        number |= (guint64)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_number = number;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean same_state(const KxFlagsResult *a, const KxFlagsResult *b)
{
    return a->flags == b->flags && a->keywords == b->keywords;
}

/* Of the results those with the state of `state`. */
static GByteArray *pack_uids(KxFolder *folder, GArray *results, const KxFlagsResult *state)
{
    GByteArray *out = g_byte_array_new();
    guint32 end = 0; /* of the run before */
    for (guint i = 0; i < results->len; i++) {
        const KxFlagsResult *first = &g_array_index(results, KxFlagsResult, i), *last = first;
        if (!same_state(first, state))
            continue;
        for (; i + 1 < results->len && same_state(last + 1, state) && last[1].at == last->at + 1;
             i++)
            last++;
        guint32 from = folder->entries[first->at].uid, to = folder->entries[last->at].uid;
        put_number(out, from - end);
        put_number(out, to - from);
        end = to;
    }
    return out;
}

/* ---- states ---- */

/* The first result of each different state, KX_BULK_STATES + 1 at most. */
static guint find_states(GArray *results, const KxFlagsResult **states)
{
    guint n = 0, hit = 0;
    for (guint i = 0; i < results->len && n <= KX_BULK_STATES; i++) {
        const KxFlagsResult *result = &g_array_index(results, KxFlagsResult, i);
        if (n > 0 && same_state(states[hit], result))
            continue;
        for (hit = 0; hit < n && !same_state(states[hit], result);)
            hit++;
        if (hit == n)
            states[n++] = result;
    }
    return n;
}

gboolean kx_bulk_flags_suit(GArray *results)
{
    const KxFlagsResult *states[KX_BULK_STATES + 1];
    return results->len >= KX_BULK_MIN && find_states(results, states) <= KX_BULK_STATES;
}

/* ---- rows ---- */

static gboolean add_row(KxTxn *txn, KxFolder *folder, guint part, const KxFlagsResult *state,
                        guint64 modseq, GByteArray *uids, GError **error)
{
    KxStmt *stmt = kx_index_stmt(
        txn->db,
        "INSERT INTO bulk_flags (account, folder, modseq, part, flags, keywords, uids)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, folder->id);
    kx_stmt_bind_int(stmt, 3, (gint64)modseq);
    kx_stmt_bind_int(stmt, 4, part);
    kx_stmt_bind_int(stmt, 5, state->flags);
    kx_stmt_bind_bytes(stmt, 6, kx_keywords_bytes(&folder->keywords, state->keywords));
    kx_stmt_bind_blob(stmt, 7, uids->data, uids->len);
    return kx_stmt_run(stmt, error);
}

typedef struct {
    guint64 modseq;
    guint32 flags, keywords;
    const guint8 *uids;
    size_t len;
} Row;

static KxStmt *select_rows(KxDb *db, guint32 folder, GError **error)
{
    KxStmt *stmt = kx_index_stmt(db,
                                 "SELECT modseq, flags, keywords, uids FROM bulk_flags"
                                 " WHERE account=? AND folder=? ORDER BY modseq",
                                 error);
    if (stmt)
        kx_stmt_bind_int(stmt, 2, folder);
    return stmt;
}

static gboolean read_row(KxStmt *stmt, KxKeywordTable *table, Row *ret_row)
{
    size_t len;
    const void *keywords = kx_stmt_blob(stmt, 2, &len);
    int set = len ? kx_keywords_set_from_bytes(table, keywords, len) : 0;
    *ret_row = (Row){.modseq = (guint64)kx_stmt_int(stmt, 0),
                     .flags = (guint32)kx_stmt_int(stmt, 1) & KX_FLAG_ALL,
                     .keywords = (guint32)MAX(set, 0)};
    ret_row->uids = kx_stmt_blob(stmt, 3, &ret_row->len);
    return set >= 0;
}

/* ---- the items of a row ---- */

typedef gboolean (*EntryFunc)(KxEntry *entry, const Row *row, gpointer data, GError **error);

static guint lower(const KxEntry *entries, guint low, guint high, guint64 uid)
{
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (entries[middle].uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Calls `func` for the entries in the row's set. */
static gboolean each_entry(const Row *row, KxEntry *entries, guint n, EntryFunc func, gpointer data,
                           GError **error)
{
    const guint8 *at = row->uids, *end = at + row->len;
    guint64 uid = 0, gap, more;
    guint i = 0;
    while (at < end) {
        if (!take_number(&at, end, &gap) || !take_number(&at, end, &more))
            return kx_fail(error, KX_ERR_CORRUPT, "a change of flags does not make sense");
        uid += gap;
        i = i < n && entries[i].uid == uid ? i : lower(entries, i, n, uid);
        uid += more;
        for (; i < n && entries[i].uid <= uid; i++)
            if (!func(&entries[i], row, data, error))
                return FALSE;
    }
    return TRUE;
}

static gboolean each_row(KxDb *db, guint32 folder, KxKeywordTable *table, KxEntry *entries, guint n,
                         EntryFunc func, gpointer data, GError **error)
{
    KxStmt *stmt = select_rows(db, folder, error);
    int rc = stmt ? 0 : -1;
    while (stmt && (rc = kx_stmt_step(stmt, error)) == 1) {
        Row row;
        gboolean known = read_row(stmt, table, &row) ||
                         kx_fail(error, KX_ERR_CORRUPT, "a change of flags has unknown keywords");
        if (!known || !each_entry(&row, entries, n, func, data, error)) {
            kx_stmt_reset(stmt);
            return FALSE;
        }
    }
    return rc == 0;
}

static gboolean take_over(KxEntry *entry, const Row *row, gpointer data, GError **error)
{
    if (entry->modseq >= row->modseq)
        return TRUE;
    entry->modseq = row->modseq;
    entry->flags = row->flags & 0xff;
    entry->keywords = row->keywords & 0xffffff;
    return TRUE;
}

gboolean kx_bulk_flags_read(KxDb *db, guint32 folder, KxKeywordTable *keywords, KxEntry *entries,
                            guint n, GError **error)
{
    return each_row(db, folder, keywords, entries, n, take_over, NULL, error);
}

/* ---- writing ---- */

/* The items in memory are what is committed; of those the row speaks of, this writes the ones that
 * have not changed since. */
static gboolean write_item(KxEntry *entry, const Row *row, gpointer data, GError **error)
{
    KxFolder *folder = data;
    if (entry->modseq != row->modseq)
        return TRUE;
    return kx_index_write_flags(folder->account->db, folder->id, entry,
                                kx_keywords_bytes(&folder->keywords, entry->keywords), error);
}

static gboolean count_rows(KxDb *db, guint32 folder, guint *ret_n, GError **error)
{
    KxStmt *stmt =
        kx_index_stmt(db, "SELECT COUNT(*) FROM bulk_flags WHERE account=? AND folder=?", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, folder);
    if (kx_stmt_step(stmt, error) != 1)
        return FALSE;
    *ret_n = (guint)kx_stmt_int(stmt, 0);
    kx_stmt_reset(stmt);
    return TRUE;
}

/* To the items, if there would be too many rows. */
static gboolean make_room(KxTxn *txn, KxFolder *folder, guint coming, GError **error)
{
    guint n;
    if (!count_rows(txn->db, folder->id, &n, error))
        return FALSE;
    if (n + coming <= KX_BULK_ROWS)
        return TRUE;
    if (!each_row(txn->db, folder->id, &folder->keywords, folder->entries, folder->n, write_item,
                  folder, error))
        return FALSE;
    KxStmt *stmt =
        kx_index_stmt(txn->db, "DELETE FROM bulk_flags WHERE account=? AND folder=?", error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, folder->id);
    return kx_stmt_run(stmt, error);
}

gboolean kx_bulk_flags_write(KxTxn *txn, KxFolder *folder, GArray *results, guint64 modseq,
                             GError **error)
{
    const KxFlagsResult *states[KX_BULK_STATES + 1];
    guint n = find_states(results, states);
    if (!make_room(txn, folder, n, error))
        return FALSE;
    for (guint i = 0; i < n; i++) {
        g_autoptr(GByteArray) uids = pack_uids(folder, results, states[i]);
        if (!add_row(txn, folder, i, states[i], modseq, uids, error))
            return FALSE;
    }
    return TRUE;
}
