/* SPDX-License-Identifier: Apache-2.0 */
/* The queue's thread: tries mailboxes here again that could not be written to. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "flow/queue-private.h"

enum { PIECE = 64 * 1024 };

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

/* TRUE if the entry is gone: all is delivered. */
static gboolean try_message(KxQueue *queue, const char *id, GError **error)
{
    g_autoptr(KxEnvelope) envelope = kx_queue_read(id, error);
    g_autoptr(KxIncoming) incoming = envelope ? read_message(queue, id, error) : NULL;
    if (!incoming)
        return FALSE;
    kx_debug(queue->logger, KX_DEBUG_QUEUE, "%s is tried again, attempt %" G_GUINT64_FORMAT, id,
             envelope->attempts + 1);
    kx_queue_deliver(queue, envelope, KX_DUTY_QUEUED, incoming, NULL);
    envelope->attempts++;
    envelope->next_try =
        kx_queue_next_try(queue, envelope->attempts, g_get_real_time() / G_USEC_PER_SEC);
    gboolean gone = kx_envelope_count(envelope, KX_DUTY_QUEUED) == 0;
    gboolean ok = gone ? kx_queue_delete(id, error) : kx_queue_write(envelope, NULL, error);
    log_results(queue, envelope);
    if (ok && !gone)
        kx_queue_put(queue, envelope);
    return ok && gone;
}

/* With the lock held: claims a message that is due, or says how long there is none. */
static gboolean next_due(KxQueue *queue, char id[static KX_QUEUE_ID_SIZE], gint64 *ret_wait)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC, first = G_MAXINT64;
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, queue->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxQueueEntry *entry = value;
        if (entry->busy)
            continue;
        if (entry->due <= now) {
            entry->busy = TRUE;
            memcpy(id, entry->id, KX_QUEUE_ID_SIZE);
            return TRUE;
        }
        first = MIN(first, entry->due);
    }
    *ret_wait = MIN(first - now, (gint64)3600);
    return FALSE;
}

/* The entry could not even be worked on: it waits like after a failed delivery. */
static void postpone(KxQueue *queue, const char *id)
{
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, id);
    if (entry)
        entry->due = kx_queue_next_try(queue, 1, g_get_real_time() / G_USEC_PER_SEC);
    pthread_mutex_unlock(&queue->lock);
    kx_queue_release(queue, id, FALSE);
}

/* Waits for a change, at most so many seconds. */
static void sleep_for(KxQueue *queue, gint64 seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_cond_timedwait(&queue->changed, &queue->lock, &until);
}

gpointer kx_queue_run(gpointer data)
{
    KxQueue *queue = data;
    char id[KX_QUEUE_ID_SIZE];
    pthread_mutex_lock(&queue->lock);
    while (!queue->stopping) {
        gint64 wait = 0;
        if (!next_due(queue, id, &wait)) {
            sleep_for(queue, wait);
            continue;
        }
        pthread_mutex_unlock(&queue->lock);
        g_autoptr(GError) error = NULL;
        if (try_message(queue, id, &error)) {
            kx_queue_release(queue, id, TRUE);
        } else if (error) {
            kx_log(queue->logger, KX_LOG_ERROR, "queue: message %s: %s", id, error->message);
            postpone(queue, id);
        }
        pthread_mutex_lock(&queue->lock);
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}
