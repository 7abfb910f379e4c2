/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/fields.h"

#include <sodium.h>

#include "base/error.h"
#include "base/text.h"
#include "directory/credentials.h"
#include "base/ip-range.h"
#include "directory/names.h"
#include "settings/checks.h"

enum {
    TEXT_MAX = 1000,        /* bytes */
    LIST_MAX = 1000,        /* entries */
    LIST_TEXT_MAX = 100000, /* bytes */
};

/* Canonical text of a value that is neither NULL nor empty, or NULL with KX_ERR_INVALID. */
typedef char *(*Normalise)(const char *value, GError **error);

typedef struct {
    KxObject object;
    const char *name;
    const char *logged;
    guint flags;
    Normalise normalise;
} FieldRow;

static char *kx_field_text(const char *value, GError **error)
{
    if (strlen(value) > TEXT_MAX || !g_utf8_validate(value, -1, NULL)) {
        kx_fail(error, KX_ERR_INVALID, "the text is longer than %d bytes or not UTF-8", TEXT_MAX);
        return NULL;
    }
    for (const char *at = value; *at != '\0'; at = g_utf8_next_char(at))
        if (g_unichar_iscntrl(g_utf8_get_char(at))) {
            kx_fail(error, KX_ERR_INVALID, "the text may not contain control characters");
            return NULL;
        }
    return g_strdup(value);
}

static char *kx_field_bool(const char *value, GError **error)
{
    gboolean on;
    if (kx_bool_parse(value, &on))
        return g_strdup(on ? "1" : "0");
    kx_fail(error, KX_ERR_INVALID, "'%s' is neither yes nor no", value);
    return NULL;
}

static char *kx_field_ip(const char *value, GError **error)
{
    char *ip = kx_name_ip(value);
    if (ip == NULL)
        kx_fail(error, KX_ERR_INVALID, "'%s' is not an IPv4 or IPv6 address", value);
    return ip;
}

static char *kx_field_password(const char *value, GError **error)
{
    return kx_password_prepare(value, error);
}

/* Beyond this neither IMAP nor the database can say the number. */
static const guint64 AMOUNT_MAX = G_MAXINT64;

static char *kx_field_count(const char *value, GError **error)
{
    guint64 number;
    if (kx_parse_uint(value, AMOUNT_MAX, &number))
        return g_strdup_printf("%" G_GUINT64_FORMAT, number);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not a number", value);
    return NULL;
}

static char *kx_field_size(const char *value, GError **error)
{
    static const char UNITS[] = "KMG";
    size_t len = strlen(value);
    const char *unit = len > 0 ? strchr(UNITS, g_ascii_toupper(value[len - 1])) : NULL;
    guint shift = unit ? 10 * (guint)(unit - UNITS + 1) : 0;
    g_autofree char *digits = g_strndup(value, unit ? len - 1 : len);
    guint64 number;
    if (kx_parse_uint(digits, AMOUNT_MAX >> shift, &number))
        return g_strdup_printf("%" G_GUINT64_FORMAT, number << shift);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not a size in bytes, which may carry K, M or G", value);
    return NULL;
}

static char *range_entry(const char *entry, GError **error)
{
    KxIpRange range;
    return kx_ip_range_parse(entry, &range, error) ? g_strdup(entry) : NULL;
}

static char *local_entry(const char *entry, GError **error)
{
    if (strchr(entry, '@') == NULL)
        return kx_name_local(entry, error);
    kx_fail(error, KX_ERR_INVALID, "'%s': give only the part before @", entry);
    return NULL;
}

/* Each entry canonical, in the given order, without repetition. */
static char *normalise_list(const char *value, Normalise entry, GError **error)
{
    if (strlen(value) > LIST_TEXT_MAX) {
        kx_fail(error, KX_ERR_INVALID, "the list is longer than %d bytes", LIST_TEXT_MAX);
        return NULL;
    }
    g_auto(GStrv) parts = g_strsplit(value, ",", LIST_MAX + 1);
    if (g_strv_length(parts) > LIST_MAX) {
        kx_fail(error, KX_ERR_INVALID, "the list has more than %d entries", LIST_MAX);
        return NULL;
    }
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; parts[i] != NULL; i++) {
        char *text = entry(g_strstrip(parts[i]), error);
        if (text == NULL)
            return NULL;
        if (g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
            g_free(text);
        else
            g_ptr_array_add(list, text);
    }
    g_ptr_array_add(list, NULL);
    return g_strjoinv(",", (char **)list->pdata);
}

static char *kx_field_domains(const char *value, GError **error)
{
    return normalise_list(value, kx_name_domain, error);
}

static char *kx_field_locals(const char *value, GError **error)
{
    return normalise_list(value, local_entry, error);
}

static char *kx_field_ranges(const char *value, GError **error)
{
    return normalise_list(value, range_entry, error);
}

static const FieldRow ROWS[KX_FIELD_COUNT] = {
#define KX_FIELD(object, id, name, logged, flags, normalise, spec, manual)                         \
    [KX_FIELD_##object##_##id] = {KX_OBJECT_##object, name, logged, flags, normalise},
#include "directory/object-list.h"
#undef KX_FIELD
};

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
    gboolean secret = (ROWS[id].flags & KX_FIELD_SECRET) != 0;
    if (field->value == NULL || (*field->value == '\0' && !secret))
        return TRUE;
    values->text[id] = ROWS[id].normalise(field->value, error);
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

void kx_field_values_clear(KxFieldValues *values)
{
    for (guint i = 0; i < KX_FIELD_COUNT; i++) {
        if (values->text[i] != NULL && (ROWS[i].flags & KX_FIELD_SECRET))
            sodium_memzero(values->text[i], strlen(values->text[i]));
        g_clear_pointer(&values->text[i], g_free);
    }
}

gboolean kx_field_values_bool(const KxFieldValues *values, KxFieldId id)
{
    return g_strcmp0(values->text[id], "1") == 0;
}

guint64 kx_field_values_number(const KxFieldValues *values, KxFieldId id)
{
    guint64 number = 0;
    if (values->text[id] != NULL)
        kx_parse_uint(values->text[id], G_MAXUINT64, &number);
    return number;
}

char **kx_field_values_list(const KxFieldValues *values, KxFieldId id)
{
    return values->text[id] != NULL ? g_strsplit(values->text[id], ",", -1) : g_new0(char *, 1);
}

void kx_field_values_audit(const KxFieldValues *values, GArray *audit)
{
    for (guint i = 0; i < KX_FIELD_COUNT; i++) {
        if (!values->given[i])
            continue;
        KxAuditField field = {ROWS[i].logged, values->text[i],
                              (ROWS[i].flags & KX_FIELD_SECRET) != 0};
        if (ROWS[i].flags & KX_FIELD_INVERTED)
            field.value = kx_field_values_bool(values, (KxFieldId)i) ? "0" : "1";
        g_array_append_val(audit, field);
    }
}
