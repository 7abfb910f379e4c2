/* SPDX-License-Identifier: Apache-2.0 */
/* A view catches up: what has happened since it was last told. */
#include "base/error.h"
#include "store/view-private.h"

void kx_changes_clear(KxChanges *changes)
{
    g_clear_pointer(&changes->expunged, g_array_unref);
    g_clear_pointer(&changes->vanished, g_array_unref);
    g_clear_pointer(&changes->changed, g_array_unref);
    changes->exists = changes->behind = FALSE;
}

static int compare_log(gconstpointer a, gconstpointer b)
{
    const KxLogEntry *left = a, *right = b;
    return left->uid < right->uid ? -1 : left->uid > right->uid;
}

static gboolean is_own(KxView *view, const KxEntry *entry)
{
    KxLogEntry key = {0, entry->uid};
    KxLogEntry *own = view->own->len
                          ? bsearch(&key, view->own->data, view->own->len, sizeof key, compare_log)
                          : NULL;
    return own && entry->modseq <= own->modseq;
}

static void report_change(KxView *view, const KxEntry *entry, KxChanges *changes)
{
    if (entry->uid >= view->uid_next || entry->modseq <= view->change_modseq || is_own(view, entry))
        return;
    g_array_append_val(changes->changed, entry->uid);
}

static guint first_change_after(KxFolder *folder, guint64 modseq)
{
    guint first = folder->changed->len;
    while (first > 0 && g_array_index(folder->changed, KxLogEntry, first - 1).modseq > modseq)
        first--;
    return first;
}

/* UIDs from the log, or NULL if it does not tell all. */
static GArray *logged_changes(KxView *view)
{
    KxFolder *folder = view->folder;
    if (view->change_modseq < folder->changed_floor)
        return NULL;
    g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint i = first_change_after(folder, view->change_modseq); i < folder->changed->len; i++) {
        guint32 uid = g_array_index(folder->changed, KxLogEntry, i).uid;
        if (uid == KX_CHANGED_MANY)
            return NULL;
        g_array_append_val(uids, uid);
    }
    return g_steal_pointer(&uids);
}

static void report_changes(KxView *view, KxChanges *changes)
{
    KxFolder *folder = view->folder;
    g_autoptr(GArray) uids = logged_changes(view);
    for (guint i = 0; !uids && i < folder->n; i++)
        report_change(view, &folder->entries[i], changes);
    if (!uids)
        return;
    g_array_sort(uids, kx_compare_uids);
    for (guint i = 0; i < uids->len; i++) {
        guint32 uid = g_array_index(uids, guint32, i);
        KxEntry *entry =
            i > 0 && uid == g_array_index(uids, guint32, i - 1) ? NULL : kx_items_find(folder, uid);
        if (entry)
            report_change(view, entry, changes);
    }
}

/* From the last to the first, so that each number is what the session knows. */
static void report_removed(KxView *view, KxChanges *changes)
{
    guint known = kx_view_pending_below(view, view->uid_next);
    for (guint i = known; i > 0; i--) {
        guint32 uid = g_array_index(view->pending, guint32, i - 1);
        guint32 seq = kx_items_lower(view->folder, uid) + i;
        g_array_append_val(changes->expunged, seq);
    }
    g_array_append_vals(changes->vanished, view->pending->data, known);
}

static void sync_locked(KxView *view, gboolean expunge, KxChanges *changes)
{
    KxFolder *folder = view->folder;
    guint64 now = folder->meta.highest_modseq;
    if (view->change_modseq < now)
        report_changes(view, changes);
    view->change_modseq = now;
    g_array_set_size(view->own, 0);
    if (expunge)
        report_removed(view, changes);
    changes->behind = !expunge && kx_view_pending_below(view, view->uid_next) > 0;
    if (!changes->behind) {
        g_array_set_size(view->pending, 0);
        view->expunge_modseq = now;
    }
    guint before = kx_view_rank(view, view->uid_next);
    view->uid_next = folder->meta.uid_next;
    changes->exists = kx_view_rank(view, view->uid_next) > before;
}

gboolean kx_view_sync(KxView *view, gboolean expunge, gboolean claim_recent, KxChanges *changes,
                      GError **error)
{
    changes->expunged = g_array_new(FALSE, FALSE, sizeof(guint32));
    changes->vanished = g_array_new(FALSE, FALSE, sizeof(guint32));
    changes->changed = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (!kx_folder_lock_loaded(view->folder, error))
        return FALSE;
    gboolean lost = view->folder->gone || view->stale;
    if (!lost) {
        kx_view_take_removed(view);
        sync_locked(view, expunge, changes);
        if (claim_recent)
            kx_view_claim(view);
    }
    kx_view_unlock(view);
    return lost ? kx_fail(error, KX_ERR_NOT_FOUND, "the folder has been removed") : TRUE;
}

static void remember_own(KxView *view, const guint32 *uids, guint n, guint64 modseq)
{
    guint old = view->own->len;
    for (guint i = 0; i < n; i++) {
        KxLogEntry mine = {modseq, uids[i]};
        KxLogEntry *found =
            old ? bsearch(&mine, view->own->data, old, sizeof mine, compare_log) : NULL;
        if (found)
            found->modseq = modseq;
        else
            g_array_append_val(view->own, mine);
    }
    g_array_sort(view->own, compare_log);
}

void kx_view_note_own(KxView *view, const guint32 *uids, guint n, guint64 modseq)
{
    if (modseq == 0 || !kx_view_lock(view))
        return;
    KxFolder *folder = view->folder;
    guint first = first_change_after(folder, view->change_modseq);
    gboolean alone = view->change_modseq >= folder->changed_floor;
    for (guint i = first; alone && i < folder->changed->len; i++) {
        guint64 other = g_array_index(folder->changed, KxLogEntry, i).modseq;
        if (other >= modseq)
            break;
        alone = FALSE;
    }
    if (alone)
        view->change_modseq = MAX(view->change_modseq, modseq);
    else
        remember_own(view, uids, n, modseq);
    kx_view_unlock(view);
}
