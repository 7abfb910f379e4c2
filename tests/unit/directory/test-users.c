/* SPDX-License-Identifier: Apache-2.0 */
/* Users, their addresses, and who an address or a login name means. */
#include "directory-test.h"

/* covers: LOG-22 LOG-24 LOG-25 */
static void test_config_lines(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "tjones@company.com",
                            FIELDS({"name", "Tom Jones"}, {"password", "hush-hush"},
                                   {"disabled", "no"}, {"addresses", "tom, t.jones"}),
                            error));
    assert_last_line("config", "Admin - insert User set Name='tjones', Domain='company.com', "
                               "Account_enabled='1', Password=xxxxxx, Full_name='Tom Jones', "
                               "Addresses='t.jones,tom'");
    const KxAdmin root = {"root (local)", KX_LEVEL_FULL, NULL};
    ASSERT_OK(kx_object_set(f.directory, &root, KX_OBJECT_USER, "TJones@Company.com",
                            FIELDS({"disabled", "yes"}), error));
    assert_last_line("config",
                     "root (local) - update User set Name='tjones', Domain='company.com', "
                     "Account_enabled='0'");
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, "tjones@company.com", error));
    assert_last_line("config", "Admin - delete User set Name='tjones', Domain='company.com'");
    KxSettingChange change = {KX_SET_SMTP_MAX_RECIPIENTS, "050"};
    ASSERT_OK(kx_directory_set(f.directory, &ADMIN, &change, 1, error));
    assert_last_line("config", "Admin - update Settings set smtp.max-recipients='50'");

    g_autofree char *before = NULL, *after = NULL;
    g_assert_true(g_file_get_contents("logs/config.log", &before, NULL, NULL));
    g_assert_null(strstr(before, "hush"));
    g_assert_false(
        kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "a b@company.com", NULL, 0, NULL));
    g_assert_true(g_file_get_contents("logs/config.log", &after, NULL, NULL));
    g_assert_cmpstr(after, ==, before);
    fixture_clear(&f);
}

/* covers: DOM-02 */
static void test_domains_apart(void)
{
    Fixture f;
    fixture_init(&f);
    ASSERT_FAILS(
        kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com", NULL, 0, error),
        KX_ERR_NOT_FOUND, "there is no domain 'company.com'");
    ASSERT_FAILS(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "smith", NULL, 0, error),
                 KX_ERR_NOT_FOUND, "there is no domain; add one first");
    add_domain(&f, "company.com");
    add_domain(&f, "another.com");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                            FIELDS({"name", "One"}), error));
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "smith@another.com",
                            FIELDS({"name", "Two"}), error));
    g_autoptr(KxUser) one = kx_user_get(f.directory, "smith@company.com", NULL);
    g_autoptr(KxUser) two = kx_user_get(f.directory, "smith@another.com", NULL);
    g_autoptr(KxUser) bare = kx_user_get(f.directory, "smith", NULL);
    g_assert_cmpstr(one->full_name, ==, "One");
    g_assert_cmpstr(two->full_name, ==, "Two");
    g_assert_cmpint(one->id, !=, two->id);
    g_assert_cmpint(bare->id, ==, one->id);
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com", error));
    assert_recipient(&f, "smith@company.com", "unknown");
    assert_recipient(&f, "smith@another.com", "smith@another.com");
    fixture_clear(&f);
}

/* covers: DOM-08 DOM-22 USR-11 */
static void test_login(void)
{
    Fixture f;
    fixture_init(&f);
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                            FIELDS({"aliases", "alias.com"}), error));
    add_domain(&f, "another.com");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "wsmith@company.com",
                            FIELDS({"addresses", "winston"}), error));
    add_user(&f, "wsmith@another.com");
    add_user(&f, "jones@another.com");
    assert_login(&f, "wsmith", NULL, "wsmith@company.com");
    assert_login(&f, "WSMITH", NULL, "wsmith@company.com");
    assert_login(&f, "wsmith@COMPANY.com", NULL, "wsmith@company.com");
    assert_login(&f, "wsmith@another.com", NULL, "wsmith@another.com");
    assert_login(&f, "jones", NULL, "nobody");
    assert_login(&f, "jones@another.com", NULL, "jones@another.com");
    assert_login(&f, "wsmith@alias.com", NULL, "nobody");
    assert_login(&f, "winston@company.com", NULL, "nobody");
    assert_login(&f, "", NULL, "nobody");
    assert_login(&f, "@company.com", NULL, "nobody");
    assert_login(&f, "\xff\xfe", NULL, "nobody");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com",
                            FIELDS({"primary", "yes"}), error));
    assert_login(&f, "wsmith", NULL, "wsmith@another.com");
    fixture_clear(&f);
}

