/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts (RFC 5267 section 4): searches whose results the client wants to be told the changes of,
 * "RETURN (UPDATE ...)". Each keeps its program and the messages it found. When the folder's news
 * are told (sync.c), removed messages leave the results before EXPUNGE says so, and what is new or
 * has changed is matched again after EXISTS and FETCH.
 *
 * A context does not outlive the selection. It does not outlive the core either: the client is then
 * told that there will be no updates (NOUPDATE).
 */
#pragma once

#include "imap/search-run.h"

enum { KX_SEARCH_CONTEXTS = 10 }; /* of one session */

/* The search of `task` is to be kept. Takes task->program (task->program_kept); appends NOUPDATE if
 * it cannot be kept. The results are in task->found; `criteria` (borrowed, NULL for SEARCH) is what
 * they are sorted by. `uid`: results are told as UIDs. */
void kx_context_add(KxSearchTask *task, const GArray *criteria, gboolean uid, GString *out);

gboolean kx_context_exists(KxImap *imap, const char *tag);
gboolean kx_context_cancel(KxImap *imap, const char *tag); /* FALSE: there is none */
void kx_contexts_clear(KxImap *imap);

/* Before removals are told: UIDs, ascending, and their sequence numbers as before, descending. */
void kx_contexts_tell_removed(KxImap *imap, const GArray *uids, const GArray *seqs);

/* After new messages and changes are told. */
void kx_contexts_tell_changed(KxImap *imap);

/* The tags of contexts, each with its NUL, as far as they fit; and what becomes of them after a
 * restart of the core: told as NOUPDATE with the next news. */
size_t kx_contexts_save(KxImap *imap, char *tags, size_t room);
void kx_contexts_restore(KxImap *imap, const char *tags, size_t len);
