/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server with edges that are no longer ours: for a test of what somebody can reach who has
 * taken one over. Such an edge serves no client and enters no sandbox. It hands all that comes to
 * its channel to the core, and back, to whoever connects to the socket KERYX_HOSTILE with its index
 * behind, packet by packet: tests/e2e/test_hostile_edge.py says what it tries.
 */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/admin.h"
#include "ipc/channel.h"
#include "server/roles.h"
#include "server/serve.h"

/* The channel to the core; what else the keeper says is of no use. */
static int await_core(char *buffer)
{
    KxMessage message;
    while (kx_channel_receive(KX_FD_KEEPER, KX_ROLE_KEEPER, KX_ROLE_EDGE, buffer, &message, NULL) ==
           KX_RECEIVED) {
        if (message.type == KX_MSG_PEER)
            return message.fd;
        if (message.fd >= 0)
            close(message.fd);
    }
    return -1;
}

static int await_script(const char *index)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_snprintf(address.sun_path, sizeof address.sun_path, "%s%s", g_getenv("KERYX_HOSTILE"), index);
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    unlink(address.sun_path);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 1) < 0)
        return -1;
    int script = accept(listener, NULL, NULL);
    unlink(address.sun_path); /* who comes next waits for the next edge */
    close(listener);
    return script;
}

/* FALSE: the one has ended. */
static gboolean pass_on(int from, int to, char *buffer)
{
    ssize_t n = recv(from, buffer, KX_MESSAGE_MAX, 0);
    return n > 0 && send(to, buffer, (size_t)n, MSG_NOSIGNAL) == n;
}

/* Until one of them ends; then the keeper starts another edge. */
static void bridge(int core, int script, char *buffer)
{
    struct pollfd ends[] = {{core, POLLIN, 0}, {script, POLLIN, 0}};
    while (poll(ends, G_N_ELEMENTS(ends), -1) > 0)
        for (guint i = 0; i < G_N_ELEMENTS(ends); i++)
            if (ends[i].revents && !pass_on(ends[i].fd, ends[1 - i].fd, buffer))
                return;
}

/* It goes when it is told to: else each test would wait for it to be killed. */
static gpointer await_stop(gpointer data G_GNUC_UNUSED)
{
    g_autofree char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    KxMessage message;
    while (kx_channel_receive(KX_FD_KEEPER, KX_ROLE_KEEPER, KX_ROLE_EDGE, buffer, &message, NULL) ==
           KX_RECEIVED) {
        if (message.type == KX_MSG_STOP)
            break;
        if (message.fd >= 0)
            close(message.fd);
    }
    _exit(0);
}

static int edge_main(const char *index)
{
    g_autofree char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    kx_channel_send(KX_FD_KEEPER, KX_MSG_ROLE_READY, 0, &(KxMsgRoleReady){0, 0}, -1);
    int core = await_core(buffer);
    g_thread_unref(g_thread_new("stop", await_stop, NULL));
    int script = core >= 0 ? await_script(index) : -1;
    if (script >= 0)
        bridge(core, script, buffer);
    return 0;
}

int main(int argc, char **argv)
{
    int status;
    if (argc == 4 && g_str_equal(argv[1], "--role") && g_str_equal(argv[2], "edge"))
        return edge_main(argv[3]);
    if (kx_role_main(argc, argv, &status))
        return status;
    return kx_cli_main(argc, argv, kx_serve);
}
