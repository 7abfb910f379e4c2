/* SPDX-License-Identifier: Apache-2.0 */
/* Several changes as one, and who may make them. */
#include "directory-test.h"
#include "directory/rights.h"

static void company(Fixture *f)
{
    fixture_init(f);
    add_domain(f, "company.com");
    add_domain(f, "another.com");
    add_user(f, "admin@company.com");
    add_user(f, "smith@company.com");
}

static guint count(Fixture *f, KxObject object)
{
    g_autoptr(GPtrArray) all = kx_object_list(f->directory, object, &(KxQuery){0}, NULL, NULL);
    return all->len;
}

static void test_all_or_none(void)
{
    Fixture f;
    company(&f);
    const KxField address = {"addresses", "one"}, name = {"name", "New"},
                  group = {"members", "smith"}, primary = {"primary", "yes"},
                  password = {"password", "new"};
    const KxChange changes[] = {
        {KX_CHANGE_ADD, KX_OBJECT_USER, "one.a@company.com", NULL, &address, 1, 0},
        {KX_CHANGE_SET, KX_OBJECT_USER, "smith@company.com", NULL, &name, 1, 0},
        {KX_CHANGE_SET, KX_OBJECT_USER, "smith@company.com", NULL, &password, 1, 0},
        {KX_CHANGE_ADD, KX_OBJECT_GROUP, "sales@company.com", NULL, &group, 1, 0},
        {KX_CHANGE_RENAME, KX_OBJECT_GROUP, "sales@company.com", "Shop", NULL, 0, 0},
        {KX_CHANGE_SET, KX_OBJECT_DOMAIN, "another.com", NULL, &primary, 1, 0},
        {KX_CHANGE_REMOVE, KX_OBJECT_USER, "admin@company.com", NULL, NULL, 0, 0},
        {KX_CHANGE_ADD, KX_OBJECT_USER, "one@company.com", NULL, NULL, 0, 0}, /* taken */
    };
    guint failed = 99;
    g_autofree char *before = last_line("config");
    ASSERT_FAILS(
        kx_object_change(f.directory, &ADMIN, changes, G_N_ELEMENTS(changes), &failed, error),
        KX_ERR_EXISTS, "the address 'one@company.com' belongs to the user 'one.a' already");
    g_assert_cmpuint(failed, ==, G_N_ELEMENTS(changes) - 1);
    assert_last_line("config", before);
    for (guint round = 0; round < 2; round++) {
        g_assert_cmpuint(count(&f, KX_OBJECT_USER), ==, 2);
        g_assert_cmpuint(count(&f, KX_OBJECT_GROUP), ==, 0);
        g_autoptr(KxUser) smith = kx_user_get(f.directory, "smith@company.com", NULL);
        g_assert_cmpstr(smith->full_name, ==, "");
        g_assert_cmpuint(g_strv_length(smith->groups), ==, 0);
        g_autofree char *domain = kx_domain_primary(f.directory);
        g_assert_cmpstr(domain, ==, "company.com");
        assert_recipient(&f, "one@company.com", "unknown");
        g_autoptr(KxUser) nobody = NULL;
        const char *reason;
        g_assert_cmpint(kx_auth_password(f.directory, "smith", "new", NULL, NULL, &nobody, &reason),
                        ==, KX_AUTH_FAILED);
        fixture_reopen(&f);
    }
    ASSERT_OK(
        kx_object_change(f.directory, &ADMIN, changes, G_N_ELEMENTS(changes) - 1, NULL, error));
    for (guint round = 0; round < 2; round++) {
        g_autoptr(KxGroup) shop = kx_group_get(f.directory, "shop@company.com", NULL);
        g_assert_cmpstr(shop->members[0], ==, "smith");
        g_assert_cmpuint(count(&f, KX_OBJECT_USER), ==, 2);
        fixture_reopen(&f);
    }
    fixture_clear(&f);
}

static void test_generation(void)
{
    Fixture f;
    company(&f);
    g_autoptr(KxUser) seen = kx_user_get(f.directory, "smith@company.com", NULL);
    const KxField name = {"name", "Winston"};
    const KxChange change = {KX_CHANGE_SET,   KX_OBJECT_USER, "smith@company.com", NULL, &name, 1,
                             seen->generation};
    ASSERT_OK(kx_object_change(f.directory, &ADMIN, &change, 1, NULL, error));
    ASSERT_FAILS(kx_object_change(f.directory, &ADMIN, &change, 1, NULL, error), KX_ERR_CONFLICT,
                 "the user 'smith' was changed meanwhile; look at it again");
    fixture_clear(&f);
}

/* covers: USR-25, USR-26, GRP-08, GRP-09, GRP-10 */
static void test_rights(void)
{
    Fixture f;
    company(&f);
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_GROUP, "staff@company.com",
                            FIELDS({"admin", "read"}, {"web-admin", "yes"}), error));
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                            FIELDS({"public-folders", "yes"}), error));
    g_assert_cmpint(kx_rights_get(f.directory, "smith@company.com").admin, ==, KX_LEVEL_NONE);
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                            FIELDS({"groups", "staff"}), error));
    KxAdminRights rights = kx_rights_get(f.directory, "smith@company.com");
    g_assert_cmpint(rights.admin, ==, KX_LEVEL_READ);
    g_assert_true(rights.web_admin && rights.public_folders);
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                            FIELDS({"admin", "full"}), error));
    g_assert_cmpint(kx_rights_get(f.directory, "smith@company.com").admin, ==, KX_LEVEL_FULL);
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "other@company.com",
                            FIELDS({"admin", "full"}), error));
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                            FIELDS({"disabled", "yes"}), error));
    g_assert_cmpint(kx_rights_get(f.directory, "smith@company.com").admin, ==, KX_LEVEL_NONE);
    fixture_clear(&f);
}

