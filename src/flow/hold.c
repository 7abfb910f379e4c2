/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail that waits for more than its time: for a connection (NET-03), for the schedule or for the
 * ETRN command of a forward host (DOM-34). What may go although it is held is noted at the entry of
 * its message until the next round begins.
 */
#include "base/error.h"
#include "flow/queue-private.h"
#include "mime/priority.h"

enum { DOMAINS_MAX = 100 }; /* of one message that are known to wait; it is asked for by these */

/* ---- which mail it is ---- */

static gboolean has_text(const GPtrArray *texts, const char *text)
{
    for (guint i = 0; texts && text && i < texts->len; i++)
        if (g_str_equal(texts->pdata[i], text))
            return TRUE;
    return FALSE;
}

GPtrArray *kx_hold_domains(KxQueue *queue, const KxEnvelope *envelope)
{
    GPtrArray *domains = NULL;
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        g_auto(KxHop) hop = {0};
        const char *at = strrchr(rcpt->address, '@');
        if (!at || !kx_envelope_rcpt_is_remote_due(rcpt) || has_text(domains, at + 1) ||
            !kx_hop_forward(queue->directory, at + 1, &hop))
            continue;
        if (!domains)
            domains = g_ptr_array_new_with_free_func((GDestroyNotify)g_ref_string_release);
        if (domains->len < DOMAINS_MAX)
            g_ptr_array_add(domains, g_ref_string_new_intern(hop.name));
    }
    return domains;
}

gboolean kx_hold_may_go(const KxQueueEntry *entry, const KxHop *hop, gboolean online)
{
    if ((entry->asked & KX_ASKED_ALL) || has_text(entry->asked_for, hop->name))
        return TRUE;
    if (hop->mode == KX_FORWARD_ETRN)
        return FALSE;
    return (entry->asked & KX_ASKED_SCHEDULE) || (online && hop->mode == KX_FORWARD_ONLINE);
}

gboolean kx_hold_any_goes(KxQueue *queue, const KxEnvelope *envelope)
{
    gboolean goes = FALSE, online = kx_hop_online(queue->directory);
    for (guint i = 0; online && !goes && i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        g_auto(KxHop) hop = {0};
        if (!kx_envelope_rcpt_is_remote_due(rcpt))
            continue;
        kx_hop_find(queue->directory, kx_envelope_sender_for(envelope, rcpt), rcpt->address, &hop);
        goes = hop.mode == KX_FORWARD_ONLINE;
    }
    return goes;
}

void kx_hold_clear(KxQueueEntry *entry)
{
    entry->asked = 0;
    entry->again = FALSE;
    g_clear_pointer(&entry->asked_for, g_ptr_array_unref);
}

/* ---- what does not wait for the schedule ---- */

static gboolean any_by_schedule(KxQueue *queue, const KxEnvelope *envelope)
{
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        g_auto(KxHop) hop = {0};
        if (!kx_envelope_rcpt_is_remote_due(rcpt))
            continue;
        kx_hop_find(queue->directory, kx_envelope_sender_for(envelope, rcpt), rcpt->address, &hop);
        if (hop.mode != KX_FORWARD_ETRN)
            return TRUE;
    }
    return FALSE;
}

/* One that cannot be read is not urgent: it is the disk's trouble, and the caller meets it. */
static gboolean says_urgent(KxIncoming *incoming)
{
    const char *data;
    size_t len;
    return kx_incoming_map(incoming, &data, &len, NULL) && kx_priority_is_high(data, len);
}

gboolean kx_hold_is_urgent(KxQueue *queue, const KxEnvelope *envelope, KxIncoming *incoming)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(queue->directory);
    const char *which = kx_settings_text(settings, KX_SET_INTERNET_PRIORITY);
    if (g_str_equal(which, "off") || kx_hop_online(queue->directory))
        return FALSE;
    return any_by_schedule(queue, envelope) && (g_str_equal(which, "any") || says_urgent(incoming));
}

void kx_hold_tell_urgent(KxQueue *queue)
{
    pthread_mutex_lock(&queue->lock);
    if (queue->urgent)
        queue->urgent(queue->urgent_data);
    pthread_mutex_unlock(&queue->lock);
}

void kx_queue_on_urgent(KxQueue *queue, KxQueueUrgent urgent, gpointer data)
{
    pthread_mutex_lock(&queue->lock);
    queue->urgent = urgent;
    queue->urgent_data = data;
    if (urgent && queue->urgent_waits)
        urgent(data);
    queue->urgent_waits = FALSE;
    pthread_mutex_unlock(&queue->lock);
}

/* ---- asking for it ---- */

/* With the lock held. Those on their way are; those an administrator stopped stay. Of one that is
 * being looked at nobody knows whether it is too late for this look: if so there is another. */
static guint ask(KxQueue *queue, KxQueueEntry *entry, guint flag, const char *domain)
{
    if (entry->held)
        return 0;
    if (entry->shipments > 0)
        return domain ? 1 : 0;
    entry->asked |= flag;
    if (domain && !entry->asked_for)
        entry->asked_for = g_ptr_array_new_with_free_func((GDestroyNotify)g_ref_string_release);
    if (domain && !has_text(entry->asked_for, domain))
        g_ptr_array_add(entry->asked_for, g_ref_string_new_intern(domain));
    entry->again = entry->busy;
    if (!entry->busy)
        kx_queue_schedule(queue, entry, 0);
    return 1;
}

/* With the lock held; `domain` NULL: all. */
static void revive_routes(KxQueue *queue, const char *domain)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, queue->routes);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxRoute *route = value;
        if (!domain || g_strcmp0(route->hop.name, domain) == 0)
            route->down_until = 0;
    }
}

/* With the lock held. */
static guint ask_all(KxQueue *queue, guint flag, const char *domain)
{
    GHashTableIter iter;
    gpointer value;
    guint n = 0;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_hash_table_iter_init(&iter, queue->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxQueueEntry *entry = value;
        if (entry->release <= now && (!domain || has_text(entry->domains, domain)))
            n += ask(queue, entry, flag, domain);
    }
    revive_routes(queue, domain);
    return n;
}

gboolean kx_queue_ask(KxQueue *queue, KxQueueEntry *entry)
{
    revive_routes(queue, NULL);
    return ask(queue, entry, KX_ASKED_ALL, NULL) > 0;
}

guint kx_queue_run_now(KxQueue *queue)
{
    pthread_mutex_lock(&queue->lock);
    guint n = ask_all(queue, KX_ASKED_ALL, NULL);
    pthread_mutex_unlock(&queue->lock);
    return n;
}

guint kx_queue_run_scheduled(KxQueue *queue)
{
    pthread_mutex_lock(&queue->lock);
    guint n = ask_all(queue, KX_ASKED_SCHEDULE, NULL);
    pthread_mutex_unlock(&queue->lock);
    return n;
}

gboolean kx_queue_is_sending(KxQueue *queue)
{
    GHashTableIter iter;
    gpointer value;
    gboolean sending = FALSE;
    pthread_mutex_lock(&queue->lock);
    g_hash_table_iter_init(&iter, queue->entries);
    while (!sending && g_hash_table_iter_next(&iter, NULL, &value)) {
        const KxQueueEntry *entry = value;
        sending = !entry->held && (entry->busy || entry->shipments > 0 || entry->asked != 0);
    }
    pthread_mutex_unlock(&queue->lock);
    return sending;
}

guint kx_queue_run_domain(KxQueue *queue, const char *domain)
{
    pthread_mutex_lock(&queue->lock);
    guint n = ask_all(queue, 0, domain);
    pthread_mutex_unlock(&queue->lock);
    return n;
}
