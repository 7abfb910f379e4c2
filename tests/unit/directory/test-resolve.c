/* SPDX-License-Identifier: Apache-2.0 */
/* Where mail goes: aliases, groups, forwarding. */
#include "directory-test.h"

static void add_alias(Fixture *f, const char *name, const char *targets)
{
    ASSERT_OK(kx_object_add(f->directory, &ADMIN, KX_OBJECT_ALIAS, name,
                            FIELDS({"targets", targets}), error));
}

static void company(Fixture *f)
{
    static const char *const users[] = {"admin", "info", "jwayne", "wayne", "john.wayne", "time"};
    fixture_init(f);
    add_domain(f, "company.com");
    add_domain(f, "another.com");
    for (guint i = 0; i < G_N_ELEMENTS(users); i++) {
        g_autofree char *login = g_strdup_printf("%s@company.com", users[i]);
        add_user(f, login);
    }
}

/* covers: ALIAS-08, ALIAS-09, ALIAS-11 */
static void test_targets(void)
{
    Fixture f;
    company(&f);
    add_alias(&f, "jwayne@company.com", "info,jwayne");
    assert_recipient(&f, "JWayne@company.com", "info@company.com jwayne@company.com");
    add_alias(&f, "sales@company.com", "boss@elsewhere.test, admin@company.com");
    add_alias(&f, "shop@company.com", "sales");
    assert_recipient(&f, "shop@company.com", "admin@company.com boss@elsewhere.test");
    add_alias(&f, "all@another.com", "shop@company.com,info@company.com");
    assert_recipient(&f, "all@another.com",
                     "admin@company.com boss@elsewhere.test info@company.com");
    add_alias(&f, "board@company.com", "#public/Board/Minutes");
    g_autoptr(KxResolution) found = kx_resolve(f.directory, "board@company.com", FALSE);
    const KxDestination *folder = found->destinations->pdata[0];
    g_assert_cmpint(folder->kind, ==, KX_DEST_PUBLIC);
    g_assert_cmpstr(folder->address, ==, "Board/Minutes");
    g_assert_cmpstr(folder->domain, ==, "company.com");
    fixture_clear(&f);
}

/* An alias of an account's own name leads back to it, and its forwarding holds all the same. */
static void test_forwarding_behind_an_alias(void)
{
    Fixture f;
    company(&f);
    add_alias(&f, "jwayne@company.com", "jwayne,info");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "jwayne@company.com",
                            FIELDS({"forward", "out@elsewhere.test,time"}, {"forward-only", "yes"}),
                            error));
    assert_recipient(&f, "jwayne@company.com",
                     "info@company.com out@elsewhere.test time@company.com");
    /* Forwarding that leads back ends at the last mailbox, as ever. */
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "time@company.com",
                            FIELDS({"forward", "jwayne"}, {"forward-only", "yes"}), error));
    assert_recipient(&f, "jwayne@company.com",
                     "info@company.com out@elsewhere.test time@company.com");
    /* The same by a group that he is in. */
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_GROUP, "team@company.com",
                            FIELDS({"addresses", "team"}, {"members", "wayne"}), error));
    add_alias(&f, "wayne@company.com", "team");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "wayne@company.com",
                            FIELDS({"forward", "w@elsewhere.test"}, {"forward-only", "yes"}),
                            error));
    assert_recipient(&f, "wayne@company.com", "w@elsewhere.test");
    fixture_clear(&f);
}

/* covers: ALIAS-04, ALIAS-05, ALIAS-06 */
static void test_wildcards(void)
{
    Fixture f;
    company(&f);
    add_alias(&f, "*sms*@company.com", "admin");
    add_alias(&f, "a*00*@company.com", "info");
    add_alias(&f, "?ime@company.com", "wayne");
    assert_recipient(&f, "my.SMS.box@company.com", "admin@company.com");
    assert_recipient(&f, "a100x@company.com", "info@company.com");
    assert_recipient(&f, "asms00@company.com", "admin@company.com info@company.com");
    assert_recipient(&f, "dime@company.com", "wayne@company.com");
    assert_recipient(&f, "time@company.com", "time@company.com"); /* an account is itself */
    assert_recipient(&f, "ime@company.com", "unknown");
    assert_recipient(&f, "crime@company.com", "unknown");
    add_alias(&f, "*@company.com", "admin");
    assert_recipient(&f, "crime@company.com", "admin@company.com");
    assert_recipient(&f, "info@company.com", "info@company.com");
    assert_recipient(&f, "info+tag@company.com", "info@company.com");
    assert_recipient(&f, "dime@company.com", "wayne@company.com");
    /* "*" as a local part is no way to ask for the catch-all by name, but nobody's address. */
    assert_recipient(&f, "*@another.com", "unknown");
    fixture_clear(&f);
}

