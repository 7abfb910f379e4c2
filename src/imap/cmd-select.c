/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT and EXAMINE (RFC 9051 sections 6.3.2 and 6.3.3, RFC 7162 sections 3.1.8 and 3.2.5). */
#include "imap/list.h"
#include "imap/object-id.h"
#include "imap/mailbox.h"
#include "imap/qresync.h"
#include "imap/quota.h"

typedef struct {
    KxSlice given;
    const char *path;
    gboolean condstore;
    KxQresync qresync;
} Args;

static void args_clear(Args *args)
{
    kx_qresync_clear(&args->qresync);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Args, args_clear)

static gboolean parse_parameter(KxImap *imap, KxImapParser *parser, Args *ret)
{
    if (kx_imap_accept_atom(parser, "CONDSTORE")) {
        ret->condstore = TRUE;
        return TRUE;
    }
    if (!kx_imap_accept_atom(parser, "QRESYNC"))
        return kx_imap_parser_fail(parser, "Unknown parameter of SELECT");
    if (!(imap->enabled & KX_IMAP_QRESYNC))
        return kx_imap_parser_fail(parser, "QRESYNC needs ENABLE QRESYNC first");
    return kx_qresync_parse(parser, (imap->enabled & KX_IMAP_UIDONLY) != 0, &ret->qresync);
}

static gboolean parse(KxImap *imap, KxImapParser *parser, Args *ret)
{
    if (!kx_imap_parse_space(parser) || !kx_imap_parse_astring(parser, &ret->given) ||
        !kx_imap_decode_mailbox(parser, ret->given, &ret->path))
        return FALSE;
    if (!kx_imap_accept(parser, ' '))
        return TRUE;
    if (!kx_imap_parse_char(parser, '('))
        return FALSE;
    do {
        if (!parse_parameter(imap, parser, ret))
            return FALSE;
    } while (kx_imap_accept(parser, ' '));
    return kx_imap_parse_char(parser, ')');
}

static void describe(KxImap *imap, const KxFolderInfo *info, guint64 modseq, KxSlice given)
{
    KxSession *session = imap->session;
    KxViewState state;
    kx_view_save(imap->view, &state);
    guint32 unseen = kx_view_first_unseen(imap->view);
    gboolean rev2 = (imap->enabled & KX_IMAP_REV2) != 0;
    kx_imap_tell_flags(imap, FALSE);
    kx_session_printf(session, "* %u EXISTS\r\n", kx_view_count(imap->view));
    if (!rev2)
        kx_session_printf(session, "* %u RECENT\r\n",
                          imap->read_only ? info->recent : kx_view_recent(imap->view));
    if (!rev2 && unseen != 0 && !(imap->enabled & KX_IMAP_UIDONLY))
        kx_session_printf(session, "* OK [UNSEEN %u] First unseen\r\n", unseen);
    kx_session_printf(session, "* OK [UIDVALIDITY %u] UIDs valid\r\n", state.uid_validity);
    kx_session_printf(session, "* OK [UIDNEXT %u] Predicted next UID\r\n", state.uid_next);
    kx_session_printf(session, "* OK [HIGHESTMODSEQ %" G_GUINT64_FORMAT "] Highest\r\n", modseq);
    char id[KX_OBJECT_ID_TEXT];
    kx_mailbox_id_format(info, id);
    kx_session_printf(session, "* OK [MAILBOXID (%s)] Mailbox\r\n", id);
    if (rev2)
        kx_imap_write_list(imap, imap->selected->name, info, given);
    kx_imap_warn_quota(imap);
}

static gboolean open_view(KxImap *imap, const Args *args, gboolean read_only, GError **error)
{
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, args->path, KX_RIGHT_READ, error);
    g_autoptr(KxFolder) folder =
        mailbox ? kx_folder_open(mailbox->account, mailbox->path, error) : NULL;
    if (!folder)
        return FALSE;
    guint64 modseq =
        kx_folder_highest_modseq(folder); /* before the view: it knows at least as much */
    imap->examined = read_only;
    imap->read_only = read_only || !kx_imap_is_writable(mailbox->rights);
    imap->view = kx_view_new(folder, !imap->read_only);
    imap->selected = g_steal_pointer(&mailbox);
    describe(imap, imap->selected->info, modseq, args->given);
    return TRUE;
}

static void select_folder(KxImap *imap, KxImapParser *parser, gboolean read_only)
{
    g_auto(Args) args = {0};
    g_autoptr(GError) error = NULL;
    const char *text = read_only ? "EXAMINE completed" : "SELECT completed";
    parse(imap, parser, &args);
    if (!kx_imap_check(imap, parser))
        return;
    if (imap->view) {
        kx_imap_deselect(imap);
        kx_session_puts(imap->session, "* OK [CLOSED] The folder selected before is closed\r\n");
    }
    if (args.condstore)
        kx_imap_use_condstore(imap);
    if (!open_view(imap, &args, read_only, &error))
        kx_imap_no_error(imap, error);
    else if (args.qresync.given)
        kx_qresync_run(imap, &args.qresync, imap->read_only ? "READ-ONLY" : "READ-WRITE", text);
    else
        kx_imap_ok(imap, imap->read_only ? "READ-ONLY" : "READ-WRITE", text);
}

void kx_imap_cmd_select(KxImap *imap, KxImapParser *args)
{
    select_folder(imap, args, FALSE);
}

void kx_imap_cmd_examine(KxImap *imap, KxImapParser *args)
{
    select_folder(imap, args, TRUE);
}
