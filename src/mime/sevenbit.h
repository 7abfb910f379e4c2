/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message for servers that take no 8-bit content (RFC 6152 section 3): leaf parts with 8-bit
 * bytes or binary content become quoted-printable if they are text, else base64, and the parts
 * around them are labelled 7bit. A message without MIME fields becomes text in a character set that
 * is not known (RFC 1428). Pure and thread-safe.
 *
 * Left as they are: multipart/signed, which would not be good any more; message/partial and the
 * like, which may not be encoded (RFC 2045 section 6.4); header fields.
 */
#pragma once

#include "mime/edits.h"

/* What to change, or NULL if there is nothing that could be. */
KxMimeEdits *kx_mime_sevenbit_edits(const char *data, size_t len);
