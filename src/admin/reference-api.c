/* SPDX-License-Identifier: Apache-2.0 */
/* docs/api-reference.md: the resources of the API. */
#include <string.h>

#include "admin/api-private.h"
#include "admin/reference.h"

static const char intro[] =
    "# Resources of the administration API\n"
    "\n"
    "Made from the command tables in `src/admin/` by `keryx help --api`; do not edit. How to sign "
    "in, pages, errors and\n"
    "conditions are on [a page of their own](api.md). All paths begin with `/api/v1`.\n";

static const char *type_name(const KxOption *option)
{
    static const char *const names[] = {
        [KX_OPTION_FLAG] = "true or false",
        [KX_OPTION_TEXT] = "text",
        [KX_OPTION_INT] = "number",
        [KX_OPTION_SECRET] = "text, never shown",
        [KX_OPTION_LINES] = "text",
        [KX_OPTION_FILE] = "text",
        [KX_OPTION_BOOL] = "true or false",
        [KX_OPTION_LIST] = "list of texts",
        [KX_OPTION_NUMBER] = "number, or text like 10M",
    };
    return names[option->type];
}

static gboolean is_shown(const KxApiRoute *route, const KxOption *option)
{
    gboolean page = kx_api_route_pages_by(route, option->name);
    gboolean version = route->method != KX_HTTP_GET && (g_str_equal(option->name, "generation") ||
                                                        g_str_equal(option->name, "fingerprint"));
    return !page && !version && !option->local;
}

static void append_rows(GString *out, const KxApiRoute *route)
{
    const KxCommand *command = route->command;
    for (guint i = route->n_in_path; route->params[i] && !kx_api_route_takes_table(route); i++) {
        gboolean list = route->repeats && !route->params[i + 1];
        g_string_append_printf(out, "| `%s` | %s | %s |\n", route->params[i],
                               list ? "list of texts" : "text",
                               i < command->min_args ? "Required." : "");
    }
    for (guint i = 0; i < command->n_options; i++) {
        const KxOption *option = &command->options[i];
        if (is_shown(route, option))
            g_string_append_printf(out, "| `%s` | %s | %s%s |\n", option->name, type_name(option),
                                   option->manual, option->required ? " Required." : "");
    }
}

static void append_route(GString *out, const KxApiRoute *route)
{
    g_autoptr(GString) rows = g_string_new(NULL);
    gboolean document = (route->command->flags & KX_COMMAND_DOCUMENT) != 0;
    gboolean table = (route->command->flags & KX_COMMAND_TABLE) != 0;
    gboolean takes_table = kx_api_route_takes_table(route);
    g_string_append_printf(out, "\n### `%s /%s`\n\n%s As `keryx %s`.%s%s%s\n",
                           kx_http_method_name(route->method), route->path, route->command->manual,
                           route->command->words,
                           kx_api_route_lists(route) ? " A list, in pages." : "",
                           document ? " The body is the document of `GET /settings`." : "",
                           takes_table ? " The body is the table (`text/csv`)."
                           : table     ? " The answer is the table (`text/csv`)."
                                       : "");
    append_rows(rows, route);
    if (rows->len > 0)
        g_string_append_printf(
            out, "\n| %s | Type | Meaning |\n|---|---|---|\n%s",
            kx_api_route_has_body(route) && !document && !takes_table ? "Property" : "Parameter",
            rows->str);
}

char *kx_reference_api(void)
{
    g_autoptr(GPtrArray) routes = kx_api_routes_new();
    GString *out = g_string_new(intro);
    guint n;
    const KxTopic *const *topics = kx_topics(&n);
    for (guint t = 0; t < n; t++) {
        gboolean titled = FALSE;
        for (guint i = 0; i < routes->len; i++) {
            const KxApiRoute *route = routes->pdata[i];
            if (route->command < topics[t]->commands ||
                route->command >= topics[t]->commands + topics[t]->n_commands)
                continue;
            if (!titled)
                g_string_append_printf(out, "\n## %s\n", topics[t]->manual);
            titled = TRUE;
            append_route(out, route);
        }
    }
    return g_string_free(out, FALSE);
}
