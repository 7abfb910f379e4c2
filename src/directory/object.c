/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of all kinds: entries in the tables, and reading. */
#include "directory/object.h"

#include "base/error.h"
#include "directory/names.h"

const KxObjectType *kx_object_type(KxObject object)
{
    static const KxObjectType *const types[KX_OBJECT_COUNT] = {
        [KX_OBJECT_DOMAIN] = &kx_type_domain,         [KX_OBJECT_USER] = &kx_type_user,
        [KX_OBJECT_GROUP] = &kx_type_group,           [KX_OBJECT_ALIAS] = &kx_type_alias,
        [KX_OBJECT_IP_GROUP] = &kx_type_ip_group,     [KX_OBJECT_TEMPLATE] = &kx_type_template,
        [KX_OBJECT_TIME_RANGE] = &kx_type_time_range, [KX_OBJECT_ETRN] = &kx_type_etrn,
        [KX_OBJECT_SCHEDULE] = &kx_type_schedule,     [KX_OBJECT_DOWNLOAD] = &kx_type_download,
        [KX_OBJECT_SORTING] = &kx_type_sorting,       [KX_OBJECT_ROUTING] = &kx_type_routing,
        [KX_OBJECT_HIGHLIGHT] = &kx_type_highlight,
    };
    return types[object];
}

const char *kx_object_noun(const KxObjectType *type)
{
    return strchr(type->noun, ' ') + 1;
}

/* ---- entries ---- */

KxEntry *kx_entry_new(const KxObjectType *type, const KxRecord *record)
{
    KxEntry *entry = g_malloc0(type->entry_size);
    kx_record_copy(&type->record, &entry->record, record);
    return kx_entry_begin(type, &entry->record);
}

KxEntry *kx_entry_begin(const KxObjectType *type, KxRecord *record)
{
    KxEntry *entry = (KxEntry *)(void *)record;
    if (type->init != NULL)
        type->init(entry);
    if (type->derive != NULL)
        type->derive(entry);
    return entry;
}

void kx_entry_free(const KxObjectType *type, KxEntry *entry)
{
    if (entry == NULL)
        return;
    type->clear(entry);
    kx_record_clear(&type->record, &entry->record);
    g_free(entry);
}

KxRecord *kx_entry_copy(const KxObjectType *type, const KxEntry *entry)
{
    KxRecord *copy = g_malloc0(type->record.size);
    kx_record_copy(&type->record, copy, &entry->record);
    if (type->fill != NULL)
        type->fill(entry, copy);
    return copy;
}

static gboolean fail_name(const KxObjectType *type, const char *name, GError **error)
{
    return kx_fail(error, KX_ERR_INVALID, "\'%.100s\' is not the name of %s (name@domain)", name,
                   type->noun);
}

static KxEntry *find_in_domain(KxDirectory *directory, const KxObjectType *type, const char *name,
                               KxDomainEntry **ret_home, GError **error)
{
    g_autofree char *local = NULL, *domain = NULL;
    if (!kx_name_split(name, &local, &domain)) {
        fail_name(type, name, error);
        return NULL;
    }
    KxDomainEntry *home =
        domain != NULL ? kx_tables_find_domain(directory, domain, error) : directory->primary;
    if (home == NULL && domain != NULL)
        return NULL;
    g_autofree char *key = kx_name_fold(local);
    KxEntry *entry =
        home != NULL && key != NULL ? g_hash_table_lookup(type->table(directory, home), key) : NULL;
    if (entry == NULL)
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no %s '%s'", kx_object_noun(type), name);
    *ret_home = home;
    return entry;
}

KxEntry *kx_entry_find(KxDirectory *directory, const KxObjectType *type, const char *name,
                       KxDomainEntry **ret_home, GError **error)
{
    *ret_home = NULL;
    if (type->record.in_domain)
        return find_in_domain(directory, type, name, ret_home, error);
    if (type == &kx_type_domain)
        return (KxEntry *)(void *)kx_tables_find_domain(directory, name, error);
    g_autofree char *key = kx_name_fold(name);
    KxEntry *entry = key != NULL ? g_hash_table_lookup(type->table(directory, NULL), key) : NULL;
    if (entry == NULL)
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no %s '%s'", kx_object_noun(type), name);
    return entry;
}

/* ---- reading ---- */

void kx_object_free(KxObject object, KxRecord *record)
{
    if (record == NULL)
        return;
    kx_record_clear(&kx_object_type(object)->record, record);
    g_free(record);
}

