/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenAPI document, made from the tables of commands and of fields. */
#include <string.h>

#include "admin/api-private.h"
#include "directory/fields.h"

static json_t *ref(const char *kind, const char *name)
{
    g_autofree char *path = g_strdup_printf("#/components/%s/%s", kind, name);
    return json_pack("{s:s}", "$ref", path);
}

static json_t *content(const char *type, json_t *schema)
{
    return json_pack("{s:{s:o}}", type, "schema", schema);
}

/* ---- schemas of objects ---- */

static const struct {
    const char *collection, *name, *key;
    KxObject object;
} collections[] = {
    {"domains", "domain", "domain", KX_OBJECT_DOMAIN},
    {"users", "user", "user", KX_OBJECT_USER},
    {"groups", "group", "group", KX_OBJECT_GROUP},
    {"aliases", "alias", "alias", KX_OBJECT_ALIAS},
    {"ip-groups", "ip-group", "group", KX_OBJECT_IP_GROUP},
    {"schedules", "schedule", "schedule", KX_OBJECT_SCHEDULE},
    {"etrn-servers", "etrn-server", "server", KX_OBJECT_ETRN},
    {"templates", "template", "template", KX_OBJECT_TEMPLATE},
    {"highlighting-rules", "highlighting-rule", "rule", KX_OBJECT_HIGHLIGHT},
    {"time-ranges", "time-range", "range", KX_OBJECT_TIME_RANGE},
};

static json_t *field_schema(const KxFieldRow *row)
{
    static const char *const types[] = {
        [KX_CLASS_BOOL] = "boolean", [KX_CLASS_CHOICE] = "string", [KX_CLASS_NUMBER] = "integer",
        [KX_CLASS_TEXT] = "string",  [KX_CLASS_LIST] = "array",
    };
    json_t *schema =
        json_pack("{s:s, s:s}", "type", types[row->kind->class], "description", row->manual);
    if (row->kind->class == KX_CLASS_LIST)
        json_object_set_new(schema, "items", json_pack("{s:s}", "type", "string"));
    return schema;
}

static json_t *object_schema(KxObject object, const char *key)
{
    json_t *properties = json_object();
    json_object_set_new(properties, key, json_pack("{s:s}", "type", "string"));
    for (guint id = 0; id < KX_FIELD_COUNT; id++) {
        const KxFieldRow *row = kx_field_row((KxFieldId)id);
        if (row->object == object && !kx_field_is_secret(row))
            json_object_set_new(properties, row->name, field_schema(row));
    }
    json_object_set_new(properties, "generation",
                        json_pack("{s:s, s:s}", "type", "integer", "description",
                                  "Another one with each change; it is also the ETag."));
    return json_pack("{s:s, s:o}", "type", "object", "properties", properties);
}

static json_t *problem_schema(void)
{
    return json_pack("{s:s, s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}, s:[s, s]}", "type", "object",
                     "properties", "type", "type", "string", "title", "type", "string", "status",
                     "type", "integer", "detail", "type", "string", "required", "title", "status");
}

static json_t *schemas(void)
{
    json_t *all = json_object();
    for (guint i = 0; i < G_N_ELEMENTS(collections); i++)
        json_object_set_new(all, collections[i].name,
                            object_schema(collections[i].object, collections[i].key));
    json_object_set_new(all, "problem", problem_schema());
    return all;
}

/* ---- options ---- */

static json_t *types(const char *one, const char *other)
{
    return other ? json_pack("[s, s, s]", one, other, "null") : json_pack("[s, s]", one, "null");
}

