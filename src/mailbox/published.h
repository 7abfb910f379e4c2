/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The global address list: users and groups that are published stand as contacts in the public
 * folder Contacts of their domain, or of the server (USR-19, GRP-04). What stands there of them is
 * brought up to date after each change; contacts that people put there are left alone.
 *
 * Which items are ours, and what they say, is in a file of the account; where that is lost the
 * keyword tells, and they are written anew.
 *
 * Threads: one at a time.
 */
#pragma once

#include "directory/directory.h"
#include "store/store.h"

/* Whether they stand in the folder of the server, not in those of domains. */
gboolean kx_published_is_shared(const KxSettings *settings);

/* Of a domain, or NULL for the server. The folder is made when there is something to be put into
 * it. A domain that is gone has no contacts. */
gboolean kx_published_update(KxStore *store, KxDirectory *directory, const char *domain,
                             GError **error);
