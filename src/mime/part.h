/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of parts of one message (RFC 5322, RFC 2045, RFC 2046), found by one linear,
 * non-recursive pass over contiguous memory. Lines may end in CRLF or bare LF.
 *
 * Parsing cannot fail: garbage is a message with one text/plain part. Caps keep time linear and
 * memory bounded whatever the input:
 *   - containers nest at most KX_MIME_MAX_DEPTH deep; a container below that stays one leaf whose
 *     `opaque` flag is set;
 *   - at most KX_MIME_MAX_PARTS parts; further parts are left in the epilogue of their multipart;
 *   - Content-* values are read up to KX_MIME_MAX_FIELD bytes each and KX_MIME_MAX_FIELDS_TOTAL per
 *     message; a boundary may have KX_MIME_MAX_BOUNDARY bytes.
 *
 * A multipart without a usable boundary parameter is text/plain (RFC 2045 section 5.2). A line is a
 * delimiter if it begins with "--" and an open boundary (RFC 2046 section 5.1.1); of several, the
 * longest counts, of equal ones the innermost. The header of a part ends at the first empty line,
 * or at a delimiter; lines in it without a colon are passed over.
 *
 * The message borrows `data`, which must outlive it and stay unchanged; all strings in the parts
 * are the message's own. A parsed message is read-only and may be used by several threads at once.
 */
#pragma once

#include <glib.h>
#include "mime/params.h"

#define KX_MIME_MAX_DEPTH        100
#define KX_MIME_MAX_PARTS        10000
#define KX_MIME_MAX_FIELD        65536
#define KX_MIME_MAX_FIELDS_TOTAL (1024 * 1024)
#define KX_MIME_MAX_BOUNDARY     998

typedef enum {
    KX_MIME_LEAF,      /* anything without parts */
    KX_MIME_MULTIPART, /* children are its body parts; may be none */
    KX_MIME_MESSAGE,   /* message/rfc822 or message/global: one child, the inner message */
} KxMimeKind;

typedef enum {
    KX_MIME_ENC_7BIT,
    KX_MIME_ENC_8BIT,
    KX_MIME_ENC_BINARY,
    KX_MIME_ENC_QUOTED_PRINTABLE,
    KX_MIME_ENC_BASE64,
    KX_MIME_ENC_UNKNOWN, /* RFC 3516 UNKNOWN-CTE */
} KxMimeEncoding;

typedef struct KxMimePart KxMimePart;
struct KxMimePart {
    KxMimePart *parent; /* NULL for the message itself */
    KxMimePart *first_child, *last_child;
    KxMimePart *next; /* next sibling */
    unsigned n_children;
    unsigned depth; /* containers around it */

    KxMimeKind kind;
    gboolean opaque; /* a container that a cap kept from being split; kind is KX_MIME_LEAF */

    /* Byte offsets into the message. The header includes the empty line after it. */
    size_t header_start, header_len;
    size_t body_start, body_len;
    size_t body_lines; /* line feeds in the body */

    /* Never NULL; lower case. */
    const char *type, *subtype;
    KxMimeParams type_params;
    KxMimeEncoding encoding;

    /* NULL when the field is absent or empty; unfolded, trimmed, free of NUL, CR and LF. */
    const char *encoding_text; /* Content-Transfer-Encoding, lower case */
    const char *id;
    const char *description;
    const char *md5;
    const char *disposition; /* lower case */
    KxMimeParams disposition_params;
    const char *language; /* comma-separated tags as written */
    const char *location;
};

typedef struct KxMimeMessage {
    const char *data;
    size_t len;
    KxMimePart *root;
    unsigned n_parts;
    struct KxMimeArena *arena;
} KxMimeMessage;

KxMimeMessage *kx_mime_parse(const char *data, size_t len); /* never NULL */
void kx_mime_message_free(KxMimeMessage *message);

/* The next part in the order of the message (depth first), or NULL. Start with message->root. */
const KxMimePart *kx_mime_part_next(const KxMimePart *part);

gboolean kx_mime_part_is(const KxMimePart *part, const char *type, const char *subtype);

/*
 * The part an IMAP part number names (RFC 9051 section 6.4.5.1); NULL if there is none. `path` of
 * length 0 is the message itself. The result is the body part: for BODY[2.HEADER] the caller wants
 * the inner message, its only child (kx_mime_section_get() in section.h does that).
 */
const KxMimePart *kx_mime_find_part(const KxMimeMessage *message, const unsigned *path, unsigned n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxMimeMessage, kx_mime_message_free)
