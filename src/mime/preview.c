/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/preview.h"

#include <string.h>

#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/html-text.h"

enum {
    READ_MAX = 64 * 1024,    /* decoded bytes that are looked at */
    PLAIN_ENOUGH = 8 * 1024, /* of plain text, where markup does not take most of the room */
    TEXT_MAX = 4 * 1024,     /* bytes of text taken out of HTML */
};

static gboolean is_shown_text(const KxMimePart *part)
{
    return part->kind == KX_MIME_LEAF && strcmp(part->type, "text") == 0 &&
           strcmp(part->subtype, "calendar") != 0 &&
           !(part->disposition && strcmp(part->disposition, "attachment") == 0);
}

static const KxMimePart *find_text(const KxMimeMessage *message)
{
    for (const KxMimePart *part = message->root; part; part = kx_mime_part_next(part))
        if (is_shown_text(part))
            return part;
    return NULL;
}

/* The decoded beginning of a part, in UTF-8. */
static char *read_text(const KxMimeMessage *message, const KxMimePart *part, size_t max)
{
    const char *name = kx_mime_param_get(&part->type_params, "charset");
    g_autofree char *raw = g_malloc(max);
    KxMimeDecoder decoder;
    size_t n = 0, got;
    kx_mime_decoder_init(&decoder, part->encoding, message->data + part->body_start,
                         part->body_len);
    while (max - n >= 4 && (got = kx_mime_decoder_read(&decoder, raw + n, max - n)) > 0)
        n += got;
    return kx_charset_to_utf8(name ? name : "", name ? strlen(name) : 0, raw, n);
}

static gboolean ends_with_colon_before_quote(const char *line, size_t len, const char *next)
{
    while (len > 0 && g_ascii_isspace(line[len - 1]))
        len--;
    while (*next && g_ascii_isspace(*next))
        next++;
    return len > 0 && line[len - 1] == ':' && *next == '>';
}

/* Lines up to the signature, without quoted ones and the words that introduce them. */
static void append_own_lines(GString *out, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        const char *next = text + len + (text[len] == '\n');
        gboolean signature =
            strncmp(text, "-- ", 3) == 0 && (len == 3 || (len == 4 && text[3] == '\r'));
        if (signature)
            return;
        if (*text != '>' && !ends_with_colon_before_quote(text, len, next)) {
            g_string_append_len(out, text, (gssize)len);
            g_string_append_c(out, '\n');
        }
        text = next;
    }
}

/* White space and control characters collapsed to single spaces, cut at the limit. */
static char *collapse(const char *text)
{
    GString *out = g_string_sized_new(256);
    gboolean space = FALSE;
    for (guint n = 0; *text && n < KX_PREVIEW_CHARACTERS; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        if (g_unichar_isspace(c) || g_unichar_iscntrl(c) || c == 0xa0 || c == 0x200b) {
            space = out->len > 0;
            continue;
        }
        if (space && ++n < KX_PREVIEW_CHARACTERS)
            g_string_append_c(out, ' ');
        space = FALSE;
        if (n < KX_PREVIEW_CHARACTERS)
            g_string_append_unichar(out, c);
        n++;
    }
    return g_string_free(out, FALSE);
}

char *kx_mime_preview(const KxMimeMessage *message)
{
    const KxMimePart *part = find_text(message);
    if (!part)
        return g_strdup("");
    gboolean html = strcmp(part->subtype, "html") == 0;
    g_autofree char *text = read_text(message, part, html ? READ_MAX : PLAIN_ENOUGH);
    g_autoptr(GString) own = g_string_new(NULL);
    if (html)
        kx_html_append_text(own, text, strlen(text), TEXT_MAX);
    else
        append_own_lines(own, text);
    g_autofree char *preview = collapse(own->str);
    if (*preview || html)
        return g_steal_pointer(&preview);
    return collapse(text); /* all of it is quoted */
}
