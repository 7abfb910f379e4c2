/* SPDX-License-Identifier: Apache-2.0 */
/* IP address groups: forms of entries, matching, changes and who refers to them. */
#include "directory-test.h"

#include "base/ip-range.h"

static gboolean matches(const char *entry, const char *ip)
{
    g_autoptr(GError) error = NULL;
    KxIpRange range;
    guint8 bytes[16];
    gboolean v4;
    g_assert_true(kx_ip_range_parse(entry, &range, &error));
    g_assert_true(kx_ip_parse(ip, bytes, &v4));
    return kx_ip_range_contains(&range, bytes, v4);
}

/* covers: SMTP-15 */
static void test_entries(void)
{
    static const struct {
        const char *entry, *inside, *outside;
    } CASES[] = {
        {"192.0.2.1", "192.0.2.1", "192.0.2.2"},
        {"192.0.2.1", "::ffff:192.0.2.1", "::192.0.2.1"},
        {"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
        {"192.0.2.77/24", "192.0.2.0", "192.0.1.255"},
        {"192.0.2.0/255.255.255.128", "192.0.2.127", "192.0.2.128"},
        {"0.0.0.0/0", "255.255.255.255", "::1"},
        {"192.0.2.5/32", "192.0.2.5", "192.0.2.4"},
        {"192.0.2.9-192.0.3.1", "192.0.3.0", "192.0.3.2"},
        {"192.0.2.9 - 192.0.3.1", "192.0.2.9", "192.0.2.8"},
        {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
        {"2001:db8::1-2001:db8::f", "2001:db8::f", "2001:db8::10"},
        {"::/0", "2001:db8::1", "192.0.2.1"},
        {"fe80::/10", "febf::1", "fec0::"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_test_message("%s", CASES[i].entry);
        g_assert_true(matches(CASES[i].entry, CASES[i].inside));
        g_assert_false(matches(CASES[i].entry, CASES[i].outside));
    }
    g_autofree char *huge = g_strnfill(100000, '1');
    const char *const BAD[] = {"",
                               "mail.company.com",
                               "192.0.2.0/33",
                               "2001:db8::/129",
                               "192.0.2.0/255.0.255.0",
                               "2001:db8::/255.255.0.0",
                               "192.0.2.9-192.0.2.1",
                               "192.0.2.1-::1",
                               "192.0.2.0/",
                               "192.0.2.0/-1",
                               "1.2.3.4-",
                               "1.2.3.4-5.6.7.8-9.9.9.9",
                               huge};
    for (guint i = 0; i < G_N_ELEMENTS(BAD); i++) {
        KxIpRange range;
        g_autoptr(GError) error = NULL;
        g_assert_false(kx_ip_range_parse(BAD[i], &range, &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    }
}

/* covers: TOOL-02 */
static void test_local_clients(void)
{
    static const char *const INSIDE[] = {
        "127.0.0.1", "10.9.8.7",   "172.31.255.255", "192.168.0.1",
        "::1",       "fd00::beef", "fe80::1",        "::ffff:127.0.0.1"};
    static const char *const OUTSIDE[] = {"172.32.0.1", "192.0.2.1", "2001:db8::1",
                                          "not an address", ""};
    Fixture f;
    fixture_init(&f);
    for (guint i = 0; i < G_N_ELEMENTS(INSIDE); i++)
        g_assert_true(kx_ip_group_contains(f.directory, "Local clients", INSIDE[i]));
    for (guint i = 0; i < G_N_ELEMENTS(OUTSIDE); i++)
        g_assert_false(kx_ip_group_contains(f.directory, "local CLIENTS", OUTSIDE[i]));
    g_assert_false(kx_ip_group_contains(f.directory, "nobody", "127.0.0.1"));
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "Local clients", error));
    fixture_reopen(&f);
    g_assert_false(kx_ip_group_contains(f.directory, "Local clients", "127.0.0.1"));
    fixture_clear(&f);
}

static void test_changes(void)
{
    Fixture f;
    fixture_init(&f);
    ASSERT_OK(kx_object_add(
        f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "Partners",
        FIELDS({"description", "Trusted"}, {"entries", "192.0.2.1, 198.51.100.0/24"}), error));
    assert_last_line("config",
                     "Admin - insert IP_group set Name='Partners', Description='Trusted', "
                     "Entries='192.0.2.1,198.51.100.0/24'");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "partners",
                            FIELDS({"entries", "203.0.113.5"}), error));
    assert_last_line("config",
                     "Admin - update IP_group set Name='Partners', Entries='203.0.113.5'");
    for (guint round = 0; round < 2; round++) {
        g_autoptr(GPtrArray) list =
            kx_object_list(f.directory, KX_OBJECT_IP_GROUP, &(KxQuery){0}, NULL, NULL);
        g_assert_cmpuint(list->len, ==, 2);
        const KxIpGroup *group = list->pdata[1];
        g_assert_cmpstr(group->name, ==, "Partners");
        g_assert_cmpstr(group->description, ==, "Trusted");
        g_assert_cmpuint(g_strv_length(group->entries), ==, 1);
        g_assert_true(kx_ip_group_contains(f.directory, "PARTNERS", "203.0.113.5"));
        g_assert_false(kx_ip_group_contains(f.directory, "Partners", "192.0.2.1"));
        fixture_reopen(&f);
    }
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "Partners",
                               FIELDS({"entries", "1.2.3.4,host"}), error),
                 KX_ERR_INVALID,
                 "entries: 'host' is not an address, a network (192.0.2.0/24 or "
                 "192.0.2.0/255.255.255.0) or a range (192.0.2.1-192.0.2.9)");
    g_assert_true(kx_ip_group_contains(f.directory, "Partners", "203.0.113.5"));
    static const char *const BAD[] = {"", " x", "x ", "a,b", "a\tb", "\xff"};
    for (guint i = 0; i < G_N_ELEMENTS(BAD); i++)
        g_assert_false(
            kx_object_add(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, BAD[i], NULL, 0, NULL));
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "partners", error));
    assert_last_line("config", "Admin - delete IP_group set Name='Partners'");
    ASSERT_FAILS(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "Partners", error),
                 KX_ERR_NOT_FOUND, "there is no IP address group 'Partners'");
    fixture_clear(&f);
}

