/* SPDX-License-Identifier: Apache-2.0 */
/* The store as a whole: the table of accounts, start, recovery and the closing of what is idle. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/snapshot-private.h"

enum { CLOSE_AT_ONCE = 32 };

static KxStore *store_alloc(KxLogger *logger)
{
    KxStore *store = g_new0(KxStore, 1);
    store->logger = logger;
    store->max_open = KX_OPEN_INDEXES;
    store->snapshot_min = KX_SNAPSHOT_MIN;
    store->accounts = g_hash_table_new(g_str_hash, g_str_equal); /* by dir */
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->closed, NULL);
    pthread_mutex_init(&store->watch_lock, NULL);
    pthread_key_create(&store->actor, NULL);
    pthread_cond_init(&store->watch_cond, NULL);
    g_queue_init(&store->watch_queue);
    return store;
}

static void store_free(KxStore *store)
{
    pthread_mutex_destroy(&store->lock);
    pthread_cond_destroy(&store->closed);
    pthread_mutex_destroy(&store->watch_lock);
    pthread_key_delete(store->actor);
    pthread_cond_destroy(&store->watch_cond);
    g_hash_table_unref(store->accounts);
    g_free(store);
}

KxStore *kx_store_open(KxLogger *logger, GError **error)
{
    static const char *const DIRECTORIES[] = {KX_MAIL_DIR, KX_TMP_DIR, KX_OPEN_DIR};
    for (guint i = 0; i < G_N_ELEMENTS(DIRECTORIES); i++)
        if (!kx_mkdir_durable(DIRECTORIES[i], error))
            return NULL;
    kx_remove_content(KX_TMP_DIR);
    KxStore *store = store_alloc(logger);
    if (kx_watch_start(store, error))
        return store;
    store_free(store);
    return NULL;
}

void kx_store_close(KxStore *store)
{
    if (!store)
        return;
    kx_watch_stop(store);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, store->accounts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxAccount *account = value;
        g_assert(account->refs == 0);
        pthread_mutex_lock(&account->write_lock);
        kx_snapshot_write_all(account);
        kx_account_shut(account, TRUE);
        pthread_mutex_unlock(&account->write_lock);
        kx_account_free(account);
    }
    store_free(store);
}

/* The account object with a new reference; never one that is being closed. */
static KxAccount *find_or_add(KxStore *store, const KxPlace *place)
{
    KxAccount *account;
    pthread_mutex_lock(&store->lock);
    while ((account = g_hash_table_lookup(store->accounts, place->dir)) && account->closing)
        pthread_cond_wait(&store->closed, &store->lock);
    if (!account) {
        account = kx_account_new(store, place);
        g_hash_table_insert(store->accounts, account->dir, account);
    }
    account->refs++;
    pthread_mutex_unlock(&store->lock);
    return account;
}

static KxAccount *open_account(KxStore *store, const KxPlace *place, gboolean create,
                               GError **error)
{
    g_autoptr(KxAccount) account = find_or_add(store, place);
    kx_account_touch(account);
    return kx_account_open(account, create, error) ? g_steal_pointer(&account) : NULL;
}

KxAccount *kx_store_existing_account(KxStore *store, const char *name, GError **error)
{
    g_auto(KxPlace) place = {0};
    return kx_place_of_name(name, &place, error) ? open_account(store, &place, FALSE, error) : NULL;
}

/* ---- hooks ---- */

void kx_store_add_hooks(KxStore *store, const KxStoreHooks *hooks)
{
    guint free_one = 0;
    while (store->hooks[free_one].data)
        free_one++;
    g_assert(free_one < KX_STORE_HOOKS);
    store->hooks[free_one] = *hooks;
}

void kx_store_drop_hooks(KxStore *store, gpointer data)
{
    for (guint i = 0; i < KX_STORE_HOOKS; i++)
        if (store->hooks[i].data == data)
            store->hooks[i] = (KxStoreHooks){0};
}

void kx_store_arrived(KxAccount *account)
{
    for (guint i = 0; i < KX_STORE_HOOKS; i++) {
        const KxStoreHooks *hooks = &account->store->hooks[i];
        if (hooks->arrived)
            hooks->arrived(hooks->data, account->name);
    }
}

void kx_store_refused(KxAccount *account)
{
    for (guint i = 0; i < KX_STORE_HOOKS; i++) {
        const KxStoreHooks *hooks = &account->store->hooks[i];
        if (hooks->refused)
            hooks->refused(hooks->data, account->name);
    }
}

static void announce_removal(KxStore *store, const char *name)
{
    for (guint i = 0; i < KX_STORE_HOOKS; i++)
        if (store->hooks[i].removing)
            store->hooks[i].removing(store->hooks[i].data, name);
}

