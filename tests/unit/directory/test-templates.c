/* SPDX-License-Identifier: Apache-2.0 */
/* Templates for accounts, and how many users a domain may have. */
#include "directory-test.h"

static void company(Fixture *f)
{
    fixture_init(f);
    add_domain(f, "company.com");
    add_domain(f, "another.com");
    ASSERT_OK(
        kx_object_add(f->directory, &ADMIN, KX_OBJECT_GROUP, "staff@company.com", NULL, 0, error));
    ASSERT_OK(kx_object_add(f->directory, &ADMIN, KX_OBJECT_TEMPLATE, "Staff",
                            FIELDS({"domain", "COMPANY.com"}, {"groups", "STAFF"}, {"quota", "1G"},
                                   {"description", "of the company"}, {"disabled", "yes"},
                                   {"imap-full-listing", "no"}),
                            error));
}

static gboolean add_by(Fixture *f, const KxAdmin *admin, const char *login, const char *template,
                       const KxField *fields, guint n, GError **error)
{
    const KxChange change = {KX_CHANGE_ADD, KX_OBJECT_USER, login, NULL, fields, n, 0, template};
    return kx_object_change(f->directory, admin, &change, 1, NULL, error);
}

static KxTemplate *get(Fixture *f, const char *name)
{
    return (KxTemplate *)(void *)kx_object_get(f->directory, KX_OBJECT_TEMPLATE, name, NULL);
}

/* covers: USR-62, USR-64, USR-66 */
static void test_use(void)
{
    Fixture f;
    company(&f);
    ASSERT_OK(add_by(&f, &ADMIN, "smith@company.com", "staff",
                     FIELDS({"quota", "0"}, {"name", "Smith"}), error));
    assert_last_line("config",
                     "Admin - insert User set Name='smith', Domain='company.com', "
                     "Account_enabled='0', Full_name='Smith', Description='of the company', "
                     "Groups='staff', Quota='0', Imap_full_listing='no'");
    for (guint round = 0; round < 2; round++) {
        g_autoptr(KxUser) user = kx_user_get(f.directory, "smith@company.com", NULL);
        g_assert_cmpstr(user->description, ==, "of the company");
        g_assert_cmpstr(user->groups[0], ==, "staff");
        g_assert_cmpint(user->full_listing, ==, KX_OVERRIDE_NO);
        g_assert_cmpuint(user->quota, ==, 0); /* what is given counts more */
        g_assert_true(user->disabled);
        fixture_reopen(&f);
    }
    /* A later change of the template is none of the account. */
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_TEMPLATE, "staff",
                            FIELDS({"description", "x"}), error));
    g_autoptr(KxUser) user = kx_user_get(f.directory, "smith@company.com", NULL);
    g_assert_cmpstr(user->description, ==, "of the company");
    fixture_clear(&f);
}

/* covers: USR-65, USR-67 */
static void test_domains(void)
{
    Fixture f;
    company(&f);
    ASSERT_FAILS(add_by(&f, &ADMIN, "x@another.com", "Staff", NULL, 0, error), KX_ERR_INVALID,
                 "the template 'Staff' is for the domain 'company.com' only");
    ASSERT_FAILS(add_by(&f, &ADMIN, "x@another.com", "Other", NULL, 0, error), KX_ERR_NOT_FOUND,
                 "there is no template 'Other'");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_TEMPLATE, "General",
                            FIELDS({"quota", "5M"}, {"groups", "staff"}), error));
    ASSERT_OK(add_by(&f, &ADMIN, "x@company.com", "General", NULL, 0, error));
    ASSERT_FAILS(add_by(&f, &ADMIN, "x@another.com", "General", NULL, 0, error), KX_ERR_INVALID,
                 "groups: there is no group 'staff@another.com'");
    ASSERT_FAILS(kx_object_add(f.directory, &ADMIN, KX_OBJECT_TEMPLATE, "staff", NULL, 0, error),
                 KX_ERR_EXISTS, "there is a template 'Staff' already");
    ASSERT_FAILS(kx_object_add(f.directory, &ADMIN, KX_OBJECT_TEMPLATE, "T",
                               FIELDS({"domain", "nowhere.com"}), error),
                 KX_ERR_NOT_FOUND, "domain: there is no domain 'nowhere.com'");
    ASSERT_FAILS(kx_object_add(f.directory, &ADMIN, KX_OBJECT_TEMPLATE, "T",
                               FIELDS({"domain", "company.com"}, {"groups", "staff,nobody"}),
                               error),
                 KX_ERR_INVALID, "groups: there is no group 'nobody@company.com'");
    fixture_clear(&f);
}

