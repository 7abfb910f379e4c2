/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An item is one thing in a folder: a mail, an event, a contact, a task, a note. Its content is a
 * file of its own; what is listed here is what the index knows about it.
 */
#pragma once

#include <glib.h>

/* System flags (RFC 9051 section 2.3.2), in this order in KxItem.flags and in the index. */
typedef enum {
    KX_FLAG_SEEN = 1 << 0,
    KX_FLAG_ANSWERED = 1 << 1,
    KX_FLAG_FLAGGED = 1 << 2,
    KX_FLAG_DELETED = 1 << 3,
    KX_FLAG_DRAFT = 1 << 4,
} KxItemFlags;
#define KX_FLAG_ALL 0x1f

enum {
    KX_KEYWORD_MAX_LEN = 100, /* bytes of one keyword */
    KX_KEYWORDS_PER_ITEM = 100,
    KX_KEYWORDS_PER_FOLDER = 1000,
};

/* A set of keywords: NULL-terminated, in the order of first use in the folder, interned: equal sets
 * are the same pointer, and it lives as long as the folder is open. The empty set is NULL. */
typedef const char *const *KxKeywords;

typedef struct {
    guint32 uid;   /* never 0 */
    guint32 flags; /* KxItemFlags */
    KxKeywords keywords;
    guint64 modseq;       /* of the last change to flags or keywords, or of arrival */
    guint64 size;         /* bytes of content, CRLF as stored */
    gint64 internal_date; /* Unix seconds */
    gint64 save_date;     /* Unix seconds: put into this folder (RFC 8514) */
} KxItem;
