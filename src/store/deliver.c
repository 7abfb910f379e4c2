/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery. Deliveries to one account queue up; the first in the queue becomes the leader and
 * commits all that are waiting, the others wait for their result. Order on disk: large and shared
 * contents synced (before the queue), links and files made, small contents synced, then their
 * directories, index committed. The small ones come late so that the file system's journal is
 * committed once for contents and directories. A crash before the commit leaves files with UIDs
 * the index never gave out; kx_account_quick_check() removes them.
 */
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/incoming-private.h"
#include "store/replace-private.h"

enum { BATCH_MAX = 256 };

typedef struct {
    KxIncoming *incoming;
    KxDelivery *target;
    char *path; /* normalised */
    KxFolder *folder;
    KxEntry entry;
    char *dir;
    gboolean linked; /* its file is there */
    gboolean fresh;  /* and has to be synced */
} Post;

/* Posts that are delivered all or none. */
typedef struct {
    Post *posts;
    guint n;
    KxReplaced replaced; /* if it has a folder */
    GError *error;
} Job;

/* What one thread waits for. */
struct KxTicket {
    KxTicket *next;
    Job *jobs;
    guint n;
    gconstpointer who; /* kx_store_act_for() */
    gboolean done;
    pthread_cond_t cond;
};

/* ---- one batch, under the write lock ---- */

typedef struct {
    GPtrArray *jobs; /* Job */
    GHashTable *dirs;
    GPtrArray *changed; /* KxFolder with a reference */
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
    const Post *post = data;
    return kx_incoming_make_file(post->incoming, path, post->target->internal_date);
}

static gboolean make_file(Post *post, KxFolder *folder, KxFolderMeta *meta, guint32 *ret_uid,
                          GError **error)
{
    post->fresh = kx_incoming_in_memory(post->incoming);
    if (post->fresh)
        return kx_make_message(folder, meta, write_content, post, ret_uid, error);
    return kx_link_message(folder, meta, post->incoming->path, ret_uid, error);
}

static gboolean prepare_post(KxTxn *txn, Post *post, GError **error)
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

static void count_post(KxTxn *txn, const Post *post)
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

static void unlink_post(Post *post)
{
    if (!post->linked)
        return;
    g_autofree char *path = kx_message_file(post->dir, post->entry.uid);
    unlink(path);
    post->linked = FALSE;
}

static void unlink_job(Job *job)
{
    for (guint i = 0; i < job->n; i++)
        unlink_post(&job->posts[i]);
}

/* All or none of it, so it is counted as a whole, together with what the jobs before it take. */
static gboolean admit_job(KxTxn *txn, const Job *job, GError **error)
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
static gboolean prepare_job(KxTxn *txn, Batch *batch, Job *job, GError **error)
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

static gboolean sync_content(const Post *post, GError **error)
{
    g_autofree char *path = kx_message_file(post->dir, post->entry.uid);
    return kx_sync_path(path, error);
}

static gboolean sync_files(Batch *batch, GError **error)
{
    for (guint i = 0; i < batch->jobs->len; i++) {
        const Job *job = batch->jobs->pdata[i];
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

static gboolean insert_post(KxTxn *txn, const Post *post, GError **error)
{
    GBytes *keywords = kx_keywords_bytes(&post->folder->keywords, post->entry.keywords);
    return kx_index_add_item(txn->db, post->folder->id, &post->entry, keywords, error) &&
           kx_index_add_facts(txn->db, post->folder->id, post->entry.uid, &post->incoming->facts,
                              error);
}

/* What has to happen before the transaction begins; the same about FALSE. */
static gboolean prepare_replaced(Job *job, GError **error)
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
        Job *job = batch->jobs->pdata[i];
        for (guint k = 0; !job->error && k < job->n; k++)
            if (!insert_post(txn, &job->posts[k], error))
                return FALSE;
        if (!job->error && job->replaced.folder && !kx_replaced_rows(&job->replaced, txn, error))
            return FALSE;
    }
    return TRUE;
}

static void publish_post(Batch *batch, Post *post)
{
    KxFolder *folder = post->folder;
    kx_items_append(folder, &post->entry);
    folder->recent++;
    post->target->ret_uid = post->entry.uid;
    post->target->ret_uid_validity = folder->meta.uid_validity;
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
        Job *job = batch->jobs->pdata[i];
        for (guint k = 0; !job->error && k < job->n; k++)
            publish_post(batch, &job->posts[k]);
        if (!job->error && job->replaced.folder)
            kx_replaced_publish(&job->replaced);
    }
    pthread_mutex_unlock(&txn->account->state_lock);
}

static gboolean commit_batch(KxAccount *account, Batch *batch, GError **error)
{
    g_auto(KxTxn) txn = {0};
    for (guint i = 0; i < batch->jobs->len; i++)
        if (!prepare_replaced(batch->jobs->pdata[i], error))
            return FALSE;
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    for (guint i = 0; i < batch->jobs->len; i++)
        if (!prepare_job(&txn, batch, batch->jobs->pdata[i], error))
            return FALSE;
    if (!sync_files(batch, error) || !insert_jobs(&txn, batch, error) ||
        !kx_txn_commit(&txn, error))
        return FALSE;
    publish(&txn, batch);
    for (guint i = 0; i < batch->jobs->len; i++) {
        Job *job = batch->jobs->pdata[i];
        if (!job->error && job->replaced.folder)
            kx_replaced_finish(&job->replaced);
    }
    return TRUE;
}

