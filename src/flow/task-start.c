/* SPDX-License-Identifier: Apache-2.0 */
/* Shipments become tasks: which recipients go together. */
#include "flow/queue-private.h"

enum { RECIPIENTS_MAX = 100, RECIPIENTS_SHOWN = 3 };

/* ---- its recipients ---- */

static gboolean goes_by(KxQueue *queue, const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt,
                        const KxRoute *route)
{
    if (!kx_envelope_rcpt_is_remote_due(rcpt) || rcpt->tried)
        return FALSE;
    pthread_mutex_lock(&queue->lock);
    gboolean same = kx_route_find(queue, envelope, rcpt) == route;
    pthread_mutex_unlock(&queue->lock);
    return same;
}

void kx_task_put_off(KxQueue *queue, KxShipment *shipment)
{
    g_autoptr(GError) error = NULL;
    KxEnvelope *envelope = kx_task_envelope(queue, shipment, &error);
    const KxRoute *route = shipment->route;
    for (guint i = 0; envelope && i < envelope->recipients->len; i++) {
        KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (!goes_by(queue, envelope, rcpt, route))
            continue;
        g_free(rcpt->status);
        rcpt->status = g_strdup(route->down_status);
    }
    kx_task_shipment_over(queue, shipment, FALSE, route->down_until, error);
}

static const char *sender_of(const KxEnvelope *envelope, guint recipient)
{
    return kx_envelope_sender_for(envelope, envelope->recipients->pdata[recipient]);
}

/* Of a transaction; they all have the same. */
static const char *common_sender(const KxEnvelope *envelope, const GArray *recipients)
{
    return recipients->len > 0 ? sender_of(envelope, g_array_index(recipients, guint, 0))
                               : envelope->sender;
}

static gboolean fits(const KxEnvelope *envelope, const GArray *recipients, guint recipient)
{
    return recipients->len == 0 ||
           (recipients->len < RECIPIENTS_MAX &&
            g_str_equal(sender_of(envelope, recipient), common_sender(envelope, recipients)));
}

static GArray *take_recipients(KxQueue *queue, KxEnvelope *envelope, KxShipment *shipment)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(guint));
    gboolean more = FALSE;
    for (guint i = 0; i < envelope->recipients->len && !more; i++) {
        KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (!goes_by(queue, envelope, rcpt, shipment->route))
            continue;
        more = !fits(envelope, list, i);
        if (more)
            break;
        rcpt->tried = TRUE;
        g_array_append_val(list, i);
    }
    if (!more)
        return list;
    KxShipment *rest = g_memdup2(shipment, sizeof *shipment);
    pthread_mutex_lock(&queue->lock);
    ((KxQueueEntry *)g_hash_table_lookup(queue->entries, shipment->id))->shipments++;
    kx_route_add(queue, rest);
    pthread_mutex_unlock(&queue->lock);
    return list;
}

/* ---- the task ---- */

static char *list_of(const KxEnvelope *envelope, const GArray *recipients)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < MIN(recipients->len, RECIPIENTS_SHOWN); i++) {
        const KxEnvelopeRcpt *rcpt =
            envelope->recipients->pdata[g_array_index(recipients, guint, i)];
        g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", rcpt->address);
    }
    if (recipients->len > RECIPIENTS_SHOWN)
        g_string_append_printf(out, " and %u more", recipients->len - RECIPIENTS_SHOWN);
    return g_string_free(out, FALSE);
}

static KxTask *new_task(KxQueue *queue, const KxEnvelope *envelope, KxShipment *shipment,
                        GArray *recipients)
{
    KxTask *task = g_new0(KxTask, 1);
    task->id = g_strdup(envelope->id);
    task->sender = g_strdup(common_sender(envelope, recipients));
    task->size = envelope->size;
    task->to = list_of(envelope, recipients);
    task->shipment = shipment;
    task->recipients = recipients;
    task->since = g_get_real_time() / G_USEC_PER_SEC;
    task->begun = g_get_monotonic_time();
    task->envelope = envelope;
    task->seven = shipment->route->seven;
    task->preparing = TRUE;
    task->results = g_ptr_array_new_with_free_func(kx_task_result_free);
    g_ptr_array_set_size(task->results, (int)recipients->len);
    pthread_mutex_lock(&queue->lock);
    task->number = ++queue->next_task;
    g_hash_table_insert(queue->tasks, GUINT_TO_POINTER(task->number), task);
    pthread_mutex_unlock(&queue->lock);
    return task;
}

void kx_task_start(KxQueue *queue, KxShipment *shipment)
{
    g_autoptr(GError) error = NULL;
    KxEnvelope *envelope = kx_task_envelope(queue, shipment, &error);
    if (!envelope || kx_envelope_is_too_late(envelope, g_get_real_time() / G_USEC_PER_SEC)) {
        pthread_mutex_lock(&queue->lock);
        kx_route_finished(queue, shipment->route);
        pthread_mutex_unlock(&queue->lock);
        kx_task_shipment_over(queue, shipment, FALSE, 0, error);
        return;
    }
    kx_task_prepare(
        queue, new_task(queue, envelope, shipment, take_recipients(queue, envelope, shipment)));
}
