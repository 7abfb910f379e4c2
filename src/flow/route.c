/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Next hops, and which of them is served next. Routes with shipments stand in a queue and are
 * served in turn, one task each time, so that a long line before one holds up nobody else. A route
 * may have one task more on its way with each success. Routes that have not proved to be alive
 * share at most half of the tasks; a task that only waits takes nobody's place, and one whose
 * servers do not answer is left alone for a while: dead destinations cost the living little,
 * however many they are.
 */
#include <string.h>

#include "flow/queue-private.h"

enum {
    WINDOW_FIRST = 2,
    DOWN_FIRST = 60, /* seconds that a route is left alone */
    DOWN_MOST = 900,
    KEPT = 60,         /* seconds that a route is kept without need */
    WAITS_UNKNOWN = 2, /* seconds after which a task of a route that is not proven only waits */
    WAITS_PROVEN = 60, /* and one of a route that is */
    WAITING_MOST = 15, /* as many times the tasks of the setting may wait besides */
    TASKS_MOST = 500,  /* in all, what the courier has threads for */
};

/* ---- finding ---- */

/* Takes what the hop owns. */
static KxRoute *new_route(KxQueue *queue, char *key, KxHop *hop)
{
    KxRoute *route = g_new0(KxRoute, 1);
    route->key = key;
    route->hop = *hop;
    *hop = (KxHop){0};
    route->window = WINDOW_FIRST;
    for (guint i = 0; i < KX_PRIORITIES; i++)
        g_queue_init(&route->waiting[i]);
    g_hash_table_insert(queue->routes, route->key, route);
    return route;
}

void kx_route_free(gpointer data)
{
    KxRoute *route = data;
    for (guint i = 0; i < KX_PRIORITIES; i++)
        g_queue_clear_full(&route->waiting[i], g_free);
    kx_hop_clear(&route->hop);
    g_free(route->key);
    g_free(route->down_status);
    g_free(route);
}

static char *key_of(const KxHop *hop)
{
    return g_strdup_printf("%d %s %s %d %u %d %d %s %u %s %u %s", (int)hop->kind,
                           hop->name ? hop->name : "", hop->host, hop->mx, hop->port, (int)hop->tls,
                           (int)hop->mode, hop->user, g_str_hash(hop->password),
                           hop->pop3_host ? hop->pop3_host : "", hop->pop3_port,
                           hop->source ? hop->source : "");
}

KxRoute *kx_route_find(KxQueue *queue, const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt)
{
    g_auto(KxHop) hop = {0};
    kx_hop_find(queue->directory, kx_envelope_sender_for(envelope, rcpt), rcpt->address, &hop);
    g_autofree char *key = key_of(&hop);
    KxRoute *route = g_hash_table_lookup(queue->routes, key);
    if (!route)
        route = new_route(queue, g_steal_pointer(&key), &hop);
    route->used = g_get_real_time() / G_USEC_PER_SEC;
    return route;
}

static gboolean is_unused(gpointer key G_GNUC_UNUSED, gpointer value, gpointer now)
{
    const KxRoute *route = value;
    return route->n_waiting == 0 && route->on_way == 0 && !route->ready &&
           route->down_until <= *(gint64 *)now && route->used + KEPT <= *(gint64 *)now;
}

void kx_route_sweep(KxQueue *queue, gint64 now)
{
    g_hash_table_foreach_remove(queue->routes, is_unused, &now);
}

/* ---- in turn ---- */

static void line_up(KxQueue *queue, KxRoute *route)
{
    if (route->ready || route->n_waiting == 0 || route->on_way >= route->window)
        return;
    route->ready = TRUE;
    g_queue_push_tail(&queue->ready, route);
}

void kx_route_add(KxQueue *queue, KxShipment *shipment)
{
    KxRoute *route = shipment->route;
    g_queue_push_tail(&route->waiting[KX_PRIORITY_MOST - shipment->priority], shipment);
    route->n_waiting++;
    line_up(queue, route);
}

/* Of those that wait; there is one. */
static KxShipment *most_urgent(KxRoute *route)
{
    guint i = 0;
    while (route->waiting[i].length == 0)
        i++;
    route->n_waiting--;
    return g_queue_pop_head(&route->waiting[i]);
}

static guint most_tasks(KxQueue *queue, KxSettingId id)
{
    KxSettings *settings = kx_directory_settings(queue->directory);
    guint most = (guint)kx_settings_int(settings, id);
    kx_settings_unref(settings);
    return most;
}

/* Tasks that keep somebody busy here, and those of them whose routes are not proven. */
typedef struct {
    guint busy, unproven;
} Load;

static Load load_of(KxQueue *queue)
{
    Load load = {0};
    GHashTableIter iter;
    gpointer value;
    gint64 now = g_get_monotonic_time();
    g_hash_table_iter_init(&iter, queue->tasks);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const KxTask *task = value;
        gboolean proven = task->shipment->route->proven;
        gint64 patience = proven ? WAITS_PROVEN : WAITS_UNKNOWN;
        gboolean busy = now - task->begun < patience * G_USEC_PER_SEC;
        load.busy += busy;
        load.unproven += busy && !proven;
    }
    return load;
}

/* The first route in the line that may have a task; what is down has its own. */
static GList *next_ready(KxQueue *queue, gboolean unproven_too, gint64 now)
{
    for (GList *at = queue->ready.head; at; at = at->next) {
        const KxRoute *route = at->data;
        if (route->proven || unproven_too || route->down_until > now)
            return at;
    }
    return NULL;
}

KxShipment *kx_route_take(KxQueue *queue, gint64 now)
{
    if (queue->ready.length == 0)
        return NULL;
    guint most = most_tasks(queue, KX_SET_DELIVERY_TASKS);
    Load load = load_of(queue);
    if (load.busy >= most ||
        g_hash_table_size(queue->tasks) >= MIN(most * (1 + WAITING_MOST), TASKS_MOST))
        return NULL;
    GList *at = next_ready(queue, load.unproven < MAX(most / 2, 1), now);
    if (!at)
        return NULL;
    KxRoute *route = at->data;
    g_queue_delete_link(&queue->ready, at);
    route->ready = FALSE;
    KxShipment *shipment = most_urgent(route);
    if (route->down_until <= now)
        route->on_way++;
    line_up(queue, route);
    return shipment;
}

/* ---- what became of tasks ---- */

void kx_route_succeeded(KxQueue *queue, KxRoute *route)
{
    guint most = most_tasks(queue, KX_SET_DELIVERY_TASKS_HOST);
    route->proven = TRUE;
    route->failures = 0;
    route->down_until = 0;
    route->window = MIN(route->window + 1, most);
}

/* Never longer than until a message would be tried again. */
static gint64 down_time(KxQueue *queue, guint failures)
{
    KxSettings *settings = kx_directory_settings(queue->directory);
    gint64 most = MIN(kx_settings_int(settings, KX_SET_QUEUE_RETRY), DOWN_MOST);
    kx_settings_unref(settings);
    return MIN((gint64)DOWN_FIRST << MIN(failures, 4U), most);
}

void kx_route_failed(KxQueue *queue, KxRoute *route, const char *status, gint64 now)
{
    route->proven = FALSE;
    route->window = 1;
    route->down_until = now + down_time(queue, route->failures);
    route->failures++;
    g_free(route->down_status);
    route->down_status = g_strdup(status);
}

void kx_route_finished(KxQueue *queue, KxRoute *route)
{
    route->on_way--;
    line_up(queue, route);
}
