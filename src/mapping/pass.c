/* SPDX-License-Identifier: Apache-2.0 */
/* A look at all users and groups of a directory (USR-20, DIR-27). */
#include "base/error.h"
#include "directory/names.h"
#include "mapping/mapping-private.h"

static void free_person(gpointer person)
{
    kx_map_person_free(person);
}

GPtrArray *kx_map_people(const KxDomain *domain, KxObject object, const KxMapAnswer *answer)
{
    GPtrArray *people = g_ptr_array_new_with_free_func(free_person);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < answer->entries->len; i++) {
        KxMapPerson *person = object == KX_OBJECT_USER
                                  ? kx_map_user(domain, answer->entries->pdata[i])
                                  : kx_map_group(domain, answer->entries->pdata[i]);
        char *key = person != NULL ? kx_name_fold(person->name) : NULL;
        if (person == NULL)
            continue;
        if (key != NULL && !g_hash_table_add(seen, key) && person->problem == NULL)
            person->problem = g_strdup("another entry has the same name");
        g_ptr_array_add(people, person);
    }
    return people;
}

/* ---- members ---- */

/* Names of entries are compared without case and without blanks behind commas. */
static char *dn_key(const char *dn)
{
    g_autofree char *folded = g_utf8_casefold(dn, -1);
    GString *key = g_string_new(folded);
    g_string_replace(key, ", ", ",", 0);
    return g_string_free(key, FALSE);
}

/* By DN and by name (memberUid has names). */
static GHashTable *index_users(const GPtrArray *users)
{
    GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < users->len; i++) {
        KxMapPerson *user = users->pdata[i];
        char *name = kx_name_fold(user->name);
        g_hash_table_insert(index, dn_key(user->entry->dn), user);
        if (name != NULL)
            g_hash_table_insert(index, name, user);
        user->groups = g_ptr_array_new();
    }
    return index;
}

static void add_to_group(GHashTable *index, const char *member, const KxMapPerson *group)
{
    g_autofree char *key = strchr(member, '=') != NULL ? dn_key(member) : kx_name_fold(member);
    KxMapPerson *user = key != NULL ? g_hash_table_lookup(index, key) : NULL;
    if (user != NULL && !g_ptr_array_find(user->groups, group->name, NULL))
        g_ptr_array_add(user->groups, group->name);
}

static void find_members(const GPtrArray *users, const GPtrArray *groups)
{
    g_autoptr(GHashTable) index = index_users(users);
    for (guint i = 0; i < groups->len; i++) {
        const KxMapPerson *group = groups->pdata[i];
        const GArray *values = group->entry->values;
        for (guint j = 0; group->problem == NULL && j < values->len; j++) {
            const KxMapValue *value = &g_array_index(values, KxMapValue, j);
            if (value->what == KX_ATTRIBUTE_MEMBERS)
                add_to_group(index, value->text, group);
        }
    }
}

/* Groups that come from the directory, by folded name. */
static GHashTable *mapped_groups(KxMapping *mapping, const KxDomain *domain)
{
    KxQuery query = {.domain = domain->name};
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) all =
        kx_object_list(mapping->directory, KX_OBJECT_GROUP, &query, NULL, NULL);
    for (guint i = 0; all != NULL && i < all->len; i++) {
        const KxGroup *group = all->pdata[i];
        if (group->source == KX_SOURCE_LDAP)
            g_hash_table_add(names, kx_name_fold(group->name));
    }
    return names;
}

/* Those of the directory as it has them, and those that are kept here as they are. */
static char *groups_of(KxMapping *mapping, const KxDomain *domain, const KxMapPerson *person,
                       GHashTable *mapped)
{
    g_autofree char *name = g_strdup_printf("%s@%s", person->name, domain->name);
    g_autoptr(KxUser) user = kx_user_get(mapping->directory, name, NULL);
    g_autoptr(GString) list = g_string_new(NULL);
    for (guint i = 0; user != NULL && user->groups[i] != NULL; i++) {
        g_autofree char *key = kx_name_fold(user->groups[i]);
        if (!g_hash_table_contains(mapped, key))
            g_string_append_printf(list, "%s%s", list->len > 0 ? "," : "", user->groups[i]);
    }
    for (guint i = 0; i < person->groups->len; i++) {
        const char *group = person->groups->pdata[i];
        g_autofree char *key = kx_name_fold(group);
        if (g_hash_table_contains(mapped, key))
            g_string_append_printf(list, "%s%s", list->len > 0 ? "," : "", group);
    }
    return g_strdup(list->str);
}

