/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords that other servers stored, and many changes at once. */
#include "directory-test.h"

#include "directory/foreign-hash.h"

static const char PASSWORD[] = "Pass w\xc3\xb6rd 1";

/* Made by doveadm pw and by crypt(3). */
static const char *const GOOD[] = {
    "{SSHA}KhxPtj6qaiO9SFYJJcsQOmBtK/VqJGRH",
    "{SSHA512}J/rXSPoiCPHZVy211vXW0YlV3gVAZGshxJ2P32QMFvJMFuQBDlUV2N3+6Zpcp0tljRlFIlGAX0g02knF78e"
    "i4JSTgyM=",
    "{SHA256}7BYBi5DjvxXCKtVkOc15j4u9DaS5hmBO8mnbz0ie/Jo=",
    "{SHA512-CRYPT}$6$RpdZetX7KQPZz.ar$4ja4BJyXfrm8seaVBPt7P8F0SjpI/"
    "rpnmTNibARxPTKgAes22nVw8jZ.c4GY38HH4U0Ce8W/7F9A6liMDNVjR/",
    "{CRYPT}$5$prlGnDVWa.MBeI78$B9SYtTGRrnw4YhgABVcg0H7MWdqcF4a451W/SlNz5g3",
    "{crypt}$y$j9T$k2XAnEHBqQ1Ct2aMXFKNa/$fWA9FzQypuwHgN2MKlv3ZQTpQP.kkq3yDD3YaHr7u0D",
    "{BLF-CRYPT}$2y$05$3EQd3ljk0BKHIvS.iQgMmeAsgxs1zdqh9KSCVyFp85SHT3WfQbukK",
    "{SCRAM-SHA-256}4096,uDx/"
    "hliANuygPmJ0LpGQXQ==,78HbFLm9Z5haryJCjROJ8eVlXvaBsvQvHGJXAttlMro=,"
    "J9TyRGzp60pnXBE8HRnF03tvClxRi/bOd087+vZrL/c=",
    "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$YmmmKKJ6kZHe3asQ34c9Lw$"
    "lIM3lsfvojL7hTmE4zfKJZfoeYP+UwefmhtOdfHbQbM",
};

/* covers: USR-21 */
static void test_schemes(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(GOOD); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *stored = kx_foreign_hash_parse(GOOD[i], &error);
        g_assert_no_error(error);
        g_assert_true(kx_foreign_hash_is(stored));
        g_assert_true(kx_foreign_hash_check(stored, PASSWORD));
        g_assert_false(kx_foreign_hash_check(stored, "Pass word 1"));
        g_assert_false(kx_foreign_hash_check(stored, ""));
    }
}

static void test_bad(void)
{
    g_autofree char *huge = g_strdup_printf("{CRYPT}$6$salt$%0*d", 600, 1);
    const char *const bad[] = {
        "",
        "{}",
        "{SSHA}",
        "SSHA",
        "{SSHA}abcd",
        "{SSHA}!!!!",
        "{NTLM}0123",
        "{CRYPT}abJnggxhB/yWI",
        "{CRYPT}$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        "{CRYPT}$6$rounds=99999999$saltstring$abcdef",
        "{CRYPT}$2y$20$3EQd3ljk0BKHIvS.iQgMmeAsgxs1zdqh9KSCVyFp85SHT3WfQbukK",
        "{CRYPT}$y$jZT$k2XAnEHBqQ1Ct2aMXFKNa/$fWA9FzQypuwHgN2MKlv3ZQTpQP",
        "{SCRAM-SHA-256}0,AAAA,78HbFLm9Z5haryJCjROJ8eVlXvaBsvQvHGJXAttlMro=,J9TyRGzp60pnXBE8HRnF03t"
        "vClxRi/bOd087+vZrL/c=",
        "{SCRAM-SHA-256}4096,AAAA,AAAA,AAAA",
        "{ARGON2ID}$argon2id$v=19$m=999999,t=3,p=1$YmmmKKJ6kZHe3asQ34c9Lw$lIM3lsfvojL7hTmE4zfKJZfo",
        "{SSHA}KhxPtj6qaiO9SFYJJcsQOm BtK/VqJGRH",
        huge};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", bad[i]);
        g_assert_null(kx_foreign_hash_parse(bad[i], &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    }
}

static KxAuthResult sign_in(Fixture *f, const char *password)
{
    g_autoptr(KxUser) user = NULL;
    const char *reason = NULL;
    KxAuthResult result;
    do
        result = kx_auth_password(f->directory, "smith@company.com", password, NULL, NULL, &user,
                                  &reason);
    while (result == KX_AUTH_BUSY);
    return result;
}

static char *verifier(Fixture *f)
{
    KxDomainEntry *home;
    return kx_tables_find_user(f->directory, "smith@company.com", &home, NULL)->verifier;
}

/* covers: USR-21, USR-60 */
static void test_first_sign_in(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                            FIELDS({"password-hash", GOOD[1]}), error));
    assert_last_line("config", "Admin - insert User set Name='smith', Domain='company.com', "
                               "Password_hash=xxxxxx");
    fixture_reopen(&f);
    g_assert_cmpstr(verifier(&f), ==, GOOD[1]);
    g_assert_cmpint(sign_in(&f, "wrong"), ==, KX_AUTH_FAILED);
    g_assert_cmpstr(verifier(&f), ==, GOOD[1]);
    g_assert_cmpint(sign_in(&f, PASSWORD), ==, KX_AUTH_OK);
    for (guint round = 0; round < 2; round++) {
        g_assert_true(g_str_has_prefix(verifier(&f), "$argon2id$"));
        g_assert_cmpint(sign_in(&f, PASSWORD), ==, KX_AUTH_OK);
        g_assert_cmpint(sign_in(&f, "wrong"), ==, KX_AUTH_FAILED);
        fixture_reopen(&f);
    }
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                               FIELDS({"password-hash", GOOD[1]}, {"password", "x"}), error),
                 KX_ERR_INVALID, "give either password or password-hash");
    fixture_clear(&f);
}

