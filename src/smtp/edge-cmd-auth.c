/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AUTH: RFC 4954. Only on the submission services and, as long as auth.policy does not say
 * otherwise, only inside TLS (SVC-10). The core checks;
 * this side takes the base64 off.
 */
#include "base/base64.h"
#include "base/text.h"
#include "smtp/edge-private.h"

enum {
    PENALTY_SECONDS = 1, /* who guesses passwords has to wait for each */
};

static void end_exchange(KxSmtpEdge *edge)
{
    edge->mode = KX_EDGE_COMMAND;
    edge->sasl_lost = FALSE;
    g_clear_pointer(&edge->mechanism, g_free);
}

static void ask(KxConn *conn, const char *mechanism, gboolean initial, const char *text, size_t len)
{
    g_autofree char *copy = g_strndup(text, len);
    size_t n;
    if (kx_base64_decode(copy, len, &n)) {
        kx_edge_ask_sasl(conn, mechanism, initial, (KxSlice){copy, n});
    } else {
        end_exchange(kx_conn_state(conn));
        kx_edge_say(conn, 501, "5.5.2 The response is not base64");
    }
    explicit_bzero(copy, len);
}

static void refuse_mechanism(KxConn *conn, KxSignInRight right, const char *name, size_t len)
{
    g_autofree char *offered = kx_conn_mechanisms(conn, right, "");
    g_autofree char *text =
        g_strdup_printf("5.5.4 Mechanism not supported, use one of: %s", offered);
    kx_conn_log_mechanism(conn, "SMTP", name, len);
    kx_edge_say(conn, 504, text);
}

void kx_edge_cmd_auth(KxConn *conn, const KxEdgeArgs *args)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    if (!kx_edge_is_submission(conn)) {
        kx_edge_say(conn, 502, "5.5.1 Sign in on the submission ports, 587 or 465");
        return;
    }
    KxSignInRight right = kx_conn_may_sign_in(conn, FALSE);
    if (right == KX_SIGN_IN_NO) {
        kx_edge_say(conn, 538, "5.7.11 Encryption required: must issue a STARTTLS command first");
        return;
    }
    if (edge->signed_in || edge->mail) {
        kx_edge_say(conn, 503,
                    edge->mail ? "5.5.1 AUTH is not allowed during a transaction"
                               : "5.5.1 Already signed in");
        return;
    }
    const char *space = memchr(args->args, ' ', (size_t)(args->end - args->args));
    const char *name_end = space ? space : args->end;
    const char *mechanism =
        kx_conn_find_mechanism(conn, right, args->args, (size_t)(name_end - args->args));
    if (!mechanism) {
        refuse_mechanism(conn, right, args->args, (size_t)(name_end - args->args));
        return;
    }
    g_free(edge->mechanism); /* of an exchange that a lost core cut off */
    edge->mechanism = g_strdup(mechanism);
    const char *initial = name_end;
    while (initial < args->end && *initial == ' ')
        initial++;
    size_t len = (size_t)(args->end - initial);
    if (len == 1 && *initial == '=') /* present and empty */
        ask(conn, mechanism, TRUE, "", 0);
    else
        ask(conn, mechanism, len > 0, initial, len);
}

void kx_edge_sasl_response(KxConn *conn, const char *line, size_t len)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    kx_conn_debug(conn, '<', "(response)", 10);
    if (len == 1 && *line == '*') {
        kx_conn_log(conn, KX_EDGE_LOG_SECURITY,
                    "Failed SMTP login from %s, authentication with method %s cancelled by user",
                    kx_conn_remote_ip(conn), edge->mechanism);
        end_exchange(edge);
        kx_edge_say(conn, 501, "5.7.0 Authentication cancelled");
    } else if (edge->sasl_lost) {
        kx_edge_sasl_answered(conn, NULL);
    } else {
        ask(conn, "", FALSE, line, len);
    }
}

void kx_edge_sasl_answered(KxConn *conn, const KxMsgSaslReply *reply)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    guint status = reply ? reply->status : KX_SASL_BUSY;
    if (status == KX_SASL_CONTINUE) {
        g_autofree char *challenge = g_base64_encode(
            (const guchar *)(reply->data.data ? reply->data.data : ""), reply->data.len);
        edge->mode = KX_EDGE_SASL;
        kx_edge_line(conn, "334 %s", challenge);
        return;
    }
    end_exchange(edge);
    if (status == KX_SASL_OK) {
        edge->signed_in = TRUE;
        kx_edge_say(conn, 235, "2.7.0 Authentication successful");
    } else if (status == KX_SASL_FAILED) {
        edge->mode = KX_EDGE_PENALTY;
        kx_conn_set_timeout(conn, PENALTY_SECONDS);
    } else {
        kx_edge_say(conn, 454, "4.7.0 Temporary authentication failure, try again");
    }
}

void kx_edge_penalty_over(KxConn *conn)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    edge->mode = KX_EDGE_COMMAND;
    kx_conn_set_timeout(conn, (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_SMTP_TIMEOUT));
    kx_edge_say(conn, 535, "5.7.8 Authentication credentials invalid");
}
