/* SPDX-License-Identifier: Apache-2.0 */
/* DELETE (RFC 9051 section 6.3.5). */
#include "imap/mailbox.h"

static gboolean is_selected(KxImap *imap, const KxImapMailbox *mailbox)
{
    return imap->view && imap->selected->account == mailbox->account &&
           kx_folder_id(kx_view_folder(imap->view)) == mailbox->info->id;
}

void kx_imap_cmd_delete(KxImap *imap, KxImapParser *args)
{
    const char *path = kx_imap_mailbox_argument(imap, args);
    g_autoptr(GError) error = NULL;
    if (!path)
        return;
    if (strcmp(path, "INBOX") == 0) {
        kx_imap_no(imap, "CANNOT", "INBOX cannot be deleted");
        return;
    }
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, path, KX_RIGHT_DELETE, &error);
    KxActor actor = kx_session_actor(imap->session);
    if (!mailbox) {
        kx_imap_no_error(imap, error);
    } else if (kx_folder_delete(mailbox->account, mailbox->path, &actor, &error)) {
        if (is_selected(imap, mailbox)) {
            kx_imap_deselect(imap);
            kx_session_puts(imap->session, "* OK [CLOSED] The selected folder was deleted\r\n");
        }
        kx_imap_ok(imap, NULL, "DELETE completed");
    } else if (g_error_matches(error, KX_ERROR, KX_ERR_IN_USE)) {
        kx_imap_no(imap, "HASCHILDREN", "The folder has folders below it");
    } else {
        kx_imap_no_error(imap, error);
    }
}
