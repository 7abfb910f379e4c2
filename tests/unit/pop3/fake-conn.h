/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection without a socket and a core without a process: the functions of net/conn.h, so that
 * the edge half of POP3 can be driven byte by byte. Included by one test only.
 *
 * The core of the test lets in "me" with "secret" (PLAIN and LOGIN), is busy for "busy", has the
 * maildrop of "twice" taken already, and answers every line of a session with "+OK <line>". While
 * `core_dies` says so it is lost instead. What it is asked stands in `asked`.
 */
#pragma once

#include "base/buf.h"
#include "base/text.h"
#include "pop3/edge.h"
#include "pop3/wire.h"

struct KxConn {
    KxSettings *settings;
    gboolean secure;
    gboolean loopback;
    KxBuf in;
    GString *out;
    GString *asked;
    GString *shown; /* in the logs */
    guint timeout;
    gboolean waiting;
    gboolean closed;
    guint core_dies;    /* this many requests from now on are lost */
    KxMessageType type; /* of the request in progress */
    KxSaslStatus status;
    const char *challenge;
    guint sasl_round;
    gboolean taken; /* the maildrop that is asked for */
    guint kind;
    char *line;
    max_align_t state[16];
};

static KxConn *fake_new(gboolean secure, gboolean loopback)
{
    KxConn *conn = g_new0(KxConn, 1);
    g_assert_cmpuint(kx_pop3_edge.state_size, <=, sizeof conn->state);
    conn->settings = kx_settings_new_defaults();
    conn->secure = secure;
    conn->loopback = loopback;
    kx_buf_init(&conn->in, kx_pop3_edge.input_max);
    conn->out = g_string_new(NULL);
    conn->asked = g_string_new(NULL);
    conn->shown = g_string_new(NULL);
    kx_pop3_edge.open(conn);
    g_string_truncate(conn->out, 0);
    return conn;
}

static void fake_free(KxConn *conn)
{
    kx_pop3_edge.close(conn);
    kx_settings_unref(conn->settings);
    kx_buf_free(&conn->in);
    g_string_free(conn->out, TRUE);
    g_string_free(conn->asked, TRUE);
    g_string_free(conn->shown, TRUE);
    g_free(conn->line);
    g_free(conn);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxConn, fake_free)

static void fake_answer_command(KxConn *conn)
{
    KxMessage message = {.type = KX_MSG_REPLY, .fd = -1};
    message.REPLY = (KxMsgReply){.code = KX_POP3_ANSWERED};
    if (conn->kind == KX_POP3_OPEN && conn->taken) {
        message.REPLY.code = KX_POP3_REFUSED;
        g_string_append(conn->out, "-ERR [IN-USE] taken\r\n");
    } else if (conn->kind != KX_POP3_KEEP) {
        g_string_append_printf(conn->out, "+OK %s\r\n",
                               conn->kind == KX_POP3_OPEN ? "open" : conn->line);
    }
    if (conn->line && g_ascii_strcasecmp(conn->line, "QUIT") == 0)
        conn->closed = TRUE;
    else
        kx_pop3_edge.reply(conn, &message);
}

static void fake_answer(KxConn *conn)
{
    conn->waiting = FALSE;
    if (conn->core_dies > 0) {
        conn->core_dies--;
        kx_pop3_edge.core_lost(conn);
        return;
    }
    if (conn->type == KX_MSG_COMMAND) {
        fake_answer_command(conn);
        return;
    }
    KxMessage message = {.type = KX_MSG_SASL_REPLY, .fd = -1};
    message.SASL_REPLY =
        (KxMsgSaslReply){.status = conn->status,
                         .data = KX_SLICE_STR(conn->challenge ? conn->challenge : ""),
                         .user = ""};
    kx_pop3_edge.reply(conn, &message);
}

static void fake_process(KxConn *conn)
{
    size_t before;
    do {
        before = conn->in.len;
        while (conn->waiting)
            fake_answer(conn);
        if (!conn->closed && conn->in.len > 0)
            kx_pop3_edge.input(conn);
    } while (conn->waiting || (conn->in.len != before && !conn->closed));
}

/* What the client sends, and everything that follows from it. Input that waits for a penalty stays.
 */
static void fake_send_bytes(KxConn *conn, const char *bytes, size_t len)
{
    do {
        size_t piece = MIN(len, conn->in.max - conn->in.len);
        kx_buf_append(&conn->in, bytes, piece);
        bytes += piece;
        len -= piece;
        fake_process(conn);
    } while (len > 0 && !conn->closed && conn->in.len < conn->in.max);
}

/* The timeout passes. */
static G_GNUC_UNUSED void fake_timeout(KxConn *conn)
{
    kx_pop3_edge.timeout(conn);
    fake_process(conn);
}