/* covers: ALIAS-10 */
static void test_loops(void)
{
    Fixture f;
    company(&f);
    add_alias(&f, "jwayne@company.com", "wayne");
    add_alias(&f, "wayne@company.com", "john.wayne");
    add_alias(&f, "john.wayne@company.com", "wayne");
    assert_recipient(&f, "jwayne@company.com", "john.wayne@company.com");
    add_alias(&f, "a@company.com", "b");
    add_alias(&f, "b@company.com", "a");
    assert_recipient(&f, "a@company.com", "unknown");
    add_alias(&f, "c@company.com", "a,info");
    assert_recipient(&f, "c@company.com", "info@company.com");
    /* Two ways to one name are no loop. */
    add_alias(&f, "left@company.com", "below");
    add_alias(&f, "right@company.com", "below");
    add_alias(&f, "below@company.com", "admin");
    add_alias(&f, "top@company.com", "left,right");
    assert_recipient(&f, "top@company.com", "admin@company.com");
    fixture_clear(&f);
}

/* A chain as long as somebody likes ends, and costs nothing. */
static void test_depth(void)
{
    Fixture f;
    company(&f);
    for (guint i = 0; i < 60; i++) {
        g_autofree char *name = g_strdup_printf("step%u@company.com", i);
        g_autofree char *next = i < 59 ? g_strdup_printf("step%u", i + 1) : g_strdup("admin");
        add_alias(&f, name, next);
    }
    assert_recipient(&f, "step20@company.com", "admin@company.com");
    assert_recipient(&f, "step0@company.com", "unknown");
    fixture_clear(&f);
}

/* covers: GRP-06, GRP-07 */
static void test_groups(void)
{
    Fixture f;
    company(&f);
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_GROUP, "Office@company.com",
                            FIELDS({"addresses", "office"}, {"members", "INFO,wayne"}), error));
    assert_last_line("config", "Admin - insert Group set Name='Office', Domain='company.com', "
                               "Addresses='office', Members='INFO,wayne'");
    assert_recipient(&f, "office@company.com", "info@company.com wayne@company.com");
    ASSERT_FAILS(
        kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "office@company.com", NULL, 0, error),
        KX_ERR_EXISTS, "the address 'office@company.com' belongs to the group 'Office' already");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "admin@company.com",
                            FIELDS({"groups", "office"}), error));
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "wayne@company.com",
                            FIELDS({"disabled", "yes"}), error));
    assert_recipient(&f, "office@company.com", "admin@company.com info@company.com");
    KxChange rename = {
        KX_CHANGE_RENAME, KX_OBJECT_GROUP, "office@company.com", "Bureau", NULL, 0, 0};
    ASSERT_OK(kx_object_change(f.directory, &ADMIN, &rename, 1, NULL, error));
    for (guint round = 0; round < 2; round++) {
        g_autoptr(KxGroup) group = kx_group_get(f.directory, "bureau@company.com", NULL);
        g_autofree char *members = g_strjoinv(",", group->members);
        g_assert_cmpstr(members, ==, "admin,info,wayne");
        assert_recipient(&f, "office@company.com", "admin@company.com info@company.com");
        fixture_reopen(&f);
    }
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_GROUP, "Bureau@company.com",
                            FIELDS({"members", "time"}), error));
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, "info@company.com", error));
    assert_recipient(&f, "office@company.com", "time@company.com");
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_GROUP, "Bureau@company.com", error));
    g_autoptr(KxUser) user = kx_user_get(f.directory, "time@company.com", NULL);
    g_assert_cmpuint(g_strv_length(user->groups), ==, 0);
    assert_recipient(&f, "office@company.com", "unknown");
    fixture_clear(&f);
}

