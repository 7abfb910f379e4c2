/* SPDX-License-Identifier: Apache-2.0 */
/* What became of shipments, for their recipients and their message. */
#include "base/error.h"
#include "flow/queue-private.h"

enum { NO_COURIER = 2 /* seconds until it is tried again */ };

static void settle_recipient(KxQueue *queue, const KxEnvelope *envelope, KxEnvelopeRcpt *rcpt,
                             guint code, const char *status)
{
    gboolean done = code / 100 == 2;
    g_free(rcpt->status);
    rcpt->status = done ? NULL : g_strdup(status);
    rcpt->duty = done ? KX_DUTY_DONE : KX_DUTY_QUEUED;
    kx_queue_log_result(queue, envelope, rcpt);
}

/* Each server tells, if that was asked for; and who gives it to one that cannot tell whether it was
 * late says that much (RFC 2852 section 4). */
static gboolean is_traced(const KxEnvelope *envelope, guint peer)
{
    return (envelope->flags & KX_SMTP_BY_TRACE) ||
           ((envelope->flags & KX_SMTP_BY_NOTIFY) && !(peer & KX_PEER_DELIVERBY));
}

/* TRUE if the server took a position on some recipient. */
static gboolean settle_recipients(KxQueue *queue, KxEnvelope *envelope, const KxTask *task)
{
    gboolean any = FALSE;
    for (guint i = 0; i < task->recipients->len; i++) {
        KxEnvelopeRcpt *rcpt =
            envelope->recipients->pdata[g_array_index(task->recipients, guint, i)];
        const KxTaskResult *result = task->results->pdata[i];
        any |= result != NULL;
        if (task->code == 0 && !result) {
            rcpt->tried = FALSE; /* nobody tried */
            continue;
        }
        g_free(rcpt->remote);
        rcpt->remote = task->host && *task->host ? g_strdup(task->host) : NULL;
        rcpt->reply = result ? result->code : 0;
        rcpt->passed = result && (result->peer & KX_PEER_DSN);
        rcpt->traced = result && is_traced(envelope, result->peer);
        settle_recipient(queue, envelope, rcpt, result ? result->code : task->code,
                         result ? result->status : task->status);
    }
    return any;
}

static gboolean is_last_shipment(KxQueue *queue, const char *id)
{
    pthread_mutex_lock(&queue->lock);
    const KxQueueEntry *entry = g_hash_table_lookup(queue->entries, id);
    gboolean last = entry->shipments == 1;
    pthread_mutex_unlock(&queue->lock);
    return last;
}

/* Who has it by now is told of and noted, as the other servers may take hours: however that ends,
 * nobody gets it again. After the last shipment all of it is written anew. */
static void note_done(KxQueue *queue, KxEnvelope *envelope, const KxTask *task)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < task->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt =
            envelope->recipients->pdata[g_array_index(task->recipients, guint, i)];
        if (rcpt->duty == KX_DUTY_DONE)
            g_array_append_val(places, rcpt->place);
    }
    if (places->len == 0 || is_last_shipment(queue, envelope->id))
        return;
    kx_queue_report_success(queue, envelope, NULL);
    if (!kx_queue_note_done(envelope->id, places, &error))
        kx_log(queue->logger, KX_LOG_ERROR, "queue: message %s: %s", envelope->id, error->message);
}

/* It is begun again at once, in the form that these servers take. */
static void begin_anew(KxQueue *queue, KxTask *task, KxEnvelope *envelope)
{
    KxShipment *shipment = g_steal_pointer(&task->shipment);
    for (guint i = 0; i < task->recipients->len; i++) {
        KxEnvelopeRcpt *rcpt =
            envelope->recipients->pdata[g_array_index(task->recipients, guint, i)];
        rcpt->tried = FALSE;
    }
    pthread_mutex_lock(&queue->lock);
    shipment->route->seven = TRUE;
    kx_route_finished(queue, shipment->route);
    kx_route_add(queue, shipment);
    pthread_mutex_unlock(&queue->lock);
    kx_debug(queue->logger, KX_DEBUG_QUEUE, "%s is converted to 7bit for %s", envelope->id,
             task->host ? task->host : "");
    kx_task_free(task);
}

void kx_task_settle(KxQueue *queue, KxTask *task)
{
    KxEnvelope *envelope = kx_task_envelope(queue, task->shipment, NULL); /* read since the start */
    if (task->needs_7bit) {
        begin_anew(queue, task, envelope);
        return;
    }
    KxShipment *shipment = g_steal_pointer(&task->shipment);
    KxRoute *route = shipment->route;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    gboolean answered = settle_recipients(queue, envelope, task);
    note_done(queue, envelope, task);
    gboolean tried = task->code != 0 || answered;
    pthread_mutex_lock(&queue->lock);
    if (answered)
        kx_route_succeeded(queue, route);
    else if (tried && task->code / 100 == 4)
        kx_route_failed(queue, route, task->status, now);
    kx_route_finished(queue, route);
    pthread_mutex_unlock(&queue->lock);
    kx_debug(queue->logger, KX_DEBUG_QUEUE, "%s to %s: %s %s %s", envelope->id, route->hop.host,
             task->host ? task->host : "", task->tls ? task->tls : "",
             task->status ? task->status : "");
    kx_task_free(task);
    kx_task_shipment_over(queue, shipment, tried, tried ? 0 : now + NO_COURIER, NULL);
}
