/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/mapped.h"

#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"

void kx_directory_set_mapper(KxDirectory *directory, const KxMapper *mapper)
{
    kx_rw_lock_write(&directory->lock);
    directory->mapper = mapper != NULL ? *mapper : (KxMapper){0};
    kx_rw_lock_unlock(&directory->lock);
}

static KxMapper mapper_of(KxDirectory *directory)
{
    kx_rw_lock_read(&directory->lock);
    KxMapper mapper = directory->mapper;
    kx_rw_lock_unlock(&directory->lock);
    return mapper;
}

GPtrArray *kx_mapped_domains(KxDirectory *directory)
{
    GPtrArray *domains = g_ptr_array_new_with_free_func((GDestroyNotify)kx_domain_free);
    GHashTableIter iter;
    gpointer value;
    kx_rw_lock_read(&directory->lock);
    g_hash_table_iter_init(&iter, directory->domains);
    while (directory->mapped > 0 && g_hash_table_iter_next(&iter, NULL, &value))
        if (((KxDomainEntry *)value)->domain.directory != KX_DIRECTORY_NONE)
            g_ptr_array_add(domains, kx_entry_copy(&kx_type_domain, value));
    kx_rw_lock_unlock(&directory->lock);
    return domains;
}

/* ---- addresses ---- */

static gboolean is_known(KxDomainEntry *home, const char *key)
{
    return g_hash_table_contains(home->users, key) || g_hash_table_contains(home->addresses, key) ||
           g_hash_table_contains(home->aliases, key);
}

gboolean kx_mapped_knows(KxDirectory *directory, const char *domain, const char *name)
{
    g_autofree char *key = kx_name_fold(name);
    kx_rw_lock_read(&directory->lock);
    KxDomainEntry *home = g_hash_table_lookup(directory->domains, domain);
    gboolean known = key != NULL && home != NULL && is_known(home, key);
    kx_rw_lock_unlock(&directory->lock);
    return known;
}

/* Without what stands behind the separator of subaddresses, if the rest is known. */
static gboolean is_known_base(KxDirectory *directory, KxDomainEntry *home, const char *key)
{
    g_autoptr(KxSettings) settings = kx_settings_get(directory->settings);
    const char *separator = kx_settings_text(settings, KX_SET_MAIL_SUBADDRESS);
    const char *tag = *separator != '\0' ? strchr(key, *separator) : NULL;
    g_autofree char *base = tag != NULL ? g_strndup(key, (gsize)(tag - key)) : NULL;
    return base != NULL && is_known(home, base);
}

/* The domain whose directory is to be asked for the name, or NULL. */
static char *domain_to_ask(KxDirectory *directory, const char *local, const char *domain)
{
    g_autofree char *key = kx_name_fold(local);
    char *name = NULL;
    kx_rw_lock_read(&directory->lock);
    KxDomainEntry *home =
        directory->mapped > 0 && key != NULL ? kx_tables_find_mail_domain(directory, domain) : NULL;
    if (home != NULL && home->domain.directory != KX_DIRECTORY_NONE && !is_known(home, key) &&
        !is_known_base(directory, home, key))
        name = g_strdup(home->domain.name);
    kx_rw_lock_unlock(&directory->lock);
    return name;
}

KxMappedResult kx_mapped_find(KxDirectory *directory, const char *address)
{
    g_autofree char *local = NULL, *given = NULL;
    if (!kx_name_split(address, &local, &given) || given == NULL)
        return KX_MAPPED_NOBODY;
    g_autofree char *domain = kx_name_domain(given, NULL);
    g_autofree char *name = domain != NULL ? domain_to_ask(directory, local, domain) : NULL;
    KxMapper mapper = name != NULL ? mapper_of(directory) : (KxMapper){0};
    return mapper.find != NULL ? mapper.find(mapper.data, name, local) : KX_MAPPED_NOBODY;
}

/* ---- passwords ---- */

KxAuthResult kx_mapped_check(KxDirectory *directory, const char *account, const char *password,
                             const char **ret_reason)
{
    KxMapper mapper = mapper_of(directory);
    const char *at = strrchr(account, '@');
    g_autofree char *name = g_strndup(account, (gsize)(at - account));
    if (mapper.check != NULL)
        return mapper.check(mapper.data, at + 1, name, password, ret_reason);
    *ret_reason = "the directory cannot be asked";
    return KX_AUTH_BUSY;
}

/* ---- changes ---- */

static gboolean fail(const KxObjectChange *change, const char *what, GError **error)
{
    return kx_fail(error, KX_ERR_DENIED,
                   "%s %s@%s comes from the directory of the domain: change %s there",
                   change->type == &kx_type_user ? "the user" : "the group", change->name,
                   change->domain, what);
}

