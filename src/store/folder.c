/* SPDX-License-Identifier: Apache-2.0 */
/* Folders: open, list, find, create, delete, subscribe. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/kept-private.h"
#include "store/store-private.h"

/* ---- references ---- */

KxFolder *kx_folder_ref_locked(KxFolder *folder)
{
    if (folder && folder->refs++ == 0)
        kx_account_ref(folder->account);
    return folder;
}

KxFolder *kx_folder_open(KxAccount *account, const char *path, GError **error)
{
    g_autofree char *normal = kx_path_normalise(path, NULL);
    pthread_mutex_lock(&account->state_lock);
    KxFolder *folder = kx_folder_ref_locked(normal ? kx_tree_find(account, normal) : NULL);
    pthread_mutex_unlock(&account->state_lock);
    if (!folder)
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", path);
    kx_oplog_debug(account, path, folder ? "is opened" : "is not there");
    return folder;
}

KxFolder *kx_folder_by_id(KxAccount *account, guint32 id)
{
    pthread_mutex_lock(&account->state_lock);
    KxFolder *folder =
        kx_folder_ref_locked(g_hash_table_lookup(account->by_id, GUINT_TO_POINTER(id)));
    pthread_mutex_unlock(&account->state_lock);
    return folder;
}

KxFolder *kx_folder_ref(KxFolder *folder)
{
    pthread_mutex_lock(&folder->account->state_lock);
    kx_folder_ref_locked(folder);
    pthread_mutex_unlock(&folder->account->state_lock);
    return folder;
}

void kx_folder_unref(KxFolder *folder)
{
    if (!folder)
        return;
    KxAccount *account = folder->account;
    pthread_mutex_lock(&account->state_lock);
    gboolean last = --folder->refs == 0;
    if (last && folder->gone)
        kx_tree_free_folder(folder);
    pthread_mutex_unlock(&account->state_lock);
    if (last)
        kx_account_unref(account);
}

guint32 kx_folder_id(KxFolder *folder)
{
    return folder->id;
}

KxAccount *kx_folder_account(KxFolder *folder)
{
    return folder->account;
}

guint32 kx_folder_uid_validity(KxFolder *folder)
{
    pthread_mutex_lock(&folder->account->state_lock);
    guint32 value = folder->meta.uid_validity;
    pthread_mutex_unlock(&folder->account->state_lock);
    return value;
}

guint64 kx_folder_highest_modseq(KxFolder *folder)
{
    pthread_mutex_lock(&folder->account->state_lock);
    guint64 value = folder->meta.highest_modseq;
    pthread_mutex_unlock(&folder->account->state_lock);
    return value;
}

char *kx_folder_path(KxFolder *folder)
{
    pthread_mutex_lock(&folder->account->state_lock);
    char *path = g_strdup(folder->path);
    pthread_mutex_unlock(&folder->account->state_lock);
    return path;
}

char **kx_folder_keywords(KxFolder *folder)
{
    GStrvBuilder *names = g_strv_builder_new();
    if (kx_folder_lock_loaded(folder, NULL)) {
        for (guint i = 0; i < folder->keywords.names->len; i++)
            g_strv_builder_add(names, folder->keywords.names->pdata[i]);
        pthread_mutex_unlock(&folder->account->state_lock);
    }
    char **result = g_strv_builder_end(names);
    g_strv_builder_unref(names);
    return result;
}

/* ---- what there is ---- */

void kx_folder_info_free(KxFolderInfo *info)
{
    if (!info)
        return;
    kx_acl_unref(info->acl);
    g_free(info->path);
    g_free(info);
}

/* A folder's id and UIDVALIDITY outlive the index in #folder, and together are never given out
 * again. */
static KxObjectId mailbox_id(const KxFolder *folder)
{
    return kx_object_id_of("%s %u %u", kx_account_name(folder->account), folder->id,
                           folder->meta.uid_validity);
}

static KxFolderInfo *describe(KxFolder *folder, gboolean counts)
{
    const KxFolderMeta *meta = &folder->meta;
    KxFolderInfo *info = g_new0(KxFolderInfo, 1);
    info->id = folder->id;
    info->path = g_strdup(folder->path);
    info->type = folder->type;
    info->special_use = folder->special_use;
    info->subscribed = g_hash_table_contains(folder->account->subscriptions, folder->path);
    info->has_children = folder->n_children > 0;
    info->acl = kx_acl_ref(folder->acl);
    info->uid_validity = meta->uid_validity;
    info->mailbox_id = mailbox_id(folder);
    if (!counts)
        return info;
    info->uid_next = meta->uid_next;
    info->highest_modseq = meta->highest_modseq;
    info->messages = meta->messages;
    info->unseen = meta->unseen;
    info->deleted = meta->deleted;
    info->recent = folder->recent;
    info->size = meta->size;
    return info;
}

