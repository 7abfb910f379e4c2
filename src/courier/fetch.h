/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads mailboxes on other servers, over POP3 and IMAP: each session in a thread of its own, which
 * talks to the core over the session's channel (FETCH_TASK in ipc/message-list.h).
 *
 * Threads: all functions are for the thread of the event loop.
 */
#pragma once

#include "courier/crew.h"

/* Sessions find hosts and trust certificates as the mail pool does. */
KxCrew *kx_fetch_crew_new(KxMailPool *mail);

/* Takes the descriptor. */
void kx_fetch_begin(KxCrew *crew, const KxMsgFetchTask *task, int channel);
