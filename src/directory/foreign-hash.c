/* SPDX-License-Identifier: Apache-2.0 */
/* Schemes by https://doc.dovecot.org/2.3/configuration_manual/authentication/password_schemes/, the
 * SHA family with the digest first and the salt behind it (RFC 2307). */
#include "directory/foreign-hash.h"

#include <crypt.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/text.h"
#include "directory/credentials.h"
#include "directory/scram.h"

enum {
    TEXT_MAX = 512,          /* bytes */
    SALT_MAX = 64,           /* bytes behind a digest */
    CRYPT_ROUNDS = 1000000,  /* of SHA-crypt */
    BCRYPT_COST = 14,        /* logarithm */
    ITERATIONS_MAX = 1000000 /* of SCRAM */
};

/* The second letter of yescrypt's parameters is the logarithm of its memory: 'D' is 64 MB. */
static const char YESCRYPT_COSTS[] = "./0123456789ABCD";

typedef struct {
    const char *name;
    const char *digest; /* of the SHA family */
    gboolean (*good)(const char *digest, const char *value);
    gboolean (*check)(const char *digest, const char *value, const char *password);
} Scheme;

/* ---- digest and salt ---- */

static gboolean split_digest(const char *digest, const char *value, guint8 *out, size_t *ret_len,
                             size_t *ret_digest)
{
    g_autofree char *text = g_strdup(value);
    size_t len;
    const EVP_MD *md = EVP_get_digestbyname(digest);
    if (md == NULL || !kx_base64_decode(text, strlen(text), &len))
        return FALSE;
    *ret_digest = (size_t)EVP_MD_get_size(md);
    *ret_len = len;
    if (len < *ret_digest || len > *ret_digest + SALT_MAX)
        return FALSE;
    memcpy(out, text, len);
    return TRUE;
}

static gboolean good_digest(const char *digest, const char *value)
{
    guint8 bytes[EVP_MAX_MD_SIZE + SALT_MAX];
    size_t len, size;
    return split_digest(digest, value, bytes, &len, &size);
}

static gboolean check_digest(const char *digest, const char *value, const char *password)
{
    guint8 bytes[EVP_MAX_MD_SIZE + SALT_MAX], made[EVP_MAX_MD_SIZE];
    size_t len, size;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    gboolean match = split_digest(digest, value, bytes, &len, &size) && context != NULL &&
                     EVP_DigestInit_ex(context, EVP_get_digestbyname(digest), NULL) &&
                     EVP_DigestUpdate(context, password, strlen(password)) &&
                     EVP_DigestUpdate(context, bytes + size, len - size) &&
                     EVP_DigestFinal_ex(context, made, NULL) &&
                     sodium_memcmp(made, bytes, size) == 0;
    EVP_MD_CTX_free(context);
    return match;
}

/* ---- crypt(3) ---- */

static gboolean good_rounds(const char *value)
{
    guint64 rounds;
    if (!g_str_has_prefix(value + 3, "rounds="))
        return TRUE;
    const char *number = value + 3 + strlen("rounds=");
    g_autofree char *digits = g_strndup(number, strcspn(number, "$"));
    return kx_parse_uint(digits, CRYPT_ROUNDS, &rounds);
}

static gboolean good_crypt(const char *digest G_GNUC_UNUSED, const char *value)
{
    static const char *const bcrypt[] = {"$2a$", "$2b$", "$2y$"};
    guint64 cost;
    if (strlen(value) < 20)
        return FALSE;
    if (g_str_has_prefix(value, "$5$") || g_str_has_prefix(value, "$6$"))
        return good_rounds(value);
    if (g_str_has_prefix(value, "$y$j"))
        return value[4] != '\0' && strchr(YESCRYPT_COSTS, value[4]) != NULL && value[5] != '\0' &&
               value[6] == '$';
    for (guint i = 0; i < G_N_ELEMENTS(bcrypt); i++) {
        g_autofree char *digits = g_strndup(value + 4, 2);
        if (g_str_has_prefix(value, bcrypt[i]))
            return kx_parse_uint(digits, BCRYPT_COST, &cost) && value[6] == '$';
    }
    return FALSE;
}

static gboolean check_crypt(const char *digest G_GNUC_UNUSED, const char *value,
                            const char *password)
{
    struct crypt_data *data = g_new0(struct crypt_data, 1);
    const char *made = crypt_rn(password, value, data, sizeof *data);
    size_t len = strlen(value);
    gboolean match = made != NULL && strlen(made) == len && sodium_memcmp(made, value, len) == 0;
    sodium_memzero(data, sizeof *data);
    g_free(data);
    return match;
}

/* ---- Argon2 ---- */

/* "$argon2id$v=19$m=65536,t=3,p=1$salt$hash", in whichever amount of memory and passes. */
static gboolean good_argon2(const char *digest G_GNUC_UNUSED, const char *value)
{
    enum { MEMORY_MAX = 256 * 1024, PASSES_MAX = 16 }; /* KB */
    g_auto(GStrv) parts = g_strsplit(value, "$", -1);
    guint memory, passes, lanes;
    return g_strv_length(parts) == 6 && g_str_has_prefix(parts[1], "argon2i") &&
           sscanf(parts[3], "m=%6u,t=%4u,p=%3u", &memory, &passes, &lanes) == 3 &&
           memory <= MEMORY_MAX && passes <= PASSES_MAX && lanes == 1;
}

