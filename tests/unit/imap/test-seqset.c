/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/seqset.h"

static gboolean parse(const char *text, KxSeqSet *set)
{
    g_auto(KxImapParser) parser = {0};
    kx_imap_parser_init(&parser, text, strlen(text), FALSE);
    return kx_imap_parse_seqset(&parser, set) && kx_imap_parse_end(&parser);
}

/* The ranges as text after normalising with `max`. */
static char *normal(const char *text, guint32 max)
{
    g_auto(KxSeqSet) set = {0};
    if (!parse(text, &set))
        return g_strdup("error");
    g_autoptr(GArray) ranges = kx_seqset_normalize(set.ranges, max);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < ranges->len; i++) {
        const KxSeqRange *range = &g_array_index(ranges, KxSeqRange, i);
        g_string_append_printf(out, "%s%u:%u", i ? "," : "", range->from, range->to);
    }
    return g_string_free(out, FALSE);
}

static void test_normalize(void)
{
    static const struct {
        const char *text;
        guint32 max;
        const char *want;
    } cases[] = {
        {"1", 9, "1:1"},
        {"1:*", 9, "1:9"},
        {"*:1", 9, "1:9"},
        {"*", 9, "9:9"},
        {"*:*", 9, "9:9"},
        {"5:3", 9, "3:5"},
        {"5:*", 3, "3:5"}, /* RFC 9051: 3, 4 and 5 */
        {"3,1,2", 9, "1:3"},
        {"1:3,2:5,9,9,9", 9, "1:5,9:9"},
        {"1,3,5:7,2", 9, "1:3,5:7"},
        {"4294967295", 9, "4294967294:4294967294"}, /* not "*" */
        {"*:4294967295", 9, "9:4294967294"},
        {"1:4294967295", 9, "1:4294967294"},
        {"*", 0, "0:0"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = normal(cases[i].text, cases[i].max);
        g_assert_cmpstr(got, ==, cases[i].want);
    }
}

static void test_syntax(void)
{
    static const char *const bad[] = {"",     "0",    "1:0",   "1,",  ",1",   "1:",         ":1",
                                      "1::2", "1..2", "-1",    "a",   "1 2",  "4294967296", "**",
                                      "$1",   "1,$",  "1:2:3", "01x", "\"1\""};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(KxSeqSet) set = {0};
        g_assert_false(parse(bad[i], &set));
    }
    g_auto(KxSeqSet) saved = {0};
    g_assert_true(parse("$", &saved));
    g_assert_true(saved.saved);
}

static void test_cap(void)
{
    g_autoptr(GString) text = g_string_new("1");
    for (guint i = 1; i < KX_SEQSET_RANGES; i++)
        g_string_append_printf(text, ",%u", 2 * i + 1);
    g_auto(KxSeqSet) most = {0}, more = {0};
    g_assert_true(parse(text->str, &most));
    g_assert_cmpuint(most.ranges->len, ==, KX_SEQSET_RANGES);
    g_string_append(text, ",7");
    g_assert_false(parse(text->str, &more));
}

static void test_contains(void)
{
    g_auto(KxSeqSet) set = {0};
    g_assert_true(parse("2:4,7,20:30", &set));
    g_autoptr(GArray) ranges = kx_seqset_normalize(set.ranges, 100);
    for (guint32 n = 0; n < 40; n++) {
        gboolean want = (n >= 2 && n <= 4) || n == 7 || (n >= 20 && n <= 30);
        g_assert_cmpint(kx_seqset_contains(ranges, n), ==, want);
    }
    g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(KxSeqRange));
    g_assert_false(kx_seqset_contains(none, 1));
}

static void check_format(const char *want, const guint32 *numbers, guint n)
{
    g_autoptr(GString) out = g_string_new(NULL);
    kx_seqset_format(out, numbers, n);
    g_assert_cmpstr(out->str, ==, want);
}

