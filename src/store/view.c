/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views: sequence numbers of one session. What a view shows is a function of three numbers: the items with
 * a UID below uid_next, and of those removed after expunge_modseq the UIDs (`pending`), still counted.
 */
#include "base/error.h"
#include "store/store-private.h"

static int compare_uids(gconstpointer a, gconstpointer b)
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
    g_array_sort(view->pending, compare_uids);
    view->taken = g_array_index(removed, KxLogEntry, removed->len - 1).modseq;
}

/* Pending removals with a UID below `uid`. */
static guint pending_below(KxView *view, guint32 uid)
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
    guint at = pending_below(view, uid);
    return at < view->pending->len && g_array_index(view->pending, guint32, at) == uid;
}

static gboolean view_lock(KxView *view)
{
    if (!kx_folder_lock_loaded(view->folder, NULL))
        return FALSE;
    kx_view_take_removed(view);
    return TRUE;
}

static void view_unlock(KxView *view)
{
    pthread_mutex_unlock(&view->folder->account->state_lock);
}

static guint rank(KxView *view, guint32 uid)
{
    return kx_items_lower(view->folder, uid) + pending_below(view, uid);
}

/* ---- life ---- */

static KxView *view_alloc(KxFolder *folder)
{
    KxView *view = g_new0(KxView, 1);
    view->folder = folder;
    view->uid_next = folder->meta.uid_next;
    view->expunge_modseq = view->change_modseq = view->taken = folder->meta.highest_modseq;
    view->pending = g_array_new(FALSE, FALSE, sizeof(guint32));
    view->recent = g_array_new(FALSE, FALSE, sizeof(KxUidRange));
    view->own = g_array_new(FALSE, FALSE, sizeof(KxLogEntry));
    g_ptr_array_add(folder->views, view);
    return view;
}

static void claim(KxView *view)
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
    KxView *view = view_alloc(folder);
    folder->refs++;
    if (claim_recent)
        claim(view);
    view_unlock(view);
    return view;
}

void kx_view_free(KxView *view)
{
    if (!view)
        return;
    KxFolder *folder = view->folder;
    pthread_mutex_lock(&folder->account->state_lock);
    g_ptr_array_remove_fast(folder->views, view);
    if (folder->views->len == 0)
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
    if (!view_lock(view))
        return 0;
    guint count = rank(view, view->uid_next);
    view_unlock(view);
    return count;
}

guint32 kx_view_recent(KxView *view)
{
    if (!view_lock(view))
        return 0;
    guint count = 0;
    for (guint i = 0; i < view->recent->len; i++) {
        KxUidRange range = g_array_index(view->recent, KxUidRange, i);
        count += rank(view, range.to) - rank(view, range.from);
    }
    view_unlock(view);
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

/* The UID at sequence number seq: of the items and the pending removals, both ascending, the seq-th. */
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
    if (seq == 0 || !view_lock(view))
        return 0;
    guint32 uid = seq <= rank(view, view->uid_next) ? select_uid(view, seq) : 0;
    view_unlock(view);
    return uid;
}

guint32 kx_view_seq(KxView *view, guint32 uid)
{
    if (uid == 0 || uid >= view->uid_next || !view_lock(view))
        return 0;
    gboolean known = is_pending(view, uid) || kx_items_find(view->folder, uid);
    guint32 seq = known ? rank(view, uid) + 1 : 0;
    view_unlock(view);
    return seq;
}

guint32 kx_view_first_unseen(KxView *view)
{
    if (!view_lock(view))
        return 0;
    KxFolder *folder = view->folder;
    guint32 seq = 0;
    for (guint i = 0; folder->meta.unseen > 0 && i < folder->n && folder->entries[i].uid < view->uid_next; i++)
        if (!(folder->entries[i].flags & KX_FLAG_SEEN)) {
            seq = rank(view, folder->entries[i].uid) + 1;
            break;
        }
    view_unlock(view);
    return seq;
}

guint32 kx_view_max_uid(KxView *view)
{
    if (!view_lock(view))
        return 0;
    guint count = rank(view, view->uid_next);
    guint32 uid = count > 0 ? select_uid(view, count) : 0;
    view_unlock(view);
    return uid;
}

