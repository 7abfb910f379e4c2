/* SPDX-License-Identifier: Apache-2.0 */
#include "core/workers.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "core/session-private.h"
#include "ipc/channel.h"

/* Threads for each edge: enough that some may wait for disks while others answer from memory. */
enum { THREADS = 16 };

/* Those that wait for directories, fewer than the courier answers at a time; and of them for one.
 */
enum { ASKERS = 16, ASKERS_OF_ONE = 4 };

static GHashTable *new_table(void)
{
    return g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)kx_session_unref);
}

/* ---- life of channels ---- */

KxEdgeChannel *kx_edge_channel_ref(KxEdgeChannel *channel)
{
    g_atomic_int_inc(&channel->refs);
    return channel;
}

void kx_edge_channel_unref(KxEdgeChannel *channel)
{
    if (!g_atomic_int_dec_and_test(&channel->refs))
        return;
    close(channel->fd);
    g_hash_table_unref(channel->sessions);
    kx_mutex_clear(&channel->lock);
    g_free(channel);
}

/* The edge is gone and no thread serves it any more. */
static void end_channel(KxEdgeChannel *channel)
{
    KxWorkers *workers = channel->workers;
    g_autoptr(GHashTable) sessions = NULL;
    kx_mutex_lock(&channel->lock); /* kx_workers_sessions() may look at it */
    sessions = g_steal_pointer(&channel->sessions);
    channel->sessions = new_table();
    kx_mutex_unlock(&channel->lock);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, sessions);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxSession *session = value;
        kx_mutex_lock(&session->lock);
        kx_session_end(session);
        kx_mutex_unlock(&session->lock);
    }
    g_hash_table_remove_all(sessions);
    kx_mutex_lock(&workers->lock);
    if (workers->edges[channel->index] == channel)
        workers->edges[channel->index] = NULL;
    kx_edge_channel_unref(channel);
    workers->channels--;
    kx_cond_broadcast(&workers->idle);
    kx_mutex_unlock(&workers->lock);
}

static KxSession *find_session(KxEdgeChannel *channel, guint32 id)
{
    kx_mutex_lock(&channel->lock);
    KxSession *session = g_hash_table_lookup(channel->sessions, GUINT_TO_POINTER(id));
    if (session)
        kx_session_ref(session);
    kx_mutex_unlock(&channel->lock);
    return session;
}

/* ---- locking a session ---- */

/* Whatever became due while the lock was held is done by its holder after it has let go: before, it
 * could miss what becomes due in between. */
static void unlock_session(KxSession *session)
{
    gboolean busy = session->step || session->checking;
    kx_mutex_unlock(&session->lock);
    if (!busy && g_atomic_int_compare_and_exchange(&session->missed, 1, 0))
        kx_session_poke(session);
    if (g_atomic_int_get(&session->closing) && kx_mutex_trylock(&session->lock)) {
        kx_session_end(session);
        kx_mutex_unlock(&session->lock);
    }
}

static void begin(KxSession *session, gboolean request)
{
    session->settings = kx_directory_settings(kx_session_core(session)->directory);
    session->requested = request;
    session->pushing = !request;
    session->sent = 0;
}

static void finish(KxSession *session)
{
    g_clear_pointer(&session->settings, kx_settings_unref);
    session->pushing = FALSE;
    if (session->out.len == 0)
        kx_buf_free(&session->out); /* idle sessions keep no buffer */
}

/* ---- messages ---- */

static guint resume(KxSession *session, KxSlice ticket)
{
    KxEdgeChannel *channel = session->channel;
    KxTicketBinding binding = {channel->index, session->id, session->service_id};
    g_autofree char *login = NULL;
    g_autoptr(GBytes) state = NULL;
    gint64 issued;
    if (!kx_ticket_open(channel->workers->key, &binding, ticket.data, ticket.len, &login, &issued,
                        &state))
        return KX_SESSION_REFUSED;
    KxUser *user = kx_user_get(kx_session_core(session)->directory, login, NULL);
    if (!user || user->disabled) {
        kx_user_free(user);
        return KX_SESSION_REFUSED;
    }
    kx_session_set_user(session, user, issued);
    size_t len;
    const void *bytes = g_bytes_get_data(state, &len);
    session->state_changed = FALSE; /* the edge has it */
    return session->handler->resume(session, bytes, len) ? KX_SESSION_RESUMED : KX_SESSION_REFUSED;
}

