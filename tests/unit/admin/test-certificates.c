/* SPDX-License-Identifier: Apache-2.0 */
/* Making, describing, importing certificates. */
#include "admin-test.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "admin/certificate-import.h"
#include "admin/certificate-info.h"

/* ---- an authority to be answered by ---- */

typedef struct {
    EVP_PKEY *key;
    X509 *certificate;
    char *pem;
} Authority;

static char *to_pem(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    g_assert_cmpint(PEM_write_bio_X509(bio, certificate), ==, 1);
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    char *copy = g_strndup(text, (gsize)len);
    BIO_free(bio);
    return copy;
}

static X509 *issue(const char *name, EVP_PKEY *key, const Authority *issuer)
{
    X509 *certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 4711);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               (const guchar *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(
                                          issuer->certificate ? issuer->certificate : certificate));
    X509_set_pubkey(certificate, key);
    g_assert_cmpint(X509_sign(certificate, issuer->key, EVP_sha256()), >, 0);
    return certificate;
}

static void authority_init(Authority *authority, const char *name, const Authority *issuer)
{
    authority->certificate = NULL;
    authority->key = kx_certificate_new_key(FALSE, NULL);
    authority->certificate = issue(name, authority->key, issuer ? issuer : authority);
    authority->pem = to_pem(authority->certificate);
}

static void authority_clear(Authority *authority)
{
    EVP_PKEY_free(authority->key);
    X509_free(authority->certificate);
    g_free(authority->pem);
}

/* What an authority sends back for a request. */
static char *answer(const char *request_pem, const Authority *issuer)
{
    g_autoptr(X509_REQ) request = kx_certificate_parse_request(request_pem, NULL);
    g_assert_nonnull(request);
    g_assert_cmpint(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), ==, 1);
    g_autoptr(X509) certificate = issue("mail.company.test", X509_REQ_get0_pubkey(request), issuer);
    return to_pem(certificate);
}

/* ---- making ---- */

static const char *const further[] = {"company.test", "*.company.test", "Mail.Company.test",
                                      "192.0.2.1",    "2001:db8::1",    NULL};

static void assert_extension(const X509 *certificate, int kind, const char *wanted)
{
    int at = X509_get_ext_by_NID(certificate, kind, -1);
    g_assert_cmpint(at, >=, 0);
    BIO *bio = BIO_new(BIO_s_mem());
    X509V3_EXT_print(bio, X509_get_ext(certificate, at), 0, 0);
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    g_autofree char *copy = g_strndup(text, (gsize)len);
    g_assert_cmpstr(copy, ==, wanted);
    BIO_free(bio);
}

/* covers: CERT-18 */
static void test_self_signed(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EVP_PKEY) key = kx_certificate_new_key(FALSE, &error);
    g_assert_no_error(error);
    KxCertificateWish wish = {.hostname = "mail.company.test",
                              .names = further,
                              .organization = "Örg",
                              .country = "DE",
                              .days = 10};
    g_autofree char *pem = kx_certificate_self_signed(&wish, key, &error);
    g_assert_no_error(error);
    g_assert_true(g_str_has_prefix(pem, "-----BEGIN CERTIFICATE-----\n"));
    g_autoptr(KxX509Chain) chain = kx_certificate_parse(pem, &error);
    X509 *certificate = sk_X509_value(chain, 0);
    g_assert_cmpint(X509_verify(certificate, key), ==, 1);
    assert_extension(certificate, NID_subject_alt_name,
                     "DNS:mail.company.test, DNS:company.test, DNS:*.company.test, IP "
                     "Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1");
    assert_extension(certificate, NID_basic_constraints, "CA:FALSE");
    assert_extension(certificate, NID_ext_key_usage, "TLS Web Server Authentication");
    assert_extension(certificate, NID_key_usage, "Digital Signature");
    g_assert_cmpint(X509_check_host(certificate, "imap.company.test", 0, 0, NULL), ==, 1);
    json_auto_t *info = kx_certificate_info(pem, &error);
    g_assert_cmpstr(json_string_value(json_object_get(info, "subject")), ==,
                    "CN=mail.company.test,O=Örg,C=DE");
    g_assert_cmpstr(json_string_value(json_object_get(info, "state")), ==, "valid");
    g_assert_cmpstr(json_string_value(json_object_get(info, "key")), ==, "EC, 256 bits");
    g_assert_true(json_is_true(json_object_get(info, "self-signed")));
    g_assert_cmpuint(json_array_size(json_object_get(info, "names")), ==, 5);
}

