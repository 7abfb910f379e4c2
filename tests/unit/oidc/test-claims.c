/* SPDX-License-Identifier: Apache-2.0 */
#include "oidc/claims.h"

#define NOW 1000000

static char *audience[] = {"mail", "https://mail.example.test", NULL};
static char *scopes[] = {"mail", "read", NULL};
static char *nothing[] = {NULL};

static KxDomain domain = {.oidc_issuer = "https://login.example.test/",
                          .oidc_audience = audience,
                          .oidc_scopes = nothing,
                          .oidc_claim = ""};

/* The claims of a good token, with others in place of some; NULL takes one away. */
static json_t *claims_with(const char *name, json_t *value)
{
    json_t *claims = json_pack("{s:s, s:s, s:i, s:i, s:i, s:s, s:b}", "iss", domain.oidc_issuer,
                               "aud", "mail", "exp", NOW + 100, "nbf", NOW - 100, "iat", NOW - 100,
                               "email", "alice@example.test", "email_verified", 1);
    if (name && value)
        json_object_set_new(claims, name, value);
    else if (name)
        json_object_del(claims, name);
    return claims;
}

static KxClaimsResult check(const char *name, json_t *value)
{
    json_auto_t *claims = claims_with(name, value);
    const char *reason = NULL;
    KxClaimsResult result = kx_claims_check_token(claims, &domain, NOW, &reason);
    g_assert_cmpint(reason != NULL, ==, result != KX_CLAIMS_GOOD);
    return result;
}

static void test_token(void)
{
    g_assert_cmpint(check(NULL, NULL), ==, KX_CLAIMS_GOOD);
    g_assert_cmpint(check("nbf", NULL), ==, KX_CLAIMS_GOOD);
    g_assert_cmpint(check("iat", NULL), ==, KX_CLAIMS_GOOD);
    g_assert_cmpint(check("aud", json_pack("[s,s]", "x", "https://mail.example.test")), ==,
                    KX_CLAIMS_GOOD);
    g_assert_cmpint(check("exp", json_integer(NOW - 59)), ==, KX_CLAIMS_GOOD); /* clocks differ */
    g_assert_cmpint(check("exp", json_real(NOW + 0.5)), ==, KX_CLAIMS_GOOD);
    g_assert_cmpint(check("nbf", json_integer(NOW + 60)), ==, KX_CLAIMS_GOOD);

    g_assert_cmpint(check("iss", NULL), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("iss", json_string("https://login.example.test")), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("iss", json_pack("[s]", domain.oidc_issuer)), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("aud", NULL), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("aud", json_string("Mail")), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("aud", json_string("mail other")), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("aud", json_pack("[i]", 1)), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("aud", json_pack("{s:s}", "mail", "mail")), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("exp", NULL), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("exp", json_integer(NOW - 60)), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("exp", json_string("9999999999")), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("nbf", json_integer(NOW + 61)), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("iat", json_integer(NOW + 61)), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("nbf", json_true()), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("cnf", json_object()), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check("at_hash", json_string("x")), ==, KX_CLAIMS_WRONG);
}

static void test_scopes(void)
{
    domain.oidc_scopes = scopes;
    g_assert_cmpint(check(NULL, NULL), ==, KX_CLAIMS_SCOPE);
    g_assert_cmpint(check("scope", json_string("mail readers")), ==, KX_CLAIMS_SCOPE);
    g_assert_cmpint(check("scope", json_string("openid read mail")), ==, KX_CLAIMS_GOOD);
    g_assert_cmpint(check("scp", json_pack("[s,s]", "mail", "read")), ==, KX_CLAIMS_GOOD);
    g_assert_cmpint(check("scp", json_pack("[s]", "mail read")), ==, KX_CLAIMS_SCOPE);
    domain.oidc_scopes = nothing;
}

static KxClaimsResult check_answer(json_t *value, const char *name, json_t *more)
{
    json_auto_t *claims = json_pack("{s:o, s:s}", "active", value, "username", "alice");
    const char *reason = NULL;
    if (name)
        json_object_set_new(claims, name, more);
    return kx_claims_check_answer(claims, &domain, NOW, &reason);
}

static void test_answer(void)
{
    g_assert_cmpint(check_answer(json_true(), NULL, NULL), ==, KX_CLAIMS_WRONG); /* no audience */
    g_assert_cmpint(check_answer(json_true(), "aud", json_string("mail")), ==, KX_CLAIMS_GOOD);
    domain.oidc_audience = nothing;
    g_assert_cmpint(check_answer(json_true(), NULL, NULL), ==, KX_CLAIMS_GOOD);
    g_assert_cmpint(check_answer(json_false(), NULL, NULL), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check_answer(json_string("true"), NULL, NULL), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check_answer(json_true(), "token_type", json_string("Bearer")), ==,
                    KX_CLAIMS_GOOD);
    g_assert_cmpint(check_answer(json_true(), "token_type", json_string("refresh_token")), ==,
                    KX_CLAIMS_WRONG);
    g_assert_cmpint(check_answer(json_true(), "iss", json_string("https://x/")), ==,
                    KX_CLAIMS_WRONG);
    g_assert_cmpint(check_answer(json_true(), "exp", json_integer(NOW - 100)), ==, KX_CLAIMS_WRONG);
    g_assert_cmpint(check_answer(json_true(), "cnf", json_object()), ==, KX_CLAIMS_WRONG);
    domain.oidc_audience = audience;
}

static const char *account(const char *name, json_t *value)
{
    static char text[100];
    json_auto_t *claims = claims_with(name, value);
    const char *reason = NULL, *found = kx_claims_account(claims, &domain, &reason);
    g_assert_cmpint(reason != NULL, ==, found == NULL);
    return found && g_strlcpy(text, found, sizeof text) > 0 ? text : NULL;
}

static void test_account(void)
{
    g_assert_cmpstr(account(NULL, NULL), ==, "alice@example.test");
    g_assert_cmpstr(account("email_verified", json_string("true")), ==, "alice@example.test");
    g_assert_null(account("email_verified", NULL));
    g_assert_null(account("email_verified", json_false()));
    g_assert_null(account("email_verified", json_string("false")));
    g_assert_null(account("email", json_string("")));
    g_assert_null(account("email", json_integer(7)));
    domain.oidc_claim = "upn";
    g_assert_null(account(NULL, NULL));
    g_assert_cmpstr(account("upn", json_string("bob")), ==, "bob");
    domain.oidc_claim = "";
}

static void test_expiry(void)
{
    json_auto_t *claims = claims_with(NULL, NULL);
    g_assert_cmpint(kx_claims_expiry(claims), ==, NOW + 100);
    json_object_set_new(claims, "exp", json_real(1e300));
    g_assert_cmpint(kx_claims_expiry(claims), >, NOW);
    json_object_set_new(claims, "exp", json_integer(-5));
    g_assert_cmpint(kx_claims_expiry(claims), ==, 0);
    json_object_del(claims, "exp");
    g_assert_cmpint(kx_claims_expiry(claims), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oidc/claims/token", test_token);
    g_test_add_func("/oidc/claims/scopes", test_scopes);
    g_test_add_func("/oidc/claims/answer", test_answer);
    g_test_add_func("/oidc/claims/account", test_account);
    g_test_add_func("/oidc/claims/expiry", test_expiry);
    return g_test_run();
}
