/* SPDX-License-Identifier: Apache-2.0 */
#include "oidc/claims.h"

#include <string.h>

enum { LEEWAY = 60 }; /* seconds that clocks may differ by (RFC 7519 section 4.1.4) */

/* A date as it was given, and whether it was given and is one. */
typedef struct {
    gboolean given, good;
    double at;
} Date;

static Date date_of(const json_t *claims, const char *name)
{
    const json_t *value = json_object_get(claims, name);
    return (Date){value != NULL, json_is_number(value), json_number_value(value)};
}

/* A claim that is one text or a list of texts, and has the one. */
static gboolean has(const json_t *value, const char *text)
{
    const json_t *one;
    size_t i;
    if (json_is_string(value))
        return strcmp(json_string_value(value), text) == 0;
    json_array_foreach(value, i, one) if (g_strcmp0(json_string_value(one), text) == 0) return TRUE;
    return FALSE;
}

static gboolean has_any(const json_t *value, char *const *texts)
{
    for (guint i = 0; texts[i]; i++)
        if (has(value, texts[i]))
            return TRUE;
    return FALSE;
}

static const char *check_dates(const json_t *claims, gint64 now)
{
    Date expires = date_of(claims, "exp"), begins = date_of(claims, "nbf"),
         issued = date_of(claims, "iat");
    if ((expires.given && !expires.good) || (begins.given && !begins.good) ||
        (issued.given && !issued.good))
        return "the token has a date that is none";
    if (expires.given && expires.at + LEEWAY <= (double)now)
        return "the token is over";
    if (begins.at - LEEWAY > (double)now || issued.at - LEEWAY > (double)now)
        return "the token does not hold yet";
    return NULL;
}

/* Some providers have the scopes in one text, others in a list, or by another name. */
static gboolean has_scope(const json_t *value, const char *scope)
{
    if (!json_is_string(value))
        return has(value, scope);
    g_auto(GStrv) scopes = g_strsplit(json_string_value(value), " ", -1);
    return g_strv_contains((const char *const *)scopes, scope);
}

static KxClaimsResult check_scopes(const json_t *claims, const KxDomain *domain,
                                   const char **ret_reason)
{
    for (guint i = 0; domain->oidc_scopes[i]; i++)
        if (!has_scope(json_object_get(claims, "scope"), domain->oidc_scopes[i]) &&
            !has_scope(json_object_get(claims, "scp"), domain->oidc_scopes[i])) {
            *ret_reason = "the token lacks a scope of oidc-scopes";
            return KX_CLAIMS_SCOPE;
        }
    return KX_CLAIMS_GOOD;
}

/* What must not be taken for a token that anybody who has it may use: one that is bound to a key
 * (RFC 7800), and one that tells a program who signed in to it (OpenID Connect Core section 2). */
static const char *check_kind(const json_t *claims)
{
    if (json_object_get(claims, "cnf"))
        return "the token is bound to a key, which nobody has shown";
    if (json_object_get(claims, "at_hash") || json_object_get(claims, "c_hash"))
        return "the token is an ID token, and no access token";
    return NULL;
}

static KxClaimsResult conclude(const json_t *claims, const KxDomain *domain, gint64 now,
                               const char **ret_reason)
{
    *ret_reason = check_kind(claims);
    if (!*ret_reason)
        *ret_reason = check_dates(claims, now);
    return *ret_reason ? KX_CLAIMS_WRONG : check_scopes(claims, domain, ret_reason);
}

static KxClaimsResult wrong(const char **ret_reason, const char *reason)
{
    *ret_reason = reason;
    return KX_CLAIMS_WRONG;
}

KxClaimsResult kx_claims_check_token(const json_t *claims, const KxDomain *domain, gint64 now,
                                     const char **ret_reason)
{
    if (!json_is_string(json_object_get(claims, "iss")) ||
        !has(json_object_get(claims, "iss"), domain->oidc_issuer))
        return wrong(ret_reason, "the token is of another issuer");
    if (!has_any(json_object_get(claims, "aud"), domain->oidc_audience))
        return wrong(ret_reason, "the token is for another audience");
    if (!json_object_get(claims, "exp"))
        return wrong(ret_reason, "the token does not say when it is over");
    return conclude(claims, domain, now, ret_reason);
}

/* RFC 7662 section 2.2: all but "active" may be absent. A token for another purpose than access is
 * none, if the provider says what it is. */
static gboolean is_for_access(const json_t *claims)
{
    static const char *const types[] = {"Bearer", "access_token", NULL};
    const json_t *type = json_object_get(claims, "token_type");
    for (guint i = 0; json_is_string(type) && types[i]; i++)
        if (g_ascii_strcasecmp(json_string_value(type), types[i]) == 0)
            return TRUE;
    return type == NULL;
}

KxClaimsResult kx_claims_check_answer(const json_t *claims, const KxDomain *domain, gint64 now,
                                      const char **ret_reason)
{
    const json_t *issuer = json_object_get(claims, "iss");
    if (!json_is_true(json_object_get(claims, "active")))
        return wrong(ret_reason, "the provider says that the token does not count");
    if (!is_for_access(claims))
        return wrong(ret_reason, "the token is of another kind than access tokens");
    if (issuer && !has(issuer, domain->oidc_issuer))
        return wrong(ret_reason, "the token is of another issuer");
    if (domain->oidc_audience[0] && !has_any(json_object_get(claims, "aud"), domain->oidc_audience))
        return wrong(ret_reason, "the token is for another audience");
    return conclude(claims, domain, now, ret_reason);
}

/* An address counts only if the provider has seen that it is his: elsewhere users may write down
 * any (OpenID Connect Core section 5.7). */
static gboolean is_verified(const json_t *claims)
{
    const json_t *verified = json_object_get(claims, "email_verified");
    return json_is_true(verified) || g_strcmp0(json_string_value(verified), "true") == 0;
}

const char *kx_claims_account(const json_t *claims, const KxDomain *domain, const char **ret_reason)
{
    const char *claim = *domain->oidc_claim ? domain->oidc_claim : "email";
    const char *value = json_string_value(json_object_get(claims, claim));
    if (!value || !*value)
        *ret_reason = "the token lacks the claim of oidc-claim";
    else if (strcmp(claim, "email") == 0 && !is_verified(claims))
        *ret_reason = "the provider has not verified the address (email_verified)";
    else
        return value;
    return NULL;
}

gint64 kx_claims_expiry(const json_t *claims)
{
    Date expires = date_of(claims, "exp");
    return expires.good && expires.at > 0 ? (gint64)MIN(expires.at, 1e15) : 0;
}
