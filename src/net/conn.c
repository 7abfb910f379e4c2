/* SPDX-License-Identifier: Apache-2.0 */
#include "net/conn.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "net/edge-private.h"

enum {
    OUT_MAX =
        8 * 1024 * 1024, /* the core's credit window and what the edge itself says stay far below */
    OUT_HIGH = 256 * 1024, /* a client that does not read gets no more input processed */
    HANDSHAKE_SECONDS = 60,
    LINGER_SECONDS = 2,
    WIRE_MAX = 32 * 1024,
    LOG_QUEUE_MAX = 1024 * 1024, /* lines are dropped when the core is that far behind */
};

/* ---- addresses ---- */

static guint address_text(const struct sockaddr_storage *address, char *out, gboolean *ret_loopback)
{
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        inet_ntop(AF_INET, &v4->sin_addr, out, KX_IP_TEXT);
        *ret_loopback = (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
        return ntohs(v4->sin_port);
    }
    const struct sockaddr_in6 *v6 = (const void *)address;
    const unsigned char *bytes = v6->sin6_addr.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        inet_ntop(AF_INET, bytes + 12, out, KX_IP_TEXT);
        *ret_loopback = bytes[12] == 127;
    } else {
        inet_ntop(AF_INET6, bytes, out, KX_IP_TEXT);
        *ret_loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
    }
    return ntohs(v6->sin6_port);
}

void kx_conn_set_addresses(KxConn *conn, const struct sockaddr_storage *from,
                           const struct sockaddr_storage *to)
{
    gboolean loopback = FALSE;
    if (to)
        address_text(to, conn->local_ip, &loopback);
    if (!from)
        return;
    loopback = FALSE;
    conn->remote_port = address_text(from, conn->remote_ip, &loopback);
    conn->loopback = loopback != FALSE;
}

static void learn_addresses(KxConn *conn)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    gboolean loopback = FALSE;
    if (getsockname(conn->fd, (struct sockaddr *)&address, &len) == 0)
        address_text(&address, conn->local_ip, &loopback);
    len = sizeof address;
    loopback = FALSE;
    if (getpeername(conn->fd, (struct sockaddr *)&address, &len) == 0)
        conn->remote_port = address_text(&address, conn->remote_ip, &loopback);
    conn->loopback = loopback != FALSE;
}

/* ---- events ---- */

static void on_readable(evutil_socket_t fd, short what, void *data)
{
    KxConn *conn = data;
    if (conn->proxied && kx_conn_read_proxy(conn)) {
        kx_edge_begin(conn);
        return;
    }
    conn->busy = TRUE;
    if (conn->handshaking)
        kx_conn_io_handshake(conn);
    else if (!conn->proxied)
        kx_conn_io_read(conn);
    conn->busy = FALSE;
    kx_conn_work(conn);
}

static void on_writable(evutil_socket_t fd, short what, void *data)
{
    KxConn *conn = data;
    event_del(conn->writable);
    conn->busy = TRUE;
    if (conn->handshaking)
        kx_conn_io_handshake(conn);
    conn->busy = FALSE;
    kx_conn_work(conn);
}

static void arm_timer(KxConn *conn)
{
    gint64 left = MAX(conn->deadline - g_get_monotonic_time(), 0) + 1000;
    struct timeval tv = {left / G_USEC_PER_SEC, left % G_USEC_PER_SEC};
    event_add(conn->timer, &tv);
}

static void on_timer(evutil_socket_t fd, short what, void *data)
{
    KxConn *conn = data;
    if (conn->timeout == 0)
        return;
    if (g_get_monotonic_time() < conn->deadline) {
        arm_timer(conn);
        return;
    }
    if (conn->handshaking || conn->closing || !conn->greeted) {
        conn->dead = TRUE;
    } else if (conn->waiting && !conn->want_more) {
        /* The server is slow, not the client. */
        conn->deadline = g_get_monotonic_time() + (gint64)conn->timeout * G_USEC_PER_SEC;
        arm_timer(conn);
        return;
    } else if (conn->want_more || conn->out.len > 0) {
        conn->dead = TRUE; /* it does not read: a goodbye would not arrive */
    } else {
        conn->busy = TRUE;
        conn->protocol->timeout(conn);
        conn->busy = FALSE;
    }
    kx_conn_work(conn);
}

