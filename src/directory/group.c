/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of users (GRP-01 to GRP-11). Who is a member is kept with the users, so that a user who
 * goes leaves nothing behind; a change of a group's members is a change of these.
 */
#include "base/error.h"
#include "directory/names.h"
#include "directory/template.h"

static KxGroupEntry *of(KxEntry *entry)
{
    return (KxGroupEntry *)(void *)entry;
}

/* ---- checks ---- */

static gboolean check_members(const KxObjectChange *change, GError **error)
{
    char **members = ((KxGroup *)(void *)change->next)->members;
    if (!kx_object_is_given(change, KX_FIELD_GROUP_MEMBERS))
        return TRUE;
    for (guint i = 0; members[i] != NULL; i++) {
        g_autofree char *key = kx_name_fold(members[i]);
        if (!g_hash_table_contains(change->home->users, key))
            return kx_fail(error, KX_ERR_INVALID, "members: there is no user '%s@%s'", members[i],
                           change->home->domain.name);
    }
    return TRUE;
}

static gboolean check(KxDirectory *directory G_GNUC_UNUSED, KxObjectChange *change, GError **error)
{
    const KxGroup *next = (const KxGroup *)(const void *)change->next;
    if (next == NULL)
        return TRUE;
    for (guint i = 0; next->addresses[i] != NULL; i++)
        if (!kx_address_check_free(change->home, next->addresses[i], change->entry, error))
            return FALSE;
    return check_members(change, error);
}

gboolean kx_groups_check(KxDomainEntry *home, char **groups, GError **error)
{
    for (guint i = 0; groups[i] != NULL; i++) {
        g_autofree char *key = kx_name_fold(groups[i]);
        KxGroupEntry *group = g_hash_table_lookup(home->groups, key);
        if (group == NULL)
            return kx_fail(error, KX_ERR_INVALID, "groups: there is no group '%s@%s'", groups[i],
                           home->domain.name);
        g_free(groups[i]);
        groups[i] = g_strdup(group->group.name);
    }
    return TRUE;
}

/* ---- members ---- */

char *kx_list_replace(char *const *list, const char *out, const char *in)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (; *list != NULL; list++)
        if (g_strcmp0(*list, out) != 0)
            g_ptr_array_add(names, *list);
    if (in != NULL)
        g_ptr_array_add(names, (char *)in);
    g_ptr_array_add(names, NULL);
    return g_strjoinv(",", (char **)names->pdata);
}

static void regroup(GPtrArray *more, const KxUserEntry *user, const char *out, const char *in)
{
    kx_object_follow(more, &kx_type_user, &user->user.record, KX_FIELD_USER_GROUPS,
                     kx_list_replace(user->user.groups, out, in));
}

/* All members leave the name `out` for `in`. */
static void regroup_all(const KxGroupEntry *group, const char *out, const char *in, GPtrArray *more)
{
    GHashTableIter iter;
    gpointer user;
    g_hash_table_iter_init(&iter, group->members);
    while (g_hash_table_iter_next(&iter, &user, NULL))
        regroup(more, user, out, in);
}

static void take_members(const KxObjectChange *change, GPtrArray *more)
{
    KxGroupEntry *group = of(change->entry);
    const char *text = change->values.text[KX_FIELD_GROUP_MEMBERS];
    g_auto(GStrv) names = g_strsplit(text != NULL ? text : "", ",", -1);
    g_autoptr(GHashTable) wanted = g_hash_table_new(NULL, NULL);
    for (guint i = 0; names[i] != NULL; i++) {
        g_autofree char *key = kx_name_fold(names[i]);
        KxUserEntry *user = g_hash_table_lookup(change->home->users, key);
        if (user != NULL && g_hash_table_add(wanted, user) &&
            !g_hash_table_contains(group->members, user))
            regroup(more, user, NULL, group->group.name);
    }
    GHashTableIter iter;
    gpointer user;
    g_hash_table_iter_init(&iter, group->members);
    while (g_hash_table_iter_next(&iter, &user, NULL))
        if (!g_hash_table_contains(wanted, user))
            regroup(more, user, group->group.name, NULL);
}

static void rename_in_others(KxDirectory *directory, const KxObjectChange *change, const char *in,
                             GPtrArray *more)
{
    regroup_all(of(change->entry), change->name, in, more);
    kx_templates_regroup(directory, change->domain, change->name, in, more);
}

static void follow(KxDirectory *directory, KxObjectChange *change, gboolean early, GPtrArray *more)
{
    if (change->next == NULL) {
        if (early)
            rename_in_others(directory, change, NULL, more);
        return;
    }
    if (early)
        return;
    if (change->given.verb == KX_CHANGE_RENAME)
        rename_in_others(directory, change, of(change->entry)->group.name, more);
    if (kx_object_is_given(change, KX_FIELD_GROUP_MEMBERS))
        take_members(change, more);
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void fill(const KxEntry *entry, KxRecord *copy)
{
    const KxGroupEntry *group = (const KxGroupEntry *)(const void *)entry;
    GPtrArray *names = g_ptr_array_new();
    GHashTableIter iter;
    gpointer user;
    g_hash_table_iter_init(&iter, group->members);
    while (g_hash_table_iter_next(&iter, &user, NULL))
        g_ptr_array_add(names, g_strdup(((KxUserEntry *)user)->user.name));
    g_ptr_array_sort(names, compare_texts);
    g_ptr_array_add(names, NULL);
    KxGroup *group_copy = (KxGroup *)(void *)copy;
    kx_record_free_list(group_copy->members);
    group_copy->members = (char **)g_ptr_array_free(names, FALSE);
}

/* ---- the tables ---- */

static GHashTable *table(KxDirectory *directory G_GNUC_UNUSED, KxDomainEntry *home)
{
    return home->groups;
}

static void init(KxEntry *entry)
{
    of(entry)->members = g_hash_table_new(NULL, NULL);
}

static void derive(KxEntry *entry)
{
    g_free(of(entry)->key);
    of(entry)->key = kx_name_fold(entry->record.name);
}

static void clear(KxEntry *entry)
{
    g_hash_table_unref(of(entry)->members);
    g_free(of(entry)->key);
}

static void link_group(KxDirectory *directory G_GNUC_UNUSED, KxDomainEntry *home, KxEntry *entry)
{
    KxGroupEntry *group = of(entry);
    g_hash_table_insert(home->groups, group->key, group);
    kx_addresses_link(home, group->group.addresses, NULL, group);
}

static void unlink_group(KxDirectory *directory G_GNUC_UNUSED, KxDomainEntry *home, KxEntry *entry)
{
    KxGroupEntry *group = of(entry);
    g_hash_table_steal(home->groups, group->key);
    kx_addresses_unlink(home, group->group.addresses);
}

const KxObjectType kx_type_group = {
    .record = {KX_OBJECT_GROUP, "user_groups", TRUE, sizeof(KxGroup)},
    .entry_size = sizeof(KxGroupEntry),
    .noun = "a group",
    .logged = "Group",
    .by_domain_admin = TRUE,
    .name = kx_name_object,
    .table = table,
    .check = check,
    .follow = follow,
    .init = init,
    .derive = derive,
    .link = link_group,
    .unlink = unlink_group,
    .clear = clear,
    .fill = fill,
};
