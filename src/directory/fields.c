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

gboolean kx_field_is_secret(const KxFieldRow *row)
{
    return row->kind->class == KX_CLASS_SECRET || (row->flags & KX_FIELD_HIDDEN) != 0;
}

/* How many each file has. */
#define KX_FIELD(...) +1
enum {
    COUNT_DOMAIN = 0
#include "directory/fields-domain.h"
    ,
    COUNT_USER = 0
#include "directory/fields-user.h"
    ,
    COUNT_GROUP = 0
#include "directory/fields-group.h"
    ,
    COUNT_ALIAS = 0
#include "directory/fields-alias.h"
    ,
    COUNT_IP_GROUP = 0
#include "directory/fields-ip-group.h"
    ,
    COUNT_TEMPLATE = 0
#include "directory/fields-template.h"
    ,
    COUNT_TIME_RANGE = 0
#include "directory/fields-time-range.h"
    ,
    COUNT_ETRN = 0
#include "directory/fields-etrn.h"
    ,
    COUNT_SCHEDULE = 0
#include "directory/fields-schedule.h"
    ,
    COUNT_DOWNLOAD = 0
#include "directory/fields-download.h"
    ,
    COUNT_SORTING = 0
#include "directory/fields-sorting.h"
    ,
    COUNT_ROUTING = 0
#include "directory/fields-routing.h"
    ,
    COUNT_HIGHLIGHT = 0
#include "directory/fields-highlight.h"
};
#undef KX_FIELD

void kx_field_range(KxObject object, guint *ret_first, guint *ret_end)
{
    static const guint8 counts[KX_OBJECT_COUNT] = {
        [KX_OBJECT_DOMAIN] = COUNT_DOMAIN,         [KX_OBJECT_USER] = COUNT_USER,
        [KX_OBJECT_GROUP] = COUNT_GROUP,           [KX_OBJECT_ALIAS] = COUNT_ALIAS,
        [KX_OBJECT_IP_GROUP] = COUNT_IP_GROUP,     [KX_OBJECT_TEMPLATE] = COUNT_TEMPLATE,
        [KX_OBJECT_TIME_RANGE] = COUNT_TIME_RANGE, [KX_OBJECT_ETRN] = COUNT_ETRN,
        [KX_OBJECT_SCHEDULE] = COUNT_SCHEDULE,     [KX_OBJECT_DOWNLOAD] = COUNT_DOWNLOAD,
        [KX_OBJECT_SORTING] = COUNT_SORTING,       [KX_OBJECT_ROUTING] = COUNT_ROUTING,
        [KX_OBJECT_HIGHLIGHT] = COUNT_HIGHLIGHT,
    };
    guint first = 0;
    for (guint before = 0; before < object; before++)
        first += counts[before];
    *ret_first = first;
    *ret_end = first + counts[object];
}

static gboolean fail_unknown(KxObject object, const char *field, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    guint first, end;
    kx_field_range(object, &first, &end);
    for (guint i = first; i < end; i++)
        g_string_append_printf(names, "%s%s", i > first ? ", " : "", ROWS[i].name);
    return kx_fail(error, KX_ERR_INVALID, "unknown field '%s'; known are: %s", field, names->str);
}

const KxFieldRow *kx_field_find(KxObject object, const char *name, KxFieldId *ret_id)
{
    guint id, end;
    kx_field_range(object, &id, &end);
    while (id < end && strcmp(ROWS[id].name, name) != 0)
        id++;
    *ret_id = (KxFieldId)id;
    return id < end ? &ROWS[id] : NULL;
}

static gboolean take_field(KxObject object, const KxField *field, KxFieldValues *values,
                           GError **error)
{
    KxFieldId id;
    if (kx_field_find(object, field->field, &id) == NULL)
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
        if (values->text[i] != NULL && kx_field_is_secret(&ROWS[i]))
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
                              kx_field_is_secret(&ROWS[i])};
        g_array_append_val(audit, field);
    }
}
