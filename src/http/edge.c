/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request whose body is small goes to the core in one message, otherwise in pieces, each of which
 * the core acknowledges: a client is asked for more (100 Continue too) only when the core wants it.
 * The core writes the answer; what is refused here ends the connection.
 */
#include "http/edge.h"

#include <string.h>

#include "http/body.h"
#include "http/head.h"
#include "http/text.h"
#include "http/wire.h"

enum {
    EMPTY_LINES_MAX = 4, /* before a request (RFC 9112 section 2.2) */
};

typedef enum {
    STAGE_HEAD,
    STAGE_BODY,
    STAGE_ASKED, /* the core has a piece */
    STAGE_LATER, /* it wants to be asked again in a moment */
} Stage;

typedef struct {
    Stage stage;
    gboolean begun; /* part of a request is there */
    guint empty_lines;
    KxHttpScan scan;
    KxHttpHead head; /* fields and target until they are sent */
    gboolean head_sent;
    KxHttpBody body;
    KxBuf piece;     /* of the body, for the next message */
    gint64 deadline; /* of the head, or of the piece; monotonic microseconds */
} Edge;

/* ---- saying ---- */

static void refuse(KxConn *conn, const KxHttpFault *fault)
{
    char date[KX_HTTP_DATE];
    const char *reason = kx_http_reason(fault->status);
    g_autofree char *body = g_strdup_printf(
        "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\"}\n", reason,
        fault->status, fault->why);
    kx_http_date(g_get_real_time() / G_USEC_PER_SEC, date);
    g_autofree char *line = g_strdup_printf("HTTP/1.1 %u %s", fault->status, reason);
    kx_conn_debug(conn, '>', line, strlen(line));
    kx_conn_printf(conn,
                   "%s\r\nDate: %s\r\nContent-Type: application/problem+json\r\n"
                   "Content-Length: %zu\r\nCache-Control: no-store\r\n%sConnection: close\r\n\r\n"
                   "%s",
                   line, date, strlen(body), fault->status == 503 ? "Retry-After: 1\r\n" : "",
                   body);
    kx_conn_close(conn);
}

static void refuse_with(KxConn *conn, guint status, const char *why)
{
    refuse(conn, &(KxHttpFault){status, why});
}

/* ---- time ---- */

static void wait_for_piece(KxConn *conn, Edge *edge)
{
    guint seconds = (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_HTTP_REQUEST_TIMEOUT);
    edge->deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    kx_conn_set_timeout(conn, seconds);
}

static void wait_for_request(KxConn *conn, Edge *edge)
{
    kx_http_head_clear(&edge->head);
    kx_buf_clear_secret(&edge->piece);
    edge->stage = STAGE_HEAD;
    edge->begun = edge->head_sent = FALSE;
    edge->empty_lines = 0;
    edge->scan = (KxHttpScan){0};
    kx_conn_set_timeout(conn,
                        (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_HTTP_IDLE_TIMEOUT));
}

static gboolean too_slow(KxConn *conn, const Edge *edge)
{
    if (g_get_monotonic_time() <= edge->deadline)
        return FALSE;
    refuse_with(conn, 408, "The request takes too long to arrive");
    return TRUE;
}

/* ---- sending to the core ---- */

static guint request_flags(const Edge *edge)
{
    const KxHttpHead *head = &edge->head;
    return (head->keep_alive ? KX_HTTP_KEEP_ALIVE : 0) | (head->http10 ? KX_HTTP_10 : 0) |
           (head->chunked || head->has_length ? KX_HTTP_HAS_BODY : 0) |
           (edge->body.state == KX_HTTP_BODY_DONE ? KX_HTTP_LAST : 0);
}

static void ask(KxConn *conn, Edge *edge)
{
    KxHttpHead *head = &edge->head;
    KxSlice piece = {edge->piece.data, edge->piece.len};
    edge->stage = STAGE_ASKED;
    if (edge->head_sent) {
        kx_conn_request(conn, KX_MSG_HTTP_BODY,
                        &(KxMsgHttpBody){edge->body.state == KX_HTTP_BODY_DONE, piece});
    } else {
        edge->head_sent = TRUE;
        kx_conn_request(conn, KX_MSG_HTTP_REQUEST,
                        &(KxMsgHttpRequest){
                            .method = head->method,
                            .target = head->target,
                            .flags = request_flags(edge),
                            .fields = {head->fields, head->fields_len},
                            .length = head->chunked ? G_MAXUINT64 : head->length,
                            .body = piece,
                        });
        kx_http_head_clear(head);
    }
    kx_buf_clear_secret(&edge->piece);
}

/* ---- framing ---- */

static gboolean skip_empty_lines(KxConn *conn, Edge *edge, const char *input, size_t len)
{
    size_t skip = 0;
    while (!edge->begun && len - skip >= 2 && memcmp(input + skip, "\r\n", 2) == 0 &&
           edge->empty_lines < EMPTY_LINES_MAX) {
        skip += 2;
        edge->empty_lines++;
    }
    kx_conn_consume(conn, skip);
    return skip > 0;
}

