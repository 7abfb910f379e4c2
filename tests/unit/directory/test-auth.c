/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in: who may, why not, what is remembered, and how many at a time. */
#include "directory-test.h"

#include "directory/auth-cache.h"

static void assert_auth(Fixture *f, const char *login, const char *password, const char *reason)
{
    g_autoptr(KxUser) user = NULL;
    const char *why = "";
    KxAuthResult result = kx_auth_password(f->directory, login, password, NULL, NULL, &user, &why);
    g_assert_cmpint(result, ==, *reason == '\0' ? KX_AUTH_OK : KX_AUTH_FAILED);
    g_assert_cmpint(user != NULL, ==, result == KX_AUTH_OK);
    g_assert_cmpstr(why, ==, reason);
}

/* covers: USR-15 USR-16 */
static void test_results(void)
{
    Fixture f;
    fixture_init(&f);
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.com",
                            FIELDS({"aliases", "alias.com"}), error));
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                            FIELDS({"password", "Jos\xC3\xA9 1"}), error));
    add_user(&f, "nopass@company.com");
    for (guint round = 0; round < 2; round++) {
        assert_auth(&f, "smith", "Jos\xC3\xA9 1", "");
        assert_auth(&f, "Smith@Company.com", "Jose\xCC\x81 1", "");
        assert_auth(&f, "smith", "jos\xC3\xA9 1", "wrong password");
        assert_auth(&f, "smith", "Jos\xC3\xA9", "wrong password");
        assert_auth(&f, "smith", "", "the password is empty or malformed");
        assert_auth(&f, "smith@alias.com", "Jos\xC3\xA9 1", "the user does not exist");
        assert_auth(&f, "jones", "Jos\xC3\xA9 1", "the user does not exist");
        assert_auth(&f, "nopass", "x", "the account has no password");
        fixture_reopen(&f);
    }
    fixture_clear(&f);
}

/* A remembered success is worth nothing after a change of the account. */
static void test_changes(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.com");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                            FIELDS({"password", "one"}), error));
    assert_auth(&f, "smith", "one", "");
    assert_auth(&f, "smith", "one", "");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "smith",
                            FIELDS({"password", "two"}), error));
    assert_auth(&f, "smith", "one", "wrong password");
    assert_auth(&f, "smith", "two", "");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "smith",
                            FIELDS({"disabled", "yes"}), error));
    assert_auth(&f, "smith", "two", "the account is disabled");
    ASSERT_OK(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "smith",
                            FIELDS({"disabled", "no"}), error));
    assert_auth(&f, "smith", "two", "");
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, "smith", error));
    assert_auth(&f, "smith", "two", "the user does not exist");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                            FIELDS({"password", "three"}), error));
    assert_auth(&f, "smith", "two", "wrong password");
    fixture_clear(&f);
}

static KxAuthKey numbered_key(KxAuthGate *gate, guint number)
{
    KxAuthKey key;
    kx_auth_gate_key(gate, number, 1, "password", &key);
    return key;
}

static void test_memory(void)
{
    g_autoptr(GError) error = NULL;
    Fixture f;
    fixture_init(&f); /* initialises libsodium */
    KxAuthGate *gate = kx_auth_gate_new(1, &error);
    g_assert_no_error(error);
    KxAuthKey first = numbered_key(gate, 0), other;
    g_assert_false(kx_auth_gate_knows(gate, &first, 0));
    kx_auth_gate_remember(gate, &first, 0, KX_AUTH_CACHE_SECONDS);
    kx_auth_gate_remember(gate, &first, 0, KX_AUTH_CACHE_SECONDS);
    g_assert_true(kx_auth_gate_knows(gate, &first, KX_AUTH_CACHE_SECONDS * G_USEC_PER_SEC - 1));
    g_assert_false(kx_auth_gate_knows(gate, &first, KX_AUTH_CACHE_SECONDS * G_USEC_PER_SEC));
    kx_auth_gate_key(gate, 0, 2, "password", &other);
    g_assert_false(kx_auth_gate_knows(gate, &other, 0));
    kx_auth_gate_key(gate, 0, 1, "Password", &other);
    g_assert_false(kx_auth_gate_knows(gate, &other, 0));
    for (guint i = 1; i <= KX_AUTH_CACHE_MAX; i++) {
        KxAuthKey key = numbered_key(gate, i);
        kx_auth_gate_remember(gate, &key, 1, KX_AUTH_CACHE_SECONDS);
    }
    KxAuthKey second = numbered_key(gate, 1), last = numbered_key(gate, KX_AUTH_CACHE_MAX);
    g_assert_false(kx_auth_gate_knows(gate, &first, 1)); /* the oldest gave way */
    g_assert_true(kx_auth_gate_knows(gate, &second, 1));
    g_assert_true(kx_auth_gate_knows(gate, &last, 1));
    kx_auth_gate_free(gate);
    fixture_clear(&f);
}

static void test_places(void)
{
    Fixture f;
    fixture_init(&f);
    KxAuthGate *gate = kx_auth_gate_new(2, NULL);
    g_assert_true(kx_auth_gate_enter(gate, 0));
    g_assert_true(kx_auth_gate_enter(gate, 0));
    g_assert_false(kx_auth_gate_enter(gate, g_get_monotonic_time() + 1000));
    kx_auth_gate_leave(gate);
    g_assert_true(kx_auth_gate_enter(gate, 0));
    kx_auth_gate_free(gate);
    fixture_clear(&f);
}

static gpointer sign_in(gpointer data)
{
    Fixture *f = data;
    for (guint i = 0; i < 20; i++) {
        assert_auth(f, "smith", "one", "");
        if (i % 5 == 0)
            assert_auth(f, "smith", "two", "wrong password");
    }
    return NULL;
}

static void test_threads(void)
{
    Fixture f;
    GThread *threads[4]; /* twice as many as there are places, on two cores */
    fixture_init(&f);
    add_domain(&f, "company.com");
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_USER, "smith@company.com",
                            FIELDS({"password", "one"}), error));
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("sign-in", sign_in, &f);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/auth/results", test_results);
    g_test_add_func("/auth/changes", test_changes);
    g_test_add_func("/auth/memory", test_memory);
    g_test_add_func("/auth/places", test_places);
    g_test_add_func("/auth/threads", test_threads);
    return g_test_run();
}