KxAccount *kx_store_account(KxStore *store, const char *domain, const char *user, GError **error)
{
    g_auto(KxPlace) place = {0};
    if (!kx_place_of_user(domain, user, &place, error))
        return NULL;
    g_autoptr(KxAccount) account = find_or_add(store, &place);
    kx_account_touch(account);
    /* A message that was on its way when the user was removed must not bring his mailbox back.
     * Asked with a reference, so that whoever removes him waits for us, or we see that he is gone.
     */
    if (kx_account_limits(account).nobody) {
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no user %s", account->name);
        return NULL;
    }
    return kx_account_open(account, TRUE, error) ? g_steal_pointer(&account) : NULL;
}

KxAccount *kx_store_public(KxStore *store, const char *domain, GError **error)
{
    g_auto(KxPlace) place = {0};
    return kx_place_of_public(domain, &place, error) ? open_account(store, &place, TRUE, error)
                                                     : NULL;
}

KxAccount *kx_store_archive(KxStore *store, GError **error)
{
    g_auto(KxPlace) place = {0};
    kx_place_of_archive(&place);
    return open_account(store, &place, TRUE, error);
}

/* ---- closing ---- */

static gint64 idle_since(KxAccount *account)
{
    return __atomic_load_n(&account->used, __ATOMIC_RELAXED);
}

static void forget(KxStore *store, KxAccount *account)
{
    pthread_mutex_lock(&store->lock);
    g_hash_table_remove(store->accounts, account->dir);
    pthread_cond_broadcast(&store->closed);
    pthread_mutex_unlock(&store->lock);
    kx_account_free(account);
}

/* Closes what it can without waiting for anybody. */
static void try_shut(KxAccount *account)
{
    if (pthread_mutex_trylock(&account->write_lock) != 0)
        return;
    kx_account_shut(account, FALSE);
    pthread_mutex_unlock(&account->write_lock);
}

static gboolean is_idle(const KxFolder *folder, gint64 before, gint64 before_open)
{
    return folder->loaded && folder->used < (folder->refs > 0 ? before_open : before);
}

static void unload_idle_folder(KxFolder *folder, gint64 before, gint64 before_open)
{
    pthread_mutex_t *lock = &folder->account->state_lock;
    pthread_mutex_lock(lock);
    gboolean idle = is_idle(folder, before, before_open);
    pthread_mutex_unlock(lock);
    if (!idle)
        return;
    kx_snapshot_write(folder);
    pthread_mutex_lock(lock);
    if (is_idle(folder, before, before_open))
        kx_folder_unload(folder);
    pthread_mutex_unlock(lock);
}

