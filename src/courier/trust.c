/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/trust.h"

#include <glib.h>
#include <openssl/err.h>
#include <openssl/pem.h>
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

SSL_CTX *kx_trust_text(const char *pem)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BIO *in = BIO_new_mem_buf(pem, -1);
    guint n = 0;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    for (X509 *one; (one = PEM_read_bio_X509(in, NULL, NULL, NULL)); X509_free(one))
        n += X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one) == 1;
    BIO_free(in);
    ERR_clear_error();
    if (n == 0)
        g_clear_pointer(&context, SSL_CTX_free);
    return context;
}