static gboolean check_argon2(const char *digest G_GNUC_UNUSED, const char *value,
                             const char *password)
{
    return kx_verifier_check(value, password);
}

/* ---- SCRAM ---- */

/* "iterations,salt,StoredKey,ServerKey" */
static gboolean read_scram(const char *value, KxScramKeys *keys)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);
    guint64 iterations;
    size_t stored, server, key = kx_scram_key_length(keys->hash);
    if (g_strv_length(parts) != 4 || !kx_parse_uint(parts[0], ITERATIONS_MAX, &iterations) ||
        iterations == 0 || !kx_base64_decode(parts[1], strlen(parts[1]), &keys->salt_len) ||
        keys->salt_len > sizeof keys->salt ||
        !kx_base64_decode(parts[2], strlen(parts[2]), &stored) || stored != key ||
        !kx_base64_decode(parts[3], strlen(parts[3]), &server) || server != key)
        return FALSE;
    keys->iterations = (guint)iterations;
    memcpy(keys->salt, parts[1], keys->salt_len);
    memcpy(keys->stored_key, parts[2], key);
    return TRUE;
}

static KxScramKeys scram_of(const char *digest)
{
    return (KxScramKeys){.hash = g_str_equal(digest, "SHA1") ? KX_SCRAM_SHA_1 : KX_SCRAM_SHA_256};
}

static gboolean good_scram(const char *digest, const char *value)
{
    KxScramKeys keys = scram_of(digest);
    return read_scram(value, &keys);
}

static gboolean check_scram(const char *digest, const char *value, const char *password)
{
    KxScramKeys keys = scram_of(digest), made;
    if (!read_scram(value, &keys))
        return FALSE;
    made = keys;
    char *prepared = kx_password_prepare(password, NULL);
    gboolean match =
        prepared != NULL && kx_scram_derive(&made, prepared) &&
        sodium_memcmp(made.stored_key, keys.stored_key, kx_scram_key_length(keys.hash)) == 0;
    if (prepared != NULL)
        sodium_memzero(prepared, strlen(prepared));
    g_free(prepared);
    return match;
}

/* ---- the table ---- */

static const Scheme SCHEMES[] = {
    {"ARGON2ID", NULL, good_argon2, check_argon2},
    {"ARGON2I", NULL, good_argon2, check_argon2},
    {"CRYPT", NULL, good_crypt, check_crypt},
    {"BLF-CRYPT", NULL, good_crypt, check_crypt},
    {"SHA256-CRYPT", NULL, good_crypt, check_crypt},
    {"SHA512-CRYPT", NULL, good_crypt, check_crypt},
    {"SCRAM-SHA-1", "SHA1", good_scram, check_scram},
    {"SCRAM-SHA-256", "SHA256", good_scram, check_scram},
    {"SHA", "SHA1", good_digest, check_digest},
    {"SSHA", "SHA1", good_digest, check_digest},
    {"SHA256", "SHA256", good_digest, check_digest},
    {"SSHA256", "SHA256", good_digest, check_digest},
    {"SHA512", "SHA512", good_digest, check_digest},
    {"SSHA512", "SHA512", good_digest, check_digest},
};

/* The scheme of a text, and where its value begins. */
static const Scheme *find(const char *text, const char **ret_value)
{
    for (guint i = 0; i < G_N_ELEMENTS(SCHEMES); i++) {
        size_t len = strlen(SCHEMES[i].name);
        if (text[0] == '{' && g_ascii_strncasecmp(text + 1, SCHEMES[i].name, len) == 0 &&
            text[len + 1] == '}') {
            *ret_value = text + len + 2;
            return &SCHEMES[i];
        }
    }
    return NULL;
}

gboolean kx_foreign_hash_is(const char *text)
{
    const char *value;
    return find(text, &value) != NULL;
}

static char *fail_scheme(GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(SCHEMES); i++)
        g_string_append_printf(names, "%s{%s}", i > 0 ? ", " : "", SCHEMES[i].name);
    kx_fail(error, KX_ERR_INVALID, "a stored password begins with its scheme, one of %s",
            names->str);
    return NULL;
}

char *kx_foreign_hash_parse(const char *text, GError **error)
{
    const char *value;
    const Scheme *scheme = find(text, &value);
    if (scheme == NULL)
        return fail_scheme(error);
    gboolean good = strlen(text) <= TEXT_MAX;
    for (const char *at = value; good && *at != '\0'; at++)
        good = g_ascii_isgraph(*at);
    if (good && scheme->good(scheme->digest, value))
        return g_strdup_printf("{%s}%s", scheme->name, value);
    kx_fail(error, KX_ERR_INVALID,
            "the stored password is not what {%s} makes, or costs too much to check", scheme->name);
    return NULL;
}

gboolean kx_foreign_hash_check(const char *stored, const char *password)
{
    const char *value;
    const Scheme *scheme = find(stored, &value);
    return scheme != NULL && scheme->check(scheme->digest, value, password);
}
