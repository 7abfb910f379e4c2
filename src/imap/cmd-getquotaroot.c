/* SPDX-License-Identifier: Apache-2.0 */
/* GETQUOTAROOT (RFC 9208 section 4.1.3). */
#include "imap/mailbox.h"
#include "imap/quota.h"

KX_IMAP_COMMAND(getquotaroot)
{
    g_autoptr(GError) error = NULL;
    const char *name = kx_imap_mailbox_argument(imap, args);
    if (!name)
        return;
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, name, KX_RIGHT_READ, &error);
    if (!mailbox) {
        kx_imap_no_error(imap, error);
        return;
    }
    g_autofree char *root = kx_imap_quota_root(imap, &mailbox->space);
    kx_session_puts(imap->session, "* QUOTAROOT ");
    kx_imap_write_mailbox(imap, mailbox->name);
    if (root) {
        kx_session_puts(imap->session, " ");
        kx_imap_write_mailbox(imap, root);
    }
    kx_session_puts(imap->session, "\r\n");
    if (root)
        kx_imap_write_quota(imap, root, mailbox->account);
    kx_imap_ok(imap, NULL, "GETQUOTAROOT completed");
}
