/* SPDX-License-Identifier: Apache-2.0 */
/* Framing of the SMTP dialogue: lines, content, greetings and goodbyes (RFC 5321 sections 2.3.8,
 * 3, 4.2). */
#include "smtp/smtp-edge.h"

#include "smtp/edge-private.h"

const char *kx_edge_hostname(KxConn *conn)
{
    return kx_settings_text(kx_conn_settings(conn), KX_SET_SERVER_HOSTNAME);
}

gboolean kx_edge_is_submission(KxConn *conn)
{
    return kx_conn_service(conn)->submission;
}

void kx_edge_line(KxConn *conn, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args);
    va_end(args);
    kx_conn_debug(conn, '>', line, strlen(line));
    kx_conn_printf(conn, "%s\r\n", line);
}

void kx_edge_goodbye(KxConn *conn, const char *enhanced, const char *text)
{
    kx_edge_line(conn, "421 %s %s %s", enhanced, kx_edge_hostname(conn), text);
    kx_edge_close(conn);
}

void kx_edge_close(KxConn *conn)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    edge->closed = TRUE;
    kx_conn_close(conn);
}

void kx_edge_say(KxConn *conn, guint code, const char *text)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    kx_edge_line(conn, "%u %s", code, text);
    if (code < 500 || edge->closed)
        return;
    gint64 most = kx_settings_int(kx_conn_settings(conn), KX_SET_SMTP_MAX_FAILED);
    if (++edge->failed < most)
        return;
    kx_conn_log(conn, KX_EDGE_LOG_SECURITY,
                "SMTP client %s is disconnected after %u failed commands", kx_conn_remote_ip(conn),
                edge->failed);
    kx_edge_goodbye(conn, "4.7.0", "Too many failed commands");
}

/* ---- lines ---- */

/* Why a line cannot be a command at all, or NULL. The line still has its CR. */
static const char *line_problem(const char *line, size_t len)
{
    if (len == 0 || line[len - 1] != '\r')
        return "5.5.2 A line must end in CRLF, not in a bare LF";
    for (size_t i = 0; i < len - 1; i++) {
        if (((guchar)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return "5.5.2 Control characters are not allowed in commands";
    }
    if (!g_utf8_validate(line, (gssize)len - 1, NULL))
        return "5.5.2 Commands must be ASCII or UTF-8";
    return NULL;
}

static void too_long(KxConn *conn, KxSmtpEdge *edge)
{
    gboolean sasl = edge->resume_mode == KX_EDGE_SASL;
    edge->mode = KX_EDGE_COMMAND;
    kx_edge_say(conn, 500,
                sasl ? "5.5.6 Authentication exchange line is too long" : "5.5.2 Line too long");
}

/* The rest of an over-long line is thrown away, then it is answered once. */
static void skip_line(KxConn *conn, KxSmtpEdge *edge, const char *input, size_t len)
{
    const char *lf = memchr(input, '\n', len);
    kx_conn_consume(conn, lf ? (size_t)(lf - input) + 1 : len);
    if (lf)
        too_long(conn, edge);
}

static void input_line(KxConn *conn, KxSmtpEdge *edge, const char *input, size_t len)
{
    const char *lf = memchr(input, '\n', MIN(len, (size_t)KX_SMTP_LINE_MAX));
    if (!lf) {
        if (len < KX_SMTP_LINE_MAX)
            return;
        edge->resume_mode = edge->mode;
        edge->mode = KX_EDGE_SKIP_LINE;
        kx_conn_consume(conn, KX_SMTP_LINE_MAX);
        return;
    }
    size_t line_len = (size_t)(lf - input);
    g_autofree char *line = g_strndup(input, line_len);
    memcpy(line, input, line_len); /* NULs too */
    kx_conn_consume(conn, line_len + 1);
    const char *problem = line_problem(line, line_len);
    if (problem) {
        edge->mode = KX_EDGE_COMMAND;
        kx_conn_debug(conn, '<', line, edge->mechanism ? 0 : line_len);
        g_clear_pointer(&edge->mechanism, g_free);
        kx_edge_say(conn, 500, problem);
    } else {
        line[line_len - 1] = '\0';
        if (edge->mode == KX_EDGE_SASL)
            kx_edge_sasl_response(conn, line, line_len - 1);
        else
            kx_edge_command(conn, line, line_len - 1);
    }
    explicit_bzero(line, line_len);
}

static void input(KxConn *conn)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    size_t len;
    const char *bytes = kx_conn_input(conn, &len);
    if (len == 0 || edge->closed || edge->mode == KX_EDGE_PENALTY)
        return;
    if (edge->mode == KX_EDGE_DELAY)
        kx_edge_talked_early(conn, edge);
    else if (edge->mode == KX_EDGE_DATA || edge->mode == KX_EDGE_BDAT)
        kx_edge_content_input(conn, bytes, len);
    else if (edge->mode == KX_EDGE_SKIP_LINE)
        skip_line(conn, edge, bytes, len);
    else
        input_line(conn, edge, bytes, len);
}

/* ---- other events ---- */

static void core_back(KxConn *conn)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    edge->sasl_lost = edge->mode == KX_EDGE_SASL;
}

/* RFC 3207 section 4.2: nothing said before the handshake counts. */
static void secured(KxConn *conn)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    kx_edge_forget(edge);
    g_clear_pointer(&edge->helo, g_free);
    edge->extended = FALSE;
    guint seconds = (guint)kx_settings_int(kx_conn_settings(conn), KX_SET_SMTP_TIMEOUT);
    kx_conn_set_timeout(conn, seconds);
}

static void timeout(KxConn *conn)
{
    const KxSmtpEdge *edge = kx_conn_state(conn);
    if (edge->mode == KX_EDGE_PENALTY)
        kx_edge_penalty_over(conn);
    else if (edge->mode == KX_EDGE_DELAY)
        kx_edge_delay_over(conn);
    else
        kx_edge_goodbye(conn, "4.4.2", "Timeout, closing connection");
}

static void stop(KxConn *conn)
{
    kx_edge_goodbye(conn, "4.3.2", "The server is shutting down");
}

static gboolean receiving(KxConn *conn)
{
    const KxSmtpEdge *edge = kx_conn_state(conn);
    return edge->mode == KX_EDGE_DATA || edge->mode == KX_EDGE_BDAT;
}

static void close_state(KxConn *conn)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    if (edge->mode == KX_EDGE_DELAY && !edge->closed)
        kx_edge_gave_up(conn);
    kx_edge_forget(edge);
    kx_edge_rcpt_free(edge->asked);
    g_free(edge->node);
    g_free(edge->helo);
    g_free(edge->mechanism);
}

const KxProtocol kx_smtp_protocol = {
    .name = "smtp",
    .state_size = sizeof(KxSmtpEdge),
    .input_max = KX_CHUNK_MAX,
    .open = kx_edge_arrive,
    .input = input,
    .reply = kx_edge_answered,
    .core_lost = kx_edge_unanswered,
    .core_back = core_back,
    .secured = secured,
    .timeout = timeout,
    .shutdown = stop,
    .receiving = receiving,
    .close = close_state,
};
