/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of FETCH (RFC 9051 section 6.4.5, RFC 3501 for RFC822*, RFC 7162 for MODSEQ,
 * CHANGEDSINCE and VANISHED, RFC 8474 for EMAILID and THREADID, RFC 8514 for SAVEDATE, RFC 8970 for
 * PREVIEW, RFC 9394 for PARTIAL) read into a plan: which data items to write for each message, and
 * what they need.
 */
#pragma once

#include "imap/parser.h"
#include "imap/search-partial.h"
#include "mime/section.h"

enum {
    KX_FETCH_ATTRS = 500,  /* data items in one command */
    KX_FETCH_FIELDS = 500, /* header names in one data item */
};

typedef enum {
    KX_FETCH_NEEDS_CACHE = 1 << 0,   /* ENVELOPE, BODYSTRUCTURE: from the index */
    KX_FETCH_NEEDS_CONTENT = 1 << 1, /* the message itself */
    KX_FETCH_SETS_SEEN = 1 << 2,
    KX_FETCH_HAS_FLAGS = 1 << 3,
    KX_FETCH_HAS_UID = 1 << 4,
    KX_FETCH_HAS_MODSEQ = 1 << 5,
    KX_FETCH_TAKES_SECTION = 1 << 6, /* the name is followed by "[" */
    KX_FETCH_TAKES_PARTIAL = 1 << 7, /* and may be followed by "<" */
    KX_FETCH_BINARY = 1 << 8,        /* its section is a part number alone */
    KX_FETCH_NEEDS_IDS = 1 << 9,     /* EMAILID, THREADID: from the index */
    KX_FETCH_NEEDS_PREVIEW = 1 << 10,
} KxFetchTraits;

struct KxFetchCursor;
typedef struct KxFetchAttr KxFetchAttr;
typedef void (*KxFetchWrite)(struct KxFetchCursor *cursor, const KxFetchAttr *attr);

typedef struct {
    const char *name;   /* as the client writes it */
    const char *answer; /* as the answer calls it */
    KxFetchWrite write;
    guint traits; /* KxFetchTraits */
} KxFetchKind;

/* One data item. */
struct KxFetchAttr {
    const KxFetchKind *kind;
    char *label; /* what stands before the value, with a space at its end: "BODY[1.MIME]<0> " */
    KxSection section;
    GPtrArray *fields; /* char *: header names of HEADER.FIELDS, or NULL */
    gboolean partial;
    guint64 offset, count; /* of a partial */
};

typedef struct {
    GPtrArray *attrs;      /* KxFetchAttr */
    guint traits;          /* of all of them */
    gboolean lazy_preview; /* PREVIEW (LAZY), RFC 8970 section 4 */
    gboolean since;        /* CHANGEDSINCE */
    guint64 changed_since;
    gboolean vanished; /* VANISHED, with CHANGEDSINCE */
    KxPartial partial; /* PARTIAL, if `given` is not NULL */
} KxFetchPlan;

void kx_fetch_plan_free(KxFetchPlan *plan);

/* Reads all after the sequence set and its space. NULL: the parser has the error. With `uid` the
 * plan begins with UID. */
KxFetchPlan *kx_fetch_plan_parse(KxImapParser *args, gboolean uid);

/* "(" data item *(SP data item) ")", as in NOTIFY (RFC 5465 section 8). NULL: the parser has the
 * error. */
KxFetchPlan *kx_fetch_plan_parse_list(KxImapParser *args);

/* A plan of plain data items: what STORE answers. `with` is of KX_FETCH_HAS_*. */
KxFetchPlan *kx_fetch_plan_new(guint with);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxFetchPlan, kx_fetch_plan_free)
