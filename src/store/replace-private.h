/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An item that leaves in the commit in which another comes (KxDelivery.replaces): after a crash
 * there is exactly one of the two. The steps of remove-private.h for one item, with the account's
 * write lock held. Private to src/store.
 */
#pragma once

#include "store/remove-private.h"

typedef struct {
    KxFolder *folder;
    guint32 uid;
    const KxActor *actor;
    GArray *entries;  /* KxEntry, one */
    GPtrArray *items; /* KxOpItem */
    guint64 modseq;
} KxReplaced;

/* Before the transaction begins. KX_ERR_NOT_FOUND if the item is not there any more. */
gboolean kx_replaced_prepare(KxReplaced *replaced, GError **error);
guint64 kx_replaced_bytes(const KxReplaced *replaced);
gboolean kx_replaced_rows(KxReplaced *replaced, KxTxn *txn, GError **error);
void kx_replaced_publish(KxReplaced *replaced); /* with the state lock */
void kx_replaced_finish(KxReplaced *replaced);  /* after the commit: files */
void kx_replaced_log(KxReplaced *replaced);     /* without the write lock: log and watches */
void kx_replaced_clear(KxReplaced *replaced);
