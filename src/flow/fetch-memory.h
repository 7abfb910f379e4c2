/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of messages in mailboxes elsewhere, so that a broken session repeats nothing:
 * digests of the names their server gives them (UIDL, UID), in store/downloads.db. A message is
 * noted when it is durable here and before it is deleted there.
 *
 * Bounded: what a server has not listed for a month is forgotten, and so is what was deleted there
 * when that is confirmed.
 *
 * Threads: all functions from any thread.
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

typedef struct KxFetchMemory KxFetchMemory;

typedef enum {
    KX_FETCH_NEW,
    KX_FETCH_TAKEN,   /* is here */
    KX_FETCH_DOOMED,  /* is here, and is to be deleted there */
    KX_FETCH_REFUSED, /* will never be taken: it stays there */
} KxFetchState;

typedef struct {
    char id[2 * KX_FETCH_ID + 1]; /* in hex */
    guint64 size;
    KxFetchState state;
    gint64 since; /* Unix seconds, when it came into that state */
} KxFetchSeen;

KxFetchMemory *kx_fetch_memory_open(GError **error);
void kx_fetch_memory_close(KxFetchMemory *memory);

/* Fills in state and time of messages that the server has listed just now. */
gboolean kx_fetch_memory_look(KxFetchMemory *memory, const char *mailbox, KxFetchSeen *items,
                              guint n, GError **error);
gboolean kx_fetch_memory_note(KxFetchMemory *memory, const char *mailbox, const char *id,
                              KxFetchState state, GError **error);
/* The same of those among the items that are KX_FETCH_DOOMED, in one commit. */
gboolean kx_fetch_memory_note_doomed(KxFetchMemory *memory, const char *mailbox,
                                     const KxFetchSeen *items, guint n, GError **error);
/* The session has ended. With `committed` what is doomed is gone there. */
gboolean kx_fetch_memory_settle(KxFetchMemory *memory, const char *mailbox, gboolean committed,
                                GError **error);
/* All of the mailbox is new again. */
gboolean kx_fetch_memory_forget(KxFetchMemory *memory, const char *mailbox, GError **error);

/* Whether a message with that digest was delivered before, and that it is now. */
gboolean kx_fetch_memory_is_copy(KxFetchMemory *memory, const char *mailbox, const char *digest,
                                 gboolean *ret_is, GError **error);
gboolean kx_fetch_memory_note_copy(KxFetchMemory *memory, const char *mailbox, const char *digest,
                                   GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxFetchMemory, kx_fetch_memory_close)
