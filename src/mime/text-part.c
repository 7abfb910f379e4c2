/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/text-part.h"

#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/encode.h"
#include "mime/header.h"

enum { LINE_MAX_BYTES = 998 }; /* RFC 5322 section 2.1.1 */

static const char REPLACEMENT[] = "\xef\xbf\xbd"; /* U+FFFD */

/* ---- opening ---- */

/* Where further fields go: before the empty line. FALSE: there is none. */
static gboolean header_end(const KxMimeMessage *message, const KxMimePart *part, size_t *ret_end)
{
    const char *header = message->data + part->header_start;
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, header, part->header_len);
    while (kx_header_iter_next(&iter, &field))
        ;
    *ret_end = part->header_start + (size_t)(iter.pos - header);
    return iter.pos < header + part->header_len;
}

static GString *decode(const KxMimeMessage *message, const KxMimePart *part)
{
    char piece[8192];
    KxMimeDecoder decoder;
    GString *out = g_string_sized_new(part->body_len);
    kx_mime_decoder_init(&decoder, part->encoding, message->data + part->body_start,
                         part->body_len);
    for (size_t n; (n = kx_mime_decoder_read(&decoder, piece, sizeof piece)) > 0;)
        g_string_append_len(out, piece, (gssize)n);
    return out;
}

static const char *charset_of(const KxMimePart *part)
{
    const char *charset = kx_mime_param_get(&part->type_params, "charset");
    return charset ? charset : "";
}

static gboolean is_ascii(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((guchar)bytes[i] >= 0x80 || bytes[i] == '\0' || bytes[i] == '\x1b')
            return FALSE;
    return TRUE;
}

static gboolean has_8bit(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((guchar)bytes[i] >= 0x80)
            return TRUE;
    return FALSE;
}

gboolean kx_text_part_open(const KxMimeMessage *message, const KxMimePart *part,
                           KxTextPart *ret_text)
{
    size_t end;
    if (part->body_len > KX_TEXT_PART_MAX || part->encoding == KX_MIME_ENC_UNKNOWN ||
        !header_end(message, part, &end))
        return FALSE;
    const char *charset = charset_of(part);
    GString *bytes = decode(message, part);
    char *utf8 = kx_charset_to_utf8(charset, strlen(charset), bytes->str, bytes->len);
    gboolean same = strlen(utf8) == bytes->len && memcmp(utf8, bytes->str, bytes->len) == 0;
    gboolean named = g_ascii_strcasecmp(charset, "utf-8") == 0;
    *ret_text = (KxTextPart){message, part, bytes, utf8,
                             same && (named || is_ascii(bytes->str, bytes->len))};
    return TRUE;
}

void kx_text_part_clear(KxTextPart *text)
{
    if (text->bytes)
        g_string_free(text->bytes, TRUE);
    g_free(text->utf8);
    *text = (KxTextPart){0};
}

/* ---- fields ---- */

/* In the place of the first field of that name, or at the end of the header. */
static void set_field(const KxTextPart *text, const char *name, GString *line, KxMimeEdits *edits)
{
    const KxMimePart *part = text->part;
    const char *data = text->message->data;
    KxHeaderField field;
    size_t end = 0;
    if (kx_header_find(data + part->header_start, part->header_len, name, &field)) {
        kx_mime_edits_replace(edits, (size_t)(field.start - data), field.len, line);
    } else {
        header_end(text->message, part, &end);
        kx_mime_edits_replace(edits, end, 0, line);
    }
}

static void append_param(GString *line, const KxMimeParam *param)
{
    gboolean encoded = g_str_has_suffix(param->name, "*");
    g_string_append_printf(line, ";\r\n\t%s=", param->name);
    if (encoded) {
        g_string_append(line, param->value);
        return;
    }
    g_string_append_c(line, '"');
    for (const char *at = param->value; *at; at++) {
        if (*at == '"' || *at == '\\')
            g_string_append_c(line, '\\');
        g_string_append_c(line, *at);
    }
    g_string_append_c(line, '"');
}

