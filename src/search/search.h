/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of full texts. It never says that a message matches; it says of messages it has read
 * that they cannot, and so saves looking at them. What it has not read it says nothing about:
 * answers are right while it lags, and without it.
 *
 * Each account has a file search.db of its own beside the index. A thread of low priority fills it,
 * when mail has come and when somebody searches. The file can be lost: it is made anew. See
 * docs/architecture.md, "Searching".
 *
 * Threads: all functions may be called from any thread; a KxSearchReader belongs to one at a time.
 */
#pragma once

#include "mime/text.h"
#include "store/view.h"

typedef struct KxSearch KxSearch;

#define KX_SEARCH_FILE "search.db" /* in an account's directory, kx_account_file() */

/* Turns an attachment into UTF-8 text, which may take its time: called from the indexing thread
 * alone. `type` is what the part declares; `file_name` may be NULL. KX_ERR_BUSY: later perhaps; any
 * other error: it has no text. */
typedef gboolean (*KxTextExtract)(gpointer data, const char *type, const char *file_name,
                                  GBytes *content, char **ret_text, GError **error);

enum {
    KX_SEARCH_ATTACHMENT_MAX = 64 * 1024 * 1024, /* bytes of an attachment that is extracted */
    KX_SEARCH_TEXT_MAX = 4 * 1024 * 1024,        /* bytes of text kept of a message's attachments */
};

/* `extract` may be NULL. Before the store is closed, close this. */
KxSearch *kx_search_open(KxStore *store, KxLogger *logger, KxTextExtract extract, gpointer data,
                         GError **error);
void kx_search_close(KxSearch *search);

/* Whether new mail is indexed; what was indexed before is used either way. */
void kx_search_set_automatic(KxSearch *search, gboolean automatic);

/* Has the account indexed soon; with `anew` from the beginning. */
void kx_search_wish(KxSearch *search, KxAccount *account, gboolean anew);

/* ---- reading ---- */

typedef struct KxSearchReader KxSearchReader;

/* What the index of the folder's account holds of it; never NULL. Wishes for the account to be
 * indexed. */
KxSearchReader *kx_search_reader(KxSearch *search, KxFolder *folder);
void kx_search_reader_free(KxSearchReader *reader);

/* Where the text may be: in any field of the header (with `name`: of those of that name), in what
 * BODY looks at with the texts of attachments, or in either. */
typedef enum { KX_SEARCH_IN_HEADER = 1 << 0, KX_SEARCH_IN_BODY = 1 << 1 } KxSearchArea;

/* UIDs of messages that cannot contain all the texts: guint32, ascending. NULL if the index cannot
 * tell. `folded`: as kx_fold() makes them. */
GArray *kx_search_excluded(KxSearchReader *reader, guint areas, const char *name,
                           const char *const *folded, guint n);

/* The text of the message's attachments, NULL if there is none. Free with g_free. */
char *kx_search_attachments(KxSearchReader *reader, guint32 uid, size_t *ret_len);

/* ---- for administrators ---- */

typedef struct {
    char *path;      /* of the folder */
    guint32 items;   /* in the folder */
    guint32 indexed; /* of these */
} KxSearchFolderStatus;

typedef struct {
    gboolean waiting; /* there is work for the thread */
    guint64 bytes;    /* on disk */
    guint items, indexed;
    GPtrArray *folders; /* KxSearchFolderStatus */
} KxSearchStatus;

KxSearchStatus *kx_search_status(KxSearch *search, KxAccount *account, GError **error);
void kx_search_status_free(KxSearchStatus *status);
guint kx_search_queue_length(KxSearch *search);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxSearch, kx_search_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxSearchReader, kx_search_reader_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxSearchStatus, kx_search_status_free)
