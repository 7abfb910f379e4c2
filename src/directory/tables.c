/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/directory-private.h"

#include "base/error.h"
#include "directory/names.h"

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void kx_strv_sort(char **list)
{
    qsort(list, g_strv_length(list), sizeof *list, compare_strings);
}

/* ---- copies and frees ---- */

static void copy_domain(KxDomain *to, const KxDomain *from)
{
    *to = (KxDomain){
        .id = from->id,
        .name = g_strdup(from->name),
        .primary = from->primary,
        .description = g_strdup(from->description),
        .aliases = g_strdupv(from->aliases),
        .bound_ip = g_strdup(from->bound_ip),
    };
}

static void clear_domain(KxDomain *domain)
{
    g_free(domain->name);
    g_free(domain->description);
    g_strfreev(domain->aliases);
    g_free(domain->bound_ip);
}

static void copy_user(KxUser *to, const KxUser *from)
{
    *to = (KxUser){
        .id = from->id,
        .name = g_strdup(from->name),
        .domain = g_strdup(from->domain),
        .full_name = g_strdup(from->full_name),
        .description = g_strdup(from->description),
        .disabled = from->disabled,
        .public_folders = from->public_folders,
        .archive_folders = from->archive_folders,
        .full_listing = from->full_listing,
        .addresses = g_strdupv(from->addresses),
        .quota = from->quota,
        .quota_items = from->quota_items,
        .generation = from->generation,
    };
}

static void clear_user(KxUser *user)
{
    g_free(user->name);
    g_free(user->domain);
    g_free(user->full_name);
    g_free(user->description);
    g_strfreev(user->addresses);
}

static void clear_group(KxIpGroup *group)
{
    g_free(group->name);
    g_free(group->description);
    g_strfreev(group->entries);
}

KxDomain *kx_domain_copy(const KxDomain *domain)
{
    KxDomain *copy = g_new(KxDomain, 1);
    copy_domain(copy, domain);
    return copy;
}

void kx_domain_free(KxDomain *domain)
{
    if (domain == NULL)
        return;
    clear_domain(domain);
    g_free(domain);
}

KxUser *kx_user_copy(const KxUser *user)
{
    KxUser *copy = g_new(KxUser, 1);
    copy_user(copy, user);
    return copy;
}

void kx_user_free(KxUser *user)
{
    if (user == NULL)
        return;
    clear_user(user);
    g_free(user);
}

void kx_ip_group_free(KxIpGroup *group)
{
    if (group == NULL)
        return;
    clear_group(group);
    g_free(group);
}

/* ---- entries ---- */

KxDomainEntry *kx_domain_entry_new(const KxDomain *domain)
{
    KxDomainEntry *entry = g_new0(KxDomainEntry, 1);
    copy_domain(&entry->domain, domain);
    entry->users =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)kx_user_entry_free);
    entry->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return entry;
}

void kx_domain_entry_free(KxDomainEntry *entry)
{
    if (entry == NULL)
        return;
    g_hash_table_unref(entry->addresses);
    g_hash_table_unref(entry->users);
    clear_domain(&entry->domain);
    g_free(entry);
}

KxUserEntry *kx_user_entry_new(const KxUser *user, const char *verifier)
{
    KxUserEntry *entry = g_new0(KxUserEntry, 1);
    copy_user(&entry->user, user);
    entry->key = kx_name_fold(user->name);
    entry->verifier = g_strdup(verifier);
    return entry;
}

void kx_user_entry_free(KxUserEntry *entry)
{
    if (entry == NULL)
        return;
    clear_user(&entry->user);
    g_free(entry->key);
    g_free(entry->verifier);
    g_free(entry);
}

KxIpGroupEntry *kx_ip_group_entry_new(char *name, char *description, char **entries)
{
    KxIpGroupEntry *entry = g_new0(KxIpGroupEntry, 1);
    entry->group = (KxIpGroup){name, description, entries};
    entry->key = kx_name_fold(name);
    entry->ranges = g_new0(KxIpRange, g_strv_length(entries));
    for (guint i = 0; entries[i] != NULL; i++)
        if (kx_ip_range_parse(entries[i], &entry->ranges[entry->n_ranges], NULL))
            entry->n_ranges++;
    return entry;
}

void kx_ip_group_entry_free(KxIpGroupEntry *entry)
{
    if (entry == NULL)
        return;
    clear_group(&entry->group);
    g_free(entry->key);
    g_free(entry->ranges);
    g_free(entry);
}

/* ---- the tables ---- */

void kx_tables_init(KxDirectory *directory)
{
    kx_rw_lock_init(&directory->lock);
    directory->domains =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)kx_domain_entry_free);
    directory->aliases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    directory->bound = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    directory->groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                              (GDestroyNotify)kx_ip_group_entry_free);
    directory->shares =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
}

