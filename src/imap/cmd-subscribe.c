/* SPDX-License-Identifier: Apache-2.0 */
/* SUBSCRIBE (RFC 9051 section 6.3.7). */
#include "imap/imap.h"

void kx_imap_cmd_subscribe(KxImap *imap, KxImapParser *args)
{
    const char *path = NULL;
    g_autoptr(GError) error = NULL;
    if (kx_imap_parse_space(args))
        kx_imap_parse_mailbox(args, &path);
    if (!kx_imap_check(imap, args))
        return;
    g_autoptr(KxFolderInfo) info = kx_imap_find_folder(imap, path, &error);
    if (!info || !kx_folder_subscribe(imap->account, path, TRUE, &error))
        kx_imap_no_error(imap, error);
    else
        kx_imap_ok(imap, NULL, "SUBSCRIBE completed");
}
