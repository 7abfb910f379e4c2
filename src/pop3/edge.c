/* SPDX-License-Identifier: Apache-2.0 */
#include "pop3/edge.h"

#include "pop3/args.h"
#include "pop3/capability.h"
#include "pop3/edge-private.h"
#include "pop3/wire.h"
#include "settings/sasl.h"

enum {
    LINE_MAX_BYTES = 512, /* RFC 2449 section 4 asks for 255 */
    MISTAKES_MAX = 10,    /* before sign-in */
};

/* ---- saying ---- */

void kx_pop3_edge_say(KxConn *conn, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args);
    va_end(args);
    kx_conn_debug(conn, '>', line, strlen(line));
    kx_conn_puts(conn, line);
    kx_conn_puts(conn, "\r\n");
}

void kx_pop3_edge_bye(KxConn *conn, const char *reason)
{
    kx_pop3_edge_say(conn, "-ERR %s, goodbye", reason);
    kx_conn_close(conn);
}

void kx_pop3_edge_wrong(KxConn *conn, KxPop3Edge *edge, const char *text)
{
    if (++edge->mistakes >= MISTAKES_MAX)
        kx_pop3_edge_bye(conn, "Too many mistakes");
    else
        kx_pop3_edge_say(conn, "-ERR %s", text);
}

/* ---- commands ---- */

static void cmd_capa(KxConn *conn, KxPop3Edge *edge, const char *args)
{
    g_autofree char *mechanisms = kx_conn_mechanisms(conn, kx_conn_may_sign_in(conn, TRUE), "");
    g_autofree char *lines =
        kx_pop3_capabilities(kx_conn_settings(conn), mechanisms, kx_conn_is_secure(conn));
    kx_conn_puts(conn, "+OK Capability list follows\r\n");
    kx_conn_puts(conn, lines);
}

static void cmd_stls(KxConn *conn, KxPop3Edge *edge, const char *args)
{
    if (kx_conn_is_secure(conn)) {
        kx_pop3_edge_wrong(conn, edge, "TLS is active already");
        return;
    }
    kx_pop3_edge_say(conn, "+OK Begin TLS negotiation");
    kx_conn_start_tls(conn);
}

static void cmd_quit(KxConn *conn, KxPop3Edge *edge, const char *args)
{
    kx_pop3_edge_say(conn, "+OK Goodbye");
    kx_conn_close(conn);
}

static const struct {
    const char *name;
    gboolean takes_args;
    gboolean secret; /* what follows the name stays out of the logs */
    KxPop3EdgeCommand run;
} commands[] = {
    {"CAPA", FALSE, FALSE, cmd_capa},
    {"STLS", FALSE, FALSE, cmd_stls},
    {"QUIT", FALSE, FALSE, cmd_quit},
    {"USER", TRUE, FALSE, kx_pop3_edge_cmd_user},
    {"PASS", TRUE, TRUE, kx_pop3_edge_cmd_pass},
    {"APOP", TRUE, TRUE, kx_pop3_edge_cmd_apop},
    {"AUTH", TRUE, TRUE, kx_pop3_edge_cmd_auth},
};

/* Index in the table, or -1. */
static int find_command(const char *line, size_t name)
{
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strlen(commands[i].name) == name &&
            g_ascii_strncasecmp(line, commands[i].name, name) == 0)
            return (int)i;
    return -1;
}

static void debug_command(KxConn *conn, const char *line, int command)
{
    gboolean secret = command >= 0 && commands[command].secret;
    size_t name = strcspn(line, " ");
    g_autofree char *masked =
        secret && line[name] ? g_strdup_printf("%.*s ***", (int)name, line) : NULL;
    const char *text = masked ? masked : line;
    kx_conn_debug(conn, '<', text, strlen(text));
}

static void run_command(KxConn *conn, KxPop3Edge *edge, const char *line, int command)
{
    if (command < 0) {
        kx_pop3_edge_wrong(conn, edge, "Unknown command");
        return;
    }
    const char *args = line + strlen(commands[command].name);
    if (commands[command].run == kx_pop3_edge_cmd_pass)
        args += *args == ' ';
    else
        args = kx_pop3_skip_spaces(args);
    if (*args && !commands[command].takes_args)
        kx_pop3_edge_wrong(conn, edge, "There are too many arguments");
    else
        commands[command].run(conn, edge, args);
}

/* ---- framing ---- */

static void take_line(KxConn *conn, KxPop3Edge *edge, const char *line, size_t len)
{
    if (memchr(line, 0, len)) {
        edge->stage = edge->stage == KX_POP3_SASL_RESPONSE ? KX_POP3_READY : edge->stage;
        kx_pop3_edge_wrong(conn, edge, "A NUL byte is no part of a command");
        return;
    }
    if (edge->stage == KX_POP3_SASL_RESPONSE) {
        kx_pop3_edge_sasl_line(conn, edge, line);
        return;
    }
    int command = find_command(line, strcspn(line, " "));
    debug_command(conn, line, command);
    if (edge->stage == KX_POP3_SIGNED_IN)
        kx_conn_request(conn, KX_MSG_COMMAND, &(KxMsgCommand){KX_POP3_LINE, {line, len}});
    else
        run_command(conn, edge, line, command);
}

