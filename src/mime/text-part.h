/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of type text opened for a change: decoded, then encoded again as it was. Only if new text
 * does not fit into the part's character set or encoding, these are changed to UTF-8 and
 * quoted-printable, with the fields that say so. Not thread-safe.
 */
#pragma once

#include "mime/edits.h"
#include "mime/part.h"

#define KX_TEXT_PART_MAX (16 * 1024 * 1024) /* encoded bytes; larger ones are not opened */

typedef struct {
    const KxMimeMessage *message; /* borrowed */
    const KxMimePart *part;
    GString *bytes;  /* decoded, in the part's character set */
    char *utf8;      /* the same in UTF-8 */
    gboolean native; /* the character set is UTF-8, or has ASCII in it and no more is there */
} KxTextPart;

/* FALSE: it cannot be, for size, an unknown encoding, or a header that does not end. */
gboolean kx_text_part_open(const KxMimeMessage *message, const KxMimePart *part,
                           KxTextPart *ret_text);
void kx_text_part_clear(KxTextPart *text);

/* Puts `insert` (UTF-8 with CRLF) at that byte of the text in UTF-8. FALSE: the text is in a
 * character set that is not understood. */
gboolean kx_text_part_insert(const KxTextPart *text, size_t at, const char *insert,
                             KxMimeEdits *edits);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxTextPart, kx_text_part_clear)
