/* SPDX-License-Identifier: Apache-2.0 */
/* From an answer of kx_admin_run() to an HTTP response. */
#include <string.h>

#include "admin/api-private.h"
#include "admin/export.h"

#define KX_API_CSV "text/csv; charset=utf-8"

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

/* ---- versions ---- */

/* Of an object or the settings: what If-Match of a change must be. NULL: it has none. */
static char *version_of(const json_t *result)
{
    const json_t *generation = json_object_get(result, "generation");
    const char *fingerprint = json_string_value(json_object_get(result, "fingerprint"));
    if (json_is_integer(generation))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(generation));
    return g_strdup(fingerprint);
}

/* Weak comparison with each tag of the list (RFC 9110 section 8.8.3.2). */
static gboolean is_among(const char *list, const char *tag)
{
    g_auto(GStrv) tags = g_strsplit(list, ",", -1);
    for (guint i = 0; tags[i]; i++) {
        const char *one = g_strstrip(tags[i]);
        one += g_str_has_prefix(one, "W/") ? 2 : 0;
        if (g_str_equal(one, "*") || g_str_equal(one, tag))
            return TRUE;
    }
    return FALSE;
}

void kx_api_tag(const KxHttpRequest *request, const char *tag, KxHttpResponse *response)
{
    const char *known = kx_http_request_field(request, "if-none-match");
    g_autofree char *sum =
        tag ? NULL : g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, response->body);
    g_autofree char *quoted = g_strdup_printf("\"%.32s\"", tag ? tag : sum);
    kx_http_response_field(response, "ETag", "%s%s", tag ? "" : "W/", quoted);
    if (!known || !is_among(known, quoted))
        return;
    response->status = 304;
    response->type = NULL;
    g_clear_pointer(&response->body, g_bytes_unref);
}

/* An account is shown with what its mailbox holds, which its version says nothing about. */
static void add_tag(const KxHttpRequest *request, const KxApiRoute *route, const json_t *result,
                    KxHttpResponse *response)
{
    g_autofree char *version = version_of(result);
    gboolean whole = version && !(route->command->flags & KX_COMMAND_STORE);
    if (request->method == KX_HTTP_GET && (whole || !version))
        kx_api_tag(request, version, response);
    else if (version)
        kx_http_response_field(response, "ETag", "\"%s\"", version);
}

/* ---- other formats ---- */

static void respond_text(KxHttpResponse *response, const char *type, char *text, size_t len)
{
    response->status = 200;
    response->type = type;
    response->body = g_bytes_new_with_free_func(text, len, free, text);
}

static void respond_table(const KxApiRoute *route, const KxApiPage *page, const json_t *list,
                          KxHttpResponse *response)
{
    const char *columns = route->command->columns;
    gboolean csv = g_str_equal(page->type, "text/csv");
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (csv)
        kx_export_csv(columns, list, ',', out);
    else
        kx_export_xml(route->segments[0], "entry", columns, list, out);
    fclose(out);
    respond_text(response, csv ? KX_API_CSV : "application/xml", text, len);
}

static void respond_list(const KxApiRoute *route, const KxApiPage *page, json_t *result,
                         KxHttpResponse *response)
{
    json_auto_t *list = kx_api_page_of(result, page);
    kx_http_response_field(response, "Vary", "Accept");
    if (page->type)
        respond_table(route, page, json_object_get(list, "items"), response);
    else
        kx_api_respond_json(response, 200, list);
}

/* ---- answers ---- */

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

static void respond_result(KxApi *api, const KxApiRoute *route, const KxApiPage *page,
                           json_t *result, KxHttpResponse *response)
{
    gboolean list = json_is_array(result) || json_is_array(json_object_get(result, "items"));
    if (route->command->flags & KX_COMMAND_TABLE && json_is_string(result))
        respond_text(response, KX_API_CSV, strdup(json_string_value(result)),
                     json_string_length(result));
    else if (kx_api_route_lists(route) && list)
        respond_list(route, page, result, response);
    else
        kx_api_respond_json(response, add_location(api, route, result, response) ? 201 : 200,
                            result);
}

void kx_api_answer(KxApi *api, const KxHttpRequest *request, const KxApiRoute *route,
                   const KxApiPage *page, json_t *answer, KxHttpResponse *response)
{
    json_t *result = json_object_get(answer, "result");
    if (!json_is_true(json_object_get(answer, "ok"))) {
        fail(answer, response);
    } else if (json_is_null(result)) {
        response->status = 204;
    } else {
        respond_result(api, route, page, result, response);
        add_tag(request, route, result, response);
    }
}