static G_GNUC_UNUSED void fake_core_back(KxConn *conn)
{
    kx_pop3_edge.core_back(conn);
    fake_process(conn);
}

/* Sends and compares what comes back since the last time. */
#define talk(conn, text, reply)                                                                    \
    do {                                                                                           \
        g_string_truncate((conn)->out, 0);                                                         \
        fake_send_bytes(conn, text, strlen(text));                                                 \
        g_assert_cmpstr((conn)->out->str, ==, reply);                                              \
    } while (0)

/* ---- net/conn.h ---- */

void *kx_conn_state(KxConn *conn)
{
    return conn->state;
}

const char *kx_conn_remote_ip(KxConn *conn)
{
    return "192.0.2.1";
}

gboolean kx_conn_is_loopback(KxConn *conn)
{
    return conn->loopback;
}

gboolean kx_conn_is_secure(KxConn *conn)
{
    return conn->secure;
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

void kx_conn_start_tls(KxConn *conn)
{
    conn->secure = TRUE;
    kx_buf_reset(&conn->in);
    kx_pop3_edge.secured(conn);
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

static void decide_password(KxConn *conn, KxSlice name, KxSlice password)
{
    gboolean known =
        kx_ascii_equal(name.data, name.len, "me") || kx_ascii_equal(name.data, name.len, "twice");
    conn->taken = kx_ascii_equal(name.data, name.len, "twice");
    conn->status = kx_ascii_equal(name.data, name.len, "busy") ? KX_SASL_BUSY
                   : known && kx_ascii_equal(password.data, password.len, "secret")
                       ? KX_SASL_OK
                       : KX_SASL_FAILED;
}

static void decide_plain(KxConn *conn, KxSlice data)
{
    const char *name = memchr(data.data, 0, data.len);
    size_t left = name ? data.len - (size_t)(name + 1 - data.data) : 0;
    const char *end = name ? memchr(name + 1, 0, left) : NULL;
    conn->status = KX_SASL_FAILED;
    if (end)
        decide_password(conn, (KxSlice){name + 1, (size_t)(end - name - 1)},
                        (KxSlice){end + 1, data.len - (size_t)(end + 1 - data.data)});
}

static void decide(KxConn *conn, const KxMsgSasl *sasl)
{
    gboolean first = sasl->mechanism[0] != '\0',
             login = g_ascii_strcasecmp(sasl->mechanism, "LOGIN") == 0;
    conn->challenge = NULL;
    if (first)
        conn->sasl_round = login ? 1 : 0;
    if (first && !login && g_ascii_strcasecmp(sasl->mechanism, "PLAIN") != 0) {
        conn->status = KX_SASL_FAILED;
    } else if (first && !sasl->initial) {
        conn->status = KX_SASL_CONTINUE;
        conn->challenge = login ? "Username:" : "";
    } else if (conn->sasl_round == 1) {
        conn->sasl_round = 2;
        conn->status = KX_SASL_CONTINUE;
        conn->challenge = "Password:";
    } else if (conn->sasl_round == 2) {
        decide_password(conn, KX_SLICE_STR("me"), sasl->data);
    } else {
        decide_plain(conn, sasl->data);
    }
}

void kx_conn_request(KxConn *conn, KxMessageType type, const void *body)
{
    g_assert_false(conn->waiting);
    g_assert_true(type == KX_MSG_SASL || type == KX_MSG_COMMAND);
    conn->waiting = TRUE;
    conn->type = type;
    g_clear_pointer(&conn->line, g_free);
    if (type == KX_MSG_SASL) {
        const KxMsgSasl *sasl = body;
        g_string_append_printf(conn->asked, "%s/%u ", sasl->mechanism, sasl->initial);
        decide(conn, sasl);
    } else {
        const KxMsgCommand *command = body;
        conn->kind = command->kind;
        conn->line = g_strndup(command->data.data, command->data.len);
        g_assert_null(memchr(command->data.data, 0, command->data.len));
        g_string_append_printf(conn->asked, "%u:%s ", command->kind, conn->line);
    }
}

void kx_conn_log(KxConn *conn, guint log, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_string_append_vprintf(conn->shown, format, args);
    va_end(args);
    g_string_append_c(conn->shown, '\n');
}

void kx_conn_debug(KxConn *conn, char direction, const char *bytes, size_t len)
{
    g_string_append_printf(conn->shown, "%c %.*s\n", direction, (int)len, bytes);
}

#define FAKE_LOOPBACK(conn) (conn)->loopback
#define FAKE_BINDING(conn)  (conn)->secure
#include "../fake-sign-in.h"
