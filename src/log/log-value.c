/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log-value.h"

#include "base/text.h"

void kx_log_append_plain(GString *line, const char *value)
{
    g_autofree char *clean = kx_escape_for_log(value ? value : "", -1, KX_LOG_VALUE_MAX);
    g_string_append(line, clean);
}

void kx_log_append_address(GString *line, const char *address)
{
    g_autofree char *clean = kx_escape_for_log(address ? address : "", -1, KX_LOG_ADDRESS_MAX);
    g_string_append_c(line, '<');
    for (const char *at = clean; *at; at++) {
        if (*at == '<' || *at == '>')
            g_string_append_printf(line, "\\x%02X", (guint)*at);
        else
            g_string_append_c(line, *at);
    }
    g_string_append_c(line, '>');
}

void kx_log_append_quoted(GString *line, const char *value, char quote)
{
    size_t len = value ? strlen(value) : 0;
    size_t used = MIN(len, KX_LOG_VALUE_MAX);
    while (used < len && used > 0 && ((guchar)value[used] & 0xc0) == 0x80)
        used--;
    g_string_append_c(line, quote);
    /* Piece by piece, so that the backslash of an escaped control character is not doubled. */
    for (size_t at = 0; at < used;) {
        size_t piece = 0;
        while (at + piece < used && value[at + piece] != quote && value[at + piece] != '\\')
            piece++;
        g_autofree char *clean = kx_escape_for_log(value + at, (gssize)piece, piece);
        g_string_append(line, clean);
        at += piece;
        if (at < used) {
            g_string_append_c(line, '\\');
            g_string_append_c(line, value[at++]);
        }
    }
    if (len > used)
        g_string_append(line, "...");
    g_string_append_c(line, quote);
}
