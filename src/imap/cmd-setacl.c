/* SPDX-License-Identifier: Apache-2.0 */
/* SETACL (RFC 4314 section 3.1). */
#include "imap/acl.h"

static gboolean set(KxImap *imap, const KxImapMailbox *mailbox, KxSlice given, KxAclOp op,
                    guint rights, GError **error)
{
    gboolean owner;
    g_autofree char *identifier = kx_imap_acl_identifier(imap, mailbox, given, &owner, error);
    if (!identifier)
        return FALSE;
    if (!owner)
        return kx_imap_change_acl(imap, mailbox, identifier, op, rights, error);
    gboolean takes = *identifier == '-'    ? op != KX_ACL_REMOVE && rights != 0
                     : op == KX_ACL_REMOVE ? rights != 0
                                           : op == KX_ACL_REPLACE && rights != KX_RIGHTS_ALL;
    return takes ? kx_fail(error, KX_ERR_INVALID, "The owner always has all rights") : TRUE;
}

KX_IMAP_COMMAND(setacl)
{
    KxAclArgs acl = {0};
    KxAclOp op = KX_ACL_REPLACE;
    guint rights = 0;
    g_autoptr(GError) error = NULL;
    if (kx_imap_parse_acl_args(args, TRUE, &acl) && kx_imap_parse_space(args))
        kx_imap_parse_rights(args, &op, &rights);
    if (!kx_imap_check(imap, args))
        return;
    g_autoptr(KxImapMailbox) mailbox =
        kx_imap_mailbox_open(imap, acl.mailbox, KX_RIGHT_ADMIN, &error);
    if (mailbox && set(imap, mailbox, acl.identifier, op, rights, &error))
        kx_imap_ok(imap, NULL, "SETACL completed");
    else
        kx_imap_no_error(imap, error);
}
