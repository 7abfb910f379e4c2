/* SPDX-License-Identifier: Apache-2.0 */
#include "pop3/edge.h"

#include "pop3/capability.h"
#include "pop3/wire.h"

enum {
    LINE_MAX_BYTES = 512,   /* RFC 2449 section 4 */
    AUTH_LINE_MAX = 12288,  /* base64 of a SASL response */
    MISTAKES_MAX = 10,      /* before sign-in */
};

typedef enum { READY, SASL_RESPONSE, SASL_WAIT, OPENING, SIGNED_IN } Stage;

typedef struct {
    Stage stage;
    char *user; /* of USER */
    guint mistakes;
} Pop3;

/* A client's command before sign-in; `args` is what follows the name and a space, or "". */
typedef void (*Command)(KxConn *conn, Pop3 *pop3, const char *args);

static void wrong(KxConn *conn, Pop3 *pop3, const char *text)
{
    if (++pop3->mistakes >= MISTAKES_MAX) {
        kx_conn_puts(conn, "-ERR Too many mistakes, goodbye\r\n");
        kx_conn_close(conn);
        return;
    }
    kx_conn_printf(conn, "-ERR %s\r\n", text);
}

/* Passwords travel in TLS only, but for programs on this host if the administrator lets them. */
static gboolean may_sign_in(KxConn *conn)
{
    return kx_conn_is_secure(conn) ||
           (kx_conn_is_loopback(conn) && kx_settings_bool(kx_conn_settings(conn), KX_SET_AUTH_CLEAR_LOOPBACK));
}

static void send_sasl(KxConn *conn, Pop3 *pop3, const char *mechanism, gboolean initial, KxSlice data)
{
    pop3->stage = SASL_WAIT;
    kx_conn_request(conn, KX_MSG_SASL, &(KxMsgSasl){mechanism, initial, data});
}

/* ---- commands ---- */

static void cmd_capa(KxConn *conn, Pop3 *pop3, const char *args)
{
    kx_conn_puts(conn, "+OK Capability list follows\r\n" KX_POP3_CAPABILITIES);
    if (may_sign_in(conn))
        kx_conn_puts(conn, "USER\r\nSASL PLAIN LOGIN\r\n");
    if (!kx_conn_is_secure(conn))
        kx_conn_puts(conn, "STLS\r\n");
    kx_conn_puts(conn, ".\r\n");
}

static void cmd_stls(KxConn *conn, Pop3 *pop3, const char *args)
{
    if (kx_conn_is_secure(conn)) {
        wrong(conn, pop3, "TLS is active already");
        return;
    }
    kx_conn_puts(conn, "+OK Begin TLS negotiation\r\n");
    kx_conn_start_tls(conn);
}

static void cmd_user(KxConn *conn, Pop3 *pop3, const char *args)
{
    if (!may_sign_in(conn)) {
        wrong(conn, pop3, "[AUTH] Use STLS first: passwords are not accepted without TLS");
        return;
    }
    if (!*args) {
        wrong(conn, pop3, "USER needs a name");
        return;
    }
    g_free(pop3->user);
    pop3->user = g_strdup(args);
    kx_conn_puts(conn, "+OK\r\n");
}

static void cmd_pass(KxConn *conn, Pop3 *pop3, const char *args)
{
    if (!pop3->user) {
        wrong(conn, pop3, "Send USER first");
        return;
    }
    /* The password is the rest of the line, spaces included (RFC 1939 section 7). */
    size_t name = strlen(pop3->user), password = strlen(args), len = name + password + 2;
    char *plain = g_malloc(len);
    plain[0] = '\0';
    memcpy(plain + 1, pop3->user, name + 1);
    memcpy(plain + name + 2, args, password);
    send_sasl(conn, pop3, "PLAIN", TRUE, (KxSlice){plain, len});
    explicit_bzero(plain, len);
    g_free(plain);
    g_clear_pointer(&pop3->user, g_free);
}

static gboolean decode(const char *text, guchar **ret, gsize *ret_len)
{
    if (strlen(text) % 4 != 0 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") !=
                                     strlen(text))
        return FALSE;
    *ret = *text ? g_base64_decode(text, ret_len) : g_malloc0(1);
    if (!*text)
        *ret_len = 0;
    return TRUE;
}

