/* SPDX-License-Identifier: Apache-2.0 */
#include "pop3/args.h"

static void test_numbers(void)
{
    static const struct {
        const char *args;
        gboolean taken;
        guint32 number;
        const char *rest;
    } cases[] = {
        {"1", TRUE, 1, ""},
        {"   7   8 ", TRUE, 7, "   8 "},
        {"0", TRUE, 0, ""},
        {"007", TRUE, 7, ""},
        {"4294967295", TRUE, G_MAXUINT32, ""},
        {"99999999999999999999999999 1", TRUE, G_MAXUINT32, " 1"},
        {"", FALSE, 0, ""},
        {"  ", FALSE, 0, ""},
        {"-1", FALSE, 0, ""},
        {"+1", FALSE, 0, ""},
        {"1x", FALSE, 0, ""},
        {"1\t2", FALSE, 0, ""},
        {"\xd9\xa1", FALSE, 0, ""}, /* an Arabic digit */
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *args = cases[i].args;
        guint32 number = 77;
        g_assert_cmpint(kx_pop3_take_number(&args, &number), ==, cases[i].taken);
        g_assert_cmpuint(number, ==, cases[i].taken ? cases[i].number : 77);
        g_assert_cmpstr(args, ==, cases[i].taken ? cases[i].rest : cases[i].args);
    }
}

static void test_end(void)
{
    g_assert_true(kx_pop3_args_end(""));
    g_assert_true(kx_pop3_args_end("   "));
    g_assert_false(kx_pop3_args_end(" x"));
    g_assert_false(kx_pop3_args_end("\t"));
    g_assert_cmpstr(kx_pop3_skip_spaces("  a b"), ==, "a b");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pop3/args/numbers", test_numbers);
    g_test_add_func("/pop3/args/end", test_end);
    return g_test_run();
}