GPtrArray *kx_folder_list(KxAccount *account, gboolean counts, GError **error)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)kx_folder_info_free);
    pthread_mutex_lock(&account->state_lock);
    g_autoptr(GPtrArray) sorted = kx_tree_sorted(account);
    for (guint i = 0; i < sorted->len; i++)
        g_ptr_array_add(list, describe(sorted->pdata[i], counts));
    pthread_mutex_unlock(&account->state_lock);
    return list;
}

KxFolderInfo *kx_folder_find(KxAccount *account, const char *path, GError **error)
{
    g_autofree char *normal = kx_path_normalise(path, NULL);
    pthread_mutex_lock(&account->state_lock);
    KxFolder *folder = normal ? kx_tree_find(account, normal) : NULL;
    KxFolderInfo *info = folder ? describe(folder, TRUE) : NULL;
    pthread_mutex_unlock(&account->state_lock);
    if (!info)
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", path);
    return info;
}

KxFolderInfo *kx_folder_find_id(KxAccount *account, guint32 id)
{
    pthread_mutex_lock(&account->state_lock);
    KxFolder *folder = g_hash_table_lookup(account->by_id, GUINT_TO_POINTER(id));
    KxFolderInfo *info = folder ? describe(folder, TRUE) : NULL;
    pthread_mutex_unlock(&account->state_lock);
    return info;
}

guint64 kx_account_modseq(KxAccount *account)
{
    pthread_mutex_lock(&account->state_lock);
    guint64 modseq = account->meta.modseq;
    pthread_mutex_unlock(&account->state_lock);
    return modseq;
}

/* ---- create ---- */

typedef struct {
    const char *path; /* normalised */
    KxFolderType type;
    guint special_use;
} Create;

static guint32 next_uid_validity(const KxAccountMeta *meta)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    return now > meta->uid_validity ? (guint32)now : meta->uid_validity + 1;
}

/* Nothing in it but what every folder has. */
static gboolean is_bare(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        if (!g_str_equal(name, "#msgs") && !g_str_equal(name, "#folder"))
            return FALSE;
    return dir != NULL;
}

/* A directory the index does not know may be there: empty after an unfinished creation, or put
 * there by an administrator who has not reindexed yet; that one is not touched. */
gboolean kx_folder_clear_way(KxAccount *account, const char *dir, GError **error)
{
    g_autofree char *messages = g_build_filename(dir, "#msgs", NULL);
    g_autofree char *file = g_build_filename(dir, "#folder", NULL);
    if (access(dir, F_OK) < 0)
        return TRUE;
    if (is_bare(dir) && (rmdir(messages) == 0 || errno == ENOENT)) {
        unlink(file);
        if (rmdir(dir) == 0)
            return TRUE;
    }
    return kx_fail(error, KX_ERR_EXISTS, "%s is in the way; reindex the mailbox of %s", dir,
                   account->name);
}

/* Built aside and renamed, so that a directory of ours never lacks its #folder. */
static gboolean make_folder_files(KxAccount *account, const char *dir, const KxFolderFile *file,
                                  GError **error)
{
    g_autofree char *temp = kx_temp_name(account->store);
    g_autofree char *messages = g_build_filename(temp, "#msgs", NULL);
    g_autofree char *parent = g_path_get_dirname(dir);
    gboolean ok = (mkdir(temp, 0700) == 0 && mkdir(messages, 0700) == 0) ||
                  kx_error_errno(error, "cannot make directory %s", messages);
    ok = ok && kx_folder_file_write(temp, file, TRUE, error);
    if (ok && rename(temp, dir) < 0)
        ok = kx_error_errno(error, "cannot make directory %s", dir);
    if (!ok)
        kx_remove_tree(temp);
    return ok && kx_sync_dir(parent, error);
}

/* A new folder is for those its parent is for; at the top, public folders may be read by everybody
 * (PUB-06). */
static KxAcl *inherited_acl(KxAccount *account, const KxFolder *parent)
{
    if (parent)
        return kx_acl_ref(parent->acl);
    if (account->kind != KX_ACCOUNT_PUBLIC)
        return NULL;
    return kx_acl_with(NULL, "anyone", KX_ACL_REPLACE, KX_RIGHT_LOOKUP | KX_RIGHT_READ, NULL);
}

