/* SPDX-License-Identifier: Apache-2.0 */
/* GETQUOTA (RFC 9208 section 4.1.2): of the user's own root. */
#include "imap/quota.h"

KX_IMAP_COMMAND(getquota)
{
    KxSlice root = {0};
    if (kx_imap_parse_space(args))
        kx_imap_parse_astring(args, &root);
    if (!kx_imap_check(imap, args))
        return;
    if (root.len > 0 || !kx_imap_has_quota(imap)) {
        kx_imap_no(imap, "NONEXISTENT", "There is no such quota root");
        return;
    }
    kx_imap_write_quota(imap);
    kx_imap_ok(imap, NULL, "GETQUOTA completed");
}
