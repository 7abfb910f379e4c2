/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting by numbers against a sort by comparison. */
#include "base/order.h"

enum { MOST = 3000 };

static int compare(gconstpointer left, gconstpointer right, gpointer data)
{
    const guint32 *a = left, *b = right;
    const gint64 *keys = data;
    if (keys[*a] != keys[*b])
        return keys[*a] < keys[*b] ? -1 : 1;
    return *a < *b ? -1 : *a > *b;
}

static void assert_order(gint64 *keys, guint n)
{
    g_autofree guint32 *order = kx_order_new(n);
    g_autofree guint32 *expected = kx_order_new(n);
    kx_order_by(order, n, keys);
    g_qsort_with_data(expected, (gint)n, sizeof *expected, compare, keys);
    for (guint i = 0; i < n; i++)
        g_assert_cmpuint(order[i], ==, expected[i]);
}

static void test_random(void)
{
    g_autofree gint64 *keys = g_new(gint64, MOST);
    for (guint bits = 0; bits < 64; bits++) {
        guint n = (guint)g_test_rand_int_range(0, MOST);
        for (guint i = 0; i < n; i++) {
            guint64 key = (guint64)(guint32)g_test_rand_int() << 32 | (guint32)g_test_rand_int();
            keys[i] = (gint64)key >> bits; /* negative ones too */
        }
        assert_order(keys, n);
    }
}

static void test_extremes(void)
{
    gint64 keys[] = {G_MAXINT64, 0, G_MININT64, -1, 1, G_MININT64, G_MAXINT64};
    assert_order(keys, G_N_ELEMENTS(keys));
    assert_order(keys, 1);
    assert_order(keys, 0);
}

/* By the last criterion first. */
static void test_several(void)
{
    const gint64 first[] = {2, 1, 2, 1}, second[] = {5, 9, 4, 9};
    const guint32 expected[] = {1, 3, 2, 0};
    g_autofree guint32 *order = kx_order_new(4);
    kx_order_by(order, 4, second);
    kx_order_by(order, 4, first);
    g_assert_cmpmem(order, sizeof expected, expected, sizeof expected);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/order/random", test_random);
    g_test_add_func("/order/extremes", test_extremes);
    g_test_add_func("/order/several", test_several);
    return g_test_run();
}
