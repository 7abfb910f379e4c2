/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/base64.h"
#include "base/text.h"

enum { ITERATIONS_MAX = 10000000, PARTS = 3, PAIR = 2 };

static const struct {
    const char *mechanism;
    const char *digest;
    size_t length;
} HASHES[] = {
    [KX_SCRAM_SHA_1] = {"SCRAM-SHA-1", "SHA1", 20},
    [KX_SCRAM_SHA_256] = {"SCRAM-SHA-256", "SHA256", 32},
};

size_t kx_scram_key_length(KxScramHash hash)
{
    return HASHES[hash].length;
}

static gboolean hmac_label(const EVP_MD *digest, const guint8 *key, size_t len, const char *label,
                           guint8 *out)
{
    return HMAC(digest, key, (int)len, (const guint8 *)label, strlen(label), out, NULL) != NULL;
}

gboolean kx_scram_derive(KxScramKeys *keys, const char *password)
{
    const EVP_MD *digest = EVP_get_digestbyname(HASHES[keys->hash].digest);
    size_t len = kx_scram_key_length(keys->hash);
    guint8 salted[KX_SCRAM_KEY_MAX], client_key[KX_SCRAM_KEY_MAX];
    gboolean good =
        digest != NULL &&
        PKCS5_PBKDF2_HMAC(password, (int)strlen(password), keys->salt, (int)keys->salt_len,
                          (int)keys->iterations, digest, (int)len, salted) == 1 &&
        hmac_label(digest, salted, len, "Client Key", client_key) &&
        hmac_label(digest, salted, len, "Server Key", keys->server_key) &&
        EVP_Digest(client_key, len, keys->stored_key, NULL, digest, NULL) == 1;
    OPENSSL_cleanse(salted, sizeof salted);
    OPENSSL_cleanse(client_key, sizeof client_key);
    return good;
}

char *kx_scram_format(const KxScramKeys *keys)
{
    size_t len = kx_scram_key_length(keys->hash);
    g_autofree char *salt = g_base64_encode(keys->salt, keys->salt_len);
    g_autofree char *stored = g_base64_encode(keys->stored_key, len);
    g_autofree char *server = g_base64_encode(keys->server_key, len);
    return g_strdup_printf("%s$%u:%s$%s:%s", HASHES[keys->hash].mechanism, keys->iterations, salt,
                           stored, server);
}

static gboolean read_bytes(char *text, guint8 *out, size_t max, size_t *ret_len)
{
    if (!kx_base64_decode(text, strlen(text), ret_len) || *ret_len > max)
        return FALSE;
    memcpy(out, text, *ret_len);
    return TRUE;
}

static gboolean read_mechanism(const char *name, KxScramHash *ret_hash)
{
    for (guint i = 0; i < G_N_ELEMENTS(HASHES); i++)
        if (g_str_equal(HASHES[i].mechanism, name)) {
            *ret_hash = i;
            return TRUE;
        }
    return FALSE;
}

gboolean kx_scram_parse(const char *text, KxScramKeys *ret_keys)
{
    g_auto(GStrv) parts = g_strsplit(text != NULL ? text : "", "$", PARTS);
    if (g_strv_length(parts) != PARTS || !read_mechanism(parts[0], &ret_keys->hash))
        return FALSE;
    g_auto(GStrv) salt = g_strsplit(parts[1], ":", PAIR), keys = g_strsplit(parts[2], ":", PAIR);
    guint64 iterations;
    size_t stored, server, len = kx_scram_key_length(ret_keys->hash);
    if (g_strv_length(salt) != PAIR || g_strv_length(keys) != PAIR ||
        !kx_parse_uint(salt[0], ITERATIONS_MAX, &iterations) || iterations == 0)
        return FALSE;
    ret_keys->iterations = (guint)iterations;
    return read_bytes(salt[1], ret_keys->salt, sizeof ret_keys->salt, &ret_keys->salt_len) &&
           read_bytes(keys[0], ret_keys->stored_key, sizeof ret_keys->stored_key, &stored) &&
           read_bytes(keys[1], ret_keys->server_key, sizeof ret_keys->server_key, &server) &&
           stored == len && server == len;
}

gboolean kx_scram_sign(KxScramHash hash, const guint8 *key, const char *text, guint8 *out)
{
    const EVP_MD *digest = EVP_get_digestbyname(HASHES[hash].digest);
    return digest != NULL && hmac_label(digest, key, kx_scram_key_length(hash), text, out);
}

gboolean kx_scram_check_proof(const KxScramKeys *keys, const char *text, const guint8 *proof)
{
    const EVP_MD *digest = EVP_get_digestbyname(HASHES[keys->hash].digest);
    size_t len = kx_scram_key_length(keys->hash);
    guint8 signature[KX_SCRAM_KEY_MAX], client_key[KX_SCRAM_KEY_MAX], stored[KX_SCRAM_KEY_MAX];
    if (digest == NULL || !hmac_label(digest, keys->stored_key, len, text, signature))
        return FALSE;
    for (size_t i = 0; i < len; i++)
        client_key[i] = proof[i] ^ signature[i];
    gboolean match = EVP_Digest(client_key, len, stored, NULL, digest, NULL) == 1 &&
                     CRYPTO_memcmp(stored, keys->stored_key, len) == 0;
    OPENSSL_cleanse(client_key, sizeof client_key);
    return match;
}
