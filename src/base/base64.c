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

/* Bits behind the last whole byte, which have to be zero, are looked at by encoding again. */
GBytes *kx_base64url_decode(const char *text, size_t len)
{
    gint state = 0;
    guint save = 0;
    if (len % 4 == 1)
        return NULL;
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum(text[i]) && text[i] != '-' && text[i] != '_')
            return NULL;
    g_autofree char *plain = g_strndup(text, len);
    guchar *bytes = g_malloc(len + 3);
    g_strdelimit(plain, "-", '+');
    g_strdelimit(plain, "_", '/');
    size_t n = g_base64_decode_step(plain, len, bytes, &state, &save);
    n += g_base64_decode_step("==", (4 - len % 4) % 4, bytes + n, &state, &save);
    g_autofree char *again = kx_base64url(bytes, n);
    if (strncmp(again, text, len) == 0 && again[len] == '\0')
        return g_bytes_new_take(bytes, n);
    g_free(bytes);
    return NULL;
}
