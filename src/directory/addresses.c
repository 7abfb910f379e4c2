/* SPDX-License-Identifier: Apache-2.0 */
/* Further addresses of accounts and groups: one space in a domain, with the names of accounts. */
#include "base/error.h"
#include "directory/lookalike.h"
#include "directory/names.h"
#include "directory/object.h"

gboolean kx_address_check_free(KxDomainEntry *home, const char *local, const KxEntry *self,
                               GError **error)
{
    g_autofree char *key = kx_name_fold(local);
    KxUserEntry *user = g_hash_table_lookup(home->users, key);
    if (user != NULL && &user->entry != self)
        return kx_fail(error, KX_ERR_EXISTS, "there is a user '%s@%s' already", user->user.name,
                       home->domain.name);
    KxAddress *address = g_hash_table_lookup(home->addresses, key);
    if (address != NULL && address->user != NULL && &address->user->entry != self)
        return kx_fail(error, KX_ERR_EXISTS, "the address '%s@%s' belongs to the user '%s' already",
                       local, home->domain.name, address->user->user.name);
    if (address != NULL && address->group != NULL && &address->group->entry != self)
        return kx_fail(error, KX_ERR_EXISTS,
                       "the address '%s@%s' belongs to the group '%s' already", local,
                       home->domain.name, address->group->group.name);
    KxAliasEntry *alias = g_hash_table_lookup(home->aliases, key);
    if (alias != NULL)
        return kx_fail(error, KX_ERR_EXISTS, "there is an alias '%s@%s' already", alias->alias.name,
                       home->domain.name);
    /* What somebody has already stays his. */
    return address != NULL || user != NULL || kx_lookalike_check_local(home, local, self, error);
}

void kx_addresses_link(KxDomainEntry *home, char *const *addresses, KxUserEntry *user,
                       KxGroupEntry *group)
{
    for (; *addresses != NULL; addresses++) {
        KxAddress address = {user, group};
        char *key = kx_name_fold(*addresses);
        g_hash_table_insert(home->addresses, key, g_memdup2(&address, sizeof address));
        kx_lookalike_link(home, key);
    }
}

void kx_addresses_unlink(KxDomainEntry *home, char *const *addresses)
{
    for (; *addresses != NULL; addresses++) {
        g_autofree char *key = kx_name_fold(*addresses);
        kx_lookalike_unlink(home, key);
        g_hash_table_remove(home->addresses, key);
    }
}
