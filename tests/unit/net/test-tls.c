/* SPDX-License-Identifier: Apache-2.0 */
/* The set of certificates: choice by name, versions and ciphers, swapping while connections last,
 * session tickets. */
#include "net/tls.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

typedef struct {
    char *chain, *key;
} Pair;

static char *to_text(BIO *bio)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    char *text = g_strndup(bytes, (gsize)len);
    BIO_free(bio);
    return text;
}

static Pair make_pair(const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const guchar *)name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    g_autofree char *san = g_strdup_printf("DNS:%s", name);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(cert, key, EVP_sha256());
    BIO *chain = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(chain, cert);
    PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL);
    X509_free(cert);
    EVP_PKEY_free(key);
    return (Pair){to_text(chain), to_text(secret)};
}

static void clear_pair(Pair *pair)
{
    g_free(pair->chain);
    g_free(pair->key);
}

static void add(KxTlsSet *set, const char *name, gboolean active)
{
    Pair pair = make_pair(name);
    g_autoptr(GError) error = NULL;
    kx_tls_set_add(
        set, &(KxTlsCertificate){KX_SLICE_STR(pair.chain), KX_SLICE_STR(pair.key), {"", 0}, active},
        &error);
    g_assert_no_error(error);
    clear_pair(&pair);
}

/* A client and a server on a socket pair, both without blocking. */
typedef struct {
    int fds[2];
    SSL_CTX *context;
    SSL *client, *server;
} Link;

static void connect_to(Link *link, KxTlsSet *set, const char *name, SSL_CTX *context,
                       SSL_SESSION *session)
{
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, link->fds), ==, 0);
    link->context = context;
    link->client = SSL_new(context);
    SSL_set_fd(link->client, link->fds[0]);
    if (name)
        SSL_set_tlsext_host_name(link->client, name);
    if (session)
        SSL_set_session(link->client, session);
    link->server = kx_tls_accept(set, link->fds[1], NULL);
    g_assert_nonnull(link->server);
}

static gboolean shake(Link *link)
{
    int client = 0, server = 0;
    SSL_set_connect_state(link->client);
    for (int i = 0; i < 20 && (client != 1 || server != 1); i++) {
        client = SSL_do_handshake(link->client);
        server = SSL_do_handshake(link->server);
    }
    char byte;
    SSL_read(link->client, &byte, 1); /* takes the session ticket */
    return client == 1 && server == 1;
}

static void disconnect(Link *link)
{
    SSL_set_quiet_shutdown(link->client, 1);
    SSL_shutdown(link->client); /* else its session counts as broken off */
    SSL_free(link->client);
    SSL_free(link->server);
    close(link->fds[0]);
    close(link->fds[1]);
}

static char *name_shown(KxTlsSet *set, const char *wanted)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    Link link;
    connect_to(&link, set, wanted, context, NULL);
    g_assert_true(shake(&link));
    X509 *cert = SSL_get1_peer_certificate(link.client);
    char name[200] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof name);
    X509_free(cert);
    disconnect(&link);
    SSL_CTX_free(context);
    return g_strdup(name);
}

static void test_choice_by_name(void)
{
    static const struct {
        const char *wanted, *shown;
    } cases[] = {
        {"one.test", "one.test"},  {"two.test", "two.test"},
        {"TWO.test", "two.test"},  {"x.wild.test", "*.wild.test"},
        {"wild.test", "one.test"}, {"other.test", "one.test"},
        {NULL, "one.test"},
    };
    g_autoptr(KxTlsSet) set = kx_tls_set_new(NULL);
    add(set, "two.test", FALSE);
    add(set, "one.test", TRUE);
    add(set, "*.wild.test", FALSE);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *shown = name_shown(set, cases[i].wanted);
        g_assert_cmpstr(shown, ==, cases[i].shown);
    }
}

