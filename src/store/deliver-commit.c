/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One commit of deliveries. Order on disk: large and shared contents synced (before the queue),
 * links and files made, small contents synced, then their directories, index committed. The small
 * ones come late so that the file system's journal is committed once for contents and directories.
 * If there are only few small contents, they are in the commit itself and nothing else is synced
 * (redo-private.h). A crash before the commit leaves files with UIDs the index never gave out;
 * kx_account_quick_check() removes them.
 */
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/deliver-private.h"
#include "store/redo-private.h"

typedef struct {
    GPtrArray *jobs; /* KxPostJob */
    GHashTable *dirs;
    GPtrArray *changed; /* KxFolder with a reference */
    gboolean redo;      /* nothing is synced but the index */
} Batch;

static int keyword_set(KxFolder *folder, const char *const *keywords)
{
    if (!keywords || !keywords[0])
        return 0;
    pthread_mutex_lock(&folder->account->state_lock);
    int set = kx_keywords_apply(&folder->keywords, 0, KX_FLAGS_REPLACE, keywords);
    pthread_mutex_unlock(&folder->account->state_lock);
    return set;
}

static gboolean write_content(const char *path, gpointer data)
{
    const KxPost *post = data;
    return kx_incoming_make_file(post->incoming, path, post->target->internal_date, !post->redo);
}

static gboolean make_file(KxPost *post, KxFolder *folder, KxFolderMeta *meta, guint32 *ret_uid,
                          GError **error)
{
    post->fresh = kx_incoming_in_memory(post->incoming);
    if (post->fresh)
        return kx_make_message(folder, meta, write_content, post, ret_uid, error);
    return kx_link_message(folder, meta, post->incoming->path, ret_uid, error);
}

static gboolean prepare_post(KxTxn *txn, KxPost *post, GError **error)
{
    KxAccount *account = txn->account;
    KxDelivery *target = post->target;
    KxFolder *folder = kx_tree_find(account, post->path);
    if (!folder)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", post->path);
    KxFolderMeta *meta = kx_txn_folder(txn, folder);
    if (target->keywords && !kx_folder_load_keywords(folder, error))
        return FALSE;
    int set = keyword_set(folder, target->keywords);
    if (set < 0)
        return kx_fail(error, KX_ERR_TOO_BIG, "there are too many keywords in %s", folder->path);
    guint32 uid;
    if (!make_file(post, folder, meta, &uid, error))
        return FALSE;
    post->linked = TRUE;
    post->folder = folder;
    post->entry = (KxEntry){
        .uid = uid,
        .flags = target->flags & KX_FLAG_ALL,
        .keywords = (guint32)set & 0xffffff,
        .modseq = ++txn->meta.modseq,
        .size = post->incoming->size,
        .internal_date = target->internal_date,
        .save_date = g_get_real_time() / G_USEC_PER_SEC,
    };
    g_free(post->dir);
    post->dir = g_strdup(folder->dir);
    return TRUE;
}

static void count_post(KxTxn *txn, const KxPost *post)
{
    KxFolderMeta *meta = kx_txn_folder(txn, post->folder);
    meta->messages++;
    meta->unseen += !(post->entry.flags & KX_FLAG_SEEN);
    meta->deleted += (post->entry.flags & KX_FLAG_DELETED) != 0;
    meta->size += post->entry.size;
    meta->highest_modseq = post->entry.modseq;
    txn->meta.items++;
    txn->meta.bytes += post->entry.size;
}

static void unlink_post(KxPost *post)
{
    if (!post->linked)
        return;
    g_autofree char *path = kx_message_file(post->dir, post->entry.uid);
    unlink(path);
    post->linked = FALSE;
}

static void unlink_job(KxPostJob *job)
{
    for (guint i = 0; i < job->n; i++)
        unlink_post(&job->posts[i]);
}

/* All or none of it, so it is counted as a whole, together with what the jobs before it take. */
static gboolean admit_job(KxTxn *txn, const KxPostJob *job, GError **error)
{
    gint64 bytes = 0, items = job->n;
    if (job->posts->target->beyond_quota)
        return TRUE;
    for (guint i = 0; i < job->n; i++)
        bytes += (gint64)job->posts[i].incoming->size;
    if (job->replaced.folder) {
        bytes -= (gint64)kx_replaced_bytes(&job->replaced);
        items--;
    }
    return kx_txn_admit(txn, bytes, items, error);
}

/* FALSE only for what concerns the whole batch: a damaged index. */
static gboolean prepare_job(KxTxn *txn, Batch *batch, KxPostJob *job, GError **error)
{
    if (!job->error)
        admit_job(txn, job, &job->error);
    for (guint i = 0; i < job->n && !job->error; i++)
        prepare_post(txn, &job->posts[i], &job->error);
    if (job->error) {
        unlink_job(job);
        if (!g_error_matches(job->error, KX_ERROR, KX_ERR_CORRUPT))
            return TRUE;
        g_propagate_error(error, g_steal_pointer(&job->error));
        return FALSE;
    }
    for (guint i = 0; i < job->n; i++) {
        count_post(txn, &job->posts[i]);
        g_hash_table_add(batch->dirs, job->posts[i].dir);
    }
    return TRUE;
}

static gboolean sync_content(const KxPost *post, GError **error)
{
    g_autofree char *path = kx_message_file(post->dir, post->entry.uid);
    return kx_sync_path(path, error);
}

