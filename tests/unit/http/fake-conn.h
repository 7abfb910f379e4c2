/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection without a socket and a core without a process: the functions of net/conn.h, so that
 * the edge half of HTTP can be driven byte by byte. Included by one test only.
 *
 * The core of the test answers a complete request with "200" and what it got, wants every piece of
 * a body but those for "/refuse", and asks for patience for "/later". What it is asked stands in
 * `asked`; while `core_dies` says so it is lost instead.
 */
#pragma once

#include "base/buf.h"
#include "http/edge.h"
#include "http/wire.h"

struct KxConn {
    KxSettings *settings;
    KxBuf in;
    GString *out;
    GString *asked;
    guint timeout;
    gboolean waiting;
    gboolean closed;
    gboolean core_dies;
    gboolean later, refuses, last, keep_alive; /* of the request in progress */
    guint pieces;
    size_t body;
    max_align_t state[64];
};

/* The defaults, made once: a fuzzer makes many connections. */
static KxSettings *fake_settings(void)
{
    static KxSettings *defaults;
    if (!defaults)
        defaults = kx_settings_new_defaults();
    return kx_settings_ref(defaults);
}

static KxConn *fake_new(void)
{
    KxConn *conn = g_new0(KxConn, 1);
    g_assert_cmpuint(kx_http_edge.state_size, <=, sizeof conn->state);
    conn->settings = fake_settings();
    kx_buf_init(&conn->in, kx_http_edge.input_max);
    conn->out = g_string_new(NULL);
    conn->asked = g_string_new(NULL);
    kx_http_edge.open(conn);
    return conn;
}

static void fake_free(KxConn *conn)
{
    kx_http_edge.close(conn);
    kx_settings_unref(conn->settings);
    kx_buf_free(&conn->in);
    g_string_free(conn->out, TRUE);
    g_string_free(conn->asked, TRUE);
    g_free(conn);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxConn, fake_free)

static void fake_reply(KxConn *conn, guint code)
{
    KxMessage message = {.type = KX_MSG_REPLY, .fd = -1};
    message.REPLY = (KxMsgReply){.code = code};
    kx_http_edge.reply(conn, &message);
}

static void fake_answer(KxConn *conn)
{
    conn->waiting = FALSE;
    if (conn->core_dies) {
        kx_http_edge.core_lost(conn);
    } else if (conn->refuses) {
        g_string_append(conn->out, "413;");
        conn->closed = TRUE;
    } else if (!conn->last) {
        fake_reply(conn, KX_HTTP_GO_ON);
    } else if (conn->later) {
        conn->later = FALSE;
        fake_reply(conn, KX_HTTP_LATER);
    } else {
        g_string_append_printf(conn->out, "200 %zu;", conn->body);
        conn->closed = !conn->keep_alive;
        if (!conn->closed)
            fake_reply(conn, KX_HTTP_ANSWERED);
    }
}

static void fake_process(KxConn *conn)
{
    size_t before;
    do {
        before = conn->in.len;
        while (conn->waiting)
            fake_answer(conn);
        if (!conn->closed && conn->in.len > 0)
            kx_http_edge.input(conn);
    } while (conn->waiting || (conn->in.len != before && !conn->closed));
}

/* What the client sends, and everything that follows from it. */
static void fake_send(KxConn *conn, const char *bytes, size_t len)
{
    while (len > 0 && !conn->closed) {
        size_t piece = MIN(len, conn->in.max - conn->in.len);
        if (piece == 0)
            return;
        kx_buf_append(&conn->in, bytes, piece);
        bytes += piece;
        len -= piece;
        fake_process(conn);
    }
}

static void fake_timeout(KxConn *conn)
{
    kx_http_edge.timeout(conn);
    fake_process(conn);
}

/* ---- net/conn.h ---- */

void *kx_conn_state(KxConn *conn)
{
    return conn->state;
}

const KxSettings *kx_conn_settings(KxConn *conn)
{
    return conn->settings;
}

const char *kx_conn_input(KxConn *conn, size_t *ret_len)
{
    *ret_len = conn->in.len;
    return conn->in.len ? conn->in.data : "";
}

void kx_conn_consume(KxConn *conn, size_t len)
{
    kx_buf_consume(&conn->in, len);
}

void kx_conn_puts(KxConn *conn, const char *text)
{
    g_string_append(conn->out, text);
}

void kx_conn_printf(KxConn *conn, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_string_append_vprintf(conn->out, format, args);
    va_end(args);
}

void kx_conn_close(KxConn *conn)
{
    conn->closed = TRUE;
}

void kx_conn_set_timeout(KxConn *conn, guint seconds)
{
    g_assert_cmpuint(seconds, >, 0);
    conn->timeout = seconds;
}

static void ask_fields(KxConn *conn, KxSlice fields)
{
    const char *at = fields.data, *end = at + fields.len;
    while (at < end) {
        const char *value = at + strlen(at) + 1;
        g_assert_true(value < end);
        g_string_append_printf(conn->asked, " %s=%s", at, value);
        at = value + strlen(value) + 1;
    }
    g_assert_true(at == end);
}

void kx_conn_request(KxConn *conn, KxMessageType type, const void *body)
{
    g_assert_false(conn->waiting);
    conn->waiting = TRUE;
    if (type == KX_MSG_HTTP_BODY) {
        const KxMsgHttpBody *more = body;
        conn->last = more->last != 0;
        conn->body += more->body.len;
    } else {
        g_assert_cmpint(type, ==, KX_MSG_HTTP_REQUEST);
        const KxMsgHttpRequest *request = body;
        char bytes[KX_MESSAGE_MAX];
        g_assert_cmpuint(kx_message_pack(type, 1, body, bytes, sizeof bytes), >, 0);
        g_string_append_printf(conn->asked, "%s %s", request->method, request->target);
        ask_fields(conn, request->fields);
        g_string_append_c(conn->asked, ';');
        conn->last = (request->flags & KX_HTTP_LAST) != 0;
        conn->keep_alive = (request->flags & KX_HTTP_KEEP_ALIVE) != 0;
        conn->body = request->body.len;
        conn->later = g_str_equal(request->target, "/later");
        conn->refuses = g_str_equal(request->target, "/refuse");
        conn->pieces = 0;
    }
    conn->pieces++;
}

void kx_conn_debug(KxConn *conn, char direction, const char *bytes, size_t len)
{
}
