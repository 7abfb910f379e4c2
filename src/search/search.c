/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that indexes, and the accounts that wait for it. */
#include "search/search.h"

#include <sys/resource.h>

#include "base/error.h"
#include "search/search-private.h"

enum { NICE = 10 /* not the least: it takes locks for moments, and others wait for these */ };

/* ---- the queue; with the lock ---- */

static void entry_free(gpointer data)
{
    KxSearchEntry *entry = data;
    g_free(entry->name);
    g_free(entry);
}

static int compare_due(gconstpointer a, gconstpointer b, gpointer data)
{
    const KxSearchEntry *left = a, *right = b;
    return left->due < right->due ? -1 : left->due > right->due;
}

/* What comes later is almost always due later. */
static void put(KxSearch *search, KxSearchEntry *entry, gint64 due)
{
    if (entry->queued && entry->due <= due)
        return;
    if (entry->queued)
        g_queue_remove(&search->queue, entry);
    KxSearchEntry *last = g_queue_peek_tail(&search->queue);
    entry->due = due;
    entry->queued = TRUE;
    if (!last || last->due <= due)
        g_queue_push_tail(&search->queue, entry);
    else
        g_queue_insert_sorted(&search->queue, entry, compare_due, NULL);
    if (g_queue_peek_head(&search->queue) == entry)
        pthread_cond_broadcast(&search->cond);
}

static KxSearchEntry *entry_of(KxSearch *search, const char *name)
{
    KxSearchEntry *entry = g_hash_table_lookup(search->entries, name);
    if (!entry) {
        entry = g_new0(KxSearchEntry, 1);
        entry->name = g_strdup(name);
        g_hash_table_insert(search->entries, entry->name, entry);
    }
    return entry;
}

static gint64 seconds_from_now(gint64 seconds)
{
    return g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
}

void kx_search_enqueue(KxSearch *search, const char *name, KxSearchWhy why)
{
    pthread_mutex_lock(&search->lock);
    KxSearchEntry *entry = entry_of(search, name);
    entry->anew = entry->anew || why == KX_SEARCH_ANEW;
    entry->broken = entry->broken || why == KX_SEARCH_BROKEN;
    if (entry == search->working)
        entry->again = TRUE;
    else
        put(search, entry,
            seconds_from_now(why == KX_SEARCH_MAIL_CAME ? KX_SEARCH_SETTLE_SECONDS : 0));
    pthread_mutex_unlock(&search->lock);
}

/* ---- the thread ---- */

static void wait_until(KxSearch *search, gint64 due)
{
    struct timespec at = {due / G_USEC_PER_SEC, due % G_USEC_PER_SEC * 1000};
    pthread_cond_timedwait(&search->cond, &search->lock, &at);
}

/* The next entry that is due, taken off the queue; NULL: it is time to end. */
static KxSearchEntry *next(KxSearch *search)
{
    while (!search->stopping) {
        KxSearchEntry *entry = g_queue_peek_head(&search->queue);
        if (!entry) {
            pthread_cond_wait(&search->cond, &search->lock);
        } else if (entry->due > g_get_monotonic_time()) {
            wait_until(search, entry->due);
        } else {
            g_queue_pop_head(&search->queue);
            entry->queued = FALSE;
            return entry;
        }
    }
    return NULL;
}

static void warn_of_damage(KxSearch *search, const char *name, const GError *error)
{
    kx_log(search->logger, KX_LOG_WARNING, "The search index of %s is damaged and is made anew%s%s",
           name, error ? ": " : "", error ? error->message : "");
}

/* TRUE: there is nothing more to do for the account, else again at *ret_due. */
static gboolean work(KxSearch *search, const KxSearchEntry *entry, gint64 *ret_due)
{
    g_autoptr(GError) error = NULL;
    if (entry->broken)
        warn_of_damage(search, entry->name, NULL);
    gboolean done = kx_search_index_account(search, entry, &error);
    *ret_due = seconds_from_now(error ? KX_SEARCH_RETRY_SECONDS : 0);
    if (!error || g_error_matches(error, KX_ERROR, KX_ERR_NOT_FOUND))
        return done || error; /* with an error the account is gone */
    if (g_error_matches(error, KX_ERROR, KX_ERR_BUSY))
        return FALSE;
    if (kx_search_is_damage(error)) {
        warn_of_damage(search, entry->name, error);
        *ret_due = seconds_from_now(KX_SEARCH_SETTLE_SECONDS);
    } else {
        kx_log(search->logger, KX_LOG_WARNING, "The search index of %s cannot be written: %s",
               entry->name, error->message);
    }
    return FALSE;
}

