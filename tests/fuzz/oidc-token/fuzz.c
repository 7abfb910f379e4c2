/* SPDX-License-Identifier: Apache-2.0 */
/* A token, a line feed, and the keys of a provider, as strangers and web servers give them. */
#include <string.h>

#include "oidc/claims.h"
#include "oidc/jwt.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static char *texts[] = {"mail", NULL};

static const KxDomain domain = {
    .oidc_issuer = "https://x/", .oidc_audience = texts, .oidc_scopes = texts, .oidc_claim = ""};

static void check(const json_t *claims)
{
    enum { NOW = 1000000 };
    const char *reason = NULL;
    KxClaimsResult result = kx_claims_check_token(claims, &domain, NOW, &reason);
    g_assert_true((result == KX_CLAIMS_GOOD) == (reason == NULL));
    kx_claims_check_answer(claims, &domain, NOW, &reason);
    kx_claims_account(claims, &domain, &reason);
    g_assert_true(kx_claims_expiry(claims) >= 0);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    const guint8 *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t len = end ? (size_t)(end - data) : size;
    g_autofree char *token = g_strndup((const char *)data, len);
    g_autoptr(KxJwkSet) keys =
        end ? kx_jwk_set_parse((const char *)end + 1, size - len - 1, NULL) : NULL;
    g_auto(KxJwt) jwt = {0};
    const char *reason = NULL;
    if (keys) {
        g_auto(GStrv) lines = kx_jwk_set_describe(keys);
        g_assert_cmpuint(g_strv_length(lines), ==, kx_jwk_set_size(keys));
    }
    if (kx_jwt_read(token, &jwt, &reason) != KX_JWT_READ)
        return 0;
    check(jwt.claims);
    if (keys)
        g_assert_true((kx_jwk_set_check(keys, &jwt.jws) == KX_JWS_NO_KEY) ==
                      !kx_jwk_set_has(keys, &jwt.jws));
    return 0;
}
