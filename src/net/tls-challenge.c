/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls-challenge.h"

#include <string.h>

#include "base/error.h"
#include "net/tls-private.h"

enum { CHALLENGES_MAX = 100 };

static const unsigned char protocol[] = "\x0a"
                                        "acme-tls/1";

struct KxTlsChallenges {
    GHashTable *contexts; /* host name -> SSL_CTX */
};

static void free_context(gpointer context)
{
    SSL_CTX_free(context);
}

KxTlsChallenges *kx_tls_challenges_new(void)
{
    KxTlsChallenges *challenges = g_new0(KxTlsChallenges, 1);
    challenges->contexts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_context);
    return challenges;
}

void kx_tls_challenges_free(KxTlsChallenges *challenges)
{
    if (!challenges)
        return;
    g_hash_table_unref(challenges->contexts);
    g_free(challenges);
}

void kx_tls_challenges_clear(KxTlsChallenges *challenges)
{
    g_hash_table_remove_all(challenges->contexts);
}

static int select_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
                           const unsigned char *offered, unsigned len, void *data)
{
    *ret = protocol + 1;
    *ret_len = protocol[0];
    return SSL_TLSEXT_ERR_OK;
}

/* The choice is made: the callback of the usual context would make another. */
static int keep_context(SSL *ssl, int *alert, void *data)
{
    return SSL_TLSEXT_ERR_OK;
}

gboolean kx_tls_challenges_take(KxTlsChallenges *challenges, const KxMsgChallenge *message,
                                GError **error)
{
    g_autofree char *host = g_ascii_strdown(message->host, -1);
    g_hash_table_remove(challenges->contexts, host);
    if (message->certificate.len == 0)
        return TRUE;
    if (g_hash_table_size(challenges->contexts) >= CHALLENGES_MAX)
        return kx_fail(error, KX_ERR_TOO_BIG, "too many challenges at a time");
    SSL_CTX *context = kx_tls_context_new(message->certificate, message->key, error);
    if (!context)
        return FALSE;
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    SSL_CTX_set_tlsext_servername_callback(context, keep_context);
    g_hash_table_insert(challenges->contexts, g_steal_pointer(&host), context);
    return TRUE;
}

/* ---- what the client says ---- */

static gboolean offers_only_ours(SSL *ssl)
{
    const unsigned char *bytes;
    size_t len;
    return SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation,
                                     &bytes, &len) == 1 &&
           len == 2 + sizeof protocol - 1 && bytes[0] == 0 && bytes[1] == sizeof protocol - 1 &&
           memcmp(bytes + 2, protocol, sizeof protocol - 1) == 0;
}

/* RFC 6066 section 3: a list of one name of the type 0. */
static char *name_asked_for(SSL *ssl)
{
    const unsigned char *bytes;
    size_t len;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &len) != 1 || len <= 5 ||
        bytes[2] != TLSEXT_NAMETYPE_host_name || ((size_t)bytes[3] << 8 | bytes[4]) != len - 5)
        return NULL;
    return g_ascii_strdown((const char *)bytes + 5, (gssize)len - 5);
}

SSL_CTX *kx_tls_challenges_find(const KxTlsChallenges *challenges, SSL *ssl)
{
    if (!challenges || g_hash_table_size(challenges->contexts) == 0 || !offers_only_ours(ssl))
        return NULL;
    g_autofree char *name = name_asked_for(ssl);
    return name ? g_hash_table_lookup(challenges->contexts, name) : NULL;
}
