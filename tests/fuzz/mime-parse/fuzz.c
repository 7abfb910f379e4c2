/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message through everything that FETCH and delivery do with it, and the promises that hold for
 * any bytes: offsets nest, structures are balanced, sections lie within the message, what was made
 * binary-safe is.
 */
#include <glib.h>
#include "mime/binary.h"
#include "mime/crlf.h"
#include "mime/decode.h"
#include "mime/imap-envelope.h"
#include "mime/preview.h"
#include "mime/section.h"
#include "mime/text.h"
#include "store/summary.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len);

static void check_part(const KxMimeMessage *message, const KxMimePart *part)
{
    g_assert(part->header_start + part->header_len == part->body_start);
    g_assert(part->body_start + part->body_len <= message->len);
    g_assert(part->body_lines <= part->body_len);
    g_assert(part->depth <= KX_MIME_MAX_DEPTH);
    g_assert(part->type && part->subtype);
    g_assert((part->kind == KX_MIME_MESSAGE) ==
             (part->n_children == 1 && !part->opaque && strcmp(part->type, "message") == 0));
    const KxMimePart *parent = part->parent;
    if (!parent)
        return;
    g_assert(part->header_start >= parent->body_start);
    g_assert(part->body_start + part->body_len <= parent->body_start + parent->body_len);
    g_assert(!part->next || part->next->header_start >= part->body_start + part->body_len);
}

/* Reads an answer as a client would: strings, literals, atoms, parentheses. */
static void check_balanced(const GString *text)
{
    const char *pos = text->str, *end = text->str + text->len;
    int depth = 0;
    while (pos < end) {
        if (*pos == '"') {
            for (pos++; *pos != '"'; pos++) {
                g_assert(*pos != '\0' && *pos != '\r' && *pos != '\n' && (guchar)*pos < 0x80);
                pos += *pos == '\\';
            }
        } else if (*pos == '{') {
            char *after;
            guint64 n = g_ascii_strtoull(pos + 1, &after, 10);
            g_assert(strncmp(after, "}\r\n", 3) == 0 && n <= (guint64)(end - after - 3));
            pos = after + 2 + n;
        } else {
            depth += (*pos == '(') - (*pos == ')');
            g_assert(depth > 0 || (depth == 0 && pos + 1 == end));
        }
        pos++;
    }
    g_assert(depth == 0 && pos == end);
}

static void check_structures(const KxMimeMessage *message)
{
    g_autoptr(GString) out = g_string_new(NULL);
    kx_imap_append_envelope(out, message->data, message->root->header_len);
    check_balanced(out);
    g_string_truncate(out, 0);
    kx_imap_append_bodystructure(out, message);
    check_balanced(out);
    g_string_truncate(out, 0);
    kx_imap_append_body(out, message);
    check_balanced(out);
}

static size_t decoded_size(const KxMimeMessage *message, const KxMimePart *part)
{
    KxMimeDecoder decoder;
    char piece[16384];
    size_t size = 0;
    kx_mime_decoder_init(&decoder, part->encoding, message->data + part->body_start,
                         part->body_len);
    for (size_t n; (n = kx_mime_decoder_read(&decoder, piece, sizeof(piece))) > 0;)
        size += n;
    return size;
}

static void check_sections(const KxMimeMessage *message)
{
    static const char *const names[] = {"",
                                        "HEADER",
                                        "TEXT",
                                        "1",
                                        "1.MIME",
                                        "1.1",
                                        "2",
                                        "1.TEXT",
                                        "1.2.1.1",
                                        "2.HEADER",
                                        "1.HEADER.FIELDS",
                                        "3.1",
                                        "HEADER.FIELDS.NOT"};
    static const char *const fields[] = {"Subject", "content-type"};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        KxSection section;
        g_auto(KxSectionBytes) found = {0};
        g_assert(kx_section_parse(names[i], strlen(names[i]), &section));
        if (kx_section_get(message, &section, fields, G_N_ELEMENTS(fields), &found))
            g_assert(found.owned || found.offset + found.len <= message->len);
    }
}

static gboolean collect(const void *bytes, size_t len, gpointer user, GError **error)
{
    g_string_append_len(user, bytes, (gssize)len);
    return TRUE;
}

/* Bodies whose encoding is declared but damaged keep what they hold, so only NUL and bare line
 * endings are promised away. */
static void check_binary_safe(const char *data, size_t len)
{
    g_autoptr(GString) out = g_string_new(NULL);
    KxCrlfInfo info;
    g_assert(kx_mime_to_binary_safe(data, len, collect, out, NULL));
    kx_crlf_scan(out->str, out->len, &info);
    g_assert(!info.nul && !info.bare_cr && !info.bare_lf);
}

/* What the index keeps of it. */
static void check_digest(const KxMimeMessage *message)
{
    g_auto(KxSummary) summary = {0}, again = {0};
    g_autofree char *preview = kx_mime_preview(message);
    g_assert(g_utf8_validate(preview, -1, NULL));
    g_assert(g_utf8_strlen(preview, -1) <= KX_PREVIEW_CHARACTERS);
    kx_summary_of(message->data, message->len, &summary);
    g_autoptr(GBytes) row = kx_summary_pack(&summary);
    g_assert(kx_summary_unpack(g_bytes_get_data(row, NULL), g_bytes_get_size(row), &again));
    g_assert(again.message_id == summary.message_id && again.sent == summary.sent);
    for (guint i = 0; i < KX_SORT_KEYS; i++) {
        g_assert(g_utf8_validate(summary.keys[i], -1, NULL));
        g_assert(g_str_equal(summary.keys[i], again.keys[i]));
    }
    kx_summary_clear(&again);
    if (kx_summary_unpack(message->data, message->len, &again)) /* any bytes for a row */
        g_assert(again.keys[0]);
}

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len)
{
    const char *data = (const char *)bytes;
    g_autoptr(KxMimeMessage) message = kx_mime_parse(data, len);
    unsigned n = 0;
    for (const KxMimePart *part = message->root; part; part = kx_mime_part_next(part)) {
        check_part(message, part);
        g_assert(decoded_size(message, part) <= part->body_len);
        n++;
    }
    g_assert(n == message->n_parts);
    check_structures(message);
    check_sections(message);
    check_binary_safe(data, len);
    check_digest(message);
    g_autoptr(KxNeedle) needle = kx_needle_new(KX_COLLATION_UNICODE,
                                               "n\xc3\xa9"
                                               "edle",
                                               7);
    kx_mime_search_text(message, needle);
    return 0;
}
