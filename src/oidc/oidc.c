/* SPDX-License-Identifier: Apache-2.0 */
#include "oidc/oidc.h"

#include <string.h>

#include "directory/mapped.h"
#include "directory/provider.h"
#include "oidc/claims.h"
#include "oidc/jwt.h"
#include "oidc/oidc-private.h"

KxOidc *kx_oidc_new(KxDirectory *directory, KxAsks *asks, KxLogger *logger)
{
    KxOidc *oidc = g_new0(KxOidc, 1);
    oidc->directory = directory;
    oidc->asks = asks;
    oidc->logger = logger;
    kx_mutex_init(&oidc->lock);
    kx_cond_init(&oidc->changed);
    oidc->providers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, kx_oidc_provider_free);
    return oidc;
}

void kx_oidc_free(KxOidc *oidc)
{
    if (!oidc)
        return;
    g_hash_table_unref(oidc->providers);
    kx_cond_clear(&oidc->changed);
    kx_mutex_clear(&oidc->lock);
    g_free(oidc);
}

void kx_oidc_answer_clear(KxOidcAnswer *answer)
{
    g_clear_pointer(&answer->domain, kx_domain_free);
    g_clear_pointer(&answer->user, kx_user_free);
}

/* ---- what a token says ---- */

gboolean kx_oidc_may_ask(const KxDomain *domain)
{
    return *domain->oidc_client_id != '\0' && *domain->oidc_client_secret != '\0';
}

/* What costs nothing comes first, so that a token that cannot count causes no question. */
static KxOidcResult check_jwt(KxOidc *oidc, const KxDomain *domain, const KxJwt *jwt, gboolean wait,
                              const char **ret_reason)
{
    static const KxOidcResult results[] = {[KX_CLAIMS_GOOD] = KX_OIDC_GOOD,
                                           [KX_CLAIMS_WRONG] = KX_OIDC_REFUSED,
                                           [KX_CLAIMS_SCOPE] = KX_OIDC_SCOPE};
    g_autoptr(KxJwkSet) keys = NULL;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    KxOidcResult result = results[kx_claims_check_token(jwt->claims, domain, now, ret_reason)];
    if (result != KX_OIDC_GOOD)
        return result;
    result = kx_oidc_get_keys(oidc, domain, &jwt->jws, wait, &keys);
    *ret_reason =
        result == KX_OIDC_LATER ? "the provider does not answer" : "the provider has no such key";
    if (result != KX_OIDC_GOOD || kx_jwk_set_check(keys, &jwt->jws) == KX_JWS_GOOD)
        return result;
    *ret_reason = "the signature of the token is wrong";
    return KX_OIDC_REFUSED;
}

static KxOidcResult read_jwt(KxOidc *oidc, const KxDomain *domain, const KxJwt *jwt, gboolean wait,
                             char **ret_account, const char **ret_reason)
{
    KxOidcResult result = check_jwt(oidc, domain, jwt, wait, ret_reason);
    if (result != KX_OIDC_GOOD)
        return result;
    *ret_account = g_strdup(kx_claims_account(jwt->claims, domain, ret_reason));
    return *ret_account ? KX_OIDC_GOOD : KX_OIDC_REFUSED;
}

KxOidcResult kx_oidc_read_token(KxOidc *oidc, const KxDomain *domain, const char *token,
                                gboolean wait, char **ret_account, const char **ret_reason)
{
    g_auto(KxJwt) jwt = {0};
    KxJwtResult result =
        domain->oidc_audience[0] != NULL ? kx_jwt_read(token, &jwt, ret_reason) : KX_JWT_NONE;
    if (result == KX_JWT_READ)
        return read_jwt(oidc, domain, &jwt, wait, ret_account, ret_reason);
    return result == KX_JWT_NONE
               ? kx_oidc_introspect(oidc, domain, token, wait, ret_account, ret_reason)
               : KX_OIDC_REFUSED;
}

/* ---- whose it is ---- */

static KxOidcResult refuse(const char **ret_reason, const char *reason)
{
    *ret_reason = reason;
    return KX_OIDC_REFUSED;
}

/* In a directory elsewhere there may be somebody whom nobody here has seen yet. */
static KxOidcResult find_elsewhere(KxOidc *oidc, const char *address, KxUser **ret_user,
                                   const char **ret_reason)
{
    KxMappedResult result = kx_mapped_find(oidc->directory, address);
    *ret_reason = result == KX_MAPPED_LATER ? "the directory of the domain does not answer"
                                            : "the user does not exist";
    *ret_user =
        result == KX_MAPPED_FOUND ? kx_auth_user_of_address(oidc->directory, address) : NULL;
    return *ret_user ? KX_OIDC_GOOD : result == KX_MAPPED_LATER ? KX_OIDC_LATER : KX_OIDC_REFUSED;
}

