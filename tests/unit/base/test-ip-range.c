/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip-range.h"

static void test_list(void)
{
    static const struct {
        const char *ip;
        gboolean in;
    } cases[] = {
        {"192.0.2.5", TRUE},
        {"192.0.3.5", FALSE},
        {"10.1.2.3", TRUE},
        {"10.1.2.4", FALSE},
        {"::ffff:10.1.2.3", TRUE},
        {"2001:db8::1", TRUE},
        {"2001:db9::1", FALSE},
        {"198.51.100.7", TRUE},
        {"198.51.100.8", FALSE},
        {"nonsense", FALSE},
        {"", FALSE},
        {"203.0.113.9", FALSE},
    };
    g_autoptr(GArray) ranges = kx_ip_ranges_parse(
        "192.0.2.0/24, 10.1.2.3,2001:db8::/32,198.51.100.1-198.51.100.7,203.0.113.0/33,,x");
    g_assert_cmpuint(ranges->len, ==, 4);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_true(kx_ip_ranges_contain(ranges, cases[i].ip) == cases[i].in);
}

static void test_nobody(void)
{
    g_autoptr(GArray) ranges = kx_ip_ranges_parse("");
    g_assert_false(kx_ip_ranges_contain(ranges, "127.0.0.1"));
    g_assert_false(kx_ip_ranges_contain(ranges, "::"));
}

static void test_everybody_of_a_family(void)
{
    g_autoptr(GArray) v4 = kx_ip_ranges_parse("0.0.0.0/0");
    g_assert_true(kx_ip_ranges_contain(v4, "255.255.255.255"));
    g_assert_true(kx_ip_ranges_contain(v4, "0.0.0.0"));
    g_assert_false(kx_ip_ranges_contain(v4, "::1"));
    g_autoptr(GArray) v6 = kx_ip_ranges_parse("::/0");
    g_assert_true(kx_ip_ranges_contain(v6, "2001:db8::1"));
    g_assert_false(kx_ip_ranges_contain(v6, "192.0.2.1"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/ip-range/list", test_list);
    g_test_add_func("/base/ip-range/nobody", test_nobody);
    g_test_add_func("/base/ip-range/everybody", test_everybody_of_a_family);
    return g_test_run();
}
