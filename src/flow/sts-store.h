/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MTA-STS policies that the courier fetched, on disk: store/sts.db. They must outlive a
 * restart, or an attacker would only have to wait for one (RFC 8461 section 10.2).
 *
 * Threads: one at a time.
 */
#pragma once

#include "flow/queue.h"
#include "ipc/message.h"

typedef struct KxStsStore KxStsStore;

/* A damaged file is moved out of the way: policies can be fetched again. */
KxStsStore *kx_sts_store_open(GError **error);
void kx_sts_store_close(KxStsStore *store);

/* Durable when it returns. */
gboolean kx_sts_store_put(KxStsStore *store, const KxMsgStsPolicy *policy, GError **error);
/* Gives all that have not expired to a courier. */
gboolean kx_sts_store_send(KxStsStore *store, const KxQueueCourier *courier, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxStsStore, kx_sts_store_close)
