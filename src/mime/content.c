/* SPDX-License-Identifier: Apache-2.0 */
/* See content-private.h. */
#include "mime/content-private.h"
#include "base/text.h"
#include "mime/params-private.h"

typedef void (*Setter)(KxMimeContent *content, KxMimePart *part, KxLex *lex);

static char *copy_lower(KxMimeArena *arena, const char *text, size_t len)
{
    char *copy = kx_mime_arena_strndup(arena, text, len);
    for (size_t i = 0; i < len; i++)
        copy[i] = g_ascii_tolower(copy[i]);
    return copy;
}

/* The token at `lex`, lower case; NULL if there is none. */
static const char *read_token(KxMimeContent *content, KxLex *lex)
{
    const char *start;
    size_t len;
    kx_lex_skip(lex, NULL);
    if (!kx_lex_token(lex, &start, &len))
        return NULL;
    return copy_lower(content->arena, start, len);
}

/* The value unfolded and trimmed, NULL if nothing is left. */
static const char *read_text(KxMimeContent *content, KxLex *lex, gboolean without_blanks)
{
    GString *text = content->scratch;
    g_string_truncate(text, 0);
    for (; lex->pos < lex->end; lex->pos++) {
        char c = *lex->pos;
        if (c == '\r' || c == '\n' || c == '\0')
            continue;
        if (g_ascii_isspace(c) && (without_blanks || text->len == 0))
            continue;
        g_string_append_c(text, c);
    }
    while (text->len > 0 && g_ascii_isspace(text->str[text->len - 1]))
        g_string_truncate(text, text->len - 1);
    return text->len > 0 ? kx_mime_arena_strndup(content->arena, text->str, text->len) : NULL;
}

/* A value that makes no sense is text/plain (RFC 2045 section 5.2). */
static void set_type(KxMimeContent *content, KxMimePart *part, KxLex *lex)
{
    const char *type = read_token(content, lex);
    kx_lex_skip(lex, NULL);
    const char *subtype = type && kx_lex_accept(lex, '/') ? read_token(content, lex) : NULL;
    part->type = subtype ? type : "text";
    part->subtype = subtype ? subtype : "plain";
    if (subtype)
        kx_mime_params_parse(content->arena, lex, content->scratch, &part->type_params);
}

static void set_encoding(KxMimeContent *content, KxMimePart *part, KxLex *lex)
{
    static const struct {
        const char *name;
        KxMimeEncoding encoding;
    } encodings[] = {
        {"7bit", KX_MIME_ENC_7BIT},     {"8bit", KX_MIME_ENC_8BIT},
        {"base64", KX_MIME_ENC_BASE64}, {"quoted-printable", KX_MIME_ENC_QUOTED_PRINTABLE},
        {"binary", KX_MIME_ENC_BINARY}, {"7-bit", KX_MIME_ENC_7BIT},
        {"8-bit", KX_MIME_ENC_8BIT},
    };
    part->encoding_text = read_token(content, lex);
    if (!part->encoding_text)
        return;
    part->encoding = KX_MIME_ENC_UNKNOWN;
    for (unsigned i = 0; i < G_N_ELEMENTS(encodings); i++) {
        if (strcmp(part->encoding_text, encodings[i].name) == 0)
            part->encoding = encodings[i].encoding;
    }
}

static void set_disposition(KxMimeContent *content, KxMimePart *part, KxLex *lex)
{
    part->disposition = read_token(content, lex);
    if (part->disposition)
        kx_mime_params_parse(content->arena, lex, content->scratch, &part->disposition_params);
}

static void set_id(KxMimeContent *content, KxMimePart *part, KxLex *lex)
{
    part->id = read_text(content, lex, FALSE);
}

static void set_description(KxMimeContent *content, KxMimePart *part, KxLex *lex)
{
    part->description = read_text(content, lex, FALSE);
}

static void set_md5(KxMimeContent *content, KxMimePart *part, KxLex *lex)
{
    part->md5 = read_text(content, lex, FALSE);
}

static void set_language(KxMimeContent *content, KxMimePart *part, KxLex *lex)
{
    part->language = read_text(content, lex, FALSE);
}

/* Long locations are folded, and blanks are no part of a URI (RFC 2557 section 4.4). */
static void set_location(KxMimeContent *content, KxMimePart *part, KxLex *lex)
{
    part->location = read_text(content, lex, TRUE);
}

static const struct {
    const char *name; /* after "Content-" */
    Setter set;
    size_t offset; /* of the member that says the field was seen */
} fields[] = {
    {"type", set_type, G_STRUCT_OFFSET(KxMimePart, type)},
    {"transfer-encoding", set_encoding, G_STRUCT_OFFSET(KxMimePart, encoding_text)},
    {"disposition", set_disposition, G_STRUCT_OFFSET(KxMimePart, disposition)},
    {"id", set_id, G_STRUCT_OFFSET(KxMimePart, id)},
    {"description", set_description, G_STRUCT_OFFSET(KxMimePart, description)},
    {"md5", set_md5, G_STRUCT_OFFSET(KxMimePart, md5)},
    {"language", set_language, G_STRUCT_OFFSET(KxMimePart, language)},
    {"location", set_location, G_STRUCT_OFFSET(KxMimePart, location)},
};

#define PREFIX_LEN (sizeof("Content-") - 1)

void kx_mime_content_field(KxMimeContent *content, KxMimePart *part, const KxHeaderField *field)
{
    if (field->name_len <= PREFIX_LEN ||
        g_ascii_strncasecmp(field->name, "Content-", PREFIX_LEN) != 0)
        return;
    size_t len = MIN(field->value_len, KX_MIME_MAX_FIELD);
    if (len > content->budget)
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (!kx_ascii_equal(field->name + PREFIX_LEN, field->name_len - PREFIX_LEN, fields[i].name))
            continue;
        if (G_STRUCT_MEMBER(const char *, part, fields[i].offset))
            return;
        content->budget -= len;
        KxLex lex = {field->value, field->value + len};
        fields[i].set(content, part, &lex);
        return;
    }
}

void kx_mime_content_defaults(KxMimePart *part)
{
    if (part->type)
        return;
    gboolean digest = part->parent && kx_mime_part_is(part->parent, "multipart", "digest");
    part->type = digest ? "message" : "text";
    part->subtype = digest ? "rfc822" : "plain";
}
