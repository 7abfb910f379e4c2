/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/acme-proof.h"

#include <openssl/sha.h>
#include <string.h>

#include "admin/certificate.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/lock.h"

#define PAGES "/.well-known/acme-challenge/"

struct KxProofs {
    KxProofMeans means;
    KxMutex lock;      /* of what follows */
    GHashTable *pages; /* token -> text */
};

KxProofs *kx_proofs_new(const KxProofMeans *means)
{
    KxProofs *proofs = g_new0(KxProofs, 1);
    proofs->means = *means;
    proofs->pages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    kx_mutex_init(&proofs->lock);
    return proofs;
}

void kx_proofs_free(KxProofs *proofs)
{
    if (!proofs)
        return;
    g_hash_table_unref(proofs->pages);
    kx_mutex_clear(&proofs->lock);
    g_free(proofs);
}

static gboolean check_service(KxProofs *proofs, KxServiceId id, GError **error)
{
    const char *name = kx_service(id)->name;
    return proofs->means.runs(proofs->means.data, id) ||
           kx_fail(error, KX_ERR_INVALID,
                   "the service %s, which the authority connects to, does not run: set "
                   "service.%s.startup automatic, and keryx service start %s",
                   name, name, name);
}

/* ---- HTTP-01 ---- */

static gboolean show_page(gpointer data, const char *host, const char *token,
                          const char *authorization, GError **error)
{
    KxProofs *proofs = data;
    if (!check_service(proofs, KX_SERVICE_HTTP, error))
        return FALSE;
    kx_mutex_lock(&proofs->lock);
    g_hash_table_replace(proofs->pages, g_strdup(token), g_strdup(authorization));
    kx_mutex_unlock(&proofs->lock);
    return TRUE;
}

static void hide_page(gpointer data, const char *host, const char *token, const char *authorization)
{
    KxProofs *proofs = data;
    kx_mutex_lock(&proofs->lock);
    g_hash_table_remove(proofs->pages, token);
    kx_mutex_unlock(&proofs->lock);
}

static void handle(gpointer data, const KxHttpRequest *request, KxHttpResponse *response)
{
    KxProofs *proofs = data;
    kx_mutex_lock(&proofs->lock);
    const char *text = g_hash_table_lookup(proofs->pages, request->path + strlen(PAGES));
    if (text) {
        response->status = 200;
        response->type = "application/octet-stream";
        response->body = g_bytes_new(text, strlen(text));
    }
    kx_mutex_unlock(&proofs->lock);
    if (!text)
        kx_http_response_problem(response, 404, "There is no such challenge");
}

const KxHttpApp kx_proofs_app = {
    .prefix = PAGES,
    .services = 1 << KX_SERVICE_HTTP,
    .methods = KX_HTTP_GET | KX_HTTP_OPTIONS,
    .body_max = 0,
    .handle = handle,
};

static void digest_of(const char *authorization, guint8 digest[static SHA256_DIGEST_LENGTH])
{
    SHA256((const guint8 *)authorization, strlen(authorization), digest);
}

/* ---- TLS-ALPN-01 ---- */

static gboolean show_certificate(gpointer data, const char *host, const char *token,
                                 const char *authorization, GError **error)
{
    KxProofs *proofs = data;
    guint8 digest[SHA256_DIGEST_LENGTH];
    digest_of(authorization, digest);
    if (!check_service(proofs, KX_SERVICE_HTTPS, error))
        return FALSE;
    g_autoptr(EVP_PKEY) key = kx_certificate_new_key(FALSE, error);
    g_autofree char *certificate = key ? kx_certificate_challenge(host, digest, key, error) : NULL;
    g_autofree char *secret = certificate ? kx_certificate_key_pem(key, error) : NULL;
    if (!secret)
        return FALSE;
    proofs->means.challenge(proofs->means.data, &(KxMsgChallenge){host, KX_SLICE_STR(certificate),
                                                                  KX_SLICE_STR(secret)});
    return TRUE;
}

static void hide_certificate(gpointer data, const char *host, const char *token,
                             const char *authorization)
{
    KxProofs *proofs = data;
    proofs->means.challenge(proofs->means.data, &(KxMsgChallenge){.host = host});
}

/* ---- DNS-01 ---- */

static gboolean run_hook(KxProofs *proofs, KxHook hook, const char *host, const char *authorization,
                         GError **error)
{
    guint8 digest[SHA256_DIGEST_LENGTH];
    digest_of(authorization, digest);
    g_autofree char *text = kx_base64url(digest, sizeof digest);
    return proofs->means.dns(proofs->means.data, hook, host, text, error);
}

static gboolean show_record(gpointer data, const char *host, const char *token,
                            const char *authorization, GError **error)
{
    return run_hook(data, KX_HOOK_DNS_ADD, host, authorization, error);
}

/* What is left in DNS then is of no use to anybody. */
static void hide_record(gpointer data, const char *host, const char *token,
                        const char *authorization)
{
    run_hook(data, KX_HOOK_DNS_REMOVE, host, authorization, NULL);
}

/* ---- which ---- */

void kx_proofs_use(KxProofs *proofs, const char *type, KxAcmeProof *proof)
{
    static const KxAcmeProof kinds[] = {
        {.type = "http-01", .show = show_page, .hide = hide_page},
        {.type = "tls-alpn-01", .show = show_certificate, .hide = hide_certificate},
        {.type = "dns-01", .show = show_record, .hide = hide_record},
    };
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_equal(kinds[i].type, type)) {
            *proof = kinds[i];
            proof->data = proofs;
        }
}