static json_t *option_schema(const KxOption *option)
{
    json_t *schema = json_object();
    switch (option->type) {
    case KX_OPTION_FLAG:
        json_object_set_new(schema, "type", json_string("boolean"));
        break;
    case KX_OPTION_INT:
        json_object_set_new(schema, "type", json_string("integer"));
        json_object_set_new(schema, "minimum", json_integer(0));
        json_object_set_new(schema, "maximum", json_integer(option->max));
        break;
    case KX_OPTION_BOOL:
        json_object_set_new(schema, "type", types("boolean", NULL));
        break;
    case KX_OPTION_NUMBER:
        json_object_set_new(schema, "type", types("integer", "string"));
        break;
    case KX_OPTION_LIST:
        json_object_set_new(schema, "type", types("array", NULL));
        json_object_set_new(schema, "items", json_pack("{s:s}", "type", "string"));
        break;
    default:
        json_object_set_new(schema, "type",
                            option->required ? json_string("string") : types("string", NULL));
        break;
    }
    if (option->type == KX_OPTION_SECRET)
        json_object_set_new(schema, "writeOnly", json_true());
    return schema;
}

static json_t *parameter(const char *in, const char *name, const char *manual, json_t *schema)
{
    json_t *result = json_pack("{s:s, s:s, s:o}", "name", name, "in", in, "schema", schema);
    if (g_str_equal(in, "path"))
        json_object_set_new(result, "required", json_true());
    if (manual)
        json_object_set_new(result, "description", json_string(manual));
    return result;
}

static json_t *text_schema(void)
{
    return json_pack("{s:s}", "type", "string");
}

static json_t *text_list_schema(void)
{
    return json_pack("{s:s, s:o}", "type", "array", "items", text_schema());
}

static gboolean is_version(const KxOption *option)
{
    return g_str_equal(option->name, "generation") || g_str_equal(option->name, "fingerprint");
}

/* ---- parameters ---- */

