/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a message matches. A program is evaluated with as much of the message as was read so far:
 * the answer may be that it depends on what was not.
 */
#pragma once

#include "imap/fetch-format.h"
#include "imap/fetch-message.h"
#include "imap/search-args.h"
#include "store/content.h"
#include "store/sort-data.h"

typedef struct KxSearchMessage {
    KxImap *imap;
    KxView *view;          /* where the message is */
    KxSortData *sort_data; /* complete, if the program asks for identifiers or sent dates */
    KxSearchCost level;    /* what may be read */
    const KxItem *item;
    guint32 seq;
    const KxItemCache *cache; /* at KX_SEARCH_ENVELOPE and above */
    KxImapMessage *content;   /* at KX_SEARCH_HEADER and above, read when needed */
    gboolean unreadable;      /* it could not be: the message does not match, whatever the keys */
    GError *error;            /* why */
    KxFetchZone *zone;
    guint score, scores; /* sum and number of the fuzzy keys that matched */
} KxSearchMessage;

KxMatch kx_search_match(const KxSearchKey *key, KxSearchMessage *message);

/* The tests, as the table of keys names them. */
/* clang-format off */
#define KX_SEARCH_TESTS(X)                                                                         \
    X(all)                                                                                         \
    X(flag)                                                                                        \
    X(no_flag)                                                                                     \
    X(keyword)                                                                                     \
    X(no_keyword)                                                                                  \
    X(recent)                                                                                      \
    X(old)                                                                                         \
    X(new)                                                                                         \
    X(before)                                                                                      \
    X(on) X(since) X(sent_before) X(sent_on) X(sent_since) X(saved_before) X(saved_on)             \
        X(saved_since) X(larger) X(smaller) X(older) X(younger) X(modseq) X(set) X(envelope)       \
            X(header) X(body) X(text) X(email_id) X(thread_id)
/* clang-format on */
#define KX_SEARCH_DECLARE_TEST(name)                                                               \
    gboolean kx_search_test_##name(const KxSearchKey *key, KxSearchMessage *message);
KX_SEARCH_TESTS(KX_SEARCH_DECLARE_TEST)

/* Of SENTBEFORE, SENTON, SENTSINCE, by the sort data: only near the day asked for it matters in
 * which time zone the Date field says it. */
KxMatch kx_search_guess_sent(const KxSearchKey *key, KxSearchMessage *message);
