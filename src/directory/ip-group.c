/* SPDX-License-Identifier: Apache-2.0 */
/* IP address groups (SMTP-09, SMTP-15). */
#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"

enum { NETWORKS_MAX = 100000 }; /* bytes, below the limit of KX_FIELDS_SERVICE_ACCESS */

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

/* ---- groups in groups ---- */

/* What an entry is without its description (TOOL-04). */
static char *bare(const char *entry)
{
    const char *note = strstr(entry, KX_NAME_NOTE);
    return note != NULL ? g_strndup(entry, (gsize)(note - entry)) : g_strdup(entry);
}

/* The name of the group that an entry stands for, or NULL. */
static char *nested(const char *entry)
{
    return g_str_has_prefix(entry, KX_NAME_IP_GROUP) ? bare(entry + strlen(KX_NAME_IP_GROUP))
                                                     : NULL;
}

/* The entry for a group that is called `name`, described as `entry` was. */
static char *nested_as(const char *entry, const char *name)
{
    const char *note = strstr(entry, KX_NAME_NOTE);
    return g_strconcat(KX_NAME_IP_GROUP, name, note, NULL);
}

/* Collects the entries of a group and of all groups in it. */
typedef struct {
    KxDirectory *directory;
    const KxEntry *changed; /* a group that is looked at as if it were `next` already */
    const KxIpGroup *next;
    GHashTable *seen;   /* set of KxIpGroup */
    GPtrArray *entries; /* of texts without descriptions, owned */
} Walk;

static void walk_group(Walk *walk, const KxIpGroup *group)
{
    if (!g_hash_table_add(walk->seen, (gpointer)group))
        return;
    for (guint i = 0; group->entries[i] != NULL; i++) {
        g_autofree char *name = nested(group->entries[i]);
        const KxIpGroupEntry *inner = name != NULL ? kx_ip_group_find(walk->directory, name) : NULL;
        if (name == NULL)
            g_ptr_array_add(walk->entries, bare(group->entries[i]));
        else if (inner != NULL)
            walk_group(walk, &inner->entry == walk->changed ? walk->next : &inner->group);
    }
}

static GPtrArray *flatten(KxDirectory *directory, const KxIpGroup *group, const KxEntry *changed,
                          const KxIpGroup *next, gboolean *ret_contains_next)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    Walk walk = {directory, changed, next, seen, g_ptr_array_new_with_free_func(g_free)};
    walk_group(&walk, group);
    if (ret_contains_next != NULL)
        *ret_contains_next = g_hash_table_contains(seen, next);
    return walk.entries;
}

char *kx_ip_group_networks(KxDirectory *directory, const char *name)
{
    kx_rw_lock_read(&directory->lock);
    const KxIpGroupEntry *entry = kx_ip_group_find(directory, name);
    g_autoptr(GPtrArray) entries =
        entry != NULL ? flatten(directory, &entry->group, NULL, NULL, NULL) : g_ptr_array_new();
    g_ptr_array_add(entries, NULL);
    char *all = g_strjoinv(",", (char **)entries->pdata);
    kx_rw_lock_unlock(&directory->lock);
    return all;
}

static void settle_group(KxDirectory *directory, KxIpGroupEntry *entry)
{
    g_autoptr(GPtrArray) entries = flatten(directory, &entry->group, NULL, NULL, NULL);
    g_free(entry->ranges);
    entry->ranges = g_new0(KxIpRange, entries->len);
    entry->n_ranges = 0;
    for (guint i = 0; i < entries->len; i++)
        if (kx_ip_range_parse(entries->pdata[i], &entry->ranges[entry->n_ranges], NULL))
            entry->n_ranges++;
}

static void settle(KxDirectory *directory)
{
    GHashTableIter iter;
    gpointer entry;
    g_hash_table_iter_init(&iter, directory->ip_groups);
    while (g_hash_table_iter_next(&iter, NULL, &entry))
        settle_group(directory, entry);
}

/* ---- checks ---- */

/* Groups in it exist, are written as they are called, and do not contain it. */
static gboolean check_nested(KxDirectory *directory, const KxObjectChange *change, GError **error)
{
    const KxIpGroup *next = (const KxIpGroup *)(const void *)change->next;
    for (guint i = 0; next->entries[i] != NULL; i++) {
        g_autofree char *name = nested(next->entries[i]);
        if (name == NULL)
            continue;
        const KxIpGroupEntry *inner = kx_ip_group_find(directory, name);
        if (inner == NULL)
            return kx_fail(error, KX_ERR_INVALID, "entries: there is no IP address group '%s'",
                           name);
        gboolean contains;
        g_ptr_array_unref(flatten(directory, &inner->group, change->entry, next, &contains));
        if (contains || &inner->entry == change->entry)
            return kx_fail(error, KX_ERR_INVALID,
                           "entries: the group '%s' contains the group '%s' already",
                           inner->group.name, change->name);
        g_autofree char *given = next->entries[i];
        next->entries[i] = nested_as(given, inner->group.name);
    }
    return TRUE;
}

