/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items that were removed for good and are kept for a while (DOM-13): hard links to their contents
 * in the directory #kept of the account, which is no folder, so they are in no index, count in no
 * quota, and reindexing does not touch them. The name of a file says all that is known of the item
 * (kept.c).
 *
 * Threads: all functions from any thread.
 */
#pragma once

#include "store/item.h"
#include "store/store.h"

typedef struct {
    guint64 items;
    guint64 bytes;
} KxKept;

/* What of an account is kept that was removed at or after `since` (Unix seconds). */
KxKept kx_account_kept(KxAccount *account, gint64 since);

/* Brings it back into the folder for deleted items, which is made if there is none; flags,
 * keywords and dates stay, quotas do not count. After a crash it can be called again: what came
 * back before does not come twice. */
gboolean kx_account_recover(KxAccount *account, gint64 since, KxKept *ret_recovered,
                            GError **error);

/* Lets go of what was removed before `before`. The account need not be open, nor be there. Returns
 * the number. */
guint kx_store_expire_kept(KxStore *store, const char *domain, const char *user, gint64 before);
