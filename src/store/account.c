/* SPDX-License-Identifier: Apache-2.0 */
/* An account: made, loaded, referred to. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/store-private.h"

typedef struct {
    const char *name;
    KxFolderType type;
    guint special_use;
} DefaultFolder;

static const DefaultFolder DEFAULT_FOLDERS[] = {
    {"INBOX", KX_TYPE_MAIL, 0},
    {"Sent Items", KX_TYPE_MAIL, KX_USE_SENT},
    {"Drafts", KX_TYPE_MAIL, KX_USE_DRAFTS},
    {"Deleted Items", KX_TYPE_MAIL, KX_USE_TRASH},
    {"Junk E-mail", KX_TYPE_MAIL, KX_USE_JUNK},
    {"Calendar", KX_TYPE_CALENDAR, 0},
    {"Contacts", KX_TYPE_CONTACTS, 0},
    {"Tasks", KX_TYPE_TASKS, 0},
    {"Notes", KX_TYPE_NOTES, 0},
};

/* ---- the object ---- */

KxAccount *kx_account_new(KxStore *store, const KxPlace *place)
{
    KxAccount *account = g_new0(KxAccount, 1);
    account->store = store;
    account->kind = place->kind;
    account->name = g_strdup(place->name);
    account->dir = g_strdup(place->dir);
    account->marker = g_strdup(place->marker);
    account->index = g_strdup_printf("%s/index.db", place->dir);
    account->by_path = g_hash_table_new(g_str_hash, g_str_equal);
    account->by_id = g_hash_table_new(NULL, NULL);
    account->subscriptions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    account->unswept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    account->redo = kx_redo_new();
    account->readers = g_ptr_array_new();
    pthread_mutex_init(&account->write_lock, NULL);
    pthread_mutex_init(&account->reader_lock, NULL);
    pthread_cond_init(&account->reader_cond, NULL);
    pthread_mutex_init(&account->state_lock, NULL);
    pthread_mutex_init(&account->events_lock, NULL);
    account->watches = g_ptr_array_new();
    pthread_mutex_init(&account->queue_lock, NULL);
    kx_account_touch(account);
    return account;
}

void kx_account_free(KxAccount *account)
{
    GHashTableIter iter;
    gpointer folder;
    g_hash_table_iter_init(&iter, account->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &folder))
        kx_tree_free_folder(folder);
    g_hash_table_unref(account->by_path);
    g_hash_table_unref(account->by_id);
    g_hash_table_unref(account->subscriptions);
    g_hash_table_unref(account->unswept);
    kx_redo_free(account->redo);
    g_ptr_array_unref(account->watches);
    g_ptr_array_unref(account->readers);
    pthread_mutex_destroy(&account->write_lock);
    pthread_mutex_destroy(&account->reader_lock);
    pthread_cond_destroy(&account->reader_cond);
    pthread_mutex_destroy(&account->state_lock);
    pthread_mutex_destroy(&account->queue_lock);
    pthread_mutex_destroy(&account->events_lock);
    g_free(account->name);
    g_free(account->dir);
    g_free(account->marker);
    g_free(account->index);
    g_free(account);
}

KxAccount *kx_account_ref(KxAccount *account)
{
    pthread_mutex_lock(&account->store->lock);
    account->refs++;
    pthread_mutex_unlock(&account->store->lock);
    return account;
}

void kx_account_unref(KxAccount *account)
{
    if (!account)
        return;
    KxStore *store = account->store;
    kx_account_touch(account);
    pthread_mutex_lock(&store->lock);
    account->refs--;
    pthread_mutex_unlock(&store->lock);
}

gboolean kx_account_is_alone(KxAccount *account)
{
    pthread_mutex_lock(&account->store->lock);
    gboolean alone = account->refs == 1;
    pthread_mutex_unlock(&account->store->lock);
    return alone;
}

const char *kx_account_name(KxAccount *account)
{
    return account->name;
}

char *kx_account_file(KxAccount *account, const char *name)
{
    return g_build_filename(account->dir, name, NULL);
}

KxAccountKind kx_account_kind(KxAccount *account)
{
    return account->kind;
}

