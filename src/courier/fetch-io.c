/* SPDX-License-Identifier: Apache-2.0 */
/* Lines and content from a server, content to the core. */
#include "base/error.h"
#include "courier/fetch-private.h"
#include "ipc/channel.h"

gboolean kx_fetch_read_some(KxFetch *fetch, KxSlice *ret_bytes, GError **error)
{
    gint64 left = (fetch->deadline - g_get_monotonic_time()) / G_USEC_PER_SEC;
    if (left <= 0)
        return kx_fail(error, KX_ERR_IO, "the session took longer than it may");
    *ret_bytes = kx_smtp_conn_peek(fetch->conn);
    if (ret_bytes->len > 0)
        return TRUE;
    if (!kx_smtp_conn_fill(fetch->conn, (guint)MIN((gint64)fetch->task.timeout, left), error))
        return FALSE;
    *ret_bytes = kx_smtp_conn_peek(fetch->conn);
    return TRUE;
}

gboolean kx_fetch_read_line(KxFetch *fetch, GString *line, GError **error)
{
    KxSlice some;
    const char *lf = NULL;
    g_string_truncate(line, 0);
    while (!lf) {
        if (!kx_fetch_read_some(fetch, &some, error))
            return FALSE;
        lf = memchr(some.data, '\n', some.len);
        size_t len = lf ? (size_t)(lf - some.data) + 1 : some.len;
        if (line->len + len > KX_FETCH_LINE_MAX)
            return kx_fail(error, KX_ERR_PROTOCOL, "the server sent a line of more than %d bytes",
                           KX_FETCH_LINE_MAX);
        g_string_append_len(line, some.data, (gssize)len);
        kx_smtp_conn_consume(fetch->conn, len);
    }
    g_string_truncate(line, line->len - 1);
    if (line->len > 0 && line->str[line->len - 1] == '\r')
        g_string_truncate(line, line->len - 1);
    return TRUE;
}

gboolean kx_fetch_say(KxFetch *fetch, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    gboolean ok = kx_smtp_conn_write(fetch->conn, text, strlen(text), error) &&
                  kx_smtp_conn_write(fetch->conn, "\r\n", 2, error) &&
                  kx_smtp_conn_flush(fetch->conn, error);
    explicit_bzero(text, strlen(text)); /* there may be a password in it */
    return ok;
}

gboolean kx_fetch_start_tls(KxFetch *fetch, GError **error)
{
    KxSmtpTls want = {.host = fetch->host, .verify = !fetch->task.any_certificate};
    return kx_smtp_conn_start_tls(fetch->conn, fetch->tools->tls, &want, error);
}

/* ---- content ---- */

gboolean kx_fetch_send_piece(KxFetch *fetch, GError **error)
{
    GString *piece = fetch->piece;
    for (size_t at = 0; at < piece->len;) {
        KxSlice data = {piece->str + at, MIN(piece->len - at, (size_t)KX_CHUNK_MAX)};
        if (!kx_channel_send(fetch->channel, KX_MSG_FETCH_DATA, 0, &(KxMsgFetchData){data}, -1))
            return kx_fail(error, KX_ERR_IO, "the core does not take the message");
        at += data.len;
    }
    fetch->sent += piece->len;
    g_string_truncate(piece, 0);
    return TRUE;
}

/* Servers count line endings in their own way, up to half of what is sent. */
gboolean kx_fetch_is_endless(const KxFetch *fetch, guint64 size)
{
    enum { SLACK = 64 * 1024 };
    return fetch->sent > SLACK && fetch->sent - SLACK > fetch->task.size &&
           (fetch->sent - SLACK) / 2 > size;
}

/* ---- messages ---- */

void kx_fetch_digest(KxSlice name, guint8 *ret_id)
{
    guint8 digest[32];
    gsize len = sizeof digest;
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)name.data, (gssize)name.len);
    g_checksum_get_digest(checksum, digest, &len);
    g_checksum_free(checksum);
    memcpy(ret_id, digest, KX_FETCH_ID);
}

gboolean kx_fetch_add_item(KxFetch *fetch, guint64 number, guint64 size, KxSlice name)
{
    KxFetchItem item = {.number = number, .size = size};
    if (fetch->items->len >= KX_FETCH_MESSAGES_MAX)
        return FALSE;
    kx_fetch_digest(name, item.id);
    g_array_append_val(fetch->items, item);
    return TRUE;
}

char *kx_fetch_quote(KxSlice text)
{
    enum { SHOWN = 300 };
    g_autofree char *start = g_strndup(text.data, MIN(text.len, (size_t)SHOWN));
    char *valid = g_utf8_make_valid(start, -1);
    for (char *at = valid; *at; at++)
        if (g_ascii_iscntrl(*at))
            *at = ' ';
    return g_strstrip(valid);
}
