/* SPDX-License-Identifier: Apache-2.0 */
/* The base subject of RFC 5256 section 2.1, for SORT and THREAD. Pure and thread-safe. */
#pragma once

#include <glib.h>

/* `subject` is decoded UTF-8 (kx_header_decode()). Returns the base subject, "" if nothing is left;
 * *ret_reply_or_forward (may be NULL) says whether something like "Re:" or "Fwd:" was taken off.
 * The case is kept: callers compare with i;unicode-casemap. Free with g_free. */
char *kx_subject_base(const char *subject, gboolean *ret_reply_or_forward);
