/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that check passwords, so that the workers, who serve everybody, never wait for that.
 * There are two kinds: hashes, which take a processor for tens of milliseconds, so there is one
 * thread for each processor and no more; and questions to directories elsewhere, which wait, and of
 * which one directory has a few places only. Who waits for the same is served in turns
 * (core/fair-queue.h), so that guessing keeps nobody else waiting for long; and first of all
 * whoever has signed in to the account from the same address before. Thread-safe.
 */
#pragma once

#include <glib.h>

struct KxSession;
typedef struct KxCheckers KxCheckers;

/* Goes on with a session that was added, and takes over its reference. */
typedef void (*KxCheck)(struct KxSession *session);

/* `threads` at most, of which `places` at most are busy with one lane. */
KxCheckers *kx_checkers_new(KxCheck check, guint threads, guint places);
/* Nobody adds any more. What waits is handed to `check` all the same. */
void kx_checkers_free(KxCheckers *checkers);

typedef struct {
    const char *lane; /* what is waited for */
    const char *address, *account;
    gboolean known; /* he has signed in like this before */
} KxCheckFor;

/* FALSE: too many wait already. Else the session's reference is taken over. */
gboolean kx_checkers_add(KxCheckers *checkers, struct KxSession *session, const KxCheckFor *who);
