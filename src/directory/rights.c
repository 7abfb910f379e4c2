/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/rights.h"

#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"

static void add(KxAdminRights *rights, KxAdminLevel admin, gboolean web_admin,
                gboolean public_folders)
{
    rights->admin = MAX(rights->admin, admin);
    rights->web_admin |= web_admin;
    rights->public_folders |= public_folders;
}

static KxAdminRights rights_of(const KxUserEntry *entry)
{
    const KxUser *user = &entry->user;
    KxAdminRights rights = {.archive_folders = user->archive_folders};
    add(&rights, user->admin, user->web_admin, user->public_folders);
    for (guint i = 0; entry->groups != NULL && i < entry->groups->len; i++) {
        const KxGroup *group = &((KxGroupEntry *)entry->groups->pdata[i])->group;
        add(&rights, group->admin, group->web_admin, group->public_folders);
    }
    return rights;
}

KxAdminRights kx_rights_get(KxDirectory *directory, const char *login)
{
    KxDomainEntry *home = NULL;
    KxAdminRights rights = {0};
    kx_rw_lock_read(&directory->lock);
    KxUserEntry *entry = kx_tables_find_user(directory, login, &home, NULL);
    if (entry != NULL && !entry->user.disabled)
        rights = rights_of(entry);
    kx_rw_lock_unlock(&directory->lock);
    return rights;
}

/* ---- commands ---- */

static gboolean is_own_domain(const KxAdmin *admin, const char *domain)
{
    g_autofree char *name = domain != NULL ? kx_name_domain(domain, NULL) : NULL;
    return name != NULL && admin->domain != NULL && strcmp(name, admin->domain) == 0;
}

static gboolean fail_rights(const KxAdmin *admin, const char *needed, GError **error)
{
    return kx_fail(error, KX_ERR_DENIED, "%s has no right to do this: it takes %s", admin->name,
                   needed);
}

gboolean kx_rights_check(const KxAdmin *admin, KxAction action, const char *domain, GError **error)
{
    if (admin->level == KX_LEVEL_FULL ||
        (action == KX_ACTION_READ && admin->level == KX_LEVEL_READ) ||
        (action == KX_ACTION_ACCOUNT && is_own_domain(admin, domain)))
        return TRUE;
    static const char *const needed[] = {
        [KX_ACTION_READ] = "the right to read the administration",
        [KX_ACTION_ACCOUNT] = "the right to administer that domain",
        [KX_ACTION_CHANGE] = "full administration rights",
    };
    return fail_rights(admin, needed[action], error);
}

/* ---- changes ---- */

static gboolean gives_rights(const KxObjectChange *change)
{
    guint id, end;
    kx_field_range(change->type->record.object, &id, &end);
    for (; id < end; id++)
        if (change->values.given[id] && (kx_field_row((KxFieldId)id)->flags & KX_FIELD_RIGHTS))
            return TRUE;
    return FALSE;
}

static gboolean group_has_rights(const KxGroupEntry *group)
{
    return group != NULL && (group->group.admin != KX_LEVEL_NONE || group->group.web_admin);
}

/* Into or out of a group that has them. */
static gboolean joins_rights(const KxObjectChange *change)
{
    if (change->type != &kx_type_user || !kx_object_is_given(change, KX_FIELD_USER_GROUPS))
        return FALSE;
    char **groups = ((const KxUser *)(const void *)change->next)->groups;
    for (guint i = 0; groups[i] != NULL; i++) {
        g_autofree char *key = kx_name_fold(groups[i]);
        if (group_has_rights(g_hash_table_lookup(change->home->groups, key)))
            return TRUE;
    }
    return FALSE;
}

static gboolean user_has_rights(const KxUserEntry *user)
{
    KxAdminRights rights = rights_of(user);
    return rights.admin != KX_LEVEL_NONE || rights.archive_folders;
}

static gboolean has_rights(const KxObjectChange *change)
{
    if (change->entry == NULL)
        return FALSE;
    if (change->type == &kx_type_group)
        return group_has_rights((const KxGroupEntry *)(const void *)change->entry);
    return change->type == &kx_type_user &&
           user_has_rights((const KxUserEntry *)(const void *)change->entry);
}

gboolean kx_rights_check_account(const KxAdmin *admin, const KxUserEntry *user, GError **error)
{
    if (admin->level == KX_LEVEL_FULL)
        return TRUE;
    if (g_strcmp0(user->user.domain, admin->domain) != 0)
        return fail_rights(admin, "the right to administer that domain", error);
    return !user_has_rights(user) ||
           fail_rights(admin, "full administration rights, for the user has rights to the server",
                       error);
}

gboolean kx_rights_check_change(const KxAdmin *admin, const KxObjectChange *change, GError **error)
{
    if (admin->level == KX_LEVEL_FULL)
        return TRUE;
    if (!change->type->by_domain_admin || admin->domain == NULL ||
        g_strcmp0(change->domain, admin->domain) != 0)
        return fail_rights(admin,
                           change->type->by_domain_admin ? "the right to administer that domain"
                                                         : "full administration rights",
                           error);
    if (gives_rights(change) || joins_rights(change) || has_rights(change))
        return fail_rights(
            admin, "full administration rights, for it is about rights to the server", error);
    return TRUE;
}

static gboolean domain_has_administrator(const KxDomainEntry *home)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, home->users);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const KxUserEntry *user = value;
        if (!user->user.disabled && rights_of(user).admin == KX_LEVEL_FULL)
            return TRUE;
    }
    return FALSE;
}

gboolean kx_rights_any_administrator(KxDirectory *directory)
{
    if (directory->primary != NULL && domain_has_administrator(directory->primary))
        return TRUE;
    GHashTableIter iter;
    gpointer home;
    g_hash_table_iter_init(&iter, directory->domains);
    while (g_hash_table_iter_next(&iter, NULL, &home))
        if (domain_has_administrator(home))
            return TRUE;
    return FALSE;
}
