/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/fields.h"

#include <sodium.h>

#include "base/error.h"

static const KxFieldRow ROWS[KX_FIELD_COUNT] = {
#define KX_FIELD(object, id, name, logged, flags, kind, member, spec, manual)                      \
    [KX_FIELD_##object##_##id] = {KX_OBJECT_##object,                                              \
                                  name,                                                            \
                                  #id,                                                             \
                                  logged,                                                          \
                                  flags,                                                           \
                                  &kx_kind_##kind,                                                 \
                                  offsetof(KX_STRUCT_##object, member),                            \
                                  manual},
#define KX_SECRET(object, id, name, logged, flags, kind, spec, manual)                             \
    [KX_FIELD_##object##_##                                                                        \
        id] = {KX_OBJECT_##object, name, #id, logged, flags, &kx_kind_##kind, 0, manual},
#include "directory/object-list.h"
#undef KX_FIELD
#undef KX_SECRET
};

const KxFieldRow *kx_field_row(KxFieldId id)
{
    return &ROWS[id];
}

static gboolean fail_unknown(KxObject object, const char *field, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < KX_FIELD_COUNT; i++)
        if (ROWS[i].object == object)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", ROWS[i].name);
    return kx_fail(error, KX_ERR_INVALID, "unknown field '%s'; known are: %s", field, names->str);
}

static gboolean take_field(KxObject object, const KxField *field, KxFieldValues *values,
                           GError **error)
{
    guint id = 0;
    while (id < KX_FIELD_COUNT &&
           (ROWS[id].object != object || strcmp(ROWS[id].name, field->field) != 0))
        id++;
    if (id == KX_FIELD_COUNT)
        return fail_unknown(object, field->field, error);
    if (values->given[id])
        return kx_fail(error, KX_ERR_INVALID, "%s is given twice", field->field);
    values->given[id] = TRUE;
    if (field->value == NULL || (*field->value == '\0' && ROWS[id].kind->class != KX_CLASS_SECRET))
        return TRUE;
    values->text[id] = kx_kind_parse(ROWS[id].kind, field->value, error);
    if (values->text[id] != NULL)
        return TRUE;
    g_prefix_error(error, "%s: ", field->field);
    return FALSE;
}

gboolean kx_field_values_parse(KxObject object, const KxField *fields, guint n,
                               KxFieldValues *ret_values, GError **error)
{
    g_auto(KxFieldValues) values = {0};
    for (guint i = 0; i < n; i++)
        if (!take_field(object, &fields[i], &values, error))
            return FALSE;
    *ret_values = values;
    values = (KxFieldValues){0};
    return TRUE;
}

void kx_field_values_put(KxFieldValues *values, KxFieldId id, const char *text)
{
    values->given[id] = TRUE;
    g_free(values->text[id]);
    values->text[id] = g_strdup(text);
}

void kx_field_values_clear(KxFieldValues *values)
{
    for (guint i = 0; i < KX_FIELD_COUNT; i++) {
        if (values->text[i] != NULL && ROWS[i].kind->class == KX_CLASS_SECRET)
            sodium_memzero(values->text[i], strlen(values->text[i]));
        g_clear_pointer(&values->text[i], g_free);
    }
}

/* The log says 1 and 0 (LOG-24). */
static const char *logged_value(const KxFieldRow *row, const char *text)
{
    if (row->kind->class != KX_CLASS_BOOL)
        return text;
    gboolean on = g_strcmp0(text, "yes") == 0;
    return (row->flags & KX_FIELD_INVERTED ? !on : on) ? "1" : "0";
}

void kx_field_values_audit(const KxFieldValues *values, GArray *audit)
{
    for (guint i = 0; i < KX_FIELD_COUNT; i++) {
        if (!values->given[i])
            continue;
        KxAuditField field = {ROWS[i].logged, logged_value(&ROWS[i], values->text[i]),
                              ROWS[i].kind->class == KX_CLASS_SECRET};
        g_array_append_val(audit, field);
    }
}
