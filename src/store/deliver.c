/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery. Deliveries to one account queue up; the first in the queue becomes the leader and
 * commits all that are waiting, the others wait for their result.
 */
#include "base/error.h"
#include "store/deliver-private.h"

enum { BATCH_MAX = 256 };

/* What one thread waits for. */
struct KxTicket {
    KxTicket *next;
    KxPostJob *jobs;
    guint n;
    gconstpointer who; /* kx_store_act_for() */
    gboolean done;
    pthread_cond_t cond;
};

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
            const KxPostJob *job = &ticket->jobs[k];
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
    gboolean ok = kx_posts_commit(account, jobs, changed, error);
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

static gboolean init_post(KxPost *post, KxIncoming *incoming, KxDelivery *target, GError **error)
{
    *post = (KxPost){.incoming = incoming, .target = target};
    target->ret_uid = target->ret_uid_validity = 0;
    if (!check_target(target, error))
        return FALSE;
    post->path = kx_path_normalise(target->folder, NULL);
    return post->path ? TRUE
                      : kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", target->folder);
}

static void clear_post(KxPost *post)
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
    g_autofree KxPost *posts = g_new0(KxPost, n - first);
    g_autofree KxPostJob *jobs = g_new0(KxPostJob, n - first);
    KxTicket ticket = {.jobs = jobs};
    gboolean ok = TRUE;
    for (guint i = first; i < n; i++) {
        if (done[i] || targets[i].account != account)
            continue;
        done[i] = TRUE;
        KxPost *post = &posts[ticket.n];
        if (init_post(post, incoming, &targets[i], &targets[i].ret_error))
            jobs[ticket.n++] = (KxPostJob){.posts = post, .n = 1};
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
    g_autofree KxPost *posts = g_new0(KxPost, n);
    KxPostJob job = {.posts = posts, .n = n};
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
