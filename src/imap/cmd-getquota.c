/* SPDX-License-Identifier: Apache-2.0 */
/* GETQUOTA (RFC 9208 section 4.1.2). */
#include "imap/quota.h"

KX_IMAP_COMMAND(getquota)
{
    g_autoptr(GError) error = NULL;
    g_auto(KxSpace) space = {0};
    const char *root = kx_imap_mailbox_argument(imap, args); /* they are encoded like names */
    if (!root)
        return;
    if (!kx_imap_quota_find(imap, root, &space, &error)) {
        kx_imap_no_error(imap, error);
        return;
    }
    kx_imap_write_quota(imap, root, space.account);
    kx_imap_ok(imap, NULL, "GETQUOTA completed");
}
