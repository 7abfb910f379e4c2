/* SPDX-License-Identifier: Apache-2.0 */
/* The table of messages that wait, by ID and by the time they are due. */
#include "base/error.h"
#include "flow/queue-private.h"

static gint compare_due(gconstpointer a, gconstpointer b, gpointer data G_GNUC_UNUSED)
{
    const KxQueueEntry *left = a, *right = b;
    if (left->due != right->due)
        return left->due < right->due ? -1 : 1;
    if (left->priority != right->priority)
        return left->priority > right->priority ? -1 : 1;
    return strcmp(left->id, right->id);
}

static void entry_free(gpointer data)
{
    KxQueueEntry *entry = data;
    kx_envelope_free(entry->envelope);
    g_clear_pointer(&entry->heads, g_hash_table_unref);
    kx_hold_clear(entry);
    g_clear_pointer(&entry->domains, g_ptr_array_unref);
    g_free(entry->wish_by);
    g_free(entry);
}

void kx_queue_entries_init(KxQueue *queue)
{
    queue->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    queue->by_due = g_tree_new_full(compare_due, NULL, NULL, NULL);
}

void kx_queue_entries_clear(KxQueue *queue)
{
    g_tree_unref(queue->by_due);
    g_hash_table_unref(queue->entries);
}

void kx_queue_schedule(KxQueue *queue, KxQueueEntry *entry, gint64 due)
{
    g_tree_remove(queue->by_due, entry);
    entry->due = entry->wish || entry->again ? 0 : due;
    entry->again = FALSE;
    entry->busy = FALSE;
    due = entry->due;
    if (due < G_MAXINT64)
        g_tree_insert(queue->by_due, entry, entry);
    pthread_cond_broadcast(&queue->changed);
}

static void set_busy(KxQueue *queue, KxQueueEntry *entry)
{
    g_tree_remove(queue->by_due, entry);
    entry->busy = TRUE;
    entry->state = KX_QUEUE_EXECUTING;
    entry->since = g_get_real_time() / G_USEC_PER_SEC;
}

void kx_queue_set_state(KxQueue *queue, const char *id, KxQueueState state)
{
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, id);
    if (entry)
        entry->state = state;
    pthread_mutex_unlock(&queue->lock);
}

static gint64 due_time(const KxEnvelope *envelope)
{
    gboolean waits = kx_envelope_count(envelope, KX_DUTY_QUEUED) > 0 && !envelope->held;
    return waits ? envelope->next_try : G_MAXINT64;
}

void kx_queue_put(KxQueue *queue, const KxEnvelope *envelope)
{
    GPtrArray *domains = kx_hold_domains(queue, envelope);
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, envelope->id);
    if (!entry) {
        entry = g_new0(KxQueueEntry, 1);
        g_strlcpy(entry->id, envelope->id, sizeof entry->id);
        entry->due = G_MAXINT64;
        g_hash_table_insert(queue->entries, entry->id, entry);
    }
    g_clear_pointer(&entry->domains, g_ptr_array_unref);
    entry->domains = domains;
    entry->held = envelope->held != 0;
    g_tree_remove(queue->by_due, entry); /* by what it is known by there */
    entry->release = envelope->release;
    entry->priority = kx_envelope_priority(envelope);
    kx_queue_schedule(queue, entry, due_time(envelope));
    pthread_mutex_unlock(&queue->lock);
}

gboolean kx_queue_claim(KxQueue *queue, const char *id, GError **error)
{
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, id);
    gboolean ok = entry && !entry->busy && entry->shipments == 0;
    if (!entry)
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no message %s in the queue", id);
    else if (!ok)
        kx_fail(error, KX_ERR_IN_USE, "message %s is being delivered, try again", id);
    else
        set_busy(queue, entry);
    pthread_mutex_unlock(&queue->lock);
    return ok;
}

void kx_queue_release(KxQueue *queue, const char *id, gboolean gone)
{
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, id);
    if (entry && gone) {
        g_tree_remove(queue->by_due, entry);
        g_hash_table_remove(queue->entries, id);
    } else if (entry) {
        kx_queue_schedule(queue, entry, entry->due);
    }
    pthread_mutex_unlock(&queue->lock);
}

static gboolean take_first(gpointer key, gpointer value, gpointer data)
{
    *(KxQueueEntry **)data = value;
    return TRUE;
}

KxQueueEntry *kx_queue_next_due(KxQueue *queue, gint64 now, gint64 *ret_due)
{
    KxQueueEntry *first = NULL;
    g_tree_foreach(queue->by_due, take_first, &first);
    *ret_due = first ? first->due : G_MAXINT64;
    if (!first || first->due > now)
        return NULL;
    set_busy(queue, first);
    return first;
}
