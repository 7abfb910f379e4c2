/* SPDX-License-Identifier: Apache-2.0 */
/* RENAME (RFC 9051 section 6.3.6). */
#include "imap/imap.h"

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
    g_autoptr(KxFolderInfo) info = kx_imap_find_folder(imap, from, &error);
    if (info && kx_folder_rename(imap->account, from, to, &actor, &error))
        kx_imap_ok(imap, NULL, "RENAME completed");
    else
        kx_imap_no_error(imap, error);
}
