/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls-staple.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <string.h>
#include <time.h>

/* Lies in the context and dies with it. */
typedef struct {
    gint64 until; /* Unix seconds */
    size_t len;
    guint8 bytes[];
} Staple;

static void free_staple(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long n, void *arg)
{
    g_free(data);
}

static int staple_index(void)
{
    static gsize index;
    if (g_once_init_enter(&index)) {
        int made = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_staple);
        g_once_init_leave(&index, (gsize)made + 1);
    }
    return (int)index - 1;
}

static int show(SSL *ssl, void *data G_GNUC_UNUSED)
{
    const Staple *staple = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), staple_index());
    if (!staple || staple->until <= (gint64)time(NULL))
        return SSL_TLSEXT_ERR_NOACK;
    void *copy = OPENSSL_memdup(staple->bytes, staple->len);
    if (!copy || SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple->len) != 1) {
        OPENSSL_free(copy);
        return SSL_TLSEXT_ERR_NOACK;
    }
    return SSL_TLSEXT_ERR_OK;
}

/* ---- whether it is about the certificate ---- */

static X509 *issuer_of(SSL_CTX *context)
{
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_get0_chain_certs(context, &chain);
    for (int i = 0; chain && i < sk_X509_num(chain); i++)
        if (X509_check_issued(sk_X509_value(chain, i), SSL_CTX_get0_certificate(context)) ==
            X509_V_OK)
            return sk_X509_value(chain, i);
    return NULL;
}

/* When it ends; 0: it is about another, or nothing. */
static gint64 end_of(SSL_CTX *context, OCSP_BASICRESP *basic)
{
    X509 *issuer = issuer_of(context);
    OCSP_CERTID *id =
        issuer ? OCSP_cert_to_id(NULL, SSL_CTX_get0_certificate(context), issuer) : NULL;
    ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
    struct tm tm;
    int status = V_OCSP_CERTSTATUS_UNKNOWN;
    gboolean good = id &&
                    OCSP_resp_find_status(basic, id, &status, NULL, NULL, &from, &until) == 1 &&
                    status == V_OCSP_CERTSTATUS_GOOD && until && ASN1_TIME_to_tm(until, &tm) == 1;
    OCSP_CERTID_free(id);
    return good ? (gint64)timegm(&tm) : 0;
}

static gint64 read_end(SSL_CTX *context, KxSlice ocsp)
{
    const unsigned char *at = (const unsigned char *)ocsp.data;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)ocsp.len);
    OCSP_BASICRESP *basic = response ? OCSP_response_get1_basic(response) : NULL;
    gint64 until = basic ? end_of(context, basic) : 0;
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return until;
}

void kx_tls_staple_use(SSL_CTX *context, KxSlice ocsp)
{
    gint64 until = ocsp.len > 0 ? read_end(context, ocsp) : 0;
    if (until == 0)
        return;
    Staple *staple = g_malloc(sizeof *staple + ocsp.len);
    staple->until = until;
    staple->len = ocsp.len;
    memcpy(staple->bytes, ocsp.data, ocsp.len);
    SSL_CTX_set_ex_data(context, staple_index(), staple);
    SSL_CTX_set_tlsext_status_cb(context, show);
}
