/* SPDX-License-Identifier: Apache-2.0 */
/* What mechanisms read alike. */
#include "core/sasl-private.h"

gboolean kx_sasl_is_clean(KxSlice text, size_t max)
{
    return text.len <= max && !memchr(text.data, 0, text.len) &&
           g_utf8_validate(text.data, (gssize)text.len, NULL);
}

char *kx_sasl_unescape(const char *text)
{
    GString *out = g_string_new(NULL);
    for (; *text; text++) {
        if (*text != '=') {
            g_string_append_c(out, *text);
            continue;
        }
        gboolean comma = strncmp(text, "=2C", 3) == 0;
        if (!comma && strncmp(text, "=3D", 3) != 0) {
            g_string_free(out, TRUE);
            return NULL;
        }
        g_string_append_c(out, comma ? ',' : '=');
        text += 2;
    }
    return g_string_free(out, FALSE);
}