static void test_format(void)
{
    static const guint32 mixed[] = {1, 2, 3, 7, 9, 10, 4294967293u, 4294967294u};
    check_format("", NULL, 0);
    check_format("7", mixed + 3, 1);
    check_format("1:3,7,9:10,4294967293:4294967294", mixed, G_N_ELEMENTS(mixed));
    guint32 many[1000];
    for (guint i = 0; i < G_N_ELEMENTS(many); i++)
        many[i] = i + 5;
    check_format("5:1004", many, G_N_ELEMENTS(many));
}

/* What is written compactly is read back as the same numbers. */
static void test_round_trip(void)
{
    for (guint round = 0; round < 200; round++) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
        for (guint32 n = 1; n < 300; n++)
            if (g_test_rand_int_range(0, 3) == 0)
                g_array_append_val(numbers, n);
        if (numbers->len == 0)
            continue;
        kx_seqset_format(out, (const guint32 *)(void *)numbers->data, numbers->len);
        g_auto(KxSeqSet) set = {0};
        g_assert_true(parse(out->str, &set));
        g_autoptr(GArray) ranges = kx_seqset_normalize(set.ranges, 1000);
        g_assert_cmpuint(ranges->len, ==, set.ranges->len);
        for (guint32 n = 1, at = 0; n < 300; n++) {
            gboolean want = at < numbers->len && g_array_index(numbers, guint32, at) == n;
            at += want;
            g_assert_cmpint(kx_seqset_contains(ranges, n), ==, want);
        }
    }
}

static GArray *ranges_of(const char *text)
{
    g_auto(KxSeqSet) set = {0};
    g_assert_true(parse(text, &set));
    return kx_seqset_normalize(set.ranges, 1000);
}

static void check_ranges(const GArray *ranges, const char *want)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < ranges->len; i++) {
        const KxSeqRange *range = &g_array_index(ranges, KxSeqRange, i);
        g_string_append_printf(out, "%s%u:%u", i > 0 ? "," : "", range->from, range->to);
    }
    g_assert_cmpstr(out->str, ==, want);
}

static void test_slice(void)
{
    static const struct {
        guint first, n;
        const char *want;
    } cases[] = {
        {0, 1, "2:2"},   {0, 4, "2:4,9:9"}, {2, 3, "4:4,9:9,20:20"},  {4, 100, "20:25"},
        {9, 1, "25:25"}, {10, 5, ""},       {0, 10, "2:4,9:9,20:25"}, {3, 0, ""},
    };
    g_autoptr(GArray) ranges = ranges_of("2:4,9,20:25");
    g_assert_cmpuint(kx_seqset_count(ranges), ==, 10);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) slice = kx_seqset_slice(ranges, cases[i].first, cases[i].n);
        check_ranges(slice, cases[i].want);
    }
}

static void test_intersect(void)
{
    static const struct {
        const char *a, *b, *want;
    } cases[] = {
        {"1:10", "5:20", "5:10"},        {"1:3,7:9", "2:8", "2:3,7:8"},        {"1:3", "4:6", ""},
        {"1,3,5", "1:5", "1:1,3:3,5:5"}, {"1:100", "50,60:70", "50:50,60:70"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) a = ranges_of(cases[i].a), b = ranges_of(cases[i].b);
        g_autoptr(GArray) there = kx_seqset_intersect(a, b), back = kx_seqset_intersect(b, a);
        check_ranges(there, cases[i].want);
        check_ranges(back, cases[i].want);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/seqset/normalize", test_normalize);
    g_test_add_func("/imap/seqset/syntax", test_syntax);
    g_test_add_func("/imap/seqset/cap", test_cap);
    g_test_add_func("/imap/seqset/contains", test_contains);
    g_test_add_func("/imap/seqset/format", test_format);
    g_test_add_func("/imap/seqset/round-trip", test_round_trip);
    g_test_add_func("/imap/seqset/slice", test_slice);
    g_test_add_func("/imap/seqset/intersect", test_intersect);
    return g_test_run();
}
