/* SPDX-License-Identifier: Apache-2.0 */
#include "core/exclusive.h"

#include "base/lock.h"

struct KxExclusive {
    KxMutex lock;
    GHashTable *names;
};

KxExclusive *kx_exclusive_new(void)
{
    KxExclusive *exclusive = g_new0(KxExclusive, 1);
    kx_mutex_init(&exclusive->lock);
    exclusive->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return exclusive;
}

void kx_exclusive_free(KxExclusive *exclusive)
{
    if (!exclusive)
        return;
    g_hash_table_unref(exclusive->names);
    kx_mutex_clear(&exclusive->lock);
    g_free(exclusive);
}

gboolean kx_exclusive_take(KxExclusive *exclusive, const char *name)
{
    kx_mutex_lock(&exclusive->lock);
    gboolean got = !g_hash_table_contains(exclusive->names, name) &&
                   g_hash_table_add(exclusive->names, g_strdup(name));
    kx_mutex_unlock(&exclusive->lock);
    return got;
}

void kx_exclusive_release(KxExclusive *exclusive, const char *name)
{
    kx_mutex_lock(&exclusive->lock);
    g_hash_table_remove(exclusive->names, name);
    kx_mutex_unlock(&exclusive->lock);
}
