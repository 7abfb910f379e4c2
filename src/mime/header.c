/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and unfolding header fields: see header.h. Encoded words are in header-decode.c. */
#include "mime/header.h"
#include "base/text.h"

void kx_header_iter_init(KxHeaderIter *iter, const char *header, size_t len)
{
    iter->pos = header;
    iter->end = header + len;
}

static const char *line_end(const char *pos, const char *end)
{
    const char *lf = memchr(pos, '\n', (size_t)(end - pos));
    return lf ? lf + 1 : end;
}

static gboolean is_empty_line(const char *pos, const char *end)
{
    return *pos == '\n' || (*pos == '\r' && end - pos > 1 && pos[1] == '\n');
}

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Length of the text at `start` without a final CRLF or LF. */
static size_t without_newline(const char *start, const char *stop)
{
    if (stop > start && stop[-1] == '\n')
        stop--;
    else
        return (size_t)(stop - start);
    if (stop > start && stop[-1] == '\r')
        stop--;
    return (size_t)(stop - start);
}

gboolean kx_header_iter_next(KxHeaderIter *iter, KxHeaderField *ret_field)
{
    const char *start = iter->pos, *end = iter->end;
    if (start == end || is_empty_line(start, end))
        return FALSE;
    const char *stop = line_end(start, end);
    const char *colon = memchr(start, ':', (size_t)(stop - start));
    while (stop < end && is_blank(*stop))
        stop = line_end(stop, end);
    iter->pos = stop;

    const char *name_end = colon ? colon : start;
    while (name_end > start && is_blank(name_end[-1]))
        name_end--;
    const char *value = colon ? colon + 1 : start;
    *ret_field = (KxHeaderField){
        .start = start,
        .len = (size_t)(stop - start),
        .name = start,
        .name_len = (size_t)(name_end - start),
        .value = value,
        .value_len = without_newline(value, stop),
    };
    return TRUE;
}

gboolean kx_header_field_is(const KxHeaderField *field, const char *name)
{
    return field->name_len > 0 && kx_ascii_equal(field->name, field->name_len, name);
}

gboolean kx_header_find(const char *header, size_t len, const char *name, KxHeaderField *ret_field)
{
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, header, len);
    while (kx_header_iter_next(&iter, &field)) {
        if (kx_header_field_is(&field, name)) {
            *ret_field = field;
            return TRUE;
        }
    }
    return FALSE;
}

size_t kx_header_length(const char *data, size_t len)
{
    const char *pos = data, *end = data + len;
    while (pos < end) {
        gboolean empty = is_empty_line(pos, end);
        pos = line_end(pos, end);
        if (empty)
            break;
    }
    return (size_t)(pos - data);
}

char *kx_header_unfold(const char *value, size_t len, size_t max)
{
    const char *end = value + MIN(len, max);
    while (value < end && g_ascii_isspace(*value))
        value++;
    while (end > value && g_ascii_isspace(end[-1]))
        end--;
    char *text = g_malloc((size_t)(end - value) + 1);
    char *out = text;
    for (; value < end; value++) {
        if (*value != '\r' && *value != '\n' && *value != '\0')
            *out++ = *value;
    }
    *out = '\0';
    return text;
}
