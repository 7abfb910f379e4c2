/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/provider.h"

#include "directory/names.h"
#include "directory/object.h"

static gboolean has_provider(const KxDomainEntry *home)
{
    return home != NULL && *home->domain.oidc_issuer != '\0';
}

static KxDomain *copy_of(const KxDomainEntry *home)
{
    return has_provider(home) ? (KxDomain *)(void *)kx_entry_copy(&kx_type_domain, &home->entry)
                              : NULL;
}

/* With the tables locked. Unlike for passwords, an alias of the domain does as well: the token
 * decides. */
static KxDomainEntry *home_of(KxDirectory *directory, const char *login, const char *local_ip)
{
    g_autofree char *local = NULL, *given = NULL, *bare = NULL;
    if (!kx_name_split(login, &local, &given))
        return NULL;
    if (given == NULL)
        return kx_tables_login_home(directory, login, local_ip, &bare);
    g_autofree char *domain = kx_name_domain(given, NULL);
    return domain != NULL ? kx_tables_find_mail_domain(directory, domain) : NULL;
}

KxDomain *kx_provider_of_login(KxDirectory *directory, const char *login, const char *local_ip)
{
    kx_rw_lock_read(&directory->lock);
    KxDomain *domain =
        directory->providers > 0 ? copy_of(home_of(directory, login, local_ip)) : NULL;
    kx_rw_lock_unlock(&directory->lock);
    return domain;
}

KxDomain *kx_provider_here(KxDirectory *directory, const char *local_ip)
{
    return kx_provider_of_login(directory, "anybody", local_ip);
}

GPtrArray *kx_provider_domains(KxDirectory *directory, const char *issuer)
{
    GPtrArray *domains = g_ptr_array_new_with_free_func((GDestroyNotify)kx_domain_free);
    GHashTableIter iter;
    gpointer value;
    kx_rw_lock_read(&directory->lock);
    g_hash_table_iter_init(&iter, directory->domains);
    while (directory->providers > 0 && g_hash_table_iter_next(&iter, NULL, &value)) {
        const KxDomainEntry *home = value;
        if (has_provider(home) && strcmp(home->domain.oidc_issuer, issuer) == 0)
            g_ptr_array_add(domains, copy_of(home));
    }
    kx_rw_lock_unlock(&directory->lock);
    return domains;
}

char *kx_provider_address(KxDirectory *directory, const KxDomain *domain, const char *name)
{
    g_autofree char *local = NULL, *given = NULL;
    if (!kx_name_split(name, &local, &given))
        return NULL;
    g_autofree char *canonical = given != NULL ? kx_name_domain(given, NULL) : NULL;
    gboolean is_here = given == NULL;
    kx_rw_lock_read(&directory->lock);
    KxDomainEntry *home =
        canonical != NULL ? kx_tables_find_mail_domain(directory, canonical) : NULL;
    is_here = is_here || (home != NULL && home->domain.id == domain->id);
    kx_rw_lock_unlock(&directory->lock);
    return is_here ? g_strdup_printf("%s@%s", local, domain->name) : NULL;
}
