/* SPDX-License-Identifier: Apache-2.0 */
/* From an answer of kx_admin_run() to an HTTP response. */
#include <string.h>

#include "admin/api-private.h"

void kx_api_respond_json(KxHttpResponse *response, guint status, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    response->status = status;
    response->type = "application/json";
    response->body = g_bytes_new_with_free_func(text, strlen(text), free, text);
}

static const struct {
    const char *code; /* of kx_error_word() */
    guint status;
} statuses[] = {
    {"not-found", 404}, {"exists", 409}, {"invalid", 400},   {"denied", 403},   {"in-use", 409},
    {"too-big", 413},   {"busy", 503},   {"overquota", 507}, {"conflict", 412},
};

static void fail(const json_t *answer, KxHttpResponse *response)
{
    const char *code = json_string_value(json_object_get(answer, "code"));
    guint status = 500;
    for (guint i = 0; i < G_N_ELEMENTS(statuses); i++)
        if (g_strcmp0(code, statuses[i].code) == 0)
            status = statuses[i].status;
    if (status == 503)
        kx_http_response_field(response, "Retry-After", "1");
    kx_http_response_problem(response, status, json_string_value(json_object_get(answer, "error")));
}

static void add_etag(const json_t *result, KxHttpResponse *response)
{
    const json_t *generation = json_object_get(result, "generation");
    const char *fingerprint = json_string_value(json_object_get(result, "fingerprint"));
    if (json_is_integer(generation))
        kx_http_response_field(response, "ETag", "\"%" JSON_INTEGER_FORMAT "\"",
                               json_integer_value(generation));
    else if (fingerprint)
        kx_http_response_field(response, "ETag", "\"%s\"", fingerprint);
}

/* Where what was made can be seen. FALSE: nothing was made that can. */
static gboolean add_location(KxApi *api, const KxApiRoute *route, const json_t *result,
                             KxHttpResponse *response)
{
    const KxApiRoute *shows = kx_api_route_of_new(api->routes, route);
    const char *name = shows ? json_string_value(json_object_get(result, shows->params[0])) : NULL;
    if (!name && shows)
        name = json_string_value(json_object_get(result, "name"));
    if (!name)
        return FALSE;
    g_autofree char *escaped = g_uri_escape_string(name, "@", FALSE);
    kx_http_response_field(response, "Location", KX_API_PREFIX "%s/%s", route->path, escaped);
    return TRUE;
}

void kx_api_answer(KxApi *api, const KxApiRoute *route, const KxApiPage *page, json_t *answer,
                   KxHttpResponse *response)
{
    json_t *result = json_object_get(answer, "result");
    if (!json_is_true(json_object_get(answer, "ok"))) {
        fail(answer, response);
        return;
    }
    if (json_is_null(result)) {
        response->status = 204;
        return;
    }
    if (kx_api_route_lists(route) &&
        (json_is_array(result) || json_is_array(json_object_get(result, "items")))) {
        json_auto_t *list = kx_api_page_of(result, page);
        kx_api_respond_json(response, 200, list);
        return;
    }
    add_etag(result, response);
    kx_api_respond_json(response, add_location(api, route, result, response) ? 201 : 200, result);
}
