/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/caretaker.h"

#include <sys/resource.h>

#include "base/lock.h"
#include "directory/sign-ins.h"
#include "directory/usage.h"
#include "mailbox/clean.h"
#include "mailbox/notice.h"
#include "mailbox/published.h"

enum {
    CLEAN_FIRST = 10 * 60,     /* seconds after the start */
    CLEAN_EVERY = 6 * 60 * 60, /* seconds (DOM-18) */
    NICE = 10,
};

struct KxCaretaker {
    KxStore *store;
    KxDirectory *directory;
    KxQueue *queue;
    KxLogger *logger;
    GThread *thread;

    KxMutex lock; /* of what follows */
    KxCond some;
    GHashTable *grown;   /* names of accounts with a quota that got something */
    GHashTable *refused; /* of those that something was refused for */
    GHashTable *people;  /* domains whose users or groups changed */
    gboolean everybody;  /* those of all may have */
    gboolean shared;     /* kx_published_is_shared() */
    gboolean stopping;
};

/* ---- what the store tells ---- */

static void wish(KxCaretaker *caretaker, GHashTable *set, const char *name)
{
    kx_mutex_lock(&caretaker->lock);
    if (g_hash_table_add(set, g_strdup(name)))
        kx_cond_signal(&caretaker->some);
    kx_mutex_unlock(&caretaker->lock);
}

static void arrived(gpointer data, const char *name)
{
    KxCaretaker *caretaker = data;
    KxMailboxRules rules;
    if (kx_user_rules(caretaker->directory, name, &rules) && (rules.quota || rules.quota_items))
        wish(caretaker, caretaker->grown, name);
}

static void refused(gpointer data, const char *name)
{
    KxCaretaker *caretaker = data;
    wish(caretaker, caretaker->refused, name);
}

static void people_changed(gpointer data, const char *domain)
{
    KxCaretaker *caretaker = data;
    wish(caretaker, caretaker->people, domain);
}

/* ---- the thread ---- */

static gboolean is_stopping(gpointer data)
{
    KxCaretaker *caretaker = data;
    kx_mutex_lock(&caretaker->lock);
    gboolean stopping = caretaker->stopping;
    kx_mutex_unlock(&caretaker->lock);
    return stopping;
}

/* One name taken out of a set, or NULL. With the lock. */
static char *take(GHashTable *set)
{
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, set);
    if (!g_hash_table_iter_next(&iter, &name, NULL))
        return NULL;
    g_hash_table_iter_steal(&iter);
    return name;
}

static char *next_notice(KxCaretaker *caretaker, gboolean *ret_refused)
{
    kx_mutex_lock(&caretaker->lock);
    char *name = caretaker->stopping ? NULL : take(caretaker->refused);
    *ret_refused = name != NULL;
    if (!name && !caretaker->stopping)
        name = take(caretaker->grown);
    kx_mutex_unlock(&caretaker->lock);
    return name;
}

static void give_notices(KxCaretaker *caretaker)
{
    gboolean was_refused;
    for (char *name; (name = next_notice(caretaker, &was_refused)); g_free(name))
        kx_quota_notice(caretaker->store, caretaker->directory, caretaker->queue, caretaker->logger,
                        name, was_refused);
}

/* A domain whose contacts are to be brought up to date; NULL: those of the server. */
static gboolean next_people(KxCaretaker *caretaker, char **ret_domain)
{
    kx_mutex_lock(&caretaker->lock);
    gboolean some = !caretaker->stopping && g_hash_table_size(caretaker->people) > 0;
    *ret_domain = some && !caretaker->shared ? take(caretaker->people) : NULL;
    if (some && caretaker->shared)
        g_hash_table_remove_all(caretaker->people);
    kx_mutex_unlock(&caretaker->lock);
    return some;
}

static gboolean take_everybody(KxCaretaker *caretaker)
{
    kx_mutex_lock(&caretaker->lock);
    gboolean everybody = caretaker->everybody;
    caretaker->everybody = FALSE;
    kx_mutex_unlock(&caretaker->lock);
    return everybody;
}

static void publish(KxCaretaker *caretaker)
{
    g_autoptr(GPtrArray) domains =
        take_everybody(caretaker) ? kx_domain_list(caretaker->directory) : NULL;
    for (guint i = 0; domains && i < domains->len; i++)
        wish(caretaker, caretaker->people, ((const KxDomain *)domains->pdata[i])->name);
    for (char *domain; next_people(caretaker, &domain); g_free(domain)) {
        g_autoptr(GError) error = NULL;
        if (!kx_published_update(caretaker->store, caretaker->directory, domain, &error))
            kx_log(caretaker->logger, KX_LOG_ERROR,
                   "The public contacts of %s could not be brought up to date: %s",
                   domain ? domain : "the server", error->message);
    }
}

static void wish_everybody(KxCaretaker *caretaker)
{
    kx_mutex_lock(&caretaker->lock);
    caretaker->everybody = TRUE;
    kx_cond_signal(&caretaker->some);
    kx_mutex_unlock(&caretaker->lock);
}

