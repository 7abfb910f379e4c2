/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces (RFC 2342): which account a name belongs to, and who the user is there.
 *
 *   Folder                   the user's own
 *   ~user@domain/Folder      of another user, as far as he shares it
 *   #public/Folder           public folders, of the domain or of the server (public-folders.scope)
 *   #archive/Folder          the archive
 *
 * Folders of the user's own tree whose names begin with '~' or '#' may be there from before; they
 * stay reachable, new ones are refused.
 *
 * Belongs to one command, and one thread.
 */
#pragma once

#include "imap/imap.h"
#include "store/acl.h"

#define KX_SPACE_PREFIX_OTHER   "~"
#define KX_SPACE_PREFIX_PUBLIC  "#public/"
#define KX_SPACE_PREFIX_ARCHIVE "#archive/"

typedef enum { KX_SPACE_OWN, KX_SPACE_OTHER, KX_SPACE_PUBLIC, KX_SPACE_ARCHIVE } KxSpaceKind;

typedef struct {
    KxSpaceKind kind;
    KxAccount *account; /* a reference */
    char *prefix;       /* of names: "", "~user@domain/", "#public/", "#archive/" */
    KxAclUser user;     /* the session's; borrows its login name */
} KxSpace;

void kx_space_clear(KxSpace *space);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxSpace, kx_space_clear)

/* Does the name lie outside of the user's own tree? */
gboolean kx_space_is_foreign(const char *name);

/* The namespace a name belongs to. KX_ERR_NOT_FOUND: none, or one the user can see nothing of. */
gboolean kx_space_find(KxImap *imap, const char *name, KxSpace *ret_space, GError **error);

/* Has the user all rights there? It may change during a session. */
gboolean kx_space_is_owner(KxImap *imap, KxSpaceKind kind);

/* May the user know that it is there: a folder he sees, or the right to make one? */
gboolean kx_space_is_visible(KxImap *imap, const KxSpace *space);

/* Has the user this right on any folder there that IMAP shows? */
gboolean kx_space_grants(KxImap *imap, const KxSpace *space, guint right);

/* The users who may share something with this one, as "user@domain"; sorted. */
GPtrArray *kx_space_owners(KxImap *imap);

/* Are folders that are not for mail shown too (imap.full-listing)? */
gboolean kx_imap_shows_all(KxImap *imap);
