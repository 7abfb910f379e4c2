/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

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
