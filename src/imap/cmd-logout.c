/* SPDX-License-Identifier: Apache-2.0 */
/* LOGOUT (RFC 9051 section 6.1.3). */
#include "imap/imap.h"

void kx_imap_cmd_logout(KxImap *imap, KxImapParser *args)
{
    if (!kx_imap_check(imap, args))
        return;
    kx_session_puts(imap->session, "* BYE Logging out\r\n");
    imap->ending = TRUE;
    kx_imap_ok(imap, NULL, "LOGOUT completed");
}
