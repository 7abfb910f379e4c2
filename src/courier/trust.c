/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/trust.h"

#include <glib.h>
#include <openssl/err.h>
#include <openssl/x509.h>

void kx_trust_load(SSL_CTX *context)
{
    const char *named = g_getenv(X509_get_default_cert_file_env());
    if (SSL_CTX_load_verify_file(context, named ? named : "/etc/ssl/certs/ca-certificates.crt") !=
            1 &&
        !named)
        SSL_CTX_set_default_verify_file(context);
    ERR_clear_error();
}
