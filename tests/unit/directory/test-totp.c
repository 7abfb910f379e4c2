/* SPDX-License-Identifier: Apache-2.0 */
/* Codes of a second factor: the vectors of RFC 6238, secrets as people type them, times beside. */
#include "base/error.h"
#include "directory/totp.h"

/* "12345678901234567890" */
static const char SECRET[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/* RFC 6238 appendix B; of eight digits the last six. */
static void test_vectors(void)
{
    static const struct {
        gint64 now;
        const char *code;
    } rows[] = {
        {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
        {1234567890, "005924"}, {2000000000, "279037"}, {G_GINT64_CONSTANT(20000000000), "353130"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpuint(kx_totp_find(SECRET, rows[i].code, rows[i].now), ==,
                         (guint64)rows[i].now / 30);
}

static void test_times_beside(void)
{
    const gint64 now = 1111111111, interval = 30;
    const guint64 step = (guint64)now / 30;
    g_assert_cmpuint(kx_totp_find(SECRET, "050471", now + interval), ==, step);
    g_assert_cmpuint(kx_totp_find(SECRET, "050471", now - interval), ==, step);
    g_assert_cmpuint(kx_totp_find(SECRET, "050471", now + 2 * interval), ==, 0);
    g_assert_cmpuint(kx_totp_find(SECRET, "050471", now - 2 * interval), ==, 0);
}

static void test_no_codes(void)
{
    static const char *const codes[] = {"", "50471", "0504710", "14050471", "05047a", " 50471"};
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
        g_assert_cmpuint(kx_totp_find(SECRET, codes[i], 1111111111), ==, 0);
    g_assert_cmpuint(kx_totp_find(SECRET, "050471", 0), ==, 0);
}

static void check_parsed(const char *value, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *secret = kx_totp_parse(value, &error);
    g_assert_cmpstr(secret, ==, wanted);
    if (wanted == NULL)
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
}

static void test_secrets(void)
{
    g_autofree char *longest = g_strnfill(102, 'A'), *longer = g_strnfill(103, 'A');
    check_parsed(SECRET, SECRET);
    check_parsed("gezd gnbv-gy3t qojq ====", "GEZDGNBVGY3TQOJQ");
    check_parsed("GEZDGNBVGY3TQO", NULL);   /* too short */
    check_parsed("GEZDGNBVGY3TQOJ0", NULL); /* no 0 and no 1 */
    check_parsed("", NULL);
    check_parsed(longest, longest);
    check_parsed(longer, NULL);
    g_autofree char *one = kx_totp_new(), *other = kx_totp_new();
    check_parsed(one, one);
    g_assert_cmpuint(strlen(one), ==, 32);
    g_assert_cmpstr(one, !=, other);
}

static void test_uri(void)
{
    g_autofree char *uri = kx_totp_uri(SECRET, "mail.company.test", "o'brien@company.test");
    g_assert_cmpstr(uri, ==,
                    "otpauth://totp/mail.company.test:o%27brien@company.test"
                    "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=mail.company.test");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/totp/vectors", test_vectors);
    g_test_add_func("/totp/times-beside", test_times_beside);
    g_test_add_func("/totp/no-codes", test_no_codes);
    g_test_add_func("/totp/secrets", test_secrets);
    g_test_add_func("/totp/uri", test_uri);
    return g_test_run();
}