/* One level; its parent exists. */
static gboolean create_level(KxAccount *account, const char *path, KxFolderType type,
                             guint special_use, GError **error)
{
    const char *slash = strrchr(path, '/');
    g_autofree char *parent_path = slash ? g_strndup(path, (gsize)(slash - path)) : NULL;
    const char *name = slash ? slash + 1 : path;
    KxFolder *parent = parent_path ? kx_tree_find(account, parent_path) : NULL;
    g_autofree char *dir = kx_path_to_dir(account, path);
    g_autoptr(KxAcl) acl = inherited_acl(account, parent);
    g_auto(KxTxn) txn = {0};
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    KxFolderFile file = {.id = txn.meta.next_folder++,
                         .uid_validity = next_uid_validity(&txn.meta),
                         .uid_bound = KX_UID_RESERVE,
                         .type = type,
                         .special_use = special_use,
                         .acl = acl};
    txn.meta.uid_validity = file.uid_validity;
    KxFolderMeta meta = {.uid_validity = file.uid_validity,
                         .uid_next = 1,
                         .uid_bound = file.uid_bound,
                         .highest_modseq = ++txn.meta.modseq};
    if (!kx_folder_clear_way(account, dir, error))
        return FALSE;
    if (!make_folder_files(account, dir, &file, error) ||
        !kx_index_add_folder(txn.db, &file, parent ? parent->id : 0, name, &meta, 1, error) ||
        !kx_txn_commit(&txn, error)) {
        kx_bury(account->store, dir);
        return FALSE;
    }
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    KxFolder *folder = kx_tree_add(account, file.id, parent, name);
    folder->type = type;
    folder->special_use = special_use;
    kx_tree_set_acl(folder, acl);
    folder->meta = meta;
    folder->recent_uid = 1;
    pthread_mutex_unlock(&account->state_lock);
    kx_watch_post_name(account, KX_WATCH_CREATED, path, NULL);
    return TRUE;
}

gboolean kx_folder_create_parents(KxAccount *account, const char *path, GError **error)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        g_autofree char *parent = g_strndup(path, (gsize)(slash - path));
        if (!kx_tree_find(account, parent) &&
            !create_level(account, parent, KX_TYPE_MAIL, 0, error))
            return FALSE;
    }
    return TRUE;
}

gboolean kx_folder_check_new(KxAccount *account, const char *path, GError **error)
{
    g_autofree char *dir = kx_path_to_dir(account, path);
    if (kx_tree_find(account, path))
        return kx_fail(error, KX_ERR_EXISTS, "there is a folder %s already", path);
    if (strlen(dir) > KX_DIR_MAX)
        return kx_fail(error, KX_ERR_TOO_BIG, "the folder path is too long");
    if (g_hash_table_size(account->by_id) + KX_FOLDER_DEPTH > KX_FOLDERS_PER_ACCOUNT)
        return kx_fail(error, KX_ERR_TOO_BIG, "there are too many folders");
    return TRUE;
}

static gboolean create_work(KxAccount *account, gpointer data, GError **error)
{
    Create *create = data;
    return kx_folder_check_new(account, create->path, error) &&
           kx_folder_create_parents(account, create->path, error) &&
           create_level(account, create->path, create->type, create->special_use, error);
}

gboolean kx_folder_create(KxAccount *account, const char *path, KxFolderType type,
                          guint special_use, GError **error)
{
    g_autofree char *normal = kx_path_normalise(path, error);
    Create create = {normal, type, special_use};
    if (!normal || !kx_account_write(account, create_work, &create, error))
        return FALSE;
    kx_oplog_debug(account, normal, "is created");
    return TRUE;
}

/* ---- delete ---- */

typedef enum { DELETE_ANY, DELETE_EMPTY, DELETE_UNSAID } DeleteKind;

typedef struct {
    const char *path;
    DeleteKind kind;
    KxFolder *folder; /* with a reference, once it is done */
} Delete;

/* Its items are removed for good with it. */
static gboolean keep_items(KxKeeping *keeping, KxFolder *folder, GArray *entries, GError **error)
{
    if (folder->meta.messages == 0 || !kx_account_limits(folder->account).keeps)
        return TRUE;
    if (!kx_folder_load(folder, error))
        return FALSE;
    g_array_append_vals(entries, folder->entries, folder->n);
    return kx_keep(keeping, folder, entries, error);
}

