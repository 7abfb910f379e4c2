/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/append-args.h"

static void message_clear(KxImapAppendMessage *message)
{
    kx_imap_flags_clear(&message->flags);
}

void kx_imap_append_args_init(KxImapAppendArgs *args)
{
    *args = (KxImapAppendArgs){
        .messages = g_array_new(FALSE, TRUE, sizeof(KxImapAppendMessage)),
        .parts = g_array_new(FALSE, TRUE, sizeof(KxImapAppendPart)),
    };
    g_array_set_clear_func(args->messages, (GDestroyNotify)message_clear);
}

void kx_imap_append_args_clear(KxImapAppendArgs *args)
{
    g_array_unref(args->messages);
    g_array_unref(args->parts);
}

/* ---- parsing ---- */

static void add_part(KxImapAppendArgs *args, KxImapAppendMessage *message,
                     const KxImapAppendPart *part)
{
    g_array_append_vals(args->parts, part, 1);
    message->n++;
}

/* Nothing at all follows the header of a literal that is still to come; a complete command has at
 * least its CRLF. */
static gboolean is_open(const KxImapParser *parser)
{
    return parser->at == parser->end;
}

static gboolean parse_text(KxImapParser *parser, KxImapAppendArgs *args,
                           KxImapAppendMessage *message)
{
    KxImapAppendPart part = {0};
    if (!kx_imap_parse_content(parser, &part.content))
        return FALSE;
    add_part(args, message, &part);
    args->open = is_open(parser);
    args->too_many |= parser->spooled > KX_APPEND_SPOOLS;
    return TRUE;
}

/* SP "(" literal8 ")" after UTF8 */
static gboolean parse_utf8(KxImapParser *parser, KxImapAppendArgs *args,
                           KxImapAppendMessage *message)
{
    if (!kx_imap_parse_space(parser) || !kx_imap_parse_char(parser, '('))
        return FALSE;
    if (!kx_imap_peek(parser, '~'))
        return kx_imap_parser_fail(parser, "UTF8 takes a literal8");
    return parse_text(parser, args, message) && (args->open || kx_imap_parse_char(parser, ')'));
}

static gboolean parse_url(KxImapParser *parser, KxImapAppendArgs *args,
                          KxImapAppendMessage *message)
{
    KxSlice url = {0};
    KxImapAppendPart part = {0};
    if (!kx_imap_parse_space(parser) || !kx_imap_parse_astring(parser, &url))
        return FALSE;
    part.url = kx_imap_parser_own(parser, g_strndup(url.data, url.len));
    add_part(args, message, &part);
    return TRUE;
}

static gboolean parse_cat_part(KxImapParser *parser, KxImapAppendArgs *args,
                               KxImapAppendMessage *message)
{
    if (kx_imap_accept_atom(parser, "URL"))
        return parse_url(parser, args, message);
    if (kx_imap_accept_atom(parser, "UTF8"))
        return parse_utf8(parser, args, message);
    if (kx_imap_accept_atom(parser, "TEXT"))
        return kx_imap_parse_space(parser) && parse_text(parser, args, message);
    return kx_imap_parser_fail(parser, "Expected URL or TEXT");
}

static gboolean parse_catenate(KxImapParser *parser, KxImapAppendArgs *args,
                               KxImapAppendMessage *message)
{
    message->catenate = TRUE;
    if (!kx_imap_parse_space(parser) || !kx_imap_parse_char(parser, '('))
        return FALSE;
    do {
        if (!parse_cat_part(parser, args, message))
            return FALSE;
        args->too_many |= args->parts->len > KX_APPEND_PARTS;
        if (args->open || args->too_many)
            return TRUE;
    } while (kx_imap_accept(parser, ' '));
    return kx_imap_parse_char(parser, ')');
}

static gboolean parse_data(KxImapParser *parser, KxImapAppendArgs *args,
                           KxImapAppendMessage *message)
{
    if (kx_imap_accept_atom(parser, "CATENATE"))
        return parse_catenate(parser, args, message);
    if (kx_imap_accept_atom(parser, "UTF8"))
        return parse_utf8(parser, args, message);
    return parse_text(parser, args, message);
}

