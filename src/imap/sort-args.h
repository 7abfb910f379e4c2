/* SPDX-License-Identifier: Apache-2.0 */
/* The sort criteria of SORT (RFC 5256 section 3, RFC 5957). */
#pragma once

#include "imap/parser.h"
#include "store/summary.h"

enum { KX_SORT_CRITERIA = 30 };

typedef enum { KX_SORT_BY_KEY, KX_SORT_BY_DATE, KX_SORT_BY_ARRIVAL, KX_SORT_BY_SIZE } KxSortKind;

typedef struct {
    KxSortKind kind;
    KxSortKey key; /* with KX_SORT_BY_KEY */
    gboolean reverse;
} KxSortCriterion;

/* "(REVERSE DATE SUBJECT)": array of KxSortCriterion. NULL: the parser has the error. */
GArray *kx_sort_parse(KxImapParser *parser);