void kx_conn_set_timeout(KxConn *conn, guint seconds)
{
    conn->timeout = seconds;
    conn->deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    if (seconds > 0)
        arm_timer(conn);
}

/* ---- life ---- */

static void take_id(KxConn *conn)
{
    KxEdge *edge = conn->edge;
    do
        conn->id = ++edge->next_id;
    while (conn->id == 0 || g_hash_table_contains(edge->conns, GUINT_TO_POINTER(conn->id)));
    g_hash_table_insert(edge->conns, GUINT_TO_POINTER(conn->id), conn);
}

KxConn *kx_conn_new(KxEdge *edge, KxServiceId service, int fd)
{
    const KxProtocol *protocol = edge->protocols[kx_service(service)->protocol];
    KxConn *conn = g_malloc0(offsetof(KxConn, state) + protocol->state_size);
    conn->edge = edge;
    conn->service = service;
    conn->protocol = protocol;
    conn->fd = fd;
    kx_buf_init(&conn->in, protocol->input_max);
    kx_buf_init(&conn->wire, MAX(protocol->input_max, (size_t)WIRE_MAX));
    kx_buf_init(&conn->pending, KX_MESSAGE_MAX);
    kx_buf_init(&conn->out, OUT_MAX);
    conn->readable = event_new(edge->base, fd, EV_READ | EV_PERSIST, on_readable, conn);
    conn->writable = event_new(edge->base, fd, EV_WRITE, on_writable, conn);
    conn->timer = event_new(edge->base, -1, 0, on_timer, conn);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    learn_addresses(conn);
    take_id(conn);
    g_atomic_int_inc((gint *)&edge->counts->count[edge->index][service]);
    return conn;
}

void kx_conn_free(KxConn *conn)
{
    KxEdge *edge = conn->edge;
    if (conn->greeted && conn->protocol->close)
        conn->protocol->close(conn);
    kx_conn_core_close(conn);
    g_hash_table_remove(edge->conns, GUINT_TO_POINTER(conn->id));
    g_atomic_int_add((gint *)&edge->counts->count[edge->index][conn->service], -1);
    event_free(conn->readable);
    event_free(conn->writable);
    event_free(conn->timer);
    if (conn->ssl) {
        if (!conn->handshaking && !conn->lingering)
            SSL_shutdown(conn->ssl);
        SSL_free(conn->ssl);
    }
    kx_deflate_free(conn->deflate);
    close(conn->fd);
    kx_buf_clear_secret(&conn->in);
    kx_buf_free(&conn->wire);
    kx_buf_free(&conn->out);
    g_clear_pointer(&conn->ticket, g_bytes_unref);
    kx_conn_core_forget(conn);
    g_free(conn);
}

static void greet(KxConn *conn)
{
    conn->greeted = TRUE;
    conn->protocol->open(conn);
}

/* Who reads mail may have a certificate; web browsers would ask their users for one. */
static SSL *accept_tls(KxConn *conn)
{
    const KxEdge *edge = conn->edge;
    gboolean mail = kx_service(conn->service)->protocol != KX_PROTOCOL_HTTP;
    return kx_tls_accept(edge->tls, conn->fd, mail ? edge->sign_in.authorities : NULL);
}

void kx_conn_begin(KxConn *conn)
{
    kx_conn_set_timeout(conn, HANDSHAKE_SECONDS);
    conn->busy = TRUE;
    if (!kx_service(conn->service)->implicit_tls) {
        greet(conn);
    } else if (!(conn->ssl = accept_tls(conn))) {
        conn->dead = TRUE;
    } else {
        conn->handshaking = TRUE;
        kx_conn_io_handshake(conn);
    }
    conn->busy = FALSE;
    event_add(conn->readable, NULL);
    kx_conn_work(conn);
}

/* The server stops: between two requests is the time to say so. Content that is on its way may
 * still arrive. */
