/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The readable text of HTML, for previews and search: tags, comments, scripts and styles go,
 * character references become what they stand for, blocks are apart. It is no HTML parser: it takes
 * any bytes, is linear, and never fails. Thread-safe.
 */
#pragma once

#include <glib.h>

/* Appends the text of `html` (valid UTF-8), at most about `max` bytes. */
void kx_html_append_text(GString *out, const char *html, size_t len, size_t max);
