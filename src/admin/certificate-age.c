/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/certificate-age.h"

#include <time.h>

enum { NOTICE = 21 * 86400 /* seconds */, NOTICE_PART = 4, RENEWAL_PART = 3 /* of its life */ };

gint64 kx_certificate_seconds(const ASN1_TIME *time)
{
    struct tm tm;
    return ASN1_TIME_to_tm(time, &tm) ? (gint64)timegm(&tm) : 0;
}

static gint64 begin(const X509 *certificate)
{
    return kx_certificate_seconds(X509_get0_notBefore(certificate));
}

gint64 kx_certificate_end(const X509 *certificate)
{
    return kx_certificate_seconds(X509_get0_notAfter(certificate));
}

static gint64 last_part(const X509 *certificate, gint64 part)
{
    return (kx_certificate_end(certificate) - begin(certificate)) / part;
}

gint64 kx_certificate_renewal(const X509 *certificate)
{
    return kx_certificate_end(certificate) - last_part(certificate, RENEWAL_PART);
}

KxCertificateAge kx_certificate_age(const X509 *certificate, gint64 now)
{
    gint64 left = kx_certificate_end(certificate) - now;
    if (now < begin(certificate))
        return KX_CERTIFICATE_EARLY;
    if (left < 0)
        return KX_CERTIFICATE_EXPIRED;
    return left <= MIN((gint64)NOTICE, last_part(certificate, NOTICE_PART)) ? KX_CERTIFICATE_ENDING
                                                                            : KX_CERTIFICATE_GOOD;
}

const char *kx_certificate_age_text(KxCertificateAge age)
{
    static const char *const texts[] = {
        [KX_CERTIFICATE_EARLY] = "not valid yet",
        [KX_CERTIFICATE_GOOD] = "valid",
        [KX_CERTIFICATE_ENDING] = "expires soon",
        [KX_CERTIFICATE_EXPIRED] = "expired",
    };
    return texts[age];
}
