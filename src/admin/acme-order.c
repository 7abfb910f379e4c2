/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/acme-order.h"

#include <openssl/x509.h>
#include <string.h>

#include "admin/acme-jws.h"
#include "admin/certificate-info.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/text.h"

enum {
    TOKEN_MAX = 256,
    DETAIL_MAX = 600,  /* bytes of the authority's words */
    PAUSE_FIRST = 250, /* milliseconds; doubled each time */
    PAUSE_MOST = 8000, /* unless the authority wants more */
    PATIENCE = 120,    /* seconds, for one proof or the certificate */
};

/* Asks again until it is no longer in one of the two states, in which it is on its way. */
static gboolean wait_for(KxAcmeClient *client, const KxAcmeProof *proof, const char *url,
                         const char *const pending[2], KxAcmeAnswer *ret_answer, GError **error)
{
    gint64 until = g_get_monotonic_time() + (gint64)PATIENCE * G_USEC_PER_SEC;
    for (guint pause = PAUSE_FIRST;; pause = MIN(pause * 2, (guint)PAUSE_MOST)) {
        if (!kx_acme_client_post(client, url, NULL, ret_answer, error))
            return FALSE;
        const char *status = kx_acme_text(ret_answer->json, "status");
        if (!g_str_equal(status, pending[0]) && !g_str_equal(status, pending[1]))
            return TRUE;
        gint64 left = (until - g_get_monotonic_time()) / 1000;
        if (left <= 0)
            return kx_fail(error, KX_ERR_BUSY, "the authority has not decided in %d seconds",
                           PATIENCE);
        if (!proof->pause(proof->pauses,
                          (guint)MIN((gint64)MAX(pause, ret_answer->retry_after * 1000), left)))
            return kx_fail(error, KX_ERR_BUSY, "the server is being stopped");
    }
}

/* ---- proving a name ---- */

static const json_t *find_challenge(const json_t *authorization, const char *type)
{
    const json_t *challenge;
    size_t i;
    json_array_foreach(
        json_object_get(authorization, "challenges"), i,
        challenge) if (g_str_equal(kx_acme_text(challenge, "type"), type)) return challenge;
    return NULL;
}

