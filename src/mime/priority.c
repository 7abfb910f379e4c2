/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/priority.h"

#include <string.h>

#include "base/text.h"
#include "mime/header.h"

enum { VALUE_READ = 100 };

/* The first word of the value; "1 (Highest)" is common. */
static const struct {
    const char *field, *word;
} HIGH[] = {
    {"X-Priority", "1"},    {"X-Priority", "2"},           {"Priority", "urgent"},
    {"Importance", "high"}, {"X-MSMail-Priority", "high"},
};

static gboolean says_high(const KxHeaderField *field)
{
    g_autofree char *value = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(HIGH); i++) {
        if (!kx_header_field_is(field, HIGH[i].field))
            continue;
        if (!value)
            value = kx_header_unfold(field->value, field->value_len, VALUE_READ);
        if (kx_ascii_equal(value, strcspn(value, " \t(;"), HIGH[i].word))
            return TRUE;
    }
    return FALSE;
}

gboolean kx_priority_is_high(const char *header, size_t len)
{
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, header, len);
    while (kx_header_iter_next(&iter, &field))
        if (says_high(&field))
            return TRUE;
    return FALSE;
}