/* What a template names goes or is renamed. */
static void test_references(void)
{
    Fixture f;
    company(&f);
    const KxChange rename = {
        KX_CHANGE_RENAME, KX_OBJECT_GROUP, "staff@company.com", "people", NULL, 0, 0, NULL};
    ASSERT_OK(kx_object_change(f.directory, &ADMIN, &rename, 1, NULL, error));
    KxTemplate *template = get(&f, "Staff");
    g_assert_cmpstr(template->account.groups[0], ==, "people");
    kx_object_free(KX_OBJECT_TEMPLATE, &template->record);
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_GROUP, "people@company.com", error));
    template = get(&f, "Staff");
    g_assert_null(template->account.groups[0]);
    kx_object_free(KX_OBJECT_TEMPLATE, &template->record);
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com",
                            FIELDS({"primary", "yes"}), error));
    ASSERT_FAILS(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com", error),
                 KX_ERR_IN_USE,
                 "the template 'Staff' is for the domain 'company.com'; remove it first");
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_TEMPLATE, "Staff", error));
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com", error));
    fixture_clear(&f);
}

/* A template gives a domain administrator no rights that he has not. */
static void test_rights(void)
{
    Fixture f;
    const KxAdmin deputy = {"smith@company.com", KX_LEVEL_NONE, "company.com"};
    company(&f);
    ASSERT_OK(add_by(&f, &deputy, "a@company.com", "Staff", NULL, 0, error));
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_TEMPLATE, "Chiefs",
                            FIELDS({"admin", "full"}), error));
    g_autoptr(GError) error = NULL;
    g_assert_false(add_by(&f, &deputy, "b@company.com", "Chiefs", NULL, 0, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_DENIED);
    g_clear_error(&error);
    g_assert_false(kx_object_set(f.directory, &deputy, KX_OBJECT_TEMPLATE, "Staff",
                                 FIELDS({"quota", "0"}), &error));
    g_assert_error(error, KX_ERROR, KX_ERR_DENIED);
    fixture_clear(&f);
}

/* covers: DOM-06, WADM-12, HOST-59 */
static void test_user_limit(void)
{
    Fixture f;
    const KxAdmin deputy = {"smith@company.com", KX_LEVEL_NONE, "company.com"};
    static const char text[] = "the domain 'company.com' may have no more users than 2";
    company(&f);
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                            FIELDS({"user-limit", "2"}), error));
    add_user(&f, "a@company.com");
    add_user(&f, "a@another.com");
    const KxChange two[] = {{KX_CHANGE_ADD, KX_OBJECT_USER, "b@company.com"},
                            {KX_CHANGE_ADD, KX_OBJECT_USER, "c@company.com"}};
    ASSERT_FAILS(kx_object_change(f.directory, &ADMIN, two, 2, NULL, error), KX_ERR_OVERQUOTA,
                 text);
    fixture_reopen(&f);
    ASSERT_OK(kx_object_change(f.directory, &deputy, two, 1, NULL, error));
    ASSERT_FAILS(kx_object_change(f.directory, &deputy, two + 1, 1, NULL, error), KX_ERR_OVERQUOTA,
                 text);
    ASSERT_FAILS(kx_object_change(f.directory, &ADMIN, two + 1, 1, NULL, error), KX_ERR_OVERQUOTA,
                 text);
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                            FIELDS({"user-limit", "1"}), error)); /* nobody is removed */
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, "a@company.com", error));
    ASSERT_FAILS(
        kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "a@company.com", NULL, 0, error),
        KX_ERR_OVERQUOTA, "the domain 'company.com' may have no more users than 1");
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/templates/use", test_use);
    g_test_add_func("/templates/domains", test_domains);
    g_test_add_func("/templates/references", test_references);
    g_test_add_func("/templates/rights", test_rights);
    g_test_add_func("/templates/user-limit", test_user_limit);
    return g_test_run();
}
