/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/certificate-info.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "admin/certificate-age.h"
#include "base/error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GENERAL_NAMES, GENERAL_NAMES_free)

/* ---- reading PEM ---- */

/* Nobody is there to type a password. */
static int no_password(char *buffer, int size, int writing, void *asked)
{
    *(gboolean *)asked = TRUE;
    return -1;
}

char *kx_certificate_chain_pem(const KxX509Chain *chain)
{
    g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
    for (int i = 0; i < sk_X509_num(chain); i++)
        PEM_write_bio_X509(bio, sk_X509_value(chain, i));
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    return g_strndup(text, (gsize)len);
}

void kx_certificate_chain_free(KxX509Chain *chain)
{
    sk_X509_pop_free(chain, X509_free);
}

/* The reader stops at the first block that it cannot read; that is the end only if no block is
 * left. */
static gboolean at_end(void)
{
    unsigned long code = ERR_peek_last_error();
    gboolean end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return end;
}

KxX509Chain *kx_certificate_parse(const char *pem, GError **error)
{
    gboolean asked = FALSE;
    g_autoptr(BIO) bio = BIO_new_mem_buf(pem, -1);
    g_autoptr(KxX509Chain) chain = sk_X509_new_null();
    X509 *certificate;
    ERR_clear_error();
    while (sk_X509_num(chain) <= KX_CERTIFICATE_CHAIN_MAX &&
           (certificate = PEM_read_bio_X509(bio, NULL, no_password, &asked)))
        sk_X509_push(chain, certificate);
    if (sk_X509_num(chain) > KX_CERTIFICATE_CHAIN_MAX)
        kx_fail(error, KX_ERR_TOO_BIG, "the file has more than %d certificates",
                KX_CERTIFICATE_CHAIN_MAX);
    else if (!at_end())
        kx_fail(error, KX_ERR_INVALID, "certificate %d of the file is damaged",
                sk_X509_num(chain) + 1);
    else if (sk_X509_num(chain) == 0)
        kx_fail(error, KX_ERR_INVALID,
                "the file has no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
    else
        return g_steal_pointer(&chain);
    return NULL;
}

X509_REQ *kx_certificate_parse_request(const char *pem, GError **error)
{
    gboolean asked = FALSE;
    g_autoptr(BIO) bio = BIO_new_mem_buf(pem, -1);
    X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, no_password, &asked);
    ERR_clear_error();
    if (!request)
        kx_fail(error, KX_ERR_INVALID, "this is no certificate request in PEM form");
    return request;
}

EVP_PKEY *kx_certificate_parse_key(const char *pem, GError **error)
{
    gboolean asked = FALSE;
    g_autoptr(BIO) bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, &asked);
    ERR_clear_error();
    if (key)
        return key;
    if (asked)
        kx_fail(error, KX_ERR_INVALID,
                "the private key has a password: take it off with openssl pkey, then try again");
    else
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no private key in PEM form");
    return NULL;
}

/* ---- describing ---- */

static json_t *name_text(const X509_NAME *name)
{
    g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    g_autofree char *valid = g_utf8_make_valid(text, len);
    return json_string(valid);
}

static json_t *general_name(const GENERAL_NAME *name)
{
    char text[INET6_ADDRSTRLEN];
    int kind;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &kind);
    if (kind != GEN_DNS && kind != GEN_IPADD)
        return NULL;
    int len = ASN1_STRING_length(value);
    const guchar *bytes = ASN1_STRING_get0_data(value);
    if (kind == GEN_IPADD)
        return (len == 4 || len == 16) &&
                       inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text)
                   ? json_string(text)
                   : NULL;
    g_autofree char *valid = g_utf8_make_valid((const char *)bytes, len);
    return json_string(valid);
}

static json_t *names_list(const GENERAL_NAMES *names)
{
    json_t *list = json_array();
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        json_t *name = general_name(sk_GENERAL_NAME_value(names, i));
        if (name)
            json_array_append_new(list, name);
    }
    return list;
}

static json_t *key_text(const EVP_PKEY *key)
{
    if (!key)
        return json_string("unknown");
    const char *type = EVP_PKEY_get0_type_name(key);
    g_autofree char *text =
        g_strdup_printf("%s, %d bits", type ? type : "unknown", EVP_PKEY_get_bits(key));
    return json_string(text);
}

static json_t *time_text(const ASN1_TIME *time)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(kx_certificate_seconds(time));
    g_autofree char *text = date ? g_date_time_format_iso8601(date) : g_strdup("");
    return json_string(text);
}

static const char *state_of(const X509 *certificate)
{
    return kx_certificate_age_text(
        kx_certificate_age(certificate, g_get_real_time() / G_USEC_PER_SEC));
}

static json_t *hex(const guint8 *bytes, guint len)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < len; i++)
        g_string_append_printf(text, "%s%02X", i ? ":" : "", bytes[i]);
    return json_string(text->str);
}

static json_t *fingerprint(const X509 *certificate)
{
    guint8 digest[EVP_MAX_MD_SIZE];
    guint len = 0;
    X509_digest(certificate, EVP_sha256(), digest, &len);
    return hex(digest, len);
}

static json_t *serial(const X509 *certificate)
{
    const ASN1_INTEGER *number = X509_get0_serialNumber(certificate);
    return hex(ASN1_STRING_get0_data(number), (guint)ASN1_STRING_length(number));
}

json_t *kx_certificate_info(const char *pem, GError **error)
{
    g_autoptr(KxX509Chain) chain = kx_certificate_parse(pem, error);
    if (!chain)
        return NULL;
    X509 *first = sk_X509_value(chain, 0);
    g_autoptr(GENERAL_NAMES) names = X509_get_ext_d2i(first, NID_subject_alt_name, NULL, NULL);
    json_t *further = json_array();
    for (int i = 1; i < sk_X509_num(chain); i++)
        json_array_append_new(further, name_text(X509_get_subject_name(sk_X509_value(chain, i))));
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o}", "subject",
        name_text(X509_get_subject_name(first)), "names", names_list(names), "issuer",
        name_text(X509_get_issuer_name(first)), "from", time_text(X509_get0_notBefore(first)),
        "until", time_text(X509_get0_notAfter(first)), "state", state_of(first), "self-signed",
        X509_self_signed(first, 1) == 1, "serial", serial(first), "fingerprint", fingerprint(first),
        "key", key_text(X509_get0_pubkey(first)), "chain", further);
}

json_t *kx_certificate_request_info(const char *pem, GError **error)
{
    g_autoptr(X509_REQ) request = kx_certificate_parse_request(pem, error);
    if (!request)
        return NULL;
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    g_autoptr(GENERAL_NAMES) names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return json_pack("{s:o, s:o, s:o}", "subject", name_text(X509_REQ_get_subject_name(request)),
                     "names", names_list(names), "key", key_text(X509_REQ_get0_pubkey(request)));
}
