/* SPDX-License-Identifier: Apache-2.0 */
/* BODY and BODYSTRUCTURE: see imap-envelope.h. Walks the tree with its own links, without
 * recursion. */
#include "mime/imap-envelope.h"

typedef struct Writer {
    GString *out;
    const KxMimeMessage *message;
    gboolean extended;
    size_t limit; /* length of `out` from which optional fields are NIL */
} Writer;

#define NIL_ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"

static gboolean is_full(const Writer *writer)
{
    return writer->out->len >= writer->limit;
}

static void append_char(const Writer *writer, char c)
{
    g_string_append_c(writer->out, c);
}

static void append_number(const Writer *writer, size_t number)
{
    char text[24];
    int len = g_snprintf(text, sizeof(text), " %" G_GSIZE_FORMAT, number);
    g_string_append_len(writer->out, text, len);
}

static void append_string(const Writer *writer, const char *text)
{
    kx_imap_append_nstring(writer->out, text, -1);
}

static void append_optional(const Writer *writer, const char *text)
{
    append_char(writer, ' ');
    append_string(writer, is_full(writer) ? NULL : text);
}

/* `charset` is added when it is not NULL and the parameters name none. */
static void append_params(const Writer *writer, const KxMimeParams *params, const char *charset)
{
    gboolean any = FALSE;
    append_char(writer, ' ');
    for (unsigned i = 0; i < params->n && !is_full(writer); i++) {
        append_char(writer, any ? ' ' : '(');
        append_string(writer, params->items[i].name);
        append_char(writer, ' ');
        append_string(writer, params->items[i].value);
        any = TRUE;
    }
    if (charset) {
        append_char(writer, any ? ' ' : '(');
        append_string(writer, "charset");
        append_char(writer, ' ');
        append_string(writer, charset);
        any = TRUE;
    }
    g_string_append(writer->out, any ? ")" : "NIL");
}

static void append_disposition(const Writer *writer, const KxMimePart *part)
{
    if (!part->disposition || is_full(writer)) {
        g_string_append(writer->out, " NIL");
        return;
    }
    g_string_append(writer->out, " (");
    append_string(writer, part->disposition);
    append_params(writer, &part->disposition_params, NULL);
    append_char(writer, ')');
}

/* "en, de" is a list, one tag a string. */
static void append_language(const Writer *writer, const KxMimePart *part)
{
    if (!part->language || !strchr(part->language, ',') || is_full(writer)) {
        append_optional(writer, part->language);
        return;
    }
    gboolean any = FALSE;
    append_char(writer, ' ');
    for (const char *pos = part->language; *pos;) {
        size_t len = strcspn(pos, ", \t");
        if (len > 0) {
            append_char(writer, any ? ' ' : '(');
            kx_imap_append_nstring(writer->out, pos, (gssize)len);
            any = TRUE;
        }
        pos += len + strspn(pos + len, ", \t");
    }
    g_string_append(writer->out, any ? ")" : "NIL");
}

/* The extension data that single parts and multiparts share. */
static void append_extension(const Writer *writer, const KxMimePart *part)
{
    append_disposition(writer, part);
    append_language(writer, part);
    append_optional(writer, part->location);
}

/* type subtype params id description encoding octets */
static void append_basic(const Writer *writer, const KxMimePart *part)
{
    append_char(writer, '(');
    append_string(writer, part->opaque ? "application" : part->type);
    append_char(writer, ' ');
    append_string(writer, part->opaque ? "octet-stream" : part->subtype);
    gboolean text = strcmp(part->type, "text") == 0;
    gboolean charset = kx_mime_param_get(&part->type_params, "charset") != NULL ||
                       kx_mime_param_get(&part->type_params, "charset*") != NULL;
    append_params(writer, &part->type_params, text && !charset ? "us-ascii" : NULL);
    append_optional(writer, part->id);
    append_optional(writer, part->description);
    append_char(writer, ' ');
    append_string(writer, part->encoding_text && !is_full(writer) ? part->encoding_text : "7bit");
    append_number(writer, part->body_len);
}

static void append_single_end(const Writer *writer, const KxMimePart *part)
{
    if (writer->extended) {
        append_optional(writer, part->md5);
        append_extension(writer, part);
    }
    append_char(writer, ')');
}

static void append_leaf(const Writer *writer, const KxMimePart *part)
{
    append_basic(writer, part);
    if (strcmp(part->type, "text") == 0)
        append_number(writer, part->body_lines);
    append_single_end(writer, part);
}

static void append_inner_envelope(const Writer *writer, const KxMimePart *inner)
{
    append_char(writer, ' ');
    if (is_full(writer))
        g_string_append(writer->out, NIL_ENVELOPE);
    else
        kx_imap_append_envelope(writer->out, writer->message->data + inner->header_start,
                                inner->header_len);
    append_char(writer, ' ');
}

static void begin_part(const Writer *writer, const KxMimePart *part)
{
    if (part->kind == KX_MIME_MULTIPART) {
        append_char(writer, '(');
        if (!part->first_child) {
            static const KxMimePart nothing = {.type = "text", .subtype = "plain"};
            append_leaf(writer, &nothing);
        }
    } else if (part->kind == KX_MIME_MESSAGE) {
        append_basic(writer, part);
        append_inner_envelope(writer, part->first_child);
    } else {
        append_leaf(writer, part);
    }
}

static void end_part(const Writer *writer, const KxMimePart *part)
{
    if (part->kind == KX_MIME_MULTIPART) {
        append_char(writer, ' ');
        append_string(writer, part->subtype);
        if (writer->extended) {
            append_params(writer, &part->type_params, NULL);
            append_extension(writer, part);
        }
        append_char(writer, ')');
    } else if (part->kind == KX_MIME_MESSAGE) {
        append_number(writer, part->body_lines);
        append_single_end(writer, part);
    }
}

static void write_structure(GString *out, const KxMimeMessage *message, const KxMimePart *top,
                            gboolean extended)
{
    const Writer writer = {out, message, extended, out->len + KX_IMAP_STRUCTURE_MAX};
    const KxMimePart *part = top;
    while (part) {
        begin_part(&writer, part);
        if (part->first_child) {
            part = part->first_child;
            continue;
        }
        end_part(&writer, part);
        while (part != top && !part->next) {
            part = part->parent;
            end_part(&writer, part);
        }
        part = part != top ? part->next : NULL;
    }
}

void kx_imap_append_bodystructure(GString *out, const KxMimeMessage *message)
{
    write_structure(out, message, message->root, TRUE);
}

void kx_imap_append_body(GString *out, const KxMimeMessage *message)
{
    write_structure(out, message, message->root, FALSE);
}

void kx_imap_append_part_structure(GString *out, const KxMimeMessage *message,
                                   const KxMimePart *part)
{
    write_structure(out, message, part, TRUE);
}