/* What the processes that serve clients are told of a group has its limit. */
static gboolean check_size(KxDirectory *directory, const KxIpGroup *group,
                           const KxObjectChange *change, GError **error)
{
    const KxIpGroup *next = (const KxIpGroup *)(const void *)change->next;
    size_t len = 0;
    g_autoptr(GPtrArray) entries = flatten(directory, group, change->entry, next, NULL);
    for (guint i = 0; i < entries->len; i++)
        len += strlen(entries->pdata[i]) + 1;
    return len <= NETWORKS_MAX ||
           kx_fail(error, KX_ERR_TOO_BIG,
                   "the group '%s' would have more than %d bytes of entries with all groups in it",
                   group->name, NETWORKS_MAX);
}

static gboolean check_sizes(KxDirectory *directory, const KxObjectChange *change, GError **error)
{
    GHashTableIter iter;
    gpointer entry;
    if (!check_size(directory, (const KxIpGroup *)(const void *)change->next, change, error))
        return FALSE;
    g_hash_table_iter_init(&iter, directory->ip_groups);
    while (g_hash_table_iter_next(&iter, NULL, &entry))
        if (entry != change->entry &&
            !check_size(directory, &((KxIpGroupEntry *)entry)->group, change, error))
            return FALSE;
    return TRUE;
}

static gboolean has_nested(const KxIpGroup *group, const char *key)
{
    for (guint i = 0; group->entries[i] != NULL; i++) {
        g_autofree char *name = nested(group->entries[i]);
        g_autofree char *inner = name != NULL ? kx_name_fold(name) : NULL;
        if (g_strcmp0(inner, key) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Calls for each group that has this one as an entry. */
static void each_user(KxDirectory *directory, const char *key,
                      void (*take)(gpointer data, const KxIpGroupEntry *user), gpointer data)
{
    GHashTableIter iter;
    gpointer user;
    g_hash_table_iter_init(&iter, directory->ip_groups);
    while (g_hash_table_iter_next(&iter, NULL, &user))
        if (has_nested(&((KxIpGroupEntry *)user)->group, key))
            take(data, user);
}

static void add_user(gpointer data, const KxIpGroupEntry *user)
{
    g_ptr_array_add(data, g_strdup_printf("the group %s", user->group.name));
}

/* A rule that names a group that is gone would silently match nobody. */
static gboolean check_unused(KxDirectory *directory, const KxObjectChange *change, GError **error)
{
    g_autoptr(GPtrArray) users = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(KxSettings) settings = kx_settings_get(directory->settings);
    const char *key = of(change->entry)->key;
    for (guint i = 0; i < KX_SET_COUNT; i++) {
        const KxSettingRow *row = kx_setting_row((KxSettingId)i);
        if (!(row->flags & KX_SETTING_IP_GROUP))
            continue;
        g_autofree char *used = kx_name_fold(kx_settings_text(settings, (KxSettingId)i));
        if (strcmp(used, key) == 0)
            g_ptr_array_add(users, g_strdup_printf("the setting %s", row->name));
    }
    each_user(directory, key, add_user, users);
    const char *domain = kx_domain_of_group(directory, key);
    if (domain != NULL)
        g_ptr_array_add(users, g_strdup_printf("the domain %s", domain));
    if (users->len == 0)
        return TRUE;
    g_ptr_array_add(users, NULL);
    g_autofree char *all = g_strjoinv(", ", (char **)users->pdata);
    return kx_fail(error, KX_ERR_IN_USE, "the group '%s' is used by %s; change that first",
                   change->name, all);
}

static gboolean check(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    return change->next == NULL
               ? check_unused(directory, change, error)
               : check_nested(directory, change, error) && check_sizes(directory, change, error);
}

/* ---- renaming ---- */

typedef struct {
    const char *old_key, *name;
    GPtrArray *more;
} Renaming;

static void rename_in(gpointer data, const KxIpGroupEntry *user)
{
    Renaming *renaming = data;
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(g_free);
    for (char **entry = user->group.entries; *entry != NULL; entry++) {
        g_autofree char *inner = nested(*entry);
        g_autofree char *key = inner != NULL ? kx_name_fold(inner) : NULL;
        g_ptr_array_add(entries, g_strcmp0(key, renaming->old_key) == 0
                                     ? nested_as(*entry, renaming->name)
                                     : g_strdup(*entry));
    }
    g_ptr_array_add(entries, NULL);
    kx_object_follow(renaming->more, &kx_type_ip_group, &user->group.record,
                     KX_FIELD_IP_GROUP_ENTRIES, g_strjoinv(",", (char **)entries->pdata));
}

static void follow(KxDirectory *directory, KxObjectChange *change, gboolean early, GPtrArray *more)
{
    if (early || change->given.verb != KX_CHANGE_RENAME)
        return;
    g_autofree char *key = kx_name_fold(change->name);
    Renaming renaming = {key, of(change->entry)->group.name, more};
    each_user(directory, key, rename_in, &renaming);
    kx_domains_rename_group(directory, key, of(change->entry)->group.name, more);
}

static gboolean store(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    return change->given.verb != KX_CHANGE_RENAME ||
           kx_settings_rename(directory, KX_SETTING_IP_GROUP, change->name, change->next->name,
                              error);
}

/* ---- the tables ---- */

static GHashTable *table(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED)
{
    return directory->ip_groups;
}

static void derive(KxEntry *entry)
{
    g_free(of(entry)->key);
    of(entry)->key = kx_name_fold(entry->record.name);
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
    .store = store,
    .follow = follow,
    .derive = derive,
    .link = link_group,
    .unlink = unlink_group,
    .clear = clear,
    .settle = settle,
};