guint kx_view_items(KxView *view, guint32 from, guint32 to, KxItem *items, guint32 *seqs, guint room)
{
    if (from == 0 || room == 0 || !view_lock(view))
        return 0;
    KxFolder *folder = view->folder;
    guint copied = 0;
    to = MIN(to, rank(view, view->uid_next));
    if (from <= to) {
        guint32 first = select_uid(view, from);
        guint at = kx_items_lower(folder, first), removed = pending_below(view, first);
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
    view_unlock(view);
    return copied;
}

gboolean kx_view_item(KxView *view, guint32 uid, KxItem *ret_item)
{
    if (uid >= view->uid_next || !view_lock(view))
        return FALSE;
    KxEntry *entry = kx_items_find(view->folder, uid);
    if (entry)
        kx_item_from_entry(view->folder, entry, ret_item);
    view_unlock(view);
    return entry != NULL;
}

/* ---- catching up ---- */

void kx_changes_clear(KxChanges *changes)
{
    g_clear_pointer(&changes->expunged, g_array_unref);
    g_clear_pointer(&changes->vanished, g_array_unref);
    g_clear_pointer(&changes->changed, g_array_unref);
    changes->exists = FALSE;
}

static int compare_log(gconstpointer a, gconstpointer b)
{
    const KxLogEntry *left = a, *right = b;
    return left->uid < right->uid ? -1 : left->uid > right->uid;
}

static gboolean is_own(KxView *view, const KxEntry *entry)
{
    KxLogEntry key = {0, entry->uid};
    KxLogEntry *own = view->own->len ? bsearch(&key, view->own->data, view->own->len, sizeof key, compare_log)
                                     : NULL;
    return own && entry->modseq <= own->modseq;
}

static void report_change(KxView *view, const KxEntry *entry, KxChanges *changes)
{
    if (entry->uid >= view->uid_next || entry->modseq <= view->change_modseq || is_own(view, entry))
        return;
    KxItem item;
    kx_item_from_entry(view->folder, entry, &item);
    g_array_append_val(changes->changed, item);
}

static guint first_change_after(KxFolder *folder, guint64 modseq)
{
    guint first = folder->changed->len;
    while (first > 0 && g_array_index(folder->changed, KxLogEntry, first - 1).modseq > modseq)
        first--;
    return first;
}

static void report_changes(KxView *view, KxChanges *changes)
{
    KxFolder *folder = view->folder;
    if (view->change_modseq < folder->changed_floor) {
        for (guint i = 0; i < folder->n; i++)
            report_change(view, &folder->entries[i], changes);
        return;
    }
    g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint i = first_change_after(folder, view->change_modseq); i < folder->changed->len; i++)
        g_array_append_val(uids, g_array_index(folder->changed, KxLogEntry, i).uid);
    g_array_sort(uids, compare_uids);
    for (guint i = 0; i < uids->len; i++) {
        guint32 uid = g_array_index(uids, guint32, i);
        KxEntry *entry = i > 0 && uid == g_array_index(uids, guint32, i - 1) ? NULL : kx_items_find(folder, uid);
        if (entry)
            report_change(view, entry, changes);
    }
}

/* From the last to the first, so that each number is what the session knows. */
static void report_removed(KxView *view, KxChanges *changes)
{
    guint known = pending_below(view, view->uid_next);
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
    if (expunge || pending_below(view, view->uid_next) == 0) {
        g_array_set_size(view->pending, 0);
        view->expunge_modseq = now;
    }
    guint before = rank(view, view->uid_next);
    view->uid_next = folder->meta.uid_next;
    changes->exists = rank(view, view->uid_next) > before;
}

gboolean kx_view_sync(KxView *view, gboolean expunge, gboolean claim_recent, KxChanges *changes, GError **error)
{
    changes->expunged = g_array_new(FALSE, FALSE, sizeof(guint32));
    changes->vanished = g_array_new(FALSE, FALSE, sizeof(guint32));
    changes->changed = g_array_new(FALSE, FALSE, sizeof(KxItem));
    if (!kx_folder_lock_loaded(view->folder, error))
        return FALSE;
    gboolean lost = view->folder->gone || view->stale;
    if (!lost) {
        kx_view_take_removed(view);
        sync_locked(view, expunge, changes);
        if (claim_recent)
            claim(view);
    }
    view_unlock(view);
    return lost ? kx_fail(error, KX_ERR_NOT_FOUND, "the folder has been removed") : TRUE;
}

static void remember_own(KxView *view, const guint32 *uids, guint n, guint64 modseq)
{
    guint old = view->own->len;
    for (guint i = 0; i < n; i++) {
        KxLogEntry mine = {modseq, uids[i]};
        KxLogEntry *found = old ? bsearch(&mine, view->own->data, old, sizeof mine, compare_log) : NULL;
        if (found)
            found->modseq = modseq;
        else
            g_array_append_val(view->own, mine);
    }
    g_array_sort(view->own, compare_log);
}

