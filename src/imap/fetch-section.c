/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data items that are pieces of the message: BODY[...] and the old RFC822 forms; BINARY[...].
 *
 * A literal must not hold NUL (RFC 9051 section 9, CHAR8); a message that does shows it as 0x80, as
 * Dovecot does, so that sizes stay what they are. BINARY has literal8 for it.
 */
#include "imap/fetch-write.h"

#include "imap/fetch-cursor.h"

enum { INLINE_MAX = 4096 }; /* shorter values are put together with the rest */

static void write_nil(KxFetchCursor *cursor, const KxFetchAttr *attr)
{
    kx_fetch_write_label(cursor, attr);
    g_string_append_len(cursor->out, "NIL", 3);
}

/* What a partial leaves of `len` bytes; beyond the end nothing, which is legal. */
static guint64 cut(const KxFetchAttr *attr, guint64 len, guint64 *ret_offset)
{
    *ret_offset = attr->partial ? MIN(attr->offset, len) : 0;
    return attr->partial ? MIN(attr->count, len - *ret_offset) : len;
}

static void begin_literal(KxFetchCursor *cursor, guint64 len, gboolean literal8)
{
    if (literal8)
        g_string_append_c(cursor->out, '~');
    g_string_append_c(cursor->out, '{');
    kx_fetch_append_uint(cursor->out, len);
    g_string_append_len(cursor->out, "}\r\n", 3);
}

static void append_without_nul(GString *out, const char *bytes, size_t len)
{
    size_t start = out->len;
    g_string_append_len(out, bytes, (gssize)len);
    for (char *at = out->str + start, *end = out->str + out->len;
         (at = memchr(at, '\0', (size_t)(end - at))) != NULL;)
        *at++ = (char)0x80;
}

/* ---- BODY[...] ---- */

/* Bytes of a section of the whole message, which need no parts. */
static KxSectionBytes find_whole(KxFetchCursor *cursor, const KxFetchAttr *attr)
{
    size_t len;
    const char *data = kx_imap_message_data(cursor->message, &len);
    if (attr->section.kind == KX_SECTION_ALL)
        return (KxSectionBytes){.len = len};
    size_t header = kx_imap_message_header_len(cursor->message);
    if (attr->section.kind == KX_SECTION_HEADER)
        return (KxSectionBytes){.len = header};
    if (attr->section.kind == KX_SECTION_TEXT)
        return (KxSectionBytes){.offset = header, .len = len - header};
    GString *fields = g_string_new(NULL);
    kx_section_append_fields(fields, data, header, (const char *const *)attr->fields->pdata,
                             attr->fields->len, attr->section.kind == KX_SECTION_HEADER_FIELDS_NOT);
    size_t fields_len = fields->len;
    return (KxSectionBytes){.len = fields_len, .owned = g_string_free_to_bytes(fields)};
}

static gboolean find_bytes(KxFetchCursor *cursor, const KxFetchAttr *attr, KxSectionBytes *ret)
{
    if (attr->section.n_path == 0) {
        *ret = find_whole(cursor, attr);
        return TRUE;
    }
    return kx_section_get(kx_imap_message_parts(cursor->message), &attr->section,
                          attr->fields ? (const char *const *)attr->fields->pdata : NULL,
                          attr->fields ? attr->fields->len : 0, ret);
}

KX_FETCH_WRITE(section)
{
    g_auto(KxSectionBytes) found = {0};
    if (!find_bytes(cursor, attr, &found)) {
        write_nil(cursor, attr);
        return;
    }
    size_t message_len;
    const char *bytes = found.owned
                            ? g_bytes_get_data(found.owned, NULL)
                            : kx_imap_message_data(cursor->message, &message_len) + found.offset;
    guint64 offset, len = cut(attr, found.len, &offset);
    gboolean literal8 = (attr->kind->traits & KX_FETCH_BINARY) && memchr(bytes, '\0', found.len);
    kx_fetch_write_label(cursor, attr);
    begin_literal(cursor, len, literal8);
    if (len <= INLINE_MAX && !literal8) {
        append_without_nul(cursor->out, bytes + offset, (size_t)len);
        return;
    }
    cursor->literal = (KxFetchLiteral){.left = len,
                                       .bytes = bytes + offset,
                                       .owned = g_steal_pointer(&found.owned),
                                       .nul_kept = literal8};
}

/* ---- BINARY[...] ---- */

/* The part, or NULL after NIL, or after the note that its encoding is unknown. BINARY[] is the
 * whole message, whose parts keep the encodings their headers tell of. */
static const KxMimePart *find_decodable(KxFetchCursor *cursor, const KxFetchAttr *attr)
{
    const KxMimeMessage *message = kx_imap_message_parts(cursor->message);
    const KxMimePart *part = kx_mime_find_part(message, attr->section.path, attr->section.n_path);
    if (part && part->encoding == KX_MIME_ENC_UNKNOWN)
        cursor->unknown_encoding = TRUE;
    return part;
}

KX_FETCH_WRITE(binary)
{
    if (attr->section.n_path == 0) {
        kx_fetch_write_section(cursor, attr);
        return;
    }
    const KxMimePart *part = find_decodable(cursor, attr);
    if (!part) {
        write_nil(cursor, attr);
        return;
    }
    if (part->encoding == KX_MIME_ENC_UNKNOWN)
        return;
    KxImapDecoded decoded = kx_imap_message_measure(cursor->message, part);
    guint64 offset, len = cut(attr, decoded.size, &offset);
    kx_fetch_write_label(cursor, attr);
    begin_literal(cursor, len, decoded.has_nul);
    cursor->literal = (KxFetchLiteral){.left = len, .offset = offset, .nul_kept = TRUE};
}

KX_FETCH_WRITE(binary_size)
{
    guint64 size;
    if (attr->section.n_path == 0) {
        size = cursor->items[cursor->at].size;
    } else {
        const KxMimePart *part = find_decodable(cursor, attr);
        if (part && part->encoding == KX_MIME_ENC_UNKNOWN)
            return;
        size = part ? kx_imap_message_measure(cursor->message, part).size : 0;
    }
    kx_fetch_write_label(cursor, attr);
    kx_fetch_append_uint(cursor->out, size);
}
