/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REPLACE and UID REPLACE (RFC 8508): a message comes, another leaves, in one commit of the store.
 * If the target belongs to another account there are two commits: the new message comes first, so
 * that a crash may leave both, and never none.
 */
#include "imap/append-args.h"
#include "imap/mailbox.h"
#include "imap/notify.h"
#include "store/change.h"

typedef struct {
    KxSeqSet set;
    const char *folder;
    KxImapAppendArgs message;
    /* once admitted */
    guint32 uid;
    KxImapMailbox *mailbox;
} Args;

static void args_init(Args *args)
{
    *args = (Args){0};
    kx_imap_append_args_init(&args->message);
}

static void args_clear(Args *args)
{
    kx_seqset_clear(&args->set);
    kx_imap_append_args_clear(&args->message);
    kx_imap_mailbox_free(args->mailbox);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Args, args_clear)

/* seq-number: one message, not a set. */
static gboolean parse_number(KxImapParser *parser, KxSeqSet *set)
{
    const char *start = parser->at;
    if (!kx_imap_parse_seqset(parser, set))
        return FALSE;
    for (const char *at = start; at < parser->at; at++)
        if (!g_ascii_isdigit(*at) && *at != '*')
            return kx_imap_parser_fail(parser, "REPLACE takes a single message");
    return TRUE;
}

static gboolean parse(KxImapParser *parser, Args *args)
{
    return kx_imap_parse_space(parser) && parse_number(parser, &args->set) &&
           kx_imap_parse_space(parser) && kx_imap_parse_mailbox(parser, &args->folder) &&
           kx_imap_append_args_parse(parser, 1, &args->message);
}

static gboolean find_replaced(KxImap *imap, Args *args)
{
    g_autoptr(GArray) uids = NULL;
    KxItem item;
    if (!kx_imap_resolve(imap, &args->set, &uids))
        return FALSE;
    if (uids->len == 1 && kx_view_item(imap->view, g_array_index(uids, guint32, 0), &item)) {
        args->uid = item.uid;
        return TRUE;
    }
    kx_imap_no(imap, imap->uid ? "NONEXISTENT" : "EXPUNGEISSUED",
               "The message to be replaced does not exist");
    return FALSE;
}

/* May this message come, and that one go? Answers if not. */
static gboolean admit(KxImap *imap, Args *args)
{
    const guint removal = KX_RIGHT_DELETE_MESSAGES | KX_RIGHT_EXPUNGE;
    g_autoptr(GError) error = NULL;
    if (!kx_imap_append_admit(imap, &args->message) || !find_replaced(imap, args))
        return FALSE;
    if ((imap->selected->rights & removal) != removal) {
        kx_imap_no(imap, "NOPERM", "You have no right to remove messages here");
        return FALSE;
    }
    args->mailbox = kx_imap_mailbox_open(imap, args->folder, KX_RIGHT_INSERT, &error);
    if (!args->mailbox)
        kx_imap_no_target(imap, error);
    return args->mailbox != NULL;
}

KX_IMAP_COMMAND(replace_literal)
{
    g_auto(Args) replace;
    args_init(&replace);
    if (!parse(args, &replace))
        kx_imap_bad(imap, args->error);
    else if (admit(imap, &replace))
        kx_imap_append_begin_literal(imap, args, &replace.message);
}

static gboolean deliver(KxImap *imap, const Args *args, KxIncoming *incoming, KxDelivery *delivery,
                        GError **error)
{
    KxActor actor = kx_session_actor(imap->session);
    KxFolder *folder = kx_view_folder(imap->view);
    gboolean one_commit = args->mailbox->account == imap->selected->account;
    if (one_commit) {
        delivery->replaces_in = folder;
        delivery->replaces = args->uid;
        delivery->actor = &actor;
    }
    return kx_incoming_deliver_all(&incoming, delivery, 1, error) &&
           (one_commit || kx_folder_expunge(folder, &args->uid, 1, TRUE, &actor, NULL, error));
}

static void refuse(KxImap *imap, const Args *args, const GError *error)
{
    KxItem item;
    if (g_error_matches(error, KX_ERROR, KX_ERR_NOT_FOUND) &&
        !kx_view_item(imap->view, args->uid, &item))
        kx_imap_no(imap, "EXPUNGEISSUED", "The message to be replaced does not exist any more");
    else
        kx_imap_no_target(imap, error);
}

/* APPENDUID comes before the old message goes, so that the client knows them as one (section 3.4).
 */
KX_IMAP_COMMAND(replace)
{
    g_autoptr(GError) error = NULL;
    g_auto(Args) replace;
    args_init(&replace);
    gboolean cut = parse(args, &replace) && replace.message.too_many;
    if ((!cut && !kx_imap_check(imap, args)) || !admit(imap, &replace))
        return;
    g_autoptr(GPtrArray) contents =
        kx_imap_append_contents(imap, replace.mailbox, &replace.message);
    if (!contents)
        return;
    g_autofree KxDelivery *delivery = kx_imap_append_deliveries(&replace.message, replace.mailbox);
    if (!deliver(imap, &replace, contents->pdata[0], delivery, &error)) {
        refuse(imap, &replace, error);
        return;
    }
    kx_imap_notify_own(imap, replace.mailbox, &delivery->ret_uid, 1);
    if (kx_imap_may_know_uids(replace.mailbox))
        kx_session_printf(imap->session, "* OK [APPENDUID %u %u] The replacement is there\r\n",
                          delivery->ret_uid_validity, delivery->ret_uid);
    kx_imap_ok(imap, NULL, "REPLACE completed");
}