static gboolean sync_files(Batch *batch, GError **error)
{
    for (guint i = 0; i < batch->jobs->len; i++) {
        const KxPostJob *job = batch->jobs->pdata[i];
        for (guint k = 0; !job->error && k < job->n; k++)
            if (job->posts[k].fresh && !sync_content(&job->posts[k], error))
                return FALSE;
    }
    GHashTableIter iter;
    gpointer dir;
    g_hash_table_iter_init(&iter, batch->dirs);
    while (g_hash_table_iter_next(&iter, &dir, NULL)) {
        g_autofree char *messages = g_build_filename(dir, "#msgs", NULL);
        if (!kx_sync_dir(messages, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean insert_post(KxTxn *txn, const KxPost *post, GError **error)
{
    GBytes *keywords = kx_keywords_bytes(&post->folder->keywords, post->entry.keywords);
    return (!post->redo ||
            kx_redo_add(txn, post->folder, post->entry.uid, post->incoming, error)) &&
           kx_index_add_item(txn->db, post->folder->id, &post->entry, keywords, error) &&
           kx_index_add_facts(txn->db, post->folder->id, post->entry.uid, &post->incoming->facts,
                              error);
}

/* What has to happen before the transaction begins; the same about FALSE. */
static gboolean prepare_replaced(KxPostJob *job, GError **error)
{
    g_clear_error(&job->error);
    if (!job->replaced.folder || kx_replaced_prepare(&job->replaced, &job->error) ||
        !g_error_matches(job->error, KX_ERROR, KX_ERR_CORRUPT))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&job->error));
    return FALSE;
}

static gboolean insert_jobs(KxTxn *txn, Batch *batch, GError **error)
{
    for (guint i = 0; i < batch->jobs->len; i++) {
        KxPostJob *job = batch->jobs->pdata[i];
        for (guint k = 0; !job->error && k < job->n; k++)
            if (!insert_post(txn, &job->posts[k], error))
                return FALSE;
        if (!job->error && job->replaced.folder && !kx_replaced_rows(&job->replaced, txn, error))
            return FALSE;
    }
    return TRUE;
}

static void publish_post(Batch *batch, KxPost *post)
{
    KxFolder *folder = post->folder;
    kx_items_append(folder, &post->entry);
    folder->recent++;
    post->target->ret_uid = post->entry.uid;
    post->target->ret_uid_validity = folder->meta.uid_validity;
    if (post->redo)
        kx_redo_note(folder->account, folder, post->entry.uid, post->entry.size);
    if (!g_ptr_array_find(batch->changed, folder, NULL)) {
        g_ptr_array_add(batch->changed, folder);
        kx_folder_ref_locked(folder);
    }
}

static void publish(KxTxn *txn, Batch *batch)
{
    pthread_mutex_lock(&txn->account->state_lock);
    kx_txn_publish(txn);
    for (guint i = 0; i < batch->jobs->len; i++) {
        KxPostJob *job = batch->jobs->pdata[i];
        for (guint k = 0; !job->error && k < job->n; k++)
            publish_post(batch, &job->posts[k]);
        if (!job->error && job->replaced.folder)
            kx_replaced_publish(&job->replaced);
    }
    pthread_mutex_unlock(&txn->account->state_lock);
}

static guint64 bytes_of(const KxPostJob *job)
{
    guint64 bytes = 0;
    for (guint i = 0; i < job->n; i++) {
        if (!kx_incoming_in_memory(job->posts[i].incoming))
            return G_MAXUINT32;
        bytes += job->posts[i].incoming->size;
    }
    return bytes;
}

/* A few small contents are written twice, as that costs less than waiting for the disk thrice. */
static void choose_redo(Batch *batch)
{
    guint64 bytes = 0;
    for (guint i = 0; i < batch->jobs->len; i++)
        bytes += bytes_of(batch->jobs->pdata[i]);
    batch->redo = bytes <= KX_REDO_BATCH;
    for (guint i = 0; i < batch->jobs->len; i++) {
        const KxPostJob *job = batch->jobs->pdata[i];
        for (guint k = 0; k < job->n; k++)
            job->posts[k].redo = batch->redo;
    }
}

static gboolean commit_batch(KxAccount *account, Batch *batch, GError **error)
{
    g_auto(KxTxn) txn = {0};
    for (guint i = 0; i < batch->jobs->len; i++)
        if (!prepare_replaced(batch->jobs->pdata[i], error))
            return FALSE;
    if (!kx_redo_settle_many(account, error))
        return FALSE;
    choose_redo(batch);
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    for (guint i = 0; i < batch->jobs->len; i++)
        if (!prepare_job(&txn, batch, batch->jobs->pdata[i], error))
            return FALSE;
    if ((!batch->redo && !sync_files(batch, error)) || !insert_jobs(&txn, batch, error) ||
        !kx_txn_commit(&txn, error))
        return FALSE;
    publish(&txn, batch);
    for (guint i = 0; i < batch->jobs->len; i++) {
        KxPostJob *job = batch->jobs->pdata[i];
        if (!job->error && job->replaced.folder)
            kx_replaced_finish(&job->replaced);
    }
    return TRUE;
}

gboolean kx_posts_commit(KxAccount *account, GPtrArray *jobs, GPtrArray *changed, GError **error)
{
    g_autoptr(GHashTable) dirs = g_hash_table_new(g_str_hash, g_str_equal);
    Batch batch = {.jobs = jobs, .dirs = dirs, .changed = changed};
    if (commit_batch(account, &batch, error))
        return TRUE;
    for (guint i = 0; i < jobs->len; i++)
        unlink_job(jobs->pdata[i]);
    return FALSE;
}
