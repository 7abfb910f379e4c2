/* SPDX-License-Identifier: Apache-2.0 */
/* The argument parser, table by table. */
#include "imap/parser.h"

#include "imap/wire.h"

static gboolean equals(KxSlice slice, const char *text)
{
    return slice.len == strlen(text) && memcmp(slice.data, text, slice.len) == 0;
}

#define PARSER(text)                                                                               \
    g_auto(KxImapParser) parser = {0};                                                             \
    kx_imap_parser_init(&parser, text, strlen(text), FALSE)

#define AGAIN(text)                                                                                \
    kx_imap_parser_clear(&parser);                                                                 \
    kx_imap_parser_init(&parser, text, strlen(text), FALSE)

/* ---- one table for everything that reads a slice ---- */

typedef gboolean (*ReadSlice)(KxImapParser *parser, KxSlice *ret);

typedef struct {
    ReadSlice read;
    const char *text;
    const char *value; /* NULL: refused */
    const char *rest;  /* what is left of it */
} SliceCase;

static const SliceCase slice_cases[] = {
    {kx_imap_parse_tag, "a1 NOOP", "a1", " NOOP"},
    {kx_imap_parse_tag, "a.1-x] NOOP", "a.1-x]", " NOOP"},
    {kx_imap_parse_tag, "+ NOOP", NULL, NULL},
    {kx_imap_parse_tag, "* NOOP", NULL, NULL},
    {kx_imap_parse_tag, "", NULL, NULL},
    {kx_imap_parse_tag, "\r\n", NULL, NULL},
    {kx_imap_parse_atom, "FETCH 1", "FETCH", " 1"},
    {kx_imap_parse_atom, "a+b[x", "a+b[x", ""},
    {kx_imap_parse_atom, "x]", "x", "]"},
    {kx_imap_parse_atom, "x(", "x", "("},
    {kx_imap_parse_atom, "\"x\"", NULL, NULL},
    {kx_imap_parse_atom, "\xc3\xbc", NULL, NULL},
    {kx_imap_parse_astring, "x] y", "x]", " y"},
    {kx_imap_parse_astring, "\"\" y", "", " y"},
    {kx_imap_parse_astring, "\"a \\\"b\\\\\" y", "a \"b\\", " y"},
    {kx_imap_parse_astring, "{3}\r\na\r\n x", "a\r\n", " x"},
    {kx_imap_parse_astring, "{3+}\r\n()\\ x", "()\\", " x"},
    {kx_imap_parse_astring, "{0}\r\n x", "", " x"},
    {kx_imap_parse_astring, "{4}\r\nabc", NULL, NULL},
    {kx_imap_parse_astring, "{3}abc", NULL, NULL},
    {kx_imap_parse_astring, "{3\r\nabc", NULL, NULL},
    {kx_imap_parse_astring, "{}\r\nabc", NULL, NULL},
    {kx_imap_parse_astring, "{-1}\r\nabc", NULL, NULL},
    {kx_imap_parse_astring, "{99999999999999999999}\r\nabc", NULL, NULL},
    {kx_imap_parse_astring, "{16385}\r\nabc", NULL, NULL},
    {kx_imap_parse_astring, "\"abc", NULL, NULL},
    {kx_imap_parse_astring, "\"a\\c\"", NULL, NULL},
    {kx_imap_parse_astring, "\"a\\", NULL, NULL},
    {kx_imap_parse_astring, "\"a\r\nb\"", NULL, NULL},
    {kx_imap_parse_astring, "%", NULL, NULL},
    {kx_imap_parse_astring, "(", NULL, NULL},
    {kx_imap_parse_string, "abc", NULL, NULL},
    {kx_imap_parse_string, "\"abc\"", "abc", ""},
    {kx_imap_parse_flag, "\\Seen)", "\\Seen", ")"},
    {kx_imap_parse_flag, "$Junk)", "$Junk", ")"},
    {kx_imap_parse_flag, "\\)", NULL, NULL},
    {kx_imap_parse_flag, "\\\\Seen", NULL, NULL},
    {kx_imap_parse_flag, ")", NULL, NULL},
};

static void test_slices(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(slice_cases); i++) {
        const SliceCase *c = &slice_cases[i];
        PARSER(c->text);
        KxSlice value = {0};
        gboolean ok = c->read(&parser, &value);
        g_test_message("%u: %s", i, c->text);
        g_assert_cmpint(ok, ==, c->value != NULL);
        g_assert_cmpint(kx_imap_parser_ok(&parser), ==, ok);
        if (!ok)
            continue;
        g_assert_true(equals(value, c->value));
        g_assert_cmpstr(parser.at, ==, c->rest);
    }
}