static void debug_request(KxConn *conn, const char *input, size_t len)
{
    const char *end = memchr(input, '\r', len);
    kx_conn_debug(conn, '<', input, end ? (size_t)(end - input) : len);
}

static void take_head(KxConn *conn, Edge *edge)
{
    size_t len;
    const char *input = kx_conn_input(conn, &len);
    if (len == 0 || skip_empty_lines(conn, edge, input, len) || (len == 1 && *input == '\r'))
        return;
    if (!edge->begun) {
        edge->begun = TRUE;
        wait_for_piece(conn, edge);
    } else if (too_slow(conn, edge)) {
        return;
    }
    KxHttpFault fault;
    size_t end = kx_http_head_scan(input, len, &edge->scan, &fault);
    if (end > 0 || fault.status > 0)
        debug_request(conn, input, len);
    if (end > 0)
        kx_http_head_parse(input, end, &edge->head, &fault);
    if (fault.status > 0) {
        refuse(conn, &fault);
        return;
    }
    if (end == 0)
        return;
    kx_conn_consume(conn, end);
    edge->body = kx_http_body(edge->head.chunked, edge->head.length);
    edge->stage = STAGE_BODY;
    kx_buf_init(&edge->piece, KX_CHUNK_MAX);
    if (edge->body.state == KX_HTTP_BODY_DONE)
        ask(conn, edge);
    else
        wait_for_piece(conn, edge);
}

/* A client that waits for 100 (Continue) has sent nothing yet; the core decides whether it should.
 */
static gboolean waits_for_us(const Edge *edge, size_t len)
{
    return edge->head.expect && !edge->head_sent && len == 0;
}

static void take_body(KxConn *conn, Edge *edge)
{
    size_t len;
    const char *input = kx_conn_input(conn, &len);
    if (waits_for_us(edge, len)) {
        ask(conn, edge);
        return;
    }
    if (too_slow(conn, edge))
        return;
    size_t used = kx_http_body_take(&edge->body, input, len, &edge->piece);
    kx_conn_consume(conn, used);
    if (edge->body.state == KX_HTTP_BODY_BAD)
        refuse_with(conn, 400, "The chunks of the body are malformed");
    else if (edge->body.state == KX_HTTP_BODY_DONE || edge->piece.len == edge->piece.max)
        ask(conn, edge);
}

static void on_input(KxConn *conn)
{
    Edge *edge = kx_conn_state(conn);
    if (edge->stage == STAGE_HEAD)
        take_head(conn, edge);
    if (edge->stage == STAGE_BODY)
        take_body(conn, edge);
}

/* ---- answers of the core ---- */

static void go_on(KxConn *conn, Edge *edge)
{
    if (edge->head.expect && edge->body.state < KX_HTTP_BODY_DONE)
        kx_conn_puts(conn, "HTTP/1.1 100 Continue\r\n\r\n");
    edge->head.expect = FALSE;
    edge->stage = STAGE_BODY;
    wait_for_piece(conn, edge);
}

static void on_reply(KxConn *conn, const KxMessage *message)
{
    Edge *edge = kx_conn_state(conn);
    switch (message->REPLY.code) {
    case KX_HTTP_GO_ON:
        go_on(conn, edge);
        break;
    case KX_HTTP_LATER:
        edge->stage = STAGE_LATER;
        kx_conn_set_timeout(conn, KX_HTTP_LATER_SECONDS);
        break;
    default:
        wait_for_request(conn, edge);
        break;
    }
}

static void on_core_lost(KxConn *conn)
{
    refuse_with(conn, 503, "The server was restarted; whether the request had its effect is open");
}

/* ---- life ---- */

static void on_open(KxConn *conn)
{
    wait_for_request(conn, kx_conn_state(conn));
}

static void on_timeout(KxConn *conn)
{
    Edge *edge = kx_conn_state(conn);
    if (edge->stage == STAGE_LATER)
        ask(conn, edge);
    else if (edge->begun)
        refuse_with(conn, 408, "The request takes too long to arrive");
    else
        kx_conn_close(conn);
}

static void on_shutdown(KxConn *conn)
{
    Edge *edge = kx_conn_state(conn);
    if (edge->begun)
        refuse_with(conn, 503, "The server is shutting down");
    else
        kx_conn_close(conn);
}

static gboolean on_receiving(KxConn *conn)
{
    return ((Edge *)kx_conn_state(conn))->stage == STAGE_BODY;
}

static void on_secured(KxConn *conn)
{
    g_assert_not_reached(); /* HTTP has no STARTTLS */
}

static void on_close(KxConn *conn)
{
    Edge *edge = kx_conn_state(conn);
    kx_http_head_clear(&edge->head);
    kx_buf_clear_secret(&edge->piece);
}

const KxProtocol kx_http_edge = {
    .name = "http",
    .state_size = sizeof(Edge),
    .input_max = KX_HTTP_HEAD_MAX + 1,
    .private_answers = TRUE,
    .open = on_open,
    .input = on_input,
    .reply = on_reply,
    .core_lost = on_core_lost,
    .secured = on_secured,
    .timeout = on_timeout,
    .shutdown = on_shutdown,
    .receiving = on_receiving,
    .close = on_close,
};
