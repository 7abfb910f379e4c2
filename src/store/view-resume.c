/* SPDX-License-Identifier: Apache-2.0 */
/* Views written down and resumed, and removals since a modseq, from the tombstones in the index. */
#include "base/error.h"
#include "store/view-private.h"

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

static gboolean read_removed(KxFolder *folder, KxDb *db, guint64 after, GArray *uids,
                             GError **error)
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
    KxView *view = kx_view_alloc(folder);
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

gboolean kx_folder_vanished_since(KxFolder *folder, guint64 modseq, GArray **ret_uids,
                                  GError **error)
{
    Vanished vanished = {folder, modseq, g_array_new(FALSE, FALSE, sizeof(guint32))};
    if (!kx_account_read(folder->account, vanished_work, &vanished, error)) {
        g_array_unref(vanished.uids);
        return FALSE;
    }
    *ret_uids = vanished.uids;
    return TRUE;
}
