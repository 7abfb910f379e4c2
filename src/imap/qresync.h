/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QRESYNC (RFC 7162 section 3.2.5): a client that comes back says what it knew, and SELECT or
 * EXAMINE tells what has changed.
 */
#pragma once

#include "imap/imap.h"

typedef struct {
    gboolean given;
    guint32 uid_validity;
    guint64 modseq;
    KxSeqSet known; /* UIDs, if `ranges` is not NULL */
    /* message sequence match data: the same messages by number and by UID, ascending */
    KxSeqSet match_seqs, match_uids;
} KxQresync;

void kx_qresync_clear(KxQresync *qresync);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxQresync, kx_qresync_clear)

/* What follows QRESYNC, with its space. `ret` must be zeroed or cleared. With `uid_only` match data
 * is refused (RFC 9586 section 3.7). */
gboolean kx_qresync_parse(KxImapParser *parser, gboolean uid_only, KxQresync *ret);

/* Tells what changed in the folder that was just selected, and ends the command with OK, `code` and
 * `text` (both static). */
void kx_qresync_run(KxImap *imap, const KxQresync *qresync, const char *code, const char *text);
