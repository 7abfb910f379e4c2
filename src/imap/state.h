/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session's state that outlives the core: it travels in the ticket (core/ticket.h), and the
 * next core goes on with it. What is not in it is forgotten: what "$" stands for, for one.
 *
 * With the session's lock held, as all of a session.
 */
#pragma once

#include "imap/imap.h"

/* Puts what is now into the ticket. */
void kx_imap_save_state(KxImap *imap);

/* A new session, whose account is open, becomes what the state says. FALSE: it cannot, and must
 * end. */
gboolean kx_imap_restore_state(KxImap *imap, const void *state, size_t len);
