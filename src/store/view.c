/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views: sequence numbers of one session. What a view shows is a function of three numbers: the
 * items with a UID below uid_next, and of those removed after expunge_modseq the UIDs (`pending`),
 * still counted.
 */
#include "store/view-private.h"

int kx_compare_uids(gconstpointer a, gconstpointer b)
{
    guint32 left = *(const guint32 *)a, right = *(const guint32 *)b;
    return left < right ? -1 : left > right;
}

void kx_view_take_removed(KxView *view)
{
    GArray *removed = view->folder->removed;
    guint first = removed->len;
    while (first > 0 && g_array_index(removed, KxLogEntry, first - 1).modseq > view->taken)
        first--;
    if (first == removed->len)
        return;
    for (guint i = first; i < removed->len; i++)
        g_array_append_val(view->pending, g_array_index(removed, KxLogEntry, i).uid);
    g_array_sort(view->pending, kx_compare_uids);
    view->taken = g_array_index(removed, KxLogEntry, removed->len - 1).modseq;
}

/* Pending removals with a UID below `uid`. */
guint kx_view_pending_below(KxView *view, guint32 uid)
{
    guint low = 0, high = view->pending->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(view->pending, guint32, middle) < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static gboolean is_pending(KxView *view, guint32 uid)
{
    guint at = kx_view_pending_below(view, uid);
    return at < view->pending->len && g_array_index(view->pending, guint32, at) == uid;
}

gboolean kx_view_lock(KxView *view)
{
    if (!kx_folder_lock_loaded(view->folder, NULL))
        return FALSE;
    kx_view_take_removed(view);
    return TRUE;
}

void kx_view_unlock(KxView *view)
{
    pthread_mutex_unlock(&view->folder->account->state_lock);
}

guint kx_view_rank(KxView *view, guint32 uid)
{
    return kx_items_lower(view->folder, uid) + kx_view_pending_below(view, uid);
}

/* ---- life ---- */

KxView *kx_view_alloc(KxFolder *folder)
{
    KxView *view = g_new0(KxView, 1);
    view->folder = folder;
    view->uid_next = folder->meta.uid_next;
    view->expunge_modseq = view->change_modseq = view->taken = folder->meta.highest_modseq;
    view->pending = g_array_new(FALSE, FALSE, sizeof(guint32));
    view->recent = g_array_new(FALSE, FALSE, sizeof(KxUidRange));
    view->own = g_array_new(FALSE, FALSE, sizeof(KxLogEntry));
    view->next = folder->views;
    if (view->next)
        view->next->previous = view;
    folder->views = view;
    return view;
}

void kx_view_claim(KxView *view)
{
    KxFolder *folder = view->folder;
    if (folder->recent_uid >= view->uid_next)
        return;
    KxUidRange range = {folder->recent_uid, view->uid_next};
    GArray *recent = view->recent;
    KxUidRange *last = recent->len ? &g_array_index(recent, KxUidRange, recent->len - 1) : NULL;
    if (last && last->to == range.from)
        last->to = range.to;
    else
        g_array_append_val(recent, range);
    folder->recent_uid = range.to;
    folder->recent = 0;
    folder->account->recent_dirty = TRUE;
}

KxView *kx_view_new(KxFolder *folder, gboolean claim_recent)
{
    /* A folder that cannot be loaded now shows in the first kx_view_sync(). */
    if (!kx_folder_lock_loaded(folder, NULL))
        pthread_mutex_lock(&folder->account->state_lock);
    KxView *view = kx_view_alloc(folder);
    folder->refs++;
    if (claim_recent)
        kx_view_claim(view);
    kx_view_unlock(view);
    return view;
}

void kx_view_free(KxView *view)
{
    if (!view)
        return;
    KxFolder *folder = view->folder;
    pthread_mutex_lock(&folder->account->state_lock);
    if (view->next)
        view->next->previous = view->previous;
    if (view->previous)
        view->previous->next = view->next;
    else
        folder->views = view->next;
    if (!folder->views && folder->loaded)
        g_array_set_size(folder->removed, 0);
    pthread_mutex_unlock(&folder->account->state_lock);
    g_array_unref(view->pending);
    g_array_unref(view->recent);
    g_array_unref(view->own);
    g_free(view);
    kx_folder_unref(folder);
}

KxFolder *kx_view_folder(KxView *view)
{
    return view->folder;
}

/* ---- questions ---- */

guint32 kx_view_count(KxView *view)
{
    if (!kx_view_lock(view))
        return 0;
    guint count = kx_view_rank(view, view->uid_next);
    kx_view_unlock(view);
    return count;
}

guint32 kx_view_recent(KxView *view)
{
    if (!kx_view_lock(view))
        return 0;
    guint count = 0;
    for (guint i = 0; i < view->recent->len; i++) {
        KxUidRange range = g_array_index(view->recent, KxUidRange, i);
        count += kx_view_rank(view, range.to) - kx_view_rank(view, range.from);
    }
    kx_view_unlock(view);
    return count;
}

gboolean kx_view_is_recent(KxView *view, guint32 uid)
{
    guint low = 0, high = view->recent->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        KxUidRange range = g_array_index(view->recent, KxUidRange, middle);
        if (uid >= range.from && uid < range.to)
            return TRUE;
        if (uid < range.from)
            high = middle;
        else
            low = middle + 1;
    }
    return FALSE;
}

