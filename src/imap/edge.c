/* SPDX-License-Identifier: Apache-2.0 */
/* The edge half of IMAP: from bytes to requests, and what may happen between them. */
#include "imap/edge.h"

#include "base/text.h"
#include "imap/capability.h"
#include "imap/edge-private.h"

enum {
    BAD_MAX = 20, /* in a row, before sign-in */
    INPUT_MAX = KX_CHUNK_MAX,
};

/* ---- saying things ---- */

void kx_imap_edge_say(KxConn *conn, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args);
    va_end(args);
    kx_conn_debug(conn, '>', line, strlen(line));
    kx_conn_puts(conn, line);
    kx_conn_puts(conn, "\r\n");
}

void kx_imap_edge_tagged(KxConn *conn, const char *rest)
{
    KxImapEdge *edge = kx_conn_state(conn);
    kx_imap_edge_say(conn, "%s %s", edge->framer.tag, rest);
}

void kx_imap_edge_bye(KxConn *conn, const char *text)
{
    KxImapEdge *edge = kx_conn_state(conn);
    kx_imap_edge_say(conn, "* BYE %s", text);
    edge->phase = KX_PHASE_GONE;
    kx_conn_close(conn);
}

void kx_imap_edge_bad(KxConn *conn, const char *text)
{
    KxImapEdge *edge = kx_conn_state(conn);
    kx_imap_edge_say(conn, "%s BAD %s", edge->framer.tag, text);
    if (edge->phase == KX_PHASE_EARLY && ++edge->bad_in_row >= BAD_MAX)
        kx_imap_edge_bye(conn, "Too many bad commands");
}

gboolean kx_imap_edge_may_login(KxConn *conn)
{
    return kx_conn_find_mechanism(conn, kx_conn_may_sign_in(conn, TRUE), "PLAIN", 5) != NULL;
}

char *kx_imap_edge_capabilities(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    if (edge->phase == KX_PHASE_SIGNED_IN)
        return kx_imap_capabilities(KX_IMAP_SIGNED_IN | KX_IMAP_CAN_COMPRESS,
                                    kx_conn_settings(conn));
    guint circumstances = kx_imap_edge_may_login(conn) ? KX_IMAP_CAN_LOGIN : KX_IMAP_NO_LOGIN;
    if (!kx_conn_is_secure(conn))
        circumstances |= KX_IMAP_CAN_STARTTLS;
    g_autofree char *fixed = kx_imap_capabilities(circumstances, kx_conn_settings(conn));
    g_autofree char *mechanisms =
        kx_conn_mechanisms(conn, kx_conn_may_sign_in(conn, TRUE), "AUTH=");
    return g_strconcat(fixed, *mechanisms ? " " : "", mechanisms, NULL);
}

/* ---- requests ---- */

void kx_imap_edge_ask(KxConn *conn, KxImapAsked asked, KxMessageType type, const void *body)
{
    KxImapEdge *edge = kx_conn_state(conn);
    edge->asked = asked;
    edge->repeated = FALSE;
    kx_conn_request(conn, type, body);
}

static void ask_command(KxConn *conn, KxImapAsked asked, KxImapKind kind, const char *text,
                        size_t len)
{
    KxMsgCommand body = {.kind = kind, .data = {text, len}};
    kx_imap_edge_ask(conn, asked, KX_MSG_COMMAND, &body);
}

static void ask_done(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    ask_command(conn, KX_ASKED_DONE, KX_IMAP_KIND_DONE, edge->framer.tag, strlen(edge->framer.tag));
}

/* ---- frames ---- */

/* A line while the client idles must be DONE (RFC 2177). */
static void idle_line(KxConn *conn, const char *text, size_t len)
{
    KxImapEdge *edge = kx_conn_state(conn);
    gboolean done = kx_ascii_equal(text, len, "DONE\r\n");
    kx_framer_set_mode(&edge->framer, KX_FRAMING_COMMANDS);
    edge->phase = KX_PHASE_SIGNED_IN;
    if (done)
        ask_done(conn);
    else
        kx_imap_edge_bye(conn, "Expected DONE");
}

static void complete(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    KxBuf *text = &edge->framer.text;
    switch (edge->phase) {
    case KX_PHASE_EARLY:
        kx_imap_edge_early(conn, text->data, text->len);
        break;
    case KX_PHASE_SASL:
        kx_imap_edge_sasl_line(conn, text->data, text->len);
        break;
    case KX_PHASE_IDLE:
        idle_line(conn, text->data, text->len);
        return;
    default:
        kx_conn_debug(conn, '<', text->data, text->len - 2);
        ask_command(conn, KX_ASKED_COMMAND, KX_IMAP_KIND_COMMAND, text->data, text->len);
        break;
    }
    kx_framer_finish(&edge->framer);
}

