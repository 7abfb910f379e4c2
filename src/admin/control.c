/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's end of keryx.sock. A few threads accept and serve one client each, one request after
 * the other; further clients wait in the socket's queue. A client that is silent or does not read
 * is let go of.
 */
#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/command.h"
#include "base/buf.h"
#include "base/error.h"

enum {
    THREADS = 4,
    RECEIVE_SECONDS = 30, /* for a whole request */
    SEND_SECONDS = 30,    /* without any progress */
    STEP = 65536,
};

struct KxControl {
    int listener;
    int stop; /* eventfd, readable once we stop */
    KxCore *core;
    const KxServerHooks *server;
    GThread *threads[THREADS];
};

/* Waits for the descriptor; FALSE at the deadline (monotonic time, -1: none), on errors and when we
 * stop. */
static gboolean wait_for(const KxControl *control, int fd, short events, gint64 deadline)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = fd, .events = events},
                               {.fd = control->stop, .events = POLLIN}};
        gint64 left = deadline < 0 ? -1 : MAX(0, (deadline - g_get_monotonic_time()) / 1000);
        int n = poll(fds, G_N_ELEMENTS(fds), (int)left);
        if (n < 0 && errno == EINTR)
            continue;
        return n > 0 && fds[1].revents == 0;
    }
}

static gint64 in_seconds(gint64 seconds)
{
    return g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
}

/* A whole line in `line`, without its end; what follows it is left in `rest`. */
static gboolean receive_line(const KxControl *control, int fd, KxBuf *input, size_t *ret_len)
{
    gint64 deadline = in_seconds(RECEIVE_SECONDS);
    size_t seen = 0;
    for (;;) {
        const char *end =
            input->len > seen ? memchr(input->data + seen, '\n', input->len - seen) : NULL;
        if (end) {
            *ret_len = (size_t)(end - input->data);
            return TRUE;
        }
        seen = input->len;
        size_t want = MIN((size_t)STEP, input->max - input->len);
        char *room = want > 0 ? kx_buf_reserve(input, want) : NULL;
        if (!room || !wait_for(control, fd, POLLIN, deadline))
            return FALSE;
        ssize_t n = recv(fd, room, want, MSG_DONTWAIT);
        if (n > 0)
            kx_buf_added(input, (size_t)n);
        else if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return FALSE;
    }
}

static gboolean send_all(const KxControl *control, int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        if (!wait_for(control, fd, POLLOUT, in_seconds(SEND_SECONDS)))
            return FALSE;
        ssize_t n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n < 0)
            return FALSE;
        bytes += n;
        len -= (size_t)n;
    }
    return TRUE;
}

static json_t *answer_line(const KxControl *control, guint uid, const char *line, size_t len)
{
    json_error_t where;
    json_auto_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
    if (!request)
        return json_pack("{s:b, s:s, s:s}", "ok", 0, "error", "the request is not JSON", "code",
                         "invalid");
    g_autofree char *name = kx_admin_local_name(uid);
    KxAdminContext context = {control->core, {name, KX_LEVEL_FULL, NULL}, control->server};
    return kx_admin_run(&context, request);
}

static gboolean serve_request(const KxControl *control, int fd, guint uid, KxBuf *input)
{
    size_t len;
    if (!receive_line(control, fd, input, &len))
        return FALSE;
    json_auto_t *answer = answer_line(control, uid, input->data, len);
    explicit_bzero(input->data, len); /* there may be a password in it */
    kx_buf_consume(input, len + 1);
    char *text = json_dumps(answer, JSON_COMPACT);
    if (!text)
        return FALSE;
    gboolean ok = send_all(control, fd, text, strlen(text)) && send_all(control, fd, "\n", 1);
    free(text);
    return ok;
}

/* A role runs as the same user, and reads what strangers send: whoever has taken it over shall have
 * gained no more than it has. */
static gboolean may_ask(const KxControl *control, int fd, guint *ret_uid)
{
    const KxServerHooks *server = control->server;
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return FALSE;
    *ret_uid = peer.uid;
    return (peer.uid == 0 || peer.uid == geteuid()) &&
           !(server && server->is_role && server->is_role(server->data, (guint)peer.pid));
}

static gpointer run(gpointer data)
{
    const KxControl *control = data;
    while (wait_for(control, control->listener, POLLIN, -1)) {
        int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
                g_usleep(G_USEC_PER_SEC / 10); /* out of descriptors: do not spin */
            continue;
        }
        guint uid = 0;
        g_auto(KxBuf) input = KX_BUF_INIT(KX_CONTROL_MAX);
        gboolean welcome = may_ask(control, fd, &uid);
        kx_debug(control->core->logger, KX_DEBUG_ADMINISTRATION, "Connection of uid %u %s", uid,
                 welcome ? "opened" : "refused");
        while (welcome && serve_request(control, fd, uid, &input))
            ;
        close(fd);
    }
    return NULL;
}

KxControl *kx_control_start(int listener, KxCore *core, const KxServerHooks *server)
{
    KxControl *control = g_new0(KxControl, 1);
    control->listener = listener;
    control->stop = eventfd(0, EFD_CLOEXEC);
    g_assert(control->stop >= 0);
    control->core = core;
    control->server = server;
    /* Several threads wait for the same client: the losers must not hang in accept. */
    g_unix_set_fd_nonblocking(listener, TRUE, NULL);
    for (guint i = 0; i < THREADS; i++)
        control->threads[i] = g_thread_new("control", run, control);
    return control;
}

void kx_control_stop(KxControl *control)
{
    guint64 one = 1;
    if (!control)
        return;
    if (write(control->stop, &one, sizeof one) != sizeof one)
        g_assert_not_reached();
    for (guint i = 0; i < THREADS; i++)
        g_thread_join(control->threads[i]);
    close(control->stop);
    g_free(control);
}