static void test_unique(void)
{
    KxCertificateWish wish = {.hostname = "mail.company.test", .days = 10};
    g_autoptr(EVP_PKEY) one = kx_certificate_new_key(FALSE, NULL),
                        two = kx_certificate_new_key(TRUE, NULL);
    g_autofree char *first = kx_certificate_self_signed(&wish, one, NULL);
    g_autofree char *second = kx_certificate_self_signed(&wish, one, NULL);
    json_auto_t *a = kx_certificate_info(first, NULL), *b = kx_certificate_info(second, NULL);
    g_assert_cmpstr(json_string_value(json_object_get(a, "serial")), !=,
                    json_string_value(json_object_get(b, "serial")));
    g_assert_cmpint(EVP_PKEY_eq(one, two), !=, 1);
    g_assert_cmpint(EVP_PKEY_get_bits(two), ==, 3072);
}

static void assert_wish_refused(KxCertificateWish wish, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EVP_PKEY) key = kx_certificate_new_key(FALSE, NULL);
    g_assert_null(kx_certificate_self_signed(&wish, key, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    if (message)
        g_assert_cmpstr(error->message, ==, message);
}

static void test_wrong_wishes(void)
{
    static const char *const bad_name[] = {"a b", NULL};
    g_autofree char *longish = g_strnfill(65, 'x');
    assert_wish_refused((KxCertificateWish){.hostname = ""}, NULL);
    assert_wish_refused((KxCertificateWish){.hostname = "mail..test"}, NULL);
    assert_wish_refused((KxCertificateWish){.hostname = "m.test", .names = bad_name}, NULL);
    assert_wish_refused((KxCertificateWish){.hostname = "m.test", .country = "Germany"},
                        "'Germany' is not a country: give its two capital letters, like DE");
    assert_wish_refused((KxCertificateWish){.hostname = "m.test", .organization = longish}, NULL);
    g_autofree char *label = g_strnfill(60, 'a');
    g_autofree char *host = g_strdup_printf("%s.%s.test", label, label);
    KxCertificateWish wish = {.hostname = host, .days = 1};
    g_autoptr(EVP_PKEY) key = kx_certificate_new_key(FALSE, NULL);
    g_autofree char *pem =
        kx_certificate_self_signed(&wish, key, NULL); /* longer than a common name may be */
    json_auto_t *info = kx_certificate_info(pem, NULL);
    g_assert_cmpstr(json_string_value(json_array_get(json_object_get(info, "names"), 0)), ==, host);
}

/* ---- commands ---- */

static void assert_mode(const char *path, guint mode)
{
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 0777, ==, mode);
}

/* covers: CERT-06, CERT-07, CERT-11, CERT-14, CERT-15 */
static void test_life(void)
{
    Fixture f;
    fixture_init(&f);
    umask(0022);
    do_ok(&f, "cert new", "{\"hostname\": \"mail.company.test\", \"days\": 5}");
    assert_last_line("config", "Admin - Certificate 'server' created for mail.company.test");
    assert_mode("sslcert/server.key", 0600);
    g_assert_cmpint(access("sslcert/server.crt", R_OK), ==, 0);
    do_ok(&f, "cert new", "{\"hostname\": \"mail.company.test\", \"key-type\": \"rsa\"}");
    do_ok(&f, "cert activate server", NULL);
    assert_last_line("config", "Admin - Certificate 'server' activated");
    json_auto_t *list = ask_ok(&f, "cert list", NULL);
    g_assert_cmpuint(json_array_size(list), ==, 2);
    g_assert_true(json_is_true(json_object_get(json_array_get(list, 0), "active")));
    g_assert_true(json_is_false(json_object_get(json_array_get(list, 1), "active")));
    assert_refused(&f, "cert remove server", NULL, "in-use",
                   "certificate 'server' is in use: activate another one first");
    do_ok(&f, "cert activate server-2", NULL);
    do_ok(&f, "cert remove server", NULL);
    assert_last_line("config", "Admin - Certificate 'server' removed");
    g_assert_cmpint(access("sslcert/server.key", F_OK), !=, 0);
    assert_refused(&f, "cert remove server", NULL, "not-found",
                   "there is no certificate or request 'server'; keryx cert list shows all");
    assert_refused(&f, "cert show server", NULL, "not-found",
                   "there is no certificate 'server'; keryx cert list shows all");
    json_auto_t *info = ask_ok(&f, "cert show server-2", NULL);
    g_assert_cmpstr(json_string_value(json_object_get(info, "key")), ==, "RSA, 3072 bits");
    assert_refused(&f, "cert new", "{\"hostname\": \"a.test\", \"name\": \"server-2\"}", "exists",
                   "there is a certificate or request 'server-2' already: take another --name");
    assert_refused(&f, "cert show ../server.db", NULL, "invalid",
                   "'../server.db' cannot name a certificate: use letters, digits, '.', '-' and "
                   "'_', 100 at most");
    fixture_clear(&f);
}

