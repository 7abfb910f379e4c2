/* SPDX-License-Identifier: Apache-2.0 */
/* CHECK (RFC 3501 section 6.4.1): every change is durable when it is answered, so there is nothing
 * left to do. */
#include "imap/imap.h"

void kx_imap_cmd_check(KxImap *imap, KxImapParser *args)
{
    if (kx_imap_check(imap, args))
        kx_imap_ok(imap, NULL, "CHECK completed");
}
