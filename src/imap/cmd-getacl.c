/* SPDX-License-Identifier: Apache-2.0 */
/* GETACL (RFC 4314 sections 3.3 and 3.6). The owner, who is in no list, comes first. */
#include "imap/acl.h"

static void write_pair(KxImap *imap, const char *identifier, guint rights)
{
    g_autoptr(GString) letters = g_string_new(NULL);
    kx_imap_format_rights(letters, rights);
    kx_session_puts(imap->session, " ");
    kx_imap_write_string(imap, identifier, strlen(identifier));
    kx_session_printf(imap->session, " %s", letters->str);
}

KX_IMAP_COMMAND(getacl)
{
    KxAclArgs acl = {0};
    g_autoptr(GError) error = NULL;
    kx_imap_parse_acl_args(args, FALSE, &acl);
    if (!kx_imap_check(imap, args))
        return;
    g_autoptr(KxImapMailbox) mailbox =
        kx_imap_mailbox_open(imap, acl.mailbox, KX_RIGHT_ADMIN, &error);
    if (!mailbox) {
        kx_imap_no_error(imap, error);
        return;
    }
    kx_session_puts(imap->session, "* ACL ");
    kx_imap_write_mailbox(imap, mailbox->name);
    write_pair(imap, kx_imap_acl_owner(mailbox), KX_RIGHTS_ALL);
    for (guint i = 0; i < kx_acl_count(mailbox->acl); i++) {
        const KxAclEntry *entry = kx_acl_entry(mailbox->acl, i);
        write_pair(imap, entry->identifier, entry->rights);
    }
    kx_session_puts(imap->session, "\r\n");
    kx_imap_ok(imap, NULL, "GETACL completed");
}
