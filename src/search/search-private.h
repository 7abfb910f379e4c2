/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of src/search/ share. */
#pragma once

#include <pthread.h>

#include "base/error.h"
#include "search/grams.h"
#include "search/index.h"
#include "search/search.h"

enum {
    KX_SEARCH_TURN_SECONDS = 2,   /* an account is worked on, until the next has its turn */
    KX_SEARCH_SETTLE_SECONDS = 2, /* after mail came, so that what follows is done with it */
    KX_SEARCH_RETRY_SECONDS = 60, /* after a failure */
    KX_SEARCH_GARBAGE = 1024,     /* expunged messages in a folder's index that nobody minds */
};

/* An account that waits, or is being worked on. */
typedef struct {
    char *name;
    gint64 due;      /* monotonic microseconds */
    gboolean queued; /* in `queue`, by the time it is due */
    gboolean again;  /* something came while it was worked on */
    gboolean anew;   /* from the beginning */
    gboolean broken; /* the file is useless */
    gboolean leave;  /* the account is being removed */
} KxSearchEntry;

struct KxSearch {
    KxStore *store;
    KxLogger *logger;
    KxTextExtract extract;
    gpointer extract_data;
    KxGrams *grams; /* the thread's */
    pthread_t thread;
    int automatic; /* atomic */
    int hurry;     /* atomic: the thread is to let go of what it does */

    pthread_mutex_t lock; /* of the rest; nothing is taken inside */
    pthread_cond_t cond;
    gboolean stopping;
    GHashTable *entries; /* name -> KxSearchEntry, which it owns */
    GQueue queue;
    KxSearchEntry *working;
};

/* What comes of a file that is not what we wrote, or not in the form we know. */
static inline gboolean kx_search_is_damage(const GError *error)
{
    return g_error_matches(error, KX_ERROR, KX_ERR_CORRUPT) ||
           g_error_matches(error, KX_ERROR, KX_ERR_EXISTS) ||
           g_error_matches(error, KX_ERROR, KX_ERR_INVALID);
}

/* Has the account named worked on when it is due. */
typedef enum { KX_SEARCH_MAIL_CAME, KX_SEARCH_NOW, KX_SEARCH_ANEW, KX_SEARCH_BROKEN } KxSearchWhy;
void kx_search_enqueue(KxSearch *search, const char *name, KxSearchWhy why);

/* account.c: works on an account for a turn. FALSE without an error: there is more to do. */
gboolean kx_search_index_account(KxSearch *search, const KxSearchEntry *entry, GError **error);

/* document.c: the keys of a message into search->grams, the text of its attachments appended.
 * FALSE: not now. */
gboolean kx_search_read_message(KxSearch *search, const char *data, size_t len,
                                GString *attachments);
