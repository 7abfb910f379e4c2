/* SPDX-License-Identifier: Apache-2.0 */
/* IP address groups (SMTP-09, SMTP-15). */
#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"

static KxIpGroupEntry *of(KxEntry *entry)
{
    return (KxIpGroupEntry *)(void *)entry;
}

KxIpGroupEntry *kx_ip_group_find(KxDirectory *directory, const char *name)
{
    g_autofree char *key = kx_name_fold(name);
    return key != NULL ? g_hash_table_lookup(directory->ip_groups, key) : NULL;
}

gboolean kx_ip_group_contains(KxDirectory *directory, const char *group, const char *ip)
{
    guint8 bytes[16];
    gboolean v4, found = FALSE;
    if (!kx_ip_parse(ip, bytes, &v4))
        return FALSE;
    kx_rw_lock_read(&directory->lock);
    const KxIpGroupEntry *entry = kx_ip_group_find(directory, group);
    for (guint i = 0; entry != NULL && !found && i < entry->n_ranges; i++)
        found = kx_ip_range_contains(&entry->ranges[i], bytes, v4);
    kx_rw_lock_unlock(&directory->lock);
    return found;
}

gboolean kx_ip_group_check_setting(KxDirectory *directory, const KxSettingRow *row,
                                   const char *name, GError **error)
{
    if (*name == '\0' || kx_ip_group_find(directory, name) != NULL)
        return TRUE;
    return kx_fail(error, KX_ERR_INVALID, "%s: there is no IP address group '%s'", row->name, name);
}

/* A rule that names a group that is gone would silently match nobody. */
static gboolean check(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    g_autoptr(KxSettings) settings = kx_settings_get(directory->settings);
    if (change->next != NULL)
        return TRUE;
    for (guint i = 0; i < KX_SET_COUNT; i++) {
        const KxSettingRow *row = kx_setting_row((KxSettingId)i);
        if (!(row->flags & KX_SETTING_IP_GROUP))
            continue;
        g_autofree char *used = kx_name_fold(kx_settings_text(settings, (KxSettingId)i));
        if (strcmp(used, of(change->entry)->key) == 0)
            return kx_fail(error, KX_ERR_IN_USE,
                           "the group '%s' is used by the setting %s; change that first",
                           change->name, row->name);
    }
    return TRUE;
}

/* ---- the tables ---- */

static GHashTable *table(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED)
{
    return directory->ip_groups;
}

static void derive(KxEntry *entry)
{
    KxIpGroupEntry *group = of(entry);
    char *const *entries = group->group.entries;
    g_free(group->key);
    group->key = kx_name_fold(group->group.name);
    g_free(group->ranges);
    group->ranges = g_new0(KxIpRange, g_strv_length((char **)entries));
    group->n_ranges = 0;
    for (; *entries != NULL; entries++)
        if (kx_ip_range_parse(*entries, &group->ranges[group->n_ranges], NULL))
            group->n_ranges++;
}

static void clear(KxEntry *entry)
{
    g_free(of(entry)->key);
    g_free(of(entry)->ranges);
}

static void link_group(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_insert(directory->ip_groups, of(entry)->key, entry);
}

static void unlink_group(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_steal(directory->ip_groups, of(entry)->key);
}

const KxObjectType kx_type_ip_group = {
    .record = {KX_OBJECT_IP_GROUP, "ip_groups", FALSE, sizeof(KxIpGroup)},
    .entry_size = sizeof(KxIpGroupEntry),
    .noun = "an IP address group",
    .logged = "IP_group",
    .name = kx_name_object,
    .table = table,
    .check = check,
    .derive = derive,
    .link = link_group,
    .unlink = unlink_group,
    .clear = clear,
};
