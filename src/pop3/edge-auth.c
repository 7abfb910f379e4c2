/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in: USER and PASS, APOP (RFC 1939 section 7), AUTH (RFC 5034). The exchange is relayed; USER
 * and PASS become SASL PLAIN (RFC 4616). The core checks and logs.
 */
#include "base/base64.h"
#include "base/text.h"
#include "pop3/args.h"
#include "pop3/edge-private.h"
#include "pop3/wire.h"
#include "settings/sasl.h"

enum {
    PENALTY_SECONDS = 1,
    FAILURES_MAX = 5, /* failed sign-ins on one connection */
    NAME_MAX_BYTES = 400,
    MECHANISM_MAX = 20, /* RFC 4422 section 3.1 */
};

/* ---- the exchange ---- */

static void ask(KxConn *conn, KxPop3Edge *edge, const char *mechanism, gboolean initial,
                KxSlice data)
{
    edge->stage = KX_POP3_SASL_WAIT;
    kx_conn_request_sasl(conn, mechanism, initial, data);
}

static void ask_encoded(KxConn *conn, KxPop3Edge *edge, const char *mechanism, gboolean initial,
                        const char *encoded)
{
    g_autofree char *copy = g_strdup(encoded);
    size_t len = strlen(copy), n;
    if (kx_base64_decode(copy, len, &n)) {
        ask(conn, edge, mechanism, initial, (KxSlice){copy, n});
    } else {
        edge->stage = KX_POP3_READY;
        kx_pop3_edge_wrong(conn, edge, "The response is not in base64");
    }
    explicit_bzero(copy, len);
}

static gboolean offers(KxConn *conn, const char *mechanism)
{
    return kx_conn_find_mechanism(conn, kx_conn_may_sign_in(conn, TRUE), mechanism,
                                  strlen(mechanism)) != NULL;
}

/* Says why the mechanism is not for this client, if so. */
static gboolean refuse_mechanism(KxConn *conn, KxPop3Edge *edge, const char *mechanism)
{
    if (offers(conn, mechanism))
        return FALSE;
    if (kx_conn_may_sign_in(conn, TRUE) != KX_SIGN_IN_ANYHOW) {
        kx_pop3_edge_wrong(conn, edge,
                           "[AUTH] Use STLS first: passwords are not accepted without TLS");
        return TRUE;
    }
    kx_conn_log_mechanism(conn, "POP3", mechanism, strlen(mechanism));
    kx_pop3_edge_wrong(conn, edge, "[AUTH] There is no such mechanism");
    return TRUE;
}

static void set_mechanism(KxPop3Edge *edge, const char *name)
{
    g_free(edge->mechanism);
    edge->mechanism = kx_escape_for_log(name, -1, MECHANISM_MAX);
}

/* ---- commands ---- */

void kx_pop3_edge_cmd_user(KxConn *conn, KxPop3Edge *edge, const char *args)
{
    if (refuse_mechanism(conn, edge, "PLAIN"))
        return;
    g_autofree char *name = g_strchomp(g_strdup(args));
    if (!*name || strlen(name) > NAME_MAX_BYTES) {
        kx_pop3_edge_wrong(conn, edge, *name ? "The name is too long" : "A name is needed");
        return;
    }
    g_free(edge->user);
    edge->user = g_steal_pointer(&name);
    kx_pop3_edge_say(conn, "+OK");
}

void kx_pop3_edge_cmd_pass(KxConn *conn, KxPop3Edge *edge, const char *args)
{
    if (!edge->user) {
        kx_pop3_edge_wrong(conn, edge, "Send USER first");
        return;
    }
    /* What follows the one space is the password, further spaces included (RFC 1939 section 7). */
    size_t name = strlen(edge->user), password = strlen(args), len = name + password + 2;
    char *plain = g_malloc(len + 1);
    plain[0] = '\0';
    memcpy(plain + 1, edge->user, name + 1);
    memcpy(plain + name + 2, args, password);
    set_mechanism(edge, "PLAIN");
    ask(conn, edge, "PLAIN", TRUE, (KxSlice){plain, len});
    explicit_bzero(plain, len);
    g_free(plain);
    g_clear_pointer(&edge->user, g_free);
}

/* RFC 1939 section 7: the core takes it as an exchange of one step. It goes with CRAM-MD5, which
 * needs the same. */
static gboolean offers_apop(KxConn *conn)
{
    return offers(conn, "CRAM-MD5");
}

