/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What content is, and plain text: the first line is the declared type, the second the name of the
 * file, the rest the content. Formats with a target of their own are only recognised.
 */
#include "../convert.h"
#include "base/error.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len);

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len)
{
    g_autofree char *copy = g_strndup((const char *)bytes, len);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", 3);
    guint n = g_strv_length(lines);
    size_t head = n < 3 ? len : strlen(lines[0]) + strlen(lines[1]) + 2;
    KxContent content = {(const char *)bytes + head, len - head, n > 0 ? lines[0] : "",
                         n > 1 ? lines[1] : ""};
    g_auto(KxTextOut) out;
    g_autoptr(GError) error = NULL;
    kx_text_out_init(&out);
    KxConverter converter = kx_convert_find(&content, &error);
    g_assert((converter == NULL) == g_error_matches(error, KX_ERROR, KX_ERR_INVALID));
    g_assert(kx_convert_plain(&content, &out, NULL));
    check_text(&out);
    return 0;
}
