/* SPDX-License-Identifier: Apache-2.0 */
/* STATUS (RFC 9051 section 6.3.11). */
#include "imap/mailbox.h"
#include "imap/status.h"

void kx_imap_cmd_status(KxImap *imap, KxImapParser *args)
{
    const char *path = NULL;
    guint items = 0;
    g_autoptr(GError) error = NULL;
    if (kx_imap_parse_space(args) && kx_imap_parse_mailbox(args, &path) &&
        kx_imap_parse_space(args))
        kx_imap_parse_status_items(args, &items);
    if (!kx_imap_check(imap, args))
        return;
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, path, KX_RIGHT_READ, &error);
    if (!mailbox) {
        kx_imap_no_error(imap, error);
        return;
    }
    kx_imap_note_status_items(imap, items);
    kx_imap_write_status(imap, mailbox->name, mailbox->info, items);
    kx_imap_ok(imap, NULL, "STATUS completed");
}
