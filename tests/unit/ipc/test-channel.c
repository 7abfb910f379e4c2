/* SPDX-License-Identifier: Apache-2.0 */
/* Channels: packets, descriptors, and peers that break the rules. */
#include "ipc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

typedef struct {
    int fds[2];
    char *buffer;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(kx_channel_pair(f->fds, &error));
    f->buffer = g_malloc(KX_MESSAGE_MAX + 1);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    close(f->fds[0]);
    close(f->fds[1]);
    g_free(f->buffer);
}

static guint open_descriptors(void)
{
    guint n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* A packet with `n` copies of `fd`, as no well-behaved role sends it. */
static void send_raw(int to, const void *bytes, size_t len, int fd, guint n)
{
    struct iovec part = {(void *)bytes, len};
    union {
        char room[CMSG_SPACE(sizeof(int) * 8)];
        struct cmsghdr align;
    } control;
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    if (n > 0) {
        head.msg_control = control.room;
        head.msg_controllen = CMSG_SPACE(sizeof(int) * n);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&head);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * n);
        for (guint i = 0; i < n; i++)
            memcpy(CMSG_DATA(rights) + i * sizeof fd, &fd, sizeof fd);
    }
    g_assert_cmpint(sendmsg(to, &head, 0), ==, (ssize_t)len);
}

static KxReceived receive(Fixture *f, KxRole from, KxRole to, KxMessage *message)
{
    g_autoptr(GError) error = NULL;
    KxReceived got = kx_channel_receive(f->fds[1], from, to, f->buffer, message, &error);
    g_assert_true((got == KX_RECEIVE_BAD) == (error != NULL));
    return got;
}

static void test_messages(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < 20; i++)
        g_assert_true(kx_channel_send(f->fds[0], KX_MSG_MORE, i, &(KxMsgMore){}, -1));
    for (guint i = 0; i < 20; i++) {
        KxMessage message;
        g_assert_cmpint(receive(f, KX_ROLE_EDGE, KX_ROLE_CORE, &message), ==, KX_RECEIVED);
        g_assert_cmpuint(message.session, ==, i);
    }
    close(f->fds[0]);
    f->fds[0] = -1;
    KxMessage message;
    g_assert_cmpint(receive(f, KX_ROLE_EDGE, KX_ROLE_CORE, &message), ==, KX_RECEIVE_CLOSED);
}

static void test_largest(Fixture *f, gconstpointer data)
{
    g_autofree char *bytes = g_malloc0(98304);
    memset(bytes, 'x', 98304);
    KxMsgReply reply = {.data = {bytes, 98304}};
    for (int i = 0; i < 3; i++)
        g_assert_true(kx_channel_send(f->fds[0], KX_MSG_REPLY, 1, &reply, -1));
    for (int i = 0; i < 3; i++) {
        KxMessage message;
        g_assert_cmpint(receive(f, KX_ROLE_CORE, KX_ROLE_EDGE, &message), ==, KX_RECEIVED);
        g_assert_cmpuint(message.REPLY.data.len, ==, 98304);
        g_assert_cmpint(memcmp(message.REPLY.data.data, bytes, 98304), ==, 0);
    }
}

