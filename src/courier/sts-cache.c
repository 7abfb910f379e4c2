/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/sts-cache.h"

#include "base/error.h"
#include "base/lock.h"

enum {
    ENTRIES_MAX = 10000,
    FAILED_PAUSE = 300,    /* seconds between attempts to fetch (RFC 8461 section 3.3) */
    REFRESH_AFTER = 86400, /* seconds, if half of the policy's time is not shorter (section 10.2) */
};

typedef struct {
    char *id, *text; /* text NULL: there is no policy, only an attempt */
    gint64 fetched, expires;
    gint64 again;        /* monotonic: nothing is fetched before */
    KxTlsResult problem; /* of the last attempt */
    gboolean fetching;
} Entry;

struct KxStsCache {
    SSL_CTX *tls; /* borrowed */
    void (*wake)(gpointer data);
    gpointer data;
    KxMutex lock;        /* of what follows */
    KxCond fetched;      /* some attempt is over */
    gint64 due;          /* Unix seconds: no policy is to be fetched again before */
    GHashTable *entries; /* domain -> Entry */
    GQueue news;
};

static void free_entry(gpointer data)
{
    Entry *entry = data;
    g_free(entry->id);
    g_free(entry->text);
    g_free(entry);
}

KxStsCache *kx_sts_cache_new(SSL_CTX *tls, void (*wake)(gpointer data), gpointer data)
{
    KxStsCache *cache = g_new0(KxStsCache, 1);
    cache->tls = tls;
    cache->wake = wake;
    cache->data = data;
    cache->due = G_MAXINT64;
    cache->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_entry);
    kx_mutex_init(&cache->lock);
    kx_cond_init(&cache->fetched);
    g_queue_init(&cache->news);
    return cache;
}

void kx_sts_news_free(KxStsNews *news)
{
    g_free(news->domain);
    g_free(news->id);
    g_free(news->text);
    g_free(news);
}

void kx_sts_cache_free(KxStsCache *cache)
{
    KxStsNews *news;
    if (!cache)
        return;
    while ((news = g_queue_pop_head(&cache->news)))
        kx_sts_news_free(news);
    g_hash_table_unref(cache->entries);
    kx_cond_clear(&cache->fetched);
    kx_mutex_clear(&cache->lock);
    g_free(cache);
}

static gint64 now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* ---- with the lock held ---- */

/* Room for one more: what expires first goes. */
static void make_room(KxStsCache *cache)
{
    GHashTableIter iter;
    gpointer key, value;
    const char *first = NULL;
    gint64 least = G_MAXINT64;
    if (g_hash_table_size(cache->entries) < ENTRIES_MAX)
        return;
    g_hash_table_iter_init(&iter, cache->entries);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const Entry *entry = value;
        if (entry->fetching || entry->expires >= least)
            continue;
        least = entry->expires;
        first = key;
    }
    if (first)
        g_hash_table_remove(cache->entries, first);
}

static Entry *get_entry(KxStsCache *cache, const char *domain)
{
    Entry *entry = g_hash_table_lookup(cache->entries, domain);
    if (entry)
        return entry;
    make_room(cache);
    entry = g_new0(Entry, 1);
    g_hash_table_insert(cache->entries, g_strdup(domain), entry);
    return entry;
}

static gboolean holds(const Entry *entry)
{
    return entry->text && entry->expires > now();
}

/* A policy is fetched again long before it expires, so that nobody gains by waiting for that. */
static gint64 refresh_time(const Entry *entry)
{
    return entry->fetched + MIN((gint64)REFRESH_AFTER, (entry->expires - entry->fetched) / 2);
}

static void set_policy(KxStsCache *cache, Entry *entry, const KxStsNews *policy)
{
    g_free(entry->id);
    g_free(entry->text);
    *entry = (Entry){.id = g_strdup(policy->id),
                     .text = g_strdup(policy->text),
                     .fetched = policy->fetched,
                     .expires = policy->expires,
                     .fetching = entry->fetching};
    cache->due = MIN(cache->due, refresh_time(entry));
}

static gboolean may_fetch(const Entry *entry)
{
    return !entry->fetching && g_get_monotonic_time() >= entry->again;
}

static gboolean wants_fetch(const Entry *entry, const char *id)
{
    return may_fetch(entry) &&
           (!holds(entry) || g_strcmp0(entry->id, id) != 0 || now() >= refresh_time(entry));
}

/* ---- news ---- */

void kx_sts_cache_add(KxStsCache *cache, const KxStsNews *policy)
{
    kx_mutex_lock(&cache->lock);
    set_policy(cache, get_entry(cache, policy->domain), policy);
    kx_mutex_unlock(&cache->lock);
}

KxStsNews *kx_sts_cache_news(KxStsCache *cache)
{
    kx_mutex_lock(&cache->lock);
    KxStsNews *news = g_queue_pop_head(&cache->news);
    kx_mutex_unlock(&cache->lock);
    return news;
}

