/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/auth-client.h"

#include "directory/auth-outside.h"
#include "directory/issued-private.h"
#include "settings/sasl.h"

static const char NEEDS_APP_PASSWORD[] =
    "mail programs of the account need an application password";

/* With the tables locked. */
static gboolean takes_own(KxDirectory *directory, const KxUser *user)
{
    if (user->app_passwords_only != KX_OVERRIDE_NONE)
        return user->app_passwords_only == KX_OVERRIDE_NO;
    const KxDomainEntry *home = g_hash_table_lookup(directory->domains, user->domain);
    return home == NULL || !home->domain.app_passwords_only;
}

gboolean kx_auth_takes_own_password(KxDirectory *directory, const KxUser *user)
{
    kx_rw_lock_read(&directory->lock);
    gboolean takes = takes_own(directory, user);
    kx_rw_lock_unlock(&directory->lock);
    return takes;
}

static gboolean may_be_own(KxDirectory *directory, const KxAuthClient *client)
{
    kx_rw_lock_read(&directory->lock);
    const KxUserEntry *entry = kx_tables_find_login(directory, client->login, client->local_ip);
    gboolean may = entry == NULL || takes_own(directory, &entry->user);
    kx_rw_lock_unlock(&directory->lock);
    return may;
}

/* Takes as long as for a name that is nobody's, and checks nothing: nobody learns here whether he
 * has guessed the password of an account that does not take it. */
static KxAuthResult refuse_own(KxDirectory *directory, const KxAuthClient *client,
                               const char **ret_reason)
{
    g_autoptr(KxUser) nobody = NULL;
    KxAuthResult result =
        kx_auth_password(directory, "", client->password, NULL, NULL, &nobody, ret_reason);
    if (result == KX_AUTH_BUSY)
        return KX_AUTH_BUSY;
    *ret_reason = NEEDS_APP_PASSWORD;
    return KX_AUTH_FAILED;
}

/* An issued one is looked for first, as that costs next to nothing; who shows one has it, so an
 * early answer tells him nothing. */
KxAuthResult kx_auth_client(KxDirectory *directory, const KxAuthClient *client, KxUser **ret_user,
                            gint64 *ret_issued, const char **ret_reason)
{
    const KxIssuedUse use = {.kind = KX_ISSUED_APP_PASSWORD,
                             .secret = client->password,
                             .scope = client->scope,
                             .login = client->login,
                             .local_ip = client->local_ip,
                             .service = client->service,
                             .ip = client->ip};
    *ret_issued = 0;
    *ret_user = kx_issued_use(directory, &use, ret_issued, NULL, ret_reason);
    if (*ret_user != NULL || *ret_reason != NULL)
        return *ret_user != NULL ? KX_AUTH_OK : KX_AUTH_FAILED;
    if (!may_be_own(directory, client))
        return refuse_own(directory, client, ret_reason);
    KxAuthResult result = kx_auth_password(directory, client->login, client->password,
                                           client->local_ip, client->ip, ret_user, ret_reason);
    if (result != KX_AUTH_OK || kx_auth_takes_own_password(directory, *ret_user))
        return result;
    g_clear_pointer(ret_user, kx_user_free); /* a directory elsewhere knew the name, not we */
    *ret_reason = NEEDS_APP_PASSWORD;
    return KX_AUTH_FAILED;
}

gboolean kx_auth_client_hashes(KxDirectory *directory, const KxAuthClient *client)
{
    if (kx_issued_exists(directory, KX_ISSUED_APP_PASSWORD, client->password))
        return FALSE;
    return !may_be_own(directory, client) ||
           kx_auth_hashes(directory, client->login, client->password, client->local_ip);
}

char *kx_auth_client_asks(KxDirectory *directory, const KxAuthClient *client)
{
    if (kx_issued_exists(directory, KX_ISSUED_APP_PASSWORD, client->password) ||
        !may_be_own(directory, client))
        return NULL;
    return kx_outside_asks(directory, client->login, client->password, client->local_ip);
}

guint kx_auth_provides(KxDirectory *directory)
{
    kx_rw_lock_read(&directory->lock);
    const gint64 *mail = directory->issued->mail_until;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    /* Nothing is kept of passwords that are checked elsewhere. */
    gboolean here =
        mail[KX_ISSUED_APP_PASSWORD] <= now && directory->mapped == 0 && directory->elsewhere == 0;
    gboolean keys = directory->imported == 0 && here;
    gboolean passwords = directory->unrecoverable == 0 && here;
    gboolean tokens = mail[KX_ISSUED_TOKEN] > now || directory->providers > 0;
    guint realms = (directory->realms > 0 ? KX_SASL_NEEDS_REALM : 0) |
                   (directory->nt_domains > 0 ? KX_SASL_NEEDS_NT_DOMAIN : 0);
    kx_rw_lock_unlock(&directory->lock);
    return (keys ? KX_SASL_NEEDS_KEYS : 0) | (passwords ? KX_SASL_NEEDS_PASSWORDS : 0) |
           (tokens ? KX_SASL_NEEDS_TOKENS : 0) | realms;
}
