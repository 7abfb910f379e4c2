/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/credentials.h"

#include <sodium.h>
#include <unicode/usprep.h>
#include <unicode/ustring.h>

#include "base/error.h"
#include "directory/directory.h"
#include "directory/scram.h"

/* OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB and 2 passes. */
#define ARGON2_MEMORY ((size_t)19456 * 1024)
enum {
    ARGON2_PASSES = 2,
    STRONG_LENGTH = 12, /* characters, INST-41 */
};

static gboolean is_printable_ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return FALSE;
    return TRUE;
}

static char *to_utf8(const UChar *text, int32_t len)
{
    char utf8[KX_PASSWORD_MAX * 12 + 1];
    UErrorCode code = U_ZERO_ERROR;
    int32_t written = 0;
    u_strToUTF8(utf8, sizeof utf8 - 1, &written, text, len, &code);
    char *copy = U_SUCCESS(code) ? g_strndup(utf8, (gsize)written) : NULL;
    sodium_memzero(utf8, sizeof utf8);
    return copy;
}

/* SASLprep through ICU; NULL for what it forbids. */
static char *saslprep(const char *password)
{
    UChar wide[KX_PASSWORD_MAX + 1], prepared[KX_PASSWORD_MAX * 4];
    UErrorCode code = U_ZERO_ERROR;
    int32_t len = 0;
    char *result = NULL;
    UStringPrepProfile *profile = usprep_openByType(USPREP_RFC4013_SASLPREP, &code);
    u_strFromUTF8(wide, KX_PASSWORD_MAX + 1, &len, password, -1, &code);
    len = usprep_prepare(profile, wide, len, prepared, G_N_ELEMENTS(prepared),
                         USPREP_ALLOW_UNASSIGNED, NULL, &code);
    if (U_SUCCESS(code) && len > 0)
        result = to_utf8(prepared, len);
    if (profile != NULL)
        usprep_close(profile);
    sodium_memzero(wide, sizeof wide);
    sodium_memzero(prepared, sizeof prepared);
    return result;
}

char *kx_password_prepare(const char *password, GError **error)
{
    if (*password == '\0') {
        kx_fail(error, KX_ERR_INVALID, "the password may not be empty");
        return NULL;
    }
    if (strlen(password) > KX_PASSWORD_MAX) {
        kx_fail(error, KX_ERR_INVALID, "the password is longer than %d bytes", KX_PASSWORD_MAX);
        return NULL;
    }
    if (is_printable_ascii(password))
        return g_strdup(password);
    char *prepared = g_utf8_validate(password, -1, NULL) ? saslprep(password) : NULL;
    if (prepared == NULL)
        kx_fail(error, KX_ERR_INVALID,
                "the password must be printable UTF-8 text (RFC 4013 says what is allowed)");
    return prepared;
}

const char *kx_password_weakness(const char *password)
{
    if (!g_utf8_validate(password, -1, NULL) || g_utf8_strlen(password, -1) < STRONG_LENGTH)
        return "the password is shorter than 12 characters";
    if (password[strspn(password, "0123456789")] == '\0')
        return "the password has only digits";
    const char one[] = {password[0], '\0'};
    if (password[strspn(password, one)] == '\0')
        return "the password repeats one character";
    return NULL;
}

char *kx_verifier_new(const char *prepared, GError **error)
{
    char text[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str_alg(text, prepared, strlen(prepared), ARGON2_PASSES, ARGON2_MEMORY,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        kx_fail(error, KX_ERR_BUSY, "not enough memory to store the password");
        return NULL;
    }
    return g_strdup(text);
}

gboolean kx_verifier_check(const char *verifier, const char *prepared)
{
    return crypto_pwhash_str_verify(verifier, prepared, strlen(prepared)) == 0;
}

static char *scram_new(KxScramHash hash, const char *prepared, GError **error)
{
    KxScramKeys keys = {.hash = hash, .iterations = KX_SCRAM_ITERATIONS, .salt_len = KX_SCRAM_SALT};
    randombytes_buf(keys.salt, keys.salt_len);
    if (!kx_scram_derive(&keys, prepared)) {
        kx_fail(error, KX_ERR_FAILED, "OpenSSL cannot derive the SCRAM keys");
        return NULL;
    }
    char *text = kx_scram_format(&keys);
    sodium_memzero(&keys, sizeof keys);
    return text;
}

KxCredentials *kx_credentials_new(const char *prepared, GError **error)
{
    g_autoptr(KxCredentials) credentials = g_new0(KxCredentials, 1);
    credentials->argon2id = kx_verifier_new(prepared, error);
    if (credentials->argon2id == NULL)
        return NULL;
    credentials->scram_sha_256 = scram_new(KX_SCRAM_SHA_256, prepared, error);
    if (credentials->scram_sha_256 == NULL)
        return NULL;
    credentials->scram_sha_1 = scram_new(KX_SCRAM_SHA_1, prepared, error);
    return credentials->scram_sha_1 != NULL ? g_steal_pointer(&credentials) : NULL;
}

static void free_secret(char *text)
{
    if (text != NULL)
        sodium_memzero(text, strlen(text));
    g_free(text);
}

void kx_credentials_free(KxCredentials *credentials)
{
    if (credentials == NULL)
        return;
    free_secret(credentials->argon2id);
    free_secret(credentials->scram_sha_256);
    free_secret(credentials->scram_sha_1);
    g_free(credentials);
}

static void hash_one(gpointer data, gpointer unused G_GNUC_UNUSED)
{
    KxHashing *work = data;
    work->credentials = kx_credentials_new(work->prepared, &work->error);
}

void kx_credentials_new_all(KxHashing *work, guint n)
{
    if (n <= 1) {
        for (guint i = 0; i < n; i++)
            hash_one(&work[i], NULL);
        return;
    }
    GThreadPool *pool = g_thread_pool_new(hash_one, NULL, (int)g_get_num_processors(), FALSE, NULL);
    for (guint i = 0; i < n; i++)
        g_thread_pool_push(pool, &work[i], NULL);
    g_thread_pool_free(pool, FALSE, TRUE);
}
