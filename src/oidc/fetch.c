/* SPDX-License-Identifier: Apache-2.0 */
/* What the courier fetches from providers: by HTTPS, from a server whose certificate is good. */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "oidc/oidc-private.h"
#include "settings/checks.h"

enum { URL_MAX = 1000 };

void kx_oidc_document_clear(KxOidcDocument *document)
{
    g_clear_pointer(&document->jwks_uri, g_free);
    g_clear_pointer(&document->introspection, g_free);
}

char *kx_oidc_configuration(const KxDomain *domain)
{
    size_t len = strlen(domain->oidc_issuer);
    if (len > 0 && domain->oidc_issuer[len - 1] == '/')
        len--;
    return g_strdup_printf("%.*s/.well-known/openid-configuration", (int)len, domain->oidc_issuer);
}

/* The answer, with the status 200. */
static GBytes *run(KxOidc *oidc, KxAsk *ask, const KxDomain *domain, const char *url,
                   GError **error)
{
    KxAskName name = {.name = url};
    GBytes *body = NULL;
    ask->kind = KX_MAIL_WEB;
    ask->host = "";
    ask->seconds = KX_OIDC_WEB_SECONDS;
    ask->names = &name;
    ask->n_names = 1;
    ask->ca = *domain->oidc_ca != '\0' ? domain->oidc_ca : NULL;
    if (!kx_asks_run(oidc->asks, ask) || name.code == 0)
        kx_fail(error, KX_ERR_IO, "%s cannot be asked: %s", url,
                ask->text ? ask->text : "no answer");
    else if (name.code != 200 || !ask->answer)
        kx_fail(error, KX_ERR_PROTOCOL, "%s answers %u", url, name.code);
    else
        body = g_bytes_ref(ask->answer);
    kx_ask_clear(ask);
    return body;
}

static json_t *read_object(GBytes *body, const char *url, GError **error)
{
    size_t len;
    const char *text = g_bytes_get_data(body, &len);
    json_t *json = json_loadb(len > 0 ? text : "", len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(json))
        return json;
    json_decref(json);
    kx_fail(error, KX_ERR_PROTOCOL, "%s answers with something else than a JSON object", url);
    return NULL;
}

/* A member that is a URL; KX_ERR_PROTOCOL: it is one that nobody here goes to. */
static gboolean take_url(const json_t *json, const char *name, char **ret_url, GError **error)
{
    const char *url = json_string_value(json_object_get(json, name));
    if (url && (strlen(url) > URL_MAX || !kx_check_https_url(url, NULL)))
        return kx_fail(error, KX_ERR_PROTOCOL, "%s is not a URL that begins with https://", name);
    *ret_url = g_strdup(url);
    return TRUE;
}

/* Section 4.3: it must be the issuer itself who speaks. */
static gboolean check_issuer(const json_t *json, const KxDomain *domain, GError **error)
{
    const char *issuer = json_string_value(json_object_get(json, "issuer"));
    if (g_strcmp0(issuer, domain->oidc_issuer) == 0)
        return TRUE;
    g_autofree char *said = kx_escape_for_log(issuer ? issuer : "", -1, URL_MAX);
    return kx_fail(error, KX_ERR_PROTOCOL,
                   "the provider is the issuer '%s', not that of oidc-issuer", said);
}

gboolean kx_oidc_fetch_document(KxOidc *oidc, const KxDomain *domain, KxOidcDocument *ret_document,
                                GError **error)
{
    g_autofree char *url = kx_oidc_configuration(domain);
    g_autoptr(GBytes) body = run(oidc, &(KxAsk){0}, domain, url, error);
    json_auto_t *json = body ? read_object(body, url, error) : NULL;
    g_auto(KxOidcDocument) document = {0};
    if (!json || !check_issuer(json, domain, error) ||
        !take_url(json, "jwks_uri", &document.jwks_uri, error) ||
        !take_url(json, "introspection_endpoint", &document.introspection, error))
        return FALSE;
    *ret_document = document;
    document = (KxOidcDocument){0};
    return TRUE;
}

KxJwkSet *kx_oidc_fetch_keys(KxOidc *oidc, const KxDomain *domain, const char *url, GError **error)
{
    g_autoptr(GBytes) body = run(oidc, &(KxAsk){0}, domain, url, error);
    size_t len = 0;
    const char *text = body ? g_bytes_get_data(body, &len) : NULL;
    KxJwkSet *keys = body ? kx_jwk_set_parse(len > 0 ? text : "", len, error) : NULL;
    if (body && !keys)
        g_prefix_error(error, "%s: ", url);
    return keys;
}

/* RFC 6749 section 2.3.1: as in a form. */
json_t *kx_oidc_fetch_claims(KxOidc *oidc, const KxDomain *domain, const char *url,
                             const char *token, GError **error)
{
    g_autofree char *id = g_uri_escape_string(domain->oidc_client_id, NULL, FALSE);
    g_autofree char *secret = g_uri_escape_string(domain->oidc_client_secret, NULL, FALSE);
    g_autofree char *escaped = g_uri_escape_string(token, NULL, FALSE);
    g_autofree char *form = g_strdup_printf("token=%s&token_type_hint=access_token", escaped);
    g_autoptr(GBytes) posted = g_bytes_new(form, strlen(form));
    KxAsk ask = {.user = id,
                 .password = secret,
                 .body = posted,
                 .body_type = "application/x-www-form-urlencoded"};
    g_autoptr(GBytes) body = run(oidc, &ask, domain, url, error);
    return body ? read_object(body, url, error) : NULL;
}