/* covers: USR-16 USR-22 */
static void test_addresses(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "WSmith@company.com",
                            FIELDS({"addresses", "Winston, w.smith,winston"}), error));
    add_user(&f, "jones@company.com");
    assert_recipient(&f, "wsmith@company.com", "WSmith@company.com");
    assert_recipient(&f, "winston@company.com", "WSmith@company.com");
    assert_recipient(&f, "W.Smith@company.com", "WSmith@company.com");
    g_autoptr(KxUser) user = kx_user_get(f.directory, "wsmith@company.com", NULL);
    g_assert_cmpuint(g_strv_length(user->addresses), ==, 2);

    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "jones@company.com",
                               FIELDS({"addresses", "WINSTON"}), error),
                 KX_ERR_EXISTS,
                 "the address 'WINSTON@company.com' belongs to the user 'WSmith' already");
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "jones@company.com",
                               FIELDS({"addresses", "wsmith"}), error),
                 KX_ERR_EXISTS, "there is a user 'WSmith@company.com' already");
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "jones@company.com",
                               FIELDS({"addresses", "Jones"}), error),
                 KX_ERR_INVALID,
                 "addresses: 'Jones' is the name of the account and an address already");
    ASSERT_FAILS(
        kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "winston@company.com", NULL, 0, error),
        KX_ERR_EXISTS, "the address 'winston@company.com' belongs to the user 'WSmith' already");
    ASSERT_FAILS(
        kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "wsmith@company.com", NULL, 0, error),
        KX_ERR_EXISTS, "there is a user 'WSmith@company.com' already");
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "jones@company.com",
                               FIELDS({"addresses", "x@company.com"}), error),
                 KX_ERR_INVALID, "addresses: 'x@company.com': give only the part before @");

    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "wsmith@company.com",
                            FIELDS({"disabled", "yes"}), error));
    fixture_reopen(&f);
    assert_recipient(&f, "winston@company.com", "disabled");
    assert_login(&f, "wsmith", NULL, "WSmith@company.com");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "wsmith@company.com",
                            FIELDS({"disabled", NULL}, {"addresses", NULL}), error));
    assert_recipient(&f, "winston@company.com", "unknown");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "jones@company.com",
                            FIELDS({"addresses", "winston"}), error));
    assert_recipient(&f, "winston@company.com", "jones@company.com");
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, "jones@company.com", error));
    assert_recipient(&f, "winston@company.com", "unknown");
    fixture_reopen(&f);
    assert_recipient(&f, "winston@company.com", "unknown");
    assert_recipient(&f, "wsmith@company.com", "WSmith@company.com");
    fixture_clear(&f);
}

static void test_resolution(void)
{
    Fixture f;
    fixture_init(&f);
    assert_recipient(&f, "postmaster", "unknown");
    assert_recipient(&f, "x@company.com", "remote");
    add_domain(&f, "company.com");
    add_domain(&f, "another.com");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "admin@company.com",
                            FIELDS({"addresses", "postmaster"}), error));
    add_user(&f, "a.b+c@company.com");
    add_user(&f, "jos\xC3\xA9@company.com");
    add_user(&f, "smith@company.com");

    assert_recipient(&f, "Postmaster", "admin@company.com");
    assert_recipient(&f, "postmaster@company.com", "admin@company.com");
    assert_recipient(&f, "postmaster@another.com", "admin@company.com");
    add_user(&f, "postmaster@another.com");
    assert_recipient(&f, "postmaster@another.com", "postmaster@another.com");

    assert_recipient(&f, "smith", "unknown");
    assert_recipient(&f, "\"smith\"@company.com", "smith@company.com");
    assert_recipient(&f, "\"s\\mith\"@company.com", "smith@company.com");
    assert_recipient(&f, "\"smith@x\"@company.com", "unknown");
    assert_recipient(&f, "\"smith\"x@company.com", "unknown");
    assert_recipient(&f, "\"smith", "unknown");
    assert_recipient(&f, "smith@[192.0.2.1]", "remote");
    assert_recipient(&f, "smith@", "remote");
    assert_recipient(&f, "@company.com", "unknown");
    assert_recipient(&f, "\xff@company.com", "unknown");
    assert_recipient(&f, "smith@\xff", "remote");

    assert_recipient(&f, "JOS\xC3\x89@company.com", "jos\xC3\xA9@company.com");
    assert_recipient(&f, "jose\xCC\x81@company.com", "jos\xC3\xA9@company.com");
    add_user(&f, "\xEA\xAE\x8B@company.com"); /* Cherokee, which folds to capitals */
    assert_recipient(&f, "\xE1\x8E\xBB@company.com", "\xEA\xAE\x8B@company.com");
    add_user(&f, "stra\xC3\x9F"
                 "e@company.com");
    assert_recipient(&f, "STRASSE@company.com",
                     "stra\xC3\x9F"
                     "e@company.com");
    g_autofree char *huge = g_strnfill(100000, 'x');
    assert_recipient(&f, huge, "unknown");

    assert_recipient(&f, "smith+lists@company.com", "smith@company.com");
    assert_recipient(&f, "smith+a+b@company.com", "smith@company.com");
    assert_recipient(&f, "a.b+c@company.com", "a.b+c@company.com");
    assert_recipient(&f, "+smith@company.com", "unknown");
    assert_recipient(&f, "smith-lists@company.com", "unknown");
    KxSettingChange change = {KX_SET_MAIL_SUBADDRESS, "-"};
    ASSERT_OK(kx_directory_set(f.directory, &ADMIN, &change, 1, error));
    assert_recipient(&f, "smith-lists@company.com", "smith@company.com");
    assert_recipient(&f, "smith+lists@company.com", "unknown");
    change.value = "";
    ASSERT_OK(kx_directory_set(f.directory, &ADMIN, &change, 1, error));
    assert_recipient(&f, "smith-lists@company.com", "unknown");
    fixture_clear(&f);
}

