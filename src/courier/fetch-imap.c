/* SPDX-License-Identifier: Apache-2.0 */
/* IMAP as its client, as much as downloading takes: RFC 3501, UIDPLUS (4315). */
#include "base/error.h"
#include "courier/fetch-imap-private.h"

/* ---- listing ---- */

static gboolean take_select(KxFetch *fetch, KxSlice line, gpointer data G_GNUC_UNUSED,
                            GError **error G_GNUC_UNUSED)
{
    guint64 number;
    kx_imap_code(line, "UIDVALIDITY", &fetch->validity);
    if (kx_fetch_has_word(line, 2, "EXISTS") && line.len > 2) {
        const char *space = memchr(line.data + 2, ' ', line.len - 2);
        if (space &&
            kx_fetch_number((KxSlice){line.data + 2, (size_t)(space - line.data) - 2}, &number))
            fetch->listed = (guint)MIN(number, (guint64)G_MAXUINT);
    }
    return TRUE;
}

static gboolean count(KxFetch *fetch, GError **error)
{
    g_autofree char *folder = kx_imap_quote(fetch->folder);
    g_autofree char *text = g_strdup_printf("SELECT %s", folder ? folder : "\"\"");
    return kx_imap_command(fetch, text, "the folder", take_select, NULL, error);
}

static gboolean take_item(KxFetch *fetch, KxSlice line, gpointer data G_GNUC_UNUSED, GError **error)
{
    KxImapItem item;
    guint64 literal;
    if (!kx_imap_item(line, &item) || item.uid == 0 || !item.has_size || item.deleted)
        return !kx_imap_literal(line, &literal) || kx_imap_skip(fetch, literal, error);
    g_autofree char *name =
        g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, fetch->validity, item.uid);
    kx_fetch_add_item(fetch, item.uid, item.size, KX_SLICE_STR(name)); /* the rest comes later */
    return TRUE;
}

static gboolean list(KxFetch *fetch, GError **error)
{
    if (!count(fetch, error))
        return FALSE;
    return fetch->listed == 0 || kx_imap_command(fetch, "UID FETCH 1:* (UID FLAGS RFC822.SIZE)",
                                                 "to list messages", take_item, NULL, error);
}

/* ---- messages ---- */

typedef struct {
    const KxFetchItem *item;
    gboolean found, endless;
} Getting;

static gboolean read_literal(KxFetch *fetch, guint64 len, GError **error)
{
    KxSlice some;
    while (len > 0) {
        if (!kx_fetch_read_some(fetch, &some, error))
            return FALSE;
        size_t part = (size_t)MIN((guint64)some.len, len);
        g_string_append_len(fetch->piece, some.data, (gssize)part);
        kx_smtp_conn_consume(fetch->conn, part);
        len -= part;
        if ((len == 0 || fetch->piece->len >= KX_CHUNK_MAX / 2) &&
            !kx_fetch_send_piece(fetch, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean send_quoted(KxFetch *fetch, KxSlice quoted, GError **error)
{
    for (size_t i = 0; i < quoted.len; i++) {
        if (quoted.data[i] == '\\' && i + 1 < quoted.len)
            i++;
        g_string_append_c(fetch->piece, quoted.data[i]);
    }
    return kx_fetch_send_piece(fetch, error);
}

static gboolean take_body(KxFetch *fetch, KxSlice line, gpointer data, GError **error)
{
    Getting *getting = data;
    KxImapItem item;
    guint64 literal;
    if (!kx_imap_item(line, &item) || !item.has_body || getting->found ||
        (item.uid != 0 && item.uid != getting->item->number))
        return !kx_imap_literal(line, &literal) || kx_imap_skip(fetch, literal, error);
    getting->found = TRUE;
    if (!item.is_literal)
        return send_quoted(fetch, item.quoted, error);
    fetch->sent = item.literal; /* would it be too much? */
    getting->endless = kx_fetch_is_endless(fetch, getting->item->size);
    fetch->sent = 0;
    return getting->endless
               ? kx_fail(error, KX_ERR_TOO_BIG, "the server sends more than it announced")
               : read_literal(fetch, item.literal, error);
}

static gboolean get(KxFetch *fetch, const KxFetchItem *item, KxFetchContent *ret_state,
                    char **ret_text, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GError) problem = NULL;
    g_autofree char *text =
        g_strdup_printf("UID FETCH %" G_GUINT64_FORMAT " (UID BODY.PEEK[])", item->number);
    Getting getting = {.item = item};
    gboolean good = FALSE;
    if (kx_imap_say(fetch, text, &problem) &&
        kx_imap_read(fetch, line, take_body, &getting, &good, NULL, &problem)) {
        *ret_state = good && getting.found ? KX_FETCH_WHOLE : KX_FETCH_MISSING;
        *ret_text =
            good ? g_strdup("it is not there any more") : kx_fetch_quote(kx_fetch_slice(line));
        return TRUE;
    }
    *ret_state = KX_FETCH_ENDLESS;
    if (!getting.endless)
        g_propagate_error(error, g_steal_pointer(&problem));
    return getting.endless;
}

static gboolean store(KxFetch *fetch, const KxFetchItem *item, const char *flag, gboolean *ret_done,
                      GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *text =
        g_strdup_printf("UID STORE %" G_GUINT64_FORMAT " +FLAGS.SILENT (%s)", item->number, flag);
    return kx_imap_say(fetch, text, error) &&
           kx_imap_read(fetch, line, NULL, NULL, ret_done, NULL, error);
}

static gboolean keep(KxFetch *fetch, const KxFetchItem *item, GError **error)
{
    gboolean done;
    return store(fetch, item, "\\Seen", &done, error);
}

/* Without UIDPLUS, EXPUNGE would take what others have marked: the mark must do. */
static gboolean remove_item(KxFetch *fetch, const KxFetchItem *item, gboolean *ret_done,
                            GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *text = g_strdup_printf("UID EXPUNGE %" G_GUINT64_FORMAT, item->number);
    if (!store(fetch, item, "\\Deleted", ret_done, error))
        return FALSE;
    if (!*ret_done || !kx_imap_has_capability(fetch, "UIDPLUS"))
        return TRUE;
    return kx_imap_say(fetch, text, error) &&
           kx_imap_read(fetch, line, NULL, NULL, ret_done, NULL, error);
}

/* Deletions counted at once. */
static gboolean end(KxFetch *fetch, GError **error G_GNUC_UNUSED)
{
    kx_imap_say(fetch, "LOGOUT", NULL);
    return TRUE;
}

const KxFetchProtocolCalls kx_fetch_imap = {
    .name = "IMAP",
    .port = 143,
    .tls_port = 993,
    .sign_in = kx_imap_sign_in,
    .count = count,
    .list = list,
    .get = get,
    .keep = keep,
    .remove = remove_item,
    .end = end,
};
