/* SPDX-License-Identifier: Apache-2.0 */
/* Hints of who shares folders with whom. */
#include "directory-test.h"

#define SMITH "smith@company.com"
#define JONES "jones@company.com"
#define ALL   "@company.com"

static void company(Fixture *f)
{
    fixture_init(f);
    add_domain(f, "company.com");
    add_user(f, SMITH);
    add_user(f, JONES);
    add_user(f, "wayne@company.com");
}

static void assert_owners(Fixture *f, const char *identifier, const char *wanted)
{
    g_autoptr(GPtrArray) owners = kx_shares_owners(f->directory, identifier);
    g_ptr_array_add(owners, NULL);
    g_autofree char *got = g_strjoinv(" ", (char **)owners->pdata);
    g_assert_cmpstr(got, ==, wanted);
}

static void share(Fixture *f, const char *owner, const char *identifier)
{
    ASSERT_OK(kx_shares_add(f->directory, owner, identifier, error));
}

static void test_added_and_removed(void)
{
    Fixture f;
    company(&f);
    assert_owners(&f, SMITH, "");
    share(&f, "wayne@company.com", SMITH);
    share(&f, JONES, SMITH);
    share(&f, JONES, SMITH);
    share(&f, JONES, ALL);
    for (guint round = 0; round < 2; round++) {
        assert_owners(&f, SMITH, JONES " wayne@company.com");
        assert_owners(&f, ALL, JONES);
        g_assert_true(kx_shares_has(f.directory, JONES, SMITH));
        g_assert_false(kx_shares_has(f.directory, SMITH, JONES));
        fixture_reopen(&f);
    }
    ASSERT_OK(kx_shares_remove(f.directory, JONES, SMITH, error));
    ASSERT_OK(kx_shares_remove(f.directory, JONES, SMITH, error));
    for (guint round = 0; round < 2; round++) {
        assert_owners(&f, SMITH, "wayne@company.com");
        assert_owners(&f, ALL, JONES);
        fixture_reopen(&f);
    }
    fixture_clear(&f);
}

static void test_a_removed_user_is_forgotten(void)
{
    Fixture f;
    company(&f);
    share(&f, JONES, SMITH);
    share(&f, SMITH, JONES);
    share(&f, SMITH, ALL);
    share(&f, JONES, ALL);
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, SMITH, error));
    for (guint round = 0; round < 2; round++) {
        assert_owners(&f, SMITH, "");
        assert_owners(&f, JONES, "");
        assert_owners(&f, ALL, JONES);
        fixture_reopen(&f);
    }
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/directory/shares/added-and-removed", test_added_and_removed);
    g_test_add_func("/directory/shares/removed-user", test_a_removed_user_is_forgotten);
    return g_test_run();
}
