/* SPDX-License-Identifier: Apache-2.0 */
/* Content-Transfer-Encoding of texts (RFC 2045 section 6). Pure and thread-safe. */
#pragma once

#include "mime/part.h"

/* Appends the encoded bytes, which for 7bit, 8bit and binary are the same. Lines of the output end
 * in CRLF. Quoted-printable takes CRLF and bare LF as line breaks and everything else as it is. */
void kx_mime_encode(GString *out, KxMimeEncoding encoding, const char *data, size_t len);
