/* SPDX-License-Identifier: Apache-2.0 */
/* The folders of an account in memory. Everything here with the state lock held. */
#include "store/store-private.h"

static void set_names(KxFolder *folder)
{
    KxAccount *account = folder->account;
    g_autofree char *escaped = kx_path_escape(folder->name);
    g_free(folder->path);
    g_free(folder->dir);
    folder->path = folder->parent ? g_strconcat(folder->parent->path, "/", folder->name, NULL)
                                  : g_strdup(folder->name);
    folder->dir =
        g_strconcat(folder->parent ? folder->parent->dir : account->dir, "/", escaped, NULL);
}

KxFolder *kx_tree_add(KxAccount *account, guint32 id, KxFolder *parent, const char *name)
{
    KxFolder *folder = g_new0(KxFolder, 1);
    folder->account = account;
    folder->id = id;
    folder->parent = parent;
    folder->name = g_strdup(name);
    set_names(folder);
    if (parent)
        parent->n_children++;
    g_hash_table_replace(account->by_path, folder->path, folder);
    g_hash_table_insert(account->by_id, GUINT_TO_POINTER(id), folder);
    return folder;
}

void kx_tree_set_acl(KxFolder *folder, KxAcl *acl)
{
    KxAcl *old = folder->acl;
    folder->acl = kx_acl_ref(acl);
    kx_acl_unref(old);
}

void kx_tree_free_folder(KxFolder *folder)
{
    kx_folder_unload(folder);
    kx_keywords_clear(&folder->keywords);
    kx_acl_unref(folder->acl);
    g_free(folder->name);
    g_free(folder->path);
    g_free(folder->dir);
    g_free(folder);
}

void kx_tree_remove(KxAccount *account, KxFolder *folder)
{
    if (folder->parent)
        folder->parent->n_children--;
    g_hash_table_remove(account->by_path, folder->path);
    g_hash_table_remove(account->by_id, GUINT_TO_POINTER(folder->id));
    folder->gone = TRUE;
    folder->parent = NULL;
    if (folder->refs == 0)
        kx_tree_free_folder(folder);
}

static gboolean is_below(KxFolder *folder, KxFolder *ancestor)
{
    while (folder && folder != ancestor)
        folder = folder->parent;
    return folder != NULL;
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
    const KxFolder *const *left = a, *const *right = b;
    return kx_path_compare((*left)->path, (*right)->path);
}

GPtrArray *kx_tree_sorted(KxAccount *account)
{
    GPtrArray *all = g_ptr_array_sized_new(g_hash_table_size(account->by_path));
    GHashTableIter iter;
    gpointer folder;
    g_hash_table_iter_init(&iter, account->by_path);
    while (g_hash_table_iter_next(&iter, NULL, &folder))
        g_ptr_array_add(all, folder);
    g_ptr_array_sort(all, compare_paths);
    return all;
}

void kx_tree_move(KxAccount *account, KxFolder *folder, KxFolder *parent, const char *name)
{
    g_autoptr(GPtrArray) sorted = kx_tree_sorted(account); /* parents before children */
    g_autoptr(GPtrArray) moved = g_ptr_array_new();
    for (guint i = 0; i < sorted->len; i++)
        if (is_below(sorted->pdata[i], folder))
            g_ptr_array_add(moved, sorted->pdata[i]);
    for (guint i = 0; i < moved->len; i++)
        g_hash_table_remove(account->by_path, ((KxFolder *)moved->pdata[i])->path);
    if (folder->parent)
        folder->parent->n_children--;
    folder->parent = parent;
    if (parent)
        parent->n_children++;
    char *copy = g_strdup(name);
    g_free(folder->name);
    folder->name = copy;
    for (guint i = 0; i < moved->len; i++) {
        KxFolder *each = moved->pdata[i];
        set_names(each);
        g_hash_table_replace(account->by_path, each->path, each);
    }
}

KxFolder *kx_tree_find(KxAccount *account, const char *path)
{
    return g_hash_table_lookup(account->by_path, path);
}
