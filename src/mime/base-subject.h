/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The base subject of a message (RFC 5256 section 2.1): the subject without "Re:", "Fwd:", "(fwd)",
 * "[list]" and the like. Thread-safe.
 */
#pragma once

#include <glib.h>

enum { KX_SUBJECT_MAX = 2000 }; /* bytes of a subject that are looked at */

/* Of the raw value of a Subject field, encoded words and folds included; UTF-8, to be freed with
 * g_free. `ret_reply`: something that marks a reply or a forward was removed. */
char *kx_base_subject(const char *value, size_t len, gboolean *ret_reply);