static void test_used_by_settings(void)
{
    Fixture f;
    fixture_init(&f);
    KxSettingChange change = {KX_SET_SMTP_RELAY_GROUP, "Partners"};
    ASSERT_FAILS(kx_directory_set(f.directory, &ADMIN, &change, 1, error), KX_ERR_INVALID,
                 "smtp.relay-group: there is no IP address group 'Partners'");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "Partners", NULL, 0, error));
    ASSERT_OK(kx_directory_set(f.directory, &ADMIN, &change, 1, error));
    ASSERT_FAILS(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "PARTNERS", error),
                 KX_ERR_IN_USE,
                 "the group 'Partners' is used by the setting smtp.relay-group; change that first");
    change.value = NULL;
    ASSERT_OK(kx_directory_set(f.directory, &ADMIN, &change, 1, error));
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "Partners", error));
    fixture_clear(&f);
}

static void set_entries(Fixture *f, const char *name, const char *entries)
{
    g_autoptr(KxIpGroup) group =
        (KxIpGroup *)(void *)kx_object_get(f->directory, KX_OBJECT_IP_GROUP, name, NULL);
    const KxField field = {"entries", entries};
    const KxChange change = {
        group != NULL ? KX_CHANGE_SET : KX_CHANGE_ADD, KX_OBJECT_IP_GROUP, name, NULL, &field, 1};
    ASSERT_OK(kx_object_change(f->directory, &ADMIN, &change, 1, NULL, error));
}

