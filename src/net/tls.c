/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls-private.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "net/tls-staple.h"

enum { CERTIFICATES_MAX = 32 * 1024 }; /* bytes that a client may send */

struct KxTlsSet {
    GPtrArray *contexts; /* SSL_CTX * */
    SSL_CTX *active;     /* one of them */
    const KxTlsChallenges *challenges;
};

KxTlsSet *kx_tls_set_new(const KxTlsChallenges *challenges)
{
    KxTlsSet *set = g_new0(KxTlsSet, 1);
    set->challenges = challenges;
    set->contexts = g_ptr_array_new_with_free_func((GDestroyNotify)SSL_CTX_free);
    return set;
}

void kx_tls_set_free(KxTlsSet *set)
{
    if (!set)
        return;
    /* A context may outlive the set in its connections: then no callback may see the set. */
    for (guint i = 0; i < set->contexts->len; i++) {
        SSL_CTX_set_tlsext_servername_callback(set->contexts->pdata[i], NULL);
        SSL_CTX_set_client_hello_cb(set->contexts->pdata[i], NULL, NULL);
    }
    g_ptr_array_unref(set->contexts);
    g_free(set);
}

static gboolean tls_fail(GError **error, const char *doing)
{
    char text[160];
    ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
    ERR_clear_error();
    return kx_fail(error, KX_ERR_INVALID, "%s: %s", doing, text);
}

static gboolean serves(SSL_CTX *context, const char *name)
{
    return X509_check_host(SSL_CTX_get0_certificate(context), name, 0, 0, NULL) == 1;
}

static int choose(SSL *ssl, int *alert, void *data)
{
    KxTlsSet *set = data;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (!name || serves(set->active, name))
        return SSL_TLSEXT_ERR_OK;
    for (guint i = 0; i < set->contexts->len; i++)
        if (serves(set->contexts->pdata[i], name)) {
            SSL_set_SSL_CTX(ssl, set->contexts->pdata[i]);
            break;
        }
    return SSL_TLSEXT_ERR_OK;
}

static int on_hello(SSL *ssl, int *alert, void *data)
{
    const KxTlsSet *set = data;
    SSL_CTX *context = kx_tls_challenges_find(set->challenges, ssl);
    if (context)
        SSL_set_SSL_CTX(ssl, context);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* Here it matters only that the client has the key, which OpenSSL sees to by itself. */
static int take_any(X509_STORE_CTX *store G_GNUC_UNUSED, void *data G_GNUC_UNUSED)
{
    return 1;
}

static SSL_CTX *make_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    static const unsigned char id[] = "keryx";
    SSL_CTX_set_session_id_context(context, id, sizeof id - 1);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_cert_verify_callback(context, take_any, NULL);
    return context;
}

static gboolean use_chain(SSL_CTX *context, KxSlice pem, GError **error)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    gboolean ok = cert && SSL_CTX_use_certificate(context, cert) == 1;
    X509_free(cert);
    X509 *next;
    while (ok && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        ok = SSL_CTX_add0_chain_cert(context, next) == 1;
    BIO_free(bio);
    if (!ok)
        return tls_fail(error, "cannot use the certificate");
    ERR_clear_error();
    return TRUE;
}

static gboolean use_key(SSL_CTX *context, KxSlice pem, GError **error)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    gboolean ok =
        key && SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
    EVP_PKEY_free(key);
    return ok ? TRUE : tls_fail(error, "cannot use the private key");
}

SSL_CTX *kx_tls_context_new(KxSlice chain, KxSlice key, GError **error)
{
    SSL_CTX *context = make_context();
    if (use_chain(context, chain, error) && use_key(context, key, error))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

gboolean kx_tls_set_add(KxTlsSet *set, const KxTlsCertificate *certificate, GError **error)
{
    SSL_CTX *context = kx_tls_context_new(certificate->chain, certificate->key, error);
    if (!context)
        return FALSE;
    kx_tls_staple_use(context, certificate->ocsp);
    SSL_CTX_set_client_hello_cb(context, on_hello, set);
    SSL_CTX_set_tlsext_servername_callback(context, choose);
    SSL_CTX_set_tlsext_servername_arg(context, set);
    g_ptr_array_add(set->contexts, context);
    if (certificate->active || !set->active)
        set->active = context;
    return TRUE;
}

gboolean kx_tls_set_is_empty(const KxTlsSet *set)
{
    return set->active == NULL;
}

void kx_tls_set_ticket_keys(KxTlsSet *set, const void *keys, size_t len)
{
    for (guint i = 0; i < set->contexts->len; i++)
        SSL_CTX_set_tlsext_ticket_keys(set->contexts->pdata[i], (void *)keys, (long)len);
}

void kx_tls_set_profile(KxTlsSet *set, KxTlsProfile profile)
{
    int oldest = profile == KX_TLS_MODERN ? TLS1_3_VERSION : TLS1_2_VERSION;
    for (guint i = 0; i < set->contexts->len; i++)
        SSL_CTX_set_min_proto_version(set->contexts->pdata[i], oldest);
}

/* ---- connections ---- */

static void free_name(X509_NAME *name)
{
    X509_NAME_free(name);
}

KxTlsNames *kx_tls_names_new(KxSlice der)
{
    const guint8 *at = (const guint8 *)der.data, *end = at + der.len;
    KxTlsNames *names = NULL;
    X509_NAME *name;
    while (at < end && (name = d2i_X509_NAME(NULL, &at, (long)(end - at)))) {
        if (!names)
            names = sk_X509_NAME_new_null();
        sk_X509_NAME_push(names, name);
    }
    ERR_clear_error();
    return names;
}

void kx_tls_names_free(KxTlsNames *names)
{
    sk_X509_NAME_pop_free(names, free_name);
}

static void ask_for_certificate(SSL *ssl, const KxTlsNames *authorities)
{
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    SSL_set_client_CA_list(ssl, SSL_dup_CA_list(authorities));
    SSL_set_max_cert_list(ssl, CERTIFICATES_MAX);
    SSL_set_options(ssl, SSL_OP_NO_TICKET);
    SSL_set_num_tickets(ssl, 0);
}

SSL *kx_tls_accept(KxTlsSet *set, int fd, const KxTlsNames *authorities)
{
    if (!set || !set->active)
        return NULL;
    SSL *ssl = SSL_new(set->active);
    SSL_set_fd(ssl, fd);
    SSL_set_accept_state(ssl);
    if (authorities)
        ask_for_certificate(ssl, authorities);
    return ssl;
}
