/* SPDX-License-Identifier: Apache-2.0 */
/* Words of HTTP that both halves say (RFC 9110). Pure and thread-safe. */
#pragma once

#include <glib.h>

/* The reason phrase of a status, "Not Found". */
const char *kx_http_reason(guint status);

/* IMF-fixdate (RFC 9110 section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". */
enum { KX_HTTP_DATE = 30 };
void kx_http_date(gint64 unix_seconds, char out[static KX_HTTP_DATE]);

/* Characters of a token (RFC 9110 section 5.6.2). */
gboolean kx_http_is_token_char(char c);

/* Decodes %XX in place of the first `len` bytes; what is left ends with NUL. FALSE: malformed, or
 * the result is not UTF-8 or has a NUL in it. */
gboolean kx_http_percent_decode(char *text, size_t len);
