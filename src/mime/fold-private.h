/* SPDX-License-Identifier: Apache-2.0 */
/* Folding text that arrives in pieces; see fold.h. Private to src/mime. */
#pragma once

#include "mime/fold.h"

typedef struct KxFolding {
    KxCollation collation;
    GString *raw;    /* UTF-8 not folded yet: append here, then call kx_folding_go() */
    GString *folded; /* scratch */
    KxTextTake take;
    gpointer data;
} KxFolding;

void kx_folding_init(KxFolding *folding, KxCollation collation, KxTextTake take, gpointer data);
void kx_folding_clear(KxFolding *folding);

/* Hands on what can be folded of `raw`; with `last` all of it, which ends the unit. Returns whether
 * that was enough. */
gboolean kx_folding_go(KxFolding *folding, gboolean last);