static void stop_between_requests(KxConn *conn)
{
    const KxEdge *edge = conn->edge;
    if (!edge->stopping || conn->waiting || conn->closing || conn->dead)
        return;
    if (!conn->greeted || conn->handshaking || conn->start_tls)
        conn->dead = TRUE;
    else if (edge->stopping_now || !conn->protocol->receiving || !conn->protocol->receiving(conn))
        conn->protocol->shutdown(conn);
}

/* Gives input to the protocol as long as it gets on. */
static void process_input(KxConn *conn)
{
    stop_between_requests(conn);
    while (!conn->waiting && !conn->closing && !conn->start_tls && !conn->dead && conn->greeted &&
           conn->out.len < OUT_HIGH) {
        if (conn->in.len == 0 && !(conn->input_ended))
            break;
        size_t before = conn->in.len;
        conn->protocol->input(conn);
        stop_between_requests(conn);
        if (conn->in.len == before)
            break;
    }
    /* A client that has closed its side and whose last words are dealt with is gone. */
    if (conn->input_ended && !conn->waiting && !conn->closing && conn->out.len < OUT_HIGH)
        kx_conn_close(conn);
}

static void begin_start_tls(KxConn *conn)
{
    conn->start_tls = FALSE;
    kx_buf_clear_secret(&conn->in);
    conn->ssl = accept_tls(conn);
    if (!conn->ssl) {
        conn->dead = TRUE;
        return;
    }
    conn->handshaking = TRUE;
    kx_conn_set_timeout(conn, HANDSHAKE_SECONDS);
    kx_conn_io_handshake(conn);
}

/* Closing with unread input would make the kernel reset the connection, and the client might never
 * see our last words: shut our side, and read what it still sends for a moment. */
static void linger(KxConn *conn)
{
    if (conn->input_ended) {
        conn->dead = TRUE;
        return;
    }
    if (conn->lingering)
        return;
    conn->lingering = TRUE;
    kx_conn_core_close(conn);
    if (conn->ssl)
        SSL_shutdown(conn->ssl);
    shutdown(conn->fd, SHUT_WR);
    kx_conn_set_timeout(conn, LINGER_SECONDS);
}

static void watch_input(KxConn *conn)
{
    gboolean want = conn->handshaking || conn->closing || conn->in.len < conn->protocol->input_max;
    if (conn->input_ended)
        want = FALSE;
    gboolean have = event_pending(conn->readable, EV_READ, NULL) != 0;
    if (want && !have)
        event_add(conn->readable, NULL);
    else if (!want && have)
        event_del(conn->readable);
}

/* Bytes that TLS or the decompressor holds make no event: fetch them once there is room. */
static gboolean hidden_input(KxConn *conn)
{
    if (conn->handshaking || conn->input_ended || conn->in.len >= conn->protocol->input_max)
        return FALSE;
    return (conn->ssl && SSL_pending(conn->ssl) > 0) ||
           (conn->deflate && (conn->wire.len > 0 || kx_deflate_pending(conn->deflate)));
}

void kx_conn_work(KxConn *conn)
{
    if (conn->busy)
        return;
    conn->busy = TRUE;
    for (int rounds = 0; rounds < 16 && !conn->dead; rounds++) {
        process_input(conn);
        kx_conn_io_flush(conn);
        if (conn->dead)
            break;
        if (conn->out.len == 0 && conn->start_tls)
            begin_start_tls(conn);
        else if (!conn->closing && hidden_input(conn))
            kx_conn_io_read(conn);
        else
            break;
    }
    if (!conn->dead && conn->out.len == 0 && conn->closing)
        linger(conn);
    if (!conn->dead) {
        kx_conn_core_drained(conn);
        watch_input(conn);
        if (hidden_input(conn) && !conn->waiting && !conn->closing)
            event_active(conn->readable, EV_READ, 0);
    }
    conn->busy = FALSE;
    if (conn->dead)
        kx_conn_free(conn);
}

/* ---- for protocols ---- */

void *kx_conn_state(KxConn *conn)
{
    return conn->state;
}