char *kx_pop3_edge_timestamp(KxConn *conn)
{
    return offers_apop(conn) ? kx_sasl_timestamp(kx_conn_settings(conn)) : NULL;
}

void kx_pop3_edge_cmd_apop(KxConn *conn, KxPop3Edge *edge, const char *args)
{
    if (!edge->timestamp || !offers_apop(conn)) {
        kx_pop3_edge_wrong(conn, edge, "Unknown command");
        return;
    }
    g_autoptr(GByteArray) data = g_byte_array_new();
    g_byte_array_append(data, (const guint8 *)edge->timestamp, (guint)strlen(edge->timestamp) + 1);
    g_byte_array_append(data, (const guint8 *)args, (guint)strlen(args));
    set_mechanism(edge, "APOP");
    ask(conn, edge, "APOP", TRUE, (KxSlice){(const char *)data->data, data->len});
}

static void list_mechanisms(KxConn *conn)
{
    g_autofree char *names = kx_conn_mechanisms(conn, kx_conn_may_sign_in(conn, TRUE), "");
    g_auto(GStrv) each = g_strsplit(names, " ", -1);
    kx_conn_puts(conn, "+OK\r\n");
    for (guint i = 0; each[i]; i++)
        if (*each[i])
            kx_pop3_edge_say(conn, "%s", each[i]);
    kx_conn_puts(conn, ".\r\n");
}

void kx_pop3_edge_cmd_auth(KxConn *conn, KxPop3Edge *edge, const char *args)
{
    if (!*args) { /* as clients of RFC 1734 ask for the list */
        list_mechanisms(conn);
        return;
    }
    size_t len = strcspn(args, " ");
    g_autofree char *mechanism = g_strndup(args, len);
    set_mechanism(edge, mechanism);
    if (refuse_mechanism(conn, edge, mechanism))
        return;
    const char *initial = kx_pop3_skip_spaces(args + len);
    g_autofree char *response = g_strchomp(g_strdup(initial));
    if (!*response)
        ask(conn, edge, mechanism, FALSE, (KxSlice){"", 0});
    else
        ask_encoded(conn, edge, mechanism, TRUE, g_str_equal(response, "=") ? "" : response);
    explicit_bzero(response, strlen(response));
}

void kx_pop3_edge_sasl_line(KxConn *conn, KxPop3Edge *edge, const char *line)
{
    kx_conn_debug(conn, '<', "***", 3);
    if (!g_str_equal(line, "*")) {
        ask_encoded(conn, edge, "", FALSE, line);
        return;
    }
    edge->stage = KX_POP3_READY;
    kx_conn_log(conn, KX_EDGE_LOG_SECURITY,
                "Failed POP3 login from %s, authentication with method %s cancelled by user",
                kx_conn_remote_ip(conn), edge->mechanism);
    kx_pop3_edge_wrong(conn, edge, "Authentication cancelled");
}

/* ---- answers of the core ---- */

void kx_pop3_edge_sasl_reply(KxConn *conn, KxPop3Edge *edge, const KxMsgSaslReply *reply)
{
    switch (reply->status) {
    case KX_SASL_CONTINUE: {
        g_autofree char *challenge = g_base64_encode(
            (const guchar *)(reply->data.len ? reply->data.data : ""), reply->data.len);
        edge->stage = KX_POP3_SASL_RESPONSE;
        kx_pop3_edge_say(conn, "+ %s", challenge);
        break;
    }
    case KX_SASL_OK:
        edge->stage = KX_POP3_OPENING;
        kx_conn_request(conn, KX_MSG_COMMAND, &(KxMsgCommand){KX_POP3_OPEN, {"", 0}});
        break;
    case KX_SASL_BUSY:
        edge->stage = KX_POP3_READY;
        kx_pop3_edge_say(conn, "-ERR [SYS/TEMP] Too many sign-ins at once, please try again");
        break;
    default:
        edge->stage = KX_POP3_PENALTY;
        kx_conn_set_timeout(conn, PENALTY_SECONDS);
        break;
    }
}

void kx_pop3_edge_penalty_over(KxConn *conn, KxPop3Edge *edge)
{
    edge->stage = KX_POP3_READY;
    kx_conn_set_timeout(conn, (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_LOGIN_TIMEOUT));
    kx_pop3_edge_say(conn, "-ERR [AUTH] Wrong name or password");
    if (++edge->failures >= FAILURES_MAX)
        kx_conn_close(conn);
}
