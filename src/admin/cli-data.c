/* SPDX-License-Identifier: Apache-2.0 */
/* The data directory, and who works on it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/cli-private.h"
#include "base/error.h"
#include "base/fsutil.h"
#include "base/paths.h"
#include "base/text.h"

gboolean kx_cli_enter(const char *data, GError **error)
{
    umask(0077);
    gboolean entered = chdir(data) == 0;
    if (!entered && errno == ENOENT)
        return kx_fail(error, KX_ERR_NOT_FOUND,
                       "there is no data directory %s: give --data DIR, or run keryx setup", data);
    if (!entered && errno != EACCES)
        return kx_error_errno(error, "cannot use the data directory %s", data);
    if (!entered || access(".", R_OK | W_OK | X_OK) < 0)
        return kx_fail(error, KX_ERR_DENIED,
                       "the data directory %s is not yours: run keryx as root or as its owner",
                       data);
    if (access("server.db", F_OK) < 0)
        return kx_fail(error, KX_ERR_NOT_FOUND, "%s holds no server yet: run keryx setup --data %s",
                       data, data);
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

/* The number in the lock file, or 0. */
static int written_pid(void)
{
    g_autofree char *text = NULL;
    guint64 pid;
    if (!kx_read_file(KX_PATH_LOCK, 32, &text, NULL, NULL))
        return 0;
    g_strstrip(text);
    return kx_parse_uint(text, G_MAXINT, &pid) && pid > 1 ? (int)pid : 0;
}

int kx_cli_server_pid(void)
{
    int pid = written_pid();
    /* Trying the lock could take it from a server that is just starting: only when the number means
     * something. */
    if (pid == 0 || (kill(pid, 0) < 0 && errno == ESRCH))
        return 0;
    int fd = open(KX_PATH_LOCK, O_RDONLY | O_CLOEXEC);
    gboolean held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
    if (fd >= 0)
        close(fd);
    return held ? pid : 0;
}
