/* SPDX-License-Identifier: Apache-2.0 */
/* Watches of whole accounts (store/watch.h). */
#include "store/store-private.h"

struct KxAccountWatch {
    KxAccount *account;
    guint kinds;
    gconstpointer who;
    KxAccountWatchFunc func;
    gpointer data;
    /* under the account's events_lock */
    GPtrArray *events;     /* KxWatchEvent, in order; NULL if there is none */
    GHashTable *by_folder; /* id -> the entry of its messages */
    GHashTable *by_path;   /* path -> the last entry of its name or subscription */
    GHashTable *metadata;  /* id -> the entry of its metadata */
    gboolean overflow;
};

static void event_free(gpointer data)
{
    KxWatchEvent *event = data;
    g_free(event->path);
    g_free(event->old_path);
    g_free(event->user);
    g_clear_pointer(&event->entries, g_ptr_array_unref);
    g_free(event);
}

static void forget(KxAccountWatch *watch)
{
    g_clear_pointer(&watch->by_folder, g_hash_table_unref);
    g_clear_pointer(&watch->by_path, g_hash_table_unref);
    g_clear_pointer(&watch->metadata, g_hash_table_unref);
}

/* ---- one more event ---- */

static KxWatchEvent *add_event(KxAccountWatch *watch, const KxWatchEvent *event)
{
    KxWatchEvent *copy = g_new0(KxWatchEvent, 1);
    if (!watch->events) {
        watch->events = g_ptr_array_new_with_free_func(event_free);
        watch->by_folder = g_hash_table_new(NULL, NULL);
        watch->by_path = g_hash_table_new(g_str_hash, g_str_equal);
        watch->metadata = g_hash_table_new(NULL, NULL);
    }
    copy->kinds = event->kinds & watch->kinds;
    copy->folder = event->folder;
    copy->path = g_strdup(event->path);
    copy->old_path = g_strdup(event->old_path);
    g_ptr_array_add(watch->events, copy);
    return copy;
}

static KxWatchEvent *find(GHashTable *table, gconstpointer key)
{
    return table ? g_hash_table_lookup(table, key) : NULL;
}

static void take_messages(KxAccountWatch *watch, const KxWatchEvent *event)
{
    KxWatchEvent *known = find(watch->by_folder, GUINT_TO_POINTER(event->folder));
    if (known) {
        known->kinds |= event->kinds & watch->kinds;
        return;
    }
    known = add_event(watch, event);
    g_hash_table_insert(watch->by_folder, GUINT_TO_POINTER(event->folder), known);
}

static void add_names(KxWatchEvent *event, const GPtrArray *names)
{
    if (!event->entries)
        event->entries = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < names->len; i++)
        if (!g_ptr_array_find_with_equal_func(event->entries, names->pdata[i], g_str_equal, NULL))
            g_ptr_array_add(event->entries, g_strdup(names->pdata[i]));
}

/* Private entries of two users are two events. */
static void take_metadata(KxAccountWatch *watch, const KxWatchEvent *event)
{
    KxWatchEvent *known = find(watch->metadata, GUINT_TO_POINTER(event->folder));
    if (!known || g_strcmp0(known->user, event->user) != 0) {
        known = add_event(watch, event);
        known->user = g_strdup(event->user);
        g_hash_table_insert(watch->metadata, GUINT_TO_POINTER(event->folder), known);
    }
    add_names(known, event->entries);
    watch->overflow |= known->entries->len > KX_WATCH_EVENTS;
}

/* A name that comes and goes is one entry: what it is in the end is looked up. A rename begins
 * anew, for it is told with the old name. */
static void take_name(KxAccountWatch *watch, const KxWatchEvent *event)
{
    KxWatchEvent *known = find(watch->by_path, event->path);
    if (known && !(event->kinds & KX_WATCH_RENAMED)) {
        known->kinds |= event->kinds & watch->kinds;
        return;
    }
    known = add_event(watch, event);
    g_hash_table_replace(watch->by_path, known->path, known);
}

