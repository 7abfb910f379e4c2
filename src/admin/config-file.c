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

json_t *kx_config_document(const KxSettings *settings, gboolean all)
{
    json_t *values = json_object();
    for (guint id = 0; id < KX_SET_COUNT; id++) {
        if (!all && kx_settings_is_default(settings, id))
            continue;
        g_autofree char *value = kx_settings_format(settings, id);
        json_object_set_new(values, kx_setting_row(id)->name, json_string(value));
    }
    return json_pack("{s:s, s:o}", "keryx", KX_VERSION, "settings", values);
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
    } else if (!json_is_null(value)) {
        return kx_fail(error, KX_ERR_INVALID,
                       "%s: the value is neither text, number, true, false nor null", name);
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
