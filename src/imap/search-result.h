/* SPDX-License-Identifier: Apache-2.0 */
/* The responses of SEARCH and its kin (RFC 9051 section 7.3.4 ESEARCH, RFC 3501 section 7.2.5). */
#pragma once

#include "imap/search-args.h"

/* The messages found, in the order of the answer: by sequence number, or sorted. */
typedef struct {
    GArray *seqs;     /* guint32 */
    GArray *uids;     /* the same messages */
    GArray *modseqs;  /* guint64, the same messages; NULL unless the program asks for modseqs */
    GArray *arrivals; /* gint64, INTERNALDATE; NULL unless somebody sorts */
    GArray *sizes;    /* gint64, likewise */
} KxSearchFound;

/* The mailbox a result is of, if that must be said (RFC 7377 section 2.1). */
typedef struct {
    const char *name;
    guint32 uid_validity;
} KxSearchPlace;

/* Appends ESEARCH with what `returns` asks for; `place` may be NULL. */
void kx_search_append_esearch(KxImap *imap, const KxSearchProgram *program,
                              const KxSearchFound *found, guint returns, const KxSearchPlace *place,
                              GString *out);

/* Appends the simple response of that name: "* SEARCH 2 84", "* SORT 84 2". */
void kx_search_append_list(KxImap *imap, const char *name, const KxSearchProgram *program,
                           const KxSearchFound *found, GString *out);

/* Keeps what RETURN (SAVE) asks to keep (RFC 5182 section 2.1). */
void kx_search_save(KxImap *imap, const KxSearchProgram *program, const KxSearchFound *found);

/* Does RETURN ask for an ESEARCH response? With SAVE alone it does not (RFC 5182 section 2.4). */
gboolean kx_search_wants_answer(const KxSearchProgram *program);
