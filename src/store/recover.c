/* SPDX-License-Identifier: Apache-2.0 */
/* Kept items come back (DOM-14): delivered by hard link, a few hundred in a commit. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/incoming-private.h"
#include "store/kept-private.h"

enum { AT_ONCE = 200 };

static const char DELETED_ITEMS[] = "Deleted Items";

static char *find_trash(KxAccount *account)
{
    g_autoptr(GPtrArray) folders = kx_folder_list(account, FALSE, NULL);
    for (guint i = 0; folders && i < folders->len; i++) {
        const KxFolderInfo *info = folders->pdata[i];
        if (info->special_use & KX_USE_TRASH)
            return g_strdup(info->path);
    }
    return NULL;
}

static char *find_or_make_trash(KxAccount *account, GError **error)
{
    g_autoptr(GError) problem = NULL;
    char *path = find_trash(account);
    if (path)
        return path;
    if (kx_folder_create(account, DELETED_ITEMS, KX_TYPE_MAIL, KX_USE_TRASH, &problem) ||
        g_error_matches(problem, KX_ERROR, KX_ERR_EXISTS))
        return g_strdup(DELETED_ITEMS);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

/* Which contents are in the folder already: a set of inodes. */
static GHashTable *contents_of(KxAccount *account, const char *path)
{
    GHashTable *inodes = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_autofree char *dir = kx_path_to_dir(account, path);
    g_autoptr(GArray) files = kx_walk_messages(dir, KX_TYPE_MAIL);
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *file = kx_message_file(dir, g_array_index(files, KxFoundFile, i).uid);
        struct stat st;
        if (stat(file, &st) == 0) {
            gint64 inode = (gint64)st.st_ino;
            g_hash_table_add(inodes, g_memdup2(&inode, sizeof inode));
        }
    }
    return inodes;
}

static void drop_all(GPtrArray *batch)
{
    for (guint i = 0; i < batch->len; i++)
        unlink(((const KxKeptFile *)batch->pdata[i])->path);
    g_ptr_array_set_size(batch, 0);
}

static gboolean deliver(KxAccount *account, const char *folder, GPtrArray *batch, KxKept *recovered,
                        GError **error)
{
    g_autoptr(GPtrArray) contents =
        g_ptr_array_new_with_free_func((GDestroyNotify)kx_incoming_free);
    g_autofree KxDelivery *targets = g_new0(KxDelivery, batch->len);
    for (guint i = 0; i < batch->len; i++) {
        const KxKeptFile *file = batch->pdata[i];
        KxIncoming *incoming = kx_incoming_of_file(account->store, file->path, error);
        if (!incoming)
            return FALSE;
        g_ptr_array_add(contents, incoming);
        targets[i] = (KxDelivery){.account = account,
                                  .folder = folder,
                                  .flags = file->flags & ~(guint32)KX_FLAG_DELETED,
                                  .keywords = (const char *const *)file->keywords,
                                  .internal_date = file->internal_date,
                                  .beyond_quota = TRUE};
    }
    if (!kx_incoming_deliver_all((KxIncoming **)contents->pdata, targets, batch->len, error))
        return FALSE;
    recovered->items += batch->len;
    for (guint i = 0; i < batch->len; i++)
        recovered->bytes += ((const KxKeptFile *)batch->pdata[i])->size;
    drop_all(batch);
    return TRUE;
}

gboolean kx_account_recover(KxAccount *account, gint64 since, KxKept *ret_recovered, GError **error)
{
    g_autoptr(GArray) files = kx_kept_list(account->dir, since);
    KxKept recovered = {0};
    g_autofree char *folder = files->len > 0 ? find_or_make_trash(account, error) : g_strdup("");
    if (!folder)
        return FALSE;
    g_autoptr(GHashTable) there = contents_of(account, folder);
    g_autoptr(GPtrArray) batch = g_ptr_array_new();
    for (guint i = 0; i < files->len; i++) {
        KxKeptFile *file = &g_array_index(files, KxKeptFile, i);
        if (g_hash_table_contains(there, &file->inode))
            unlink(file->path);
        else
            g_ptr_array_add(batch, file);
        if (batch->len > 0 && (batch->len == AT_ONCE || i + 1 == files->len) &&
            !deliver(account, folder, batch, &recovered, error))
            return FALSE;
    }
    *ret_recovered = recovered;
    return TRUE;
}
