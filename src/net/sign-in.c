/* SPDX-License-Identifier: Apache-2.0 */
/* Who may sign in, how, and what binds the sign-in to the connection. */
#include <openssl/x509.h>

#include "base/ip-range.h"
#include "net/edge-private.h"
#include "settings/sasl.h"

enum { CERTIFICATE_MAX = 8192, CHAIN_MAX = 24576 }; /* bytes, as in ipc/message-list.h */

/* ---- what the core has said ---- */

void kx_edge_clear_sign_in(KxEdge *edge)
{
    g_clear_pointer(&edge->sign_in.methods, g_strfreev);
    g_clear_pointer(&edge->sign_in.exempt, g_array_unref);
    g_clear_pointer(&edge->sign_in.authorities, kx_tls_names_free);
}

void kx_edge_take_sign_in(KxEdge *edge, const KxMsgSignIn *rules)
{
    kx_edge_clear_sign_in(edge);
    edge->sign_in.methods = g_strsplit(rules->methods, " ", -1);
    if (rules->exempt[0] != '\0')
        edge->sign_in.exempt = kx_ip_ranges_parse(rules->exempt);
    edge->sign_in.authorities = kx_tls_names_new(rules->authorities);
}

/* ---- rights ---- */

KxSignInRight kx_conn_may_sign_in(KxConn *conn, gboolean loopback)
{
    const KxEdge *edge = conn->edge;
    const char *policy = kx_settings_text(edge->settings, KX_SET_AUTH_POLICY);
    if (conn->ssl ||
        (loopback && conn->loopback &&
         kx_settings_bool(edge->settings, KX_SET_AUTH_CLEAR_LOOPBACK)) ||
        (edge->sign_in.exempt && kx_ip_ranges_contain(edge->sign_in.exempt, conn->remote_ip)) ||
        g_str_equal(policy, "no-restrictions"))
        return KX_SIGN_IN_ANYHOW;
    return g_str_equal(policy, "secure-authentication") ? KX_SIGN_IN_SECURELY : KX_SIGN_IN_NO;
}

/* What the client has shown in this handshake; NULL: nothing. */
static X509 *shown_certificate(const KxConn *conn)
{
    return conn->ssl && !SSL_session_reused(conn->ssl) ? SSL_get0_peer_certificate(conn->ssl)
                                                       : NULL;
}

static KxSaslOffer offer_of(const KxConn *conn, KxSignInRight right)
{
    static const char *const NONE[] = {NULL};
    gboolean some = right != KX_SIGN_IN_NO && conn->edge->sign_in.methods;
    return (KxSaslOffer){
        .methods = some ? (const char *const *)conn->edge->sign_in.methods : NONE,
        .binds = kx_sasl_binds(conn->edge->settings, conn->ssl != NULL,
                               kx_service(conn->service)->protocol == KX_PROTOCOL_SMTP),
        .clear = right == KX_SIGN_IN_ANYHOW,
        .shown = shown_certificate(conn) != NULL,
    };
}

char *kx_conn_mechanisms(KxConn *conn, KxSignInRight right, const char *before)
{
    KxSaslOffer offer = offer_of(conn, right);
    return kx_sasl_names(&offer, before);
}

const char *kx_conn_find_mechanism(KxConn *conn, KxSignInRight right, const char *name, size_t len)
{
    KxSaslOffer offer = offer_of(conn, right);
    const KxSaslMechanism *mechanism = kx_sasl_find(name, len);
    return mechanism && kx_sasl_is_offered(&offer, mechanism) ? mechanism->name : NULL;
}

/* ---- what binds to the TLS channel ---- */

typedef struct {
    guint8 bytes[EVP_MAX_MD_SIZE];
    size_t len;
} Binding;

/* RFC 9266 */
static void bind_exporter(SSL *ssl, Binding *binding)
{
    static const char LABEL[] = "EXPORTER-Channel-Binding";
    enum { LENGTH = 32 };
    if (SSL_export_keying_material(ssl, binding->bytes, LENGTH, LABEL, sizeof LABEL - 1,
                                   (const guint8 *)"", 0, 1) == 1)
        binding->len = LENGTH;
}

/* RFC 5929 section 4: our certificate, hashed as its signature is, but never with less than
 * SHA-256. There is none for signatures without a hash of their own (Ed25519). */
static void bind_end_point(SSL *ssl, Binding *binding)
{
    X509 *certificate = SSL_get_certificate(ssl);
    int hash;
    unsigned int len;
    if (!certificate || X509_get_signature_info(certificate, &hash, NULL, NULL, NULL) != 1 ||
        hash == NID_undef)
        return;
    const EVP_MD *digest =
        hash == NID_md5 || hash == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(hash);
    if (digest && X509_digest(certificate, digest, binding->bytes, &len) == 1)
        binding->len = len;
}

/* RFC 5929 section 3: the first Finished message, which is the client's unless the session was
 * resumed. Not with TLS 1.3, and not without the extended master secret (RFC 7627 section 6.1). */
static void bind_unique(SSL *ssl, Binding *binding)
{
    if (SSL_version(ssl) >= TLS1_3_VERSION || SSL_get_extms_support(ssl) != 1)
        return;
    binding->len = SSL_session_reused(ssl)
                       ? SSL_get_finished(ssl, binding->bytes, sizeof binding->bytes)
                       : SSL_get_peer_finished(ssl, binding->bytes, sizeof binding->bytes);
}

static KxSlice slice_of(const Binding *binding)
{
    return (KxSlice){(const char *)binding->bytes, binding->len};
}

/* ---- what the client has shown ---- */

/* Appends it if it fits. */
static void add_der(GByteArray *bytes, X509 *certificate, guint max)
{
    guint8 *der = NULL;
    int len = i2d_X509(certificate, &der);
    if (len > 0 && bytes->len + (guint)len <= max)
        g_byte_array_append(bytes, der, (guint)len);
    OPENSSL_free(der);
}

static void add_shown(const KxConn *conn, GByteArray *leaf, GByteArray *chain)
{
    X509 *certificate = shown_certificate(conn);
    STACK_OF(X509) *others = certificate ? SSL_get_peer_cert_chain(conn->ssl) : NULL;
    if (certificate)
        add_der(leaf, certificate, CERTIFICATE_MAX);
    for (int i = 0; i < sk_X509_num(others); i++)
        add_der(chain, sk_X509_value(others, i), CHAIN_MAX);
}

void kx_conn_request_sasl(KxConn *conn, const char *mechanism, gboolean initial, KxSlice data)
{
    if (data.len > KX_SASL_DATA_MAX) /* as good as nothing: no mechanism takes so much */
        data.len = 0;
    Binding exporter = {.len = 0}, end_point = {.len = 0}, unique = {.len = 0};
    g_autoptr(GByteArray) leaf = g_byte_array_new();
    g_autoptr(GByteArray) chain = g_byte_array_new();
    if (conn->ssl && *mechanism) {
        bind_exporter(conn->ssl, &exporter);
        bind_end_point(conn->ssl, &end_point);
        bind_unique(conn->ssl, &unique);
    }
    if (g_str_equal(mechanism, "EXTERNAL"))
        add_shown(conn, leaf, chain);
    kx_conn_request(conn, KX_MSG_SASL,
                    &(KxMsgSasl){.mechanism = mechanism,
                                 .initial = initial,
                                 .data = data,
                                 .exporter = slice_of(&exporter),
                                 .end_point = slice_of(&end_point),
                                 .unique = slice_of(&unique),
                                 .certificate = {(const char *)leaf->data, leaf->len},
                                 .chain = {(const char *)chain->data, chain->len}});
}