static void do_import(Fixture *f, const char *pem, const char *key, const char *name)
{
    json_auto_t *options = json_pack("{s:s*, s:s*}", "key", key, "name", name);
    json_auto_t *request =
        json_pack("{s:[s,s,s], s:O}", "words", "cert", "import", pem, "options", options);
    json_auto_t *result = kx_admin_run(&f->context, request);
    g_assert_cmpstr(json_string_value(json_object_get(result, "error")), ==, NULL);
}

static void assert_import_refused(Fixture *f, const char *pem, const char *key, const char *message)
{
    json_auto_t *options = json_pack("{s:s*}", "key", key);
    json_auto_t *request =
        json_pack("{s:[s,s,s], s:O}", "words", "cert", "import", pem, "options", options);
    json_auto_t *result = kx_admin_run(&f->context, request);
    g_assert_cmpstr(json_string_value(json_object_get(result, "error")), ==, message);
}

static char *export_text(Fixture *f, const char *name, const char *what)
{
    g_autofree char *words = g_strdup_printf("cert export %s", name);
    g_autofree char *options = g_strdup_printf("{\"what\": \"%s\"}", what);
    json_auto_t *result = ask_ok(f, words, options);
    return g_strdup(json_string_value(result));
}

/* covers: CERT-08, CERT-09, CERT-12, CERT-13, CERT-17 */
static void test_request(void)
{
    Fixture f;
    Authority root, middle;
    fixture_init(&f);
    authority_init(&root, "Test Root", NULL);
    authority_init(&middle, "Test Intermediate", &root);
    assert_refused(&f, "cert request", "{\"hostname\": \"mail.company.test\"}", "invalid",
                   "keryx cert request needs --country CC");
    assert_refused(&f, "cert request", "{\"country\": \"DE\"}", "invalid",
                   "keryx cert request needs --hostname HOST");
    do_ok(&f, "cert request",
          "{\"hostname\": \"mail.company.test\", \"country\": \"DE\", \"name\": \"ours\", "
          "\"organization\": \"Company\", "
          "\"unit\": \"IT\", \"city\": \"Berlin\", \"state\": \"Berlin\", \"san\": "
          "\"imap.company.test, pop.company.test\"}");
    assert_refused(&f, "cert activate ours", NULL, "not-found",
                   "there is no certificate 'ours'; keryx cert list shows all");
    g_autofree char *request = export_text(&f, "ours", "request");
    json_auto_t *info = kx_certificate_request_info(request, NULL);
    g_assert_cmpstr(json_string_value(json_object_get(info, "subject")), ==,
                    "CN=mail.company.test,OU=IT,O=Company,L=Berlin,ST=Berlin,C=DE");
    g_assert_cmpuint(json_array_size(json_object_get(info, "names")), ==, 3);
    g_autofree char *signed_pem = answer(request, &middle);
    g_autofree char *chain = g_strconcat(signed_pem, middle.pem, NULL);
    do_import(&f, chain, NULL, NULL);
    assert_last_line("config", "Admin - Certificate 'ours' imported");
    g_assert_cmpint(access("sslcert/ours.csr", F_OK), !=, 0);
    g_autofree char *exported = export_text(&f, "ours", "certificate");
    g_assert_cmpstr(exported, ==, chain);
    do_ok(&f, "cert activate ours", NULL);
    g_autofree char *key = export_text(&f, "ours", "key");
    g_assert_true(g_str_has_prefix(key, "-----BEGIN PRIVATE KEY-----\n"));
    assert_last_line("config", "Admin - Private key of certificate 'ours' exported");
    authority_clear(&middle);
    authority_clear(&root);
    fixture_clear(&f);
}

