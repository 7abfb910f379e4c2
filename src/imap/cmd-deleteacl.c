/* SPDX-License-Identifier: Apache-2.0 */
/* DELETEACL (RFC 4314 section 3.2). */
#include "imap/acl.h"

static gboolean take_out(KxImap *imap, const KxImapMailbox *mailbox, KxSlice given, GError **error)
{
    gboolean owner;
    g_autofree char *identifier = kx_imap_acl_identifier(imap, mailbox, given, &owner, error);
    if (!identifier)
        return FALSE;
    if (owner && *identifier != '-')
        return kx_fail(error, KX_ERR_INVALID, "The owner always has all rights");
    return kx_imap_change_acl(imap, mailbox, identifier, KX_ACL_REPLACE, 0, error);
}

KX_IMAP_COMMAND(deleteacl)
{
    KxAclArgs acl = {0};
    g_autoptr(GError) error = NULL;
    kx_imap_parse_acl_args(args, TRUE, &acl);
    if (!kx_imap_check(imap, args))
        return;
    g_autoptr(KxImapMailbox) mailbox =
        kx_imap_mailbox_open(imap, acl.mailbox, KX_RIGHT_ADMIN, &error);
    if (mailbox && take_out(imap, mailbox, acl.identifier, &error))
        kx_imap_ok(imap, NULL, "DELETEACL completed");
    else
        kx_imap_no_error(imap, error);
}
