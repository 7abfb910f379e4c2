/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Downloads mail from mailboxes on other servers, over POP3 and IMAP (POP3D-01 to POP3D-21). The
 * courier reads them; the core chooses what to take, delivers it as all mail, and only then lets
 * the courier delete it there.
 *
 * A message is delivered once however a session ends. The one exception: if this process is killed
 * between the delivery of a message and the note of it, a moment later, it comes again.
 *
 * Threads: all functions from any thread.
 */
#pragma once

#include "flow/queue.h"

typedef struct KxFetcher KxFetcher;

/* What became of a download's last session. */
typedef struct {
    gint64 began, ended; /* Unix seconds; 0: not yet */
    gboolean good;
    guint listed;   /* messages on the server */
    guint taken;    /* delivered */
    guint copies;   /* dropped as duplicates */
    guint left;     /* that were not taken, and stay there */
    guint deleted;  /* on the server */
    char text[512]; /* what went wrong, or "" */
} KxFetchResult;

KxFetcher *kx_fetcher_new(KxStore *store, KxDirectory *directory, KxQueue *queue, KxLogger *logger,
                          GError **error);
void kx_fetcher_stop(KxFetcher *fetcher); /* ends sessions; no new ones begin */
void kx_fetcher_free(KxFetcher *fetcher); /* stops it first */

/* There is a courier, or with NULL none any more. */
void kx_fetcher_set_courier(KxFetcher *fetcher, const KxQueueCourier *courier);

/* Lets the sessions of one download begin, or with NULL of all that are not disabled; returns at
 * once with their number. One that is under way is not begun again. KX_ERR_NOT_FOUND. */
gboolean kx_fetcher_begin(KxFetcher *fetcher, const char *name, guint *ret_n, GError **error);
/* Waits until no session of the download (NULL: of any) is due or under way, at most so long. */
gboolean kx_fetcher_wait(KxFetcher *fetcher, const char *name, guint seconds);
/* FALSE: there was no session since the start. `ret_running`: one is due or under way. */
gboolean kx_fetcher_result(KxFetcher *fetcher, const char *name, KxFetchResult *ret_result,
                           gboolean *ret_running);

/* Signs in and counts; blocks. FALSE with KX_ERR_FAILED: why it does not work. */
gboolean kx_fetcher_test(KxFetcher *fetcher, const char *name, guint *ret_messages, GError **error);

/* All messages of the mailbox count as new again. KX_ERR_NOT_FOUND. */
gboolean kx_fetcher_forget(KxFetcher *fetcher, const char *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxFetcher, kx_fetcher_free)