static void put_groups(KxMapping *mapping, const KxDomain *domain, const GPtrArray *users,
                       const GPtrArray *groups)
{
    g_autoptr(GHashTable) mapped = mapped_groups(mapping, domain);
    find_members(users, groups);
    for (guint i = 0; i < users->len; i++) {
        KxMapPerson *person = users->pdata[i];
        g_ptr_array_add(person->fields, g_strdup("groups"));
        g_ptr_array_add(person->fields, groups_of(mapping, domain, person, mapped));
    }
}

/* ---- all of it ---- */

static gboolean ask(KxMapping *mapping, const KxDomain *domain, KxObject object,
                    KxMapAnswer *answer, GError **error)
{
    gboolean users = object == KX_OBJECT_USER;
    KxMapQuestion question = {.domain = domain,
                              .filter =
                                  users ? kx_attribute_users(domain) : kx_attribute_groups(domain),
                              .first = users ? KX_ATTRIBUTE_NAME : KX_ATTRIBUTE_GROUP_NAME,
                              .end = users ? KX_ATTRIBUTE_GROUP_NAME : KX_ATTRIBUTE_COUNT,
                              .most = KX_MAP_ENTRIES_MAX};
    gboolean ok = kx_map_ask(mapping, &question, answer);
    kx_map_note(mapping, domain->name, answer, !ok || !users); /* the groups come last */
    return ok || kx_fail(error, KX_ERR_FAILED, "%s", answer->text);
}

static gboolean take_all(KxMapping *mapping, const KxDomain *domain, const KxMapAnswer *user_answer,
                         const KxMapAnswer *group_answer, KxMapChoice *choice,
                         KxMappingReport *report, GError **error)
{
    g_autoptr(GPtrArray) users = kx_map_people(domain, KX_OBJECT_USER, user_answer);
    if (choice != NULL && !kx_map_choose(mapping, domain, users, choice->names, error))
        return FALSE;
    g_autoptr(GPtrArray) groups = kx_map_people(domain, KX_OBJECT_GROUP, group_answer);
    kx_map_apply(mapping, domain, KX_OBJECT_GROUP, groups, report);
    if (groups->len > 0) /* none at all is no answer that counts */
        put_groups(mapping, domain, users, groups);
    kx_map_apply(mapping, domain, KX_OBJECT_USER, users, report);
    kx_map_remove(mapping, domain, KX_OBJECT_USER, users, report);
    kx_map_remove(mapping, domain, KX_OBJECT_GROUP, groups, report);
    report->users = users->len;
    report->groups = groups->len;
    if (choice != NULL)
        choice->ret_users = kx_map_describe(mapping, domain, users, TRUE);
    return TRUE;
}

gboolean kx_map_pass(KxMapping *mapping, const KxDomain *domain, KxMapChoice *choice,
                     KxMappingReport *ret_report, GError **error)
{
    g_auto(KxMapAnswer) users = {0}, groups = {0};
    *ret_report = (KxMappingReport){0};
    kx_mutex_lock(&mapping->passing);
    guint look = kx_map_begin_look(mapping, domain->name);
    gboolean ok = ask(mapping, domain, KX_OBJECT_USER, &users, error) &&
                  ask(mapping, domain, KX_OBJECT_GROUP, &groups, error);
    ok = ok && take_all(mapping, domain, &users, &groups, choice, ret_report, error);
    kx_map_end_look(mapping, domain->name, look, ok);
    kx_mutex_unlock(&mapping->passing);
    if (ret_report->gone > 0 && mapping->gone != NULL)
        mapping->gone(mapping->gone_data);
    return ok;
}
