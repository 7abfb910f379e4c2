/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEARCH over decoded text (RFC 9051 section 6.4.4): substrings, compared after decoding transfer
 * encoding, encoded words and character set to UTF-8, then case folding and compatibility
 * decomposition on both sides (in the spirit of i;unicode-casemap, RFC 5051). Bodies are read in
 * pieces, so memory stays bounded. Thread-safe; a KxNeedle is read-only once made.
 */
#pragma once

#include <glib.h>
#include "mime/casemap.h"
#include "mime/part.h"

typedef struct KxNeedle KxNeedle;

/* `text` is UTF-8 (other bytes are replaced); an empty needle matches everything. The collation is
 * that of the needle; what is said above is of KX_COLLATION_UNICODE. */
KxNeedle *kx_needle_new(KxCollation collation, const char *text, size_t len);
void kx_needle_free(KxNeedle *needle);

KxCollation kx_needle_collation(const KxNeedle *needle);

/* What is sought, folded for KX_COLLATION_UNICODE (mime/fold.h); the needle's own. NULL if it
 * compares otherwise. */
const char *kx_needle_folded(const KxNeedle *needle, size_t *ret_len);
gboolean kx_needle_is_empty(const KxNeedle *needle);

/* Any UTF-8 text: an address, a subject. */
gboolean kx_needle_in_text(const KxNeedle *needle, const char *text, size_t len);

/* HEADER: any field of that name contains it. `header` may be a whole message. */
gboolean kx_mime_search_header(const char *header, size_t len, const char *name,
                               const KxNeedle *needle);

/* BODY: text parts, and the headers of enclosed messages. */
gboolean kx_mime_search_body(const KxMimeMessage *message, const KxNeedle *needle);

/* TEXT: the message's header or BODY. */
gboolean kx_mime_search_text(const KxMimeMessage *message, const KxNeedle *needle);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxNeedle, kx_needle_free)
