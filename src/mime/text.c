/* SPDX-License-Identifier: Apache-2.0 */
/* See text.h. */
#include "mime/text.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/header.h"
#include "mime/needle-private.h"

#define MAX_VALUE  (1024 * 1024) /* bytes read of one header field */
#define PIECE_SIZE 32768

gboolean kx_mime_search_header(const char *header, size_t len, const char *name,
                               const KxNeedle *needle)
{
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, header, len);
    while (kx_header_iter_next(&iter, &field)) {
        if (!kx_header_field_is(&field, name))
            continue;
        g_autofree char *value = kx_header_decode(field.value, field.value_len, MAX_VALUE);
        if (kx_needle_in_text(needle, value, strlen(value)))
            return TRUE;
    }
    return FALSE;
}

/* All fields, as "Name: value". */
static gboolean search_whole_header(const KxMimeMessage *message, const KxMimePart *part,
                                    const KxNeedle *needle)
{
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, message->data + part->header_start, part->header_len);
    while (kx_header_iter_next(&iter, &field)) {
        g_autofree char *value = kx_header_decode(field.value, field.value_len, MAX_VALUE);
        g_autoptr(GString) line = g_string_new_len(field.name, (gssize)field.name_len);
        g_string_append_printf(line, "%s%s", field.name_len > 0 ? ": " : "", value);
        if (kx_needle_in_text(needle, line->str, line->len))
            return TRUE;
    }
    return FALSE;
}

static gboolean search_content(const KxMimeMessage *message, const KxMimePart *part,
                               const KxNeedle *needle)
{
    const char *name = kx_mime_param_get(&part->type_params, "charset");
    g_autoptr(KxCharset) charset = kx_charset_open(name ? name : "", name ? strlen(name) : 0);
    g_autofree char *piece = g_malloc(PIECE_SIZE);
    KxMimeDecoder decoder;
    KxHaystack haystack;
    kx_haystack_init(&haystack, needle);
    kx_mime_decoder_init(&decoder, part->encoding, message->data + part->body_start,
                         part->body_len);
    size_t n;
    do {
        n = kx_mime_decoder_read(&decoder, piece, PIECE_SIZE);
        kx_charset_convert(charset, kx_haystack_buffer(&haystack), piece, n, n == 0);
    } while (!kx_haystack_search(&haystack, n == 0) && n > 0);
    kx_haystack_clear(&haystack);
    return haystack.found;
}

static gboolean search_part(const KxMimeMessage *message, const KxMimePart *part,
                            const KxNeedle *needle)
{
    /* A person looking for "text" does not mean the Content-Type of a part; an enclosed message's
     * header is something to read. */
    gboolean enclosed = part->parent && part->parent->kind == KX_MIME_MESSAGE;
    if (enclosed && search_whole_header(message, part, needle))
        return TRUE;
    gboolean text = part->kind == KX_MIME_LEAF &&
                    (strcmp(part->type, "text") == 0 || strcmp(part->type, "message") == 0);
    return text && search_content(message, part, needle);
}

gboolean kx_mime_search_body(const KxMimeMessage *message, const KxNeedle *needle)
{
    if (kx_needle_is_empty(needle))
        return TRUE;
    for (const KxMimePart *part = message->root; part; part = kx_mime_part_next(part)) {
        if (search_part(message, part, needle))
            return TRUE;
    }
    return FALSE;
}

gboolean kx_mime_search_text(const KxMimeMessage *message, const KxNeedle *needle)
{
    return kx_needle_is_empty(needle) || search_whole_header(message, message->root, needle) ||
           kx_mime_search_body(message, needle);
}
