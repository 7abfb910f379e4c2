/* SPDX-License-Identifier: Apache-2.0 */
/* Shipments on their way: what is known of them, and what the courier answers. */
#include "flow/queue-private.h"

void kx_task_result_free(gpointer data)
{
    KxTaskResult *result = data;
    if (!result)
        return;
    g_free(result->status);
    g_free(result);
}

void kx_task_free(gpointer data)
{
    KxTask *task = data;
    g_free(task->shipment);
    g_array_unref(task->recipients);
    g_ptr_array_unref(task->results);
    g_free(task->status);
    g_free(task->host);
    g_free(task->ip);
    g_free(task->tls);
    g_free(task->id);
    g_free(task->sender);
    g_free(task->to);
    g_free(task);
}

/* ---- the entry of a shipment ---- */

/* One less; at the last the message is settled, unless it could not even be read. */
void kx_task_shipment_over(KxQueue *queue, KxShipment *shipment, gboolean tried,
                           gint64 put_off_until, const GError *error)
{
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, shipment->id);
    entry->shipments--;
    entry->tried |= tried;
    entry->put_off_until = MAX(entry->put_off_until, put_off_until);
    gboolean last = entry->shipments == 0;
    KxEnvelope *envelope = last ? g_steal_pointer(&entry->envelope) : NULL;
    gboolean any = entry->tried;
    gint64 until = entry->put_off_until;
    if (last) {
        g_clear_pointer(&entry->heads, g_hash_table_unref);
        entry->tried = FALSE;
        entry->put_off_until = 0;
    }
    pthread_mutex_unlock(&queue->lock);
    if (envelope)
        kx_queue_settle(queue, envelope, any, until);
    else if (last)
        kx_queue_postpone(queue, shipment->id, error);
    g_free(shipment);
}

/* Read if it is the message's first shipment. Entries that are claimed are the runner's own. */
KxEnvelope *kx_task_envelope(KxQueue *queue, const KxShipment *shipment, GError **error)
{
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, shipment->id);
    pthread_mutex_unlock(&queue->lock);
    if (!entry->envelope)
        entry->envelope = kx_queue_read(shipment->id, error);
    return entry->envelope;
}

/* ---- its end ---- */

/* While the content is made, the task is not given back: whoever makes it has it. */
void kx_task_end(KxQueue *queue, KxTask *task, guint code, const char *status)
{
    if (task->over)
        return;
    task->over = TRUE;
    task->code = code;
    g_free(task->status);
    task->status = g_strdup(status);
    g_hash_table_steal(queue->tasks, GUINT_TO_POINTER(task->number));
    if (!task->preparing)
        kx_task_give_back(queue, task);
}

void kx_task_give_back(KxQueue *queue, KxTask *task)
{
    g_queue_push_tail(&queue->over, task);
    pthread_cond_broadcast(&queue->changed);
}

/* ---- what the courier says ---- */

/* With the lock held. */
static void take_result(KxTask *task, const KxMsgMailResult *message)
{
    if (message->index >= task->results->len)
        return;
    KxTaskResult *result = g_new(KxTaskResult, 1);
    *result = (KxTaskResult){message->code, g_strdup(message->text), message->peer};
    kx_task_result_free(task->results->pdata[message->index]);
    task->results->pdata[message->index] = result;
}

void kx_queue_courier_message(KxQueue *queue, const KxMessage *message)
{
    pthread_mutex_lock(&queue->lock);
    KxTask *task = g_hash_table_lookup(queue->tasks, GUINT_TO_POINTER(message->session));
    if (task && message->type == KX_MSG_MAIL_RESULT) {
        take_result(task, &message->MAIL_RESULT);
    } else if (task && message->type == KX_MSG_MAIL_PROGRESS) {
        const KxMsgMailProgress *progress = &message->MAIL_PROGRESS;
        task->phase = progress->phase;
        task->percent = MIN(progress->percent, 100u);
        g_free(task->host);
        task->host = g_strdup(progress->host);
    } else if (task && message->type == KX_MSG_MAIL_END) {
        const KxMsgMailEnd *end = &message->MAIL_END;
        task->reached = end->reached != 0;
        task->needs_7bit = end->needs_7bit != 0;
        g_free(task->host);
        task->host = g_strdup(end->host);
        task->ip = g_strdup(end->ip);
        task->tls = g_strdup(end->tls);
        kx_task_end(queue, task, end->code ? end->code : 451,
                    *end->text ? end->text : "4.3.0 no server answered for this recipient");
    }
    pthread_mutex_unlock(&queue->lock);
}

void kx_queue_set_courier(KxQueue *queue, const KxQueueCourier *courier)
{
    pthread_mutex_lock(&queue->lock);
    queue->courier = courier ? *courier : (KxQueueCourier){0};
    g_autoptr(GList) tasks = g_hash_table_get_values(queue->tasks);
    for (GList *at = tasks; at; at = at->next)
        kx_task_end(queue, at->data, 0, "4.3.0 the process that sends mail was restarted");
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}

gboolean kx_queue_has_courier(KxQueue *queue)
{
    pthread_mutex_lock(&queue->lock);
    gboolean has = queue->courier.send != NULL;
    pthread_mutex_unlock(&queue->lock);
    return has;
}