static void add_page_parameters(json_t *list, const KxApiRoute *route)
{
    static const struct {
        const char *name, *manual, *type;
    } rows[] = {
        {"search", "Only what has this text in it.", "string"},
        {"sort", "The property to sort by; with - before it in the other direction.", "string"},
        {"offset", "Leaves out so many.", "integer"},
        {"limit", "So many at most, 1 to 1000; 100 if not given.", "integer"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        if (kx_api_route_pages_by(route, rows[i].name))
            json_array_append_new(list, parameter("query", rows[i].name, rows[i].manual,
                                                  json_pack("{s:s}", "type", rows[i].type)));
}

static void add_query_parameters(json_t *list, const KxApiRoute *route)
{
    const KxCommand *command = route->command;
    for (guint i = route->n_in_path; route->params[i] && !kx_api_route_has_body(route); i++)
        json_array_append_new(list, parameter("query", route->params[i], NULL,
                                              route->repeats ? text_list_schema() : text_schema()));
    for (guint i = 0; i < command->n_options; i++) {
        const KxOption *option = &command->options[i];
        gboolean of_page = kx_api_route_pages_by(route, option->name);
        gboolean version = route->method != KX_HTTP_GET && is_version(option);
        gboolean in_query = !kx_api_route_has_body(route) ||
                            (command->flags & (KX_COMMAND_DOCUMENT | KX_COMMAND_TABLE));
        if (version)
            json_array_append_new(list, parameter("header", "If-Match",
                                                  "The ETag that the resource must still have.",
                                                  text_schema()));
        else if (in_query && !of_page && !option->local)
            json_array_append_new(
                list, parameter("query", option->name, option->manual, option_schema(option)));
    }
    add_page_parameters(list, route);
}

static json_t *parameters(const KxApiRoute *route)
{
    json_t *list = json_array();
    for (guint i = 0; i < route->n_in_path; i++)
        json_array_append_new(list, parameter("path", route->params[i], NULL, text_schema()));
    add_query_parameters(list, route);
    return list;
}

/* ---- body ---- */

static json_t *body_schema(const KxApiRoute *route)
{
    const KxCommand *command = route->command;
    json_t *properties = json_object(), *required = json_array();
    for (guint i = route->n_in_path; route->params[i]; i++) {
        gboolean list = route->repeats && !route->params[i + 1];
        json_object_set_new(properties, route->params[i],
                            list ? text_list_schema() : text_schema());
        if (i < command->min_args)
            json_array_append_new(required, json_string(route->params[i]));
    }
    for (guint i = 0; i < command->n_options; i++) {
        const KxOption *option = &command->options[i];
        if (option->local)
            continue;
        json_t *schema = option_schema(option);
        json_object_set_new(schema, "description", json_string(option->manual));
        json_object_set_new(properties, option->name, schema);
        if (option->required)
            json_array_append_new(required, json_string(option->name));
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required",
                     required, "additionalProperties", 0);
}

static json_t *request_body(const KxApiRoute *route)
{
    gboolean document = (route->command->flags & KX_COMMAND_DOCUMENT) != 0;
    if (kx_api_route_takes_table(route))
        return json_pack("{s:b, s:o}", "required", 1, "content",
                         content("text/csv", text_schema()));
    json_t *schema = document
                         ? json_pack("{s:s, s:{s:{s:s}}, s:[s]}", "type", "object", "properties",
                                     "settings", "type", "object", "required", "settings")
                         : body_schema(route);
    return json_pack("{s:o}", "content", content("application/json", schema));
}

/* ---- responses ---- */

/* The schema of one object of the path's collection, or anything. */
static json_t *result_schema(const KxApiRoute *route)
{
    for (guint i = 0; i < G_N_ELEMENTS(collections); i++)
        if (g_str_equal(route->segments[0], collections[i].collection) &&
            (!route->segments[1] || !route->segments[2]))
            return ref("schemas", collections[i].name);
    return json_object();
}

static json_t *list_schema(const KxApiRoute *route)
{
    json_t *items = json_pack("{s:s, s:o}", "type", "array", "items", result_schema(route));
    json_t *properties = json_pack("{s:o}", "items", items);
    static const char *const counts[] = {"total", "offset", "limit"};
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        json_object_set_new(properties, counts[i], json_pack("{s:s}", "type", "integer"));
    return json_pack("{s:s, s:o}", "type", "object", "properties", properties);
}

/* By the media types that there are. */
static json_t *answers(const KxApiRoute *route)
{
    gboolean lists = kx_api_route_lists(route);
    gboolean table = (route->command->flags & KX_COMMAND_TABLE) && !kx_api_route_takes_table(route);
    if (table)
        return content("text/csv", text_schema());
    json_t *all = content("application/json", lists ? list_schema(route) : result_schema(route));
    if (lists) {
        json_object_update_new(all, content("text/csv", text_schema()));
        json_object_update_new(all, content("application/xml", text_schema()));
    }
    return all;
}

static json_t *responses(const GPtrArray *routes, const KxApiRoute *route)
{
    json_t *all = json_object();
    gboolean makes = kx_api_route_of_new(routes, route) != NULL;
    json_t *done =
        json_pack("{s:s, s:o}", "description", makes ? "Made" : "Done", "content", answers(route));
    json_object_set_new(all, makes ? "201" : "200", done);
    if (route->method == KX_HTTP_GET)
        json_object_set_new(all, "304",
                            json_pack("{s:s}", "description",
                                      "It is still what the ETag in If-None-Match stands for"));
    else
        json_object_set_new(all, "204",
                            json_pack("{s:s}", "description", "Done, and there is nothing to say"));
    json_object_set_new(all, "default", ref("responses", "problem"));
    return all;
}

/* ---- operations ---- */

static json_t *operation(const GPtrArray *routes, const KxApiRoute *route, const char *tag)
{
    g_autofree char *words = g_strdelimit(g_strdup(route->command->words), " ", '-');
    g_autofree char *id =
        route->number > 0 ? g_strdup_printf("%s-%u", words, route->number + 1) : g_strdup(words);
    json_t *result = json_pack("{s:s, s:s, s:[s], s:o, s:o}", "operationId", id, "summary",
                               route->command->manual, "tags", tag, "parameters", parameters(route),
                               "responses", responses(routes, route));
    if (kx_api_route_has_body(route))
        json_object_set_new(result, "requestBody", request_body(route));
    return result;
}

static const char *topic_of(const KxCommand *command)
{
    guint n;
    const KxTopic *const *topics = kx_topics(&n);
    for (guint t = 0; t < n; t++)
        if (command >= topics[t]->commands && command < topics[t]->commands + topics[t]->n_commands)
            return topics[t]->manual;
    g_assert_not_reached();
}

static json_t *path_item(json_t *paths, const char *path)
{
    g_autofree char *slashed = g_strconcat("/", path, NULL);
    json_t *item = json_object_get(paths, slashed);
    if (!item) {
        item = json_object();
        json_object_set_new(paths, slashed, item);
    }
    return item;
}

/* POST, GET and DELETE of "session", and POST of "self/password", are no commands. */
static json_t *session_operation(const char *id, const char *summary, const char *status)
{
    return json_pack("{s:s, s:s, s:[s], s:{s:{s:s}, s:o}}", "operationId", id, "summary", summary,
                     "tags", "Sign-in", "responses", status, "description", "Done", "default",
                     ref("responses", "problem"));
}

/* A body with what somebody shows: name, password, the code of a second factor; and `more`, if it
 * is not NULL. */
static json_t *proof_body(const char *more)
{
    const char *const names[] = {"user", "password", more, "code"};
    json_t *properties = json_object(), *required = json_array();
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!names[i])
            continue;
        json_t *schema = text_schema();
        if (i > 0)
            json_object_set_new(schema, "writeOnly", json_true());
        json_object_set_new(properties, names[i], schema);
        if (i + 1 < G_N_ELEMENTS(names))
            json_array_append_new(required, json_string(names[i]));
    }
    json_t *schema = json_pack("{s:s, s:o, s:o}", "type", "object", "properties", properties,
                               "required", required);
    return json_pack("{s:o}", "content", content("application/json", schema));
}

