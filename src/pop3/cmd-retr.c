/* SPDX-License-Identifier: Apache-2.0 */
/* RETR (RFC 1939 section 5) and TOP (section 7): the content, dot-stuffed, as fast as the client reads it. */
#include "base/text.h"
#include "pop3/pop3.h"
#include "store/content.h"

typedef struct {
    GBytes *content;
    size_t at;
    guint64 body_lines; /* of TOP: still to be sent; G_MAXUINT64: all */
    gboolean in_body;
} Sending;

static void sending_free(gpointer data)
{
    Sending *sending = data;
    g_bytes_unref(sending->content);
    g_free(sending);
}

/* Sends one line; FALSE when there is no more to send. */
static gboolean send_line(KxSession *session, Sending *sending)
{
    size_t size;
    const char *data = g_bytes_get_data(sending->content, &size);
    if (sending->at >= size || (sending->in_body && sending->body_lines == 0))
        return FALSE;
    const char *line = data + sending->at;
    const char *end = memchr(line, '\n', size - sending->at);
    size_t len = end ? (size_t)(end - line) + 1 : size - sending->at;
    /* A file an administrator put there may have bare line feeds. */
    size_t text = end ? len - 1 : len;
    if (text > 0 && line[text - 1] == '\r')
        text--;
    if (line[0] == '.')
        kx_session_puts(session, ".");
    kx_session_write(session, line, text);
    kx_session_puts(session, "\r\n");
    sending->at += len;
    if (sending->in_body && sending->body_lines != G_MAXUINT64)
        sending->body_lines--;
    if (!sending->in_body && text == 0)
        sending->in_body = TRUE;
    return TRUE;
}

static KxStep step(KxSession *session, gpointer data)
{
    while (!kx_session_full(session))
        if (!send_line(session, data)) {
            kx_session_puts(session, ".\r\n");
            kx_session_reply(session, 0, 0);
            return KX_STEP_DONE;
        }
    return KX_STEP_MORE;
}

static void send_message(KxPop3 *pop3, guint32 uid, guint64 body_lines)
{
    g_autoptr(GError) error = NULL;
    GBytes *content = kx_item_content(kx_view_folder(pop3->view), uid, &error);
    if (!content) {
        kx_pop3_err(pop3, "[SYS/PERM] The message cannot be read");
        return;
    }
    Sending *sending = g_new0(Sending, 1);
    sending->content = content;
    sending->body_lines = body_lines;
    kx_session_printf(pop3->session, "+OK %zu octets\r\n", g_bytes_get_size(content));
    kx_session_set_cursor(pop3->session, step, sending, sending_free);
}

void kx_pop3_cmd_retr(KxPop3 *pop3, const char *args)
{
    guint32 number;
    KxItem item;
    if (!kx_pop3_message(pop3, args, &number, &item, NULL))
        return;
    pop3->read->data[number - 1] = 1;
    send_message(pop3, item.uid, G_MAXUINT64);
}

void kx_pop3_cmd_top(KxPop3 *pop3, const char *args)
{
    guint32 number;
    KxItem item;
    const char *rest;
    guint64 lines;
    if (!kx_pop3_message(pop3, args, &number, &item, &rest))
        return;
    if (!kx_parse_uint(rest, G_MAXUINT32, &lines)) {
        kx_pop3_err(pop3, "TOP needs a number of lines");
        return;
    }
    send_message(pop3, item.uid, lines);
}
