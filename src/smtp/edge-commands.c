/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of SMTP and what must have happened before each (RFC 5321 section 4.1.4, RFC 6409
 * section 4.3). */
#include "base/text.h"
#include "smtp/edge-private.h"

typedef enum {
    AT_ONCE = 1 << 0,    /* before HELO or EHLO */
    IN_CLEAR = 1 << 1,   /* before STARTTLS on the submission port */
    SIGNED_OUT = 1 << 2, /* before AUTH on the submission ports */
    NO_ARGUMENT = 1 << 3,
    NEEDS_ARGUMENT = 1 << 4,
    CONTENT = 1 << 5, /* content follows also if the command is refused: it must read that */
} CommandFlags;
#define ANY_TIME (AT_ONCE | IN_CLEAR | SIGNED_OUT)

typedef struct {
    const char *name;
    void (*func)(KxConn *conn, const KxEdgeArgs *args);
    guint flags;
} Command;

static const Command COMMANDS[] = {
    {"MAIL", kx_edge_cmd_mail, NEEDS_ARGUMENT},
    {"RCPT", kx_edge_cmd_rcpt, NEEDS_ARGUMENT},
    {"DATA", kx_edge_cmd_data, NO_ARGUMENT},
    {"BDAT", kx_edge_cmd_bdat, CONTENT},
    {"BURL", kx_edge_cmd_burl, NEEDS_ARGUMENT},
    {"EHLO", kx_edge_cmd_ehlo, ANY_TIME | NEEDS_ARGUMENT},
    {"HELO", kx_edge_cmd_helo, ANY_TIME | NEEDS_ARGUMENT},
    {"RSET", kx_edge_cmd_rset, ANY_TIME | NO_ARGUMENT},
    {"NOOP", kx_edge_cmd_noop, ANY_TIME},
    {"QUIT", kx_edge_cmd_quit, ANY_TIME | NO_ARGUMENT},
    {"STARTTLS", kx_edge_cmd_starttls, IN_CLEAR | SIGNED_OUT | NO_ARGUMENT},
    {"AUTH", kx_edge_cmd_auth, IN_CLEAR | SIGNED_OUT | NEEDS_ARGUMENT},
    {"XCLIENT", kx_edge_cmd_xclient, ANY_TIME | NEEDS_ARGUMENT},
    {"VRFY", kx_edge_cmd_vrfy, NEEDS_ARGUMENT},
    {"HELP", kx_edge_cmd_help, ANY_TIME},
    {"EXPN", kx_edge_cmd_refused, ANY_TIME},
    {"ETRN", kx_edge_cmd_etrn, NEEDS_ARGUMENT},
    {"TURN", kx_edge_cmd_refused, ANY_TIME},
    {"SEND", kx_edge_cmd_refused, ANY_TIME},
    {"SOML", kx_edge_cmd_refused, ANY_TIME},
    {"SAML", kx_edge_cmd_refused, ANY_TIME},
    /* What a browser sends that somebody led here must not become mail. */
    {"GET", kx_edge_cmd_foreign, ANY_TIME},
    {"POST", kx_edge_cmd_foreign, ANY_TIME},
    {"PUT", kx_edge_cmd_foreign, ANY_TIME},
    {"CONNECT", kx_edge_cmd_foreign, ANY_TIME},
};

static const Command *find(const char *name, size_t len)
{
    for (guint i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        if (kx_ascii_equal(name, len, COMMANDS[i].name))
            return &COMMANDS[i];
    }
    return NULL;
}

typedef struct {
    guint code;
    const char *text;
} Refusal;

/* What stands against the command now; code 0: nothing. */
static Refusal check(KxConn *conn, const Command *command, const KxEdgeArgs *args)
{
    const KxSmtpEdge *edge = kx_conn_state(conn);
    guint flags = command->flags;
    if (kx_edge_is_submission(conn)) {
        if (!(flags & IN_CLEAR) && kx_conn_may_sign_in(conn, FALSE) == KX_SIGN_IN_NO)
            return (Refusal){530, "5.7.0 Must issue a STARTTLS command first"};
        if (!(flags & SIGNED_OUT) && !edge->signed_in)
            return (Refusal){530, "5.7.0 Authentication required"};
    }
    if (!(flags & AT_ONCE) && !edge->helo)
        return (Refusal){503, "5.5.1 Send HELO or EHLO first"};
    gboolean empty = args->args == args->end;
    if ((flags & NO_ARGUMENT) && !empty)
        return (Refusal){501, "5.5.4 This command takes no argument"};
    if ((flags & NEEDS_ARGUMENT) && empty)
        return (Refusal){501, "5.5.4 This command needs an argument"};
    return (Refusal){0, NULL};
}

/* The dialogue goes to the Debug log without what could give a password away. */
static void debug_command(KxConn *conn, const Command *command, const char *line, size_t len)
{
    size_t shown = len;
    if (command && command->func == kx_edge_cmd_auth) {
        const char *mechanism_end = memchr(line + 4, ' ', len - 4);
        if (mechanism_end)
            mechanism_end =
                memchr(mechanism_end + 1, ' ', (size_t)(line + len - mechanism_end - 1));
        if (mechanism_end)
            shown = (size_t)(mechanism_end - line);
    }
    kx_conn_debug(conn, '<', line, shown);
}

void kx_edge_command(KxConn *conn, const char *line, size_t len)
{
    while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    size_t name_len = 0;
    while (name_len < len && line[name_len] != ' ' && line[name_len] != '\t')
        name_len++;
    const Command *command = find(line, name_len);
    debug_command(conn, command, line, len);
    if (!command) {
        kx_edge_say(conn, 500, "5.5.2 Command not recognised");
        return;
    }
    if (len > KX_SMTP_COMMAND_MAX && command->func != kx_edge_cmd_auth) {
        kx_edge_say(conn, 500, "5.5.2 Line too long");
        return;
    }
    KxEdgeArgs args = {line + name_len, line + len};
    while (args.args < args.end && (*args.args == ' ' || *args.args == '\t'))
        args.args++;
    Refusal refusal = check(conn, command, &args);
    if (refusal.code && !(command->flags & CONTENT)) {
        kx_edge_say(conn, refusal.code, refusal.text);
        return;
    }
    if (refusal.code)
        kx_edge_content_refuse(kx_conn_state(conn), refusal.code, refusal.text);
    command->func(conn, &args);
}