/* Where the contacts stand may be another place. */
void kx_caretaker_settings_changed(KxCaretaker *caretaker, const KxSettings *settings)
{
    gboolean shared = kx_published_is_shared(settings);
    kx_mutex_lock(&caretaker->lock);
    gboolean differs = shared != caretaker->shared;
    caretaker->shared = shared;
    kx_mutex_unlock(&caretaker->lock);
    if (differs)
        wish_everybody(caretaker);
}

static void clean(KxCaretaker *caretaker)
{
    KxCleaned cleaned = {0};
    kx_clean_all(caretaker->store, caretaker->directory, caretaker->logger, NULL, is_stopping,
                 caretaker, &cleaned, NULL);
    kx_debug(caretaker->logger, KX_DEBUG_FOLDER_OPERATIONS,
             "Cleaning up deleted %" G_GUINT64_FORMAT " items and %" G_GUINT64_FORMAT
             " empty folders; %" G_GUINT64_FORMAT " kept items went",
             cleaned.items, cleaned.folders, cleaned.expired);
}

static void store_sign_ins(KxCaretaker *caretaker)
{
    g_autoptr(GError) error = NULL;
    if (!kx_sign_ins_flush(caretaker->directory, &error))
        kx_log(caretaker->logger, KX_LOG_ERROR, "Statistics of sign-ins could not be stored: %s",
               error->message);
}

static void note_usage(KxCaretaker *caretaker)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    if (!kx_usage_note(caretaker->directory, now, &error))
        kx_log(caretaker->logger, KX_LOG_ERROR, "Numbers of mailboxes could not be stored: %s",
               error->message);
}

/* Until there is something to do, or the monotonic time `until`; FALSE at the end. */
static gboolean wait_for_work(KxCaretaker *caretaker, gint64 until)
{
    kx_mutex_lock(&caretaker->lock);
    while (!caretaker->stopping && g_hash_table_size(caretaker->grown) == 0 &&
           g_hash_table_size(caretaker->refused) == 0 &&
           g_hash_table_size(caretaker->people) == 0 && !caretaker->everybody &&
           g_get_monotonic_time() < until)
        kx_cond_wait_until(&caretaker->some, &caretaker->lock, until);
    gboolean goes_on = !caretaker->stopping;
    kx_mutex_unlock(&caretaker->lock);
    return goes_on;
}

static gpointer run(gpointer data)
{
    KxCaretaker *caretaker = data;
    setpriority(PRIO_PROCESS, 0, NICE);
    gint64 now = g_get_monotonic_time();
    gint64 clean_at = now + (gint64)CLEAN_FIRST * G_USEC_PER_SEC;
    gint64 store_at = now + KX_SIGN_INS_SECONDS * G_USEC_PER_SEC;
    gint64 usage_at = store_at;
    gboolean begun = FALSE; /* what changed before the server last ended was looked at */
    while (wait_for_work(caretaker, MIN(clean_at, MIN(store_at, usage_at)))) {
        give_notices(caretaker);
        publish(caretaker);
        now = g_get_monotonic_time();
        if (now >= store_at) {
            store_sign_ins(caretaker);
            if (!begun)
                wish_everybody(caretaker);
            begun = TRUE;
            store_at = now + KX_SIGN_INS_SECONDS * G_USEC_PER_SEC;
        }
        if (now >= usage_at) {
            note_usage(caretaker);
            usage_at = now + (gint64)KX_USAGE_SECONDS * G_USEC_PER_SEC;
        }
        if (now >= clean_at) {
            clean(caretaker);
            wish_everybody(caretaker);
            clean_at = now + (gint64)CLEAN_EVERY * G_USEC_PER_SEC;
        }
    }
    return NULL;
}

KxCaretaker *kx_caretaker_start(KxStore *store, KxDirectory *directory, KxQueue *queue,
                                KxLogger *logger)
{
    KxCaretaker *caretaker = g_new0(KxCaretaker, 1);
    caretaker->store = store;
    caretaker->directory = directory;
    caretaker->queue = queue;
    caretaker->logger = logger;
    kx_mutex_init(&caretaker->lock);
    kx_cond_init(&caretaker->some);
    caretaker->grown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    caretaker->refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    caretaker->people = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(KxSettings) settings = kx_directory_settings(directory);
    caretaker->shared = kx_published_is_shared(settings);
    kx_directory_on_people(directory, people_changed, caretaker);
    kx_store_add_hooks(store,
                       &(KxStoreHooks){.arrived = arrived, .refused = refused, .data = caretaker});
    caretaker->thread = g_thread_new("caretaker", run, caretaker);
    return caretaker;
}

void kx_caretaker_stop(KxCaretaker *caretaker)
{
    if (!caretaker)
        return;
    kx_mutex_lock(&caretaker->lock);
    caretaker->stopping = TRUE;
    kx_cond_signal(&caretaker->some);
    kx_mutex_unlock(&caretaker->lock);
    g_thread_join(caretaker->thread);
    kx_store_drop_hooks(caretaker->store, caretaker);
    kx_directory_on_people(caretaker->directory, NULL, NULL);
    g_hash_table_unref(caretaker->people);
    g_hash_table_unref(caretaker->grown);
    g_hash_table_unref(caretaker->refused);
    kx_cond_clear(&caretaker->some);
    kx_mutex_clear(&caretaker->lock);
    g_free(caretaker);
}
