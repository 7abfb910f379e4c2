/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/list-match.h"

static const struct {
    const char *pattern, *path;
    gboolean match;
} cases[] = {
    {"*", "a", TRUE},
    {"*", "a/b/c", TRUE},
    {"*", "", TRUE},
    {"%", "a", TRUE},
    {"%", "a/b", FALSE},
    {"%", "", TRUE},
    {"", "", TRUE},
    {"", "a", FALSE},
    {"a", "a", TRUE},
    {"a", "ab", FALSE},
    {"ab", "a", FALSE},
    {"a/%", "a/b", TRUE},
    {"a/%", "a/b/c", FALSE},
    {"a/%", "a", FALSE},
    {"%/%", "a/b", TRUE},
    {"%/%", "a", FALSE},
    {"a*", "a/b/c", TRUE},
    {"a%c", "abc", TRUE},
    {"a%c", "ab/c", FALSE},
    {"a*c", "ab/c", TRUE},
    {"*c", "c/b", FALSE},
    {"*b*b", "b", FALSE},
    {"*b*b", "bb", TRUE},
    {"%%", "ab", TRUE},
    {"%*", "a/b", TRUE},
    {"*%", "a/b", TRUE},
    {"%a*%b", "xa/y/zb", TRUE},
    {"%a*%b", "x/a/zb", FALSE},
    {"inbox", "INBOX", TRUE},
    {"InBox/%", "INBOX/x", TRUE},
    {"in%", "INBOX", TRUE},
    {"INBOX", "INBOX", TRUE},
    {"inbox", "INBOXES", FALSE},
    {"INBOX/X", "INBOX/x", FALSE},
    {"drafts", "Drafts", FALSE},
    {"\xc3\xbc%",
     "\xc3\xbc"
     "x",
     TRUE},
};

static void test_cases(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s against %s", cases[i].pattern, cases[i].path);
        g_assert_cmpint(kx_list_match(cases[i].pattern, cases[i].path), ==, cases[i].match);
    }
}

/* A matcher that tries every way would not come back from this. */
static void test_no_backtracking(void)
{
    g_autoptr(GString) pattern = g_string_new(NULL);
    g_autoptr(GString) path = g_string_new(NULL);
    for (guint i = 0; i < 300; i++)
        g_string_append(pattern, "*a%");
    g_string_append_c(pattern, 'b');
    for (guint i = 0; i < 5000; i++)
        g_string_append_c(path, 'a');
    gint64 start = g_get_monotonic_time();
    g_assert_false(kx_list_match(pattern->str, path->str));
    g_string_append_c(path, 'b');
    g_assert_true(kx_list_match(pattern->str, path->str));
    g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
}

static void test_longest(void)
{
    g_autofree char *fits = g_strnfill(KX_LIST_PATTERN_MAX, 'x');
    g_assert_true(kx_list_match(fits, fits));
    g_autofree char *over = g_strnfill(KX_LIST_PATTERN_MAX + 1, 'x');
    g_assert_false(kx_list_match(over, over));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/list-match/cases", test_cases);
    g_test_add_func("/imap/list-match/no-backtracking", test_no_backtracking);
    g_test_add_func("/imap/list-match/longest", test_longest);
    return g_test_run();
}
