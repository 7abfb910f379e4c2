/* SPDX-License-Identifier: Apache-2.0 */
/* Commands before sign-in (RFC 9051 sections 6.1 and 6.2). */
#include "imap/edge-private.h"
#include "imap/id.h"
#include "imap/language.h"

static void cmd_capability(KxConn *conn, KxImapParser *args)
{
    if (!kx_imap_parse_end(args))
        return;
    g_autofree char *capabilities = kx_imap_edge_capabilities(conn);
    kx_imap_edge_say(conn, "* CAPABILITY %s", capabilities);
    kx_imap_edge_tagged(conn, "OK CAPABILITY completed");
}

static void cmd_noop(KxConn *conn, KxImapParser *args)
{
    if (kx_imap_parse_end(args))
        kx_imap_edge_tagged(conn, "OK NOOP completed");
}

static void cmd_logout(KxConn *conn, KxImapParser *args)
{
    if (!kx_imap_parse_end(args))
        return;
    kx_imap_edge_say(conn, "* BYE Logging out");
    kx_imap_edge_tagged(conn, "OK LOGOUT completed");
    KxImapEdge *edge = kx_conn_state(conn);
    edge->phase = KX_PHASE_GONE;
    kx_conn_close(conn);
}

static void cmd_id(KxConn *conn, KxImapParser *args)
{
    if (!kx_imap_parse_id(args))
        return;
    kx_imap_edge_say(conn, "%s", kx_imap_id_response(kx_conn_settings(conn)));
    kx_imap_edge_tagged(conn, "OK ID completed");
}

static void cmd_language(KxConn *conn, KxImapParser *args)
{
    const char *response = kx_imap_parse_language(args);
    if (!kx_imap_parser_ok(args))
        return;
    if (!response) {
        kx_imap_edge_tagged(conn, "NO There is no such language");
        return;
    }
    kx_imap_edge_say(conn, "%s", response);
    kx_imap_edge_tagged(conn, "OK LANGUAGE completed");
}

static void cmd_starttls(KxConn *conn, KxImapParser *args)
{
    if (!kx_imap_parse_end(args))
        return;
    if (kx_conn_is_secure(conn)) {
        kx_imap_edge_bad(conn, "TLS is active already");
        return;
    }
    kx_imap_edge_tagged(conn, "OK Begin TLS negotiation now");
    kx_conn_start_tls(conn);
}

static const struct {
    const char *name;
    void (*func)(KxConn *conn, KxImapParser *args);
    gboolean secret; /* its arguments are not for the Debug log */
} commands[] = {
    {"CAPABILITY", cmd_capability, FALSE}, {"NOOP", cmd_noop, FALSE},
    {"LOGOUT", cmd_logout, FALSE},         {"ID", cmd_id, FALSE},
    {"LANGUAGE", cmd_language, FALSE},     {"STARTTLS", cmd_starttls, FALSE},
    {"LOGIN", kx_imap_edge_login, TRUE},   {"AUTHENTICATE", kx_imap_edge_authenticate, TRUE},
};

static void debug_command(KxConn *conn, guint i, const char *text, size_t len)
{
    KxImapEdge *edge = kx_conn_state(conn);
    if (!commands[i].secret) {
        kx_conn_debug(conn, '<', text, len - 2);
        return;
    }
    g_autofree char *masked = g_strdup_printf("%s %s ***", edge->framer.tag, commands[i].name);
    kx_conn_debug(conn, '<', masked, strlen(masked));
}

void kx_imap_edge_early(KxConn *conn, const char *text, size_t len)
{
    KxImapEdge *edge = kx_conn_state(conn);
    g_auto(KxImapParser) args = {0};
    KxSlice tag;
    kx_imap_parser_init(&args, text, len, FALSE);
    if (!kx_imap_parse_tag(&args, &tag) || !kx_imap_parse_space(&args)) {
        kx_imap_edge_bad(conn, args.error);
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (!kx_imap_accept_atom(&args, commands[i].name))
            continue;
        debug_command(conn, i, text, len);
        commands[i].func(conn, &args);
        if (!kx_imap_parser_ok(&args))
            kx_imap_edge_bad(conn, args.error);
        else if (edge->phase != KX_PHASE_EARLY)
            edge->bad_in_row = 0;
        return;
    }
    kx_imap_edge_bad(conn, "Unknown command, or one that needs sign-in first");
}
