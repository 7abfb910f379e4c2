/* SPDX-License-Identifier: Apache-2.0 */
/* Domains: primary, aliases, binding, removal, and what survives a restart. */
#include "directory-test.h"

static void assert_primary(Fixture *f, const char *wanted)
{
    g_autoptr(GPtrArray) list = kx_domain_list(f->directory);
    guint primaries = 0;
    for (guint i = 0; i < list->len; i++) {
        const KxDomain *domain = list->pdata[i];
        primaries += (guint)domain->primary;
        if (domain->primary)
            g_assert_cmpstr(domain->name, ==, wanted);
    }
    g_assert_cmpuint(primaries, ==, 1);
}

/* covers: DOM-07 INST-40 */
static void test_primary(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    assert_last_line("config", "Admin - insert Domain set Name='company.com', Primary='1'");
    assert_primary(&f, "company.com");
    add_domain(&f, "another.com");
    assert_last_line("config", "Admin - insert Domain set Name='another.com'");
    assert_primary(&f, "company.com");
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                               FIELDS({"primary", "no"}), error),
                 KX_ERR_INVALID, "primary: there must be one; make another domain primary instead");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com",
                            FIELDS({"primary", "yes"}), error));
    assert_last_line("config", "Admin - update Domain set Name='another.com', Primary='1'");
    assert_primary(&f, "another.com");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com",
                            FIELDS({"description", "x"}), error));
    assert_primary(&f, "another.com");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "third.com",
                            FIELDS({"primary", "yes"}), error));
    assert_primary(&f, "third.com");
    fixture_reopen(&f);
    assert_primary(&f, "third.com");
    fixture_clear(&f);
}

/* covers: DOM-12 */
static void test_remove(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com",
                            FIELDS({"aliases", "alias.com"}), error));
    add_user(&f, "tjones@another.com");
    ASSERT_FAILS(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com", error),
                 KX_ERR_IN_USE,
                 "'company.com' is the primary domain; make another domain primary first");
    ASSERT_FAILS(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com", error),
                 KX_ERR_IN_USE, "the domain 'another.com' has 1 user; remove them first");
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, "tjones@another.com", error));
    ASSERT_FAILS(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com", error),
                 KX_ERR_IN_USE,
                 "the domain 'another.com' has aliases (alias.com, ...); remove them first");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com",
                            FIELDS({"aliases", NULL}), error));
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com", error));
    assert_last_line("config", "Admin - delete Domain set Name='another.com'");
    ASSERT_FAILS(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com", error),
                 KX_ERR_NOT_FOUND, "there is no domain 'another.com'");
    assert_recipient(&f, "tjones@another.com", "remote");
    assert_recipient(&f, "tjones@alias.com", "remote");
    fixture_clear(&f);
}

/* covers: DOM-20 */
static void test_aliases(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    add_user(&f, "wsmith@company.com");
    assert_recipient(&f, "wsmith@old-company.com", "remote");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                            FIELDS({"aliases", "Old-Company.com, b\xC3\xBC"
                                               "cher.example"}),
                            error));
    assert_last_line("config", "Admin - update Domain set Name='company.com', "
                               "Aliases='old-company.com,xn--bcher-kva.example'");
    assert_recipient(&f, "WSmith@OLD-company.com", "wsmith@company.com");
    assert_recipient(&f,
                     "wsmith@B\xC3\x9C"
                     "CHER.example",
                     "wsmith@company.com");
    assert_recipient(&f, "wsmith@xn--bcher-kva.example", "wsmith@company.com");
    assert_recipient(&f, "nobody@old-company.com", "unknown");
    assert_recipient(&f, "wsmith@sub.old-company.com", "remote");

    ASSERT_FAILS(
        kx_object_add(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "old-company.com", NULL, 0, error),
        KX_ERR_EXISTS, "'old-company.com' is already an alias of the domain 'company.com'");
    add_domain(&f, "another.com");
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com",
                               FIELDS({"aliases", "old-company.com"}), error),
                 KX_ERR_EXISTS,
                 "'old-company.com' is already an alias of the domain 'company.com'");
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com",
                               FIELDS({"aliases", "company.com"}), error),
                 KX_ERR_EXISTS, "there is a domain 'company.com' already");
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "another.com",
                               FIELDS({"aliases", "another.com"}), error),
                 KX_ERR_INVALID, "aliases: 'another.com' is the domain itself");
    fixture_reopen(&f);
    assert_recipient(&f, "wsmith@old-company.com", "wsmith@company.com");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                            FIELDS({"aliases", "new.com"}), error));
    assert_recipient(&f, "wsmith@old-company.com", "remote");
    assert_recipient(&f, "wsmith@new.com", "wsmith@company.com");
    fixture_clear(&f);
}

