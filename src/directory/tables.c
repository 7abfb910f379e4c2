/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/directory-private.h"

#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"

static void free_domain(gpointer entry)
{
    kx_entry_free(&kx_type_domain, entry);
}

static void free_ip_group(gpointer entry)
{
    kx_entry_free(&kx_type_ip_group, entry);
}

static void free_template(gpointer entry)
{
    kx_entry_free(&kx_type_template, entry);
}

static void free_time_range(gpointer entry)
{
    kx_entry_free(&kx_type_time_range, entry);
}

static void free_etrn(gpointer entry)
{
    kx_entry_free(&kx_type_etrn, entry);
}

static void free_schedule(gpointer entry)
{
    kx_entry_free(&kx_type_schedule, entry);
}

static void free_download(gpointer entry)
{
    kx_entry_free(&kx_type_download, entry);
}

static void free_sorting(gpointer entry)
{
    kx_entry_free(&kx_type_sorting, entry);
}

static void free_routing(gpointer entry)
{
    kx_entry_free(&kx_type_routing, entry);
}

static void free_highlight(gpointer entry)
{
    kx_entry_free(&kx_type_highlight, entry);
}

void kx_tables_init(KxDirectory *directory)
{
    kx_rw_lock_init(&directory->lock);
    directory->domains = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_domain);
    directory->aliases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    directory->bound = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    directory->ip_groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_ip_group);
    directory->issued = kx_issued_table_new();
    directory->refused = kx_refused_new();
    directory->templates = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_template);
    directory->time_ranges = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_time_range);
    directory->etrn = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_etrn);
    directory->schedules = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_schedule);
    directory->downloads = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_download);
    directory->sorting = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_sorting);
    directory->routing = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_routing);
    directory->highlights = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_highlight);
    directory->routes = g_ptr_array_new();
    directory->shares =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
}

void kx_tables_clear(KxDirectory *directory)
{
    g_hash_table_unref(directory->bound);
    g_hash_table_unref(directory->aliases);
    g_hash_table_unref(directory->domains);
    g_hash_table_unref(directory->ip_groups);
    g_hash_table_unref(directory->templates);
    g_hash_table_unref(directory->time_ranges);
    g_hash_table_unref(directory->etrn);
    g_hash_table_unref(directory->schedules);
    g_hash_table_unref(directory->downloads);
    g_hash_table_unref(directory->sorting);
    g_hash_table_unref(directory->routing);
    g_hash_table_unref(directory->highlights);
    g_ptr_array_unref(directory->routes);
    g_hash_table_unref(directory->shares);
    kx_issued_table_free(directory->issued);
    kx_refused_free(directory->refused);
    kx_rw_lock_clear(&directory->lock);
}

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

KxDomainEntry *kx_tables_find_mail_domain(KxDirectory *directory, const char *name)
{
    KxDomainEntry *home = g_hash_table_lookup(directory->domains, name);
    return home != NULL ? home : g_hash_table_lookup(directory->aliases, name);
}

KxUserEntry *kx_tables_find_user(KxDirectory *directory, const char *login,
                                 KxDomainEntry **ret_home, GError **error)
{
    return (KxUserEntry *)(void *)kx_entry_find(directory, &kx_type_user, login, ret_home, error);
}

static KxUserEntry *find_in(KxDomainEntry *home, const char *local)
{
    g_autofree char *key = kx_name_fold(local);
    return key != NULL ? g_hash_table_lookup(home->users, key) : NULL;
}

KxDomainEntry *kx_tables_login_home(KxDirectory *directory, const char *login, const char *local_ip,
                                    char **ret_local)
{
    g_autofree char *domain = NULL;
    if (!kx_name_split(login, ret_local, &domain))
        return NULL;
    if (domain != NULL)
        return kx_tables_find_domain(directory, domain, NULL);
    g_autofree char *ip = local_ip != NULL ? kx_name_ip(local_ip) : NULL;
    KxDomainEntry *bound = ip != NULL ? g_hash_table_lookup(directory->bound, ip) : NULL;
    return bound != NULL ? bound : directory->primary;
}

KxUserEntry *kx_tables_find_login(KxDirectory *directory, const char *login, const char *local_ip)
{
    g_autofree char *local = NULL;
    KxDomainEntry *home = kx_tables_login_home(directory, login, local_ip, &local);
    return home != NULL ? find_in(home, local) : NULL;
}
