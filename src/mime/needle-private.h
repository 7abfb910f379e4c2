/* SPDX-License-Identifier: Apache-2.0 */
/* Searching folded text that arrives in pieces; see text.h. Private to src/mime. */
#pragma once

#include "mime/fold.h"
#include "mime/text.h"

typedef struct KxHaystack {
    const KxNeedle *needle; /* not empty */
    GString *tail;          /* of the unit so far: where a match may begin */
} KxHaystack;

void kx_haystack_init(KxHaystack *haystack, const KxNeedle *needle);
void kx_haystack_clear(KxHaystack *haystack);

/* A KxTextTake for a KxHaystack: enough is one match. */
gboolean kx_haystack_take(gpointer haystack, const char *folded, size_t len, gboolean end);