/* covers: TOOL-05 */
static void test_nested(void)
{
    Fixture f;
    fixture_init(&f);
    set_entries(&f, "Office", "192.0.2.0/24, 2001:db8::/32");
    set_entries(&f, "Branch", "198.51.100.7");
    set_entries(&f, "Both", "group:office,group:BRANCH,203.0.113.1");
    set_entries(&f, "All", "group:Both,group:Office");
    for (guint round = 0; round < 2; round++) {
        g_assert_true(kx_ip_group_contains(f.directory, "All", "2001:db8::9"));
        g_assert_true(kx_ip_group_contains(f.directory, "all", "198.51.100.7"));
        g_assert_false(kx_ip_group_contains(f.directory, "Branch", "192.0.2.1"));
        fixture_reopen(&f);
    }
    g_autofree char *networks = kx_ip_group_networks(f.directory, "all");
    g_assert_cmpstr(networks, ==, "192.0.2.0/24,2001:db8::/32,198.51.100.7,203.0.113.1");
    /* A group that changes does so in all that have it. */
    set_entries(&f, "Branch", "198.51.100.8");
    g_assert_false(kx_ip_group_contains(f.directory, "All", "198.51.100.7"));
    g_assert_true(kx_ip_group_contains(f.directory, "All", "198.51.100.8"));
    static const char *const CYCLES[] = {"group:Branch", "group:Both", "1.2.3.4,group:all"};
    for (guint i = 0; i < G_N_ELEMENTS(CYCLES); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(kx_object_set(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "Branch",
                                     FIELDS({"entries", CYCLES[i]}), &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
        g_assert_nonnull(strstr(error->message, "contains the group 'Branch' already"));
    }
    ASSERT_FAILS(kx_object_set(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "Branch",
                               FIELDS({"entries", "group:Nobody"}), error),
                 KX_ERR_INVALID, "entries: there is no IP address group 'Nobody'");
    g_assert_true(kx_ip_group_contains(f.directory, "All", "198.51.100.8"));
    fixture_clear(&f);
}

static void count_told(gpointer data, KxSettings *settings)
{
    g_assert_cmpstr(kx_settings_text(settings, KX_SET_SMTP_RELAY_GROUP), ==, "Headquarters");
    (*(guint *)data)++;
}

/* covers: TOOL-01, TOOL-03 */
static void test_references(void)
{
    Fixture f;
    guint told = 0;
    fixture_init(&f);
    set_entries(&f, "Office", "192.0.2.0/24");
    set_entries(&f, "All", "group:Office,203.0.113.1");
    KxSettingChange setting = {KX_SET_SMTP_RELAY_GROUP, "office"};
    ASSERT_OK(kx_directory_set(f.directory, &ADMIN, &setting, 1, error));
    ASSERT_FAILS(
        kx_object_remove(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "Office", error), KX_ERR_IN_USE,
        "the group 'Office' is used by the setting smtp.relay-group, the group All; change "
        "that first");
    kx_directory_on_settings(f.directory, count_told, &told);
    const KxChange rename = {KX_CHANGE_RENAME, KX_OBJECT_IP_GROUP, "OFFICE", "Headquarters"};
    const KxChange bad[] = {rename, {KX_CHANGE_REMOVE, KX_OBJECT_IP_GROUP, "nobody"}};
    g_assert_false(kx_object_change(f.directory, &ADMIN, bad, 2, NULL, NULL));
    g_autoptr(KxSettings) same = kx_directory_settings(f.directory);
    g_assert_cmpstr(kx_settings_text(same, KX_SET_SMTP_RELAY_GROUP), ==, "office");
    g_assert_true(kx_ip_group_contains(f.directory, "All", "192.0.2.5"));
    g_assert_cmpuint(told, ==, 0);
    ASSERT_OK(kx_object_change(f.directory, &ADMIN, &rename, 1, NULL, error));
    g_assert_cmpuint(told, ==, 1);
    for (guint round = 0; round < 2; round++) {
        g_autoptr(KxSettings) settings = kx_directory_settings(f.directory);
        g_assert_cmpstr(kx_settings_text(settings, KX_SET_SMTP_RELAY_GROUP), ==, "Headquarters");
        g_assert_true(kx_ip_group_contains(f.directory, "All", "192.0.2.5"));
        g_assert_true(kx_ip_group_contains(f.directory, "headquarters", "192.0.2.5"));
        g_autoptr(KxIpGroup) all =
            (KxIpGroup *)(void *)kx_object_get(f.directory, KX_OBJECT_IP_GROUP, "All", NULL);
        g_assert_cmpstr(all->entries[0], ==, "group:Headquarters");
        fixture_reopen(&f);
    }
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ip-groups/entries", test_entries);
    g_test_add_func("/ip-groups/local-clients", test_local_clients);
    g_test_add_func("/ip-groups/changes", test_changes);
    g_test_add_func("/ip-groups/used-by-settings", test_used_by_settings);
    g_test_add_func("/ip-groups/nested", test_nested);
    g_test_add_func("/ip-groups/references", test_references);
    return g_test_run();
}
