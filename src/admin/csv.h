/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of comma-separated values as administrators' tables come (USR-53): a cell may stand in
 * "..." or '...', where the quote itself is written twice; spaces around cells do not count. A cell
 * does not go over the end of its line. Pure and thread-safe.
 */
#pragma once

#include <glib.h>

enum { KX_CSV_CELLS_MAX = 100 }; /* of a line */

/* The cells of a line, which has no line end. NULL with KX_ERR_INVALID. */
GPtrArray *kx_csv_split(const char *line, char separator, GError **error);

/* Appends a cell for commas as separators, behind a comma unless it is the `first`. */
void kx_csv_append(GString *line, const char *cell, gboolean first);

/* The next line of a text, without its end (LF or CRLF), and the text behind it; NULL at the end.
 */
char *kx_csv_line(const char **text);

/* A table that comes from elsewhere as UTF-8, without its byte order mark; that of UTF-16 is
 * understood. `encoding` NULL: UTF-8. NULL with KX_ERR_INVALID. */
char *kx_csv_decode(const char *bytes, size_t len, const char *encoding, GError **error);
