/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequence sets (RFC 9051 section 9, "sequence-set"): parsing, resolving, writing compactly.
 *
 * A set as the client wrote it is a list of ranges in any order; resolved against a view it becomes
 * ascending ranges of sequence numbers that neither overlap nor touch, however the client wrote it.
 * Ranges keep "1:*" of a folder with a million items two words.
 */
#pragma once

#include <glib.h>

#include "imap/parser.h"
#include "store/view.h"

enum { KX_SEQSET_RANGES = 20000 };

typedef struct {
    guint32 from, to; /* from <= to; KX_SEQSET_STAR stands for "*" */
} KxSeqRange;

/* "*". The number 4294967295 itself is read as 4294967294: no message ever has either. */
#define KX_SEQSET_STAR G_MAXUINT32

typedef struct {
    GArray *ranges; /* KxSeqRange as given; NULL with `saved` */
    gboolean saved; /* "$" (RFC 5182) */
} KxSeqSet;

/* What the numbers of a set are. */
typedef enum { KX_SEQSET_SEQS, KX_SEQSET_UIDS } KxSeqSetKind;

void kx_seqset_clear(KxSeqSet *set);
gboolean kx_imap_parse_seqset(KxImapParser *parser, KxSeqSet *ret_set);

/* Sorted, merged, with `max` for "*", as a new array of KxSeqRange. */
GArray *kx_seqset_normalize(const GArray *ranges, guint32 max);

/* The sequence numbers of a view a set means, as KxSeqRange, ascending and apart. `saved` is what
 * "$" stands for: ascending guint32 UIDs, or NULL for none. By sequence number: FALSE if one is out
 * of range, for which most commands are BAD (RFC 9051 section 9), while the rest is in
 * `ret_ranges`. By UID, and for "$": those the view has. */
gboolean kx_seqset_resolve(const KxSeqSet *set, KxSeqSetKind kind, KxView *view,
                           const GArray *saved, GArray **ret_ranges);

/* The UIDs of such ranges, ascending, as guint32; and the other way about, for ascending UIDs of
 * which those the view does not have are left out. */
GArray *kx_seqset_to_uids(const GArray *ranges, KxView *view);
GArray *kx_seqset_from_uids(const GArray *uids, KxView *view);

/* The UIDs a set of UIDs means, whether there are such messages or not, with `max` for "*". */
GArray *kx_seqset_uid_ranges(const KxSeqSet *set, guint32 max, const GArray *saved);

/* The sequence numbers of messages in ranges of UIDs that are ascending and apart. */
GArray *kx_seqset_from_uid_ranges(const GArray *uid_ranges, KxView *view);

/* The lowest sequence number whose UID is at least `uid`; count + 1 if there is none. */
guint32 kx_seqset_first_from(KxView *view, guint32 uid);

/* What two such lists of ranges share. */
GArray *kx_seqset_intersect(const GArray *a, const GArray *b);

/* How many numbers ranges have that are apart; and those of n of them from the position `first`,
 * which counts from 0. */
guint kx_seqset_count(const GArray *ranges);
GArray *kx_seqset_slice(const GArray *ranges, guint first, guint n);

/* TRUE if a number is in ranges that are ascending and apart. */
gboolean kx_seqset_contains(const GArray *ranges, guint32 number);

/* Appends ascending numbers as "1:3,7,9:12". */
void kx_seqset_format(GString *out, const guint32 *numbers, guint n);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxSeqSet, kx_seqset_clear)
