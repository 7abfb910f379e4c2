/* SPDX-License-Identifier: Apache-2.0 */
/* How long certificates are good for. Pure and thread-safe; times are Unix seconds. */
#pragma once

#include "admin/certificate.h"

typedef enum {
    KX_CERTIFICATE_EARLY, /* not valid yet */
    KX_CERTIFICATE_GOOD,
    KX_CERTIFICATE_ENDING, /* three weeks are left at most, and a quarter of its life */
    KX_CERTIFICATE_EXPIRED,
} KxCertificateAge;

KxCertificateAge kx_certificate_age(const X509 *certificate, gint64 now);
const char *kx_certificate_age_text(KxCertificateAge age); /* "valid", "expires soon", ... */

gint64 kx_certificate_seconds(const ASN1_TIME *time);
gint64 kx_certificate_end(const X509 *certificate);
gint64 kx_certificate_renewal(const X509 *certificate); /* when a third of its life is left */
