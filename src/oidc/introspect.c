/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that only their provider understands (RFC 7662). Programs sign in all the time, so what
 * was called good is remembered for a moment, by a digest. */
#include <sodium.h>

#include "oidc/claims.h"
#include "oidc/oidc-private.h"

G_STATIC_ASSERT(KX_OIDC_DIGEST == crypto_hash_sha256_BYTES);

static char *find_known(KxOidc *oidc, const KxDomain *domain, const guint8 *digest)
{
    kx_mutex_lock(&oidc->lock);
    const KxOidcKnown *known = g_hash_table_lookup(kx_oidc_provider(oidc, domain)->known, digest);
    char *account =
        known && known->until > g_get_monotonic_time() ? g_strdup(known->account) : NULL;
    kx_mutex_unlock(&oidc->lock);
    return account;
}

/* Not beyond its end. */
static void remember(KxOidc *oidc, const KxDomain *domain, const guint8 *digest,
                     const char *account, gint64 expires)
{
    gint64 left = KX_OIDC_KNOWN_SECONDS;
    if (expires > 0)
        left = CLAMP(expires - g_get_real_time() / G_USEC_PER_SEC, 0, left);
    KxOidcKnown *known = g_new(KxOidcKnown, 1);
    *known = (KxOidcKnown){g_strdup(account), g_get_monotonic_time() + left * G_USEC_PER_SEC};
    kx_mutex_lock(&oidc->lock);
    KxOidcProvider *provider = kx_oidc_provider(oidc, domain);
    if (g_hash_table_size(provider->known) >= KX_OIDC_KNOWN_MAX)
        g_hash_table_remove_all(provider->known);
    g_hash_table_replace(provider->known, g_memdup2(digest, KX_OIDC_DIGEST), known);
    kx_mutex_unlock(&oidc->lock);
}

static void note_answer(KxOidc *oidc, const KxDomain *domain, const GError *error)
{
    kx_mutex_lock(&oidc->lock);
    KxOidcProvider *provider = kx_oidc_provider(oidc, domain);
    gboolean was = provider->silent != 0;
    provider->silent = error ? g_get_monotonic_time() : 0;
    kx_mutex_unlock(&oidc->lock);
    if (error && !was)
        kx_log(oidc->logger, KX_LOG_ERROR, "The provider of %s cannot be asked about tokens: %s",
               domain->name, error->message);
    else if (!error && was)
        kx_log(oidc->logger, KX_LOG_WARNING, "The provider of %s can be asked about tokens again",
               domain->name);
}

static KxOidcResult ask(KxOidc *oidc, const KxDomain *domain, const char *url, const char *token,
                        const guint8 *digest, char **ret_account, const char **ret_reason)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *claims = kx_oidc_fetch_claims(oidc, domain, url, token, &error);
    note_answer(oidc, domain, error);
    *ret_reason = "the provider does not answer";
    if (!claims)
        return KX_OIDC_LATER;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    KxClaimsResult result = kx_claims_check_answer(claims, domain, now, ret_reason);
    if (result != KX_CLAIMS_GOOD)
        return result == KX_CLAIMS_SCOPE ? KX_OIDC_SCOPE : KX_OIDC_REFUSED;
    const char *account = kx_claims_account(claims, domain, ret_reason);
    if (!account)
        return KX_OIDC_REFUSED;
    remember(oidc, domain, digest, account, kx_claims_expiry(claims));
    *ret_account = g_strdup(account);
    return KX_OIDC_GOOD;
}

KxOidcResult kx_oidc_introspect(KxOidc *oidc, const KxDomain *domain, const char *token,
                                gboolean wait, char **ret_account, const char **ret_reason)
{
    guint8 digest[KX_OIDC_DIGEST];
    g_autofree char *url = NULL;
    if (!kx_oidc_may_ask(domain)) {
        *ret_reason = "the provider is not asked about tokens (oidc-client-id)";
        return KX_OIDC_REFUSED;
    }
    crypto_hash_sha256(digest, (const guint8 *)token, strlen(token));
    *ret_account = find_known(oidc, domain, digest);
    if (*ret_account)
        return KX_OIDC_GOOD;
    KxOidcResult result = kx_oidc_get_introspection(oidc, domain, wait, &url);
    *ret_reason = result == KX_OIDC_LATER ? "the provider does not answer"
                                          : "the provider cannot be asked about tokens";
    if (result != KX_OIDC_GOOD)
        return result;
    return wait ? ask(oidc, domain, url, token, digest, ret_account, ret_reason) : KX_OIDC_ASK;
}
