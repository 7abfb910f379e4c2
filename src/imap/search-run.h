/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a search as a cursor: in slices of time, so that a client that leaves is noticed and others
 * get their turn; then writes what the command makes of the messages found. What that is, is a
 * KxSearchKind: the result itself (SEARCH), sorted (SORT), as threads (THREAD), or the results of
 * several mailboxes, one after the other (ESEARCH).
 */
#pragma once

#include "imap/fetch-message.h"
#include "imap/search-result.h"
#include "store/sort-data.h"

typedef struct KxSearchTask KxSearchTask;

typedef struct {
    const char *done;         /* text of the tagged OK */
    gboolean wants_arrivals;  /* fills found->arrivals and found->sizes */
    gboolean wants_sort_data; /* fills task->sort_data */
    /* Appends the answer. */
    void (*answer)(KxSearchTask *task, GString *out);
    /* What comes after the answer is sent; NULL: the end of the command. */
    void (*next)(KxSearchTask *task);
} KxSearchKind;

/* How a search ended, for kx_search_end(). */
typedef struct {
    GError *error;
    gboolean unreadable; /* some messages could not be read */
    guint expunged;      /* some were gone */
} KxSearchEnd;

struct KxSearchTask {
    KxImap *imap;
    const KxSearchKind *kind;
    KxView *view;             /* where; belongs to the session or to `data` */
    KxSearchProgram *program; /* resolved; owned */
    gpointer data;            /* of the kind */
    GDestroyNotify free_data; /* may be NULL */
    /* results */
    KxSearchFound found;
    KxSortData *sort_data; /* of the view's folder, complete; NULL if nobody wants it */
    KxSearchEnd end;
};

/* Takes the task, made by g_new0() and filled. Answers and ends the command. */
void kx_search_run(KxSearchTask *task);

/* Ends the command as the search did. */
void kx_search_end(KxImap *imap, const KxSearchEnd *end, const char *done);

/* What every command that searches does between parsing and running: refuses arguments that were
 * not understood, sequence numbers after ENABLE UIDONLY, and unknown character sets (FALSE:
 * answered; `program` may be half made), notes that CONDSTORE is in use, and resolves the sets for
 * the selected folder. */
gboolean kx_search_accept(KxImap *imap, KxImapParser *args, KxSearchProgram *program);
