/* SPDX-License-Identifier: Apache-2.0 */
/* What FETCH is asked for, and the small pieces of its answers. */
#include "imap/fetch-args.h"
#include "imap/fetch-format.h"

/* The labels of the plan, joined by "|"; "error" if the arguments are wrong. */
static char *labels(const char *text, gboolean uid, guint *ret_traits)
{
    g_auto(KxImapParser) parser = {0};
    kx_imap_parser_init(&parser, text, strlen(text), FALSE);
    g_autoptr(KxFetchPlan) plan = kx_fetch_plan_parse(&parser, uid);
    if (!plan || !kx_imap_parse_end(&parser))
        return g_strdup("error");
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < plan->attrs->len; i++) {
        const KxFetchAttr *attr = g_ptr_array_index(plan->attrs, i);
        g_string_append_printf(out, "%s%s", i ? "|" : "", attr->label);
    }
    if (ret_traits)
        *ret_traits = plan->traits;
    return g_string_free(out, FALSE);
}

static void test_items(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"FLAGS", "FLAGS "},
        {"flags", "FLAGS "},
        {"(FLAGS)", "FLAGS "},
        {"(UID FLAGS INTERNALDATE)", "UID |FLAGS |INTERNALDATE "},
        {"ALL", "FLAGS |INTERNALDATE |RFC822.SIZE |ENVELOPE "},
        {"FAST", "FLAGS |INTERNALDATE |RFC822.SIZE "},
        {"FULL", "FLAGS |INTERNALDATE |RFC822.SIZE |ENVELOPE |BODY "},
        {"(FLAGS FLAGS UID flags)", "FLAGS |UID "},
        {"BODY", "BODY "},
        {"BODYSTRUCTURE", "BODYSTRUCTURE "},
        {"BODY[]", "BODY[] "},
        {"body.peek[]", "BODY[] "},
        {"BODY[TEXT]<10.20>", "BODY[TEXT]<10> "},
        {"BODY.PEEK[1.2.mime]", "BODY[1.2.MIME] "},
        {"BODY.PEEK[HEADER.FIELDS (From \"To\" \"a b\")]<0.5>",
         "BODY[HEADER.FIELDS (From To \"a b\")]<0> "},
        {"BODY[1.HEADER.FIELDS.NOT (X)]", "BODY[1.HEADER.FIELDS.NOT (X)] "},
        {"(BODY.PEEK[1] BODY.PEEK[1] BODY.PEEK[2])", "BODY[1] |BODY[1] |BODY[2] "},
        {"(RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE)",
         "RFC822 |RFC822.HEADER |RFC822.TEXT |RFC822.SIZE "},
        {"BINARY[1]<5.6>", "BINARY[1]<5> "},
        {"BINARY.PEEK[]", "BINARY[] "},
        {"BINARY.SIZE[1.2]", "BINARY.SIZE[1.2] "},
        {"(MODSEQ SAVEDATE)", "MODSEQ |SAVEDATE "},
        {"FLAGS (CHANGEDSINCE 12345)", "FLAGS |MODSEQ "},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = labels(cases[i].text, FALSE, NULL);
        g_assert_cmpstr(got, ==, cases[i].want);
    }
    g_autofree char *uid = labels("(FLAGS UID)", TRUE, NULL);
    g_assert_cmpstr(uid, ==, "UID |FLAGS ");
}

static void test_bad_items(void)
{
    static const char *const bad[] = {
        "",
        "()",
        "(FLAGS",
        "FLAGS UID",
        "(ALL)",
        "XYZZY",
        "FLAGS[]",
        "BODY[",
        "BODY[MIME]",
        "BODY[0]",
        "BODY[1.",
        "BODY[]<",
        "BODY[]<1>",
        "BODY[]<1.0>",
        "BODY[]<-1.5>",
        "BINARY[TEXT]",
        "BINARY[1.MIME]",
        "BINARY.SIZE[1]<0.1>",
        "BODY[HEADER.FIELDS]",
        "BODY[HEADER.FIELDS ()]",
        "BODY[HEADER.FIELDS (a)",
        "BODY.PEEK",
        "BINARY",
        "(FLAGS  UID)",
        "FLAGS (CHANGEDSINCE)",
        "FLAGS (VANISHED)",
        "FLAGS CHANGEDSINCE 5",
        "ENVELOPE<1.2>",
        "BODY[1.2.3.XYZ]",
        "( FLAGS)",
        "(FLAGS )",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *got = labels(bad[i], FALSE, NULL);
        g_assert_cmpstr(got, ==, "error");
    }
}

