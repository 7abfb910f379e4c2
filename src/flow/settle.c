/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a round of attempts, and the beginning of one to other servers. */
#include "base/error.h"
#include "flow/queue-private.h"

enum {
    PROBLEM_PAUSE = 60, /* seconds, when the disk refuses */
    HELD_PAUSE = 3600,  /* until it is looked whether it is still held */
};

/* ---- shipments ---- */

/* With the lock held. */
static void add_shipment(KxQueue *queue, KxQueueEntry *entry, KxRoute *route, GHashTable *routes)
{
    if (!g_hash_table_add(routes, route))
        return;
    KxShipment *shipment = g_new0(KxShipment, 1);
    g_strlcpy(shipment->id, entry->id, sizeof shipment->id);
    shipment->route = route;
    shipment->priority = entry->priority;
    entry->shipments++;
    kx_route_add(queue, shipment);
}

gboolean kx_queue_ship(KxQueue *queue, const KxEnvelope *envelope)
{
    g_autoptr(GHashTable) routes = g_hash_table_new(NULL, NULL);
    gboolean online = kx_hop_online(queue->directory);
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, envelope->id);
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (!kx_envelope_rcpt_is_remote_due(rcpt))
            continue;
        KxRoute *route = kx_route_find(queue, envelope, rcpt);
        if (kx_hold_may_go(entry, &route->hop, online))
            add_shipment(queue, entry, route, routes);
    }
    kx_hold_clear(entry);
    gboolean any = entry->shipments > 0;
    pthread_mutex_unlock(&queue->lock);
    return any;
}

/* ---- the end of a round ---- */

static gint64 setting(KxQueue *queue, KxSettingId id)
{
    KxSettings *settings = kx_directory_settings(queue->directory);
    gint64 value = kx_settings_int(settings, id);
    kx_settings_unref(settings);
    return value;
}

gboolean kx_queue_has_remote(const KxEnvelope *envelope)
{
    for (guint i = 0; i < envelope->recipients->len; i++)
        if (kx_envelope_rcpt_is_remote_due(envelope->recipients->pdata[i]))
            return TRUE;
    return FALSE;
}

/* Doubles from one interval to the longest (SMTP-30). */
static gint64 next_remote_try(KxQueue *queue, guint64 attempts, gint64 now)
{
    gint64 most = setting(queue, KX_SET_QUEUE_RETRY_MOST);
    gint64 wait = setting(queue, KX_SET_QUEUE_RETRY);
    for (guint64 i = 1; i < attempts && wait < most; i++)
        wait *= 2;
    return now + MIN(wait, MAX(most, setting(queue, KX_SET_QUEUE_RETRY)));
}

/* What waited too long has failed (SMTP-31), or longer than the sender wanted (RFC 2852). */
static void expire(KxQueue *queue, KxEnvelope *envelope, gint64 now)
{
    if (now - kx_envelope_begin(envelope) < setting(queue, KX_SET_QUEUE_LIFETIME) &&
        !kx_envelope_is_too_late(envelope, now))
        return;
    for (guint i = 0; i < envelope->recipients->len; i++) {
        KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (rcpt->duty != KX_DUTY_QUEUED || (rcpt->status && rcpt->status[0] == '5'))
            continue;
        char *status =
            g_strdup_printf("5.4.7 Not delivered in time%s%s", rcpt->status ? "; last: " : "",
                            rcpt->status ? rcpt->status : "");
        g_free(rcpt->status);
        rcpt->status = status;
        rcpt->reply = 0;
        kx_queue_log_result(queue, envelope, rcpt);
    }
}

/* When the sender is to hear that it takes long; G_MAXINT64: not any more (SMTP-33). */
static gint64 warn_time(KxQueue *queue, const KxEnvelope *envelope)
{
    gint64 after = setting(queue, KX_SET_QUEUE_WARN_AFTER);
    return after == 0 || envelope->warned ? G_MAXINT64 : kx_envelope_begin(envelope) + after;
}

/* When the sender is to hear that it is late, who did not want it back; G_MAXINT64: not any more.
 */
static gint64 late_time(const KxEnvelope *envelope)
{
    gboolean wanted = (envelope->flags & KX_SMTP_BY_NOTIFY) && envelope->deliver_by > 0;
    return wanted && !envelope->late_told ? envelope->deliver_by : G_MAXINT64;
}

static gboolean report_late(KxQueue *queue, KxEnvelope *envelope, gint64 now, gint64 end,
                            GError **error)
{
    if (late_time(envelope) > now)
        return TRUE;
    if (!kx_queue_report_delay(queue, envelope, end, error))
        return FALSE;
    envelope->late_told = TRUE;
    return TRUE;
}

/* What the sender is to know by now. */
static gboolean report(KxQueue *queue, KxEnvelope *envelope, gint64 now, GError **error)
{
    gint64 end = kx_envelope_begin(envelope) + setting(queue, KX_SET_QUEUE_LIFETIME);
    kx_queue_report_success(queue, envelope, NULL);
    return kx_queue_report_failures(queue, envelope, error) &&
           report_late(queue, envelope, now, end, error) &&
           (warn_time(queue, envelope) > now || kx_queue_report_delay(queue, envelope, end, error));
}

static void set_next_try(KxQueue *queue, KxEnvelope *envelope, gboolean tried, gint64 put_off_until,
                         gint64 now)
{
    envelope->attempts += tried;
    if (kx_queue_has_remote(envelope) && !kx_hold_any_goes(queue, envelope))
        envelope->next_try = now + HELD_PAUSE;
    else if (!tried)
        envelope->next_try = MAX(put_off_until, now + 1);
    else if (kx_queue_has_remote(envelope))
        envelope->next_try = next_remote_try(queue, envelope->attempts, now);
    else
        envelope->next_try = kx_queue_next_try(queue, envelope->attempts, now);
    gint64 end = kx_envelope_begin(envelope) + setting(queue, KX_SET_QUEUE_LIFETIME);
    gint64 warn = warn_time(queue, envelope);
    if (end > now)
        envelope->next_try = MIN(envelope->next_try, end);
    if (warn > now)
        envelope->next_try = MIN(envelope->next_try, warn);
    if (envelope->deliver_by > now)
        envelope->next_try = MIN(envelope->next_try, envelope->deliver_by);
}

void kx_queue_settle(KxQueue *queue, KxEnvelope *given, gboolean tried, gint64 put_off_until)
{
    g_autoptr(KxEnvelope) envelope = given;
    g_autoptr(GError) error = NULL;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    kx_queue_set_state(queue, envelope->id, KX_QUEUE_TERMINATING);
    expire(queue, envelope, now);
    gboolean reported = report(queue, envelope, now, &error);
    if (reported && kx_envelope_count(envelope, KX_DUTY_QUEUED) == 0 &&
        kx_queue_delete(envelope->id, &error)) {
        kx_queue_release(queue, envelope->id, TRUE);
        return;
    }
    set_next_try(queue, envelope, tried, put_off_until, now);
    if (!reported)
        envelope->next_try = now + PROBLEM_PAUSE;
    if (error)
        kx_log(queue->logger, KX_LOG_ERROR, "queue: message %s: %s", envelope->id, error->message);
    g_clear_error(&error);
    if (kx_envelope_count(envelope, KX_DUTY_QUEUED) > 0 && !kx_queue_note(envelope, &error))
        kx_log(queue->logger, KX_LOG_ERROR, "queue: message %s: %s", envelope->id, error->message);
    kx_queue_put(queue, envelope);
}
