/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/x509_vfy.h>

#include "courier/tls-note.h"

static void check(const char *first, const char *second, const char *rua)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    g_ptr_array_add(texts, (gpointer)first);
    if (second)
        g_ptr_array_add(texts, (gpointer)second);
    g_autofree char *found = kx_tls_record_rua(texts);
    g_assert_cmpstr(found, ==, rua);
}

/* covers: SMTP-28 */
static void test_record(void)
{
    check("v=TLSRPTv1; rua=mailto:a@b.test", NULL, "mailto:a@b.test");
    check("v=TLSRPTv1;rua=mailto:a@b.test , https://b.test/x;", "v=spf1 -all",
          "mailto:a@b.test,https://b.test/x");
    check("v=TLSRPTv1; x=y; rua=HTTPS://b.test/", NULL, "HTTPS://b.test/");
    check("v=TLSRPTv1; rua=mailto:a@b.test", "v=TLSRPTv1; rua=mailto:c@d.test", NULL);
    check("v=TLSRPTv2; rua=mailto:a@b.test", NULL, NULL);
    check("v=TLSRPTv1; rua=http://b.test/,ftp://b.test/,mailto:nobody,https://", NULL, NULL);
    check("v=TLSRPTv1; rua=mailto:a@b.test\r\nX: y", NULL, NULL);
    check("v=TLSRPTv1;", NULL, NULL);
    g_autofree char *many = g_strdup("v=TLSRPTv1; rua=mailto:a@1.test,mailto:a@2.test,"
                                     "mailto:a@3.test,mailto:a@4.test,mailto:a@5.test");
    check(many, NULL, "mailto:a@1.test,mailto:a@2.test,mailto:a@3.test,mailto:a@4.test");
    g_autofree char *name = g_strnfill(KX_TLS_RUA_LENGTH, 'a');
    g_autofree char *longest = g_strdup_printf("v=TLSRPTv1; rua=mailto:%s@b.test", name);
    check(longest, NULL, NULL);
}

static void test_results(void)
{
    g_assert_cmpint(kx_tls_result_of(X509_V_OK), ==, KX_TLS_GOOD);
    g_assert_cmpint(kx_tls_result_of(X509_V_ERR_CERT_HAS_EXPIRED), ==, KX_TLS_EXPIRED);
    g_assert_cmpint(kx_tls_result_of(X509_V_ERR_INVALID_PURPOSE), ==, KX_TLS_VALIDATION);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/courier/tls-note/record", test_record);
    g_test_add_func("/courier/tls-note/results", test_results);
    return g_test_run();
}