static void test_traits(void)
{
    static const struct {
        const char *text;
        gboolean seen, content, cache;
    } cases[] = {
        {"(FLAGS UID RFC822.SIZE)", FALSE, FALSE, FALSE},
        {"(ENVELOPE BODYSTRUCTURE)", FALSE, FALSE, TRUE},
        {"BODY", FALSE, TRUE, FALSE},
        {"BODY[HEADER]", TRUE, TRUE, FALSE},
        {"BODY.PEEK[HEADER]", FALSE, TRUE, FALSE},
        {"RFC822", TRUE, TRUE, FALSE},
        {"RFC822.HEADER", FALSE, TRUE, FALSE},
        {"RFC822.TEXT", TRUE, TRUE, FALSE},
        {"BINARY[1]", TRUE, TRUE, FALSE},
        {"BINARY.SIZE[1]", FALSE, TRUE, FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint traits = 0;
        g_autofree char *got = labels(cases[i].text, FALSE, &traits);
        g_assert_cmpstr(got, !=, "error");
        g_assert_cmpint((traits & KX_FETCH_SETS_SEEN) != 0, ==, cases[i].seen);
        g_assert_cmpint((traits & KX_FETCH_NEEDS_CONTENT) != 0, ==, cases[i].content);
        g_assert_cmpint((traits & KX_FETCH_NEEDS_CACHE) != 0, ==, cases[i].cache);
    }
}

static void test_caps(void)
{
    g_autoptr(GString) text = g_string_new("(BODY[]");
    for (guint i = 1; i < KX_FETCH_ATTRS; i++)
        g_string_append(text, " BODY[]");
    g_autoptr(GString) more = g_string_new(text->str);
    g_string_append(text, ")");
    g_string_append(more, " BODY[])");
    g_autofree char *good = labels(text->str, FALSE, NULL);
    g_autofree char *bad = labels(more->str, FALSE, NULL);
    g_assert_cmpstr(good, !=, "error");
    g_assert_cmpstr(bad, ==, "error");
}

static void test_numbers(void)
{
    static const guint64 numbers[] = {0, 1, 9, 10, 99, 100, 4294967295u, G_MAXUINT64};
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autoptr(GString) out = g_string_new("x");
        g_autofree char *want = g_strdup_printf("x%" G_GUINT64_FORMAT, numbers[i]);
        kx_fetch_append_uint(out, numbers[i]);
        g_assert_cmpstr(out->str, ==, want);
    }
}

static void check_flags(guint32 flags, KxKeywords keywords, gboolean recent, const char *want)
{
    g_autoptr(GString) out = g_string_new(NULL);
    KxItem item = {.flags = flags, .keywords = keywords};
    kx_fetch_append_flags(out, &item, recent);
    g_assert_cmpstr(out->str, ==, want);
}

static void test_flags(void)
{
    static const char *const keywords[] = {"$Junk", "red", NULL};
    check_flags(0, NULL, FALSE, "()");
    check_flags(0, NULL, TRUE, "(\\Recent)");
    check_flags(KX_FLAG_SEEN, NULL, FALSE, "(\\Seen)");
    check_flags(KX_FLAG_SEEN, keywords, TRUE, "(\\Seen $Junk red \\Recent)");
    check_flags(0, keywords, FALSE, "($Junk red)");
}

static void test_date(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    KxFetchZone zone = {0};
    kx_fetch_append_date(out, &zone, 1700000000);
    g_assert_cmpstr(out->str, ==, "\"14-Nov-2023 23:13:20 +0100\"");
    g_string_truncate(out, 0);
    kx_fetch_append_date(out, &zone, 1690000000); /* summer */
    g_assert_cmpstr(out->str, ==, "\"22-Jul-2023 06:26:40 +0200\"");
}

int main(int argc, char **argv)
{
    g_setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/fetch/items", test_items);
    g_test_add_func("/imap/fetch/bad-items", test_bad_items);
    g_test_add_func("/imap/fetch/traits", test_traits);
    g_test_add_func("/imap/fetch/caps", test_caps);
    g_test_add_func("/imap/fetch/numbers", test_numbers);
    g_test_add_func("/imap/fetch/flags", test_flags);
    g_test_add_func("/imap/fetch/date", test_date);
    return g_test_run();
}
