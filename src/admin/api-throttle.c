/* SPDX-License-Identifier: Apache-2.0 */
/* Who guesses passwords waits: a minute from the first of too many failures. */
#include <string.h>

#include "admin/api-private.h"
#include "base/ip-range.h"
#include "base/lock.h"

enum {
    WINDOW = 60 * G_USEC_PER_SEC,
    ADDRESSES_MAX = 10000, /* beyond these the oldest is forgotten */
};

typedef struct {
    gint64 since; /* monotonic microseconds of the first failure */
    guint failures;
} Failures;

struct KxApiThrottle {
    KxMutex lock;
    GHashTable *table; /* address -> Failures */
};

KxApiThrottle *kx_api_throttle_new(void)
{
    KxApiThrottle *throttle = g_new0(KxApiThrottle, 1);
    kx_mutex_init(&throttle->lock);
    throttle->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return throttle;
}

void kx_api_throttle_free(KxApiThrottle *throttle)
{
    if (!throttle)
        return;
    g_hash_table_unref(throttle->table);
    kx_mutex_clear(&throttle->lock);
    g_free(throttle);
}

/* ---- with the lock held ---- */

/* Without those whose time is over; if there are still too many, without the oldest. */
static void make_room(KxApiThrottle *throttle, gint64 now)
{
    GHashTableIter iter;
    gpointer key, value;
    const char *oldest = NULL;
    gint64 since = G_MAXINT64;
    if (g_hash_table_size(throttle->table) < ADDRESSES_MAX)
        return;
    g_hash_table_iter_init(&iter, throttle->table);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const Failures *failures = value;
        if (now - failures->since >= WINDOW) {
            g_hash_table_iter_remove(&iter);
        } else if (failures->since < since) {
            since = failures->since;
            oldest = key;
        }
    }
    if (g_hash_table_size(throttle->table) >= ADDRESSES_MAX)
        g_hash_table_remove(throttle->table, oldest);
}

static Failures *find(KxApiThrottle *throttle, const char *key, gint64 now)
{
    Failures *failures = g_hash_table_lookup(throttle->table, key);
    return failures && now - failures->since < WINDOW ? failures : NULL;
}

/* ---- for sign-in ---- */

guint kx_api_throttle_check(KxApiThrottle *throttle, const char *ip, guint max)
{
    g_autofree char *key = kx_ip_network(ip);
    gint64 now = g_get_monotonic_time(), left = 0;
    kx_mutex_lock(&throttle->lock);
    const Failures *failures = find(throttle, key, now);
    if (failures && max > 0 && failures->failures >= max)
        left = failures->since + WINDOW - now;
    kx_mutex_unlock(&throttle->lock);
    return (guint)((left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
}

void kx_api_throttle_failed(KxApiThrottle *throttle, const char *ip)
{
    g_autofree char *key = kx_ip_network(ip);
    gint64 now = g_get_monotonic_time();
    kx_mutex_lock(&throttle->lock);
    Failures *failures = find(throttle, key, now);
    if (!failures) {
        make_room(throttle, now);
        failures = g_new0(Failures, 1);
        failures->since = now;
        g_hash_table_insert(throttle->table, g_steal_pointer(&key), failures);
    }
    failures->failures++;
    kx_mutex_unlock(&throttle->lock);
}
