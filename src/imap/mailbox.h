/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mailboxes as a client names them: which account a name leads to, which folder there, and what the
 * user may do with it (RFC 4314). Every command that takes a mailbox name goes through here, so no
 * command can forget to ask.
 *
 * Belongs to one command, and one thread.
 */
#pragma once

#include "imap/imap.h"
#include "store/rights.h"

struct KxImapMailbox {
    KxAccount *account; /* a reference */
    char *name;         /* as the client says it */
    char *path;         /* in the account */
    guint rights;       /* KxRights the user has; of what would be made, if there is none */
    KxFolderInfo *info; /* NULL if there is none */
};

void kx_imap_mailbox_free(KxImapMailbox *mailbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxImapMailbox, kx_imap_mailbox_free)

/* The mailbox of that name, which IMAP shows and on which the user has all these rights.
 * KX_ERR_NOT_FOUND, also if the user may not know that it is there; KX_ERR_DENIED. */
KxImapMailbox *kx_imap_mailbox_open(KxImap *imap, const char *name, guint rights, GError **error);

/* The place of that name, whether there is a mailbox or not (CREATE, RENAME). */
KxImapMailbox *kx_imap_mailbox_at(KxImap *imap, const char *name, GError **error);

/* Does IMAP show folders like this one? */
gboolean kx_imap_shows(const KxFolderInfo *info);
