/* SPDX-License-Identifier: Apache-2.0 */
/* LISTRIGHTS (RFC 4314 sections 3.4 and 3.7): what may be given to somebody. Every right stands for
 * itself. */
#include "imap/acl.h"

static void answer(KxImap *imap, const KxImapMailbox *mailbox, const char *identifier,
                   gboolean owner)
{
    g_autoptr(GString) all = g_string_new(NULL);
    kx_imap_format_rights(all, KX_RIGHTS_ALL);
    kx_session_puts(imap->session, "* LISTRIGHTS ");
    kx_imap_write_mailbox(imap, mailbox->name);
    kx_session_puts(imap->session, " ");
    kx_imap_write_string(imap, identifier, strlen(identifier));
    if (owner)
        kx_session_printf(imap->session, " %s", all->str);
    else
        kx_session_puts(imap->session, " \"\"");
    for (guint i = 0; !owner && i < all->len; i++)
        kx_session_printf(imap->session, " %c", all->str[i]);
    kx_session_puts(imap->session, "\r\n");
    kx_imap_ok(imap, NULL, "LISTRIGHTS completed");
}

KX_IMAP_COMMAND(listrights)
{
    KxAclArgs acl = {0};
    gboolean owner = FALSE;
    g_autoptr(GError) error = NULL;
    kx_imap_parse_acl_args(args, TRUE, &acl);
    if (!kx_imap_check(imap, args))
        return;
    g_autoptr(KxImapMailbox) mailbox =
        kx_imap_mailbox_open(imap, acl.mailbox, KX_RIGHT_ADMIN, &error);
    g_autofree char *identifier =
        mailbox ? kx_imap_acl_identifier(imap, mailbox, acl.identifier, &owner, &error) : NULL;
    if (identifier)
        answer(imap, mailbox, identifier, owner && *identifier != '-');
    else
        kx_imap_no_error(imap, error);
}
