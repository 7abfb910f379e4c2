/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory's hints of who shares folders with whom (directory.h, "shares") beside the access
 * lists themselves, which are the store's (store/acl.h). They are in two files, so a directory that
 * comes from a backup may know less than the lists say.
 *
 * Thread-safe.
 */
#pragma once

#include "directory/directory.h"
#include "store/acl.h"

/* An identifier of a list of the account as the directory keeps it: everybody is everybody of the
 * account's domain; '-' in front does not count. Free with g_free. */
char *kx_share_identifier(KxAccount *account, const char *identifier);

/* Whom the account's lists name and the directory does not know of; empty for public folders and
 * the archive, which need no hints. As the directory would keep them, free with g_ptr_array_unref.
 */
GPtrArray *kx_share_hints_missing(KxDirectory *directory, KxAccount *account);

/* Adds those. */
gboolean kx_share_hints_renew(KxDirectory *directory, KxAccount *account, GError **error);