static void test_long_tag(void)
{
    g_autofree char *tag = g_strnfill(KX_IMAP_TAG_MAX + 1, 'x');
    KxSlice value;
    PARSER(tag);
    g_assert_false(kx_imap_parse_tag(&parser, &value));
    AGAIN(tag + 1);
    g_assert_true(kx_imap_parse_tag(&parser, &value));
}

static void test_nul(void)
{
    static const char literal[] = "{3}\r\na\0b";
    static const char quoted[] = "\"a\0b\"";
    KxSlice value;
    g_auto(KxImapParser) a = {0}, b = {0};
    kx_imap_parser_init(&a, literal, sizeof literal - 1, FALSE);
    g_assert_false(kx_imap_parse_astring(&a, &value));
    kx_imap_parser_init(&b, quoted, sizeof quoted - 1, FALSE);
    g_assert_false(kx_imap_parse_astring(&b, &value));
}

/* After the first error nothing succeeds, and the first message stays. */
static void test_error_sticks(void)
{
    PARSER("( abc\r\n");
    KxSlice value = {0};
    guint64 number;
    g_assert_false(kx_imap_parse_atom(&parser, &value));
    g_assert_cmpstr(parser.error, ==, "Expected a word, found '('");
    g_assert_false(kx_imap_accept(&parser, '('));
    g_assert_false(kx_imap_peek(&parser, '('));
    g_assert_false(kx_imap_parse_char(&parser, '('));
    g_assert_false(kx_imap_accept_atom(&parser, "abc"));
    g_assert_false(kx_imap_parse_number(&parser, 9, &number));
    g_assert_false(kx_imap_parse_end(&parser));
    g_assert_cmpstr(parser.error, ==, "Expected a word, found '('");
}

/* What a client sent does not get into the answer unless it is harmless. */
static void test_error_is_printable(void)
{
    PARSER("x");
    g_assert_false(kx_imap_parser_fail(&parser, "bad %s", "\xff\r\n* BYE"));
    g_assert_cmpstr(parser.error, ==, "bad ???* BYE");
    g_auto(KxImapParser) byte = {0};
    kx_imap_parser_init(&byte, "\x01", 1, FALSE);
    g_assert_false(kx_imap_parse_space(&byte));
    g_assert_cmpstr(byte.error, ==, "Expected a space, found byte 0x01");
}

static void test_end(void)
{
    PARSER("\r\n");
    g_assert_true(kx_imap_at_end(&parser));
    g_assert_true(kx_imap_parse_end(&parser));
    AGAIN(" \r\n");
    g_assert_false(kx_imap_parse_end(&parser));
    AGAIN("\r\n\r\n");
    g_assert_false(kx_imap_parse_end(&parser));
}

static void test_accept_atom(void)
{
    PARSER("uid FETCHED x");
    g_assert_true(kx_imap_accept_atom(&parser, "UID"));
    g_assert_true(kx_imap_parse_space(&parser));
    g_assert_false(kx_imap_accept_atom(&parser, "FETCH"));
    g_assert_true(kx_imap_accept_atom(&parser, "FETCHED"));
    g_assert_true(kx_imap_parser_ok(&parser));
}

static void test_nstring(void)
{
    static const struct {
        const char *text;
        gboolean ok, nil;
    } cases[] = {{"NIL", TRUE, TRUE},
                 {"nil ", TRUE, TRUE},
                 {"\"NIL\"", TRUE, FALSE},
                 {"NILS", FALSE, FALSE}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        PARSER(cases[i].text);
        KxSlice value;
        gboolean nil = FALSE;
        g_assert_cmpint(kx_imap_parse_nstring(&parser, &value, &nil), ==, cases[i].ok);
        g_assert_cmpint(nil, ==, cases[i].nil);
    }
}