const KxService *kx_conn_service(KxConn *conn)
{
    return kx_service(conn->service);
}

const char *kx_conn_remote_ip(KxConn *conn)
{
    return conn->remote_ip;
}

gboolean kx_conn_is_loopback(KxConn *conn)
{
    return conn->loopback;
}

gboolean kx_conn_is_secure(KxConn *conn)
{
    return conn->ssl != NULL;
}

const char *kx_conn_tls(KxConn *conn)
{
    return conn->tls_text;
}

const KxSettings *kx_conn_settings(KxConn *conn)
{
    return conn->edge->settings;
}

const char *kx_conn_input(KxConn *conn, size_t *ret_len)
{
    *ret_len = conn->in.len;
    return conn->in.len > 0 ? conn->in.data : "";
}

void kx_conn_consume(KxConn *conn, size_t len)
{
    if (len == 0)
        return;
    kx_buf_consume(&conn->in, len);
    if (conn->timeout > 0)
        conn->deadline = g_get_monotonic_time() + (gint64)conn->timeout * G_USEC_PER_SEC;
}

void kx_conn_write(KxConn *conn, const void *bytes, size_t len)
{
    if (conn->dead || conn->lingering || len == 0)
        return;
    gboolean ok = conn->deflate ? kx_deflate_write(conn->deflate, bytes, len, &conn->out)
                                : kx_buf_append(&conn->out, bytes, len);
    if (!ok)
        conn->dead = TRUE;
}

void kx_conn_puts(KxConn *conn, const char *text)
{
    kx_conn_write(conn, text, strlen(text));
}

void kx_conn_printf(KxConn *conn, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    kx_conn_puts(conn, text);
}

void kx_conn_start_tls(KxConn *conn)
{
    conn->start_tls = TRUE;
}

gboolean kx_conn_start_deflate(KxConn *conn)
{
    if (conn->deflate)
        return FALSE;
    conn->deflate = kx_deflate_new();
    /* What the client sent already after its command is compressed. */
    g_autofree char *early = g_memdup2(conn->in.data, conn->in.len);
    size_t len = conn->in.len;
    kx_buf_reset(&conn->in);
    kx_buf_append(&conn->wire, early, len);
    return TRUE;
}

void kx_conn_stop_deflate(KxConn *conn)
{
    if (!conn->deflate)
        return;
    while (conn->wire.len > 0) { /* the end of the block of the client's last command */
        gssize used = kx_deflate_read(conn->deflate, conn->wire.data, conn->wire.len, &conn->in,
                                      conn->protocol->input_max - conn->in.len);
        if (used <= 0)
            break;
        kx_buf_consume(&conn->wire, (size_t)used);
    }
    kx_buf_free(&conn->wire);
    g_clear_pointer(&conn->deflate, kx_deflate_free);
}

void kx_conn_forget_session(KxConn *conn)
{
    g_assert(!conn->waiting);
    kx_conn_core_close(conn);
    g_clear_pointer(&conn->ticket, g_bytes_unref);
    g_hash_table_steal(conn->edge->conns, GUINT_TO_POINTER(conn->id));
    take_id(conn);
}

void kx_conn_close(KxConn *conn)
{
    conn->closing = TRUE;
}

void kx_conn_log(KxConn *conn, guint log, const char *format, ...)
{
    if (!conn->edge->core || kx_link_queued(conn->edge->core) > LOG_QUEUE_MAX)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    if (strlen(text) > 4096)
        text[4096] = '\0';
    kx_link_send(conn->edge->core, KX_MSG_LOG, 0, &(KxMsgLog){.log = log, .text = text}, -1);
}

void kx_conn_debug(KxConn *conn, char direction, const char *bytes, size_t len)
{
    if (!(conn->edge->debug_topics & 1U << kx_service(conn->service)->protocol))
        return;
    g_autofree char *text = kx_escape_for_log(bytes, (gssize)len, 2048);
    kx_conn_log(conn, KX_EDGE_LOG_DEBUG, "{%s-server} [%s:%u] %c %s", conn->protocol->name,
                conn->remote_ip, conn->remote_port, direction, text);
}
