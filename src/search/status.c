/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator sees of an account's index. */
#include <sys/stat.h>

#include "base/error.h"
#include "search/search-private.h"
#include "store/content.h"

static void folder_status_free(gpointer data)
{
    KxSearchFolderStatus *folder = data;
    g_free(folder->path);
    g_free(folder);
}

void kx_search_status_free(KxSearchStatus *status)
{
    if (!status)
        return;
    g_ptr_array_unref(status->folders);
    g_free(status);
}

static guint64 size_on_disk(const char *path)
{
    g_autofree char *log = g_strconcat(path, "-wal", NULL);
    struct stat st;
    guint64 bytes = stat(path, &st) == 0 ? (guint64)st.st_size : 0;
    return bytes + (stat(log, &st) == 0 ? (guint64)st.st_size : 0);
}

static gboolean is_waiting(KxSearch *search, const char *name)
{
    pthread_mutex_lock(&search->lock);
    gboolean waiting = g_hash_table_contains(search->entries, name);
    pthread_mutex_unlock(&search->lock);
    return waiting;
}

static guint lagging(KxAccount *account, KxDb *db, const KxFolderInfo *info)
{
    KxSearchFolder state = {0};
    if (db && (!kx_search_read_folder(db, info->id, &state, NULL) ||
               state.uid_validity != info->uid_validity))
        state.next_uid = 0;
    g_autoptr(KxFolder) folder =
        state.next_uid < info->uid_next ? kx_folder_open(account, info->path, NULL) : NULL;
    g_autoptr(GArray) left =
        folder ? kx_folder_uids(folder, state.next_uid, info->messages, NULL) : NULL;
    return left ? MIN(left->len, info->messages) : 0;
}

KxSearchStatus *kx_search_status(KxSearch *search, KxAccount *account, GError **error)
{
    g_autofree char *path = kx_account_file(account, KX_SEARCH_FILE);
    g_autoptr(GPtrArray) folders = kx_folder_list(account, TRUE, error);
    if (!folders)
        return NULL;
    g_autoptr(KxDb) db = kx_search_db_open(path, FALSE, NULL);
    KxSearchStatus *status = g_new0(KxSearchStatus, 1);
    status->folders = g_ptr_array_new_with_free_func(folder_status_free);
    status->bytes = size_on_disk(path);
    status->waiting = is_waiting(search, kx_account_name(account));
    for (guint i = 0; i < folders->len; i++) {
        const KxFolderInfo *info = folders->pdata[i];
        if (info->messages == 0)
            continue;
        KxSearchFolderStatus *folder = g_new0(KxSearchFolderStatus, 1);
        folder->path = g_strdup(info->path);
        folder->items = info->messages;
        folder->indexed = info->messages - lagging(account, db, info);
        status->items += folder->items;
        status->indexed += folder->indexed;
        g_ptr_array_add(status->folders, folder);
    }
    return status;
}