void kx_view_note_own(KxView *view, const guint32 *uids, guint n, guint64 modseq)
{
    if (modseq == 0 || !view_lock(view))
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
    view_unlock(view);
}

/* ---- written down and resumed ---- */

void kx_view_save(KxView *view, KxViewState *ret_state)
{
    pthread_mutex_lock(&view->folder->account->state_lock);
    *ret_state = (KxViewState){
        .folder_id = view->folder->id,
        .uid_validity = view->folder->meta.uid_validity,
        .uid_next = view->uid_next,
        .expunge_modseq = view->expunge_modseq,
        .change_modseq = view->change_modseq,
    };
    pthread_mutex_unlock(&view->folder->account->state_lock);
}

static gboolean read_removed(KxFolder *folder, KxDb *db, guint64 after, GArray *uids, GError **error)
{
    KxStmt *stmt = kx_index_stmt(db, KX_SQL_TOMBSTONES, error);
    if (!stmt)
        return FALSE;
    kx_stmt_bind_int(stmt, 2, folder->id);
    kx_stmt_bind_int(stmt, 3, (gint64)after);
    int rc;
    while ((rc = kx_stmt_step(stmt, error)) == 1) {
        guint32 uid = (guint32)kx_stmt_int(stmt, 0);
        g_array_append_val(uids, uid);
    }
    return rc == 0;
}

typedef struct {
    KxFolder *folder;
    const KxViewState *state;
    KxView *view;
} Resume;

static gboolean resume_work(KxAccount *account, gpointer data, GError **error)
{
    Resume *resume = data;
    const KxViewState *state = resume->state;
    KxFolder *folder = resume->folder;
    const KxFolderMeta *meta = &folder->meta; /* changes only under the write lock, which we have */
    if (folder->gone || state->uid_validity != meta->uid_validity || state->uid_next == 0 ||
        state->uid_next > meta->uid_next || state->expunge_modseq < meta->floor_modseq ||
        state->expunge_modseq > account->meta.modseq || state->change_modseq > account->meta.modseq)
        return kx_fail(error, KX_ERR_NOT_FOUND, "the state of the session is too old");
    g_autoptr(GArray) removed = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (!kx_folder_load(folder, error) ||
        !read_removed(folder, account->db, state->expunge_modseq, removed, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    KxView *view = view_alloc(folder);
    folder->refs++;
    view->uid_next = state->uid_next;
    view->expunge_modseq = state->expunge_modseq;
    view->change_modseq = state->change_modseq;
    g_array_append_vals(view->pending, removed->data, removed->len);
    pthread_mutex_unlock(&account->state_lock);
    resume->view = view;
    return TRUE;
}

KxView *kx_view_resume(KxAccount *account, const KxViewState *state, GError **error)
{
    g_autoptr(KxFolder) folder = kx_folder_by_id(account, state->folder_id);
    if (!folder) {
        kx_fail(error, KX_ERR_NOT_FOUND, "the folder has been removed");
        return NULL;
    }
    Resume resume = {.folder = folder, .state = state};
    kx_account_write(account, resume_work, &resume, error);
    return resume.view;
}

typedef struct {
    KxFolder *folder;
    guint64 modseq;
    GArray *uids;
} Vanished;

static gboolean vanished_work(KxAccount *account, KxDb *db, gpointer data, GError **error)
{
    Vanished *vanished = data;
    g_array_set_size(vanished->uids, 0);
    pthread_mutex_lock(&account->state_lock);
    gboolean reaches = vanished->modseq >= vanished->folder->meta.floor_modseq;
    pthread_mutex_unlock(&account->state_lock);
    if (!reaches)
        return kx_fail(error, KX_ERR_NOT_FOUND, "removals are not known that far back");
    return read_removed(vanished->folder, db, vanished->modseq, vanished->uids, error);
}

gboolean kx_folder_vanished_since(KxFolder *folder, guint64 modseq, GArray **ret_uids, GError **error)
{
    Vanished vanished = {folder, modseq, g_array_new(FALSE, FALSE, sizeof(guint32))};
    if (!kx_account_read(folder->account, vanished_work, &vanished, error)) {
        g_array_unref(vanished.uids);
        return FALSE;
    }
    *ret_uids = vanished.uids;
    return TRUE;
}