static void take(KxAccountWatch *watch, const KxWatchEvent *event)
{
    if (watch->overflow)
        return;
    if (event->kinds & KX_WATCH_MESSAGES)
        take_messages(watch, event);
    else if (event->kinds & KX_WATCH_METADATA)
        take_metadata(watch, event);
    else
        take_name(watch, event);
    watch->overflow |= watch->events->len > KX_WATCH_EVENTS;
    if (watch->overflow) {
        forget(watch);
        g_clear_pointer(&watch->events, g_ptr_array_unref);
    }
}

/* ---- posting ---- */

gconstpointer kx_watch_actor(KxStore *store)
{
    return pthread_getspecific(store->actor);
}

void kx_store_act_for(KxStore *store, gconstpointer who)
{
    pthread_setspecific(store->actor, who);
}

gboolean kx_account_is_watched(KxAccount *account)
{
    return __atomic_load_n(&account->n_watches, __ATOMIC_ACQUIRE) != 0;
}

void kx_watch_post(KxAccount *account, const KxWatchEvent *event, gconstpointer who)
{
    if (!kx_account_is_watched(account))
        return;
    pthread_mutex_lock(&account->events_lock);
    for (guint i = 0; i < account->watches->len; i++) {
        KxAccountWatch *watch = account->watches->pdata[i];
        if (!(watch->kinds & event->kinds) || (who && watch->who == who))
            continue;
        take(watch, event);
        watch->func(watch->data);
    }
    pthread_mutex_unlock(&account->events_lock);
}

void kx_watch_post_name(KxAccount *account, KxWatchKinds kind, const char *path,
                        const char *old_path)
{
    if (kx_account_is_watched(account))
        kx_watch_post(
            account,
            &(KxWatchEvent){.kinds = kind, .path = (char *)path, .old_path = (char *)old_path},
            kx_watch_actor(account->store));
}

void kx_watch_overflow(KxAccount *account)
{
    pthread_mutex_lock(&account->events_lock);
    for (guint i = 0; i < account->watches->len; i++) {
        KxAccountWatch *watch = account->watches->pdata[i];
        forget(watch);
        g_clear_pointer(&watch->events, g_ptr_array_unref);
        watch->overflow = TRUE;
        watch->func(watch->data);
    }
    pthread_mutex_unlock(&account->events_lock);
}

/* ---- life ---- */

KxAccountWatch *kx_account_watch(KxAccount *account, guint kinds, gconstpointer who,
                                 KxAccountWatchFunc func, gpointer data)
{
    KxAccountWatch *watch = g_new0(KxAccountWatch, 1);
    watch->account = kx_account_ref(account);
    watch->kinds = kinds;
    watch->who = who;
    watch->func = func;
    watch->data = data;
    pthread_mutex_lock(&account->events_lock);
    g_ptr_array_add(account->watches, watch);
    __atomic_add_fetch(&account->n_watches, 1, __ATOMIC_ACQ_REL);
    pthread_mutex_unlock(&account->events_lock);
    return watch;
}

void kx_account_unwatch(KxAccountWatch *watch)
{
    if (!watch)
        return;
    KxAccount *account = watch->account;
    pthread_mutex_lock(&account->events_lock);
    g_ptr_array_remove_fast(account->watches, watch);
    __atomic_sub_fetch(&account->n_watches, 1, __ATOMIC_ACQ_REL);
    pthread_mutex_unlock(&account->events_lock);
    forget(watch);
    g_clear_pointer(&watch->events, g_ptr_array_unref);
    kx_account_unref(account);
    g_free(watch);
}

KxAccount *kx_account_watched(KxAccountWatch *watch)
{
    return watch->account;
}

GPtrArray *kx_account_watch_take(KxAccountWatch *watch, gboolean *ret_overflow)
{
    pthread_mutex_lock(&watch->account->events_lock);
    GPtrArray *events = g_steal_pointer(&watch->events);
    forget(watch);
    *ret_overflow = watch->overflow;
    watch->overflow = FALSE;
    pthread_mutex_unlock(&watch->account->events_lock);
    return events;
}
