/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/out.h"

#include "convert/limits.h"

enum { CHARACTER_MAX = 6 };

void kx_text_out_init(KxTextOut *out)
{
    *out = (KxTextOut){.text = g_string_new(NULL)};
}

void kx_text_out_clear(KxTextOut *out)
{
    if (out->text)
        g_string_free(out->text, TRUE);
    *out = (KxTextOut){0};
}

void kx_text_out_space(KxTextOut *out)
{
    if (out->gap == 0)
        out->gap = ' ';
}

void kx_text_out_line(KxTextOut *out)
{
    out->gap = '\n';
}

static gboolean has_room(KxTextOut *out)
{
    if (out->text->len + CHARACTER_MAX + 1 > KX_CONVERT_TEXT_MAX)
        out->full = TRUE;
    return !out->full;
}

static gboolean add_ligature(KxTextOut *out, gunichar c)
{
    static const char *const letters[] = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};
    const char *text = letters[c - 0xfb00];
    return kx_text_out_append(out, text, strlen(text));
}

gboolean kx_text_out_char(KxTextOut *out, gunichar c)
{
    if (c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029) {
        kx_text_out_line(out);
        return !out->full;
    }
    if (c == ' ' || c == 0xa0 || g_unichar_iscntrl(c)) {
        kx_text_out_space(out);
        return !out->full;
    }
    if (c >= 0xfb00 && c <= 0xfb06)
        return add_ligature(out, c);
    if (c == 0xad || c == 0x200b || c == 0xfeff) /* nobody sees these, nobody searches for them */
        return !out->full;
    if (!has_room(out))
        return FALSE;
    if (out->gap && out->text->len > 0)
        g_string_append_c(out->text, out->gap);
    out->gap = 0;
    g_string_append_unichar(out->text, g_unichar_validate(c) ? c : 0xfffd);
    return TRUE;
}

gboolean kx_text_out_append(KxTextOut *out, const char *text, size_t len)
{
    const char *end = text + len;
    while (text < end && !out->full) {
        gunichar c = (guchar)*text;
        size_t step = 1;
        if (c >= 0x80) {
            c = g_utf8_get_char_validated(text, end - text);
            if (c >= 0x80000000U)
                c = 0xfffd;
            else
                step = (size_t)(g_utf8_next_char(text) - text);
        }
        kx_text_out_char(out, c);
        text += step;
    }
    return !out->full;
}
