/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boundaries of the multiparts open around a line, as a stack. Matching one line costs time
 * linear in its length, however many boundaries are open. Private to src/mime.
 */
#pragma once

#include <glib.h>
#include "mime/part.h"

#define KX_BOUNDARY_BUCKETS 128

typedef struct KxBoundary {
    const char *text; /* borrowed */
    size_t len;
    guint64 hash;
    KxMimePart *part;
    int next; /* next older boundary of the same bucket, -1 for none */
} KxBoundary;

typedef struct KxBoundarySet {
    unsigned n;
    size_t max_len;                            /* of those open */
    guint8 n_of_len[KX_MIME_MAX_BOUNDARY + 1]; /* how many have that length */
    int buckets[KX_BOUNDARY_BUCKETS];
    KxBoundary items[KX_MIME_MAX_DEPTH];
} KxBoundarySet;

void kx_boundary_set_init(KxBoundarySet *set);

/* There must be room, and len within 1 to KX_MIME_MAX_BOUNDARY. */
void kx_boundary_push(KxBoundarySet *set, const char *text, size_t len, KxMimePart *part);

/* Drops all but the outermost `n`. */
void kx_boundary_truncate(KxBoundarySet *set, unsigned n);

/* `line` (without its line ending) begins with "--". The index of the longest boundary that
 * follows, the innermost of equal ones; -1 if none. */
int kx_boundary_match(const KxBoundarySet *set, const char *line, size_t len);
