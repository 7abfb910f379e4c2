/* SPDX-License-Identifier: Apache-2.0 */
/* SCRAM as its client, with the examples of RFC 5802 section 5 and RFC 7677 section 3. */
#include "courier/scram-client.h"

#include "base/error.h"

static const struct {
    KxScramDigest digest;
    const char *nonce, *first, *server_first, *final, *server_final;
} EXAMPLES[] = {
    {KX_SCRAM_CLIENT_SHA_1, "fyko+d2lbbFgONRv9qkxdawL", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
     "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
     "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {KX_SCRAM_CLIENT_SHA_256, "rOprNGfwEbeRWgbNEkqO", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

static void test_examples(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(EXAMPLES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(KxScramClient) client =
            kx_scram_client_new(EXAMPLES[i].digest, "user", "pencil", EXAMPLES[i].nonce);
        g_assert_cmpstr(kx_scram_client_first(client), ==, EXAMPLES[i].first);
        g_autofree char *final =
            kx_scram_client_final(client, KX_SLICE_STR(EXAMPLES[i].server_first), &error);
        g_assert_no_error(error);
        g_assert_cmpstr(final, ==, EXAMPLES[i].final);
        g_assert_false(kx_scram_client_is_done(client));
        g_assert_true(
            kx_scram_client_check(client, KX_SLICE_STR(EXAMPLES[i].server_final), &error));
        g_assert_true(kx_scram_client_is_done(client));
        g_assert_false(kx_scram_client_check(client, KX_SLICE_STR("v=AAAA"), NULL));
        g_assert_false(kx_scram_client_is_done(client));
    }
}

static void test_names_are_escaped(void)
{
    g_autoptr(KxScramClient) client = kx_scram_client_new(KX_SCRAM_CLIENT_SHA_1, "a=b,c", "p", "x");
    g_assert_cmpstr(kx_scram_client_first(client), ==, "n,,n=a=3Db=2Cc,r=x");
}

/* What could be replayed, cost the processor much, or is something else. */
static void test_bad_challenges(void)
{
    static const char *const bad[] = {
        "",
        "r=other,s=QSXCR+Q6sek8bf92,i=4096",
        "r=abc,s=QSXCR+Q6sek8bf92,i=4096",
        "r=abcd,s=,i=4096",
        "r=abcd,s=QSXCR+Q6sek8bf92,i=0",
        "r=abcd,s=QSXCR+Q6sek8bf92,i=1000001",
        "r=abcd,s=QSXCR+Q6sek8bf92,i=99999999999999999999",
        "r=abcd,s=QSXCR+Q6sek8bf92",
        "m=1,r=abcd,s=QSXCR+Q6sek8bf92,i=4096",
        "r=abcd,s=!,i=4096",
        "e=other-error",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(KxScramClient) client =
            kx_scram_client_new(KX_SCRAM_CLIENT_SHA_1, "u", "p", "abc");
        g_assert_null(kx_scram_client_final(client, KX_SLICE_STR(bad[i]), &error));
        g_assert_error(error, KX_ERROR, KX_ERR_PROTOCOL);
        g_assert_false(kx_scram_client_check(client, KX_SLICE_STR("v="), NULL));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/courier/scram-client/examples", test_examples);
    g_test_add_func("/courier/scram-client/names", test_names_are_escaped);
    g_test_add_func("/courier/scram-client/bad", test_bad_challenges);
    return g_test_run();
}
