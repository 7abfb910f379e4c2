/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collations of text (RFC 4790): a text is folded to a key, and keys compare as bytes (strcmp,
 * strstr) as the collation compares the texts. i;unicode-casemap (RFC 5051): each character to its
 * title case, then decomposed. Thread-safe.
 */
#pragma once

#include <glib.h>

typedef enum {
    KX_COLLATION_UNICODE, /* i;unicode-casemap (RFC 5051) */
    KX_COLLATION_ASCII,   /* i;ascii-casemap (RFC 4790 section 9.2) */
    KX_COLLATION_OCTET,   /* i;octet (RFC 4790 section 9.3) */
} KxCollation;

/* Appends the key of `text`, which is valid UTF-8 without NUL. */
void kx_casemap_append(GString *out, KxCollation collation, const char *text, size_t len);
