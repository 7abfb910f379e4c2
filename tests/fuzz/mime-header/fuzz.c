/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header fields: what is decoded is UTF-8, fields tile the header without gaps, parameters keep
 * their promises.
 */
#include <glib.h>
#include "mime/header.h"
#include "mime/part.h"
#include "mime/section.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len);

static void check_text(const char *text)
{
    g_assert(g_utf8_validate(text, -1, NULL));
    g_assert(!strpbrk(text, "\r\n"));
}

static void check_field(const KxHeaderField *field)
{
    g_assert(field->name >= field->start && field->value >= field->name + field->name_len);
    g_assert(field->value + field->value_len <= field->start + field->len);
    g_autofree char *decoded = kx_header_decode(field->value, field->value_len, 4096);
    check_text(decoded);
}

static void check_params(const KxMimeParams *params)
{
    g_assert(params->n <= KX_MIME_MAX_PARAMS);
    for (unsigned i = 0; i < params->n; i++) {
        g_assert(!strpbrk(params->items[i].value, "\r\n"));
        g_assert(kx_mime_param_get(params, params->items[i].name));
    }
}

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len)
{
    const char *data = (const char *)bytes, *expected = data;
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, data, len);
    while (kx_header_iter_next(&iter, &field)) {
        g_assert(field.start == expected && field.len > 0);
        check_field(&field);
        expected += field.len;
    }
    g_assert(kx_header_length(data, len) >= (size_t)(expected - data));

    KxSection section;
    kx_section_parse(data, len, &section);
    g_autoptr(KxMimeMessage) message = kx_mime_parse(data, len);
    check_params(&message->root->type_params);
    check_params(&message->root->disposition_params);
    return 0;
}
