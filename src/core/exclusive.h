/* SPDX-License-Identifier: Apache-2.0 */
/* Names that only one session may hold at a time: POP3 maildrops (RFC 1939 section 4). Thread-safe.
 */
#pragma once

#include <glib.h>

typedef struct KxExclusive KxExclusive;

KxExclusive *kx_exclusive_new(void);
void kx_exclusive_free(KxExclusive *exclusive);

gboolean kx_exclusive_take(KxExclusive *exclusive, const char *name); /* FALSE: somebody has it */
void kx_exclusive_release(KxExclusive *exclusive, const char *name);