static gboolean open_session(KxEdgeChannel *channel, const KxMessage *message)
{
    const KxMsgSessionOpen *open = &message->SESSION_OPEN;
    if (open->service >= KX_SERVICE_COUNT || message->session == 0)
        return FALSE;
    KxSession *session = kx_session_new(channel, message->session, open);
    kx_mutex_lock(&session->lock);
    kx_mutex_lock(&channel->lock);
    gboolean fresh = !g_hash_table_contains(channel->sessions, GUINT_TO_POINTER(session->id));
    if (fresh)
        g_hash_table_insert(channel->sessions, GUINT_TO_POINTER(session->id),
                            kx_session_ref(session));
    kx_mutex_unlock(&channel->lock);
    if (fresh) {
        begin(session, TRUE);
        guint state = open->ticket.len > 0 ? resume(session, open->ticket) : KX_SESSION_NEW;
        finish(session);
        kx_session_send(session, KX_MSG_SESSION_READY, &(KxMsgSessionReady){state});
    }
    unlock_session(session);
    kx_session_unref(session);
    return fresh;
}

static void close_session(KxEdgeChannel *channel, guint32 id)
{
    KxSession *session = find_session(channel, id);
    if (!session)
        return;
    kx_mutex_lock(&channel->lock);
    g_hash_table_remove(channel->sessions, GUINT_TO_POINTER(id));
    kx_mutex_unlock(&channel->lock);
    g_atomic_int_set(&session->closing, 1);
    if (kx_mutex_trylock(&session->lock))
        unlock_session(session);
    kx_session_unref(session);
}

/* An account may be removed or disabled while it is signed in, or what it signed in with may be
 * removed: that ends its sessions at the next thing they do, or when they are poked. */
static gboolean is_welcome(KxSession *session)
{
    if (!session->user)
        return TRUE;
    KxDirectory *directory = kx_session_core(session)->directory;
    g_autoptr(KxUser) now = kx_user_get(directory, session->login, NULL);
    return now && !now->disabled && now->id == session->user->id &&
           (session->issued == 0 || kx_issued_holds(directory, session->issued));
}

/* What has come of a request so far. */
static void conclude(KxSession *session)
{
    kx_session_run_cursor(session);
    if (session->requested && !session->step && !session->checking &&
        !g_atomic_int_get(&session->closing))
        g_error("%s left a request unanswered", session->handler->name);
    finish(session);
}

/* A request of a session; FALSE if the edge breaks the rules. */
static gboolean request(KxSession *session, const KxMessage *message)
{
    gboolean more = message->type == KX_MSG_MORE;
    if (session->closed)
        return TRUE; /* it crossed with the close */
    if (more != (session->step != NULL) || session->checking)
        return FALSE;
    if (message->type == KX_MSG_COMMAND && !session->user)
        return FALSE;
    begin(session, TRUE);
    if (!more && !is_welcome(session))
        kx_session_kick(session, session->handler->goodbye);
    else if (message->type == KX_MSG_SASL)
        kx_sasl_step(session, &message->SASL);
    else if (!more)
        session->handler->message(session, message);
    conclude(session);
    return TRUE;
}

/* A checker goes on with a sign-in, unless the client has gone meanwhile. */
static void check(KxSession *session)
{
    kx_mutex_lock(&session->lock);
    session->checking = FALSE;
    if (!session->closed && !g_atomic_int_get(&session->closing)) {
        begin(session, TRUE);
        kx_sasl_check(session);
        conclude(session);
    }
    unlock_session(session);
    kx_session_unref(session);
}

/* The client has read what was pushed; no request. */
static void drained(KxEdgeChannel *channel, guint32 id)
{
    KxSession *session = find_session(channel, id);
    if (!session)
        return;
    kx_mutex_lock(&session->lock);
    session->pushed = 0;
    session->asked = FALSE;
    unlock_session(session);
    kx_session_poke(session); /* it may have waited for this */
    kx_session_unref(session);
}

static gboolean session_message(KxEdgeChannel *channel, const KxMessage *message)
{
    if (message->type == KX_MSG_SESSION_OPEN)
        return open_session(channel, message);
    if (message->type == KX_MSG_SESSION_CLOSE) {
        close_session(channel, message->session);
        return TRUE;
    }
    if (message->type == KX_MSG_DRAINED) {
        drained(channel, message->session);
        return TRUE;
    }
    KxSession *session = find_session(channel, message->session);
    if (!session)
        return TRUE;
    gint64 start = g_get_monotonic_time();
    kx_mutex_lock(&session->lock);
    gboolean ok = request(session, message);
    kx_debug(channel->workers->core->logger, KX_DEBUG_THREAD_POOL,
             "A worker of edge %u served %s for %s in %" G_GINT64_FORMAT " us", channel->index,
             session->handler->name, session->remote_ip, g_get_monotonic_time() - start);
    unlock_session(session);
    kx_session_unref(session);
    return ok;
}

