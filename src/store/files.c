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

static gboolean copy_bytes(int in, int out, GError **error)
{
    g_autofree char *block = g_malloc(COPY_BLOCK);
    for (;;) {
        ssize_t n = read(in, block, COPY_BLOCK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return kx_error_errno(error, "cannot read a message to copy it");
        if (n == 0)
            return TRUE;
        if (!kx_write_all(out, block, (size_t)n, error))
            return FALSE;
    }
}

/* A file that has all the links the file system allows is copied instead. */
static gboolean copy_message(KxStore *store, const char *from, const char *to, GError **error)
{
    g_autofree char *temp = kx_temp_name(store);
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct stat st;
    gboolean ok = in >= 0 && out >= 0 && fstat(in, &st) == 0;
    if (!ok)
        kx_error_errno(error, "cannot copy %s", from);
    ok = ok && copy_bytes(in, out, error);
    if (ok) {
        const struct timespec times[2] = {st.st_mtim, st.st_mtim};
        ok = (futimens(out, times) == 0 && fsync(out) == 0 && rename(temp, to) == 0) ||
             kx_error_errno(error, "cannot copy %s", from);
    }
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    if (!ok)
        unlink(temp);
    return ok;
}

static gboolean link_as(KxFolder *folder, const char *from, guint32 uid, GError **error)
{
    g_autofree char *to = kx_message_file(folder->dir, uid);
    if (link(from, to) == 0)
        return TRUE;
    if (errno == EEXIST)
        return kx_fail(error, KX_ERR_EXISTS, "%s exists already", to);
    if (errno == EMLINK)
        return copy_message(folder->account->store, from, to, error);
    if (errno == ENOENT && access(from, F_OK) < 0)
        return kx_fail(error, KX_ERR_NOT_FOUND, "the content %s has vanished", from);
    g_autofree char *messages = g_build_filename(folder->dir, "#msgs", NULL);
    if (errno == ENOENT && kx_mkdir_durable(messages, NULL) && link(from, to) == 0)
        return TRUE;
    return kx_error_errno(error, "cannot make %s", to);
}

gboolean kx_link_message(KxFolder *folder, KxFolderMeta *meta, const char *from, guint32 *ret_uid,
                         GError **error)
{
    for (;;) {
        GError *problem = NULL;
        if (!kx_folder_reserve_uid(folder, meta, error))
            return FALSE;
        guint32 uid = meta->uid_next;
        if (link_as(folder, from, uid, &problem)) {
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
