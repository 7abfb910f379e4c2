/* SPDX-License-Identifier: Apache-2.0 */
/* Sequence sets (RFC 9051 section 9, "sequence-set"): parsing, resolving, writing compactly. */
#pragma once

#include <glib.h>

#include "imap/parser.h"
#include "store/view.h"

enum { KX_SEQSET_RANGES = 20000 };

typedef struct {
    guint32 from, to; /* from <= to; KX_SEQSET_STAR stands for "*" */
} KxSeqRange;
#define KX_SEQSET_STAR G_MAXUINT32

typedef struct {
    GArray *ranges; /* KxSeqRange as given; merged and sorted by kx_seqset_resolve_*() */
    gboolean saved; /* "$" (RFC 5182) */
} KxSeqSet;

void kx_seqset_clear(KxSeqSet *set);
gboolean kx_imap_parse_seqset(KxImapParser *parser, KxSeqSet *ret_set);

/* The UIDs of a view a set means, ascending, as guint32. By sequence number: FALSE if one is out of range
 * (the command is then BAD). By UID: those that exist. */
gboolean kx_seqset_resolve_seqs(const KxSeqSet *set, KxView *view, GArray **ret_uids);
GArray *kx_seqset_resolve_uids(const KxSeqSet *set, KxView *view);

/* Appends ascending numbers as "1:3,7,9:12". */
void kx_seqset_format(GString *out, const guint32 *numbers, guint n);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxSeqSet, kx_seqset_clear)
