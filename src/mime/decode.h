/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content-Transfer-Encoding undone piece by piece (RFC 2045 section 6), for search. Damaged input
 * decodes as far as it makes sense and sets `damaged`; it never stops early. The decoder borrows
 * its input. Not thread-safe; keep it on the stack.
 */
#pragma once

#include <glib.h>
#include "mime/part.h"

typedef struct KxMimeDecoder {
    KxMimeEncoding encoding;
    const char *pos, *end;
    const char *blank_end; /* quoted-printable: white space up to here is kept */
    guint32 bits;          /* base64: the sextets of an unfinished group */
    unsigned n_bits;
    gboolean damaged;
} KxMimeDecoder;

/* Unknown encodings pass through unchanged. */
void kx_mime_decoder_init(KxMimeDecoder *decoder, KxMimeEncoding encoding, const char *data,
                          size_t len);

/* Writes up to `room` (at least 4) decoded bytes; 0 means the end. */
size_t kx_mime_decoder_read(KxMimeDecoder *decoder, char *out, size_t room);
