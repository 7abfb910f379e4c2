/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates in the data directory (the current directory): sslcert/<name>.crt with its chain,
 * <name>.key, <name>.csr, and sslcert/active with the name of the one that is in use (CERT-04, CERT-06). A name is
 * letters, digits, ".", "-" and "_". Files are replaced atomically; keys are readable by the server only.
 *
 * Not for several changes at once: callers hold kx_certificates_lock() around a change. Texts returned are the caller's.
 */
#pragma once

#include <jansson.h>

#include "admin/certificate.h"

typedef enum { KX_CERTIFICATE_CHAIN, KX_CERTIFICATE_KEY, KX_CERTIFICATE_REQUEST, KX_CERTIFICATE_PARTS } KxCertificatePart;

enum { KX_CERTIFICATE_FILE_MAX = 65536 };

/* KX_ERR_INVALID. */
gboolean kx_certificate_name_check(const char *name, GError **error);

gboolean kx_certificate_has(const char *name, KxCertificatePart part);
/* KX_ERR_NOT_FOUND says what there is not. */
char *kx_certificate_read(const char *name, KxCertificatePart part, GError **error);
gboolean kx_certificate_write(const char *name, KxCertificatePart part, const char *pem, GError **error);
/* Removes all parts. */
gboolean kx_certificate_delete(const char *name, GError **error);

/* Names of all certificates and requests, sorted; free with g_strfreev(). */
char **kx_certificate_names(void);

/* NULL if there is none. */
char *kx_certificate_active(void);
gboolean kx_certificate_set_active(const char *name, GError **error);

/* Makes a self-signed certificate with a new key and writes both. */
gboolean kx_certificate_make(const char *name, const KxCertificateWish *wish, GError **error);
