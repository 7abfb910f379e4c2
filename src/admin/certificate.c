/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "directory/names.h"

enum {
    RSA_BITS = 3072,
    SERIAL_BYTES = 16,
    COMMON_NAME_MAX = 64,
    CLOCK_SLACK = 3600,
    DAY = 86400,
    CHALLENGE_DAYS = 2
};

typedef STACK_OF(X509_EXTENSION) Extensions;

static void extensions_free(Extensions *list)
{
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Extensions, extensions_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GENERAL_NAMES, GENERAL_NAMES_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

gboolean kx_certificate_fail_openssl(GError **error, const char *what)
{
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    return kx_fail(error, KX_ERR_FAILED, "%s: %s", what, text);
}

/* ---- keys ---- */

EVP_PKEY *kx_certificate_new_key(gboolean rsa, GError **error)
{
    EVP_PKEY *key = rsa ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");
    if (!key)
        kx_certificate_fail_openssl(error, "cannot make a key");
    return key;
}

static char *take_text(BIO *bio)
{
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    return g_strndup(text, (gsize)len);
}

char *kx_certificate_key_pem(EVP_PKEY *key, GError **error)
{
    g_autoptr(BIO) bio = BIO_new(BIO_s_secmem());
    if (PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
        return take_text(bio);
    kx_certificate_fail_openssl(error, "cannot write the key");
    return NULL;
}

/* ---- names ---- */

static gboolean add_subject(X509_NAME *subject, const char *field, const char *value,
                            GError **error)
{
    if (!value || !*value)
        return TRUE;
    if (X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8, (const guchar *)value, -1, -1, 0))
        return TRUE;
    ERR_clear_error();
    return kx_fail(error, KX_ERR_INVALID,
                   "'%s' cannot be the %s of a certificate: it is too long or not UTF-8", value,
                   field);
}

static gboolean fill_subject(X509_NAME *subject, const KxCertificateWish *wish,
                             const char *hostname, GError **error)
{
    if (wish->country && *wish->country &&
        (strlen(wish->country) != 2 || !g_ascii_isupper(wish->country[0]) ||
         !g_ascii_isupper(wish->country[1])))
        return kx_fail(error, KX_ERR_INVALID,
                       "'%s' is not a country: give its two capital letters, like DE",
                       wish->country);
    /* A longer name does not fit the field; clients look at the alternative names only (RFC 9525).
     */
    const char *common = strlen(hostname) <= COMMON_NAME_MAX ? hostname : "Mail server";
    return add_subject(subject, "C", wish->country, error) &&
           add_subject(subject, "ST", wish->state, error) &&
           add_subject(subject, "L", wish->city, error) &&
           add_subject(subject, "O", wish->organization, error) &&
           add_subject(subject, "OU", wish->unit, error) &&
           add_subject(subject, "CN", common, error);
}

static GENERAL_NAME *address_name(const char *text)
{
    guint8 bytes[16];
    int len = inet_pton(AF_INET, text, bytes) == 1    ? 4
              : inet_pton(AF_INET6, text, bytes) == 1 ? 16
                                                      : 0;
    if (len == 0)
        return NULL;
    ASN1_OCTET_STRING *ip = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(ip, bytes, len);
    GENERAL_NAME *name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, GEN_IPADD, ip);
    return name;
}

static GENERAL_NAME *host_name(const char *text)
{
    ASN1_IA5STRING *host = ASN1_IA5STRING_new();
    ASN1_STRING_set(host, text, -1);
    GENERAL_NAME *name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, GEN_DNS, host);
    return name;
}

/* Lower-case A-labels; "*." may stand in front. */
static char *canonical(const char *text, GError **error)
{
    gboolean wild = g_str_has_prefix(text, "*.");
    g_autofree char *host = kx_name_domain(wild ? text + 2 : text, error);
    return host ? g_strconcat(wild ? "*." : "", host, NULL) : NULL;
}

static gboolean add_name(GENERAL_NAMES *names, GHashTable *seen, const char *text, GError **error)
{
    GENERAL_NAME *name = address_name(text);
    char *form = name ? g_strdup(text) : canonical(text, error);
    if (!form)
        return FALSE;
    if (!g_hash_table_add(seen, form)) { /* owned by the table now */
        GENERAL_NAME_free(name);
        return TRUE;
    }
    sk_GENERAL_NAME_push(names, name ? name : host_name(form));
    return TRUE;
}

