/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <string.h>

static gboolean is_base64(const char *text, size_t len)
{
    size_t padding = 0;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < len - padding; i++) {
        if (!g_ascii_isalnum(text[i]) && text[i] != '+' && text[i] != '/')
            return FALSE;
    }
    return len % 4 == 0;
}

gboolean kx_base64_decode(char *text, size_t len, size_t *ret_len)
{
    if (!is_base64(text, len))
        return FALSE;
    gint state = 0;
    guint save = 0;
    *ret_len = g_base64_decode_step(text, len, (guchar *)text, &state, &save);
    return TRUE;
}

char *kx_base64url(const void *bytes, size_t len)
{
    char *text = g_base64_encode(bytes, len);
    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    text[strcspn(text, "=")] = '\0';
    return text;
}
