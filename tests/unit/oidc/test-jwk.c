/* SPDX-License-Identifier: Apache-2.0 */
#include "oidc/jwk.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/base64.h"
#include "base/error.h"

/* ---- the examples of the RFCs ---- */

#define TEXT                                                                                       \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"   \
    "VlfQ"

/* RFC 7515 appendix A.2: the key */
static const char RSA_KEY[] =
    "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-"
    "Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_"
    "7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb"
    "3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW"
    "yuXpoQ\",\"e\":\"AQAB\"}";
/* RFC 7515 appendix A.3 */
static const char P256[] =
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e"
    "8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
static const char P256_SIGNATURE[] =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSAp"
    "mWQxfKTUJqPP3-Kg6NU1Q";

/* RFC 8037 appendix A.4 */
static const char ED25519[] =
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcv"
    "PapiMlrwIaaPcHURo\"}";
static const char ED25519_SIGNATURE[] =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGj"
    "g5BhVsPt9g7sVvpAr_MuM0KAg";

static KxJwkSet *set_of(const char *keys)
{
    g_autofree char *json = g_strdup_printf("{\"keys\":[%s]}", keys);
    return kx_jwk_set_parse(json, strlen(json), NULL);
}

static KxJwsResult check(const KxJwkSet *set, const char *algorithm, const char *kid,
                         const char *text, GBytes *signature)
{
    const KxJws jws = {kx_jws_algorithm_find(algorithm), kid, text, strlen(text), signature};
    g_assert_nonnull(jws.algorithm);
    return kx_jwk_set_check(set, &jws);
}

static void test_examples(void)
{
    static const struct {
        const char *key, *algorithm, *text, *signature;
    } cases[] = {
        {P256, "ES256", "eyJhbGciOiJFUzI1NiJ9." TEXT, P256_SIGNATURE},
        {ED25519, "EdDSA", "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
         ED25519_SIGNATURE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(KxJwkSet) set = set_of(cases[i].key);
        g_autoptr(GBytes) signature =
            kx_base64url_decode(cases[i].signature, strlen(cases[i].signature));
        g_autofree char *altered = g_strdup(cases[i].text);
        g_assert_nonnull(set);
        g_assert_nonnull(signature);
        g_assert_cmpint(check(set, cases[i].algorithm, NULL, cases[i].text, signature), ==,
                        KX_JWS_GOOD);
        altered[30] ^= 1;
        g_assert_cmpint(check(set, cases[i].algorithm, NULL, altered, signature), ==, KX_JWS_WRONG);
        g_assert_cmpint(check(set, "ES384", NULL, cases[i].text, signature), ==, KX_JWS_NO_KEY);
        g_assert_cmpint(check(set, cases[i].algorithm, "other", cases[i].text, signature), ==,
                        KX_JWS_NO_KEY);
    }
}

/* ---- keys made here, for all the algorithms ---- */

typedef struct {
    const char *algorithm, *type, *detail; /* OpenSSL's */
    const char *digest;
    gboolean pss;
    guint number;
} Made;

static const Made MADE[] = {
    {"RS256", "RSA", NULL, "SHA256", FALSE, 0},    {"RS384", "RSA", NULL, "SHA384", FALSE, 0},
    {"RS512", "RSA", NULL, "SHA512", FALSE, 0},    {"PS256", "RSA", NULL, "SHA256", TRUE, 0},
    {"PS512", "RSA", NULL, "SHA512", TRUE, 0},     {"ES256", "EC", "P-256", "SHA256", FALSE, 32},
    {"ES384", "EC", "P-384", "SHA384", FALSE, 48}, {"ES512", "EC", "P-521", "SHA512", FALSE, 66},
    {"EdDSA", "ED448", NULL, NULL, FALSE, 0},      {"Ed25519", "ED25519", NULL, NULL, FALSE, 0},
};

static char *number(EVP_PKEY *key, const char *name, guint len)
{
    BIGNUM *n = NULL;
    guint8 bytes[1024];
    g_assert_cmpint(EVP_PKEY_get_bn_param(key, name, &n), ==, 1);
    int size = len > 0 ? (int)len : BN_num_bytes(n);
    g_assert_cmpint(BN_bn2binpad(n, bytes, size), ==, size);
    BN_free(n);
    return kx_base64url(bytes, (size_t)size);
}

static char *to_json(EVP_PKEY *key, const Made *made, const char *more)
{
    if (g_str_equal(made->type, "RSA")) {
        g_autofree char *n = number(key, OSSL_PKEY_PARAM_RSA_N, 0);
        g_autofree char *e = number(key, OSSL_PKEY_PARAM_RSA_E, 0);
        return g_strdup_printf("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s}", n, e, more);
    }
    if (g_str_equal(made->type, "EC")) {
        g_autofree char *x = number(key, OSSL_PKEY_PARAM_EC_PUB_X, made->number);
        g_autofree char *y = number(key, OSSL_PKEY_PARAM_EC_PUB_Y, made->number);
        return g_strdup_printf("{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"%s}",
                               made->detail, x, y, more);
    }
    guint8 raw[64];
    size_t len = sizeof raw;
    g_assert_cmpint(EVP_PKEY_get_raw_public_key(key, raw, &len), ==, 1);
    g_autofree char *x = kx_base64url(raw, len);
    return g_strdup_printf("{\"kty\":\"OKP\",\"crv\":\"%s\",\"x\":\"%s\"%s}",
                           g_str_equal(made->type, "ED448") ? "Ed448" : "Ed25519", x, more);
}

