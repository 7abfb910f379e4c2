/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing index and files, for the administrator and the tests: every difference is a line. */
#include <unistd.h>

#include "base/error.h"
#include "store/snapshot-private.h"

typedef struct {
    GPtrArray *lines;
    guint64 bytes, items;
} Check;

static void say(Check *check, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void say(Check *check, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(check->lines, g_strdup_vprintf(format, args));
    va_end(args);
}

/* Both lists are ascending. */
static void compare_files(Check *check, KxFolder *folder)
{
    g_autoptr(GArray) files = kx_walk_messages(folder->dir, folder->type);
    guint at = 0;
    for (guint i = 0; i < files->len; i++) {
        const KxFoundFile *file = &g_array_index(files, KxFoundFile, i);
        if (file->uid == 0) {
            say(check, "%s: the file %s is not in the index", folder->path, file->name);
            continue;
        }
        for (; at < folder->n && folder->entries[at].uid < file->uid; at++)
            say(check, "%s: the file of message %u is missing", folder->path,
                folder->entries[at].uid);
        if (at == folder->n || folder->entries[at].uid != file->uid) {
            say(check, "%s: the file %08x.eml is not in the index", folder->path, file->uid);
            continue;
        }
        if (folder->entries[at].size != file->size)
            say(check,
                "%s: message %u has %" G_GUINT64_FORMAT " bytes, the index says %" G_GUINT64_FORMAT,
                folder->path, file->uid, file->size, folder->entries[at].size);
        at++;
    }
    for (; at < folder->n; at++)
        say(check, "%s: the file of message %u is missing", folder->path, folder->entries[at].uid);
}

static void check_file(Check *check, KxFolder *folder)
{
    g_auto(KxFolderFile) file = {0};
    g_autoptr(GError) error = NULL;
    if (!kx_folder_file_read(folder->dir, &file, &error))
        say(check, "%s: %s", folder->path, error->message);
    else if (file.id != folder->id || file.uid_validity != folder->meta.uid_validity ||
             file.uid_bound < folder->meta.uid_bound || file.type != folder->type ||
             file.special_use != folder->special_use || !kx_acl_equal(file.acl, folder->acl))
        say(check, "%s: the file #folder differs from the index", folder->path);
}

/* Memory may have been read from a snapshot. */
static gboolean compare_index(Check *check, KxFolder *folder, GError **error)
{
    KxItemScan scan = {0};
    gboolean ok = kx_items_scan(folder, &scan, error);
    if (ok && (scan.n != folder->n || (scan.n > 0 && memcmp(scan.entries, folder->entries,
                                                            scan.n * sizeof(KxEntry)) != 0)))
        say(check, "%s: the items in memory differ from the index", folder->path);
    g_free(scan.entries);
    return ok;
}

static void check_items(Check *check, KxFolder *folder)
{
    check->items += folder->meta.messages;
    check->bytes += folder->meta.size;
    guint recent = 0;
    for (guint i = 0; i < folder->n; i++)
        recent += folder->entries[i].uid >= folder->recent_uid;
    if (recent != folder->recent)
        say(check, "%s: the count of recent messages is wrong", folder->path);
}

static void check_tree(Check *check, KxAccount *account)
{
    g_autoptr(GArray) found = kx_walk_folders(account);
    for (guint i = 0; i < found->len; i++) {
        const char *path = g_array_index(found, KxFoundFolder, i).path;
        if (!kx_tree_find(account, path))
            say(check, "%s: the folder is not in the index", path);
    }
    if (check->items != account->meta.items || check->bytes != account->meta.bytes)
        say(check, "the account's usage does not match its folders");
}

static gboolean check_work(KxAccount *account, gpointer data, GError **error)
{
    Check *check = data;
    g_autoptr(GPtrArray) sorted = kx_tree_sorted(account);
    g_ptr_array_set_size(check->lines, 0);
    check->bytes = check->items = 0;
    if (!kx_db_check(account->db, FALSE, error))
        return FALSE;
    for (guint i = 0; i < sorted->len; i++) {
        KxFolder *folder = sorted->pdata[i];
        if (!kx_folder_load(folder, error) || !compare_index(check, folder, error))
            return FALSE;
        check_file(check, folder);
        compare_files(check, folder);
        check_items(check, folder);
    }
    check_tree(check, account);
    return TRUE;
}

GPtrArray *kx_account_check(KxAccount *account, GError **error)
{
    Check check = {.lines = g_ptr_array_new_with_free_func(g_free)};
    if (kx_account_write(account, check_work, &check, error))
        return check.lines;
    g_ptr_array_unref(check.lines);
    return NULL;
}
