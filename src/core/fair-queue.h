/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue in which nobody waits for what one other has put in: addresses take turns, and of each
 * address the accounts; of one account the first comes first. Adding and taking cost the same
 * however many wait. Not thread-safe.
 */
#pragma once

#include <glib.h>

typedef struct KxFairQueue KxFairQueue;

KxFairQueue *kx_fair_queue_new(void);
void kx_fair_queue_free(KxFairQueue *queue); /* items are not touched */

void kx_fair_queue_push(KxFairQueue *queue, const char *address, const char *account,
                        gpointer item);
gpointer kx_fair_queue_pop(KxFairQueue *queue); /* NULL: it is empty */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxFairQueue, kx_fair_queue_free)
