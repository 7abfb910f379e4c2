/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions that nobody waits for long: each has a thread of its own, and whoever wants to know
 * waits for a moment and is then told to ask again later, when the answer may be there (DIR-06).
 */
#include "directory/names.h"
#include "mapping/mapping-private.h"

/* Under the lock, but what is constant. */
typedef struct {
    KxMapping *mapping;
    char *domain, *name; /* name NULL: only whether the directory answers is asked */
    char *key;
    guint refs;
    gboolean over;
    KxMappedResult result;
} Errand;

static char *key_of(const char *domain, const char *name)
{
    g_autofree char *folded = kx_name_fold(name);
    return g_strdup_printf("%s@%s", folded != NULL ? folded : name, domain);
}

static void unref(Errand *errand)
{
    if (--errand->refs > 0)
        return;
    g_free(errand->domain);
    g_free(errand->name);
    g_free(errand->key);
    g_free(errand);
}

/* ---- who is nobody ---- */

static gboolean is_nobody(KxMapping *mapping, const char *key)
{
    const gint64 *until = g_hash_table_lookup(mapping->nobodies, key);
    return until != NULL && g_get_monotonic_time() < *until;
}

static void remember_nobody(KxMapping *mapping, const char *key)
{
    gint64 *until = g_new(gint64, 1);
    *until = g_get_monotonic_time() + KX_MAP_NOBODY_SECONDS * G_USEC_PER_SEC;
    if (g_hash_table_size(mapping->nobodies) >= KX_MAP_NOBODIES_MAX)
        g_hash_table_remove_all(mapping->nobodies);
    g_hash_table_replace(mapping->nobodies, g_strdup(key), until);
}

void kx_map_forget_nobodies(KxMapping *mapping)
{
    kx_mutex_lock(&mapping->lock);
    g_hash_table_remove_all(mapping->nobodies);
    kx_mutex_unlock(&mapping->lock);
}

/* ---- the thread ---- */

static void end(Errand *errand, KxMappedResult result)
{
    KxMapping *mapping = errand->mapping;
    kx_mutex_lock(&mapping->lock);
    KxMapDomain *known = kx_map_domain(mapping, errand->domain);
    errand->over = TRUE;
    errand->result = result;
    if (errand->name == NULL)
        known->probed = FALSE;
    else
        known->finding--;
    if (errand->name != NULL && result == KX_MAPPED_NOBODY)
        remember_nobody(mapping, errand->key);
    g_hash_table_remove(mapping->errands, errand->key);
    unref(errand);
    mapping->threads--;
    kx_cond_broadcast(&mapping->changed);
    kx_mutex_unlock(&mapping->lock);
}

static gpointer run(gpointer data)
{
    Errand *errand = data;
    KxMappedResult result = KX_MAPPED_LATER;
    if (errand->name == NULL)
        kx_map_probe(errand->mapping, errand->domain);
    else
        result = kx_map_look_up(errand->mapping, errand->domain, errand->name);
    end(errand, result);
    return NULL;
}

/* With the lock held. NULL: there can be no more threads. */
static Errand *begin(KxMapping *mapping, const char *domain, const char *name, const char *key)
{
    Errand *errand = g_new0(Errand, 1);
    *errand = (Errand){mapping, g_strdup(domain), g_strdup(name), g_strdup(key), 1,
                       FALSE,   KX_MAPPED_LATER};
    GThread *thread = g_thread_try_new("directory", run, errand, NULL);
    if (thread == NULL) {
        unref(errand);
        return NULL;
    }
    g_hash_table_insert(mapping->errands, errand->key, errand);
    mapping->threads++;
    g_thread_unref(thread);
    return errand;
}

/* ---- waiting ---- */

/* With the lock held. NULL: it cannot be asked now. */
static Errand *join(KxMapping *mapping, const char *domain, const char *name, const char *key)
{
    KxMapDomain *known = kx_map_domain(mapping, domain);
    Errand *errand = g_hash_table_lookup(mapping->errands, key);
    if (errand == NULL) {
        if (mapping->stopping || known->down || known->finding >= KX_MAP_FINDING ||
            mapping->threads >= KX_MAP_THREADS)
            return NULL;
        errand = begin(mapping, domain, name, key);
        if (errand == NULL)
            return NULL;
        known->finding++;
    }
    errand->refs++;
    return errand;
}

static KxMappedResult await(KxMapping *mapping, Errand *errand)
{
    gint64 until = g_get_monotonic_time() + KX_MAP_WAIT_SECONDS * G_USEC_PER_SEC;
    gboolean may_wait = mapping->waiting < KX_MAP_WAITING;
    mapping->waiting += may_wait;
    while (may_wait && !errand->over && !mapping->stopping && g_get_monotonic_time() < until)
        kx_cond_wait_until(&mapping->changed, &mapping->lock, until);
    mapping->waiting -= may_wait;
    KxMappedResult result = errand->over ? errand->result : KX_MAPPED_LATER;
    unref(errand);
    return result;
}

KxMappedResult kx_map_find(KxMapping *mapping, const char *domain, const char *name)
{
    g_autofree char *key = key_of(domain, name);
    kx_mutex_lock(&mapping->lock);
    gboolean nobody = is_nobody(mapping, key);
    Errand *errand = nobody ? NULL : join(mapping, domain, name, key);
    KxMappedResult result = errand != NULL ? await(mapping, errand)
                            : nobody       ? KX_MAPPED_NOBODY
                                           : KX_MAPPED_LATER;
    kx_mutex_unlock(&mapping->lock);
    return result;
}

void kx_map_begin_probe(KxMapping *mapping, const char *domain)
{
    kx_mutex_lock(&mapping->lock);
    KxMapDomain *known = kx_map_domain(mapping, domain);
    if (!mapping->stopping && !known->probed && mapping->threads < 2 * KX_MAP_THREADS)
        known->probed = begin(mapping, domain, NULL, domain) != NULL;
    kx_mutex_unlock(&mapping->lock);
}