/* ---- finding ---- */

/* Of the domain as it was fetched, for the core. */
static KxStsNews *new_news(const char *domain, const char *id, const KxStsPolicy *policy)
{
    KxStsNews *news = g_new(KxStsNews, 1);
    *news = (KxStsNews){g_strdup(domain), g_strdup(id), kx_sts_policy_format(policy), now(),
                        now() + policy->max_age};
    return news;
}

static KxTlsResult problem_of(const GError *error)
{
    if (g_error_matches(error, KX_ERROR, KX_ERR_DENIED))
        return KX_TLS_STS_WEBPKI;
    return g_error_matches(error, KX_ERROR, KX_ERR_INVALID) ? KX_TLS_STS_INVALID : KX_TLS_STS_FETCH;
}

/* With the lock held, which is given back meanwhile. */
static void fetch(KxStsCache *cache, KxResolver *resolver, const char *domain, const char *id,
                  guint port)
{
    get_entry(cache, domain)->fetching = TRUE;
    kx_mutex_unlock(&cache->lock);
    g_autoptr(GError) error = NULL;
    g_autoptr(KxStsPolicy) policy = kx_sts_fetch(resolver, cache->tls, domain, port, &error);
    kx_mutex_lock(&cache->lock);
    Entry *entry = get_entry(cache, domain);
    entry->fetching = FALSE;
    entry->again = g_get_monotonic_time() + FAILED_PAUSE * G_USEC_PER_SEC;
    entry->problem = policy ? KX_TLS_GOOD : problem_of(error);
    if (policy) {
        KxStsNews *news = new_news(domain, id, policy);
        set_policy(cache, entry, news);
        g_queue_push_tail(&cache->news, news);
        cache->wake(cache->data);
    }
    kx_cond_broadcast(&cache->fetched);
}

/* Of the domain's TXT record; NULL: there is none that can be used. */
static char *current_id(KxResolver *resolver, const char *domain)
{
    g_autoptr(GPtrArray) texts = NULL;
    g_autofree char *name = g_strconcat("_mta-sts.", domain, NULL);
    return kx_resolver_txt(resolver, name, &texts) == KX_DNS_FOUND ? kx_sts_record_id(texts) : NULL;
}

KxStsPolicy *kx_sts_cache_find(KxStsCache *cache, KxResolver *resolver, const char *domain,
                               guint port, KxTlsResult *ret_problem)
{
    g_autofree char *id = current_id(resolver, domain);
    kx_mutex_lock(&cache->lock);
    Entry *entry;
    if (id && wants_fetch(get_entry(cache, domain), id))
        fetch(cache, resolver, domain, id, port);
    /* Who has nothing to go by waits for the one that is fetching already. */
    while ((entry = g_hash_table_lookup(cache->entries, domain)) && entry->fetching &&
           !holds(entry))
        kx_cond_wait(&cache->fetched, &cache->lock);
    g_autofree char *text = entry && holds(entry) ? g_strdup(entry->text) : NULL;
    *ret_problem = id && entry && !text ? entry->problem : KX_TLS_GOOD;
    kx_mutex_unlock(&cache->lock);
    return text ? kx_sts_policy_parse(text, strlen(text), NULL) : NULL;
}

/* ---- before they expire ---- */

gboolean kx_sts_cache_is_due(KxStsCache *cache)
{
    kx_mutex_lock(&cache->lock);
    gboolean due = now() >= cache->due;
    kx_mutex_unlock(&cache->lock);
    return due;
}

/* With the lock held. NULL: none, and `due` says when there may be one. */
static const char *next_due(KxStsCache *cache)
{
    GHashTableIter iter;
    gpointer key, value;
    gint64 due = G_MAXINT64;
    g_hash_table_iter_init(&iter, cache->entries);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const Entry *entry = value;
        if (!holds(entry))
            continue;
        if (may_fetch(entry) && now() >= refresh_time(entry))
            return key;
        due = MIN(due, MAX(refresh_time(entry), now() + 1));
    }
    cache->due = due;
    return NULL;
}

void kx_sts_cache_refresh(KxStsCache *cache, KxResolver *resolver, guint port)
{
    kx_mutex_lock(&cache->lock);
    g_autofree char *domain = g_strdup(next_due(cache));
    if (domain)
        get_entry(cache, domain)->fetching = TRUE;
    kx_mutex_unlock(&cache->lock);
    if (!domain)
        return;
    g_autofree char *id = current_id(resolver, domain);
    kx_mutex_lock(&cache->lock);
    if (id) {
        fetch(cache, resolver, domain, id, port);
    } else { /* without its record it holds until it expires */
        Entry *entry = get_entry(cache, domain);
        entry->fetching = FALSE;
        entry->again = g_get_monotonic_time() + FAILED_PAUSE * G_USEC_PER_SEC;
    }
    kx_mutex_unlock(&cache->lock);
}