static void respond(KxConn *conn, Pop3 *pop3, const char *mechanism, const char *encoded)
{
    g_autofree guchar *data = NULL;
    gsize len;
    if (!decode(encoded, &data, &len)) {
        pop3->stage = READY;
        wrong(conn, pop3, "Invalid base64");
        return;
    }
    send_sasl(conn, pop3, mechanism, TRUE, (KxSlice){(const char *)data, len});
    explicit_bzero(data, len);
}

static void cmd_auth(KxConn *conn, Pop3 *pop3, const char *args)
{
    if (!*args) { /* as RFC 1734 clients ask for the list */
        kx_conn_puts(conn, may_sign_in(conn) ? "+OK\r\nPLAIN\r\nLOGIN\r\n.\r\n" : "+OK\r\n.\r\n");
        return;
    }
    if (!may_sign_in(conn)) {
        wrong(conn, pop3, "[AUTH] Use STLS first: passwords are not accepted without TLS");
        return;
    }
    g_auto(GStrv) words = g_strsplit(args, " ", 2);
    if (strlen(words[0]) > 32) {
        wrong(conn, pop3, "[AUTH] Unknown mechanism");
        return;
    }
    if (!words[1])
        send_sasl(conn, pop3, words[0], FALSE, (KxSlice){"", 0});
    else
        respond(conn, pop3, words[0], g_str_equal(words[1], "=") ? "" : words[1]);
}

static void cmd_quit(KxConn *conn, Pop3 *pop3, const char *args)
{
    kx_conn_puts(conn, "+OK Goodbye\r\n");
    kx_conn_close(conn);
}

static const struct {
    const char *name;
    Command run;
} commands[] = {
    {"CAPA", cmd_capa}, {"STLS", cmd_stls}, {"USER", cmd_user},
    {"PASS", cmd_pass}, {"AUTH", cmd_auth}, {"QUIT", cmd_quit},
};

static void run_command(KxConn *conn, Pop3 *pop3, const char *line)
{
    size_t name = strcspn(line, " ");
    const char *args = line[name] ? line + name + 1 : "";
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strlen(commands[i].name) == name && g_ascii_strncasecmp(line, commands[i].name, name) == 0) {
            gboolean secret = commands[i].run == cmd_pass || commands[i].run == cmd_auth;
            kx_conn_debug(conn, '<', line, secret ? name : strlen(line));
            commands[i].run(conn, pop3, args);
            return;
        }
    wrong(conn, pop3, "Unknown command");
}

/* ---- framing ---- */

static void sasl_line(KxConn *conn, Pop3 *pop3, const char *line)
{
    pop3->stage = READY;
    if (g_str_equal(line, "*")) {
        kx_conn_log(conn, KX_EDGE_LOG_SECURITY,
                    "Failed POP3 login from %s, authentication cancelled by user", kx_conn_remote_ip(conn));
        wrong(conn, pop3, "Authentication cancelled");
        return;
    }
    respond(conn, pop3, "", line);
}

static void take_line(KxConn *conn, Pop3 *pop3, const char *line, size_t len)
{
    if (memchr(line, 0, len)) {
        wrong(conn, pop3, "A NUL byte is no part of a command");
        return;
    }
    if (pop3->stage == SIGNED_IN) {
        kx_conn_debug(conn, '<', line, len);
        kx_conn_request(conn, KX_MSG_COMMAND, &(KxMsgCommand){KX_POP3_LINE, {line, len}});
        return;
    }
    g_autofree char *copy = g_strndup(line, len);
    if (pop3->stage == SASL_RESPONSE)
        sasl_line(conn, pop3, copy);
    else
        run_command(conn, pop3, copy);
    explicit_bzero(copy, len);
}

