/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/config-file.h"

#include "base/error.h"

gboolean kx_config_find(const char *name, KxSettingId *ret_id, GError **error)
{
    if (kx_setting_find(name, ret_id))
        return TRUE;
    const char *names[KX_SET_COUNT];
    for (guint id = 0; id < KX_SET_COUNT; id++)
        names[id] = kx_setting_row(id)->name;
    const char *like = kx_suggest(name, names, KX_SET_COUNT);
    return kx_fail(error, KX_ERR_NOT_FOUND,
                   "there is no setting '%s'%s%s%s; keryx config list shows all", name,
                   like ? " (did you mean " : "", like ? like : "", like ? "?)" : "");
}

static json_t *list_value(const char *const *entries)
{
    json_t *list = json_array();
    for (; entries && *entries; entries++)
        json_array_append_new(list, json_string(*entries));
    return list;
}

json_t *kx_config_value(const KxSettings *settings, KxSettingId id, gboolean typed)
{
    KxSettingType type = kx_setting_row(id)->type;
    if (typed && type == KX_SETTING_BOOL)
        return json_boolean(kx_settings_bool(settings, id));
    if (typed && type == KX_SETTING_LIST)
        return list_value(kx_settings_list(settings, id));
    if (typed && (type == KX_SETTING_INT || type == KX_SETTING_SIZE || type == KX_SETTING_DURATION))
        return json_integer((json_int_t)kx_settings_int(settings, id));
    g_autofree char *value = kx_settings_format(settings, id);
    return json_string(value);
}

json_t *kx_config_document(const KxSettings *settings, const KxConfigWish *wish)
{
    json_t *values = json_object();
    for (guint id = 0; id < KX_SET_COUNT; id++) {
        const KxSettingRow *row = kx_setting_row(id);
        if ((wish->all || !kx_settings_is_default(settings, id)) &&
            (wish->secrets || !(row->flags & KX_SETTING_SECRET)))
            json_object_set_new(values, row->name, kx_config_value(settings, id, wish->typed));
    }
    return json_pack("{s:s, s:o}", "keryx", KX_VERSION, "settings", values);
}

char *kx_config_fingerprint(const KxSettings *settings)
{
    enum { SHOWN = 16 };
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (guint id = 0; id < KX_SET_COUNT; id++) {
        g_autofree char *value = kx_settings_format(settings, id);
        g_checksum_update(sum, (const guchar *)value, (gssize)strlen(value) + 1);
    }
    return g_strndup(g_checksum_get_string(sum), SHOWN);
}

void kx_config_diff_free(KxConfigDiff *diff)
{
    if (!diff)
        return;
    kx_settings_unref(diff->before);
    if (diff->after)
        kx_settings_unref(diff->after);
    g_array_unref(diff->changes);
    g_ptr_array_unref(diff->texts);
    json_decref(diff->document);
    g_free(diff);
}

/* NULL: an entry is no text, or holds a comma, which would make two of it. */
static char *join_entries(const json_t *list)
{
    GString *all = g_string_new(NULL);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *entry = json_string_value(json_array_get(list, i));
        if (!entry || strchr(entry, ',')) {
            g_string_free(all, TRUE);
            return NULL;
        }
        g_string_append_printf(all, "%s%s", i > 0 ? "," : "", entry);
    }
    return g_string_free(all, FALSE);
}

static gboolean take_value(KxConfigDiff *diff, const char *name, const json_t *value,
                           GError **error)
{
    KxSettingChange one = {.value = NULL};
    if (!kx_config_find(name, &one.id, error))
        return FALSE;
    if (json_is_string(value)) {
        one.value = json_string_value(value);
    } else if (json_is_boolean(value)) {
        one.value = json_is_true(value) ? "yes" : "no";
    } else if (json_is_integer(value)) {
        char *text = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        g_ptr_array_add(diff->texts, text);
        one.value = text;
    } else if (json_is_array(value)) {
        char *text = join_entries(value);
        if (!text)
            return kx_fail(error, KX_ERR_INVALID,
                           "%s: the entries of a list are texts without commas", name);
        g_ptr_array_add(diff->texts, text);
        one.value = text;
    } else if (!json_is_null(value)) {
        return kx_fail(error, KX_ERR_INVALID,
                       "%s: the value is neither text, number, list, true, false nor null", name);
    }
    g_array_append_val(diff->changes, one);
    return TRUE;
}

static gboolean read_document(KxConfigDiff *diff, const char *text, gboolean exact, GError **error)
{
    json_error_t where;
    diff->document = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (!diff->document)
        return kx_fail(error, KX_ERR_INVALID, "the file is not JSON: line %d: %s", where.line,
                       where.text);
    const json_t *values = json_object_get(diff->document, "settings");
    if (!json_is_object(values))
        return kx_fail(
            error, KX_ERR_INVALID,
            "the file has no \"settings\" (keryx config export shows what it looks like)");
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)values, name,
                        value) if (!take_value(diff, name, value, error)) return FALSE;
    for (guint id = 0; exact && id < KX_SET_COUNT; id++)
        if (!json_object_get(values, kx_setting_row(id)->name)) {
            KxSettingChange one = {.id = id, .value = NULL};
            g_array_append_val(diff->changes, one);
        }
    return TRUE;
}

/* Leaves out what would not change anything. */
static void keep_differences(KxConfigDiff *diff)
{
    for (guint i = diff->changes->len; i-- > 0;) {
        KxSettingId id = g_array_index(diff->changes, KxSettingChange, i).id;
        g_autofree char *from = kx_settings_format(diff->before, id);
        g_autofree char *to = kx_settings_format(diff->after, id);
        if (g_str_equal(from, to))
            g_array_remove_index(diff->changes, i);
    }
}

KxConfigDiff *kx_config_diff(KxSettings *settings, const char *text, gboolean exact, GError **error)
{
    g_autoptr(KxConfigDiff) diff = g_new0(KxConfigDiff, 1);
    diff->before = kx_settings_ref(settings);
    diff->changes = g_array_new(FALSE, FALSE, sizeof(KxSettingChange));
    diff->texts = g_ptr_array_new_with_free_func(g_free);
    if (!read_document(diff, text, exact, error))
        return NULL;
    diff->after = kx_settings_with(settings, (const KxSettingChange *)(gpointer)diff->changes->data,
                                   diff->changes->len, error);
    if (!diff->after)
        return NULL;
    keep_differences(diff);
    return g_steal_pointer(&diff);
}
