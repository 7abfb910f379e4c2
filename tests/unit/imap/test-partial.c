/* SPDX-License-Identifier: Apache-2.0 */
/* PARTIAL: a window of a result, in whatever order it is. */
#include "imap/search-partial.h"

static gboolean parse(const char *text, KxPartial *ret)
{
    g_auto(KxImapParser) parser = {0};
    kx_imap_parser_init(&parser, text, strlen(text), FALSE);
    return kx_partial_parse(&parser, ret) && kx_imap_parse_end(&parser);
}

static void test_window(void)
{
    static const guint32 sorted[] = {2, 3, 4, 9, 11}, unsorted[] = {9, 2, 3, 11, 4};
    static const struct {
        const char *range, *sorted, *unsorted;
    } cases[] = {
        {"1:2", "PARTIAL (1:2 2:3)", "PARTIAL (1:2 9,2)"},
        {"2:1", "PARTIAL (2:1 2:3)", "PARTIAL (2:1 9,2)"},
        {"4:100", "PARTIAL (4:100 9,11)", "PARTIAL (4:100 11,4)"},
        {"5:5", "PARTIAL (5:5 11)", "PARTIAL (5:5 4)"},
        {"6:7", "PARTIAL (6:7 NIL)", "PARTIAL (6:7 NIL)"},
        {"-1:-2", "PARTIAL (-1:-2 9,11)", "PARTIAL (-1:-2 11,4)"},
        {"-3:-1", "PARTIAL (-3:-1 4,9,11)", "PARTIAL (-3:-1 3,11,4)"},
        {"-4:-4294967295", "PARTIAL (-4:-4294967295 2:3)", "PARTIAL (-4:-4294967295 9,2)"},
        {"-6:-7", "PARTIAL (-6:-7 NIL)", "PARTIAL (-6:-7 NIL)"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(KxPartial) partial = {0};
        g_autoptr(GString) out = g_string_new(NULL);
        g_assert_true(parse(cases[i].range, &partial));
        kx_partial_format(out, &partial, sorted, G_N_ELEMENTS(sorted));
        g_assert_cmpstr(out->str, ==, cases[i].sorted);
        g_string_truncate(out, 0);
        kx_partial_format(out, &partial, unsorted, G_N_ELEMENTS(unsorted));
        g_assert_cmpstr(out->str, ==, cases[i].unsorted);
        g_string_truncate(out, 0);
        kx_partial_format(out, &partial, NULL, 0);
        g_assert_true(g_str_has_suffix(out->str, " NIL)"));
    }
}

static void test_bad_ranges(void)
{
    static const char *const bad[] = {"0:1",  "1:0",          "1",      "1:",  ":1",
                                      "-1:1", "1:-1",         "-0:-1",  "*:1", "1:2,3",
                                      "-1",   "1:4294967296", "--1:-2", ""};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(KxPartial) partial = {0};
        if (parse(bad[i], &partial))
            g_error("accepted: %s", bad[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/partial/window", test_window);
    g_test_add_func("/imap/partial/bad-ranges", test_bad_ranges);
    return g_test_run();
}
