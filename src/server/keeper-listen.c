/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "server/keeper-private.h"

enum { BACKLOG = 4096 };

void kx_bound_free(gpointer data)
{
    KxBound *bound = data;
    /* The edges have it too: this makes the port free now, not when they get round to closing it.
     */
    if (bound->fd >= 0) {
        shutdown(bound->fd, SHUT_RDWR);
        close(bound->fd);
    }
    g_free(bound->address);
    g_free(bound);
}

static KxBound *find(KxKeeper *keeper, const KxMsgListen *wish)
{
    for (guint i = 0; i < keeper->bound->len; i++) {
        KxBound *bound = keeper->bound->pdata[i];
        if (bound->service == wish->service && bound->port == wish->port &&
            g_str_equal(bound->address, wish->address))
            return bound;
    }
    return NULL;
}

static gboolean to_sockaddr(const KxBound *wish, struct sockaddr_storage *out, socklen_t *ret_len)
{
    struct sockaddr_in *v4 = (void *)out;
    struct sockaddr_in6 *v6 = (void *)out;
    memset(out, 0, sizeof *out);
    gboolean any = g_str_equal(wish->address, "*");
    if (!any && inet_pton(AF_INET, wish->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((guint16)wish->port);
        *ret_len = sizeof *v4;
        return TRUE;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((guint16)wish->port);
    *ret_len = sizeof *v6;
    return any || inet_pton(AF_INET6, wish->address, &v6->sin6_addr) == 1;
}

/* All addresses of a host without IPv6. */
static void any_v4(const KxBound *wish, struct sockaddr_storage *out, socklen_t *ret_len)
{
    struct sockaddr_in *v4 = (void *)out;
    memset(out, 0, sizeof *out);
    v4->sin_family = AF_INET;
    v4->sin_port = htons((guint16)wish->port);
    *ret_len = sizeof *v4;
}

static int bind_socket(const KxBound *wish)
{
    struct sockaddr_storage address;
    socklen_t len;
    if (wish->port == 0 || wish->port > 65535 || !to_sockaddr(wish, &address, &len)) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 && errno == EAFNOSUPPORT && g_str_equal(wish->address, "*")) {
        any_v4(wish, &address, &len);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    }
    if (fd < 0)
        return -1;
    int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* An address that is not there yet (DHCP, a link that is down) can be bound all the same. */
    setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
    if (address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, g_str_equal(wish->address, "*") ? &off : &on,
                   sizeof on);
    if (bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, BACKLOG) < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static void to_edges(KxKeeper *keeper, KxMessageType type, const void *body, int fd)
{
    for (guint i = 0; i < keeper->children->len; i++) {
        KxChild *child = keeper->children->pdata[i];
        if (child->role == KX_ROLE_EDGE && child->state == KX_STATE_RUNNING && child->link)
            kx_link_send(child->link, type, 0, body, fd);
    }
}

static void answer(KxKeeper *keeper, const KxBound *bound, const char *error)
{
    KxChild *core = kx_keeper_child(keeper, KX_ROLE_CORE, 0);
    KxMsgListening done = {bound->service, bound->address, bound->port, error};
    if (core->link)
        kx_link_send(core->link, KX_MSG_LISTENING, 0, &done, -1);
}

void kx_keeper_listen(KxKeeper *keeper, const KxMsgListen *wish)
{
    if (wish->service >= KX_SERVICE_COUNT)
        return;
    keeper->running |= 1U << wish->service;
    KxBound *bound = find(keeper, wish);
    if (!bound) {
        bound = g_new0(KxBound, 1);
        bound->service = wish->service;
        bound->address = g_strdup(wish->address);
        bound->port = wish->port;
        bound->fd = -1;
        g_ptr_array_add(keeper->bound, bound);
    }
    bound->wanted = TRUE;
}

void kx_keeper_unlisten(KxKeeper *keeper, KxServiceId service)
{
    if (service >= KX_SERVICE_COUNT)
        return;
    keeper->running &= ~(1U << service);
    for (guint i = keeper->bound->len; i > 0; i--)
        if (((KxBound *)keeper->bound->pdata[i - 1])->service == service)
            g_ptr_array_remove_index(keeper->bound, i - 1);
    to_edges(keeper, KX_MSG_UNLISTEN, &(KxMsgUnlisten){service}, -1);
}

void kx_keeper_listen_start(KxKeeper *keeper)
{
    for (guint i = 0; i < keeper->bound->len; i++)
        ((KxBound *)keeper->bound->pdata[i])->wanted = FALSE;
}

/* An edge cannot drop one socket of a service: it gets the remaining ones anew. */
static void resend_listeners(KxKeeper *keeper, KxServiceId service)
{
    to_edges(keeper, KX_MSG_UNLISTEN, &(KxMsgUnlisten){service}, -1);
    for (guint i = 0; i < keeper->bound->len; i++) {
        KxBound *bound = keeper->bound->pdata[i];
        if (bound->service == service && bound->fd >= 0)
            to_edges(keeper, KX_MSG_LISTENER, &(KxMsgListener){service}, bound->fd);
    }
}

/* Drops what the core did not ask for again. */
static void sweep(KxKeeper *keeper, KxServiceId service)
{
    gboolean dropped = FALSE;
    for (guint i = keeper->bound->len; i > 0; i--) {
        KxBound *bound = keeper->bound->pdata[i - 1];
        if (bound->service != service || bound->wanted)
            continue;
        g_ptr_array_remove_index(keeper->bound, i - 1);
        dropped = TRUE;
    }
    if (dropped)
        resend_listeners(keeper, service);
}

/* Makes what is new, and tells how it stands with all. What fails is forgotten: the core may ask
 * again. */
static void bind_wanted(KxKeeper *keeper, KxServiceId service)
{
    for (guint i = 0; i < keeper->bound->len;) {
        KxBound *bound = keeper->bound->pdata[i];
        gboolean ours = bound->service == service, fresh = bound->fd < 0;
        if (ours && fresh)
            bound->fd = bind_socket(bound);
        if (ours)
            answer(keeper, bound, bound->fd < 0 ? g_strerror(errno) : "");
        if (ours && bound->fd < 0) {
            g_ptr_array_remove_index(keeper->bound, i);
            continue;
        }
        if (ours && fresh)
            to_edges(keeper, KX_MSG_LISTENER, &(KxMsgListener){service}, bound->fd);
        if (ours)
            bound->wanted = FALSE;
        i++;
    }
}

/* First all that goes, then all that comes: a port may move from one service or address to another.
 */
void kx_keeper_listen_end(KxKeeper *keeper, guint services)
{
    for (guint id = 0; id < KX_SERVICE_COUNT; id++)
        if (services >> id & 1)
            sweep(keeper, id);
    for (guint id = 0; id < KX_SERVICE_COUNT; id++)
        if (services >> id & 1)
            bind_wanted(keeper, id);
    keeper->listening = TRUE;
    kx_keeper_check_ready(keeper);
}

void kx_keeper_send_listeners(KxKeeper *keeper, KxLink *edge)
{
    for (guint i = 0; i < keeper->bound->len; i++) {
        KxBound *bound = keeper->bound->pdata[i];
        if (bound->fd >= 0)
            kx_link_send(edge, KX_MSG_LISTENER, 0, &(KxMsgListener){bound->service}, bound->fd);
    }
}
