/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread of the core that looks after mailboxes: quota messages to users, the clean-out about
 * every six hours, sign-ins to server.db every half minute, numbers of mailboxes every hour, the
 * public contacts after changes of people. Mailboxes without quota and rules cost it nothing.
 *
 * Start after the queue, stop before the store is closed.
 */
#pragma once

#include "directory/directory.h"
#include "flow/queue.h"
#include "store/store.h"

typedef struct KxCaretaker KxCaretaker;

KxCaretaker *kx_caretaker_start(KxStore *store, KxDirectory *directory, KxQueue *queue,
                                KxLogger *logger);
void kx_caretaker_settings_changed(KxCaretaker *caretaker, const KxSettings *settings);
void kx_caretaker_stop(KxCaretaker *caretaker); /* waits for what it is doing */
