/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flags of many items changed at once. Such a change is a row for each different new state, with
 * the set of UIDs that came to have it, instead of a row for each item: what it costs does not grow
 * with the items. An item's state is that with the highest modseq, be it in its own row or in one
 * of these, so neither needs to know of the other. Before there are many of them they are written
 * to the items they stand for. Private to src/store; write lock held.
 */
#pragma once

#include "store/store-private.h"

enum {
    KX_BULK_MIN = 64,    /* changes of fewer items go to the items */
    KX_BULK_STATES = 16, /* so do changes with more different results */
    KX_BULK_ROWS = 32,   /* kept for a folder */
};

/* What an item gets. */
typedef struct {
    guint at; /* position among the folder's items */
    guint32 flags : 8;
    guint32 keywords : 24;
} KxFlagsResult;

/* `results`: KxFlagsResult, ascending. Is it better written here? */
gboolean kx_bulk_flags_suit(GArray *results);
gboolean kx_bulk_flags_write(KxTxn *txn, KxFolder *folder, GArray *results, guint64 modseq,
                             GError **error);

/* Brings entries that were read from items (ascending) up to date. KX_ERR_CORRUPT for what does not
 * make sense; what does is taken over all the same. */
gboolean kx_bulk_flags_read(KxDb *db, guint32 folder, KxKeywordTable *keywords, KxEntry *entries,
                            guint n, GError **error);
