/* SPDX-License-Identifier: Apache-2.0 */
/* Where the helper listens: a socket of systemd's, or one of its own. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "pam/helper.h"

enum { INHERITED = 3, BACKLOG = 128 };

/* ---- systemd's ---- */

static gboolean number_of(const char *variable, guint64 *ret_number)
{
    const char *text = g_getenv(variable);
    return text && kx_parse_uint(text, G_MAXINT, ret_number);
}

static int option_of(int fd, int option)
{
    int value = -1;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : -1;
}

int kx_pam_helper_inherited(GError **error)
{
    guint64 pid, n;
    if (!number_of("LISTEN_PID", &pid) || !number_of("LISTEN_FDS", &n) || pid != (guint64)getpid())
        return -1;
    if (n != 1 || option_of(INHERITED, SO_DOMAIN) != AF_UNIX ||
        option_of(INHERITED, SO_TYPE) != SOCK_SEQPACKET ||
        option_of(INHERITED, SO_ACCEPTCONN) != 1) {
        kx_fail(error, KX_ERR_INVALID,
                "what is passed is to be one socket of ListenSequentialPacket=");
        return -1;
    }
    fcntl(INHERITED, F_SETFD, FD_CLOEXEC);
    return INHERITED;
}

/* ---- our own ---- */

static gboolean address_of(const char *path, struct sockaddr_un *address, GError **error)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path)
        return kx_fail(error, KX_ERR_INVALID, "the path of the socket is too long");
    g_strlcpy(address->sun_path, path, sizeof address->sun_path);
    return TRUE;
}

static gboolean make_folder(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    if (mkdir(folder, 0755) < 0 && errno != EEXIST)
        return kx_error_errno(error, "cannot make %s", folder);
    return TRUE;
}

/* A socket that nobody listens at any more goes; anything else stays. */
static gboolean clear_way(const struct sockaddr_un *address, GError **error)
{
    struct stat st;
    if (lstat(address->sun_path, &st) < 0)
        return TRUE;
    int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    gboolean served =
        probe >= 0 &&
        (connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN);
    if (probe >= 0)
        close(probe);
    if (served || !S_ISSOCK(st.st_mode))
        return kx_fail(error, KX_ERR_IN_USE, "%s is in use", address->sun_path);
    return unlink(address->sun_path) == 0
               ? TRUE
               : kx_error_errno(error, "cannot remove %s", address->sun_path);
}

/* Mode and group are those it is made with: to change them by name afterwards could hit a file that
 * somebody has put there meanwhile. */
static gboolean bind_for(int fd, const struct sockaddr_un *address, guint gid, GError **error)
{
    gid_t own = getegid();
    if (own != gid && setegid(gid) < 0)
        return kx_error_errno(error, "cannot make a socket for group %u", gid);
    mode_t mask = umask(0117);
    gboolean ok = bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
                  listen(fd, BACKLOG) == 0;
    int saved = errno;
    umask(mask);
    if (own != gid && setegid(own) < 0)
        _exit(1);
    errno = saved;
    return ok ? TRUE : kx_error_errno(error, "cannot listen at %s", address->sun_path);
}

int kx_pam_helper_bind(const char *path, guint gid, GError **error)
{
    struct sockaddr_un address;
    if (!address_of(path, &address, error) || !make_folder(path, error) ||
        !clear_way(&address, error))
        return -1;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        kx_error_errno(error, "cannot make a socket");
        return -1;
    }
    if (bind_for(fd, &address, gid, error))
        return fd;
    close(fd);
    return -1;
}
