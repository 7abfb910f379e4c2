/* SPDX-License-Identifier: Apache-2.0 */
/* What is on disk: the folders of an account and the messages of a folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/groupware.h"
#include "store/store-private.h"

static void clear_folder(gpointer data)
{
    KxFoundFolder *folder = data;
    g_free(folder->dir);
    g_free(folder->path);
    g_free(folder->name);
    kx_folder_file_clear(&folder->file);
}

/* Names of the subdirectories that can be folders. */
static GPtrArray *subfolders(const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        struct stat st;
        if (entry->d_name[0] == '.' || entry->d_name[0] == '#')
            continue;
        if (entry->d_type == DT_DIR ||
            (entry->d_type == DT_UNKNOWN &&
             fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
             S_ISDIR(st.st_mode)))
            g_ptr_array_add(names, g_strdup(entry->d_name));
    }
    if (dir)
        closedir(dir);
    return names;
}

/* The folder path for a directory below `parent`, or NULL if it cannot be one. */
static char *folder_path(const KxFoundFolder *parent, const char *name)
{
    g_autofree char *path = parent ? g_strconcat(parent->path, "/", name, NULL) : g_strdup(name);
    g_autofree char *normal = strchr(name, '/') ? NULL : kx_path_normalise(path, NULL);
    return normal && g_str_equal(normal, path) ? g_steal_pointer(&normal) : NULL;
}

static void add_level(GArray *found, const char *top, int parent)
{
    g_autofree char *dir =
        g_strdup(parent < 0 ? top : g_array_index(found, KxFoundFolder, parent).dir);
    g_autoptr(GPtrArray) names = subfolders(dir);
    for (guint i = 0; i < names->len && found->len < KX_FOLDERS_PER_ACCOUNT; i++) {
        g_autofree char *name = kx_path_unescape(names->pdata[i]);
        char *path =
            name ? folder_path(parent < 0 ? NULL : &g_array_index(found, KxFoundFolder, parent),
                               name)
                 : NULL;
        if (!path)
            continue;
        KxFoundFolder folder = {.path = path, .parent = parent};
        folder.dir = g_build_filename(dir, names->pdata[i], NULL);
        folder.name = g_steal_pointer(&name);
        folder.has_file = kx_folder_file_read(folder.dir, &folder.file, NULL);
        g_array_append_val(found, folder);
    }
}

GArray *kx_walk_folders(KxAccount *account)
{
    GArray *found = g_array_new(FALSE, TRUE, sizeof(KxFoundFolder));
    g_array_set_clear_func(found, clear_folder);
    add_level(found, account->dir, -1);
    for (guint i = 0; i < found->len; i++)
        add_level(found, account->dir, (int)i);
    return found;
}

/* ---- messages ---- */

static void clear_file(gpointer data)
{
    g_free(((KxFoundFile *)data)->name);
}

static int compare_files(gconstpointer a, gconstpointer b)
{
    const KxFoundFile *left = a, *right = b;
    if (left->uid != right->uid)
        return left->uid < right->uid ? -1 : 1;
    if (left->mtime != right->mtime)
        return left->mtime < right->mtime ? -1 : 1;
    return g_strcmp0(left->name, right->name);
}

/* Those the server knows, and those an administrator may put there. */
static gboolean is_message_name(KxFolderType type, const char *name)
{
    if (kx_groupware_is_bare(type, name))
        return TRUE;
    size_t len = strlen(name);
    return name[0] != '.' && len > 4 && g_ascii_strcasecmp(name + len - 4, ".eml") == 0;
}

GArray *kx_walk_messages(const char *folder_dir, KxFolderType type)
{
    GArray *files = g_array_new(FALSE, FALSE, sizeof(KxFoundFile));
    g_array_set_clear_func(files, clear_file);
    g_autofree char *path = g_build_filename(folder_dir, "#msgs", NULL);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        struct stat st;
        if (!is_message_name(type, entry->d_name) ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(st.st_mode))
            continue;
        KxFoundFile file = {.uid = kx_message_uid(entry->d_name),
                            .size = (guint64)st.st_size,
                            .mtime = st.st_mtim.tv_sec};
        if (file.uid == 0)
            file.name = g_strdup(entry->d_name);
        g_array_append_val(files, file);
    }
    if (dir)
        closedir(dir);
    g_array_sort(files, compare_files);
    return files;
}
