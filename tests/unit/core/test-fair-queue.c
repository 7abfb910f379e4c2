/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fair-queue.h"

static void push(KxFairQueue *queue, const char *address, const char *account, const char *item)
{
    kx_fair_queue_push(queue, address, account, (gpointer)item);
}

static void assert_pops(KxFairQueue *queue, const char *expected)
{
    g_auto(GStrv) words = g_strsplit(expected, " ", -1);
    for (char **word = words; *word; word++)
        g_assert_cmpstr(kx_fair_queue_pop(queue), ==, *word);
}

static void test_nobody_waits_for_all_of_another(void)
{
    g_autoptr(KxFairQueue) queue = kx_fair_queue_new();
    for (int i = 0; i < 1000; i++)
        push(queue, "192.0.2.1", "alice", "guess");
    push(queue, "192.0.2.1", "bob", "bob");
    push(queue, "192.0.2.2", "carol", "carol");
    assert_pops(queue, "guess carol bob guess guess");
}

static void test_one_after_the_other_for_one_account(void)
{
    g_autoptr(KxFairQueue) queue = kx_fair_queue_new();
    push(queue, "a", "x", "1");
    push(queue, "a", "x", "2");
    push(queue, "b", "x", "3");
    push(queue, "a", "y", "4");
    assert_pops(queue, "1 3 4 2");
    g_assert_null(kx_fair_queue_pop(queue));
}

static void test_empty_again_and_again(void)
{
    KxFairQueue *queue = kx_fair_queue_new();
    g_assert_null(kx_fair_queue_pop(queue));
    for (int i = 0; i < 3; i++) {
        push(queue, "a", "x", "1");
        assert_pops(queue, "1");
        g_assert_null(kx_fair_queue_pop(queue));
    }
    push(queue, "a", "x", "left behind");
    kx_fair_queue_free(queue);
    kx_fair_queue_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fair-queue/turns", test_nobody_waits_for_all_of_another);
    g_test_add_func("/fair-queue/order", test_one_after_the_other_for_one_account);
    g_test_add_func("/fair-queue/empty", test_empty_again_and_again);
    return g_test_run();
}
