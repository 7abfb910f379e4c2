/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keryx config: settings. What a file says is compared with what is in force; the differences are
 * one change.
 */
#include "admin/cli-private.h"
#include "admin/config-file.h"
#include "admin/config-xml.h"
#include "admin/object.h"
#include "admin/reference.h"
#include "base/error.h"
#include "settings/manual.h"

static const char secret_shown[] = "********";

static char *value_text(const KxSettings *settings, KxSettingId id)
{
    if (kx_setting_row(id)->flags & KX_SETTING_SECRET)
        return g_strdup(kx_settings_is_default(settings, id) ? "" : secret_shown);
    return kx_settings_format(settings, id);
}

/* What a form needs to know of a setting. */
static void add_schema(json_t *row, const KxSettingRow *setting)
{
    static const char *const types[] = {"bool", "int",    "size", "duration",
                                        "text", "choice", "list"};
    json_object_set_new(row, "type", json_string(types[setting->type]));
    if (setting->type != KX_SETTING_BOOL && setting->type != KX_SETTING_CHOICE) {
        json_object_set_new(row, "min", json_integer((json_int_t)setting->min));
        json_object_set_new(row, "max", json_integer((json_int_t)setting->max));
    }
    if (setting->choices) {
        g_auto(GStrv) choices = g_strsplit(setting->choices, "|", -1);
        json_object_set_new(row, "choices", kx_json_strings(choices));
    }
}

static json_t *row(const KxSettings *settings, KxSettingId id, gboolean typed)
{
    const KxSettingRow *setting = kx_setting_row(id);
    g_autofree char *masked = value_text(settings, id);
    json_t *value = setting->flags & KX_SETTING_SECRET ? json_string(masked)
                                                       : kx_config_value(settings, id, typed);
    json_t *result =
        json_pack("{s:s, s:o, s:s, s:b, s:b, s:s}", "name", setting->name, "value", value,
                  "default", setting->preset, "changed", !kx_settings_is_default(settings, id),
                  "restart", (setting->flags & KX_SETTING_RESTART) != 0, "manual", setting->manual);
    if (typed)
        add_schema(result, setting);
    return result;
}

static json_t *list(const KxCall *call, GError **error)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(call->context->core->directory);
    const char *prefix = call->n_args > 0 ? call->args[0] : "";
    gboolean changed = kx_call_flag(call, "changed");
    json_t *all = json_array();
    for (guint id = 0; id < KX_SET_COUNT; id++)
        if (g_str_has_prefix(kx_setting_row(id)->name, prefix) &&
            !(changed && kx_settings_is_default(settings, id)))
            json_array_append_new(all, row(settings, id, call->context->typed));
    return all;
}

static json_t *get(const KxCall *call, GError **error)
{
    KxSettingId id;
    if (!kx_config_find(call->args[0], &id, error))
        return NULL;
    g_autoptr(KxSettings) settings = kx_directory_settings(call->context->core->directory);
    return row(settings, id, call->context->typed);
}

/* ---- changes ---- */

/* The names of changed settings that wait for the next start. */
static json_t *restart_names(const GArray *changes)
{
    json_t *names = json_array();
    for (guint i = 0; i < changes->len; i++) {
        const KxSettingRow *setting = kx_setting_row(g_array_index(changes, KxSettingChange, i).id);
        if (setting->flags & KX_SETTING_RESTART)
            json_array_append_new(names, json_string(setting->name));
    }
    return names;
}

/* `seen`: only if the settings are still these; NULL: any. */
static gboolean change(const KxCall *call, const KxSettings *seen, const GArray *changes,
                       GError **error)
{
    return kx_directory_set_seen(call->context->core->directory, &call->context->admin, seen,
                                 (const KxSettingChange *)(gpointer)changes->data, changes->len,
                                 error);
}

static json_t *change_and_tell(const KxCall *call, const GArray *changes, GError **error)
{
    if (!change(call, NULL, changes, error))
        return NULL;
    return json_pack("{s:o}", "restart",
                     call->context->server ? restart_names(changes) : json_array());
}

static json_t *set(const KxCall *call, GError **error)
{
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(KxSettingChange));
    for (guint i = 0; i < call->n_args; i += 2) {
        KxSettingChange one = {.value = i + 1 < call->n_args ? call->args[i + 1] : NULL};
        if (!kx_config_find(call->args[i], &one.id, error))
            return NULL;
        if (!one.value) {
            kx_fail(error, KX_ERR_INVALID,
                    "%s has no value; keryx config unset brings back its default", call->args[i]);
            return NULL;
        }
        g_array_append_val(changes, one);
    }
    return change_and_tell(call, changes, error);
}

