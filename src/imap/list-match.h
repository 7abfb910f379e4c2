/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of LIST (RFC 9051 section 6.3.9): '*' stands for anything, '%' for anything without '/'.
 * Time is bounded by the product of both lengths, whatever the pattern; there is no backtracking.
 * Pure and thread-safe.
 */
#pragma once

#include <glib.h>

enum { KX_LIST_PATTERN_MAX = 1024 }; /* bytes; longer patterns match nothing */

/* Bytes are compared exactly, but a first level INBOX in any case. */
gboolean kx_list_match(const char *pattern, const char *path);
