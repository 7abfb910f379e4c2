/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLFETCH (RFC 4467 section 7; its extended form, URLAUTH=BINARY, RFC 5524): what signed URLs
 * name. A URL that may not be read, or is no good, is NIL; nothing tells which it was. \Seen stays
 * as it is. One URL at a time is in memory, as a cursor.
 */
#include "core/url-auth.h"
#include "imap/imap.h"
#include "mime/decode.h"
#include "mime/imap-envelope.h"

enum { URLS_MAX = 100 };

typedef enum {
    BODY = 1 << 0,
    BINARY = 1 << 1,
    BODYPARTSTRUCTURE = 1 << 2,
    CONTENT = BODY | BINARY,
} Want;

static const struct {
    const char *name;
    Want want;
} wants[] = {{"BODYPARTSTRUCTURE", BODYPARTSTRUCTURE}, {"BODY", BODY}, {"BINARY", BINARY}};

typedef struct {
    char *text;
    gboolean extended;
    guint wants; /* Want, if extended */
} Item;

static void item_clear(gpointer data)
{
    g_free(((Item *)data)->text);
}

/* ---- arguments ---- */

static gboolean parse_want(KxImapParser *args, Item *item)
{
    for (guint i = 0; i < G_N_ELEMENTS(wants); i++)
        if (kx_imap_accept_atom(args, wants[i].name)) {
            if (item->wants & (wants[i].want == BODYPARTSTRUCTURE ? BODYPARTSTRUCTURE : CONTENT))
                return kx_imap_parser_fail(args, "One of BODY and BINARY, and each only once");
            item->wants |= wants[i].want;
            return TRUE;
        }
    return kx_imap_parser_fail(args, "Expected BODY, BINARY or BODYPARTSTRUCTURE");
}

/* Without a parameter it is as if there were no parentheses (RFC 5524 section 3). */
static gboolean parse_extended(KxImapParser *args, Item *item, KxSlice *text)
{
    if (!kx_imap_parse_astring(args, text))
        return FALSE;
    while (kx_imap_accept(args, ' '))
        if (!parse_want(args, item))
            return FALSE;
    item->extended = item->wants != 0;
    return kx_imap_parse_char(args, ')');
}

static gboolean parse_item(KxImapParser *args, GArray *items)
{
    Item item = {0};
    KxSlice text = {0};
    if (!kx_imap_parse_space(args))
        return FALSE;
    if (items->len == URLS_MAX)
        return kx_imap_parser_fail(args, "At most %d URLs are allowed", URLS_MAX);
    if (!(kx_imap_accept(args, '(') ? parse_extended(args, &item, &text)
                                    : kx_imap_parse_astring(args, &text)))
        return FALSE;
    item.text = g_strndup(text.data, text.len);
    g_array_append_val(items, item);
    return TRUE;
}

/* ---- writing ---- */

typedef struct {
    KxImap *imap;
    GArray *items;
    guint at;
    /* the URL in progress */
    gboolean open; /* it was written, and can be read */
    KxImapUrl *url;
    KxUrlContent content;
    guint wants; /* still to write */
    /* a long value */
    const char *bytes; /* NULL: from the decoder */
    guint64 left;
    gboolean nul_kept;
    KxMimeDecoder decoder;
} Cursor;

static void close_url(Cursor *cursor)
{
    kx_url_content_clear(&cursor->content);
    g_clear_pointer(&cursor->url, kx_imap_url_free);
    cursor->open = FALSE;
    cursor->at++;
}

static void cursor_free(gpointer data)
{
    Cursor *cursor = data;
    kx_url_content_clear(&cursor->content);
    kx_imap_url_free(cursor->url);
    g_array_unref(cursor->items);
    g_free(cursor);
}

static void begin_value(Cursor *cursor, guint64 len, const char *bytes, gboolean literal8)
{
    kx_session_printf(cursor->imap->session, "%s{%" G_GUINT64_FORMAT "}\r\n", literal8 ? "~" : "",
                      len);
    cursor->left = len;
    cursor->bytes = bytes;
    cursor->nul_kept = literal8;
}

/* The part without its transfer encoding; other things have none. */
static void begin_binary(Cursor *cursor)
{
    KxUrlContent *content = &cursor->content;
    const KxMimePart *part = kx_url_content_part(content, cursor->url);
    gboolean whole = !cursor->url->has_section || cursor->url->section.n_path == 0;
    if (!part || whole) {
        begin_value(cursor, content->len, content->data,
                    memchr(content->data, '\0', content->len) != NULL);
        return;
    }
    if (part->encoding == KX_MIME_ENC_UNKNOWN) {
        kx_session_puts(cursor->imap->session, "NIL");
        return;
    }
    char piece[4096];
    guint64 size = 0;
    gboolean nul = FALSE;
    kx_mime_decoder_init(&cursor->decoder, part->encoding, content->data, content->len);
    for (size_t n; (n = kx_mime_decoder_read(&cursor->decoder, piece, sizeof piece)) > 0;) {
        size += n;
        nul = nul || memchr(piece, '\0', n);
    }
    kx_mime_decoder_init(&cursor->decoder, part->encoding, content->data, content->len);
    begin_value(cursor, size, NULL, nul);
}

