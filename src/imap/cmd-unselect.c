/* SPDX-License-Identifier: Apache-2.0 */
/* UNSELECT (RFC 9051 section 6.4.2): leaves the folder and removes nothing. */
#include "imap/imap.h"

void kx_imap_cmd_unselect(KxImap *imap, KxImapParser *args)
{
    if (!kx_imap_check(imap, args))
        return;
    kx_imap_deselect(imap);
    kx_imap_ok(imap, NULL, "UNSELECT completed");
}