/* What a client sees that offers these protocols. */
static char *name_for_protocols(KxTlsSet *set, const char *wanted, const char *protocols)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_alpn_protos(context, (const guchar *)protocols, (unsigned)strlen(protocols));
    Link link;
    connect_to(&link, set, wanted, context, NULL);
    g_assert_true(shake(&link));
    const guchar *chosen;
    unsigned len;
    SSL_get0_alpn_selected(link.client, &chosen, &len);
    X509 *cert = SSL_get1_peer_certificate(link.client);
    char name[200] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof name);
    X509_free(cert);
    char *seen = g_strdup_printf("%s %.*s", name, (int)len, chosen ? (const char *)chosen : "");
    disconnect(&link);
    SSL_CTX_free(context);
    return seen;
}

/* RFC 8737: only who asks for nothing but acme-tls/1 gets the certificate of a challenge. */
static void test_challenge(void)
{
    g_autoptr(KxTlsChallenges) challenges = kx_tls_challenges_new();
    g_autoptr(KxTlsSet) set = kx_tls_set_new(challenges);
    Pair pair = make_pair("challenge");
    add(set, "one.test", TRUE);
    add(set, "two.test", FALSE);
    KxMsgChallenge message = {"two.test", KX_SLICE_STR(pair.chain), KX_SLICE_STR(pair.key)};
    g_assert_true(kx_tls_challenges_take(challenges, &message, NULL));
    static const char *const cases[][3] = {
        {"two.test",
         "\x0a"
         "acme-tls/1",
         "challenge acme-tls/1"},
        {"TWO.test",
         "\x0a"
         "acme-tls/1",
         "challenge acme-tls/1"},
        {"two.test",
         "\x08"
         "http/1.1",
         "two.test "},
        {"two.test",
         "\x0a"
         "acme-tls/1"
         "\x08"
         "http/1.1",
         "two.test "},
        {"one.test",
         "\x0a"
         "acme-tls/1",
         "one.test "},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *seen = name_for_protocols(set, cases[i][0], cases[i][1]);
        g_assert_cmpstr(seen, ==, cases[i][2]);
    }
    message.certificate.len = 0;
    g_assert_true(kx_tls_challenges_take(challenges, &message, NULL));
    g_autofree char *seen = name_for_protocols(set, cases[0][0], cases[0][1]);
    g_assert_cmpstr(seen, ==, "two.test ");
    clear_pair(&pair);
}

static void test_versions_and_ciphers(void)
{
    static const struct {
        int version;
        const char *ciphers;
        gboolean good;
    } cases[] = {
        {TLS1_3_VERSION, "ALL", TRUE},
        {TLS1_2_VERSION, "ECDHE+AESGCM", TRUE},
        {TLS1_2_VERSION, "ECDHE+CHACHA20", TRUE},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0", FALSE}, /* CBC */
        {TLS1_2_VERSION, "AES256-GCM-SHA384:@SECLEVEL=0", FALSE},      /* no forward secrecy */
        {TLS1_2_VERSION, "aNULL:@SECLEVEL=0", FALSE},
        {TLS1_1_VERSION, "ALL:@SECLEVEL=0", FALSE},
        {TLS1_VERSION, "ALL:@SECLEVEL=0", FALSE},
    };
    g_autoptr(KxTlsSet) set = kx_tls_set_new(NULL);
    add(set, "one.test", TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(context, cases[i].version);
        SSL_CTX_set_max_proto_version(context, cases[i].version);
        g_assert_cmpint(SSL_CTX_set_cipher_list(context, cases[i].ciphers), ==, 1);
        Link link;
        connect_to(&link, set, NULL, context, NULL);
        g_assert_true(shake(&link) == cases[i].good);
        disconnect(&link);
        SSL_CTX_free(context);
    }
}

/* Connections, finished or in their handshake, outlive the set they began with. */
static int version_of(KxTlsSet *set, int newest)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(context, newest);
    Link link;
    connect_to(&link, set, "one.test", context, NULL);
    int version = shake(&link) ? SSL_version(link.client) : 0;
    disconnect(&link);
    SSL_CTX_free(context);
    return version;
}

