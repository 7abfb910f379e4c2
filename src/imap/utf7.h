/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modified UTF-7, the form of mailbox names for clients without IMAP4rev2 (RFC 3501 section 5.1.3).
 * Pure and thread-safe.
 */
#pragma once

#include <glib.h>

/* Appends the UTF-8 text as modified UTF-7; the text must be valid UTF-8. */
void kx_utf7_encode(GString *out, const char *text);

/* Appends modified UTF-7 as UTF-8. FALSE, with `out` as it was, if the input is not well-formed:
 * bytes outside printable ASCII, an unfinished shift, ASCII inside a shift, bits left over, half a
 * surrogate pair, U+0000. */
gboolean kx_utf7_decode(GString *out, const char *text, size_t len);