KxUsage kx_account_usage(KxAccount *account)
{
    pthread_mutex_lock(&account->state_lock);
    KxUsage usage = {account->meta.bytes, account->meta.items};
    pthread_mutex_unlock(&account->state_lock);
    return usage;
}

void kx_account_touch(KxAccount *account)
{
    __atomic_store_n(&account->used, g_get_monotonic_time(), __ATOMIC_RELAXED);
}

/* ---- making it ---- */

static gboolean make_default_folder(KxDb *db, const char *top, const DefaultFolder *folder,
                                    KxAccountMeta *meta, GError **error)
{
    g_autofree char *escaped = kx_path_escape(folder->name);
    g_autofree char *dir = g_build_filename(top, escaped, NULL);
    g_autofree char *messages = g_build_filename(dir, "#msgs", NULL);
    if (mkdir(dir, 0700) < 0 || mkdir(messages, 0700) < 0)
        return kx_error_errno(error, "cannot make directory %s", messages);
    KxFolderFile file = {.id = meta->next_folder++,
                         .uid_validity = meta->uid_validity,
                         .uid_bound = KX_UID_RESERVE,
                         .type = folder->type,
                         .special_use = folder->special_use};
    KxFolderMeta row = {.uid_validity = file.uid_validity,
                        .uid_next = 1,
                        .uid_bound = file.uid_bound,
                        .highest_modseq = meta->modseq};
    return kx_folder_file_write(dir, &file, FALSE, error) &&
           kx_index_add_folder(db, &file, 0, folder->name, &row, 1, error) &&
           (folder->type != KX_TYPE_MAIL || kx_index_subscribe(db, folder->name, TRUE, error));
}

/* Everything was written; now it is made durable, which is cheap when it comes after one another.
 */
static gboolean sync_account(const char *top, guint folders, GError **error)
{
    for (guint i = 0; i < folders; i++) {
        g_autofree char *escaped = kx_path_escape(DEFAULT_FOLDERS[i].name);
        g_autofree char *dir = g_build_filename(top, escaped, NULL);
        g_autofree char *file = g_build_filename(dir, "#folder", NULL);
        if (!kx_sync_path(file, error) || !kx_sync_path(dir, error))
            return FALSE;
    }
    g_autofree char *index = g_build_filename(top, "index.db", NULL);
    return kx_sync_path(index, error) && kx_sync_dir(top, error);
}

static gboolean fill_account(const char *top, guint folders, GError **error)
{
    g_autofree char *index = g_build_filename(top, "index.db", NULL);
    if (mkdir(top, 0700) < 0)
        return kx_error_errno(error, "cannot make directory %s", top);
    g_autoptr(KxDb) db = kx_index_open(index, KX_DB_CREATE | KX_DB_UNSYNCED, error);
    if (!db || !kx_db_begin(db, error))
        return FALSE;
    KxAccountMeta meta = {.modseq = 1,
                          .next_folder = 1,
                          .uid_validity = (guint32)(g_get_real_time() / G_USEC_PER_SEC)};
    for (guint i = 0; i < folders; i++)
        if (!make_default_folder(db, top, &DEFAULT_FOLDERS[i], &meta, error))
            return FALSE;
    return kx_index_write_account(db, &meta, error) && kx_db_commit(db, error);
}

/* Built aside and renamed, so that an account is there with all its folders or not at all. */
gboolean kx_account_create(KxAccount *account, GError **error)
{
    g_autofree char *temp = kx_temp_name(account->store);
    g_autofree char *parent = g_path_get_dirname(account->dir);
    guint folders = account->kind == KX_ACCOUNT_PERSONAL ? G_N_ELEMENTS(DEFAULT_FOLDERS) : 0;
    gboolean ok = fill_account(temp, folders, error) && sync_account(temp, folders, error) &&
                  kx_mkdir_durable(parent, error);
    if (ok && rename(temp, account->dir) < 0)
        ok = kx_error_errno(error, "cannot make directory %s", account->dir);
    if (!ok) {
        kx_remove_tree(temp);
        return FALSE;
    }
    return kx_sync_dir(parent, error);
}
