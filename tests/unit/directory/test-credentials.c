/* SPDX-License-Identifier: Apache-2.0 */
/* SCRAM keys against the examples of the RFCs, SASLprep, and what is stored of a password. */
#include "directory-test.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include "directory/credentials.h"
#include "directory/scram.h"

typedef struct {
    KxScramHash hash;
    const char *digest;
    const char *salt;
    const char *message; /* AuthMessage */
    const char *proof;
    const char *signature;
} Example;

static const Example EXAMPLES[] = {
    /* RFC 5802 section 5 */
    {KX_SCRAM_SHA_1, "SHA1", "QSXCR+Q6sek8bf92",
     "n=user,r=fyko+d2lbbFgONRv9qkxdawL,"
     "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
     "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    /* RFC 7677 section 3 */
    {KX_SCRAM_SHA_256, "SHA256", "W22ZaJ0SNY7soEsUEjb6gQ==",
     "n=user,r=rOprNGfwEbeRWgbNEkqO,"
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

/* What a server does with the keys: the proof gives back a client key whose hash is StoredKey, and
 * ServerKey signs the answer. */
static void check_example(const Example *example, const KxScramKeys *keys)
{
    const EVP_MD *digest = EVP_get_digestbyname(example->digest);
    size_t len = kx_scram_key_length(keys->hash), proof_len = 0;
    guint8 signature[KX_SCRAM_KEY_MAX], hash[KX_SCRAM_KEY_MAX];
    g_autofree guint8 *client = g_base64_decode(example->proof, &proof_len);
    g_assert_cmpuint(proof_len, ==, len);
    HMAC(digest, keys->stored_key, (int)len, (const guint8 *)example->message,
         strlen(example->message), signature, NULL);
    for (size_t i = 0; i < len; i++)
        client[i] ^= signature[i];
    EVP_Digest(client, len, hash, NULL, digest, NULL);
    g_assert_cmpint(memcmp(hash, keys->stored_key, len), ==, 0);
    HMAC(digest, keys->server_key, (int)len, (const guint8 *)example->message,
         strlen(example->message), signature, NULL);
    g_autofree char *text = g_base64_encode(signature, len);
    g_assert_cmpstr(text, ==, example->signature);
}

static void test_scram_examples(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(EXAMPLES); i++) {
        KxScramKeys keys = {.hash = EXAMPLES[i].hash, .iterations = 4096};
        g_autofree guint8 *salt = g_base64_decode(EXAMPLES[i].salt, &keys.salt_len);
        memcpy(keys.salt, salt, keys.salt_len);
        g_assert_true(kx_scram_derive(&keys, "pencil"));
        check_example(&EXAMPLES[i], &keys);
        g_autofree char *stored = kx_scram_format(&keys);
        g_autofree char *start =
            g_strdup_printf("SCRAM-SHA-%s$4096:%s$", i == 0 ? "1" : "256", EXAMPLES[i].salt);
        g_assert_true(g_str_has_prefix(stored, start));
    }
}

/* RFC 4013 section 3, and what this program adds to it. */
static void test_saslprep(void)
{
    static const char *const SAME[][2] = {
        {"user", "user"},
        {"USER", "USER"},
        {"I\xC2\xADX", "IX"},
        {"\xC2\xAA", "a"},
        {"\xE2\x85\xA8", "IX"},
        {"a\xC2\xA0"
         "b",
         "a b"},
        {"jose\xCC\x81", "jos\xC3\xA9"},
        {"\xF0\x9F\x94\x91 key", "\xF0\x9F\x94\x91 key"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(SAME); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *prepared = kx_password_prepare(SAME[i][0], &error);
        g_assert_no_error(error);
        g_assert_cmpstr(prepared, ==, SAME[i][1]);
    }
    g_autofree char *huge = g_strnfill(KX_PASSWORD_MAX + 1, 'x');
    const char *const BAD[] = {"",
                               "a\nb",
                               "\x7f",
                               "\xD8\xA7"
                               "1",
                               "\xff",
                               "\xC2\xAD",
                               huge};
    for (guint i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(kx_password_prepare(BAD[i], &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    }
    g_autofree char *longest = g_strnfill(KX_PASSWORD_MAX, 'x');
    g_autofree char *kept = kx_password_prepare(longest, NULL);
    g_assert_cmpstr(kept, ==, longest);
}

static void test_weakness(void)
{
    g_assert_cmpstr(kx_password_weakness("secret"), ==,
                    "the password is shorter than 12 characters");
    g_assert_cmpstr(kx_password_weakness("123456789012"), ==, "the password has only digits");
    g_assert_cmpstr(kx_password_weakness("xxxxxxxxxxxxx"), ==,
                    "the password repeats one character");
    g_assert_null(kx_password_weakness("twelve chars"));
}

static char *stored_credential(const char *kind)
{
    g_autoptr(KxDb) db = kx_db_open("server.db", KX_DB_READ_ONLY, NULL);
    KxStmt *stmt = kx_db_prepare(db, "SELECT value FROM credentials WHERE kind = ?", NULL);
    kx_stmt_bind_text(stmt, 1, kind);
    char *value = kx_stmt_step(stmt, NULL) == 1 ? g_strdup(kx_stmt_text(stmt, 0)) : NULL;
    kx_stmt_reset(stmt);
    return value;
}

/* The keys that are stored are those of the password that was given. */
static void check_stored_scram(KxScramHash hash, const char *kind, const char *password)
{
    g_autofree char *stored = stored_credential(kind);
    g_auto(GStrv) parts = g_strsplit_set(stored, "$:", -1);
    g_assert_cmpuint(g_strv_length(parts), ==, 5);
    KxScramKeys keys = {.hash = hash, .iterations = (guint)atoi(parts[1])};
    g_assert_cmpuint(keys.iterations, >=, 4096);
    g_autofree guint8 *salt = g_base64_decode(parts[2], &keys.salt_len);
    g_assert_cmpuint(keys.salt_len, ==, KX_SCRAM_SALT);
    memcpy(keys.salt, salt, keys.salt_len);
    g_assert_true(kx_scram_derive(&keys, password));
    g_autofree char *again = kx_scram_format(&keys);
    g_assert_cmpstr(again, ==, stored);
}

/* covers: USR-21 */
static void test_stored(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "x@company.com",
                            FIELDS({"password", "pencil"}), error));
    g_autofree char *argon2 = stored_credential("argon2id");
    g_assert_true(g_str_has_prefix(argon2, "$argon2id$v=19$m=19456,t=2,p=1$"));
    g_assert_cmpint(crypto_pwhash_str_verify(argon2, "pencil", 6), ==, 0);
    check_stored_scram(KX_SCRAM_SHA_256, "scram-sha-256", "pencil");
    check_stored_scram(KX_SCRAM_SHA_1, "scram-sha-1", "pencil");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "x", FIELDS({"password", "ink"}),
                            error));
    check_stored_scram(KX_SCRAM_SHA_256, "scram-sha-256", "ink");
    ASSERT_FAILS(
        kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "x", FIELDS({"password", ""}), error),
        KX_ERR_INVALID, "password: the password may not be empty");
    check_stored_scram(KX_SCRAM_SHA_1, "scram-sha-1", "ink");
    ASSERT_OK(
        kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "x", FIELDS({"password", NULL}), error));
    g_assert_null(stored_credential("argon2id"));
    g_assert_null(stored_credential("scram-sha-256"));
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/credentials/scram-examples", test_scram_examples);
    g_test_add_func("/credentials/saslprep", test_saslprep);
    g_test_add_func("/credentials/weakness", test_weakness);
    g_test_add_func("/credentials/stored", test_stored);
    return g_test_run();
}
