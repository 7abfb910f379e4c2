/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts messages into the order of sort criteria (RFC 5256 section 3): by the first, those that are
 * equal by the next, and in the end by sequence number.
 */
#pragma once

#include "imap/sort-args.h"
#include "store/sort-data.h"

typedef struct {
    guint n;
    const guint32 *uids; /* ascending */
    const gint64 *arrivals;
    const gint64 *sizes;
} KxSortInput;

/* The places of the messages in `input`, sorted. Free with g_free. */
guint32 *kx_sort_order(const GArray *criteria, const KxSortInput *input, KxSortData *data);
