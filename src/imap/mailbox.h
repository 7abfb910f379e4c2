/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mailboxes as a client names them: which account a name leads to, which folder there, and what the
 * user may do with it (RFC 4314). Every command that takes a mailbox name goes through here, so no
 * command can forget to ask.
 *
 * Belongs to one command, and one thread; that of the selected folder to the session.
 */
#pragma once

#include "imap/namespace.h"

struct KxImapMailbox {
    KxSpace space;
    KxAccount *account; /* borrowed from `space` */
    char *name;         /* as the client says it */
    char *path;         /* in the account */
    guint rights;       /* KxRights the user has; 0 if there is no such folder */
    KxFolderInfo *info; /* NULL if there is none; subscribed and special_use are the user's own */
    KxAcl *acl;         /* what `rights` comes from */
};

void kx_imap_mailbox_free(KxImapMailbox *mailbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxImapMailbox, kx_imap_mailbox_free)

/* The mailbox of that name, which IMAP shows and on which the user has all these rights.
 * KX_ERR_NOT_FOUND, also if the user may not know that it is there; KX_ERR_DENIED. */
KxImapMailbox *kx_imap_mailbox_open(KxImap *imap, const char *name, guint rights, GError **error);

/* The place of that name, whether there is a mailbox or not (CREATE, RENAME). KX_ERR_INVALID if
 * there can be none. */
KxImapMailbox *kx_imap_mailbox_at(KxImap *imap, const char *name, GError **error);

/* May the user make a folder there? It takes the right to do so on the nearest folder above (RFC
 * 4314 section 4); at the top of an account it takes all rights. KX_ERR_DENIED. */
gboolean kx_imap_mailbox_may_create(const KxImapMailbox *place, GError **error);

/* Does IMAP show folders like this one? `all`: kx_imap_shows_all(). */
gboolean kx_imap_shows(const KxFolderInfo *info, gboolean all);

/* May the client be told which UIDs its messages got there? Not if it may not select the mailbox
 * (RFC 9051 section 7.1, APPENDUID and COPYUID). */
gboolean kx_imap_may_know_uids(const KxImapMailbox *mailbox);

/* ---- the selected folder ---- */

/* Its rights may change, also while it is selected. Tells the client what that means. FALSE: it may
 * not be read any more, BYE was said. */
gboolean kx_imap_refresh_rights(KxImap *imap);

/* Flags the user may change there; with `ret_keywords` if keywords too. */
guint32 kx_imap_permitted_flags(guint rights, gboolean *ret_keywords);

/* Is anything in it that the user may change (RFC 4314 section 5.2)? */
gboolean kx_imap_is_writable(guint rights);