static void write_structure(Cursor *cursor)
{
    const KxMimePart *part = kx_url_content_part(&cursor->content, cursor->url);
    g_autoptr(GString) out = g_string_new(NULL);
    if (part)
        kx_imap_append_part_structure(out, cursor->content.mime, part);
    else
        g_string_append(out, "NIL");
    kx_session_write(cursor->imap->session, out->str, out->len);
}

static void write_piece(Cursor *cursor)
{
    char piece[16 * 1024];
    size_t n = (size_t)MIN(cursor->left, sizeof piece);
    if (cursor->bytes)
        memcpy(piece, cursor->bytes, n);
    else
        n = kx_mime_decoder_read(&cursor->decoder, piece, n < 4 ? sizeof piece : n);
    for (size_t i = 0; i < n && !cursor->nul_kept; i++)
        if (piece[i] == '\0')
            piece[i] = (char)0x80; /* as FETCH does: a literal must not hold it */
    kx_session_write(cursor->imap->session, piece, n);
    cursor->left -= n;
    if (cursor->bytes)
        cursor->bytes += n;
}

static void end_value(Cursor *cursor)
{
    if (g_array_index(cursor->items, Item, cursor->at).extended)
        kx_session_puts(cursor->imap->session, ")");
}

static void open_url(Cursor *cursor)
{
    KxImap *imap = cursor->imap;
    const Item *item = &g_array_index(cursor->items, Item, cursor->at);
    KxUrlReader reader = {.user = kx_session_user(imap->session),
                          .local_ip = kx_session_local_ip(imap->session)};
    kx_session_puts(imap->session, " ");
    kx_imap_write_string(imap, item->text, strlen(item->text));
    cursor->url = kx_imap_url_parse(item->text, NULL);
    if (!cursor->url || !kx_url_fetch(kx_session_core(imap->session), &reader, cursor->url,
                                      item->text, &cursor->content, NULL)) {
        kx_session_puts(imap->session, " NIL");
        close_url(cursor);
        return;
    }
    cursor->open = TRUE;
    cursor->wants = item->extended ? item->wants : BODY;
}

/* " {n}..." in the simple form, " (NAME {n}...)" in the extended one. */
static void write_next(Cursor *cursor)
{
    KxSession *session = cursor->imap->session;
    gboolean extended = g_array_index(cursor->items, Item, cursor->at).extended;
    for (guint i = 0; i < G_N_ELEMENTS(wants); i++) {
        if (!(cursor->wants & wants[i].want))
            continue;
        cursor->wants &= ~wants[i].want;
        if (extended)
            kx_session_printf(session, " (%s ", wants[i].name);
        else
            kx_session_puts(session, " ");
        if (wants[i].want == BODYPARTSTRUCTURE)
            write_structure(cursor);
        else if (wants[i].want == BINARY)
            begin_binary(cursor);
        else
            begin_value(cursor, cursor->content.len, cursor->content.data, FALSE);
        if (cursor->left == 0)
            end_value(cursor);
        return;
    }
    close_url(cursor);
}

static KxStep step(KxSession *session, gpointer data)
{
    Cursor *cursor = data;
    while (!kx_session_full(session)) {
        if (cursor->at == cursor->items->len) {
            kx_session_puts(session, "\r\n");
            kx_imap_ok(cursor->imap, NULL, "URLFETCH completed");
            return KX_STEP_DONE;
        }
        if (cursor->left > 0) {
            write_piece(cursor);
            if (cursor->left == 0)
                end_value(cursor);
        } else if (cursor->open)
            write_next(cursor);
        else
            open_url(cursor);
    }
    return KX_STEP_MORE;
}

KX_IMAP_COMMAND(urlfetch)
{
    g_autoptr(GArray) items = g_array_new(FALSE, TRUE, sizeof(Item));
    g_array_set_clear_func(items, item_clear);
    do {
        if (!parse_item(args, items))
            break;
    } while (!kx_imap_at_end(args));
    if (!kx_imap_check(imap, args))
        return;
    Cursor *cursor = g_new0(Cursor, 1);
    cursor->imap = imap;
    cursor->items = g_steal_pointer(&items);
    kx_session_puts(imap->session, "* URLFETCH");
    kx_session_set_cursor(imap->session, step, cursor, cursor_free);
}
