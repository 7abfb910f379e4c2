/* SPDX-License-Identifier: Apache-2.0 */
/* The data directory, and who works on it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/cli-private.h"
#include "base/error.h"
#include "base/fsutil.h"
#include "base/paths.h"

gboolean kx_cli_enter(const char *data, GError **error)
{
    umask(0077);
    if (chdir(data) < 0 && errno == ENOENT)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no data directory %s: give --data DIR, or run keryx setup", data);
    if (errno == EACCES || access(".", R_OK | W_OK | X_OK) < 0)
        return kx_fail(error, KX_ERR_DENIED, "the data directory %s is not yours: run keryx as root or as its owner", data);
    if (access("server.db", F_OK) < 0)
        return kx_fail(error, KX_ERR_NOT_FOUND, "%s holds no server yet: run keryx setup --data %s", data, data);
    return TRUE;
}

int kx_cli_lock(void)
{
    int fd = open(KX_PATH_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && ftruncate(fd, 0) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int kx_cli_server_pid(void)
{
    g_autofree char *text = NULL;
    int fd = open(KX_PATH_LOCK, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    gboolean held = flock(fd, LOCK_SH | LOCK_NB) < 0;
    close(fd);
    if (!held)
        return 0;
    if (!kx_read_file(KX_PATH_LOCK, 32, &text, NULL, NULL))
        return -1;
    guint64 pid;
    g_strstrip(text);
    return g_ascii_string_to_unsigned(text, 10, 2, G_MAXINT, &pid, NULL) ? (int)pid : -1;
}
