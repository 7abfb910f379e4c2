/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fsutil.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

gboolean kx_sync_dir(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return kx_error_errno(error, "cannot open directory %s", path);
    int rc = fsync(fd);
    int saved = errno;
    close(fd);
    errno = saved;
    return rc == 0 ? TRUE : kx_error_errno(error, "cannot sync directory %s", path);
}

gboolean kx_mkdir_durable(const char *path, GError **error)
{
    if (mkdir(path, 0700) == 0) {
        g_autofree char *parent = g_path_get_dirname(path);
        return kx_sync_dir(parent, error);
    }
    if (errno == EEXIST)
        return TRUE;
    if (errno != ENOENT)
        return kx_error_errno(error, "cannot make directory %s", path);
    g_autofree char *parent = g_path_get_dirname(path);
    if (g_str_equal(parent, path) || g_str_equal(parent, ".") || !kx_mkdir_durable(parent, error)) {
        if (error && !*error)
            kx_error_errno(error, "cannot make directory %s", path);
        return FALSE;
    }
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return kx_error_errno(error, "cannot make directory %s", path);
    return kx_sync_dir(parent, error);
}

gboolean kx_write_all(int fd, const void *bytes, size_t len, GError **error)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return kx_error_errno(error, "write failed");
        at += n;
        len -= (size_t)n;
    }
    return TRUE;
}

gboolean kx_write_file_durable(const char *path, const void *bytes, size_t len, int mode,
                               GError **error)
{
    g_autofree char *temp = g_strdup_printf("%s.new", path);
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return kx_error_errno(error, "cannot create %s", temp);
    gboolean ok = kx_write_all(fd, bytes, len, error);
    if (ok && fsync(fd) < 0)
        ok = kx_error_errno(error, "cannot sync %s", temp);
    close(fd);
    if (ok && rename(temp, path) < 0)
        ok = kx_error_errno(error, "cannot rename %s", temp);
    if (!ok) {
        unlink(temp);
        return FALSE;
    }
    g_autofree char *dir = g_path_get_dirname(path);
    return kx_sync_dir(dir, error);
}

/* To its end; -1: errno says why not, or 0: it is longer than `max`. A pipe has no size, so the
 * room grows with what comes. */
static ssize_t read_whole(int fd, size_t room, size_t max, char **ret_bytes)
{
    char *bytes = g_malloc(room + 1);
    size_t got = 0;
    for (;;) {
        ssize_t n = read(fd, bytes + got, room - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            break;
        if (n < 0 || (size_t)n > max - got) {
            errno = n < 0 ? errno : 0;
            g_free(bytes);
            return -1;
        }
        got += (size_t)n;
        if (got < room)
            continue;
        room = MIN(room * 2, max) + 1;
        bytes = g_realloc(bytes, room + 1);
    }
    bytes[got] = '\0';
    *ret_bytes = bytes;
    return (ssize_t)got;
}

gboolean kx_read_file(const char *path, size_t max, char **ret_bytes, size_t *ret_len,
                      GError **error)
{
    enum { PIPE_ROOM = 64 * 1024 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return kx_fail(error, KX_ERR_NOT_FOUND, "%s does not exist", path);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        kx_error_errno(error, "cannot open %s", path);
        if (fd >= 0)
            close(fd);
        return FALSE;
    }
    char *bytes = NULL;
    size_t size = S_ISREG(st.st_mode) ? (size_t)st.st_size : PIPE_ROOM;
    ssize_t got = read_whole(fd, MIN(size, max) + 1, max, &bytes);
    int problem = errno;
    close(fd);
    errno = problem;
    if (got < 0)
        return problem != 0
                   ? kx_error_errno(error, "cannot read %s", path)
                   : kx_fail(error, KX_ERR_TOO_BIG, "%s is larger than %zu bytes", path, max);
    *ret_bytes = bytes;
    if (ret_len)
        *ret_len = (size_t)got;
    return TRUE;
}
