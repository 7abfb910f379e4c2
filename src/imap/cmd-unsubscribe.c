/* SPDX-License-Identifier: Apache-2.0 */
/* UNSUBSCRIBE (RFC 9051 section 6.3.8). The folder need not exist any more. */
#include "imap/imap.h"

void kx_imap_cmd_unsubscribe(KxImap *imap, KxImapParser *args)
{
    const char *path = kx_imap_mailbox_argument(imap, args);
    g_autoptr(GError) error = NULL;
    if (!path)
        return;
    if (!kx_folder_subscribe(imap->account, path, FALSE, &error))
        kx_imap_no_error(imap, error);
    else
        kx_imap_ok(imap, NULL, "UNSUBSCRIBE completed");
}