/* covers: CERT-12, CERT-17 */
static void test_import(void)
{
    Fixture f;
    Authority root, middle;
    fixture_init(&f);
    authority_init(&root, "Test Root", NULL);
    authority_init(&middle, "Test Intermediate", &root);
    g_autoptr(EVP_PKEY) key = kx_certificate_new_key(FALSE, NULL),
                        other = kx_certificate_new_key(FALSE, NULL);
    g_autofree char *key_pem = kx_certificate_key_pem(key, NULL),
                    *other_pem = kx_certificate_key_pem(other, NULL);
    g_autoptr(X509) leaf = issue("mail.company.test", key, &middle);
    g_autofree char *leaf_pem = to_pem(leaf);
    g_autofree char *chain = g_strconcat(leaf_pem, "comment between blocks\n", middle.pem, NULL);
    g_autofree char *reversed = g_strconcat(middle.pem, leaf_pem, NULL);
    g_autofree char *bundle = g_strconcat(leaf_pem, key_pem, middle.pem, NULL);
    assert_import_refused(&f, chain, NULL,
                          "the private key is neither in the file nor that of a request made here: "
                          "give it with --key FILE");
    assert_import_refused(&f, chain, other_pem,
                          "the private key does not belong to the first certificate of the file");
    assert_import_refused(&f, reversed, key_pem,
                          "certificate 1 of the file was not issued by certificate 2: the server's "
                          "own comes first, each followed by that of its issuer");
    assert_import_refused(&f, "nothing", NULL,
                          "the file has no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
    g_autofree char *cut = g_strndup(leaf_pem, strlen(leaf_pem) / 2);
    assert_import_refused(&f, cut, key_pem, "certificate 1 of the file is damaged");
    do_import(&f, chain, key_pem, NULL);
    assert_mode("sslcert/mail.company.test.key", 0600);
    json_auto_t *info = ask_ok(&f, "cert show mail.company.test", NULL);
    g_assert_cmpstr(json_string_value(json_array_get(json_object_get(info, "chain"), 0)), ==,
                    "CN=Test Intermediate");
    g_assert_cmpstr(json_string_value(json_object_get(info, "issuer")), ==, "CN=Test Intermediate");
    do_import(&f, bundle, NULL, "bundle");
    g_autofree char *exported = export_text(&f, "bundle", "certificate");
    g_assert_null(strstr(exported, "PRIVATE KEY"));
    do_ok(&f, "cert activate bundle", NULL);
    authority_clear(&middle);
    authority_clear(&root);
    fixture_clear(&f);
}

static void test_protected_key(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EVP_PKEY) key = kx_certificate_new_key(FALSE, NULL);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    g_autofree char *pem = g_strndup(text, (gsize)len);
    BIO_free(bio);
    g_assert_null(kx_certificate_parse_key(pem, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    g_assert_cmpstr(
        error->message, ==,
        "the private key has a password: take it off with openssl pkey, then try again");
}

static void test_damaged(void)
{
    Fixture f;
    fixture_init(&f);
    do_ok(&f, "cert new", "{\"hostname\": \"mail.company.test\"}");
    do_ok(&f, "cert new", "{\"hostname\": \"mail.company.test\"}");
    g_assert_true(g_file_set_contents("sslcert/server.crt", "junk", -1, NULL));
    g_assert_true(g_file_set_contents("sslcert/bad name.crt", "junk", -1, NULL));
    json_auto_t *list = ask_ok(&f, "cert list", NULL);
    g_assert_cmpuint(json_array_size(list), ==, 2);
    g_assert_cmpstr(json_string_value(json_object_get(json_array_get(list, 0), "kind")), ==,
                    "damaged");
    g_autofree char *key = export_text(&f, "server", "key");
    g_assert_true(g_file_set_contents("sslcert/server-2.key", key, -1, NULL));
    assert_refused(&f, "cert activate server-2", NULL, "corrupt",
                   "the key of certificate 'server-2' does not belong to it");
    g_autoptr(GString) many = g_string_new(NULL);
    g_autofree char *pem = export_text(&f, "server-2", "certificate");
    for (guint i = 0; i < 11; i++)
        g_string_append(many, pem);
    assert_import_refused(&f, many->str, NULL, "the file has more than 10 certificates");
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/admin/certificates/self-signed", test_self_signed);
    g_test_add_func("/admin/certificates/unique", test_unique);
    g_test_add_func("/admin/certificates/wrong-wishes", test_wrong_wishes);
    g_test_add_func("/admin/certificates/life", test_life);
    g_test_add_func("/admin/certificates/request", test_request);
    g_test_add_func("/admin/certificates/import", test_import);
    g_test_add_func("/admin/certificates/protected-key", test_protected_key);
    g_test_add_func("/admin/certificates/damaged", test_damaged);
    return g_test_run();
}