static void test_descriptor(Fixture *f, gconstpointer data)
{
    int pipe_fds[2];
    g_assert_cmpint(pipe(pipe_fds), ==, 0);
    guint before = open_descriptors();
    g_assert_true(kx_channel_send(f->fds[0], KX_MSG_LISTENER, 0, &(KxMsgListener){3}, pipe_fds[1]));
    KxMessage message;
    g_assert_cmpint(receive(f, KX_ROLE_KEEPER, KX_ROLE_EDGE, &message), ==, KX_RECEIVED);
    g_assert_cmpint(message.fd, >=, 0);
    g_assert_cmpint(fcntl(message.fd, F_GETFD) & FD_CLOEXEC, !=, 0);
    struct stat sent, got;
    g_assert_cmpint(fstat(pipe_fds[1], &sent), ==, 0);
    g_assert_cmpint(fstat(message.fd, &got), ==, 0);
    g_assert_cmpuint(sent.st_ino, ==, got.st_ino);
    close(message.fd);
    g_assert_cmpuint(open_descriptors(), ==, before);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

/* The number of descriptors must be the type's; none may stay open. */
static void test_wrong_number_of_descriptors(Fixture *f, gconstpointer data)
{
    static const struct {
        KxMessageType type;
        guint n;
    } cases[] = {{KX_MSG_LISTENER, 0},
                 {KX_MSG_LISTENER, 2},
                 {KX_MSG_LISTENER, 5},
                 {KX_MSG_STOP, 1},
                 {KX_MSG_STOP, 3}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint before = open_descriptors();
        KxMsgListener body = {1};
        char bytes[64];
        size_t len = kx_message_pack(cases[i].type, 0, &body, bytes, sizeof bytes);
        send_raw(f->fds[0], bytes, len, f->fds[0], cases[i].n);
        KxMessage message;
        g_assert_cmpint(receive(f, KX_ROLE_KEEPER, KX_ROLE_EDGE, &message), ==, KX_RECEIVE_BAD);
        g_assert_cmpuint(open_descriptors(), ==, before);
    }
}

static void test_bad_packets(Fixture *f, gconstpointer data)
{
    KxMessage message;
    guint before = open_descriptors();
    g_autofree char *large = g_malloc0(KX_MESSAGE_MAX + 1);
    send_raw(f->fds[0], large, KX_MESSAGE_MAX + 1, -1, 0);
    g_assert_cmpint(receive(f, KX_ROLE_KEEPER, KX_ROLE_EDGE, &message), ==, KX_RECEIVE_BAD);
    send_raw(f->fds[0], "x", 1, -1, 0);
    g_assert_cmpint(receive(f, KX_ROLE_KEEPER, KX_ROLE_EDGE, &message), ==, KX_RECEIVE_BAD);
    send_raw(f->fds[0], "", 0, f->fds[0],
             2); /* an empty packet looks like the end; its descriptors are closed */
    g_assert_cmpint(receive(f, KX_ROLE_KEEPER, KX_ROLE_EDGE, &message), ==, KX_RECEIVE_CLOSED);
    g_assert_cmpuint(open_descriptors(), ==, before);
}

static gpointer drain(gpointer data)
{
    Fixture *f = data;
    guint n = 0;
    KxMessage message;
    while (receive(f, KX_ROLE_CORE, KX_ROLE_EDGE, &message) == KX_RECEIVED)
        g_assert_cmpuint(message.session, ==, n++);
    return GUINT_TO_POINTER(n);
}

/* The sender waits for room, on a descriptor that does not block too, and nothing is lost. */
static void test_sender_waits(Fixture *f, gconstpointer data)
{
    g_autofree char *bytes = g_malloc0(60000);
    KxMsgReply reply = {.data = {bytes, 60000}};
    fcntl(f->fds[0], F_SETFL, O_NONBLOCK);
    GThread *reader = g_thread_new("reader", drain, f);
    for (guint i = 0; i < 500; i++)
        g_assert_true(kx_channel_send(f->fds[0], KX_MSG_REPLY, i, &reply, -1));
    shutdown(f->fds[0], SHUT_WR);
    g_assert_cmpuint(GPOINTER_TO_UINT(g_thread_join(reader)), ==, 500);
}

static void test_full(Fixture *f, gconstpointer data)
{
    char bytes[1024] = {0};
    int sent = 0;
    while (kx_channel_send_packed(f->fds[0], bytes, sizeof bytes, -1))
        g_assert_cmpint(sent++, <, 10000);
    g_assert_cmpint(errno, ==, EAGAIN);
    close(f->fds[1]);
    g_assert_false(kx_channel_send(f->fds[0], KX_MSG_STOP, 0, &(KxMsgStop){}, -1));
    f->fds[1] = -1;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/ipc/channel/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("messages", test_messages);
    ADD("largest", test_largest);
    ADD("descriptor", test_descriptor);
    ADD("wrong-number-of-descriptors", test_wrong_number_of_descriptors);
    ADD("bad-packets", test_bad_packets);
    ADD("sender-waits", test_sender_waits);
    ADD("full", test_full);
    return g_test_run();
}
