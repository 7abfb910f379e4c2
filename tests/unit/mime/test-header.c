/* SPDX-License-Identifier: Apache-2.0 */
/* Fields, folding, encoded words (RFC 2047) and parameters (RFC 2231). */
#include "mime-test.h"
#include "mime/header.h"

static void test_iterate(void)
{
    static const char text[] = "A: 1\r\nB :2\r\n\tmore\r\njunk\r\n: none\r\nC:\r\n\r\nD: body\r\n";
    static const struct {
        const char *name, *value;
        size_t len;
    } expected[] = {
        {"A", " 1", 6}, {"B", "2\r\n\tmore", 13}, {"", "junk", 6}, {"", " none", 8}, {"C", "", 4},
    };
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, text, strlen(text));
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_true(kx_header_iter_next(&iter, &field));
        assert_bytes(field.name, field.name_len, expected[i].name);
        assert_bytes(field.value, field.value_len, expected[i].value);
        g_assert_cmpuint(field.len, ==, expected[i].len);
    }
    g_assert_false(kx_header_iter_next(&iter, &field));
    g_assert_false(kx_header_find(text, strlen(text), "D", &field));
    g_assert_true(kx_header_find(text, strlen(text), "b", &field));
    g_assert_cmpstr(text + kx_header_length(text, strlen(text)), ==, "D: body\r\n");
    g_assert_cmpuint(kx_header_length("A: b", 4), ==, 4);
}

static void test_unfold(void)
{
    static const char raw[] = "  a\r\n b\n\tc\0d \r\n";
    g_autofree char *text = kx_header_unfold(raw, sizeof(raw) - 1, 1000);
    g_assert_cmpstr(text, ==, "a b\tcd");
    g_autofree char *cut = kx_header_unfold(raw, sizeof(raw) - 1, 3);
    g_assert_cmpstr(cut, ==, "a");
}

static const struct {
    const char *raw, *expected;
} words[] = {
    {"plain", "plain"},
    /* RFC 2047 section 8 */
    {"=?ISO-8859-1?Q?a?=", "a"},
    {"=?ISO-8859-1?Q?a?= b", "a b"},
    {"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a_b?=", "a b"},
    {"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"},
    {"=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?= <x>", "Patrik Fältström <x>"},
    {"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n"
     " =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
     "If you can read this you understand the example."},
    {"=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=", "םולש ןב ילטפנ"},
    /* RFC 2231 section 5 */
    {"=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"},
    /* A character split between two words. */
    {"=?utf-8?b?ww==?= =?utf-8?b?qQ==?=", "é"},
    {"=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"},
    {"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"},
    {"=?gb2312?B?1tDOxA==?=", "中文"},
    {"=?windows-1251?Q?=CF=F0=E8=E2=E5=F2?=", "Привет"},
    {"x =?utf-8?q?y?= z =?utf-8?q?w?=", "x y z w"},
    /* Broken ones stay as they are. */
    {"=?utf-8?q?abc", "=?utf-8?q?abc"},
    {"=?utf-8?x?abc?=", "=?utf-8?x?abc?="},
    {"=??q?abc?=", "=??q?abc?="},
    {"=?=?=?=?", "=?=?=?=?"},
    {"=?utf-8?q?=ZZ?=", "=ZZ"},
    {"=?utf-8?q?a=0D=0Ab=00c?=", "a  b c"},
    {"=?no-such?q?abc?=", "abc"},
    {"=?no-such?q?=E9?=", "é"},
    /* Raw bytes. */
    {"gr\xc3\xbc\xc3\x9f", "grüß"},
    {"gr\xfc\xdf", "grüß"},
};

static void test_words(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *text = kx_header_decode(words[i].raw, strlen(words[i].raw), 1000);
        g_assert_cmpstr(text, ==, words[i].expected);
    }
}

/* Question marks without end must not make the search for words quadratic. */
static void test_word_bomb(void)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 200000; i++)
        g_string_append(text, "=?a?q?");
    gint64 start = g_get_monotonic_time();
    g_autofree char *decoded = kx_header_decode(text->str, text->len, text->len);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 1000 * 1000);
    g_assert_cmpuint(strlen(decoded), ==, text->len);
    g_string_free(text, TRUE);
}

static const struct {
    const char *fields;
    const char *params; /* as stored */
} params[] = {
    /* RFC 2231 sections 3, 4 and 4.1 */
    {"message/external-body; access-type=URL; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/pub\"",
     "access-type=URL url=ftp://cs.utk.edu/pub"},
    {"application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
     "title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A"},
    {"application/x-stuff\n ;title*0*=us-ascii'en'This%20is%20even%20more%20\n"
     " ;title*1*=%2A%2A%2Afun%2A%2A%2A%20\n ;title*2=\"isn't it!\"",
     "title*=us-ascii'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!"},
    /* out of order, a gap, doubled */
    {"a/b; n*1=b; n*0=a; n*3=d; n*1=x", "n=ab"},
    {"a/b; n*1=b", "n="},
    {"a/b; n*0=x; n*1*=%C3", "n*=''x%C3"},
    {"a/b; n=\"=?utf-8?q?=C3=A9?=.pdf\"", "n==?utf-8?q?=C3=A9?=.pdf"},
    {"a/b; n=plain; n*=utf-8''%C3%A9", "n=plain n*=utf-8''%C3%A9"},
    {"a/b; n*=utf-8'%C3%A9", "n*=utf-8'%C3%A9"},
    {"a/b; n=my file.pdf ; m=x(c)", "n=my file.pdf m=x"},
    {"a/b; n=\"unended\n line", "n=unended line"},
    {"a/b; =x; n; ;; n =  y ;", "n=y"},
    {"a/b; *=x; n*0*0=y", "*=x n*0=y"},
};

static void test_params(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(params); i++) {
        g_autofree char *text = g_strdup_printf("Content-Type: %s\n\n", params[i].fields);
        g_auto(Mail) mail = mail_from(text, TRUE);
        const KxMimeParams *list = &mail.message->root->type_params;
        g_autoptr(GString) joined = g_string_new(NULL);
        for (unsigned k = 0; k < list->n; k++)
            g_string_append_printf(joined, "%s%s=%s", k > 0 ? " " : "", list->items[k].name,
                                   list->items[k].value);
        g_assert_cmpstr(joined->str, ==, params[i].params);
    }
}

static void test_param_cap(void)
{
    GString *text = g_string_new("Content-Type: a/b");
    for (int i = 0; i < 5000; i++)
        g_string_append_printf(text, ";p%d=x", i);
    g_auto(Mail) mail = mail_from(text->str, TRUE);
    g_assert_cmpuint(mail.message->root->type_params.n, ==, KX_MIME_MAX_PARAMS);
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/header/iterate", test_iterate);
    g_test_add_func("/mime/header/unfold", test_unfold);
    g_test_add_func("/mime/header/words", test_words);
    g_test_add_func("/mime/header/word-bomb", test_word_bomb);
    g_test_add_func("/mime/header/params", test_params);
    g_test_add_func("/mime/header/param-cap", test_param_cap);
    return g_test_run();
}
