/* SPDX-License-Identifier: Apache-2.0 */
/* Changing flags and keywords. */
#include "base/error.h"
#include "store/bulk-flags-private.h"

typedef struct {
    KxFolder *folder;
    const guint32 *uids;
    guint n;
    const KxFlagsChange *change;
    guint64 modseq;  /* result */
    GArray *failed;  /* guint32 */
    GArray *changed; /* KxFlagsResult */
} FlagsWork;

static guint32 apply_flags(guint32 old, const KxFlagsChange *change)
{
    guint32 flags = change->flags & KX_FLAG_ALL;
    if (change->op == KX_FLAGS_ADD)
        flags |= old;
    else if (change->op == KX_FLAGS_REMOVE)
        flags = old & ~flags;
    return (flags & ~change->keep_flags) | (old & change->keep_flags);
}

/* The keyword set an item gets. Equal old sets give equal new ones, so the last answer is kept. */
typedef struct {
    int from, to;
} SetMemo;

static int apply_keywords(KxFolder *folder, int old, const KxFlagsChange *change, SetMemo *memo)
{
    gboolean none = !change->keywords || !change->keywords[0];
    if (change->keep_keywords || (none && change->op != KX_FLAGS_REPLACE))
        return old;
    if (memo->from != old)
        *memo =
            (SetMemo){old, kx_keywords_apply(&folder->keywords, old, change->op, change->keywords)};
    return memo->to;
}

/* The first item with at least this UID, which often is where the last search ended or the next. */
static guint seek(KxFolder *folder, guint at, guint32 uid)
{
    if (at < folder->n && folder->entries[at].uid < uid)
        at++;
    return at < folder->n && folder->entries[at].uid == uid ? at : kx_items_lower(folder, uid);
}

/* Computes the new entries; the state lock is held for the keyword table. */
static gboolean compute(FlagsWork *work)
{
    KxFolder *folder = work->folder;
    SetMemo memo = {-1, 0};
    g_array_set_size(work->failed, 0);
    g_array_set_size(work->changed, 0);
    for (guint i = 0, at = 0; i < work->n; i++) {
        at = seek(folder, at, work->uids[i]);
        const KxEntry *entry = folder->entries + at;
        if (at == folder->n || entry->uid != work->uids[i])
            continue;
        if (work->change->conditional && entry->modseq > work->change->unchanged_since) {
            g_array_append_val(work->failed, entry->uid);
            continue;
        }
        int set = apply_keywords(folder, (int)entry->keywords, work->change, &memo);
        if (set < 0)
            return FALSE;
        KxFlagsResult next = {.at = at,
                              .flags = apply_flags(entry->flags, work->change) & 0xff,
                              .keywords = (guint32)set & 0xffffff};
        if (next.flags != entry->flags || next.keywords != entry->keywords)
            g_array_append_val(work->changed, next);
    }
    return TRUE;
}

static void count_changes(KxFolder *folder, GArray *changed, KxFolderMeta *meta)
{
    for (guint i = 0; i < changed->len; i++) {
        const KxFlagsResult *next = &g_array_index(changed, KxFlagsResult, i);
        const KxEntry *old = &folder->entries[next->at];
        meta->unseen +=
            (guint32) !(next->flags & KX_FLAG_SEEN) - (guint32) !(old->flags & KX_FLAG_SEEN);
        meta->deleted += (guint32) !!(next->flags & KX_FLAG_DELETED) -
                         (guint32) !!(old->flags & KX_FLAG_DELETED);
    }
}

static gboolean write_items(KxTxn *txn, KxFolder *folder, GArray *changed, guint64 modseq,
                            GError **error)
{
    for (guint i = 0; i < changed->len; i++) {
        const KxFlagsResult *next = &g_array_index(changed, KxFlagsResult, i);
        KxEntry entry = folder->entries[next->at];
        entry.flags = next->flags;
        entry.keywords = next->keywords;
        entry.modseq = modseq;
        if (!kx_index_write_flags(txn->db, folder->id, &entry,
                                  kx_keywords_bytes(&folder->keywords, entry.keywords), error))
            return FALSE;
    }
    return TRUE;
}

static gboolean write_changes(KxTxn *txn, FlagsWork *work, GError **error)
{
    KxFolder *folder = work->folder;
    KxFolderMeta *meta = kx_txn_folder(txn, folder);
    guint64 modseq = ++txn->meta.modseq;
    meta->highest_modseq = meta->changed_modseq = modseq;
    count_changes(folder, work->changed, meta);
    gboolean ok = kx_bulk_flags_suit(work->changed)
                      ? kx_bulk_flags_write(txn, folder, work->changed, modseq, error)
                      : write_items(txn, folder, work->changed, modseq, error);
    return ok && kx_txn_commit(txn, error);
}

static void publish(KxTxn *txn, FlagsWork *work)
{
    pthread_mutex_lock(&txn->account->state_lock);
    kx_txn_publish(txn);
    kx_items_change(work->folder, work->changed, txn->meta.modseq);
    pthread_mutex_unlock(&txn->account->state_lock);
}

static gboolean flags_work(KxAccount *account, gpointer data, GError **error)
{
    FlagsWork *work = data;
    KxFolder *folder = work->folder;
    work->modseq = 0;
    if (folder->gone)
        return kx_fail(error, KX_ERR_NOT_FOUND, "the folder has been removed");
    if (!kx_folder_load(folder, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    gboolean room = compute(work);
    pthread_mutex_unlock(&account->state_lock);
    if (!room)
        return kx_fail(error, KX_ERR_TOO_BIG, "there are too many keywords in %s", folder->path);
    if (work->changed->len == 0)
        return TRUE;
    g_auto(KxTxn) txn = {0};
    if (!kx_txn_begin(&txn, account, error) || !write_changes(&txn, work, error))
        return FALSE;
    publish(&txn, work);
    work->modseq = txn.meta.modseq;
    return TRUE;
}

static gboolean check_keywords(const char *const *keywords, GError **error)
{
    for (guint i = 0; keywords && keywords[i]; i++) {
        if (i >= KX_KEYWORDS_PER_ITEM)
            return kx_fail(error, KX_ERR_TOO_BIG, "an item may have at most %d keywords",
                           KX_KEYWORDS_PER_ITEM);
        if (!kx_keyword_is_valid(keywords[i]))
            return kx_fail(error, KX_ERR_INVALID, "not a keyword: %s", keywords[i]);
    }
    return TRUE;
}

gboolean kx_folder_change_flags(KxFolder *folder, const guint32 *uids, guint n,
                                const KxFlagsChange *change, guint64 *ret_modseq,
                                GArray **ret_failed, GError **error)
{
    if (!check_keywords(change->keywords, error))
        return FALSE;
    g_autoptr(GArray) failed = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autoptr(GArray) changed = g_array_new(FALSE, FALSE, sizeof(KxFlagsResult));
    FlagsWork work = {.folder = folder,
                      .uids = uids,
                      .n = n,
                      .change = change,
                      .failed = failed,
                      .changed = changed};
    if (!kx_account_write(folder->account, flags_work, &work, error))
        return FALSE;
    if (work.modseq)
        kx_watch_signal(folder, KX_WATCH_FLAGS);
    if (ret_modseq)
        *ret_modseq = work.modseq;
    if (ret_failed)
        *ret_failed = g_steal_pointer(&failed);
    return TRUE;
}
