/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads mailboxes on other servers, over POP3 and IMAP: each session in a thread of its own, which
 * talks to the core over the session's channel (FETCH_TASK in ipc/message-list.h).
 *
 * Threads: all functions are for the thread of the event loop.
 */
#pragma once

#include "courier/mail-pool.h"

typedef struct KxFetchPool KxFetchPool;

/* Sessions find hosts and trust certificates as the mail pool does, which must outlive them. */
KxFetchPool *kx_fetch_pool_new(KxMailPool *mail);
/* FALSE: sessions are still under way, which end when the core has; the process is to end without
 * freeing anything they work with. */
gboolean kx_fetch_pool_free(KxFetchPool *pool);

/* Takes the descriptor. */
void kx_fetch_pool_begin(KxFetchPool *pool, const KxMsgFetchTask *task, int channel);
