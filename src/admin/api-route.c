/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "admin/api-private.h"

static void route_free(gpointer data)
{
    KxApiRoute *route = data;
    g_free(route->path);
    g_strfreev(route->segments);
    g_strfreev(route->params);
    g_free(route);
}

static KxHttpMethod method_of(const char *name)
{
    for (guint method = KX_HTTP_GET; method < KX_HTTP_OPTIONS; method <<= 1)
        if (g_str_equal(kx_http_method_name(method), name))
            return method;
    g_assert_not_reached();
}

static gboolean is_param(const char *segment)
{
    return *segment == '{';
}

/* "PATCH /users/{user} name..." */
static KxApiRoute *route_new(const KxCommand *command, const char *text, guint number)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    g_autoptr(GStrvBuilder) params = g_strv_builder_new();
    KxApiRoute *route = g_new0(KxApiRoute, 1);
    route->command = command;
    route->number = number;
    route->method = method_of(words[0]);
    route->path = g_strdup(words[1] + 1);
    route->segments = g_strsplit(route->path, "/", -1);
    for (guint i = 0; route->segments[i]; i++) {
        if (!is_param(route->segments[i]))
            continue;
        g_autofree char *name = g_strndup(route->segments[i] + 1, strlen(route->segments[i]) - 2);
        g_strv_builder_add(params, name);
        route->n_in_path++;
    }
    for (guint i = 2; words[i]; i++) {
        route->repeats = g_str_has_suffix(words[i], "...");
        if (route->repeats)
            words[i][strlen(words[i]) - 3] = '\0';
        g_strv_builder_add(params, words[i]);
    }
    route->params = g_strv_builder_end(params);
    return route;
}

static void add_routes(GPtrArray *routes, const KxCommand *command)
{
    g_auto(GStrv) texts = g_strsplit(command->api ? command->api : "", "; ", -1);
    for (guint i = 0; texts[i]; i++)
        g_ptr_array_add(routes, route_new(command, texts[i], i));
}

GPtrArray *kx_api_routes_new(void)
{
    GPtrArray *routes = g_ptr_array_new_with_free_func(route_free);
    guint n;
    const KxTopic *const *topics = kx_topics(&n);
    for (guint t = 0; t < n; t++)
        for (guint c = 0; c < topics[t]->n_commands; c++)
            add_routes(routes, &topics[t]->commands[c]);
    return routes;
}

/* 0: another path. More texts that fit are better. */
static guint fit(const KxApiRoute *route, char *const *segments)
{
    guint score = 1;
    guint i = 0;
    for (; route->segments[i] && segments[i]; i++) {
        if (is_param(route->segments[i]) ? !*segments[i]
                                         : !g_str_equal(route->segments[i], segments[i]))
            return 0;
        score += !is_param(route->segments[i]);
    }
    return route->segments[i] || segments[i] ? 0 : score;
}

const KxApiRoute *kx_api_route_find(const GPtrArray *routes, char *const *segments,
                                    KxHttpMethod method, guint *ret_methods)
{
    const KxApiRoute *found = NULL;
    guint best = 0;
    *ret_methods = 0;
    for (guint i = 0; i < routes->len; i++) {
        const KxApiRoute *route = routes->pdata[i];
        guint score = fit(route, segments);
        if (score == 0 || score < best)
            continue;
        if (score > best) {
            best = score;
            found = NULL;
            *ret_methods = 0;
        }
        *ret_methods |= route->method;
        if (route->method == method)
            found = route;
    }
    return found;
}

const KxApiRoute *kx_api_route_of_new(const GPtrArray *routes, const KxApiRoute *route)
{
    if (route->method != KX_HTTP_POST)
        return NULL;
    for (guint i = 0; i < routes->len; i++) {
        const KxApiRoute *other = routes->pdata[i];
        size_t len = strlen(route->path);
        if (other->method == KX_HTTP_GET && g_str_has_prefix(other->path, route->path) &&
            g_str_has_prefix(other->path + len, "/{") && !strchr(other->path + len + 1, '/'))
            return other;
    }
    return NULL;
}

gboolean kx_api_route_has_body(const KxApiRoute *route)
{
    return (route->method & (KX_HTTP_POST | KX_HTTP_PUT | KX_HTTP_PATCH)) != 0;
}

gboolean kx_api_route_lists(const KxApiRoute *route)
{
    return route->command->columns != NULL;
}

gboolean kx_api_route_pages_by(const KxApiRoute *route, const char *name)
{
    static const char *const names[] = {"search", "sort", "offset", "limit", NULL};
    guint first = route->method == KX_HTTP_GET ? 0 : 1;
    return kx_api_route_lists(route) && g_strv_contains(names + first, name);
}

gboolean kx_api_route_takes_table(const KxApiRoute *route)
{
    return (route->command->flags & KX_COMMAND_TABLE) && kx_api_route_has_body(route);
}
