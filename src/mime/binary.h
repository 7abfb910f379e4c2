/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BINARYMIME (RFC 3030) to what 8BITMIME may carry: IMAP and most peers want no NUL, bare CR, bare
 * LF or over-long line.
 */
#pragma once

#include <glib.h>

typedef gboolean (*KxMimeSink)(const void *bytes, size_t len, gpointer user, GError **error);

/*
 * Writes the message to `sink`: each leaf that is binary in fact (NUL, bare CR or LF, a line over
 * 998 bytes) becomes base64 and its Content-Transfer-Encoding says so; "binary" of other parts and
 * of their containers becomes "8bit". All other bytes stay, but for NUL, bare CR and bare LF in
 * headers and between parts, which go or become CRLF. FALSE when the sink fails, with its error.
 */
gboolean kx_mime_to_binary_safe(const char *data, size_t len, KxMimeSink sink, gpointer user,
                                GError **error);
