/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MESSAGELIMIT and SAVELIMIT (RFC 9738): how many messages one command works on. FETCH, STORE,
 * SEARCH, MOVE and UID EXPUNGE do what they can, beginning with the highest UIDs, and their OK
 * tells how far they came; COPY, APPEND, SORT and THREAD, which are done as a whole or not at all,
 * are refused.
 */
#pragma once

#include "imap/imap.h"
#include "imap/search-partial.h"

/* The limit of this server; 0: none. */
guint32 kx_imap_message_limit(KxImap *imap);

/* The limit for messages one command adds to a mailbox; 0: none. */
guint32 kx_imap_save_limit(KxImap *imap);

/* Leaves the highest numbers of ascending ranges of sequence numbers, or of ascending UIDs, as many
 * as the limit allows; imap->limit_uid tells if some were left out. */
void kx_imap_limit_ranges(KxImap *imap, GArray **ranges);
void kx_imap_limit_uids(KxImap *imap, GArray *uids);

/* May COPY or APPEND take so many messages? NO was sent if not. `uids` (may be NULL) are those to
 * be copied. */
gboolean kx_imap_admit_saving(KxImap *imap, guint n, const GArray *uids);

/* May a command that cannot do less look at n messages (SORT, THREAD)? NO was sent if not. */
gboolean kx_imap_admit_all(KxImap *imap, guint n);

/* May FETCH look at a window of that size? NO was sent if not. */
gboolean kx_imap_admit_window(KxImap *imap, const KxPartial *partial);

/* "MESSAGELIMIT 1000 23221", without the UID if it is 0. */
char *kx_imap_limit_code(KxImap *imap, guint32 uid);
