/* SPDX-License-Identifier: Apache-2.0 */
/* SEARCH over decoded text. */
#include "mime-test.h"
#include "mime/text.h"

static KxNeedle *needle_for(const char *text)
{
    return kx_needle_new(KX_COLLATION_UNICODE, text, strlen(text));
}

static void test_folding(void)
{
    static const struct {
        const char *text, *needle;
        gboolean found;
    } cases[] = {
        {"Hello World", "LO wo", TRUE},
        {"Hello", "x", FALSE},
        {"", "", TRUE},
        {"STRASSE", "straße", TRUE},
        {"ΣΊΣΥΦΟΣ", "σίσυφος", TRUE},
        {"cafe\xcc\x81", "CAFÉ", TRUE},
        {"ﬁn", "FIN", TRUE},
        {"ＡＢＣ", "abc", TRUE},
        {"Привет", "ПРИВЕТ", TRUE},
        {"bad \xff byte", "byte", TRUE},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(KxNeedle) needle = needle_for(cases[i].needle);
        g_assert_cmpint(kx_needle_in_text(needle, cases[i].text, strlen(cases[i].text)), ==,
                        cases[i].found);
    }
}

static const char mail_text[] =
    "Subject: =?iso-8859-1?q?Gr=FC=DFe?=\nTo: a@b\nTo: second@b\nX-Empty:\n"
    "Content-Type: multipart/mixed; boundary=b\n\npreamble word\n"
    "--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: "
    "quoted-printable\n\n"
    "Caf=E9 au la=\nit\n"
    "--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
    "PGI+w5xiZXI8L2I+\n"
    "--b\nContent-Type: image/png; name=picture.png\n\nimagebytes\n"
    "--b\nContent-Type: message/rfc822\n\nSubject: inner topic\n\ninner words\n"
    "--b\nContent-Type: text/plain; charset=no-such\n\nunknown set\n"
    "--b--\nepilogue\n";

static void test_message(void)
{
    static const struct {
        const char *needle;
        gboolean in_body, in_text;
    } cases[] = {
        {"café AU LAIT", TRUE, TRUE},  {"über", TRUE, TRUE},        {"GRÜSSE", FALSE, TRUE},
        {"inner topic", TRUE, TRUE},   {"inner words", TRUE, TRUE}, {"imagebytes", FALSE, FALSE},
        {"picture.png", FALSE, FALSE}, {"charset", FALSE, FALSE},   {"unknown set", TRUE, TRUE},
        {"to: a@b", FALSE, TRUE},      {"PGI", FALSE, FALSE},       {"", TRUE, TRUE},
        {"not there", FALSE, FALSE},
    };
    g_auto(Mail) mail = mail_from(mail_text, TRUE);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(KxNeedle) needle = needle_for(cases[i].needle);
        g_test_message("%s", cases[i].needle);
        g_assert_cmpint(kx_mime_search_body(mail.message, needle), ==, cases[i].in_body);
        g_assert_cmpint(kx_mime_search_text(mail.message, needle), ==, cases[i].in_text);
    }
}

static void test_header(void)
{
    static const struct {
        const char *name, *needle;
        gboolean found;
    } cases[] = {
        {"subject", "grüsse", TRUE}, {"SUBJECT", "a@b", FALSE}, {"To", "second", TRUE},
        {"X-Empty", "", TRUE},       {"X-Empty", "a", FALSE},   {"Cc", "", FALSE},
    };
    g_auto(Mail) mail = mail_from(mail_text, TRUE);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(KxNeedle) needle = needle_for(cases[i].needle);
        g_assert_cmpint(kx_mime_search_header(mail.text, mail.len, cases[i].name, needle), ==,
                        cases[i].found);
    }
}

/* A match is found wherever the pieces of a long body are cut, and marks are not torn off. */
static void test_piece_edges(void)
{
    static const char *const fillers[] = {"x", "é", "日"};
    for (unsigned f = 0; f < G_N_ELEMENTS(fillers); f++) {
        for (int shift = 0; shift < 40; shift++) {
            GString *text = g_string_new("Content-Type: text/plain; charset=utf-8\n\n");
            while (text->len < 32768 + 20 + (size_t)shift)
                g_string_append(text, fillers[f]);
            g_string_append(text, "ma\xcc\x81rk found");
            while (text->len < 70000)
                g_string_append(text, fillers[f]);
            g_auto(Mail) mail = mail_from(text->str, FALSE);
            g_autoptr(KxNeedle) needle = needle_for("MÁRK FOUND");
            g_assert_true(kx_mime_search_body(mail.message, needle));
            g_autoptr(KxNeedle) other = needle_for("mark found");
            g_assert_false(kx_mime_search_body(mail.message, other));
            g_string_free(text, TRUE);
        }
    }
}

/* A double-byte character on the edge of two pieces, through ICU. */
static void test_charset_edges(void)
{
    for (int shift = 0; shift < 2; shift++) {
        GString *text = g_string_new("Content-Type: text/plain; charset=gb2312\n\n");
        g_string_append(text, shift ? "a" : "");
        for (int i = 0; i < 20000; i++)
            g_string_append(text, "\xd6\xd0\xce\xc4"); /* 中文 */
        g_string_append(text, "\xc8\xcb");             /* 人 */
        g_auto(Mail) mail = mail_from(text->str, FALSE);
        g_autoptr(KxNeedle) needle = needle_for("文人");
        g_autoptr(KxNeedle) broken = needle_for("\xef\xbf\xbd");
        g_assert_true(kx_mime_search_body(mail.message, needle));
        g_assert_false(kx_mime_search_body(mail.message, broken));
        g_string_free(text, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/text/folding", test_folding);
    g_test_add_func("/mime/text/message", test_message);
    g_test_add_func("/mime/text/header", test_header);
    g_test_add_func("/mime/text/piece-edges", test_piece_edges);
    g_test_add_func("/mime/text/charset-edges", test_charset_edges);
    return g_test_run();
}
