/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that download mail: one session, its messages, and who gets them. */
#pragma once

#include "directory/directory.h"
#include "flow/fetch-memory.h"
#include "flow/fetch.h"
#include "flow/recipients.h"

/* What all sessions work with; borrowed. */
typedef struct {
    KxStore *store;
    KxDirectory *directory;
    KxQueue *queue;
    KxLogger *logger;
    KxFetchMemory *memory;
} KxFetchTools;

/* One session with one mailbox. */
typedef struct {
    const KxFetchTools *tools;
    const KxDownload *download;
    char *mailbox;  /* what the memory calls it */
    char *ip, *tls; /* of the connection; NULL before sign-in */
    gboolean test;  /* only signed in and counted */
    guint64 size;   /* bytes chosen so far */
    guint chosen;   /* messages */
    guint doomed;   /* that the server is to delete */
    KxFetchResult result;
} KxFetchSession;

/* What the memory calls the mailbox of a download: other settings of it do not matter. */
char *kx_fetch_mailbox_name(const KxDownload *download);

/* ---- fetch-session.c ---- */

/* Conducts the session on its channel, to the end; fills in the result. */
void kx_fetch_session_run(KxFetchSession *session, int channel);

/* ---- fetch-message.c ---- */

typedef enum {
    KX_FETCHED,         /* delivered or queued, durably */
    KX_FETCHED_COPY,    /* of one that was */
    KX_FETCHED_REFUSED, /* cannot ever be taken */
    KX_FETCHED_LATER,   /* not now: it stays on the server until the next session */
} KxFetched;

typedef struct KxFetchMessage KxFetchMessage;

KxFetchMessage *kx_fetch_message_new(const KxFetchSession *session);
void kx_fetch_message_free(KxFetchMessage *message);
void kx_fetch_message_write(KxFetchMessage *message, const char *bytes, size_t len);
/* After the last byte. Anything but FETCHED comes with the reason. */
KxFetched kx_fetch_message_finish(KxFetchMessage *message, GError **error);

/* ---- fetch-header.c ---- */

/* The sender as the header knows him, "" if it does not; the caller's. */
char *kx_fetch_find_sender(const char *header, size_t len);
/* Return-Path, which the envelope skips, and Received. */
void kx_fetch_append_trace(const KxFetchSession *session, KxEnvelope *envelope, GString *out);
gint64 kx_fetch_count_hops(const char *header, size_t len, gboolean *ret_starts_with_field);

/* ---- fetch-sort.c ---- */

/* Puts whoever gets a message with that header into the envelope. FALSE: nobody can. */
gboolean kx_fetch_sort(const KxFetchSession *session, KxRecipients *recipients, const char *header,
                       size_t len, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxFetchMessage, kx_fetch_message_free)
