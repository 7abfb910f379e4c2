/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From content to text: what the convert role does with hostile bytes. What the content is, its
 * first bytes decide before the declared type, and that before the name of the file.
 *
 * Pure functions of their input: no file, no network, no state that outlives a call. Memory and
 * time are bounded by caps here as far as that is cheap, and by the limits of the process for the
 * rest. Thread-safe.
 */
#pragma once

#include <glib.h>

#include "convert/out.h"

typedef struct KxContent {
    const char *data;
    size_t len;
    const char *type;      /* as declared, with parameters; "" if not */
    const char *file_name; /* "" if there is none */
} KxContent;

/* One for each format. Errors: KX_ERR_CORRUPT, the content is not what it seems; KX_ERR_DENIED, it
 * is encrypted; KX_ERR_TOO_BIG, it would unfold to more than anybody wants. Text that was found
 * before an error stays in `out`. */
typedef gboolean (*KxConverter)(const KxContent *content, KxTextOut *out, GError **error);

gboolean kx_convert_plain(const KxContent *content, KxTextOut *out, GError **error);
gboolean kx_convert_html(const KxContent *content, KxTextOut *out, GError **error);
gboolean kx_convert_rtf(const KxContent *content, KxTextOut *out, GError **error);
gboolean kx_convert_office(const KxContent *content, KxTextOut *out, GError **error);
gboolean kx_convert_pdf(const KxContent *content, KxTextOut *out, GError **error);

/* The converter for the content; NULL with KX_ERR_INVALID: there is no text in it. */
KxConverter kx_convert_find(const KxContent *content, GError **error);

/* The charset parameter of a declared type, lower case; NULL if there is none. */
char *kx_convert_charset(const char *type);
