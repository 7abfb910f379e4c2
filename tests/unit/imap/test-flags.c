/* SPDX-License-Identifier: Apache-2.0 */
/* Flags in arguments and answers, capabilities, ID, special uses. */
#include "imap/capability.h"
#include "imap/flags.h"
#include "imap/id.h"
#include "imap/imap.h"
#include "imap/special-use.h"

static const struct {
    const char *text;
    gboolean bare;
    const char *want; /* NULL: refused */
} flag_cases[] = {
    {"()", FALSE, ""},
    {"(\\Seen)", FALSE, "\\Seen"},
    {"(\\seen \\DELETED $Junk)", FALSE, "\\Deleted \\Seen $Junk"},
    {"(\\Draft \\Flagged \\Answered)", FALSE, "\\Answered \\Flagged \\Draft"},
    {"($a $b $A $a)", FALSE, "$a $b"},
    {"\\Seen \\Draft", TRUE, "\\Seen \\Draft"},
    {"(\\Seen)", TRUE, "\\Seen"},
    {"\\Seen", FALSE, NULL},
    {"(\\Recent)", FALSE, NULL},
    {"(\\Nonsense)", FALSE, NULL},
    {"(\\Seen", FALSE, NULL},
    {"(\\Seen  x)", FALSE, NULL},
    {"( \\Seen)", FALSE, NULL},
    {"", TRUE, NULL},
};

static void test_flags(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(flag_cases); i++) {
        g_auto(KxImapParser) parser = {0};
        g_auto(KxImapFlags) flags = {0};
        kx_imap_parser_init(&parser, flag_cases[i].text, strlen(flag_cases[i].text), FALSE);
        g_test_message("%s", flag_cases[i].text);
        gboolean ok = kx_imap_parse_flags(&parser, flag_cases[i].bare, &flags);
        g_assert_cmpint(ok, ==, flag_cases[i].want != NULL);
        if (!ok)
            continue;
        g_autoptr(GString) out = g_string_new(NULL);
        kx_imap_format_flags(out, flags.flags, (const char *const *)flags.keywords->pdata);
        g_assert_cmpstr(out->str, ==, flag_cases[i].want);
    }
}

static gboolean parse_keywords(guint n, guint len)
{
    g_autoptr(GString) text = g_string_new("(");
    for (guint i = 0; i < n; i++)
        g_string_append_printf(text, "%s%0*u", i > 0 ? " " : "", (int)len, i);
    g_string_append_c(text, ')');
    g_auto(KxImapParser) parser = {0};
    g_auto(KxImapFlags) flags = {0};
    kx_imap_parser_init(&parser, text->str, text->len, FALSE);
    return kx_imap_parse_flags(&parser, FALSE, &flags);
}

static void test_keyword_limits(void)
{
    g_assert_true(parse_keywords(KX_KEYWORDS_PER_ITEM, 10));
    g_assert_false(parse_keywords(KX_KEYWORDS_PER_ITEM + 1, 10));
    g_assert_true(parse_keywords(1, KX_KEYWORD_MAX_LEN));
    g_assert_false(parse_keywords(1, KX_KEYWORD_MAX_LEN + 1));
}

static gboolean has_word(const char *text, const char *word)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    return g_strv_contains((const char *const *)words, word);
}

/* Passwords are asked for where they are safe, and only there. */
static void test_capabilities(void)
{
    g_autoptr(KxSettings) settings = kx_settings_new_defaults();
    g_autofree char *clear =
        kx_imap_capabilities(KX_IMAP_CAN_STARTTLS | KX_IMAP_NO_LOGIN, settings);
    g_assert_true(has_word(clear, "STARTTLS"));
    g_assert_true(has_word(clear, "LOGINDISABLED"));
    g_autofree char *tls = kx_imap_capabilities(KX_IMAP_CAN_LOGIN, settings);
    g_assert_false(has_word(tls, "STARTTLS"));
    g_assert_false(has_word(tls, "LOGINDISABLED"));
    g_assert_true(has_word(tls, "SASL-IR"));
    g_autofree char *in = kx_imap_capabilities(KX_IMAP_SIGNED_IN | KX_IMAP_CAN_COMPRESS, settings);
    g_assert_true(has_word(in, "IMAP4rev1") && has_word(in, "IMAP4rev2") && has_word(in, "IDLE"));
    g_assert_true(has_word(in, "COMPRESS=DEFLATE"));
    g_autofree char *compressed = kx_imap_capabilities(KX_IMAP_SIGNED_IN, settings);
    g_assert_false(has_word(compressed, "COMPRESS=DEFLATE"));
    g_assert_true(has_word(in, "APPENDLIMIT=1073741824") && !strstr(tls, "APPENDLIMIT"));
}

static void test_id(void)
{
    g_autofree char *long_name = g_strdup_printf(" (\"%031d\" NIL)\r\n", 0);
    g_autoptr(GString) many = g_string_new(" (");
    for (guint i = 0; i < 31; i++)
        g_string_append_printf(many, "%s\"%u\" NIL", i ? " " : "", i);
    g_string_append(many, ")\r\n");
    const struct {
        const char *text;
        gboolean ok;
    } cases[] = {
        {" NIL\r\n", TRUE},
        {" ()\r\n", TRUE},
        {" (\"name\" \"x\" \"version\" NIL)\r\n", TRUE},
        {" (\"name\" {3}\r\nx\r\n)\r\n", TRUE},
        {"\r\n", FALSE},
        {" (\"name\")\r\n", FALSE},
        {" (\"name\" \"x\"\r\n", FALSE},
        {" (name \"x\")\r\n", FALSE},
        {" NIL x\r\n", FALSE},
        {long_name, FALSE},
        {many->str, FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(KxImapParser) parser = {0};
        kx_imap_parser_init(&parser, cases[i].text, strlen(cases[i].text), FALSE);
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(kx_imap_parse_id(&parser), ==, cases[i].ok);
    }
}

static void test_special_use(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    kx_imap_format_special_use(out, KX_USE_SENT | KX_USE_TRASH);
    g_assert_cmpstr(out->str, ==, " \\Sent \\Trash");
    g_assert_cmpuint(kx_imap_find_special_use(KX_SLICE_STR("\\drafts")), ==, KX_USE_DRAFTS);
    g_assert_cmpuint(kx_imap_find_special_use(KX_SLICE_STR("\\All")), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/flags", test_flags);
    g_test_add_func("/imap/keyword-limits", test_keyword_limits);
    g_test_add_func("/imap/capabilities", test_capabilities);
    g_test_add_func("/imap/id", test_id);
    g_test_add_func("/imap/special-use", test_special_use);
    return g_test_run();
}