static void set_charset(const KxTextPart *text, KxMimeEdits *edits)
{
    const KxMimePart *part = text->part;
    GString *line = g_string_new(NULL);
    g_string_append_printf(line, "Content-Type: %s/%s; charset=utf-8", part->type, part->subtype);
    for (unsigned i = 0; i < part->type_params.n; i++)
        if (!g_str_has_prefix(part->type_params.items[i].name, "charset"))
            append_param(line, &part->type_params.items[i]);
    g_string_append(line, "\r\n");
    set_field(text, "Content-Type", line, edits);
}

/* Without it the other fields mean nothing (RFC 2045 section 4). */
static void set_version(const KxTextPart *text, KxMimeEdits *edits)
{
    KxHeaderField field;
    if (!text->part->parent &&
        !kx_header_find(text->message->data, text->part->header_len, "MIME-Version", &field))
        set_field(text, "MIME-Version", g_string_new("MIME-Version: 1.0\r\n"), edits);
}

/* ---- text ---- */

/* Whether the character set has ASCII as it is. */
static gboolean holds_ascii(const char *charset, const char *ascii)
{
    g_autofree char *back = kx_charset_to_utf8(charset, strlen(charset), ascii, strlen(ascii));
    return strcmp(back, ascii) == 0;
}

static gboolean has_long_line(const char *text)
{
    size_t longest = 0, length = 0;
    for (; *text; text++) {
        length = *text == '\n' ? 0 : length + 1;
        longest = MAX(longest, length);
    }
    return longest > LINE_MAX_BYTES;
}

static void put_body(const KxTextPart *text, const GString *bytes, const char *insert,
                     gboolean converted, KxMimeEdits *edits)
{
    const KxMimePart *part = text->part;
    KxMimeEncoding encoding = part->encoding;
    gboolean fits = encoding != KX_MIME_ENC_7BIT || !has_8bit(bytes->str, bytes->len);
    gboolean as_it_is = encoding != KX_MIME_ENC_BASE64 && encoding != KX_MIME_ENC_QUOTED_PRINTABLE;
    if (as_it_is && (!fits || has_long_line(insert))) {
        encoding = KX_MIME_ENC_QUOTED_PRINTABLE;
        set_field(text, "Content-Transfer-Encoding",
                  g_string_new("Content-Transfer-Encoding: quoted-printable\r\n"), edits);
    }
    if (converted || encoding != part->encoding)
        set_version(text, edits);
    GString *body = g_string_sized_new(bytes->len);
    kx_mime_encode(body, encoding, bytes->str, bytes->len);
    kx_mime_edits_replace(edits, part->body_start, part->body_len, body);
}

gboolean kx_text_part_insert(const KxTextPart *text, size_t at, const char *insert,
                             KxMimeEdits *edits)
{
    const char *charset = charset_of(text->part);
    gboolean ascii = is_ascii(insert, strlen(insert));
    /* A tail is the same number of bytes in every character set that has ASCII, if it is ASCII. */
    const char *tail = text->utf8 + at;
    size_t tail_len = strlen(tail);
    g_autoptr(GString) bytes = g_string_new_len(text->bytes->str, (gssize)text->bytes->len);
    if (ascii && is_ascii(tail, tail_len) && holds_ascii(charset, insert) &&
        bytes->len >= tail_len && memcmp(bytes->str + bytes->len - tail_len, tail, tail_len) == 0) {
        g_string_insert(bytes, (gssize)(bytes->len - tail_len), insert);
        put_body(text, bytes, insert, FALSE, edits);
        return TRUE;
    }
    if (strstr(text->utf8, REPLACEMENT) && !text->native)
        return FALSE;
    g_string_assign(bytes, text->utf8);
    g_string_insert(bytes, (gssize)at, insert);
    gboolean converted = g_ascii_strcasecmp(charset, "utf-8") != 0;
    if (converted)
        set_charset(text, edits);
    put_body(text, bytes, insert, converted, edits);
    return TRUE;
}
