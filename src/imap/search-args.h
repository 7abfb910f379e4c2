/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of SEARCH (RFC 9051 section 6.4.4, RFC 3501; RFC 5032 WITHIN, RFC 5182 SAVE, RFC
 * 7162 MODSEQ, RFC 8514 SAVEDATE, RFC 9394 PARTIAL, RFC 6203 FUZZY) read into a program: a tree
 * of keys, and what to return.
 *
 * Keys know what they cost; those of an AND or OR are sorted by it, so that content is read only
 * for messages about which the index leaves a doubt.
 */
#pragma once

#include "imap/imap.h"
#include "imap/search-partial.h"
#include "mime/fuzzy.h"
#include "mime/text.h"
#include "search/search.h"

enum {
    KX_SEARCH_DEPTH = 100, /* of parentheses, NOT and OR */
    KX_SEARCH_KEYS = 2000,
};

/* What must be read to decide a key, in the order of price. */
typedef enum {
    KX_SEARCH_INDEX,
    KX_SEARCH_ENVELOPE,
    KX_SEARCH_HEADER,
    KX_SEARCH_BODY,
} KxSearchCost;

typedef enum { KX_SEARCH_TEST, KX_SEARCH_NOT, KX_SEARCH_AND, KX_SEARCH_OR } KxSearchOp;

struct KxSearchMessage;
typedef struct KxSearchKey KxSearchKey;
typedef struct KxSearchHints KxSearchHints; /* search-fulltext.h */
typedef enum { KX_MATCH_NO, KX_MATCH_YES, KX_MATCH_MAYBE } KxMatch;
typedef KxMatch (*KxSearchGuess)(const KxSearchKey *key, struct KxSearchMessage *message);
typedef gboolean (*KxSearchMatch)(const KxSearchKey *key, struct KxSearchMessage *message);

struct KxSearchKey {
    KxSearchOp op;
    KxSearchCost cost; /* the most that may be needed */
    GPtrArray *keys;   /* KxSearchKey, for NOT, AND, OR */
    /* a test */
    KxSearchMatch match;
    KxSearchGuess guess; /* what can be said before so much is read; may be NULL */
    guint param;         /* a flag, or a field of the envelope */
    gint64 number;       /* days since 1970, seconds, bytes or a modseq */
    char *word;          /* keyword or header name */
    KxNeedle *needle;
    KxFuzzy *fuzzy;       /* match by this instead */
    KxSearchHints *hints; /* what the index knows; NULL: nothing */
    KxSeqSet set;
    KxSeqSetKind set_kind;
    GArray *seqs; /* the set resolved: KxSeqRange */
    GArray *uids; /* once it is frozen, in place of `seqs`: KxSeqRange of UIDs */
};

typedef enum {
    KX_RETURN_MIN = 1 << 0,
    KX_RETURN_MAX = 1 << 1,
    KX_RETURN_ALL = 1 << 2,
    KX_RETURN_COUNT = 1 << 3,
    KX_RETURN_SAVE = 1 << 4,
    KX_RETURN_PARTIAL = 1 << 5,
    KX_RETURN_CONTEXT = 1 << 6, /* RFC 5267: a hint, which is not needed here */
    KX_RETURN_UPDATE = 1 << 7,
    KX_RETURN_RELEVANCY = 1 << 8, /* RFC 6203 */
} KxSearchReturn;

typedef struct {
    KxSearchKey *root;
    gboolean extended;     /* RETURN was given */
    guint returns;         /* KxSearchReturn */
    KxCollation collation; /* how texts are compared */
    KxPartial partial;     /* with KX_RETURN_PARTIAL */
    gboolean modseq;       /* a MODSEQ key: the answer carries one */
    gboolean uses_envelope;
    gboolean uses_ids;      /* EMAILID or THREADID */
    gboolean uses_dates;    /* SENTBEFORE and the like: sort data spare most envelopes */
    gboolean fuzzy;         /* a FUZZY key */
    KxSearchReader *reader; /* while it runs; NULL: no index */
    gboolean bad_charset;   /* the command is NO [BADCHARSET] */
} KxSearchProgram;

/* Reads all arguments. NULL: the parser has the error. `now` (Unix seconds) is for OLDER and
 * YOUNGER; with `charset_allowed` FALSE a CHARSET is an error (RFC 6855 section 3). */
KxSearchProgram *kx_search_parse(KxImapParser *args, KxCollation collation,
                                 gboolean charset_allowed, gint64 now);

/* Is there a sequence set among the keys ("$" does not count)? After ENABLE UIDONLY that is an
 * error (RFC 9586 section 3.5). */
gboolean kx_search_uses_numbers(const KxSearchProgram *program);
void kx_search_program_free(KxSearchProgram *program);

/* The same in pieces, for other commands that search; `program` is zeroed memory to begin with, but
 * for its collation.
 * "RETURN (...) " if it is there; then the keys, with CHARSET before them as in SEARCH, or with the
 * name of a character set as in SORT and THREAD (RFC 5256). */
gboolean kx_search_parse_returns(KxImapParser *args, KxSearchProgram *program);
gboolean kx_search_parse_keys(KxImapParser *args, KxSearchProgram *program,
                              gboolean charset_allowed, gint64 now);
gboolean kx_search_parse_sorted_keys(KxImapParser *args, KxSearchProgram *program, gint64 now);

/* Resolves the sequence sets of the program; `saved` is what "$" stands for, or NULL. Numbers out
 * of range match nothing, as in an empty folder "1:*". */
void kx_search_resolve(KxSearchProgram *program, KxView *view, const GArray *saved);

/* Makes of sequence numbers the messages they mean now, for a program that is kept (RFC 5267
 * section 4.3); UIDs up to "*" go on without end. */
void kx_search_freeze(KxSearchProgram *program, KxView *view);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxSearchProgram, kx_search_program_free)