static void on_input(KxConn *conn)
{
    Pop3 *pop3 = kx_conn_state(conn);
    size_t len;
    const char *input = kx_conn_input(conn, &len);
    const char *end = memchr(input, '\n', len);
    size_t max = pop3->stage == SIGNED_IN ? LINE_MAX_BYTES : AUTH_LINE_MAX;
    if (!end ? len >= max : (size_t)(end - input) >= max) {
        kx_conn_puts(conn, "-ERR Line too long\r\n");
        kx_conn_close(conn);
        return;
    }
    if (!end)
        return;
    size_t line = (size_t)(end - input);
    g_autofree char *copy = g_memdup2(input, line + 1);
    if (line > 0 && copy[line - 1] == '\r')
        line--;
    kx_conn_consume(conn, (size_t)(end - input) + 1);
    take_line(conn, pop3, copy, line);
    explicit_bzero(copy, line);
}

/* ---- answers of the core ---- */

static void sasl_reply(KxConn *conn, Pop3 *pop3, const KxMsgSaslReply *reply)
{
    switch (reply->status) {
    case KX_SASL_CONTINUE: {
        g_autofree char *challenge = g_base64_encode((const guchar *)reply->data.data, reply->data.len);
        pop3->stage = SASL_RESPONSE;
        kx_conn_printf(conn, "+ %s\r\n", challenge);
        break;
    }
    case KX_SASL_OK:
        pop3->stage = OPENING;
        kx_conn_request(conn, KX_MSG_COMMAND, &(KxMsgCommand){KX_POP3_OPEN, {"", 0}});
        break;
    case KX_SASL_BUSY:
        pop3->stage = READY;
        kx_conn_puts(conn, "-ERR [SYS/TEMP] The server is busy, try again\r\n");
        break;
    default:
        pop3->stage = READY;
        wrong(conn, pop3, "[AUTH] Wrong name or password");
        break;
    }
}

static void on_reply(KxConn *conn, const KxMessage *message)
{
    Pop3 *pop3 = kx_conn_state(conn);
    if (message->type == KX_MSG_SASL_REPLY) {
        sasl_reply(conn, pop3, &message->SASL_REPLY);
    } else if (pop3->stage == OPENING) {
        if (message->REPLY.code == KX_POP3_REFUSED) {
            kx_conn_close(conn);
            return;
        }
        pop3->stage = SIGNED_IN;
        kx_conn_set_timeout(conn, (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_POP3_IDLE_TIMEOUT));
    }
}

static void on_core_lost(KxConn *conn)
{
    Pop3 *pop3 = kx_conn_state(conn);
    kx_conn_puts(conn, "-ERR [SYS/TEMP] The server was restarted, try again\r\n");
    if (pop3->stage == OPENING)
        kx_conn_close(conn);
    else if (pop3->stage != SIGNED_IN)
        pop3->stage = READY;
}

/* ---- life ---- */

static void on_open(KxConn *conn)
{
    const KxSettings *settings = kx_conn_settings(conn);
    kx_conn_set_timeout(conn, (guint)kx_settings_int(settings, KX_SET_LOGIN_TIMEOUT));
    kx_conn_printf(conn, "+OK %s Keryx POP3 server ready\r\n", kx_settings_text(settings, KX_SET_SERVER_HOSTNAME));
}

static void on_secured(KxConn *conn)
{
    Pop3 *pop3 = kx_conn_state(conn);
    pop3->stage = READY;
    g_clear_pointer(&pop3->user, g_free);
    kx_conn_set_timeout(conn, (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_LOGIN_TIMEOUT));
}

/* RFC 1939 section 3: a timeout ends the session without a word, and nothing is deleted. */
static void on_timeout(KxConn *conn)
{
    kx_conn_close(conn);
}

static void on_shutdown(KxConn *conn)
{
    kx_conn_puts(conn, "-ERR [SYS/TEMP] The server is shutting down\r\n");
    kx_conn_close(conn);
}

static void on_close(KxConn *conn)
{
    Pop3 *pop3 = kx_conn_state(conn);
    g_free(pop3->user);
}

const KxProtocol kx_pop3_edge = {
    .name = "pop3",
    .state_size = sizeof(Pop3),
    .input_max = AUTH_LINE_MAX + 2,
    .open = on_open,
    .input = on_input,
    .reply = on_reply,
    .core_lost = on_core_lost,
    .secured = on_secured,
    .timeout = on_timeout,
    .shutdown = on_shutdown,
    .close = on_close,
};