static gboolean too_slow(const KxPop3Edge *edge)
{
    return edge->stage != KX_POP3_SIGNED_IN && g_get_monotonic_time() > edge->deadline;
}

static void on_input(KxConn *conn)
{
    KxPop3Edge *edge = kx_conn_state(conn);
    if (edge->stage == KX_POP3_PENALTY)
        return;
    if (too_slow(edge)) {
        kx_pop3_edge_bye(conn, "Sign-in took too long");
        return;
    }
    size_t len;
    const char *input = kx_conn_input(conn, &len);
    const char *end = memchr(input, '\n', len);
    size_t max = edge->stage == KX_POP3_SIGNED_IN ? LINE_MAX_BYTES : KX_SASL_LINE_MAX;
    size_t line = end ? (size_t)(end - input) : len;
    if (line >= max) {
        kx_pop3_edge_bye(conn, "Line too long");
        return;
    }
    if (!end)
        return;
    size_t text = line > 0 && input[line - 1] == '\r' ? line - 1 : line;
    char *copy = g_malloc(text + 1);
    memcpy(copy, input, text);
    copy[text] = '\0';
    kx_conn_consume(conn, line + 1);
    take_line(conn, edge, copy, text);
    explicit_bzero(copy, text);
    g_free(copy);
}

/* ---- answers of the core ---- */

static void on_reply(KxConn *conn, const KxMessage *message)
{
    KxPop3Edge *edge = kx_conn_state(conn);
    edge->keeping = FALSE;
    if (message->type == KX_MSG_SASL_REPLY) {
        kx_pop3_edge_sasl_reply(conn, edge, &message->SASL_REPLY);
    } else if (edge->stage == KX_POP3_OPENING) {
        if (message->REPLY.code == KX_POP3_REFUSED) {
            kx_conn_close(conn);
            return;
        }
        edge->stage = KX_POP3_SIGNED_IN;
        kx_conn_set_timeout(
            conn, (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_POP3_IDLE_TIMEOUT));
    }
}

static void on_core_lost(KxConn *conn)
{
    KxPop3Edge *edge = kx_conn_state(conn);
    if (edge->keeping) { /* once more with the next core */
        edge->keeping = FALSE;
        return;
    }
    kx_pop3_edge_say(conn, "-ERR [SYS/TEMP] The server was restarted, try again");
    if (edge->stage == KX_POP3_OPENING)
        kx_conn_close(conn);
    else if (edge->stage != KX_POP3_SIGNED_IN)
        edge->stage = KX_POP3_READY;
}

/* The new core does not know yet that this session has its maildrop. */
static void on_core_back(KxConn *conn)
{
    KxPop3Edge *edge = kx_conn_state(conn);
    if (edge->stage != KX_POP3_SIGNED_IN)
        return;
    edge->keeping = TRUE;
    kx_conn_request(conn, KX_MSG_COMMAND, &(KxMsgCommand){KX_POP3_KEEP, {"", 0}});
}

/* ---- life ---- */

static void start_over(KxConn *conn)
{
    KxPop3Edge *edge = kx_conn_state(conn);
    guint seconds = (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_LOGIN_TIMEOUT);
    edge->stage = KX_POP3_READY;
    edge->deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    g_clear_pointer(&edge->user, g_free);
    kx_conn_set_timeout(conn, seconds);
}

static void on_open(KxConn *conn)
{
    start_over(conn);
    KxPop3Edge *edge = kx_conn_state(conn);
    const KxSettings *settings = kx_conn_settings(conn);
    edge->timestamp = kx_pop3_edge_timestamp(conn);
    kx_pop3_edge_say(conn, "+OK %s %sPOP3 server ready%s%s",
                     kx_settings_text(settings, KX_SET_SERVER_HOSTNAME),
                     kx_settings_bool(settings, KX_SET_SERVER_HIDE_PROGRAM) ? "" : "Keryx ",
                     edge->timestamp ? " " : "", edge->timestamp ? edge->timestamp : "");
}

/* RFC 1939 section 3: silence ends the session without a word, and nothing is deleted. */
static void on_timeout(KxConn *conn)
{
    KxPop3Edge *edge = kx_conn_state(conn);
    if (edge->stage == KX_POP3_PENALTY)
        kx_pop3_edge_penalty_over(conn, edge);
    else
        kx_conn_close(conn);
}

static void on_shutdown(KxConn *conn)
{
    kx_pop3_edge_say(conn, "-ERR [SYS/TEMP] The server is shutting down");
    kx_conn_close(conn);
}

static void on_close(KxConn *conn)
{
    KxPop3Edge *edge = kx_conn_state(conn);
    g_free(edge->user);
    g_free(edge->timestamp);
    g_free(edge->mechanism);
}

const KxProtocol kx_pop3_edge = {
    .name = "pop3",
    .state_size = sizeof(KxPop3Edge),
    .input_max = KX_SASL_LINE_MAX + 2,
    .open = on_open,
    .input = on_input,
    .reply = on_reply,
    .core_lost = on_core_lost,
    .core_back = on_core_back,
    .secured = start_over,
    .timeout = on_timeout,
    .shutdown = on_shutdown,
    .close = on_close,
};
