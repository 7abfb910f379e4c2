/* SPDX-License-Identifier: Apache-2.0 */
/* Replies, longer answers and capabilities of POP3 servers: RFC 1939, CAPA (2449). */
#include "base/error.h"
#include "courier/fetch-pop3-private.h"

enum { CAPABILITIES_MAX = 16 * 1024 };

/* ---- replies ---- */

gboolean kx_pop3_fail(const char *what, KxSlice text, GError **error)
{
    g_autofree char *said = kx_fetch_quote(text);
    return kx_fail(error, KX_ERR_FAILED, "the server refuses %s: %s", what, said);
}

gboolean kx_pop3_read_reply(KxFetch *fetch, GString *line, KxFetchReply *ret_reply,
                            KxSlice *ret_text, GError **error)
{
    if (!kx_fetch_read_line(fetch, line, error))
        return FALSE;
    *ret_reply = kx_pop3_reply(kx_fetch_slice(line), ret_text);
    return *ret_reply != KX_REPLY_BAD ||
           kx_fail(error, KX_ERR_PROTOCOL, "the server does not speak POP3");
}

gboolean kx_pop3_read_good(KxFetch *fetch, gboolean *ret_good, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    KxFetchReply reply;
    KxSlice text;
    if (!kx_pop3_read_reply(fetch, line, &reply, &text, error))
        return FALSE;
    *ret_good = reply == KX_REPLY_GOOD;
    return TRUE;
}

gboolean kx_pop3_expect_good(KxFetch *fetch, const char *what, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    KxFetchReply reply;
    KxSlice text;
    return kx_pop3_read_reply(fetch, line, &reply, &text, error) &&
           (reply == KX_REPLY_GOOD || kx_pop3_fail(what, text, error));
}

gboolean kx_pop3_read_lines(KxFetch *fetch, KxPop3Line take, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    for (;;) {
        if (!kx_fetch_read_line(fetch, line, error))
            return FALSE;
        if (line->len == 1 && line->str[0] == '.')
            return TRUE;
        KxSlice text = kx_fetch_slice(line);
        if (text.len > 0 && text.data[0] == '.')
            text = (KxSlice){text.data + 1, text.len - 1};
        if (!take(fetch, text, error))
            return FALSE;
    }
}

/* ---- content ---- */

gboolean kx_pop3_read_content(KxFetch *fetch, guint64 size, GChecksum *checksum,
                              gboolean *ret_endless, GError **error)
{
    KxDots dots = {KX_DOTS_LINE_START};
    gboolean end = FALSE;
    KxSlice some;
    fetch->sent = 0;
    *ret_endless = FALSE;
    while (!end) {
        if (!kx_fetch_read_some(fetch, &some, error))
            return FALSE;
        kx_smtp_conn_consume(fetch->conn, kx_dots_read(&dots, some, fetch->piece, &end));
        if (checksum) {
            g_checksum_update(checksum, (const guchar *)fetch->piece->str,
                              (gssize)fetch->piece->len);
            fetch->sent += fetch->piece->len;
            g_string_truncate(fetch->piece, 0);
        } else if ((end || fetch->piece->len >= KX_CHUNK_MAX / 2) &&
                   !kx_fetch_send_piece(fetch, error)) {
            return FALSE;
        }
        *ret_endless = kx_fetch_is_endless(fetch, size);
        if (*ret_endless)
            return TRUE;
    }
    return TRUE;
}

/* ---- capabilities ---- */

static gboolean take_capability(KxFetch *fetch, KxSlice line, GError **error)
{
    if (fetch->capabilities->len + line.len > CAPABILITIES_MAX)
        return kx_fail(error, KX_ERR_PROTOCOL, "the server's list of capabilities is too long");
    g_string_append_len(fetch->capabilities, line.data, (gssize)line.len);
    g_string_append_c(fetch->capabilities, '\n');
    return TRUE;
}

/* Servers that do not know the command have none. */
gboolean kx_pop3_ask_capabilities(KxFetch *fetch, GError **error)
{
    gboolean good;
    g_string_truncate(fetch->capabilities, 0);
    return kx_fetch_say(fetch, error, "CAPA") && kx_pop3_read_good(fetch, &good, error) &&
           (!good || kx_pop3_read_lines(fetch, take_capability, error));
}

gboolean kx_pop3_has_capability(const KxFetch *fetch, const char *first, const char *word)
{
    g_auto(GStrv) lines = g_strsplit(fetch->capabilities->str, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        size_t len = strcspn(lines[i], " ");
        if (len != strlen(first) || g_ascii_strncasecmp(lines[i], first, len) != 0)
            continue;
        if (!word || kx_fetch_has_word(KX_SLICE_STR(lines[i]), 1, word))
            return TRUE;
    }
    return FALSE;
}
