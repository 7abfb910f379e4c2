/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections from proxies that the administrator trusts. Of one kind first of all comes a header
 * that says for whom (net/proxy-header.h); nothing is guessed: without one the connection ends. The
 * other says so in its own protocol.
 */
#include <errno.h>
#include <sys/socket.h>

#include "base/ip-range.h"
#include "net/edge-private.h"
#include "net/proxy-header.h"

enum { HEADER_SECONDS = 10 };

void kx_edge_take_proxies(KxEdge *edge, const KxMsgProxies *proxies)
{
    if (proxies->kind >= KX_PROXY_KINDS)
        return;
    GArray **ranges = &edge->proxies[proxies->kind];
    g_clear_pointer(ranges, g_array_unref);
    if (proxies->networks[0] != '\0')
        *ranges = kx_ip_ranges_parse(proxies->networks);
}

gboolean kx_conn_is_proxy(const KxConn *conn, KxProxyKind kind)
{
    const GArray *ranges = conn->edge->proxies[kind];
    return ranges && kx_ip_ranges_contain(ranges, conn->remote_ip);
}

gboolean kx_conn_speaks_for_others(KxConn *conn)
{
    return conn->trusted;
}

gboolean kx_conn_change_client(KxConn *conn, const struct sockaddr_storage *from,
                               const struct sockaddr_storage *to)
{
    kx_conn_forget_session(conn);
    kx_conn_set_addresses(conn, from, to);
    /* What follows may be the client's own words, passed on as they are. */
    conn->trusted = kx_conn_is_proxy(conn, KX_PROXY_XCLIENT) != FALSE;
    return kx_edge_admits(conn);
}

void kx_conn_await_proxy(KxConn *conn)
{
    conn->proxied = TRUE;
    kx_conn_set_timeout(conn, HEADER_SECONDS);
    event_add(conn->readable, NULL);
}

/* The next event comes when there is more than that. */
static void wake_beyond(KxConn *conn, int bytes)
{
    int least = bytes + 1;
    setsockopt(conn->fd, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least);
}

/* What comes behind the header stays in the socket: it may be TLS. */
gboolean kx_conn_read_proxy(KxConn *conn)
{
    char bytes[KX_PROXY_HEADER_MAX];
    KxProxyHeader header;
    ssize_t n = recv(conn->fd, bytes, sizeof bytes, MSG_PEEK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return FALSE;
    gssize used = n > 0 ? kx_proxy_header_parse(bytes, (size_t)n, &header) : -1;
    if (used == 0) { /* it would be readable all the time */
        wake_beyond(conn, (int)n);
        return FALSE;
    }
    if (used < 0 || recv(conn->fd, bytes, (size_t)used, 0) != used) {
        if (n > 0)
            kx_conn_log(conn, KX_EDGE_LOG_SECURITY,
                        "%s connection from %s ended: the proxy does not say for whom it connects",
                        kx_service(conn->service)->title, conn->remote_ip);
        conn->dead = TRUE;
        return FALSE;
    }
    conn->proxied = FALSE;
    wake_beyond(conn, 0);
    if (!header.local)
        kx_conn_set_addresses(conn, &header.from, &header.to);
    event_del(conn->readable);
    return TRUE;
}