/* covers: DOM-27 */
static void test_bound_ip(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    add_domain(&f, "anothercompany.com");
    add_user(&f, "smith@company.com");
    add_user(&f, "smith@anothercompany.com");
    add_user(&f, "jones@company.com");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "anothercompany.com",
                            FIELDS({"bound-ip", "192.168.2.10"}), error));
    for (guint round = 0; round < 2; round++) {
        assert_login(&f, "smith", "192.168.2.10", "smith@anothercompany.com");
        assert_login(&f, "smith", "::ffff:192.168.2.10", "smith@anothercompany.com");
        assert_login(&f, "smith", "192.168.1.10", "smith@company.com");
        assert_login(&f, "smith", NULL, "smith@company.com");
        /* There, users of the primary domain need their full address, which works everywhere. */
        assert_login(&f, "jones", "192.168.2.10", "nobody");
        assert_login(&f, "jones@company.com", "192.168.2.10", "jones@company.com");
        assert_login(&f, "smith@anothercompany.com", "192.168.1.10", "smith@anothercompany.com");
        fixture_reopen(&f);
    }
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                               FIELDS({"bound-ip", "192.168.2.10"}), error),
                 KX_ERR_EXISTS,
                 "bound-ip: 192.168.2.10 is already bound to the domain 'anothercompany.com'");
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                               FIELDS({"bound-ip", "mail"}), error),
                 KX_ERR_INVALID, "bound-ip: 'mail' is not an IPv4 or IPv6 address");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "anothercompany.com",
                            FIELDS({"bound-ip", ""}), error));
    assert_login(&f, "smith", "192.168.2.10", "smith@company.com");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                            FIELDS({"bound-ip", "2001:DB8:0:0::1"}), error));
    g_autoptr(KxDomain) domain = kx_domain_get(f.directory, "company.com", NULL);
    g_assert_cmpstr(domain->bound_ip, ==, "2001:db8::1");
    fixture_clear(&f);
}

/* covers: DOM-01 */
static void test_many(void)
{
    Fixture f;
    fixture_init(&f);
    for (guint i = 0; i < 30; i++) {
        g_autofree char *name = g_strdup_printf("domain%02u.example", i);
        g_autofree char *text = g_strdup_printf("number %u", i);
        ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_DOMAIN, name,
                                FIELDS({"description", text}), error));
    }
    fixture_reopen(&f);
    g_autoptr(GPtrArray) list = kx_domain_list(f.directory);
    g_assert_cmpuint(list->len, ==, 30);
    for (guint i = 0; i < list->len; i++) {
        const KxDomain *domain = list->pdata[i];
        g_autofree char *name = g_strdup_printf("domain%02u.example", i);
        g_autofree char *text = g_strdup_printf("number %u", i);
        g_assert_cmpstr(domain->name, ==, name);
        g_assert_cmpstr(domain->description, ==, text);
        g_assert_cmpint(domain->primary, ==, i == 0);
    }
    fixture_clear(&f);
}

static void test_names(void)
{
    Fixture f;
    fixture_init(&f);
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_DOMAIN,
                            "B\xC3\xBC"
                            "cher.Example",
                            NULL, 0, error));
    g_autoptr(KxDomain) domain = kx_domain_get(f.directory, "XN--BCHER-KVA.example", NULL);
    g_assert_cmpstr(domain->name, ==, "xn--bcher-kva.example");
    ASSERT_FAILS(kx_object_add(f.directory, &ADMIN, KX_OBJECT_DOMAIN,
                               "b\xC3\xBC"
                               "cher.example",
                               NULL, 0, error),
                 KX_ERR_EXISTS, "there is a domain 'xn--bcher-kva.example' already");
    static const char *const BAD[] = {"",       ".",       "a b",  "../etc",  "a/b", "company.com.",
                                      "-x.com", "1.2.3.4", "a..b", "\xff.com"};
    for (guint i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(
            kx_object_add(f.directory, &ADMIN, KX_OBJECT_DOMAIN, BAD[i], NULL, 0, &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    }
    ASSERT_FAILS(kx_object_add(f.directory, &ADMIN, KX_OBJECT_ALIAS, "x@x.com",
                               FIELDS({"colour", "red"}), error),
                 KX_ERR_INVALID, "unknown field 'colour'; known are: description, targets");
    ASSERT_FAILS(kx_object_add(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "x.com",
                               FIELDS({"description", "a"}, {"description", "b"}), error),
                 KX_ERR_INVALID, "description is given twice");
    ASSERT_FAILS(kx_object_add(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "x.com",
                               FIELDS({"description", "a\nb"}), error),
                 KX_ERR_INVALID, "description: the text may not contain control characters");
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domains/primary", test_primary);
    g_test_add_func("/domains/remove", test_remove);
    g_test_add_func("/domains/aliases", test_aliases);
    g_test_add_func("/domains/bound-ip", test_bound_ip);
    g_test_add_func("/domains/many", test_many);
    g_test_add_func("/domains/names", test_names);
    return g_test_run();
}
