/* SPDX-License-Identifier: Apache-2.0 */
/* What ACME is made of: keys and signatures (RFC 7515, 7638), certificates of challenges (RFC
 * 8737), how long certificates are good for. */
#include <jansson.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "admin/acme-certificate.h"
#include "admin/acme-jws.h"
#include "admin/certificate-age.h"
#include "admin/certificate-info.h"
#include "admin/command.h"
#include "base/base64.h"
#include "base/error.h"

/* The key of RFC 7515 appendix A.3. */
static const char key_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"
                              "H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n"
                              "7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n"
                              "-----END PRIVATE KEY-----\n";

static EVP_PKEY *example_key(void)
{
    g_autoptr(GError) error = NULL;
    EVP_PKEY *key = kx_certificate_parse_key(key_pem, &error);
    g_assert_no_error(error);
    return key;
}

static void test_thumbprint(void)
{
    g_autoptr(EVP_PKEY) key = example_key();
    g_autoptr(EVP_PKEY) rsa = kx_certificate_new_key(TRUE, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = kx_jws_thumbprint(key, &error);
    g_assert_no_error(error);
    guint8 digest[32];
    static const char form[] =
        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
    EVP_Digest(form, strlen(form), digest, NULL, EVP_sha256(), NULL);
    g_autofree char *wanted = kx_base64url(digest, sizeof digest);
    g_assert_cmpstr(text, ==, wanted);
    g_assert_cmpuint(strlen(text), ==, 43);
    g_assert_null(kx_jws_thumbprint(rsa, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
}

static guint8 *decode(const char *text, gsize *ret_len)
{
    g_autofree char *plain = g_strdup_printf("%s==", text);
    g_strdelimit(plain, "-", '+');
    g_strdelimit(plain, "_", '/');
    plain[(strlen(text) + 3) / 4 * 4] = '\0';
    return g_base64_decode(plain, ret_len);
}

static void assert_verifies(EVP_PKEY *key, const char *input, const guint8 *plain)
{
    ECDSA_SIG *numbers = ECDSA_SIG_new();
    ECDSA_SIG_set0(numbers, BN_bin2bn(plain, 32, NULL), BN_bin2bn(plain + 32, 32, NULL));
    guint8 *der = NULL;
    int len = i2d_ECDSA_SIG(numbers, &der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    g_assert_cmpint(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), ==, 1);
    g_assert_cmpint(
        EVP_DigestVerify(context, der, (size_t)len, (const guint8 *)input, strlen(input)), ==, 1);
    EVP_MD_CTX_free(context);
    ECDSA_SIG_free(numbers);
    OPENSSL_free(der);
}

static void test_signature(void)
{
    g_autoptr(EVP_PKEY) key = example_key();
    const char *const accounts[] = {NULL, "https://ca.test/account/1"};
    for (guint i = 0; i < 2; i++) {
        KxJwsHeader header = {key, accounts[i], "nonce-1", "https://ca.test/new"};
        g_autoptr(GError) error = NULL;
        g_autofree char *body = kx_jws_sign(&header, "{\"a\":1}", &error);
        g_assert_no_error(error);
        json_auto_t *json = json_loads(body, 0, NULL);
        const char *first, *second, *third;
        g_assert_cmpint(json_unpack(json, "{s:s, s:s, s:s}", "protected", &first, "payload",
                                    &second, "signature", &third),
                        ==, 0);
        g_assert_cmpstr(second, ==, "eyJhIjoxfQ");
        gsize len, head_len;
        g_autofree guint8 *plain = decode(third, &len), *head = decode(first, &head_len);
        g_assert_cmpuint(len, ==, 64);
        g_autofree char *input = g_strdup_printf("%s.%s", first, second);
        assert_verifies(key, input, plain);
        json_auto_t *fields = json_loadb((const char *)head, head_len, 0, NULL);
        g_assert_cmpuint(json_object_size(fields), ==, 4);
        g_assert_nonnull(json_object_get(fields, accounts[i] ? "kid" : "jwk"));
    }
}

static void test_challenge(void)
{
    g_autoptr(EVP_PKEY) key = kx_certificate_new_key(FALSE, NULL);
    guint8 digest[32];
    memset(digest, 0xa5, sizeof digest);
    g_autofree char *pem = kx_certificate_challenge("mail.company.test", digest, key, NULL);
    g_autoptr(KxX509Chain) chain = kx_certificate_parse(pem, NULL);
    X509 *certificate = sk_X509_value(chain, 0);
    ASN1_OBJECT *kind = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
    X509_EXTENSION *extension =
        X509_get_ext(certificate, X509_get_ext_by_OBJ(certificate, kind, -1));
    ASN1_OBJECT_free(kind);
    g_assert_cmpint(X509_EXTENSION_get_critical(extension), ==, 1);
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
    g_assert_cmpint(ASN1_STRING_length(value), ==, 34);
    g_assert_cmpmem(ASN1_STRING_get0_data(value), 2, "\x04\x20", 2);
    g_assert_cmpmem(ASN1_STRING_get0_data(value) + 2, 32, digest, 32);
    g_assert_cmpint(X509_check_host(certificate, "mail.company.test", 0, 0, NULL), ==, 1);
}

static void test_age(void)
{
    enum { DAY = 86400 };
    static const struct {
        guint days;
        gint64 left; /* days; of its end */
        KxCertificateAge age;
    } cases[] = {
        {825, 22, KX_CERTIFICATE_GOOD},    {825, 21, KX_CERTIFICATE_ENDING},
        {825, -1, KX_CERTIFICATE_EXPIRED}, {825, 826, KX_CERTIFICATE_EARLY},
        {8, 3, KX_CERTIFICATE_GOOD},       {8, 2, KX_CERTIFICATE_ENDING},
    };
    g_autoptr(EVP_PKEY) key = kx_certificate_new_key(FALSE, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        KxCertificateWish wish = {.hostname = "a.test", .days = cases[i].days};
        g_autofree char *pem = kx_certificate_self_signed(&wish, key, NULL);
        g_autoptr(KxX509Chain) chain = kx_certificate_parse(pem, NULL);
        const X509 *certificate = sk_X509_value(chain, 0);
        gint64 end = kx_certificate_end(certificate);
        g_assert_cmpint(kx_certificate_age(certificate, end - cases[i].left * DAY), ==,
                        cases[i].age);
        gint64 third = (gint64)cases[i].days * DAY / 3;
        g_assert_cmpint(end - kx_certificate_renewal(certificate), >=, third);
        g_assert_cmpint(end - kx_certificate_renewal(certificate), <=, third + 3600); /* clocks */
    }
}

static gint64 due(X509 *certificate, const char *names)
{
    g_auto(GStrv) list = kx_acme_names(names);
    return kx_acme_due(certificate, (const char *const *)list);
}

/* At once, if there is none for these names; else when a third of its life is left. */
static void test_due(void)
{
    static const char *const more[] = {"b.test", "*.c.test", NULL};
    g_autoptr(EVP_PKEY) key = kx_certificate_new_key(FALSE, NULL);
    KxCertificateWish wish = {.hostname = "a.test", .names = more, .days = 30};
    g_autofree char *pem = kx_certificate_self_signed(&wish, key, NULL);
    g_autoptr(KxX509Chain) chain = kx_certificate_parse(pem, NULL);
    X509 *certificate = sk_X509_value(chain, 0);
    gint64 renewal = kx_certificate_renewal(certificate);
    g_assert_cmpint(renewal, >, g_get_real_time() / G_USEC_PER_SEC + 19 * 86400);
    g_assert_cmpint(due(certificate, "a.test"), ==, renewal);
    g_assert_cmpint(due(certificate, "B.test *.c.test a.test"), ==, renewal);
    g_assert_cmpint(due(certificate, "a.test d.test"), ==, 0);
    g_assert_cmpint(due(certificate, "*.a.test"), ==, 0);
    g_assert_cmpint(due(NULL, "a.test"), ==, 0);
}

/* What an authority says does not steer the terminal. */
static void test_shown(void)
{
    const KxCommand *status = &kx_topic_acme.commands[0];
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    json_auto_t *row = json_pack("{s:s, s:s, s:s, s:s}", "name", "acme-a.test", "names", "a.test",
                                 "state", "missing", "error", "no\x1b[2J");
    json_auto_t *result = json_pack("{s:s, s:s, s:b, s:s, s:[O]}", "directory", "https://ca.test/",
                                    "challenge", "http-01", "agreed", 1, "terms",
                                    "https://ca.test/\x1b]0;x\n", "certificates", row);
    g_assert_cmpstr(status->words, ==, "cert acme status");
    status->show(result, out);
    fclose(out);
    g_assert_null(strchr(text, '\x1b'));
    g_assert_nonnull(strstr(text, "Terms of service: https://ca.test/\\x1B]0;x\\x0A (agreed)\n"));
    g_assert_nonnull(strstr(text, "failed: no\\x1B[2J\n"));
    free(text);
}

static void test_names(void)
{
    g_auto(GStrv) names = kx_acme_names(" *.Company.test  mail.company.test ");
    g_assert_cmpuint(g_strv_length(names), ==, 2);
    g_assert_cmpstr(names[0], ==, "*.company.test");
    g_autofree char *name = kx_acme_certificate_name((const char *const *)names);
    g_assert_cmpstr(name, ==, "acme-_.company.test");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/admin/acme/thumbprint", test_thumbprint);
    g_test_add_func("/admin/acme/signature", test_signature);
    g_test_add_func("/admin/acme/challenge", test_challenge);
    g_test_add_func("/admin/acme/age", test_age);
    g_test_add_func("/admin/acme/names", test_names);
    g_test_add_func("/admin/acme/due", test_due);
    g_test_add_func("/admin/acme/shown", test_shown);
    return g_test_run();
}
