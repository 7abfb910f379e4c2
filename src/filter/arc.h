/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Authenticated Received Chain (RFC 8617): what servers on the way found out about a message,
 * each word sealed with all before it, so that who forwards mail does not spoil what was right
 * when it came.
 *
 * Belongs to one thread, with the view it was made from.
 */
#pragma once

#include "filter/dkim-verify.h"

enum { KX_ARC_MAX = 50 /* sets of a message (section 4.2.1) */ };

typedef struct KxArcChain KxArcChain;

/* The sets in the message; never NULL. The view is borrowed. */
KxArcChain *kx_arc_new(const KxMailView *mail, gint64 now);
void kx_arc_free(KxArcChain *chain);

/* Adds the names of the keys (char *) that are needed. */
void kx_arc_key_names(const KxArcChain *chain, GPtrArray *names);

/* KX_CHECK_NONE: there is no chain. `ret_reason` is static, or NULL. */
KxCheckResult kx_arc_validate(KxArcChain *chain, KxMailView *mail, GHashTable *txt,
                              const char **ret_reason);

/* The next set, three fields to stand in front of the message; NULL: the chain is full, or the
 * fields cannot be made. `results` is what stands in our own Authentication-Results, from the
 * authserv-id on; `validity` is what kx_arc_validate() said then. */
char *kx_arc_seal(const KxArcChain *chain, KxMailView *mail, const KxDkimKey *key,
                  const char *domain, const char *results, KxCheckResult validity, gint64 now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxArcChain, kx_arc_free)
