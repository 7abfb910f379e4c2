/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/auth-ticket.h"

#include "directory/auth-outside.h"
#include "directory/names.h"
#include "directory/object.h"

/* What the mechanism says. */
typedef struct {
    char *name, *realm;
    gboolean nt; /* the realm is the short name of one */
} Proved;

static void proved_clear(Proved *proved)
{
    g_free(proved->name);
    g_free(proved->realm);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Proved, proved_clear)

/* Principals of several components, or with anything quoted, are no users. */
static gboolean read_proved(const char *text, Proved *ret_proved)
{
    const char *back = strchr(text, '\\'), *at = strrchr(text, '@');
    if (back != NULL && back > text && back[1] != '\0' && strpbrk(back + 1, "\\/@") == NULL) {
        *ret_proved = (Proved){g_strdup(back + 1), g_ascii_strup(text, back - text), TRUE};
        return TRUE;
    }
    if (back != NULL || at == NULL || at == text || at[1] == '\0' ||
        strcspn(text, "/@") != (gsize)(at - text))
        return FALSE;
    *ret_proved = (Proved){g_strndup(text, (gsize)(at - text)), g_strdup(at + 1), FALSE};
    return TRUE;
}

static gboolean is_of(const KxDomain *domain, const Proved *proved)
{
    if (proved->nt)
        return *domain->nt_domain != '\0' && g_str_equal(domain->nt_domain, proved->realm);
    g_autofree char *realm = kx_domain_realm(domain);
    return realm != NULL && g_str_equal(realm, proved->realm);
}

/* The domains of the realm, the primary one first. */
static GPtrArray *domains_of(KxDirectory *directory, const Proved *proved)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;
    kx_rw_lock_read(&directory->lock);
    g_hash_table_iter_init(&iter, directory->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const KxDomainEntry *home = value;
        if (is_of(&home->domain, proved))
            g_ptr_array_insert(names, home == directory->primary ? 0 : -1,
                               g_strdup(home->domain.name));
    }
    kx_rw_lock_unlock(&directory->lock);
    return names;
}

static gboolean takes_tickets(const KxUser *user)
{
    return user->authentication == KX_AUTHENTICATION_KERBEROS || user->source != KX_SOURCE_INTERNAL;
}

/* The account that the client names, or NULL: it names none. */
static char *wanted_account(KxDirectory *directory, const char *name, const char *wanted,
                            const char *local_ip)
{
    gboolean named = wanted != NULL && *wanted != '\0' && !g_str_equal(wanted, name);
    return named ? kx_auth_account(directory, wanted, local_ip) : NULL;
}

/* The one of them that the domain has, if it may be; NULL: none. */
static KxUser *find_in(KxDirectory *directory, const char *domain, const char *name,
                       KxMappedResult *mapped)
{
    g_autofree char *login = g_strdup_printf("%s@%s", name, domain);
    *mapped = kx_mapped_find(directory, login);
    g_autoptr(KxUser) user = kx_user_get(directory, login, NULL);
    return user != NULL && takes_tickets(user) ? g_steal_pointer(&user) : NULL;
}

static KxUser *find_account(KxDirectory *directory, const Proved *proved, const char *wanted,
                            gboolean *ret_later)
{
    g_autoptr(GPtrArray) domains = domains_of(directory, proved);
    for (guint i = 0; i < domains->len; i++) {
        KxMappedResult mapped;
        g_autoptr(KxUser) user = find_in(directory, domains->pdata[i], proved->name, &mapped);
        *ret_later |= mapped == KX_MAPPED_LATER;
        g_autofree char *account =
            user != NULL ? g_strdup_printf("%s@%s", user->name, user->domain) : NULL;
        if (user != NULL && (wanted == NULL || g_str_equal(wanted, account)))
            return g_steal_pointer(&user);
    }
    return NULL;
}

KxAuthResult kx_auth_ticket(KxDirectory *directory, const char *name, const char *wanted,
                            const char *local_ip, KxUser **ret_user, const char **ret_reason)
{
    g_auto(Proved) proved = {0};
    gboolean later = FALSE;
    if (!read_proved(name, &proved)) {
        *ret_reason = "the ticket is not of a user";
        return KX_AUTH_FAILED;
    }
    g_autofree char *account = wanted_account(directory, name, wanted, local_ip);
    g_autoptr(KxUser) user = find_account(directory, &proved, account, &later);
    if (user == NULL && later) {
        *ret_reason = "the directory cannot be asked";
        return KX_AUTH_BUSY;
    }
    if (user == NULL)
        *ret_reason = "no account that takes them belongs to the ticket";
    else if (user->disabled)
        *ret_reason = "the account is disabled";
    else
        *ret_user = g_steal_pointer(&user);
    return *ret_reason == NULL ? KX_AUTH_OK : KX_AUTH_FAILED;
}
