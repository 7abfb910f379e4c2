/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates in the data directory (the current directory): sslcert/<name>.crt with its
 * chain, <name>.key, <name>.csr, and sslcert/active with the name of the one that is in use
 * (CERT-04, CERT-06). A name is letters, digits, ".", "-" and "_". Files are replaced atomically;
 * keys are readable by the server only.
 *
 * Threads: any; changes of several steps are made with the lock held. Texts returned are the
 * caller's.
 */
#pragma once

#include "admin/certificate.h"

typedef enum {
    KX_CERTIFICATE_CHAIN,
    KX_CERTIFICATE_KEY,
    KX_CERTIFICATE_REQUEST,
    KX_CERTIFICATE_OCSP, /* DER; what the authority says (admin/ocsp.h) */
    KX_CERTIFICATE_PARTS
} KxCertificatePart;

enum { KX_CERTIFICATE_FILE_MAX = 65536 };

/* Waits until nobody else, in no process, changes certificates. The descriptor is the lock: close()
 * gives it back. -1 on failure. */
int kx_certificates_lock(GError **error);

/* KX_ERR_INVALID. */
gboolean kx_certificate_name_check(const char *name, GError **error);

gboolean kx_certificate_has(const char *name, KxCertificatePart part);
/* KX_ERR_NOT_FOUND says what there is not. */
char *kx_certificate_read(const char *name, KxCertificatePart part, GError **error);
/* The first of its chain, the certificate itself; NULL: there is none that can be read. */
X509 *kx_certificate_read_first(const char *name);
gboolean kx_certificate_write(const char *name, KxCertificatePart part, const char *pem,
                              GError **error);
/* KX_ERR_EXISTS: there is a certificate or a request of that name. */
gboolean kx_certificate_check_free(const char *name, GError **error);

/* The same of what is no text. */
GBytes *kx_certificate_read_bytes(const char *name, KxCertificatePart part); /* or NULL */
gboolean kx_certificate_write_bytes(const char *name, KxCertificatePart part, const void *bytes,
                                    size_t len, GError **error);

/* One part; the others stay. */
gboolean kx_certificate_remove(const char *name, KxCertificatePart part, GError **error);

/* Removes all parts. */
gboolean kx_certificate_delete(const char *name, GError **error);

/* Names of all certificates and requests, sorted; free with g_strfreev(). */
char **kx_certificate_names(void);

/* NULL if there is none. */
char *kx_certificate_active(void);
gboolean kx_certificate_set_active(const char *name, GError **error);

/* Makes a new key and a self-signed certificate, or a request, and writes both. */
gboolean kx_certificate_make(const char *name, KxCertificatePart part,
                             const KxCertificateWish *wish, GError **error);
