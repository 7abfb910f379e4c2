/* SPDX-License-Identifier: Apache-2.0 */
/* APPEND (RFC 9051 section 6.3.12, APPENDUID of RFC 4315, literal8 of RFC 3516) of one message or
 * of several, all or none (RFC 3502). */
#include "imap/mailbox.h"
#include "store/groupware.h"
#include "imap/message-limit.h"

enum { MESSAGES_MAX = 100 }; /* of one command; each large one is an open file */

typedef struct {
    KxImapFlags flags;
    gint64 date;
    KxImapContent content;
} Message;

static void message_clear(Message *message)
{
    kx_imap_flags_clear(&message->flags);
}

typedef struct {
    const char *folder;
    GArray *messages;       /* of Message */
    KxImapMailbox *mailbox; /* once admitted */
} Args;

static void args_init(Args *args)
{
    *args = (Args){.messages = g_array_new(FALSE, TRUE, sizeof(Message))};
    g_array_set_clear_func(args->messages, (GDestroyNotify)message_clear);
}

static void args_clear(Args *args)
{
    g_array_unref(args->messages);
    kx_imap_mailbox_free(args->mailbox);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Args, args_clear)

static gboolean parse_message(KxImapParser *parser, Message *ret)
{
    ret->date = g_get_real_time() / G_USEC_PER_SEC;
    if (!kx_imap_parse_space(parser))
        return FALSE;
    if (kx_imap_peek(parser, '(') &&
        (!kx_imap_parse_flags(parser, FALSE, &ret->flags) || !kx_imap_parse_space(parser)))
        return FALSE;
    if (kx_imap_peek(parser, '"') &&
        (!kx_imap_parse_date_time(parser, &ret->date) || !kx_imap_parse_space(parser)))
        return FALSE;
    return kx_imap_parse_content(parser, &ret->content);
}

/* Everything up to the content of the last message, and that too; leaves the parser behind it. One
 * message more than may be is looked at. */
static gboolean parse(KxImapParser *parser, Args *args)
{
    if (!kx_imap_parse_space(parser) || !kx_imap_parse_mailbox(parser, &args->folder))
        return FALSE;
    do {
        g_array_set_size(args->messages, args->messages->len + 1);
        if (!parse_message(parser,
                           &g_array_index(args->messages, Message, args->messages->len - 1)))
            return FALSE;
    } while (kx_imap_peek(parser, ' ') && args->messages->len <= MESSAGES_MAX);
    return TRUE;
}

/* May a message of that size be stored? Answers NO if not. */
static gboolean admit_size(KxImap *imap, guint64 size)
{
    guint64 most =
        (guint64)kx_settings_int(kx_session_settings(imap->session), KX_SET_IMAP_MAX_APPEND);
    if (size == 0)
        kx_imap_no(imap, NULL, "An empty message is not stored");
    else if (most > 0 && size > most)
        kx_imap_no(imap, "TOOBIG", "The message is too big");
    else
        return TRUE;
    return FALSE;
}

/* May these messages go there? Answers NO if not. */
static gboolean admit(KxImap *imap, Args *args)
{
    g_autoptr(GError) error = NULL;
    if (args->messages->len > MESSAGES_MAX) {
        kx_imap_no(imap, "LIMIT", "Too many messages at a time");
        return FALSE;
    }
    if (!kx_imap_admit_saving(imap, args->messages->len, NULL))
        return FALSE;
    for (guint i = 0; i < args->messages->len; i++)
        if (!admit_size(imap, g_array_index(args->messages, Message, i).content.size))
            return FALSE;
    args->mailbox = kx_imap_mailbox_open(imap, args->folder, KX_RIGHT_INSERT, &error);
    if (!args->mailbox)
        kx_imap_no_target(imap, error);
    return args->mailbox != NULL;
}

/* The text ends in the header of a message's literal, and those before it have come. */
static gboolean parse_to_literal(KxImap *imap, KxImapParser *parser, Args *args)
{
    if (!parse(parser, args))
        return FALSE;
    if (args->messages->len > MESSAGES_MAX)
        return TRUE; /* for admit() to refuse */
    const Message *last = &g_array_index(args->messages, Message, args->messages->len - 1);
    return (kx_imap_at_end(parser) && last->content.spooled &&
            last->content.spool == imap->spools->len) ||
           kx_imap_parser_fail(parser, "The messages do not follow one another");
}