static void test_number(void)
{
    static const struct {
        const char *text;
        guint64 max, value;
        gboolean ok;
    } cases[] = {
        {"0", 9, 0, TRUE},
        {"007", 9, 7, TRUE},
        {"4294967295", G_MAXUINT32, G_MAXUINT32, TRUE},
        {"4294967296", G_MAXUINT32, 0, FALSE},
        {"9", 8, 0, FALSE},
        {"18446744073709551615", G_MAXUINT64, G_MAXUINT64, TRUE},
        {"18446744073709551616", G_MAXUINT64, 0, FALSE},
        {"99999999999999999999999", G_MAXUINT64, 0, FALSE},
        {"", 9, 0, FALSE},
        {"-1", 9, 0, FALSE},
        {"+1", 9, 0, FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        PARSER(cases[i].text);
        guint64 value = 0;
        g_assert_cmpint(kx_imap_parse_number(&parser, cases[i].max, &value), ==, cases[i].ok);
        g_assert_cmpuint(value, ==, cases[i].value);
    }
}

static void test_mailbox(void)
{
    static const struct {
        gboolean utf8;
        const char *text, *value;
    } cases[] = {
        {FALSE, "inbox", "INBOX"},
        {FALSE, "\"iNBoX/Sub\"", "INBOX/Sub"},
        {FALSE, "inboxes", "inboxes"},
        {FALSE, "Entw&APw-rfe", "Entw\xc3\xbcrfe"},
        {FALSE, "a&-b", "a&b"},
        {TRUE, "a&-b", "a&-b"},
        {TRUE, "\"Entw\xc3\xbcrfe\"", "Entw\xc3\xbcrfe"},
        {TRUE, "\"Entwu\xcc\x88rfe\"", "Entw\xc3\xbcrfe"}, /* NFC */
        {TRUE, "\"\xff\"", NULL},
        {FALSE, "\"Entw\xc3\xbcrfe\"", NULL},
        {FALSE, "a&b", NULL},
        {FALSE, "{5}\r\nINBOX", "INBOX"},
        {FALSE, "\"\"", ""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(KxImapParser) parser = {0};
        kx_imap_parser_init(&parser, cases[i].text, strlen(cases[i].text), cases[i].utf8);
        const char *value = NULL;
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(kx_imap_parse_mailbox(&parser, &value), ==, cases[i].value != NULL);
        g_assert_cmpstr(value, ==, cases[i].value);
    }
}

static void test_list_mailbox(void)
{
    static const struct {
        const char *text, *value;
    } cases[] = {{"*", "*"},         {"%/a*", "%/a*"}, {"\"% x\"", "% x"},
                 {"inbox", "INBOX"}, {"(", NULL},      {"a\\", "a"}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        PARSER(cases[i].text);
        const char *value = NULL;
        g_assert_cmpint(kx_imap_parse_list_mailbox(&parser, &value), ==, cases[i].value != NULL);
        g_assert_cmpstr(value, ==, cases[i].value);
    }
}

static void test_date(void)
{
    static const struct {
        const char *text;
        gint64 days;
        gboolean ok;
    } cases[] = {
        {"1-Jan-1970", 0, TRUE},   {"01-jan-1970", 0, TRUE},     {"\"2-Jan-1970\"", 1, TRUE},
        {"31-Dec-1969", -1, TRUE}, {"29-Feb-2024", 19782, TRUE}, {"29-Feb-2023", 0, FALSE},
        {"32-Jan-2023", 0, FALSE}, {"0-Jan-2023", 0, FALSE},     {"1-Foo-2023", 0, FALSE},
        {"1-Jan-23", 0, FALSE},    {"\"1-Jan-2023", 0, FALSE},   {"1-Jan-02023", 0, FALSE},
        {"1-Ja", 0, FALSE},        {"31-Apr-2023", 0, FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        PARSER(cases[i].text);
        gint64 seconds = 0;
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(kx_imap_parse_date(&parser, &seconds), ==, cases[i].ok);
        g_assert_cmpint(seconds, ==, cases[i].days * 86400);
    }
}

static void test_date_time(void)
{
    static const struct {
        const char *text;
        gint64 seconds;
        gboolean ok;
    } cases[] = {
        {"\" 1-Jan-1970 00:00:00 +0000\"", 0, TRUE},
        {"\"01-Jan-1970 00:00:01 +0000\"", 1, TRUE},
        {"\"17-Jul-1996 02:44:25 -0700\"", 837596665, TRUE},
        {"\" 1-Jan-1970 01:00:00 +0130\"", -1800, TRUE},
        {"\"31-Dec-2016 23:59:60 +0000\"", 1483228800, TRUE},
        {"\"1-Jan-1970 00:00:00 +0000\"", 0, FALSE},
        {"\" 1-Jan-1970 24:00:00 +0000\"", 0, FALSE},
        {"\" 1-Jan-1970 00:60:00 +0000\"", 0, FALSE},
        {"\" 1-Jan-1970 00:00:00 0000\"", 0, FALSE},
        {"\" 1-Jan-1970 00:00:00 +00000\"", 0, FALSE},
        {"\" 1-Jan-1970 00:00:00 +9900\"", 0, FALSE},
        {"\" 1-Jan-1970 00:00:00 +0000", 0, FALSE},
        {" 1-Jan-1970 00:00:00 +0000", 0, FALSE},
        {"\"\"", 0, FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        PARSER(cases[i].text);
        gint64 seconds = 0;
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(kx_imap_parse_date_time(&parser, &seconds), ==, cases[i].ok);
        g_assert_cmpint(seconds, ==, cases[i].seconds);
    }
}

static void test_content(void)
{
    PARSER("{5}\r\na\r\nb\n {16385}\r\n {20000+}\r\n ~{1}\r\nx\r\n");
    KxImapContent content = {0};
    g_assert_true(kx_imap_parse_content(&parser, &content));
    g_assert_false(content.spooled);
    g_assert_true(equals(content.bytes, "a\r\nb\n"));
    g_assert_true(kx_imap_parse_space(&parser));
    for (guint i = 0; i < 2; i++) {
        g_assert_true(kx_imap_parse_content(&parser, &content));
        g_assert_true(content.spooled);
        g_assert_cmpuint(content.spool, ==, i);
        g_assert_true(kx_imap_parse_space(&parser));
    }
    g_assert_cmpuint(content.size, ==, 20000);
    g_assert_true(kx_imap_parse_content(&parser, &content));
    g_assert_true(content.binary);
    g_assert_true(kx_imap_parse_end(&parser));
    AGAIN("{5}\r\nabcd");
    g_assert_false(kx_imap_parse_content(&parser, &content));
    AGAIN("\"abcd\"");
    g_assert_false(kx_imap_parse_content(&parser, &content));
}

static void test_literal_at_end(void)
{
    static const struct {
        const char *line;
        gboolean found, non_sync, binary;
        guint64 size;
    } cases[] = {
        {"a LOGIN {5}", TRUE, FALSE, FALSE, 5},
        {"a LOGIN {5+}", TRUE, TRUE, FALSE, 5},
        {"a X ({12}", TRUE, FALSE, FALSE, 12},
        {"a X ~{12+}", TRUE, TRUE, TRUE, 12},
        {"a X {99999999999999999999}", TRUE, FALSE, FALSE, G_MAXUINT64},
        {"a LOGIN user pass{5}", FALSE},
        {"a LOGIN {5", FALSE},
        {"a LOGIN {}", FALSE},
        {"a LOGIN {+}", FALSE},
        {"a LOGIN {5-}", FALSE},
        {"a LOGIN 5}", FALSE},
        {"{5}", FALSE},
        {"}", FALSE},
        {"+}", FALSE},
        {"", FALSE},
        {"a X \"{5}\"", FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        KxImapLiteral literal = {0};
        g_test_message("%s", cases[i].line);
        g_assert_cmpint(kx_imap_literal_at_end(cases[i].line, strlen(cases[i].line), &literal), ==,
                        cases[i].found);
        g_assert_cmpint(literal.non_sync, ==, cases[i].non_sync);
        g_assert_cmpint(literal.binary, ==, cases[i].binary);
        g_assert_cmpuint(literal.size, ==, cases[i].size);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/parser/slices", test_slices);
    g_test_add_func("/imap/parser/long-tag", test_long_tag);
    g_test_add_func("/imap/parser/nul", test_nul);
    g_test_add_func("/imap/parser/error-sticks", test_error_sticks);
    g_test_add_func("/imap/parser/error-is-printable", test_error_is_printable);
    g_test_add_func("/imap/parser/end", test_end);
    g_test_add_func("/imap/parser/accept-atom", test_accept_atom);
    g_test_add_func("/imap/parser/nstring", test_nstring);
    g_test_add_func("/imap/parser/number", test_number);
    g_test_add_func("/imap/parser/mailbox", test_mailbox);
    g_test_add_func("/imap/parser/list-mailbox", test_list_mailbox);
    g_test_add_func("/imap/parser/date", test_date);
    g_test_add_func("/imap/parser/date-time", test_date_time);
    g_test_add_func("/imap/parser/content", test_content);
    g_test_add_func("/imap/parser/literal-at-end", test_literal_at_end);
    return g_test_run();
}
