/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical forms of RFC 6376 section 3.4, by the examples of section 3.4.5, and lists of tags.
 */
#include <openssl/evp.h>
#include <string.h>

#include "filter/canon.h"
#include "filter/results.h"
#include "filter/tags.h"

static const char EXAMPLE[] = "A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";

static void check_digest(const char *message, gboolean relaxed, const char *body)
{
    guint8 wanted[KX_DIGEST];
    guint64 len;
    g_autoptr(KxMailView) mail = kx_mail_view_new(message, strlen(message));
    EVP_Digest(body, strlen(body), wanted, NULL, EVP_sha256(), NULL);
    g_assert_cmpmem(kx_canon_body(mail, relaxed, &len), KX_DIGEST, wanted, KX_DIGEST);
    g_assert_cmpuint(len, ==, strlen(body));
}

static char *canon(const char *message, const char *names, gboolean relaxed)
{
    g_autoptr(KxMailView) mail = kx_mail_view_new(message, strlen(message));
    g_auto(GStrv) list = g_strsplit(names, ":", -1);
    GString *out = g_string_new(NULL);
    kx_canon_fields(out, mail, list, relaxed);
    return g_string_free(out, FALSE);
}

static void test_header(void)
{
    g_autofree char *relaxed = canon(EXAMPLE, "a:b", TRUE), *simple = canon(EXAMPLE, "a:b", FALSE);
    g_assert_cmpstr(relaxed, ==, "a:X\r\nb:Y Z\r\n");
    g_assert_cmpstr(simple, ==, "A: X\r\nB : Y\t\r\n\tZ  \r\n");
}

/* From the bottom up, each once; what is not there adds nothing. */
static void test_repeated(void)
{
    g_autofree char *text = canon("A: 1\r\nB: 2\r\na: 3\r\n\r\n", "A:C:a:A:B", TRUE);
    g_assert_cmpstr(text, ==, "a:3\r\na:1\r\nb:2\r\n");
}

static void test_body(void)
{
    check_digest(EXAMPLE, TRUE, " C\r\nD E\r\n");
    check_digest(EXAMPLE, FALSE, " C \r\nD \t E\r\n");
    check_digest("A: X\r\n\r\n", TRUE, "");
    check_digest("A: X\r\n\r\n", FALSE, "\r\n");
    check_digest("A: X\r\n\r\n \t \r\n\r\n", TRUE, "");
    check_digest("A: X\r\n\r\n\r\nx\r\n\r\ny", TRUE, "\r\nx\r\n\r\ny\r\n");
    g_autofree char *line = g_strnfill(20000, 'x');
    g_autofree char *message = g_strconcat("A: X\r\n\r\n", line, "\r\n", line, " \r\n", NULL);
    g_autofree char *body = g_strconcat(line, "\r\n", line, "\r\n", NULL);
    check_digest(message, TRUE, body);
}

static void test_too_many_fields(void)
{
    g_autoptr(GString) message = g_string_new(NULL);
    for (guint i = 0; i <= KX_MAIL_FIELDS_MAX; i++)
        g_string_append(message, "A: X\r\n");
    g_assert_null(kx_mail_view_new(message->str, message->len));
}

static void test_tags(void)
{
    const char *good = " v = 1; a=rsa-sha256;b=ab\r\n\tcd ; h=From : To ;";
    g_autoptr(KxTags) tags = kx_tags_parse(good, strlen(good));
    g_autofree char *bare = kx_tags_bare(tags, "b");
    g_assert_cmpstr(kx_tags_get(tags, "v"), ==, "1");
    g_assert_cmpstr(bare, ==, "abcd");
    g_assert_true(kx_tags_lists(tags, "h", "from") && kx_tags_lists(tags, "h", "To"));
    g_assert_false(kx_tags_lists(tags, "h", "Subject"));
    g_assert_null(kx_tags_get(tags, "V"));
    static const char *const bad[] = {"v=1; v=2", "v", "=1", "v=1;;a=2", "1v=2", "v-w=1"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(kx_tags_parse(bad[i], strlen(bad[i])));
}

static void check_claims(const char *text, gboolean claims)
{
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, text, strlen(text));
    g_assert_true(kx_header_iter_next(&iter, &field));
    g_assert_cmpint(kx_results_claims(&field, "mail.a.test"), ==, claims);
}

static void test_claims(void)
{
    check_claims("Authentication-Results: mail.a.test; none\r\n", TRUE);
    check_claims("authentication-results:\r\n (x (y\\)) ) MAIL.a.test 1; none\r\n", TRUE);
    check_claims("Authentication-Results : \"mail.a\\.test\"; none\r\n", TRUE);
    check_claims("Authentication-Results: mail.a.test(c)\r\n", TRUE);
    check_claims("Authentication-Results: mail.a.test.b; none\r\n", FALSE);
    check_claims("Authentication-Results: (mail.a.test) b.test; none\r\n", FALSE);
    check_claims("X-Authentication-Results: mail.a.test; none\r\n", FALSE);
}

static void test_results(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    kx_results_add(out, "spf", KX_CHECK_FAIL, "because (of\r\nthis)");
    kx_results_property(out, "smtp.mailfrom", "o\"b; c@d.test");
    kx_results_property(out, "smtp.helo", "");
    kx_results_property(out, "header.d", "b\xc3\xbc\r\n.test");
    g_autofree char *field = kx_results_field("a.test", out);
    g_assert_cmpstr(field, ==,
                    "Authentication-Results: a.test;\r\n\tspf=fail (because ?of??this?)\r\n"
                    "\tsmtp.mailfrom=\"o\\\"b; c@d.test\"\r\n\theader.d=\"b????.test\"\r\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/filter/canon/header", test_header);
    g_test_add_func("/filter/canon/repeated", test_repeated);
    g_test_add_func("/filter/canon/body", test_body);
    g_test_add_func("/filter/canon/too-many-fields", test_too_many_fields);
    g_test_add_func("/filter/tags", test_tags);
    g_test_add_func("/filter/results/claims", test_claims);
    g_test_add_func("/filter/results/text", test_results);
    return g_test_run();
}