void kx_tables_clear(KxDirectory *directory)
{
    g_hash_table_unref(directory->bound);
    g_hash_table_unref(directory->aliases);
    g_hash_table_unref(directory->domains);
    g_hash_table_unref(directory->groups);
    g_hash_table_unref(directory->shares);
    kx_rw_lock_clear(&directory->lock);
}

void kx_tables_add_domain(KxDirectory *directory, KxDomainEntry *entry)
{
    g_hash_table_insert(directory->domains, entry->domain.name, entry);
    kx_tables_link_domain(directory, entry);
}

void kx_tables_link_domain(KxDirectory *directory, KxDomainEntry *entry)
{
    for (guint i = 0; entry->domain.aliases[i] != NULL; i++)
        g_hash_table_insert(directory->aliases, g_strdup(entry->domain.aliases[i]), entry);
    if (entry->domain.bound_ip != NULL)
        g_hash_table_insert(directory->bound, g_strdup(entry->domain.bound_ip), entry);
    if (!entry->domain.primary)
        return;
    if (directory->primary != NULL)
        directory->primary->domain.primary = FALSE;
    entry->domain.primary = TRUE;
    directory->primary = entry;
}

void kx_tables_unlink_domain(KxDirectory *directory, KxDomainEntry *entry)
{
    for (guint i = 0; entry->domain.aliases[i] != NULL; i++)
        g_hash_table_remove(directory->aliases, entry->domain.aliases[i]);
    if (entry->domain.bound_ip != NULL)
        g_hash_table_remove(directory->bound, entry->domain.bound_ip);
    if (directory->primary == entry)
        directory->primary = NULL;
}

void kx_tables_replace_domain(KxDirectory *directory, KxDomainEntry *entry, const KxDomain *next)
{
    kx_tables_unlink_domain(directory, entry);
    char *name = g_steal_pointer(&entry->domain.name); /* the key in the table */
    clear_domain(&entry->domain);
    copy_domain(&entry->domain, next);
    g_free(entry->domain.name);
    entry->domain.name = name;
    kx_tables_link_domain(directory, entry);
}

void kx_tables_add_user(KxDomainEntry *home, KxUserEntry *entry)
{
    g_hash_table_insert(home->users, entry->key, entry);
    for (guint i = 0; entry->user.addresses[i] != NULL; i++)
        g_hash_table_insert(home->addresses, kx_name_fold(entry->user.addresses[i]), entry);
}

void kx_tables_remove_user(KxDomainEntry *home, KxUserEntry *entry)
{
    for (guint i = 0; entry->user.addresses[i] != NULL; i++) {
        g_autofree char *key = kx_name_fold(entry->user.addresses[i]);
        g_hash_table_remove(home->addresses, key);
    }
    g_hash_table_remove(home->users, entry->key);
}

/* ---- lookups ---- */

KxDomainEntry *kx_tables_find_domain(KxDirectory *directory, const char *name, GError **error)
{
    g_autofree char *canonical = kx_name_domain(name, error);
    if (canonical == NULL)
        return NULL;
    KxDomainEntry *entry = g_hash_table_lookup(directory->domains, canonical);
    if (entry == NULL)
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no domain '%s'", canonical);
    return entry;
}

static KxUserEntry *find_in(KxDomainEntry *home, const char *local)
{
    g_autofree char *key = kx_name_fold(local);
    return key != NULL ? g_hash_table_lookup(home->users, key) : NULL;
}

KxUserEntry *kx_tables_find_user(KxDirectory *directory, const char *login,
                                 KxDomainEntry **ret_home, GError **error)
{
    g_autofree char *local = NULL, *domain = NULL;
    if (!kx_name_split(login, &local, &domain)) {
        kx_fail(error, KX_ERR_INVALID, "'%.100s' is not a user name (user@domain)", login);
        return NULL;
    }
    KxDomainEntry *home = directory->primary;
    if (domain != NULL) {
        home = kx_tables_find_domain(directory, domain, error);
        if (home == NULL)
            return NULL;
    }
    KxUserEntry *entry = home != NULL ? find_in(home, local) : NULL;
    if (entry == NULL)
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no user '%s'", login);
    else
        *ret_home = home;
    return entry;
}

KxUserEntry *kx_tables_find_login(KxDirectory *directory, const char *login, const char *local_ip)
{
    g_autofree char *local = NULL, *domain = NULL;
    if (!kx_name_split(login, &local, &domain))
        return NULL;
    if (domain != NULL) {
        KxDomainEntry *home = kx_tables_find_domain(directory, domain, NULL);
        return home != NULL ? find_in(home, local) : NULL;
    }
    g_autofree char *ip = local_ip != NULL ? kx_name_ip(local_ip) : NULL;
    KxDomainEntry *bound = ip != NULL ? g_hash_table_lookup(directory->bound, ip) : NULL;
    if (bound == NULL)
        bound = directory->primary;
    return bound != NULL ? find_in(bound, local) : NULL;
}
