/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/config-xml.h"

const char *const kx_config_file_names[KX_CONFIG_FILES] = {"mailserver.cfg", "users.cfg"};

const KxConfigList kx_config_lists[KX_OBJECT_COUNT] = {
    [KX_OBJECT_DOMAIN] = {"Domain", KX_CONFIG_MAILSERVER, FALSE, 1},
    [KX_OBJECT_USER] = {"User", KX_CONFIG_USERS, TRUE, 3},
    [KX_OBJECT_GROUP] = {"Group", KX_CONFIG_USERS, TRUE, 2},
    [KX_OBJECT_ALIAS] = {"Alias", KX_CONFIG_USERS, TRUE, 4},
    [KX_OBJECT_IP_GROUP] = {"IP_group", KX_CONFIG_MAILSERVER, FALSE, 0},
    [KX_OBJECT_TEMPLATE] = {"User_template", KX_CONFIG_MAILSERVER, FALSE, 6},
    [KX_OBJECT_TIME_RANGE] = {"Time_range", KX_CONFIG_MAILSERVER, FALSE, 5},
    [KX_OBJECT_SCHEDULE] = {"Schedule", KX_CONFIG_MAILSERVER, FALSE, 6},
    [KX_OBJECT_ETRN] = {"ETRN_server", KX_CONFIG_MAILSERVER, FALSE, 5},
    [KX_OBJECT_DOWNLOAD] = {"Download", KX_CONFIG_MAILSERVER, FALSE, 5},
    [KX_OBJECT_SORTING] = {"Sorting_rule", KX_CONFIG_MAILSERVER, FALSE, 5},
    [KX_OBJECT_ROUTING] = {"Routing_rule", KX_CONFIG_MAILSERVER, FALSE, 5},
    [KX_OBJECT_HIGHLIGHT] = {"Highlighting_rule", KX_CONFIG_MAILSERVER, FALSE, 5},
};

/* Names of the original beside ours: of settings these are written too. */
static const struct {
    const char *name;
    KxSettingId id;
} SETTINGS[] = {
    {"QuotaWarningThreshold", KX_SET_QUOTA_WARNING},
    {"IMAPFullListing", KX_SET_IMAP_FULL_LISTING},
};

static const struct {
    const char *name, *field;
} FIELDS[] = {
    {"FullName", "name"},  {"MailAddress", "addresses"}, {"Rights", "admin"},
    {"Qstorage", "quota"}, {"Qmessage", "quota-items"},  {"Enabled", "disabled"},
};

gboolean kx_config_find_list(const char *name, KxObject *ret_object)
{
    for (guint object = 0; object < KX_OBJECT_COUNT; object++) {
        const char *list = kx_config_lists[object].list;
        size_t len = strlen(list);
        gboolean alias_plural =
            object == KX_OBJECT_ALIAS && g_ascii_strcasecmp(name, "Aliases") == 0;
        if (!alias_plural && (g_ascii_strncasecmp(name, list, len) != 0 ||
                              (name[len] != '\0' && g_ascii_strcasecmp(name + len, "s") != 0)))
            continue;
        *ret_object = object;
        return TRUE;
    }
    return FALSE;
}

static gboolean find_named(KxObject object, const char *name, gboolean logged, KxFieldId *ret_field)
{
    guint first, end;
    kx_field_range(object, &first, &end);
    for (guint id = first; id < end; id++) {
        const KxFieldRow *row = kx_field_row((KxFieldId)id);
        if (g_ascii_strcasecmp(logged ? row->logged : row->name, name) != 0)
            continue;
        *ret_field = (KxFieldId)id;
        return TRUE;
    }
    return FALSE;
}

gboolean kx_config_find_field(KxObject object, const char *name, KxFieldId *ret_field)
{
    if (find_named(object, name, TRUE, ret_field) || find_named(object, name, FALSE, ret_field))
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(FIELDS); i++)
        if (g_ascii_strcasecmp(FIELDS[i].name, name) == 0)
            return find_named(object, FIELDS[i].field, FALSE, ret_field);
    return FALSE;
}

gboolean kx_config_find_setting(const char *path, const char *name, KxSettingId *ret_id)
{
    for (guint i = 0; i < G_N_ELEMENTS(SETTINGS); i++)
        if (g_ascii_strcasecmp(SETTINGS[i].name, name) == 0) {
            *ret_id = SETTINGS[i].id;
            return TRUE;
        }
    g_autofree char *whole = *path ? g_strdup_printf("%s.%s", path, name) : g_strdup(name);
    g_autofree char *lower = g_ascii_strdown(whole, -1);
    return kx_setting_find(lower, ret_id);
}

char *kx_config_setting_table(KxSettingId id, const char **ret_variable)
{
    const char *name = kx_setting_row(id)->name;
    const char *dot = strrchr(name, '.');
    *ret_variable = dot ? dot + 1 : name;
    for (guint i = 0; i < G_N_ELEMENTS(SETTINGS); i++)
        if (SETTINGS[i].id == id)
            *ret_variable = SETTINGS[i].name;
    return dot ? g_strndup(name, (gsize)(dot - name)) : g_strdup("");
}