/* Whether it would be another value. */
static gboolean alters(const KxObjectChange *change, KxFieldId id)
{
    const KxFieldRow *row = kx_field_row(id);
    if (!kx_object_is_given(change, id))
        return FALSE;
    if (kx_field_is_secret(row) || row->flags & KX_FIELD_DERIVED)
        return TRUE;
    g_autofree char *now = kx_record_value((const KxRecord *)(const void *)change->entry, id);
    g_autofree char *next = kx_record_value(change->next, id);
    return g_strcmp0(now, next) != 0;
}

static gboolean check_fields(const KxObjectChange *change, const KxFieldId *fields, guint n,
                             GError **error)
{
    for (guint i = 0; i < n; i++)
        if (alters(change, fields[i]))
            return fail(change, kx_field_row(fields[i])->name, error);
    return TRUE;
}

static gboolean is_mapped_group(const KxDomainEntry *home, const char *name)
{
    g_autofree char *key = kx_name_fold(name);
    const KxGroupEntry *group = key != NULL ? g_hash_table_lookup(home->groups, key) : NULL;
    return group != NULL && group->group.source == KX_SOURCE_LDAP;
}

/* Those of the directory that are in the one list and not in the other. */
static gboolean has_others(const KxDomainEntry *home, char *const *these, char *const *those)
{
    for (guint i = 0; these[i] != NULL; i++)
        if (!g_strv_contains((const char *const *)those, these[i]) &&
            is_mapped_group(home, these[i]))
            return TRUE;
    return FALSE;
}

static gboolean check_groups(const KxObjectChange *change, GError **error)
{
    const KxUser *now = (const KxUser *)(const void *)change->entry;
    const KxUser *next = (const KxUser *)(const void *)change->next;
    return !(has_others(change->home, now->groups, next->groups) ||
             has_others(change->home, next->groups, now->groups)) ||
           fail(change, "who is in groups of the directory", error);
}

static KxSource source_of(const KxObjectChange *change, const void *record)
{
    return change->type == &kx_type_user ? ((const KxUser *)record)->source
                                         : ((const KxGroup *)record)->source;
}

/* Who makes it one that is kept here may do anything with it; that it is the directory's can be
 * said where there is one, and what has become of it there is nobody's else to say. */
static gboolean check_source(const KxObjectChange *change, KxSource now, KxSource next,
                             GError **error)
{
    if (next == KX_SOURCE_INTERNAL || next == now)
        return TRUE;
    if (next != KX_SOURCE_LDAP && now == KX_SOURCE_LDAP)
        return kx_fail(error, KX_ERR_DENIED,
                       "source: that %s@%s is gone is said by the directory of the domain; keryx "
                       "directory deactivate takes out who is there",
                       change->name, change->domain);
    return change->home->domain.directory != KX_DIRECTORY_NONE ||
           kx_fail(error, KX_ERR_INVALID, "source: the domain '%s' has no directory",
                   change->domain);
}

/* Letting him in is choosing him, which asks the directory first (USR-06). */
static gboolean check_inactive(const KxObjectChange *change, GError **error)
{
    const KxUser *next = (const KxUser *)(const void *)change->next;
    return change->type != &kx_type_user || next->source != KX_SOURCE_INACTIVE || next->disabled ||
           kx_fail(error, KX_ERR_DENIED,
                   "the user %s@%s of the directory is not active: keryx directory activate",
                   change->name, change->domain);
}

gboolean kx_mapped_check_change(const KxAdmin *admin, const KxObjectChange *change, GError **error)
{
    static const KxFieldId of_users[] = {KX_FIELD_USER_PASSWORD, KX_FIELD_USER_PASSWORD_HASH,
                                         KX_FIELD_USER_FULL_NAME, KX_FIELD_USER_ADDRESSES,
                                         KX_FIELD_USER_DIRECTORY_ENTRY};
    static const KxFieldId of_groups[] = {KX_FIELD_GROUP_MEMBERS, KX_FIELD_GROUP_ADDRESSES};
    gboolean is_user = change->type == &kx_type_user;
    if (admin->mapper || change->entry == NULL || change->given.verb == KX_CHANGE_REMOVE ||
        (!is_user && change->type != &kx_type_group))
        return TRUE;
    KxSource now = source_of(change, change->entry), next = source_of(change, change->next);
    if (!check_source(change, now, next, error) || !check_inactive(change, error))
        return FALSE;
    if (now != KX_SOURCE_LDAP || next == KX_SOURCE_INTERNAL)
        return TRUE;
    if (change->given.verb == KX_CHANGE_RENAME)
        return fail(change, "the name", error);
    return is_user ? check_fields(change, of_users, G_N_ELEMENTS(of_users), error) &&
                         check_groups(change, error)
                   : check_fields(change, of_groups, G_N_ELEMENTS(of_groups), error);
}
