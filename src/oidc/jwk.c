/* SPDX-License-Identifier: Apache-2.0 */
#include "oidc/jwk.h"

#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"

enum {
    KEYS_MAX = 100,
    TRIES_MAX = 8, /* keys that one signature is checked by */
    KID_MAX = 256,
    MODULUS_MIN = 256, /* bytes: RFC 7518 section 3.3 */
    MODULUS_MAX = 1024,
    EXPONENT_MAX = 8,
    NUMBER_MAX = 66, /* bytes of a coordinate of P-521 */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ECDSA_SIG, ECDSA_SIG_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OSSL_PARAM, OSSL_PARAM_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIGNUM, BN_free)

/* What a key is; a bit for each, as an algorithm may fit several. */
typedef enum {
    KIND_RSA = 1 << 0,
    KIND_P256 = 1 << 1,
    KIND_P384 = 1 << 2,
    KIND_P521 = 1 << 3,
    KIND_ED25519 = 1 << 4,
    KIND_ED448 = 1 << 5,
} Kind;

struct KxJwsAlgorithm {
    const char *name;
    guint kinds;
    const EVP_MD *(*digest)(void); /* NULL: the algorithm has its own */
    gboolean pss;
    guint number; /* bytes of each of the two numbers that are the signature; 0: it is one */
};

static const KxJwsAlgorithm ALGORITHMS[] = {
    {"RS256", KIND_RSA, EVP_sha256, FALSE, 0},
    {"RS384", KIND_RSA, EVP_sha384, FALSE, 0},
    {"RS512", KIND_RSA, EVP_sha512, FALSE, 0},
    {"PS256", KIND_RSA, EVP_sha256, TRUE, 0},
    {"PS384", KIND_RSA, EVP_sha384, TRUE, 0},
    {"PS512", KIND_RSA, EVP_sha512, TRUE, 0},
    {"ES256", KIND_P256, EVP_sha256, FALSE, 32},
    {"ES384", KIND_P384, EVP_sha384, FALSE, 48},
    {"ES512", KIND_P521, EVP_sha512, FALSE, 66},
    {"EdDSA", KIND_ED25519 | KIND_ED448, NULL, FALSE, 0},
    {"Ed25519", KIND_ED25519, NULL, FALSE, 0}, /* RFC 9864 */
    {"Ed448", KIND_ED448, NULL, FALSE, 0},
};

typedef struct {
    const char *name;  /* in the key */
    const char *group; /* OpenSSL's name */
    Kind kind;
    guint number; /* bytes of a coordinate, or of the key */
} Curve;

static const Curve EC_CURVES[] = {
    {"P-256", "prime256v1", KIND_P256, 32},
    {"P-384", "secp384r1", KIND_P384, 48},
    {"P-521", "secp521r1", KIND_P521, 66},
};
static const Curve OKP_CURVES[] = {
    {"Ed25519", "ED25519", KIND_ED25519, 32},
    {"Ed448", "ED448", KIND_ED448, 57},
};

typedef struct {
    char *kid;                       /* NULL: it has no name */
    const KxJwsAlgorithm *algorithm; /* the only one; NULL: any that fits */
    Kind kind;
    EVP_PKEY *key;
} Jwk;

struct KxJwkSet {
    gint references; /* atomic */
    GPtrArray *keys; /* of Jwk */
};

const KxJwsAlgorithm *kx_jws_algorithm_find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(ALGORITHMS); i++)
        if (strcmp(name, ALGORITHMS[i].name) == 0)
            return &ALGORITHMS[i];
    return NULL;
}

/* ---- keys ---- */

