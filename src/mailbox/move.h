/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mailbox of a user who is removed becomes a folder of another one (USR-41). Contents are hard
 * links, so a big mailbox is moved quickly and takes no more room; flags, keywords and dates stay.
 *
 * Two steps around the removal of the account: kx_move_begin() copies everything while the account
 * still works, and either all of it is in the target under its final name or nothing. After the
 * account is gone, kx_move_finish() takes over what came meanwhile and removes the source. A crash
 * before the first step has ended leaves a folder called "... (incomplete)", which the next try
 * replaces; the source is whole until the very end.
 *
 * Thread-safe.
 */
#pragma once

#include "store/store.h"

typedef struct KxMove KxMove;

/* `target` is where the folder is made. KX_ERR_OVERQUOTA if it does not fit there. */
KxMove *kx_move_begin(KxStore *store, KxAccount *source, KxAccount *target, GError **error);

const char *kx_move_folder(const KxMove *move); /* "Deleted mailbox - user@domain" */
guint64 kx_move_items(const KxMove *move);

/* The account was not removed after all: the copy goes. */
void kx_move_undo(KxMove *move);

/* What has come into the source since. */
gboolean kx_move_finish(KxMove *move, GError **error);

void kx_move_free(KxMove *move);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxMove, kx_move_free)
