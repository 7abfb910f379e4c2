/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/acme-jws.h"

#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <string.h>

#include "admin/certificate.h"
#include "base/base64.h"
#include "base/error.h"

enum { NUMBER = 32, POINT = 1 + 2 * NUMBER }; /* bytes, of P-256 */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ECDSA_SIG, ECDSA_SIG_free)

/* ---- keys ---- */

/* The members in the order in which they are digested. */
static char *public_key(EVP_PKEY *key, GError **error)
{
    guint8 point[POINT + 1];
    size_t len = 0;
    char group[32] = "";
    if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                       NULL) != 1 ||
        !g_str_equal(group, "prime256v1") ||
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) !=
            1 ||
        len != POINT) {
        ERR_clear_error();
        kx_fail(error, KX_ERR_INVALID, "the key of the account is not of the kind EC P-256");
        return NULL;
    }
    g_autofree char *x = kx_base64url(point + 1, NUMBER);
    g_autofree char *y = kx_base64url(point + 1 + NUMBER, NUMBER);
    return g_strdup_printf("{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
}

char *kx_jws_thumbprint(EVP_PKEY *key, GError **error)
{
    g_autofree char *text = public_key(key, error);
    guint8 digest[32];
    if (!text)
        return NULL;
    if (EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) == 1)
        return kx_base64url(digest, sizeof digest);
    kx_certificate_fail_openssl(error, "cannot make a digest");
    return NULL;
}

/* ---- signatures ---- */

/* Two numbers of fixed length, where OpenSSL has a structure in DER (RFC 7518 section 3.4). */
static char *signature(EVP_PKEY *key, const char *text, GError **error)
{
    g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
    guint8 der[128], plain[2 * NUMBER];
    size_t len = sizeof der;
    const guint8 *at = der;
    g_autoptr(ECDSA_SIG) numbers = NULL;
    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, der, &len, (const guint8 *)text, strlen(text)) == 1)
        numbers = d2i_ECDSA_SIG(NULL, &at, (long)len);
    if (numbers && BN_bn2binpad(ECDSA_SIG_get0_r(numbers), plain, NUMBER) == NUMBER &&
        BN_bn2binpad(ECDSA_SIG_get0_s(numbers), plain + NUMBER, NUMBER) == NUMBER)
        return kx_base64url(plain, sizeof plain);
    kx_certificate_fail_openssl(error, "cannot sign the request");
    return NULL;
}

static char *protected_header(const KxJwsHeader *header, GError **error)
{
    json_auto_t *object =
        json_pack("{s:s, s:s, s:s}", "alg", "ES256", "nonce", header->nonce, "url", header->url);
    if (header->account) {
        json_object_set_new(object, "kid", json_string(header->account));
    } else {
        g_autofree char *key = public_key(header->key, error);
        if (!key)
            return NULL;
        json_object_set_new(object, "jwk", json_loads(key, 0, NULL));
    }
    char *text = json_dumps(object, JSON_COMPACT);
    char *encoded = text ? kx_base64url(text, strlen(text)) : NULL;
    free(text);
    if (!encoded)
        kx_fail(error, KX_ERR_PROTOCOL, "the authority's nonce or URL is no text");
    return encoded;
}

char *kx_jws_sign(const KxJwsHeader *header, const char *payload, GError **error)
{
    g_autofree char *first = protected_header(header, error);
    g_autofree char *second = kx_base64url(payload, strlen(payload));
    if (!first)
        return NULL;
    g_autofree char *both = g_strdup_printf("%s.%s", first, second);
    g_autofree char *third = signature(header->key, both, error);
    return third ? g_strdup_printf("{\"protected\":\"%s\",\"payload\":\"%s\",\"signature\":\"%s\"}",
                                   first, second, third)
                 : NULL;
}