static GBytes *flat(const guint8 *der, size_t len, guint half)
{
    guint8 numbers[2 * 66];
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), numbers, (int)half);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), numbers + half, (int)half);
    ECDSA_SIG_free(pair);
    return g_bytes_new(numbers, 2 * (size_t)half);
}

static GBytes *sign(EVP_PKEY *key, const Made *made, const char *text)
{
    guint8 bytes[1024];
    size_t len = sizeof bytes;
    EVP_PKEY_CTX *context = NULL;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    g_assert_cmpint(EVP_DigestSignInit_ex(digest, &context, made->digest, NULL, NULL, key, NULL),
                    ==, 1);
    if (made->pss) {
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST);
    }
    g_assert_cmpint(EVP_DigestSign(digest, bytes, &len, (const guint8 *)text, strlen(text)), ==, 1);
    EVP_MD_CTX_free(digest);
    return made->number > 0 ? flat(bytes, len, made->number) : g_bytes_new(bytes, len);
}

static EVP_PKEY *make(const Made *made)
{
    return g_str_equal(made->type, "RSA")  ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
           : g_str_equal(made->type, "EC") ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", made->detail)
                                           : EVP_PKEY_Q_keygen(NULL, NULL, made->type);
}

static void test_algorithms(void)
{
    static const char text[] = "header.claims";
    for (guint i = 0; i < G_N_ELEMENTS(MADE); i++) {
        EVP_PKEY *key = make(&MADE[i]);
        g_autofree char *json = to_json(key, &MADE[i], ",\"kid\":\"one\",\"use\":\"sig\"");
        g_autofree char *other = to_json(key, &MADE[i], ",\"alg\":\"PS384\",\"kid\":\"one\"");
        g_autofree char *all = g_strjoin(",", RSA_KEY, P256, json, NULL);
        g_autoptr(KxJwkSet) set = set_of(all), none = set_of(other);
        g_autoptr(GBytes) signature = sign(key, &MADE[i], text);
        g_autoptr(GBytes) cut =
            g_bytes_new_from_bytes(signature, 0, g_bytes_get_size(signature) - 1);
        g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
        g_assert_cmpint(check(set, MADE[i].algorithm, "one", text, signature), ==, KX_JWS_GOOD);
        g_assert_cmpint(check(set, MADE[i].algorithm, NULL, text, signature), ==, KX_JWS_GOOD);
        g_assert_cmpint(check(set, MADE[i].algorithm, "One", text, signature), ==, KX_JWS_NO_KEY);
        g_assert_cmpint(check(set, MADE[i].algorithm, "one", text, cut), ==, KX_JWS_WRONG);
        g_assert_cmpint(check(set, MADE[i].algorithm, "one", text, empty), ==, KX_JWS_WRONG);
        if (none) /* a key for one algorithm is for no other */
            g_assert_cmpint(check(none, MADE[i].algorithm, "one", text, signature), ==,
                            KX_JWS_NO_KEY);
        EVP_PKEY_free(key);
    }
}

/* ---- what is no key ---- */

static void test_left_out(void)
{
    static const char *const bad[] = {
        "{}",
        "3",
        "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-"
        "1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":"
        "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}", /* not on the curve */
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"f83O\",\"y\":\"f83O\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_"
        "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
        "7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
        "7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
        "\"use\":\"enc\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
        "7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
        "\"key_ops\":[\"sign\"]}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
        "7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
        "\"alg\":\"HS256\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
        "7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
        "\"alg\":\"RS256\"}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *both = g_strjoin(",", bad[i], P256, NULL);
        g_autoptr(KxJwkSet) alone = set_of(bad[i]), set = set_of(both);
        g_assert_null(alone);
        g_assert_cmpuint(kx_jwk_set_size(set), ==, 1);
    }
    g_assert_null(kx_jws_algorithm_find("none"));
    g_assert_null(kx_jws_algorithm_find("HS256"));
    g_assert_null(kx_jws_algorithm_find("rs256"));
}

static void test_no_set(void)
{
    static const char *const bad[] = {"", "[]", "{\"keys\":{}}", "{\"keys\":[],\"keys\":[]}", "{"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(kx_jwk_set_parse(bad[i], strlen(bad[i]), &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    }
}

static void test_describe(void)
{
    g_autofree char *all = g_strjoin(",", RSA_KEY, ED25519, NULL);
    g_autoptr(KxJwkSet) set = set_of(all);
    g_auto(GStrv) lines = kx_jwk_set_describe(set);
    g_assert_cmpuint(g_strv_length(lines), ==, 2);
    g_assert_cmpstr(lines[1], ==, "(without a name) Ed25519");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oidc/jwk/examples", test_examples);
    g_test_add_func("/oidc/jwk/algorithms", test_algorithms);
    g_test_add_func("/oidc/jwk/left-out", test_left_out);
    g_test_add_func("/oidc/jwk/no-set", test_no_set);
    g_test_add_func("/oidc/jwk/describe", test_describe);
    return g_test_run();
}
