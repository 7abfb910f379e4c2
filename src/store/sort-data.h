/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The summaries of a folder's messages in memory, for SORT, THREAD and SEARCH by EMAILID: filled
 * from the index at the first use, brought up to date at each further one, shared by all sessions,
 * and gone when the folder's items leave memory. Strings are kept once each and known by their rank
 * among all, so that sorting compares numbers.
 *
 * Threads: a KxSortData may be used from any thread; it is locked inside, over disk waits too, and
 * never taken with another lock of the store held. UID arrays are ascending. A UID the data do not
 * have (its message is gone) has rank 0, no date, no identifiers.
 */
#pragma once

#include "store/summary.h"
#include "store/view.h"

typedef struct KxSortData KxSortData;

/* The data of a folder, perhaps not yet filled. A new reference; keeps the folder open. */
KxSortData *kx_sort_data_get(KxFolder *folder);
void kx_sort_data_unref(KxSortData *data);

/* Reads on: a slice of a few thousand messages, or fewer if they must be parsed. `ret_done`: all
 * that the folder holds now are there. */
gboolean kx_sort_data_fill(KxSortData *data, gboolean *ret_done, GError **error);

/* Ranks of the messages' keys in ascending order of the collation; equal keys have equal ranks, and
 * only an empty key has rank 0. */
void kx_sort_data_ranks(KxSortData *data, KxSortKey key, const guint32 *uids, guint n,
                        guint32 *ret_ranks);

/* Sent dates; `ret_dates` keeps what it holds for messages without one. */
void kx_sort_data_dates(KxSortData *data, const guint32 *uids, guint n, gint64 *ret_dates);

/* How messages are linked: hashes of identifiers. */
typedef struct {
    guint64 message_id; /* 0 if there is none */
    guint first;        /* of its references in `references` */
    guint n;
    gboolean reply; /* by its subject */
} KxSortLinks;
void kx_sort_data_links(KxSortData *data, const guint32 *uids, guint n, KxSortLinks *ret_links,
                        GArray *references);

/* EMAILID and THREADID of one message; FALSE if the data do not have it. */
gboolean kx_sort_data_ids(KxSortData *data, guint32 uid, KxObjectId *ret_email,
                          KxObjectId *ret_thread);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxSortData, kx_sort_data_unref)
