/* SPDX-License-Identifier: Apache-2.0 */
/* APPEND (RFC 9051 section 6.3.12, APPENDUID of RFC 4315, literal8 of RFC 3516). */
#include "imap/imap.h"

typedef struct {
    const char *folder;
    KxImapFlags flags;
    gint64 date;
    KxImapContent content;
} Args;

static void args_clear(Args *args)
{
    kx_imap_flags_clear(&args->flags);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Args, args_clear)

/* Everything up to the content, and that too; leaves the parser behind it. */
static gboolean parse(KxImapParser *parser, Args *ret)
{
    ret->date = g_get_real_time() / G_USEC_PER_SEC;
    if (!kx_imap_parse_space(parser) || !kx_imap_parse_mailbox(parser, &ret->folder) ||
        !kx_imap_parse_space(parser))
        return FALSE;
    if (kx_imap_peek(parser, '(') &&
        (!kx_imap_parse_flags(parser, FALSE, &ret->flags) || !kx_imap_parse_space(parser)))
        return FALSE;
    if (kx_imap_peek(parser, '"') &&
        (!kx_imap_parse_date_time(parser, &ret->date) || !kx_imap_parse_space(parser)))
        return FALSE;
    return kx_imap_parse_content(parser, &ret->content);
}

/* May a message of that size go there? Answers NO if not. */
static gboolean admit(KxImap *imap, const Args *args)
{
    g_autoptr(GError) error = NULL;
    guint64 most =
        (guint64)kx_settings_int(kx_session_settings(imap->session), KX_SET_IMAP_MAX_APPEND);
    if (args->content.size == 0) {
        kx_imap_no(imap, NULL, "An empty message is not stored");
        return FALSE;
    }
    if (most > 0 && args->content.size > most) {
        kx_imap_no(imap, "TOOBIG", "The message is too big");
        return FALSE;
    }
    g_autoptr(KxFolderInfo) info = kx_imap_find_folder(imap, args->folder, &error);
    if (!info)
        kx_imap_no_target(imap, error);
    return info != NULL;
}

void kx_imap_cmd_append_literal(KxImap *imap, KxImapParser *parser)
{
    g_auto(Args) args = {0};
    g_autoptr(GError) error = NULL;
    if (!parse(parser, &args) || !kx_imap_at_end(parser) ||
        args.content.spool != imap->spools->len) {
        kx_imap_bad(imap, kx_imap_parser_ok(parser) ? "One message at a time" : parser->error);
        return;
    }
    if (!admit(imap, &args))
        return;
    KxIncoming *incoming = kx_imap_new_incoming(imap, &error);
    if (!incoming) {
        kx_imap_no_error(imap, error);
        return;
    }
    g_ptr_array_add(imap->spools, incoming);
    imap->spool_crlf = KX_CRLF_INIT;
    imap->spool_binary = args.content.binary;
    kx_session_reply(imap->session, 0, KX_IMAP_CODE_CONTINUE);
}

/* The content in a file, from the text of the command or as it was spooled. NULL with an error. */
static KxIncoming *take_content(KxImap *imap, const KxImapContent *content, GError **error)
{
    KxIncoming *incoming = NULL;
    if (imap->spool_error) {
        g_propagate_error(error, g_steal_pointer(&imap->spool_error));
        return NULL;
    }
    if (!content->spooled)
        incoming = kx_imap_take_bytes(imap, content->bytes, content->binary, error);
    else if (content->spool < imap->spools->len)
        incoming = g_ptr_array_steal_index(imap->spools, content->spool);
    else
        kx_fail(error, KX_ERR_BUSY, "The server restarted while the message came in");
    return incoming && content->binary ? kx_imap_make_safe(imap, incoming, error) : incoming;
}

static void deliver(KxImap *imap, const Args *args)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxIncoming) incoming = take_content(imap, &args->content, &error);
    if (!incoming) {
        kx_imap_no_error(imap, error);
        return;
    }
    KxDelivery delivery = {
        .account = imap->account,
        .folder = args->folder,
        .flags = args->flags.flags,
        .keywords = args->flags.keywords ? (const char *const *)args->flags.keywords->pdata : NULL,
        .internal_date = args->date,
    };
    if (!kx_incoming_deliver(incoming, &delivery, 1)) {
        g_propagate_error(&error, delivery.ret_error);
        kx_imap_no_target(imap, error);
        return;
    }
    g_autofree char *code =
        g_strdup_printf("APPENDUID %u %u", delivery.ret_uid_validity, delivery.ret_uid);
    kx_imap_ok(imap, code, "APPEND completed");
}

void kx_imap_cmd_append(KxImap *imap, KxImapParser *parser)
{
    g_auto(Args) args = {0};
    parse(parser, &args);
    if (kx_imap_check(imap, parser) && admit(imap, &args))
        deliver(imap, &args);
}
