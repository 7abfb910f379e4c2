/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/scram-client.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/error.h"
#include "courier/fetch-parse.h"

enum { KEY_MAX = 32, NONCE_BYTES = 18 };

static const struct {
    const char *digest;
    size_t length;
} DIGESTS[] = {
    [KX_SCRAM_CLIENT_SHA_1] = {"SHA1", 20},
    [KX_SCRAM_CLIENT_SHA_256] = {"SHA256", 32},
};

struct KxScramClient {
    size_t length; /* of a key, bytes */
    const EVP_MD *digest;
    char *password, *nonce;
    char *first; /* the client's first message */
    guint8 server_signature[KEY_MAX];
    gboolean answered, done;
};

static const char HEADER[] = "n,,"; /* no channel binding, no other identity */

static char *random_nonce(void)
{
    guint8 bytes[NONCE_BYTES];
    g_assert(RAND_bytes(bytes, sizeof bytes) == 1);
    return g_base64_encode(bytes, sizeof bytes);
}

/* RFC 5802 section 5.1: "=" and "," have another meaning. */
static char *escape(const char *user)
{
    GString *out = g_string_new(NULL);
    for (; *user; user++)
        if (*user == '=' || *user == ',')
            g_string_append(out, *user == '=' ? "=3D" : "=2C");
        else
            g_string_append_c(out, *user);
    return g_string_free(out, FALSE);
}

/* As SASLprep does, but for characters that nobody can type. */
static char *prepare(const char *text)
{
    char *normal = g_utf8_normalize(text, -1, G_NORMALIZE_NFKC);
    return normal ? normal : g_strdup(text);
}

KxScramClient *kx_scram_client_new(KxScramDigest digest, const char *user, const char *password,
                                   const char *nonce)
{
    KxScramClient *client = g_new0(KxScramClient, 1);
    g_autofree char *prepared = prepare(user), *name = escape(prepared);
    client->digest = EVP_get_digestbyname(DIGESTS[digest].digest);
    client->length = DIGESTS[digest].length;
    client->password = prepare(password);
    client->nonce = nonce ? g_strdup(nonce) : random_nonce();
    client->first = g_strdup_printf("%sn=%s,r=%s", HEADER, name, client->nonce);
    return client;
}

void kx_scram_client_free(KxScramClient *client)
{
    if (!client)
        return;
    OPENSSL_cleanse(client->password, strlen(client->password));
    g_free(client->password);
    g_free(client->nonce);
    g_free(client->first);
    g_free(client);
}

const char *kx_scram_client_first(const KxScramClient *client)
{
    return client->first;
}

static void sign(const KxScramClient *client, const guint8 *key, const char *text, guint8 *out)
{
    HMAC(client->digest, key, (int)client->length, (const guint8 *)text, strlen(text), out, NULL);
}

/* What proves to the server that the password is known; and what the server is to prove. */
static gboolean prove(KxScramClient *client, const KxScramFirst *server, const char *all,
                      guint8 *ret_proof)
{
    guint8 salted[KEY_MAX], key[KEY_MAX], stored[KEY_MAX], signature[KEY_MAX];
    gsize salt_len;
    g_autofree char *encoded = g_strndup(server->salt.data, server->salt.len);
    g_autofree guint8 *salt = g_base64_decode(encoded, &salt_len);
    gboolean ok =
        salt_len > 0 && PKCS5_PBKDF2_HMAC(client->password, (int)strlen(client->password), salt,
                                          (int)salt_len, (int)server->iterations, client->digest,
                                          (int)client->length, salted) == 1;
    if (!ok)
        return FALSE;
    sign(client, salted, "Server Key", key);
    sign(client, key, all, client->server_signature);
    sign(client, salted, "Client Key", key);
    EVP_Digest(key, client->length, stored, NULL, client->digest, NULL);
    sign(client, stored, all, signature);
    for (size_t i = 0; i < client->length; i++)
        ret_proof[i] = key[i] ^ signature[i];
    OPENSSL_cleanse(salted, sizeof salted);
    OPENSSL_cleanse(key, sizeof key);
    return TRUE;
}

char *kx_scram_client_final(KxScramClient *client, KxSlice server_first, GError **error)
{
    KxScramFirst server;
    guint8 proof[KEY_MAX];
    size_t own = strlen(client->nonce);
    if (client->answered || !kx_scram_first(server_first, &server) || server.nonce.len <= own ||
        memcmp(server.nonce.data, client->nonce, own) != 0 || server.iterations == 0 ||
        server.iterations > KX_SCRAM_ITERATIONS_MAX) {
        kx_fail(error, KX_ERR_PROTOCOL, "the server's SCRAM challenge makes no sense");
        return NULL;
    }
    g_autofree char *channel = g_base64_encode((const guint8 *)HEADER, strlen(HEADER));
    g_autofree char *bare =
        g_strdup_printf("c=%s,r=%.*s", channel, (int)server.nonce.len, server.nonce.data);
    g_autofree char *all = g_strdup_printf("%s,%.*s,%s", client->first + strlen(HEADER),
                                           (int)server_first.len, server_first.data, bare);
    if (!prove(client, &server, all, proof)) {
        kx_fail(error, KX_ERR_PROTOCOL, "the server's SCRAM challenge has no salt");
        return NULL;
    }
    client->answered = TRUE;
    g_autofree char *encoded = g_base64_encode(proof, client->length);
    return g_strdup_printf("%s,p=%s", bare, encoded);
}

gboolean kx_scram_client_check(KxScramClient *client, KxSlice server_final, GError **error)
{
    g_autofree char *signature = g_base64_encode(client->server_signature, client->length);
    g_autofree char *wanted = g_strconcat("v=", signature, NULL);
    size_t len = strlen(wanted);
    client->done = client->answered && server_final.len >= len &&
                   CRYPTO_memcmp(server_final.data, wanted, len) == 0 &&
                   (server_final.len == len || server_final.data[len] == ',');
    return client->done ||
           kx_fail(error, KX_ERR_DENIED, "the server does not prove that it knows the password");
}

gboolean kx_scram_client_is_done(const KxScramClient *client)
{
    return client->done;
}
