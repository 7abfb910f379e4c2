/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Character sets to UTF-8, through ICU: its tables are in the library, while iconv would load a
 * file per character set, which the sandbox of a role that reads mail does not allow.
 *
 * Output is always valid UTF-8 without NUL: what cannot be converted becomes U+FFFD, NUL a space.
 * Unknown names are read as UTF-8. Names may be hostile; they are cut at 64 bytes.
 */
#pragma once

#include <glib.h>

typedef struct KxCharset KxCharset; /* one conversion in progress; not thread-safe */

KxCharset *kx_charset_open(const char *name, size_t len); /* never NULL */
void kx_charset_close(KxCharset *charset);

/* Appends the converted piece; `last` flushes what is unfinished. */
void kx_charset_convert(KxCharset *charset, GString *out, const char *data, size_t len,
                        gboolean last);

/* A whole text at once; free with g_free. Without a name (len 0) or with one that is unknown or
 * US-ASCII, bytes that are not UTF-8 are taken for Windows-1252. */
char *kx_charset_to_utf8(const char *name, size_t name_len, const char *data, size_t len);

/* FALSE for a name that kx_charset_open() would read as UTF-8 because it does not know it. */
gboolean kx_charset_is_known(const char *name, size_t len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxCharset, kx_charset_close)