void kx_domain_free(KxDomain *domain)
{
    kx_object_free(KX_OBJECT_DOMAIN, (KxRecord *)(void *)domain);
}

void kx_user_free(KxUser *user)
{
    kx_object_free(KX_OBJECT_USER, (KxRecord *)(void *)user);
}

void kx_group_free(KxGroup *group)
{
    kx_object_free(KX_OBJECT_GROUP, (KxRecord *)(void *)group);
}

void kx_alias_free(KxAlias *alias)
{
    kx_object_free(KX_OBJECT_ALIAS, (KxRecord *)(void *)alias);
}

void kx_ip_group_free(KxIpGroup *group)
{
    kx_object_free(KX_OBJECT_IP_GROUP, (KxRecord *)(void *)group);
}

void kx_etrn_server_free(KxEtrnServer *server)
{
    kx_object_free(KX_OBJECT_ETRN, (KxRecord *)(void *)server);
}

void kx_download_free(KxDownload *download)
{
    kx_object_free(KX_OBJECT_DOWNLOAD, (KxRecord *)(void *)download);
}

KxRecord *kx_object_get(KxDirectory *directory, KxObject object, const char *name, GError **error)
{
    const KxObjectType *type = kx_object_type(object);
    KxDomainEntry *home = NULL;
    kx_rw_lock_read(&directory->lock);
    KxEntry *entry = kx_entry_find(directory, type, name, &home, error);
    KxRecord *copy = entry != NULL ? kx_entry_copy(type, entry) : NULL;
    kx_rw_lock_unlock(&directory->lock);
    return copy;
}

KxDomain *kx_domain_get(KxDirectory *directory, const char *name, GError **error)
{
    return (KxDomain *)(void *)kx_object_get(directory, KX_OBJECT_DOMAIN, name, error);
}

char *kx_domain_primary(KxDirectory *directory)
{
    kx_rw_lock_read(&directory->lock);
    char *name = directory->primary != NULL ? g_strdup(directory->primary->domain.name) : NULL;
    kx_rw_lock_unlock(&directory->lock);
    return name;
}

char *kx_domain_of_mail(KxDirectory *directory, const char *name)
{
    g_autofree char *labels = kx_name_domain(name, NULL);
    if (labels == NULL)
        return NULL;
    kx_rw_lock_read(&directory->lock);
    const KxDomainEntry *home = kx_tables_find_mail_domain(directory, labels);
    char *domain = home != NULL ? g_strdup(home->domain.name) : NULL;
    kx_rw_lock_unlock(&directory->lock);
    return domain;
}

KxUser *kx_user_get(KxDirectory *directory, const char *login, GError **error)
{
    return (KxUser *)(void *)kx_object_get(directory, KX_OBJECT_USER, login, error);
}

KxGroup *kx_group_get(KxDirectory *directory, const char *name, GError **error)
{
    return (KxGroup *)(void *)kx_object_get(directory, KX_OBJECT_GROUP, name, error);
}

/* The user's own word, or else the domain's. */
static guint64 days(const char *own, guint64 of_domain)
{
    return *own != '\0' ? g_ascii_strtoull(own, NULL, 10) : of_domain;
}

gboolean kx_user_rules(KxDirectory *directory, const char *login, KxMailboxRules *ret_rules)
{
    KxDomainEntry *home = NULL;
    kx_rw_lock_read(&directory->lock);
    KxUserEntry *entry = kx_tables_find_user(directory, login, &home, NULL);
    if (entry != NULL) {
        const KxUser *user = &entry->user;
        const KxDomain *domain = &home->domain;
        *ret_rules = (KxMailboxRules){
            .quota = user->quota,
            .quota_items = user->quota_items,
            .clean_junk_days = days(user->clean_junk_days, domain->clean_junk_days),
            .clean_trash_days = days(user->clean_trash_days, domain->clean_trash_days),
            .keep_deleted_days = domain->keep_deleted_days,
        };
    }
    kx_rw_lock_unlock(&directory->lock);
    return entry != NULL;
}

char *kx_user_stored_password(KxDirectory *directory, const char *login)
{
    KxDomainEntry *home = NULL;
    kx_rw_lock_read(&directory->lock);
    KxUserEntry *entry = kx_tables_find_user(directory, login, &home, NULL);
    const char *verifier = entry != NULL ? entry->verifier : NULL;
    char *stored =
        verifier == NULL ? NULL : g_strconcat(*verifier == '$' ? "{ARGON2ID}" : "", verifier, NULL);
    kx_rw_lock_unlock(&directory->lock);
    return stored;
}
