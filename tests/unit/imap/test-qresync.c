/* SPDX-License-Identifier: Apache-2.0 */
/* The parameter of SELECT that says what a client knew, and the signs of life of long commands. */
#include "imap/progress.h"
#include "imap/qresync.h"

static gboolean parse(const char *text, gboolean uid_only, KxQresync *ret, KxImapParser *parser)
{
    kx_imap_parser_init(parser, text, strlen(text), FALSE);
    return kx_qresync_parse(parser, uid_only, ret) && kx_imap_parse_end(parser);
}

static void test_good(void)
{
    static const struct {
        const char *text;
        guint known, match;
    } cases[] = {
        {" (67890007 20050715194045000)", 0, 0},
        {" (67890007 20050715194045000 41,43:211,214:541)", 3, 0},
        {" (67890007 20050715194045000 41 (1:5,9 7:9,11:13))", 1, 2},
        {" (67890007 20050715194045000 (1,3 5,9))", 0, 2},
        {" (67890007 20050715194045000 211,41:43)", 2, 0}, /* known UIDs in any order */
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(KxImapParser) parser = {0};
        g_auto(KxQresync) qresync = {0};
        if (!parse(cases[i].text, FALSE, &qresync, &parser))
            g_error("%s: %s", cases[i].text, parser.error);
        g_assert_true(qresync.given);
        g_assert_cmpuint(qresync.uid_validity, ==, 67890007);
        g_assert_cmpuint(qresync.modseq, ==, 20050715194045000);
        g_assert_cmpuint(qresync.known.ranges ? qresync.known.ranges->len : 0, ==, cases[i].known);
        g_assert_cmpuint(qresync.match_uids.ranges ? qresync.match_uids.ranges->len : 0, ==,
                         cases[i].match);
    }
}

static void test_bad(void)
{
    static const char *const bad[] = {
        "",
        " ()",
        " (1)",
        " (0 1)",
        " (1 0)",
        " (1 1 )",
        " (1 1 *)",
        " (1 1 1:*)",
        " (1 1 $)",
        " (1 1 0)",
        " (1 1 1 ())",
        " (1 1 1 (1))",
        " (1 1 1 (1 *))",
        " (1 1 1 (1:3 1:2))",
        " (1 1 1 (2,1 1,2))",
        " (1 1 1 (1,2 2,2))",
        " (1 1 1 (1 1) 3)",
        " (4294967296 1)",
        " (1 9223372036854775808)",
        " (1 1",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(KxImapParser) parser = {0};
        g_auto(KxQresync) qresync = {0};
        if (parse(bad[i], FALSE, &qresync, &parser))
            g_error("accepted: %s", bad[i]);
        g_assert_cmpstr(parser.code, ==, NULL);
    }
}

static void test_uid_only(void)
{
    g_auto(KxImapParser) first = {0}, second = {0};
    g_auto(KxQresync) qresync = {0}, refused = {0};
    g_assert_true(parse(" (1 1 1:5)", TRUE, &qresync, &first));
    g_assert_false(parse(" (1 1 1:5 (1 1))", TRUE, &refused, &second));
    g_assert_cmpstr(second.code, ==, "UIDREQUIRED");
}

static void test_progress(void)
{
    static const struct {
        const char *tag;
        guint done, total;
        const char *want;
    } cases[] = {
        {"A001", 454, 1000, "INPROGRESS (\"A001\" 454 1000)"},
        {"A001", 175, 0, "INPROGRESS (\"A001\" 175 NIL)"},
        {"A001", 11, 10, "INPROGRESS (\"A001\" 11 NIL)"},
        {"a]b", 1, 2, "INPROGRESS"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *code = kx_progress_code(cases[i].tag, cases[i].done, cases[i].total);
        g_assert_cmpstr(code, ==, cases[i].want);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/qresync/good", test_good);
    g_test_add_func("/imap/qresync/bad", test_bad);
    g_test_add_func("/imap/qresync/uid-only", test_uid_only);
    g_test_add_func("/imap/qresync/progress", test_progress);
    return g_test_run();
}
