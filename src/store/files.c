/* SPDX-License-Identifier: Apache-2.0 */
/* Message files, temporary names, removal of trees. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/store-private.h"

enum { UID_DIGITS = 8, COPY_BLOCK = 65536 };

char *kx_message_file(const char *dir, guint32 uid)
{
    return g_strdup_printf("%s/#msgs/%08x.eml", dir, uid);
}

guint32 kx_message_uid(const char *file_name)
{
    if (strlen(file_name) != UID_DIGITS + 4 || !g_str_equal(file_name + UID_DIGITS, ".eml"))
        return 0;
    guint32 uid = 0;
    for (int i = 0; i < UID_DIGITS; i++) {
        int digit = g_ascii_isupper(file_name[i]) ? -1 : g_ascii_xdigit_value(file_name[i]);
        if (digit < 0)
            return 0;
        uid = uid << 4 | (guint32)digit;
    }
    return uid;
}

char *kx_temp_name(KxStore *store)
{
    guint64 number = __atomic_add_fetch(&store->next_temp, 1, __ATOMIC_RELAXED);
    return g_strdup_printf(KX_TMP_DIR "/%" G_GUINT64_FORMAT, number);
}

gboolean kx_sync_path(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return kx_error_errno(error, "cannot open %s", path);
    int rc = fsync(fd);
    if (rc < 0)
        kx_error_errno(error, "cannot sync %s", path);
    close(fd);
    return rc == 0;
}

/* FALSE: errno says why, here and below. */
static gboolean copy_bytes(int in, int out)
{
    g_autofree char *block = g_malloc(COPY_BLOCK);
    for (;;) {
        ssize_t n = read(in, block, COPY_BLOCK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        if (!kx_write_all(out, block, (size_t)n, NULL))
            return FALSE;
    }
}

static void close_keeping_errno(int fd)
{
    int saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
}

static gboolean copy_file(int in, int out)
{
    struct stat st;
    if (in < 0 || out < 0 || fstat(in, &st) < 0 || !copy_bytes(in, out))
        return FALSE;
    const struct timespec times[2] = {st.st_mtim, st.st_mtim};
    return futimens(out, times) == 0 && fsync(out) == 0;
}

/* A file that has all the links the file system allows is copied instead. */
static gboolean copy_message(KxStore *store, const char *from, const char *to)
{
    g_autofree char *temp = kx_temp_name(store);
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    gboolean ok = copy_file(in, out) && rename(temp, to) == 0;
    close_keeping_errno(in);
    close_keeping_errno(out);
    if (!ok) {
        int saved = errno;
        unlink(temp);
        errno = saved;
    }
    return ok;
}

static gboolean make_as(KxFolder *folder, guint32 uid, KxMakeFile make, gpointer data,
                        GError **error)
{
    g_autofree char *path = kx_message_file(folder->dir, uid);
    if (make(path, data))
        return TRUE;
    if (errno == EEXIST)
        return kx_fail(error, KX_ERR_EXISTS, "%s exists already", path);
    g_autofree char *messages = g_build_filename(folder->dir, "#msgs", NULL);
    if (errno == ENOENT && kx_mkdir_durable(messages, NULL) && make(path, data))
        return TRUE;
    return kx_error_errno(error, "cannot make %s", path);
}

gboolean kx_make_message(KxFolder *folder, KxFolderMeta *meta, KxMakeFile make, gpointer data,
                         guint32 *ret_uid, GError **error)
{
    for (;;) {
        GError *problem = NULL;
        if (!kx_folder_reserve_uid(folder, meta, error))
            return FALSE;
        guint32 uid = meta->uid_next;
        if (make_as(folder, uid, make, data, &problem)) {
            *ret_uid = uid;
            meta->uid_next++;
            return TRUE;
        }
        if (!g_error_matches(problem, KX_ERROR, KX_ERR_EXISTS)) {
            g_propagate_error(error, problem);
            return FALSE;
        }
        /* Not of our making: what a crash leaves is removed at the start. It waits for a reindex.
         */
        g_error_free(problem);
        meta->uid_next++;
    }
}

typedef struct {
    KxStore *store;
    const char *from;
} Link;

static gboolean link_file(const char *path, gpointer data)
{
    const Link *wish = data;
    return link(wish->from, path) == 0 ||
           (errno == EMLINK && copy_message(wish->store, wish->from, path));
}

gboolean kx_link_message(KxFolder *folder, KxFolderMeta *meta, const char *from, guint32 *ret_uid,
                         GError **error)
{
    Link wish = {folder->account->store, from};
    GError *problem = NULL;
    if (kx_make_message(folder, meta, link_file, &wish, ret_uid, &problem))
        return TRUE;
    if (access(from, F_OK) < 0 && errno == ENOENT) {
        g_error_free(problem);
        return kx_fail(error, KX_ERR_NOT_FOUND, "the content %s has vanished", from);
    }
    g_propagate_error(error, problem);
    return FALSE;
}

static void remove_below(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (g_str_equal(entry->d_name, ".") || g_str_equal(entry->d_name, ".."))
            continue;
        if (entry->d_type != DT_DIR && unlinkat(fd, entry->d_name, 0) == 0)
            continue;
        remove_below(fd, entry->d_name);
        unlinkat(fd, entry->d_name, AT_REMOVEDIR);
    }
    closedir(dir);
}

void kx_remove_content(const char *path)
{
    remove_below(AT_FDCWD, path);
}

void kx_remove_tree(const char *path)
{
    if (unlink(path) == 0)
        return;
    remove_below(AT_FDCWD, path);
    rmdir(path);
}

void kx_bury(KxStore *store, const char *dir)
{
    g_autofree char *grave = kx_temp_name(store);
    g_autofree char *parent = g_path_get_dirname(dir);
    if (rename(dir, grave) == 0)
        kx_sync_dir(parent, NULL);
    kx_remove_tree(grave);
}
