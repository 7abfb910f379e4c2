/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header fields of a message or part: RFC 5322 section 2.2, encoded words RFC 2047. Every function
 * takes arbitrary bytes, is linear, pure and thread-safe.
 */
#pragma once

#include <glib.h>

typedef struct KxHeaderField {
    const char *start; /* the whole field with its line ending */
    size_t len;
    const char *name;  /* as written, without white space before the colon */
    size_t name_len;   /* 0: a line without a colon, or with nothing before it */
    const char *value; /* all after the colon: may hold folds, CR, NUL; no final line ending */
    size_t value_len;
} KxHeaderField;

typedef struct KxHeaderIter {
    const char *pos;
    const char *end;
} KxHeaderIter;

/* `header` may go on past the header: iteration stops at the first empty line. */
void kx_header_iter_init(KxHeaderIter *iter, const char *header, size_t len);
gboolean kx_header_iter_next(KxHeaderIter *iter, KxHeaderField *ret_field);

gboolean kx_header_field_is(const KxHeaderField *field, const char *name);

/* The first field of that name; FALSE if absent. */
gboolean kx_header_find(const char *header, size_t len, const char *name, KxHeaderField *ret_field);

/* The length of the header with its empty line: where the body starts. `len` if there is none. */
size_t kx_header_length(const char *data, size_t len);

/* Unfolds a raw value of which at most `max` bytes are read: line endings and NUL go, white space
 * around goes, the rest stays as it is (8-bit bytes included). Free with g_free. */
char *kx_header_unfold(const char *value, size_t len, size_t max);

/* Unfolds and decodes encoded words. Always valid UTF-8: bytes that are not UTF-8 are taken for
 * Windows-1252, and so is text in a character set nobody knows. Free with g_free. */
char *kx_header_decode(const char *value, size_t len, size_t max);
