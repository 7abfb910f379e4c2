/* SPDX-License-Identifier: Apache-2.0 */
/* SUBSCRIBE (RFC 9051 section 6.3.7). */
#include "imap/mailbox.h"

void kx_imap_cmd_subscribe(KxImap *imap, KxImapParser *args)
{
    const char *path = kx_imap_mailbox_argument(imap, args);
    g_autoptr(GError) error = NULL;
    if (!path)
        return;
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, path, KX_RIGHT_LOOKUP, &error);
    if (!mailbox || !kx_folder_subscribe(imap->account, path, TRUE, &error))
        kx_imap_no_error(imap, error);
    else
        kx_imap_ok(imap, NULL, "SUBSCRIBE completed");
}
