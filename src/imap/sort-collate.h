/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sort keys by another comparator than the default (RFC 5255 section 4.7): the index keeps keys for
 * i;unicode-casemap alone, so these are made from the envelopes.
 */
#pragma once

#include "mime/casemap.h"
#include "store/sort-data.h"

/* Ranks of a key of the messages, as kx_sort_data_ranks() gives them. */
gboolean kx_sort_collate(KxFolder *folder, KxCollation collation, KxSortKey key,
                         const guint32 *uids, guint n, guint32 *ret_ranks, GError **error);
