/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to the helper that asks PAM, for the core, which can make none. Passwords go over
 * them: whoever listens there must be root, or one of our own. Nothing here waits, whatever the
 * core has sent.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "pam/pam.h"
#include "server/keeper-private.h"

static char *why_not(const char *path, int error)
{
    switch (error) {
    case ENOENT:
    case ECONNREFUSED:
        return g_strdup_printf("nobody listens at %s: start the helper (systemctl enable --now "
                               "keryx-pam.socket, or keryx pam serve as root)",
                               path);
    case EAGAIN:
        return g_strdup("the helper has too much to do");
    default:
        return g_strdup_printf("%s cannot be used: %s", path, g_strerror(error));
    }
}

static gboolean is_trusted(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

/* -1 with a text. */
static int connect_helper(char **ret_text)
{
    const char *given = g_getenv(KX_PAM_SOCKET_GIVEN);
    const char *path = given && *given ? given : KX_PAM_SOCKET;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        *ret_text = why_not(path, ENAMETOOLONG);
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        *ret_text = why_not(path, errno);
    else if (is_trusted(fd))
        return fd;
    else
        *ret_text = g_strdup_printf("who listens at %s is not root, and is told no password", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

void kx_keeper_pam(const KxMessage *message)
{
    char bytes[1024];
    g_autofree char *text = NULL;
    int fd = connect_helper(&text);
    size_t len =
        fd >= 0
            ? kx_message_pack(KX_MSG_PAM_CONNECTED, 0, &(KxMsgPamConnected){}, bytes, sizeof bytes)
            : kx_message_pack(KX_MSG_PAM_ABSENT, 0, &(KxMsgPamAbsent){text}, bytes, sizeof bytes);
    if (len > 0)
        kx_channel_send_packed(message->fd, bytes, len, fd);
    if (fd >= 0)
        close(fd);
}
