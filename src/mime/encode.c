/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/encode.h"

enum {
    BASE64_LINE = 57, /* bytes that make a line of 76 digits */
    QP_LINE = 75,     /* characters of a line, before the "=" that breaks it */
};

static void append_base64(GString *out, const char *data, size_t len)
{
    for (size_t n; len > 0; data += n, len -= n) {
        n = MIN(len, BASE64_LINE);
        g_autofree char *line = g_base64_encode((const guchar *)data, n);
        g_string_append(out, line);
        g_string_append(out, "\r\n");
    }
}

/* One line without its end. White space at the end would be lost on the way; so would "From ", "."
 * and
 * "--" at the start, to programs that mistake them. */
static void append_quoted_line(GString *out, const char *line, size_t len)
{
    size_t column = 0;
    for (size_t i = 0; i < len; i++) {
        guchar c = (guchar)line[i];
        gboolean blank = c == ' ' || c == '\t';
        gboolean plain = (c > ' ' && c < 0x7f && c != '=') || (blank && i + 1 < len);
        plain = plain && !(i == 0 && (c == '.' || c == 'F' || c == '-'));
        size_t width = plain ? 1 : 3;
        if (column + width > QP_LINE) {
            g_string_append(out, "=\r\n");
            column = 0;
        }
        if (plain)
            g_string_append_c(out, (char)c);
        else
            g_string_append_printf(out, "=%02X", c);
        column += width;
    }
}

static void append_quoted_printable(GString *out, const char *data, size_t len)
{
    const char *end = data + len;
    while (data < end) {
        const char *lf = memchr(data, '\n', (size_t)(end - data));
        const char *stop = lf ? lf : end;
        if (lf && stop > data && stop[-1] == '\r')
            stop--;
        append_quoted_line(out, data, (size_t)(stop - data));
        if (lf)
            g_string_append(out, "\r\n");
        data = lf ? lf + 1 : end;
    }
}

void kx_mime_encode(GString *out, KxMimeEncoding encoding, const char *data, size_t len)
{
    if (encoding == KX_MIME_ENC_BASE64)
        append_base64(out, data, len);
    else if (encoding == KX_MIME_ENC_QUOTED_PRINTABLE)
        append_quoted_printable(out, data, len);
    else
        g_string_append_len(out, data, (gssize)len);
}