static void test_names(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    static const char *const GOOD[] = {"x", "o'brien", "a.b-c_d", "99", "z\xC3\xBCrich", "u+v"};
    for (guint i = 0; i < G_N_ELEMENTS(GOOD); i++) {
        g_autofree char *login = g_strdup_printf("%s@company.com", GOOD[i]);
        add_user(&f, login);
        assert_login(&f, login, NULL, login);
    }
    g_autofree char *longest = g_strnfill(64, 'l'), *longer = g_strnfill(65, 'l');
    add_user(&f, longest);
    const char *const BAD[] = {"",
                               "@company.com",
                               "../x",
                               "a/b",
                               "#public",
                               "~x",
                               "a b",
                               ".x",
                               "x.",
                               "a..b",
                               "a\tb",
                               "a*",
                               "a%",
                               "\"a b\"",
                               longer,
                               "x\xE2\x80\x8By",
                               "x\xEF\xBC\x8Fy",
                               "x\xE2\x80\xA6y",
                               "\xE1\x85\x9F",
                               "a\"b",
                               "a\\b",
                               "\xff",
                               "a,b"};
    for (guint i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, BAD[i], NULL, 0, &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    }
    ASSERT_FAILS(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "y@company.com",
                               FIELDS({"disabled", "perhaps"}), error),
                 KX_ERR_INVALID, "disabled: 'perhaps' is neither yes nor no");
    g_autoptr(GPtrArray) list = kx_user_list(f.directory, "company.com", NULL);
    g_assert_cmpuint(list->len, ==, G_N_ELEMENTS(GOOD) + 1);
    for (guint i = 1; i < list->len; i++)
        g_assert_cmpint(
            strcmp(((KxUser *)list->pdata[i - 1])->name, ((KxUser *)list->pdata[i])->name), <, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(kx_user_list(f.directory, "nowhere.com", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    fixture_clear(&f);
}

/* A removed account's successor must not look like it to anything that remembers id and generation.
 */
static void test_generations(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    for (guint round = 0; round < 4; round++) {
        add_user(&f, "x@company.com");
        g_autoptr(KxUser) fresh = kx_user_get(f.directory, "x", NULL);
        g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(fresh->generation)));
        ASSERT_OK(
            kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "x", FIELDS({"name", "X"}), error));
        g_autoptr(KxUser) changed = kx_user_get(f.directory, "x", NULL);
        g_assert_cmpint(changed->id, ==, fresh->id);
        g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(changed->generation)));
        if (round % 2)
            fixture_reopen(&f);
        g_autoptr(KxUser) again = kx_user_get(f.directory, "x", NULL);
        g_assert_cmpuint(again->generation, ==, changed->generation);
        ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, "x", error));
    }
    fixture_clear(&f);
}

/* Who comes after a removed user of the same name is somebody else: sessions compare ids. */
static void test_ids_are_never_used_twice(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    gint64 last = 0;
    for (guint i = 0; i < 3; i++) {
        add_user(&f, "smith@company.com");
        g_autoptr(KxUser) user = kx_user_get(f.directory, "smith@company.com", NULL);
        g_assert_cmpint(user->id, >, last);
        last = user->id;
        ASSERT_OK(
            kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com", error));
        fixture_reopen(&f);
    }
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/users/ids", test_ids_are_never_used_twice);
    g_test_add_func("/users/config-lines", test_config_lines);
    g_test_add_func("/users/domains-apart", test_domains_apart);
    g_test_add_func("/users/login", test_login);
    g_test_add_func("/users/addresses", test_addresses);
    g_test_add_func("/users/resolution", test_resolution);
    g_test_add_func("/users/names", test_names);
    g_test_add_func("/users/generations", test_generations);
    return g_test_run();
}
