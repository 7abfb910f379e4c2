/* SPDX-License-Identifier: Apache-2.0 */
/* The responses of SEARCH. */
#pragma once

#include "imap/search-args.h"

typedef struct {
    GArray *seqs;    /* guint32, ascending */
    GArray *uids;    /* the same messages */
    GArray *modseqs; /* guint64, the same messages; NULL unless the program asks for modseqs */
} KxSearchFound;

/* Appends the untagged response, or nothing if the client wants none; keeps what RETURN (SAVE) asks
 * to keep. */
void kx_search_answer(KxImap *imap, const KxSearchProgram *program, const KxSearchFound *found,
                      GString *out);
