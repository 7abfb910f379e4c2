/* SPDX-License-Identifier: Apache-2.0 */
/* Many users, and readers beside a writer. */
#include "directory-test.h"

enum { DOMAINS = 100, USERS_EACH = 200 };

/* The users of a domain are added as one change. */
static void fill_domain(Fixture *f, guint domain)
{
    g_autofree char *name = g_strdup_printf("domain%u.example", domain);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autofree KxChange *changes = g_new0(KxChange, USERS_EACH);
    g_autofree KxField *fields = g_new0(KxField, 2 * USERS_EACH);
    add_domain(f, name);
    for (guint i = 0; i < USERS_EACH; i++) {
        char *login = g_strdup_printf("user%u@%s", i, name);
        char *address = g_strdup_printf("a.user%u", i);
        g_ptr_array_add(texts, login);
        g_ptr_array_add(texts, address);
        fields[2 * i] = (KxField){"name", "Full Name"};
        fields[2 * i + 1] = (KxField){"addresses", address};
        changes[i] = (KxChange){KX_CHANGE_ADD, KX_OBJECT_USER, login, NULL, &fields[2 * i], 2, 0};
    }
    ASSERT_OK(kx_object_change(f->directory, &ADMIN, changes, USERS_EACH, NULL, error));
}

static void fill(Fixture *f)
{
    for (guint domain = 0; domain < DOMAINS; domain++)
        fill_domain(f, domain);
}

static void test_load(void)
{
    Fixture f;
    fixture_init(&f);
    fill(&f);
    g_clear_pointer(&f.directory, kx_directory_close);
    gint64 start = g_get_monotonic_time();
    fixture_open(&f);
    g_test_message("%d users loaded in %" G_GINT64_FORMAT " ms", DOMAINS * USERS_EACH,
                   (g_get_monotonic_time() - start) / 1000);
    g_autoptr(GPtrArray) all = kx_user_list(f.directory, NULL, NULL);
    g_assert_cmpuint(all->len, ==, DOMAINS * USERS_EACH);
    start = g_get_monotonic_time();
    for (guint i = 0; i < 20000; i++) {
        g_autoptr(KxResolution) found = kx_resolve(f.directory, "A.User77@domain50.example", FALSE);
        g_assert_cmpint(found->kind, ==, KX_RCPT_LOCAL);
    }
    g_test_message("%" G_GINT64_FORMAT " ns a lookup", (g_get_monotonic_time() - start) / 20);
    assert_recipient(&f, "user199@domain99.example", "user199@domain99.example");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "user5@domain7.example",
                            FIELDS({"name", "New"}), error));
    g_autoptr(KxUser) user = kx_user_get(f.directory, "user5@domain7.example", NULL);
    g_assert_cmpstr(user->full_name, ==, "New");
    g_assert_cmpstr(user->addresses[0], ==, "a.user5");
    fixture_clear(&f);
}

typedef struct {
    Fixture f;
    gint stop;
} Shared;

/* Whatever is being changed, a reader sees a whole state: name and description always agree. */
static gpointer read_all(gpointer data)
{
    Shared *shared = data;
    while (!g_atomic_int_get(&shared->stop)) {
        g_autoptr(KxUser) user = kx_user_get(shared->f.directory, "smith@company.com", NULL);
        g_assert_cmpstr(user->full_name, ==, user->description);
        g_autoptr(KxResolution) found = kx_resolve(shared->f.directory, "come@company.com", FALSE);
        g_assert_true(found->kind == KX_RCPT_LOCAL || found->kind == KX_RCPT_UNKNOWN);
        g_autoptr(GPtrArray) domains = kx_domain_list(shared->f.directory);
        guint primaries = 0;
        for (guint i = 0; i < domains->len; i++)
            primaries += (guint)((KxDomain *)domains->pdata[i])->primary;
        g_assert_cmpuint(primaries, ==, 1);
        kx_ip_group_contains(shared->f.directory, "Local clients", "10.0.0.1");
    }
    return NULL;
}

static void write_round(Fixture *f, guint round)
{
    g_autofree char *text = g_strdup_printf("round %u", round);
    ASSERT_OK(kx_object_set(f->directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                            FIELDS({"name", text}, {"description", text}), error));
    add_user(f, "come@company.com");
    ASSERT_OK(kx_object_set(
        f->directory, &ADMIN, KX_OBJECT_DOMAIN, round % 2 ? "company.com" : "another.com",
        FIELDS({"primary", "yes"}, {"aliases", round % 2 ? "x.com" : "y.com"}), error));
    ASSERT_OK(kx_object_set(f->directory, &ADMIN, KX_OBJECT_IP_GROUP, "Local clients",
                            FIELDS({"description", text}), error));
    ASSERT_OK(kx_object_remove(f->directory, &ADMIN, KX_OBJECT_USER, "come@company.com", error));
}

static gpointer write_settings(gpointer data)
{
    Shared *shared = data;
    for (guint i = 1; i <= 30; i++) {
        g_autofree char *number = g_strdup_printf("%u", i);
        KxSettingChange change = {KX_SET_SMTP_MAX_RECIPIENTS, number};
        ASSERT_OK(kx_directory_set(shared->f.directory, &ADMIN, &change, 1, error));
    }
    return NULL;
}

static void test_readers_and_writers(void)
{
    Shared shared = {0};
    GThread *readers[3];
    fixture_init(&shared.f);
    add_domain(&shared.f, "company.com");
    add_domain(&shared.f, "another.com");
    add_user(&shared.f, "smith@company.com");
    for (guint i = 0; i < G_N_ELEMENTS(readers); i++)
        readers[i] = g_thread_new("reader", read_all, &shared);
    GThread *second = g_thread_new("writer", write_settings, &shared);
    for (guint round = 0; round < 20; round++)
        write_round(&shared.f, round);
    g_thread_join(second);
    g_atomic_int_set(&shared.stop, 1);
    for (guint i = 0; i < G_N_ELEMENTS(readers); i++)
        g_thread_join(readers[i]);
    fixture_reopen(&shared.f);
    g_autoptr(KxUser) user = kx_user_get(shared.f.directory, "smith@company.com", NULL);
    g_assert_cmpstr(user->full_name, ==, "round 19");
    fixture_clear(&shared.f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scale/load", test_load);
    g_test_add_func("/scale/readers-and-writers", test_readers_and_writers);
    return g_test_run();
}
