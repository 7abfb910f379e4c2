/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken out of a message for the index: base subject, identifiers, keys and previews. */
#include <string.h>

#include "mime-test.h"
#include "mime/base-subject.h"
#include "mime/casemap.h"
#include "mime/html-text.h"
#include "mime/message-id.h"
#include "mime/preview.h"

static void assert_base(const char *subject, const char *expected, gboolean expect_reply)
{
    gboolean reply;
    g_autofree char *base = kx_base_subject(subject, strlen(subject), &reply);
    g_assert_cmpstr(base, ==, expected);
    g_assert_cmpint(reply, ==, expect_reply);
}

/* RFC 5256 section 2.1 */
static void test_base_subject(void)
{
    assert_base("hello", "hello", FALSE);
    assert_base(" Re: hello", "hello", TRUE);
    assert_base("RE : re:  Fwd:\r\n hello \t there", "hello there", TRUE);
    assert_base("Re[2]: hello", "hello", TRUE);
    assert_base("fw: hello (fwd) (fwd) ", "hello", TRUE);
    assert_base("[list] Re: hello", "hello", TRUE);
    assert_base("[list] [other] hello", "hello", FALSE);
    assert_base("Re: [list] Re: [list] hello", "hello", TRUE);
    assert_base("[list]", "[list]", FALSE);
    assert_base("Re: [list]", "[list]", TRUE);
    assert_base("[fwd: [fwd: hello]]", "hello", TRUE);
    assert_base("[Fwd: Re: hello] (fwd)", "hello", TRUE);
    assert_base("Re: ", "", TRUE);
    assert_base("", "", FALSE);
    assert_base("[fwd:]", "", TRUE);
    assert_base("regarding", "regarding", FALSE);
    assert_base("reply: x", "reply: x", FALSE);
    assert_base("[a[b] hello", "[a[b] hello", FALSE);
    assert_base("=?utf-8?q?Re=3A_gr=C3=BC=C3=9Fe?=", "grüße", TRUE);
}

static void test_base_subject_is_not_slow(void)
{
    g_autoptr(GString) hostile = g_string_new(NULL);
    for (guint i = 0; i < 100000; i++)
        g_string_append(hostile, "[x]");
    gboolean reply;
    g_autofree char *base = kx_base_subject(hostile->str, hostile->len, &reply);
    g_assert_cmpuint(strlen(base), <=, KX_SUBJECT_MAX);
}

static void assert_key(KxCollation collation, const char *text, const char *expected)
{
    g_autoptr(GString) key = g_string_new(NULL);
    kx_casemap_append(key, collation, text, strlen(text));
    g_assert_cmpstr(key->str, ==, expected);
}

/* RFC 5051, RFC 4790 */
static void test_collations(void)
{
    assert_key(KX_COLLATION_UNICODE, "Hello", "HELLO");
    assert_key(KX_COLLATION_UNICODE, "\xc3\xa4", "A\xcc\x88");     /* a umlaut */
    assert_key(KX_COLLATION_UNICODE, "\xc3\x84", "A\xcc\x88");     /* A umlaut */
    assert_key(KX_COLLATION_UNICODE, "\xc7\x86", "D\x7a\xcc\x8c"); /* dz caron: title case first */
    assert_key(KX_COLLATION_UNICODE, "\xef\xac\x81", "fi"); /* a ligature has no title case */
    assert_key(KX_COLLATION_UNICODE, "\xea\xb0\x80", "\xea\xb0\x80"); /* Hangul stays */
    assert_key(KX_COLLATION_ASCII, "a\xc3\xa4", "A\xc3\xa4");
    assert_key(KX_COLLATION_OCTET, "aA\xc3\xa4", "aA\xc3\xa4");
}

static void assert_ids(const char *value, const char *expected)
{
    g_autoptr(GString) id = g_string_new(NULL), all = g_string_new(NULL);
    const char *pos = value;
    while (kx_message_id_next(&pos, value + strlen(value), id))
        g_string_append_printf(all, "%s|", id->str);
    g_assert_cmpstr(all->str, ==, expected);
}