static guint users(Fixture *f)
{
    g_autoptr(GPtrArray) all = kx_user_list(f->directory, NULL, NULL);
    return all->len;
}

/* One that is refused does not keep the others from being made, and a try makes none. */
static void test_each(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    const KxField address = {"addresses", "both"}, password = {"password", "secret"};
    const KxField colour = {"colour", "red"};
    const KxChange changes[] = {
        {KX_CHANGE_ADD, KX_OBJECT_USER, "a@company.com", NULL, &address, 1},
        {KX_CHANGE_ADD, KX_OBJECT_USER, "b@company.com", NULL, &address, 1},
        {KX_CHANGE_ADD, KX_OBJECT_USER, "c@company.com", NULL, &colour, 1},
        {KX_CHANGE_ADD, KX_OBJECT_USER, "smith@company.com", NULL, &password, 1},
        {KX_CHANGE_ADD, KX_OBJECT_USER, "A@company.com", NULL, NULL, 0},
        {KX_CHANGE_ADD, KX_OBJECT_USER, "e@nowhere.com", NULL, NULL, 0},
        {KX_CHANGE_ADD, KX_OBJECT_USER, "f@company.com", NULL, &password, 1},
    };
    static const int codes[] = {
        -1, KX_ERR_EXISTS, KX_ERR_INVALID, -1, KX_ERR_EXISTS, KX_ERR_NOT_FOUND, -1};
    for (guint round = 0; round < 2; round++) {
        GError *errors[G_N_ELEMENTS(changes)];
        ASSERT_OK(kx_object_change_many(f.directory, &ADMIN, changes, G_N_ELEMENTS(changes),
                                        KX_CHANGE_EACH | (round == 0 ? KX_CHANGE_TRY : 0), errors,
                                        NULL, error));
        for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
            g_assert_cmpint(errors[i] != NULL ? errors[i]->code : -1, ==, codes[i]);
            g_clear_error(&errors[i]);
        }
        g_assert_cmpuint(users(&f), ==, round == 0 ? 0 : 3);
    }
    g_assert_cmpint(sign_in(&f, "secret"), ==, KX_AUTH_OK);
    fixture_reopen(&f);
    g_assert_cmpuint(users(&f), ==, 3);
    g_assert_cmpint(sign_in(&f, "secret"), ==, KX_AUTH_OK);
    fixture_clear(&f);
}

/* Unknown names cost what somebody's account costs: the same each time, and as many of a kind. */
static void test_decoys(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    g_assert_null(kx_auth_decoy(f.directory, "nobody@company.com"));
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "own@company.com",
                            FIELDS({"password", "secret"}), error));
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                            FIELDS({"password-hash", GOOD[1]}), error));
    fixture_reopen(&f); /* which forgets what was collected */
    guint imported = 0;
    for (guint i = 0; i < 200; i++) {
        g_autofree char *name = g_strdup_printf("n%u@company.com", i);
        g_autofree char *decoy = kx_auth_decoy(f.directory, name);
        g_autofree char *again = kx_auth_decoy(f.directory, name);
        g_assert_cmpstr(decoy, ==, again);
        g_assert_true(decoy == NULL || kx_foreign_hash_is(decoy));
        imported += decoy != NULL;
    }
    g_assert_cmpuint(imported, >, 50);
    g_assert_cmpuint(imported, <, 150);
    KxUser *user = NULL;
    const char *reason = NULL;
    g_assert_cmpint(
        kx_auth_password(f.directory, "n1@company.com", "x", NULL, NULL, &user, &reason), ==,
        KX_AUTH_FAILED);
    g_assert_cmpstr(reason, ==, "the user does not exist");
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imported/schemes", test_schemes);
    g_test_add_func("/imported/bad", test_bad);
    g_test_add_func("/imported/first-sign-in", test_first_sign_in);
    g_test_add_func("/imported/each", test_each);
    g_test_add_func("/imported/decoys", test_decoys);
    return g_test_run();
}