void kx_imap_cmd_append_literal(KxImap *imap, KxImapParser *parser)
{
    g_auto(Args) args;
    args_init(&args);
    if (!parse_to_literal(imap, parser, &args)) {
        kx_imap_bad(imap, parser->error);
        return;
    }
    if (!admit(imap, &args))
        return;
    KxIncoming *incoming =
        imap->spool_error ? NULL : kx_imap_new_incoming(imap, &imap->spool_error);
    if (!incoming) {
        kx_imap_no_error(imap, imap->spool_error);
        return;
    }
    g_ptr_array_add(imap->spools, incoming);
    imap->spool_crlf = KX_CRLF_INIT;
    imap->spool_binary =
        g_array_index(args.messages, Message, args.messages->len - 1).content.binary;
    kx_session_reply(imap->session, 0, KX_IMAP_CODE_CONTINUE);
}

/* The content in a file, from the text of the command or as it was spooled. NULL with an error. */
static KxIncoming *take_content(KxImap *imap, const KxImapContent *content, GError **error)
{
    KxIncoming *incoming = NULL;
    if (!content->spooled)
        incoming = kx_imap_take_bytes(imap, content->bytes, content->binary, error);
    else if (content->spool < imap->spools->len)
        incoming = g_steal_pointer(&imap->spools->pdata[content->spool]);
    else
        kx_fail(error, KX_ERR_BUSY, "The server restarted while the message came in");
    return incoming && content->binary ? kx_imap_make_safe(imap, incoming, error) : incoming;
}

/* Those of all messages, in order. NULL with an error. */
static GPtrArray *take_contents(KxImap *imap, const Args *args, GError **error)
{
    g_autoptr(GPtrArray) contents =
        g_ptr_array_new_with_free_func((GDestroyNotify)kx_incoming_free);
    if (imap->spool_error) {
        g_propagate_error(error, g_steal_pointer(&imap->spool_error));
        return NULL;
    }
    for (guint i = 0; i < args->messages->len; i++) {
        KxIncoming *incoming =
            take_content(imap, &g_array_index(args->messages, Message, i).content, error);
        if (!incoming)
            return NULL;
        g_ptr_array_add(contents, incoming);
    }
    return g_steal_pointer(&contents);
}

static void answer(KxImap *imap, const KxDelivery *deliveries, guint n)
{
    g_autofree guint32 *uids = g_new(guint32, n);
    for (guint i = 0; i < n; i++)
        uids[i] = deliveries[i].ret_uid;
    g_autoptr(GString) code = g_string_new(NULL);
    g_string_append_printf(code, "APPENDUID %u ", deliveries[0].ret_uid_validity);
    kx_seqset_format(code, uids, n);
    kx_imap_ok(imap, code->str, "APPEND completed");
}

static gboolean fits(const Args *args, const GPtrArray *contents, GError **error)
{
    for (guint i = 0; i < contents->len; i++) {
        const char *data;
        size_t len;
        if (args->mailbox->info->type == KX_TYPE_MAIL)
            return TRUE;
        if (!kx_incoming_map(contents->pdata[i], &data, &len, error))
            return FALSE;
        if (!kx_groupware_accepts(args->mailbox->info->type, data, len))
            return kx_fail(error, KX_ERR_INVALID, "This is not what the folder is for");
    }
    return TRUE;
}

static void deliver(KxImap *imap, const Args *args)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) contents = take_contents(imap, args, &error);
    if (!contents || !fits(args, contents, &error)) {
        kx_imap_no_error(imap, error);
        return;
    }
    gboolean may_keywords;
    guint32 permitted = kx_imap_permitted_flags(args->mailbox->rights, &may_keywords);
    g_autofree KxDelivery *deliveries = g_new0(KxDelivery, contents->len);
    for (guint i = 0; i < contents->len; i++) {
        const Message *message = &g_array_index(args->messages, Message, i);
        const GPtrArray *keywords = message->flags.keywords;
        deliveries[i] = (KxDelivery){
            .account = args->mailbox->account,
            .folder = args->mailbox->path,
            .flags = message->flags.flags & permitted,
            .keywords = keywords && may_keywords ? (const char *const *)keywords->pdata : NULL,
            .internal_date = message->date,
        };
    }
    if (kx_incoming_deliver_all((KxIncoming **)contents->pdata, deliveries, contents->len, &error))
        answer(imap, deliveries, contents->len);
    else
        kx_imap_no_target(imap, error);
}

void kx_imap_cmd_append(KxImap *imap, KxImapParser *parser)
{
    g_auto(Args) args;
    args_init(&args);
    gboolean cut = parse(parser, &args) && args.messages->len > MESSAGES_MAX;
    if ((cut || kx_imap_check(imap, parser)) && admit(imap, &args))
        deliver(imap, &args);
}
