/* SPDX-License-Identifier: Apache-2.0 */
/* HTML to text: any bytes give text, and nothing but valid text. */
#include "convert/content.h"
#include "convert/limits.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len);

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len)
{
    KxContent content = {(const char *)bytes, len, "", ""};
    g_auto(KxTextOut) out;
    g_autoptr(GError) error = NULL;
    kx_text_out_init(&out);
    gboolean ok = kx_convert_html(&content, &out, &error);
    g_assert(ok == (error == NULL));
    g_assert(out.text->len <= KX_CONVERT_TEXT_MAX);
    g_assert(g_utf8_validate(out.text->str, (gssize)out.text->len, NULL));
    return 0;
}
