/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VANISHED (RFC 7162 section 3.2.10): messages that are gone, as UIDs. Long sets are cut into
 * several responses. VANISHED (EARLIER) tells what went while the client was not there, in answer
 * to SELECT (QRESYNC) and UID FETCH (VANISHED).
 *
 * Where the folder no longer knows what was removed since then, every UID counts as vanished that
 * the client may know and the folder does not have (section 3.2.5.1 allows that).
 */
#pragma once

#include "imap/imap.h"

/* "* VANISHED 1:3,7" for ascending guint32 UIDs, not none. */
void kx_vanished_write(KxImap *imap, const GArray *uids);

typedef struct KxVanished KxVanished;

/* What vanished since `modseq` of the UIDs in `known` (KxSeqRange, ascending and apart; taken).
 * UIDs up to `intact` are known to be there still, if that cannot be looked up. */
KxVanished *kx_vanished_new(KxImap *imap, guint64 modseq, GArray *known, guint32 intact);
void kx_vanished_free(KxVanished *vanished);

/* Writes until the session is full; TRUE when all is told. */
gboolean kx_vanished_step(KxVanished *vanished);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxVanished, kx_vanished_free)