static void *indexer(void *data)
{
    KxSearch *search = data;
    KxSearchEntry *entry;
    setpriority(PRIO_PROCESS, 0, NICE);
    pthread_mutex_lock(&search->lock);
    while ((entry = next(search))) {
        KxSearchEntry now = *entry;
        gint64 due;
        search->working = entry;
        entry->again = entry->anew = entry->broken = FALSE;
        pthread_mutex_unlock(&search->lock);
        gboolean done = work(search, &now, &due);
        pthread_mutex_lock(&search->lock);
        search->working = NULL;
        if ((!done || entry->again) && !entry->leave)
            put(search, entry, done ? seconds_from_now(KX_SEARCH_SETTLE_SECONDS) : due);
        else
            g_hash_table_remove(search->entries, entry->name);
        pthread_cond_broadcast(&search->cond);
    }
    pthread_mutex_unlock(&search->lock);
    return NULL;
}

/* ---- hooks of the store ---- */

static void arrived(gpointer data, const char *name)
{
    KxSearch *search = data;
    if (__atomic_load_n(&search->automatic, __ATOMIC_RELAXED))
        kx_search_enqueue(search, name, KX_SEARCH_MAIL_CAME);
}

static void removing(gpointer data, const char *name)
{
    KxSearch *search = data;
    pthread_mutex_lock(&search->lock);
    KxSearchEntry *entry;
    while ((entry = g_hash_table_lookup(search->entries, name)) && entry == search->working) {
        entry->leave = TRUE;
        __atomic_store_n(&search->hurry, 1, __ATOMIC_RELAXED);
        pthread_cond_wait(&search->cond, &search->lock);
    }
    __atomic_store_n(&search->hurry, search->stopping, __ATOMIC_RELAXED);
    if (entry && entry->queued)
        g_queue_remove(&search->queue, entry);
    g_hash_table_remove(search->entries, name);
    pthread_mutex_unlock(&search->lock);
}

/* ---- life ---- */

static void init_lock(KxSearch *search)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&search->lock, NULL);
    pthread_cond_init(&search->cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void search_free(KxSearch *search)
{
    pthread_mutex_destroy(&search->lock);
    pthread_cond_destroy(&search->cond);
    g_queue_clear(&search->queue);
    g_hash_table_unref(search->entries);
    kx_grams_free(search->grams);
    g_free(search);
}

KxSearch *kx_search_open(KxStore *store, KxLogger *logger, KxTextExtract extract, gpointer data,
                         GError **error)
{
    KxSearch *search = g_new0(KxSearch, 1);
    search->store = store;
    search->logger = logger;
    search->extract = extract;
    search->extract_data = data;
    search->automatic = TRUE;
    search->grams = kx_grams_new();
    search->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    init_lock(search);
    int rc = pthread_create(&search->thread, NULL, indexer, search);
    if (rc != 0) {
        kx_fail(error, KX_ERR_BUSY, "cannot start a thread: %s", g_strerror(rc));
        search_free(search);
        return NULL;
    }
    kx_store_add_hooks(store,
                       &(KxStoreHooks){.arrived = arrived, .removing = removing, .data = search});
    return search;
}

void kx_search_close(KxSearch *search)
{
    if (!search)
        return;
    kx_store_drop_hooks(search->store, search);
    pthread_mutex_lock(&search->lock);
    search->stopping = TRUE;
    __atomic_store_n(&search->hurry, 1, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&search->cond);
    pthread_mutex_unlock(&search->lock);
    pthread_join(search->thread, NULL);
    search_free(search);
}

void kx_search_set_automatic(KxSearch *search, gboolean automatic)
{
    __atomic_store_n(&search->automatic, automatic, __ATOMIC_RELAXED);
}

void kx_search_wish(KxSearch *search, KxAccount *account, gboolean anew)
{
    if (anew || __atomic_load_n(&search->automatic, __ATOMIC_RELAXED))
        kx_search_enqueue(search, kx_account_name(account), anew ? KX_SEARCH_ANEW : KX_SEARCH_NOW);
}

guint kx_search_queue_length(KxSearch *search)
{
    pthread_mutex_lock(&search->lock);
    guint n = g_hash_table_size(search->entries);
    pthread_mutex_unlock(&search->lock);
    return n;
}