static void test_profiles(void)
{
    g_autoptr(KxTlsSet) set = kx_tls_set_new(NULL);
    add(set, "one.test", TRUE);
    kx_tls_set_profile(set, KX_TLS_MODERN);
    g_assert_cmpint(version_of(set, TLS1_2_VERSION), ==, 0);
    g_assert_cmpint(version_of(set, TLS1_3_VERSION), ==, TLS1_3_VERSION);
    kx_tls_set_profile(set, KX_TLS_INTERMEDIATE);
    g_assert_cmpint(version_of(set, TLS1_2_VERSION), ==, TLS1_2_VERSION);
    g_assert_cmpint(version_of(set, TLS1_1_VERSION), ==, 0);
}

static void test_swap(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    KxTlsSet *set = kx_tls_set_new(NULL);
    add(set, "one.test", TRUE);
    add(set, "two.test", FALSE);
    Link done, begun;
    connect_to(&done, set, "two.test", context, NULL);
    g_assert_true(shake(&done));
    connect_to(&begun, set, "two.test", context, NULL);
    kx_tls_set_free(set);
    g_assert_true(shake(&begun));
    char got[8] = "";
    g_assert_cmpint(SSL_write(done.client, "hello", 5), ==, 5);
    g_assert_cmpint(SSL_read(done.server, got, sizeof got), ==, 5);
    disconnect(&done);
    disconnect(&begun);
    SSL_CTX_free(context);
}

static gboolean resumes(KxTlsSet *first, KxTlsSet *second, int version)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_set_max_proto_version(context, version);
    Link link;
    connect_to(&link, first, "one.test", context, NULL);
    g_assert_true(shake(&link));
    SSL_SESSION *session = SSL_get1_session(link.client);
    disconnect(&link);
    connect_to(&link, second, "one.test", context, session);
    g_assert_true(shake(&link));
    gboolean reused = SSL_session_reused(link.client) != 0;
    disconnect(&link);
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
    return reused;
}

/* Two edges with the same keys are one server to a client that comes back. */
static void test_tickets(void)
{
    g_autoptr(KxTlsSet) a = kx_tls_set_new(NULL), b = kx_tls_set_new(NULL),
                        c = kx_tls_set_new(NULL);
    Pair pair = make_pair("one.test");
    KxTlsSet *sets[] = {a, b, c};
    char keys[KX_TLS_TICKET_KEYS];
    memset(keys, 7, sizeof keys);
    for (guint i = 0; i < 3; i++) {
        g_assert_true(kx_tls_set_add(
            sets[i],
            &(KxTlsCertificate){KX_SLICE_STR(pair.chain), KX_SLICE_STR(pair.key), {"", 0}, TRUE},
            NULL));
        keys[0] = i == 2;
        kx_tls_set_ticket_keys(sets[i], keys, sizeof keys);
    }
    clear_pair(&pair);
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (guint i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_assert_true(resumes(a, a, versions[i]));
        g_assert_true(resumes(a, b, versions[i]));
        g_assert_false(resumes(a, c, versions[i])); /* other keys: a full handshake */
    }
}

static void test_unusable(void)
{
    g_autoptr(KxTlsSet) set = kx_tls_set_new(NULL);
    Pair one = make_pair("one.test"), two = make_pair("two.test");
    const char *const bad[][2] = {
        {"", ""}, {one.chain, ""}, {"nonsense", one.key}, {one.chain, two.key}, {one.key, one.key}};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(kx_tls_set_add(
            set,
            &(KxTlsCertificate){KX_SLICE_STR(bad[i][0]), KX_SLICE_STR(bad[i][1]), {"", 0}, TRUE},
            &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    }
    g_assert_true(kx_tls_set_is_empty(set));
    g_assert_null(kx_tls_accept(set, 0, NULL));
    g_assert_null(kx_tls_accept(NULL, 0, NULL));
    clear_pair(&one);
    clear_pair(&two);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net/tls/choice-by-name", test_choice_by_name);
    g_test_add_func("/net/tls/challenge", test_challenge);
    g_test_add_func("/net/tls/versions-and-ciphers", test_versions_and_ciphers);
    g_test_add_func("/net/tls/profiles", test_profiles);
    g_test_add_func("/net/tls/swap", test_swap);
    g_test_add_func("/net/tls/tickets", test_tickets);
    g_test_add_func("/net/tls/unusable", test_unusable);
    return g_test_run();
}