static gboolean handle(KxEdgeChannel *channel, const KxMessage *message)
{
    if (message->session != 0 || message->type == KX_MSG_SESSION_OPEN)
        return session_message(channel, message);
    channel->workers->other(channel->workers->data, channel->index, message);
    return TRUE;
}

static gpointer work(gpointer data)
{
    KxEdgeChannel *channel = data;
    g_autofree char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    KxLogger *logger = channel->workers->core->logger;
    kx_debug(logger, KX_DEBUG_THREAD_POOL, "A worker of edge %u starts", channel->index);
    for (;;) {
        KxMessage message;
        g_autoptr(GError) error = NULL;
        KxReceived got =
            kx_channel_receive(channel->fd, KX_ROLE_EDGE, KX_ROLE_CORE, buffer, &message, &error);
        if (got == KX_RECEIVED && handle(channel, &message))
            continue;
        if (got != KX_RECEIVE_CLOSED)
            kx_log(channel->workers->core->logger, KX_LOG_ERROR, "edge %u is dropped: %s",
                   channel->index, error ? error->message : "it sent a message out of order");
        shutdown(channel->fd, SHUT_RDWR); /* wakes the other threads */
        break;
    }
    kx_debug(logger, KX_DEBUG_THREAD_POOL, "A worker of edge %u ends", channel->index);
    if (g_atomic_int_dec_and_test(&channel->threads))
        end_channel(channel);
    return NULL;
}

/* ---- notifications ---- */

void kx_poked_push(KxPoked *poked, KxSession *session)
{
    kx_mutex_lock(&poked->lock);
    g_queue_push_tail(&poked->sessions, session);
    kx_cond_signal(&poked->some);
    kx_mutex_unlock(&poked->lock);
}

/* NULL at the end, when all are taken. */
static KxSession *pop_poked(KxPoked *poked)
{
    kx_mutex_lock(&poked->lock);
    while (g_queue_is_empty(&poked->sessions) && !poked->end)
        kx_cond_wait(&poked->some, &poked->lock);
    KxSession *session = g_queue_pop_head(&poked->sessions);
    kx_mutex_unlock(&poked->lock);
    return session;
}

static void notify_locked(KxSession *session)
{
    if (session->step || session->checking) { /* it is told at the end of its command */
        g_atomic_int_set(&session->missed, 1);
        return;
    }
    gboolean welcome = is_welcome(session);
    if (session->closed || g_atomic_int_get(&session->closing) ||
        (welcome && !session->handler->notify))
        return;
    begin(session, FALSE);
    if (welcome)
        session->handler->notify(session);
    else
        kx_session_kick(session, session->handler->goodbye);
    kx_session_flush(session, 0, 0);
    finish(session);
}

/* Never waits for a busy session, which would keep others waiting: whoever works for it sees that
 * it was missed. */
static void notify(KxSession *session)
{
    g_atomic_int_set(&session->poked, 0);
    gboolean locked = kx_mutex_trylock(&session->lock);
    if (!locked) {
        g_atomic_int_set(&session->missed, 1);
        locked = kx_mutex_trylock(&session->lock); /* it may have been let go of just before */
        if (locked)
            g_atomic_int_set(&session->missed, 0);
    }
    if (locked) {
        notify_locked(session);
        unlock_session(session);
    }
    kx_session_unref(session);
}

static gpointer run_notifier(gpointer data)
{
    KxWorkers *workers = data;
    KxSession *session;
    while ((session = pop_poked(&workers->poked)))
        notify(session);
    return NULL;
}

/* ---- life ---- */

KxWorkers *kx_workers_new(KxCore *core, const KxHandler *const *handlers, const guint8 *key,
                          KxEdgeMessage other, gpointer data)
{
    KxWorkers *workers = g_new0(KxWorkers, 1);
    workers->core = core;
    workers->handlers = handlers;
    memcpy(workers->key, key, sizeof workers->key);
    workers->other = other;
    workers->data = data;
    kx_mutex_init(&workers->lock);
    kx_cond_init(&workers->idle);
    kx_mutex_init(&workers->poked.lock);
    kx_cond_init(&workers->poked.some);
    g_queue_init(&workers->poked.sessions);
    for (int i = 0; i < KX_NOTIFIERS; i++)
        workers->notifiers[i] = g_thread_new("notify", run_notifier, workers);
    workers->known = kx_recent_logins_new();
    guint processors = g_get_num_processors();
    workers->checkers = kx_checkers_new(check, processors, processors);
    workers->askers = kx_checkers_new(check, ASKERS, ASKERS_OF_ONE);
    return workers;
}

