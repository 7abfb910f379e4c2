/* SPDX-License-Identifier: Apache-2.0 */
/* What entries of directories of each type say of users and groups. */
#include "directory/kinds.h"
#include "mapping/mapping-private.h"

typedef struct {
    const char *attribute, *value;
} Given;

static const KxDomain COMPANY = {.name = (char *)"company.test",
                                 .directory = KX_DIRECTORY_ACTIVE,
                                 .aliases = (char *[]){(char *)"company.org", NULL},
                                 .directory_name = (char *)"ad.company.test",
                                 .directory_base = (char *)"",
                                 .directory_users = (char *)"",
                                 .directory_groups = (char *)"",
                                 .directory_attributes = (char *[]){NULL}};

/* As the courier would bring it: values of attributes that nothing was asked about do not come. */
static KxMapEntry make_entry(const KxDomain *domain, const char *dn, const Given *given)
{
    KxMapEntry entry = {(char *)dn, g_array_new(FALSE, FALSE, sizeof(KxMapValue))};
    guint place = 0;
    for (KxAttribute what = 0; what < KX_ATTRIBUTE_COUNT; what++) {
        g_auto(GStrv) names = kx_attribute_names(domain, what);
        for (guint i = 0; names[i] != NULL; i++, place++)
            for (const Given *one = given; one->attribute != NULL; one++) {
                KxMapValue value = {what, place, (char *)one->value};
                if (g_ascii_strcasecmp(one->attribute, names[i]) == 0)
                    g_array_append_val(entry.values, value);
            }
    }
    return entry;
}

static void check_field(const KxMapPerson *person, const char *name, const char *expected)
{
    g_assert_cmpstr(kx_map_person_field(person, name), ==, expected);
}

/* covers: DIR-16, DIR-21, DIR-23 */
static void test_active_directory(void)
{
    static const Given given[] = {{"sAMAccountName", "wsmith"},
                                  {"displayName", "Winston Smith"},
                                  {"cn", "W. Smith"},
                                  {"mail", "Winston.Smith@Company.Test"},
                                  {"proxyAddresses", "SMTP:Winston.Smith@company.test"},
                                  {"proxyAddresses", "smtp:ws@company.org"},
                                  {"proxyAddresses", "smtp:ws@elsewhere.test"},
                                  {"proxyAddresses", "X500:/o=Company/cn=wsmith"},
                                  {"proxyAddresses", "smtp:WSMITH@company.test"},
                                  {NULL, NULL}};
    g_autofree char *base = kx_attribute_base(&COMPANY);
    g_assert_cmpstr(base, ==, "dc=ad,dc=company,dc=test");
    KxMapEntry entry = make_entry(&COMPANY, "CN=W. Smith,CN=Users,DC=ad,DC=company,DC=test", given);
    KxMapPerson *person = kx_map_user(&COMPANY, &entry);
    g_assert_null(person->problem);
    g_assert_cmpstr(person->name, ==, "wsmith");
    check_field(person, "name", "Winston Smith");
    check_field(person, "addresses", "Winston.Smith,ws");
    check_field(person, "source", "ldap");
    check_field(person, "quota", NULL); /* said here */
    kx_map_person_free(person);
    g_array_unref(entry.values);
}

/* Its name is no address of its own, as a user's is. */
static void test_group(void)
{
    static const Given given[] = {
        {"sAMAccountName", "sales"}, {"mail", "sales@company.test"}, {NULL, NULL}};
    KxMapEntry entry = make_entry(&COMPANY, "CN=x", given);
    KxMapPerson *group = kx_map_group(&COMPANY, &entry);
    check_field(group, "addresses", "sales");
    kx_map_person_free(group);
    g_array_unref(entry.values);
}

static void test_names_that_cannot_be_used(void)
{
    static const char *const names[] = {"j\xc3\xbcrgen", "a b", "a/b", "a@b", ""};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const Given given[] = {{"sAMAccountName", names[i]}, {NULL, NULL}};
        KxMapEntry entry = make_entry(&COMPANY, "CN=x", given);
        KxMapPerson *person = kx_map_user(&COMPANY, &entry);
        g_assert_nonnull(person->problem);
        kx_map_person_free(person);
        g_array_unref(entry.values);
    }
}

/* covers: DIR-22 */
static void test_left_out(void)
{
    static const Given given[] = {
        {"sAMAccountName", "withers"}, {"keryxEnabled", "FALSE"}, {NULL, NULL}};
    KxMapEntry entry = make_entry(&COMPANY, "CN=x", given);
    g_assert_null(kx_map_user(&COMPANY, &entry));
    g_array_unref(entry.values);
}

static void test_own_attributes(void)
{
    KxDomain domain = COMPANY;
    domain.directory_attributes = (char *[]){(char *)"name=uid+cn", (char *)"addresses=", NULL};
    static const Given given[] = {
        {"cn", "second"}, {"uid", "first"}, {"mail", "x@company.test"}, {NULL, NULL}};
    KxMapEntry entry = make_entry(&domain, "CN=x", given);
    KxMapPerson *person = kx_map_user(&domain, &entry);
    g_assert_cmpstr(person->name, ==, "first");
    check_field(person, "addresses", "");
    kx_map_person_free(person);
    g_array_unref(entry.values);
}

static void test_filters(void)
{
    static const char *const bad[] = {"a=b", "(a=b)(c=d)", "(a=b", "(a=b))", "(a=b)\n", ""};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *good = *bad[i] ? kx_kind_filter.normalise(bad[i], &error) : NULL;
        g_assert_null(good);
    }
    g_autofree char *good = kx_kind_filter.normalise("(&(a=b)(!(c=d)))", NULL);
    g_assert_nonnull(good);
    g_autofree char *escaped = kx_map_escape("a*)(uid=\\");
    g_assert_cmpstr(escaped, ==, "a\\2a\\29\\28uid=\\5c");
}

static void test_hosts(void)
{
    static const char *const good[] = {"ldap.company.test", "ldap.company.test:1636",
                                       "192.0.2.1:636", "[2001:db8::1]:636", "2001:db8::1"};
    static const char *const bad[] = {"a b",  "host:",   "host:0",     "host:65536",
                                      ":636", "host:6x", "[::1]x:636", "[::1"};
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *host = kx_kind_directory_hosts.normalise(good[i], NULL);
        g_assert_cmpstr(host, ==, good[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *host = kx_kind_directory_hosts.normalise(bad[i], &error);
        g_assert_null(host);
        g_assert_nonnull(error);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/person/active-directory", test_active_directory);
    g_test_add_func("/person/group", test_group);
    g_test_add_func("/person/names-that-cannot-be-used", test_names_that_cannot_be_used);
    g_test_add_func("/person/left-out", test_left_out);
    g_test_add_func("/person/own-attributes", test_own_attributes);
    g_test_add_func("/person/filters", test_filters);
    g_test_add_func("/person/hosts", test_hosts);
    return g_test_run();
}
