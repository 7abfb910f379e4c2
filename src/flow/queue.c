/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/queue.h"

#include "base/error.h"
#include "base/fsutil.h"
#include "flow/queue-private.h"
#include "log/log-mail.h"

/* ---- life ---- */

KxQueue *kx_queue_open(KxStore *store, KxDirectory *directory, KxLogger *logger, GError **error)
{
    if (!kx_mkdir_durable(KX_QUEUE_DIR, error))
        return NULL;
    KxQueue *queue = g_new0(KxQueue, 1);
    queue->store = store;
    queue->directory = directory;
    queue->logger = logger;
    pthread_mutex_init(&queue->id_lock, NULL);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->changed, &clock);
    pthread_condattr_destroy(&clock);
    pthread_cond_init(&queue->prepares, NULL);
    g_queue_init(&queue->to_prepare);
    queue->keys = kx_dkim_keys_new();
    kx_queue_entries_init(queue);
    queue->routes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, kx_route_free);
    queue->tasks = g_hash_table_new_full(NULL, NULL, NULL, kx_task_free);
    g_queue_init(&queue->ready);
    g_queue_init(&queue->over);
    if (!kx_queue_read_counter(queue, error)) {
        kx_queue_close(queue);
        return NULL;
    }
    queue->offline = !kx_hop_online(queue->directory);
    kx_queue_scan(queue);
    return queue;
}

void kx_queue_start(KxQueue *queue)
{
    queue->runner = g_thread_new("queue", kx_queue_run, queue);
    for (guint i = 0; i < KX_PREPARERS; i++)
        queue->preparers[i] = g_thread_new("prepare", kx_task_work, queue);
}

void kx_queue_stop(KxQueue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->stopping = TRUE;
    pthread_cond_broadcast(&queue->changed);
    pthread_cond_broadcast(&queue->prepares);
    pthread_mutex_unlock(&queue->lock);
    if (!queue->runner)
        return;
    g_thread_join(g_steal_pointer(&queue->runner));
    for (guint i = 0; i < KX_PREPARERS; i++)
        g_thread_join(queue->preparers[i]);
}

void kx_queue_close(KxQueue *queue)
{
    if (!queue)
        return;
    kx_queue_stop(queue);
    KxTask *task;
    while ((task = g_queue_pop_head(&queue->to_prepare)))
        if (task->over)
            kx_task_free(task); /* the others are in `tasks` */
    g_queue_clear_full(&queue->over, kx_task_free);
    g_queue_clear(&queue->ready);
    g_hash_table_unref(queue->tasks);
    g_hash_table_unref(queue->routes);
    kx_queue_entries_clear(queue);
    kx_dkim_keys_free(queue->keys);
    pthread_cond_destroy(&queue->prepares);
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->lock);
    pthread_mutex_destroy(&queue->id_lock);
    g_free(queue);
}

void kx_queue_settings_changed(KxQueue *queue)
{
    gboolean online = kx_hop_online(queue->directory);
    pthread_mutex_lock(&queue->lock);
    gboolean go = online && queue->offline;
    queue->offline = !online;
    pthread_mutex_unlock(&queue->lock);
    if (go)
        kx_queue_run_now(queue);
}

/* ---- a message comes in ---- */

static void log_received(KxQueue *queue, const KxEnvelope *envelope)
{
    g_autoptr(GPtrArray) to = g_ptr_array_new();
    g_ptr_array_extend(to, envelope->given, NULL, NULL);
    g_ptr_array_add(to, NULL);
    KxLogMailRecv line = {
        .queue_id = envelope->id,
        .service = envelope->service,
        .from = envelope->sender,
        .to = (const char *const *)to->pdata,
        .size = envelope->size,
        .user = envelope->user,
        .sender_host = envelope->remote_ip,
        .secure = envelope->secure,
        .report = envelope->report,
    };
    kx_log_mail_recv(queue->logger, &line);
}

static void log_outcome(KxQueue *queue, const KxEnvelope *envelope)
{
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (rcpt->account && (rcpt->duty == KX_DUTY_DONE || rcpt->status))
            kx_queue_log_result(queue, envelope, rcpt);
        else
            kx_debug(queue->logger, KX_DEBUG_QUEUE, "%s waits in the queue for <%s>", envelope->id,
                     rcpt->address);
    }
}

static gboolean enqueue(KxQueue *queue, KxEnvelope *envelope, KxIncoming *incoming, GError **error)
{
    if (!kx_queue_write(envelope, incoming, error))
        return FALSE;
    kx_queue_put(queue, envelope);
    if (envelope->urgent)
        kx_hold_tell_urgent(queue);
    return TRUE;
}

/* What the sender wants to be sent later goes through the queue also to mailboxes here. */
static void hold_back(KxEnvelope *envelope)
{
    if (envelope->release <= g_get_real_time() / G_USEC_PER_SEC)
        return;
    envelope->next_try = envelope->release;
    for (guint i = 0; i < envelope->recipients->len; i++) {
        KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (rcpt->duty == KX_DUTY_NOW)
            rcpt->duty = KX_DUTY_QUEUED;
    }
}

gboolean kx_queue_accept(KxQueue *queue, KxEnvelope *envelope, KxIncoming *incoming, GError **error)
{
    g_autoptr(GError) problem = NULL;
    envelope->size = kx_incoming_size(incoming);
    hold_back(envelope);
    gboolean queued = kx_envelope_count(envelope, KX_DUTY_QUEUED) > 0;
    envelope->urgent =
        queued && envelope->release == 0 && kx_hold_is_urgent(queue, envelope, incoming);
    if (queued && !enqueue(queue, envelope, incoming, error))
        return FALSE;
    guint delivered = kx_queue_deliver(queue, envelope, KX_DUTY_NOW, incoming, &problem);
    if (problem && delivered == 0 && !queued) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (problem) {
        envelope->attempts = 1;
        envelope->next_try = kx_queue_next_try(queue, 1, envelope->created);
        if (!enqueue(queue, envelope, queued ? NULL : incoming, error)) {
            if (queued && kx_queue_claim(queue, envelope->id, NULL))
                kx_queue_release(queue, envelope->id, kx_queue_delete(envelope->id, NULL));
            return FALSE;
        }
    }
    log_received(queue, envelope);
    log_outcome(queue, envelope);
    kx_queue_report_success(queue, envelope, incoming);
    return TRUE;
}