static void test_message_ids(void)
{
    assert_ids("<a@b>", "a@b|");
    assert_ids(" <a@b>\r\n <c@d>,<e@f>", "a@b|c@d|e@f|");
    assert_ids("<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>", "01KF8JCEOCBS0045PS@xxx.yyy.com|");
    assert_ids("Your message of Monday <broken <a@b> and more", "a@b|");
    assert_ids("<nothing> <@b> <a@> <> <", "");
    assert_ids("no brackets a@b", "");
    assert_ids("<\"a>b\"@c>", "a>b@c|");
}

static void assert_preview(const char *text, const char *expected)
{
    g_auto(Mail) mail = mail_from(text, TRUE);
    g_autofree char *preview = kx_mime_preview(mail.message);
    g_assert_cmpstr(preview, ==, expected);
}

/* RFC 8970 section 3 */
static void test_previews(void)
{
    assert_preview("Subject: x\n\nHello\n  there,\n\nfriend.\n", "Hello there, friend.");
    assert_preview("Subject: x\n\nOn Monday Joe wrote:\n> old\n> words\n\nNew words.\n-- \nJane\n",
                   "New words.");
    assert_preview("Subject: x\n\n> only\n> old\n", "> only > old");
    assert_preview("Subject: x\n\n", "");
    assert_preview("Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAAA\n", "");
    assert_preview("Content-Type: text/html; charset=utf-8\n\n<html><head><title>no</title>"
                   "<style>p { color: red }</style></head><body><!-- no --><p>Dear&nbsp;Joe,</p>"
                   "<p title='a > b'>5 &lt; 6 &amp;&#32;h<b>ell</b>o &bogus;</p></body></html>\n",
                   "Dear Joe, 5 < 6 & hello &bogus;");
    assert_preview("Content-Type: multipart/mixed; boundary=b\n\n--b\n"
                   "Content-Type: text/plain\nContent-Disposition: attachment\n\nno\n--b\n"
                   "Content-Type: text/plain; charset=iso-8859-1\n"
                   "Content-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n--b--\n",
                   "Grüße");
}

static void test_preview_is_short(void)
{
    g_autoptr(GString) text = g_string_new("Content-Type: text/plain; charset=utf-8\n\n");
    for (guint i = 0; i < 5000; i++)
        g_string_append(text, i % 7 ? "ü" : " ");
    g_auto(Mail) mail = mail_from(text->str, TRUE);
    g_autofree char *preview = kx_mime_preview(mail.message);
    g_assert_true(g_utf8_validate(preview, -1, NULL));
    glong length = g_utf8_strlen(preview, -1);
    g_assert_cmpint(length, <=, KX_PREVIEW_CHARACTERS);
    g_assert_cmpint(length, >=, KX_PREVIEW_CHARACTERS - 2);
}

static void test_html_takes_anything(void)
{
    static const char *const TEXTS[] = {"<",          "<!--",  "<script>x", "&#x110000;&#;&;",
                                        "<a href=\"", "</",    "<!",        "a<b",
                                        "&#0;",       "<style"};
    for (guint i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        kx_html_append_text(out, TEXTS[i], strlen(TEXTS[i]), 100);
        g_assert_true(g_utf8_validate(out->str, (gssize)out->len, NULL));
        g_assert_null(memchr(out->str, 0, out->len));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/digest/base-subject", test_base_subject);
    g_test_add_func("/digest/base-subject-hostile", test_base_subject_is_not_slow);
    g_test_add_func("/digest/collations", test_collations);
    g_test_add_func("/digest/message-ids", test_message_ids);
    g_test_add_func("/digest/previews", test_previews);
    g_test_add_func("/digest/preview-is-short", test_preview_is_short);
    g_test_add_func("/digest/html", test_html_takes_anything);
    return g_test_run();
}
