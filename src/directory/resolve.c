/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and login names to accounts (DOM-08, DOM-20, DOM-22, DOM-27). */
#include "base/error.h"
#include "directory/directory-private.h"
#include "directory/names.h"

static KxUserEntry *find_exact(KxDomainEntry *home, const char *key)
{
    KxUserEntry *entry = g_hash_table_lookup(home->users, key);
    return entry != NULL ? entry : g_hash_table_lookup(home->addresses, key);
}

/* RFC 5233: what stands before the first separator. */
static KxUserEntry *find_subaddress(KxDirectory *directory, KxDomainEntry *home, const char *key)
{
    g_autoptr(KxSettings) settings = kx_settings_get(directory->settings);
    const char *separator = kx_settings_text(settings, KX_SET_MAIL_SUBADDRESS);
    const char *tag = *separator != '\0' ? strchr(key, *separator) : NULL;
    if (tag == NULL || tag == key)
        return NULL;
    g_autofree char *user = g_strndup(key, (gsize)(tag - key));
    return find_exact(home, user);
}

static KxUserEntry *find_recipient(KxDirectory *directory, KxDomainEntry *home, const char *local)
{
    g_autofree char *key = kx_name_fold(local);
    if (key == NULL)
        return NULL;
    KxUserEntry *entry = find_exact(home, key);
    if (entry == NULL)
        entry = find_subaddress(directory, home, key);
    if (entry == NULL && strcmp(key, "postmaster") == 0 && home != directory->primary)
        entry = find_exact(directory->primary, key);
    return entry;
}

static KxRecipientKind resolve_in(KxDirectory *directory, const char *local, const char *domain,
                                  KxUser **ret_user)
{
    KxDomainEntry *home = directory->primary;
    if (domain != NULL) {
        home = g_hash_table_lookup(directory->domains, domain);
        if (home == NULL)
            home = g_hash_table_lookup(directory->aliases, domain);
        if (home == NULL)
            return KX_RCPT_REMOTE;
    }
    KxUserEntry *entry = home != NULL ? find_recipient(directory, home, local) : NULL;
    if (entry == NULL)
        return KX_RCPT_UNKNOWN;
    if (entry->user.disabled)
        return KX_RCPT_DISABLED;
    *ret_user = kx_user_copy(&entry->user);
    return KX_RCPT_LOCAL;
}

static const char *const KINDS[] = {
    [KX_RCPT_LOCAL] = "a mailbox here",
    [KX_RCPT_REMOTE] = "in a domain elsewhere",
    [KX_RCPT_UNKNOWN] = "unknown",
    [KX_RCPT_DISABLED] = "a disabled account",
};

KxRecipientKind kx_directory_resolve(KxDirectory *directory, const char *address, KxUser **ret_user)
{
    g_autofree char *local = NULL, *given = NULL;
    if (!kx_name_split(address, &local, &given))
        return KX_RCPT_UNKNOWN;
    if (given == NULL && g_ascii_strcasecmp(local, "postmaster") != 0)
        return KX_RCPT_UNKNOWN;
    g_autofree char *domain = given != NULL ? kx_name_domain(given, NULL) : NULL;
    if (given != NULL && domain == NULL)
        return KX_RCPT_REMOTE;
    kx_rw_lock_read(&directory->lock);
    KxRecipientKind kind = resolve_in(directory, local, domain, ret_user);
    kx_rw_lock_unlock(&directory->lock);
    kx_debug(directory->logger, KX_DEBUG_DIRECTORY_LOOKUP, "<%s> is %s", address, KINDS[kind]);
    return kind;
}
