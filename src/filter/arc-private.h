/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "filter/arc.h"

typedef struct {
    const KxHeaderField *results;
    KxDkimSignature *signature, *seal;
} KxArcSet;

struct KxArcChain {
    KxArcSet sets[KX_ARC_MAX + 1]; /* by instance, from 1 on */
    guint n;                       /* the highest instance */
    gboolean broken;               /* one is missing, there twice, or above KX_ARC_MAX */
};

/* The fields of a set as they are sealed; the seal itself is left out if it is `last`. */
void kx_arc_append_set(GString *out, const KxArcSet *set, gboolean last);