void kx_workers_add_edge(KxWorkers *workers, guint index, int fd)
{
    g_assert(index < G_N_ELEMENTS(workers->edges));
    KxEdgeChannel *channel = g_new0(KxEdgeChannel, 1);
    channel->refs = 1;
    channel->workers = workers;
    channel->index = index;
    channel->fd = fd;
    channel->threads = THREADS;
    kx_mutex_init(&channel->lock);
    channel->sessions = new_table();
    kx_mutex_lock(&workers->lock);
    if (workers->edges[index])
        shutdown(workers->edges[index]->fd, SHUT_RDWR);
    workers->edges[index] = channel;
    workers->channels++;
    kx_mutex_unlock(&workers->lock);
    for (int i = 0; i < THREADS; i++)
        g_thread_unref(g_thread_new("worker", work, channel));
}

void kx_workers_broadcast(KxWorkers *workers, KxMessageType type, const void *body)
{
    kx_mutex_lock(&workers->lock);
    for (guint i = 0; i < G_N_ELEMENTS(workers->edges); i++)
        if (workers->edges[i])
            kx_channel_send(workers->edges[i]->fd, type, 0, body, -1);
    kx_mutex_unlock(&workers->lock);
}

void kx_workers_poke(KxWorkers *workers)
{
    kx_mutex_lock(&workers->lock);
    for (guint i = 0; i < G_N_ELEMENTS(workers->edges); i++) {
        KxEdgeChannel *channel = workers->edges[i];
        if (!channel)
            continue;
        GHashTableIter iter;
        gpointer session;
        kx_mutex_lock(&channel->lock);
        g_hash_table_iter_init(&iter, channel->sessions);
        while (g_hash_table_iter_next(&iter, NULL, &session))
            kx_session_poke(session);
        kx_mutex_unlock(&channel->lock);
    }
    kx_mutex_unlock(&workers->lock);
}

void kx_workers_free(KxWorkers *workers)
{
    if (!workers)
        return;
    kx_mutex_lock(&workers->lock);
    for (guint i = 0; i < G_N_ELEMENTS(workers->edges); i++)
        if (workers->edges[i])
            shutdown(workers->edges[i]->fd, SHUT_RD);
    while (workers->channels > 0)
        kx_cond_wait(&workers->idle, &workers->lock);
    kx_mutex_unlock(&workers->lock);
    kx_checkers_free(workers->checkers);
    kx_checkers_free(workers->askers);
    kx_recent_logins_free(workers->known);
    kx_mutex_lock(&workers->poked.lock);
    workers->poked.end = TRUE;
    kx_cond_broadcast(&workers->poked.some);
    kx_mutex_unlock(&workers->poked.lock);
    for (int i = 0; i < KX_NOTIFIERS; i++)
        g_thread_join(workers->notifiers[i]);
    kx_mutex_clear(&workers->poked.lock);
    kx_cond_clear(&workers->poked.some);
    explicit_bzero(workers->key, sizeof workers->key);
    kx_mutex_clear(&workers->lock);
    kx_cond_clear(&workers->idle);
    g_free(workers);
}

/* ---- status ---- */

static void session_info_free(KxSessionInfo *info)
{
    g_free(info->remote_ip);
    g_free(info->login);
    g_free(info);
}

static void collect(KxEdgeChannel *channel, GPtrArray *list)
{
    GHashTableIter iter;
    gpointer value;
    kx_mutex_lock(&channel->lock);
    g_hash_table_iter_init(&iter, channel->sessions);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxSession *session = value;
        KxSessionInfo *info = g_new0(KxSessionInfo, 1);
        info->service = session->service_id;
        info->remote_ip = g_strdup(session->remote_ip);
        info->since = session->since;
        if (kx_mutex_trylock(&session->lock)) {
            info->login = g_strdup(session->login);
            kx_mutex_unlock(&session->lock);
        }
        g_ptr_array_add(list, info);
    }
    kx_mutex_unlock(&channel->lock);
}

GPtrArray *kx_workers_sessions(KxWorkers *workers)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)session_info_free);
    kx_mutex_lock(&workers->lock);
    for (guint i = 0; i < G_N_ELEMENTS(workers->edges); i++)
        if (workers->edges[i])
            collect(workers->edges[i], list);
    kx_mutex_unlock(&workers->lock);
    return list;
}
