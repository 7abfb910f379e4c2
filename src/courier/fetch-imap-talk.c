/* SPDX-License-Identifier: Apache-2.0 */
/* Commands, responses and capabilities of IMAP servers: RFC 3501. */
#include "base/error.h"
#include "courier/fetch-imap-private.h"

enum {
    CAPABILITIES_MAX = 16 * 1024,
    SKIPPED_MAX = 1024 * 1024, /* bytes of a literal that nobody asked for */
};

/* ---- talking ---- */

gboolean kx_imap_skip(KxFetch *fetch, guint64 len, GError **error)
{
    KxSlice some;
    if (len > SKIPPED_MAX)
        return kx_fail(error, KX_ERR_PROTOCOL, "the server sends what nobody asked for");
    while (len > 0) {
        if (!kx_fetch_read_some(fetch, &some, error))
            return FALSE;
        size_t part = (size_t)MIN((guint64)some.len, len);
        kx_smtp_conn_consume(fetch->conn, part);
        len -= part;
    }
    return TRUE;
}

gboolean kx_imap_fail(const char *what, KxSlice text, GError **error)
{
    g_autofree char *said = kx_fetch_quote(text);
    return kx_fail(error, KX_ERR_FAILED, "the server refuses %s: %s", what, said);
}

/* A tagged line without its tag; FALSE: it is another line. */
static gboolean is_tagged(const KxFetch *fetch, KxSlice line, KxSlice *ret_rest)
{
    g_autofree char *tag = g_strdup_printf("k%u ", fetch->tag);
    size_t len = strlen(tag);
    if (line.len < len || memcmp(line.data, tag, len) != 0)
        return FALSE;
    *ret_rest = (KxSlice){line.data + len, line.len - len};
    return TRUE;
}

gboolean kx_imap_read(KxFetch *fetch, GString *line, KxImapLine take, gpointer data,
                      gboolean *ret_good, gboolean *ret_go_on, GError **error)
{
    KxSlice rest;
    guint64 literal;
    for (;;) {
        if (!kx_fetch_read_line(fetch, line, error))
            return FALSE;
        if (is_tagged(fetch, kx_fetch_slice(line), &rest)) {
            *ret_good = kx_fetch_has_word((KxSlice){rest.data, MIN(rest.len, (size_t)2)}, 0, "OK");
            return TRUE;
        }
        gboolean more = line->len > 0 && line->str[0] == '+';
        if (more && ret_go_on) {
            *ret_go_on = TRUE;
            return TRUE;
        }
        if (more)
            return kx_fail(error, KX_ERR_PROTOCOL, "the server does not speak IMAP");
        if (take && !take(fetch, kx_fetch_slice(line), data, error))
            return FALSE;
        if (!take && kx_imap_literal(kx_fetch_slice(line), &literal) &&
            !kx_imap_skip(fetch, literal, error))
            return FALSE;
    }
}

gboolean kx_imap_say(KxFetch *fetch, const char *command, GError **error)
{
    return kx_fetch_say(fetch, error, "k%u %s", ++fetch->tag, command);
}

gboolean kx_imap_command(KxFetch *fetch, const char *text, const char *what, KxImapLine take,
                         gpointer data, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    gboolean good;
    return kx_imap_say(fetch, text, error) &&
           kx_imap_read(fetch, line, take, data, &good, NULL, error) &&
           (good || kx_imap_fail(what, kx_fetch_slice(line), error));
}

/* ---- capabilities ---- */

static gboolean take_capability(KxFetch *fetch, KxSlice line, gpointer data G_GNUC_UNUSED,
                                GError **error)
{
    if (!kx_fetch_has_word(line, 1, "CAPABILITY"))
        return TRUE;
    if (fetch->capabilities->len + line.len > CAPABILITIES_MAX)
        return kx_fail(error, KX_ERR_PROTOCOL, "the server's list of capabilities is too long");
    g_string_append_c(fetch->capabilities, ' ');
    g_string_append_len(fetch->capabilities, line.data, (gssize)line.len);
    return TRUE;
}

gboolean kx_imap_ask_capabilities(KxFetch *fetch, GError **error)
{
    g_string_truncate(fetch->capabilities, 0);
    return kx_imap_command(fetch, "CAPABILITY", "to say what it can", take_capability, NULL, error);
}

gboolean kx_imap_has_capability(const KxFetch *fetch, const char *name)
{
    return kx_fetch_has_word(kx_fetch_slice(fetch->capabilities), 0, name);
}
