/* SPDX-License-Identifier: Apache-2.0 */
/* See text.h. */
#include "mime/text.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/fold-private.h"
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
static gboolean fold_fields(const KxMimeMessage *message, const KxMimePart *part,
                            KxFolding *folding)
{
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, message->data + part->header_start, part->header_len);
    while (kx_header_iter_next(&iter, &field)) {
        g_autofree char *name = g_utf8_make_valid(field.name, (gssize)field.name_len);
        g_autofree char *value = kx_header_decode(field.value, field.value_len, MAX_VALUE);
        g_string_append(folding->raw, name);
        g_string_append(folding->raw, field.name_len > 0 ? ": " : "");
        g_string_append(folding->raw, value);
        if (kx_folding_go(folding, TRUE))
            return TRUE;
    }
    return FALSE;
}

static gboolean fold_content(const KxMimeMessage *message, const KxMimePart *part,
                             KxFolding *folding)
{
    const char *name = kx_mime_param_get(&part->type_params, "charset");
    g_autoptr(KxCharset) charset = kx_charset_open(name ? name : "", name ? strlen(name) : 0);
    g_autofree char *piece = g_malloc(PIECE_SIZE);
    KxMimeDecoder decoder;
    kx_mime_decoder_init(&decoder, part->encoding, message->data + part->body_start,
                         part->body_len);
    for (;;) {
        size_t n = kx_mime_decoder_read(&decoder, piece, PIECE_SIZE);
        kx_charset_convert(charset, folding->raw, piece, n, n == 0);
        if (kx_folding_go(folding, n == 0))
            return TRUE;
        if (n == 0)
            return FALSE;
    }
}

static gboolean fold_part(const KxMimeMessage *message, const KxMimePart *part, KxFolding *folding)
{
    /* A person looking for "text" does not mean the Content-Type of a part; an enclosed message's
     * header is something to read. */
    gboolean enclosed = part->parent && part->parent->kind == KX_MIME_MESSAGE;
    if (enclosed && fold_fields(message, part, folding))
        return TRUE;
    gboolean text = part->kind == KX_MIME_LEAF &&
                    (strcmp(part->type, "text") == 0 || strcmp(part->type, "message") == 0);
    return text && fold_content(message, part, folding);
}

gboolean kx_fold_header(KxCollation collation, const KxMimeMessage *message, KxTextTake take,
                        gpointer data)
{
    KxFolding folding;
    kx_folding_init(&folding, collation, take, data);
    gboolean enough = fold_fields(message, message->root, &folding);
    kx_folding_clear(&folding);
    return enough;
}

gboolean kx_fold_body(KxCollation collation, const KxMimeMessage *message, KxTextTake take,
                      gpointer data)
{
    KxFolding folding;
    gboolean enough = FALSE;
    kx_folding_init(&folding, collation, take, data);
    for (const KxMimePart *part = message->root; part && !enough; part = kx_mime_part_next(part))
        enough = fold_part(message, part, &folding);
    kx_folding_clear(&folding);
    return enough;
}

gboolean kx_mime_search_body(const KxMimeMessage *message, const KxNeedle *needle)
{
    KxHaystack haystack;
    if (kx_needle_is_empty(needle))
        return TRUE;
    kx_haystack_init(&haystack, needle);
    gboolean found =
        kx_fold_body(kx_needle_collation(needle), message, kx_haystack_take, &haystack);
    kx_haystack_clear(&haystack);
    return found;
}

gboolean kx_mime_search_text(const KxMimeMessage *message, const KxNeedle *needle)
{
    KxHaystack haystack;
    if (kx_needle_is_empty(needle))
        return TRUE;
    kx_haystack_init(&haystack, needle);
    gboolean found =
        kx_fold_header(kx_needle_collation(needle), message, kx_haystack_take, &haystack) ||
        kx_fold_body(kx_needle_collation(needle), message, kx_haystack_take, &haystack);
    kx_haystack_clear(&haystack);
    return found;
}
