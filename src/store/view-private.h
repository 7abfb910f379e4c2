/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the views share. */
#pragma once

#include "store/store-private.h"

int kx_compare_uids(gconstpointer a, gconstpointer b);

/* The state lock with the items there and the removals taken over; FALSE (not locked) if they
 * cannot be had. */
gboolean kx_view_lock(KxView *view);
void kx_view_unlock(KxView *view);

/* The rest with the state lock held. */
KxView *kx_view_alloc(KxFolder *folder);
void kx_view_claim(KxView *view); /* \Recent */
guint kx_view_pending_below(KxView *view, guint32 uid);
guint kx_view_rank(KxView *view, guint32 uid); /* items of the view with a lower UID */
