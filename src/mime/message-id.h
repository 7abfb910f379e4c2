/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message identifiers in Message-ID, References and In-Reply-To (RFC 5322 section 3.6.4), in the
 * one form in which they can be compared: without quoting, comments and folds (RFC 5256 section 3,
 * THREAD, REFERENCES). Linear, pure and thread-safe.
 */
#pragma once

#include <glib.h>

enum { KX_MESSAGE_ID_MAX = 1000 }; /* bytes; longer ones are passed over */

/* Finds the next identifier "left@right" between angle brackets at or after `*pos`, puts it without
 * the brackets into `out`, and moves `*pos` behind it. FALSE: there is none left. */
gboolean kx_message_id_next(const char **pos, const char *end, GString *out);