static json_t *unset(const KxCall *call, GError **error)
{
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(KxSettingChange));
    for (guint i = 0; i < call->n_args; i++) {
        KxSettingChange one = {.value = NULL};
        if (!kx_config_find(call->args[i], &one.id, error))
            return NULL;
        g_array_append_val(changes, one);
    }
    return change_and_tell(call, changes, error);
}

static void show_restart(const json_t *result, FILE *out)
{
    const json_t *names = json_object_get(result, "restart");
    for (size_t i = 0; i < json_array_size(names); i++)
        fprintf(out, "%s takes effect when the server is started the next time.\n",
                json_string_value(json_array_get(names, i)));
}

/* ---- files ---- */

static json_t *export(const KxCall *call, GError **error)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(call->context->core->directory);
    KxConfigWish wish = {kx_call_flag(call, "all"), call->context->typed,
                         call->context->admin.level == KX_LEVEL_FULL};
    g_autofree char *fingerprint = kx_config_fingerprint(settings);
    json_t *document = kx_config_document(settings, &wish);
    json_object_set_new(document, "fingerprint", json_string(fingerprint));
    return document;
}

static json_t *diff_json(const KxConfigDiff *diff)
{
    json_t *list = json_array();
    for (guint i = 0; i < diff->changes->len; i++) {
        KxSettingId id = g_array_index(diff->changes, KxSettingChange, i).id;
        g_autofree char *from = value_text(diff->before, id), *to = value_text(diff->after, id);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", kx_setting_row(id)->name,
                                              "from", from, "to", to));
    }
    return list;
}

static json_t *diff(const KxCall *call, GError **error)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(call->context->core->directory);
    g_autoptr(KxConfigDiff) found =
        kx_config_diff(settings, call->args[0], kx_call_flag(call, "exact"), error);
    return found ? diff_json(found) : NULL;
}

static json_t *apply(const KxCall *call, GError **error)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(call->context->core->directory);
    g_autoptr(KxConfigDiff) found =
        kx_config_diff(settings, call->args[0], kx_call_flag(call, "exact"), error);
    if (!found)
        return NULL;
    const char *wanted = kx_call_text(call, "fingerprint");
    g_autofree char *fingerprint = wanted ? kx_config_fingerprint(settings) : NULL;
    if (g_strcmp0(wanted, fingerprint) != 0) {
        kx_fail(error, KX_ERR_CONFLICT,
                "the settings have been changed meanwhile: look at them again");
        return NULL;
    }
    if (found->changes->len > 0 && !kx_call_flag(call, "dry-run") &&
        !change(call, wanted ? settings : NULL, found->changes, error))
        return NULL;
    return diff_json(found);
}

static void show_value(const json_t *result, FILE *out)
{
    fprintf(out, "%s\n", json_string_value(json_object_get(result, "value")));
}

static void show_diff(const json_t *result, FILE *out)
{
    for (size_t i = 0; i < json_array_size(result); i++) {
        const json_t *one = json_array_get(result, i);
        fprintf(out, "%s: '%s' becomes '%s'\n", json_string_value(json_object_get(one, "name")),
                json_string_value(json_object_get(one, "from")),
                json_string_value(json_object_get(one, "to")));
    }
    if (json_array_size(result) == 0)
        fprintf(out, "No difference.\n");
}

static int manual(const KxInvocation *invocation)
{
    gboolean man = json_is_true(json_object_get(invocation->options, "man"));
    g_autofree char *text = man ? kx_settings_man() : kx_settings_manual();
    fputs(text, stdout);
    return 0;
}

#define EXACT_OPTION                                                                               \
    {                                                                                              \
        "exact", KX_OPTION_FLAG, NULL,                                                             \
            "Settings that the file does not name go back to their defaults."                      \
    }

