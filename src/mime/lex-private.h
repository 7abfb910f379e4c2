/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lexical pieces that structured header fields share: RFC 5322 section 3.2, RFC 2045 section
 * 5.1. Private to src/mime. All functions are linear and stop at `end`.
 */
#pragma once

#include <glib.h>

typedef struct KxLex {
    const char *pos;
    const char *end;
} KxLex;

/* Passes over white space, line endings, NUL and (nested) comments. If `comment` is not NULL and a
 * comment was met, it holds the text of the last one. */
void kx_lex_skip(KxLex *lex, GString *comment);

/* A token of RFC 2045; FALSE if there is none at this place. */
gboolean kx_lex_token(KxLex *lex, const char **ret_start, size_t *ret_len);

/* At a double quote: appends the string without quotes, escapes, line endings and NUL. */
void kx_lex_quoted(KxLex *lex, GString *out);

/* Passes over `c` if it is next. */
gboolean kx_lex_accept(KxLex *lex, char c);