static void jwk_free(gpointer data)
{
    Jwk *key = data;
    EVP_PKEY_free(key->key);
    g_free(key->kid);
    g_free(key);
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* A number in big-endian bytes, without zeros in front (some write one); NULL: there is none. */
static GBytes *number_of(const json_t *object, const char *name, size_t max)
{
    const char *text = text_of(object, name);
    g_autoptr(GBytes) bytes = text ? kx_base64url_decode(text, strlen(text)) : NULL;
    if (!bytes)
        return NULL;
    size_t len, zeros = 0;
    const guint8 *at = g_bytes_get_data(bytes, &len);
    while (zeros < len && at[zeros] == 0)
        zeros++;
    return len > zeros && len - zeros <= max ? g_bytes_new_from_bytes(bytes, zeros, len - zeros)
                                             : NULL;
}

static EVP_PKEY *make_key(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *key = NULL;
    g_autoptr(OSSL_PARAM) params = OSSL_PARAM_BLD_to_param(build);
    g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!params || !context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return NULL;
    return key;
}

static BIGNUM *to_bignum(GBytes *bytes)
{
    size_t len;
    const void *at = g_bytes_get_data(bytes, &len);
    return BN_bin2bn(at, (int)len, NULL);
}

static gboolean read_rsa(const json_t *object, Jwk *key)
{
    g_autoptr(GBytes) modulus = number_of(object, "n", MODULUS_MAX);
    g_autoptr(GBytes) exponent = number_of(object, "e", EXPONENT_MAX);
    if (!modulus || !exponent || g_bytes_get_size(modulus) < MODULUS_MIN)
        return FALSE;
    g_autoptr(BIGNUM) n = to_bignum(modulus);
    g_autoptr(BIGNUM) e = to_bignum(exponent);
    if (!BN_is_odd(n) || !BN_is_odd(e) || BN_is_one(e))
        return FALSE;
    g_autoptr(OSSL_PARAM_BLD) build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
    key->kind = KIND_RSA;
    key->key = make_key("RSA", build);
    return key->key != NULL;
}

static const Curve *find_curve(const json_t *object, const Curve *curves, guint n)
{
    const char *name = text_of(object, "crv");
    for (guint i = 0; name && i < n; i++)
        if (strcmp(name, curves[i].name) == 0)
            return &curves[i];
    return NULL;
}

static gboolean put_number(const json_t *object, const char *name, guint number, guint8 *to)
{
    g_autoptr(GBytes) bytes = number_of(object, name, number);
    if (!bytes)
        return FALSE;
    size_t len;
    const void *at = g_bytes_get_data(bytes, &len);
    memset(to, 0, number - len);
    memcpy(to + number - len, at, len);
    return TRUE;
}

/* OpenSSL takes no point that is not on the curve. */
static gboolean read_ec(const json_t *object, Jwk *key)
{
    const Curve *curve = find_curve(object, EC_CURVES, G_N_ELEMENTS(EC_CURVES));
    guint8 point[1 + 2 * NUMBER_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    if (!curve || !put_number(object, "x", curve->number, point + 1) ||
        !put_number(object, "y", curve->number, point + 1 + curve->number))
        return FALSE;
    g_autoptr(OSSL_PARAM_BLD) build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * curve->number);
    key->kind = curve->kind;
    key->key = make_key("EC", build);
    return key->key != NULL;
}

static gboolean read_okp(const json_t *object, Jwk *key)
{
    const Curve *curve = find_curve(object, OKP_CURVES, G_N_ELEMENTS(OKP_CURVES));
    const char *text = text_of(object, "x");
    g_autoptr(GBytes) bytes = curve && text ? kx_base64url_decode(text, strlen(text)) : NULL;
    size_t len = 0;
    const void *at = bytes ? g_bytes_get_data(bytes, &len) : NULL;
    if (!bytes || len != curve->number)
        return FALSE;
    key->kind = curve->kind;
    key->key = EVP_PKEY_new_raw_public_key_ex(NULL, curve->group, NULL, at, len);
    return key->key != NULL;
}

/* RFC 7517 sections 4.2 and 4.3: what is not said is allowed. */
static gboolean is_for_signatures(const json_t *object)
{
    const char *use = text_of(object, "use");
    const json_t *operations = json_object_get(object, "key_ops"), *one;
    size_t i;
    gboolean verifies = !json_is_array(operations);
    json_array_foreach(operations, i, one) verifies |=
        g_strcmp0(json_string_value(one), "verify") == 0;
    return verifies && (!use || strcmp(use, "sig") == 0);
}

static gboolean read_material(const json_t *object, Jwk *key)
{
    static const struct {
        const char *type;
        gboolean (*read)(const json_t *object, Jwk *key);
    } types[] = {{"RSA", read_rsa}, {"EC", read_ec}, {"OKP", read_okp}};
    const char *type = text_of(object, "kty");
    for (guint i = 0; type && i < G_N_ELEMENTS(types); i++)
        if (strcmp(type, types[i].type) == 0)
            return types[i].read(object, key);
    return FALSE;
}

static Jwk *read_key(const json_t *object)
{
    const char *kid = text_of(object, "kid"), *name = text_of(object, "alg");
    const KxJwsAlgorithm *algorithm = name ? kx_jws_algorithm_find(name) : NULL;
    if ((name && !algorithm) || (kid && strlen(kid) > KID_MAX) || !is_for_signatures(object))
        return NULL;
    Jwk *key = g_new0(Jwk, 1);
    key->kid = g_strdup(kid);
    key->algorithm = algorithm;
    if (read_material(object, key) && (!algorithm || algorithm->kinds & key->kind))
        return key;
    jwk_free(key);
    return NULL;
}

/* ---- the set ---- */

KxJwkSet *kx_jwk_set_parse(const char *json, size_t len, GError **error)
{
    json_auto_t *object = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *keys = json_object_get(object, "keys"), *one;
    size_t i;
    if (!json_is_array(keys)) {
        kx_fail(error, KX_ERR_INVALID, "it is no set of keys (JSON with \"keys\")");
        return NULL;
    }
    KxJwkSet *set = g_new0(KxJwkSet, 1);
    set->references = 1;
    set->keys = g_ptr_array_new_with_free_func(jwk_free);
    json_array_foreach(keys, i, one)
    {
        Jwk *key = set->keys->len < KEYS_MAX ? read_key(one) : NULL;
        if (key)
            g_ptr_array_add(set->keys, key);
    }
    ERR_clear_error();
    if (set->keys->len > 0)
        return set;
    kx_fail(error, KX_ERR_NOT_FOUND, "none of its keys can be used");
    kx_jwk_set_unref(set);
    return NULL;
}

KxJwkSet *kx_jwk_set_ref(KxJwkSet *set)
{
    g_atomic_int_inc(&set->references);
    return set;
}

void kx_jwk_set_unref(KxJwkSet *set)
{
    if (!set || !g_atomic_int_dec_and_test(&set->references))
        return;
    g_ptr_array_unref(set->keys);
    g_free(set);
}

guint kx_jwk_set_size(const KxJwkSet *set)
{
    return set->keys->len;
}

static const char *kind_name(Kind kind)
{
    static const char *const names[] = {"RSA", "P-256", "P-384", "P-521", "Ed25519", "Ed448"};
    return names[g_bit_nth_lsf(kind, -1)];
}

char **kx_jwk_set_describe(const KxJwkSet *set)
{
    char **lines = g_new0(char *, set->keys->len + 1);
    for (guint i = 0; i < set->keys->len; i++) {
        const Jwk *key = set->keys->pdata[i];
        lines[i] = g_strdup_printf("%s %s%s%s", key->kid ? key->kid : "(without a name)",
                                   kind_name(key->kind), key->algorithm ? " " : "",
                                   key->algorithm ? key->algorithm->name : "");
    }
    return lines;
}

/* ---- signatures ---- */

static gboolean fits(const Jwk *key, const KxJws *jws)
{
    return (!jws->kid || g_strcmp0(jws->kid, key->kid) == 0) &&
           (!key->algorithm || key->algorithm == jws->algorithm) &&
           jws->algorithm->kinds & key->kind;
}

/* Two numbers of fixed length, where OpenSSL has a structure in DER (RFC 7518 section 3.4). */
static GBytes *to_der(const guint8 *numbers, size_t len, guint number)
{
    guint8 *der = NULL;
    if (len != 2 * (size_t)number)
        return NULL;
    g_autoptr(ECDSA_SIG) pair = ECDSA_SIG_new();
    ECDSA_SIG_set0(pair, BN_bin2bn(numbers, (int)number, NULL),
                   BN_bin2bn(numbers + number, (int)number, NULL));
    int der_len = i2d_ECDSA_SIG(pair, &der);
    GBytes *bytes = der_len > 0 ? g_bytes_new(der, (size_t)der_len) : NULL;
    OPENSSL_free(der);
    return bytes;
}

static gboolean set_padding(EVP_PKEY_CTX *context, const KxJwsAlgorithm *algorithm)
{
    return !algorithm->pss ||
           (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static gboolean is_signed_by(const Jwk *key, const KxJws *jws)
{
    const KxJwsAlgorithm *algorithm = jws->algorithm;
    size_t len;
    const guint8 *bytes = g_bytes_get_data(jws->signature, &len);
    g_autoptr(GBytes) der = algorithm->number ? to_der(bytes, len, algorithm->number) : NULL;
    if (algorithm->number && !der)
        return FALSE;
    if (der)
        bytes = g_bytes_get_data(der, &len);
    EVP_PKEY_CTX *context = NULL; /* the digest's */
    g_autoptr(EVP_MD_CTX) digest = EVP_MD_CTX_new();
    return EVP_DigestVerifyInit(digest, &context, algorithm->digest ? algorithm->digest() : NULL,
                                NULL, key->key) == 1 &&
           set_padding(context, algorithm) &&
           EVP_DigestVerify(digest, bytes, len, (const guint8 *)jws->text, jws->text_len) == 1;
}

KxJwsResult kx_jwk_set_check(const KxJwkSet *set, const KxJws *jws)
{
    KxJwsResult result = KX_JWS_NO_KEY;
    for (guint i = 0, tries = 0; i < set->keys->len && tries < TRIES_MAX && result != KX_JWS_GOOD;
         i++) {
        const Jwk *key = set->keys->pdata[i];
        if (!fits(key, jws))
            continue;
        tries++;
        result = is_signed_by(key, jws) ? KX_JWS_GOOD : KX_JWS_WRONG;
    }
    ERR_clear_error();
    return result;
}

gboolean kx_jwk_set_has(const KxJwkSet *set, const KxJws *jws)
{
    for (guint i = 0; i < set->keys->len; i++)
        if (fits(set->keys->pdata[i], jws))
            return TRUE;
    return FALSE;
}
