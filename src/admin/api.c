/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "admin/api-private.h"

/* ---- what is no command ---- */

static void document_resource(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response)
{
    if (request->method != KX_HTTP_GET) {
        kx_http_response_methods(response, KX_HTTP_GET);
        return;
    }
    response->status = 200;
    response->type = "application/json";
    response->body = g_bytes_ref(api->document);
    kx_api_tag(request, NULL, response);
}

static const struct {
    const char *path;
    guint methods;
    void (*run)(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response);
} resources[] = {
    {"session", KX_HTTP_POST | KX_HTTP_GET | KX_HTTP_DELETE, kx_api_session_resource},
    {"self/password", KX_HTTP_POST, kx_api_password_resource},
    {"openapi.json", KX_HTTP_GET, document_resource},
};

/* TRUE: it was one of them. */
static gboolean run_resource(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response)
{
    const char *path = request->path + strlen(KX_API_PREFIX);
    for (guint i = 0; i < G_N_ELEMENTS(resources); i++) {
        if (!g_str_equal(path, resources[i].path))
            continue;
        if (request->method == KX_HTTP_OPTIONS)
            kx_http_response_options(response, resources[i].methods);
        else
            resources[i].run(api, request, response);
        return TRUE;
    }
    return FALSE;
}

/* ---- commands ---- */

static const KxApiRoute *find_route(KxApi *api, const KxHttpRequest *request,
                                    KxHttpResponse *response)
{
    guint methods = 0;
    g_auto(GStrv) segments = kx_http_path_segments(request->path, KX_API_PREFIX);
    const KxApiRoute *route =
        segments ? kx_api_route_find(api->routes, segments, request->method, &methods) : NULL;
    if (!segments)
        kx_http_response_problem(response, 400, "The path is malformed");
    else if (methods == 0)
        kx_http_response_problem(response, 404, "There is no such resource");
    else if (request->method == KX_HTTP_OPTIONS)
        kx_http_response_options(response, methods);
    else if (!route)
        kx_http_response_methods(response, methods);
    return route;
}

static void run_command(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response)
{
    g_auto(KxApiActor) actor = {0};
    g_auto(KxApiPage) page = {0};
    const KxApiRoute *route = find_route(api, request, response);
    if (!route || !kx_api_actor(api, request, &actor, response))
        return;
    if (actor.read_only && !(route->command->flags & KX_COMMAND_READS)) {
        kx_http_response_problem(response, 403, "The token may look, but not change anything");
        return;
    }
    json_auto_t *command = kx_api_command(route, &actor, request, &page, response);
    if (!command)
        return;
    KxAdminLevel level =
        actor.read_only ? MIN(actor.rights.admin, KX_LEVEL_READ) : actor.rights.admin;
    KxAdminContext context = {api->core, {actor.login, level, actor.domain}, api->server, TRUE};
    json_auto_t *answer = kx_admin_run(&context, command);
    kx_api_answer(api, request, route, &page, answer, response);
}

/* Who came before other hosts were shut out (TOOL-11) is still there. */
static gboolean is_welcome(KxApi *api, const KxHttpRequest *request)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(api->core->directory);
    return kx_settings_bool(settings, KX_SET_ADMIN_REMOTE) || kx_api_is_here(request);
}

static void handle(gpointer data, const KxHttpRequest *request, KxHttpResponse *response)
{
    KxApi *api = data;
    kx_http_response_field(response, "Cache-Control", "no-store");
    kx_http_response_field(response, "Content-Security-Policy",
                           "default-src 'none'; frame-ancestors 'none'");
    if (!is_welcome(api, request))
        kx_http_response_problem(response, 403, "Administration is for this host only");
    else if (!run_resource(api, request, response))
        run_command(api, request, response);
}

const KxHttpApp kx_api_app = {
    .prefix = KX_API_PREFIX,
    .services = 1 << KX_SERVICE_ADMIN,
    .methods =
        KX_HTTP_GET | KX_HTTP_POST | KX_HTTP_PUT | KX_HTTP_PATCH | KX_HTTP_DELETE | KX_HTTP_OPTIONS,
    .body_max = KX_REQUEST_MAX,
    .handle = handle,
};

/* ---- life ---- */

KxApi *kx_api_new(KxCore *core, const KxServerHooks *server)
{
    json_auto_t *document = kx_api_document();
    char *text = json_dumps(document, JSON_COMPACT);
    KxApi *api = g_new0(KxApi, 1);
    api->core = core;
    api->server = server;
    api->routes = kx_api_routes_new();
    api->sessions = kx_api_sessions_new(core->directory);
    api->throttle = kx_api_throttle_new();
    api->codes = kx_api_codes_new();
    api->document = g_bytes_new_with_free_func(text, strlen(text), free, text);
    return api;
}

void kx_api_free(KxApi *api)
{
    if (!api)
        return;
    g_ptr_array_unref(api->routes);
    kx_api_sessions_free(api->sessions);
    kx_api_throttle_free(api->throttle);
    kx_api_codes_free(api->codes);
    g_bytes_unref(api->document);
    g_free(api);
}
