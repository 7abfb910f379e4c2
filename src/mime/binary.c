/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See binary.h. The message is copied from left to right; only what must change is rewritten, so a
 * message stays byte for byte what it was wherever it can.
 */
#include "mime/binary.h"
#include "mime/crlf.h"
#include "mime/header.h"
#include "mime/part.h"

#define MAX_LINE    998 /* RFC 5322 section 2.1.1 */
#define BASE64_LINE 57  /* bytes that make a line of 76 digits */
#define PIECE_LINES 512
#define PIECE_SIZE  65536

typedef struct Copier {
    const KxMimeMessage *message;
    size_t done; /* offset up to which the message is written */
    KxMimeSink sink;
    gpointer user;
} Copier;

/* Bare LF becomes CRLF, NUL and bare CR go. Without state: a CR before LF is taken off and put
 * back. */
static void append_clean(GString *out, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n')
            g_string_append(out, "\r\n");
        else if (data[i] != '\0' && data[i] != '\r')
            g_string_append_c(out, data[i]);
    }
}

/* Writes bytes that carry structure, made safe. */
static gboolean write_clean(Copier *copier, const char *data, size_t len, GError **error)
{
    KxCrlfInfo info;
    kx_crlf_scan(data, len, &info);
    if (!info.nul && !info.bare_cr && !info.bare_lf)
        return len == 0 || copier->sink(data, len, copier->user, error);
    g_autoptr(GString) clean = g_string_new(NULL);
    for (size_t n; len > 0; data += n, len -= n) {
        n = MIN(len, PIECE_SIZE);
        g_string_truncate(clean, 0);
        append_clean(clean, data, n);
        if (clean->len > 0 && !copier->sink(clean->str, clean->len, copier->user, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean copy_clean_to(Copier *copier, size_t end, GError **error)
{
    size_t start = copier->done;
    if (end <= start)
        return TRUE;
    copier->done = end;
    return write_clean(copier, copier->message->data + start, end - start, error);
}

static gboolean is_encoding(const KxHeaderField *field)
{
    return kx_header_field_is(field, "Content-Transfer-Encoding");
}

/* The header of `part` with another Content-Transfer-Encoding, put where the first one stands or,
 * if there is none, in front. */
static gboolean write_header(Copier *copier, const KxMimePart *part, const char *encoding,
                             GError **error)
{
    const char *header = copier->message->data + part->header_start;
    const char *end = header + part->header_len;
    g_autoptr(GString) out = g_string_new(NULL);
    KxHeaderIter iter;
    KxHeaderField field;
    gboolean written =
        kx_header_find(header, part->header_len, "Content-Transfer-Encoding", &field);
    if (!written)
        g_string_append_printf(out, "Content-Transfer-Encoding: %s\r\n", encoding);
    kx_header_iter_init(&iter, header, part->header_len);
    while (kx_header_iter_next(&iter, &field)) {
        if (!is_encoding(&field))
            g_string_append_len(out, field.start, (gssize)field.len);
        else if (written)
            g_string_append_printf(out, "Content-Transfer-Encoding: %s\r\n", encoding);
        written = written && !is_encoding(&field);
    }
    g_string_append_len(out, iter.pos, end - iter.pos);
    copier->done = part->header_start + part->header_len;
    return write_clean(copier, out->str, out->len, error);
}

static gboolean write_base64(Copier *copier, const KxMimePart *part, GError **error)
{
    const guchar *data = (const guchar *)copier->message->data + part->body_start;
    size_t left = part->body_len;
    g_autoptr(GString) out = g_string_new(NULL);
    while (left > 0) {
        g_string_truncate(out, 0);
        for (unsigned i = 0; i < PIECE_LINES && left > 0; i++) {
            size_t n = MIN(left, BASE64_LINE);
            g_autofree char *line = g_base64_encode(data, n);
            if (i > 0 || left < part->body_len)
                g_string_append(out, "\r\n");
            g_string_append(out, line);
            data += n;
            left -= n;
        }
        if (!copier->sink(out->str, out->len, copier->user, error))
            return FALSE;
    }
    copier->done = part->body_start + part->body_len;
    return TRUE;
}

static gboolean needs_base64(const Copier *copier, const KxMimePart *part)
{
    gboolean plain = part->encoding != KX_MIME_ENC_BASE64 &&
                     part->encoding != KX_MIME_ENC_QUOTED_PRINTABLE &&
                     part->encoding != KX_MIME_ENC_UNKNOWN;
    if (part->kind != KX_MIME_LEAF || !plain)
        return FALSE;
    KxCrlfInfo info;
    kx_crlf_scan(copier->message->data + part->body_start, part->body_len, &info);
    return info.nul || info.bare_cr || info.bare_lf || info.longest_line > MAX_LINE;
}

static gboolean copy_part(Copier *copier, const KxMimePart *part, GError **error)
{
    gboolean base64 = needs_base64(copier, part);
    if (!copy_clean_to(copier, part->header_start, error))
        return FALSE;
    if (!base64 && part->encoding != KX_MIME_ENC_BINARY)
        return TRUE;
    return write_header(copier, part, base64 ? "base64" : "8bit", error) &&
           (!base64 || write_base64(copier, part, error));
}

gboolean kx_mime_to_binary_safe(const char *data, size_t len, KxMimeSink sink, gpointer user,
                                GError **error)
{
    g_autoptr(KxMimeMessage) message = kx_mime_parse(data, len);
    Copier copier = {message, 0, sink, user};
    for (const KxMimePart *part = message->root; part; part = kx_mime_part_next(part)) {
        if (!copy_part(&copier, part, error))
            return FALSE;
    }
    return copy_clean_to(&copier, len, error);
}