static gboolean parse_message(KxImapParser *parser, KxImapAppendArgs *args)
{
    g_array_set_size(args->messages, args->messages->len + 1);
    KxImapAppendMessage *message =
        &g_array_index(args->messages, KxImapAppendMessage, args->messages->len - 1);
    message->date = g_get_real_time() / G_USEC_PER_SEC;
    message->first = args->parts->len;
    if (!kx_imap_parse_space(parser))
        return FALSE;
    if (kx_imap_peek(parser, '(') &&
        (!kx_imap_parse_flags(parser, FALSE, &message->flags) || !kx_imap_parse_space(parser)))
        return FALSE;
    if (kx_imap_peek(parser, '"') &&
        (!kx_imap_parse_date_time(parser, &message->date) || !kx_imap_parse_space(parser)))
        return FALSE;
    return parse_data(parser, args, message);
}

gboolean kx_imap_append_args_parse(KxImapParser *parser, guint most, KxImapAppendArgs *args)
{
    do {
        if (args->messages->len == most) {
            args->too_many = TRUE;
            return TRUE;
        }
        if (!parse_message(parser, args))
            return FALSE;
    } while (!args->open && !args->too_many && kx_imap_peek(parser, ' ') && most > 1);
    return TRUE;
}

/* ---- what may be stored ---- */

/* Bytes of the literals of a message. */
static guint64 literal_size(const KxImapAppendArgs *args, const KxImapAppendMessage *message)
{
    guint64 size = 0;
    for (guint i = 0; i < message->n; i++) {
        const KxImapAppendPart *part =
            &g_array_index(args->parts, KxImapAppendPart, message->first + i);
        size += MIN(part->content.size, G_MAXUINT64 - size);
    }
    return size;
}

gboolean kx_imap_append_admit(KxImap *imap, const KxImapAppendArgs *args)
{
    guint64 most =
        (guint64)kx_settings_int(kx_session_settings(imap->session), KX_SET_IMAP_MAX_APPEND);
    if (args->too_many) {
        kx_imap_no(imap, "LIMIT", "Too many messages or pieces at a time");
        return FALSE;
    }
    for (guint i = 0; i < args->messages->len; i++) {
        const KxImapAppendMessage *message = &g_array_index(args->messages, KxImapAppendMessage, i);
        guint64 size = literal_size(args, message);
        if (most > 0 && size > most) {
            kx_imap_no(imap, "TOOBIG", "The message is too big");
            return FALSE;
        }
        if (size == 0 && !message->catenate) {
            kx_imap_no(imap, NULL, "An empty message is not stored");
            return FALSE;
        }
    }
    return TRUE;
}

gboolean kx_imap_append_fits(KxImap *imap, KxAccount *account, const KxImapAppendArgs *args)
{
    KxLimits limits = kx_account_limits(account);
    KxUsage usage = kx_account_usage(account);
    guint64 size = 0;
    for (guint i = 0; i < args->messages->len; i++)
        size += literal_size(args, &g_array_index(args->messages, KxImapAppendMessage, i));
    if ((limits.bytes == 0 || usage.bytes + size <= limits.bytes) &&
        (limits.items == 0 || usage.items + args->messages->len <= limits.items))
        return TRUE;
    kx_store_refused(account);
    kx_imap_no(imap, "OVERQUOTA", "The mailbox is full");
    return FALSE;
}

/* ---- a large literal is about to come ---- */

static gboolean next_literal(KxImap *imap, KxImapParser *parser, const KxImapAppendArgs *args,
                             KxImapContent *ret)
{
    const KxImapContent *last = NULL;
    if (args->parts->len > 0)
        last = &g_array_index(args->parts, KxImapAppendPart, args->parts->len - 1).content;
    if (!args->open || !last->spooled || last->spool != imap->spools->len)
        return kx_imap_parser_fail(parser, "The messages do not follow one another");
    *ret = *last;
    return TRUE;
}

void kx_imap_append_begin_literal(KxImap *imap, KxImapParser *parser, const KxImapAppendArgs *args)
{
    KxImapContent content = {0};
    if (!next_literal(imap, parser, args, &content)) {
        kx_imap_bad(imap, parser->error);
        return;
    }
    const KxImapAppendMessage *message =
        &g_array_index(args->messages, KxImapAppendMessage, args->messages->len - 1);
    /* Line ends of pieces are looked at when the pieces are together. */
    kx_imap_begin_spool(imap, content.binary || message->catenate);
}
