/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/sevenbit.h"

#include <string.h>

#include "mime/encode.h"
#include "mime/header.h"

typedef struct {
    const KxMimeMessage *message;
    KxMimeEdits *edits;
} Work;

/* What no 7bit part may have (RFC 2045 section 2.7); long lines are let be. */
static gboolean is_7bit(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((guchar)bytes[i] >= 0x80 || bytes[i] == '\0')
            return FALSE;
    return TRUE;
}

/* ---- fields ---- */

/* FALSE: the part has no such field. */
static gboolean find_field(const Work *work, const KxMimePart *part, const char *name,
                           KxHeaderField *ret_field)
{
    return kx_header_find(work->message->data + part->header_start, part->header_len, name,
                          ret_field);
}

/* Before the empty line at the end of the header. */
static void append_field(Work *work, const KxMimePart *part, const char *line)
{
    const char *data = work->message->data;
    size_t at = part->header_start + part->header_len;
    size_t floor = part->header_start;
    if (at > floor && data[at - 1] == '\n')
        at--;
    if (at > floor && data[at - 1] == '\r')
        at--;
    kx_mime_edits_replace(work->edits, at, 0, g_string_new(line));
}

static void set_encoding(Work *work, const KxMimePart *part, const char *encoding)
{
    KxHeaderField field;
    g_autofree char *line = g_strdup_printf("Content-Transfer-Encoding: %s\r\n", encoding);
    if (find_field(work, part, "Content-Transfer-Encoding", &field))
        kx_mime_edits_replace(work->edits, (size_t)(field.start - work->message->data), field.len,
                              g_string_new(line));
    else
        append_field(work, part, line);
}

/* Of the message itself, without which the encoding would mean nothing. */
static void complete_header(Work *work, const KxMimePart *part)
{
    KxHeaderField field;
    if (part->parent && part->parent->kind != KX_MIME_MESSAGE)
        return;
    if (!find_field(work, part, "MIME-Version", &field))
        append_field(work, part, "MIME-Version: 1.0\r\n");
    if (!find_field(work, part, "Content-Type", &field))
        append_field(work, part, "Content-Type: text/plain; charset=unknown-8bit\r\n");
}

/* ---- parts ---- */

static void encode(Work *work, const KxMimePart *part)
{
    gboolean text = strcmp(part->type, "text") == 0 && part->encoding != KX_MIME_ENC_BINARY;
    KxMimeEncoding encoding = text ? KX_MIME_ENC_QUOTED_PRINTABLE : KX_MIME_ENC_BASE64;
    GString *body = g_string_new(NULL);
    complete_header(work, part);
    set_encoding(work, part, text ? "quoted-printable" : "base64");
    kx_mime_encode(body, encoding, work->message->data + part->body_start, part->body_len);
    kx_mime_edits_replace(work->edits, part->body_start, part->body_len, body);
}

static gboolean is_plain(const KxMimePart *part)
{
    return part->encoding == KX_MIME_ENC_7BIT || part->encoding == KX_MIME_ENC_8BIT ||
           part->encoding == KX_MIME_ENC_BINARY;
}

/* TRUE: what it holds is 7bit now. */
static gboolean convert_leaf(Work *work, const KxMimePart *part)
{
    if (part->encoding != KX_MIME_ENC_BINARY &&
        is_7bit(work->message->data + part->body_start, part->body_len))
        return TRUE;
    if (!is_plain(part) || part->opaque || strcmp(part->type, "message") == 0 ||
        strcmp(part->type, "multipart") == 0)
        return FALSE;
    encode(work, part);
    return TRUE;
}

static gboolean convert(Work *work, const KxMimePart *part)
{
    gboolean done = TRUE;
    if (kx_mime_part_is(part, "multipart", "signed"))
        return is_7bit(work->message->data + part->body_start, part->body_len);
    if (part->kind == KX_MIME_LEAF)
        return convert_leaf(work, part);
    for (const KxMimePart *child = part->first_child; child; child = child->next)
        done &= convert(work, child);
    if (done && (part->encoding == KX_MIME_ENC_8BIT || part->encoding == KX_MIME_ENC_BINARY))
        set_encoding(work, part, "7bit");
    return done;
}

KxMimeEdits *kx_mime_sevenbit_edits(const char *data, size_t len)
{
    g_autoptr(KxMimeMessage) message = kx_mime_parse(data, len);
    g_autoptr(KxMimeEdits) edits = kx_mime_edits_new(data, len);
    Work work = {message, edits};
    convert(&work, message->root);
    return kx_mime_edits_is_empty(edits) ? NULL : g_steal_pointer(&edits);
}