/* covers: USR-23 */
static void test_forward(void)
{
    Fixture f;
    company(&f);
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "info@company.com",
                            FIELDS({"forward", "me@elsewhere.test,wayne"}), error));
    assert_recipient(&f, "info@company.com",
                     "info@company.com me@elsewhere.test wayne@company.com");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "info@company.com",
                            FIELDS({"forward-only", "yes"}), error));
    assert_recipient(&f, "info@company.com", "me@elsewhere.test wayne@company.com");
    /* There and back again: nobody's mail is lost. */
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "wayne@company.com",
                            FIELDS({"forward", "info"}, {"forward-only", "yes"}), error));
    assert_recipient(&f, "info@company.com", "me@elsewhere.test wayne@company.com");
    fixture_clear(&f);
}

/* covers: ALIAS-03 */
static void test_alias_names(void)
{
    Fixture f;
    company(&f);
    static const char *const BAD[] = {"a b", "ä", "a/b", "a+b", "", "a@b", "#x"};
    for (guint i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autofree char *name = g_strdup_printf("%s@company.com", BAD[i]);
        g_autoptr(GError) error = NULL;
        g_assert_false(kx_object_add(f.directory, &ADMIN, KX_OBJECT_ALIAS, name,
                                     FIELDS({"targets", "admin"}), &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    }
    add_alias(&f, "A-z_0.9?*@company.com", "admin");
    ASSERT_FAILS(
        kx_object_add(f.directory, &ADMIN, KX_OBJECT_ALIAS, "x@company.com", NULL, 0, error),
        KX_ERR_INVALID, "the alias 'x' leads nowhere: give it a target");
    ASSERT_FAILS(kx_object_add(f.directory, &ADMIN, KX_OBJECT_ALIAS, "x@company.com",
                               FIELDS({"targets", "#public/"}), error),
                 KX_ERR_INVALID, "targets: '#public/' is not a public folder (#public/Folder)");
    ASSERT_FAILS(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_ALIAS, "y@company.com", error),
                 KX_ERR_NOT_FOUND, "there is no alias 'y@company.com'");
    fixture_clear(&f);
}

/* covers: DOM-31, DOM-32, DOM-34 */
static void test_forward_host(void)
{
    Fixture f;
    company(&f);
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                            FIELDS({"forward-host", "Mail.HQ.test"}, {"aliases", "ldn.test"}),
                            error));
    add_alias(&f, "sales@company.com", "info, chief, boss@ldn.test");
    assert_recipient(&f, "wayne@ldn.test", "wayne@company.com");
    assert_recipient(&f, "Chief@company.com", "Chief@company.com");
    assert_recipient(&f, "a+b@company.com", "a+b@company.com");
    assert_recipient(&f, "\"a \\\"*\"@company.com", "\"a \\\"*\"@company.com");
    assert_recipient(&f, "chief@ldn.test", "unknown");
    assert_recipient(&f, "sales@ldn.test", "chief@company.com info@company.com");
    assert_recipient(&f, "boss@another.com", "unknown");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                            FIELDS({"forward-aliases", "yes"}), error));
    assert_recipient(&f, "chief@ldn.test", "chief@company.com");
    add_alias(&f, "*@company.com", "admin");
    assert_recipient(&f, "chief@company.com", "admin@company.com");
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                               FIELDS({"forward-mode", "daily"}), error),
                 KX_ERR_INVALID, "forward-mode: 'daily' is not one of online, etrn, schedule");
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                               FIELDS({"forward-port", "65536"}), error),
                 KX_ERR_INVALID,
                 "forward-port: '65536' is not a port from 1 to 65535, or 0 for the usual one");
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resolve/forwarding-behind-alias", test_forwarding_behind_an_alias);
    g_test_add_func("/resolve/targets", test_targets);
    g_test_add_func("/resolve/wildcards", test_wildcards);
    g_test_add_func("/resolve/loops", test_loops);
    g_test_add_func("/resolve/depth", test_depth);
    g_test_add_func("/resolve/groups", test_groups);
    g_test_add_func("/resolve/forward", test_forward);
    g_test_add_func("/resolve/forward-host", test_forward_host);
    g_test_add_func("/resolve/alias-names", test_alias_names);
    return g_test_run();
}
