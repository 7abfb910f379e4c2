/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/channel.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

enum { SOCKET_BUFFER = 1024 * 1024 };

gboolean kx_channel_pair(int ret_fds[2], GError **error)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return kx_error_errno(error, "cannot make a channel between roles");
    int size = SOCKET_BUFFER;
    for (int i = 0; i < 2; i++)
        if (setsockopt(fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
            setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    ret_fds[0] = fds[0];
    ret_fds[1] = fds[1];
    return TRUE;
}

gboolean kx_channel_send_packed(int fd, const void *bytes, size_t len, int pass_fd)
{
    struct iovec part = {(void *)bytes, len};
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    if (pass_fd >= 0) {
        head.msg_control = control.room;
        head.msg_controllen = sizeof control.room;
        struct cmsghdr *rights = CMSG_FIRSTHDR(&head);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(rights), &pass_fd, sizeof(int));
    }
    ssize_t n;
    do
        n = sendmsg(fd, &head, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)len;
}

/* Until the peer's buffer has room; FALSE when it is gone or does not read. */
static gboolean wait_for_room(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int rc;
    do
        rc = poll(&wait, 1, KX_CHANNEL_PATIENCE * 1000);
    while (rc < 0 && errno == EINTR);
    if (rc == 0)
        shutdown(fd, SHUT_RDWR);
    return rc > 0 && (wait.revents & POLLOUT);
}

gboolean kx_channel_send(int fd, KxMessageType type, guint32 session, const void *body, int pass_fd)
{
    char bytes[KX_MESSAGE_MAX];
    size_t len = kx_message_pack(type, session, body, bytes, sizeof bytes);
    g_assert(len > 0);
    while (!kx_channel_send_packed(fd, bytes, len, pass_fd))
        if (errno != EAGAIN || !wait_for_room(fd))
            return FALSE;
    return TRUE;
}

/* Takes the one descriptor that may come along; more than one are closed and FALSE is returned. */
static gboolean take_fd(struct msghdr *head, int *ret_fd)
{
    gboolean ok = !(head->msg_flags & MSG_CTRUNC);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c; c = CMSG_NXTHDR(head, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
            if (*ret_fd < 0) {
                *ret_fd = fd;
            } else {
                close(fd);
                ok = FALSE;
            }
        }
    }
    return ok;
}

KxReceived kx_channel_receive(int fd, KxRole from, KxRole to, char *buffer, KxMessage *ret_message,
                              GError **error)
{
    struct iovec part = {buffer, KX_MESSAGE_MAX};
    union {
        char room[CMSG_SPACE(sizeof(int) * 2)];
        struct cmsghdr align;
    } control;
    struct msghdr head = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = control.room,
                          .msg_controllen = sizeof control.room};
    ssize_t n;
    do
        n = recvmsg(fd, &head, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return KX_RECEIVE_AGAIN;
    if (n < 0)
        return KX_RECEIVE_CLOSED;
    int passed = -1;
    gboolean ok = take_fd(&head, &passed);
    if (n == 0) { /* the end, or an empty packet of a peer that breaks the rules */
        if (passed >= 0)
            close(passed);
        return KX_RECEIVE_CLOSED;
    }
    if (!ok || head.msg_flags & MSG_TRUNC)
        ok = kx_fail(error, KX_ERR_PROTOCOL, "oversized message from %s", kx_role_name(from));
    ok = ok && kx_message_parse(buffer, (size_t)n, from, to, ret_message, error);
    if (ok && (passed >= 0) != (kx_message_files(ret_message->type) > 0))
        ok = kx_fail(error, KX_ERR_PROTOCOL, "%s from %s: wrong number of descriptors",
                     kx_message_name(ret_message->type), kx_role_name(from));
    if (!ok) {
        if (passed >= 0)
            close(passed);
        return KX_RECEIVE_BAD;
    }
    ret_message->fd = passed;
    return KX_RECEIVED;
}
