/* SPDX-License-Identifier: Apache-2.0 */
#include "oidc/jwt.h"

#include <string.h>

#include "base/base64.h"

static char *token_of(const char *header, const char *claims, const char *signature)
{
    g_autofree char *first = kx_base64url(header, strlen(header));
    g_autofree char *second = kx_base64url(claims, strlen(claims));
    return g_strjoin(".", first, second, signature, NULL);
}

static KxJwtResult read_header(const char *header)
{
    g_auto(KxJwt) jwt = {0};
    const char *reason = NULL;
    g_autofree char *token = token_of(header, "{}", "AAAA");
    KxJwtResult result = kx_jwt_read(token, &jwt, &reason);
    g_assert_cmpint(reason != NULL, ==, result == KX_JWT_WRONG);
    return result;
}

static void test_good(void)
{
    g_auto(KxJwt) jwt = {0};
    const char *reason;
    g_autofree char *token =
        token_of("{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+JWT\"}", "{\"iss\":\"x\"}", "-_-_");
    g_assert_cmpint(kx_jwt_read(token, &jwt, &reason), ==, KX_JWT_READ);
    g_assert_cmpstr(jwt.jws.kid, ==, "k");
    g_assert_true(jwt.jws.algorithm == kx_jws_algorithm_find("RS256"));
    g_assert_cmpuint(jwt.jws.text_len, ==, (guint)(strrchr(token, '.') - token));
    g_assert_cmpuint(g_bytes_get_size(jwt.jws.signature), ==, 3);
    g_assert_cmpstr(json_string_value(json_object_get(jwt.claims, "iss")), ==, "x");
}

static void test_headers(void)
{
    g_assert_cmpint(read_header("{\"alg\":\"ES256\"}"), ==, KX_JWT_READ);
    g_assert_cmpint(read_header("{\"alg\":\"ES256\",\"typ\":\"JWT\"}"), ==, KX_JWT_READ);
    g_assert_cmpint(read_header("{\"alg\":\"ES256\",\"typ\":\"application/at+jwt\"}"), ==,
                    KX_JWT_READ);
    static const char *const wrong[] = {
        "{}",
        "{\"alg\":\"none\"}",
        "{\"alg\":\"HS256\"}",
        "{\"alg\":256}",
        "{\"alg\":\"RS256\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"RS256\",\"typ\":\"logout+jwt\"}",
        "{\"alg\":\"RS256\",\"typ\":7}",
        "{\"alg\":\"RS256\",\"kid\":7}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_cmpint(read_header(wrong[i]), ==, KX_JWT_WRONG);
    g_assert_cmpint(read_header("[]"), ==, KX_JWT_NONE);
    g_assert_cmpint(read_header("{\"alg\":\"RS256\",\"alg\":\"RS256\"}"), ==, KX_JWT_NONE);
    g_assert_cmpint(read_header("{\"alg\":\"RS256\",\"x\":\"\\u0000\"}"), ==, KX_JWT_NONE);
}

static void test_forms(void)
{
    g_auto(KxJwt) jwt = {0};
    const char *reason;
    static const char *const none[] = {"",
                                       ".",
                                       "..",
                                       "...",
                                       "a.b.c",
                                       "opaque",
                                       "eyJhbGciOiJSUzI1NiJ9.e30",
                                       "eyJhbGciOiJSUzI1NiJ9.e30.AA.AA",
                                       "eyJhbGciOiJSUzI1NiJ9.e30.AA.AA.AA",
                                       " eyJhbGciOiJSUzI1NiJ9.e30.AA"};
    for (guint i = 0; i < G_N_ELEMENTS(none); i++)
        g_assert_cmpint(kx_jwt_read(none[i], &jwt, &reason), ==, KX_JWT_NONE);
    static const char *const wrong[] = {
        "eyJhbGciOiJSUzI1NiJ9.e30.A",    "eyJhbGciOiJSUzI1NiJ9.e30.AB",
        "eyJhbGciOiJSUzI1NiJ9.e30.AA==", "eyJhbGciOiJSUzI1NiJ9.W10.AAAA",
        "eyJhbGciOiJSUzI1NiJ9..AAAA",    "eyJhbGciOiJSUzI1NiJ9.e30.A+AA",
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_cmpint(kx_jwt_read(wrong[i], &jwt, &reason), ==, KX_JWT_WRONG);
    g_assert_cmpint(kx_jwt_read("eyJhbGciOiJSUzI1NiJ9.e30.", &jwt, &reason), ==, KX_JWT_READ);
    kx_jwt_clear(&jwt);
    g_autofree char *filler = g_strnfill(KX_TOKEN_MAX, 'A');
    g_autofree char *longest = g_strconcat("eyJhbGciOiJSUzI1NiJ9.e30.", filler, NULL);
    g_assert_cmpint(kx_jwt_read(longest, &jwt, &reason), ==, KX_JWT_NONE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oidc/jwt/good", test_good);
    g_test_add_func("/oidc/jwt/headers", test_headers);
    g_test_add_func("/oidc/jwt/forms", test_forms);
    return g_test_run();
}