static gboolean batch_work(KxAccount *account, gpointer data, GError **error)
{
    Batch *batch = data;
    g_hash_table_remove_all(batch->dirs);
    if (commit_batch(account, batch, error))
        return TRUE;
    for (guint i = 0; i < batch->jobs->len; i++)
        unlink_job(batch->jobs->pdata[i]);
    return FALSE;
}

/* ---- the queue ---- */

static void enqueue(KxAccount *account, KxTicket *ticket)
{
    if (account->queue_tail)
        account->queue_tail->next = ticket;
    else
        account->queue_head = ticket;
    account->queue_tail = ticket;
}

static KxTicket *dequeue(KxAccount *account)
{
    KxTicket *ticket = account->queue_head;
    if (!ticket)
        return NULL;
    account->queue_head = ticket->next;
    if (!account->queue_head)
        account->queue_tail = NULL;
    return ticket;
}

/* Each message on behalf of the one who brought it, whoever commits. */
static void tell_watches(KxAccount *account, const GPtrArray *tickets)
{
    const KxFolder *last = NULL;
    gconstpointer last_who = NULL;
    for (guint i = 0; i < tickets->len; i++) {
        const KxTicket *ticket = tickets->pdata[i];
        for (guint k = 0; k < ticket->n; k++) {
            const Job *job = &ticket->jobs[k];
            if (job->error || (job->posts->folder == last && ticket->who == last_who))
                continue;
            last = job->posts->folder;
            last_who = ticket->who;
            kx_watch_post(account, &(KxWatchEvent){.kinds = KX_WATCH_NEW, .folder = last->id},
                          ticket->who);
        }
    }
}

static gboolean queue_work(KxAccount *account, gpointer data, GError **error)
{
    GPtrArray *tickets = data;
    g_autoptr(GPtrArray) jobs = g_ptr_array_new();
    g_autoptr(GHashTable) dirs = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) changed = g_ptr_array_new_with_free_func((GDestroyNotify)kx_folder_unref);
    if (tickets->len == 0) { /* everything that has come until the lock was ours */
        pthread_mutex_lock(&account->queue_lock);
        KxTicket *ticket;
        while (tickets->len < BATCH_MAX && (ticket = dequeue(account)))
            g_ptr_array_add(tickets, ticket);
        pthread_mutex_unlock(&account->queue_lock);
    }
    for (guint i = 0; i < tickets->len; i++) {
        KxTicket *ticket = tickets->pdata[i];
        for (guint k = 0; k < ticket->n; k++)
            g_ptr_array_add(jobs, &ticket->jobs[k]);
    }
    Batch batch = {jobs, dirs, changed};
    gboolean ok = batch_work(account, &batch, error);
    for (guint i = 0; i < changed->len; i++)
        kx_watch_signal(changed->pdata[i], 0);
    if (changed->len > 0)
        kx_store_arrived(account);
    if (ok && kx_account_is_watched(account))
        tell_watches(account, tickets);
    return ok;
}

/* With the queue lock. The next leader is whoever is first in the queue now. */
static void hand_over(KxAccount *account, GPtrArray *tickets, const KxTicket *own)
{
    for (guint i = 0; i < tickets->len; i++) {
        KxTicket *ticket = tickets->pdata[i];
        ticket->done = TRUE;
        if (ticket != own)
            pthread_cond_signal(&ticket->cond);
    }
    account->leading = FALSE;
    if (account->queue_head)
        pthread_cond_signal(&account->queue_head->cond);
}

static void fail_all(GPtrArray *tickets, const GError *error)
{
    for (guint i = 0; i < tickets->len; i++) {
        KxTicket *ticket = tickets->pdata[i];
        for (guint k = 0; k < ticket->n; k++)
            if (!ticket->jobs[k].error)
                ticket->jobs[k].error = g_error_copy(error);
    }
}

static void lead(KxAccount *account, const KxTicket *own)
{
    g_autoptr(GPtrArray) tickets = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    if (!kx_account_write(account, queue_work, tickets, &error)) {
        if (tickets->len == 0) { /* not even the index could be opened */
            pthread_mutex_lock(&account->queue_lock);
            for (KxTicket *ticket; (ticket = dequeue(account));)
                g_ptr_array_add(tickets, ticket);
            pthread_mutex_unlock(&account->queue_lock);
        }
        fail_all(tickets, error);
    }
    pthread_mutex_lock(&account->queue_lock);
    hand_over(account, tickets, own);
    pthread_mutex_unlock(&account->queue_lock);
}

