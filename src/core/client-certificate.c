/* SPDX-License-Identifier: Apache-2.0 */
#include "core/client-certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
    CHAIN_MAX = 8, /* certificates that the client sends beside its own */
    DEPTH_MAX = 6,
    NAMES_MAX = 20,
    NAME_MAX_BYTES = 320,
    LEVEL = 2, /* of OpenSSL: 112 bits, no SHA-1 */
};

typedef STACK_OF(X509) CertificateStack;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE_CTX, X509_STORE_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)

static void free_stack(CertificateStack *stack)
{
    sk_X509_pop_free(stack, X509_free);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CertificateStack, free_stack)

/* ---- whom we believe ---- */

static guint add_authorities(X509_STORE *store, const char *pem)
{
    g_autoptr(BIO) in = BIO_new_mem_buf(pem, -1);
    guint n = 0;
    for (X509 *one; (one = PEM_read_bio_X509(in, NULL, NULL, NULL)); X509_free(one))
        n += X509_STORE_add_cert(store, one) == 1;
    return n;
}

static void add_revocations(X509_STORE *store, const char *pem)
{
    g_autoptr(BIO) in = BIO_new_mem_buf(pem, -1);
    for (X509_CRL *one; (one = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL)); X509_CRL_free(one))
        X509_STORE_add_crl(store, one);
}

/* Each authority that is named is believed, also one that another has signed. With lists, a
 * certificate whose authority has none, or one that is too old, does not count. */
static X509_STORE *make_store(const KxSettings *settings)
{
    const char *revoked = kx_settings_text(settings, KX_SET_TLS_CLIENT_CRL);
    g_autoptr(X509_STORE) store = X509_STORE_new();
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
    if (add_authorities(store, kx_settings_text(settings, KX_SET_TLS_CLIENT_CA)) == 0)
        return NULL;
    if (*revoked != '\0') {
        add_revocations(store, revoked);
        flags |= X509_V_FLAG_CRL_CHECK;
    }
    X509_STORE_set_flags(store, flags);
    X509_STORE_set_purpose(store, X509_PURPOSE_SSL_CLIENT);
    X509_STORE_set_depth(store, DEPTH_MAX);
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(store), LEVEL);
    return g_steal_pointer(&store);
}

/* ---- what was shown ---- */

static X509 *take_certificate(KxSlice *der)
{
    const guint8 *at = (const guint8 *)der->data;
    X509 *certificate = d2i_X509(NULL, &at, (long)der->len);
    if (!certificate)
        return NULL;
    der->len -= (size_t)((const char *)at - der->data);
    der->data = (const char *)at;
    return certificate;
}

static CertificateStack *read_chain(KxSlice der)
{
    CertificateStack *chain = sk_X509_new_null();
    X509 *one;
    while (der.len > 0 && sk_X509_num(chain) < CHAIN_MAX && (one = take_certificate(&der)))
        sk_X509_push(chain, one);
    return chain;
}

static const char *why(int code)
{
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "the certificate is over, or does not hold yet";
    case X509_V_ERR_CERT_REVOKED:
        return "the certificate was revoked";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
        return "tls.client-crl has no list of the certificate's authority that holds now";
    case X509_V_ERR_INVALID_PURPOSE:
        return "the certificate is not for clients";
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return "the certificate is too weak";
    default:
        return "the certificate is of no authority of tls.client-ca";
    }
}

static const char *verify(X509_STORE *store, X509 *leaf, CertificateStack *chain)
{
    g_autoptr(X509_STORE_CTX) context = X509_STORE_CTX_new();
    if (X509_STORE_CTX_init(context, store, leaf, chain) != 1)
        return "the certificate is malformed";
    return X509_verify_cert(context) == 1 ? NULL : why(X509_STORE_CTX_get_error(context));
}

/* ---- whose it is ---- */

/* The text of a name that is an address of mail; NULL: it is another kind of name. */
static const ASN1_STRING *mailbox_of(const GENERAL_NAME *name)
{
    if (name->type == GEN_EMAIL)
        return name->d.rfc822Name;
    if (name->type == GEN_OTHERNAME &&
        OBJ_obj2nid(name->d.otherName->type_id) == NID_id_on_SmtpUTF8Mailbox &&
        name->d.otherName->value->type == V_ASN1_UTF8STRING)
        return name->d.otherName->value->value.utf8string;
    return NULL;
}

static void take_name(const GENERAL_NAME *name, GPtrArray *addresses)
{
    const ASN1_STRING *text = mailbox_of(name);
    const char *bytes = text ? (const char *)ASN1_STRING_get0_data(text) : NULL;
    int len = text ? ASN1_STRING_length(text) : 0;
    if (len > 0 && len <= NAME_MAX_BYTES && addresses->len < NAMES_MAX &&
        !memchr(bytes, '\0', (size_t)len) && g_utf8_validate(bytes, len, NULL))
        g_ptr_array_add(addresses, g_strndup(bytes, (gsize)len));
}

static char **read_addresses(X509 *leaf)
{
    GPtrArray *addresses = g_ptr_array_new();
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        take_name(sk_GENERAL_NAME_value(names, i), addresses);
    GENERAL_NAMES_free(names);
    g_ptr_array_add(addresses, NULL);
    return (char **)g_ptr_array_free(addresses, FALSE);
}

/* ---- all of it ---- */

static char **check(const KxSettings *settings, const KxClientCertificate *certificate,
                    const char **ret_reason)
{
    KxSlice der = certificate->leaf;
    if (*kx_settings_text(settings, KX_SET_TLS_CLIENT_CA) == '\0') {
        *ret_reason = "no authority for clients is set (tls.client-ca)";
        return NULL;
    }
    g_autoptr(X509_STORE) store = make_store(settings);
    g_autoptr(X509) leaf = take_certificate(&der);
    g_autoptr(CertificateStack) chain = read_chain(certificate->chain);
    *ret_reason = !store                 ? "tls.client-ca cannot be read"
                  : !leaf || der.len > 0 ? "the certificate is malformed"
                                         : verify(store, leaf, chain);
    return *ret_reason ? NULL : read_addresses(leaf);
}

char **kx_client_certificate_addresses(const KxSettings *settings,
                                       const KxClientCertificate *certificate,
                                       const char **ret_reason)
{
    char **addresses = check(settings, certificate, ret_reason);
    ERR_clear_error();
    return addresses;
}

GBytes *kx_client_authorities(const KxSettings *settings)
{
    const char *pem = kx_settings_text(settings, KX_SET_TLS_CLIENT_CA);
    g_autoptr(BIO) in = BIO_new_mem_buf(pem, -1);
    GByteArray *names = g_byte_array_new();
    for (X509 *one; (one = PEM_read_bio_X509(in, NULL, NULL, NULL)); X509_free(one)) {
        guint8 *der = NULL;
        int len = i2d_X509_NAME(X509_get_subject_name(one), &der);
        if (len > 0 && names->len + (guint)len <= KX_CLIENT_AUTHORITIES_MAX)
            g_byte_array_append(names, der, (guint)len);
        OPENSSL_free(der);
    }
    ERR_clear_error();
    if (names->len > 0)
        return g_byte_array_free_to_bytes(names);
    g_byte_array_unref(names);
    return NULL;
}
