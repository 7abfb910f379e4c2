/* SPDX-License-Identifier: Apache-2.0 */
#include "core/exclusive.h"

static void test_one_holder(void)
{
    KxExclusive *names = kx_exclusive_new();
    g_assert_true(kx_exclusive_take(names, "a@x"));
    g_assert_false(kx_exclusive_take(names, "a@x"));
    g_assert_true(kx_exclusive_take(names, "b@x"));
    kx_exclusive_release(names, "a@x");
    kx_exclusive_release(names, "never taken");
    g_assert_true(kx_exclusive_take(names, "a@x"));
    kx_exclusive_free(names);
    kx_exclusive_free(NULL);
}

typedef struct {
    KxExclusive *names;
    gint inside, taken;
} Race;

static gpointer run(gpointer data)
{
    Race *race = data;
    for (int i = 0; i < 20000; i++) {
        if (!kx_exclusive_take(race->names, "maildrop"))
            continue;
        g_assert_cmpint(g_atomic_int_add(&race->inside, 1), ==, 0);
        g_atomic_int_inc(&race->taken);
        g_atomic_int_add(&race->inside, -1);
        kx_exclusive_release(race->names, "maildrop");
    }
    return NULL;
}

static void test_threads(void)
{
    Race race = {kx_exclusive_new(), 0, 0};
    GThread *threads[4];
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("taker", run, &race);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(race.taken, >, 0);
    kx_exclusive_free(race.names);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/exclusive/one-holder", test_one_holder);
    g_test_add_func("/core/exclusive/threads", test_threads);
    return g_test_run();
}
