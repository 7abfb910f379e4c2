/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/acme-client.h"

#include <string.h>

#include "admin/acme-jws.h"
#include "base/error.h"
#include "base/text.h"

enum { SECONDS = 60, URL_MAX = 1000, NONCE_TRIES = 10, DETAIL_MAX = 600, RETRY_MAX = 3600 };

#define PROBLEM "urn:ietf:params:acme:error:"

struct KxAcmeClient {
    KxAsks *asks;
    EVP_PKEY *key;
    json_t *directory;
    char *nonce;   /* for the next request; NULL: to be asked for */
    char *account; /* URL; NULL: not signed up yet */
};

void kx_acme_answer_clear(KxAcmeAnswer *answer)
{
    g_free(answer->text);
    g_free(answer->location);
    json_decref(answer->json);
    *answer = (KxAcmeAnswer){0};
}

/* ---- one request ---- */

static void take_fields(KxAcmeClient *client, const KxAsk *ask, KxAcmeAnswer *answer)
{
    for (guint i = 0; ask->lines && i < ask->lines->len; i++) {
        const KxAskLine *line = ask->lines->pdata[i];
        guint64 seconds;
        if (g_str_equal(line->about, "replay-nonce")) {
            g_free(client->nonce);
            client->nonce = g_strdup(line->text);
        } else if (g_str_equal(line->about, "location")) {
            g_free(answer->location);
            answer->location = g_strdup(line->text);
        } else if (g_str_equal(line->about, "retry-after") &&
                   kx_parse_uint(line->text, RETRY_MAX, &seconds)) {
            answer->retry_after = (guint)seconds;
        }
    }
}

/* TRUE: there is an answer, whatever it says. `body` NULL: a GET. */
static gboolean ask_server(KxAcmeClient *client, const char *url, const char *body,
                           KxAcmeAnswer *ret_answer, GError **error)
{
    if (strlen(url) > URL_MAX)
        return kx_fail(error, KX_ERR_PROTOCOL, "the authority gives a URL that is too long");
    KxAskName name = {.name = url};
    g_autoptr(GBytes) bytes = body ? g_bytes_new(body, strlen(body)) : NULL;
    g_auto(KxAsk) ask = {.kind = KX_MAIL_WEB,
                         .host = "",
                         .seconds = SECONDS,
                         .names = &name,
                         .n_names = 1,
                         .body = bytes,
                         .body_type = "application/jose+json"};
    if (!kx_asks_run(client->asks, &ask) || name.code == 0)
        return kx_fail(error, KX_ERR_IO, "%s cannot be asked: %s", url,
                       ask.text ? ask.text : "no answer");
    size_t len = 0;
    const char *text = ask.answer ? g_bytes_get_data(ask.answer, &len) : "";
    ret_answer->code = name.code;
    ret_answer->text = g_strndup(text, len);
    ret_answer->json = json_loads(ret_answer->text, 0, NULL);
    take_fields(client, &ask, ret_answer);
    return TRUE;
}

const char *kx_acme_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* The authority's own words (section 6.7), those about single names too. */
static gboolean fail_answer(const KxAcmeAnswer *answer, GError **error)
{
    const char *type = kx_acme_text(answer->json, "type");
    gboolean later =
        answer->code >= 500 || answer->code == 429 || g_str_equal(type, PROBLEM "rateLimited");
    g_autoptr(GString) said = g_string_new(kx_acme_text(answer->json, "detail"));
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(answer->json, "subproblems"), i, one) g_string_append_printf(
        said, "; %s: %s", kx_acme_text(json_object_get(one, "identifier"), "value"),
        kx_acme_text(one, "detail"));
    g_autofree char *clean = kx_escape_for_log(said->str, -1, DETAIL_MAX);
    g_autofree char *kind =
        kx_escape_for_log(g_str_has_prefix(type, PROBLEM) ? type + strlen(PROBLEM) : type, -1, 60);
    return kx_fail(error, later ? KX_ERR_BUSY : KX_ERR_DENIED, "the authority answers %u%s%s%s%s",
                   answer->code, *kind ? " " : "", kind, *clean ? ": " : "", clean);
}

static const char *find_url(const KxAcmeClient *client, const char *name, GError **error)
{
    const char *url = kx_acme_text(client->directory, name);
    if (*url)
        return url;
    kx_fail(error, KX_ERR_PROTOCOL, "the authority's directory has no %s: is it one of ACME?",
            name);
    return NULL;
}

/* ---- signed requests ---- */

