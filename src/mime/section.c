/* SPDX-License-Identifier: Apache-2.0 */
/* See section.h. */
#include "mime/section.h"
#include "base/text.h"
#include "mime/header.h"

static const struct {
    const char *name;
    KxSectionKind kind;
} kinds[] = {
    {"HEADER", KX_SECTION_HEADER},
    {"HEADER.FIELDS", KX_SECTION_HEADER_FIELDS},
    {"HEADER.FIELDS.NOT", KX_SECTION_HEADER_FIELDS_NOT},
    {"TEXT", KX_SECTION_TEXT},
    {"MIME", KX_SECTION_MIME},
};

static gboolean parse_kind(const char *text, size_t len, KxSection *section)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (kx_ascii_equal(text, len, kinds[i].name)) {
            section->kind = kinds[i].kind;
            return section->kind != KX_SECTION_MIME || section->n_path > 0;
        }
    }
    return FALSE;
}

/* nz-number; numbers no message can have are all as good as the largest. */
static gboolean parse_number(const char **pos, const char *end, unsigned *ret_number)
{
    unsigned number = 0;
    if (**pos == '0')
        return FALSE;
    for (; *pos < end && g_ascii_isdigit(**pos); (*pos)++)
        number = MIN(number * 10 + (unsigned)(**pos - '0'), KX_MIME_MAX_PARTS + 1);
    *ret_number = number;
    return TRUE;
}

gboolean kx_section_parse(const char *text, size_t len, KxSection *ret_section)
{
    KxSection section = {.kind = KX_SECTION_ALL};
    const char *pos = text, *end = text + len;
    while (pos < end && g_ascii_isdigit(*pos)) {
        if (section.n_path == KX_SECTION_MAX_PATH ||
            !parse_number(&pos, end, &section.path[section.n_path++]))
            return FALSE;
        if (pos == end)
            break;
        if (*pos++ != '.' || pos == end)
            return FALSE;
    }
    if (pos < end && !parse_kind(pos, (size_t)(end - pos), &section))
        return FALSE;
    *ret_section = section;
    return TRUE;
}

typedef struct Name {
    const char *text;
    size_t len;
} Name;

static int compare_names(const void *a_void, const void *b_void)
{
    const Name *a = a_void, *b = b_void;
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return g_ascii_strncasecmp(a->text, b->text, a->len);
}

/* Without one the header is all there is of the message or part (RFC 9051 section 6.4.5.1). */
static gboolean ends_in_blank_line(const char *header, size_t len)
{
    if (len == 0 || header[len - 1] != '\n')
        return FALSE;
    len -= len > 1 && header[len - 2] == '\r' ? 2 : 1;
    return len == 0 || header[len - 1] == '\n';
}

void kx_section_append_fields(GString *out, const char *header, size_t len,
                              const char *const *fields, unsigned n_fields, gboolean invert)
{
    g_autofree Name *names = g_new(Name, n_fields + 1);
    for (unsigned i = 0; i < n_fields; i++)
        names[i] = (Name){fields[i], strlen(fields[i])};
    qsort(names, n_fields, sizeof(Name), compare_names);

    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, header, len);
    while (kx_header_iter_next(&iter, &field)) {
        Name name = {field.name, field.name_len};
        gboolean named =
            name.len > 0 && bsearch(&name, names, n_fields, sizeof(Name), compare_names) != NULL;
        if (named != invert)
            g_string_append_len(out, field.start, (gssize)field.len);
    }
    if (ends_in_blank_line(header, len))
        g_string_append(out, "\r\n");
}

static void set_header(const KxMimeMessage *message, const KxMimePart *part,
                       const KxSection *section, const char *const *fields, unsigned n_fields,
                       KxSectionBytes *ret_bytes)
{
    if (section->kind == KX_SECTION_HEADER || section->kind == KX_SECTION_MIME) {
        *ret_bytes = (KxSectionBytes){.offset = part->header_start, .len = part->header_len};
        return;
    }
    GString *out = g_string_sized_new(512);
    kx_section_append_fields(out, message->data + part->header_start, part->header_len, fields,
                             n_fields, section->kind == KX_SECTION_HEADER_FIELDS_NOT);
    size_t len = out->len;
    *ret_bytes = (KxSectionBytes){.len = len, .owned = g_string_free_to_bytes(out)};
}

gboolean kx_section_get(const KxMimeMessage *message, const KxSection *section,
                        const char *const *fields, unsigned n_fields, KxSectionBytes *ret_bytes)
{
    const KxMimePart *part = kx_mime_find_part(message, section->path, section->n_path);
    if (!part)
        return FALSE;
    if (section->kind == KX_SECTION_ALL && section->n_path == 0) {
        *ret_bytes = (KxSectionBytes){.len = message->len};
        return TRUE;
    }
    gboolean of_message = section->kind != KX_SECTION_ALL && section->kind != KX_SECTION_MIME;
    if (of_message && section->n_path > 0) {
        if (part->kind != KX_MIME_MESSAGE)
            return FALSE;
        part = part->first_child;
    }
    if (section->kind == KX_SECTION_ALL || section->kind == KX_SECTION_TEXT)
        *ret_bytes = (KxSectionBytes){.offset = part->body_start, .len = part->body_len};
    else
        set_header(message, part, section, fields, n_fields, ret_bytes);
    return TRUE;
}

void kx_section_bytes_clear(KxSectionBytes *bytes)
{
    g_clear_pointer(&bytes->owned, g_bytes_unref);
}
