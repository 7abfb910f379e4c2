/* SPDX-License-Identifier: Apache-2.0 */
/* The queue's thread: begins rounds of attempts as they are due, and goes on with those on their
 * way. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "flow/queue-private.h"

enum { PIECE = 64 * 1024, SLEEP_MOST = 60 /* seconds */ };

/* The message as content for the store. */
static KxIncoming *read_message(KxQueue *queue, const char *id, GError **error)
{
    g_autofree char *path = kx_queue_path(id, ".eml");
    g_autoptr(KxIncoming) incoming = kx_incoming_new(queue->store, error);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (!incoming || fd < 0) {
        if (fd < 0 && incoming)
            kx_error_errno(error, "cannot open %s", path);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    g_autofree char *piece = g_malloc(PIECE);
    ssize_t n;
    gboolean ok = TRUE;
    while (ok && (n = read(fd, piece, PIECE)) != 0) {
        if (n > 0)
            ok = kx_incoming_write(incoming, piece, (size_t)n, error);
        else if (errno != EINTR)
            ok = kx_error_errno(error, "cannot read %s", path);
    }
    close(fd);
    return ok ? g_steal_pointer(&incoming) : NULL;
}

/* Logs what changed. */
static void log_results(KxQueue *queue, const KxEnvelope *envelope)
{
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (rcpt->tried)
            kx_queue_log_result(queue, envelope, rcpt);
    }
}

static gboolean has_local_due(const KxEnvelope *envelope)
{
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (kx_envelope_rcpt_is_due(rcpt) && rcpt->duty == KX_DUTY_QUEUED)
            return TRUE;
    }
    return FALSE;
}

/* Mailboxes here. FALSE: the message could not even be read. */
static gboolean try_local(KxQueue *queue, KxEnvelope *envelope, GError **error)
{
    if (!has_local_due(envelope))
        return TRUE;
    g_autoptr(KxIncoming) incoming = read_message(queue, envelope->id, error);
    if (!incoming)
        return FALSE;
    kx_debug(queue->logger, KX_DEBUG_QUEUE, "%s is tried again, attempt %" G_GUINT64_FORMAT,
             envelope->id, envelope->attempts + 1);
    kx_queue_set_state(queue, envelope->id, KX_QUEUE_LOCAL_DELIVERY);
    kx_queue_deliver(queue, envelope, KX_DUTY_QUEUED, incoming, NULL);
    log_results(queue, envelope);
    return TRUE;
}

void kx_queue_postpone(KxQueue *queue, const char *id, const GError *error)
{
    kx_log(queue->logger, KX_LOG_ERROR, "queue: message %s: %s", id, error->message);
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, id);
    if (entry)
        kx_queue_schedule(queue, entry,
                          kx_queue_next_try(queue, 1, g_get_real_time() / G_USEC_PER_SEC));
    pthread_mutex_unlock(&queue->lock);
}

/* What was delivered here is noted and told before anything else is begun: however that ends, it is
 * not delivered again. The envelope as written knows only who waits. */
static gboolean note_local(KxQueue *queue, KxEnvelope *envelope)
{
    gboolean noted = kx_queue_note(envelope, NULL);
    kx_queue_report_success(queue, envelope, NULL);
    return noted;
}

/* A message that is due, and claimed. */
static void begin_round(KxQueue *queue, const char *id)
{
    g_autoptr(GError) error = NULL;
    if (kx_queue_take_wish(queue, id))
        return;
    g_autoptr(KxEnvelope) envelope = kx_queue_read(id, &error);
    if (envelope && kx_envelope_is_too_late(envelope, g_get_real_time() / G_USEC_PER_SEC)) {
        kx_queue_settle(queue, g_steal_pointer(&envelope), FALSE, 0);
        return;
    }
    gboolean local = envelope && has_local_due(envelope);
    if (!envelope || !try_local(queue, envelope, &error))
        kx_queue_postpone(queue, id, error);
    else if ((local && kx_queue_has_remote(envelope) && !note_local(queue, envelope)) ||
             !kx_queue_ship(queue, envelope))
        kx_queue_settle(queue, g_steal_pointer(&envelope), local, 0);
}

static void go_on_with(KxQueue *queue, KxShipment *shipment, gint64 now)
{
    if (shipment->route->down_until > now)
        kx_task_put_off(queue, shipment);
    else
        kx_task_start(queue, shipment);
}

/* One piece of work, if there is any, without the lock. What is over comes first: it makes room. */
static gboolean do_some(KxQueue *queue, gint64 now, gint64 *ret_due)
{
    KxTask *task = g_queue_pop_head(&queue->over);
    KxShipment *shipment = !task && queue->courier.send ? kx_route_take(queue, now) : NULL;
    KxQueueEntry *entry = !task && !shipment ? kx_queue_next_due(queue, now, ret_due) : NULL;
    char id[KX_QUEUE_ID_SIZE] = "";
    if (entry)
        memcpy(id, entry->id, sizeof id);
    if (!task && !shipment && !entry)
        return FALSE;
    pthread_mutex_unlock(&queue->lock);
    if (task)
        kx_task_settle(queue, task);
    else if (shipment)
        go_on_with(queue, shipment, now);
    else
        begin_round(queue, id);
    pthread_mutex_lock(&queue->lock);
    return TRUE;
}

/* Waits for a change, at most so many seconds; that a task has become one that only waits is none,
 * so this is looked at each second. */
static void sleep_for(KxQueue *queue, gint64 seconds)
{
    if (queue->ready.length > 0 && g_hash_table_size(queue->tasks) > 0)
        seconds = 1;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += CLAMP(seconds, 1, SLEEP_MOST);
    pthread_cond_timedwait(&queue->changed, &queue->lock, &until);
}

gpointer kx_queue_run(gpointer data)
{
    KxQueue *queue = data;
    gint64 swept = 0;
    pthread_mutex_lock(&queue->lock);
    while (!queue->stopping) {
        gint64 due = G_MAXINT64, now = g_get_real_time() / G_USEC_PER_SEC;
        if (do_some(queue, now, &due))
            continue;
        if (now - swept >= SLEEP_MOST) {
            kx_route_sweep(queue, now);
            swept = now;
        }
        sleep_for(queue, due < G_MAXINT64 ? due - now : SLEEP_MOST);
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}