static const KxOption list_options[] = {
    {"changed", KX_OPTION_FLAG, NULL, "Only settings that are not at their defaults."},
};
static const KxOption export_options[] = {
    {"all", KX_OPTION_FLAG, NULL, "Also settings that are at their defaults."},
    {"xml", KX_OPTION_TEXT, "DIR",
     "Writes all settings and objects as the files mailserver.cfg and users.cfg into a directory."},
};
static const KxOption import_options[] = {
    {"xml", KX_OPTION_TEXT, "DIR", "Where mailserver.cfg, users.cfg or both are.",
     .required = TRUE},
    {"dry-run", KX_OPTION_FLAG, NULL, "Checks everything and changes nothing."},
};
static const KxOption xml_import_options[] = {
    {"mailserver", KX_OPTION_FILE, "FILE", "What mailserver.cfg holds."},
    {"users", KX_OPTION_FILE, "FILE", "What users.cfg holds."},
    {"dry-run", KX_OPTION_FLAG, NULL, "Checks everything and changes nothing."},
};
static const KxOption diff_options[] = {EXACT_OPTION};
static const KxOption apply_options[] = {
    EXACT_OPTION,
    {"dry-run", KX_OPTION_FLAG, NULL, "Only shows the difference."},
    {"fingerprint", KX_OPTION_TEXT, "TEXT",
     "Only if the settings still have this fingerprint, which keryx config export tells."},
};

static const KxOption manual_options[] = {
    {"man", KX_OPTION_FLAG, NULL, "As a manual page, keryx-config(5)."},
};

static const KxCommand commands[] = {
    {.words = "config get",
     .args = "NAME",
     .api = "GET /settings/{setting}",
     .min_args = 1,
     .max_args = 1,
     .run = get,
     .flags = KX_COMMAND_READS,
     .show = show_value,
     .manual = "Prints the value of a setting."},
    {.words = "config set",
     .args = "NAME VALUE...",
     .min_args = 2,
     .max_args = KX_ARGS_MAX,
     .run = set,
     .show = show_restart,
     .manual = "Changes settings, all of them or none."},
    {.words = "config unset",
     .args = "NAME...",
     .min_args = 1,
     .max_args = KX_ARGS_MAX,
     .run = unset,
     .show = show_restart,
     .manual = "Brings settings back to their defaults."},
    {.words = "config list",
     .args = "[PREFIX]",
     .api = "GET /settings/schema prefix",
     .max_args = 1,
     KX_OPTIONS(list_options),
     .run = list,
     .flags = KX_COMMAND_READS,
     .columns = "name:Name,value:Value",
     .manual = "Lists the settings, or those whose names begin with PREFIX."},
    {.words = "config export",
     .args = "",
     .api = "GET /settings",
     KX_OPTIONS(export_options),
     .run = export,
     .local = kx_config_local_export,
     .flags = KX_COMMAND_READS,
     .show = kx_show_json,
     .manual = "Prints the settings as a JSON document that keryx config diff and apply read; or "
               "writes the whole configuration, with stored passwords, as XML."},
    {.words = "config import",
     .args = "",
     KX_OPTIONS(import_options),
     .local = kx_config_local_import,
     .manual =
         "Takes over what mailserver.cfg and users.cfg say, all of it or nothing: settings, "
         "domains, users, groups, aliases, IP address groups, time ranges and templates. What "
         "they do not name stays as it is."},
    {.words = "config xml-export",
     .args = "",
     .api = "GET /configuration",
     .run = kx_config_run_xml_export,
     .flags = KX_COMMAND_READS,
     .show = kx_show_json,
     .manual = "Prints the whole configuration as the contents of mailserver.cfg and users.cfg."},
    {.words = "config xml-import",
     .args = "",
     .api = "POST /configuration",
     KX_OPTIONS(xml_import_options),
     .run = kx_config_run_xml_import,
     .show = kx_config_show_imported,
     .manual = "Takes over such contents, as keryx config import does with files in a directory."},
    {.words = "config diff",
     .args = "FILE",
     .api = "POST /settings/diff",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(diff_options),
     .run = diff,
     .flags = KX_COMMAND_READS | KX_COMMAND_FILE | KX_COMMAND_DOCUMENT,
     .show = show_diff,
     .manual = "Shows what keryx config apply FILE would change; - reads standard input."},
    {.words = "config apply",
     .args = "FILE",
     .api = "PATCH /settings",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(apply_options),
     .run = apply,
     .flags = KX_COMMAND_FILE | KX_COMMAND_DOCUMENT,
     .show = show_diff,
     .manual =
         "Shows the difference between a document and the settings, and applies it as one change."},
    {.words = "config manual",
     .args = "",
     KX_OPTIONS(manual_options),
     .local = manual,
     .manual = "Prints the reference of all settings as Markdown."},
};

const KxTopic kx_topic_config = {"config", "Settings", commands, G_N_ELEMENTS(commands)};
