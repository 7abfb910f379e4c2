/* SPDX-License-Identifier: Apache-2.0 */
#include "core/recent-logins.h"

#include <pthread.h>

enum { ADDRESSES_MAX = 100000 };

struct KxRecentLogins {
    pthread_mutex_t lock;
    GHashTable *times; /* address -> gint64 *, monotonic microseconds */
};

KxRecentLogins *kx_recent_logins_new(void)
{
    KxRecentLogins *logins = g_new0(KxRecentLogins, 1);
    pthread_mutex_init(&logins->lock, NULL);
    logins->times = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return logins;
}

void kx_recent_logins_free(KxRecentLogins *logins)
{
    if (!logins)
        return;
    g_hash_table_unref(logins->times);
    pthread_mutex_destroy(&logins->lock);
    g_free(logins);
}

void kx_recent_logins_add(KxRecentLogins *logins, const char *ip)
{
    gint64 *now = g_new(gint64, 1);
    *now = g_get_monotonic_time();
    pthread_mutex_lock(&logins->lock);
    if (g_hash_table_size(logins->times) >= ADDRESSES_MAX)
        g_hash_table_remove_all(
            logins->times); /* an attack, or a window no one asked for: start over */
    g_hash_table_replace(logins->times, g_strdup(ip), now);
    pthread_mutex_unlock(&logins->lock);
}

gboolean kx_recent_logins_has(KxRecentLogins *logins, const char *ip, gint64 within_seconds)
{
    pthread_mutex_lock(&logins->lock);
    const gint64 *time = g_hash_table_lookup(logins->times, ip);
    gboolean has = time && g_get_monotonic_time() - *time <= within_seconds * G_USEC_PER_SEC;
    pthread_mutex_unlock(&logins->lock);
    return has;
}
