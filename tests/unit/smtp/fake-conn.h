/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection without a socket and a core without a process: the functions of net/conn.h, so that
 * the dialogue of SMTP can be driven byte by byte. Included by one test only.
 *
 * The core of the test knows local@, other@ and r0@ to r9999@; it refuses unknown@ and is lost
 * while `core_dies` says so. What it is asked stands in `asked`, a word a request.
 */
#pragma once

#include "base/buf.h"
#include "net/conn.h"
#include "smtp/edge-private.h"
#include "smtp/smtp-edge.h"

struct KxConn {
    KxSettings *settings;
    KxService service;
    gboolean secure;
    KxBuf in;
    GString *out;
    GString *asked;
    GString *delivered; /* content of the messages that were taken, one after the other */
    GString *spooled;
    gboolean transaction; /* the core knows one */
    gboolean waiting;
    gboolean closed;
    gboolean ended;
    guint core_dies; /* this many requests from now on are lost */
    guint logged;
    KxMessageType type; /* of the request in progress */
    guint code;         /* and its answer */
    const char *text;
    KxSaslStatus sasl;
    const char *secret; /* must not be logged; NULL: anything may */
    max_align_t state[64];
};

#define PROTOCOL ((const KxProtocol *)&kx_smtp_protocol)

static inline void fake_answer(KxConn *conn);

static inline KxConn *fake_new(gboolean submission, gboolean secure)
{
    KxConn *conn = g_new0(KxConn, 1);
    g_assert_cmpuint(PROTOCOL->state_size, <=, sizeof conn->state);
    conn->settings = kx_settings_new_defaults();
    conn->service =
        (KxService){.name = "smtp", .protocol = KX_PROTOCOL_SMTP, .submission = submission};
    conn->secure = secure;
    kx_buf_init(&conn->in, PROTOCOL->input_max);
    conn->out = g_string_new(NULL);
    conn->asked = g_string_new(NULL);
    conn->delivered = g_string_new(NULL);
    conn->spooled = g_string_new(NULL);
    PROTOCOL->open(conn);
    fake_answer(conn);
    g_string_truncate(conn->out, 0);
    g_string_truncate(conn->asked, 0);
    return conn;
}

static inline void fake_free(KxConn *conn)
{
    PROTOCOL->close(conn);
    kx_settings_unref(conn->settings);
    kx_buf_free(&conn->in);
    g_string_free(conn->out, TRUE);
    g_string_free(conn->asked, TRUE);
    g_string_free(conn->delivered, TRUE);
    g_string_free(conn->spooled, TRUE);
    g_free(conn);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxConn, fake_free)

static inline void fake_set(KxConn *conn, KxSettingId id, const char *value)
{
    KxSettings *changed = kx_settings_with(conn->settings, &(KxSettingChange){id, value}, 1, NULL);
    g_assert_nonnull(changed);
    kx_settings_unref(conn->settings);
    conn->settings = changed;
}

static inline void fake_answer(KxConn *conn)
{
    conn->waiting = FALSE;
    if (conn->core_dies > 0) {
        conn->core_dies--;
        conn->transaction = FALSE;
        g_string_truncate(conn->spooled, 0);
        PROTOCOL->core_lost(conn);
        return;
    }
    KxMessage message = {.type = KX_MSG_SMTP_VERDICT, .fd = -1};
    message.SMTP_VERDICT = (KxMsgSmtpVerdict){.code = conn->code, .text = conn->text};
    if (conn->type == KX_MSG_SASL) {
        message.type = KX_MSG_SASL_REPLY;
        message.SASL_REPLY =
            (KxMsgSaslReply){.status = conn->sasl, .data = KX_SLICE_STR("more?"), .user = ""};
    } else if (conn->type == KX_MSG_SPOOL && conn->code == 250) {
        message.type = KX_MSG_REPLY;
        message.REPLY = (KxMsgReply){0};
    }
    PROTOCOL->reply(conn, &message);
}

/* What the client sends, and everything that follows from it. */
static inline void fake_send_bytes(KxConn *conn, const char *bytes, size_t len)
{
    while (len > 0 || conn->in.len > 0) {
        size_t room = conn->in.max - conn->in.len, piece = MIN(len, room);
        kx_buf_append(&conn->in, bytes, piece);
        bytes += piece;
        len -= piece;
        size_t before;
        do {
            before = conn->in.len;
            while (conn->waiting)
                fake_answer(conn);
            if (!conn->closed && conn->in.len > 0)
                PROTOCOL->input(conn);
        } while (conn->waiting || (conn->in.len != before && !conn->closed));
        if (len == 0 || conn->closed)
            return;
        g_assert_true(piece > 0);
    }
}

static inline void fake_send(KxConn *conn, const char *text)
{
    fake_send_bytes(conn, text, strlen(text));
}

/* Sends and compares what comes back since the last time. */
#define talk(conn, text, reply)                                                                    \
    do {                                                                                           \
        g_string_truncate((conn)->out, 0);                                                         \
        fake_send(conn, text);                                                                     \
        g_assert_cmpstr((conn)->out->str, ==, reply);                                              \
    } while (0)

/* ---- net/conn.h ---- */

void *kx_conn_state(KxConn *conn)
{
    return conn->state;
}

