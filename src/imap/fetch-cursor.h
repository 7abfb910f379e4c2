/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FETCH responses for the messages of a set (RFC 9051 section 7.5.2), as a cursor: in batches, in
 * the order of sequence numbers, and with memory that depends neither on their number nor on their
 * size. STORE answers through it as well.
 *
 * Messages that somebody else has expunged meanwhile are passed over, and the command ends with
 * OK [EXPUNGEISSUED]. One whose file cannot be read has no response, and the command ends with NO
 * [SERVERBUG].
 */
#pragma once

#include "imap/fetch-args.h"
#include "imap/fetch-format.h"
#include "imap/fetch-message.h"
#include "imap/vanished.h"
#include "store/content.h"

enum {
    KX_FETCH_BATCH = 256,
    KX_FETCH_CACHE_BATCH = 32, /* a body structure may take megabytes */
};

/* A value that is too long to be put together in memory; sent piece by piece. */
typedef struct {
    guint64 left;      /* bytes still to send; 0: none in progress */
    const char *bytes; /* where they are, or NULL: the part of the message that is being decoded */
    guint64 offset;    /* into the decoded part */
    GBytes *owned;     /* holds `bytes`; NULL if the message does */
    gboolean nul_kept; /* literal8 */
} KxFetchLiteral;

typedef struct KxFetchCursor {
    KxImap *imap;
    KxFetchPlan *plan;
    KxFetchPlan *seen_plan; /* what is told of messages that reading made \Seen */
    GArray *ranges;         /* KxSeqRange of sequence numbers */
    char *code;             /* of the tagged OK, or NULL */
    const char *text;
    KxVanished *vanished; /* comes first, or NULL */
    guint64 highest;      /* modseq of what was told */
    /* where it stands */
    guint range;
    guint32 next_seq;
    guint attr;             /* next data item of items[at] */
    gboolean begun;         /* items[at]: "* n FETCH (" is written */
    gsize begin;            /* and was written here, if nothing was sent since */
    gboolean any;           /* items[at]: a data item is written */
    KxImapMessage *message; /* items[at], if the plan needs content */
    KxFetchLiteral literal;
    GString *out;
    /* the batch */
    guint n, at;
    KxItem items[KX_FETCH_BATCH];
    guint32 seqs[KX_FETCH_BATCH];
    gboolean seen_now[KX_FETCH_BATCH]; /* this command set \Seen */
    KxItemCache caches[KX_FETCH_CACHE_BATCH];
    KxItemIds ids[KX_FETCH_CACHE_BATCH];
    char *previews[KX_FETCH_CACHE_BATCH];
    KxFetchZone zone;
    /* what went wrong */
    KxImapLosses losses;
    gboolean unknown_encoding;
    GError *error;
} KxFetchCursor;

/* Writes the responses as part of others, outside of FETCH. FALSE: they would be more than `room`
 * bytes; what fits is written. Takes nothing. */
gboolean kx_fetch_tell(KxImap *imap, KxFetchPlan *plan, GArray *ranges, size_t room);

/* Writes the responses and ends the command with OK, `code` (may be NULL) and `text` (static).
 * Takes the plan, the ranges and the code. */
void kx_fetch_run(KxImap *imap, KxFetchPlan *plan, GArray *ranges, char *code, const char *text);

/* The same after `vanished`, which it takes (RFC 7162 section 3.2.6). */
void kx_fetch_run_after(KxImap *imap, KxVanished *vanished, KxFetchPlan *plan, GArray *ranges,
                        char *code, const char *text);
