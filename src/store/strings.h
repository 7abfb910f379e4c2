/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing set of strings, each kept once and known by a number, with their ranks in byte order.
 * Private to src/store. Not thread-safe.
 */
#pragma once

#include <glib.h>

typedef struct KxStrings KxStrings;

KxStrings *kx_strings_new(void);
void kx_strings_free(KxStrings *strings);

/* The number of the string; "" is 0. KX_STRINGS_FULL when there is no more room. */
#define KX_STRINGS_FULL G_MAXUINT32
guint32 kx_strings_add(KxStrings *strings, const char *text);

/* Ranks by number; "" is 0. Valid until the next string is added. */
const guint32 *kx_strings_ranks(KxStrings *strings);

gsize kx_strings_memory(const KxStrings *strings); /* bytes */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxStrings, kx_strings_free)