const KxService *kx_conn_service(KxConn *conn)
{
    return &conn->service;
}

gboolean kx_conn_speaks_for_others(KxConn *conn)
{
    return FALSE;
}

gboolean kx_conn_change_client(KxConn *conn, const struct sockaddr_storage *from,
                               const struct sockaddr_storage *to)
{
    return TRUE;
}

const char *kx_conn_remote_ip(KxConn *conn)
{
    return "192.0.2.1";
}

gboolean kx_conn_is_secure(KxConn *conn)
{
    return conn->secure;
}

const char *kx_conn_tls(KxConn *conn)
{
    return conn->secure ? "TLSv1.3 TLS_AES_256_GCM_SHA384" : "";
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

void kx_conn_printf(KxConn *conn, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_string_append_vprintf(conn->out, format, args);
    va_end(args);
}

void kx_conn_start_tls(KxConn *conn)
{
    conn->secure = TRUE;
    kx_buf_reset(&conn->in);
    PROTOCOL->secured(conn);
}

void kx_conn_close(KxConn *conn)
{
    conn->closed = TRUE;
}

void kx_conn_set_timeout(KxConn *conn, guint seconds)
{
    g_assert_cmpuint(seconds, >, 0);
}

/* The sender alone: nothing is kept. */
static void decide_sender(KxConn *conn, const KxMsgSmtpMail *mail)
{
    gboolean forged = g_str_has_prefix(mail->from, "forged@");
    conn->code = forged ? 553 : 250;
    conn->text = forged ? "5.7.1 not yours" : "2.1.0 Sender OK";
    conn->transaction = FALSE;
}

static void decide(KxConn *conn, KxMessageType type, const void *body)
{
    const KxMsgSmtpMail *mail = body;
    const KxMsgSmtpRcpt *rcpt = body;
    const KxMsgSpool *spool = body;
    const char *to = type == KX_MSG_SMTP_MAIL   ? mail->to
                     : type == KX_MSG_SMTP_RCPT ? rcpt->to
                                                : NULL;
    conn->code = 250;
    conn->text = "2.0.0 OK";
    if (type == KX_MSG_SMTP_MAIL)
        conn->transaction = TRUE;
    if (!conn->transaction && type != KX_MSG_SMTP_RESET && type != KX_MSG_SASL) {
        conn->code = 0;
    } else if (to && g_str_has_prefix(to, "unknown@")) {
        conn->code = 550;
        conn->text = "5.1.1 unknown";
        conn->transaction = conn->transaction && type != KX_MSG_SMTP_MAIL;
    } else if (type == KX_MSG_SPOOL || type == KX_MSG_SMTP_MESSAGE) {
        if (spool->data.len > 0)
            g_string_append_len(conn->spooled, spool->data.data, (gssize)spool->data.len);
    }
    if ((type == KX_MSG_SMTP_MESSAGE && conn->code == 250 && conn->core_dies == 0)) {
        g_string_append_len(conn->delivered, conn->spooled->str, (gssize)conn->spooled->len);
        conn->transaction = FALSE;
    }
    if (type == KX_MSG_SMTP_MESSAGE || type == KX_MSG_SMTP_RESET || type == KX_MSG_SMTP_MAIL)
        g_string_truncate(conn->spooled, 0);
    conn->transaction = conn->transaction && type != KX_MSG_SMTP_RESET;
}

void kx_conn_request(KxConn *conn, KxMessageType type, const void *body)
{
    static const char *const WORDS[KX_MSG_COUNT] = {
        [KX_MSG_SMTP_MAIL] = "mail",       [KX_MSG_SMTP_RCPT] = "rcpt",   [KX_MSG_SPOOL] = "spool",
        [KX_MSG_SMTP_MESSAGE] = "msg",     [KX_MSG_SMTP_RESET] = "reset", [KX_MSG_SASL] = "sasl",
        [KX_MSG_SMTP_CONNECT] = "connect",
    };
    g_assert_false(conn->waiting);
    g_assert_nonnull(WORDS[type]);
    g_string_append_printf(conn->asked, "%s ", WORDS[type]);
    conn->waiting = TRUE;
    conn->type = type;
    if (type == KX_MSG_SASL) {
        const KxMsgSasl *sasl = body;
        g_string_append_printf(conn->asked, "%s/%u/%.*s ", sasl->mechanism, sasl->initial,
                               (int)sasl->data.len, sasl->data.data);
    } else if (type == KX_MSG_SMTP_CONNECT) {
        conn->code = KX_SMTP_GREET;
        conn->text = "";
    } else if (type == KX_MSG_SMTP_MAIL && !*((const KxMsgSmtpMail *)body)->to) {
        decide_sender(conn, body);
    } else {
        decide(conn, type, body);
    }
}

void kx_conn_log(KxConn *conn, guint log, const char *format, ...)
{
    conn->logged++;
}

void kx_conn_debug(KxConn *conn, char direction, const char *bytes, size_t len)
{
    g_assert_true(!conn->secret || !g_strstr_len(bytes, (gssize)len, conn->secret));
}

#define FAKE_LOOPBACK(conn) FALSE
#define FAKE_BINDING(conn)  FALSE
#include "../fake-sign-in.h"
