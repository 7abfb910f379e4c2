/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 as RFC 4648 section 4 has it, strictly: for what a peer must send in exactly this form.
 * (g_base64_decode() passes over what does not belong there.) Pure and thread-safe. */
#pragma once

#include <glib.h>

/* Decodes in place: the first *ret_len bytes are the content. FALSE, with the text unchanged, if it
 * is not base64. An empty text is empty content. */
gboolean kx_base64_decode(char *text, size_t len, size_t *ret_len);

/* The alphabet for URLs and file names, without padding (section 5); the caller's. */
char *kx_base64url(const void *bytes, size_t len);

/* The same back, strictly: NULL if it is not that, or not the only way to write its content. */
GBytes *kx_base64url_decode(const char *text, size_t len);
