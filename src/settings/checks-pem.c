/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are certificates, or lists of those that count no more, as text (RFC 7468). */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/error.h"
#include "settings/checks.h"

/* The number that was read, but 0 if reading ended at something that cannot be read. */
static guint finish(BIO *in, guint n)
{
    gboolean at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    BIO_free(in);
    ERR_clear_error();
    return at_end ? n : 0;
}

static guint count_certificates(const char *pem)
{
    BIO *in = BIO_new_mem_buf(pem, -1);
    guint n = 0;
    for (X509 *one; (one = PEM_read_bio_X509(in, NULL, NULL, NULL)); X509_free(one))
        n++;
    return finish(in, n);
}

static guint count_lists(const char *pem)
{
    BIO *in = BIO_new_mem_buf(pem, -1);
    guint n = 0;
    for (X509_CRL *one; (one = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL)); X509_CRL_free(one))
        n++;
    return finish(in, n);
}

gboolean kx_check_certificates_or_empty(const char *value, GError **error)
{
    return *value == '\0' || count_certificates(value) > 0 ||
           kx_fail(error, KX_ERR_INVALID,
                   "these are not certificates as text (-----BEGIN CERTIFICATE-----)");
}

gboolean kx_check_revocations_or_empty(const char *value, GError **error)
{
    return *value == '\0' || count_lists(value) > 0 ||
           kx_fail(
               error, KX_ERR_INVALID,
               "these are not lists of revoked certificates as text (-----BEGIN X509 CRL-----)");
}