/* It becomes part of a path (RFC 8555 section 8.1). */
static gboolean is_token(const char *token)
{
    static const char base64url[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return *token && strlen(token) <= TOKEN_MAX && token[strspn(token, base64url)] == '\0';
}

static gboolean fail_proof(const json_t *authorization, const char *type, const char *host,
                           GError **error)
{
    const json_t *challenge = find_challenge(authorization, type);
    g_autofree char *why = kx_escape_for_log(
        kx_acme_text(json_object_get(challenge, "error"), "detail"), -1, DETAIL_MAX);
    return kx_fail(error, KX_ERR_DENIED, "the authority could not verify %s by %s%s%s", host, type,
                   *why ? ": " : "", why);
}

/* With the proof in its place. */
static gboolean let_verify(KxAcmeClient *client, const KxAcmeProof *proof, const char *url,
                           const json_t *challenge, const char *host, GError **error)
{
    static const char *const pending[] = {"pending", "processing"};
    g_auto(KxAcmeAnswer) answer = {0};
    json_auto_t *nothing = json_object();
    if (!kx_acme_client_post(client, kx_acme_text(challenge, "url"), nothing, &answer, error) ||
        !wait_for(client, proof, url, pending, &answer, error))
        return FALSE;
    return g_str_equal(kx_acme_text(answer.json, "status"), "valid") ||
           fail_proof(answer.json, proof->type, host, error);
}

/* An authorization for a wildcard has the name below which it is (RFC 8555 section 7.1.4). */
static gboolean is_ordered(const char *const *names, const char *host)
{
    g_autofree char *wildcard = g_strconcat("*.", host, NULL);
    return g_strv_contains(names, host) || g_strv_contains(names, wildcard);
}

static gboolean prove(KxAcmeClient *client, const KxAcmeProof *proof, const char *const *names,
                      const char *url, GError **error)
{
    g_auto(KxAcmeAnswer) answer = {0};
    if (!kx_acme_client_post(client, url, NULL, &answer, error))
        return FALSE;
    if (g_str_equal(kx_acme_text(answer.json, "status"), "valid"))
        return TRUE; /* from an earlier order */
    const char *host = kx_acme_text(json_object_get(answer.json, "identifier"), "value");
    const json_t *challenge = find_challenge(answer.json, proof->type);
    const char *token = kx_acme_text(challenge, "token");
    if (!is_ordered(names, host))
        return kx_fail(error, KX_ERR_PROTOCOL,
                       "the authority asks for a name that was not ordered");
    if (!challenge)
        return kx_fail(error, KX_ERR_INVALID,
                       "the authority does not take %s for %s: set acme.challenge to another",
                       proof->type, host);
    if (!is_token(token))
        return kx_fail(error, KX_ERR_PROTOCOL, "the authority's token is malformed");
    g_autofree char *authorization = kx_acme_client_authorization(client, token, error);
    if (!authorization || !proof->show(proof->data, host, token, authorization, error))
        return FALSE;
    gboolean good = let_verify(client, proof, url, challenge, host, error);
    proof->hide(proof->data, host, token, authorization);
    return good;
}

/* ---- the order ---- */

static char *encode_request(const char *pem, GError **error)
{
    g_autoptr(X509_REQ) request = kx_certificate_parse_request(pem, error);
    unsigned char *der = NULL;
    int len = request ? i2d_X509_REQ(request, &der) : 0;
    if (len <= 0)
        return NULL;
    char *text = kx_base64url(der, (size_t)len);
    OPENSSL_free(der);
    return text;
}

static gboolean finalize(KxAcmeClient *client, const KxAcmeProof *proof, const char *order,
                         const char *url, const char *request, KxAcmeAnswer *answer, GError **error)
{
    static const char *const pending[] = {"pending", "pending"};
    static const char *const processing[] = {"ready", "processing"};
    g_autofree char *text = encode_request(request, error);
    if (!text)
        return FALSE;
    json_auto_t *wish = json_pack("{s:s}", "csr", text);
    if (!wait_for(client, proof, order, pending, answer, error) ||
        !kx_acme_client_post(client, url, wish, answer, error) ||
        !wait_for(client, proof, order, processing, answer, error))
        return FALSE;
    if (g_str_equal(kx_acme_text(answer->json, "status"), "valid"))
        return TRUE;
    g_autofree char *why = kx_escape_for_log(
        kx_acme_text(json_object_get(answer->json, "error"), "detail"), -1, DETAIL_MAX);
    return kx_fail(error, KX_ERR_DENIED, "the authority gives no certificate: %s", why);
}

char *kx_acme_obtain(KxAcmeClient *client, const KxAcmeProof *proof, const char *const *names,
                     const char *request, GError **error)
{
    g_auto(KxAcmeAnswer) answer = {0};
    g_auto(KxAcmeAnswer) end = {0};
    if (!kx_acme_client_order(client, names, &answer, error))
        return NULL;
    if (!answer.location) {
        kx_fail(error, KX_ERR_PROTOCOL, "the authority does not say where the order is");
        return NULL;
    }
    const json_t *list = json_object_get(answer.json, "authorizations"), *one;
    size_t i;
    if (json_array_size(list) > g_strv_length((char **)names)) {
        kx_fail(error, KX_ERR_PROTOCOL, "the authority wants more proofs than there are names");
        return NULL;
    }
    json_array_foreach(list, i, one)
    {
        const char *url = json_string_value(one);
        if (!prove(client, proof, names, url ? url : "", error))
            return NULL;
    }
    if (!finalize(client, proof, answer.location, kx_acme_text(answer.json, "finalize"), request,
                  &end, error))
        return NULL;
    g_autofree char *url = g_strdup(kx_acme_text(end.json, "certificate"));
    if (!kx_acme_client_post(client, url, NULL, &end, error))
        return NULL;
    return g_steal_pointer(&end.text);
}
