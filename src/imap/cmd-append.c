/* SPDX-License-Identifier: Apache-2.0 */
/* APPEND (RFC 9051 section 6.3.12, APPENDUID of RFC 4315, literal8 of RFC 3516) of one message or
 * of several, all or none (RFC 3502), with CATENATE (RFC 4469) and UTF8 (RFC 6855). */
#include "imap/append-args.h"
#include "imap/mailbox.h"
#include "store/groupware.h"
#include "imap/message-limit.h"
#include "imap/notify.h"

/* Everything up to the content of the last message, and that too; leaves the parser behind it. */
static gboolean parse(KxImapParser *parser, const char **ret_folder, KxImapAppendArgs *args)
{
    return kx_imap_parse_space(parser) && kx_imap_parse_mailbox(parser, ret_folder) &&
           kx_imap_append_args_parse(parser, KX_APPEND_MESSAGES, args);
}

/* May these messages go there? Answers NO if not. */
static KxImapMailbox *admit(KxImap *imap, const char *folder, const KxImapAppendArgs *args)
{
    g_autoptr(GError) error = NULL;
    if (!kx_imap_append_admit(imap, args) || !kx_imap_admit_saving(imap, args->messages->len, NULL))
        return NULL;
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, folder, KX_RIGHT_INSERT, &error);
    if (!mailbox)
        kx_imap_no_target(imap, error);
    else if (kx_imap_append_fits(imap, mailbox->account, args))
        return g_steal_pointer(&mailbox);
    return NULL;
}

void kx_imap_cmd_append_literal(KxImap *imap, KxImapParser *parser)
{
    const char *folder = NULL;
    g_auto(KxImapAppendArgs) args;
    kx_imap_append_args_init(&args);
    if (!parse(parser, &folder, &args)) {
        kx_imap_bad(imap, parser->error);
        return;
    }
    g_autoptr(KxImapMailbox) mailbox = admit(imap, folder, &args);
    if (mailbox)
        kx_imap_append_begin_literal(imap, parser, &args);
}

static void answer(KxImap *imap, const KxImapMailbox *mailbox, const KxDelivery *deliveries,
                   guint n)
{
    g_autofree guint32 *uids = g_new(guint32, n);
    for (guint i = 0; i < n; i++)
        uids[i] = deliveries[i].ret_uid;
    kx_imap_notify_own(imap, mailbox, uids, n);
    if (!kx_imap_may_know_uids(mailbox)) {
        kx_imap_ok(imap, NULL, "APPEND completed");
        return;
    }
    g_autoptr(GString) code = g_string_new(NULL);
    g_string_append_printf(code, "APPENDUID %u ", deliveries[0].ret_uid_validity);
    kx_seqset_format(code, uids, n);
    kx_imap_ok(imap, code->str, "APPEND completed");
}

void kx_imap_cmd_append(KxImap *imap, KxImapParser *parser)
{
    const char *folder = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(KxImapAppendArgs) args;
    kx_imap_append_args_init(&args);
    gboolean cut = parse(parser, &folder, &args) && args.too_many;
    if (!cut && !kx_imap_check(imap, parser))
        return;
    g_autoptr(KxImapMailbox) mailbox = admit(imap, folder, &args);
    g_autoptr(GPtrArray) contents = mailbox ? kx_imap_append_contents(imap, mailbox, &args) : NULL;
    if (!contents)
        return;
    g_autofree KxDelivery *deliveries = kx_imap_append_deliveries(&args, mailbox);
    if (kx_incoming_deliver_all((KxIncoming **)contents->pdata, deliveries, contents->len, &error))
        answer(imap, mailbox, deliveries, contents->len);
    else
        kx_imap_no_target(imap, error);
}