static void run_ticket(KxAccount *account, KxTicket *ticket)
{
    ticket->who = kx_watch_actor(account->store);
    pthread_cond_init(&ticket->cond, NULL);
    pthread_mutex_lock(&account->queue_lock);
    enqueue(account, ticket);
    while (!ticket->done) {
        if (account->leading) {
            pthread_cond_wait(&ticket->cond, &account->queue_lock);
            continue;
        }
        account->leading = TRUE;
        pthread_mutex_unlock(&account->queue_lock);
        lead(account, ticket);
        pthread_mutex_lock(&account->queue_lock);
    }
    pthread_mutex_unlock(&account->queue_lock);
    pthread_cond_destroy(&ticket->cond);
}

/* ---- the public functions ---- */

static gboolean check_target(const KxDelivery *target, GError **error)
{
    for (guint i = 0; target->keywords && target->keywords[i]; i++) {
        if (i >= KX_KEYWORDS_PER_ITEM)
            return kx_fail(error, KX_ERR_TOO_BIG, "an item may have at most %d keywords",
                           KX_KEYWORDS_PER_ITEM);
        if (!kx_keyword_is_valid(target->keywords[i]))
            return kx_fail(error, KX_ERR_INVALID, "not a keyword: %s", target->keywords[i]);
    }
    return TRUE;
}

static gboolean init_post(Post *post, KxIncoming *incoming, KxDelivery *target, GError **error)
{
    *post = (Post){.incoming = incoming, .target = target};
    target->ret_uid = target->ret_uid_validity = 0;
    if (!check_target(target, error))
        return FALSE;
    post->path = kx_path_normalise(target->folder, NULL);
    return post->path ? TRUE
                      : kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", target->folder);
}

static void clear_post(Post *post)
{
    g_free(post->path);
    g_free(post->dir);
}

/* Of what goes to one folder only, a small content is left to the commit. */
static gboolean prepare_content(KxIncoming *incoming, gint64 internal_date, gboolean single,
                                GError **error)
{
    return ((single && kx_incoming_in_memory(incoming)) ||
            kx_incoming_sync(incoming, internal_date, error)) &&
           kx_incoming_parse(incoming, error);
}

/* Those of the targets from `first` on that are in its account, in one ticket. */
static gboolean deliver_to_account(KxIncoming *incoming, KxDelivery *targets, guint first, guint n,
                                   gboolean *done)
{
    KxAccount *account = targets[first].account;
    g_autofree Post *posts = g_new0(Post, n - first);
    g_autofree Job *jobs = g_new0(Job, n - first);
    KxTicket ticket = {.jobs = jobs};
    gboolean ok = TRUE;
    for (guint i = first; i < n; i++) {
        if (done[i] || targets[i].account != account)
            continue;
        done[i] = TRUE;
        Post *post = &posts[ticket.n];
        if (init_post(post, incoming, &targets[i], &targets[i].ret_error))
            jobs[ticket.n++] = (Job){.posts = post, .n = 1};
        else
            ok = FALSE;
    }
    if (ticket.n > 0)
        run_ticket(account, &ticket);
    for (guint i = 0; i < ticket.n; i++) {
        ok = ok && !jobs[i].error;
        jobs[i].posts->target->ret_error = jobs[i].error;
        kx_oplog_debug(account, jobs[i].posts->path,
                       jobs[i].error ? "could not take a message" : "has got a message");
        clear_post(jobs[i].posts);
    }
    return ok;
}

gboolean kx_incoming_deliver(KxIncoming *incoming, KxDelivery *targets, guint n)
{
    g_autoptr(GError) error = NULL;
    g_autofree gboolean *done = g_new0(gboolean, n + 1);
    gboolean ok = TRUE;
    if (n > 0 && !prepare_content(incoming, targets[0].internal_date, n == 1, &error)) {
        for (guint i = 0; i < n; i++)
            targets[i].ret_error = g_error_copy(error);
        return FALSE;
    }
    for (guint i = 0; i < n; i++)
        if (!done[i] && !deliver_to_account(incoming, targets, i, n, done))
            ok = FALSE;
    return ok;
}

gboolean kx_incoming_deliver_all(KxIncoming **incoming, KxDelivery *targets, guint n,
                                 GError **error)
{
    if (n == 0)
        return TRUE;
    g_autofree Post *posts = g_new0(Post, n);
    Job job = {.posts = posts, .n = n};
    if (n == 1)
        job.replaced = (KxReplaced){
            .folder = targets->replaces_in, .uid = targets->replaces, .actor = targets->actor};
    KxTicket ticket = {.jobs = &job, .n = 1};
    gboolean ok = TRUE;
    for (guint i = 0; i < n && ok; i++)
        ok = init_post(&posts[i], incoming[i], &targets[i], error) &&
             prepare_content(incoming[i], targets[i].internal_date, TRUE, error);
    if (ok)
        run_ticket(targets[0].account, &ticket);
    for (guint i = 0; i < n; i++) {
        if (ok && !job.error)
            kx_oplog_debug(targets[i].account, posts[i].path, "has got a message");
        clear_post(&posts[i]);
    }
    if (ok && !job.error && job.replaced.folder)
        kx_replaced_log(&job.replaced);
    kx_replaced_clear(&job.replaced);
    if (job.error) {
        g_propagate_error(error, job.error);
        return FALSE;
    }
    return ok;
}
