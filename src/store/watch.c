/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches: one thread per store calls those who want to know that a folder has changed. Changes
 * that come while a folder waits for its turn are one call.
 */
#include "base/error.h"
#include "store/store-private.h"

struct KxWatch {
    KxWatch *next;
    guint id;
    KxFolderWatch func;
    gpointer data;
    guint refs;
    gboolean dead;
};

static void watch_unref(KxWatch *watch)
{
    if (--watch->refs == 0)
        g_free(watch);
}

/* With the watch lock held; let go of during each call. */
static void call_watches(KxStore *store, KxFolder *folder)
{
    g_autoptr(GPtrArray) now = g_ptr_array_new();
    for (KxWatch *watch = folder->watches; watch; watch = watch->next) {
        watch->refs++;
        g_ptr_array_add(now, watch);
    }
    for (guint i = 0; i < now->len; i++) {
        KxWatch *watch = now->pdata[i];
        if (!watch->dead) {
            store->watch_running = watch;
            pthread_mutex_unlock(&store->watch_lock);
            watch->func(watch->data);
            pthread_mutex_lock(&store->watch_lock);
            store->watch_running = NULL;
            pthread_cond_broadcast(&store->watch_cond);
        }
        watch_unref(watch);
    }
}

static void *watcher(void *data)
{
    KxStore *store = data;
    pthread_mutex_lock(&store->watch_lock);
    for (;;) {
        while (!store->stopping && g_queue_is_empty(&store->watch_queue))
            pthread_cond_wait(&store->watch_cond, &store->watch_lock);
        KxFolder *folder = g_queue_pop_head(&store->watch_queue);
        if (!folder)
            break;
        folder->queued = FALSE;
        call_watches(store, folder);
        pthread_mutex_unlock(&store->watch_lock);
        kx_folder_unref(folder);
        pthread_mutex_lock(&store->watch_lock);
    }
    pthread_mutex_unlock(&store->watch_lock);
    return NULL;
}

gboolean kx_watch_start(KxStore *store, GError **error)
{
    int rc = pthread_create(&store->watcher, NULL, watcher, store);
    return rc == 0 ? TRUE
                   : kx_fail(error, KX_ERR_BUSY, "cannot start a thread: %s", g_strerror(rc));
}

void kx_watch_stop(KxStore *store)
{
    pthread_mutex_lock(&store->watch_lock);
    store->stopping = TRUE;
    pthread_cond_broadcast(&store->watch_cond);
    pthread_mutex_unlock(&store->watch_lock);
    pthread_join(store->watcher, NULL);
}

void kx_watch_signal(KxFolder *folder, guint kinds)
{
    if (kinds != 0)
        kx_watch_post(folder->account, &(KxWatchEvent){.kinds = kinds, .folder = folder->id},
                      kx_watch_actor(folder->account->store));
    KxStore *store = folder->account->store;
    gboolean queue = FALSE;
    pthread_mutex_lock(&store->watch_lock);
    if (folder->watches && !folder->queued)
        queue = folder->queued = TRUE;
    pthread_mutex_unlock(&store->watch_lock);
    if (!queue)
        return;
    kx_folder_ref(folder);
    pthread_mutex_lock(&store->watch_lock);
    g_queue_push_tail(&store->watch_queue, folder);
    pthread_cond_broadcast(&store->watch_cond);
    pthread_mutex_unlock(&store->watch_lock);
}

guint kx_folder_watch(KxFolder *folder, KxFolderWatch func, gpointer data)
{
    KxStore *store = folder->account->store;
    KxWatch *watch = g_new(KxWatch, 1);
    pthread_mutex_lock(&store->watch_lock);
    guint id = ++store->next_watch;
    *watch = (KxWatch){.next = folder->watches, .id = id, .func = func, .data = data, .refs = 1};
    folder->watches = watch;
    pthread_mutex_unlock(&store->watch_lock);
    return id;
}

void kx_folder_unwatch(KxFolder *folder, guint id)
{
    KxStore *store = folder->account->store;
    gboolean inside = pthread_equal(pthread_self(), store->watcher);
    pthread_mutex_lock(&store->watch_lock);
    KxWatch **at = &folder->watches;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    KxWatch *watch = *at;
    if (watch) {
        *at = watch->next;
        watch->dead = TRUE;
        while (store->watch_running == watch && !inside)
            pthread_cond_wait(&store->watch_cond, &store->watch_lock);
        watch_unref(watch);
    }
    pthread_mutex_unlock(&store->watch_lock);
}
