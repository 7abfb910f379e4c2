/* SPDX-License-Identifier: Apache-2.0 */
/* Searching text that arrives in pieces; see text.h. Private to src/mime. */
#pragma once

#include "mime/text.h"

typedef struct KxHaystack {
    const KxNeedle *needle;
    GString *raw;    /* UTF-8 not folded yet */
    GString *folded; /* folded text, whose end may hold the start of a match */
    gboolean found;
} KxHaystack;

void kx_haystack_init(KxHaystack *haystack, const KxNeedle *needle);
void kx_haystack_clear(KxHaystack *haystack);

/* The buffer to append UTF-8 to, before each call of kx_haystack_search(). */
GString *kx_haystack_buffer(KxHaystack *haystack);

/* Searches what was appended; `last` ends this text. Returns whether the needle was ever found. */
gboolean kx_haystack_search(KxHaystack *haystack, gboolean last);

gboolean kx_needle_is_empty(const KxNeedle *needle);
