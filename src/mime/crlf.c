/* SPDX-License-Identifier: Apache-2.0 */
/* See crlf.h. */
#include "mime/crlf.h"

void kx_crlf_append(KxCrlf *state, GString *out, const char *data, size_t len)
{
    const char *end = data + len;
    while (data < end) {
        const char *lf = memchr(data, '\n', (size_t)(end - data));
        const char *stop = lf ? lf : end;
        if (stop > data) {
            g_string_append_len(out, data, stop - data);
            state->last = stop[-1];
        }
        if (lf) {
            g_string_append(out, state->last == '\r' ? "\n" : "\r\n");
            state->last = '\n';
            stop++;
        }
        data = stop;
    }
}

/* Line by line, so that memchr does the work. */
void kx_crlf_scan(const char *data, size_t len, KxCrlfInfo *ret_info)
{
    KxCrlfInfo info = {0};
    const char *end = data + len;
    while (data < end) {
        const char *lf = memchr(data, '\n', (size_t)(end - data));
        const char *stop = lf ? lf : end;
        size_t line = (size_t)(stop - data);
        if (lf && line > 0 && stop[-1] == '\r')
            line--;
        else if (lf)
            info.bare_lf = TRUE;
        info.longest_line = MAX(info.longest_line, line);
        info.bare_cr |= memchr(data, '\r', line) != NULL;
        info.nul |= memchr(data, '\0', line) != NULL;
        data = lf ? lf + 1 : end;
    }
    *ret_info = info;
}