static void add_session(json_t *paths)
{
    json_t *item = path_item(paths, "session");
    json_t *open = session_operation("session-open", "Opens a session, as a cookie.", "200");
    json_object_set_new(open, "security", json_array());
    json_object_set_new(open, "requestBody", proof_body(NULL));
    json_object_set_new(item, "post", open);
    json_object_set_new(item, "get",
                        session_operation("session-show",
                                          "Who is signed in, and the text for "
                                          "X-CSRF-Token.",
                                          "200"));
    json_object_set_new(item, "delete",
                        session_operation("session-end", "Ends the session.", "204"));
}

static void add_own_password(json_t *paths)
{
    json_t *operation = session_operation(
        "self-password",
        "Changes a user's own password, with the present one; no session is needed.", "204");
    json_object_set_new(operation, "security", json_array());
    json_object_set_new(operation, "requestBody", proof_body("new-password"));
    json_object_set_new(path_item(paths, "self/password"), "post", operation);
}

static json_t *paths(void)
{
    g_autoptr(GPtrArray) routes = kx_api_routes_new();
    json_t *all = json_object();
    add_session(all);
    add_own_password(all);
    for (guint i = 0; i < routes->len; i++) {
        const KxApiRoute *route = routes->pdata[i];
        g_autofree char *method = g_ascii_strdown(kx_http_method_name(route->method), -1);
        json_object_set_new(path_item(all, route->path), method,
                            operation(routes, route, topic_of(route->command)));
    }
    return all;
}

json_t *kx_api_document(void)
{
    json_t *problem =
        json_pack("{s:s, s:o}", "description", "It was not done (RFC 9457)", "content",
                  content("application/problem+json", ref("schemas", "problem")));
    json_t *security =
        json_pack("{s:{s:s, s:s}, s:{s:s, s:s, s:s}}", "token", "type", "http", "scheme", "bearer",
                  "session", "type", "apiKey", "in", "cookie", "name", KX_API_COOKIE);
    json_t *components = json_pack("{s:o, s:{s:o}, s:o}", "schemas", schemas(), "responses",
                                   "problem", problem, "securitySchemes", security);
    return json_pack("{s:s, s:{s:s, s:s}, s:[{s:s}], s:[{s:[]}, {s:[]}], s:o, s:o}", "openapi",
                     "3.1.0", "info", "title", "Keryx administration", "version", KX_VERSION,
                     "servers", "url", "/api/v1", "security", "token", "session", "paths", paths(),
                     "components", components);
}