static gboolean delete_work(KxAccount *account, gpointer data, GError **error)
{
    Delete *delete = data;
    KxFolder *folder = kx_tree_find(account, delete->path);
    if (!folder)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", delete->path);
    if (folder->n_children > 0)
        return kx_fail(error, KX_ERR_IN_USE, "the folder %s has subfolders", delete->path);
    if (delete->kind == DELETE_EMPTY && folder->meta.messages > 0)
        return kx_fail(error, KX_ERR_IN_USE, "the folder %s is not empty", delete->path);
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(KxEntry));
    g_auto(KxKeeping) keeping = {0};
    g_auto(KxTxn) txn = {0};
    if (delete->kind != DELETE_UNSAID && !keep_items(&keeping, folder, entries, error))
        return FALSE;
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    txn.meta.modseq++;
    txn.meta.items -= folder->meta.messages;
    txn.meta.bytes -= folder->meta.size;
    if (!kx_index_remove_folder(txn.db, folder->id, error) ||
        !kx_index_set_removing(txn.db, folder->id, folder->path, error) ||
        !kx_txn_commit(&txn, error))
        return FALSE;
    keeping.done = TRUE;
    g_autofree char *dir = g_strdup(folder->dir);
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    delete->folder = kx_folder_ref_locked(folder);
    kx_tree_remove(account, folder);
    pthread_mutex_unlock(&account->state_lock);
    kx_bury(account->store, dir);
    return TRUE;
}

static gboolean delete_folder(KxAccount *account, const char *path, DeleteKind kind, GError **error)
{
    g_autofree char *normal = kx_path_normalise(path, NULL);
    if (!normal)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", path);
    if (g_str_equal(normal, "INBOX"))
        return kx_fail(error, KX_ERR_DENIED, "INBOX cannot be removed");
    Delete delete = {.path = normal, .kind = kind};
    if (!kx_account_write(account, delete_work, &delete, error))
        return FALSE;
    kx_watch_signal(delete.folder, 0);
    kx_watch_post_name(account, KX_WATCH_DELETED, normal, NULL);
    kx_folder_unref(delete.folder);
    if (kind != DELETE_UNSAID)
        kx_oplog_delete_folder(account, normal);
    kx_oplog_debug(account, normal, "is removed");
    return TRUE;
}

gboolean kx_folder_delete(KxAccount *account, const char *path, const KxActor *actor G_GNUC_UNUSED,
                          GError **error)
{
    return delete_folder(account, path, DELETE_ANY, error);
}

gboolean kx_folder_delete_empty(KxAccount *account, const char *path, GError **error)
{
    return delete_folder(account, path, DELETE_EMPTY, error);
}

gboolean kx_folder_discard(KxAccount *account, const char *path, GError **error)
{
    return delete_folder(account, path, DELETE_UNSAID, error);
}

/* ---- subscriptions ---- */

typedef struct {
    const char *path;
    gboolean on;
} Subscribe;

static gboolean subscribe_work(KxAccount *account, gpointer data, GError **error)
{
    Subscribe *subscribe = data;
    if (g_hash_table_contains(account->subscriptions, subscribe->path) == subscribe->on)
        return TRUE;
    if (subscribe->on && g_hash_table_size(account->subscriptions) >= KX_FOLDERS_PER_ACCOUNT)
        return kx_fail(error, KX_ERR_TOO_BIG, "there are too many subscriptions");
    g_auto(KxTxn) txn = {0};
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    txn.meta.modseq++;
    if (!kx_index_subscribe(txn.db, subscribe->path, subscribe->on, error) ||
        !kx_txn_commit(&txn, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    if (subscribe->on)
        g_hash_table_add(account->subscriptions, g_strdup(subscribe->path));
    else
        g_hash_table_remove(account->subscriptions, subscribe->path);
    pthread_mutex_unlock(&account->state_lock);
    kx_watch_post_name(account, KX_WATCH_SUBSCRIBED, subscribe->path, NULL);
    return TRUE;
}

gboolean kx_folder_subscribe(KxAccount *account, const char *path, gboolean on, GError **error)
{
    g_autofree char *normal = kx_path_normalise(path, error);
    Subscribe subscribe = {normal, on};
    return normal && kx_account_write(account, subscribe_work, &subscribe, error);
}

gboolean kx_folder_is_subscribed(KxAccount *account, const char *path)
{
    g_autofree char *normal = kx_path_normalise(path, NULL);
    pthread_mutex_lock(&account->state_lock);
    gboolean found = normal && g_hash_table_contains(account->subscriptions, normal);
    pthread_mutex_unlock(&account->state_lock);
    return found;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return kx_path_compare(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *kx_folder_subscriptions(KxAccount *account, GError **error)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer path;
    pthread_mutex_lock(&account->state_lock);
    g_hash_table_iter_init(&iter, account->subscriptions);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        g_ptr_array_add(paths, g_strdup(path));
    pthread_mutex_unlock(&account->state_lock);
    g_ptr_array_sort(paths, compare_names);
    return paths;
}