KxOidcResult kx_oidc_find_user(KxOidc *oidc, const KxDomain *domain, const char *account,
                               gboolean wait, KxUser **ret_user, const char **ret_reason)
{
    g_autofree char *address = kx_provider_address(oidc->directory, domain, account);
    if (!address)
        return refuse(ret_reason, "the token is for an account of another domain");
    g_autoptr(KxUser) user = kx_auth_user_of_address(oidc->directory, address);
    if (!user && domain->directory != KX_DIRECTORY_NONE) {
        if (!wait)
            return KX_OIDC_ASK;
        KxOidcResult result = find_elsewhere(oidc, address, &user, ret_reason);
        if (result != KX_OIDC_GOOD)
            return result;
    }
    if (!user)
        return refuse(ret_reason, "the user does not exist");
    if (user->disabled)
        return refuse(ret_reason, "the account is disabled");
    *ret_user = g_steal_pointer(&user);
    return KX_OIDC_GOOD;
}

/* Whom the client names, by whatever name, must be the one. */
static gboolean is_named(KxOidc *oidc, const KxDomain *domain, const char *login,
                         const KxUser *user)
{
    g_autofree char *address = kx_provider_address(oidc->directory, domain, login);
    g_autoptr(KxUser) named = address ? kx_auth_user_of_address(oidc->directory, address) : NULL;
    return named && named->id == user->id;
}

/* ---- whose provider it is of ---- */

/* Several domains may have the same: then the account's address tells. Nothing of the token is
 * believed by that: the domain's provider is asked. */
static KxDomain *choose_domain(KxOidc *oidc, const json_t *claims, GPtrArray *domains)
{
    const char *reason;
    for (guint i = 0; i < domains->len; i++) {
        const char *account = kx_claims_account(claims, domains->pdata[i], &reason);
        if (domains->len > 1 && (!account || !strchr(account, '@')))
            continue;
        g_autofree char *address =
            account ? kx_provider_address(oidc->directory, domains->pdata[i], account) : NULL;
        if (domains->len == 1 || address)
            return g_ptr_array_steal_index(domains, i);
    }
    return NULL;
}

static KxDomain *domain_of_token(KxOidc *oidc, const char *token)
{
    g_auto(KxJwt) jwt = {0};
    const char *reason;
    if (kx_jwt_read(token, &jwt, &reason) != KX_JWT_READ)
        return NULL;
    const char *issuer = json_string_value(json_object_get(jwt.claims, "iss"));
    g_autoptr(GPtrArray) domains = issuer ? kx_provider_domains(oidc->directory, issuer) : NULL;
    return domains ? choose_domain(oidc, jwt.claims, domains) : NULL;
}

static KxDomain *find_domain(KxOidc *oidc, const KxOidcShown *shown)
{
    if (shown->login)
        return kx_provider_of_login(oidc->directory, shown->login, shown->local_ip);
    KxDomain *domain = domain_of_token(oidc, shown->token);
    return domain ? domain : kx_provider_here(oidc->directory, shown->local_ip);
}

/* ---- all of it ---- */

static KxOidcResult check(KxOidc *oidc, const KxOidcShown *shown, KxOidcAnswer *answer)
{
    g_autofree char *account = NULL;
    KxOidcResult result = kx_oidc_read_token(oidc, answer->domain, shown->token, shown->wait,
                                             &account, &answer->reason);
    if (result != KX_OIDC_GOOD)
        return result;
    g_autoptr(KxUser) user = NULL;
    result = kx_oidc_find_user(oidc, answer->domain, account, shown->wait, &user, &answer->reason);
    if (result != KX_OIDC_GOOD)
        return result;
    if (shown->login && !is_named(oidc, answer->domain, shown->login, user))
        return refuse(&answer->reason, "the token is another user's");
    answer->user = g_steal_pointer(&user);
    return KX_OIDC_GOOD;
}

KxOidcResult kx_oidc_check(KxOidc *oidc, const KxOidcShown *shown, KxOidcAnswer *ret_answer)
{
    *ret_answer = (KxOidcAnswer){.domain = find_domain(oidc, shown)};
    if (!ret_answer->domain)
        return KX_OIDC_NOBODY;
    if (!*shown->token)
        return refuse(&ret_answer->reason, "the client shows no token");
    if (strlen(shown->token) > KX_TOKEN_MAX)
        return refuse(&ret_answer->reason, "the token is longer than it may be");
    return check(oidc, shown, ret_answer);
}
