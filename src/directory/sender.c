/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/sender.h"

#include "base/error.h"
#include "directory/directory-private.h"
#include "directory/names.h"
#include "directory/resolve.h"

void kx_sender_clear(KxSender *sender)
{
    g_clear_pointer(&sender->domain, g_free);
    g_clear_pointer(&sender->address_domain, g_free);
    g_clear_pointer(&sender->confined, g_free);
}

/* The account that has the address, and its domain even if nobody has. */
static KxUserEntry *find_claimed(KxDirectory *directory, const char *address,
                                 KxDomainEntry **ret_home)
{
    g_autofree char *local = NULL, *given = NULL;
    *ret_home = NULL;
    if (!kx_name_split(address, &local, &given) || given == NULL)
        return NULL;
    g_autofree char *domain = kx_name_domain(given, NULL);
    g_autofree char *key = kx_name_fold(local);
    *ret_home = domain != NULL ? kx_tables_find_mail_domain(directory, domain) : NULL;
    if (*ret_home == NULL || key == NULL)
        return NULL;
    const KxAddress *further = g_hash_table_lookup((*ret_home)->addresses, key);
    KxUserEntry *user = g_hash_table_lookup((*ret_home)->users, key);
    return further != NULL ? further->user : user;
}

static void take_rules(KxSender *sender, const KxDomainEntry *home, const KxUserEntry *user)
{
    sender->max_size = home->domain.max_message_size;
    if (user == NULL)
        return;
    if (user->user.max_message_size > 0)
        sender->max_size = user->user.max_message_size;
    if (kx_user_entry_is_local_only(user))
        sender->confined = g_strdup(home->domain.name);
}

void kx_sender_get(KxDirectory *directory, const char *login, const char *address, gboolean trusted,
                   KxSender *ret_sender)
{
    KxDomainEntry *claimed = NULL, *home = NULL;
    *ret_sender = (KxSender){0};
    kx_rw_lock_read(&directory->lock);
    KxUserEntry *user = find_claimed(directory, address, &claimed);
    home = claimed;
    if (login != NULL)
        user = kx_tables_find_user(directory, login, &home, NULL);
    if (claimed != NULL)
        ret_sender->address_domain = g_strdup(claimed->domain.name);
    if (home != NULL) {
        take_rules(ret_sender, home, user);
        ret_sender->domain = trusted ? g_strdup(home->domain.name) : NULL;
        ret_sender->own_addresses = login != NULL && home->domain.own_addresses != KX_OVERRIDE_NO;
    }
    kx_rw_lock_unlock(&directory->lock);
}

gboolean kx_sender_check_size(const KxSender *sender, guint64 size, GError **error)
{
    if (sender->max_size == 0 || size <= sender->max_size)
        return TRUE;
    return kx_fail(error, KX_ERR_TOO_BIG,
                   "the message has %" G_GUINT64_FORMAT
                   " bytes, but its sender may send %" G_GUINT64_FORMAT " at most",
                   size, sender->max_size);
}

/* By name or further address: also when an alias takes the mail of that name elsewhere. */
static gboolean has_address(KxDirectory *directory, const char *login, const char *address)
{
    KxDomainEntry *home = NULL, *claimed;
    kx_rw_lock_read(&directory->lock);
    const KxUserEntry *user = find_claimed(directory, address, &claimed);
    gboolean has = user != NULL && user == kx_tables_find_user(directory, login, &home, NULL);
    kx_rw_lock_unlock(&directory->lock);
    return has;
}

gboolean kx_sender_owns(KxDirectory *directory, const char *login, const char *address)
{
    return has_address(directory, login, address) || kx_resolve_reaches(directory, address, login);
}
