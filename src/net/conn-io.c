/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include "net/edge-private.h"

enum { READ_PIECE = 16 * 1024, FLUSH_PIECE = 64 * 1024 };

/* Reads from socket or TLS: bytes, 0 at the end, -1 nothing now, -2 broken. */
static gssize read_raw(KxConn *conn, char *to, size_t room)
{
    if (!conn->ssl) {
        ssize_t n = recv(conn->fd, to, room, 0);
        if (n >= 0)
            return n;
        return errno == EAGAIN || errno == EINTR ? -1 : -2;
    }
    ERR_clear_error();
    int n = SSL_read(conn->ssl, to, (int)room);
    if (n > 0)
        return n;
    switch (SSL_get_error(conn->ssl, n)) {
    case SSL_ERROR_WANT_READ:
        return -1;
    case SSL_ERROR_WANT_WRITE:
        event_add(conn->writable, NULL);
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        return -2;
    }
}

static void ended(KxConn *conn, gssize rc)
{
    if (rc == 0)
        conn->input_ended = TRUE;
    else if (rc == -2)
        conn->dead = TRUE;
}

/* By way of the stack: a client that sends a byte costs a small buffer, not one for all it might
 * have sent. */
static void read_clear(KxConn *conn)
{
    char piece[READ_PIECE];
    while (conn->in.len < conn->protocol->input_max) {
        size_t room = MIN(conn->protocol->input_max - conn->in.len, sizeof piece);
        gssize n = read_raw(conn, piece, room);
        if (n <= 0) {
            ended(conn, n);
            break;
        }
        kx_buf_append(&conn->in, piece, (size_t)n);
        explicit_bzero(piece, (size_t)n);
        if ((size_t)n < room && !conn->ssl)
            break;
    }
}

static void read_compressed(KxConn *conn)
{
    size_t max = conn->protocol->input_max;
    while (conn->in.len < max) {
        if (conn->wire.len == 0 && !kx_deflate_pending(conn->deflate)) {
            char *to = kx_buf_reserve(&conn->wire, READ_PIECE);
            gssize n = to ? read_raw(conn, to, READ_PIECE) : -2;
            if (n <= 0) {
                ended(conn, n);
                break;
            }
            kx_buf_added(&conn->wire, (size_t)n);
        }
        const char *wire = conn->wire.len > 0 ? conn->wire.data : "";
        gssize used =
            kx_deflate_read(conn->deflate, wire, conn->wire.len, &conn->in, max - conn->in.len);
        if (used < 0) {
            conn->dead = TRUE;
            break;
        }
        kx_buf_consume(&conn->wire, (size_t)used);
    }
}

/* After kx_conn_close() what the client still sends is read and thrown away: closing with unread
 * input would make the kernel reset the connection and our last words be lost. */
static void discard(KxConn *conn)
{
    char waste[READ_PIECE];
    gssize n = 1;
    for (int i = 0; i < 16 && n > 0; i++)
        n = read_raw(conn, waste, sizeof waste);
    if (n == 0 || n == -2)
        conn->dead = TRUE;
}

void kx_conn_io_read(KxConn *conn)
{
    if (conn->closing || conn->start_tls) {
        if (conn->closing)
            discard(conn);
        return;
    }
    if (conn->deflate)
        read_compressed(conn);
    else
        read_clear(conn);
    if (conn->in.len == 0)
        kx_buf_free(&conn->in);
}

void kx_conn_io_flush(KxConn *conn)
{
    if (conn->handshaking)
        return;
    while (conn->out.len > 0 && !conn->dead) {
        size_t piece = MIN(conn->out.len, (size_t)FLUSH_PIECE);
        gssize n;
        if (!conn->ssl) {
            n = send(conn->fd, conn->out.data, conn->out.len, MSG_NOSIGNAL);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                conn->dead = TRUE;
        } else {
            ERR_clear_error();
            n = SSL_write(conn->ssl, conn->out.data, (int)piece);
            int why = n > 0 ? 0 : SSL_get_error(conn->ssl, (int)n);
            if (n <= 0 && why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ)
                conn->dead = TRUE;
        }
        if (n <= 0) {
            event_add(conn->writable, NULL);
            return;
        }
        kx_buf_consume(&conn->out, (size_t)n);
    }
    if (conn->out.len == 0)
        kx_buf_free(&conn->out);
}

static void debug_handshake(KxConn *conn, const char *result)
{
    if (conn->edge->debug_tls)
        kx_conn_log(conn, KX_EDGE_LOG_DEBUG, "{tls} [%s:%u] %s: %s", conn->remote_ip,
                    conn->remote_port, kx_service(conn->service)->title, result);
}

void kx_conn_io_handshake(KxConn *conn)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(conn->ssl);
    if (rc == 1) {
        conn->handshaking = FALSE;
        g_snprintf(conn->tls_text, sizeof conn->tls_text, "%s %s", SSL_get_version(conn->ssl),
                   SSL_get_cipher_name(conn->ssl));
        debug_handshake(conn, conn->tls_text);
        if (conn->greeted) {
            conn->protocol->secured(conn);
        } else {
            conn->greeted = TRUE;
            conn->protocol->open(conn);
        }
        kx_conn_io_read(conn);
        return;
    }
    switch (SSL_get_error(conn->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return;
    case SSL_ERROR_WANT_WRITE:
        event_add(conn->writable, NULL);
        return;
    default: {
        const char *reason = ERR_reason_error_string(ERR_peek_error());
        debug_handshake(conn, reason ? reason : "the client went away during the handshake");
        conn->dead = TRUE;
    }
    }
}
