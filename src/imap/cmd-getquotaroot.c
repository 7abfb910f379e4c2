/* SPDX-License-Identifier: Apache-2.0 */
/* GETQUOTAROOT (RFC 9208 section 4.1.3). How full another user's account is stays his own affair:
 * his folders have no root here. */
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
    gboolean own = mailbox->account == imap->account && kx_imap_has_quota(imap);
    kx_session_puts(imap->session, "* QUOTAROOT ");
    kx_imap_write_mailbox(imap, mailbox->name);
    kx_session_puts(imap->session, own ? " \"\"\r\n" : "\r\n");
    if (own)
        kx_imap_write_quota(imap);
    kx_imap_ok(imap, NULL, "GETQUOTAROOT completed");
}