static void unload_idle_folders(KxAccount *account, gint64 before, gint64 before_open)
{
    GHashTableIter iter;
    gpointer value;
    if (__atomic_load_n(&account->n_loaded, __ATOMIC_RELAXED) == 0)
        return;
    pthread_mutex_lock(
        &account->write_lock); /* nobody is in the middle of loading or changing one */
    g_hash_table_iter_init(&iter, account->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        unload_idle_folder(value, before, before_open);
    pthread_mutex_unlock(&account->write_lock);
}

typedef struct {
    GPtrArray *unused; /* nobody refers to them: they go altogether */
    GPtrArray *quiet;  /* referred to, but idle; with a reference */
} Idle;

static void collect_idle(KxStore *store, gint64 before, Idle *idle)
{
    GHashTableIter iter;
    gpointer value;
    pthread_mutex_lock(&store->lock);
    g_hash_table_iter_init(&iter, store->accounts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxAccount *account = value;
        if (account->closing || idle_since(account) >= before)
            continue;
        if (account->refs == 0) {
            account->closing = TRUE;
            g_ptr_array_add(idle->unused, account);
        } else {
            account->refs++;
            g_ptr_array_add(idle->quiet, account);
        }
    }
    pthread_mutex_unlock(&store->lock);
}

static void drop_ref(KxStore *store, KxAccount *account)
{
    pthread_mutex_lock(&store->lock);
    account->refs--;
    pthread_mutex_unlock(&store->lock);
}

void kx_store_close_idle(KxStore *store, gint64 before, gint64 before_open)
{
    g_autoptr(GPtrArray) unused = g_ptr_array_new();
    g_autoptr(GPtrArray) quiet = g_ptr_array_new();
    collect_idle(store, before, &(Idle){unused, quiet});
    for (guint i = 0; i < unused->len; i++) {
        KxAccount *account = unused->pdata[i];
        pthread_mutex_lock(&account->write_lock);
        kx_snapshot_write_all(account);
        if (!kx_account_shut(account, TRUE))
            kx_account_disconnect(account, TRUE);
        pthread_mutex_unlock(&account->write_lock);
        forget(store, account);
    }
    for (guint i = 0; i < quiet->len; i++) {
        KxAccount *account = quiet->pdata[i];
        if (__atomic_load_n(&account->open, __ATOMIC_ACQUIRE))
            try_shut(account);
        unload_idle_folders(account, before, before_open);
        drop_ref(store, account);
    }
}

void kx_store_tick(KxStore *store)
{
    gint64 now = g_get_monotonic_time();
    kx_store_close_idle(store, now - KX_IDLE_SECONDS * G_USEC_PER_SEC,
                        now - KX_IDLE_OPEN_SECONDS * G_USEC_PER_SEC);
}

static int compare_idle(gconstpointer a, gconstpointer b)
{
    gint64 left = idle_since(*(KxAccount *const *)a), right = idle_since(*(KxAccount *const *)b);
    return left < right ? -1 : left > right;
}

/* Closes the indexes that were used longest ago when too many are open. */
void kx_store_make_room(KxStore *store)
{
    if (__atomic_load_n(&store->n_open, __ATOMIC_RELAXED) < store->max_open)
        return;
    g_autoptr(GPtrArray) open = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;
    pthread_mutex_lock(&store->lock);
    g_hash_table_iter_init(&iter, store->accounts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxAccount *account = value;
        if (account->closing || !__atomic_load_n(&account->open, __ATOMIC_ACQUIRE))
            continue;
        account->refs++;
        g_ptr_array_add(open, account);
    }
    pthread_mutex_unlock(&store->lock);
    g_ptr_array_sort(open, compare_idle);
    for (guint i = 0; i < open->len; i++) {
        if (i < CLOSE_AT_ONCE)
            try_shut(open->pdata[i]);
        drop_ref(store, open->pdata[i]);
    }
}

/* ---- removal ---- */

/* Takes the account out of use; NULL with KX_ERR_IN_USE if somebody has it. */
static KxAccount *take_for_removal(KxStore *store, const KxPlace *place, GError **error)
{
    KxAccount *account = find_or_add(store, place);
    pthread_mutex_lock(&store->lock);
    gboolean alone = --account->refs == 0 && !account->closing;
    if (alone)
        account->closing = TRUE;
    pthread_mutex_unlock(&store->lock);
    if (alone)
        return account;
    kx_fail(error, KX_ERR_IN_USE, "somebody is using the mailbox %s", place->name);
    return NULL;
}

gboolean kx_store_remove_account(KxStore *store, const char *domain, const char *user,
                                 GError **error)
{
    g_auto(KxPlace) place = {0};
    if (!kx_place_of_user(domain, user, &place, error))
        return FALSE;
    announce_removal(store, place.name);
    KxAccount *account = take_for_removal(store, &place, error);
    if (!account)
        return FALSE;
    pthread_mutex_lock(&account->write_lock);
    if (!kx_account_shut(account, TRUE))
        kx_account_disconnect(account, TRUE);
    pthread_mutex_unlock(&account->write_lock);
    g_autofree char *grave = kx_temp_name(store);
    g_autofree char *parent = g_path_get_dirname(place.dir);
    gboolean ok = TRUE;
    if (rename(place.dir, grave) == 0)
        ok = kx_sync_dir(parent, error);
    else if (errno != ENOENT)
        ok = kx_error_errno(error, "cannot remove %s", place.dir);
    forget(store, account);
    kx_remove_tree(grave);
    return ok;
}

/* ---- recovery ---- */

static void recover_account(KxStore *store, const KxPlace *place)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxAccount) account = open_account(store, place, TRUE, &error);
    if (!account)
        kx_log(store->logger, KX_LOG_ERROR, "store.c: Mailbox %s cannot be opened: %s", place->name,
               error->message);
    else
        try_shut(account);
}

static void recover_below(KxStore *store, const char *directory)
{
    g_autofree char *path = g_build_filename(KX_OPEN_DIR, directory, NULL);
    GDir *dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_auto(KxPlace) place = {0};
        g_autofree char *marker = g_build_filename(path, name, NULL);
        if (kx_place_of_directory(directory, name, &place) && access(place.dir, F_OK) == 0)
            recover_account(store, &place);
        else
            unlink(marker);
    }
    if (dir)
        g_dir_close(dir);
}

void kx_store_recover(KxStore *store)
{
    GDir *dir = g_dir_open(KX_OPEN_DIR, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        recover_below(store, name);
    if (dir)
        g_dir_close(dir);
}
