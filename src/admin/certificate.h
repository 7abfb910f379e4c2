/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making certificates, requests and keys (RFC 5280, RFC 2986), all as PEM. Keys are EC P-256 or RSA
 * 3072. Pure but for random numbers; thread-safe. Texts returned are the caller's; those of keys
 * are secrets.
 */
#pragma once

#include <glib.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

enum {
    KX_CERTIFICATE_DAYS = 825, /* validity unless something else is asked for */
    KX_CERTIFICATE_DAYS_MAX = 7300,
    KX_CERTIFICATE_NAMES_MAX = 100,
};

typedef struct {
    const char *hostname; /* the first name; required */
    const char *const
        *names; /* further names: host names, *.host names and IP addresses; may be NULL */
    const char *organization, *unit, *city, *state; /* each may be NULL */
    const char *country;                            /* two letters, or NULL */
    guint days;
    gboolean rsa;
} KxCertificateWish;

/* With what OpenSSL says of it; FALSE. */
gboolean kx_certificate_fail_openssl(GError **error, const char *what);

EVP_PKEY *kx_certificate_new_key(gboolean rsa, GError **error);
char *kx_certificate_key_pem(EVP_PKEY *key, GError **error);

/* KX_ERR_INVALID names the field that cannot be used. */
char *kx_certificate_self_signed(const KxCertificateWish *wish, EVP_PKEY *key, GError **error);
char *kx_certificate_request(const KxCertificateWish *wish, EVP_PKEY *key, GError **error);

/* For a challenge of TLS-ALPN-01 (RFC 8737 section 3); `digest` has the 32 bytes of SHA-256. */
char *kx_certificate_challenge(const char *hostname, const guint8 *digest, EVP_PKEY *key,
                               GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_REQ, X509_REQ_free)
