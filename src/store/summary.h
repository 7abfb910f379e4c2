/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the index keeps of a message for SORT, THREAD and its identity, as one short row: the keys
 * of RFC 5256 section 2 and RFC 5957 folded for i;unicode-casemap (RFC 5051), the sent date, hashes
 * of the identifiers that link messages, and the EMAILID and THREADID of RFC 8474.
 *
 * Hashes are BLAKE2b. EMAILID is one of the content, so that copies have the same, and a rebuilt
 * index too; THREADID is one of the identifier at the root of the thread: the first of References,
 * else of In-Reply-To, else the message's own, else its EMAILID. Thread-safe.
 */
#pragma once

#include <glib.h>

typedef enum {
    KX_SORT_SUBJECT, /* base subject */
    KX_SORT_FROM,    /* mailbox part of the first address */
    KX_SORT_TO,
    KX_SORT_CC,
    KX_SORT_DISPLAY_FROM, /* its display name, or the whole address */
    KX_SORT_DISPLAY_TO,
    KX_SORT_KEYS,
} KxSortKey;

enum {
    KX_OBJECT_ID_SIZE = 16,
    KX_SUMMARY_REFERENCES = 100,  /* the first, and the last of the others */
    KX_SUMMARY_SUBJECT_MAX = 500, /* bytes of a folded subject */
    KX_SUMMARY_ADDRESS_MAX = 200, /* and of the other keys */
};

typedef struct {
    guint8 bytes[KX_OBJECT_ID_SIZE];
} KxObjectId;

/* The hash of a text. */
KxObjectId kx_object_id_of(const char *format, ...) G_GNUC_PRINTF(1, 2);

typedef struct {
    gboolean reply;      /* the subject says that it is a reply or a forward */
    gboolean has_date;   /* the Date field makes sense */
    gint64 sent;         /* Unix seconds */
    KxObjectId email_id; /* RFC 8474 */
    KxObjectId thread_id;
    guint64 message_id;       /* hash; 0 if there is none */
    GArray *references;       /* guint64 hashes, oldest first: of References, else In-Reply-To */
    char *keys[KX_SORT_KEYS]; /* never NULL */
} KxSummary;

/* Of a whole message. */
void kx_summary_of(const char *data, size_t len, KxSummary *ret_summary);
void kx_summary_clear(KxSummary *summary);

/* The row of the index, and back; FALSE if the bytes make no sense. */
GBytes *kx_summary_pack(const KxSummary *summary);
gboolean kx_summary_unpack(const void *bytes, size_t len, KxSummary *ret_summary);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxSummary, kx_summary_clear)
