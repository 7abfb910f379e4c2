/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in: AUTHENTICATE (RFC 9051 section 6.2.2, RFC 4959) and LOGIN (6.2.3). The exchange is
 * relayed; LOGIN becomes SASL PLAIN (RFC 4616).
 */
#include "base/base64.h"
#include "base/buf.h"
#include "base/text.h"
#include "imap/edge-private.h"

enum {
    PENALTY_SECONDS = 1,
    FAILURES_MAX = 5, /* failed sign-ins on one connection */
};

/* ---- the exchange ---- */

static void ask(KxConn *conn, const char *mechanism, gboolean initial, KxSlice data)
{
    KxImapEdge *edge = kx_conn_state(conn);
    edge->phase = KX_PHASE_SASL;
    if (*mechanism)
        edge->mechanism = mechanism;
    edge->asked = KX_ASKED_SASL;
    edge->repeated = FALSE;
    kx_conn_request_sasl(conn, mechanism, initial, data);
}

/* Base64 from the client; FALSE if it is none. */
static gboolean ask_encoded(KxConn *conn, const char *mechanism, gboolean initial, const char *text,
                            size_t len)
{
    g_autofree char *copy = g_strndup(text, len);
    size_t n;
    gboolean good = kx_base64_decode(copy, len, &n);
    if (good)
        ask(conn, mechanism, initial, (KxSlice){copy, n});
    explicit_bzero(copy, len);
    return good;
}

static void refuse_clear(KxConn *conn)
{
    kx_imap_edge_tagged(conn, "NO [PRIVACYREQUIRED] Start TLS first");
}

static void refuse_mechanism(KxConn *conn, KxSlice name)
{
    kx_conn_log_mechanism(conn, "IMAP", name.data, name.len);
    kx_imap_edge_tagged(conn, "NO [CANNOT] This mechanism is not supported");
}

static const char *rest_of_line(KxImapParser *args, size_t *ret_len)
{
    const char *start = args->at;
    const char *end = args->end;
    while (end > start && (end[-1] == '\r' || end[-1] == '\n'))
        end--;
    args->at = args->end;
    *ret_len = (size_t)(end - start);
    return start;
}

void kx_imap_edge_authenticate(KxConn *conn, KxImapParser *args)
{
    KxSlice name;
    if (!kx_imap_parse_space(args) || !kx_imap_parse_atom(args, &name))
        return;
    gboolean initial = kx_imap_accept(args, ' ');
    size_t len = 0;
    const char *text = initial ? rest_of_line(args, &len) : "";
    if (!kx_imap_parse_end(args))
        return;
    KxSignInRight right = kx_conn_may_sign_in(conn, TRUE);
    const char *mechanism = kx_conn_find_mechanism(conn, right, name.data, name.len);
    if (!mechanism && kx_conn_find_mechanism(conn, KX_SIGN_IN_ANYHOW, name.data, name.len))
        refuse_clear(conn);
    else if (!mechanism)
        refuse_mechanism(conn, name);
    if (!mechanism)
        return;
    if (initial && len == 1 && text[0] == '=')
        len = 0; /* an empty initial response */
    else if (initial && len == 0)
        kx_imap_parser_fail(args, "Expected an initial response after the space");
    if (kx_imap_parser_ok(args) && !ask_encoded(conn, mechanism, initial, text, len))
        kx_imap_parser_fail(args, "The initial response is not in base64");
}

void kx_imap_edge_login(KxConn *conn, KxImapParser *args)
{
    KxSlice user, password;
    if (!kx_imap_parse_space(args) || !kx_imap_parse_astring(args, &user) ||
        !kx_imap_parse_space(args) || !kx_imap_parse_astring(args, &password) ||
        !kx_imap_parse_end(args))
        return;
    if (!kx_imap_edge_may_login(conn)) {
        refuse_clear(conn);
        return;
    }
    KxBuf plain = KX_BUF_INIT(2 * KX_IMAP_EARLY_MAX);
    kx_buf_append_c(&plain, '\0');
    kx_buf_append(&plain, user.data, user.len);
    kx_buf_append_c(&plain, '\0');
    kx_buf_append(&plain, password.data, password.len);
    ask(conn, "PLAIN", TRUE, (KxSlice){plain.data, plain.len});
    kx_buf_clear_secret(&plain);
}

static void back_to_commands(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    edge->phase = KX_PHASE_EARLY;
    kx_framer_set_mode(&edge->framer, KX_FRAMING_EARLY);
}

void kx_imap_edge_sasl_line(KxConn *conn, const char *text, size_t len)
{
    const KxImapEdge *edge = kx_conn_state(conn);
    kx_conn_debug(conn, '<', "***", 3);
    len -= 2; /* CRLF */
    if (len == 1 && text[0] == '*') {
        kx_conn_log(conn, KX_EDGE_LOG_SECURITY,
                    "Failed IMAP login from %s, authentication with method %s cancelled by user",
                    kx_conn_remote_ip(conn), edge->mechanism);
        back_to_commands(conn);
        kx_imap_edge_bad(conn, "AUTHENTICATE cancelled");
    } else if (!ask_encoded(conn, "", FALSE, text, len)) {
        back_to_commands(conn);
        kx_imap_edge_bad(conn, "The response is not in base64");
    }
}

static void signed_in(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    edge->phase = KX_PHASE_SIGNED_IN;
    kx_framer_set_mode(&edge->framer, KX_FRAMING_COMMANDS);
    kx_conn_set_timeout(conn,
                        (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_IMAP_IDLE_TIMEOUT));
    g_autofree char *capabilities = kx_imap_edge_capabilities(conn);
    kx_imap_edge_say(conn, "%s OK [CAPABILITY %s] Logged in", edge->framer.tag, capabilities);
}

void kx_imap_edge_sasl_reply(KxConn *conn, const KxMsgSaslReply *reply)
{
    KxImapEdge *edge = kx_conn_state(conn);
    switch (reply->status) {
    case KX_SASL_CONTINUE: {
        g_autofree char *challenge =
            g_base64_encode((const guchar *)reply->data.data, reply->data.len);
        kx_imap_edge_say(conn, "+ %s", challenge);
        kx_framer_set_mode(&edge->framer, KX_FRAMING_LINE);
        break;
    }
    case KX_SASL_OK:
        signed_in(conn);
        break;
    case KX_SASL_BUSY:
        back_to_commands(conn);
        kx_imap_edge_tagged(conn, "NO [UNAVAILABLE] Too many sign-ins at once, please try again");
        break;
    default:
        edge->phase = KX_PHASE_PENALTY;
        kx_conn_set_timeout(conn, PENALTY_SECONDS);
        break;
    }
}

void kx_imap_edge_penalty_over(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    back_to_commands(conn);
    kx_imap_edge_tagged(conn, "NO [AUTHENTICATIONFAILED] Invalid credentials");
    kx_conn_set_timeout(conn, (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_LOGIN_TIMEOUT));
    if (++edge->failures >= FAILURES_MAX)
        kx_imap_edge_bye(conn, "Too many failed sign-ins");
}
