/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing the access list of a folder. It is in two places: #folder, so that it outlives the
 * index, and the index, which is what counts. #folder is written first; after a crash in between,
 * kx_account_quick_check() makes it follow the index.
 */
#include "base/error.h"
#include "store/store-private.h"

typedef struct {
    const char *path; /* normalised */
    const char *identifier;
    KxAclOp op;
    guint rights;
    KxFolder *changed; /* with a reference */
} Change;

KxAcl *kx_folder_acl(KxFolder *folder)
{
    pthread_mutex_lock(&folder->account->state_lock);
    KxAcl *acl = kx_acl_ref(folder->acl);
    pthread_mutex_unlock(&folder->account->state_lock);
    return acl;
}

static gboolean write_file(KxFolder *folder, KxAcl *acl, GError **error)
{
    KxFolderFile file = kx_folder_file_of(folder);
    file.acl = acl;
    return kx_folder_file_write(folder->dir, &file, TRUE, error);
}

static gboolean commit(KxFolder *folder, KxAcl *acl, GError **error)
{
    KxAccount *account = folder->account;
    g_auto(KxTxn) txn = {0};
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    txn.meta.modseq++;
    if (!kx_index_write_acl(txn.db, folder->id, acl, error) || !kx_txn_commit(&txn, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    kx_tree_set_acl(folder, acl);
    pthread_mutex_unlock(&account->state_lock);
    return TRUE;
}

static gboolean set_acl(KxFolder *folder, KxAcl *acl, GError **error)
{
    if (!kx_account_mark(folder->account, error) || !write_file(folder, acl, error))
        return FALSE;
    if (commit(folder, acl, error))
        return TRUE;
    write_file(folder, folder->acl, NULL);
    return FALSE;
}

static gboolean change_work(KxAccount *account, gpointer data, GError **error)
{
    Change *change = data;
    KxFolder *folder = kx_tree_find(account, change->path);
    if (!folder)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", change->path);
    g_autoptr(KxAcl) acl =
        kx_acl_with(folder->acl, change->identifier, change->op, change->rights, error);
    if (!acl || kx_acl_equal(acl, folder->acl))
        return acl != NULL;
    if (!set_acl(folder, acl, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    change->changed = kx_folder_ref_locked(folder);
    pthread_mutex_unlock(&account->state_lock);
    return TRUE;
}

gboolean kx_folder_change_acl(KxAccount *account, const char *path, const char *identifier,
                              KxAclOp op, guint rights, GError **error)
{
    g_autofree char *normal = kx_path_normalise(path, NULL);
    if (!normal)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", path);
    Change change = {normal, identifier, op, rights, NULL};
    if (!kx_account_write(account, change_work, &change, error))
        return FALSE;
    if (!change.changed)
        return TRUE;
    kx_watch_signal(change.changed, 0);
    kx_folder_unref(change.changed);
    g_autofree char *what = g_strdup_printf("has new rights for %s", identifier);
    kx_oplog_debug(account, normal, what);
    return TRUE;
}

/* ---- whom an account's lists name ---- */

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void collect_identifiers(const KxAcl *acl, GHashTable *found)
{
    for (guint i = 0; i < kx_acl_count(acl); i++) {
        const char *identifier = kx_acl_entry(acl, i)->identifier;
        g_hash_table_add(found, g_strdup(identifier + (*identifier == '-')));
    }
}

GPtrArray *kx_account_identifiers(KxAccount *account)
{
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTableIter iter;
    gpointer value;
    pthread_mutex_lock(&account->state_lock);
    g_hash_table_iter_init(&iter, account->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        collect_identifiers(((KxFolder *)value)->acl, found);
    pthread_mutex_unlock(&account->state_lock);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_iter_init(&iter, found);
    while (g_hash_table_iter_next(&iter, &value, NULL))
        g_ptr_array_add(names, g_strdup(value));
    g_ptr_array_sort(names, compare_names);
    return names;
}

static gboolean names(const KxAcl *acl, const char *identifier)
{
    g_autofree char *negative = g_strconcat("-", identifier, NULL);
    return kx_acl_find(acl, identifier) || kx_acl_find(acl, negative);
}

/* The paths of folders whose lists name the identifier. */
static GPtrArray *naming_paths(KxAccount *account, const char *identifier)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;
    pthread_mutex_lock(&account->state_lock);
    g_hash_table_iter_init(&iter, account->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (names(((KxFolder *)value)->acl, identifier))
            g_ptr_array_add(paths, g_strdup(((KxFolder *)value)->path));
    pthread_mutex_unlock(&account->state_lock);
    return paths;
}

gboolean kx_account_names(KxAccount *account, const char *identifier)
{
    g_autoptr(GPtrArray) paths = naming_paths(account, identifier);
    return paths->len > 0;
}

gboolean kx_account_forget_identifier(KxAccount *account, const char *identifier, GError **error)
{
    g_autoptr(GPtrArray) paths = naming_paths(account, identifier);
    g_autofree char *negative = g_strconcat("-", identifier, NULL);
    for (guint i = 0; i < paths->len; i++)
        if (!kx_folder_change_acl(account, paths->pdata[i], identifier, KX_ACL_REPLACE, 0, error) ||
            !kx_folder_change_acl(account, paths->pdata[i], negative, KX_ACL_REPLACE, 0, error))
            return FALSE;
    return TRUE;
}