static gboolean have_nonce(KxAcmeClient *client, GError **error)
{
    if (client->nonce)
        return TRUE;
    const char *url = find_url(client, "newNonce", error);
    g_auto(KxAcmeAnswer) answer = {0};
    if (!url || !ask_server(client, url, NULL, &answer, error))
        return FALSE;
    return client->nonce || kx_fail(error, KX_ERR_PROTOCOL, "the authority gives no nonce");
}

static gboolean post_once(KxAcmeClient *client, const char *url, const char *payload,
                          KxAcmeAnswer *ret_answer, GError **error)
{
    if (!have_nonce(client, error))
        return FALSE;
    g_autofree char *nonce = g_steal_pointer(&client->nonce);
    KxJwsHeader header = {client->key, client->account, nonce, url};
    g_autofree char *body = kx_jws_sign(&header, payload, error);
    return body && ask_server(client, url, body, ret_answer, error);
}

gboolean kx_acme_client_post(KxAcmeClient *client, const char *url, const json_t *payload,
                             KxAcmeAnswer *ret_answer, GError **error)
{
    g_autofree char *text = payload ? json_dumps(payload, JSON_COMPACT) : g_strdup("");
    for (guint i = 0; i < NONCE_TRIES; i++) {
        kx_acme_answer_clear(ret_answer);
        if (!post_once(client, url, text, ret_answer, error))
            return FALSE;
        if (ret_answer->code / 100 == 2)
            return TRUE;
        if (!g_str_equal(kx_acme_text(ret_answer->json, "type"), PROBLEM "badNonce"))
            break; /* else it was too old, and a new one came along (section 6.5) */
    }
    return fail_answer(ret_answer, error);
}

/* ---- directory and account ---- */

KxAcmeClient *kx_acme_client_new(KxAsks *asks, const char *directory, EVP_PKEY *key, GError **error)
{
    g_autoptr(KxAcmeClient) client = g_new0(KxAcmeClient, 1);
    g_auto(KxAcmeAnswer) answer = {0};
    client->asks = asks;
    client->key = key;
    if (!ask_server(client, directory, NULL, &answer, error))
        return NULL;
    if (answer.code != 200 || !json_is_object(answer.json)) {
        kx_fail(error, KX_ERR_PROTOCOL, "%s answers %u, and not with a directory of ACME",
                directory, answer.code);
        return NULL;
    }
    client->directory = g_steal_pointer(&answer.json);
    return g_steal_pointer(&client);
}

void kx_acme_client_free(KxAcmeClient *client)
{
    if (!client)
        return;
    json_decref(client->directory);
    g_free(client->nonce);
    g_free(client->account);
    g_free(client);
}

const char *kx_acme_client_terms(const KxAcmeClient *client)
{
    return json_string_value(
        json_object_get(json_object_get(client->directory, "meta"), "termsOfService"));
}

gboolean kx_acme_client_sign_up(KxAcmeClient *client, const char *contact, gboolean agreed,
                                GError **error)
{
    const char *url = find_url(client, "newAccount", error);
    g_auto(KxAcmeAnswer) answer = {0};
    if (!url)
        return FALSE;
    json_auto_t *wish = json_object();
    if (agreed)
        json_object_set_new(wish, "termsOfServiceAgreed", json_true());
    if (*contact)
        json_object_set_new(wish, "contact", json_pack("[s+]", "mailto:", contact));
    if (!kx_acme_client_post(client, url, wish, &answer, error))
        return FALSE;
    if (!answer.location)
        return kx_fail(error, KX_ERR_PROTOCOL, "the authority does not say where the account is");
    client->account = g_steal_pointer(&answer.location);
    return TRUE;
}

gboolean kx_acme_client_order(KxAcmeClient *client, const char *const *names,
                              KxAcmeAnswer *ret_answer, GError **error)
{
    const char *url = find_url(client, "newOrder", error);
    if (!url)
        return FALSE;
    json_auto_t *list = json_array();
    for (guint i = 0; names[i]; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "type", "dns", "value", names[i]));
    json_auto_t *wish = json_pack("{s:O}", "identifiers", list);
    return kx_acme_client_post(client, url, wish, ret_answer, error);
}

char *kx_acme_client_authorization(KxAcmeClient *client, const char *token, GError **error)
{
    g_autofree char *thumbprint = kx_jws_thumbprint(client->key, error);
    return thumbprint ? g_strdup_printf("%s.%s", token, thumbprint) : NULL;
}
