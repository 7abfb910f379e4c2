/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/dkim-key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/error.h"

enum { ED25519_BYTES = 32 };

struct KxDkimKey {
    gint refs; /* atomic */
    EVP_PKEY *pkey;
    KxDkimAlgorithm algorithm;
    char *selector;
};

/* The wrapper is all OpenSSL's. */
struct KxDkimPublic {
    EVP_PKEY *pkey;
};

static const char *const WORDS[] = {"rsa", "ed25519"};
static const char *const ALGORITHMS[] = {"rsa-sha256", "ed25519-sha256"};

const char *kx_dkim_key_word(KxDkimAlgorithm algorithm)
{
    return WORDS[algorithm];
}

const char *kx_dkim_algorithm_word(KxDkimAlgorithm algorithm)
{
    return ALGORITHMS[algorithm];
}

gboolean kx_dkim_algorithm_find(const char *word, KxDkimAlgorithm *ret_algorithm)
{
    for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++)
        if (g_ascii_strcasecmp(word, WORDS[i]) == 0 ||
            g_ascii_strcasecmp(word, ALGORITHMS[i]) == 0) {
            *ret_algorithm = (KxDkimAlgorithm)i;
            return TRUE;
        }
    return FALSE;
}

/* ---- private ---- */

/* Ends with a NUL that belongs to no line. */
static char *to_pem(EVP_PKEY *pkey)
{
    char *bytes, *pem = NULL;
    BIO *out = BIO_new(BIO_s_mem());
    if (PEM_write_bio_PKCS8PrivateKey(out, pkey, NULL, NULL, 0, NULL, NULL)) {
        long len = BIO_get_mem_data(out, &bytes);
        pem = g_strndup(bytes, (gsize)len);
        explicit_bzero(bytes, (size_t)len);
    }
    BIO_free(out);
    return pem;
}

char *kx_dkim_key_generate(KxDkimAlgorithm algorithm, guint bits, GError **error)
{
    EVP_PKEY *pkey =
        algorithm == KX_DKIM_RSA ? EVP_RSA_gen(bits) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    char *pem = pkey ? to_pem(pkey) : NULL;
    EVP_PKEY_free(pkey);
    if (!pem)
        kx_fail(error, KX_ERR_FAILED, "the key could not be made");
    return pem;
}

static gboolean algorithm_of(const EVP_PKEY *pkey, KxDkimAlgorithm *ret_algorithm)
{
    int type = EVP_PKEY_get_base_id(pkey);
    *ret_algorithm = type == EVP_PKEY_ED25519 ? KX_DKIM_ED25519 : KX_DKIM_RSA;
    return type == EVP_PKEY_ED25519 || type == EVP_PKEY_RSA;
}

KxDkimKey *kx_dkim_key_new(const char *pem, size_t len, const char *selector, GError **error)
{
    BIO *in = BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    KxDkimAlgorithm algorithm;
    BIO_free(in);
    if (!pkey || !algorithm_of(pkey, &algorithm)) {
        EVP_PKEY_free(pkey);
        kx_fail(error, KX_ERR_CORRUPT, "not a private RSA or Ed25519 key in PEM");
        return NULL;
    }
    KxDkimKey *key = g_new0(KxDkimKey, 1);
    key->refs = 1;
    key->pkey = pkey;
    key->algorithm = algorithm;
    key->selector = g_strdup(selector);
    return key;
}

KxDkimKey *kx_dkim_key_ref(KxDkimKey *key)
{
    g_atomic_int_inc(&key->refs);
    return key;
}

void kx_dkim_key_unref(KxDkimKey *key)
{
    if (!key || !g_atomic_int_dec_and_test(&key->refs))
        return;
    EVP_PKEY_free(key->pkey);
    g_free(key->selector);
    g_free(key);
}

const char *kx_dkim_key_selector(const KxDkimKey *key)
{
    return key->selector;
}

KxDkimAlgorithm kx_dkim_key_algorithm(const KxDkimKey *key)
{
    return key->algorithm;
}

guint kx_dkim_key_bits(const KxDkimKey *key)
{
    return (guint)EVP_PKEY_get_bits(key->pkey);
}

char *kx_dkim_key_record(const KxDkimKey *key)
{
    guchar raw[ED25519_BYTES], *der = NULL;
    size_t len = sizeof raw;
    g_autofree char *text = NULL;
    if (key->algorithm == KX_DKIM_RSA) {
        int n = i2d_PUBKEY(key->pkey, &der);
        text = g_base64_encode(der, n > 0 ? (gsize)n : 0);
        OPENSSL_free(der);
    } else {
        EVP_PKEY_get_raw_public_key(key->pkey, raw, &len);
        text = g_base64_encode(raw, len);
    }
    return g_strdup_printf("v=DKIM1; k=%s; p=%s", WORDS[key->algorithm], text);
}

/* ---- signing and checking ---- */

static gboolean is_rsa(const EVP_PKEY *pkey)
{
    return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA;
}

/* Ed25519 signs the digest (RFC 8463 section 3), RSA makes it by itself. */
char *kx_dkim_key_sign(const KxDkimKey *key, const char *text, size_t len)
{
    guchar digest[KX_DIGEST];
    gboolean rsa = key->algorithm == KX_DKIM_RSA;
    EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL);
    const guchar *bytes = rsa ? (const guchar *)text : digest;
    size_t bytes_len = rsa ? len : sizeof digest, room = (size_t)EVP_PKEY_get_size(key->pkey);
    g_autofree guchar *signature = g_malloc(room);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    gboolean ok = EVP_DigestSignInit(ctx, NULL, rsa ? EVP_sha256() : NULL, NULL, key->pkey) == 1 &&
                  EVP_DigestSign(ctx, signature, &room, bytes, bytes_len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok ? g_base64_encode(signature, room) : NULL;
}

KxDkimPublic *kx_dkim_public_new(KxDkimAlgorithm algorithm, const guchar *bytes, gsize len)
{
    const guchar *at = bytes;
    EVP_PKEY *pkey = NULL;
    if (algorithm == KX_DKIM_ED25519)
        pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, len);
    else if (!(pkey = d2i_PUBKEY(NULL, &at, (long)len))) {
        at = bytes; /* some publish the bare key, as the RFC said first (erratum 3017) */
        pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)len);
    }
    if (pkey && is_rsa(pkey) != (algorithm == KX_DKIM_RSA))
        g_clear_pointer(&pkey, EVP_PKEY_free);
    if (!pkey)
        return NULL;
    KxDkimPublic *key = g_new(KxDkimPublic, 1);
    key->pkey = pkey;
    return key;
}

void kx_dkim_public_free(KxDkimPublic *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    g_free(key);
}

guint kx_dkim_public_bits(const KxDkimPublic *key)
{
    return (guint)EVP_PKEY_get_bits(key->pkey);
}

gboolean kx_dkim_public_check(const KxDkimPublic *key, const char *text, size_t text_len,
                              const guchar *signature, gsize len)
{
    guchar digest[KX_DIGEST];
    gboolean rsa = is_rsa(key->pkey);
    EVP_Digest(text, text_len, digest, NULL, EVP_sha256(), NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    gboolean ok =
        EVP_DigestVerifyInit(ctx, NULL, rsa ? EVP_sha256() : NULL, NULL, key->pkey) == 1 &&
        EVP_DigestVerify(ctx, signature, len, rsa ? (const guchar *)text : digest,
                         rsa ? text_len : sizeof digest) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}
