/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QUOTA (RFC 9208). An account with limits is a quota root, with its limits of bytes (STORAGE, in
 * units of 1024) and items (MESSAGE); all its folders belong to it. The user's own is called "",
 * that of another "~user@domain"; who may read a folder may know how full the account is. Public
 * folders and the archive have none.
 */
#pragma once

#include "imap/namespace.h"

/* The root of an account's folders; NULL: it has no limit, and so no root. Free with g_free. */
char *kx_imap_quota_root(const KxImap *imap, const KxSpace *space);

/* Whose root it is. KX_ERR_NOT_FOUND, also if the user may read nothing there. */
gboolean kx_imap_quota_find(KxImap *imap, const char *root, KxSpace *ret_space, GError **error);

/* "* QUOTA root (STORAGE used limit MESSAGE used limit)"; what has no limit is left out. */
void kx_imap_write_quota(KxImap *imap, const char *root, KxAccount *account);

/* Where the user's own account is full already: the untagged warning of RFC 9208 section 4.3.1. */
void kx_imap_warn_quota(KxImap *imap);
