/* SPDX-License-Identifier: Apache-2.0 */
/* RETR (RFC 1939 section 5) and TOP (section 7): the content, dot-stuffed, as fast as the client
 * reads it. */
#include "base/error.h"
#include "pop3/args.h"
#include "pop3/dot-text.h"
#include "pop3/pop3.h"
#include "store/content.h"

typedef struct {
    GBytes *content;
    KxPop3Text text;
} Sending;

static void sending_free(gpointer data)
{
    Sending *sending = data;
    g_bytes_unref(sending->content);
    g_free(sending);
}

static KxStep step(KxSession *session, gpointer data)
{
    Sending *sending = data;
    while (!kx_session_full(session)) {
        KxSlice piece = kx_pop3_text_next(&sending->text);
        if (piece.len == 0) {
            kx_session_puts(session, ".\r\n");
            kx_session_reply(session, 0, 0);
            return KX_STEP_DONE;
        }
        kx_session_write(session, piece.data, piece.len);
    }
    return KX_STEP_MORE;
}

static GBytes *read_content(KxPop3 *pop3, guint32 uid)
{
    g_autoptr(GError) error = NULL;
    GBytes *content = kx_item_content(kx_view_folder(pop3->view), uid, &error);
    if (content)
        return content;
    if (!g_error_matches(error, KX_ERROR, KX_ERR_NOT_FOUND))
        kx_log(kx_session_core(pop3->session)->logger, KX_LOG_ERROR, "POP3: %s: %s",
               kx_session_login(pop3->session), error->message);
    kx_pop3_err(pop3, "[SYS/PERM] The message cannot be read");
    return NULL;
}

static void send_message(KxPop3 *pop3, GBytes *content, guint64 body_lines)
{
    Sending *sending = g_new0(Sending, 1);
    size_t len;
    const char *data = g_bytes_get_data(content, &len);
    sending->content = content;
    sending->text = kx_pop3_text(data, len, body_lines);
    kx_session_set_cursor(pop3->session, step, sending, sending_free);
}

void kx_pop3_cmd_retr(KxPop3 *pop3, const char *args)
{
    guint32 number;
    KxItem item;
    if (!kx_pop3_message(pop3, &args, &number, &item) || !kx_pop3_no_more(pop3, args))
        return;
    GBytes *content = read_content(pop3, item.uid);
    if (!content)
        return;
    pop3->read->data[number - 1] = 1;
    kx_pop3_save(pop3);
    size_t len;
    const char *data = g_bytes_get_data(content, &len);
    kx_session_printf(pop3->session, "+OK %" G_GUINT64_FORMAT " octets\r\n",
                      kx_pop3_text_octets(data, len));
    send_message(pop3, content, G_MAXUINT64);
}

void kx_pop3_cmd_top(KxPop3 *pop3, const char *args)
{
    guint32 number, lines;
    KxItem item;
    if (!kx_pop3_message(pop3, &args, &number, &item))
        return;
    if (!kx_pop3_take_number(&args, &lines)) {
        kx_pop3_err(pop3, "A number of lines is needed");
        return;
    }
    if (!kx_pop3_no_more(pop3, args))
        return;
    GBytes *content = read_content(pop3, item.uid);
    if (!content)
        return;
    kx_session_puts(pop3->session, "+OK\r\n");
    send_message(pop3, content, lines);
}