/* covers: USR-07 */
static void test_last_administrator(void)
{
    Fixture f;
    static const char wanted[] = "nobody would be left with full administration rights; give them "
                                 "to another user first";
    company(&f);
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "admin@company.com",
                            FIELDS({"admin", "full"}), error));
    ASSERT_FAILS(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, "admin@company.com", error),
                 KX_ERR_IN_USE, wanted);
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "admin@company.com",
                               FIELDS({"disabled", "yes"}), error),
                 KX_ERR_IN_USE, wanted);
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_GROUP, "chiefs@company.com",
                            FIELDS({"admin", "full"}, {"members", "smith"}), error));
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, "admin@company.com", error));
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_GROUP, "chiefs@company.com",
                               FIELDS({"members", NULL}), error),
                 KX_ERR_IN_USE, wanted);
    ASSERT_FAILS(
        kx_object_remove(f.directory, &ADMIN, KX_OBJECT_GROUP, "chiefs@company.com", error),
        KX_ERR_IN_USE, wanted);
    g_assert_cmpint(kx_rights_get(f.directory, "smith@company.com").admin, ==, KX_LEVEL_FULL);
    fixture_clear(&f);
}

/* covers: WADM-04, WADM-08 */
static void test_domain_administrator(void)
{
    Fixture f;
    const KxAdmin deputy = {"smith@company.com", KX_LEVEL_NONE, "company.com"};
    company(&f);
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "admin@company.com",
                            FIELDS({"admin", "full"}), error));
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_GROUP, "chiefs@company.com",
                            FIELDS({"admin", "read"}), error));
    ASSERT_OK(kx_object_add(f.directory, &deputy, KX_OBJECT_USER, "new@company.com",
                            FIELDS({"name", "New"}, {"quota", "1G"}), error));
    ASSERT_OK(kx_object_add(f.directory, &deputy, KX_OBJECT_ALIAS, "x@company.com",
                            FIELDS({"targets", "new"}), error));
    static const struct {
        KxObject object;
        const char *name;
        KxField field;
    } BAD[] = {
        {KX_OBJECT_USER, "new@another.com", {"name", "x"}},        /* another domain */
        {KX_OBJECT_USER, "two@company.com", {"admin", "read"}},    /* rights */
        {KX_OBJECT_USER, "two@company.com", {"groups", "chiefs"}}, /* the same by a group */
        {KX_OBJECT_GROUP, "two@company.com", {"admin", "full"}},
        {KX_OBJECT_DOMAIN, "third.com", {"description", "x"}},
        {KX_OBJECT_IP_GROUP, "two", {"description", "x"}},
    };
    for (guint i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(kx_object_add(f.directory, &deputy, BAD[i].object, BAD[i].name,
                                     &BAD[i].field, 1, &error));
        g_assert_error(error, KX_ERROR, KX_ERR_DENIED);
    }
    ASSERT_FAILS(kx_object_set(f.directory, &deputy, KX_OBJECT_USER, "admin@company.com",
                               FIELDS({"password", "mine now"}), error),
                 KX_ERR_DENIED,
                 "smith@company.com has no right to do this: it takes full administration rights, "
                 "for it is about rights to the server");
    ASSERT_FAILS(kx_object_set(f.directory, &deputy, KX_OBJECT_GROUP, "chiefs@company.com",
                               FIELDS({"members", "smith"}), error),
                 KX_ERR_DENIED,
                 "smith@company.com has no right to do this: it takes full administration rights, "
                 "for it is about rights to the server");
    fixture_clear(&f);
}

/* covers: USR-04, GRP-02 */
static void test_search(void)
{
    Fixture f;
    company(&f);
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "zeta@another.com",
                            FIELDS({"name", "Jörg SMITHson"}, {"addresses", "j.z"}), error));
    guint total = 0;
    g_autoptr(GPtrArray) smiths =
        kx_object_list(f.directory, KX_OBJECT_USER, &(KxQuery){.search = "Smith"}, &total, NULL);
    g_assert_cmpuint(smiths->len, ==, 2);
    g_assert_cmpuint(total, ==, 2);
    g_autoptr(GPtrArray) page = kx_object_list(f.directory, KX_OBJECT_USER,
                                               &(KxQuery){.offset = 1, .limit = 1}, &total, NULL);
    g_assert_cmpuint(total, ==, 3);
    g_assert_cmpuint(page->len, ==, 1);
    g_assert_cmpstr(((KxUser *)page->pdata[0])->name, ==, "admin"); /* another.com comes first */
    g_autoptr(GPtrArray) none = kx_object_list(f.directory, KX_OBJECT_USER,
                                               &(KxQuery){.offset = 9, .limit = 1}, &total, NULL);
    g_assert_cmpuint(none->len, ==, 0);
    g_autoptr(GPtrArray) address =
        kx_object_list(f.directory, KX_OBJECT_USER, &(KxQuery){.search = "j.Z"}, &total, NULL);
    g_assert_cmpuint(address->len, ==, 1);
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/changes/all-or-none", test_all_or_none);
    g_test_add_func("/changes/generation", test_generation);
    g_test_add_func("/changes/rights", test_rights);
    g_test_add_func("/changes/last-administrator", test_last_administrator);
    g_test_add_func("/changes/domain-administrator", test_domain_administrator);
    g_test_add_func("/changes/search", test_search);
    return g_test_run();
}
