/* SPDX-License-Identifier: Apache-2.0 */
/* MYRIGHTS (RFC 4314 sections 3.5 and 3.8): for whoever has any of l, r, i, k, x, a (section 4). */
#include "imap/acl.h"

KX_IMAP_COMMAND(myrights)
{
    KxAclArgs acl = {0};
    g_autoptr(GError) error = NULL;
    static const guint any[] = {KX_RIGHT_LOOKUP, KX_RIGHT_READ,   KX_RIGHT_INSERT,
                                KX_RIGHT_CREATE, KX_RIGHT_DELETE, KX_RIGHT_ADMIN};
    g_autoptr(KxImapMailbox) mailbox = NULL;
    kx_imap_parse_acl_args(args, FALSE, &acl);
    if (!kx_imap_check(imap, args))
        return;
    for (guint i = 0; !mailbox && i < G_N_ELEMENTS(any); i++) {
        g_clear_error(&error);
        mailbox = kx_imap_mailbox_open(imap, acl.mailbox, any[i], &error);
    }
    if (!mailbox) {
        kx_imap_no_error(imap, error);
        return;
    }
    kx_imap_write_myrights(imap, mailbox->name, mailbox->rights);
    kx_imap_ok(imap, NULL, "MYRIGHTS completed");
}