static gboolean add_names(Extensions *list, const KxCertificateWish *wish, GError **error)
{
    g_autoptr(GENERAL_NAMES) names = sk_GENERAL_NAME_new_null();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!add_name(names, seen, wish->hostname, error))
        return FALSE;
    for (guint i = 0; wish->names && wish->names[i]; i++) {
        if (i >= KX_CERTIFICATE_NAMES_MAX)
            return kx_fail(error, KX_ERR_INVALID, "a certificate has at most %d names",
                           KX_CERTIFICATE_NAMES_MAX);
        if (!add_name(names, seen, wish->names[i], error))
            return FALSE;
    }
    Extensions *all = list;
    return X509V3_add1_i2d(&all, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1
               ? TRUE
               : kx_certificate_fail_openssl(error, "cannot write the names");
}

/* ---- what both kinds carry ---- */

static gboolean add_text(Extensions *list, int kind, const char *value, GError **error)
{
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, NULL, kind, value);
    if (!extension)
        return kx_certificate_fail_openssl(error, "cannot write an extension");
    sk_X509_EXTENSION_push(list, extension);
    return TRUE;
}

static Extensions *make_extensions(const KxCertificateWish *wish, GError **error)
{
    g_autoptr(Extensions) list = sk_X509_EXTENSION_new_null();
    const char *usage =
        wish->rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature";
    if (add_text(list, NID_basic_constraints, "critical,CA:FALSE", error) &&
        add_text(list, NID_key_usage, usage, error) &&
        add_text(list, NID_ext_key_usage, "serverAuth", error) && add_names(list, wish, error))
        return g_steal_pointer(&list);
    return NULL;
}

/* ---- certificates ---- */

static void set_serial(X509 *certificate)
{
    guint8 bytes[SERIAL_BYTES];
    g_assert(RAND_bytes(bytes, sizeof bytes) == 1);
    bytes[0] = (guint8)((bytes[0] & 0x7f) | 0x40); /* positive, and of full length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
}

static char *self_signed(const KxCertificateWish *wish, const Extensions *list, EVP_PKEY *key,
                         GError **error)
{
    g_autoptr(X509) certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    g_autofree char *hostname = canonical(wish->hostname, error);
    if (!hostname || !fill_subject(subject, wish, hostname, error))
        return NULL;
    X509_set_version(certificate, X509_VERSION_3);
    set_serial(certificate);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -CLOCK_SLACK);
    X509_gmtime_adj(X509_getm_notAfter(certificate), (long)wish->days * DAY);
    X509_set_issuer_name(certificate, subject);
    X509_set_pubkey(certificate, key);
    for (int i = 0; i < sk_X509_EXTENSION_num(list); i++)
        X509_add_ext(certificate, sk_X509_EXTENSION_value(list, i), -1);
    g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
    if (X509_sign(certificate, key, EVP_sha256()) && PEM_write_bio_X509(bio, certificate))
        return take_text(bio);
    kx_certificate_fail_openssl(error, "cannot sign the certificate");
    return NULL;
}

char *kx_certificate_self_signed(const KxCertificateWish *wish, EVP_PKEY *key, GError **error)
{
    g_autoptr(Extensions) list = make_extensions(wish, error);
    return list ? self_signed(wish, list, key, error) : NULL;
}

char *kx_certificate_challenge(const char *hostname, const guint8 *digest, EVP_PKEY *key,
                               GError **error)
{
    enum { DIGEST = 32 };
    KxCertificateWish wish = {.hostname = hostname, .days = CHALLENGE_DAYS};
    guint8 inner[2 + DIGEST] = {V_ASN1_OCTET_STRING, DIGEST};
    g_autoptr(Extensions) list = make_extensions(&wish, error);
    if (!list)
        return NULL;
    memcpy(inner + 2, digest, DIGEST);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(value, inner, sizeof inner);
    ASN1_OBJECT *kind = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1); /* id-pe-acmeIdentifier */
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, kind, 1, value);
    ASN1_OBJECT_free(kind);
    ASN1_OCTET_STRING_free(value);
    sk_X509_EXTENSION_push(list, extension);
    return self_signed(&wish, list, key, error);
}

char *kx_certificate_request(const KxCertificateWish *wish, EVP_PKEY *key, GError **error)
{
    g_autoptr(X509_REQ) request = X509_REQ_new();
    X509_NAME *subject = X509_REQ_get_subject_name(request);
    g_autofree char *hostname = canonical(wish->hostname, error);
    if (!hostname || !fill_subject(subject, wish, hostname, error))
        return NULL;
    g_autoptr(Extensions) list = make_extensions(wish, error);
    if (!list)
        return NULL;
    X509_REQ_set_version(request, X509_REQ_VERSION_1);
    X509_REQ_set_pubkey(request, key);
    X509_REQ_add_extensions(request, list);
    g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
    if (X509_REQ_sign(request, key, EVP_sha256()) && PEM_write_bio_X509_REQ(bio, request))
        return take_text(bio);
    kx_certificate_fail_openssl(error, "cannot sign the request");
    return NULL;
}