static void too_big(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    if (edge->phase == KX_PHASE_IDLE) {
        kx_imap_edge_bye(conn, "Expected DONE");
        return;
    }
    if (edge->phase == KX_PHASE_SASL) {
        edge->phase = KX_PHASE_EARLY;
        kx_framer_set_mode(&edge->framer, KX_FRAMING_EARLY);
    }
    kx_imap_edge_bad(conn, "[TOOBIG] Command too long");
    if (edge->phase == KX_PHASE_SIGNED_IN)
        ask_command(conn, KX_ASKED_ABORT, KX_IMAP_KIND_ABORT, "", 0);
}

static void act(KxConn *conn, KxFrame frame, const char *in, size_t used)
{
    KxImapEdge *edge = kx_conn_state(conn);
    KxBuf *text = &edge->framer.text;
    switch (frame) {
    case KX_FRAME_MORE:
        break;
    case KX_FRAME_COMMAND:
        complete(conn);
        break;
    case KX_FRAME_CONTINUE:
        kx_imap_edge_say(conn, "+ OK");
        break;
    case KX_FRAME_SPOOL:
        ask_command(conn, KX_ASKED_LITERAL, KX_IMAP_KIND_LITERAL, text->data, text->len);
        break;
    case KX_FRAME_CONTENT:
        kx_imap_edge_ask(conn, KX_ASKED_SPOOL, KX_MSG_SPOOL, &(KxMsgSpool){.data = {in, used}});
        break;
    case KX_FRAME_TOO_BIG:
        too_big(conn);
        break;
    case KX_FRAME_FATAL:
        kx_imap_edge_bye(conn, "[TOOBIG] Too much to throw away");
        break;
    }
}

static gboolean too_slow(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    gboolean signed_in = edge->phase == KX_PHASE_SIGNED_IN || edge->phase == KX_PHASE_IDLE;
    return !signed_in && g_get_monotonic_time() > edge->deadline;
}

static void input(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    if (edge->phase == KX_PHASE_PENALTY || edge->phase == KX_PHASE_GONE)
        return;
    if (too_slow(conn)) {
        kx_imap_edge_bye(conn, "Sign-in took too long");
        return;
    }
    size_t len, used;
    const char *in = kx_conn_input(conn, &len);
    KxFrame frame = kx_framer_next(&edge->framer, in, len, &used);
    act(conn, frame, in, used); /* before consume(): it may use the input */
    kx_conn_consume(conn, used);
}

/* ---- answers ---- */

static void start_over(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    guint seconds = (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_LOGIN_TIMEOUT);
    edge->phase = KX_PHASE_EARLY;
    edge->asked = KX_ASKED_NOTHING;
    edge->bad_in_row = 0;
    edge->notifying = FALSE;
    edge->deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    kx_framer_init(&edge->framer, KX_FRAMING_EARLY);
    kx_conn_set_timeout(conn, seconds);
}

/* RFC 8437: as before sign-in, but for TLS. The answer is compressed still, what follows is not. */
static void unauthenticated(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    edge->phase = KX_PHASE_EARLY;
    g_autofree char *capabilities = kx_imap_edge_capabilities(conn);
    kx_imap_edge_say(conn, "%s OK [CAPABILITY %s] UNAUTHENTICATE completed", edge->framer.tag,
                     capabilities);
    kx_conn_stop_deflate(conn);
    kx_conn_forget_session(conn);
    kx_framer_clear(&edge->framer);
    start_over(conn);
}

static void command_answered(KxConn *conn, guint code)
{
    KxImapEdge *edge = kx_conn_state(conn);
    if (code == KX_IMAP_CODE_IDLING) {
        edge->phase = KX_PHASE_IDLE;
        kx_framer_set_mode(&edge->framer, KX_FRAMING_LINE);
    } else if (code == KX_IMAP_CODE_NOTIFYING) {
        edge->notifying = TRUE;
    } else if (code == KX_IMAP_CODE_DEFLATE) {
        kx_conn_start_deflate(conn);
    } else if (code == KX_IMAP_CODE_UNAUTHENTICATED) {
        unauthenticated(conn);
    }
}

static void literal_answered(KxConn *conn, guint code)
{
    KxImapEdge *edge = kx_conn_state(conn);
    if (code != KX_IMAP_CODE_CONTINUE) {
        kx_framer_refuse(&edge->framer);
        return;
    }
    if (!edge->framer.literal.non_sync)
        kx_imap_edge_say(conn, "+ OK");
    kx_framer_accept(&edge->framer);
}