/* The UID at sequence number seq: of the items and the pending removals, both ascending, the
 * seq-th. */
static guint32 select_uid(KxView *view, guint32 seq)
{
    KxFolder *folder = view->folder;
    guint low = 0, high = view->pending->len; /* how many pending removals come before it */
    while (low < high) {
        guint middle = low + (high - low) / 2;
        guint32 uid = g_array_index(view->pending, guint32, middle);
        if (kx_items_lower(folder, uid) + middle + 1 < seq)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < view->pending->len) {
        guint32 uid = g_array_index(view->pending, guint32, low);
        if (kx_items_lower(folder, uid) + low + 1 == seq)
            return uid;
    }
    guint at = seq - 1 - low;
    return at < folder->n ? folder->entries[at].uid : 0;
}

guint32 kx_view_uid(KxView *view, guint32 seq)
{
    if (seq == 0 || !kx_view_lock(view))
        return 0;
    guint32 uid = seq <= kx_view_rank(view, view->uid_next) ? select_uid(view, seq) : 0;
    kx_view_unlock(view);
    return uid;
}

guint32 kx_view_seq(KxView *view, guint32 uid)
{
    if (uid == 0 || uid >= view->uid_next || !kx_view_lock(view))
        return 0;
    gboolean known = is_pending(view, uid) || kx_items_find(view->folder, uid);
    guint32 seq = known ? kx_view_rank(view, uid) + 1 : 0;
    kx_view_unlock(view);
    return seq;
}

guint32 kx_view_first_unseen(KxView *view)
{
    if (!kx_view_lock(view))
        return 0;
    KxFolder *folder = view->folder;
    guint32 seq = 0;
    for (guint i = 0;
         folder->meta.unseen > 0 && i < folder->n && folder->entries[i].uid < view->uid_next; i++)
        if (!(folder->entries[i].flags & KX_FLAG_SEEN)) {
            seq = kx_view_rank(view, folder->entries[i].uid) + 1;
            break;
        }
    kx_view_unlock(view);
    return seq;
}

guint32 kx_view_max_uid(KxView *view)
{
    if (!kx_view_lock(view))
        return 0;
    guint count = kx_view_rank(view, view->uid_next);
    guint32 uid = count > 0 ? select_uid(view, count) : 0;
    kx_view_unlock(view);
    return uid;
}

guint kx_view_items(KxView *view, guint32 from, guint32 to, KxItem *items, guint32 *seqs,
                    guint room)
{
    if (from == 0 || room == 0 || !kx_view_lock(view))
        return 0;
    KxFolder *folder = view->folder;
    guint copied = 0;
    to = MIN(to, kx_view_rank(view, view->uid_next));
    if (from <= to) {
        guint32 first = select_uid(view, from);
        guint at = kx_items_lower(folder, first), removed = kx_view_pending_below(view, first);
        for (; copied < room && at < folder->n && folder->entries[at].uid < view->uid_next; at++) {
            while (removed < view->pending->len &&
                   g_array_index(view->pending, guint32, removed) < folder->entries[at].uid)
                removed++;
            if (at + removed + 1 > to)
                break;
            kx_item_from_entry(folder, &folder->entries[at], &items[copied]);
            if (seqs)
                seqs[copied] = at + removed + 1;
            copied++;
        }
    }
    kx_view_unlock(view);
    return copied;
}

gboolean kx_view_item(KxView *view, guint32 uid, KxItem *ret_item)
{
    if (uid >= view->uid_next || !kx_view_lock(view))
        return FALSE;
    KxEntry *entry = kx_items_find(view->folder, uid);
    if (entry)
        kx_item_from_entry(view->folder, entry, ret_item);
    kx_view_unlock(view);
    return entry != NULL;
}

gboolean kx_view_item_stays(KxView *view, guint32 uid)
{
    KxItem item;
    KxAccount *account = view->folder->account;
    if (!kx_view_item(view, uid, &item))
        return FALSE;
    /* Who commits holds this lock until memory knows as well. */
    pthread_mutex_lock(&account->write_lock);
    pthread_mutex_unlock(&account->write_lock);
    return kx_view_item(view, uid, &item);
}
