/* SPDX-License-Identifier: Apache-2.0 */
/* NOOP (RFC 9051 section 6.1.2). */
#include "imap/imap.h"

void kx_imap_cmd_noop(KxImap *imap, KxImapParser *args)
{
    if (kx_imap_check(imap, args))
        kx_imap_ok(imap, NULL, "NOOP completed");
}