static void reply(KxConn *conn, const KxMessage *message)
{
    KxImapEdge *edge = kx_conn_state(conn);
    KxImapAsked asked = edge->asked;
    edge->asked = KX_ASKED_NOTHING;
    if (asked == KX_ASKED_SASL && message->type == KX_MSG_SASL_REPLY)
        kx_imap_edge_sasl_reply(conn, &message->SASL_REPLY);
    else if (asked == KX_ASKED_LITERAL)
        literal_answered(conn, message->REPLY.code);
    else if (asked == KX_ASKED_COMMAND)
        command_answered(conn, message->REPLY.code);
}

/* ---- the core goes and comes ---- */

static void ask_resume(KxConn *conn, KxImapAsked asked)
{
    ask_command(conn, asked,
                asked == KX_ASKED_RESUME ? KX_IMAP_KIND_RESUME : KX_IMAP_KIND_RESUME_IDLE, "", 0);
}

static void repeat_request(KxConn *conn, KxImapAsked asked)
{
    if (asked == KX_ASKED_DONE)
        ask_done(conn);
    else
        ask_resume(conn, asked);
    KxImapEdge *edge = kx_conn_state(conn);
    edge->repeated = TRUE;
}

static void core_lost(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    KxImapAsked asked = edge->asked;
    edge->asked = KX_ASKED_NOTHING;
    switch (asked) {
    case KX_ASKED_DONE:
    case KX_ASKED_RESUME:
    case KX_ASKED_RESUME_IDLE: /* nothing is lost by asking again */
        if (edge->repeated)
            kx_imap_edge_bye(conn, "[UNAVAILABLE] The server restarts");
        else
            repeat_request(conn, asked);
        return;
    case KX_ASKED_NOTHING:
    case KX_ASKED_ABORT:
        return;
    case KX_ASKED_LITERAL:
    case KX_ASKED_SPOOL:
        kx_imap_edge_tagged(conn, "NO [UNAVAILABLE] The server restarted, please try again");
        kx_framer_refuse(&edge->framer);
        return;
    case KX_ASKED_SASL:
        edge->phase = KX_PHASE_EARLY;
        kx_framer_set_mode(&edge->framer, KX_FRAMING_EARLY);
        break;
    case KX_ASKED_COMMAND:
        break;
    }
    kx_imap_edge_tagged(conn, "NO [UNAVAILABLE] The server restarted, please try again");
}

static void core_back(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    if (edge->phase == KX_PHASE_IDLE)
        ask_resume(conn, KX_ASKED_RESUME_IDLE);
    else if (edge->framer.spooling) {
        /* What was spooled of this command is gone with the old core. */
        kx_imap_edge_tagged(conn, "NO [UNAVAILABLE] The server restarted, please try again");
        kx_framer_refuse(&edge->framer);
    } else if (edge->phase == KX_PHASE_SIGNED_IN && edge->notifying) {
        ask_resume(conn, KX_ASKED_RESUME);
    }
}

/* ---- life ---- */

static void greet(KxConn *conn, const char *text)
{
    g_autofree char *capabilities = kx_imap_edge_capabilities(conn);
    kx_imap_edge_say(conn, "* OK [CAPABILITY %s] %s %s", capabilities,
                     kx_settings_text(kx_conn_settings(conn), KX_SET_SERVER_HOSTNAME), text);
}

static void open_connection(KxConn *conn)
{
    start_over(conn);
    gboolean hide = kx_settings_bool(kx_conn_settings(conn), KX_SET_SERVER_HIDE_PROGRAM);
    greet(conn, hide ? "IMAP ready" : "Keryx IMAP ready");
}

/* Nothing said in the clear counts any more (RFC 9051 section 6.2.1). */
static void secured(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    kx_framer_clear(&edge->framer);
    start_over(conn);
}

static void timeout(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    if (edge->phase == KX_PHASE_PENALTY)
        kx_imap_edge_penalty_over(conn);
    else
        kx_imap_edge_bye(conn, "Autologout; idle for too long");
}

static void shut_down(KxConn *conn)
{
    kx_imap_edge_bye(conn, "[UNAVAILABLE] Server shutting down");
}

static gboolean receiving(KxConn *conn)
{
    const KxImapEdge *edge = kx_conn_state(conn);
    const KxFramer *framer = &edge->framer;
    return edge->phase == KX_PHASE_SIGNED_IN &&
           (framer->state != KX_FRAMER_LINE || framer->text.len > 0);
}

static void close_connection(KxConn *conn)
{
    KxImapEdge *edge = kx_conn_state(conn);
    kx_framer_clear(&edge->framer);
}

const KxProtocol kx_imap_edge = {
    .name = "imap",
    .state_size = sizeof(KxImapEdge),
    .input_max = INPUT_MAX,
    .open = open_connection,
    .input = input,
    .reply = reply,
    .core_lost = core_lost,
    .core_back = core_back,
    .secured = secured,
    .timeout = timeout,
    .shutdown = shut_down,
    .receiving = receiving,
    .close = close_connection,
};
