/* SPDX-License-Identifier: Apache-2.0 */
/* NAMESPACE (RFC 9051 section 6.3.10): the user's own folders, and no others yet. */
#include "imap/imap.h"

void kx_imap_cmd_namespace(KxImap *imap, KxImapParser *args)
{
    if (!kx_imap_check(imap, args))
        return;
    kx_session_puts(imap->session, "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
    kx_imap_ok(imap, NULL, "NAMESPACE completed");
}
