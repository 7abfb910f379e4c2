/* SPDX-License-Identifier: Apache-2.0 */
/* RENAME (RFC 9051 section 6.3.6). */
#include "imap/mailbox.h"

void kx_imap_cmd_rename(KxImap *imap, KxImapParser *args)
{
    const char *from = NULL;
    const char *to = NULL;
    g_autoptr(GError) error = NULL;
    if (kx_imap_parse_space(args) && kx_imap_parse_mailbox(args, &from) &&
        kx_imap_parse_space(args))
        kx_imap_parse_mailbox(args, &to);
    if (!kx_imap_check(imap, args))
        return;
    KxActor actor = kx_session_actor(imap->session);
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, from, KX_RIGHT_DELETE, &error);
    g_autoptr(KxImapMailbox) place = mailbox ? kx_imap_mailbox_at(imap, to, &error) : NULL;
    if (place && place->account != mailbox->account) {
        kx_imap_no(imap, "CANNOT", "A folder cannot move to another namespace; copy what is in it");
        return;
    }
    if (place && kx_imap_mailbox_may_create(place, &error) &&
        kx_folder_rename(mailbox->account, mailbox->path, place->path, &actor, &error))
        kx_imap_ok(imap, NULL, "RENAME completed");
    else
        kx_imap_no_error(imap, error);
}
