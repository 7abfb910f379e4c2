/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/config-xml.h"
#include "directory/record.h"
#include "directory/rights.h"

enum { INDENT = 2 };

static G_GNUC_PRINTF(3, 4) void line(GString *out, guint depth, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_string_append_printf(out, "%*s", (int)depth * INDENT, "");
    g_string_append_vprintf(out, format, args);
    g_string_append_c(out, '\n');
    va_end(args);
}

/* A text may hold what no XML may: the two last code points of the first plane. */
static void append_text(GString *out, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    for (const char *at = escaped; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        g_string_append_unichar(out, c == 0xfffe || c == 0xffff ? 0xfffd : c);
    }
}

static void variable(GString *out, guint depth, const char *name, const char *value)
{
    g_string_append_printf(out, "%*s<variable name=\"%s\">", (int)depth * INDENT, "", name);
    append_text(out, value);
    g_string_append(out, "</variable>\n");
}

/* ---- settings ---- */

static void append_table(GString *out, const KxSettings *settings, guint first, const char *table)
{
    line(out, 1, "<table name=\"%s\">", table);
    for (guint id = first; id < KX_SET_COUNT; id++) {
        const char *name;
        g_autofree char *here = kx_config_setting_table((KxSettingId)id, &name);
        g_autofree char *value = kx_settings_format(settings, (KxSettingId)id);
        if (g_str_equal(here, table))
            variable(out, 2, name, value);
    }
    line(out, 1, "</table>");
}

static void append_settings(GString *out, const KxSettings *settings)
{
    g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint id = 0; id < KX_SET_COUNT; id++) {
        const char *name;
        char *table = kx_config_setting_table((KxSettingId)id, &name);
        if (!g_hash_table_contains(done, table))
            append_table(out, settings, id, table);
        g_hash_table_add(done, table);
    }
}

/* ---- objects ---- */

/* As the original says it: what is on or off is 1 or 0. */
static char *field_value(const KxRecord *record, KxFieldId id)
{
    const KxFieldRow *row = kx_field_row(id);
    char *value = row->kind->class == KX_CLASS_LIST ? kx_record_value(record, id)
                                                    : kx_record_text(record, id);
    if (row->kind->class != KX_CLASS_BOOL)
        return value ? value : g_strdup("");
    gboolean on = g_str_equal(value, "yes") != ((row->flags & KX_FIELD_INVERTED) != 0);
    g_free(value);
    return g_strdup(on ? "1" : "0");
}

static void append_password(GString *out, KxDirectory *directory, const KxRecord *user)
{
    g_autofree char *login = g_strdup_printf("%s@%s", user->name, user->domain);
    g_autofree char *stored = kx_user_stored_password(directory, login);
    if (!stored)
        return;
    variable(out, 3, kx_field_row(KX_FIELD_USER_PASSWORD_HASH)->logged, stored);
    explicit_bzero(stored, strlen(stored));
}

static void append_object(GString *out, KxDirectory *directory, KxObject object,
                          const KxRecord *record)
{
    guint first, end;
    kx_field_range(object, &first, &end);
    line(out, 2, "<listitem>");
    variable(out, 3, "Name", record->name);
    if (record->domain)
        variable(out, 3, "Domain", record->domain);
    if (object == KX_OBJECT_USER)
        append_password(out, directory, record);
    for (guint id = first; id < end; id++) {
        const KxFieldRow *row = kx_field_row((KxFieldId)id);
        if (row->kind->class == KX_CLASS_SECRET || row->flags & KX_FIELD_DERIVED)
            continue;
        g_autofree char *value = field_value(record, (KxFieldId)id);
        variable(out, 3, row->logged, value);
    }
    line(out, 2, "</listitem>");
}

static gboolean append_list(GString *out, KxDirectory *directory, KxObject object, GError **error)
{
    const KxQuery all = {0};
    g_autoptr(GPtrArray) list = kx_object_list(directory, object, &all, NULL, error);
    if (!list)
        return FALSE;
    line(out, 1, "<list name=\"%s\">", kx_config_lists[object].list);
    for (guint i = 0; i < list->len; i++)
        append_object(out, directory, object, list->pdata[i]);
    line(out, 1, "</list>");
    return TRUE;
}

static GString *make_file(KxDirectory *directory, KxConfigFile file, GError **error)
{
    GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<config>\n");
    gboolean good = TRUE;
    if (file == KX_CONFIG_MAILSERVER) {
        g_autoptr(KxSettings) settings = kx_directory_settings(directory);
        append_settings(out, settings);
    }
    for (guint object = 0; good && object < KX_OBJECT_COUNT; object++)
        if (kx_config_lists[object].file == file)
            good = append_list(out, directory, object, error);
    g_string_append(out, "</config>\n");
    if (good)
        return out;
    g_string_free(out, TRUE);
    return NULL;
}

json_t *kx_config_run_xml_export(const KxCall *call, GError **error)
{
    static const char *const keys[KX_CONFIG_FILES] = {"mailserver", "users"};
    json_auto_t *result = json_object();
    /* There are stored passwords in it. */
    if (!kx_rights_check(&call->context->admin, KX_ACTION_CHANGE, NULL, error))
        return NULL;
    for (guint file = 0; file < KX_CONFIG_FILES; file++) {
        GString *text = make_file(call->context->core->directory, file, error);
        if (!text)
            return NULL;
        json_object_set_new(result, keys[file], json_stringn(text->str, text->len));
        explicit_bzero(text->str, text->len);
        g_string_free(text, TRUE);
    }
    kx_call_log(call, "Exported the configuration as XML");
    return json_incref(result);
}
